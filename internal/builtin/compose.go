package builtin

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// writer writes what the results of one tool answer.
type writer struct {
	tool  string
	of    string // what it reads, for who is told that it could not be
	write func(*asked, *page, []*result)
	next  func(*asked, []*result) []string // what else may be asked then
}

func writers() []writer {
	return []writer{
		{"get_holding", "the holding", (*asked).holdings, nextOfHolding},
		{"get_portfolio_holdings", "your holdings", (*asked).portfolio, nextOfPortfolio},
		{"get_transactions", "your transactions", (*asked).transactions, nextOfIncome},
		{"get_gains", "your gains", (*asked).gains, nextOfIncome},
		{"get_allocation", "how your portfolio divides", (*asked).allocation, nextOfAllocation},
		{"get_portfolio_performance", "your performance", (*asked).performance, nextOfPerformance},
		{"get_reconciliation", "the comparison with your brokerages", (*asked).reconciliation, nextOfPortfolio},
		{"get_reported_facts", "the figures as filed", (*asked).facts, nextOfCompany},
		{"get_company_metrics", "the company's metrics", (*asked).metrics, nextOfCompany},
		{"get_earnings", "the earnings", (*asked).earnings, nextOfCompany},
		{"get_news", "the news", (*asked).news, nextOfCompany},
		{"search_passages", "what the filings say", (*asked).passages, nextOfFilings},
		{"read_filing_section", "the filing", (*asked).section, nextOfFilings},
		{"list_filings", "the list of filings", (*asked).filings, nextOfFilings},
		{"search_filings", "the search of filings", (*asked).filings, nextOfFilings},
		{"get_company", "the company's profile", (*asked).companies, nextOfCompany},
		{"get_stock_quotes", "quotes", (*asked).quotes, nextOfMarket},
		{"get_price_history", "past prices", (*asked).histories, nextOfMarket},
		{"find_instrument", "instruments of this name", (*asked).found, nil},
	}
}

// compose writes the answer: of each tool what its results say, in the order in which they were read.
func (a *asked) compose() string {
	p := &page{}
	if a.about.Question != "" {
		p.say("*Read as: %s*", plainly(a.about.Question))
	}
	var next []string
	var done []string
	for _, r := range a.results {
		i := slices.IndexFunc(writers(), func(w writer) bool { return w.tool == r.Tool })
		if i < 0 || slices.Contains(done, r.Tool) {
			continue
		}
		done = append(done, r.Tool)
		w := writers()[i]
		if some := a.of(r.Tool); len(some) > 0 {
			w.write(a, p, some)
			if w.next != nil {
				next = append(next, w.next(a, some)...)
			}
		}
	}
	a.failures(p)
	if p.text.Len() == 0 {
		a.unanswered(p)
	}
	a.remarks(p)
	if len(p.notes) > 0 {
		p.say("Please note:")
		p.entries(p.notes)
	}
	a.suggest(p, next)
	return strings.TrimSpace(p.text.String())
}

// failures says what could not be read, and why.
func (a *asked) failures(p *page) {
	for _, r := range a.results {
		if r.Error == nil {
			continue
		}
		if r.Tool == "get_holding" && r.Error.Code == "not_found" {
			p.say("You hold nothing of %s, and never did as far as is known.", plainly(r.given().Symbol))
			continue
		}
		what := "something"
		for _, w := range writers() {
			if w.tool == r.Tool {
				what = w.of
			}
		}
		in := r.given()
		if of := cmp.Or(in.Symbol, strings.Join(in.Symbols, ", ")); of != "" {
			what += " (" + plainly(of) + ")"
		}
		why := plainly(strings.TrimSuffix(r.Error.Message, "."))
		if counts(why) {
			why = "it is refused as it was asked"
		}
		p.say("I looked for %s and found nothing to go by: %s.", what, why)
	}
}

