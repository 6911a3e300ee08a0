package builtin

import (
	"cmp"
	"slices"
	"strings"
)

// filed are a company's filed figures by period and concept.
type filed struct {
	*result
	symbol  string
	periods []string // as they were read, the newest first where they are a series
	all     map[string]map[string]node
}

func filedOf(r *result) filed {
	f := filed{result: r, symbol: plainly(r.text("symbol")), all: map[string]map[string]node{}}
	ends := map[string]string{}
	for _, one := range r.list("facts") {
		if !one.knows("value") {
			continue
		}
		period := one.text("period")
		if f.all[period] == nil {
			f.all[period], f.periods = map[string]node{}, append(f.periods, period)
		}
		ends[period] = max(ends[period], one.text("end"))
		if _, taken := f.all[period][one.text("concept")]; !taken {
			f.all[period][one.text("concept")] = one
		}
	}
	slices.SortStableFunc(f.periods, func(a, b string) int { return cmp.Compare(ends[b], ends[a]) })
	return f
}

// newest are the newest periods in which a concept is known.
func (f filed) newest(concept string, n int) []node {
	var some []node
	for _, period := range f.periods {
		if one, ok := f.all[period][concept]; ok && len(some) < n {
			some = append(some, one)
		}
	}
	return some
}

// margins are the profits that are told as a part of revenue.
var margins = []struct{ concept, name string }{{"grossProfit", "Gross margin"}, {"operatingIncome", "Operating margin"}, {"netIncome", "Net margin"}}

// facts answers with figures as they were filed, and what follows from them.
func (a *asked) facts(p *page, rs []*result) {
	var companies []filed
	for _, r := range rs {
		companies = append(companies, filedOf(r))
	}
	a.parts(p, companies)
	grows := a.has("grow", "grew", "grown", "growth", "change", "changed", "increase", "increased", "decline", "declined")
	for _, f := range companies {
		if grows {
			a.growth(p, f)
		}
	}
	a.factTable(p, companies)
	for _, f := range companies {
		if !grows {
			a.growth(p, f)
		}
		a.freeCash(p, f)
		for _, one := range f.list("facts") {
			if one.flag("restated") {
				p.note("%s of %s for %s was restated since it was first filed. %s", spaced(one.text("concept")), f.symbol, one.text("period"), one.cite())
			}
		}
	}
	if len(companies) > 1 {
		relation(p, companies)
	}
}

// factTable has a row for each company and period, a column for each concept, and the margins that are asked for.
func (a *asked) factTable(p *page, companies []filed) {
	const shown = 8 // periods of one company
	var concepts, names []string
	for _, f := range companies {
		names = append(names, f.symbol)
		for _, one := range f.list("facts") {
			if c := one.text("concept"); !slices.Contains(concepts, c) {
				concepts = append(concepts, c)
			}
		}
	}
	columns := []string{"Company", "Period"}
	for _, c := range concepts {
		columns = append(columns, spaced(c))
	}
	wanted := margins
	if !a.has("margin") {
		wanted = nil
	}
	for _, m := range wanted {
		columns = append(columns, m.name)
	}
	var rows [][]string
	for _, f := range companies {
		for _, period := range first(f.periods, shown) {
			row := []string{f.symbol, plainly(period)}
			for _, c := range concepts {
				row = append(row, valueIn(f.all[period], c))
			}
			for _, m := range wanted {
				row = append(row, marginIn(f.all[period], m.concept))
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		p.say("%s has filed none of the figures that you ask for, as far as is known. %s", listed(names), companies[0].cite())
		return
	}
	var all []*result
	for _, f := range companies {
		all = append(all, f.result)
	}
	p.say("As filed by %s: %s", listed(names), cites(all))
	p.table(columns, rows)
}

func valueIn(period map[string]node, concept string) string {
	one, ok := period[concept]
	if !ok {
		return unknown
	}
	if strings.Contains(one.text("unit"), "/") {
		return one.figure("value")
	}
	return one.figure("value", "compact")
}

func marginIn(period map[string]node, concept string) string {
	profit, ok := period[concept]
	revenue, too := period["revenue"]
	if !ok || !too || isZero(revenue.amount("value")) || profit.text("unit") != revenue.text("unit") {
		return unknown
	}
	return refer(profit.ref+".value / "+revenue.ref+".value", "%")
}

// growth says how each figure changed between the newest periods of one length.
func (a *asked) growth(p *page, f filed) {
	var lines, seen []string
	for _, one := range f.list("facts") {
		concept := one.text("concept")
		if slices.Contains(seen, concept) {
			continue
		}
		seen = append(seen, concept)
		two := f.newest(concept, len(f.periods))
		if len(two) < 2 || two[0].text("unit") != two[1].text("unit") || kindOf(two[0].text("period")) != kindOf(two[1].text("period")) {
			continue
		}
		before, known := two[1].amount("value")
		if !known || !before.IsPositive() {
			continue
		}
		form := "compact"
		if strings.Contains(two[0].text("unit"), "/") {
			form = "signed"
		}
		lines = append(lines, spaced(concept)+" of "+f.symbol+", change from "+two[1].text("period")+" to "+two[0].text("period")+": "+refer("change("+two[1].ref+".value, "+two[0].ref+".value)", "%")+
			beside(refer(two[0].ref+".value - "+two[1].ref+".value", form))+".")
	}
	p.entries(lines)
}

// kindOf tells years, quarters and others apart.
func kindOf(period string) string {
	return strings.TrimRight(period[:min(len(period), len("FY"))], "0123456789 ")
}

// freeCash is what is left of the cash flow, where it is asked for.
func (a *asked) freeCash(p *page, f filed) {
	if !a.has("free cash flow", "fcf") {
		return
	}
	for _, period := range f.periods {
		flow, ok := f.all[period]["operatingCashFlow"]
		spent, too := f.all[period]["capitalExpenditure"]
		if ok && too && flow.text("unit") == spent.text("unit") {
			p.say("Free cash flow of %s in %s, cash from operations less capital expenditure: %s.", f.symbol, plainly(period), refer(flow.ref+".value - abs("+spent.ref+".value)", "compact"))
			return
		}
	}
}

// relation says how the newest figures of companies relate, concept by concept.
func relation(p *page, companies []filed) {
	var lines []string
	for _, concept := range []string{"revenue", "netIncome", "operatingIncome", "grossProfit"} {
		base := companies[0].newest(concept, 1)
		for _, f := range companies[1:] {
			other := f.newest(concept, 1)
			if len(base) == 0 || len(other) == 0 || base[0].text("unit") != other[0].text("unit") || isZero(base[0].amount("value")) ||
				kindOf(base[0].text("period")) != kindOf(other[0].text("period")) {
				continue
			}
			lines = append(lines, spaced(concept)+" of "+f.symbol+" as a part of that of "+companies[0].symbol+": "+refer(other[0].ref+".value / "+base[0].ref+".value", "%")+".")
		}
	}
	p.entries(lines)
	if len(lines) > 0 {
		p.note("Fiscal years end on different days, so that these periods may not be the same months.")
	}
}
