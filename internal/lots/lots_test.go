package lots_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func null(s string) decimal.NullDecimal { return decimal.NewNullDecimal(dec(s)) }

// happened is a transaction of instrument X in account A at the hour of a day of November 2026.
func happened(id string, kind broker.ActivityKind, day, hour int, quantity, price string) ledger.Transaction {
	on := calendar.Day{Year: 2026, Month: time.November, Day: day}
	t := ledger.Transaction{
		ID: id, ExternalID: id, AccountID: "A", Kind: kind, At: on.At(hour, 0), Day: on, Instrument: "X", Currency: "USD", Quantity: dec(quantity),
	}
	if price != "" {
		t.Price = null(price)
	}
	if kind == broker.Buy || kind == broker.Sell {
		t.Amount = t.Quantity.Mul(t.Price.Decimal).Neg()
	}
	return t
}

func with(t ledger.Transaction, change func(t *ledger.Transaction)) ledger.Transaction {
	change(&t)
	return t
}

// told is a position in a few words: what is open, what was realised, and what is not as it should be.
func told(p *lots.Position) string {
	var words []string
	for _, l := range p.Lots {
		words = append(words, fmt.Sprintf("%s %s@%s", l.Transaction, l.Quantity, l.Cost))
	}
	words = append(words, "realised "+p.Realised.String())
	for _, m := range p.Marks {
		words = append(words, fmt.Sprintf("%s %s %s", m.Transaction, m.Reason, m.Quantity))
	}
	return strings.Join(words, ", ")
}

