package portfolio

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// held is one position in one account.
type held struct {
	broker.Position
	connectionID string
	provider     string
	accountID    string // ours
	account      string // the brokerage's number
	stale        bool
	today        bool // as ofToday says
}

// Digits after the point that divisions are rounded to.
const (
	averageCostDigits = 12
	percentDigits     = 6
)

// merge makes one holding of each instrument. The order of lines does not matter.
func merge(lines []held) []Holding {
	type instrument struct {
		class    broker.AssetClass
		symbol   string
		currency string
	}
	groups := map[instrument][]held{}
	for _, l := range lines {
		key := instrument{l.AssetClass, l.Symbol, l.Currency}
		groups[key] = append(groups[key], l)
	}
	holdings := make([]Holding, 0, len(groups))
	for _, group := range groups {
		holdings = append(holdings, mergeOne(group))
	}
	slices.SortFunc(holdings, largestFirst)
	return holdings
}

// mergeOne makes a holding of all lines of one instrument.
func mergeOne(lines []held) Holding {
	lines = slices.SortedFunc(slices.Values(lines), bySource)
	f := add(lines)
	first := lines[0]
	h := Holding{
		Symbol:               first.Symbol,
		AssetClass:           first.AssetClass,
		Currency:             first.Currency,
		AverageCost:          averageCost(f.cost.whole(), f.units),
		CostBasis:            f.cost.whole(),
		Price:                newestPrice(lines),
		MarketValue:          f.value.whole(),
		UnrealizedPnl:        f.pnl.whole(),
		UnrealizedPnlPercent: percent(f.pnl.whole(), f.pnlCost.whole()),
		DayChange:            f.change.whole(),
		DayChangePercent:     percent(f.change.whole(), f.changeBase.whole()),
		AsOf:                 first.AsOf,
		Sources:              make([]Source, 0, len(lines)),
	}
	for _, l := range lines {
		h.Quantity = h.Quantity.Add(l.Quantity)
		h.Name = cmp.Or(h.Name, l.Name)
		h.Stale = h.Stale || l.stale
		if l.AsOf.Before(h.AsOf) {
			h.AsOf = l.AsOf
		}
		h.Sources = append(h.Sources, l.source())
	}
	return h
}

// figures are the sums over lines, each with what is unknown in it.
type figures struct {
	units      decimal.Decimal // priced units: shares, or shares in contracts
	value      sum
	cost       sum
	pnl        sum // of lines whose value and cost are both known,
	pnlCost    sum // and the cost of these
	change     sum // since the previous close,
	changeBase sum // and the value there was then
}

func add(lines []held) figures {
	var f figures
	for _, l := range lines {
		units := l.Quantity.Mul(l.Multiplier)
		f.units = f.units.Add(units)
		f.value.add(l.MarketValue)
		f.cost.add(l.CostBasis)
		bothKnown := l.MarketValue.Valid && l.CostBasis.Valid
		f.pnl.addIf(bothKnown, l.MarketValue.Decimal.Sub(l.CostBasis.Decimal))
		f.pnlCost.addIf(bothKnown, l.CostBasis.Decimal)
		comparable := l.today && l.Price.Valid && l.PreviousClose.Valid
		f.change.addIf(comparable, units.Mul(l.Price.Decimal.Sub(l.PreviousClose.Decimal)))
		f.changeBase.addIf(comparable, units.Mul(l.PreviousClose.Decimal))
	}
	return f
}

// sum adds amounts and counts those that are unknown.
type sum struct {
	total   decimal.Decimal
	known   int
	unknown int
}

func (s *sum) add(v decimal.NullDecimal) { s.addIf(v.Valid, v.Decimal) }

func (s *sum) addIf(known bool, v decimal.Decimal) {
	if !known {
		s.unknown++
		return
	}
	s.known++
	s.total = s.total.Add(v)
}

// whole is the sum when every amount is known, else nil.
func (s sum) whole() *decimal.Decimal {
	if s.unknown > 0 {
		return nil
	}
	return &s.total
}

// counted is the sum of the known amounts; nil when there are amounts and none is known.
func (s sum) counted() *decimal.Decimal {
	if s.known == 0 && s.unknown > 0 {
		return nil
	}
	return &s.total
}

// source is the line as the brokerage reported it.
func (l held) source() Source {
	return Source{
		ConnectionID: l.connectionID,
		Provider:     l.provider,
		Account:      l.account,
		Quantity:     l.Quantity,
		AverageCost:  pointer(l.AverageCost),
		CostBasis:    pointer(l.CostBasis),
		Price:        pointer(l.Price),
		MarketValue:  pointer(l.MarketValue),
		AsOf:         l.AsOf,
		Stale:        l.stale,
	}
}

func newestPrice(lines []held) *decimal.Decimal {
	var newest held
	for _, l := range lines {
		if l.Price.Valid && (!newest.Price.Valid || l.AsOf.After(newest.AsOf)) {
			newest = l
		}
	}
	return pointer(newest.Price)
}

func averageCost(cost *decimal.Decimal, units decimal.Decimal) *decimal.Decimal {
	if cost == nil || units.IsZero() {
		return nil
	}
	return new(cost.DivRound(units, averageCostDigits).Abs())
}

// percent is how much part is of the size of whole, in percent; nil when either is unknown or whole is zero.
func percent(part, whole *decimal.Decimal) *decimal.Decimal {
	if part == nil || whole == nil || whole.IsZero() {
		return nil
	}
	return new(part.Shift(2).DivRound(whole.Abs(), percentDigits))
}

func pointer(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}

// bySource is a total order: a brokerage reports an instrument once for an account.
func bySource(a, b held) int {
	return cmp.Or(
		cmp.Compare(a.provider, b.provider),
		cmp.Compare(a.account, b.account),
		cmp.Compare(a.connectionID, b.connectionID),
		cmp.Compare(a.accountID, b.accountID),
		cmp.Compare(a.InstrumentID, b.InstrumentID),
	)
}

// largestFirst orders by market value, unknown ones last; what is equal by what tells instruments apart.
func largestFirst(a, b Holding) int {
	byValue := 0
	switch {
	case a.MarketValue != nil && b.MarketValue != nil:
		byValue = b.MarketValue.Cmp(*a.MarketValue)
	case a.MarketValue != nil:
		byValue = -1
	case b.MarketValue != nil:
		byValue = 1
	}
	return cmp.Or(
		byValue,
		cmp.Compare(a.Symbol, b.Symbol),
		cmp.Compare(a.AssetClass, b.AssetClass),
		cmp.Compare(a.Currency, b.Currency),
	)
}
