package intent

import (
	_ "embed"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// smallest is from which place on companies are so small that few speak of them.
const smallest = 3000

// nameConfidence weighs how a name is written and what stands around it.
func (q *question) nameConfidence(entry name, i, next int) float64 {
	confidence := float64(entry.base)
	context := q.neighbours(i, next)
	if context <= 0.1 && q.serves(entry.company, next) {
		return 0
	}
	context += q.coordination(i, next)
	if entry.weak {
		if !entry.known && next == i+1 && !q.words[i].Capital() {
			return context / 2 // a word that some company is also called
		}
		confidence = q.weakConfidence(entry, i, next)
	}
	if q.everyday && context == 0 {
		confidence -= 0.6
	}
	if !q.cased && !entry.known && next == i+1 && entry.company >= smallest {
		confidence -= 0.1
	}
	if q.cased && !entry.known && !q.words[i].Capital() && q.words[i].Kind == words.Letters {
		confidence -= 0.25 // who writes capitals elsewhere writes them in names
	}
	if next-i == len(q.words) || next-i+1 == len(q.words) && q.words[len(q.words)-1].Kind == words.Sign {
		confidence += 0.25
	}
	return confidence + context
}

// weakConfidence weighs a name that is made of ordinary words: by its capitals, and by what makes it a thing or the end
// of another name.
func (q *question) weakConfidence(entry name, i, next int) float64 {
	confidence := 0.2
	if entry.known {
		confidence = 0.3
	}
	capital := q.cased && !q.titled && q.words[i].Capital()
	switch {
	case capital && i > 0:
		confidence += 0.25
	case capital && q.money() >= 4:
		confidence += 0.2
	case capital:
		confidence += 0.15
	case q.cased:
		confidence -= 0.1
	}
	if !q.cased && entry.known && !entry.shop && q.tells["other"] == 0 && q.money() >= 2 {
		confidence += 0.25
	}
	if q.possessive(next-1) && q.money() >= 4 {
		confidence += 0.1
	}
	if q.among(i-1, "a", "an", "your", "my", "the") || !capital && q.among(i-1, "given", "each", "any", "certain") {
		confidence -= 0.2
	}
	switch {
	case i > 0 && q.words[i-1].Kind == words.Digits:
		confidence -= 0.6 // F-1 visa
	case capital && i > 1 && q.continues(i), // Times Square
		next == i+1 && q.words[i].Upper() && acronyms[q.words[i].Text]:
		confidence -= 0.3
	}
	return confidence
}

// continues tells whether a capital goes on with a name that began before.
func (q *question) continues(i int) bool {
	w := q.words[i-1]
	return w.Capital() && !w.Upper() && w.End+1 == q.words[i].Start && !words.Common(w.Text, 300)
}

// services are what people have of a company, or do with it, without asking of it as an investment.
var (
	services = words.Set(`account accounts card cards app website platform customer checking savings debit branch statement login gift membership prime
		checkout rating ratings score scores delivery pickup warranty subscription atm coupon receipt refund`)
	dealings = words.Set(`account accounts card cards pay payment broker brokerage use using via transfer deposit withdraw withdrawal file insure
		accept accepts accepted receive charge charges cancel obtain`)
	servants = words.Set("V MA AXP PYPL SCHW HOOD IBKR COIN JPM BAC WFC C HSBC COF GOOGL GOOG INTU EBAY NFLX MSFT SOFI")
)

// serves tells whether a question is about what a company does for the person: "my Chase account".
func (q *question) serves(company int32, next int) bool {
	if company == none || q.tells["research"] >= 4 || q.tells["portfolio"] >= 4 {
		return false
	}
	for i := next; i < min(next+2, len(q.words)); i++ {
		if services[q.words[i].Text] {
			return true
		}
	}
	if !servants[q.universe.companies[company].Symbol] {
		return false
	}
	for _, w := range q.words[:min(len(q.words), 60)] {
		if dealings[w.Text] {
			return true
		}
	}
	return false
}

// These stand next to a company rather than to anything else: behind it, before it, and before "of", "in", "for", "on" it.
// The last are those that make a sort of companies of the word before them.
var (
	after = words.Set(`doing up down stock share shares price prices ticker quote earnings revenue revenues dividend dividends calls puts chart
		filing filings sales etf adr bonds bond performance return returns history margins margin guidance ceo cfo inc corp 10 valuation eps
		worth trading traded gross operating capex debt subscribers user users passenger combined ebitda news report reports reported
		competitors position holdings short stake profit profits buyback outlook annual quarterly risk`)
	before = words.Set(`like etf etn fund adr buy bought buying sell sold selling own owned hold holding holdings invest invested investing short
		shorting versus vs compare ticker symbol trim`)
	partOf = words.Set(`news outlook prices quotes charts stocks positions price shares share stock position quote stake performance value
		shareholders chart return returns earnings revenue invest investing invested interested dividend dividends competitors risks ceo`)
	plurals = words.Set("stocks funds etfs companies")
)

// context is what stands around a company adds.
func (q *question) context(i, next int) float64 {
	return q.neighbours(i, next) + q.coordination(i, next)
}

// neighbours is what the words next to a company add.
func (q *question) neighbours(i, next int) float64 {
	sum := 0.0
	if q.is(next, "s") && !q.cased {
		next++ // how a possessive is transcribed
	}
	switch {
	case q.among(next, "stock", "share", "shares", "ticker"):
		sum += 0.45
	case q.among(next, "vs", "versus"):
		sum += 0.3
		if next+1 < len(q.words) && q.words[next+1].Upper() && q.universe.isSymbol(q.words[next+1].Text) && !acronyms[q.words[next+1].Text] {
			sum += 0.15
		}
	case next < len(q.words) && after[q.words[next].Text]:
		sum += 0.35
	case q.judged(next):
		sum += 0.35
	}
	switch j := i - 1; {
	case j >= 0 && before[q.words[j].Text]:
		sum += 0.3
	case j >= 1 && q.among(j, "of", "in", "for", "on") && partOf[q.words[j-1].Text]:
		sum += 0.4
	case q.is(j, "of") && next == len(q.words) && q.tells["market"] >= 2:
		sum += 0.3
	case j >= 1 && q.among(j, "s", "the", "is", "did", "does", "has") && q.tells["market"]+q.tells["research"] >= 4:
		sum += 0.1
	}
	if q.possessive(next - 1) {
		sum += 0.15 // it has something
	}
	return sum
}

// judged tells whether "a buy", "a good investment", "overvalued" follows.
func (q *question) judged(next int) bool {
	upper := q.cased && q.words[next-1].Upper()
	if q.is(next, "a") {
		next++
		if q.among(next, "good", "strong", "safe", "bad") {
			if upper {
				return true // "a good REIT"
			}
			next++
		}
		return q.among(next, "buy", "sell", "hold", "stock", "investment")
	}
	if q.among(next, "so", "too", "still", "really") {
		next++
	}
	return q.among(next, "overvalued", "undervalued", "expensive", "cheap") || q.is(next, "do") && q.is(next-2, "does") && q.is(next-3, "what")
}

// coordination is what it adds that a company that is sure stands beside this one: "T and VZ", "visa vs mastercard".
func (q *question) coordination(i, next int) float64 {
	if q.lastEnd > 0 && (q.lastEnd == i-1 && q.joins(i-1) || q.lastEnd == i-2 && q.joins(i-1) && q.joins(i-2)) {
		return 0.35
	}
	if !q.joins(next) {
		return 0
	}
	if q.joins(next + 1) {
		next++
	}
	if next+1 < len(q.words) && q.surely(next+1) {
		return 0.35
	}
	return 0
}

func (q *question) joins(i int) bool {
	return q.among(i, "and", "or", ",", "vs", "versus", "&", "y", "und", "et")
}

// surely tells whether a word begins a name, or is a symbol, that needs no more to be sure of.
func (q *question) surely(i int) bool {
	w := q.words[i]
	if n, ok := q.universe.names[hash(hashStart, w.Text)]; ok && n.company != none && !n.weak && n.base >= 0.6 {
		return true
	}
	company, ok := q.universe.symbols[w.Text]
	return ok && q.universe.place(company) < 3000 && q.cased && w.Upper() && len(w.Text) > 1 && !acronyms[w.Text] && !words.Common(w.Text, 8000)
}

// possessive tells whether "'s" stands behind a word.
func (q *question) possessive(i int) bool {
	rest := q.text[q.words[i].End:]
	return strings.HasPrefix(rest, "'s") || strings.HasPrefix(rest, "’s") || strings.HasPrefix(rest, "'S")
}

//go:embed acronyms.txt
var acronymsTable string

var acronyms = func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(acronymsTable) {
		if !strings.HasPrefix(line, "#") {
			for _, word := range strings.Fields(line) {
				out[strings.ToLower(word)] = true
			}
		}
	}
	return out
}()

