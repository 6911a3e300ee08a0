package lots

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// amount is money in a position's currency and in the base. It has the sign of the quantity: what was bought costs,
// what was sold is negative.
type amount struct {
	local   decimal.Decimal
	base    decimal.NullDecimal
	rate    decimal.NullDecimal // from local to base
	dayRate bool                // rate is that of the day
}

func (a amount) portion(part, whole decimal.Decimal) amount {
	a.local, a.base = portion(a.local, part, whole), portionNull(a.base, part, whole)
	return a
}

func (a amount) sub(b amount) amount {
	a.local, a.base = a.local.Sub(b.local), subNull(a.base, b.base)
	return a
}

// value is what a transaction cost with its fees, or brought less its fees, negative; known is false when nobody said.
// A trade counts with the cash it moved, everything else with its price, as does a future, for which nothing is paid.
func (w *worker) value(t *ledger.Transaction, p *Position) (v amount, known bool) {
	bare := plus(plus(t.Amount, t.Tax), t.Fee).Neg() // what it cost without fee and tax
	fee := t.Fee
	if w.FeesApart || t.Kind == broker.Fee { // all of which is in Sums
		fee = decimal.Zero
	}
	traded := t.Kind == broker.Buy || t.Kind == broker.Sell || t.Kind == broker.Merger
	switch {
	case traded && !bare.IsZero() && t.Currency == p.Currency:
		return w.inBase(t, p, plus(bare, fee)), true
	case traded && !bare.IsZero():
		return w.converted(t, p, bare, fee), true
	case !t.Price.Valid:
		return w.inBase(t, p, decimal.Zero), false
	}
	if t.Currency != p.Currency && !fee.IsZero() {
		rate, ok := w.rate(t.Currency, p.Currency, t.Day)
		fee = fee.Mul(rate)
		if !ok {
			p.mark(t, RateMissing, t.Quantity)
		}
	}
	return w.inBase(t, p, plus(w.gross(t), fee)), true
}

// gross is quantity and price of a transaction, in its instrument's currency; zero where there is no price.
func (w *worker) gross(t *ledger.Transaction) decimal.Decimal {
	return t.Quantity.Mul(t.Price.Decimal).Mul(w.multiplier(t.Instrument))
}

// converted is what was paid in the transaction's currency, in the position's, which is another. The price tells at which
// rate, where there is one; else it is the day's.
func (w *worker) converted(t *ledger.Transaction, p *Position, bare, fee decimal.Decimal) amount {
	paid, gross := bare.Add(fee), w.gross(t)
	var v amount
	if !gross.IsZero() {
		v.local = paid.Mul(gross).DivRound(bare, QuantityDigits)
	} else if rate, ok := w.rate(t.Currency, p.Currency, t.Day); ok {
		v.local = paid.Mul(rate)
	} else {
		p.mark(t, CostUnknown, t.Quantity)
	}
	if w.Base == "" {
		return v
	}
	if p.Currency == w.Base {
		v.base, v.rate = decimal.NewNullDecimal(v.local), decimal.NewNullDecimal(one)
		return v
	}
	rate, ok := w.baseRate(t, t.Currency)
	if !ok {
		p.mark(t, RateMissing, t.Quantity)
		return v
	}
	v.base = decimal.NewNullDecimal(paid.Mul(rate))
	v.dayRate = w.byDay(t, t.Currency)
	if !v.local.IsZero() {
		v.rate = decimal.NewNullDecimal(v.base.Decimal.DivRound(v.local, QuantityDigits))
	}
	return v
}

// inBase is an amount of the position's currency.
func (w *worker) inBase(t *ledger.Transaction, p *Position, local decimal.Decimal) amount {
	v := amount{local: local}
	if w.Base == "" {
		return v
	}
	rate, ok := w.baseRate(t, p.Currency)
	if !ok {
		p.mark(t, RateMissing, t.Quantity)
		return v
	}
	v.rate, v.base = decimal.NewNullDecimal(rate), decimal.NewNullDecimal(local)
	if p.Currency != w.Base {
		v.base.Decimal, v.dayRate = local.Mul(rate), w.byDay(t, p.Currency)
	}
	return v
}

