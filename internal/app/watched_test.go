package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// What opens the metrics, and what we are known by at those who are told.
const (
	metricsToken = "metrics-token-3f9c5be1a7d24608b1f0"
	collectorKey = "collector-key-77ab10c2e9"
	trackerKey   = "trackerkey4410fe82ab"
)

// watcher is whom an operator may have told how the server does: a collector of traces and a tracker of errors.
type watcher struct {
	*httptest.Server
	mu      sync.Mutex
	spans   map[string][]*tracepb.Span
	reports []report
	told    bytes.Buffer // everything that was sent, heads and all
}

// report is of an event what the tests look at.
type report struct {
	Logentry  struct{ Formatted string }
	Tags      map[string]string
	User      struct{ ID string }
	Exception struct {
		Values []struct{ Type, Value string }
	}
}

func newWatcher(t *testing.T) *watcher {
	t.Helper()
	w := &watcher{spans: map[string][]*tracepb.Span{}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.take))
	t.Cleanup(w.Close)
	return w
}

func (w *watcher) take(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.told, "%s %v\n%s\n", req.URL, req.Header, body)
	switch req.URL.Path {
	case "/v1/traces":
		var sent tracepb.TracesData
		if err := proto.Unmarshal(body, &sent); err != nil || req.Header.Get("X-Key") != collectorKey {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, r := range sent.ResourceSpans {
			for _, s := range r.ScopeSpans {
				for _, span := range s.Spans {
					w.spans[span.Name] = append(w.spans[span.Name], span)
				}
			}
		}
	case "/api/7/envelope/":
		var r report
		if lines := bytes.SplitN(body, []byte("\n"), 3); len(lines) < 3 || json.Unmarshal(lines[2], &r) != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		w.reports = append(w.reports, r)
	default:
		rw.WriteHeader(http.StatusNotFound)
	}
}

// settings have a server tell the watcher everything.
func (w *watcher) settings() []string {
	return []string{
		"JASPERS_METRICS_TOKEN=" + metricsToken, "OTEL_EXPORTER_OTLP_ENDPOINT=" + w.URL, "OTEL_EXPORTER_OTLP_HEADERS=X-Key=" + collectorKey,
		"SENTRY_DSN=" + strings.Replace(w.URL, "http://", "http://"+trackerKey+"@", 1) + "/7",
	}
}

func (w *watcher) spansOf(name string) []*tracepb.Span {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.spans[name]
}

// firstSpans are one of each name.
func (w *watcher) firstSpans() (all []*tracepb.Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, spans := range w.spans {
		all = append(all, spans[0])
	}
	return all
}

// reported finds the reports that carry a correlation id.
func (w *watcher) reported(correlation string) (found []report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.reports {
		if r.Tags["correlation_id"] == correlation {
			found = append(found, r)
		}
	}
	return found
}

// everything is what the watcher was sent so far.
func (w *watcher) everything() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.told.Bytes())
}

// watchedSites runs a test on each engine, on a server that is watched.
func watchedSites(t *testing.T, with setup, test func(t *testing.T, s *site, w *watcher)) {
	t.Helper()
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWatcher(t)
			own := with
			own.settings = append(w.settings(), with.settings...)
			s := startSite(t, engine, own)
			s.keepSecret(metricsToken, collectorKey, trackerKey)
			test(t, s, w)
		})
	}
}

// scrape reads the metrics as Prometheus would.
func (s *site) scrape() string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+metricsToken)
	resp, err := s.stranger().browser.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		s.t.Fatalf("got %s as %s (%v), want the metrics", resp.Status, resp.Header.Get("Content-Type"), err)
	}
	return string(text)
}

// series is one line of the metrics.
type series struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	sampleLine = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

func samples(text string) (all []series) {
	for _, m := range sampleLine.FindAllStringSubmatch(text, -1) {
		value, _ := strconv.ParseFloat(m[3], 64)
		one := series{m[1], map[string]string{}, value}
		for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
			one.labels[pair[1]] = pair[2]
		}
		all = append(all, one)
	}
	return all
}

// sum adds the series of a name that have these labels, given as names and values in turn; false where there are none.
func sum(all []series, name string, labels ...string) (total float64, found bool) {
next:
	for _, one := range all {
		if one.name != name {
			continue
		}
		for i := 0; i < len(labels); i += 2 {
			if one.labels[labels[i]] != labels[i+1] {
				continue next
			}
		}
		total, found = total+one.value, true
	}
	return total, found
}
