package market_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// evening is Friday, 20 November 2026, 17:00 in New York.
var evening = time.Date(2026, time.November, 20, 22, 0, 0, 0, time.UTC)

// exchange is a vendor that has rates of exchange.
type exchange struct {
	now    time.Time
	quotes map[string]market.Quote
	down   error
}

func (e *exchange) Name() string { return "exchange" }

func (e *exchange) Quotes(_ context.Context, symbols []string) (map[string]market.Quote, error) {
	if e.down != nil {
		return nil, e.down
	}
	found := map[string]market.Quote{}
	for _, symbol := range symbols {
		if q, ok := e.quotes[symbol]; ok {
			q.Symbol, q.AssetClass, q.Source, q.FetchedAt = symbol, "currency", e.Name(), e.now
			found[symbol] = q
		}
	}
	return found, nil
}

func bourse() *exchange {
	at := evening.Add(-time.Hour)
	return &exchange{now: evening, quotes: map[string]market.Quote{
		"EURUSD=X": {Currency: "USD", Price: decimal.RequireFromString("1.16"), Timestamp: at},
		"USDJPY=X": {Currency: "JPY", Price: decimal.RequireFromString("160"), Timestamp: at.Add(-24 * time.Hour)},
		"GBPUSD=X": {Currency: "XXX", Price: decimal.RequireFromString("1"), Timestamp: at}, // not what it says it is
	}}
}

func newExchange(t *testing.T, e *exchange) *market.Service {
	t.Helper()
	s, err := market.New(t.Context(), market.Config{Sources: []market.Source{e}, Now: func() time.Time { return e.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheRateOfNowIsTheQuotes(t *testing.T) {
	e := bourse()
	s := newExchange(t, e)
	at := evening.Add(-time.Hour)
	for pair, want := range map[[2]string]market.Rate{
		{"EUR", "USD"}: {Rate: decimal.RequireFromString("1.16"), Day: calendar.DayOf(at), Source: "exchange", AsOf: at},
		{"USD", "EUR"}: {Rate: decimal.RequireFromString("0.862068965517"), Day: calendar.DayOf(at), Source: "exchange", AsOf: at},
		{"EUR", "JPY"}: {Rate: decimal.RequireFromString("185.6"), Day: calendar.DayOf(at).AddDays(-1), Source: "exchange", AsOf: at.AddDate(0, 0, -1)},
		{"JPY", "EUR"}: {Rate: decimal.RequireFromString("0.005387931034"), Day: calendar.DayOf(at).AddDays(-1), Source: "exchange", AsOf: at.AddDate(0, 0, -1)},
		{"CHF", "CHF"}: {Rate: decimal.NewFromInt(1), Day: calendar.DayOf(evening), AsOf: evening},
	} {
		want.From, want.To = pair[0], pair[1]
		got, err := s.Rate(t.Context(), pair[0], pair[1])
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v: %v (-want +got):\n%s", pair, err, diff)
		}
	}
	for _, code := range []string{"GBp", "usd", "", "EURO", "GBX "} {
		if _, err := s.Rate(t.Context(), "EUR", code); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", code, err)
		}
	}
	if got, err := s.Rate(t.Context(), "GBP", "USD"); !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %v, %v, want no rate", got, err)
	}
	e.down, e.now = fault.New(fault.UpstreamDown, "down"), e.now.Add(time.Hour)
	if got, err := s.Rate(t.Context(), "EUR", "USD"); err != nil || !got.Stale {
		t.Errorf("while the source is down: got %v, %v, want the last rate as stale", got, err)
	}
	if _, err := s.Rate(t.Context(), "AUD", "USD"); !fault.Is(err, fault.UpstreamDown) {
		t.Errorf("while the source is down: got %v", err)
	}
}
