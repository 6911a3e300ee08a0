package pastprices

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// slow answers when it is let go.
type slow struct {
	market.Source
	goes chan struct{}
}

func (slow) Name() string { return "slow" }

func (s slow) History(_ context.Context, symbol string, first, _ calendar.Day) (market.History, error) {
	<-s.goes
	return market.History{Symbol: symbol, Currency: "USD", Bars: []market.Bar{{Day: first, Close: decimal.NewFromInt(1)}}, Source: "slow", FetchedAt: time.Now()}, nil
}

func TestWhatTakesTooLongIsFetchedAllTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		source := slow{goes: make(chan struct{})}
		s, err := New(t.Context(), Config{DB: d, Sources: []market.Source{source}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		impatient := make(chan struct{})
		close(impatient)
		symbols := []string{"A", "B", "C", "D", "E", "F"} // more than have their turn at once
		late, err := s.refreshPrices(t.Context(), symbols, 20_000, impatient)
		if err != nil || !slices.Equal(late, symbols) {
			t.Errorf("got %v, %v, want all of them late", late, err)
		}
		waiting := &series{symbol: "A", failure: errUnderWay, failedAt: time.Now()}
		if got := waiting.warning(20_000, time.Now()); !strings.Contains(got, "are being fetched; ask again") {
			t.Errorf("got %q", got)
		}
		close(source.goes)
		got, warnings, err := s.Closes(t.Context(), symbols, calendar.DayNumbered(19_000))
		if err != nil || len(got) != len(symbols) || len(warnings) > 0 {
			t.Errorf("got %d, %q, %v", len(got), warnings, err)
		}
	})
}
