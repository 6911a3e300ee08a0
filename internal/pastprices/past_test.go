package pastprices_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
)

// query asks for days.
func query(symbol, first, last string, adjustment pastprices.Adjustment) pastprices.Query {
	return pastprices.Query{Symbol: symbol, First: day(first), Last: day(last), Interval: "1d", Adjustment: adjustment}
}

// closeOn is what the vendor's past has of a day without splits.
func closeOn(text string) string { return fmt.Sprint(10 + day(text).Number()%7) }

func TestWeeksAndMonthsHaveTheCloseOfTheirLastDayOfTrading(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		for _, c := range []struct {
			interval, first, last string
			want                  [][2]string // first and last day
		}{
			{"1wk", "2026-11-04", "2026-11-20", [][2]string{{"2026-11-02", "2026-11-06"}, {"2026-11-09", "2026-11-13"}, {"2026-11-16", "2026-11-20"}}},
			{"1wk", "2026-09-06", "2026-09-09", [][2]string{{"2026-08-31", "2026-09-04"}, {"2026-09-08", "2026-09-09"}}}, // Labor Day
			{"1mo", "2026-09-15", "2026-11-18", [][2]string{{"2026-09-01", "2026-09-30"}, {"2026-10-01", "2026-10-30"}, {"2026-11-02", "2026-11-18"}}},
			{"1mo", "2025-12-31", "2026-01-31", [][2]string{{"2025-12-01", "2025-12-31"}, {"2026-01-02", "2026-01-30"}}},
		} {
			q := query("AAPL", c.first, c.last, pastprices.ForSplits)
			q.Interval = c.interval
			got, _, err := s.History(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var bars, want []string
			for _, b := range got.Bars {
				bars = append(bars, fmt.Sprintln(b.Day, b.LastDay, b.Close))
			}
			for _, w := range c.want {
				want = append(want, fmt.Sprintln(day(w[0]), day(w[1]), closeOn(w[1])))
			}
			if diff := cmp.Diff(want, bars); diff != "" || got.Interval != c.interval {
				t.Errorf("%s from %s (-want +got):\n%s", c.interval, c.first, diff)
			}
		}
	})
}

func TestWithoutAdjustmentPricesAreAsTheyWereTraded(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		p.splits["AAPL"] = []market.Split{
			{Day: day("2026-06-10"), From: decimal.NewFromInt(1), To: decimal.NewFromInt(4)}, {Day: day("2026-11-17"), From: decimal.NewFromInt(3), To: decimal.NewFromInt(2)},
		}
		p.paid["AAPL"] = []market.Dividend{{Day: day("2026-06-09"), Amount: decimal.RequireFromString("0.25")}, {Day: day("2026-11-17"), Amount: decimal.NewFromInt(1)}}
		got, warnings, err := process(t, d, p).History(t.Context(), query("AAPL", "2026-06-08", "2026-11-18", pastprices.AsTraded))
		if err != nil || got.Adjusted || got.Adjustment != pastprices.AsTraded {
			t.Fatal(got, err)
		}
		wantNoWarnings(t, warnings)
		for _, b := range got.Bars {
			if diff := b.Close.Sub(decimal.RequireFromString(closeOn(b.Day.String()))).Abs(); diff.GreaterThan(decimal.New(1, -5)) {
				t.Errorf("%s: got %s, want %s", b.Day, b.Close, closeOn(b.Day.String()))
			}
		}
		first, second := got.Dividends[0].Amount.String(), got.Dividends[1].Amount.String()
		if first != "0.666667" || second != "1" { // 0.25 of today's shares, on one of then
			t.Errorf("got dividends of %s and %s", first, second)
		}
	})
}
