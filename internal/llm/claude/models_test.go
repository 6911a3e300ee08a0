package claude

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

func TestTheTableOfModelsHoldsTogether(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range models() {
		for _, id := range append([]string{s.ID}, s.Aliases...) {
			if seen[id] {
				t.Errorf("%s: got it twice", id)
			}
			seen[id] = true
			if found, ok := Find(id); !ok || found.ID != s.ID {
				t.Errorf("%s: got %q, %t, want %s", id, found.ID, ok, s.ID)
			}
		}
		if s.Context <= int64(s.Output) || s.Output <= 0 {
			t.Errorf("%s: got a context of %d and an output of %d", s.ID, s.Context, s.Output)
		}
		if (s.LongAbove > 0) != (s.Long != nil) {
			t.Errorf("%s: got half a price for long prompts", s.ID)
		}
		for _, refused := range s.Refuses {
			if !slices.Contains([]string{"prefill", "sampling", "forced_tool", "thinking_enabled", "thinking_disabled"}, refused) {
				t.Errorf("%s: refuses %q, which nothing is called", s.ID, refused)
			}
		}
		for _, r := range []*rates{&s.Price, s.Long} {
			if r == nil {
				continue
			}
			// The vendor's rule: 1.25 and 2 times the input for what is kept, a tenth or less for what is read.
			if !r.CacheWrite.Equal(r.Input.Mul(decimal.RequireFromString("1.25"))) || !r.CacheWriteHour.Equal(r.Input.Mul(decimal.NewFromInt(2))) ||
				r.CacheRead.GreaterThan(r.Input.Div(decimal.NewFromInt(10))) || !r.CacheRead.IsPositive() || !r.Output.GreaterThan(r.Input) {
				t.Errorf("%s: got prices %+v that do not go together", s.ID, *r)
			}
		}
	}
}

func TestAModelIsFoundUnderItsDatedName(t *testing.T) {
	for id, want := range map[string]string{
		"claude-sonnet-5-5": "claude-sonnet-5-5", "claude-sonnet-5-5-20260922": "claude-sonnet-5-5", "claude-haiku-4-5-20251001": "claude-haiku-4-5",
		"claude-3-5-sonnet-20241022": "claude-3-5-sonnet-20241022", "claude-3-5-sonnet": "", "qwen3-coder": "", "": "", "claude-sonnet-5": "claude-sonnet-5",
		"claude-sonnet": "", "claude-sonnet-5-5-2026": "",
	} {
		if found, ok := Find(id); found.ID != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", id, found.ID, ok, want)
		}
	}
}

func TestTheListPriceOfALongPrompt(t *testing.T) {
	haiku, _ := Find("claude-haiku-5-5")
	price := haiku.ListPrice()
	for usage, want := range map[llm.Usage]string{
		{Input: 100_000, Output: 1000}: "0.0105", {Input: 100_001, Output: 1000}: "0.0525005",
	} {
		if got := price.Cost(usage); got.String() != want {
			t.Errorf("%+v: got %s, want %s", usage, got, want)
		}
	}
}

func TestTheEndOfAModelIsAnnounced(t *testing.T) {
	on := func(text string) time.Time {
		day, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	for _, tt := range []struct {
		id   string
		now  time.Time
		want string
	}{
		{"claude-sonnet-4-5", on("2026-09-01 00:00:00"), ""},
		{"claude-sonnet-4-5", on("2026-10-05 00:00:00"), "will be retired on 2026-11-30"},
		{"claude-sonnet-4-5", on("2026-11-30 23:00:00"), "will be retired on 2026-11-30"},
		{"claude-sonnet-4-5", on("2026-12-01 00:00:01"), "was retired on 2026-11-30"},
		{"claude-3-5-sonnet-20241022", on("2026-11-22 00:00:00"), "was retired on 2025-10-28"},
		{"claude-haiku-4-5", on("2026-10-14 00:00:00"), ""},
		{"claude-haiku-4-5", on("2026-11-22 00:00:00"), "may be retired any day since 2026-10-15"},
		{"claude-sonnet-5-5", on("2030-01-01 00:00:00"), ""},
	} {
		spec, ok := Find(tt.id)
		got := spec.Warning(tt.now)
		if !ok || (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s at %s: got %q, want %q", tt.id, tt.now, got, tt.want)
		}
	}
}

// refusedSettings are, by their names in the table, the ways in which a request can hold what a model refuses.
var refusedSettings = map[string]func(body map[string]any) bool{
	"sampling": func(body map[string]any) bool {
		return body["temperature"] != nil || body["top_p"] != nil || body["top_k"] != nil
	},
	"forced_tool":       func(body map[string]any) bool { return body["tool_choice"] != nil },
	"thinking_enabled":  func(body map[string]any) bool { return body["thinking"] != nil },
	"thinking_disabled": func(body map[string]any) bool { return body["thinking"] != nil },
	"prefill": func(body map[string]any) bool {
		messages := body["messages"].([]any)
		return messages[len(messages)-1].(map[string]any)["role"] == "assistant"
	},
}

func TestNoModelIsSentWhatItRefuses(t *testing.T) {
	for _, spec := range models() {
		model := New(Config{Model: spec.ID}, nil)
		req := analystRequest("hi")
		req.MaxTokens = 10_000_000
		raw, err := json.Marshal(model.params(req, manners{true, true}))
		if err != nil {
			t.Fatal(err)
		}
		body := decode(t, string(raw)).(map[string]any)
		for _, setting := range spec.Refuses {
			if refusedSettings[setting](body) {
				t.Errorf("%s: got %s in %s", spec.ID, setting, raw)
			}
		}
		if got, _ := body["max_tokens"].(json.Number).Int64(); got != int64(spec.Output) {
			t.Errorf("%s: got max_tokens %d, want at most %d", spec.ID, got, spec.Output)
		}
	}
}
