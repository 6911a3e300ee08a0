package claude

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// sentTo is a model at a handler, and what it sent last.
func sentTo(t *testing.T, handler http.Handler) (*Model, func() string) {
	t.Helper()
	var body atomic.Pointer[[]byte]
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body.Store(&b)
		handler.ServeHTTP(w, r)
	}))
	return model, func() string { return string(*body.Load()) }
}

// requestOf makes of a recorded request the one that ours would be, and tells whether it has the vendor's own tools, which
// we have no way to offer.
func requestOf(t *testing.T, raw json.RawMessage, model *Model) (req llm.Request, vendorTools bool) {
	t.Helper()
	var body struct {
		Model     string
		MaxTokens int `json:"max_tokens"`
		System    string
		Messages  []struct {
			Role    llm.Role
			Content json.RawMessage
		}
		Tools []struct {
			Type, Name, Description string
			InputSchema             json.RawMessage `json:"input_schema"`
		}
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	model.cfg.Model, model.spec = body.Model, Spec{Context: 1 << 20}
	req = llm.Request{System: body.System, MaxTokens: body.MaxTokens}
	for _, tool := range body.Tools {
		if tool.Type != "" {
			vendorTools = true
			continue
		}
		req.Tools = append(req.Tools, llm.Tool{Name: tool.Name, Description: tool.Description, InputSchema: tool.InputSchema})
	}
	for _, m := range body.Messages {
		req.Messages = append(req.Messages, llm.Message{Role: m.Role, Blocks: blocksOf(t, m.Content, model)})
	}
	return req, vendorTools
}

func blocksOf(t *testing.T, content json.RawMessage, model *Model) []llm.Block {
	t.Helper()
	var text string
	if json.Unmarshal(content, &text) == nil {
		return []llm.Block{{Text: text}}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(content, &items); err != nil {
		t.Fatal(err)
	}
	var out []llm.Block
	for _, raw := range items {
		var b struct {
			Type, Text, ID, Name string
			Input, Content       json.RawMessage
			ToolUseID            string `json:"tool_use_id"`
			IsError              bool   `json:"is_error"`
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		switch b.Type {
		case "text":
			out = append(out, llm.Block{Text: b.Text})
		case "tool_use":
			out = append(out, llm.Block{Call: &llm.ToolCall{ID: b.ID, Name: b.Name, Input: b.Input}})
		case "tool_result":
			var said string
			for _, part := range blocksOf(t, b.Content, model) {
				said += part.Text
			}
			out = append(out, llm.Block{Result: &llm.ToolResult{CallID: b.ToolUseID, Content: said, IsError: b.IsError}})
		default:
			out = append(out, llm.Block{Opaque: raw, Origin: model.origin()})
		}
	}
	return out
}

// plain is a request without what may differ between two that ask the same: cache marks, settings, the vendor's tools, and
// whether a text stands alone or in a list.
func plain(t *testing.T, raw []byte) any {
	t.Helper()
	body := decode(t, string(raw)).(map[string]any)
	for _, setting := range []string{"stream", "tool_choice", "thinking", "output_config", "cache_control", "service_tier"} {
		delete(body, setting)
	}
	offered, _ := body["tools"].([]any)
	offered = slices.DeleteFunc(offered, func(tool any) bool { return tool.(map[string]any)["type"] != nil })
	if delete(body, "tools"); len(offered) > 0 {
		body["tools"] = offered
	}
	for _, tool := range offered {
		delete(tool.(map[string]any), "defer_loading")
		delete(tool.(map[string]any), "strict")
	}
	if text, ok := body["system"].(string); ok {
		body["system"] = []any{map[string]any{"type": "text", "text": text}}
	}
	return listedTexts(body)
}

// listedTexts drops cache marks, and puts texts into lists, everywhere in a value.
func listedTexts(value any) any {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "cache_control")
		if text, ok := v["content"].(string); ok {
			v["content"] = []any{map[string]any{"type": "text", "text": text}}
		}
		for key, inner := range v {
			v[key] = listedTexts(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = listedTexts(inner)
		}
	}
	return value
}

func TestRecordedRequestsAreThoseWeWouldSend(t *testing.T) {
	type recorded struct {
		body  json.RawMessage
		usage *llm.Usage
	}
	all := map[string]recorded{}
	for _, path := range recordings(t, "*.request.json") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = recorded{body: raw}
	}
	for _, path := range messageFiles(t) {
		if file := readExchange(t, path); file.Request.Body != nil {
			usage := readMessage(decode(t, string(file.Response.Body)).(map[string]any)).Usage
			all[filepath.Base(path)] = recorded{file.Request.Body, &usage}
		}
	}
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			model, sent := sentTo(t, replay(shortStream))
			req, vendorTools := requestOf(t, r.body, model)
			if _, err := model.Generate(t.Context(), req, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain(t, r.body), plain(t, []byte(sent()))); diff != "" {
				t.Errorf("request (-recorded +ours):\n%s", diff)
			}
			if r.usage != nil && !vendorTools && llm.Estimate(req) < r.usage.Prompt() {
				t.Errorf("estimate: got %d, want at least the %d tokens it had", llm.Estimate(req), r.usage.Prompt())
			}
		})
	}
}
