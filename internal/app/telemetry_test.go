package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// everyProvider is whom a server asks that has all settings.
var everyProvider = []string{"alpaca", "ibkr", "yahoo", "finnhub", "edgar", "anthropic"}

// TestEveryRouteUpstreamJobAndStreamHasItsSeriesAndItsSpan uses all there is: each operation of the description, each kind
// of job that is registered, each period, and each provider.
func TestEveryRouteUpstreamJobAndStreamHasItsSeriesAndItsSpan(t *testing.T) {
	with := setup{gateway: "alex", settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey, "JASPERS_LIMIT_SIGN_UPS=3"}}
	watchedSites(t, with, func(t *testing.T, s *site, w *watcher) {
		s.mayFail = true // jobs are run without arguments
		s.useEverything()
		all := samples(s.scrape())
		for _, o := range s.contract.operations() {
			for _, name := range []string{"jaspers_http_requests_total", "jaspers_http_request_duration_seconds_count"} {
				if n, _ := sum(all, name, "route", o.path, "method", o.method); n == 0 {
					t.Errorf("%v has no series in %s", o, name)
				}
			}
			s.wantSpan(w, o.method+" "+o.path)
		}
		for _, provider := range everyProvider {
			if n, _ := sum(all, "jaspers_upstream_calls_total", "provider", provider); n == 0 {
				t.Errorf("%s has no series", provider)
			}
		}
		for _, one := range all {
			if one.name == "jaspers_upstream_call_duration_seconds_count" && slices.Contains(everyProvider, one.labels["provider"]) {
				s.wantSpan(w, one.labels["provider"]+" "+one.labels["endpoint"])
			}
		}
		for _, kind := range s.app.Queue().Kinds() {
			if n, _ := sum(all, "jaspers_jobs_total", "kind", kind); n == 0 {
				t.Errorf("jobs of kind %s have no series", kind)
			}
			s.wantSpan(w, "job "+kind)
		}
		for _, period := range s.app.Queue().Periods() {
			if n, _ := sum(all, "jaspers_periods_total", "period", period); n == 0 {
				t.Errorf("%q has no series", period)
			}
			s.wantSpan(w, "period "+period)
		}
		for _, name := range []string{"answer", "model round", "db transaction", "db read", "db snapshot", "tool get_stock_quotes"} {
			s.wantSpan(w, name)
		}
		s.wantCounted(all)
		s.wantDashboardsToAskForWhatThereIs(all)
		if got := w.spansOf("POST /api/portfolio/sync"); len(got) > 0 && attribute(got[0], "correlation_id") == "" {
			t.Error("the span of a request has no correlation id")
		}
	})
}

func attribute(span *tracepb.Span, key string) string {
	for _, a := range span.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// useEverything has somebody use all there is, and a job of each kind done.
func (s *site) useEverything() {
	s.t.Helper()
	v := newVictimAs(s, "watched", "alex")
	began := data[link](v.post("/brokerages/connect", map[string]any{"provider": "ibkr", "environment": "live"}).status(http.StatusOK))
	v.waitSynced(began.ID)
	chat := v.newSession(map[string]any{})
	v.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What does AAPL trade at?"}, asStream()).status(http.StatusOK)
	v.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What does Apple say about its risks?"}).status(http.StatusOK)
	for range 4 { // more than may sign up
		v.post("/auth/register", map[string]any{"email": "more@example.com", "password": "x"})
	}
	m := &matrix{victim: v, t: s.t}
	for _, o := range m.inOrder() {
		v.do(o.method, v.fill(s.t, o.path, nil), o.sample())
		if o.method != http.MethodDelete {
			v.stayIn()
		}
	}
	s.waitIdle()
	kinds := s.app.Queue().Kinds()
	for _, kind := range kinds {
		s.write(`insert into jobs (id, kind, args, state, run_at, attempt, max_attempts, lane, created_at)
			values ($1, $2, '{}', 'queued', $3, 0, 1, '', $3)`, db.NewID(), kind, db.Time(s.clock.Now()))
	}
	eventually(s.t, "a job of each kind", func() error {
		all := samples(s.scrape())
		for _, kind := range kinds {
			if n, _ := sum(all, "jaspers_jobs_total", "kind", kind); n == 0 {
				return fmt.Errorf("none of kind %s is done", kind)
			}
		}
		return nil
	})
}

// wantSpan waits until a span of a name was sent.
func (s *site) wantSpan(w *watcher, name string) {
	s.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if len(w.spansOf(name)) > 0 {
			return
		}
	}
	s.t.Errorf("there is no span %q", name)
}

