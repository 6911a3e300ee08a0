package claude

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// longLoop is a conversation after so many rounds, in each of which 16 tools were called: more blocks than the vendor looks
// back over.
func longLoop(rounds int) llm.Request {
	req := analystRequest("How is everything?")
	for round := range rounds {
		var calls, results []llm.Block
		for i := range 16 {
			id := fmt.Sprintf("toolu_%d_%d", round, i)
			calls = append(calls, llm.Block{Call: &llm.ToolCall{ID: id, Name: "get_stock_quotes", Input: json.RawMessage(`{"symbols":["AAPL"]}`)}})
			results = append(results, llm.Block{Result: &llm.ToolResult{CallID: id, Content: strings.Repeat("price ", 20)}})
		}
		req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Blocks: calls}, llm.Message{Role: llm.User, Blocks: results})
	}
	return req
}

func TestEachRoundOfALongLoopReadsAllOfTheLastPrompt(t *testing.T) {
	model, _ := simulated(t, nil)
	var last llm.Usage
	for round := range 5 {
		got, err := model.Generate(t.Context(), longLoop(round), nil)
		if err != nil {
			t.Fatal(err)
		}
		// The simulated vendor counts bytes, so all but the rest of a token was there before.
		if round > 0 && got.Usage.CacheRead < last.Prompt() {
			t.Errorf("round %d: got %+v, want the whole last prompt of %d tokens read", round, got.Usage, last.Prompt())
		}
		if got.Usage.Input != 0 {
			t.Errorf("round %d: got %+v, want everything kept", round, got.Usage)
		}
		last = got.Usage
	}
	if last.HitRate() < 0.7 {
		t.Errorf("hit rate: got %.2f, want most of the prompt", last.HitRate())
	}
}

// marksIn counts the cache marks of a request, and lists where they stand.
func marksIn(value any, at string) []string {
	var marks []string
	switch v := value.(type) {
	case map[string]any:
		if mark, ok := v["cache_control"]; ok {
			marks = append(marks, fmt.Sprintf("%s %v", at, mark))
		}
		for _, key := range []string{"tools", "system", "messages", "content"} {
			marks = append(marks, marksIn(v[key], strings.TrimSpace(at+" "+key))...)
		}
	case []any:
		for i, item := range v {
			marks = append(marks, marksIn(item, fmt.Sprintf("%s %d", at, i))...)
		}
	}
	return marks
}

func TestTheMarksOfTheCache(t *testing.T) {
	for setting, mark := range map[string]string{
		"": "map[type:ephemeral]", CacheMinutes: "map[type:ephemeral]", CacheHour: "map[ttl:1h type:ephemeral]", CacheOff: "",
	} {
		model := New(Config{Model: "claude-sonnet-5-5", Cache: setting}, nil)
		raw, err := json.Marshal(model.params(longLoop(3), manners{true, true}))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if mark != "" { // the newest message is marked by the vendor, for the setting of the request itself
			want = []string{" " + mark, "system 0 " + mark, "messages 4 content 15 " + mark}
		}
		if got := marksIn(decode(t, string(raw)), ""); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q: got marks %q, want %q", setting, got, want)
		}
	}
}

func TestWhatIsKeptForAnHourIsCountedByItself(t *testing.T) {
	stream := events(t,
		`{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":5,"output_tokens":1,"cache_creation_input_tokens":300,"cache_read_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200}}}}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}`,
		`{"type":"message_stop"}`)
	got, err := modelAt(t, replay(stream)).Generate(t.Context(), ask("hi"), nil)
	want := llm.Usage{Input: 5, Output: 9, CacheRead: 7, CacheWrite: 300, CacheWriteHour: 200}
	if err != nil || got.Usage != want {
		t.Errorf("got %+v and error %v, want %+v", got.Usage, err, want)
	}
}
