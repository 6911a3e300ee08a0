package performance

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/history"
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

// past is a small past to be judged: the first week of March 2026, Monday the 2nd to Friday the 6th, and the Monday after.
type past struct {
	history.Input
	n int
}

func newPast() *past {
	p := &past{Input: history.Input{
		Base: "USD", Through: day("2026-03-09"), Today: day("2026-03-09"),
		Accounts: []ledger.Account{
			{ID: "A", ConnectionID: "first", Number: "0000001111", Provider: "alpaca", CashComplete: true, Known: true},
			{ID: "B", ConnectionID: "second", Number: "0000002222", Provider: "ibkr", Known: true},
		},
		Instruments: map[string]instrument.Instrument{}, Splits: map[string][]instrument.Split{},
		Closes: map[string]market.Closes{}, Rates: map[string]market.Rates{},
	}}
	return p
}

var week = []string{"2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09"}

// closes gives an instrument of a currency its closes of the week; "-" is none.
func (p *past) closes(id, currency, prices string) *past {
	p.Instruments[id] = instrument.Instrument{ID: id, Symbol: id, Currency: currency, Multiplier: dec("1"), MarketSymbol: id}
	c := market.Closes{Symbol: id, Currency: currency, AsOf: day("2026-03-09").At(17, 0)}
	for i, text := range strings.Fields(prices) {
		if text != "-" {
			c.Days, c.Close = append(c.Days, day(week[i]).Number()), append(c.Close, dec(text).InexactFloat64())
		}
	}
	p.Closes[id] = c
	return p
}

func (p *past) rates(currency, rates string) *past {
	r := market.Rates{From: currency, To: p.Base}
	for i, text := range strings.Fields(rates) {
		if text != "-" {
			r.Days, r.Rate = append(r.Days, day(week[i]).Number()), append(r.Rate, dec(text).InexactFloat64())
		}
	}
	p.Rates[currency] = r
	return p
}

// option makes an instrument one, of one share.
func (p *past) option(id string) *past {
	i := p.Instruments[id]
	i.AssetClass = broker.Option
	p.Instruments[id] = i
	return p
}

func (p *past) split(id, on, from, to string) *past {
	p.Splits[id] = append(p.Splits[id], instrument.Split{Day: day(on), From: dec(from), To: dec(to)})
	return p
}

// cash moves an account's cash in dollars, or in the currency behind the amount.
func (p *past) cash(account, on string, kind broker.ActivityKind, amount string) *past {
	text, currency, other := strings.Cut(amount, " ")
	if !other {
		currency = "USD"
	}
	return p.add(account, on, ledger.Transaction{Kind: kind, Currency: currency, Amount: dec(text)})
}

// trade buys, or sells a negative quantity, for a price in the instrument's currency.
func (p *past) trade(account, on, id, quantity, price string) *past {
	kind, q := broker.Buy, dec(quantity)
	if q.IsNegative() {
		kind = broker.Sell
	}
	return p.add(account, on, ledger.Transaction{Kind: kind, Instrument: id, Symbol: id, Quantity: q, Currency: p.Instruments[id].Currency,
		Price: decimal.NewNullDecimal(dec(price)), Amount: q.Mul(dec(price)).Neg()})
}

func (p *past) deliver(account, on, id, quantity string, kind broker.ActivityKind) *past {
	return p.add(account, on, ledger.Transaction{Kind: kind, Instrument: id, Symbol: id, Quantity: dec(quantity), Currency: p.Instruments[id].Currency})
}

func (p *past) dividend(account, on, id, amount string) *past {
	return p.add(account, on, ledger.Transaction{Kind: broker.Dividend, Instrument: id, Symbol: id, Currency: p.Instruments[id].Currency, Amount: dec(amount)})
}

func (p *past) add(account, on string, t ledger.Transaction) *past {
	p.n++
	t.ID, t.AccountID, t.Day, t.At = fmt.Sprint(p.n), account, day(on), day(on).At(12, 0)
	t.ConnectionID = map[string]string{"A": "first", "B": "second"}[account]
	p.Transactions = append(p.Transactions, t)
	return p
}