// symbolConfidence weighs whether a word is meant as the symbol it also is.
func (q *question) symbolConfidence(company int32, i int) float64 {
	w := q.words[i]
	context := q.context(i, i+1)
	if context <= 0.1 && q.serves(company, i+1) {
		return 0
	}
	if i+1 < len(q.words) && plurals[q.words[i+1].Text] {
		context -= 0.1
	}
	switch {
	case q.everyday && q.cased && w.Upper():
		context -= 0.3
	case q.everyday:
		context -= 0.5
	}
	if i == 0 && q.cased && w.Upper() && q.timedElse() {
		context += 0.5
	}
	if i == 0 && (len(q.words) == 1 || len(q.words) == 2 && q.words[1].Kind == words.Sign) {
		context += 0.4 // it is all that was written
	}
	switch {
	case q.cased && w.Upper():
		if context == 0 && q.money() == 0 && !q.topical() && len(q.words) > 6 {
			context = -0.25 // nothing here is about companies
		}
		return q.capitalsConfidence(company, i) + context
	case q.cased && w.Capital():
		return 0.1 + context/2 // a name, or how a sentence begins
	case q.cased && (words.Common(w.Text, 20_000) || acronyms[w.Text]):
		return context / 2
	case q.cased && len(w.Text) <= 3:
		return 0.1 + context
	}
	return q.smallConfidence(w.Text, i, context)
}

