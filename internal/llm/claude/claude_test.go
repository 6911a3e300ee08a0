package claude

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

const testKey = "sk-ant-test-0123456789"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// modelAt is a model whose API is handler, over real HTTP.
func modelAt(t *testing.T, handler http.Handler) *Model {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := server.Client()
	t.Cleanup(client.CloseIdleConnections)
	return quick(New(Config{APIKey: testKey, BaseURL: server.URL, Model: "claude-sonnet-5-5"}, client))
}

// quick makes a model that does not wait before it asks again.
func quick(m *Model) *Model {
	m.wait = 0
	return m
}

// replay answers every request with the bytes of a stream.
func replay(stream string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = io.WriteString(w, stream)
	}
}

func ask(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Blocks: []llm.Block{{Text: text}}}}}
}

// events joins data lines into a stream; the event name is the data's type.
func events(t *testing.T, data ...string) string {
	t.Helper()
	var b strings.Builder
	for _, d := range data {
		var head struct{ Type string }
		if err := json.Unmarshal([]byte(d), &head); err != nil {
			t.Fatalf("bad event %s: %v", d, err)
		}
		fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", head.Type, d)
	}
	return b.String()
}

// fullStream has one of everything: thinking, text, a ping, unknown events, blocks and deltas, padding, a call and two
// message_deltas.
func fullStream(t *testing.T) string {
	return events(t,
		`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,"output_tokens":1}}      }`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}   }`,
		`{"type": "ping"}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Is 1 < 2"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" & so on?"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln/+=="}}`,
		`{"type":"content_block_stop","index":0        }`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"b3BhcXVl"}}`,
		`{"type":"content_block_stop","index":1}`,
		`{"type":"shiny_new_event","index":1,"extra":{"a":[1,2]}}`,
		`{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Let me "}  }`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"shiny_delta","sparkle":true}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"look – "}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"ok."}}`,
		`{"type":"content_block_stop","index":2}`,
		`{"type":"content_block_start","index":3,"content_block":{"type":"hologram","depth":3}}`,
		`{"type":"content_block_stop","index":3}`,
		`{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_stock_quotes","input":{}}}`,
		`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}`,
		`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"z\": 1.10, \"sy"}}`,
		`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"mbols\":[\"AAPL\"]}"}}`,
		`{"type":"content_block_stop","index":4}`,
		`{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"get_portfolio_holdings","input":{}}}`,
		`{"type":"content_block_stop","index":5}`,
		`{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"output_tokens":20}}`,
		`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":57,"cache_read_input_tokens":4100}    }`,
		`{"type":"message_stop"     }`,
	)
}

func TestAStreamBecomesBlocksInOrder(t *testing.T) {
	var deltas []string
	model := modelAt(t, replay(fullStream(t)))
	got, err := model.Generate(t.Context(), ask("hi"), func(d string) { deltas = append(deltas, d) })
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		StopReason: llm.ToolUse,
		Model:      "claude-sonnet-5-5",
		Usage:      llm.Usage{Input: 12, Output: 57, CacheRead: 4100, CacheWrite: 300},
		Blocks: []llm.Block{
			{Opaque: json.RawMessage(`{"signature":"c2ln/+==","thinking":"Is 1 < 2 & so on?","type":"thinking"}`)},
			{Opaque: json.RawMessage(`{"type":"redacted_thinking","data":"b3BhcXVl"}`)},
			{Text: "Let me look – ok."},
			{Opaque: json.RawMessage(`{"type":"hologram","depth":3}`)},
			{Call: &llm.ToolCall{ID: "toolu_1", Name: "get_stock_quotes", Input: json.RawMessage(`{"z": 1.10, "symbols":["AAPL"]}`)}},
			{Call: &llm.ToolCall{ID: "toolu_2", Name: "get_portfolio_holdings", Input: json.RawMessage(`{}`)}},
		},
	}
	for i, b := range want.Blocks {
		if b.Opaque != nil {
			want.Blocks[i].Origin = model.origin()
		}
	}
	if diff := cmp.Diff(want, unescapeOpaque(t, got)); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Let me ", "look – ", "ok."}, deltas); diff != "" {
		t.Errorf("deltas (-want +got):\n%s", diff)
	}
}

