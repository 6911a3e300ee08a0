package metrics_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/metrics"
)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("got status %d: %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func want(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the metrics have no line %q", line)
		}
	}
}

func TestWhatIsCountedShowsUnderItsLabels(t *testing.T) {
	m := metrics.New("1.2.3")
	m.Request("/api/x/{id}", http.MethodGet, 204, 3*time.Millisecond)
	m.Request("", "BREW", 0, time.Millisecond)
	m.Called("Alpaca", "GET /v2/positions", 503, "", time.Second)
	m.Called("Alpaca", "GET /v2/positions", 0, "upstream_timeout", time.Second)
	m.Asked("a-model", "answered", metrics.Tokens{Input: 5, Output: 7}, 0.25, time.Second)
	m.Read("quote", "memory", "stale", 2)
	m.Worked("sync", "dead", time.Second)
	m.Refused("sign-in")
	left := m.Listening()
	m.Listening()
	left()
	want(t, scrape(t, m),
		`jaspers_http_requests_total{method="GET",route="/api/x/{id}",status="2xx"} 1`,
		`jaspers_http_requests_total{method="other",route="other",status="none"} 1`,
		`jaspers_upstream_calls_total{endpoint="GET /v2/positions",outcome="5xx",provider="Alpaca"} 1`,
		`jaspers_upstream_calls_total{endpoint="GET /v2/positions",outcome="upstream_timeout",provider="Alpaca"} 1`,
		`jaspers_model_tokens_total{model="a-model",type="output"} 7`,
		`jaspers_model_cost_usd_total{model="a-model"} 0.25`,
		`jaspers_cache_reads_total{kind="quote",layer="memory",result="stale"} 2`,
		`jaspers_jobs_total{kind="sync",outcome="dead"} 1`,
		`jaspers_rate_limit_refusals_total{limit="sign-in"} 1`,
		`jaspers_streams_open 1`)
}

func TestWaitingJobsThatCannotBeCountedAreMissingAndSaidToBe(t *testing.T) {
	var fails error
	m := metrics.New("1")
	m.Ask(metrics.Sources{
		Pools: func() map[string]sql.DBStats {
			return map[string]sql.DBStats{"both": {MaxOpenConnections: 20, InUse: 3}}
		},
		Waiting: func(context.Context) ([]metrics.Waiting, error) {
			return []metrics.Waiting{{Kind: "sync", Jobs: 4, Oldest: 90 * time.Second}}, fails
		},
	})
	want(t, scrape(t, m), `jaspers_db_connections{pool="both",state="busy"} 3`, `jaspers_jobs_waiting{kind="sync"} 4`,
		`jaspers_job_oldest_waiting_seconds{kind="sync"} 90`, `jaspers_jobs_readable 1`)
	fails = errors.New("no database")
	text := scrape(t, m)
	want(t, text, `jaspers_db_connections_max{pool="both"} 20`, `jaspers_jobs_readable 0`)
	if strings.Contains(text, "jaspers_jobs_waiting{") {
		t.Error("jobs are shown as waiting that could not be counted")
	}
}

func TestNobodysMetricsCountNothing(t *testing.T) {
	var m *metrics.Metrics
	m.Request("/x", http.MethodGet, 200, time.Second)
	m.Refused("x")
	m.Listening()()
	m.Streamed(1)
	m.Answering(1)
	m.Answered("x")
	m.Called("x", "y", 200, "", time.Second)
	m.Read("x", "y", "z", 1)
	m.Worked("x", "y", time.Second)
	m.CameRound("x", "y")
	m.Asked("x", "y", metrics.Tokens{}, 1, time.Second)
	m.Reported("sent")
}