// wantCounted wants what has no list to go through.
func (s *site) wantCounted(all []series) {
	s.t.Helper()
	for _, want := range [][]string{
		{"jaspers_stream_events_total"}, {"jaspers_answers_total", "status", "complete"}, {"jaspers_model_rounds_total", "outcome", "answered"},
		{"jaspers_model_tokens_total", "type", "output"}, {"jaspers_model_cost_usd_total"}, {"jaspers_rate_limit_refusals_total", "limit", "sign-up"},
		{"jaspers_cache_reads_total", "layer", "memory", "result", "missing"}, {"jaspers_cache_reads_total", "layer", "table"},
		{"jaspers_cache_reads_total", "layer", "sources", "result", "found"}, {"jaspers_cache_reads_total", "layer", "memory", "result", "fresh"},
		{"jaspers_db_connections_max"}, {"jaspers_jobs_readable"}, {"go_goroutines"}, {"process_resident_memory_bytes"}, {"jaspers_build_info"},
	} {
		if n, _ := sum(all, want[0], want[1:]...); n == 0 {
			s.t.Errorf("%v counts nothing", want)
		}
	}
	if n, found := sum(all, "jaspers_streams_open"); n != 0 || !found {
		s.t.Errorf("got %v streams open, want none any more", n)
	}
	if n, found := sum(all, "jaspers_answers_under_way"); n != 0 || !found {
		s.t.Errorf("got %v answers under way, want none any more", n)
	}
}

// ourMetric matches the names of metrics in an expression.
var ourMetric = regexp.MustCompile(`\b(?:jaspers|go|process)_[a-z_]+`)

// wantDashboardsToAskForWhatThereIs looks at each expression of the dashboard and of the alert rules.
func (s *site) wantDashboardsToAskForWhatThereIs(all []series) {
	s.t.Helper()
	for file, least := range map[string]int{"grafana.json": 15, "alerts.yaml": 8} {
		expressions := expressionsIn(s.t, filepath.Join("..", "..", "docs", "operations", file))
		if len(expressions) < least {
			s.t.Errorf("%s has %d expressions, want at least %d", file, len(expressions), least)
		}
		for _, expression := range expressions {
			names := ourMetric.FindAllString(expression, -1)
			if len(names) == 0 {
				s.t.Errorf("%s asks for no metric: %s", file, expression)
			}
			for _, name := range names {
				if _, found := sum(all, name); !found {
					s.t.Errorf("%s asks for %s, which is not there", file, name)
				}
			}
		}
	}
}

// expressionsIn lists the PromQL in a dashboard or in rules: every text that is called expr.
func expressionsIn(t *testing.T, path string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) == ".yaml" {
		for _, m := range regexp.MustCompile(`(?m)^\s+expr: (.+)$`).FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		return all
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	visitTexts(value, "", func(name, text string) {
		if name == "expr" {
			all = append(all, text)
		}
	})
	return all
}

