package sentry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sentry"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "hunter2canary"

// tracker takes envelopes as Sentry does: a head, and items of a head and as many bytes as that says.
type tracker struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	auth   []string
	paths  []string
	events []map[string]any
	raw    []string
}

func newTracker(t *testing.T) *tracker {
	t.Helper()
	tr := &tracker{status: http.StatusOK}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.auth, tr.paths, tr.raw = append(tr.auth, req.Header.Get("X-Sentry-Auth")), append(tr.paths, req.URL.Path), append(tr.raw, string(body))
		parts := bytes.SplitN(body, []byte("\n"), 3)
		var item struct {
			Type   string
			Length int
		}
		var event map[string]any
		if len(parts) < 3 || json.Unmarshal(parts[1], &item) != nil || item.Type != "event" || len(parts[2]) != item.Length+1 || json.Unmarshal(parts[2][:item.Length], &event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if tr.status == http.StatusOK {
			tr.events = append(tr.events, event)
		}
		w.WriteHeader(tr.status)
	}))
	t.Cleanup(tr.Close)
	return tr
}

// reporter reports to a tracker until the test asks for what it has.
type reporter struct {
	*sentry.Reporter
	log      *slog.Logger
	out      *bytes.Buffer
	mu       sync.Mutex
	outcomes map[string]int
}

func newReporter(t *testing.T, address string) *reporter {
	t.Helper()
	dsn, err := sentry.ParseDSN(strings.Replace(address, "http://", "http://publickey@", 1) + "/some/folder/42")
	if err != nil {
		t.Fatal(err)
	}
	client, err := upstream.New(upstream.Config{Provider: "the tracker of errors", Origins: []string{dsn.Origin}, AllowPrivate: true, Retries: -1, Timeout: time.Second, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	r := &reporter{out: &bytes.Buffer{}, outcomes: map[string]int{}}
	plain, err := telemetry.NewLog(r.out, slog.LevelError, "json")
	if err != nil {
		t.Fatal(err)
	}
	r.Reporter = sentry.New(sentry.Config{
		DSN: dsn, Client: client, Release: "1.2.3", Log: plain,
		User: func(ctx context.Context) string { id, _ := ctx.Value(userKey{}).(string); return id },
		Record: func(outcome string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.outcomes[outcome]++
		},
	})
	r.log = r.Watch(plain)
	return r
}

type userKey struct{}

// runOut sends what waits, and returns.
func (r *reporter) runOut(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Run(ctx)
}

func TestMistakesOfOursAreReportedWithTheirIDsAndNobodysData(t *testing.T) {
	tr := newTracker(t)
	r := newReporter(t, tr.URL)
	ctx := context.WithValue(telemetry.WithCorrelation(t.Context(), "req-1"), userKey{}, "0199-user")
	cause := errors.New(`no such column "` + canary + `" for ada@example.com, Key (email)=(` + canary + `), Bearer ` + canary)
	r.log.ErrorContext(ctx, "request failed", "error", fmt.Errorf("load: %w", cause), "password", canary, "path", "/"+canary)
	func() {
		defer func() { r.log.ErrorContext(ctx, "panic", "error", fault.Recovered("the handler", recover())) }()
		set := func(in map[string]int) { in[canary] = 1 }
		set(nil)
	}()
	r.log.WarnContext(ctx, "job failed", "kind", "sync_connection", "error", errors.New("a bug"))
	r.runOut(t)
	if len(tr.events) != 3 || r.outcomes["sent"] != 3 {
		t.Fatalf("got %d events and %v, want three sent", len(tr.events), r.outcomes)
	}
	if tr.paths[0] != "/some/folder/api/42/envelope/" || !strings.Contains(tr.auth[0], "sentry_key=publickey") || !strings.Contains(tr.auth[0], "sentry_version=7") {
		t.Errorf("got it sent to %s with %q", tr.paths[0], tr.auth[0])
	}
	for i, e := range tr.events {
		if got := fmt.Sprintf("%v %v %d", e["tags"].(map[string]any)["correlation_id"], e["release"], len(e["event_id"].(string))); got != "req-1 jaspers@1.2.3 32" {
			t.Errorf("event %d: got %s", i, got)
		}
		if id := e["user"].(map[string]any)["id"].(string); len(id) != 32 || strings.Contains(tr.raw[i], "0199-user") {
			t.Errorf("event %d: got the user %q, want a hash", i, id)
		}
		for _, forbidden := range []string{canary, "ada@example.com", "request\":", "headers", "server_name"} {
			if strings.Contains(tr.raw[i], forbidden) {
				t.Errorf("event %d holds %q: %s", i, forbidden, tr.raw[i])
			}
		}
	}
	frames := exceptionOf(tr.events[1])["stacktrace"].(map[string]any)["frames"].([]any)
	last := frames[len(frames)-1].(map[string]any)
	if exceptionOf(tr.events[1])["type"] != "panic" || len(frames) < 3 || !strings.Contains(fmt.Sprint(frames), "TestMistakesOfOurs") {
		t.Errorf("got the frames %v, the last %v, want where it panicked", frames, last)
	}
	if tags := tr.events[2]["tags"].(map[string]any); tags["kind"] != "sync_connection" {
		t.Errorf("got the tags %v, want the kind of job", tags)
	}
	if log := r.out.String(); strings.Count(log, "\n") != 2 {
		t.Errorf("got the log %s, want its two errors and no warning, since it is set to errors", log)
	}
}

func exceptionOf(e map[string]any) map[string]any {
	return e["exception"].(map[string]any)["values"].([]any)[0].(map[string]any)
}

func TestWhatIsNotOursIsNotReported(t *testing.T) {
	tr := newTracker(t)
	r := newReporter(t, tr.URL)
	r.log.Warn("request failed", "error", fault.New(fault.UpstreamDown, "Yahoo is down"))
	r.log.Warn("Redis does not answer")
	r.log.Info("request", "status", 500)
	r.log.Error("look for due jobs", "error", fmt.Errorf("read: %w", context.Canceled))
	r.runOut(t)
	if len(tr.events) != 0 {
		t.Errorf("got %v, want no report", tr.events)
	}
}

func TestATrackerThatIsSlowOrGoneHoldsNothingUp(t *testing.T) {
	r := newReporter(t, "http://127.0.0.1:9") // nobody listens
	for range 1000 {
		r.log.Error("request failed", "error", errors.New("a bug"))
	}
	if r.outcomes["dropped"] != 1000-64 {
		t.Errorf("got %v, want all dropped that are more than wait", r.outcomes)
	}
	r.runOut(t)
	if r.outcomes["failed"] == 0 || r.outcomes["sent"] != 0 {
		t.Errorf("got %v, want them failed", r.outcomes)
	}
}

func TestARefusedReportIsCountedAndNotReportedAgain(t *testing.T) {
	tr := newTracker(t)
	tr.status = http.StatusForbidden
	r := newReporter(t, tr.URL)
	r.log.Error("request failed", "error", errors.New("a bug"))
	r.runOut(t)
	r.runOut(t)
	if r.outcomes["failed"] != 1 || len(tr.raw) != 1 {
		t.Errorf("got %v and %d requests, want one that failed", r.outcomes, len(tr.raw))
	}
}

func TestADSNHasAKeyAHostAndAProject(t *testing.T) {
	for _, bad := range []string{"", "nonsense", "https://host/1", "ftp://key@host/1", "https://key@/1", "https://key@host", "https://key@host/"} {
		if _, err := sentry.ParseDSN(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: got %v, want an error that does not repeat it", bad, err)
		}
	}
}
