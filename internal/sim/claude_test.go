package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const claudeTestKey = "sk-ant-simulated"

// claudeServer serves the simulated Claude alone, with faults.
func claudeServer(t *testing.T) (*httptest.Server, *Faults) {
	t.Helper()
	s := claudeSim(t)
	server := httptest.NewServer(s.Faults.wrap(ProviderClaude, s.claude()))
	t.Cleanup(server.Close)
	return server, s.Faults
}

// post sends a body to a path with the headers a client has to send; changes may replace them.
func post(t *testing.T, server *httptest.Server, path string, body any, changes ...string) *http.Response {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(encoded)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", claudeTestKey)
	req.Header.Set("Anthropic-Version", "2023-06-01")
	for i := 0; i < len(changes); i += 2 {
		req.Header.Set(changes[i], changes[i+1])
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

type object = map[string]any

// decodeJSON keeps numbers as they are written.
func decodeJSON(t *testing.T, text string) object {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v object
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("not JSON: %v: %s", err, text)
	}
	return v
}

func userSays(content any) object      { return object{"role": "user", "content": content} }
func assistantSays(content any) object { return object{"role": "assistant", "content": content} }
func textBlock(text string) object     { return object{"type": "text", "text": text} }
func toolResultBlock(id, text string) object {
	return object{"type": "tool_result", "tool_use_id": id, "content": text}
}

// requestOf is a request that the vendor accepts, with both tools.
func requestOf(messages ...object) object {
	return object{
		"model": "claude-sonnet-5-5", "max_tokens": 8192, "messages": messages,
		"tools": []object{
			{"name": holdingsTool, "description": "the portfolio", "input_schema": object{"type": "object", "properties": object{}}},
			{"name": quotesTool, "description": "quotes", "input_schema": object{
				"type":       "object",
				"properties": object{"symbols": object{"type": "array", "items": object{"type": "string"}}},
				"required":   []string{"symbols"},
			}},
		},
	}
}

// message asks without streaming and returns the answer.
func message(t *testing.T, server *httptest.Server, request object) object {
	t.Helper()
	resp := post(t, server, "/v1/messages", request)
	body := readAll(t, resp)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", resp.StatusCode, body)
	}
	return decodeJSON(t, body)
}

func answerText(message object) string {
	var text string
	for _, b := range message["content"].([]any) {
		if block := b.(object); block["type"] == "text" {
			text += block["text"].(string)
		}
	}
	return text
}

// callsOf lists the calls of an answer as name and input.
func callsOf(t *testing.T, message object) []string {
	t.Helper()
	var calls []string
	for _, b := range message["content"].([]any) {
		if block := b.(object); block["type"] == "tool_use" {
			input, err := json.Marshal(block["input"])
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, fmt.Sprintf("%s %s", block["name"], input))
		}
	}
	return calls
}

func TestClaudeChecksTheHeaders(t *testing.T) {
	server, _ := claudeServer(t)
	request := requestOf(userSays("hi"))
	tests := []struct {
		name, header, value string
		status              int
		kind                string
	}{
		{"no key", "X-Api-Key", "", 401, "authentication_error"},
		{"wrong key", "X-Api-Key", "sk-ant-other", 401, "authentication_error"},
		{"no version", "Anthropic-Version", "", 400, "invalid_request_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkClaudeError(t, post(t, server, "/v1/messages", request, tt.header, tt.value), tt.status, tt.kind)
		})
	}
	resp := post(t, server, "/v1/messages", request)
	for _, name := range []string{"Request-Id", "Anthropic-Organization-Id", "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining"} {
		if resp.Header.Get(name) == "" {
			t.Errorf("header %s: got none, want one", name)
		}
	}
	if _, err := time.Parse(time.RFC3339, resp.Header.Get("Anthropic-Ratelimit-Tokens-Reset")); err != nil {
		t.Errorf("reset: got %v, want an RFC 3339 time", err)
	}
}

func checkClaudeError(t *testing.T, resp *http.Response, status int, kind string) string {
	t.Helper()
	raw := readAll(t, resp)
	if resp.StatusCode != status {
		t.Fatalf("status: got %d %s, want %d", resp.StatusCode, raw, status)
	}
	body := decodeJSON(t, raw)
	inner, _ := body["error"].(object)
	if body["type"] != "error" || inner["type"] != kind {
		t.Errorf("error: got %v, want %s", body, kind)
	}
	if body["request_id"] == "" || body["request_id"] != resp.Header.Get("Request-Id") {
		t.Errorf("request_id: got %v, want the header's %q", body["request_id"], resp.Header.Get("Request-Id"))
	}
	text, _ := inner["message"].(string)
	return text
}

