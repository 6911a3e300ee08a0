package yahoo_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/markettest"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// simulated is a source at a simulated Yahoo, and the clock of its client.
func simulated(t *testing.T) (*sim.Sim, *yahoo.Source, *sim.Clock) {
	t.Helper()
	return simulatedWithin(t, patience)
}

// simulatedAt is a source at a Yahoo of another time.
func simulatedAt(t *testing.T, at time.Time) *yahoo.Source {
	t.Helper()
	_, source, _ := simulatedOf(t, at, patience)
	return source
}

// simulatedWithin is one whose client waits so long for an answer.
func simulatedWithin(t *testing.T, timeout time.Duration) (*sim.Sim, *yahoo.Source, *sim.Clock) {
	t.Helper()
	return simulatedOf(t, now, timeout)
}

func simulatedOf(t *testing.T, now time.Time, timeout time.Duration) (*sim.Sim, *yahoo.Source, *sim.Clock) {
	t.Helper()
	s := sim.NewSim(sim.New(7, func() time.Time { return now }))
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	clock := sim.NewClock(func() time.Time { return now })
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: timeout,
		UserAgent: yahoo.UserAgent, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	base := server.URL + "/yahoo"
	return s, yahoo.New(yahoo.HostsAt(base), client, clock.Now), clock
}

func TestTheSimulatedYahooIsASource(t *testing.T) {
	markettest.Run(t, func(t *testing.T) market.Source {
		_, source, _ := simulated(t)
		return source
	}, []string{"AAPL", "BRK.B", "SPY", "VOD.L", "BTC-USD", "^GSPC", "EURUSD=X", "USDJPY=X"})
}

func TestPricesAreTheWorldsAndPenceArePounds(t *testing.T) {
	s, source, _ := simulated(t)
	got, err := source.Quotes(t.Context(), []string{"AAPL", "VOD.L"})
	if err != nil {
		t.Fatal(err)
	}
	for symbol, tc := range map[string]struct {
		currency string
		shift    int32
	}{"AAPL": {"USD", 0}, "VOD.L": {"GBP", -2}} {
		truth, _ := s.World.Quote(symbol)
		q := got[symbol]
		if q.Currency != tc.currency || !q.Timestamp.Equal(truth.Time) || q.MarketState != market.Regular {
			t.Errorf("%s: got %s at %s, %s, want %s at %s, regular", symbol, q.Currency, q.Timestamp, q.MarketState, tc.currency, truth.Time)
		}
		for name, pair := range map[string][2]decimal.Decimal{
			"price": {q.Price, truth.Price}, "change": {*q.Change, truth.Change}, "previous close": {*q.PreviousClose, truth.PreviousClose},
			"open": {*q.Open, truth.Open}, "day high": {*q.DayHigh, truth.High}, "day low": {*q.DayLow, truth.Low},
		} {
			if want := pair[1].Shift(tc.shift); !pair[0].Equal(want) {
				t.Errorf("%s %s: got %s, want %s", symbol, name, pair[0], want)
			}
		}
		if want := truth.ChangePercent.Round(4); !q.ChangePercent.Equal(want) {
			t.Errorf("%s: got %s %%, want %s: it has no unit", symbol, q.ChangePercent, want)
		}
	}
}

func TestADelistedSymbolIsUnknown(t *testing.T) {
	_, source, _ := simulated(t)
	if got, err := source.Quotes(t.Context(), []string{"TWTR"}); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
}

func TestAnExpiredCrumbIsHealedUnseen(t *testing.T) {
	s, source, _ := simulated(t)
	for range 2 {
		if got, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil || len(got) != 1 {
			t.Errorf("got %v, %v, want a quote", got, err)
		}
		s.ExpireCrumbs()
	}
	want := map[string]int{"/": 2, "/v1/test/getcrumb": 2, "/v7/finance/quote": 3}
	for _, r := range s.Requests() {
		if r.Count != want[r.Path] {
			t.Errorf("%s: got %d requests, want %d", r.Path, r.Count, want[r.Path])
		}
	}
}

func TestOfCryptoYahooCountsMoneyAndWeNothing(t *testing.T) {
	s, source, _ := simulated(t)
	truth, _ := s.World.Quote("BTC-USD")
	if supply := int64(21_000_000); truth.Volume < supply {
		t.Fatalf("got a volume of %d, want an amount of money, as Yahoo has it", truth.Volume)
	}
	got, err := source.Quotes(t.Context(), []string{"BTC-USD", "AAPL"})
	if err != nil || got["BTC-USD"].Volume != nil || got["BTC-USD"].AverageVolume != nil || got["AAPL"].Volume == nil || got["AAPL"].AverageVolume == nil {
		t.Errorf("got %+v, %v, want volumes of the share alone", got, err)
	}
	bars, err := source.Bars(t.Context(), "BTC-USD", "15m", now.Add(-6*time.Hour), now)
	if err != nil || len(bars.Bars) == 0 || bars.Bars[0].Volume != nil {
		t.Errorf("got %d bars, %v, want some without volumes", len(bars.Bars), err)
	}
}

// patienceWith is short where nothing comes.
func patienceWith(kind sim.FaultKind) time.Duration {
	if kind == sim.FaultLatency {
		return 2 * time.Second
	}
	return patience
}

func TestTheSimulatorsFaultsAreTypedAndPass(t *testing.T) {
	for kind, want := range map[sim.FaultKind]fault.Kind{
		sim.FaultLatency: fault.UpstreamTimeout, sim.FaultRateLimited: fault.UpstreamDown, sim.FaultServerError: fault.UpstreamDown,
		sim.FaultCutBody: fault.UpstreamFailed, sim.FaultGarbage: fault.UpstreamFailed, sim.FaultWrongTypes: fault.UpstreamFailed,
	} {
		for _, path := range []string{"/", "/v1/test/getcrumb", "/v7/finance/quote"} {
			t.Run(string(kind)+strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
				t.Parallel()
				want := want
				if (kind == sim.FaultGarbage || kind == sim.FaultWrongTypes) && path != "/v7/finance/quote" {
					want = fault.UpstreamDown // a session that is none is one that is refused
				}
				s, source, clock := simulatedWithin(t, patienceWith(kind))
				s.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: kind, Path: path, Delay: time.Hour})
				got, err := source.Quotes(t.Context(), []string{"AAPL"})
				if len(got) != 0 || !fault.Is(err, want) {
					t.Errorf("got %d quotes, %v, want %s", len(got), err, want)
				}
				if f := fault.From(err); kind == sim.FaultRateLimited && f.RetryAfter != time.Minute {
					t.Errorf("got a retry after %s, want a minute", f.RetryAfter)
				}
				s.Faults.Clear(sim.ProviderYahoo)
				clock.Advance(time.Minute)
				if got, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil || len(got) != 1 {
					t.Errorf("when it is well again: got %v, %v", got, err)
				}
			})
		}
	}
}
