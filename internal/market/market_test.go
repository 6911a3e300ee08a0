package market_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// source is a vendor that knows every symbol beginning with a letter it was given.
type source struct {
	name    string
	letters string
	calls   atomic.Int32
	asked   atomic.Int32
	fail    atomic.Bool
	blank   atomic.Bool // whether it answers without quotes
	delay   time.Duration
	panics  bool
	state   string // of the market
}

func (s *source) Name() string { return s.name }

func (s *source) Quotes(ctx context.Context, symbols []string) (map[string]market.Quote, error) {
	s.calls.Add(1)
	s.asked.Add(int32(len(symbols)))
	if s.panics {
		panic("a bug")
	}
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.fail.Load() {
		return nil, fault.New(fault.UpstreamDown, "down")
	}
	found := map[string]market.Quote{}
	if s.blank.Load() {
		return found, nil
	}
	for _, symbol := range symbols {
		if strings.ContainsRune(s.letters, rune(symbol[0])) {
			class := "equity"
			switch {
			case strings.HasSuffix(symbol, "-USD"):
				class = market.Crypto
			case strings.HasSuffix(symbol, "=X"):
				class = "currency"
			}
			found[symbol] = market.Quote{
				Symbol: symbol, Price: decimal.NewFromInt(int64(s.calls.Load())), Currency: "USD", AssetClass: class, MarketState: s.state,
				Source: s.name, FetchedAt: time.Now(), Timestamp: time.Now(),
			}
		}
	}
	return found, nil
}

func newService(t *testing.T, sources ...market.Source) *market.Service {
	t.Helper()
	s, err := market.New(t.Context(), market.Config{Sources: sources, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at moves the bubble's clock to a moment in New York in November 2026; the 23rd is a Monday.
func at(t *testing.T, day, hour, minute int) {
	t.Helper()
	when := time.Date(2026, 11, day, hour+5, minute, 0, 0, time.UTC)
	if when.Before(time.Now()) {
		t.Fatal("time runs forward only")
	}
	time.Sleep(time.Until(when))
}

func quotes(t *testing.T, s *market.Service, symbols ...string) market.Batch {
	t.Helper()
	batch, err := s.Quotes(t.Context(), symbols)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestAQuoteIsFreshForAMinuteWhileTheMarketIsOpenAndOtherwiseUntilTheNextOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "AB"}
		s := newService(t, src)
		wantCalls := func(want int32, when string) {
			t.Helper()
			if got := src.calls.Load(); got != want {
				t.Errorf("%s: got %d calls, want %d", when, got, want)
			}
		}
		at(t, 23, 10, 0)
		quotes(t, s, "AAPL")
		time.Sleep(59 * time.Second)
		quotes(t, s, "AAPL")
		wantCalls(1, "within a minute")
		time.Sleep(time.Second)
		quotes(t, s, "AAPL")
		wantCalls(2, "after a minute")
		at(t, 23, 15, 59)
		quotes(t, s, "AAPL")
		at(t, 23, 16, 1)
		quotes(t, s, "AAPL")
		wantCalls(4, "once more after the close")
		at(t, 23, 16, 29)
		quotes(t, s, "AAPL")
		wantCalls(4, "until the close has settled")
		at(t, 23, 16, 30)
		quotes(t, s, "AAPL")
		wantCalls(5, "once more when the close has settled")
		at(t, 24, 9, 29)
		quotes(t, s, "AAPL")
		wantCalls(5, "until the next morning")
		at(t, 24, 9, 30)
		quotes(t, s, "AAPL")
		wantCalls(6, "at the next opening")
		at(t, 28, 3, 0) // a Saturday
		quotes(t, s, "BTC-USD")
		time.Sleep(time.Minute)
		quotes(t, s, "BTC-USD")
		wantCalls(8, "crypto at the weekend")
	})
}