func TestClaudeRefusesWhatTheVendorRefuses(t *testing.T) {
	server, _ := claudeServer(t)
	call := object{"type": "tool_use", "id": "toolu_1", "name": holdingsTool, "input": object{}}
	mark := object{"type": "ephemeral"}
	with := func(key string, value any) object {
		r := requestOf(userSays("hi"))
		r[key] = value
		return r
	}
	without := func(key string) object {
		r := requestOf(userSays("hi"))
		delete(r, key)
		return r
	}
	marked := object{"type": "text", "text": "x", "cache_control": mark}
	tests := []struct {
		name    string
		request any
		status  int
		kind    string
		says    string
	}{
		{"no JSON", "{", 400, "invalid_request_error", "not valid"},
		{"no model", without("model"), 400, "invalid_request_error", "model"},
		{"unknown model", with("model", "claude-does-not-exist"), 404, "not_found_error", "model: claude-does-not-exist"},
		{"retired model", with("model", "claude-3-5-sonnet-20241022"), 404, "not_found_error", "model: claude-3-5-sonnet-20241022"},
		{"no max_tokens", without("max_tokens"), 400, "invalid_request_error", "max_tokens: Field required"},
		{"negative max_tokens", with("max_tokens", -1), 400, "invalid_request_error", "max_tokens"},
		{"too high max_tokens", with("max_tokens", 200_000), 400, "invalid_request_error", "max_tokens"},
		{"temperature", with("temperature", 0.2), 400, "invalid_request_error", "temperature"},
		{"top_p", with("top_p", 0.9), 400, "invalid_request_error", "top_p"},
		{"top_k", with("top_k", 40), 400, "invalid_request_error", "top_k"},
		{"forced tool", with("tool_choice", object{"type": "tool", "name": holdingsTool}), 400, "invalid_request_error", "tool_choice"},
		{"any tool", with("tool_choice", object{"type": "any"}), 400, "invalid_request_error", "tool_choice"},
		{"thinking budget", with("thinking", object{"type": "enabled", "budget_tokens": 1024}), 400, "invalid_request_error", "thinking"},
		{"no messages", with("messages", []object{}), 400, "invalid_request_error", "messages"},
		{"assistant first", requestOf(assistantSays("hi"), userSays("hi")), 400, "invalid_request_error", "first message"},
		{"prefill", requestOf(userSays("hi"), assistantSays("The answer is")), 400, "invalid_request_error", "prefill"},
		{"unknown role", requestOf(userSays("hi"), object{"role": "tool", "content": "x"}), 400, "invalid_request_error", "role"},
		{"empty text", requestOf(userSays([]object{textBlock("")})), 400, "invalid_request_error", "non-empty"},
		{"blank text", requestOf(userSays([]object{textBlock(" \n")})), 400, "invalid_request_error", "non-whitespace"},
		{"empty content", requestOf(userSays([]object{})), 400, "invalid_request_error", "non-empty"},
		{"empty text in a result", requestOf(userSays("hi"), assistantSays([]object{call}), userSays([]object{{"type": "tool_result", "tool_use_id": "toolu_1", "content": []object{textBlock("")}}})), 400, "invalid_request_error", "non-empty"},
		{"empty system block", with("system", []object{textBlock("")}), 400, "invalid_request_error", "system"},
		{"call without result", requestOf(userSays("hi"), assistantSays([]object{call}), userSays("and?")), 400, "invalid_request_error", "toolu_1"},
		{"result without call", requestOf(userSays("hi"), assistantSays("ok"), userSays([]object{toolResultBlock("toolu_9", "x")})), 400, "invalid_request_error", "toolu_9"},
		{"result after text", requestOf(userSays("hi"), assistantSays([]object{call}), userSays([]object{textBlock("x"), toolResultBlock("toolu_1", "x")})), 400, "invalid_request_error", "first"},
		{"edited thinking", requestOf(userSays("hi"), assistantSays([]object{{"type": "thinking", "thinking": "I changed this", "signature": thinkingSignature("")}, textBlock("ok")}), userSays("x")), 400, "invalid_request_error", "thinking"},
		{"bad tool name", with("tools", []object{{"name": "get holdings", "input_schema": object{"type": "object"}}}), 400, "invalid_request_error", "tools.0.name"},
		{"tool without schema", with("tools", []object{{"name": "x"}}), 400, "invalid_request_error", "tools.0.input_schema"},
		{"tool named twice", with("tools", []object{{"name": "x", "input_schema": object{"type": "object"}}, {"name": "x", "input_schema": object{"type": "object"}}}), 400, "invalid_request_error", "unique"},
		{"five cache marks", requestOf(userSays([]object{marked, marked, marked, marked, marked})), 400, "invalid_request_error", "cache_control"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := checkClaudeError(t, post(t, server, "/v1/messages", tt.request), tt.status, tt.kind)
			if !strings.Contains(text, tt.says) {
				t.Errorf("message: got %q, want it to speak of %q", text, tt.says)
			}
		})
	}
}