func TestWhateverPathsAreAskedForThereAreNoMoreSeries(t *testing.T) {
	watchedSites(t, setup{}, func(t *testing.T, s *site, _ *watcher) {
		p := s.register("ada")
		throw := func(n int) {
			for range n {
				word := randomWords()
				for _, path := range []string{"/" + word, "/chat/sessions/" + word, "/stocks/" + word + "/nothing", "/edgar/filing/" + word, "/auth/me/" + word, "/brokerages/connections/" + word + "/status"} {
					p.get(path, header("X-Correlation-ID", word))
				}
				p.do("X"+strings.ToUpper(word[:8]), "/auth/me", nil)
				p.do(http.MethodGet, "/auth/me?"+word+"="+word, nil)
			}
		}
		count := func(all []series) (n int) {
			for _, one := range all {
				if strings.HasPrefix(one.name, "jaspers_http_") {
					n++
				}
			}
			return n
		}
		throw(3)
		s.scrape() // is counted at its end
		before := count(samples(s.scrape()))
		throw(150)
		after := samples(s.scrape())
		if n := count(after); n != before || n < 10 {
			t.Errorf("got %d series after %d, want no more", n, before)
		}
		routes := map[string]bool{"other": true, "/metrics": true, "/api/openapi.json": true}
		for _, o := range s.contract.operations() {
			routes[o.path] = true
		}
		for _, one := range after {
			if route, has := one.labels["route"]; has && !routes[route] {
				t.Errorf("%q is no route", route)
			}
		}
		if n, _ := sum(after, "jaspers_http_requests_total", "method", "other"); n != 153 {
			t.Errorf("got %v requests of made-up methods, want all of them under one name", n)
		}
	})
}

// TestACorrelationIDLeadsFromAnyFailureToItsCause lets requests, jobs and answers fail in several ways. What the person has
// in hand is the id in the header and in the body; a line of the log with it has to name the cause.
func TestACorrelationIDLeadsFromAnyFailureToItsCause(t *testing.T) {
	watchedSites(t, setup{}, func(t *testing.T, s *site, w *watcher) {
		s.mayFail = true
		p := s.register("ada")
		p.connect("alex")
		chat := p.newSession(map[string]any{})

		p.post("/auth/login", map[string]any{"email": 1}, header("X-Correlation-ID", "wrong-fields")).status(http.StatusUnprocessableEntity)
		s.wantCause("wrong-fields", "request", `"failure":"validation_failed"`)
		p.get("/chat/sessions/"+db.NewID(), header("X-Correlation-ID", "not-there")).status(http.StatusNotFound)
		s.wantCause("not-there", "request", `"failure":"not_found"`)

		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError})
		a := p.get("/stocks/quote/MSFT")
		if a.Status < http.StatusInternalServerError {
			t.Fatalf("got %v, want it to fail", a)
		}
		s.wantCause(a.Header.Get("X-Correlation-ID"), "request failed", "upstream_unavailable: Yahoo")
		s.wantCause(a.Header.Get("X-Correlation-ID"), "upstream call", `"status":500`)
		s.sim.Faults.Clear(sim.ProviderYahoo)

		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultServerError})
		s.clock.Advance(time.Minute)
		p.post("/portfolio/sync", nil, header("X-Correlation-ID", "sync-1")).status(http.StatusAccepted)
		eventually(t, "the job fails", func() error { return s.cause("sync-1", "job failed", "Alpaca cannot answer right now (status 500") })
		s.sim.Faults.Clear(sim.ProviderAlpaca)

		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultServerError})
		p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What does AAPL trade at?"}, header("X-Correlation-ID", "answer-1")).status(http.StatusOK)
		s.wantCause("answer-1", "the model failed; the built-in analyst answered", "the model")
		s.sim.Faults.Clear(sim.ProviderClaude)

		users := s.app.Users.DB
		s.app.Users.DB = nil
		a = p.do(http.MethodPatch, "/auth/me", map[string]any{"firstName": "x"}).fails(http.StatusInternalServerError, "internal_error")
		s.app.Users.DB = users
		id := a.Header.Get("X-Correlation-ID")
		s.wantCause(id, "panic", "nil pointer dereference")
		eventually(t, "the report of the panic", func() error {
			for _, r := range w.reported(id) {
				if r.Exception.Values[0].Type == "panic" && len(r.User.ID) == 32 {
					return nil
				}
			}
			return fmt.Errorf("got %+v", w.reported(id))
		})

		s.write("update jobs set state = 'dead' where state = 'queued'")
		s.write(`insert into jobs (id, kind, args, state, run_at, attempt, max_attempts, lane, created_at)
			values ($1, 'sync_connection', '{"_cause":{"correlationId":"bug-1"},"ConnectionID":1}', 'queued', $2, 0, 1, '', $2)`, db.NewID(), db.Time(s.clock.Now()))
		eventually(t, "the report of a job", func() error {
			if err := s.cause("bug-1", "job failed", "arguments of sync_connection"); err != nil {
				return err
			}
			if got := w.reported("bug-1"); len(got) != 1 || got[0].Tags["kind"] != "sync_connection" {
				return fmt.Errorf("got the reports %+v", got)
			}
			return nil
		})
		s.wantTraceOf(w, "sync-1")
	})
}