// unescapeOpaque writes <, > and & in rebuilt blocks as themselves; whether they are escaped is no difference in JSON.
func unescapeOpaque(t *testing.T, r llm.Response) llm.Response {
	t.Helper()
	for i, b := range r.Blocks {
		if b.Opaque != nil {
			if !json.Valid(b.Opaque) {
				t.Fatalf("block %d is not JSON: %s", i, b.Opaque)
			}
			r.Blocks[i].Opaque = json.RawMessage(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b.Opaque)))
		}
	}
	return r
}

func TestBlocksGoBackInOrderAndUnchanged(t *testing.T) {
	model, sent := recorder(t, fullStream(t))
	turn, err := model.Generate(t.Context(), ask("hi"), nil)
	if err != nil {
		t.Fatal(err)
	}
	next := ask("hi")
	next.Messages = append(next.Messages,
		llm.Message{Role: llm.Assistant, Blocks: turn.Blocks},
		llm.Message{Role: llm.User, Blocks: []llm.Block{{Result: &llm.ToolResult{CallID: "toolu_1", Content: `{"handle":"t1"}`}}}},
		llm.Message{Role: llm.User, Blocks: []llm.Block{{Text: "be quick"}, {Result: &llm.ToolResult{CallID: "toolu_2", IsError: true}}}},
	)
	if _, err := model.Generate(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	got := sent(t)["messages"]
	want := decode(t, `[
		{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]},
		{"role":"assistant","content":[
			{"type":"thinking","thinking":"Is 1 < 2 & so on?","signature":"c2ln/+=="},
			{"type":"redacted_thinking","data":"b3BhcXVl"},
			{"type":"text","text":"Let me look – ok."},
			{"type":"hologram","depth":3},
			{"type":"tool_use","id":"toolu_1","name":"get_stock_quotes","input":{"z":1.10,"symbols":["AAPL"]}},
			{"type":"tool_use","id":"toolu_2","name":"get_portfolio_holdings","input":{}}]},
		{"role":"user","content":[
			{"type":"tool_result","tool_use_id":"toolu_1","is_error":false,"content":[{"type":"text","text":"{\"handle\":\"t1\"}"}]},
			{"type":"tool_result","tool_use_id":"toolu_2","is_error":true},
			{"type":"text","text":"be quick"}]}]`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// recorder is a model that always gets the same stream, and a function that returns the last body it sent.
func recorder(t *testing.T, stream string) (*Model, func(*testing.T) map[string]any) {
	t.Helper()
	var body atomic.Pointer[[]byte]
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body.Store(&b)
		replay(stream).ServeHTTP(w, r)
	}))
	return model, func(t *testing.T) map[string]any {
		t.Helper()
		return decode(t, string(*body.Load())).(map[string]any)
	}
}

// decode keeps numbers as they are written.
func decode(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("not JSON: %v: %s", err, text)
	}
	return v
}