func TestClaudeListsItsModels(t *testing.T) {
	server, _ := claudeServer(t)
	get := func(path string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", claudeTestKey)
		req.Header.Set("Anthropic-Version", "2023-06-01")
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	list := decodeJSON(t, readAll(t, get("/v1/models")))["data"].([]any)
	if len(list) == 0 {
		t.Fatal("got no models, want some")
	}
	for _, m := range list {
		id := m.(object)["id"].(string)
		if got := decodeJSON(t, readAll(t, get("/v1/models/"+id)))["id"]; got != id {
			t.Errorf("model: got %v, want %s", got, id)
		}
	}
	checkClaudeError(t, get("/v1/models/claude-2"), 404, "not_found_error")
	checkClaudeError(t, get("/v2/anything"), 404, "not_found_error")
}

func TestClaudeCountsTokensAsItChargesThem(t *testing.T) {
	server, _ := claudeServer(t)
	request := requestOf(userSays("What is AAPL at?"))
	charged := message(t, server, request)["usage"].(object)["input_tokens"]
	delete(request, "max_tokens")
	got := decodeJSON(t, readAll(t, post(t, server, "/v1/messages/count_tokens", request)))["input_tokens"]
	if got != charged || got == json.Number("0") {
		t.Errorf("got %v tokens, want the %v that were charged", got, charged)
	}
}

// streamed is what a stream says, read independently of how it is written.
type streamed struct {
	Events  []string // names in order, deltas and pings left out
	Content []any
	Stop    any
	Details any
	Usage   object
	Model   any
	Deltas  int
}

func readEvents(t *testing.T, body string) streamed {
	t.Helper()
	var s streamed
	inputs := map[int]*bytes.Buffer{}
	for chunk := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		head, rest, _ := strings.Cut(chunk, "\n")
		name := strings.TrimPrefix(head, "event: ")
		event := decodeJSON(t, strings.TrimPrefix(rest, "data: "))
		if event["type"] != name {
			t.Fatalf("event %q: got type %v, want the same", name, event["type"])
		}
		index := 0
		if n, ok := event["index"].(json.Number); ok {
			fmt.Sscan(n.String(), &index)
		}
		switch name {
		case "ping":
			continue
		case "message_start":
			start := event["message"].(object)
			s.Model, s.Usage = start["model"], start["usage"].(object)
		case "content_block_start":
			s.Content = append(s.Content, event["content_block"])
			inputs[index] = &bytes.Buffer{}
		case "content_block_delta":
			s.Deltas++
			block := s.Content[index].(object)
			for key, value := range event["delta"].(object) {
				switch key {
				case "text", "signature":
					block[key] = block[key].(string) + value.(string)
				case "partial_json":
					inputs[index].WriteString(value.(string))
				}
			}
			continue
		case "content_block_stop":
			if inputs[index].Len() > 0 {
				s.Content[index].(object)["input"] = decodeJSON(t, inputs[index].String())
			}
		case "message_delta":
			s.Stop, s.Details = event["delta"].(object)["stop_reason"], event["delta"].(object)["stop_details"]
			for name, value := range event["usage"].(object) {
				s.Usage[name] = value
			}
		}
		s.Events = append(s.Events, name)
	}
	return s
}

// ignoreIDs leaves out what differs between two askings of the same question.
func ignoreIDs(path cmp.Path) bool {
	key, ok := path.Last().(cmp.MapIndex)
	return ok && key.Key().String() == "id"
}

