package builtin

import (
	"slices"

	"github.com/jaspers-ai/jaspers/internal/intent"
)

// lead is a figure that questions ask for by these phrases, said before all else.
type lead struct {
	words, path string
	form        []string
	phrases     []string
}

// holdingLeads are of one holding; the first that is asked for and known is said.
var holdingLeads = []lead{
	{"Realized by sales of", "realizedBase", []string{"signed"}, []string{"realized", "realised", "realize", "realise", "selling", "sale", "sold"}},
	{"Change since the previous close of your position in", "holding.dayChange", []string{"signed"}, []string{"today", "since yesterday"}},
	{"Part of your portfolio that is", "holding.allocationPercent", nil, []string{"share of my portfolio", "part of my portfolio", "percent of my portfolio", "percentage of my portfolio", "of my portfolio", "weight", "what percentage"}},
	{"Average cost of", "holding.averageCost", nil, []string{"average", "on average", "per share"}},
	{"Cost of your position in", "holding.costBasis", nil, []string{"cost", "cost basis", "did i pay", "have i paid", "did i invest", "have i invested"}},
	{"Unrealized gain or loss of", "holding.unrealizedPnlPercent", []string{"signed"}, []string{"percent", "my return", "return on"}},
	{"Unrealized gain or loss of", "holding.unrealizedPnl", []string{"signed"}, []string{"gain", "gained", "loss", "lost", "profit", "made", "up", "down", "unrealized", "unrealised", "earned"}},
}

// portfolioLeads are of all that is held.
var portfolioLeads = []lead{
	{"Change since the previous close", "summary.dayChange", []string{"signed"}, []string{"today", "since yesterday"}},
	{"Cost of what you hold", "summary.costBasis", nil, []string{"cost", "cost basis", "pay for", "paid for", "did i pay", "invested", "did i invest", "spent", "spend"}},
	{"Unrealized gain or loss", "summary.unrealizedPnl", []string{"signed"}, []string{"unrealized", "unrealised", "on paper", "paper gain", "paper profit", "gain", "profit", "am i up", "am i down", "have i made", "have i lost"}},
}

// performanceLeads are of a time.
var performanceLeads = []lead{
	{"Deepest fall", "risk.maxDrawdown.value", nil, []string{"drawdown", "fall", "fell", "from its peak", "from the peak"}},
	{"Gain or loss", "gain", []string{"signed"}, []string{"dollar", "how much money", "did i make", "have i made", "did i earn", "have i earned", "did i lose", "have i lost", "in money"}},
}

// leading is the first of the figures that is asked for and known, as one line without its end.
func (a *asked) leading(r *result, all []lead, of string) string {
	i := slices.IndexFunc(all, func(l lead) bool { return a.has(l.phrases...) && r.knows(l.path) })
	if i < 0 {
		return ""
	}
	if l := all[i]; of != "" {
		return l.words + " " + of + ": " + r.figure(l.path, l.form...)
	}
	return all[i].words + ": " + r.figure(all[i].path, all[i].form...)
}

// lead says that figure, and tells whether there is one.
func (a *asked) lead(p *page, r *result, all []lead, of string) bool {
	line := a.leading(r, all, of)
	if line != "" {
		p.say("%s. %s", line, r.cite())
	}
	return line != ""
}

// composed answers what follows from two figures of one holding: its price against what was paid on average, and what was
// gained of it with its dividends.
func (a *asked) composed(p *page, r *result, h node) bool {
	name := plainly(r.text("symbol"))
	switch {
	case a.has("average", "what i paid", "my cost", "my purchase price", "i paid") && a.has("price", "trading", "trade") && h.knows("price", "averageCost"):
		p.say("Price of %s less its average cost: %s (%s less %s). %s", name, refer(h.ref+".price - "+h.ref+".averageCost", "signed"), h.figure("price"), h.figure("averageCost"), r.cite())
	case a.has("dividend") && a.has("made", "make", "gain", "gained", "profit", "return", "earned", "lost") && h.knows("unrealizedPnl") && r.knows("dividendsBase") &&
		h.text("currency") == r.text("baseCurrency"):
		gain, dividends := h.ref+".unrealizedPnl", r.ref+".dividendsBase"
		p.say("Gain or loss on %s with its dividends: %s (unrealized %s and dividends of %s). %s", name, refer(gain+" + "+dividends, "signed"), h.figure("unrealizedPnl", "signed"), r.figure("dividendsBase"), r.cite())
		if !isZero(r.amount("realizedBase")) {
			p.say("With what was realized by sales: %s.", refer(gain+" + "+dividends+" + "+r.ref+".realizedBase", "signed"))
		}
	default:
		return false
	}
	return true
}

// asksSum and asksDifference tell what is asked of several figures beside each by itself.
func (a *asked) asksSum() bool {
	return a.has("together", "combined", "in total", "sum", "added up", "altogether", "in sum", "total")
}

func (a *asked) asksDifference() bool {
	return a.has("difference", "differ", "by how much", "how much more", "how much less", "larger", "bigger", "greater", "smaller", "more than", "less than", "compared to", "compared with", "compare", "versus", "vs")
}

