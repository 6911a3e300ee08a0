package sim

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryAnswerIsMarkedAndCounted(t *testing.T) {
	s, server := serve(t)
	for _, path := range []string{"/alpaca/live/v2/account", "/yahoo/v8/finance/chart/AAPL", "/yahoo/v8/finance/chart/AAPL", "/claude/v1/models", "/nowhere", "/control"} {
		got := fetch(t, newRequest(t, http.MethodGet, server.URL+path, ""))
		if got.header.Get("X-Simulated") != "true" {
			t.Errorf("%s: the answer is not marked as simulated", path)
		}
	}
	want := []RequestCount{
		{ProviderAlpaca, "/live/v2/account", 1}, {ProviderClaude, "/v1/models", 1}, {ProviderYahoo, "/v8/finance/chart/AAPL", 2},
	}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestControlChangesTheWorld(t *testing.T) {
	s, server := serve(t)
	control := func(method, path, body string) fetched {
		t.Helper()
		return fetch(t, newRequest(t, method, server.URL+"/control"+path, body))
	}
	done := func(got fetched) {
		t.Helper()
		if got.status != http.StatusNoContent {
			t.Fatalf("got %d %s, want 204", got.status, got.body)
		}
	}
	done(control(http.MethodPost, "/faults", `{"provider":"yahoo","kind":"rate_limited","retryAfter":"30s","count":2,"path":"/v8"}`))
	chart := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v8/finance/chart/AAPL", ""))
	if chart.status != http.StatusTooManyRequests || chart.header.Get("Retry-After") != "30" {
		t.Errorf("after a fault was set: got %d and %q, want 429 and 30", chart.status, chart.header.Get("Retry-After"))
	}
	if state := control(http.MethodGet, "", ""); !strings.Contains(state.body, `"count":1`) || !strings.Contains(state.body, `"adjustableClock":true`) {
		t.Errorf("state: got %s, want one strike left", state.body)
	}
	done(control(http.MethodDelete, "/faults/yahoo", ""))
	if got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v8/finance/chart/AAPL", "")); got.status != http.StatusOK {
		t.Errorf("after clearing: got %d, want 200", got.status)
	}
	done(control(http.MethodPost, "/clock", `{"advance":"24h"}`))
	if got := s.World.Now(); !got.Equal(monday.Add(24 * time.Hour)) {
		t.Errorf("after an advance: got %v", got)
	}
	done(control(http.MethodPost, "/clock", `{"set":"2026-12-01T16:00:00Z"}`))
	if got := s.World.Now(); !got.Equal(time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("after a set: got %v", got)
	}
	done(control(http.MethodPost, "/trades", `{"customer":"blair","environment":"paper","symbol":"AAPL","quantity":"2.5","price":"100"}`))
	equal(t, "quantity", positionOf(t, s.World, "blair", Paper, "AAPL").Quantity, dec("2.5"))
	for _, bad := range [][2]string{
		{"/faults", `{"provider":"yahoo","kind":"flood"}`}, {"/faults", `{"provider":"bloomberg","kind":"latency"}`}, {"/faults", `nonsense`},
		{"/faults", `{"provider":"yahoo","kind":"server_error","status":200}`}, {"/faults", `{"provider":"yahoo","kind":"latency","delay":"long"}`},
		{"/clock", `{"advance":"tomorrow"}`}, {"/clock", `[]`}, {"/trades", `{"customer":"blair"}`}, {"/trades", `{"quantity":"many"}`},
	} {
		if got := control(http.MethodPost, bad[0], bad[1]); got.status != http.StatusBadRequest {
			t.Errorf("%s %s: got %d, want 400", bad[0], bad[1], got.status)
		}
	}
}

func TestAClockThatIsNotOursStays(t *testing.T) {
	s, server := serve(t)
	s.Clock = nil
	got := fetch(t, newRequest(t, http.MethodPost, server.URL+"/control/clock", `{"advance":"24h"}`))
	if got.status != http.StatusBadRequest || !s.World.Now().Equal(monday) {
		t.Errorf("got %d and %v, want 400 and the old time", got.status, s.World.Now())
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s, server := serve(t)
	token := tokenOf(t, server, "alex", Live)
	session := newSession(t, server)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				alpacaGet(t, server, "/live/v2/positions", token)
				session.rows(t, "AAPL,MSFT,BTC-USD")
				s.Faults.Set(ProviderYahoo, Fault{Kind: FaultServerError, Count: 1, Path: "/none"})
				s.Clock.Advance(time.Second)
				s.Requests()
			}
		})
	}
	wg.Wait()
	i := slices.IndexFunc(s.Requests(), func(c RequestCount) bool { return c.Path == "/live/v2/positions" })
	if got := s.Requests()[i].Count; got != 20 {
		t.Errorf("got %d requests for positions, want 20", got)
	}
}