func TestClaudeStreamsTheSameAnswer(t *testing.T) {
	server, _ := claudeServer(t)
	for name, request := range map[string]object{
		"text":  requestOf(userSays("Hello, what can you do?")),
		"calls": requestOf(userSays("How is my portfolio doing, and what is AAPL at?")),
		"report": requestOf(userSays("How is my portfolio doing?"),
			assistantSays([]object{{"type": "tool_use", "id": "toolu_1", "name": holdingsTool, "input": object{}}}),
			userSays([]object{toolResultBlock("toolu_1", holdingsResult)})),
		"cut by max_tokens": func() object {
			r := requestOf(userSays("Hello, what can you do?"))
			r["max_tokens"] = 10
			return r
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			whole := message(t, server, request)
			request["stream"] = true
			resp := post(t, server, "/v1/messages", request)
			if got := resp.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
				t.Errorf("content type: got %q, want an event stream", got)
			}
			body := readAll(t, resp)
			got := readEvents(t, body)
			want := streamed{
				Events: got.Events, Deltas: got.Deltas, Content: whole["content"].([]any), Stop: whole["stop_reason"],
				Usage: whole["usage"].(object), Model: whole["model"],
			}
			if diff := cmp.Diff(want, got, cmp.FilterPath(ignoreIDs, cmp.Ignore())); diff != "" {
				t.Errorf("stream (-whole +stream):\n%s", diff)
			}
			if first, last := got.Events[0], got.Events[len(got.Events)-1]; first != "message_start" || last != "message_stop" {
				t.Errorf("events: got %v, want them from message_start to message_stop", got.Events)
			}
			if !strings.Contains(body, `data: {"type": "ping"}`) || !strings.Contains(body, "  }\n") {
				t.Errorf("got neither ping nor padding, want both:\n%s", body)
			}
		})
	}
}

func TestClaudeStopsAtMaxTokens(t *testing.T) {
	server, _ := claudeServer(t)
	for _, limit := range []int{0, 1, 10} {
		request := requestOf(userSays("Hello, what can you do?"))
		request["max_tokens"] = limit
		got := message(t, server, request)
		if got["stop_reason"] != "max_tokens" || len(answerText(got)) > 4*limit {
			t.Errorf("max_tokens %d: got %v, want a cut answer", limit, got)
		}
	}
}

func TestClaudeActsOutItsFaults(t *testing.T) {
	server, faults := claudeServer(t)
	ask := func(stream bool) object {
		r := requestOf(userSays("Hello, what can you do?"))
		r["stream"] = stream
		return r
	}
	full := answerText(message(t, server, ask(false)))
	strike := func(kind FaultKind) { faults.Set(ProviderClaude, Fault{Kind: kind, Count: 1}) }

	t.Run("a refusal is an empty answer", func(t *testing.T) {
		strike(FaultRefusal)
		got := message(t, server, ask(false))
		if got["stop_reason"] != "refusal" || len(got["content"].([]any)) != 0 || got["stop_details"].(object)["type"] != "refusal" {
			t.Errorf("got %v, want an empty refusal with details", got)
		}
		strike(FaultRefusal)
		if got := readEvents(t, readAll(t, post(t, server, "/v1/messages", ask(true)))); got.Stop != "refusal" || got.Details == nil {
			t.Errorf("stream: got %+v, want a refusal with details", got)
		}
	})
	t.Run("max_tokens is half an answer", func(t *testing.T) {
		strike(FaultMaxTokens)
		got := message(t, server, ask(false))
		if text := answerText(got); got["stop_reason"] != "max_tokens" || text == "" || text == full || !strings.HasPrefix(full, text) {
			t.Errorf("got %v, want the first half of %q", got, full)
		}
	})
	t.Run("overloaded is an error event after half the text", func(t *testing.T) {
		strike(FaultOverloaded)
		body := readAll(t, post(t, server, "/v1/messages", ask(true)))
		if !strings.Contains(body, "event: error\n") || !strings.Contains(body, "overloaded_error") || !strings.Contains(body, "text_delta") || strings.Contains(body, "message_stop") {
			t.Errorf("got %s, want text, then an error event and nothing after it", body)
		}
		strike(FaultOverloaded)
		checkClaudeError(t, post(t, server, "/v1/messages", ask(false)), 529, "overloaded_error")
	})
	t.Run("a cut stream ends without message_stop", func(t *testing.T) {
		strike(FaultStreamCut)
		body := readAll(t, post(t, server, "/v1/messages", ask(true)))
		if !strings.Contains(body, "text_delta") || strings.Contains(body, "message_stop") || strings.Contains(body, "message_delta") {
			t.Errorf("got %s, want half a stream", body)
		}
	})
	t.Run("a hanging stream ends when the client leaves", func(t *testing.T) {
		strike(FaultStreamHang)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		raw, err := json.Marshal(ask(true))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/messages", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", claudeTestKey)
		req.Header.Set("Anthropic-Version", "2023-06-01")
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var seen bytes.Buffer
		for !strings.Contains(seen.String(), "text_delta") {
			buf := make([]byte, 64)
			n, err := resp.Body.Read(buf)
			if err != nil {
				t.Fatalf("got %v after %s, want some text first", err, seen.String())
			}
			seen.Write(buf[:n])
		}
		cancel()
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("got a regular end, want the cancelled read to fail")
		}
		// server.Close waits for the handler: the test would not end if it stayed.
	})
}

