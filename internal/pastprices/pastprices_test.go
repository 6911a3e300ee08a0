package pastprices_test

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
)

// past is a vendor with a past: every trading day since 2015 costs 10 and what is left of the day's number by 7, over the
// splits since. It counts what it is asked.
type past struct {
	name     string
	mu       sync.Mutex
	now      time.Time
	currency map[string]string // of what it knows
	splits   map[string][]market.Split
	paid     map[string][]market.Dividend
	asked    []string // symbol and first day
	down     error
	hold     chan struct{}
}

func (p *past) Name() string { return p.name }

// Quotes has none: a past is all there is.
func (p *past) Quotes(context.Context, []string) (map[string]market.Quote, error) { return nil, nil }

func (p *past) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *past) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *past) questions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = nil
	slices.Sort(asked)
	return asked
}

func (p *past) History(ctx context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return market.History{}, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, symbol+" "+first.String())
	currency, ok := p.currency[symbol]
	switch {
	case p.down != nil:
		return market.History{}, p.down
	case !ok:
		return market.History{}, fault.New(fault.UnknownSymbol, "unknown")
	}
	h := market.History{Symbol: symbol, Currency: currency, Source: p.name, FetchedAt: p.now}
	over := calendar.DayOf(calendar.LastClose(p.now.Add(-market.Settling)))
	for day := first; !last.Before(day) && !over.Before(day); day = day.AddDays(1) {
		if !calendar.IsTradingDay(day) || day.Year < 2015 {
			continue
		}
		price := decimal.NewFromInt32(10 + day.Number()%7)
		for _, s := range p.splits[symbol] {
			if day.Before(s.Day) {
				price = price.Mul(s.From).DivRound(s.To, 6)
			}
		}
		h.Bars = append(h.Bars, market.Bar{Day: day, Close: price, Total: decimal.NewNullDecimal(price.Shift(-1))})
	}
	for _, s := range p.splits[symbol] {
		if !s.Day.Before(first) && !calendar.DayOf(p.now).Before(s.Day) {
			h.Splits = append(h.Splits, s)
		}
	}
	for _, d := range p.paid[symbol] {
		if !d.Day.Before(first) && !calendar.DayOf(p.now).Before(d.Day) {
			h.Dividends = append(h.Dividends, d)
		}
	}
	return h, nil
}

// evening is Friday, 20 November 2026, 17:00 in New York.
var evening = time.Date(2026, time.November, 20, 22, 0, 0, 0, time.UTC)

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func newPast() *past {
	p := &past{name: "past", now: evening, currency: map[string]string{"AAPL": "USD", "BRK.B": "USD", "VOD.L": "GBP"}, splits: map[string][]market.Split{}, paid: map[string][]market.Dividend{}}
	return p
}

// process is a service of its own on the database, as another process has one, or this one after a restart.
func process(t *testing.T, d *db.DB, p *past) *pastprices.Service {
	t.Helper()
	return serviceOf(t, d, p, p.Now)
}

func serviceOf(t *testing.T, d *db.DB, source market.Source, now func() time.Time) *pastprices.Service {
	t.Helper()
	s, err := pastprices.New(t.Context(), pastprices.Config{DB: d, Sources: []market.Source{source}, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func onEngines(t *testing.T, test func(t *testing.T, d *db.DB, p *past)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, d, newPast()) })
}

func closes(t *testing.T, s *pastprices.Service, first string, symbols ...string) (map[string]market.Closes, []string) {
	t.Helper()
	got, warnings, err := s.Closes(t.Context(), symbols, day(first))
	if err != nil {
		t.Fatal(err)
	}
	return got, warnings
}

