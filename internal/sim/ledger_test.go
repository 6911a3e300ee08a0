package sim

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestEquityIsCashAndPositions(t *testing.T) {
	w, _ := worldAt(monday)
	for _, c := range w.Customers() {
		for _, env := range c.Environments {
			a, ok := w.Account(c.ID, env)
			if !ok {
				t.Fatalf("%s has no %s account", c.ID, env)
			}
			sum := w.Cash(c.ID, env)
			for _, p := range w.Positions(c.ID, env) {
				sum = sum.Add(p.MarketValue)
				if p.Instrument.Kind == Option {
					equal(t, p.Instrument.Symbol+" value", p.MarketValue, p.Quantity.Mul(p.Price).Mul(dec("100")))
					continue
				}
				equal(t, p.Instrument.Symbol+" value", p.MarketValue, p.Quantity.Mul(quoteOf(t, w, p.Instrument.Symbol).Price))
				equal(t, p.Instrument.Symbol+" previous close", p.PreviousClose, quoteOf(t, w, p.Instrument.Symbol).PreviousClose)
			}
			equal(t, c.ID+" equity", a.Equity, sum)
			if a.Cash.IsNegative() {
				t.Errorf("%s %s: got cash of %s from the script, want none borrowed", c.ID, env, a.Cash)
			}
		}
	}
	if w.Positions("alex", "sandbox") != nil {
		t.Error("an account that does not exist has positions")
	}
}

func TestActivitiesImplyCashAndPositions(t *testing.T) {
	w, _ := worldAt(time.Date(2026, 12, 16, 16, 0, 0, 0, time.UTC)) // after the split of META
	for _, c := range w.Customers() {
		for _, env := range c.Environments {
			activities := w.Activities(c.ID, env)
			cash, held, ids := decimal.Zero, map[string]decimal.Decimal{}, map[string]bool{}
			for _, a := range activities {
				cash = cash.Add(a.NetAmount)
				if a.Type != ActivityDividend && a.Type != ActivityWithheld {
					held[a.Symbol] = held[a.Symbol].Add(a.Quantity)
				}
				ids[a.ID] = true
			}
			equal(t, c.ID+" cash", cash, w.Cash(c.ID, env))
			for _, p := range w.Positions(c.ID, env) {
				equal(t, c.ID+" "+p.Instrument.Symbol, held[p.Instrument.Symbol], p.Quantity)
				delete(held, p.Instrument.Symbol)
			}
			for symbol, quantity := range held {
				equal(t, c.ID+" sold "+symbol, quantity, decimal.Zero)
			}
			if len(ids) != len(activities) {
				t.Errorf("%s %s: got %d ids of %d activities, want one each", c.ID, env, len(ids), len(activities))
			}
			if !slices.IsSortedFunc(activities, func(x, y Activity) int {
				return x.Time.Truncate(time.Millisecond).Compare(y.Time.Truncate(time.Millisecond))
			}) {
				t.Errorf("%s %s: activities are not in order", c.ID, env)
			}
		}
	}
}

func TestTheCustomersHaveWorkForAMerge(t *testing.T) {
	w, _ := worldAt(monday)
	held := map[string][]string{}
	var short, fractional, crypto bool
	for _, c := range w.Customers() {
		for _, env := range c.Environments {
			for _, p := range w.Positions(c.ID, env) {
				held[p.Instrument.Symbol] = append(held[p.Instrument.Symbol], c.ID)
				short = short || p.Quantity.IsNegative()
				fractional = fractional || !p.Quantity.IsInteger()
				crypto = crypto || p.Instrument.Kind == Crypto
			}
		}
	}
	shared := 0
	for _, owners := range held {
		if slices.Contains(owners, "alex") && slices.Contains(owners, "blair") {
			shared++
		}
	}
	if shared < 4 || !short || !fractional || !crypto {
		t.Errorf("alex and blair share %d symbols; short %v, fractional %v, crypto %v; want 4 or more and all three", shared, short, fractional, crypto)
	}
}