func TestWhatTradesAbroadIsAskedForWhateverNewYorkDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "BV", state: "closed"}
		s := newService(t, src)
		wantAsked := func(want int32, when string) {
			t.Helper()
			if got := src.asked.Load(); got != want {
				t.Errorf("%s: got %d symbols asked for, want %d", when, got, want)
			}
		}
		at(t, 24, 2, 50) // London opens at 3:00 in New York
		quotes(t, s, "VUSD.L", "BRK.B")
		at(t, 24, 3, 4)
		quotes(t, s, "VUSD.L", "BRK.B")
		wantAsked(2, "within a quarter of an hour")
		at(t, 24, 3, 5)
		quotes(t, s, "VUSD.L", "BRK.B")
		wantAsked(3, "after it: London's share, not New York's")
		at(t, 24, 13, 0)
		quotes(t, s, "VUSD.L")
		time.Sleep(14 * time.Minute)
		quotes(t, s, "VUSD.L")
		wantAsked(4, "while London is closed and New York open")
	})
}

func TestACurrencyIsAskedForWhileNewYorkSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "E", state: "closed"}
		s := newService(t, src)
		at(t, 22, 16, 50) // a Sunday: currencies trade from 17:00
		quotes(t, s, "EURUSD=X")
		at(t, 22, 17, 5)
		quotes(t, s, "EURUSD=X")
		if got := src.calls.Load(); got != 2 {
			t.Errorf("got %d calls, want it asked for again", got)
		}
	})
}

func TestManyCallersOfAColdSymbolAreOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "ABC", delay: 2800 * time.Millisecond}
		s := newService(t, src)
		quotes(t, s, "CAT")
		src.calls.Store(0)
		src.asked.Store(0)
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				symbols := []string{"AAPL"}
				if i%2 == 1 {
					symbols = []string{"AAPL", "BA"}
				}
				if got := len(quotes(t, s, symbols...).Quotes); got != len(symbols) {
					t.Errorf("got %d quotes, want %d", got, len(symbols))
				}
			})
		}
		start := time.Now()
		quotes(t, s, "CAT")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a known symbol waited %s for another", waited)
		}
		wg.Wait()
		if src.asked.Load() != 2 {
			t.Errorf("got %d symbols asked for, want each once", src.asked.Load())
		}
	})
}

func TestACallerWhoLeavesDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, &source{name: "a", letters: "A", delay: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Quotes(ctx, []string{"AAPL"}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the caller's own end", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got := len(quotes(t, s, "AAPL").Quotes); got != 1 {
				t.Errorf("got %d quotes, want 1", got)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestSourcesAreAskedInOrderAndOnlyForWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &source{name: "first", letters: "A"}, &source{name: "second", letters: "AB"}
		batch := quotes(t, newService(t, first, second), "BA", "AAPL", "ZZZZ", "aapl")
		var got []string
		for _, q := range batch.Quotes {
			got = append(got, q.Symbol+" "+q.Source)
		}
		if diff := cmp.Diff([]string{"BA second", "AAPL first"}, got); diff != "" {
			t.Errorf("quotes (-want +got):\n%s", diff)
		}
		if !slices.Equal(batch.Unknown, []string{"ZZZZ"}) || second.asked.Load() != 2 {
			t.Errorf("got unknown %v and %d symbols asked of the second", batch.Unknown, second.asked.Load())
		}
	})
}

func TestWhatIsKnownIsServedStaleWhenTheSourceIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "A"}
		s := newService(t, src)
		at(t, 23, 10, 0)
		quotes(t, s, "AAPL")
		src.fail.Store(true)
		time.Sleep(5 * time.Minute)
		batch := quotes(t, s, "AAPL", "AMD")
		if len(batch.Quotes) != 1 || !batch.Quotes[0].Stale {
			t.Fatalf("got %+v, want the old quote marked stale", batch.Quotes)
		}
		want := []string{
			"The quote of AAPL is 5m0s old: its source cannot be reached.",
			"No source can answer right now for AMD.",
		}
		if diff := cmp.Diff(want, batch.Warnings); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		if _, _, err := s.Quote(t.Context(), "AMD"); fault.KindOf(err) != fault.UpstreamDown {
			t.Errorf("got %v, want %s: nobody said that it is unknown", err, fault.UpstreamDown)
		}
		src.fail.Store(false)
		time.Sleep(time.Second) // it is left alone for a moment, and then asked for again, for which nobody waits
		quotes(t, s, "AAPL")
		synctest.Wait()
		if batch := quotes(t, s, "AAPL"); batch.Quotes[0].Stale || len(batch.Warnings) > 0 {
			t.Errorf("got %+v, want it fresh again", batch)
		}
	})
}

