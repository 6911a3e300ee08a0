package app_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
)

func TestMetricsAreShownToWhoHasTheTokenAndNobodyElse(t *testing.T) {
	get := func(t *testing.T, s *site, authorization string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", authorization)
		resp, err := s.stranger().browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	watchedSites(t, setup{}, func(t *testing.T, s *site, _ *watcher) {
		for _, wrong := range []string{"", "Bearer", "Bearer x", "Bearer " + metricsToken[:20], "Bearer " + metricsToken + "x", "Basic " + metricsToken, metricsToken} {
			if status, text := get(t, s, wrong); status != http.StatusUnauthorized || strings.Contains(text, "jaspers_") {
				t.Errorf("%q: got %d %.100s, want 401", wrong, status, text)
			}
		}
		if status, _ := get(t, s, "bearer "+metricsToken); status != http.StatusOK {
			t.Errorf("got %d with the token", status)
		}
	})
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		s := startSite(t, db.SQLite, setup{})
		if status, _ := get(t, s, "Bearer "+metricsToken); status != http.StatusNotFound {
			t.Errorf("got %d where no token is set, want 404", status)
		}
	})
}

func TestMetricsHaveAnAddressOfTheirOwnWhereOneIsSet(t *testing.T) {
	t.Parallel()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	cfg, err := app.LoadConfig([]string{"JASPERS_ADDR=127.0.0.1:0", "JASPERS_METRICS_ADDR=" + addr, "JASPERS_DATA_DIR=" + t.TempDir()}, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var status int
	var text []byte
	err = app.Serve(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now}, func(context.Context, *app.App) error {
		defer stop()
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("http://" + addr + "/metrics")
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		status = resp.StatusCode
		text, err = io.ReadAll(resp.Body)
		return err
	})
	if err != nil || status != http.StatusOK || !strings.Contains(string(text), "jaspers_build_info") {
		t.Errorf("got %d %.100s (%v), want the metrics", status, text, err)
	}
	if _, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		t.Error("the address still answers after the server stopped")
	}
}

func TestSettingsOfTelemetryAreChecked(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"JASPERS_METRICS_TOKEN=short":                    "JASPERS_METRICS_TOKEN must have",
		"JASPERS_METRICS_ADDR=nowhere":                   "JASPERS_METRICS_ADDR must be host:port",
		"JASPERS_METRICS_ADDR=0.0.0.0:9464":              "JASPERS_METRICS_ADDR can be reached from other machines",
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318":     "JASPERS_TRACES_URL must be an address",
		"JASPERS_TRACES_URL=http://user:canary@host":     "JASPERS_TRACES_URL must be an address",
		"OTEL_EXPORTER_OTLP_HEADERS=canary":              "JASPERS_TRACES_HEADERS must have the form",
		"JASPERS_TRACES_RATIO=1.5":                       "JASPERS_TRACES_RATIO must be between",
		"JASPERS_TRACES_RATIO=NaN":                       "JASPERS_TRACES_RATIO must be between",
		"SENTRY_DSN=https://canary.example/1":            "JASPERS_SENTRY_DSN: it must have",
		"JASPERS_SENTRY_DSN=https://canary@host.example": "JASPERS_SENTRY_DSN: it names no project",
		"JASPERS_LOG_ALIKE=-1":                           "JASPERS_LOG_ALIKE must not be negative",
	} {
		if _, err := app.LoadConfig([]string{setting}, ""); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q", setting, err, want)
		}
	}
}
