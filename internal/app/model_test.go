package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// modelSettings are those of a server with a model and these settings.
func modelSettings(t *testing.T, settings ...string) Config {
	t.Helper()
	cfg, err := LoadConfig(append([]string{"JASPERS_ANTHROPIC_API_KEY=key"}, settings...), "")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestPricesAreTheKnownOnesUnlessTheyAreSet(t *testing.T) {
	million := llm.Usage{Input: 1, Output: 1, CacheRead: 1, CacheWrite: 2, CacheWriteHour: 1}
	long := llm.Usage{Input: 1_000_000}
	for name, tt := range map[string]struct {
		settings []string
		each     string // of a token of each kind, in millionths
		long     string // of a million tokens
	}{
		"the default model":      {nil, "18.7", "2"},
		"a tier":                 {[]string{"JASPERS_ANTHROPIC_MODEL=claude-haiku-5-5"}, "0.935", "0.5"},
		"a dated model":          {[]string{"JASPERS_ANTHROPIC_MODEL=claude-haiku-4-5-20251001"}, "9.35", "1"},
		"one price set":          {[]string{"JASPERS_ANTHROPIC_PRICE_CACHE_READ=0.1"}, "18.6", "2"},
		"input set":              {[]string{"JASPERS_ANTHROPIC_PRICE_INPUT=4"}, "27.4", "4"},
		"a tier set flat":        {[]string{"JASPERS_ANTHROPIC_MODEL=claude-haiku-5-5", "JASPERS_ANTHROPIC_PRICE_INPUT=0.1"}, "0.935", "0.1"},
		"a model of one's own":   {[]string{"JASPERS_ANTHROPIC_MODEL=qwen3", "JASPERS_ANTHROPIC_PRICE_INPUT=0", "JASPERS_ANTHROPIC_PRICE_OUTPUT=0"}, "0", "0"},
		"another vendor's price": {[]string{"JASPERS_ANTHROPIC_MODEL=qwen3", "JASPERS_ANTHROPIC_PRICE_INPUT=1", "JASPERS_ANTHROPIC_PRICE_OUTPUT=2", "JASPERS_ANTHROPIC_PRICE_CACHE_WRITE=0", "JASPERS_ANTHROPIC_PRICE_CACHE_WRITE_1H=0"}, "3.1", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := modelSettings(t, tt.settings...)
			price, err := cfg.Anthropic.price()
			if err != nil {
				t.Fatal(err)
			}
			if got := price.Cost(million).Shift(6); !got.Equal(decimal.RequireFromString(tt.each)) {
				t.Errorf("a token of each kind: got %s, want %s", got, tt.each)
			}
			if got := price.Cost(long); !got.Equal(decimal.RequireFromString(tt.long)) {
				t.Errorf("a long prompt: got %s, want %s", got, tt.long)
			}
		})
	}
}

func TestTheEndOfTheConfiguredModelIsLogged(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	seen, err := newWatched(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, settings := range map[string][]string{
		"will be retired on 2026-11-30": {"JASPERS_ANTHROPIC_MODEL=claude-sonnet-4-5"},
		"was retired on 2025-10-28":     {"JASPERS_ANTHROPIC_MODEL=claude-3-5-sonnet-20241022"},
		"":                              nil,
	} {
		var log bytes.Buffer
		p := providers{Config: modelSettings(t, settings...), Options: Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }}, seen: seen}
		model, err := p.claude()
		if err != nil || model.Info().Model == "" {
			t.Fatalf("got %v, %v, want a model", model, err)
		}
		if (want == "") != (log.Len() == 0) || !strings.Contains(log.String(), want) {
			t.Errorf("got %q, want %q", log.String(), want)
		}
	}
}
