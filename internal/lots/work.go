package lots

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// worker carries transactions out, one after the other.
type worker struct {
	Input
	book       *Book
	held       map[string][]*Position            // by instrument
	splitsDone map[string]int                    // by instrument
	transit    map[string][]Lot                  // what left and has not arrived, by the id of the arrival
	departures map[string]*ledger.Transaction    // which are still to be carried out, by their ids: of pairs alone
	mergers    map[merging][]*ledger.Transaction // which are still to be carried out
	implied    map[Holding]decimal.Decimal
}

// carryOut does what a transaction says to lots and sums.
func (w *worker) carryOut(t *ledger.Transaction) {
	if t.Instrument == "" {
		w.sum(w.cashSums(t.AccountID), t, nil)
		return
	}
	if _, paired := w.book.Pairs[t.ID]; paired && t.Quantity.IsNegative() && w.departures[t.ID] == nil {
		return // it has left already, when it arrived
	}
	if t.Kind == broker.Merger && !t.Quantity.IsZero() {
		w.merge(merging{t.AccountID, t.Day})
		return
	}
	w.splitUpTo(t.Instrument, t.Day, false)
	w.workOn(t)
}

// workOn does what a transaction says to its instrument's lots and sums.
func (w *worker) workOn(t *ledger.Transaction) {
	p := w.position(t)
	if t.Kind != broker.Split && !t.Quantity.IsZero() {
		if !w.move(t, p) {
			return
		}
		w.sumInKind(t, p)
	}
	w.sum(p.Sums, t, p)
}

// position is what the transaction's account has of its instrument.
func (w *worker) position(t *ledger.Transaction) *Position {
	key := Holding{t.AccountID, t.Instrument}
	if p := w.book.byHolding[key]; p != nil {
		return p
	}
	p := &Position{Account: t.AccountID, Instrument: t.Instrument, Currency: t.Currency, Sums: map[string]Sums{}, SumsBaseKnown: w.Base != ""}
	if i, known := w.Instruments[t.Instrument]; known && i.Currency != "" {
		p.Currency = i.Currency
	}
	p.RealisedBase = decimal.NullDecimal{Valid: w.Base != ""}
	if others := w.held[t.Instrument]; w.AcrossAccounts && len(others) > 0 {
		p.pool = others[0].pool
	} else {
		p.pool = &pool{method: w.Accounts[t.AccountID].Method, inBase: p.Currency == w.Base}
	}
	w.book.byHolding[key] = p
	w.held[t.Instrument] = append(w.held[t.Instrument], p)
	return p
}

// move changes what is held, and tells whether it was carried out.
func (w *worker) move(t *ledger.Transaction, p *Position) bool {
	other, paired := w.book.Pairs[t.ID]
	if paired && t.Quantity.IsPositive() {
		paired = w.sent(t, other)
	}
	switch {
	case paired && t.Quantity.IsPositive():
		w.arrive(t, p, w.transit[t.ID])
		delete(w.transit, t.ID)
		return true
	case paired:
		delete(w.departures, t.ID)
		lots, ok := w.leave(t, p)
		w.transit[other] = lots
		p.endTrip(t.Day)
		return ok
	}
	return w.trade(t, p)
}

// trade closes what the transaction is the opposite of, and opens what is left of it.
func (w *worker) trade(t *ledger.Transaction, p *Position) bool {
	value, known := w.value(t, p)
	quantity := t.Quantity.Abs()
	closes := decimal.Zero
	if p.Quantity.Sign()*t.Quantity.Sign() < 0 {
		closes = decimal.Min(quantity, p.Quantity.Abs())
	}
	opens := quantity.Sub(closes)
	if p.loose && closes.IsPositive() && opens.LessThan(Looseness) {
		opens = decimal.Zero
	}
	missing := opens.IsPositive() && t.Quantity.IsNegative() && t.Kind != ledger.Opening && !w.short(t, p)
	if w.Strict && missing {
		w.refuse(t, IncompleteHistory, opens)
		return false
	}
	if w.Strict && closes.IsPositive() && !w.nextAreOwn(t, p, closes) {
		w.refuse(t, LotElsewhere, closes)
		return false
	}
	rest := value
	if closes.IsPositive() || missing {
		part := value
		if opens.IsPositive() && !missing {
			part = value.portion(closes, quantity)
		}
		rest = value.sub(part)
		if !w.close(t, p, closes, part, missing, opens) {
			return false
		}
	}
	if opens.IsPositive() && !missing {
		if p.Quantity.IsZero() {
			p.trip = &Trip{Opened: t.Day, Short: t.Quantity.IsNegative(), GainBase: p.RealisedBase}
			p.trip.GainBase.Decimal = decimal.Zero
		}
		if t.Quantity.IsNegative() {
			opens = opens.Neg()
		}
		w.open(t, p, opens, rest, known)
	}
	return true
}

