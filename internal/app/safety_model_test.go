package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// part is a piece of a model's turn: words, or a call of a tool where it has a name.
type part struct {
	text            string
	id, name, input string
}

// spoken is what a model is asked.
type spoken struct {
	body     string
	question string // the person's
	round    int    // the model's turns on it so far
	tools    []string
	system   string
}

// puppet is a server that speaks as Anthropic's does and does whatever its test wants: no model would go as far. What it is
// asked is kept.
type puppet struct {
	url string

	mu     sync.Mutex
	asked  []spoken
	broken []string // what it could not read
}

func newPuppet(t *testing.T, act func(spoken) []part) *puppet {
	t.Helper()
	m := &puppet{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/messages" {
			http.NotFound(w, r) // such as the counting of tokens
			return
		}
		asked, err := m.hear(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		speak(w, act(asked))
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// hear reads a request.
func (m *puppet) hear(r *http.Request) (spoken, error) {
	body, err := io.ReadAll(r.Body)
	asked := spoken{body: string(body)}
	if err == nil {
		err = asked.read(body)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.broken = append(m.broken, err.Error())
	}
	m.asked = append(m.asked, asked)
	return asked, err
}

func (s *spoken) read(body []byte) error {
	var wire struct {
		System   []struct{ Text string }
		Tools    []struct{ Name string }
		Messages []struct {
			Role    string
			Content []struct{ Type, Text string }
		}
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	for _, one := range wire.System {
		s.system += one.Text
	}
	for _, one := range wire.Tools {
		s.tools = append(s.tools, one.Name)
	}
	for _, m := range slices.Backward(wire.Messages) {
		last := m.Content[len(m.Content)-1]
		switch {
		case m.Role == "assistant":
			s.round++
		case !slices.ContainsFunc(m.Content, func(c struct{ Type, Text string }) bool { return c.Type == "tool_result" }):
			s.question = last.Text
			return nil
		}
	}
	return fmt.Errorf("there is no question in %d messages", len(wire.Messages))
}

// prompts are all that it was asked so far.
func (m *puppet) prompts() []spoken {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked)
}

// speak streams a turn.
func speak(w http.ResponseWriter, parts []part) {
	w.Header().Set("Content-Type", "text/event-stream")
	say := func(kind string, data map[string]any) {
		data["type"] = kind
		text, _ := json.Marshal(data) // texts and numbers always print
		_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, text)
	}
	stop := "end_turn"
	say("message_start", map[string]any{"message": map[string]any{
		"id": "msg_1", "type": "message", "role": "assistant", "model": "puppet", "content": []any{}, "stop_reason": nil,
		"usage": map[string]any{"input_tokens": 100, "output_tokens": 1},
	}})
	for i, p := range parts {
		block, delta := map[string]any{"type": "text", "text": ""}, map[string]any{"type": "text_delta", "text": p.text}
		if p.name != "" {
			stop = "tool_use"
			block = map[string]any{"type": "tool_use", "id": p.id, "name": p.name, "input": map[string]any{}}
			delta = map[string]any{"type": "input_json_delta", "partial_json": p.input}
		}
		say("content_block_start", map[string]any{"index": i, "content_block": block})
		say("content_block_delta", map[string]any{"index": i, "delta": delta})
		say("content_block_stop", map[string]any{"index": i})
	}
	say("message_delta", map[string]any{"delta": map[string]any{"stop_reason": stop}, "usage": map[string]any{"output_tokens": 10}})
	say("message_stop", map[string]any{})
}

// eachEngineAsking runs a test on servers whose model is a puppet.
func eachEngineAsking(t *testing.T, with setup, act func(spoken) []part, test func(t *testing.T, s *site, m *puppet)) {
	t.Helper()
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			m := newPuppet(t, act)
			with := with
			with.settings = append(slices.Clone(with.settings), "JASPERS_ANTHROPIC_BASE_URL="+m.url)
			s := startSite(t, engine, with)
			test(t, s, m)
			if len(m.broken) > 0 {
				t.Errorf("the model could not read %v", m.broken)
			}
		})
	}
}

// wantNone wants no needle in any of some texts.
func wantNone(t *testing.T, what string, needles *needles, texts ...string) {
	t.Helper()
	for i, text := range texts {
		if found := needles.in([]byte(text)); len(found) > 0 {
			t.Errorf("%s %d of %d holds %q", what, i+1, len(texts), found)
		}
	}
}

// bodies are the texts of prompts.
func bodies(prompts []spoken) []string {
	var all []string
	for _, p := range prompts {
		all = append(all, p.body)
	}
	return all
}

// everything of a message as one text.
func (m message) everything(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), `\u003c`, "<")
}
