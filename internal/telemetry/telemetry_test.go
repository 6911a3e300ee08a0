package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

func newLog(t *testing.T, format string) (*slog.Logger, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	log, err := telemetry.NewLog(&out, slog.LevelDebug, format)
	if err != nil {
		t.Fatal(err)
	}
	return log, &out
}

const canary = "hunter2canary"

func TestSecretsNeverReachTheLog(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		log, out := newLog(t, format)
		secret := telemetry.Secret(canary)
		log.Info("by type", "value", secret, "struct", struct{ S telemetry.Secret }{secret}, "text", fmt.Sprintf("%v %s %#v", secret, secret, secret))
		log.Info("by name", "password", canary, "accessToken", canary, "Authorization", canary, "api_key", canary, "cookie", []string{canary})
		log.Info("in groups", slog.Group("request", "token", canary))
		log.With("client_secret", canary).WithGroup("g").Info("bound", "refresh_token", canary)
		log.Info("inside text: Bearer "+canary, "header", "bearer "+canary, "url", "postgres://jaspers:"+canary+"@db/x",
			"error", errors.New("GET https://user:"+canary+"@host: refused"), "jwt", "got eyJ"+canary+".x.y", "key", "sk-ant-"+canary)
		if strings.Contains(out.String(), canary) {
			t.Errorf("%s: the secret is in the log:\n%s", format, out)
		}
		if got := strings.Count(out.String(), "\n"); got != 5 {
			t.Errorf("%s: got %d lines, want 5", format, got)
		}
	}
}

func TestOrdinaryValuesStayAsTheyAre(t *testing.T) {
	log, out := newLog(t, "json")
	log.Info("synced", "connection", "0199-abc", "positions", 3, "error", errors.New("upstream_unavailable: no answer"))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"connection": "0199-abc", "positions": 3.0, "error": "upstream_unavailable: no answer", "msg": "synced"} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %v", key, line[key], want)
		}
	}
}

func TestLinesOfOneRequestCarryItsCorrelationID(t *testing.T) {
	log, out := newLog(t, "json")
	ctx := telemetry.WithCorrelation(t.Context(), "req-1")
	log.With("a", 1).InfoContext(ctx, "inside")
	log.Info("outside")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if !strings.Contains(lines[0], `"correlationId":"req-1"`) || strings.Contains(lines[1], "correlationId") {
		t.Errorf("got %s", out)
	}
}

func TestOneRecordIsOneLineWhateverItHolds(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		log, out := newLog(t, format)
		log.Info("a\nb\r\x1b[31m", "k", "c\nd\x00")
		if got := strings.Count(out.String(), "\n"); got != 1 {
			t.Errorf("%s: got %d lines: %q", format, got, out)
		}
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if _, err := telemetry.NewLog(&bytes.Buffer{}, slog.LevelInfo, "xml"); err == nil {
		t.Error("xml was accepted")
	}
}
