package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// past is what the history of a price is shown as.
type past struct {
	Symbol, Currency, Interval, Source string
	Adjusted, Stale                    bool
	AsOf                               time.Time
	Bars                               []struct {
		Day   calendar.Day
		Close decimal.Decimal
	}
	Splits []struct {
		Day      calendar.Day
		From, To decimal.Decimal
	}
	Dividends []struct {
		Day    calendar.Day
		Amount decimal.Decimal
	}
}

func TestThePastOfAPriceIsTheWorlds(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		for symbol, shift := range map[string]int32{"NVDA": 0, "VOD.L": -2, "BTC%2FUSD": 0} {
			got := data[past](p.get("/stocks/" + symbol + "/history?from=2024-05-01&to=2026-11-18").status(http.StatusOK))
			truth := map[calendar.Day]sim.Bar{}
			for _, b := range s.sim.World.Bars(got.Symbol, calendar.Day{Year: 2024, Month: 5, Day: 1}, calendar.DayOf(s.clock.Now()).AddDays(-1)) {
				truth[b.Day] = b
			}
			if lost := len(truth) - len(got.Bars); lost < 0 || lost > 10 || got.Stale || got.Source != "yahoo" || !got.AsOf.Equal(s.clock.Now()) {
				t.Errorf("%s: got %d of %d days, stale %v, of %s as of %s", symbol, len(got.Bars), len(truth), got.Stale, got.Source, got.AsOf)
			}
			for _, b := range got.Bars {
				want := truth[b.Day].Close.Shift(shift)
				if b.Close.Sub(want).Abs().GreaterThan(want.Shift(-6)) {
					t.Fatalf("%s on %s: got %s, want %s", symbol, b.Day, b.Close, want)
				}
			}
			if symbol == "NVDA" && (len(got.Splits) != 1 || !got.Splits[0].To.Equal(decimal.NewFromInt(10)) || len(got.Dividends) < 9) {
				t.Errorf("got the splits %v and %d dividends", got.Splits, len(got.Dividends))
			}
		}
		adjusted := data[past](p.get("/stocks/nvda/history?range=1M&adjusted=true").status(http.StatusOK))
		if n := len(adjusted.Bars); !adjusted.Adjusted || adjusted.Bars[0].Day.String() != "2026-10-19" || adjusted.Bars[n-1].Day.String() != "2026-11-17" {
			t.Errorf("a month: got %+v", adjusted)
		}
		p.get("/stocks/NOSUCH/history").fails(http.StatusNotFound, "unknown_symbol")
		p.post("/stocks/NVDA/history", nil).fails(http.StatusMethodNotAllowed, "method_not_allowed")
		p.get("/stocks/NVDA/future").fails(http.StatusNotFound, "not_found")
	})
}

func TestThePastIsServedWhileYahooIsDown(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		before := data[past](p.get("/stocks/AAPL/history").status(http.StatusOK))
		s.clock.Advance(24 * time.Hour)
		p.login()
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError, Status: 503})
		got, m := dataMeta[past](p.get("/stocks/AAPL/history?from=2025-11-18&to=2026-11-18").status(http.StatusOK))
		if !got.Stale || len(got.Bars) != len(before.Bars) || !got.AsOf.Equal(before.AsOf) || len(m.Warnings) != 1 {
			t.Errorf("got stale %v, %d days as of %s, %q", got.Stale, len(got.Bars), got.AsOf, m.Warnings)
		}
		p.get("/stocks/MSFT/history").fails(http.StatusServiceUnavailable, "upstream_unavailable")
	})
}
