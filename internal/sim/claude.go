package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ClaudeOptions is how the simulated Claude is set up.
type ClaudeOptions struct {
	Key        string        // the only API key it accepts
	DeltaDelay time.Duration // pause before each piece of a streamed answer; 0 sends them at once
	// Script is what to do with a question, where it knows one; it may be called by many goroutines.
	Script func(question string) (ClaudeScript, bool)
}

// claudeMaxBody is the vendor's limit for a request.
const claudeMaxBody = 32 << 20

// claudeModel is a model that is not retired.
type claudeModel struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Name      string `json:"display_name"`
	CreatedAt string `json:"created_at"`
	MaxInput  int    `json:"max_input_tokens"`
	MaxOutput int    `json:"max_tokens"`
}

func claudeModels() []claudeModel {
	model := func(id, name, created string, input, output int) claudeModel {
		return claudeModel{ID: id, Type: "model", Name: name, CreatedAt: created + "T00:00:00Z", MaxInput: input, MaxOutput: output}
	}
	return []claudeModel{
		model("claude-haiku-5-5", "Claude Haiku 5.5", "2026-10-07", 1_000_000, 128_000),
		model("claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-09-22", 1_000_000, 128_000),
		model("claude-opus-5-5", "Claude Opus 5.5", "2026-09-22", 1_000_000, 128_000),
		model("claude-opus-5", "Claude Opus 5", "2026-07-24", 1_000_000, 128_000),
		model("claude-sonnet-5", "Claude Sonnet 5", "2026-05-20", 1_000_000, 128_000),
	}
}

// claudeState is what the simulated Claude remembers between requests: its prompt cache and how many it has served.
type claudeState struct {
	opts   ClaudeOptions
	names  []companyName
	now    func() time.Time
	models []claudeModel
	cache  promptCache
	told   *toldTokens
	served atomic.Uint64
}

// claude is Anthropic's Messages API. What it answers follows from the conversation it is sent: see claude_answer.go.
func (s *Sim) claude() http.Handler {
	c := &claudeState{opts: s.Claude, names: companyNames(s.World), now: s.World.Now, models: claudeModels(), told: &s.told}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", c.guard(c.messages))
	mux.HandleFunc("POST /v1/messages/count_tokens", c.guard(c.countTokens))
	mux.HandleFunc("GET /v1/models", c.guard(c.listModels))
	mux.HandleFunc("GET /v1/models/{id}", c.guard(c.getModel))
	mux.HandleFunc("/", c.guard(func(http.ResponseWriter, *http.Request) error {
		return claudeError{http.StatusNotFound, "not_found_error", "Not found"}
	}))
	return mux
}

// claudeError is an error as the vendor reports it.
type claudeError struct {
	status  int
	kind    string
	message string
}

func (e claudeError) Error() string { return e.kind + ": " + e.message }

func invalidRequest(message string) claudeError {
	return claudeError{http.StatusBadRequest, "invalid_request_error", message}
}

// guard adds what every answer carries, checks the two headers every request needs, and writes errors.
func (c *claudeState) guard(next func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		requestID := c.newID("req_", r.URL.Path)
		w.Header().Set("Request-Id", requestID)
		w.Header().Set("Anthropic-Organization-Id", "00000000-0000-4000-8000-000000000001")
		err := c.checkHeaders(r)
		if err == nil {
			err = next(w, r)
		}
		if e, ok := errors.AsType[claudeError](err); ok {
			writeJSON(w, e.status, "application/json", map[string]any{
				"type": "error", "error": map[string]string{"type": e.kind, "message": e.message}, "request_id": requestID,
			})
		}
	}
}

func (c *claudeState) checkHeaders(r *http.Request) error {
	switch key := r.Header.Get("X-Api-Key"); {
	case key == "":
		return claudeError{http.StatusUnauthorized, "authentication_error", "x-api-key header is required"}
	case key != c.opts.Key:
		return claudeError{http.StatusUnauthorized, "authentication_error", "invalid x-api-key"}
	case r.Header.Get("Anthropic-Version") == "":
		return invalidRequest("anthropic-version: header is required")
	}
	return nil
}