func wantAsked(t *testing.T, p *past, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, p.questions(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func wantNoWarnings(t *testing.T, warnings []string) {
	t.Helper()
	if len(warnings) > 0 {
		t.Errorf("got warnings %q", warnings)
	}
}

// wantTruth compares with what the vendor says now.
func wantTruth(t *testing.T, p *past, first string, got market.Closes) {
	t.Helper()
	h, err := p.History(t.Context(), got.Symbol, day(first), calendar.DayOf(p.Now()))
	if err != nil {
		t.Fatal(err)
	}
	p.set(func() { p.asked = slices.DeleteFunc(p.asked, func(q string) bool { return q == got.Symbol+" "+first }) })
	if len(got.Days) != len(h.Bars) || len(got.Close) != len(h.Bars) || len(got.Total) != len(h.Bars) {
		t.Fatalf("got %d days, %d closes, %d totals, want %d", len(got.Days), len(got.Close), len(got.Total), len(h.Bars))
	}
	for i, b := range h.Bars {
		if got.Days[i] != b.Day.Number() || !decimal.NewFromFloat(got.Close[i]).Equal(b.Close) || !decimal.NewFromFloat(got.Total[i]).Equal(b.Total.Decimal) {
			t.Fatalf("%s: got %v and %v, want %v and %v", b.Day, got.Close[i], got.Total[i], b.Close, b.Total.Decimal)
		}
	}
}

func TestPastPricesAreAskedForOnceAndThenOnlyWhatIsNew(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		got, warnings := closes(t, s, "2026-01-05", "AAPL", "brk-b", "VOD.L")
		wantNoWarnings(t, warnings)
		wantAsked(t, p, "AAPL 2024-01-01", "BRK.B 2024-01-01", "VOD.L 2024-01-01")
		wantTruth(t, p, "2026-01-05", got["AAPL"])
		if b := got["brk-b"]; b.Symbol != "BRK.B" || b.Currency != "USD" || b.Source != "past" || !b.AsOf.Equal(evening) {
			t.Errorf("got %s in %s of %s as of %s", b.Symbol, b.Currency, b.Source, b.AsOf)
		}
		for _, s := range []*pastprices.Service{s, process(t, d, p)} {
			got, warnings = closes(t, s, "2024-03-01", "AAPL", "BRK.B")
			wantNoWarnings(t, warnings)
			wantTruth(t, p, "2024-03-01", got["AAPL"])
			wantAsked(t, p)
		}
		p.set(func() { p.now = evening.AddDate(0, 0, 3).Add(-time.Hour) }) // Monday, before its close has settled
		closes(t, s, "2024-03-01", "AAPL")
		wantAsked(t, p)
		p.set(func() { p.now = evening.AddDate(0, 0, 3).Add(-30 * time.Minute) })
		got, warnings = closes(t, s, "2024-03-01", "AAPL")
		wantNoWarnings(t, warnings)
		wantTruth(t, p, "2024-03-01", got["AAPL"])
		wantAsked(t, p, "AAPL 2026-11-10")
		got, _ = closes(t, process(t, d, p), "2024-03-01", "AAPL")
		wantTruth(t, p, "2024-03-01", got["AAPL"])
		wantAsked(t, p)
	})
}

func TestAnEarlierBeginningIsFetchedWithTheRest(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		closes(t, s, "2026-01-05", "AAPL")
		p.questions()
		got, warnings := closes(t, s, "2013-05-06", "AAPL")
		wantNoWarnings(t, warnings)
		wantAsked(t, p, "AAPL 2013-01-01")
		wantTruth(t, p, "2013-05-06", got["AAPL"])
		got, _ = closes(t, process(t, d, p), "2013-01-02", "AAPL")
		wantTruth(t, p, "2013-01-02", got["AAPL"])
		wantAsked(t, p)
	})
}

func TestASplitOrADividendHasTheWholeHistoryFetchedAgain(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		closes(t, s, "2024-01-02", "AAPL", "BRK.B")
		p.questions()
		split := market.Split{Day: day("2026-11-23"), From: decimal.NewFromInt(1), To: decimal.NewFromInt(4)}
		p.set(func() {
			p.splits["AAPL"] = []market.Split{split}
			p.paid["BRK.B"] = []market.Dividend{{Day: day("2026-11-23"), Amount: decimal.RequireFromString("0.25")}}
			p.now = evening.AddDate(0, 0, 3)
		})
		_, warnings := closes(t, s, "2024-01-02", "AAPL", "BRK.B")
		wantNoWarnings(t, warnings)
		wantAsked(t, p, "AAPL 2024-01-01", "AAPL 2026-11-10", "BRK.B 2024-01-01", "BRK.B 2026-11-10")
		for _, s := range []*pastprices.Service{s, process(t, d, p)} {
			got, _ := closes(t, s, "2024-01-02", "AAPL")
			wantTruth(t, p, "2024-01-02", got["AAPL"])
			if diff := cmp.Diff([]market.Split{split}, got["AAPL"].Splits); diff != "" {
				t.Errorf("splits (-want +got):\n%s", diff)
			}
		}
		wantAsked(t, p)
	})
}

func TestASymbolNobodyKnowsIsNotAskedForAgainForADay(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		for i, s := range []*pastprices.Service{process(t, d, p), process(t, d, p)} {
			got, warnings := closes(t, s, "2026-01-05", "NOSUCH", "AAPL")
			if len(got) != 1 || len(warnings) != 1 || warnings[0] != "No source has past prices of NOSUCH." {
				t.Errorf("%d: got %d and %q", i, len(got), warnings)
			}
		}
		wantAsked(t, p, "AAPL 2024-01-01", "NOSUCH 2024-01-01")
		s := process(t, d, p)
		p.set(func() { p.now, p.currency["NOSUCH"] = p.now.Add(24*time.Hour), "USD" })
		got, warnings := closes(t, s, "2026-01-05", "NOSUCH")
		wantNoWarnings(t, warnings)
		wantTruth(t, p, "2026-01-05", got["NOSUCH"])
	})
}

