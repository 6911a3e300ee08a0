package yahoo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/markettest"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

var (
	beginning = day("2023-01-03")
	today     = calendar.DayOf(now) // Monday, 23 November 2026, at 10:00 in New York
)

// patience is for the simulator, which works years out at the first question.
const patience = 30 * time.Second

func TestTheSimulatedYahooHasAPast(t *testing.T) {
	markettest.RunHistory(t, func(t *testing.T) market.Historian {
		_, source, _ := simulatedWithin(t, patience)
		return source
	}, []string{"AAPL", "BRK.B", "NVDA", "SPY", "VOD.L", "BTC-USD", "^GSPC", "EURUSD=X", "USDJPY=X"}, beginning, today)
}

func past(t *testing.T, source market.Historian, symbol string) market.History {
	t.Helper()
	h, err := source.History(t.Context(), symbol, beginning, today)
	if err != nil {
		t.Fatalf("%s: %v", symbol, err)
	}
	return h
}

func TestClosesAreTheWorldsOnItsDays(t *testing.T) {
	s, source, _ := simulatedWithin(t, patience)
	for symbol, shift := range map[string]int32{"AAPL": 0, "NVDA": 0, "VOD.L": -2, "BTC-USD": 0, "^GSPC": 0, "EURUSD=X": 0, "USDJPY=X": 0} {
		h := past(t, source, symbol)
		truth := map[calendar.Day]sim.Bar{}
		for _, b := range s.World.Bars(symbol, beginning, today.AddDays(-1)) {
			truth[b.Day] = b
		}
		lost := len(truth) - len(h.Bars)
		if lost < 1 || lost > len(truth)/100 {
			t.Errorf("%s: got %d of %d days; some are null, and today is not over", symbol, len(h.Bars), len(truth))
		}
		for _, b := range h.Bars {
			want, ok := truth[b.Day]
			if !ok || b.Close.Sub(want.Close.Shift(shift)).Abs().GreaterThan(want.Close.Shift(shift-6)) {
				t.Fatalf("%s on %s: got %s, want %s", symbol, b.Day, b.Close, want.Close.Shift(shift))
			}
			if total := want.AdjustedClose.Shift(shift); b.Total.Decimal.Sub(total).Abs().GreaterThan(total.Shift(-5)) {
				t.Fatalf("%s on %s: got %s with dividends, want %s", symbol, b.Day, b.Total.Decimal, total)
			}
		}
	}
}

func TestSplitsAndDividendsAreTheWorlds(t *testing.T) {
	s, source, _ := simulatedWithin(t, patience)
	got := past(t, source, "NVDA")
	want := []market.Split{{Day: day("2024-06-10"), From: decimal.NewFromInt(1), To: decimal.NewFromInt(10)}}
	if diff := cmp.Diff(want, got.Splits); diff != "" {
		t.Errorf("splits (-want +got):\n%s", diff)
	}
	for symbol, pence := range map[string]bool{"AAPL": false, "VOD.L": true} {
		var wanted []market.Dividend
		for _, d := range s.World.Dividends(symbol, beginning, today) {
			amount := d.Amount
			if pence {
				amount = amount.Shift(-2)
			}
			wanted = append(wanted, market.Dividend{Day: d.ExDay, Amount: amount})
		}
		near := cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Sub(b).Abs().LessThan(decimal.New(1, -6)) })
		if diff := cmp.Diff(wanted, past(t, source, symbol).Dividends, near); diff != "" || len(wanted) < 10 {
			t.Errorf("%s: %d dividends (-want +got):\n%s", symbol, len(wanted), diff)
		}
	}
}

func TestADelistedSymbolHasNoPastAnyMore(t *testing.T) {
	_, source, _ := simulatedWithin(t, patience)
	if h, err := source.History(t.Context(), "TWTR", beginning, today); !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %d days, %v", len(h.Bars), err)
	}
}

func TestFaultsOfTheChartAreTypedAndPass(t *testing.T) {
	for kind, want := range map[sim.FaultKind]fault.Kind{
		sim.FaultLatency: fault.UpstreamTimeout, sim.FaultRateLimited: fault.UpstreamDown, sim.FaultServerError: fault.UpstreamDown,
		sim.FaultCutBody: fault.UpstreamFailed, sim.FaultGarbage: fault.UpstreamFailed, sim.FaultWrongTypes: fault.UpstreamFailed,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, source, clock := simulatedWithin(t, patienceWith(kind))
			s.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: kind, Delay: time.Hour})
			if h, err := source.History(t.Context(), "AAPL", beginning, today); len(h.Bars) != 0 || !fault.Is(err, want) {
				t.Errorf("got %d days, %v, want %s", len(h.Bars), err, want)
			}
			s.Faults.Clear(sim.ProviderYahoo)
			clock.Advance(time.Minute)
			if h, err := source.History(t.Context(), "AAPL", beginning, today); len(h.Bars) == 0 || err != nil {
				t.Errorf("when it is well again: got %d days, %v", len(h.Bars), err)
			}
		})
	}
}