// open adds a lot.
func (w *worker) open(t *ledger.Transaction, p *Position, quantity decimal.Decimal, cost amount, known bool) {
	if !known {
		p.mark(t, CostUnknown, quantity)
	} else if t.Kind == broker.SpinOff {
		p.mark(t, Reorganised, quantity)
	}
	p.add(newLot(t, quantity, cost, known))
}

func newLot(t *ledger.Transaction, quantity decimal.Decimal, cost amount, known bool) Lot {
	return Lot{
		Transaction: t.ID, Account: t.AccountID, Day: t.Day, Quantity: quantity, Cost: cost.local, CostBase: cost.base,
		CostUnknown: !known, DayUnknown: t.Kind == ledger.Opening, DayRate: cost.dayRate, at: t.At.UnixMicro(),
	}
}

func (p *Position) add(l Lot) {
	p.pool.add(l)
	p.Quantity = p.Quantity.Add(l.Quantity)
}

// close consumes lots, and records what that brought.
func (w *worker) close(t *ledger.Transaction, p *Position, quantity decimal.Decimal, value amount, missing bool, lacking decimal.Decimal) bool {
	lots := w.take(t, p, quantity)
	s := Sale{Transaction: t.ID, Kind: t.Kind, Day: t.Day, Quantity: quantity, Lots: lots}
	s.Proceeds, s.ProceedsBase = value.local.Neg(), negNull(value.base)
	s.Cost, s.CostBase = costOf(lots, w.Base != "", p.pool.inBase)
	if missing {
		s.Quantity, s.Missing = quantity.Add(lacking), lacking
		p.Missing = p.Missing.Add(lacking)
		p.mark(t, IncompleteHistory, lacking)
	}
	if t.Kind == broker.DeliveryOut || t.Kind == broker.TransferOut || t.Kind == broker.SpinOff {
		s.Unrealised = !w.DeliveriesRealise
	}
	if s.Unrealised {
		s.Proceeds, s.ProceedsBase = s.Cost, s.CostBase
	}
	s.gain(value.rate, p.pool.inBase)
	p.sold(s)
	return true
}

// gain works out what a sale brought, in either currency, or the one that is both. rate is that of the sale.
func (s *Sale) gain(rate decimal.NullDecimal, inBase bool) {
	s.Gain = s.Proceeds.Sub(s.Cost)
	if inBase {
		s.GainBase = decimal.NewNullDecimal(s.Gain)
		s.PriceEffect, s.FXEffect = s.GainBase, decimal.NewNullDecimal(decimal.Zero)
		return
	}
	s.GainBase = subNull(s.ProceedsBase, s.CostBase)
	if s.GainBase.Valid && rate.Valid {
		s.PriceEffect = decimal.NewNullDecimal(s.Gain.Mul(rate.Decimal))
		s.FXEffect = subNull(s.GainBase, s.PriceEffect)
	}
}

// sold adds a sale to the position, and ends the trip with the last of it.
func (p *Position) sold(s Sale) {
	p.Sales = append(p.Sales, s)
	if !s.Unrealised {
		p.Realised = p.Realised.Add(s.Gain)
		if p.pool.inBase {
			p.RealisedBase = decimal.NewNullDecimal(p.Realised)
		} else {
			p.RealisedBase = addNull(p.RealisedBase, s.GainBase)
		}
	}
	if p.trip == nil {
		return
	}
	p.trip.Cost, p.trip.Proceeds, p.trip.Gain = p.trip.Cost.Add(s.Cost), p.trip.Proceeds.Add(s.Proceeds), p.trip.Gain.Add(s.Gain)
	p.trip.GainBase = addNull(p.trip.GainBase, s.GainBase)
	p.endTrip(s.Day)
}

func (p *Position) endTrip(day calendar.Day) {
	if p.trip != nil && p.Quantity.IsZero() {
		p.trip.Closed = day
		p.Trips = append(p.Trips, *p.trip)
		p.trip = nil
	}
}

// take removes lots from a position.
func (w *worker) take(t *ledger.Transaction, p *Position, quantity decimal.Decimal) []Lot {
	if !quantity.IsPositive() {
		return nil
	}
	var chosen []ledger.ChosenLot
	if p.pool.method == user.Specific {
		chosen = w.Chosen[t.ID]
		if len(chosen) == 0 {
			p.mark(t, NoLotsChosen, quantity)
		} else if there := p.pool.there(t.AccountID, chosen); there.LessThan(total(chosen)) {
			p.mark(t, LotsNotThere, total(chosen).Sub(there))
		}
	}
	lots := p.pool.take(quantity, t.AccountID, chosen)
	for _, l := range lots {
		p.Quantity = p.Quantity.Sub(l.Quantity)
	}
	if p.loose && p.pool.held.Abs().LessThan(Looseness) { // the fraction that the split left by rounding
		last := &lots[len(lots)-1]
		for _, l := range p.pool.open(t.AccountID) {
			last.Cost, last.CostBase = last.Cost.Add(l.Cost), addNull(last.CostBase, l.CostBase)
		}
		p.pool.lots, p.pool.held, p.Quantity = nil, decimal.Zero, decimal.Zero
	}
	return lots
}