// baseRate is the rate to the base that came with the transaction, or its day's.
func (w *worker) baseRate(t *ledger.Transaction, currency string) (decimal.Decimal, bool) {
	if rate, came := w.TradeRates[t.ID]; came && currency == t.Currency {
		return rate, true
	}
	return w.rate(currency, w.Base, t.Day)
}

func (w *worker) byDay(t *ledger.Transaction, currency string) bool {
	_, came := w.TradeRates[t.ID]
	return currency != w.Base && !came
}

func (w *worker) rate(from, to string, day calendar.Day) (decimal.Decimal, bool) {
	if from == to {
		return one, true
	}
	if w.Rate == nil {
		return decimal.Zero, false
	}
	return w.Rate(from, to, day)
}

var one = decimal.NewFromInt(1)

func (w *worker) multiplier(instrument string) decimal.Decimal {
	if i, known := w.Instruments[instrument]; known && !i.Multiplier.IsZero() {
		return i.Multiplier
	}
	return one
}

// sum adds what a transaction brought or cost beside its lots.
func (w *worker) sum(sums map[string]Sums, t *ledger.Transaction, p *Position) {
	s := Sums{Taxes: t.Tax}
	before := func() decimal.Decimal { return t.Amount.Add(t.Fee).Add(t.Tax) }
	switch t.Kind {
	case broker.Buy, broker.Sell, broker.Merger, broker.DeliveryIn, broker.DeliveryOut:
		s.TradeFees = t.Fee
	case broker.Dividend:
		s.Dividends, s.Fees = before(), t.Fee
	case broker.Interest:
		s.Interest, s.Fees = before(), t.Fee
	case broker.Fee:
		s.Fees = t.Amount.Add(t.Tax).Neg() // Fee is in it
	case broker.Tax:
		s.Taxes, s.Fees = t.Amount.Add(t.Fee).Neg(), t.Fee // Tax is in it
	default:
		s.Fees = t.Fee
	}
	if s.isZero() {
		return
	}
	sums[t.Currency] = sums[t.Currency].add(s)
	if p == nil {
		return
	}
	w.sumBase(s, t, t.Currency, p)
}

// sumBase adds what is in another currency than the base, at its rate.
func (w *worker) sumBase(s Sums, t *ledger.Transaction, currency string, p *Position) {
	if !p.SumsBaseKnown || currency == w.Base { // what is in the base is added in the end
		return
	}
	rate, ok := w.baseRate(t, currency)
	p.SumsBase, p.SumsBaseKnown = p.SumsBase.add(s.at(rate)), ok
}

// sumInKind adds a fee that was paid with the instrument itself, as crypto exchanges take theirs. Its lots are closed at
// the price as by a sale, but nobody got the proceeds: they are the fee.
func (w *worker) sumInKind(t *ledger.Transaction, p *Position) {
	if t.Kind != broker.Fee || !t.Price.Valid {
		return
	}
	s := Sums{Fees: w.gross(t).Neg()}
	p.Sums[p.Currency] = p.Sums[p.Currency].add(s)
	w.sumBase(s, t, p.Currency, p)
}

func (w *worker) cashSums(account string) map[string]Sums {
	if w.book.Sums[account] == nil {
		w.book.Sums[account] = map[string]Sums{}
	}
	return w.book.Sums[account]
}

func negNull(d decimal.NullDecimal) decimal.NullDecimal {
	d.Decimal = d.Decimal.Neg()
	return d
}

// Quantities is what transactions and splits come to by themselves, by account and instrument, at the end of a day;
// with the zero day, of all. No sale is refused, and nothing is taken as missing.
func Quantities(all []ledger.Transaction, splits map[string][]instrument.Split, until calendar.Day) map[Holding]decimal.Decimal {
	sums := map[Holding]decimal.Decimal{}
	for i := range all {
		t := &all[i]
		if t.Instrument == "" || t.Kind == broker.Split || t.Quantity.IsZero() || until != (calendar.Day{}) && until.Before(t.Day) {
			continue
		}
		quantity := t.Quantity
		for _, s := range splits[t.Instrument] {
			if t.Day.Before(s.Day) && (until == calendar.Day{} || !until.Before(s.Day)) {
				quantity = quantity.Mul(s.To).DivRound(s.From, QuantityDigits)
			}
		}
		key := Holding{t.AccountID, t.Instrument}
		sums[key] = sums[key].Add(quantity)
	}
	return sums
}
