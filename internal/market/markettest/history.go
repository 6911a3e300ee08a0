package markettest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// historySuite is what RunHistory was given.
type historySuite struct {
	open        func(t *testing.T) market.Historian
	known       []string
	first, last calendar.Day
}

// RunHistory runs the suite of sources that have a past. open makes a source that has not been asked anything yet; known
// are some symbols, in our spelling and of many kinds, that traded on several days from the first to the last. The last
// should be today, so that a day that is not over is seen.
func RunHistory(t *testing.T, open func(t *testing.T) market.Historian, known []string, first, last calendar.Day) {
	s := historySuite{open, known, first, last}
	t.Run("what it knows comes back whole", s.knows)
	t.Run("a part is the same as in the whole", s.divides)
	t.Run("what it does not know is an unknown symbol", s.refuses)
	t.Run("a caller who left gets no answer", s.heedsCancel)
	t.Run("many can ask at once", s.isShared)
}

func (s historySuite) history(t *testing.T, symbol string, first, last calendar.Day) market.History {
	t.Helper()
	h, err := s.open(t).History(t.Context(), symbol, first, last)
	if err != nil {
		t.Fatalf("%s: %v", symbol, err)
	}
	return h
}

func (s historySuite) knows(t *testing.T) {
	for _, symbol := range s.known {
		h := s.history(t, symbol, s.first, s.last)
		if h.Symbol != symbol || !currency.MatchString(h.Currency) || h.Source != s.open(t).Name() || h.FetchedAt.Location() != time.UTC || h.FetchedAt.IsZero() {
			t.Errorf("%s: got %q in %q of %q at %s", symbol, h.Symbol, h.Currency, h.Source, h.FetchedAt)
		}
		if len(h.Bars) < 2 {
			t.Fatalf("%s: got %d days, want several", symbol, len(h.Bars))
		}
		before := s.first.AddDays(-1)
		for _, b := range h.Bars {
			if !before.Before(b.Day) || s.last.Before(b.Day) {
				t.Errorf("%s: got %s behind %s, want days in order, from %s to %s", symbol, b.Day, before, s.first, s.last)
			}
			before = b.Day
			checkBar(t, symbol, b)
		}
		s.checkEvents(t, h)
	}
}

func checkBar(t *testing.T, symbol string, b market.Bar) {
	t.Helper()
	if !b.Close.IsPositive() || b.Total.Valid && !b.Total.Decimal.IsPositive() || b.Volume != nil && *b.Volume < 0 {
		t.Errorf("%s: got a close of %s, %v with dividends, volume %v on %s", symbol, b.Close, b.Total, b.Volume, b.Day)
	}
	if b.High.Valid && b.High.Decimal.LessThan(b.Close) || b.Low.Valid && b.Close.LessThan(b.Low.Decimal) || b.Open.Valid && !b.Open.Decimal.IsPositive() {
		t.Errorf("%s: got a close of %s outside %v to %v, open %v, on %s", symbol, b.Close, b.Low, b.High, b.Open, b.Day)
	}
}

func (s historySuite) checkEvents(t *testing.T, h market.History) {
	t.Helper()
	before := s.first.AddDays(-1)
	for _, split := range h.Splits {
		if !before.Before(split.Day) || s.last.Before(split.Day) || !split.From.IsPositive() || !split.To.IsPositive() || split.From.Equal(split.To) {
			t.Errorf("%s: got the split %v", h.Symbol, split)
		}
		before = split.Day
	}
	before = s.first.AddDays(-1)
	for _, d := range h.Dividends {
		if !before.Before(d.Day) || s.last.Before(d.Day) || !d.Amount.IsPositive() {
			t.Errorf("%s: got the dividend %v", h.Symbol, d)
		}
		before = d.Day
	}
}

// divides asks for what lies between two days of the whole, both included.
func (s historySuite) divides(t *testing.T) {
	for _, symbol := range s.known {
		all := s.history(t, symbol, s.first, s.last).Bars
		want := all[len(all)/3 : len(all)*2/3+1]
		got := s.history(t, symbol, want[0].Day, want[len(want)-1].Day).Bars
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-whole +part):\n%s", symbol, diff)
		}
	}
}

func (s historySuite) refuses(t *testing.T) {
	if h, err := s.open(t).History(t.Context(), unknown, s.first, s.last); !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %d days, %v, want %s", len(h.Bars), err, fault.UnknownSymbol)
	}
}

func (s historySuite) heedsCancel(t *testing.T) {
	source := s.open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.History(gone, s.known[0], s.first, s.last); !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v, want %s", err, fault.Canceled)
	}
	if _, err := source.History(t.Context(), s.known[0], s.first, s.last); err != nil {
		t.Errorf("the next caller got %v", err)
	}
}

func (s historySuite) isShared(t *testing.T) {
	source := s.open(t)
	var wg sync.WaitGroup
	for _, symbol := range s.known {
		for range 2 {
			wg.Go(func() {
				if h, err := source.History(t.Context(), symbol, s.first, s.last); err != nil || h.Symbol != symbol || len(h.Bars) < 2 {
					t.Errorf("%s: got %s, %d days, %v", symbol, h.Symbol, len(h.Bars), err)
				}
			})
		}
	}
	wg.Wait()
}