func wantTold(t *testing.T, book *lots.Book, account, instrument, want string) {
	t.Helper()
	p := book.Position(account, instrument)
	if p == nil {
		t.Fatalf("there is no position of %s in %s", instrument, account)
	}
	if diff := cmp.Diff(want, told(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachMethodSellsItsLots(t *testing.T) {
	all := []ledger.Transaction{
		happened("a", broker.Buy, 2, 10, "10", "5"), happened("b", broker.Buy, 3, 10, "10", "9"), happened("c", broker.Buy, 4, 10, "10", "7"),
		happened("s", broker.Sell, 5, 10, "-15", "10"),
	}
	for method, want := range map[user.CostBasis]string{
		"":            "b 5@45, c 10@70, realised 55",
		user.FIFO:     "b 5@45, c 10@70, realised 55",
		user.LIFO:     "a 10@50, b 5@45, realised 35",
		user.HIFO:     "a 10@50, c 5@35, realised 25",
		user.Average:  "b 5@35, c 10@70, realised 45",
		user.Specific: "b 5@45, c 10@70, realised 55, s no_lots_chosen 15",
	} {
		wantTold(t, lots.Work(lots.Input{Transactions: all, Accounts: map[string]lots.Rules{"A": {Method: method}}}), "A", "X", want)
	}
	chosen := lots.Input{
		Transactions: all, Accounts: map[string]lots.Rules{"A": {Method: user.Specific}},
		Chosen: map[string][]ledger.ChosenLot{"s": {{TransactionID: "c", Quantity: dec("9")}, {TransactionID: "b", Quantity: dec("6")}}},
	}
	wantTold(t, lots.Work(chosen), "A", "X", "a 10@50, b 4@36, c 1@7, realised 33")
	chosen.Chosen["s"][0].Quantity = dec("12")
	wantTold(t, lots.Work(chosen), "A", "X", "a 10@50, b 5@45, realised 35, s chosen_lots_missing 2")
}

func TestAnOversaleIsShortOnlyWhereTheBrokerageSaysSo(t *testing.T) {
	all := []ledger.Transaction{happened("a", broker.Buy, 2, 10, "10", "5"), happened("s", broker.Sell, 3, 10, "-15", "8")}
	for name, c := range map[string]struct {
		rules lots.Rules
		want  string
	}{
		"nothing is known":                    {lots.Rules{}, "realised 70, s incomplete_history 5"},
		"all is known":                        {lots.Rules{Complete: true}, "s -5@-40, realised 30"},
		"reported as short":                   {lots.Rules{Complete: true, Reported: map[string]decimal.Decimal{"X": dec("-5")}}, "s -5@-40, realised 30"},
		"reported as nothing":                 {lots.Rules{Complete: true, Reported: map[string]decimal.Decimal{}}, "realised 70, s incomplete_history 5"},
		"reported as short, but not complete": {lots.Rules{Reported: map[string]decimal.Decimal{"X": dec("-5")}}, "realised 70, s incomplete_history 5"},
	} {
		t.Run(name, func(t *testing.T) {
			wantTold(t, lots.Work(lots.Input{Transactions: all, Accounts: map[string]lots.Rules{"A": c.rules}}), "A", "X", c.want)
		})
	}
	covered := append(slices.Clone(all), happened("c", broker.Buy, 4, 10, "5", "6"))
	book := lots.Work(lots.Input{Transactions: covered, Accounts: map[string]lots.Rules{"A": {Complete: true, Reported: map[string]decimal.Decimal{}}}})
	wantTold(t, book, "A", "X", "realised 40")
	if trips := book.Position("A", "X").Trips; len(trips) != 2 || trips[0].Short || !trips[1].Short || !trips[1].Gain.Equal(dec("10")) {
		t.Errorf("got the trips %+v, want a long one and a short one that gained 10", trips)
	}
	strict := lots.Work(lots.Input{Transactions: all, Strict: true})
	wantTold(t, strict, "A", "X", "a 10@50, realised 0")
	if len(strict.Refused) != 1 || strict.Refused[0].Transaction != "s" {
		t.Errorf("got %v, want the sale refused", strict.Refused)
	}
}

func TestSplitsKeepCostsAndConcernEveryAccount(t *testing.T) {
	splits := map[string][]instrument.Split{"X": {{Day: calendar.Day{Year: 2026, Month: 11, Day: 4}, From: dec("3"), To: dec("1")}}}
	all := []ledger.Transaction{
		happened("a", broker.Buy, 2, 10, "10", "6"),
		happened("told", broker.Split, 4, 0, "-6.666667", ""), // the account's own telling of it
		happened("b", broker.Buy, 4, 10, "1", "18"),           // of the new ones already
		with(happened("c", broker.Buy, 3, 10, "3", "6"), func(t *ledger.Transaction) { t.AccountID = "B" }),
		happened("s", broker.Sell, 6, 10, "-4.333333", "20"), // as brokerages round
	}
	book := lots.Work(lots.Input{Transactions: all, Splits: splits})
	if p := book.Position("A", "X"); !p.Quantity.IsZero() || !p.Cost.IsZero() || len(p.Marks) != 0 || !p.Sales[0].Cost.Equal(dec("78")) {
		t.Errorf("got %s, want nothing left of it and all its cost in the sale", told(p))
	}
	wantTold(t, book, "B", "X", "c 1@18, realised 0")
	before := lots.Work(lots.Input{Transactions: all, Splits: splits, Until: calendar.Day{Year: 2026, Month: 11, Day: 3}})
	wantTold(t, before, "A", "X", "a 10@60, realised 0")
}

func TestWhatKindsAndContractsCost(t *testing.T) {
	option := map[string]instrument.Instrument{"X": {Currency: "USD", Multiplier: dec("100")}}
	for name, c := range map[string]struct {
		all         []ledger.Transaction
		instruments map[string]instrument.Instrument
		want        string
	}{
		"fees are in the basis, taxes are not": {[]ledger.Transaction{
			with(happened("a", broker.Buy, 2, 10, "10", "5"), func(t *ledger.Transaction) { t.Fee, t.Tax, t.Amount = dec("2"), dec("1"), dec("-53") }),
			with(happened("s", broker.Sell, 3, 10, "-5", "8"), func(t *ledger.Transaction) { t.Fee, t.Tax, t.Amount = dec("1"), dec("3"), dec("36") }),
		}, nil, "a 5@26, realised 13"},
		"options count a hundredfold": {[]ledger.Transaction{
			with(happened("a", broker.Buy, 2, 10, "2", "1.5"), func(t *ledger.Transaction) { t.Amount = dec("-300") }), happened("e", broker.Sell, 9, 16, "-1", "0"),
		}, option, "a 1@150, realised -150"},
		"futures cost what they stand for, though nothing is paid": {[]ledger.Transaction{
			with(happened("a", broker.Buy, 2, 10, "1", "50"), func(t *ledger.Transaction) { t.Fee, t.Amount = dec("2"), dec("-2") }),
			with(happened("s", broker.Sell, 3, 10, "-1", "51"), func(t *ledger.Transaction) { t.Fee, t.Amount = dec("2"), dec("-2") }),
		}, option, "realised 96"},
		"of one day without times purchases go first": {[]ledger.Transaction{
			happened("s", broker.Sell, 2, 0, "-1", "6"), happened("z", broker.Buy, 2, 10, "1", "5"),
		}, nil, "realised 1"},
		"an opening that is short": {[]ledger.Transaction{happened("o", ledger.Opening, 2, 0, "-2", "5"), happened("c", broker.Buy, 3, 10, "1", "4")},
			nil, "o -1@-5, realised 1"},
	} {
		t.Run(name, func(t *testing.T) {
			wantTold(t, lots.Work(lots.Input{Transactions: c.all, Instruments: c.instruments}), "A", "X", c.want)
		})
	}
}

func TestAFeePaidInKindIsAFeeAndNoGain(t *testing.T) {
	in := lots.Input{
		Transactions: []ledger.Transaction{
			happened("a", broker.Buy, 2, 10, "1", "1000"), happened("f", broker.Fee, 2, 0, "-0.0025", "1000"), // told by its day alone
			happened("g", broker.Fee, 3, 0, "-0.0075", "1200"),
		},
		Accounts: map[string]lots.Rules{"A": {Complete: true}}, Base: "EUR", Rate: inEuros,
	}
	p := lots.Work(in).Position("A", "X")
	if got := told(p); got != "a 0.99@990, realised 1.5" || len(p.Trips) != 0 {
		t.Errorf("got %s and the trips %v, want what the fee left, and that it had risen", got, p.Trips)
	}
	sums := fmt.Sprint(p.Sums["USD"].Fees, p.SumsBase.Fees, p.SumsBaseKnown, p.Sums["USD"].TradeFees)
	if sums != "11.5 9.52 true 0" { // 2.5 at 0.82, and 9 at 0.83
		t.Errorf("got fees of %s", sums)
	}
	in.Base, in.Accounts = "", nil
	wantTold(t, lots.Work(in), "A", "X", "a 0.99@990, realised 1.5")
	in.Transactions[2].Price, in.Transactions[2].Fee, in.Transactions[2].Amount = decimal.NullDecimal{}, dec("1"), dec("-1")
	p = lots.Work(in).Position("A", "X") // nobody knows what it was worth: what it cost is lost
	if got := told(p); got != "a 0.99@990, realised -7.5" || !p.Sums["USD"].Fees.Equal(dec("3.5")) {
		t.Errorf("got %s and fees of %s", got, p.Sums["USD"].Fees)
	}
}

// inEuros are rates of the dollar that change each day.
func inEuros(from, to string, day calendar.Day) (decimal.Decimal, bool) {
	return decimal.New(int64(80+day.Day), -2), from == "USD" && to == "EUR"
}

func TestGainsInBaseAreThoseOfPriceAndExchangeTogether(t *testing.T) {
	all := []ledger.Transaction{happened("a", broker.Buy, 2, 10, "10", "5"), happened("s", broker.Sell, 5, 10, "-4", "8")}
	in := lots.Input{Transactions: all, Base: "EUR", Rate: inEuros, TradeRates: map[string]decimal.Decimal{"a": dec("0.5")}}
	p := lots.Work(in).Position("A", "X")
	s := p.Sales[0] // 32 $ at 0.85, which cost 20 $ at 0.5
	got := fmt.Sprint(s.GainBase.Decimal, s.PriceEffect.Decimal, s.FXEffect.Decimal, p.CostBase.Decimal, p.Lots[0].DayRate)
	if got != "17.2 10.2 7 15 false" {
		t.Errorf("got %s", got)
	}
	in.Rate, in.TradeRates = nil, nil
	p = lots.Work(in).Position("A", "X")
	if p.CostBase.Valid || p.RealisedBase.Valid || !p.Realised.Equal(dec("12")) || len(p.Marks) == 0 || p.Marks[0].Reason != lots.RateMissing {
		t.Errorf("without rates: got %+v", p)
	}
}

// drawn is what happens to two instruments in two accounts.
func drawn(rt *rapid.T) []ledger.Transaction {
	var all []ledger.Transaction
	for i := range rapid.IntRange(1, 40).Draw(rt, "transactions") {
		kind := rapid.SampledFrom([]broker.ActivityKind{broker.Buy, broker.Buy, broker.Sell, broker.DeliveryIn, broker.DeliveryOut, broker.Dividend, broker.Fee}).Draw(rt, "kind")
		quantity := rapid.IntRange(1, 30).Draw(rt, "quantity")
		if kind == broker.Sell || kind == broker.DeliveryOut || kind == broker.Fee {
			quantity = -quantity
		}
		x := happened(fmt.Sprintf("%02d", i), kind, rapid.IntRange(1, 28).Draw(rt, "day"), rapid.IntRange(0, 3).Draw(rt, "hour"), fmt.Sprint(quantity), fmt.Sprint(rapid.IntRange(1, 50).Draw(rt, "price")))
		if kind == broker.Dividend {
			x.Quantity, x.Amount = decimal.Zero, dec("3")
		}
		x.AccountID, x.Instrument = rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "account"), rapid.SampledFrom([]string{"X", "Y"}).Draw(rt, "instrument")
		all = append(all, x)
	}
	return all
}

func TestCostsAndQuantitiesAddUpWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := drawn(rt)
		rules := lots.Rules{Method: rapid.SampledFrom([]user.CostBasis{user.FIFO, user.LIFO, user.HIFO, user.Average, user.Specific}).Draw(rt, "method"), Complete: rapid.Bool().Draw(rt, "complete")}
		in := lots.Input{
			Transactions: all, Accounts: map[string]lots.Rules{"A": rules, "B": rules}, Base: "EUR", Rate: inEuros,
			Splits: map[string][]instrument.Split{"X": {{Day: calendar.Day{Year: 2026, Month: 11, Day: 14}, From: dec("2"), To: dec("3")}}},
		}
		book := lots.Work(in)
		shuffled := in
		shuffled.Transactions = rapid.Permutation(all).Draw(rt, "order")
		for i, p := range lots.Work(shuffled).Positions {
			if told(p) != told(book.Positions[i]) {
				rt.Fatalf("in another order: %s, want %s", told(p), told(book.Positions[i]))
			}
		}
		implied := lots.Quantities(all, in.Splits, calendar.Day{})
		for _, p := range book.Positions {
			check(rt, p, all, implied[lots.Holding{Account: p.Account, Instrument: p.Instrument}])
		}
	})
}