func (p *past) report() *Report {
	return NewReport(history.Build(p.Input), Basis{Benchmark: "SPY", Closes: p.Closes["SPY"], AsOf: time.Date(2026, 3, 9, 21, 0, 0, 0, time.UTC)})
}

func (p *past) all(t *testing.T) (Performance, []string) {
	t.Helper()
	shown, warnings, err := p.report().Answer(Query{})
	if err != nil {
		t.Fatal(err)
	}
	return shown, warnings
}

// text lays the drivers out: opening in out market income fees taxes fx closing.
func (d Drivers) text() string {
	return fmt.Sprint(d.Opening, " ", d.In, " ", d.Out, " ", d.Market, " ", d.Income, " ", d.Fees, " ", d.Taxes, " ", d.FX, " ", d.Closing)
}

func TestWhatOtherTrackersGetWrong(t *testing.T) {
	for name, c := range map[string]struct {
		past    *past
		twr     float64 // percent
		drivers string
		warning string // part of one; empty for none at all beside the benchmark's
	}{
		"bought and sold on one day": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").trade("B", "2026-03-02", "X", "100", "10").trade("B", "2026-03-02", "X", "-100", "11"),
			10, "0 1000 1100 100 0 0 0 0 0", "trades alone",
		},
		"a dividend after all was sold": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").trade("B", "2026-03-02", "X", "100", "10").trade("B", "2026-03-03", "X", "-100", "10").dividend("B", "2026-03-05", "X", "50"),
			0, "0 1000 1050 0 50 0 0 0 0", "without anything that was invested",
		},
		"all withdrawn, and back later": {
			newPast().closes("X", "USD", "10 11 11 11 11 12.1").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10").
				trade("A", "2026-03-03", "X", "-100", "11").cash("A", "2026-03-03", broker.Withdrawal, "-1100").
				cash("A", "2026-03-05", broker.Deposit, "1100").trade("A", "2026-03-05", "X", "100", "11"),
			21, "0 2100 1100 210 0 0 0 0 1210", "",
		},
		"a deposit is no gain": {
			newPast().closes("X", "USD", "10 10 11 11 11 11").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10").
				cash("A", "2026-03-04", broker.Deposit, "5000"),
			1.666666666667, "0 6000 0 100 0 0 0 0 6100", "",
		},
		"cash below zero for a day": {
			newPast().closes("X", "USD", "10 11 11 11 11 11").cash("A", "2026-03-02", broker.Deposit, "500").trade("A", "2026-03-02", "X", "100", "10").
				cash("A", "2026-03-03", broker.Deposit, "500"),
			10, "0 1000 0 100 0 0 0 0 1100", "",
		},
		"a deposit on a Sunday belongs to Monday": {
			newPast().closes("X", "USD", "10 10 10 10 10 11").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10").
				cash("A", "2026-03-08", broker.Deposit, "1000"),
			5, "0 2000 0 100 0 0 0 0 2100", "",
		},
		"an account that is linked later came in": {
			newPast().closes("X", "USD", "10 10 10 10 10 11").cash("A", "2026-03-02", broker.Deposit, "1000").
				deliver("B", "2026-03-05", "X", "100", ledger.Opening),
			5, "0 2000 0 100 0 0 0 0 2100", "",
		},
		"a split, closes adjusted for it": {
			newPast().closes("X", "USD", "10 10 10 11 11 11").split("X", "2026-03-05", "1", "4").cash("A", "2026-03-02", broker.Deposit, "4000").trade("A", "2026-03-02", "X", "100", "40"),
			10, "0 4000 0 400 0 0 0 0 4400", "",
		},
		"sold before the split": {
			newPast().closes("X", "USD", "10 10.5 10 11 11 11").split("X", "2026-03-05", "1", "4").trade("B", "2026-03-02", "X", "100", "40").trade("B", "2026-03-03", "X", "-100", "42"),
			5, "0 4000 4200 200 0 0 0 0 0", "trades alone",
		},
		"a gain of the rate of exchange alone": {
			newPast().closes("X", "EUR", "10 10 10 10 10 10").rates("EUR", "1.1 1.1 1.1 1.1 1.1 1.21").trade("B", "2026-03-02", "X", "100", "10"),
			10, "0 1100 0 0 0 0 0 110 1210", "trades alone",
		},
		"no rate of exchange is not one": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").closes("Y", "EUR", "10 10 10 10 10 20").cash("A", "2026-03-02", broker.Deposit, "1000").trade("B", "2026-03-02", "Y", "100", "10"),
			0, "0 1000 0 0 0 0 0 0 1000", "no rate of exchange from EUR to USD",
		},
		"no closes: the trade's own price": {
			newPast().closes("X", "USD", "- - - - - -").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10"),
			0, "0 1000 0 0 0 0 0 0 1000", "",
		},
		"no price at all, and one later": {
			newPast().closes("X", "USD", "- - - 10 10 11").cash("A", "2026-03-02", broker.Deposit, "1000").deliver("A", "2026-03-02", "X", "100", broker.DeliveryIn),
			5, "0 2000 0 100 0 0 0 0 2100", "",
		},
		"fees and dividends count": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "50", "10").
				cash("A", "2026-03-03", broker.Fee, "-5").dividend("A", "2026-03-04", "X", "25").cash("A", "2026-03-05", broker.Tax, "-3").cash("A", "2026-03-05", broker.Interest, "1"),
			1.8, "0 1000 0 0 26 5 3 0 1018", "",
		},
		"sold short": {
			newPast().closes("X", "USD", "10 10 10 10 10 9").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "-50", "10"),
			5, "0 1000 0 50 0 0 0 0 1050", "",
		},
		"an exchange of currencies is no flow": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").rates("EUR", "1.1 1.1 1.1 1.1 1.1 1.1").cash("A", "2026-03-02", broker.Deposit, "1100").
				cash("A", "2026-03-03", broker.Exchange, "-1100").cash("A", "2026-03-03", broker.Exchange, "990 EUR"),
			-1, "0 1100 0 0 0 0 0 -11 1089", "",
		},
		"a known split is no jump of the price": {
			newPast().closes("X", "USD", "10 10 10 10 10 10").split("X", "2026-03-04", "1", "4").cash("A", "2026-03-02", broker.Deposit, "10000").
				trade("A", "2026-03-02", "X", "100", "40"),
			0, "0 10000 0 0 0 0 0 0 10000", "",
		},
		"an option that halves was not split": {
			newPast().closes("X", "USD", "40 40 10 10 10 10").option("X").cash("A", "2026-03-02", broker.Deposit, "10000").trade("A", "2026-03-02", "X", "100", "40"),
			-30, "0 10000 0 -3000 0 0 0 0 7000", "",
		},
		"an unknown split": {
			newPast().closes("X", "USD", "40 40 10 10 10 10").cash("A", "2026-03-02", broker.Deposit, "10000").trade("A", "2026-03-02", "X", "100", "40"),
			-30, "0 10000 0 -3000 0 0 0 0 7000", "a split may be missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			shown, warnings := c.past.all(t)
			if twr := shown.TimeWeighted.Value; twr == nil || math.Abs(*twr-c.twr) > 1e-9 {
				t.Errorf("got a TWR of %v, want %v", show(twr), c.twr)
			}
			if got := shown.Drivers.text(); got != c.drivers {
				t.Errorf("got drivers %s, want %s", got, c.drivers)
			}
			if !shown.Drivers.sum().Equal(shown.Drivers.Closing) {
				t.Errorf("the drivers add up to %s", shown.Drivers.sum())
			}
			others := ""
			for _, w := range warnings {
				if ordinary := strings.Contains(w, "benchmark SPY") || c.warning == "" && strings.Contains(w, "trades alone"); !ordinary {
					others += w + "\n"
				}
			}
			if c.warning == "" && others != "" || !strings.Contains(others, c.warning) {
				t.Errorf("got warnings %q, want one of %q", others, c.warning)
			}
		})
	}
}

