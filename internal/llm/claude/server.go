package claude

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// server is what is known of the server behind an address. Everything is taken to be there until it refuses it, which costs
// one request and is remembered while we run: so no request is made only to find out, except one for the list of models.
type server struct {
	other bool // not Anthropic's own
	log   *slog.Logger

	noMarks    atomic.Bool // it refuses cache_control
	noThinking atomic.Bool // it refuses the thinking of earlier turns
	noCount    atomic.Bool // it has no count_tokens

	lookUp sync.Once
	window atomic.Int64 // tokens that a prompt may have, by its list of models; 0 when it does not say

	mu    sync.Mutex
	noted map[string]bool
}

// manners are how a request is written for a server.
type manners struct {
	marks    bool
	thinking bool
}

func (s *server) manners() manners {
	return manners{marks: !s.noMarks.Load(), thinking: !s.noThinking.Load()}
}

// learn tells whether an error says that the server does not know something which the request can do without. Only other
// servers than the vendor's are thought capable of that.
func (s *server) learn(err error, had manners, req llm.Request) bool {
	text, ok := refusal(err)
	if !s.other || !ok {
		return false
	}
	switch {
	case had.marks && strings.Contains(text, "cache_control"):
		s.noMarks.Store(true)
		s.note("the model's server takes no cache_control; prompts are not cached by it", "cache_control")
		return true
	case had.thinking && strings.Contains(text, "thinking") && hasOpaque(req):
		s.noThinking.Store(true)
		s.note("the model's server takes no thinking back; it is left out of what is said again", "thinking")
		return true
	}
	return false
}

func hasOpaque(req llm.Request) bool {
	for _, m := range req.Messages {
		for _, b := range m.Blocks {
			if b.Opaque != nil {
				return true
			}
		}
	}
	return false
}

// refusal is the text, in lower case, of an answer by which a server refuses a request for what is in it.
func refusal(err error) (string, bool) {
	apiErr, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		return "", false
	}
	switch apiErr.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusNotImplemented:
		return strings.ToLower(apiErr.RawJSON()), true
	}
	return "", false
}

// refusesTools recognises how servers say that a model, or they themselves, cannot use tools: Ollama's "does not support
// tools", vLLM's --enable-auto-tool-choice, llama.cpp's --jinja, and strict readers of JSON.
func refusesTools(err error) bool {
	text, ok := refusal(err)
	if !ok || !strings.Contains(text, "tool") {
		return false
	}
	for _, words := range []string{
		"not support", "unsupported", "--enable-auto-tool-choice", "--jinja", "not permitted", "unknown field", "unrecognized", "not implemented",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// maxNoted bounds what a server can make us remember and log.
const maxNoted = 100

// note logs something about the server once.
func (s *server) note(message, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noted == nil {
		s.noted = map[string]bool{}
	}
	key := message + "\n" + name
	if s.noted[key] || len(s.noted) == maxNoted {
		return
	}
	s.noted[key] = true
	s.log.Info(message, "what", clip(name))
}

// clip shortens a name that a server made up.
func clip(name string) string {
	const most = 64
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}

// lookUpPatience bounds what is asked only to know more.
const lookUpPatience = 5 * time.Second

// listed is a model in the list of a server; each has its own name for how much one reads.
type listed struct {
	ID       string `json:"id"`
	MaxInput int64  `json:"max_input_tokens"` // Anthropic
	MaxModel int64  `json:"max_model_len"`    // vLLM
	Context  int64  `json:"context_length"`   // several gateways
}

// lookUpModel finds in the server's list how much the model reads, once. A server without such a list is no worse for it.
func (m *Model) lookUpModel(ctx context.Context) {
	m.server.lookUp.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUpPatience)
		defer cancel()
		page, err := m.models.List(upstream.WithEndpoint(ctx, modelsEndpoint), anthropic.ModelListParams{})
		if err != nil {
			m.server.note("the model's server has no list of models", "")
			return
		}
		found := false
		for _, info := range page.Data {
			var one listed
			if json.Unmarshal([]byte(info.RawJSON()), &one) != nil || one.ID != m.cfg.Model {
				continue
			}
			found = true
			m.server.window.Store(max(one.MaxInput, one.MaxModel, one.Context))
		}
		if !found && !page.HasMore {
			m.server.note("the model's server does not list the configured model", m.cfg.Model)
		}
	})
}