// worth is what a delivery, or a fee in kind, brings into the costs of a position, or takes out of them: at its price, save
// what was held and delivered, at its cost.
func worth(p *lots.Position, x ledger.Transaction) decimal.Decimal {
	i := slices.IndexFunc(p.Sales, func(s lots.Sale) bool { return s.Transaction == x.ID })
	if i < 0 || x.Kind == broker.DeliveryIn || x.Kind == broker.Fee {
		return x.Quantity.Mul(x.Price.Decimal)
	}
	s := p.Sales[i]
	return x.Quantity.Add(s.Quantity).Mul(x.Price.Decimal).Sub(s.Cost)
}

// check holds a position against sums that know nothing of lots.
func check(rt *rapid.T, p *lots.Position, all []ledger.Transaction, implied decimal.Decimal) {
	close := func(a, b decimal.Decimal) bool { return a.Sub(b).Abs().LessThan(dec("0.00000001")) }
	if !close(p.Quantity, implied.Add(p.Missing)) {
		rt.Fatalf("%s holds %s, want what happened to it, %s, and what is missing, %s", p.Instrument, p.Quantity, implied, p.Missing)
	}
	spent, quantity := decimal.Zero, decimal.Zero
	for _, x := range all {
		if x.AccountID == p.Account && x.Instrument == p.Instrument && x.Kind != broker.Dividend {
			if x.Kind == broker.DeliveryIn || x.Kind == broker.DeliveryOut || x.Kind == broker.Fee {
				spent = spent.Add(worth(p, x))
			}
			spent = spent.Sub(x.Amount)
		}
	}
	for _, l := range p.Lots {
		quantity = quantity.Add(l.Quantity)
		if l.Quantity.Sign() != p.Quantity.Sign() || l.Cost.Sign()*l.Quantity.Sign() < 0 {
			rt.Fatalf("a lot of %s at %s in a position of %s", l.Quantity, l.Cost, p.Quantity)
		}
	}
	for _, s := range p.Sales {
		if !s.PriceEffect.Decimal.Add(s.FXEffect.Decimal).Equal(s.GainBase.Decimal) {
			rt.Fatalf("price %v and exchange %v do not make %v", s.PriceEffect, s.FXEffect, s.GainBase)
		}
	}
	if !quantity.Equal(p.Quantity) || !close(spent, p.Cost.Sub(p.Realised)) {
		rt.Fatalf("lots of %s, want %s; %s was spent, and the lots cost %s less gains of %s", quantity, p.Quantity, spent, p.Cost, p.Realised)
	}
	if slices.ContainsFunc(p.Marks, func(m lots.Mark) bool { return m.Reason == lots.IncompleteHistory }) == p.Missing.IsZero() {
		rt.Fatalf("%s is missing, and the marks are %v", p.Missing, p.Marks)
	}
}