// cause is nil when a line of the log with the id and the message holds the text.
func (s *site) cause(id, message, text string) error {
	var lines []string
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Msg, CorrelationID string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.CorrelationID != id {
			continue
		}
		if entry.Msg == message && strings.Contains(line, text) {
			return nil
		}
		lines = append(lines, line)
	}
	return fmt.Errorf("no line %q with the id %s tells of %q, only\n%s", message, id, text, strings.Join(lines, ""))
}

func (s *site) wantCause(id, message, text string) {
	s.t.Helper()
	if err := s.cause(id, message, text); err != nil {
		s.t.Error(err)
	}
}

// wantTraceOf wants a request and the job it started in one trace, whose id their lines carry, with the attempts at the
// vendor in it.
func (s *site) wantTraceOf(w *watcher, correlation string) {
	s.t.Helper()
	eventually(s.t, "one trace of a request and its job", func() error {
		traces := map[string][]string{}
		for _, name := range []string{"POST /api/portfolio/sync", "job sync_connection", "alpaca GET /v2/account"} {
			for _, span := range w.spansOf(name) {
				id := fmt.Sprintf("%x", span.TraceId)
				if !slices.Contains(traces[id], name) {
					traces[id] = append(traces[id], name)
				}
			}
		}
		for id, names := range traces {
			if len(names) == 3 && s.cause(correlation, "job failed", id) == nil {
				return nil
			}
		}
		return fmt.Errorf("got %v", traces)
	})
}

func TestATraceIsTakenOverAndNeverToldToVendors(t *testing.T) {
	watchedSites(t, setup{}, func(t *testing.T, s *site, w *watcher) {
		p := s.register("ada")
		p.connect("alex")
		const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
		p.get("/stocks/quote/MSFT", header("Traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")).status(http.StatusOK)
		eventually(t, "the trace of the one who asked", func() error {
			for _, span := range w.spansOf("GET /api/stocks/quote/{symbol}") {
				if fmt.Sprintf("%x", span.TraceId) == theirs {
					return nil
				}
			}
			return fmt.Errorf("got no span in it")
		})
		for _, r := range s.tape.requests("/") {
			for name := range r.header {
				if strings.HasPrefix(strings.ToLower(name), "trace") || name == "Baggage" {
					t.Errorf("%s was sent %s", r.url, name)
				}
			}
		}
		for _, span := range w.firstSpans() {
			for _, a := range span.Attributes {
				if !slices.Contains([]string{"correlation_id", "route", "failure", "status", "provider", "endpoint", "job", "attempt", "model", "message", "tokens.prompt", "tokens.output"}, a.Key) {
					t.Errorf("the span %q has the attribute %s, which nobody looked at", span.Name, a.Key)
				}
			}
		}
	})
}