func TestTheRequestHoldsWhatWasAskedAndNothingElse(t *testing.T) {
	model, sent := recorder(t, fullStream(t))
	req := ask("hi")
	req.System = "You are an analyst."
	req.MaxTokens = 1234
	req.Tools = []llm.Tool{{Name: "get_x", Description: "gets x", InputSchema: json.RawMessage(`{"type":"object","properties":{"b":{"type":"string"},"a":{"minimum":1.50}},"additionalProperties":false}`)}}
	// Empty texts and messages without content would be refused.
	req.Messages = append(req.Messages,
		llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{Text: ""}, {Text: " \n"}}},
		llm.Message{Role: llm.User, Blocks: []llm.Block{{Text: "are you there?"}}})
	if _, err := model.Generate(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	want := decode(t, `{
		"model":"claude-sonnet-5-5","max_tokens":1234,"stream":true,
		"cache_control":{"type":"ephemeral"},
		"system":[{"type":"text","text":"You are an analyst.","cache_control":{"type":"ephemeral"}}],
		"tools":[{"name":"get_x","description":"gets x","input_schema":{"type":"object","properties":{"b":{"type":"string"},"a":{"minimum":1.50}},"additionalProperties":false}}],
		"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"are you there?"}]}]}`)
	if diff := cmp.Diff(want, any(sent(t))); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestWithoutASystemTextTheLastToolIsTheCacheMark(t *testing.T) {
	model, sent := recorder(t, fullStream(t))
	req := ask("hi")
	req.Tools = []llm.Tool{{Name: "a", InputSchema: json.RawMessage(`{"type":"object"}`)}, {Name: "b", InputSchema: json.RawMessage(`{"type":"object"}`)}}
	if _, err := model.Generate(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	tools := sent(t)["tools"].([]any)
	if _, marked := tools[0].(map[string]any)["cache_control"]; marked {
		t.Errorf("first tool: got a cache mark, want none")
	}
	if _, marked := tools[1].(map[string]any)["cache_control"]; !marked {
		t.Errorf("last tool: got no cache mark, want one")
	}
}

func TestTheEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", "sk-ant-from-environment")
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "token-from-environment")
	t.Setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-From-Environment: yes")
	var header atomic.Pointer[http.Header]
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Store(&r.Header)
		replay(fullStream(t)).ServeHTTP(w, r)
	}))
	if _, err := model.Generate(t.Context(), ask("hi"), nil); err != nil {
		t.Fatal(err)
	}
	got := *header.Load()
	if key := got.Get("X-Api-Key"); key != testKey {
		t.Errorf("x-api-key: got %q, want the configured key", key)
	}
	if got.Get("Authorization") != "Bearer "+testKey || got.Get("X-From-Environment") != "" {
		t.Errorf("headers: got %v, want none from the environment", got)
	}
	if version := got.Get("Anthropic-Version"); version != "2023-06-01" {
		t.Errorf("anthropic-version: got %q, want 2023-06-01", version)
	}
}

