package app_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestPerformanceOfWhoHasNoHistorySaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		type figure struct {
			Value          *float64
			Status, Reason string
		}
		shown, m := dataMeta[struct {
			Range, Status string
			Drivers       *struct{}
			TimeWeighted  figure
			Series        []struct{}
		}](p.get("/portfolio/performance").status(http.StatusOK))
		if shown.Range != "ALL" || shown.Status != "undefined" || shown.Drivers != nil || shown.TimeWeighted.Value != nil ||
			shown.TimeWeighted.Reason == "" || shown.Series == nil {
			t.Errorf("got %+v, want nothing of everything, and why", shown)
		}
		if !strings.Contains(strings.Join(m.Warnings, " "), "there is no history") {
			t.Errorf("got warnings %q", m.Warnings)
		}
	})
}

func TestWrongRangesAreNamed(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, query := range []string{
			"range=5Y", "from=yesterday", "from=2026-13-01", "to=2026-02-30", "from=0000-01-01", "range=1M&from=2026-01-02",
			"from=2026-06-01&to=2026-05-01", "from=2026-06-01&to=2026-06-01",
		} {
			p.get("/portfolio/performance?"+query).fails(http.StatusUnprocessableEntity, "validation_failed")
		}
		for _, id := range []string{"me", "01999999-0000-7000-8000-000000000000"} {
			p.get("/portfolio/performance?connectionId="+id).fails(http.StatusNotFound, "not_found")
		}
	})
}
