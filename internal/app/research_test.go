package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// researched are the routes that sources answer, about what they know.
var researched = []string{
	"/stocks/AAPL/info", "/stocks/AAPL/metrics", "/stocks/AAPL/earnings", "/stocks/AAPL/news", "/news", "/stocks/search?q=apple",
	"/stocks/AAPL/history?interval=15m&range=5D", "/stocks/AAPL/history?interval=1mo", "/stocks/AAPL/history?interval=1wk&adjusted=none",
}

// withFinnhub has the second source asked, too.
var withFinnhub = setup{settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey}}

func TestWhatSourcesToldIsServedWhileAllAreDownAndTheRestIsSaidNotToBeKnown(t *testing.T) {
	onEngines(t, withFinnhub, func(t *testing.T, s *site) {
		p := s.register("ada")
		before := map[string]string{}
		for _, path := range researched {
			a := p.get(path).status(http.StatusOK)
			before[path] = string(a.Body)
		}
		for _, provider := range []string{sim.ProviderYahoo, sim.ProviderFinnhub} {
			s.sim.Faults.Set(provider, sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable})
		}
		for _, path := range researched { // fresh
			if got := string(p.get(path).status(http.StatusOK).Body); withoutID(got) != withoutID(before[path]) {
				t.Errorf("%s: got %.300s, want it as it was: %.300s", path, got, before[path])
			}
		}
		s.clock.Advance(20 * time.Minute)
		p.login()
		for _, path := range []string{"/stocks/AAPL/news", "/news", "/stocks/AAPL/history?interval=15m&range=5D"} {
			_, m := dataMeta[any](p.get(path).status(http.StatusOK))
			if !strings.Contains(strings.Join(m.Warnings, " "), "20m0s old") {
				t.Errorf("%s: got the warnings %q", path, m.Warnings)
			}
		}
		for _, path := range []string{
			"/stocks/MSFT/info", "/stocks/MSFT/earnings", "/stocks/MSFT/news", "/stocks/search?q=microsoft", "/stocks/MSFT/history?interval=1m",
		} {
			p.get(path).fails(http.StatusServiceUnavailable, "upstream_unavailable")
		}
		figures, m := dataMeta[struct {
			Metrics []struct{ Source string }
			AsOf    *time.Time
		}](p.get("/stocks/MSFT/metrics").status(http.StatusOK))
		if len(figures.Metrics) == 0 || figures.Metrics[0].Source != "edgar" || figures.AsOf != nil || len(m.Warnings) != 2 {
			t.Errorf("got %+v and the warnings %q, want the filings' figures alone, and that both vendors are missing", figures, m.Warnings)
		}
	}, db.SQLite)
}

// withoutID cuts an answer before its correlation id.
func withoutID(body string) string {
	data, _, _ := strings.Cut(body, `"correlationId"`)
	return data
}

func TestASymbolNobodyKnowsIsUnknownToAllRoutes(t *testing.T) {
	onEngines(t, withFinnhub, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, path := range []string{"/stocks/NOSUCH/info", "/stocks/NOSUCH/metrics", "/stocks/NOSUCH/earnings", "/stocks/NOSUCH/history?interval=1h"} {
			p.get(path).fails(http.StatusNotFound, "unknown_symbol")
		}
		if got := data[[]any](p.get("/stocks/search?q=nosuchthing").status(http.StatusOK)); len(got) != 0 {
			t.Errorf("got %v, want nothing found", got)
		}
	}, db.SQLite)
}