func TestWhoHasAnOldQuoteWaitsASecondForTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "A"}
		s := newService(t, src)
		at(t, 23, 10, 0)
		quotes(t, s, "AAPL")
		src.delay = 900 * time.Millisecond
		time.Sleep(5 * time.Minute)
		if batch := quotes(t, s, "AAPL"); batch.Quotes[0].Stale || len(batch.Warnings) > 0 {
			t.Errorf("got %+v, want the new one", batch)
		}
		src.delay = 2800 * time.Millisecond
		time.Sleep(5 * time.Minute)
		start := time.Now()
		for range 3 { // the second and third need not wait, since the first did in vain
			batch := quotes(t, s, "AAPL")
			want := []string{"The quote of AAPL is 5m0s old: its source is slow to answer."}
			if diff := cmp.Diff(want, batch.Warnings); diff != "" || !batch.Quotes[0].Stale || time.Since(start) != time.Second {
				t.Errorf("got stale %v after %s; warnings (-want +got):\n%s", batch.Quotes[0].Stale, time.Since(start), diff)
			}
		}
		time.Sleep(2 * time.Second)
		if batch := quotes(t, s, "AAPL"); batch.Quotes[0].Stale || src.calls.Load() != 3 {
			t.Errorf("got %+v after %d calls, want the new one, asked for once", batch, src.calls.Load())
		}
	})
}

func TestAQuoteThatIsMissingForAWhileIsServedStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "A"}
		s := newService(t, src)
		at(t, 23, 10, 0)
		quotes(t, s, "AAPL")
		src.blank.Store(true)
		time.Sleep(5 * time.Minute)
		for range 2 {
			batch := quotes(t, s, "AAPL")
			if len(batch.Quotes) != 1 || !batch.Quotes[0].Stale || len(batch.Unknown) != 0 {
				t.Fatalf("got %+v, want the old quote marked stale", batch)
			}
			want := []string{"The quote of AAPL is 5m0s old: its source has no price right now."}
			if diff := cmp.Diff(want, batch.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		}
		if src.calls.Load() != 2 {
			t.Errorf("got %d calls, want 2: it was just asked", src.calls.Load())
		}
		src.blank.Store(false)
		time.Sleep(time.Minute)
		if batch := quotes(t, s, "AAPL"); batch.Quotes[0].Stale || len(batch.Warnings) > 0 || src.calls.Load() != 3 {
			t.Errorf("got %+v, want it fresh again a minute later", batch)
		}
		src.blank.Store(true)
		time.Sleep(24 * time.Hour)
		quotes(t, s, "AAPL")
		time.Sleep(24 * time.Hour)
		if batch := quotes(t, s, "AAPL"); !slices.Equal(batch.Unknown, []string{"AAPL"}) {
			t.Errorf("got %+v, want it unknown a day after it was first missed", batch)
		}
	})
}

func TestAQuoteOfFridayThatIsMissingForAMomentOnMondayIsServedStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "A"}
		s := newService(t, src)
		at(t, 20, 16, 40) // a Friday: the close has settled
		quotes(t, s, "AAPL")
		src.blank.Store(true)
		at(t, 23, 9, 31)
		batch := quotes(t, s, "AAPL")
		if len(batch.Quotes) != 1 || !batch.Quotes[0].Stale || len(batch.Unknown) != 0 {
			t.Fatalf("got %+v, want Friday's quote marked stale", batch)
		}
		src.blank.Store(false)
		time.Sleep(time.Minute)
		if batch := quotes(t, s, "AAPL"); len(batch.Quotes) != 1 || batch.Quotes[0].Stale || len(batch.Warnings) > 0 {
			t.Errorf("got %+v, want it fresh again a minute later", batch)
		}
	})
}

func TestNothingIsAskedPastTheEndOfTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		s, err := market.New(life, market.Config{
			Sources: []market.Source{&source{name: "a", letters: "A", delay: 10 * time.Second}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		caller, leave := context.WithCancel(t.Context())
		go func() { _, _ = s.Quotes(caller, []string{"AAPL"}) }()
		synctest.Wait()
		leave()
		start := time.Now()
		var failed error
		var wg sync.WaitGroup
		wg.Go(func() { _, failed = s.Quotes(t.Context(), []string{"AAPL"}) })
		synctest.Wait()
		end()
		wg.Wait()
		if waited := time.Since(start); waited != 0 || failed == nil {
			t.Errorf("got %v after %s, want an error at once", failed, waited)
		}
	})
}

func TestAClassOfSharesIsToldFromAnExchange(t *testing.T) {
	for symbol, want := range map[string]string{"BRK.B": "BRK B", "VOD.L": "", "7203.T": "", "SAP.DE": "", "AAPL": "", "MKC-V": "", "^GSPC": ""} {
		got := ""
		if company, class, ok := market.ShareClass(symbol); ok {
			got = company + " " + class
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", symbol, got, want)
		}
	}
}

func TestAnUnknownSymbolIsRememberedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{name: "a", letters: "A"}
		s := newService(t, src)
		for range 3 {
			if _, _, err := s.Quote(t.Context(), "ZZZZ"); fault.KindOf(err) != fault.UnknownSymbol {
				t.Errorf("got %v, want %s", err, fault.UnknownSymbol)
			}
		}
		if src.calls.Load() != 1 {
			t.Errorf("got %d calls, want 1", src.calls.Load())
		}
		time.Sleep(5 * time.Minute)
		_, _, _ = s.Quote(t.Context(), "ZZZZ")
		if src.calls.Load() != 2 {
			t.Errorf("got %d calls after five minutes, want 2", src.calls.Load())
		}
	})
}

func TestAPanickingSourceLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, &source{name: "a", panics: true}, &source{name: "b", letters: "A"})
		if got := quotes(t, s, "AAPL").Quotes[0].Source; got != "b" {
			t.Errorf("got source %s, want b", got)
		}
	})
}

func TestSymbolsHaveOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		" aapl ": "AAPL", "$NVDA": "NVDA", "brk-b": "BRK.B", "BRK.B": "BRK.B", "BRK/B": "BRK.B", "BTC/USD": "BTC-USD",
		"MKC-V": "MKC-V", "vod.l": "VOD.L", "^gspc": "^GSPC", "EURUSD=X": "EURUSD=X",
	} {
		if got, err := market.NormalizeSymbol(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "  ", "A B", "AAPL,MSFT", "../etc", "'; drop", "ABCDEFGHIJKLMNOPQRSTUV", "Ä", "A\n"} {
		if got, err := market.NormalizeSymbol(bad); fault.KindOf(err) != fault.Invalid && got != "A" {
			t.Errorf("%q: got %q, %v, want %s", bad, got, err, fault.Invalid)
		}
	}
}

func TestEverySymbolThatIsNoneIsNamedWithItsPlace(t *testing.T) {
	s := newService(t)
	var many []string
	for i := range market.MaxBatch + 1 {
		many = append(many, fmt.Sprint("S", i))
	}
	for _, tc := range []struct{ symbols, want []string }{
		{nil, []string{"body.symbols"}},
		{many, []string{"body.symbols"}},
		{[]string{"A B", "AAPL", "", "C,D"}, []string{"body.symbols[0]", "body.symbols[2]", "body.symbols[3]"}},
	} {
		_, err := s.Quotes(t.Context(), tc.symbols)
		var places []string
		for _, field := range fault.From(err).Fields {
			places = append(places, field.Path)
		}
		if diff := cmp.Diff(tc.want, places); diff != "" || !fault.Is(err, fault.Invalid) {
			t.Errorf("%d symbols: got %v; places (-want +got):\n%s", len(tc.symbols), err, diff)
		}
	}
	_, _, err := s.Quote(t.Context(), "A B")
	if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "path.symbol" {
		t.Errorf("got %v, want %s of path.symbol", err, fault.Invalid)
	}
}
