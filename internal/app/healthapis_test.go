package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// simulated are the names of the upstreams, by those of the simulator.
var simulated = map[string]string{
	sim.ProviderAlpaca: "alpaca", sim.ProviderIBKR: "ibkr", sim.ProviderYahoo: "yahoo", sim.ProviderFinnhub: "finnhub",
	sim.ProviderEDGAR: "edgar", sim.ProviderClaude: "anthropic",
}

// unasked are symbols that nobody has asked for before: the simulated market knows them, so there is something in the
// answers that can be wrong.
var unasked = []string{"MCD", "NKE", "XOM", "CVX", "HD", "PG", "WMT", "COST", "DIS", "NFLX", "INTC", "ADBE", "CRM", "ORCL", "AVGO"}

// busy asks every upstream something, and gives up nobody's patience: each request ends within its own.
func (p *person) busy(chat string, connections ...string) {
	p.t.Helper()
	var asking sync.WaitGroup
	for _, ask := range []func(){
		func() { p.post("/stocks/quotes", map[string]any{"symbols": []string{"KO", "ZZABC"}}) },
		func() { p.get("/edgar/filings/320193?limit=5") },
		func() { p.post("/chat/sessions/"+chat+"/messages", map[string]any{"content": "What is a dividend?"}) },
	} {
		asking.Go(ask)
	}
	for _, id := range connections {
		p.post("/brokerages/connections/"+id+"/sync", nil)
	}
	asking.Wait()
}

func TestEveryUpstreamThatStopsSlowsOrLiesShows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sim.Fault
		words []string
	}{
		"stopped":     {sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable}, []string{"down"}},
		"garbage":     {sim.Fault{Kind: sim.FaultGarbage}, []string{"down"}},
		"cut off":     {sim.Fault{Kind: sim.FaultCutBody}, []string{"down"}},
		"wrong types": {sim.Fault{Kind: sim.FaultWrongTypes}, []string{"down", "degraded"}},
		"too much":    {sim.Fault{Kind: sim.FaultRateLimited, RetryAfter: time.Minute}, []string{"degraded", "down"}},
		"slow":        {sim.Fault{Kind: sim.FaultLatency, Delay: 9 * time.Second}, []string{"degraded"}},
		"hanging":     {sim.Fault{Kind: sim.FaultLatency, Delay: time.Hour}, []string{"degraded", "down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t, db.SQLite, setup{gateway: "alex", settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey}})
			p := s.register("ada")
			links := []string{p.connect("alex").ID, p.waitSynced(data[link](p.post("/brokerages/connect",
				map[string]any{"provider": "ibkr", "environment": "live"}).status(http.StatusOK)).ID).ID}
			chat := p.newSession(map[string]any{})
			for provider := range simulated {
				s.sim.Faults.Set(provider, c.fault)
			}
			s.clock.Advance(2 * time.Minute)
			var asking sync.WaitGroup
			asking.Go(func() { p.busy(chat.ID, links...) })
			began, seen := time.Now(), map[string]string{}
			for round := 1; len(seen) < len(simulated) && time.Since(began) < shows; round++ {
				if fresh := round / 10; round%10 == 0 && fresh < len(unasked) {
					asking.Go(func() { p.post("/stocks/quotes", map[string]any{"symbols": []string{unasked[fresh]}}) })
				}
				for _, api := range p.health("/external-apis").Parts {
					for _, word := range c.words {
						if api.Status == word && seen[api.Name] == "" {
							seen[api.Name] = fmt.Sprintf("%s (%s) after %s", word, api.Reason, time.Since(began).Round(100*time.Millisecond))
						}
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
			text, _ := json.MarshalIndent(seen, "", " ")
			t.Logf("%s", text)
			for _, api := range simulated {
				if seen[api] == "" {
					t.Errorf("%s is not %v within %s: %+v", api, c.words, shows, p.health("/external-apis").part(api))
				}
			}
			for provider := range simulated {
				s.sim.Faults.Clear(provider)
			}
			asking.Wait()
		})
	}
}

func TestAYahooThatLetsNobodyInIsDown(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		s := startSite(t, db.SQLite, setup{})
		p := s.register("ada")
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError, Status: status})
		began, is := time.Now(), shownPart{}
		for n := 0; is.Status != "down" && time.Since(began) < shows; n++ {
			p.get(fmt.Sprintf("/stocks/search?q=apple%d", n))
			is = p.health("/external-apis").part("yahoo")
			time.Sleep(100 * time.Millisecond)
		}
		if is.Status != "down" {
			t.Errorf("got %+v of a Yahoo that answers %d, want it down within %s", is, status, shows)
		}
		t.Logf("%d: %s after %s", status, is.Reason, time.Since(began).Round(100*time.Millisecond))
	}
}

