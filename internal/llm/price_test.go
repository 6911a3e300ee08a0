package llm

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// tiered costs five times as much, all of it, for prompts of more than 100,000 tokens.
func tiered() Price {
	return Price{
		Input: dollars("0.10"), Output: dollars("0.50"), CacheRead: dollars("0.01"), CacheWrite: dollars("0.125"), CacheWriteHour: dollars("0.20"),
		LongAbove: 100_000, Long: &Price{
			Input: dollars("0.50"), Output: dollars("2.50"), CacheRead: dollars("0.05"), CacheWrite: dollars("0.625"), CacheWriteHour: dollars("1"),
		},
	}
}

func TestALongPromptHasItsOwnPrice(t *testing.T) {
	tests := []struct {
		name  string
		usage Usage
		want  string
	}{
		{"as long as it may be", Usage{Input: 100_000, Output: 1000}, "0.0105"},
		{"one token more", Usage{Input: 100_001, Output: 1000}, "0.0525005"},
		{"what the cache held counts", Usage{Input: 1, CacheRead: 60_000, CacheWrite: 40_000}, "0.0280005"},
		{"the answer does not", Usage{Input: 1, Output: 200_000}, "0.1000001"},
		{"an hour in the cache", Usage{CacheWrite: 1000, CacheWriteHour: 400}, "0.000155"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tiered().Cost(tt.usage); !got.Equal(dollars(tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNoRequestCostsMoreThanTheMostItCan(t *testing.T) {
	prices := []Price{tiered(), {Input: dollars("2"), Output: dollars("10"), CacheRead: dollars("0.2"), CacheWrite: dollars("2.5"), CacheWriteHour: dollars("4")}}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(prices).Draw(t, "price")
		prompt, answer := rapid.Int64Range(0, 300_000).Draw(t, "prompt"), rapid.Int64Range(0, 130_000).Draw(t, "answer")
		read := rapid.Int64Range(0, prompt).Draw(t, "read")
		write := rapid.Int64Range(0, prompt-read).Draw(t, "write")
		u := Usage{
			Input: rapid.Int64Range(0, prompt-read-write).Draw(t, "input"), CacheRead: read, CacheWrite: write,
			CacheWriteHour: rapid.Int64Range(0, write).Draw(t, "hour"), Output: rapid.Int64Range(0, answer).Draw(t, "output"),
		}
		if cost, most := p.Cost(u), p.Most(prompt, answer); cost.GreaterThan(most) {
			t.Fatalf("%+v costs %s, more than %s", u, cost, most)
		}
	})
}

func TestTheHitRateIsThePartOfThePromptThatWasRead(t *testing.T) {
	for want, u := range map[float64]Usage{
		0: {Output: 5}, 0.5: {Input: 10, CacheRead: 20, CacheWrite: 10}, 1: {CacheRead: 7},
	} {
		if got := u.HitRate(); got != want {
			t.Errorf("%+v: got %v, want %v", u, got, want)
		}
	}
}

// counting is a model whose vendor counts 1,000 tokens, whatever it is sent.
type counting struct{ Model }

func (counting) Info() Info {
	return Info{Price: Price{Input: dollars("1"), Output: dollars("10"), CacheWrite: dollars("2")}, MaxTokens: 500}
}

func (counting) CountTokens(context.Context, Request) (int64, error) { return 1000, nil }

// silent is one whose vendor does not count.
type silent struct{ Model }

func (silent) Info() Info { return counting{}.Info() }

func TestABoundIsOfTheCountedPromptAndAWholeAnswer(t *testing.T) {
	req := Request{System: strings.Repeat("x", 5000), MaxTokens: 100}
	prompt, err := Longest(t.Context(), counting{}, req)
	if err != nil || prompt != 1036 {
		t.Errorf("counted: got %d, %v, want a fiftieth and a frame more than 1000", prompt, err)
	}
	if usd, tokens := Bound(counting{}, req, prompt); !usd.Equal(dollars("0.003072")) || tokens != 1136 { // 1,036 at 2 dollars, 100 at 10
		t.Errorf("counted: got %s and %d tokens", usd, tokens)
	}
	req.MaxTokens = 0
	if prompt, err = Longest(t.Context(), silent{}, req); err != nil || prompt != Estimate(req) {
		t.Errorf("estimated: got %d, %v, want %d", prompt, err, Estimate(req))
	}
	want := dollars("2").Mul(decimal.NewFromInt(prompt)).Add(dollars("5000")).Shift(-6)
	if usd, tokens := Bound(silent{}, req, prompt); !usd.Equal(want) || tokens != prompt+500 {
		t.Errorf("estimated: got %s and %d tokens, want %s", usd, tokens, want)
	}
}

func TestAnEstimateCountsEverythingThatIsSent(t *testing.T) {
	whole := Request{
		System: "system", Tools: []Tool{{Name: "name", Description: "description", InputSchema: json.RawMessage(`{"type":"object"}`)}},
		Messages: []Message{{Blocks: []Block{
			{Text: "text"}, {Opaque: json.RawMessage(`{"type":"thinking"}`)}, {Call: &ToolCall{ID: "c", Name: "name", Input: json.RawMessage(`{"a":1}`)}},
			{Result: &ToolResult{CallID: "c", Content: "content"}},
		}}},
	}
	longer := []func(*Request){
		func(r *Request) { r.System += "x" },
		func(r *Request) { r.Tools[0].Name += "x" },
		func(r *Request) { r.Tools[0].Description += "x" },
		func(r *Request) { r.Messages[0].Blocks[0].Text += "x" },
		func(r *Request) { r.Messages[0].Blocks[2].Call.Name += "x" },
		func(r *Request) { r.Messages[0].Blocks[3].Result.Content += "x" },
	}
	for i, lengthen := range longer {
		before := Estimate(whole)
		lengthen(&whole)
		if got := Estimate(whole); got != before+1 {
			t.Errorf("change %d: got %d, want %d", i, got, before+1)
		}
	}
}