// remarks tells what is old, in part or otherwise not as it should be.
func (a *asked) remarks(p *page) {
	const mostRemarks = 3 // of one result
	for _, r := range a.results {
		if r.private() {
			p.note("Your settings keep amounts from the language model, and this was read for it.")
			continue
		}
		for _, warning := range first(r.Warnings, mostRemarks) {
			p.remark(r, warning)
		}
		if len(r.AsOf) >= len("2006-01-02") && r.Error == nil && slices.Contains([]string{"get_portfolio_holdings", "get_stock_quotes"}, r.Tool) {
			day, err := calendar.ParseDay(r.AsOf[:len("2006-01-02")])
			if err == nil && day.Before(lastTrading(a.today)) {
				p.note("The oldest of these figures is of %s. %s", day, r.cite())
			}
		}
	}
}

// lastTrading is the last day of trading up to a day.
func lastTrading(day calendar.Day) calendar.Day {
	const longestBreak = 10
	for n := range longestBreak {
		if before := day.AddDays(-n); calendar.IsTradingDay(before) {
			return before
		}
	}
	return day
}

// remark keeps a warning without its figures, which only references may give.
func (p *page) remark(r *result, warning string) {
	if strings.Contains(warning, "are thinned") || strings.HasPrefix(warning, "The item goes on") { // shows in nothing here
		return
	}
	warning = plainly(warning)
	if counts(warning) {
		warning = kindOfRemark(warning)
	}
	if !strings.HasSuffix(warning, ".") {
		warning += "."
	}
	p.note("%s %s", strings.ToUpper(warning[:1])+warning[1:], r.cite())
}

// remarkKinds are what sources remark on, by words in it, and what is said of it here.
var remarkKinds = []struct {
	words []string
	said  string
}{
	{[]string{"stale", " old", "outdated", "delayed", "not read since", "last read", "as of"}, "Some values are old: open this source to see which"},
	{[]string{"missing", "not known", "unknown", "incomplete", "partial", "in part", "without", "no price", "no rate", "left out", "not in"}, "Some values are missing or partial: open this source to see which"},
	{[]string{"there are more", "cut", "of the first", "only the", "the newest", "not all"}, "The list is cut short: open this source to see how far"},
}

// kindOfRemark says of which kind a remark is whose figures cannot be repeated.
func kindOfRemark(warning string) string {
	for _, k := range remarkKinds {
		if slices.ContainsFunc(k.words, func(word string) bool { return strings.Contains(strings.ToLower(warning), word) }) {
			return k.said
		}
	}
	return "There is a note on these values: open this source to read it"
}

// suggest lists a few questions that fit.
func (a *asked) suggest(p *page, next []string) {
	const mostSuggested = 3
	next = append(next, "How is my portfolio divided by sector?", "What dividends did I receive this year?")
	var some []string
	for _, q := range next {
		if !strings.EqualFold(strings.Trim(q, "?"), strings.Trim(a.question, "? ")) && !slices.Contains(some, q) && len(some) < mostSuggested {
			some = append(some, q)
		}
	}
	p.say("You could ask:")
	p.entries(some)
}

// unanswered says what there is no answer to without a model, and what can be asked.
func (a *asked) unanswered(p *page) {
	if a.about.Type == intent.Other {
		p.say("I am the built-in analyst: I answer by rule, from what your accounts, the market and companies' filings say, and this question is about none of them.")
	} else {
		p.say("I am the built-in analyst: I answer by rule, and I could not tell what this question asks me to look up. I read no account, price or filing for it.")
	}
	p.say("What I can do: what you own, what it is worth and how it did; dividends, fees, taxes and trades; how your portfolio divides; prices and how they went; " +
		"companies' figures, earnings, news and what their filings say. Name a company or its symbol, and a time where it matters.")
	p.say("Explanations, definitions and free conversation need a language model: whoever runs this server can set a model key (JASPERS_ANTHROPIC_API_KEY), and the same question is then answered with it.")
}