// Looseness is how much a quantity may be off after a split that did not come out even: brokerages round to six digits.
var Looseness = decimal.New(1, -6)

// splitUpTo carries out an instrument's splits up to a day, or all.
func (w *worker) splitUpTo(instrument string, day calendar.Day, all bool) {
	splits := w.Splits[instrument]
	for done := w.splitsDone[instrument]; done < len(splits); done++ {
		s := splits[done]
		if !all && day.Before(s.Day) {
			return
		}
		w.splitsDone[instrument] = done + 1
		split := map[*pool]bool{}
		for _, p := range w.held[instrument] {
			if !split[p.pool] {
				split[p.pool] = true
				if !p.pool.split(s.From, s.To) {
					p.loose = true
				}
			}
			p.Quantity = decimal.Zero
			for _, l := range p.pool.lots {
				if l.Account == p.Account {
					p.Quantity = p.Quantity.Add(l.Quantity)
				}
			}
			p.Missing = p.Missing.Mul(s.To).DivRound(s.From, QuantityDigits)
		}
	}
}

// short tells whether a sale beyond what is held opens a short.
func (w *worker) short(t *ledger.Transaction, p *Position) bool {
	rules := w.Accounts[t.AccountID]
	if !rules.Complete {
		return false
	}
	if rules.Reported == nil {
		return true
	}
	reported := rules.Reported[t.Instrument]
	return reported.IsNegative() || reported.Sub(w.quantities()[Holding{p.Account, p.Instrument}]).Abs().LessThan(Looseness)
}

// quantities is what the transactions come to by themselves.
func (w *worker) quantities() map[Holding]decimal.Decimal {
	if w.implied == nil {
		w.implied = Quantities(w.Transactions, w.Splits, w.Until)
	}
	return w.implied
}

// refuse notes what is not carried out.
func (w *worker) refuse(t *ledger.Transaction, why Reason, quantity decimal.Decimal) {
	w.book.Refused = append(w.book.Refused, Mark{t.ID, t.Day, why, quantity.Abs()})
}

func (p *Position) mark(t *ledger.Transaction, why Reason, quantity decimal.Decimal) {
	p.Marks = append(p.Marks, Mark{t.ID, t.Day, why, quantity.Abs()})
}

// finish sums up what is open, and what was received and paid.
func (p *Position) finish(base string) {
	inBase := base != ""
	p.SumsBase = p.SumsBase.add(p.Sums[base])
	p.Lots = p.pool.open(p.Account)
	p.Cost, p.CostBase = costOf(p.Lots, inBase, p.pool.inBase)
}

// costOf is what some lots cost, in their currency and, when there is one, in the base; same tells that they are one.
func costOf(lots []Lot, inBase, same bool) (cost decimal.Decimal, base decimal.NullDecimal) {
	base.Valid = inBase
	for i := range lots {
		if i == 0 {
			cost = lots[0].Cost
		} else {
			cost = cost.Add(lots[i].Cost)
		}
		if !same {
			base = addNull(base, lots[i].CostBase)
		}
	}
	if same {
		base.Decimal = cost
	}
	return cost, base
}

// there is how much of the chosen lots an account has.
func (p *pool) there(account string, chosen []ledger.ChosenLot) decimal.Decimal {
	sum := decimal.Zero
	for _, c := range chosen {
		has := decimal.Zero
		for _, l := range p.lots {
			if l.Transaction == c.TransactionID && l.Account == account {
				has = has.Add(l.Quantity.Abs())
			}
		}
		sum = sum.Add(decimal.Min(has, c.Quantity))
	}
	return sum
}

func total(chosen []ledger.ChosenLot) decimal.Decimal {
	sum := decimal.Zero
	for _, c := range chosen {
		sum = sum.Add(c.Quantity)
	}
	return sum
}

// nextAreOwn tells whether the lots that would be sold next are the seller's; always, unless accounts share a pool.
func (w *worker) nextAreOwn(t *ledger.Transaction, p *Position, quantity decimal.Decimal) bool {
	if !w.AcrossAccounts || p.pool.method == user.Average || p.pool.method == user.Specific {
		return true
	}
	lots := slices.Clone(p.pool.lots)
	slices.SortFunc(lots, func(a, b *Lot) int {
		switch p.pool.method {
		case user.LIFO:
			return compareLots(b, a)
		case user.HIFO:
			return cmpBool(byCost{a, b}.Less(1, 0))
		}
		return compareLots(a, b)
	})
	for _, l := range lots {
		if !quantity.IsPositive() {
			break
		}
		if l.Account != t.AccountID {
			return false
		}
		quantity = quantity.Sub(l.Quantity.Abs())
	}
	return true
}

func cmpBool(greater bool) int {
	if greater {
		return 1
	}
	return -1
}
