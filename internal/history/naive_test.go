package history

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func day(s string) calendar.Day {
	d, err := calendar.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// world is a made-up person with a past: three accounts, one of which tells of trades alone, and three instruments, whose
// prices are known as they were traded.
type world struct {
	Input
	raw       map[string]map[int32]decimal.Decimal // by instrument and day, each day
	fx        map[int32]decimal.Decimal            // dollars for a euro, each day
	unadj     map[string]int                       // index of the price path
	transfers map[string]string                    // the transaction of one side by that of the other
	from      calendar.Day
	number    int
}

const worldDays = 70

// drawWorld makes a world of some months with a split or two.
func drawWorld(t *rapid.T) *world {
	w := &world{raw: map[string]map[int32]decimal.Decimal{}, fx: map[int32]decimal.Decimal{}, transfers: map[string]string{}, from: day("2026-02-02")}
	w.Base = rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "base")
	w.Accounts = []ledger.Account{
		{ID: "A", ConnectionID: "c1", CashComplete: true, Known: true},
		{ID: "B", ConnectionID: "c2", CashComplete: true, Known: true},
		{ID: "C", ConnectionID: "c2", Known: true},
	}
	w.Through = w.from.AddDays(worldDays)
	w.Today = w.Through
	w.Instruments, w.Splits, w.Closes = map[string]instrument.Instrument{}, map[string][]instrument.Split{}, map[string]market.Closes{}
	for i, id := range []string{"plain", "parted", "euro"} {
		in := instrument.Instrument{ID: id, Symbol: id, Currency: []string{"USD", "USD", "EUR"}[i], Multiplier: dec([]string{"1", "1", "100"}[i]), MarketSymbol: id}
		w.Instruments[id] = in
		w.drawPrices(t, in)
	}
	w.drawRates(t)
	for range rapid.IntRange(1, 60).Draw(t, "transactions") {
		w.drawTransaction(t)
	}
	slices.SortStableFunc(w.Transactions, func(a, b ledger.Transaction) int { return a.Day.Compare(b.Day) })
	return w
}

// drawPrices makes closes of trading days, with holes, as a source has them: adjusted for all splits.
func (w *world) drawPrices(t *rapid.T, in instrument.Instrument) {
	if in.ID == "parted" {
		for range rapid.IntRange(0, 2).Draw(t, "splits") {
			ratio := rapid.SampledFrom([][2]string{{"1", "2"}, {"2", "3"}, {"10", "1"}, {"1", "4"}}).Draw(t, "ratio")
			at := w.from.AddDays(rapid.IntRange(3, worldDays-5).Draw(t, "split day"))
			if len(w.Splits[in.ID]) == 0 || at.Number()-w.Splits[in.ID][0].Day.Number() > 10 {
				w.Splits[in.ID] = append(w.Splits[in.ID], instrument.Split{Day: at, From: dec(ratio[0]), To: dec(ratio[1])})
			}
		}
	}
	closes := market.Closes{Symbol: in.MarketSymbol, Currency: in.Currency, AsOf: w.Through.At(20, 0)}
	w.raw[in.ID] = map[int32]decimal.Decimal{}
	price := decimal.New(int64(rapid.IntRange(500, 20000).Draw(t, "price")), -2)
	for i := -3; i <= worldDays; i++ {
		d := w.from.AddDays(i)
		if calendar.IsTradingDay(d) && (i < 0 || rapid.IntRange(0, 9).Draw(t, "hole") > 0) {
			price = decimal.Max(dec("0.5"), price.Mul(decimal.New(int64(rapid.IntRange(900, 1100).Draw(t, "step")), -3)).Round(2))
			closes.Days, closes.Close = append(closes.Days, d.Number()), append(closes.Close, price.InexactFloat64())
		}
		raw := price
		for _, s := range w.Splits[in.ID] {
			if d.Before(s.Day) {
				raw = raw.Mul(s.To).DivRound(s.From, 12)
			}
		}
		w.raw[in.ID][d.Number()] = raw
	}
	w.Closes[in.MarketSymbol] = closes
}

func (w *world) drawRates(t *rapid.T) {
	euro, other := market.Rates{From: "EUR", To: "USD"}, market.Rates{From: "USD", To: "EUR"}
	rate := decimal.New(int64(rapid.IntRange(8000, 13000).Draw(t, "rate")), -4)
	for i := -3; i <= worldDays; i++ {
		d := w.from.AddDays(i)
		if calendar.IsTradingDay(d) {
			rate = rate.Mul(decimal.New(int64(rapid.IntRange(990, 1010).Draw(t, "rate step")), -3)).Round(4)
			euro.Days, euro.Rate = append(euro.Days, d.Number()), append(euro.Rate, rate.InexactFloat64())
			other.Days, other.Rate = append(other.Days, d.Number()), append(other.Rate, rate.InexactFloat64())
		}
		w.fx[d.Number()] = rate
	}
	w.Rates = map[string]market.Rates{"EUR": euro}
	if w.Base == "EUR" {
		w.Rates = map[string]market.Rates{"USD": other}
	}
}

