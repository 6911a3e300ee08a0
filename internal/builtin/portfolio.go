package builtin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/intent"
)

// portfolio answers from the holdings: what is asked of them, and else an overview.
func (a *asked) portfolio(p *page, rs []*result) {
	r := rs[0]
	for _, hidden := range r.texts("summary.bestKnown.leftOut") {
		if !counts(hidden) {
			p.note("Not in these sums: %s %s", plainly(hidden), r.cite())
		}
	}
	switch all := r.list("holdings"); {
	case len(all) == 0 && !r.knows("summary.totalValue"):
		p.say("No holdings are known: no brokerage is connected, or none has been read yet. %s", r.cite())
	case len(a.mentioned()) > 0: // which are answered each by itself
	case len(a.picked()) > 0:
		a.sayPicked(p, r)
	case a.topic(intent.Cash) && !a.has("worth", "holding", "position"):
		a.cash(p, r)
	case a.about.Movers != "":
		a.movers(p, r, all)
	case a.has("yield") && len(a.of("get_transactions")) > 0:
		a.paidBack(p, r)
	default:
		a.overview(p, r, all)
	}
}

func (a *asked) overview(p *page, r *result, all []node) {
	a.lead(p, r, portfolioLeads, "")
	if r.knows("summary.totalValue") {
		p.say("Your portfolio is worth %s, of which %s is cash. %s", r.figure("summary.totalValue"), r.figure("summary.cash"), r.cite())
	}
	for _, change := range []struct{ words, path string }{{"Change since the previous close", "summary.dayChange"}, {"Unrealized gain or loss", "summary.unrealizedPnl"}} {
		if r.knows(change.path) {
			p.say("%s: %s%s.", change.words, r.figure(change.path, "signed"), beside(r.figure(change.path+"Percent", "signed")))
		} else if r.knows(change.path + "Percent") {
			p.say("%s: %s.", change.words, r.figure(change.path+"Percent", "signed"))
		}
	}
	if r.flag("summary.bestKnown.partial") {
		p.note("The total is in part only: something has no known value, or was not read yet. %s", r.cite())
	}
	a.holdingsTable(p, all)
}

// holdingsTable lists holdings, the largest first; as many as the question says.
func (a *asked) holdingsTable(p *page, all []node) {
	sorted := largest(all, "allocationPercent")
	for _, h := range all {
		if !h.knows("allocationPercent") {
			sorted = append(sorted, h)
		}
	}
	var rows [][]string
	for _, h := range first(sorted, a.count()) {
		rows = append(rows, []string{
			h.named() + stale(h), h.figure("quantity"), h.figure("price"), h.figure("marketValue"), h.figure("allocationPercent"), h.figure("unrealizedPnl", "signed"),
			h.figure("unrealizedPnlPercent", "signed"), h.figure("dayChangePercent", "signed"),
		})
	}
	p.table([]string{"Holding", "Quantity", "Price", "Value", "Share", "Gain or loss", "In percent", "Today"}, rows)
	if len(rows) < len(all) {
		p.say("These are the largest; there are more.")
	}
}

func stale(h node) string {
	if h.flag("stale") {
		return " (old)"
	}
	return ""
}

// count is how many are asked for: "top 5", "three largest".
func (a *asked) count() int {
	const usual, greatest = 10, 50
	words := strings.Fields(string(a.text))
	spelled := []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	for i, w := range words {
		near := i > 0 && slices.Contains([]string{"top", "largest", "biggest", "best", "worst"}, words[i-1]) ||
			i+1 < len(words) && slices.Contains([]string{"largest", "biggest", "best", "worst", "top", "main"}, words[i+1])
		if n, err := strconv.Atoi(w); err == nil && near && n > 0 {
			return min(n, greatest)
		}
		if n := slices.Index(spelled, w); n >= 0 && near {
			return n + 1
		}
	}
	return usual
}

