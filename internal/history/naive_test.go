package history

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// ledgerDay is what the naive recomputation knows of a day.
type ledgerDay struct {
	value, in, out, income, fees, taxes decimal.Decimal
}

func (w *world) account(id string) ledger.Account {
	return w.Accounts[slices.IndexFunc(w.Accounts, func(a ledger.Account) bool { return a.ID == id })]
}

func (w *world) rate(currency string, d int32) decimal.Decimal {
	switch {
	case currency == w.Base:
		return one
	case w.Base == "USD":
		return w.fx[d]
	}
	return w.fx[d] // of dollars in euros the same numbers are used
}

func (w *world) tradingDay(d calendar.Day) calendar.Day {
	for !calendar.IsTradingDay(d) {
		d = d.AddDays(1)
	}
	return d
}

// naive works the days out one by one, from nothing each time, with no thought for speed: what is held is counted up from
// the first transaction, and each kind of flow is listed by its rule.
func (w *world) naive(scope []string) (days []calendar.Day, all []ledgerDay) {
	first := w.tradingDay(w.Transactions[0].Day)
	for d := first; !w.Through.Before(d); d = d.AddDays(1) {
		if calendar.IsTradingDay(d) {
			days, all = append(days, d), append(all, w.naiveDay(scope, d))
		}
	}
	return days, all
}

func (w *world) naiveDay(scope []string, d calendar.Day) ledgerDay {
	var l ledgerDay
	opening := map[string]decimal.Decimal{}
	for _, t := range w.Transactions {
		if !slices.Contains(scope, t.AccountID) || w.tradingDay(t.Day) != d {
			continue
		}
		rate := w.rate(t.Currency, d.Number())
		gross := t.Amount.Add(t.Fee).Add(t.Tax).Mul(rate)
		l.fees, l.taxes = l.fees.Add(t.Fee.Mul(rate)), l.taxes.Add(t.Tax.Mul(rate))
		complete := w.account(t.AccountID).CashComplete
		flow := func(amount decimal.Decimal) {
			if amount.IsPositive() {
				l.in = l.in.Add(amount)
			} else {
				l.out = l.out.Sub(amount)
			}
		}
		switch t.Kind {
		case broker.Dividend, broker.Interest:
			l.income = l.income.Add(gross)
		case broker.Fee:
			l.fees = l.fees.Sub(gross).Sub(w.inKind(t, d))
		case broker.Tax:
			l.taxes = l.taxes.Sub(gross)
		case broker.Deposit, broker.Withdrawal:
			if complete {
				flow(gross)
			}
		case broker.DeliveryIn, broker.DeliveryOut:
			flow(w.worth(t.Instrument, t.Quantity, d))
		case ledger.Opening:
			opening[t.AccountID] = opening[t.AccountID].Add(w.worth(t.Instrument, t.Quantity, d))
		case broker.TransferIn, broker.TransferOut:
			if other := w.other(t); slices.Contains(scope, other.AccountID) {
				break
			}
			if t.Instrument != "" {
				flow(w.worth(t.Instrument, t.Quantity, d))
			} else {
				flow(gross)
			}
		}
		if paid := t.Amount.Mul(rate); !complete && t.Kind != broker.Deposit && t.Kind != broker.Withdrawal && t.Kind != broker.Exchange {
			flow(paid.Neg()) // what an account without cash pays comes from outside
		} else if !complete && t.Kind == broker.Withdrawal {
			flow(t.Fee.Mul(rate)) // and so does the fee of a withdrawal that is not there
		}
	}
	for _, amount := range opening {
		if amount.IsPositive() {
			l.in = l.in.Add(amount)
		} else {
			l.out = l.out.Sub(amount)
		}
	}
	l.value = w.naiveValue(scope, d)
	return l
}

// inKind is what a fee took of an instrument, at the price it was taken at, or else at the close.
func (w *world) inKind(t ledger.Transaction, d calendar.Day) decimal.Decimal {
	switch {
	case t.Instrument == "" || t.Quantity.IsZero():
		return decimal.Zero
	case !t.Price.Valid:
		return w.worth(t.Instrument, t.Quantity, d)
	}
	in := w.Instruments[t.Instrument]
	return t.Quantity.Mul(t.Price.Decimal).Mul(in.Multiplier).Mul(w.rate(in.Currency, d.Number()))
}

