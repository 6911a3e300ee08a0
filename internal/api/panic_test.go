package api

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

func TestAPanicIsAnErrorOfOursInTheLogAndTheNextRequestIsAnswered(t *testing.T) {
	var text bytes.Buffer
	log, err := telemetry.NewLog(&text, slog.LevelInfo, "json")
	if err != nil {
		t.Fatal(err)
	}
	ready := func(context.Context) error { panic("canary") }
	h, err := New(Services{Ready: func(ctx context.Context) error { return ready(ctx) }, DatabaseGate: health.NewGate()}, Config{Log: log, Now: time.Now, PublicURL: &url.URL{}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	got := ask("/api/health/ready")
	if body := got.Body.String(); got.Code != http.StatusInternalServerError || !strings.Contains(body, `"internal_error"`) || strings.Contains(body, "canary") {
		t.Errorf("got %d %s, want 500 that says nothing", got.Code, body)
	}
	id := got.Header().Get(correlationHeader)
	for _, want := range []string{`"msg":"panic"`, `"error":"the handler panicked: canary"`, `"stack":`, `"correlationId":"` + id + `"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the log has no %s: %s", want, &text)
		}
	}
	ready = func(context.Context) error { return nil }
	if again := ask("/api/health/ready"); again.Code != http.StatusOK {
		t.Errorf("got %d after the panic, want 200", again.Code)
	}
}