func (c *claudeState) messages(w http.ResponseWriter, r *http.Request) error {
	req, err := c.read(w, r)
	if err != nil {
		return err
	}
	if err := req.validate(); err != nil {
		return err
	}
	fault, _ := faultOf(r.Context())
	turn := c.answer(req)
	if fault.Kind == FaultToolLoop {
		c.loop(turn, req)
	}
	turn.usage = c.cache.charge(req, c.now())
	turn.shape(fault.Kind, *req.MaxTokens)
	c.rateHeaders(w.Header(), turn)
	if req.Stream {
		c.stream(w, r, turn, fault.Kind)
		return nil
	}
	return c.whole(w, r, turn, fault.Kind)
}

// read decodes a request and checks its model.
func (c *claudeState) read(w http.ResponseWriter, r *http.Request) (*claudeRequest, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, claudeMaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, claudeError{http.StatusRequestEntityTooLarge, "request_too_large", "The request is larger than 32 MB"}
	}
	if err != nil {
		return nil, invalidRequest("The request body could not be read")
	}
	req := &claudeRequest{}
	if err := json.Unmarshal(body, req); err != nil {
		return nil, invalidRequest("The request body is not valid: " + err.Error())
	}
	if req.Model == "" {
		return nil, invalidRequest("model: Field required")
	}
	known := slices.ContainsFunc(c.models, func(m claudeModel) bool { return m.ID == req.Model })
	if !known {
		return nil, claudeError{http.StatusNotFound, "not_found_error", "model: " + req.Model}
	}
	return req, nil
}

func (c *claudeState) countTokens(w http.ResponseWriter, r *http.Request) error {
	req, err := c.read(w, r)
	if err != nil {
		return err
	}
	one := 1 // the one field this call does not ask for
	req.MaxTokens = &one
	if err := req.validate(); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]int{"input_tokens": req.promptTokens()})
	return nil
}

func (c *claudeState) listModels(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"data": c.models, "has_more": false, "first_id": c.models[0].ID, "last_id": c.models[len(c.models)-1].ID,
	})
	return nil
}

func (c *claudeState) getModel(w http.ResponseWriter, r *http.Request) error {
	for _, m := range c.models {
		if m.ID == r.PathValue("id") {
			writeJSON(w, http.StatusOK, "application/json", m)
			return nil
		}
	}
	return claudeError{http.StatusNotFound, "not_found_error", "model: " + r.PathValue("id")}
}

// rateHeaders states the limits of the first tier. They are never reached here; a fault stands in for that.
func (c *claudeState) rateHeaders(h http.Header, turn *claudeTurn) {
	reset := c.now().UTC().Truncate(time.Minute).Add(time.Minute).Format(time.RFC3339)
	input := turn.usage.Input + turn.usage.CacheWrite
	for _, limit := range []struct {
		name       string
		most, used int
	}{
		{"Requests", 1_000, 1},
		{"Input-Tokens", 2_000_000, input},
		{"Output-Tokens", 400_000, turn.usage.Output},
		{"Tokens", 2_400_000, input + turn.usage.Output},
	} {
		h.Set("Anthropic-Ratelimit-"+limit.name+"-Limit", strconv.Itoa(limit.most))
		h.Set("Anthropic-Ratelimit-"+limit.name+"-Remaining", strconv.Itoa(max(0, limit.most-limit.used)))
		h.Set("Anthropic-Ratelimit-"+limit.name+"-Reset", reset)
	}
}

// newID makes an id that is unique in this server, and in a conversation that outlives it: seed should hold what the
// id stands for.
func (c *claudeState) newID(prefix, seed string) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(prefix+seed), c.served.Add(1)))
	return prefix + "01" + new(big.Int).SetBytes(sum[:16]).Text(62)
}

// tokenCount estimates at four bytes a token.
func tokenCount(bytes int) int { return (bytes + 3) / 4 }

// blankText tells whether a text has nothing to read in it.
func blankText(text string) bool { return strings.TrimSpace(text) == "" }
