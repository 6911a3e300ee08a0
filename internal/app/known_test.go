package app_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// BenchmarkAQuoteThatIsKnown is what a request costs us beside net/http and the sockets: everything behind the server's
// handler, with the log, which is written to nowhere.
func BenchmarkAQuoteThatIsKnown(b *testing.B) {
	_, ask := knownQuote(b)
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}

// BenchmarkAQuoteThatIsKnownWithoutItsRequest is the part of it that is the quote's own: how much a handler in the same
// chain would save which only wrote the same JSON.
func BenchmarkAQuoteThatIsKnownWithoutItsRequest(b *testing.B) {
	a, _ := knownQuote(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := a.Market.Quote(b.Context(), "AAPL"); err != nil {
			b.Fatal(err)
		}
	}
}

// knownQuote is a server that knows a quote, with what asks for it once more.
func knownQuote(b *testing.B) (a *app.App, again func()) {
	b.Helper()
	outside := httptest.NewServer(sim.NewSim(sim.New(7, time.Now)).Handler())
	b.Cleanup(outside.Close)
	cfg, err := app.LoadConfig([]string{
		"HOME=" + b.TempDir(), "JASPERS_DATABASE_URL=sqlite:" + b.TempDir() + "/bench.db", "JASPERS_LIMIT_REQUESTS=10000000",
		"JASPERS_YAHOO_ENABLED=true", "JASPERS_YAHOO_QUERY_URL=" + outside.URL + "/yahoo", "JASPERS_YAHOO_COOKIE_URL=" + outside.URL + "/yahoo",
		"JASPERS_JWT_SECRET=" + jwtSecret, "JASPERS_ENCRYPTION_KEY=" + encryptionKey, "JASPERS_HASH_KEY=" + hashKey,
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	log, err := telemetry.NewLog(io.Discard, slog.LevelInfo, "json")
	if err != nil {
		b.Fatal(err)
	}
	a, err = app.New(b.Context(), cfg, app.Options{Log: log, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Close() })
	ask := func(method, path, token, body string, status int) string {
		req := httptest.NewRequest(method, "/api"+path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		a.Handler.ServeHTTP(w, req)
		if w.Code != status {
			b.Fatalf("%s: got %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	in := ask(http.MethodPost, "/auth/register", "", `{"email":"ada@example.com","password":"`+password+`"}`, http.StatusCreated)
	_, token, _ := strings.Cut(in, `"accessToken":"`)
	token, _, _ = strings.Cut(token, `"`)
	again = func() { ask(http.MethodGet, "/stocks/quote/AAPL", token, "", http.StatusOK) }
	again()
	return a, again
}