// measures are by what holdings are set beside each other.
var measures = []lead{
	{"dividends", "dividendsBase", nil, []string{"dividend"}},
	{"cost", "holding.costBasis", nil, []string{"cost", "paid", "invested"}},
	{"unrealized gain or loss", "holding.unrealizedPnl", nil, []string{"gain", "gained", "profit", "loss", "lost", "made"}},
	{"part of the portfolio", "holding.allocationPercent", nil, []string{"percent", "percentage", "weight"}},
	{"value", "holding.marketValue", nil, nil},
}

// besides answers what several holdings come to together, or by how much one is more than the other.
func (a *asked) besides(p *page, rs []*result) {
	const pair = 2
	if len(rs) < pair || a.text.Supposed() {
		return
	}
	m := measures[slices.IndexFunc(measures, func(l lead) bool { return l.phrases == nil || a.has(l.phrases...) })]
	currency := rs[0].text("holding.currency")
	if slices.ContainsFunc(rs, func(r *result) bool { return !r.knows(m.path) || r.text("holding.currency") != currency }) {
		return
	}
	nodes, sum := []node{}, ""
	var names []string
	for _, r := range rs {
		nodes, names = append(nodes, r.node), append(names, plainly(r.text("symbol")))
		sum += " + " + r.ref + "." + m.path
	}
	switch {
	case a.asksDifference() && len(rs) == pair:
		order := largest(nodes, m.path)
		more, less := order[0], order[1]
		p.say("The %s of %s is larger than that of %s by %s. %s", m.words, plainly(more.text("symbol")), plainly(less.text("symbol")),
			refer(more.ref+"."+m.path+" - "+less.ref+"."+m.path), cites(rs))
	case a.asksSum():
		p.say("The %s of %s together: %s. %s", m.words, listed(names), refer(sum[len(" + "):]), cites(rs))
	}
}

// sumsOfTimes answers what one kind of transaction comes to in two times, together or against each other.
func (a *asked) sumsOfTimes(p *page, rs []*result) {
	const pair = 2
	if len(rs) != pair || rs[0].given().Symbol != rs[1].given().Symbol {
		return
	}
	earlier, later := rs[0].list("totals"), rs[1].list("totals")
	if rs[1].given().First < rs[0].given().First {
		earlier, later = later, earlier
	}
	if len(earlier) != 1 || len(later) != 1 || !earlier[0].knows("amount") || !later[0].knows("amount") || earlier[0].text("kind") != later[0].text("kind") ||
		earlier[0].text("currency") != later[0].text("currency") {
		return
	}
	amount := func(n node) string { return "abs(" + n.ref + ".amount)" }
	words := kindWords[later[0].text("kind")]
	if a.asksDifference() && words != "" {
		p.say("%s, the later time less the earlier: %s. %s", words, refer(amount(later[0])+" - "+amount(earlier[0]), "signed"), cites(rs))
	} else if a.asksSum() && words != "" {
		p.say("%s in both times: %s. %s", words, refer(amount(later[0])+" + "+amount(earlier[0])), cites(rs))
	}
}

// parts says which part of revenue the other figures that are asked for are.
func (a *asked) parts(p *page, companies []filed) {
	if !a.has("share of", "part of", "percent of", "percentage of", "as a share", "proportion", "fraction", "relative to", "ratio", "how much of") || a.has("margin") {
		return
	}
	for _, f := range companies {
		for _, period := range f.periods {
			revenue, known := f.all[period]["revenue"]
			if !known || isZero(revenue.amount("value")) {
				continue
			}
			for _, one := range f.list("facts") {
				if c := one.text("concept"); c != "revenue" && one.text("period") == period && one.knows("value") && one.text("unit") == revenue.text("unit") {
					p.say("%s of %s as a part of its revenue in %s: %s. %s", spaced(c), f.symbol, plainly(period), refer(one.ref+".value / "+revenue.ref+".value", "%"), f.cite())
				}
			}
		}
	}
}

// gainsOf answers what was gained of the holdings that the question names.
func (a *asked) gainsOf(p *page, r *result, when string) {
	for _, symbol := range a.about.Symbols {
		all := r.list("holdings")
		i := slices.IndexFunc(all, func(h node) bool { return h.text("symbol") == symbol })
		if i < 0 {
			p.say("Nothing was realized or received of %s%s as far as is known. %s", plainly(symbol), when, r.cite())
			continue
		}
		p.say("Realized by sales of %s%s: %s. %s", plainly(symbol), when, all[i].figure("realizedBase", "signed"), r.cite())
		if !isZero(all[i].amount("dividendsBase")) {
			p.say("Dividends of %s before tax%s: %s.", plainly(symbol), when, all[i].figure("dividendsBase"))
		}
	}
}

// asksGain tells whether what was gained by sales is asked for.
func (a *asked) asksGain() bool {
	return a.topic(intent.Performance) || a.has("realized", "realised", "realize", "realise", "capital gain", "selling")
}