func TestALocalServerNeedsNoKey(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, sent := r.Header["X-Api-Key"]; sent {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		replay(fullStream(t)).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	model := New(Config{BaseURL: server.URL, Model: "llama"}, server.Client())
	if _, err := model.Generate(t.Context(), ask("hi"), nil); err != nil {
		t.Errorf("got %v, want an answer", err)
	}
}

func TestInputCutShortIsNeverAnObject(t *testing.T) {
	stream := events(t,
		`{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"buy","input":{}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"symbol\":\"AA"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}`,
		`{"type":"message_stop"}`)
	model, sent := recorder(t, stream)
	turn, err := model.Generate(t.Context(), ask("hi"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		StopReason: llm.MaxTokens, Model: "c", Usage: llm.Usage{Input: 5, Output: 1},
		Blocks: []llm.Block{{Call: &llm.ToolCall{ID: "toolu_1", Name: "buy", Input: json.RawMessage(`"{\"symbol\":\"AA"`)}}},
	}
	if diff := cmp.Diff(want, turn); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}

	next := ask("hi")
	next.Messages = append(next.Messages, llm.Message{Role: llm.Assistant, Blocks: turn.Blocks},
		llm.Message{Role: llm.User, Blocks: []llm.Block{{Result: &llm.ToolResult{CallID: "toolu_1", Content: "no", IsError: true}}}})
	if _, err := model.Generate(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	call := sent(t)["messages"].([]any)[1].(map[string]any)["content"].([]any)[0].(map[string]any)
	if diff := cmp.Diff(map[string]any{}, call["input"]); diff != "" {
		t.Errorf("input sent back (-want +got):\n%s", diff)
	}
}

func TestRefusalIsAStopReasonAndNoError(t *testing.T) {
	stream := events(t,
		`{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":412,"output_tokens":0}}}`,
		`{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"no"}},"usage":{"output_tokens":0}}`,
		`{"type":"message_stop"}`)
	got, err := modelAt(t, replay(stream)).Generate(t.Context(), ask("hi"), nil)
	want := llm.Response{StopReason: llm.Refusal, Refused: &llm.Refused{Category: "cyber", Explanation: "no"}, Model: "c", Usage: llm.Usage{Input: 412}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, response (-want +got):\n%s", err, diff)
	}
}

func TestInfoNamesTheConfiguredModel(t *testing.T) {
	price := llm.Price{Input: decimal.NewFromInt(2)}
	got := New(Config{Model: "claude-sonnet-5-5", Price: price}, http.DefaultClient).Info()
	want := llm.Info{Provider: "anthropic", Endpoint: "POST /v1/messages", Model: "claude-sonnet-5-5", Price: price, MaxTokens: 8192, Window: 1_000_000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
}

// TestACutAnywhereIsAFailure cuts one stream after every byte, once with a clean end of the body and once by closing
// the connection.
func TestACutAnywhereIsAFailure(t *testing.T) {
	stream := fullStream(t)
	var cut atomic.Int64
	var abort atomic.Bool
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replay(stream[:cut.Load()]).ServeHTTP(w, r)
		if abort.Load() {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
	complete := len(strings.TrimSuffix(stream, "\n")) // the blank line ends the last event
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range len(stream) + 1 {
		for _, aborted := range []bool{false, true} {
			cut.Store(int64(i))
			abort.Store(aborted)
			var text strings.Builder
			got, err := model.Generate(ctx, ask("hi"), func(d string) { text.WriteString(d) })
			if i > complete {
				if err != nil {
					t.Fatalf("cut %d of %d (aborted %t): got %v, want success", i, len(stream), aborted, err)
				}
				continue
			}
			if !fault.Is(err, fault.UpstreamFailed) {
				t.Fatalf("cut %d of %d (aborted %t): got %v, want %s", i, len(stream), aborted, err, fault.UpstreamFailed)
			}
			if got.StopReason != "" || len(got.Calls()) > 0 || got.Text() != text.String() {
				t.Fatalf("cut %d: got %+v, want only the text %q", i, got, text.String())
			}
		}
	}
}

func TestPartialTextAndUsageComeWithTheError(t *testing.T) {
	stream := fullStream(t)
	got, err := modelAt(t, replay(stream[:strings.Index(stream, "ok.")])).Generate(t.Context(), ask("hi"), nil)
	if !fault.Is(err, fault.UpstreamFailed) {
		t.Errorf("error: got %v, want %s", err, fault.UpstreamFailed)
	}
	want := llm.Response{
		Model:  "claude-sonnet-5-5",
		Usage:  llm.Usage{Input: 12, Output: 1, CacheRead: 4000, CacheWrite: 300},
		Blocks: []llm.Block{{Text: "Let me look – "}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func TestCancellingEndsTheUpstreamRequest(t *testing.T) {
	stream := fullStream(t)
	ended := make(chan struct{})
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		replay(stream[:strings.Index(stream, "ok.")]).ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, err := model.Generate(ctx, ask("hi"), func(d string) {
		if d == "look – " {
			cancel()
		}
	})
	<-ended
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("error: got %v, want %s", err, fault.Canceled)
	}
	if got.Text() != "Let me look – " || got.Usage.Input != 12 {
		t.Errorf("got %+v, want the text and usage so far", got)
	}
}

func TestADeadlineIsATimeout(t *testing.T) {
	for name, sent := range map[string]int{"before the first byte": 0, "in the middle": 700} {
		t.Run(name, func(t *testing.T) {
			stream := fullStream(t)
			model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if sent > 0 {
					replay(stream[:sent]).ServeHTTP(w, r)
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := model.Generate(ctx, ask("hi"), nil); !fault.Is(err, fault.UpstreamTimeout) {
				t.Errorf("got %v, want %s", err, fault.UpstreamTimeout)
			}
		})
	}
}
