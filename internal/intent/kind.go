package intent

import "github.com/jaspers-ai/jaspers/internal/words"

// kind weighs what the words tell. What is the person's own comes first, then companies, then the market; a question
// that tells nothing, and names no company, is about something else.
func (q *question) kind(in Intent) Type {
	portfolio, market, research, other := q.tells["portfolio"], q.tells["market"], q.tells["research"], q.tells["other"]
	if len(in.Fiscal) > 0 || len(in.DocTypes) > 0 {
		research += 6
	}
	told := market+research > 0 || q.topical() || q.grouped()
	if told {
		portfolio = max(portfolio, q.tells["self"])
	}
	if len(in.Symbols) > 0 || portfolio+market+research > 0 || q.grouped() {
		market += q.tells["moves"]
		research += q.tells["asks"]
	}
	if len(in.Symbols) > 0 {
		market++
		if portfolio+market+research > 1 {
			other /= 2
		}
	}
	money := max(portfolio, market, research)
	switch {
	case other > 0 && other >= money && (portfolio < 4 || other > portfolio):
		return Other
	case portfolio >= 4 && portfolio+2 >= research, portfolio == 3 && portfolio+2 >= research, len(in.Symbols) == 0 && q.ownOnly():
		return Portfolio
	case len(in.Symbols) > 0 && len(in.Fiscal)+len(in.DocTypes) == 0 && q.bare(in.Symbols):
		return Market
	case research >= 2 && research >= market:
		return Research
	case market >= 2:
		return Market
	case market == 1 && len(in.Symbols) > 0:
		return Research
	case research > 0:
		return Research
	case portfolio > 0, other == 0 && q.tells["topic:dividends"]+q.tells["topic:allocation"] > 0:
		return Portfolio
	}
	return Other
}

// topical tells whether a question has a topic.
func (q *question) topical() bool {
	for _, t := range allTopics {
		if q.tells[topicMark+string(t)] > 0 {
			return true
		}
	}
	return false
}

// grouped tells whether a question speaks of a sector or industry.
func (q *question) grouped() bool {
	for _, name := range sectors {
		if q.tells["sector:"+name] > 0 {
			return true
		}
	}
	return false
}

// owned are what only one's own account has where nothing says whose they are: "fees last year".
var owned = words.Set(`fees fee gains gain losses loss trades trade orders order dividends dividend income returns return performance deposits
	withdrawals transactions holdings positions pnl profit profits contributions buys sells sales`)

// ownOnly tells whether a question names what one's own account has, and a time, and nothing else.
func (q *question) ownOnly() bool {
	any, timed := false, false
	for i, w := range q.words {
		switch {
		case q.timed[i]:
			timed = true
		case owned[w.Text]:
			any = true
		case w.Kind != words.Sign && !little[w.Text] && !q.among(i, "all", "total", "any", "list", "paid", "received"):
			return false
		}
	}
	return any && timed
}

// little are words that ask nothing in particular of a company.
var little = words.Set(`how hows what whats which is are was were s the a an over in on at of for about and or vs versus now rn currently current please me i us show
	give get tell check look pull find doing did do does go going has have been it its to up stock stocks share shares inc company compare compared with
	against right view performing from between since during all far so within last past ever inception`)

// bare tells whether a question is no more than the companies it names and a time: "AAPL over the past year".
func (q *question) bare(symbols []Mention) bool {
	for i, w := range q.words {
		if w.Kind == words.Sign || q.timed[i] || little[w.Text] {
			continue
		}
		within := false
		for _, m := range symbols {
			within = within || w.Start >= m.Start && w.End <= m.End
		}
		if !within {
			return false
		}
	}
	return true
}