// add appends a transaction of a day.
func (w *world) add(t ledger.Transaction, account string, d calendar.Day) string {
	w.number++
	t.ID, t.AccountID, t.Day, t.At = fmt.Sprintf("t%03d", w.number), account, d, d.At(12, 0)
	t.ConnectionID = map[string]string{"A": "c1"}[account]
	if t.ConnectionID == "" {
		t.ConnectionID = "c2"
	}
	w.Transactions = append(w.Transactions, t)
	return t.ID
}

// amount is one that no other transaction has.
func (w *world) amount(t *rapid.T, most int) decimal.Decimal {
	w.number++
	return decimal.NewFromInt(int64(rapid.IntRange(1, most).Draw(t, "amount"))).Add(decimal.New(int64(w.number), -4))
}

func (w *world) drawTransaction(t *rapid.T) {
	d := w.from.AddDays(rapid.IntRange(0, worldDays-12).Draw(t, "day"))
	account := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "account")
	in := w.Instruments[rapid.SampledFrom([]string{"plain", "parted", "euro"}).Draw(t, "instrument")]
	of := ledger.Transaction{Instrument: in.ID, Symbol: in.Symbol, Currency: in.Currency}
	cash := ledger.Transaction{Currency: rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency")}
	cents := func(most int) decimal.Decimal {
		return decimal.New(int64(rapid.IntRange(0, most).Draw(t, "cents")), -2)
	}
	switch kind := rapid.SampledFrom([]string{"trade", "trade", "trade", "deposit", "dividend", "interest", "fee", "tax", "delivery",
		"transfer", "cash transfer", "exchange", "spin-off", "opening"}).Draw(t, "kind"); kind {
	case "trade":
		of.Kind, of.Quantity = broker.Buy, w.amount(t, 50)
		if rapid.Bool().Draw(t, "sell") {
			of.Kind, of.Quantity = broker.Sell, of.Quantity.Neg()
		}
		price := w.raw[in.ID][d.Number()].Add(cents(100)).Round(2)
		of.Price, of.Fee, of.Tax = decimal.NewNullDecimal(price), cents(500), cents(100)
		of.Amount = of.Quantity.Neg().Mul(price).Mul(in.Multiplier).Round(2).Sub(of.Fee).Sub(of.Tax)
		w.add(of, account, d)
	case "deposit":
		cash.Kind, cash.Amount = broker.Deposit, w.amount(t, 20000)
		if rapid.Bool().Draw(t, "out") {
			cash.Kind, cash.Amount, cash.Fee = broker.Withdrawal, cash.Amount.Neg(), cents(300)
		}
		w.add(cash, account, d)
	case "dividend":
		of.Kind, of.Tax, of.Price = broker.Dividend, cents(300), decimal.NewNullDecimal(dec("0.25"))
		of.Amount = cents(5000)
		w.add(of, account, d)
	case "interest":
		cash.Kind, cash.Amount = broker.Interest, cents(5000).Sub(dec("20"))
		w.add(cash, account, d)
	case "fee":
		cash.Kind, cash.Amount = broker.Fee, cents(2000).Neg()
		w.add(cash, account, d)
	case "tax":
		cash.Kind, cash.Amount = broker.Tax, cents(2000).Neg()
		w.add(cash, account, d)
	case "delivery", "opening":
		of.Kind, of.Quantity = broker.DeliveryIn, w.amount(t, 50)
		if kind == "opening" {
			of.Kind, d = ledger.Opening, w.from
		} else if rapid.Bool().Draw(t, "out") {
			of.Kind, of.Quantity = broker.DeliveryOut, of.Quantity.Neg()
		}
		w.add(of, account, d)
	case "transfer", "cash transfer":
		out := of
		out.Quantity = w.amount(t, 50)
		if kind == "cash transfer" {
			out, cash.Amount = cash, w.amount(t, 5000)
			out.Amount = cash.Amount
		}
		back := out
		out.Kind, out.Quantity, out.Amount, back.Kind = broker.TransferOut, out.Quantity.Neg(), out.Amount.Neg(), broker.TransferIn
		from, to := "A", "B"
		if rapid.Bool().Draw(t, "back") {
			from, to = to, from
		}
		left := w.add(out, from, d)
		arrival := d.AddDays(rapid.IntRange(0, 6).Draw(t, "days under way"))
		for _, s := range w.Splits[back.Instrument] {
			if w.tradingDay(d).Before(s.Day) && !w.tradingDay(arrival).Before(s.Day) {
				back.Quantity = back.Quantity.Mul(s.To).DivRound(s.From, 16)
			}
		}
		came := w.add(back, to, arrival)
		w.transfers[left], w.transfers[came] = came, left
	case "exchange":
		give, get := ledger.Transaction{Kind: broker.Exchange, Currency: "USD"}, ledger.Transaction{Kind: broker.Exchange, Currency: "EUR"}
		give.Amount, get.Amount = w.amount(t, 1000).Neg(), w.amount(t, 1000)
		w.add(give, account, d)
		w.add(get, account, d)
	case "spin-off":
		of.Kind, of.Quantity = broker.SpinOff, w.amount(t, 5)
		w.add(of, account, d)
	}
}

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
			l.fees = l.fees.Sub(gross)
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