func TestCostIsAveragedAsAlpacaDoes(t *testing.T) {
	type want struct{ quantity, average, cost string }
	tests := []struct {
		name   string
		trades [][2]string // quantity, price
		want   want
	}{
		{"buys average", [][2]string{{"10", "20"}, {"5", "26"}}, want{"15", "22", "330"}},
		{"a sale leaves the average", [][2]string{{"10", "20"}, {"5", "26"}, {"-9", "40"}}, want{"6", "22", "132"}},
		{"the average is rounded to six digits, the cost to cents", [][2]string{{"2", "10"}, {"1", "10.01"}}, want{"3", "10.003333", "30.01"}},
		{"shorts are negative", [][2]string{{"-4", "50"}, {"-4", "60"}}, want{"-8", "55", "-440"}},
		{"a cover leaves the average", [][2]string{{"-4", "50"}, {"-4", "60"}, {"3", "10"}}, want{"-5", "55", "-275"}},
		{"through zero the average starts again", [][2]string{{"10", "20"}, {"-15", "30"}}, want{"-5", "30", "-150"}},
		{"after nothing the average starts again", [][2]string{{"10", "20"}, {"-10", "30"}, {"1", "7"}}, want{"1", "7", "7"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, _ := worldAt(monday)
			for _, trade := range test.trades {
				if err := w.Trade("blair", Paper, "AAPL", dec(trade[0]), dec(trade[1])); err != nil {
					t.Fatal(err)
				}
			}
			p := positionOf(t, w, "blair", Paper, "AAPL")
			equal(t, "quantity", p.Quantity, dec(test.want.quantity))
			equal(t, "average", p.AverageEntry, dec(test.want.average))
			equal(t, "cost basis", p.CostBasis, dec(test.want.cost))
		})
	}
}

func TestSellingEverythingLeavesNoPosition(t *testing.T) {
	w, _ := worldAt(monday)
	before := w.Cash("blair", Paper)
	for _, trade := range [][2]string{{"3.5", "101.11"}, {"-3.5", "100"}} {
		if err := w.Trade("blair", Paper, "KO", dec(trade[0]), dec(trade[1])); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Positions("blair", Paper); len(got) != 0 {
		t.Errorf("got positions %v, want none", got)
	}
	equal(t, "cash", w.Cash("blair", Paper), before.Sub(dec("353.89")).Add(dec("350"))) // 353.885 to the cent, half away from zero
}

func TestOrderOfPurchasesDoesNotChangeTheCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, _ := worldAt(monday)
		quantities := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 6).Draw(t, "quantities")
		cost, quantity := decimal.Zero, decimal.Zero
		for i, q := range quantities {
			amount, price := decimal.New(q, -4), decimal.New(int64(100+i*37), -2)
			if err := w.Trade("casey", Paper, "PFE", amount, price); err != nil {
				t.Fatal(err)
			}
			cost, quantity = cost.Add(amount.Mul(price)), quantity.Add(amount)
		}
		for _, p := range w.Positions("casey", Paper) {
			if p.Instrument.Symbol == "PFE" && (!p.CostBasis.Equal(cost.Round(2)) || !p.Quantity.Equal(quantity)) {
				t.Fatalf("got %s at %s, want %s at %s", p.Quantity, p.CostBasis, quantity, cost.Round(2))
			}
		}
	})
}

func TestASplitLeavesTheCostAndMultipliesTheShares(t *testing.T) {
	w, clock := worldAt(time.Date(2026, 12, 15, 14, 29, 0, 0, time.UTC))
	before := positionOf(t, w, "alex", Live, "META")
	clock.Advance(time.Minute)
	after := positionOf(t, w, "alex", Live, "META")
	equal(t, "quantity", after.Quantity, before.Quantity.Mul(dec("4")))
	equal(t, "cost basis", after.CostBasis, before.CostBasis)
	equal(t, "previous close", after.PreviousClose, before.Price.Mul(dec("0.25")))
	if want := before.AverageEntry.Mul(dec("0.25")); after.AverageEntry.Sub(want).Abs().GreaterThan(dec("0.000001")) {
		t.Errorf("average: got %s, want %s", after.AverageEntry, want)
	}
	activities := w.Activities("alex", Live)
	last := activities[len(activities)-1]
	if last.Type != ActivitySplit || !last.Quantity.Equal(before.Quantity.Mul(dec("3"))) || !last.NetAmount.IsZero() {
		t.Errorf("last activity: got %+v, want the split with three new shares for each", last)
	}
}

