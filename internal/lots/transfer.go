package lots

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// sent sees to it that what arrives has left the other account. Brokerages book a delivery each on a day of its own, so that
// one may arrive days before it leaves: then it leaves now. Where the other account does not hold as much yet, or the
// departure is beyond the last day, what arrives is not known to come from there: the two are no pair.
func (w *worker) sent(t *ledger.Transaction, other string) bool {
	if _, left := w.transit[t.ID]; left {
		return true
	}
	out := w.departures[other]
	if out == nil || !w.position(out).lacks(out.Quantity.Neg()).IsZero() {
		delete(w.book.Pairs, t.ID)
		delete(w.book.Pairs, other)
		return false
	}
	w.workOn(out)
	return true
}

// findDepartures finds what leaves for another account, so that it can do so when it arrives there.
func (w *worker) findDepartures(order []*ledger.Transaction) {
	w.departures = map[string]*ledger.Transaction{}
	if len(w.book.Pairs) == 0 {
		return
	}
	for _, t := range order {
		if _, paired := w.book.Pairs[t.ID]; paired && t.Quantity.IsNegative() {
			w.departures[t.ID] = t
		}
	}
}

// there is how much is held of what is to leave, which is negative where that is short.
func (p *Position) there(leaving decimal.Decimal) decimal.Decimal {
	if p.Quantity.Sign() != leaving.Sign() {
		return decimal.Zero
	}
	return p.Quantity.Abs()
}

// lacks is how much of it is not held.
func (p *Position) lacks(leaving decimal.Decimal) decimal.Decimal {
	lacking := leaving.Abs().Sub(p.there(leaving))
	if !lacking.IsPositive() || p.loose && lacking.LessThan(Looseness) {
		return decimal.Zero
	}
	return lacking
}

// leave takes what goes to another account, or is given up for another instrument, with its costs.
func (w *worker) leave(t *ledger.Transaction, p *Position) ([]Lot, bool) {
	leaving := t.Quantity.Neg()
	if lacking := p.lacks(leaving); lacking.IsPositive() {
		if w.Strict {
			w.refuse(t, IncompleteHistory, lacking)
			return nil, false
		}
		p.Missing = p.Missing.Add(lacking.Mul(decimal.NewFromInt(int64(leaving.Sign()))))
		p.mark(t, IncompleteHistory, lacking)
	}
	return w.take(t, p, decimal.Min(leaving.Abs(), p.there(leaving))), true
}

// arrive adds what came from another account, with the days and costs it had there; what is not known of it has none.
// Where the account is short of it, that is covered first.
func (w *worker) arrive(t *ledger.Transaction, p *Position, lots []Lot) {
	if rest := t.Quantity.Sub(held(lots)); rest.Sign() == t.Quantity.Sign() {
		lots = append(lots, newLot(t, rest, amount{base: decimal.NullDecimal{Valid: w.Base != ""}}, false))
		p.mark(t, CostUnknown, rest)
	}
	for i := range lots {
		lots[i].Account = t.AccountID
	}
	if p.Quantity.Sign()*t.Quantity.Sign() < 0 {
		lots = w.cover(t, p, lots)
	}
	if p.Quantity.IsZero() && len(lots) > 0 {
		p.trip = &Trip{Opened: t.Day, Short: t.Quantity.IsNegative(), GainBase: decimal.NullDecimal{Valid: w.Base != ""}}
	}
	for _, l := range lots {
		p.add(l)
	}
}

// cover closes what arriving lots are the opposite of, at what they cost, and gives what is left of them.
func (w *worker) cover(t *ledger.Transaction, p *Position, arriving []Lot) []Lot {
	from := &pool{inBase: p.pool.inBase}
	for _, l := range arriving {
		from.add(l)
	}
	quantity := decimal.Min(from.held.Abs(), p.Quantity.Abs())
	var v amount
	v.local, v.base = costOf(from.take(quantity, t.AccountID, nil), w.Base != "", from.inBase)
	if rate, ok := w.baseRate(t, p.Currency); ok && w.Base != "" {
		v.rate = decimal.NewNullDecimal(rate)
	}
	w.close(t, p, quantity, v, false, decimal.Zero)
	return from.open(t.AccountID)
}
