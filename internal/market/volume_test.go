package market_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/market"
)

// classes is a vendor that knows symbols, and of which class each is.
type classes map[string]string

func (classes) Name() string { return "classes" }

func (c classes) Quotes(_ context.Context, symbols []string) (map[string]market.Quote, error) {
	found := map[string]market.Quote{}
	for _, symbol := range symbols {
		found[symbol] = market.Quote{Symbol: symbol, AssetClass: c[symbol], Currency: "USD", Price: decimal.NewFromInt(1), Volume: new(int64(5)), Timestamp: time.Now()}
	}
	return found, nil
}

func TestTheVolumeOfFuturesAndOptionsCountsContracts(t *testing.T) {
	wanted := map[string]string{"GC=F": "contracts", "AAPL270115C00150000": "contracts", "AAPL": "shares", "SPY": "shares"}
	s := newService(t, classes{"GC=F": market.Future, "AAPL270115C00150000": market.Option, "AAPL": "equity", "SPY": "etf"})
	for _, q := range quotes(t, s, "GC=F", "AAPL270115C00150000", "AAPL", "SPY").Quotes {
		if q.VolumeUnit != wanted[q.Symbol] {
			t.Errorf("%s: got a volume in %q, want %q", q.Symbol, q.VolumeUnit, wanted[q.Symbol])
		}
	}
}