func show(x *float64) any {
	if x == nil {
		return "none"
	}
	return *x
}

func TestATransferBetweenOwnAccountsIsNoFlowOfTheWhole(t *testing.T) {
	p := newPast().closes("X", "USD", "10 10 11 12 12 12").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10").
		deliver("A", "2026-03-03", "X", "-100", broker.DeliveryOut).deliver("B", "2026-03-05", "X", "100", broker.DeliveryIn)
	shown, _ := p.all(t)
	if got, want := shown.Drivers.text(), "0 1000 0 200 0 0 0 0 1200"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	second, _, err := p.report().Answer(Query{ConnectionID: "second"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := second.Drivers.text(), "0 1200 0 0 0 0 0 0 1200"; got != want {
		t.Errorf("got %s for the account it came to, want %s", got, want)
	}
	if len(shown.Accounts) != 2 || !shown.Accounts[0].Gain.Add(*shown.Accounts[1].Gain).Equal(decimal.Zero) {
		t.Errorf("got %+v, want the gain in neither account: it was made on the way", shown.Accounts)
	}
}

func TestAContractOnMarginIsLeftOutAndItsFeesAreNot(t *testing.T) {
	p := newPast().closes("SPY", "USD", "500 500 500 500 500 500").closes("X", "USD", "100 100 100 100 100 100").trade("B", "2026-03-02", "X", "100", "100")
	p.Instruments["ES"] = instrument.Instrument{ID: "ES", Symbol: "ESZ7", Currency: "USD", AssetClass: broker.OtherAssets, Multiplier: dec("50")}
	future := ledger.Transaction{
		Kind: broker.Buy, Instrument: "ES", Symbol: "ESZ7", Quantity: dec("1"), Currency: "USD", Price: decimal.NewNullDecimal(dec("5000")), Fee: dec("2"), Amount: dec("-2"),
	}
	p.add("B", "2026-03-03", future)
	got, warnings := p.all(t)
	if want := "0 10002 0 0 0 2 0 0 10000"; got.Drivers.text() != want {
		t.Errorf("got %s, want %s: what it is a contract for was neither paid nor is it owned", got.Drivers.text(), want)
	}
	if text := strings.Join(warnings, "\n"); !strings.Contains(text, "ESZ7 is left out") {
		t.Errorf("got %q, want it to be said that the contract is left out", text)
	}
}

func TestRangesBeginAtTheCloseBeforeThem(t *testing.T) {
	p := newPast().closes("X", "USD", "10 11 12 13 14 15").cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10")
	r := p.report()
	for name, c := range map[string]struct {
		query   Query
		from    string
		opening string
		early   bool
	}{
		"1D":                  {Query{Range: "1D"}, "2026-03-06", "1400", false},
		"1W":                  {Query{Range: "1W"}, "2026-03-02", "1000", false},
		"1M":                  {Query{Range: "1M"}, "2026-03-01", "0", true},
		"YTD":                 {Query{Range: "YTD"}, "2026-03-01", "0", true},
		"ALL":                 {Query{Range: "ALL"}, "2026-03-01", "0", false},
		"nothing said":        {Query{}, "2026-03-01", "0", false},
		"from a Sunday":       {Query{From: day("2026-03-08")}, "2026-03-06", "1400", false},
		"from and to":         {Query{From: day("2026-03-03"), To: day("2026-03-05")}, "2026-03-03", "1100", false},
		"from before it all":  {Query{From: day("2020-01-01")}, "2026-03-01", "0", true},
		"to an earlier range": {Query{To: day("2026-03-04")}, "2026-03-01", "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			shown, warnings, err := r.Answer(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if shown.From.String() != c.from || shown.Drivers.Opening.String() != c.opening {
				t.Errorf("got from %s at %s, want %s at %s", shown.From, shown.Drivers.Opening, c.from, c.opening)
			}
			if got := strings.Contains(strings.Join(warnings, "\n"), "begins before the portfolio's history"); got != c.early {
				t.Errorf("got warnings %q", warnings)
			}
		})
	}
	for _, q := range []Query{{To: day("2026-03-01")}, {From: day("2026-03-09")}, {ConnectionID: "third"}} {
		if _, _, err := r.Answer(q); err == nil {
			t.Errorf("%+v has an answer", q)
		}
	}
}