func (w *world) other(t ledger.Transaction) ledger.Transaction {
	return w.Transactions[slices.IndexFunc(w.Transactions, func(o ledger.Transaction) bool { return o.ID == w.transfers[t.ID] })]
}

func (w *world) worth(id string, quantity decimal.Decimal, d calendar.Day) decimal.Decimal {
	in := w.Instruments[id]
	return quantity.Mul(w.raw[id][d.Number()]).Mul(in.Multiplier).Mul(w.rate(in.Currency, d.Number()))
}

// naiveValue counts what is held at the close of a day, the unarrived included, and values it.
func (w *world) naiveValue(scope []string, d calendar.Day) decimal.Decimal {
	value := decimal.Zero
	for _, t := range w.Transactions {
		if d.Before(w.tradingDay(t.Day)) || !slices.Contains(scope, t.AccountID) {
			continue
		}
		value = value.Add(w.held(t, d))
		if other := w.transfers[t.ID]; other != "" {
			o := w.other(t)
			if slices.Contains(scope, o.AccountID) && d.Before(w.tradingDay(o.Day)) { // under way
				value = value.Sub(w.held(t, d))
			}
		}
	}
	return value
}

// held is what is there at the close of a day of what a transaction brought.
func (w *world) held(t ledger.Transaction, d calendar.Day) decimal.Decimal {
	value := decimal.Zero
	if w.account(t.AccountID).CashComplete {
		value = t.Amount.Mul(w.rate(t.Currency, d.Number()))
	}
	if t.Instrument == "" || t.Quantity.IsZero() {
		return value
	}
	quantity := t.Quantity
	for _, s := range w.Splits[t.Instrument] {
		if w.tradingDay(t.Day).Before(s.Day) && !d.Before(s.Day) {
			quantity = quantity.Mul(s.To).DivRound(s.From, 16)
		}
	}
	return value.Add(w.worth(t.Instrument, quantity, d))
}

var nearlyNothing = dec("0.001")

func near(a, b decimal.Decimal) bool { return a.Sub(b).Abs().LessThan(nearlyNothing) }

func scopes() [][]string { return [][]string{{"A", "B", "C"}, {"A", "B"}, {"A"}, {"C"}} }

func viewOf(h *History, scope []string) *View {
	return h.View(func(id string) bool { return slices.Contains(scope, id) })
}

func TestFiguresEqualANaiveRecomputationOfRandomLedgers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		h := Build(w.Input)
		for _, scope := range scopes() {
			v := viewOf(h, scope)
			days, naive := w.naive(scope)
			if len(days) != len(h.days) {
				t.Fatalf("got %d days, want %d", len(h.days), len(days))
			}
			for i, d := range days {
				got := v.Between(i-1, i)
				want := naive[i]
				if h.DayOf(i) != d || !near(decimal.NewFromFloat(v.Value[i]), want.value) {
					t.Fatalf("%v on %s: got %f, want %s", scope, d, v.Value[i], want.value)
				}
				for name, pair := range map[string][2]decimal.Decimal{
					"in": {got.In, want.in}, "out": {got.Out, want.out}, "income": {got.Income, want.income},
					"fees": {got.Fees, want.fees}, "taxes": {got.Taxes, want.taxes},
				} {
					if !near(pair[0], pair[1]) {
						t.Fatalf("%v on %s: %s: got %s, want %s", scope, d, name, pair[0], pair[1])
					}
				}
			}
			w.checkStretches(t, v, naive)
		}
	})
}

