package edgar_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/filings/filingstest"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is a trading moment.
var now = time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC)

const (
	apple     filings.CIK = 320193
	userAgent             = "Jaspers tests tests@jaspers.example"
)

// simulated is a source at a simulated EDGAR, and the clock of both.
func simulated(t *testing.T, change func(*upstream.Config)) (*sim.Sim, *edgar.Source, *sim.Clock) {
	t.Helper()
	clock := sim.NewClock(func() time.Time { return now })
	s := sim.NewSim(sim.New(7, clock.Now))
	s.EDGAR.Limit = -1
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, at(t, server.URL, clock.Now, change), clock
}

// at is a source at another EDGAR.
func at(t *testing.T, address string, clock func() time.Time, change func(*upstream.Config)) *edgar.Source {
	t.Helper()
	cfg := upstream.Config{
		Provider: "the SEC", Origins: []string{address}, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: 10 * time.Second,
		MaxBody: edgar.MaxBody, UserAgent: userAgent, Now: clock,
	}
	if change != nil {
		change(&cfg)
	}
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	base := address + "/edgar"
	return edgar.New(edgar.Config{ArchiveURL: base + "/www", DataURL: base + "/data", SearchURL: base + "/efts"}, client)
}

func TestTheSimulatedEDGARIsASource(t *testing.T) {
	filingstest.Run(t, func(t *testing.T) filings.Source {
		_, source, _ := simulated(t, nil)
		return source
	}, filingstest.Known{Ticker: "AAPL", CIK: apple, Annual: "10-K", Silent: 350001, Word: "risk", Never: "xyzzyplugh"})
}

func TestTheSimulatorsFaultsAreTypedAndPass(t *testing.T) {
	asks := map[string]func(s *edgar.Source) error{
		"/www/files/":      func(s *edgar.Source) error { _, err := s.Companies(t.Context()); return err },
		"/data/submission": func(s *edgar.Source) error { _, err := s.Filer(t.Context(), apple); return err },
		"/data/api/xbrl":   func(s *edgar.Source) error { _, err := s.Facts(t.Context(), apple); return err },
		"/efts/": func(s *edgar.Source) error {
			_, err := s.Search(t.Context(), filings.Query{Text: "risk", CIK: apple})
			return err
		},
	}
	for kind, want := range map[sim.FaultKind]fault.Kind{
		sim.FaultLatency: fault.UpstreamTimeout, sim.FaultRateLimited: fault.UpstreamDown, sim.FaultServerError: fault.UpstreamDown,
		sim.FaultCutBody: fault.UpstreamFailed, sim.FaultGarbage: fault.UpstreamFailed, sim.FaultWrongTypes: fault.UpstreamFailed,
	} {
		for path, ask := range asks {
			if path == "/data/api/xbrl" && (kind == sim.FaultGarbage || kind == sim.FaultWrongTypes) {
				continue // figures are handed on as they are
			}
			t.Run(string(kind)+" "+path, func(t *testing.T) {
				s, source, clock := simulated(t, func(cfg *upstream.Config) {
					if kind == sim.FaultLatency {
						cfg.Timeout = 300 * time.Millisecond
					}
				})
				s.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: kind, Path: path, Delay: time.Hour})
				if err := ask(source); !fault.Is(err, want) {
					t.Errorf("got %v, want %s", err, want)
				}
				s.Faults.Clear(sim.ProviderEDGAR)
				clock.Advance(10 * time.Minute)
				if kind == sim.FaultLatency {
					return // a patience so short is for failing
				}
				if err := ask(source); err != nil {
					t.Errorf("when it is well again: got %v", err)
				}
			})
		}
	}
}

func TestWhoeverIsNotDeclaredIsToldWhatToSet(t *testing.T) {
	s, source, _ := simulated(t, func(cfg *upstream.Config) { cfg.UserAgent, cfg.Retries = "Go-http-client/2.0", 2 })
	_, err := source.Filer(t.Context(), apple)
	if !fault.Is(err, fault.FilingsNotConfigured) || !strings.Contains(err.Error(), "JASPERS_EDGAR_USER_AGENT") {
		t.Errorf("got %v, want to hear of the setting", err)
	}
	if n := total(s); n != 1 {
		t.Errorf("it was asked %d times, want once: trying again is of no use", n)
	}
	if _, err := source.Companies(t.Context()); !fault.Is(err, fault.FilingsNotConfigured) || total(s) != 2 {
		t.Errorf("got %v after %d requests, want no other list tried", err, total(s))
	}
}

func TestTheThresholdQuietensEverythingForTenMinutes(t *testing.T) {
	s, source, clock := simulated(t, func(cfg *upstream.Config) { cfg.Retries = 2 })
	s.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError, Status: 403, Count: 1})
	_, err := source.Search(t.Context(), filings.Query{Text: "risk"})
	if f := fault.From(err); f.Kind != fault.UpstreamDown || f.RetryAfter != 10*time.Minute {
		t.Errorf("got %v with retry after %s, want ten minutes", err, f.RetryAfter)
	}
	clock.Advance(9 * time.Minute)
	if _, err := source.Filer(t.Context(), apple); !fault.Is(err, fault.UpstreamDown) || total(s) != 1 {
		t.Errorf("got %v after %d requests, want nobody let out to any host", err, total(s))
	}
	clock.Advance(time.Minute)
	if _, err := source.Filer(t.Context(), apple); err != nil {
		t.Errorf("after ten minutes: got %v", err)
	}
}

// total is how often EDGAR was asked.
func total(s *sim.Sim) int {
	n := 0
	for _, r := range s.Requests() {
		n += r.Count
	}
	return n
}

func TestASearchThatFailedIsTriedOnceMore(t *testing.T) {
	s, source, _ := simulated(t, func(cfg *upstream.Config) { cfg.Retries = edgar.Retries })
	s.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError, Path: "/efts/", Count: 1})
	if found, err := source.Search(t.Context(), filings.Query{Text: "risk", CIK: apple}); err != nil || len(found.Hits) == 0 || total(s) != 2 {
		t.Errorf("got %d hits, %v after %d requests, want the second to do", len(found.Hits), err, total(s))
	}
	s.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError, Path: "/efts/"})
	if _, err := source.Search(t.Context(), filings.Query{Text: "risk", CIK: apple}); !fault.Is(err, fault.UpstreamDown) || total(s) != 4 {
		t.Errorf("got %v after %d requests, want it given up after two more", err, total(s))
	}
}
