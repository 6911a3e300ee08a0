package facts

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Figure is one by which companies are compared, made of what they filed.
type Figure struct {
	Name   string // as package market names metrics
	Value  decimal.Decimal
	Unit   string // amount, amountPerShare, percent, ratio or shares
	Money  string // ISO 4217 where the unit is an amount
	Period string // "ttm", or a fiscal period; empty for the latest moment
	AsOf   calendar.Day
	Filing string
	Form   string // of the filing
}

const (
	// outdated is after how many days without a newer report a figure is no longer the company's: it has stopped tagging it.
	outdated = 200
	// digits of ratios and percents.
	digits = 4
	ttm    = "ttm"
)

// Figures are those that the company's filings give, of the last twelve months or the last balance sheet. What would need
// two reports of different days is left out.
func (c *Company) Figures() []Figure {
	m := maker{c: c, known: map[string]Value{}}
	for _, f := range figures {
		if v, ok := c.Latest(f.name); ok {
			m.known[f.name] = v
			if f.name == Assets || f.name == NetIncome {
				m.last = later(m.last, v.End)
			}
		}
	}
	m.plain(Revenue, "revenue")
	m.plain(GrossProfit, "grossProfit")
	m.plain(OperatingIncome, "operatingIncome")
	m.plain(NetIncome, "netIncome")
	m.plain(OperatingCashFlow, "operatingCashFlow")
	m.freeCashFlow()
	m.plain(EPSDiluted, "eps")
	m.plain(DividendsPerShare, "dividendPerShare")
	m.plain(Assets, "totalAssets")
	m.plain(Liabilities, "totalLiabilities")
	m.plain(Equity, "equity")
	m.ratio("grossMargin", GrossProfit, Revenue, true)
	m.ratio("operatingMargin", OperatingIncome, Revenue, true)
	m.ratio("netMargin", NetIncome, Revenue, true)
	m.ratio("returnOnEquity", NetIncome, Equity, true)
	m.ratio("returnOnAssets", NetIncome, Assets, true)
	m.ratio("currentRatio", CurrentAssets, CurrentLiabilities, false)
	m.growth(Revenue, "revenueGrowth")
	m.growth(NetIncome, "earningsGrowth")
	m.plain(SharesOutstanding, "sharesOutstanding")
	return m.made
}

func later(a, b calendar.Day) calendar.Day {
	if a.Before(b) {
		return b
	}
	return a
}

// maker makes figures of the values that are known by name.
type maker struct {
	c     *Company
	known map[string]Value
	last  calendar.Day // the end of what was reported last
	made  []Figure
}

// get is a value that is not from long before the last report.
func (m *maker) get(name string) (Value, bool) {
	v, ok := m.known[name]
	return v, ok && m.last.Number()-v.End.Number() <= outdated
}

func (m *maker) add(name, unit string, value decimal.Decimal, of Value) {
	f := Figure{Name: name, Value: value, Unit: unit, AsOf: of.End, Filing: of.Filing, Form: of.Form, Period: of.Period}
	switch {
	case of.Span == Moment:
		f.Period = ""
	case of.Period == "TTM":
		f.Period = ttm
	}
	if unit == "amount" || unit == "amountPerShare" {
		f.Money = of.Unit[:3]
	}
	m.made = append(m.made, f)
}

func (m *maker) plain(name, as string) {
	v, ok := m.get(name)
	if !ok {
		return
	}
	switch {
	case additive(v.Unit):
		m.add(as, "amount", v.Value, v)
	case len(v.Unit) == len("USD/shares") && additive(v.Unit[:3]):
		m.add(as, "amountPerShare", v.Value, v)
	case v.Unit == "shares":
		m.add(as, "shares", v.Value, v)
	}
}

// ratio divides two values of periods that end on the same day, in percent where asked.
func (m *maker) ratio(as, over, under string, percent bool) {
	a, aOK := m.get(over)
	b, bOK := m.get(under)
	if !aOK || !bOK || a.End != b.End || a.Unit != b.Unit || !b.Value.IsPositive() || a.Span != b.Span && b.Span != Moment {
		return
	}
	if percent {
		m.add(as, "percent", a.Value.Shift(2).DivRound(b.Value, digits), a)
		return
	}
	m.add(as, "ratio", a.Value.DivRound(b.Value, digits), a)
}

func (m *maker) freeCashFlow() {
	in, inOK := m.get(OperatingCashFlow)
	out, outOK := m.get(CapitalExpenditure)
	if inOK && outOK && in.End == out.End && in.Span == out.Span && in.Unit == out.Unit && additive(in.Unit) {
		m.add("freeCashFlow", "amount", in.Value.Sub(out.Value), in)
	}
}

// growth holds the last quarter against the same quarter a year before, where both are counted alike.
func (m *maker) growth(name, as string) {
	if _, ok := m.get(name); !ok {
		return
	}
	all := m.c.all(name, "")
	i := slices.IndexFunc(all, func(v Value) bool { return v.Span == Quarterly })
	if i < 0 || m.last.Number()-all[i].End.Number() > outdated {
		return
	}
	now := all[i]
	j := slices.IndexFunc(all, func(v Value) bool {
		days := now.End.Number() - v.End.Number()
		return v.Span == Quarterly && v.Concept == now.Concept && days >= 357 && days <= 372
	})
	if j >= 0 && all[j].Value.IsPositive() && oneBasis(now, all[j]) {
		m.add(as, "percent", now.Value.Sub(all[j].Value).Shift(2).DivRound(all[j].Value, digits), now)
	}
}