// checkStretches takes stretches of days apart: end points and sums as the naive recomputation has them, drivers and
// contributions that add up.
func (w *world) checkStretches(t *rapid.T, v *View, naive []ledgerDay) {
	through := rapid.IntRange(0, len(naive)-1).Draw(t, "through")
	after := rapid.IntRange(-1, through-1).Draw(t, "after")
	b := v.TakeApart(after, through)
	opening, sum := decimal.Zero, ledgerDay{}
	if after >= 0 {
		opening = naive[after].value
	}
	for _, l := range naive[after+1 : through+1] {
		sum.in, sum.out = sum.in.Add(l.in), sum.out.Add(l.out)
	}
	if !near(b.Opening, opening) || !near(b.Closing, naive[through].value) || !near(b.In, sum.in) || !near(b.Out, sum.out) {
		t.Fatalf("got %s to %s with %s in and %s out, want %s to %s with %s and %s", b.Opening, b.Closing, b.In, b.Out,
			opening, naive[through].value, sum.in, sum.out)
	}
	if sum := decimal.Sum(b.Opening, b.In, b.Out.Neg(), b.Market, b.Income, b.Fees.Neg(), b.Taxes.Neg(), b.FX); !near(sum, b.Closing) {
		t.Fatalf("the parts add up to %s, want %s", sum, b.Closing)
	}
	assets, accounts := decimal.Zero, b.Transit.Gain
	for _, part := range b.ByAsset {
		assets = assets.Add(part.Gain)
	}
	for _, part := range b.ByAccount {
		accounts = accounts.Add(part.Gain)
	}
	if !near(assets, b.Gain()) || !near(accounts, b.Gain()) {
		t.Fatalf("got gains of %s and %s, want %s", assets, accounts, b.Gain())
	}
}

func TestAHistoryThatIsContinuedIsTheOneBuiltAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.Input
		before.Transactions = slices.Clone(w.Transactions)
		before.Through = w.from.AddDays(rapid.IntRange(0, worldDays).Draw(t, "known through"))
		before.Today = before.Through
		var changed calendar.Day
		note := func(d calendar.Day) {
			if changed == (calendar.Day{}) || d.Before(changed) {
				changed = d
			}
		}
		known := slices.IndexFunc(before.Transactions, func(x ledger.Transaction) bool { return before.Through.Before(x.Day) })
		if known >= 0 { // nobody knows what happens later
			note(before.Transactions[known].Day)
			before.Transactions = before.Transactions[:known]
		}
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			if len(before.Transactions) < 2 {
				break
			}
			i := rapid.IntRange(0, len(before.Transactions)-1).Draw(t, "which")
			note(before.Transactions[i].Day) // what the ledger learns later
			before.Transactions = slices.Delete(before.Transactions, i, i+1)
		}
		h := Build(before)
		from := h.Resume(w.Input, h.Since(changed))
		got, want := h.Continue(w.Input, from), Build(w.Input)
		if !slices.Equal(got.days, want.days) {
			t.Fatalf("got days %v, want %v", got.days, want.days)
		}
		for _, scope := range scopes() {
			sameView(t, viewOf(got, scope), viewOf(want, scope))
		}
	})
}

func sameView(t *rapid.T, got, want *View) {
	for i := range want.Value {
		if !near(decimal.NewFromFloat(got.Value[i]), decimal.NewFromFloat(want.Value[i])) || !near(decimal.NewFromFloat(got.Cash[i]), decimal.NewFromFloat(want.Cash[i])) {
			t.Fatalf("on %s: got %f, want %f", want.h.DayOf(i), got.Value[i], want.Value[i])
		}
		a, b := got.Between(-1, i), want.Between(-1, i)
		if !a.In.Equal(b.In) || !a.Out.Equal(b.Out) || !a.Income.Equal(b.Income) || !a.Fees.Equal(b.Fees) || !a.Taxes.Equal(b.Taxes) || !a.exchanged.Equal(b.exchanged) {
			t.Fatalf("on %s: got %+v, want %+v", want.h.DayOf(i), a, b)
		}
	}
	last := len(want.Value) - 1
	a, b := got.TakeApart(last/2-1, last), want.TakeApart(last/2-1, last)
	if !a.Market.Equal(b.Market) || !a.FX.Equal(b.FX) || !a.Closing.Equal(b.Closing) {
		t.Fatalf("got %+v, want %+v", a, b)
	}
}

func TestFloatsAreTheNearestToDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.New(rapid.Int64().Draw(t, "n"), int32(rapid.IntRange(-25, 3).Draw(t, "exponent")))
		if got, want := Float(d), d.InexactFloat64(); got != want {
			t.Fatalf("%s: got %v, want %v", d, got, want)
		}
	})
}