func (a *asked) cash(p *page, r *result) {
	p.say("Your cash: %s. %s", r.figure("summary.cash"), r.cite())
	if all := r.list("summary.cashByCurrency"); len(all) > 1 {
		var rows [][]string
		for _, c := range all {
			rows = append(rows, []string{c.text("currency"), c.figure("amount"), c.figure("inBase")})
		}
		p.table([]string{"Currency", "Amount", "In your currency"}, rows)
	}
	if total, ok := r.amount("summary.totalValue"); ok && r.knows("summary.cash") && total.IsPositive() {
		p.say("That is %s of the portfolio.", refer(r.ref+".summary.cash / "+r.ref+".summary.totalValue", "%"))
	}
}

// paidBack says which part of the portfolio's value the dividends are that were read beside it.
func (a *asked) paidBack(p *page, r *result) {
	total, known := r.amount("summary.totalValue")
	for _, t := range a.of("get_transactions")[0].list("totals") {
		if known && total.IsPositive() && t.knows("amount") && t.text("currency") == r.text("summary.baseCurrency") {
			p.say("The dividends received are %s of what the portfolio is worth now, cash included (%s). %s", refer(t.ref+".amount / "+r.ref+".summary.totalValue", "%"), r.figure("summary.totalValue"), r.cite())
		}
	}
}

// measure is by what those that rose or fell the most are found: today, unless the question means ever since.
func (a *asked) measure() (path, words string) {
	if a.has("overall", "ever", "all time", "since i bought", "unrealized", "total") {
		return "unrealizedPnlPercent", "since they were bought"
	}
	return "dayChangePercent", "since the previous close"
}

// ranked are the holdings that rose or fell, as the question asks, the furthest first.
func (a *asked) ranked(all []node) []node {
	path, _ := a.measure()
	down := a.about.Movers == "losers"
	sorted := largest(all, path)
	if down {
		sorted = smallest(all, path)
	}
	return slices.DeleteFunc(sorted, func(h node) bool {
		d, _ := h.amount(path)
		return d.IsZero() || d.IsNegative() != down
	})
}

func (a *asked) movers(p *page, r *result, all []node) {
	path, words := a.measure()
	some := a.ranked(all)
	if len(some) == 0 {
		p.say("None of your holdings is known to be among the %s %s. %s", a.about.Movers, words, r.cite())
		return
	}
	amount := strings.TrimSuffix(path, "Percent")
	p.say("%s %s: **%s** with %s%s. %s", map[bool]string{true: "Your biggest loser", false: "Your biggest gainer"}[a.about.Movers == "losers"], words,
		some[0].named(), some[0].figure(path, "signed"), beside(some[0].figure(amount, "signed")), r.cite())
	const shown = 5
	var rows [][]string
	for _, h := range first(some, min(a.count(), shown)) {
		rows = append(rows, []string{h.named() + stale(h), h.figure(path, "signed"), h.figure(amount, "signed"), h.figure("marketValue")})
	}
	if len(rows) > 1 {
		p.table([]string{"Holding", "Change", "In money", "Value"}, rows)
	}
}

// sectors are how sources name what an intent calls otherwise.
var sectors = map[string][]string{
	"technology": {"tech"}, "financials": {"financ"}, "healthcare": {"health"}, "energy": {"energy"}, "industrials": {"industrial"}, "materials": {"material"},
	"utilities": {"utilit"}, "realestate": {"real estate"}, "staples": {"defensive", "staple"}, "discretionary": {"cyclical", "discretionary"}, "communication": {"communication"},
}

// allocation says how the portfolio divides, and how large the asked parts are.
func (a *asked) allocation(p *page, rs []*result) {
	for _, r := range rs {
		by, all := r.text("by"), r.list("slices")
		if by == "sector" {
			a.asksSectors(p, r, all)
		}
		if by == "holding" && len(all) > 0 {
			concentration(p, r, all)
		}
		var rows [][]string
		for _, s := range first(all, a.count()) {
			rows = append(rows, []string{sliceName(s), s.figure("percent"), s.figure("value")})
		}
		if len(rows) == 0 {
			p.say("By %s there is nothing to divide: nothing of value is known. %s", by, r.cite())
			continue
		}
		p.say("By %s: %s", by, r.cite())
		p.table([]string{strings.ToUpper(by[:1]) + by[1:], "Share", "Value"}, rows)
		if why := r.text("undefined"); why != "" && !counts(why) {
			p.note("Shares cannot be given: %s %s", plainly(why), r.cite())
		}
		if r.flag("partial") {
			p.note("Something is not in these parts for want of a value or a rate. %s", r.cite())
		}
	}
}