func TestABenchmarkIsBoughtWithTheSameFlows(t *testing.T) {
	p := newPast().closes("X", "USD", "10 10 10 10 10 11").closes("SPY", "USD", "100 110 110 110 110 121").
		cash("A", "2026-03-02", broker.Deposit, "1000").trade("A", "2026-03-02", "X", "100", "10").cash("A", "2026-03-03", broker.Deposit, "1100")
	shown, _ := p.all(t)
	b := shown.Benchmark
	if b == nil || b.TotalReturn || math.Abs(*b.TimeWeighted.Value-21) > 1e-9 {
		t.Fatalf("got %+v, want a price return of 21 %%", b)
	}
	// 10 pieces for 1,000 and 10 for 1,100 are 2,420 at 121.
	if b.SameFlows.Closing.String() != "2420" || b.SameFlows.Gain.String() != "320" {
		t.Errorf("got %+v, want 2420 with a gain of 320", b.SameFlows)
	}
	if last := shown.Series[len(shown.Series)-1]; last.Benchmark == nil || math.Abs(*last.Benchmark-21) > 1e-9 || last.Value.String() != "2200" {
		t.Errorf("got a last point %+v", last)
	}
}

func TestASeriesHasFewPointsAndBothEnds(t *testing.T) {
	p := newPast().closes("X", "USD", "10 10 10 10 10 11")
	first := day("2018-01-02")
	p.add("A", first.String(), ledger.Transaction{Kind: broker.Deposit, Currency: "USD", Amount: dec("100")})
	shown, _ := p.all(t)
	if n := len(shown.Series); n > maxPoints || n < maxPoints/2 || shown.SeriesStep < 2 {
		t.Errorf("got %d points, one each %d days", n, shown.SeriesStep)
	}
	if first, last := shown.Series[0].Day, shown.Series[len(shown.Series)-1].Day; first != day("2018-01-02") || last != *shown.To {
		t.Errorf("got points from %s to %s, want both ends", first, last)
	}
}