// timedElse tells whether a question is one word and a time: "COST this week".
func (q *question) timedElse() bool {
	timed := false
	for i := 1; i < len(q.words); i++ {
		if !q.timed[i] && q.words[i].Kind != words.Sign && !q.among(i, "in", "on", "over", "from", "since", "during", "for", "at", "the") {
			return false
		}
		timed = timed || q.timed[i]
	}
	return timed
}

// capitalsConfidence weighs capitals in a question that also has small letters.
func (q *question) capitalsConfidence(company int32, i int) float64 {
	w := q.words[i]
	switch {
	case len(w.Text) == 1:
		return q.letterConfidence(i)
	case acronyms[w.Text] && q.capitals == 1 && words.Common(w.Text, 20_000) && (q.money() >= 2 || i == 0 && q.topical() || q.judged(i+1)):
		return 0.3 // a word that somebody took the trouble to put in capitals
	case acronyms[w.Text]:
		return 0.1
	case words.Common(w.Text, 8000):
		return 0.6
	case len(w.Text) == 2:
		return 0.7
	}
	return q.fame(company)
}

// smallConfidence weighs a word in small letters, or in a question that is all capitals.
func (q *question) smallConfidence(word string, i int, context float64) float64 {
	known, acronym := words.Known(word), acronyms[word]
	switch {
	case len(word) == 1 && i > 0 && (kinds[q.words[i-1].Text] || remains[word]):
		return 0 // "class b", and what is left of "I'm" and "that's"
	case acronym && words.Common(word, 20_000), words.Common(word, 5000):
		return context / 2
	case acronym, len(word) == 1:
		return 0.05 + context
	case len(word) == 2, known:
		return 0.25 + context
	case len(word) == 3, q.cased:
		return 0.45 + context
	}
	return 0.65 + context
}

// remains are what is left of "I'm" and "that's", and words of one letter.
var remains = words.Set("a e i o u y s m d")

// money is how much a question tells of money in any way.
func (q *question) money() int { return q.tells["market"] + q.tells["portfolio"] + q.tells["research"] }

// kinds are what a single letter tells apart: "Series D", "Class B", "Part A".
var kinds = words.Set("series class part form schedule section plan type grade level tier rating appendix exhibit item note vitamin group phase category share")

// letterConfidence weighs a capital that stands alone.
func (q *question) letterConfidence(i int) float64 {
	switch {
	case q.among(i, "a", "i"), !q.words[i].Upper():
		return 0.2
	case i > 0 && kinds[q.words[i-1].Text], q.among(i+1, "corp", "class", "visa", "type"), q.among(i+1, "share", "shares") && q.among(i, "a", "b", "c", "h"):
		return -0.3
	case i+1 < len(q.words) && q.words[i+1].Capital() && !q.words[i+1].Upper():
		return 0 // an initial
	case q.money() >= 3:
		return 0.4
	}
	return 0.2
}

// fame is how likely capitals are the symbol they also are: more of a company that many speak of.
func (q *question) fame(company int32) float64 {
	fame := 0.4
	switch {
	case q.universe.place(company) < 1500:
		fame = 0.9
	case q.universe.place(company) < 3000:
		fame = 0.6
	}
	if q.tells["market"] >= 4 || q.tells["portfolio"] >= 4 {
		fame += 0.2
	}
	return fame
}

// abbreviates tells whether capitals in brackets are made of the first letters of the words before: "Master Limited
// Partnership (MLP)".
func (q *question) abbreviates(i int) bool {
	if !q.is(i-1, "(") {
		return false
	}
	letters, j := q.words[i].Text, i-2
	for k := len(letters) - 1; k >= 0; k, j = k-1, j-1 {
		if j < 0 || q.words[j].Text[0] != letters[k] {
			return false
		}
	}
	return true
}