// probed are the paths of the simulated providers that are asked to see how they are.
var probed = map[string]string{
	sim.ProviderAlpaca: "/live/v2/account", sim.ProviderIBKR: "/v1/api/iserver/auth/status", sim.ProviderYahoo: "/v1/finance/search",
	sim.ProviderFinnhub: "/quote", sim.ProviderEDGAR: "/data/submissions/CIK0000320193.json", sim.ProviderClaude: "/v1/models",
}

// probes counts how often each provider was probed.
func (s *site) probes() map[string]int {
	counts := map[string]int{}
	for _, r := range s.sim.Requests() {
		if probed[r.Provider] == r.Path {
			counts[r.Provider] += r.Count
		}
	}
	return counts
}

func TestReplicasTogetherProbeEachUpstreamOnceAMinuteWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	s := startSite(t, db.Postgres, setup{gateway: "alex", settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey}})
	p := s.stranger()
	all := []*person{p, p.at(s.running(t)), p.at(s.running(t))}
	p.get("/auth/me").status(http.StatusUnauthorized)
	if got := s.probes(); len(got) != 0 {
		t.Errorf("got %v, want nobody probed while nobody looks", got)
	}
	began := time.Now()
	eventually(t, "a probe of each", func() error {
		for _, by := range all {
			by.health("/external-apis")
		}
		if got := s.probes(); len(got) != len(probed) {
			return fmt.Errorf("got %v", got)
		}
		return nil
	})
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		for _, by := range all {
			by.health("/external-apis")
		}
	}
	for provider, n := range s.probes() {
		if most := 1 + int(time.Since(began)/time.Minute); n > most {
			t.Errorf("%s was probed %d times by three processes, want %d at most", provider, n, most)
		}
	}
}

func TestUpstreamsThatStopRightAfterTheyWereProbedShow(t *testing.T) {
	t.Parallel()
	s := startSite(t, db.SQLite, setup{gateway: "alex", settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey}})
	p := s.register("ada")
	eventually(t, "a probe of each", func() error {
		for _, api := range p.health("/external-apis").Parts {
			if api.Status != "ok" || api.Reason != "" { // it was not asked anything yet
				return fmt.Errorf("got %+v", api)
			}
		}
		return nil
	})
	s.outside.Close() // and none may be probed again for most of a minute
	began := time.Now()
	for {
		apis := p.health("/external-apis").Parts
		alive := slices.IndexFunc(apis, func(api shownPart) bool { return api.Status != "down" })
		if alive < 0 {
			break
		}
		if time.Since(began) > shows {
			t.Fatalf("got %+v, want it down within %s", apis[alive], shows)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("all are down after %s", time.Since(began).Round(100*time.Millisecond))
	for provider, n := range s.probes() {
		if n != 1 {
			t.Errorf("%s was probed %d times, want it found gone without", provider, n)
		}
	}
}

// running is one more process of the site, with its background work.
func (s *site) running(t *testing.T) string {
	t.Helper()
	a := s.process(t)
	server := httptest.NewServer(a.Handler)
	work, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { a.Run(work) })
	t.Cleanup(func() {
		server.Close()
		stop()
		background.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}