func TestWhatIsDelistedKeepsItsPast(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		before, _ := closes(t, s, "2026-01-05", "AAPL")
		p.set(func() { delete(p.currency, "AAPL"); p.now = p.now.AddDate(0, 0, 3) })
		p.questions()
		for _, s := range []*pastprices.Service{s, process(t, d, p)} {
			got, warnings := closes(t, s, "2026-01-05", "AAPL")
			if diff := cmp.Diff(before, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], "No source knows AAPL any more") {
				t.Errorf("got %q", warnings)
			}
		}
		wantAsked(t, p, "AAPL 2026-11-10")
	})
}

func TestWhenTheSourceIsDownWhatIsKnownIsServedWithItsAge(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		closes(t, process(t, d, p), "2026-01-05", "AAPL")
		p.set(func() { p.down = fault.New(fault.UpstreamDown, "down"); p.now = p.now.AddDate(0, 0, 3) })
		p.questions()
		s := process(t, d, p)
		for range 2 {
			got, warnings := closes(t, s, "2026-01-05", "AAPL", "VOD.L")
			if len(got) != 1 || len(got["AAPL"].Days) != 223 || !got["AAPL"].AsOf.Equal(evening) {
				t.Errorf("got %d, %d days as of %s", len(got), len(got["AAPL"].Days), got["AAPL"].AsOf)
			}
			want := []string{
				"The past prices of AAPL are those of 2026-11-20 22:00 UTC, 72h0m0s old: their source cannot be reached.",
				"The past prices of VOD.L cannot be had right now.",
			}
			if diff := cmp.Diff(want, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		}
		wantAsked(t, p, "AAPL 2026-11-10", "VOD.L 2024-01-01") // once in a minute
		p.set(func() { p.down = nil; p.now = p.now.Add(time.Minute) })
		got, warnings := closes(t, s, "2026-01-05", "AAPL", "VOD.L")
		wantNoWarnings(t, warnings)
		wantTruth(t, p, "2026-01-05", got["AAPL"])
	})
}

func TestDamagedClosesAreFetchedAgain(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		closes(t, process(t, d, p), "2024-01-02", "AAPL")
		damage := func() {
			t.Helper()
			err := d.Tx(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), "update price_years set closes = $1 where symbol = 'AAPL' and year = 2025", []byte("\x01rubbish"))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		damage()
		p.set(func() { p.down = fault.New(fault.UpstreamDown, "down") })
		s := process(t, d, p)
		if got, warnings := closes(t, s, "2024-01-02", "AAPL"); len(got) != 0 || len(warnings) != 1 {
			t.Errorf("got %v and %q, want nothing: what is damaged is not served", got, warnings)
		}
		p.set(func() { p.down = nil; p.now = p.now.Add(time.Minute); p.asked = nil })
		for _, s := range []*pastprices.Service{s, process(t, d, p)} {
			got, warnings := closes(t, s, "2024-01-02", "AAPL")
			wantNoWarnings(t, warnings)
			wantTruth(t, p, "2024-01-02", got["AAPL"])
		}
		wantAsked(t, p, "AAPL 2024-01-01")
	})
}

func TestManyWhoWantOneHistoryWaitForOneAnswer(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		p.hold = make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				got, warnings, err := s.Closes(t.Context(), []string{"AAPL", "BRK.B"}, day("2026-01-05"))
				if err != nil || len(got) != 2 || len(warnings) != 0 {
					t.Errorf("got %d, %q, %v", len(got), warnings, err)
				}
			})
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, _, err := s.Closes(gone, []string{"AAPL"}, day("2026-01-05")); err == nil {
			t.Error("somebody who left got an answer")
		}
		close(p.hold)
		wg.Wait()
		wantAsked(t, p, "AAPL 2024-01-01", "BRK.B 2024-01-01")
	})
}

func TestPricesNobodyAsksForAreForgottenAfterAYear(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		s := process(t, d, p)
		closes(t, s, "2026-01-05", "AAPL", "BRK.B", "NOSUCH")
		p.set(func() { p.now = p.now.AddDate(0, 10, 0) })
		closes(t, s, "2026-01-05", "AAPL")
		p.set(func() { p.now = p.now.AddDate(0, 6, 0) })
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return s.Tidy(t.Context(), tx, p.Now()) }); err != nil {
			t.Fatal(err)
		}
		rows, err := d.Read().QueryContext(t.Context(), "select symbol from price_histories union select symbol from price_years")
		left, err := db.Collect(rows, err, func(scan func(...any) error) (symbol string, err error) { return symbol, scan(&symbol) })
		if diff := cmp.Diff([]string{"AAPL"}, left); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
