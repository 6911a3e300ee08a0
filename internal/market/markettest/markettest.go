// Package markettest is the suite every source of market data must pass, by what it has.
package markettest

import (
	"context"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// unknown is a symbol in our spelling that nobody trades.
const unknown = "NOSUCHSYMBOL"

// suite is what Run was given.
type suite struct {
	open  func(t *testing.T) market.Source
	known []string
}

// Run runs the suite. open makes a source that has not been asked anything yet; known are some symbols it knows, in our
// spelling and best of many kinds: a class of shares, something abroad, crypto, an index.
func Run(t *testing.T, open func(t *testing.T) market.Source, known []string) {
	s := suite{open, known}
	t.Run("it names itself", func(t *testing.T) {
		if open(t).Name() == "" {
			t.Error("got no name")
		}
	})
	t.Run("what it knows comes back whole under our spelling", s.knows)
	t.Run("what it does not know is missing, and no error", s.leavesOut)
	t.Run("nothing asked is nothing answered", s.answersNothing)
	t.Run("a caller who left gets no answer", s.heedsCancel)
	t.Run("many can ask at once", s.isShared)
}

func (s suite) knows(t *testing.T) {
	source := s.open(t)
	got, err := source.Quotes(t.Context(), s.known)
	if err != nil {
		t.Fatal(err)
	}
	for _, symbol := range s.known {
		quote, ok := got[symbol]
		if !ok {
			t.Errorf("%s is missing", symbol)
			continue
		}
		checkQuote(t, symbol, source.Name(), quote)
	}
	if len(got) != len(s.known) {
		t.Errorf("got %d quotes, want %d", len(got), len(s.known))
	}
}

var (
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	classes  = []string{"equity", "etf", "fund", "index", "currency", market.Crypto, "future", "option", "other"}
	states   = []string{"pre", market.Regular, "post", "closed", ""}
)

func checkQuote(t *testing.T, symbol, source string, q market.Quote) {
	t.Helper()
	if q.Symbol != symbol || q.Source != source || q.Stale {
		t.Errorf("%s: got symbol %q, source %q, stale %v, want source %q and fresh", symbol, q.Symbol, q.Source, q.Stale, source)
	}
	if !currency.MatchString(q.Currency) {
		t.Errorf("%s: got currency %q, want ISO 4217", symbol, q.Currency)
	}
	if !slices.Contains(classes, q.AssetClass) || !slices.Contains(states, q.MarketState) {
		t.Errorf("%s: got asset class %q and market state %q, want ours", symbol, q.AssetClass, q.MarketState)
	}
	if !q.Price.IsPositive() {
		t.Errorf("%s: got price %s, want more than nothing", symbol, q.Price)
	}
	for name, price := range map[string]*decimal.Decimal{
		"previous close": q.PreviousClose, "open": q.Open, "day high": q.DayHigh, "day low": q.DayLow,
	} {
		if price != nil && !price.IsPositive() {
			t.Errorf("%s: got %s %v, want it missing or more than nothing", symbol, name, price)
		}
	}
	if q.Timestamp.IsZero() || q.FetchedAt.IsZero() || q.Timestamp.After(q.FetchedAt.Add(time.Hour)) {
		t.Errorf("%s: got traded at %s and fetched at %s, want both, in this order", symbol, q.Timestamp, q.FetchedAt)
	}
	if q.Timestamp.Location() != time.UTC || q.FetchedAt.Location() != time.UTC {
		t.Errorf("%s: got traded at %s and fetched at %s, want UTC", symbol, q.Timestamp, q.FetchedAt)
	}
}

func (s suite) leavesOut(t *testing.T) {
	source := s.open(t)
	got, err := source.Quotes(t.Context(), []string{unknown})
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	got, err = source.Quotes(t.Context(), []string{unknown, s.known[0]})
	if _, ok := got[s.known[0]]; err != nil || len(got) != 1 || !ok {
		t.Errorf("got %v, %v, want %s alone", got, err, s.known[0])
	}
}

func (s suite) answersNothing(t *testing.T) {
	if got, err := s.open(t).Quotes(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
}

func (s suite) heedsCancel(t *testing.T) {
	source := s.open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := source.Quotes(gone, s.known); !fault.Is(err, fault.Canceled) || len(got) != 0 {
		t.Errorf("got %d quotes, %v, want %s", len(got), err, fault.Canceled)
	}
	if _, err := source.Quotes(t.Context(), s.known); err != nil {
		t.Errorf("the next caller got %v", err)
	}
}

func (s suite) isShared(t *testing.T) {
	source := s.open(t)
	var wg sync.WaitGroup
	for _, symbol := range s.known {
		for _, symbols := range [][]string{{symbol}, {symbol, unknown}} {
			wg.Go(func() {
				got, err := source.Quotes(t.Context(), symbols)
				if err != nil || len(got) != 1 || got[symbol].Symbol != symbol {
					t.Errorf("%v: got %v, %v, want %s", symbols, got, err, symbol)
				}
			})
		}
	}
	wg.Wait()
}
