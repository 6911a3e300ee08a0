package builtin

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/plan"
)

// further is what has to be read in the light of what was: of the holdings that a question means without their names, and
// of what a name was found to be.
func (a *asked) further() []plan.Call {
	about := a.about
	switch {
	case len(a.resolved()) > 0:
		about.Symbols = a.resolved()
		if about.Type == intent.Other { // the name was not known
			about.Type = intent.Market
		}
	case len(a.mentioned()) > 0:
		about.Symbols = a.mentioned()
	case len(a.picked()) > 0:
		about.Symbols = append(symbolsOf(a.picked()), a.about.Symbols...)
		about.Type, about.Holdings = intent.Research, false
	default:
		return nil
	}
	return plan.For(about, a.question, a.today)
}

// mentioned are the holdings of which the question has the name, where it was not understood to name anything.
func (a *asked) mentioned() []string {
	const shortest = 4 // letters; shorter words are too often none
	if !a.own() || len(a.about.Symbols) > 0 {
		return nil
	}
	var symbols []string
	for _, r := range a.of("get_portfolio_holdings") {
		for _, h := range companiesOf(r) {
			word, _, _ := strings.Cut(strings.TrimSpace(string(plan.TextOf(h.text("name")))), " ")
			if len(word) >= shortest && a.has(word) {
				symbols = append(symbols, h.text("symbol"))
			}
		}
	}
	return symbols
}

// resolved is the symbol that a name was found to be, where that is clear.
func (a *asked) resolved() []string {
	for _, r := range a.of("find_instrument") {
		if all := r.list("matches"); len(all) == 1 && all[0].text("symbol") != "" {
			return []string{all[0].text("symbol")}
		}
	}
	return nil
}

// picked are the holdings that the question means by what became of them: "news of my biggest loser". None where it asks
// nothing of them that has to be read elsewhere.
func (a *asked) picked() []node {
	if !a.own() || !a.asksCompanies() {
		return nil
	}
	if movers := a.about.Movers; movers != "" {
		for _, r := range a.of("get_portfolio_performance") {
			return first(r.list(map[string]string{"gainers": "best", "losers": "worst"}[movers]), a.few())
		}
		for _, r := range a.of("get_portfolio_holdings") {
			return first(a.ranked(companiesOf(r)), a.few())
		}
		return nil
	}
	if !a.has("largest", "biggest", "top", "main") && len(a.about.Symbols) > 0 {
		return nil
	}
	for _, r := range a.of("get_portfolio_holdings") {
		return first(largest(companiesOf(r), "allocationPercent"), a.few())
	}
	return nil
}

// companiesOf are the holdings of which others write and report.
func companiesOf(r *result) []node {
	return slices.DeleteFunc(r.list("holdings"), func(h node) bool { return h.text("assetClass") == "option" || h.text("symbol") == "" })
}

// asksCompanies tells whether a question on holdings asks what is read of companies.
func (a *asked) asksCompanies() bool {
	return a.topic(intent.News, intent.Filings) || a.has("earnings", "eps", "revenue", "sales", "margin", "net income", "debt", "cash flow", "p e", "pe ratio", "valuation", "risk factor",
		"what does", "ceo", "employee", "fundamentals", "price target") || a.topic(intent.Performance) && a.about.Movers == "" && a.has("largest", "biggest", "top")
}

// few is how many holdings are meant: several where the question says so, and as many as it says.
func (a *asked) few() int {
	const usual, most = 3, 3
	if n := a.count(); n <= most {
		return n
	}
	if a.has("loser", "winner", "gainer", "holding", "position", "stock", "performer", "investment") && !a.plural() {
		return 1
	}
	return usual
}

func (a *asked) plural() bool {
	for _, word := range []string{"losers", "winners", "gainers", "holdings", "positions", "stocks", "performers", "investments", "companies"} {
		if a.has(word) {
			return true
		}
	}
	return false
}

func symbolsOf(all []node) []string {
	var symbols []string
	for _, n := range all {
		symbols = append(symbols, n.text("symbol"))
	}
	return symbols
}

// sayPicked names the holdings that are meant.
func (a *asked) sayPicked(p *page, r *result) {
	for _, h := range a.picked() {
		switch {
		case a.about.Movers != "" && h.knows("points"):
			p.say("Of this time I take **%s**%s. %s", h.named(), beside(h.figure("gain", "signed")), handle(h))
		case a.about.Movers != "":
			path, words := a.measure()
			p.say("By the change %s I take **%s**%s. %s", words, h.named(), beside(h.figure(path, "signed")), r.cite())
		default:
			p.say("One of your largest holdings is **%s** with %s of the portfolio. %s", h.named(), h.figure("allocationPercent"), r.cite())
		}
	}
}