func TestDividendsGoToWhoHeldBeforeTheExDay(t *testing.T) {
	exOpen := time.Date(2026, 9, 10, 13, 30, 0, 0, time.UTC) // KO goes ex
	w, clock := worldAt(exOpen.Add(-time.Hour))
	trade := func(quantity string) {
		t.Helper()
		if err := w.Trade("blair", Paper, "KO", dec(quantity), dec("70")); err != nil {
			t.Fatal(err)
		}
	}
	trade("10")
	clock.Advance(2 * time.Hour)
	trade("-10")  // sold on the ex-day: still entitled
	trade("1000") // bought on the ex-day: not entitled
	clock.Set(time.Date(2026, 9, 24, 13, 29, 59, 0, time.UTC))
	before := w.Cash("blair", Paper)
	clock.Advance(time.Second)
	amount := w.Dividends("KO", day("2026-09-01"), day("2026-09-30"))[0].Amount
	equal(t, "paid", w.Cash("blair", Paper).Sub(before), amount.Mul(dec("10")).Round(2))
}

func TestShortsPayDividends(t *testing.T) {
	w, clock := worldAt(time.Date(2026, 9, 1, 15, 0, 0, 0, time.UTC))
	if err := w.Trade("blair", Paper, "KO", dec("-100"), dec("70")); err != nil {
		t.Fatal(err)
	}
	clock.Advance(30 * 24 * time.Hour)
	activities := w.Activities("blair", Paper)
	last := activities[len(activities)-1]
	if last.Type != ActivityDividend || !last.NetAmount.IsNegative() {
		t.Errorf("last activity: got %+v, want a dividend to be paid", last)
	}
}

func TestImpossibleTradesAreRefused(t *testing.T) {
	w, _ := worldAt(monday)
	tests := []struct{ customer, env, symbol, quantity, price, want string }{
		{"alex", Live, "TWTR", "1", "1", "not traded"},
		{"alex", Live, "NOSUCH", "1", "1", "not traded"},
		{"alex", Live, "^GSPC", "1", "1", "not traded"},
		{"alex", Live, "VOD.L", "1", "1", "dollars"},
		{"alex", Live, "AAPL", "0", "1", "quantity"},
		{"alex", Live, "AAPL", "1", "-1", "price"},
		{"casey", Live, "AAPL", "1", "1", "no live account"},
		{"dana", Paper, "AAPL", "1", "1", "no paper account"},
	}
	for _, test := range tests {
		err := w.Trade(test.customer, test.env, test.symbol, dec(test.quantity), dec(test.price))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want an error about %q", test, err, test.want)
		}
	}
}

func TestATradeWithoutAPriceIsTheMarkets(t *testing.T) {
	w, _ := worldAt(monday)
	if err := w.Trade("blair", Paper, "BRK-B", dec("2"), decimal.Zero); err != nil {
		t.Fatal(err)
	}
	p := positionOf(t, w, "blair", Paper, "BRK.B")
	equal(t, "average", p.AverageEntry, quoteOf(t, w, "BRK.B").Price)
}

func TestTheWorldMayBeReadWhilePeopleTrade(t *testing.T) {
	w, clock := worldAt(monday)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := w.Trade("blair", Paper, "SPY", dec("1"), dec("2")); err != nil {
					t.Error(err)
				}
				clock.Advance(time.Second)
				w.Positions("blair", Paper)
				w.Quote("GOOGL")
			}
		})
	}
	wg.Wait()
	equal(t, "quantity", positionOf(t, w, "blair", Paper, "SPY").Quantity, dec("80"))
}