func sliceName(s node) string {
	return plainly(cmp.Or(s.text("name"), s.text("key"), s.text("symbol"), "other"))
}

// asksSectors answers how much of the portfolio is in the sectors of the question.
func (a *asked) asksSectors(p *page, r *result, all []node) {
	for _, sector := range a.about.Sectors {
		in := func(s node) bool {
			return slices.ContainsFunc(sectors[sector], func(part string) bool { return strings.Contains(strings.ToLower(sliceName(s)), part) })
		}
		if i := slices.IndexFunc(all, in); i >= 0 {
			p.say("**%s** makes up %s of your portfolio%s. %s", sliceName(all[i]), all[i].figure("percent"), beside(all[i].figure("value")), r.cite())
			continue
		}
		p.say("Nothing you hold is known to be in the sector **%s**. %s", sector, r.cite())
	}
	if len(a.about.Industries) > 0 {
		p.note("The parts are by sector; narrower ones (%s) are not known.", listed(a.about.Industries))
	}
}

// concentration says what part the largest holdings are.
func concentration(p *page, r *result, all []node) {
	const few = 3
	some := first(largest(slices.DeleteFunc(slices.Clone(all), func(s node) bool { return s.text("key") == "cash" }), "percent"), few)
	if len(some) < few {
		return
	}
	var parts, names []string
	for _, s := range some {
		parts, names = append(parts, s.ref+".percent"), append(names, sliceName(s))
	}
	p.say("Your three largest holdings, %s, are together %s of the portfolio. %s", listed(names), refer("sum("+strings.Join(parts, ", ")+")"), r.cite())
}

// reconciliation says where transactions and brokerages part.
func (a *asked) reconciliation(p *page, rs []*result) {
	r := rs[0]
	breaks := r.list("breaks")
	if len(breaks) == 0 {
		p.say("Your transactions and what your brokerages report agree wherever they can be compared. %s", r.cite())
	}
	var rows [][]string
	for _, b := range breaks {
		rows = append(rows, []string{
			plainly(cmp.Or(b.text("symbol"), b.text("kind"))), plainly(b.text("kind")), b.figure("implied"), b.figure("reported"), b.figure("difference", "signed"),
			strings.ReplaceAll(plainly(b.text("reason")), "_", " "),
		})
		if advice := plainly(b.text("advice")); advice != "" && !counts(advice) {
			p.note("%s %s", advice, r.cite())
		}
	}
	if len(rows) > 0 {
		p.say("Your transactions and your brokerages part here: %s", r.cite())
		p.table([]string{"What", "Kind", "By your transactions", "Reported", "Difference", "Likely reason"}, rows)
	}
	for _, account := range r.list("accounts") {
		for _, n := range account.list("notCompared") {
			if what := plainly(n.text("what") + ": " + n.text("reason")); !counts(what) {
				p.note("Not compared: %s %s", what, r.cite())
			}
		}
	}
}

func nextOfPortfolio(a *asked, rs []*result) []string {
	next := []string{"How did my portfolio do this year against the market?", "Am I diversified?"}
	if a.topic(intent.News) {
		return next
	}
	if top := largest(rs[0].list("holdings"), "allocationPercent"); len(top) > 0 {
		next = append([]string{"What is the news on " + plainly(top[0].text("symbol")) + "?"}, next...)
	}
	if a.about.Movers != "" {
		return append([]string{"Why did it move: what is the news on my biggest " + strings.TrimSuffix(a.about.Movers, "s") + "?"}, next...)
	}
	return next
}

func nextOfAllocation(a *asked, _ []*result) []string {
	next := []string{"What are my largest holdings?"}
	if !a.has("currency", "currencies") {
		next = append(next, "What is my exposure by currency?")
	}
	return append(next, "How volatile is my portfolio?")
}

func isZero(d decimal.Decimal, known bool) bool { return !known || d.IsZero() }
