package portfolio

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/exchange"
)

// held is one position in one account.
type held struct {
	broker.Position
	instrument   string // its identity; empty for what was read before there were any
	connectionID string
	provider     string
	accountID    string // ours
	account      string // the brokerage's number
	stale        bool
	today        bool // as ofToday says
	// paidRate is what a unit of the line's currency cost on average when its lots were bought; invalid where that is not
	// known, and for what is in the person's currency.
	paidRate decimal.NullDecimal
}

// Digits after the point that divisions are rounded to.
const (
	averageCostDigits = 12
	percentDigits     = 6
)

// merge makes one holding of each instrument, with its figures in the rates' currency beside. The order of lines does not
// matter.
func merge(lines []held, rates exchange.Table) []Holding {
	groups := map[string][]held{}
	identity := identify(lines)
	for _, l := range lines {
		groups[identity(l)] = append(groups[identity(l)], l)
	}
	holdings := make([]Holding, 0, len(groups))
	for _, group := range groups {
		holdings = append(holdings, mergeOne(group, rates))
	}
	slices.SortFunc(holdings, largestFirst)
	return holdings
}

// identify gives what tells a line's instrument from others: its identity and, where it has none yet, that of the only
// one which is called the same, or else what it is called.
func identify(lines []held) func(held) string {
	called := map[string][]string{} // the identities by what they are called
	for _, l := range lines {
		if l.instrument != "" && !slices.Contains(called[l.name()], l.instrument) {
			called[l.name()] = append(called[l.name()], l.instrument)
		}
	}
	return func(l held) string {
		if known := called[l.name()]; l.instrument == "" && len(known) == 1 {
			return known[0]
		}
		return cmp.Or(l.instrument, l.name())
	}
}

// name is what an instrument is called where there is no better way to tell it.
func (l held) name() string { return string(l.AssetClass) + " " + l.Symbol + " " + l.Currency }

// mergeOne makes a holding of all lines of one instrument. What is held in several currencies is in the rates' currency.
func mergeOne(lines []held, rates exchange.Table) Holding {
	lines = slices.SortedFunc(slices.Values(lines), bySource)
	converted := inCurrency(lines, rates)
	own, currency := lines, lines[0].Currency
	if slices.ContainsFunc(lines, func(l held) bool { return l.Currency != currency }) {
		own, currency = converted, rates.To
	}
	f, first := add(own), lines[0]
	h := Holding{
		InstrumentID:         first.instrument,
		Symbol:               first.Symbol,
		AssetClass:           first.AssetClass,
		Currency:             currency,
		AverageCost:          averageCost(f.cost.whole(), f.units),
		CostBasis:            f.cost.whole(),
		Price:                newestPrice(own),
		MarketValue:          f.value.whole(),
		UnrealizedPnl:        f.pnl.whole(),
		UnrealizedPnlPercent: percent(f.pnl.whole(), f.pnlCost.whole()),
		DayChange:            f.change.whole(),
		DayChangePercent:     percent(f.change.whole(), f.changeBase.whole()),
		Base:                 inBase(converted, currency, rates),
		AsOf:                 first.AsOf,
		Sources:              make([]Source, 0, len(lines)),
	}
	for i, l := range lines {
		h.Quantity = h.Quantity.Add(l.Quantity)
		h.InstrumentID = cmp.Or(h.InstrumentID, l.instrument)
		h.Name = cmp.Or(h.Name, l.Name)
		h.Stale = h.Stale || l.stale
		if l.AsOf.Before(h.AsOf) {
			h.AsOf = l.AsOf
		}
		source := l.source()
		source.MarketValueBase = pointer(converted[i].MarketValue)
		h.Sources = append(h.Sources, source)
	}
	return h
}

// inBase are the figures of a holding's lines, which are in the rates' currency already.
func inBase(converted []held, currency string, rates exchange.Table) InBase {
	f := add(converted)
	base := InBase{
		Currency: rates.To, CostBasis: f.cost.whole(), MarketValue: f.value.whole(), UnrealizedPnl: f.pnl.whole(), DayChange: f.change.whole(),
	}
	if rate, ok := rates.Of(currency); ok {
		base.Rate, base.RateDay = &rate.Rate, &rate.Day
	}
	return base
}

// inCurrency are the lines with their amounts in the rates' currency, unknown where there is no rate. A cost is what was
// paid then, at the rates of then, where these are known.
func inCurrency(lines []held, rates exchange.Table) []held {
	all := slices.Clone(lines)
	for i := range all {
		l := &all[i]
		for _, amount := range []*decimal.NullDecimal{&l.Price, &l.PreviousClose, &l.MarketValue} {
			convert(amount, l.Currency, rates)
		}
		if l.paidRate.Valid {
			l.CostBasis.Decimal = l.CostBasis.Decimal.Mul(l.paidRate.Decimal)
		} else {
			convert(&l.CostBasis, l.Currency, rates)
		}
		l.Currency = rates.To
	}
	return all
}

func convert(amount *decimal.NullDecimal, currency string, rates exchange.Table) {
	converted, ok := rates.Convert(currency, amount.Decimal)
	*amount = decimal.NullDecimal{Decimal: converted, Valid: amount.Valid && ok}
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
		Currency:     l.Currency,
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

// largestFirst orders by market value in the person's currency, unknown ones last, then by the holding's own; what is
// equal by what tells instruments apart.
func largestFirst(a, b Holding) int {
	return cmp.Or(
		largerFirst(a.Base.MarketValue, b.Base.MarketValue),
		largerFirst(a.MarketValue, b.MarketValue),
		cmp.Compare(a.Symbol, b.Symbol),
		cmp.Compare(a.AssetClass, b.AssetClass),
		cmp.Compare(a.Currency, b.Currency),
		cmp.Compare(a.InstrumentID, b.InstrumentID),
	)
}

func largerFirst(a, b *decimal.Decimal) int {
	switch {
	case a != nil && b != nil:
		return b.Cmp(*a)
	case a != nil:
		return -1
	case b != nil:
		return 1
	}
	return 0
}
