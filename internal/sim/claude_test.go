package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const claudeTestKey = "sk-ant-simulated"

// claudeServer serves the simulated Claude alone, with faults.
func claudeServer(t *testing.T) (*httptest.Server, *Faults) {
	t.Helper()
	s := NewSim(New(1, func() time.Time { return time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) }))
	s.Claude.Key = claudeTestKey
	server := httptest.NewServer(s.Faults.wrap(ProviderClaude, s.claude()))
	t.Cleanup(server.Close)
	return server, s.Faults
}

// postClaude sends a body to a path with the headers a client has to send; changes may replace them.
func postClaude(t *testing.T, server *httptest.Server, path string, body any, changes ...string) *http.Response {
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

func bodyText(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

type object = map[string]any

// decodeClaude keeps numbers as they are written.
func decodeClaude(t *testing.T, text string) object {
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

// claudeAnswer asks without streaming and returns the answer.
func claudeAnswer(t *testing.T, server *httptest.Server, request object) object {
	t.Helper()
	resp := postClaude(t, server, "/v1/messages", request)
	body := bodyText(t, resp)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", resp.StatusCode, body)
	}
	return decodeClaude(t, body)
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
			checkClaudeError(t, postClaude(t, server, "/v1/messages", request, tt.header, tt.value), tt.status, tt.kind)
		})
	}
	resp := postClaude(t, server, "/v1/messages", request)
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
	raw := bodyText(t, resp)
	if resp.StatusCode != status {
		t.Fatalf("status: got %d %s, want %d", resp.StatusCode, raw, status)
	}
	body := decodeClaude(t, raw)
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
			text := checkClaudeError(t, postClaude(t, server, "/v1/messages", tt.request), tt.status, tt.kind)
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
	list := decodeClaude(t, bodyText(t, get("/v1/models")))["data"].([]any)
	if len(list) == 0 {
		t.Fatal("got no models, want some")
	}
	for _, m := range list {
		id := m.(object)["id"].(string)
		if got := decodeClaude(t, bodyText(t, get("/v1/models/"+id)))["id"]; got != id {
			t.Errorf("model: got %v, want %s", got, id)
		}
	}
	checkClaudeError(t, get("/v1/models/claude-2"), 404, "not_found_error")
	checkClaudeError(t, get("/v2/anything"), 404, "not_found_error")
}

func TestClaudeCountsTokensAsItChargesThem(t *testing.T) {
	server, _ := claudeServer(t)
	request := requestOf(userSays("What is AAPL at?"))
	charged := claudeAnswer(t, server, request)["usage"].(object)["input_tokens"]
	delete(request, "max_tokens")
	got := decodeClaude(t, bodyText(t, postClaude(t, server, "/v1/messages/count_tokens", request)))["input_tokens"]
	if got != charged || got == json.Number("0") {
		t.Errorf("got %v tokens, want the %v that were charged", got, charged)
	}
}
