package history

import (
	"fmt"
	"slices"

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
	switch kind := rapid.SampledFrom([]string{"trade", "trade", "trade", "deposit", "dividend", "interest", "fee", "fee in kind", "tax", "delivery",
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
	case "fee in kind":
		of.Kind, of.Quantity = broker.Fee, w.amount(t, 3).Neg()
		if rapid.Bool().Draw(t, "priced") {
			of.Price = decimal.NewNullDecimal(w.raw[in.ID][d.Number()].Add(cents(100)).Round(2))
		}
		w.add(of, account, d)
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
