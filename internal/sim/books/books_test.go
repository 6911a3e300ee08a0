package books

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// issuers are plausible shares for all registered companies.
func issuers() []Issuer {
	var list []Issuer
	for _, r := range Registrants() {
		if r.Symbol != "" {
			eps := int64(450)
			if r.Symbol == "BA" {
				eps = -820
			}
			list = append(list, Issuer{
				Symbol: r.Symbol, City: r.City, Employees: 12_000, EPS: eps, Shares: r.Revenue / 60,
				Factor:   func(calendar.Day) int64 { return 1 },
				Dividend: func(calendar.Day, calendar.Day) int64 { return 2500 },
			})
		}
	}
	return list
}

// named are the books of the company with the symbol.
func named(t *testing.T, symbol string) *Company {
	t.Helper()
	for _, c := range Open(1, issuers()) {
		if c.Symbol == symbol {
			return c
		}
	}
	t.Fatalf("%s keeps no books", symbol)
	return nil
}

func TestStatementsAddUpWhateverTheSeed(t *testing.T) {
	for seed := range uint64(5) {
		for _, c := range Open(seed, issuers()) {
			if c.Symbol == "" {
				continue
			}
			was := c.opening()
			for i, q := range c.Periods {
				if got, want := q.Stocks.Assets(), q.Stocks.Owed()+q.Stocks.Equity; got != want {
					t.Fatalf("seed %d, %s, quarter %d: assets of %d, liabilities and equity of %d", seed, c.Short, i, got, want)
				}
				if got := q.Stocks.Cash - was.Cash; got != q.Flows.Change() {
					t.Fatalf("seed %d, %s, quarter %d: cash grew by %d, the statement of cash flows says %d", seed, c.Short, i, got, q.Flows.Change())
				}
				for name, amount := range map[string]int64{"cash": q.Stocks.Cash, "securities": q.Stocks.Securities, "property": q.Stocks.Property, "revenue": q.Flows.Revenue, "selling": q.Flows.Selling, "payables": q.Stocks.Payables, "debt": q.Stocks.Debt, "other liabilities": q.Stocks.Others} {
					if amount < 0 {
						t.Errorf("seed %d, %s, quarter %d: %s of %d millions", seed, c.Short, i, name, amount)
					}
				}
				was = q.Stocks
			}
		}
	}
}

func TestQuartersFollowEachOtherWithoutAGap(t *testing.T) {
	for _, c := range Open(1, issuers()) {
		for i := 1; i < len(c.Periods); i++ {
			if got, want := c.Periods[i].Start, c.Periods[i-1].End.AddDays(1); got != want {
				t.Errorf("%s: quarter %d begins on %s, want %s", c.Short, i, got, want)
			}
		}
	}
}

func TestFiscalYearsEndWhenTheCompanySaysSo(t *testing.T) {
	for symbol, want := range map[string]string{
		"AAPL": "2025-09-27", "MSFT": "2025-06-30", "NVDA": "2025-01-26", "NKE": "2025-05-31", "WMT": "2025-01-31", "KO": "2025-12-31",
	} {
		if got := named(t, symbol).QuarterEnd(2025, 4).String(); got != want {
			t.Errorf("%s: fiscal 2025 ends on %s, want %s", symbol, got, want)
		}
	}
}

func TestResultsAreKnownFromTheMinuteTheyAreTold(t *testing.T) {
	c := named(t, "KO")
	next, ok := c.NextResults(time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC))
	if !ok || calendar.DayOf(next).String() != "2026-07-27" {
		t.Fatalf("got %s, want the first session from 26 July", next)
	}
	before, after := c.Quarters(next.Add(-time.Minute))[0], c.Quarters(next)[0]
	if before.End.String() != "2026-03-31" || after.End.String() != "2026-06-30" {
		t.Errorf("got the quarter to %s before and to %s after", before.End, after.End)
	}
	was, _ := c.Standing(next.Add(-time.Minute))
	is, _ := c.Standing(next)
	if got, want := is.Revenue.Sub(was.Revenue), after.Revenue.Sub(c.Quarters(next)[4].Revenue); !got.Equal(want) {
		t.Errorf("the year's revenue changed by %s, want by %s", got, want)
	}
}
