package llm

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dollars(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestCostIsExact(t *testing.T) {
	price := Price{Input: dollars("2"), Output: dollars("10"), CacheRead: dollars("0.20"), CacheWrite: dollars("2.50")}
	tests := []struct {
		name  string
		usage Usage
		want  string
	}{
		{"nothing", Usage{}, "0"},
		{"a million of each", Usage{Input: 1_000_000, Output: 1_000_000, CacheRead: 1_000_000, CacheWrite: 1_000_000}, "14.7"},
		{"one token read from the cache", Usage{CacheRead: 1}, "0.0000002"},
		{"a usual turn", Usage{Input: 12, Output: 57, CacheRead: 4100, CacheWrite: 300}, "0.002164"},
		{"more tokens than a float holds", Usage{Output: 9_007_199_254_740_993}, "90071992547.40993"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := price.Cost(tt.usage); !got.Equal(dollars(tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestUsageAddsCounterByCounter(t *testing.T) {
	got := Usage{1, 2, 3, 4, 1}.Add(Usage{10, 20, 30, 40, 5})
	if want := (Usage{Input: 11, Output: 22, CacheRead: 33, CacheWrite: 44, CacheWriteHour: 6}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTheCostOfASumIsTheSumOfTheCosts(t *testing.T) {
	tokens := rapid.Int64Range(0, 1<<40)
	usage := rapid.Custom(func(t *rapid.T) Usage {
		write := tokens.Draw(t, "write")
		return Usage{
			Input: tokens.Draw(t, "input"), Output: tokens.Draw(t, "output"), CacheRead: tokens.Draw(t, "read"),
			CacheWrite: write, CacheWriteHour: rapid.Int64Range(0, write).Draw(t, "hour"),
		}
	})
	cents := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64Range(0, 100_000).Draw(t, "price"), -3)
	})
	rapid.Check(t, func(t *rapid.T) {
		p := Price{
			Input: cents.Draw(t, "in"), Output: cents.Draw(t, "out"), CacheRead: cents.Draw(t, "cr"),
			CacheWrite: cents.Draw(t, "cw"), CacheWriteHour: cents.Draw(t, "cwh"),
		}
		a, b := usage.Draw(t, "a"), usage.Draw(t, "b")
		if got, want := p.Cost(a.Add(b)), p.Cost(a).Add(p.Cost(b)); !got.Equal(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestAResponseListsItsTextAndCalls(t *testing.T) {
	r := Response{Blocks: []Block{
		{Opaque: json.RawMessage(`{"type":"thinking"}`)},
		{Text: "Let me "},
		{Call: &ToolCall{ID: "1", Name: "a"}},
		{Text: "look."},
		{Call: &ToolCall{ID: "2", Name: "b"}},
	}}
	if got := r.Text(); got != "Let me look." {
		t.Errorf("text: got %q, want %q", got, "Let me look.")
	}
	if diff := cmp.Diff([]ToolCall{{ID: "1", Name: "a"}, {ID: "2", Name: "b"}}, r.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
