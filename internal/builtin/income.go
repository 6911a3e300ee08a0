package builtin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// kindWords are what a sum of a kind of transaction is called.
var kindWords = map[string]string{
	"dividend": "Dividends received", "interest": "Interest", "fee": "Fees", "tax": "Taxes", "deposit": "Deposits", "withdrawal": "Withdrawals", "buy": "Bought for", "sell": "Sold for",
}

// transactions answers with what all that match come to, and the parts or single ones of it.
func (a *asked) transactions(p *page, rs []*result) {
	a.sumsOfTimes(p, rs)
	for _, r := range rs {
		in := r.given()
		what := "transactions"
		if len(in.Kinds) > 0 {
			what = "transactions of the kind " + listed(in.Kinds)
		}
		if in.Symbol != "" {
			what += " in " + plainly(in.Symbol)
		}
		totals := r.list("totals")
		if len(totals) == 0 {
			p.say("There are no %s%s as far as is known. %s", what, r.span(), r.cite())
			continue
		}
		p.say("%s%s: %s", strings.ToUpper(what[:1])+what[1:], r.span(), r.cite())
		var lines []string
		for _, t := range totals {
			lines = append(lines, total(t))
		}
		p.entries(lines)
		groups(p, r)
		a.single(p, r)
	}
}

// total words what one kind comes to. The amount is what cash changed by, so that tax is added back where it was taken.
func total(t node) string {
	kind := t.text("kind")
	words := cmp.Or(kindWords[kind], strings.ReplaceAll(plainly(kind), "_", " "))
	line := fmt.Sprintf("%s: %s in %s", words, amountOf(t), t.figure("count"))
	if !isZero(t.amount("tax")) && t.knows("amount") {
		line += fmt.Sprintf("; tax %s, so %s before tax", t.figure("tax"), refer(t.ref+".amount + "+t.ref+".tax"))
	}
	if !isZero(t.amount("fee")) {
		line += fmt.Sprintf("; fees of %s included", t.figure("fee"))
	}
	return line
}

// amountOf is what a kind comes to without its sign, where the words have it already.
func amountOf(t node) string {
	if !t.knows("amount") {
		return unknown
	}
	if slices.Contains([]string{"fee", "tax", "withdrawal", "buy"}, t.text("kind")) {
		return refer("abs(" + t.ref + ".amount)")
	}
	return t.figure("amount")
}

// groups lists the totals' parts: months in their order, symbols by size.
func groups(p *page, r *result) {
	all := r.list("groups")
	if len(all) < 2 {
		return
	}
	const shown = 24
	column := "Month"
	if all[0].text("month") == "" {
		column = "Symbol"
		all = largest(all, "amount")
	} else {
		slices.SortStableFunc(all, func(x, y node) int { return strings.Compare(y.text("month"), x.text("month")) })
	}
	var rows [][]string
	for _, g := range first(all, shown) {
		rows = append(rows, []string{plainly(cmp.Or(g.text("month"), g.text("symbol"), "none")), strings.ReplaceAll(g.text("kind"), "_", " "), amountOf(g), g.figure("count")})
	}
	p.table([]string{column, "Kind", "Amount", "How many"}, rows)
}

// single lists transactions, the newest first.
func (a *asked) single(p *page, r *result) {
	var rows [][]string
	for _, t := range first(r.list("transactions"), max(a.count(), len(kindWords))) {
		rows = append(rows, []string{
			t.text("day"), strings.ReplaceAll(plainly(t.text("kind")), "_", " "), plainly(t.text("symbol")), t.figure("quantity"), t.figure("price"), t.figure("amount", "signed"),
		})
	}
	p.table([]string{"Day", "Kind", "Symbol", "Quantity", "Price", "Cash"}, rows)
	if len(rows) < len(r.list("transactions")) {
		p.say("These are the newest; there are more.")
	}
}

// gains answers what was gained by sales, received and paid.
func (a *asked) gains(p *page, rs []*result) {
	for _, r := range rs {
		a.gainsIn(p, r)
	}
	if a.about.From != nil && a.yearless() {
		p.note("Gains are known by calendar year; these are of the year in which the time you named ends.")
	}
}

func (a *asked) gainsIn(p *page, r *result) {
	when := ""
	if period := plainly(r.text("period")); period != "" {
		when = ", " + strings.TrimPrefix(period, "of ")
	}
	switch {
	case a.has("fee", "commission"):
		p.say("Fees you paid%s: %s, and %s in the prices of trades. %s", when, r.figure("fees"), r.figure("tradeFees"), r.cite())
	case a.has("tax", "taxes", "withheld", "withholding"):
		p.say("Taxes withheld or paid%s: %s. %s", when, r.figure("taxes"), r.cite())
		p.note("This is what went through your accounts, and no tax advice.")
	case len(a.about.Symbols) > 0 && a.asksGain():
		a.gainsOf(p, r, when)
		return
	default:
		p.say("Gains realized by sales%s: %s, after the fees of trades. %s", when, r.figure("realized", "signed"), r.cite())
	}
	p.table([]string{"What", "Amount"}, [][]string{
		{"Realized by sales", r.figure("realized", "signed")}, {"Dividends before tax", r.figure("dividends")}, {"Interest before tax", r.figure("interest", "signed")},
		{"Fees", r.figure("fees")}, {"Taxes", r.figure("taxes")}, {"In all", r.figure("total", "signed")},
	})
	const shown = 10
	var rows [][]string
	for _, h := range first(largest(r.list("holdings"), "realizedBase"), shown) {
		if !isZero(h.amount("realizedBase")) || !isZero(h.amount("dividendsBase")) {
			rows = append(rows, []string{plainly(h.text("symbol")), h.figure("realizedBase", "signed"), h.figure("dividendsBase"), h.figure("taxesBase")})
		}
	}
	p.table([]string{"Holding", "Realized", "Dividends", "Taxes"}, rows)
}

// yearless tells whether the question's days are no calendar year, or one so far.
func (a *asked) yearless() bool {
	from, to := a.about.From, a.about.To
	begins := from.Month == 1 && from.Day == 1
	ends := to != nil && (to.Month == 12 && to.Day == 31 || !to.Before(a.today))
	return !begins || !ends || to.Year != from.Year
}

func nextOfIncome(a *asked, _ []*result) []string {
	var next []string
	if !a.has("dividend") {
		next = append(next, "What dividends did I receive this year?")
	}
	if !a.has("fee") {
		next = append(next, "What fees did I pay this year?")
	}
	return append(next, "What gains did I realize this year?", "How did my portfolio do this year?")
}