// longSystem is long enough to be cached.
var longSystem = strings.Repeat("You are an analyst who looks things up before answering. ", 100)

func TestClaudeChargesForWhatItsCacheDoesNotHold(t *testing.T) {
	server, _ := claudeServer(t)
	mark := object{"type": "ephemeral"}
	type charge struct{ Read, Write, Input bool } // what is not zero
	ask := func(t *testing.T, change func(object), messages ...object) (charge, object) {
		t.Helper()
		r := requestOf(messages...)
		r["system"] = []object{{"type": "text", "text": longSystem, "cache_control": mark}}
		change(r)
		u := message(t, server, r)["usage"].(object)
		not0 := func(name string) bool { return u[name] != json.Number("0") }
		return charge{not0("cache_read_input_tokens"), not0("cache_creation_input_tokens"), not0("input_tokens")}, u
	}
	same := func(object) {}
	automatic := func(r object) { r["cache_control"] = mark }
	steps := []struct {
		name     string
		change   func(object)
		messages []object
		want     charge
	}{
		{"first time: written", same, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"again: read", same, []object{userSays("hi")}, charge{Read: true, Input: true}},
		{"another question: read", same, []object{userSays("and now?")}, charge{Read: true, Input: true}},
		{"automatic mark: the question is written too", automatic, []object{userSays("hi")}, charge{Read: true, Write: true}},
		{"and read", automatic, []object{userSays("hi")}, charge{Read: true}},
		{"a longer conversation: the rest is written", automatic, []object{userSays("hi"), assistantSays("hello"), userSays("more")}, charge{Read: true, Write: true}},
		{"other tools void everything", func(r object) { r["tools"] = r["tools"].([]object)[:1] }, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"another model has its own", func(r object) { r["model"] = "claude-opus-5-5" }, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"no mark: neither", func(r object) { r["system"] = longSystem }, []object{userSays("hi")}, charge{Input: true}},
		{"too short: neither", func(r object) { r["system"] = []object{{"type": "text", "text": "short", "cache_control": mark}} }, []object{userSays("hi")}, charge{Input: true}},
	}
	sums := map[string]int{}
	for _, step := range steps {
		got, usage := ask(t, step.change, step.messages...)
		if got != step.want {
			t.Errorf("%s: got %+v (%v), want %+v", step.name, got, usage, step.want)
		}
		sum := 0
		for _, name := range []string{"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"} {
			n := 0
			fmt.Sscan(usage[name].(json.Number).String(), &n)
			sum += n
		}
		sums[step.name] = sum
	}
	if first, again := sums["first time: written"], sums["again: read"]; first != again {
		t.Errorf("the same prompt: got %d and %d tokens, want the same sum however it is charged", first, again)
	}
}

func TestThePromptCacheForgets(t *testing.T) {
	req := &claudeRequest{}
	body := fmt.Sprintf(`{"model":"m","system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]}`, longSystem)
	if err := json.Unmarshal([]byte(body), req); err != nil {
		t.Fatal(err)
	}
	var cache promptCache
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	cache.charge(req, now)
	for _, step := range []struct {
		after time.Duration
		read  bool
	}{{4 * time.Minute, true}, {4 * time.Minute, true}, {5 * time.Minute, false}} {
		now = now.Add(step.after)
		if got := cache.charge(req, now); (got.CacheRead > 0) != step.read {
			t.Errorf("after %s: got %+v, want read %t", step.after, got, step.read)
		}
	}
}
