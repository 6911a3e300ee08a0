package lots

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// merging names what is done to an account's instruments on a day.
type merging struct {
	account string
	day     calendar.Day
}

// findMergers finds what is done to each account on a day: either side of a merger can only be understood by the other.
func (w *worker) findMergers(order []*ledger.Transaction) {
	w.mergers = map[merging][]*ledger.Transaction{}
	for _, t := range order {
		if t.Kind == broker.Merger && !t.Quantity.IsZero() {
			key := merging{t.AccountID, t.Day}
			w.mergers[key] = append(w.mergers[key], t)
		}
	}
}

// merge carries out all mergers of an account's day: first what is given up, then what is got for it. What nothing is got
// for was paid for, as a sale or a purchase is.
func (w *worker) merge(key merging) {
	all := w.mergers[key]
	delete(w.mergers, key)
	given, got := w.sides(all)
	var lots []Lot
	for _, t := range given {
		p := w.position(t)
		if !slices.ContainsFunc(got, func(g *ledger.Transaction) bool { return g.Quantity.Sign() == -t.Quantity.Sign() }) {
			w.workOn(t)
		} else if gave, ok := w.giveUp(t, p); ok {
			lots = append(lots, gave...)
			w.sum(p.Sums, t, p)
		}
	}
	for _, t := range got {
		p := w.position(t)
		lots = w.reorganise(t, p, lots)
		w.sum(p.Sums, t, p)
	}
}

// sides tells what is given up from what is got for it. What is given up goes, and what is got comes, unless an account is
// short: then what closes a short is given up, and what opens another is got.
func (w *worker) sides(all []*ledger.Transaction) (given, got []*ledger.Transaction) {
	closes := make([]bool, len(all))
	closed, opened := false, false
	for i, t := range all {
		w.splitUpTo(t.Instrument, t.Day, false)
		closes[i] = w.position(t).Quantity.Sign() == -t.Quantity.Sign()
		closed = closed || closes[i] && t.Quantity.IsPositive()
		opened = opened || !closes[i] && t.Quantity.IsNegative()
	}
	short := closed && opened
	for i, t := range all {
		if short && closes[i] || !short && t.Quantity.IsNegative() {
			given = append(given, t)
		} else {
			got = append(got, t)
		}
	}
	return given, got
}

// giveUp takes what is given up for something else, less what was paid out for it in cash.
func (w *worker) giveUp(t *ledger.Transaction, p *Position) ([]Lot, bool) {
	lots, ok := w.leave(t, p)
	if ok {
		w.payOut(t, p, lots)
	}
	p.endTrip(t.Day)
	p.mark(t, Reorganised, t.Quantity)
	return lots, ok
}

// payOut takes what a merger paid in cash off the costs that are carried over, of each lot by its quantity; what is more
// than a lot cost is gained, as is all where no lot is known. What was paid in addition is a cost.
func (w *worker) payOut(t *ledger.Transaction, p *Position, lots []Lot) {
	if plus(plus(t.Amount, t.Tax), t.Fee).IsZero() {
		return
	}
	none := decimal.NullDecimal{Valid: w.Base != ""}
	s := Sale{Transaction: t.ID, Kind: t.Kind, Day: t.Day, ProceedsBase: none, CostBase: none}
	value, _ := w.value(t, p)
	whole := held(lots)
	for i := range lots {
		part := value.portion(lots[i].Quantity, whole)
		value, whole = value.sub(part), whole.Sub(lots[i].Quantity)
		s.payOut(&lots[i], part, p.pool.inBase)
	}
	s.Proceeds, s.ProceedsBase = s.Proceeds.Sub(value.local), subNull(s.ProceedsBase, value.base)
	if s.Proceeds.IsZero() {
		return
	}
	s.gain(value.rate, p.pool.inBase)
	p.sold(s)
}

// payOut takes what was paid for a lot off its cost, as far as that goes.
func (s *Sale) payOut(l *Lot, part amount, inBase bool) {
	if part.local.Sign() == l.Quantity.Sign() {
		l.Cost, l.CostBase = l.Cost.Add(part.local), addNull(l.CostBase, part.base)
		return
	}
	cost := decimal.Min(part.local.Abs(), l.Cost.Abs())
	if l.Cost.IsNegative() {
		cost = cost.Neg()
	}
	base := portionNull(l.CostBase, cost, l.Cost)
	if inBase {
		base = decimal.NewNullDecimal(cost)
	}
	l.Cost, l.CostBase = l.Cost.Sub(cost), subNull(l.CostBase, base)
	s.Cost, s.CostBase = s.Cost.Add(cost), addNull(s.CostBase, base)
	s.Proceeds, s.ProceedsBase = s.Proceeds.Sub(part.local), subNull(s.ProceedsBase, part.base)
}

// held is how much some lots hold together.
func held(lots []Lot) decimal.Decimal {
	sum := decimal.Zero
	for _, l := range lots {
		sum = sum.Add(l.Quantity)
	}
	return sum
}

// reorganise adds what was got for what was given up that day, with the cost of that, less what was paid out, and gives
// what is not for it: where somebody is short, either side has its own. Where several things were got the first takes the
// cost, since nobody says how it divides; each is marked.
func (w *worker) reorganise(t *ledger.Transaction, p *Position, lots []Lot) (others []Lot) {
	var given []Lot
	for _, l := range lots {
		if l.Quantity.Sign() == t.Quantity.Sign() {
			given = append(given, l)
		} else {
			others = append(others, l)
		}
	}
	p.mark(t, Reorganised, t.Quantity)
	if len(given) == 0 && !t.Amount.IsPositive() {
		w.trade(t, p)
		return others
	}
	w.payOut(t, p, given)
	whole, rest := held(given), t.Quantity
	for i := range given {
		l := &given[i]
		part := t.Quantity.Mul(l.Quantity).DivRound(whole, QuantityDigits)
		if i == len(given)-1 {
			part = rest
		}
		l.Quantity, rest = part, rest.Sub(part)
	}
	w.arrive(t, p, given)
	return others
}
