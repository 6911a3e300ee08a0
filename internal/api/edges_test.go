package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/limit"
)

// bare is the edge with nothing behind it: whatever asks a service panics.
func bare(t testing.TB, log *bytes.Buffer) (h, starting http.Handler) {
	t.Helper()
	limiter, err := limit.New(limit.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Log: slog.New(slog.NewJSONHandler(log, nil)), Now: time.Now, PublicURL: &url.URL{Scheme: "https", Host: "jaspers.example.com"},
		CORSOrigins: []string{"https://app.example.com"}, Limiter: limiter, Rates: Rates{Requests: 30},
	}
	if h, err = New(Services{DatabaseGate: health.NewGate()}, cfg); err != nil {
		t.Fatal(err)
	}
	return h, Starting(cfg)
}

func request(method, path string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestEveryAnswerOfTheEdgeIsSafeInABrowserWhateverItIs(t *testing.T) {
	var log bytes.Buffer
	h, starting := bare(t, &log)
	large := httptest.NewRequest("POST", "/api/auth/login", strings.NewReader(strings.Repeat("x", 1<<20+1)))
	large.Header.Set("Content-Type", "application/json")
	text := httptest.NewRequest("POST", "/api/auth/login", strings.NewReader("x"))
	text.Header.Set("Content-Type", "text/plain")
	for _, tc := range []struct {
		h      http.Handler
		r      *http.Request
		status int
	}{
		{h, request("GET", "/api/health/live"), 200},
		{h, request("HEAD", "/api/health/live"), 200},
		{h, request("GET", "/api/docs"), 200},
		{h, request("GET", "/api/health/ready"), 500}, // there is nobody to ask, so it panics
		{h, request("GET", "/api/auth/me"), 500},
		{h, request("GET", "/api/nothing"), 404},
		{h, request("GET", "/"), 404},
		{h, request("PUT", "/api/auth/login"), 405},
		{h, request("TRACE", "/api/auth/login"), 405},
		{h, request("OPTIONS", "/api/auth/login"), 405},
		{h, request("OPTIONS", "/api/auth/login", "Origin", "https://app.example.com", "Access-Control-Request-Method", "POST"), 204},
		{h, request("OPTIONS", "/api/auth/login", "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST"), 204},
		{h, request("POST", "/api/auth/login", "Origin", "https://evil.example.com"), 403},
		{h, request("POST", "/api/auth/login", "Content-Type", "application/json"), 400},
		{h, large, 413},
		{h, text, 415},
		{h, request("GET", "/api/auth/me?"+strings.Repeat("x", maxURL)), 414},
		{h, request("GET", "/api/auth/me", "X-Large", strings.Repeat("x", maxHead)), 431},
		{starting, request("GET", "/api/health/live"), 200},
		{starting, request("GET", "/api/auth/me"), 503},
		{starting, request("GET", "/api/auth/me?"+strings.Repeat("x", maxURL)), 414},
	} {
		wantSafe(t, tc.h, tc.r, tc.status)
	}
	for range 60 {
		h.ServeHTTP(httptest.NewRecorder(), request("GET", "/api/nothing"))
	}
	wantSafe(t, h, request("GET", "/api/nothing"), 429)
}

func wantSafe(t *testing.T, h http.Handler, r *http.Request, status int) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	to := r.Method + " " + r.URL.Path
	if w.Code != status {
		t.Errorf("%s: got %d %s, want %d", to, w.Code, w.Body, status)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Server": "", "X-Powered-By": "",
	} {
		if got := strings.Join(w.Header().Values(name), "|"); got != want {
			t.Errorf("%s (%d): got %s %q, want %q", to, status, name, got, want)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("%s (%d): got the policy %q", to, status, policy)
	}
	if caching := w.Header().Get("Cache-Control"); caching != "no-store" && r.URL.Path != "/api/docs" {
		t.Errorf("%s (%d): got Cache-Control %q", to, status, caching)
	}
	if allowed := w.Header().Get("Access-Control-Allow-Origin"); allowed != "" && allowed != "https://app.example.com" {
		t.Errorf("%s (%d): got the allowed origin %q", to, status, allowed)
	}
	if kind := w.Header().Get("Content-Type"); status >= 400 && r.Method != "HEAD" && kind != "application/json" {
		t.Errorf("%s (%d): got an error as %q", to, status, kind)
	}
}

// BenchmarkARequestThatIsCounted and the one that is not differ by what the limiter costs a request.
func BenchmarkARequestThatIsCounted(b *testing.B)    { benchmark(b, "/api/docs/style.css", 1_000_000_000) }
func BenchmarkARequestThatIsNotCounted(b *testing.B) { benchmark(b, "/api/health/live", 1_000_000_000) }

func benchmark(b *testing.B, path string, requests int) {
	limiter, err := limit.New(limit.Config{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	r := &router{Config: Config{Limiter: limiter, Rates: Rates{Requests: requests}}}
	r.limits = r.Rates.rules()
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	counted := http.Handler(r.limitAddress(nothing))
	if strings.Contains(path, "health") {
		counted = nothing
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, _ := r.withVisit(w, req)
		counted.ServeHTTP(w, req.WithContext(ctx))
	})
	req := request("GET", path)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), req)
	}
}

func TestWhatIsNoTextInAQueryIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	for query, want := range map[string]string{
		"state=%00": "query.state", "state=a%00b": "query.state", "code=%ff%fe": "query.code", "code=%ed%a0%80": "query.code", "code=\xc3\x28": "query.code",
		"state=a&state=%00": "query.state", "canary=%00": "query", "%00=%00": "query",
	} {
		h, _ := bare(t, &bytes.Buffer{})
		w := httptest.NewRecorder()
		r := request(http.MethodGet, "/api/brokerages/callback")
		r.URL.RawQuery = query
		h.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `"path":"`+want+`"`) || strings.Contains(body, "canary") {
			t.Errorf("%s: got %d %s, want %s named", query, w.Code, body, want)
		}
	}
}