func TestNoTransactionsHaveNoFigures(t *testing.T) {
	shown, warnings := newPast().all(t)
	if shown.Status != "undefined" || shown.Drivers != nil || shown.TimeWeighted.Value != nil || shown.TimeWeighted.Reason == "" || len(warnings) == 0 {
		t.Errorf("got %+v with warnings %q", shown, warnings)
	}
}

func TestWhatHasNoRateAtAllIsNoGainOfNothing(t *testing.T) {
	shown, warnings := newPast().cash("A", "2026-03-02", broker.Deposit, "1000 EUR").all(t)
	if shown.Status != "undefined" || shown.Gain != nil || shown.Drivers != nil || shown.From == nil {
		t.Errorf("got %+v, want no gain", shown)
	}
	for _, f := range append(shown.Risk.figures(), &shown.TimeWeighted, &shown.Simple, &shown.MoneyWeighted.Figure) {
		if f.Value != nil || f.Reason != unvalued {
			t.Errorf("got %+v, want none for want of values", f)
		}
	}
	for _, p := range shown.Series {
		if p.Value != nil || p.Cash != nil || p.Invested != nil || p.TimeWeighted != nil {
			t.Errorf("got %+v, want a day of unknown worth", p)
		}
	}
	if len(shown.Series) == 0 || len(shown.Holdings) != 1 || shown.Holdings[0].Closing != nil || shown.Holdings[0].Gain != nil || shown.Accounts[0].Closing != nil {
		t.Errorf("got %d days and %+v, want what is held without a value", len(shown.Series), shown.Holdings)
	}
	if !strings.Contains(strings.Join(warnings, " "), "no rate of exchange from EUR to USD") {
		t.Errorf("got warnings %q, want why", warnings)
	}
}
