package claude

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// likeness is a server that speaks as much of the Messages API as it is given, over real HTTP, and keeps what it was sent.
type likeness struct {
	messages http.HandlerFunc // nil streams an answer
	count    http.HandlerFunc // nil is a route that is not there
	list     string           // the body of its list of models; empty is a route that is not there
	missing  http.HandlerFunc // answers on routes that are not there; nil is Go's own 404

	mu     sync.Mutex
	paths  []string
	bodies []string
}

func (l *likeness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.paths, l.bodies = append(l.paths, r.Method+" "+r.URL.Path), append(l.bodies, string(body))
	l.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	switch {
	case r.URL.Path == "/v1/messages" && l.messages != nil:
		l.messages(w, r)
	case r.URL.Path == "/v1/messages":
		replay(shortStream)(w, r)
	case r.URL.Path == "/v1/messages/count_tokens" && l.count != nil:
		l.count(w, r)
	case r.URL.Path == "/v1/models" && l.list != "":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, l.list)
	case l.missing != nil:
		l.missing(w, r)
	default:
		http.NotFound(w, r)
	}
}

// asked counts the requests of a path.
func (l *likeness) asked(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, p := range l.paths {
		if p == path {
			n++
		}
	}
	return n
}

func (l *likeness) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bodies[len(l.bodies)-1]
}

// shortStream is an answer without an id of a request, pings, or any counter of a cache, as servers of one's own send it.
const shortStream = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"qwen3-coder\",\"usage\":{\"input_tokens\":11,\"output_tokens\":0}}}\n\n" +
	"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello.\"}}\n\n" +
	"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
	"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n" +
	"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

func on(t *testing.T, l *likeness) *Model {
	t.Helper()
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	return quick(New(Config{APIKey: testKey, BaseURL: server.URL, Model: "qwen3-coder"}, server.Client()))
}

func answers(t *testing.T, model *Model, req llm.Request) {
	t.Helper()
	got, err := model.Generate(t.Context(), req, nil)
	if err != nil || got.Text() != "Hello." || got.StopReason != llm.EndTurn || got.Usage.Output != 3 {
		t.Fatalf("got %+v and error %v, want an answer", got, err)
	}
}

// Ollama's documentation of its compatibility: no count_tokens, no cache_control, keys accepted and not checked.
func TestAServerWithoutCounting(t *testing.T) {
	for name, missing := range map[string]http.HandlerFunc{
		"says 404": nil,
		"says 405": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"says 200": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"error":"Unexpected endpoint or method"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := &likeness{missing: missing}
			model := on(t, server)
			req := analystRequest("hi")
			for range 2 {
				answers(t, model, req)
				if got, err := model.CountTokens(t.Context(), req); err != nil || got != llm.Estimate(req) {
					t.Errorf("got %d, %v, want the estimate %d", got, err, llm.Estimate(req))
				}
			}
			if counts, lists := server.asked("POST /v1/messages/count_tokens"), server.asked("GET /v1/models"); counts != 1 || lists != 1 {
				t.Errorf("got %d counts and %d lists asked for, want one of each", counts, lists)
			}
		})
	}
}

// vLLM has count_tokens, and says in its list of models how much one reads.
func TestAServerThatCountsAndListsItsModels(t *testing.T) {
	server := &likeness{
		list:  `{"object":"list","data":[{"id":"other","max_model_len":5},{"id":"qwen3-coder","object":"model","owned_by":"vllm","max_model_len":2000}]}`,
		count: func(w http.ResponseWriter, r *http.Request) { writeCount(w, r, 4) },
	}
	model := on(t, server)
	answers(t, model, ask("hi"))
	if got := model.Info().Window; got != 2000 {
		t.Errorf("window: got %d, want 2000", got)
	}
	if server.asked("POST /v1/messages/count_tokens") != 0 {
		t.Error("a short prompt was counted before it was sent")
	}
	long := ask(strings.Repeat("word ", 900)) // may be too long by its characters, is not by the count
	answers(t, model, long)
	longer := ask(strings.Repeat("word ", 2000))
	if _, err := model.Generate(t.Context(), longer, nil); !fault.Is(err, fault.TooLarge) {
		t.Errorf("got %v, want %s", err, fault.TooLarge)
	}
	if got := server.asked("POST /v1/messages"); got != 2 {
		t.Errorf("got %d requests sent, want 2: one that does not fit is not sent", got)
	}
}

func writeCount(w http.ResponseWriter, r *http.Request, bytes int) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int{"input_tokens": len(body) / bytes})
}

func TestAServerThatRefusesCacheMarksGetsNone(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		body   string
	}{
		"in the vendor's words": {400, apiError("invalid_request_error", "system.0.cache_control: Extra inputs are not permitted")},
		"in others":             {422, `{"detail":[{"type":"extra_forbidden","loc":["body","cache_control"],"msg":"Extra inputs are not permitted"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			server := &likeness{messages: func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if strings.Contains(string(body), "cache_control") {
					refuse(refusal.status, nil, refusal.body).ServeHTTP(w, r)
					return
				}
				replay(shortStream)(w, r)
			}}
			model := on(t, server)
			answers(t, model, analystRequest("hi"))
			answers(t, model, analystRequest("hi"))
			if got := server.asked("POST /v1/messages"); got != 3 {
				t.Errorf("got %d requests, want 3: what was refused once is not sent again", got)
			}
		})
	}
}

func TestAServerThatTakesNoThinkingBackGetsNone(t *testing.T) {
	server := &likeness{messages: func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"thinking"`) {
			refuse(400, nil, apiError("invalid_request_error", "messages.1.content.0.type: input should be 'text' or 'tool_use', not 'thinking'")).ServeHTTP(w, r)
			return
		}
		replay(shortStream)(w, r)
	}}
	model := on(t, server)
	req := ask("hi")
	req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Blocks: []llm.Block{
		{Opaque: json.RawMessage(`{"type":"thinking","thinking":"so","signature":""}`), Origin: model.origin()}, {Text: "Yes?"},
	}}, ask("on").Messages[0])
	answers(t, model, req)
	answers(t, model, req)
	if got := server.asked("POST /v1/messages"); got != 3 || !strings.Contains(server.last(), "Yes?") {
		t.Errorf("got %d requests, the last %s, want 3 and the words kept", got, server.last())
	}
}

func TestTheVendorItselfIsNotTaughtByARefusal(t *testing.T) {
	model := New(Config{APIKey: testKey, Model: "claude-sonnet-5-5"}, &http.Client{Transport: answering{
		400, "application/json", []byte(apiError("invalid_request_error", "cache_control: at most 4 blocks may carry it")),
	}})
	if _, err := model.Generate(t.Context(), ask("hi"), nil); !fault.Is(err, fault.UpstreamFailed) {
		t.Errorf("got %v, want %s", err, fault.UpstreamFailed)
	}
	if !model.server.manners().marks {
		t.Error("got no marks any more, want them to stay")
	}
}

func TestAModelWithoutToolsIsAMatterOfConfiguration(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		body   string
	}{
		"Ollama":    {400, `{"type":"error","error":{"type":"invalid_request_error","message":"registry.ollama.ai/library/gemma:7b does not support tools"}}`},
		"vLLM":      {400, `{"type":"error","error":{"type":"BadRequestError","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"}}`},
		"llama.cpp": {500, `{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}`},
		"strict":    {422, `{"detail":[{"type":"extra_forbidden","loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			server := &likeness{messages: refuse(refusal.status, nil, refusal.body)}
			model := on(t, server)
			_, err := model.Generate(t.Context(), analystRequest("hi"), nil)
			checkFault(t, model, err, fault.ModelNotConfigured)
			if !strings.Contains(err.Error(), "tools") {
				t.Errorf("got %q, want words about tools", err)
			}
			without := ask("hi")
			if _, err := model.Generate(t.Context(), without, nil); fault.Is(err, fault.ModelNotConfigured) {
				t.Errorf("without tools: got %v, want another error", err)
			}
		})
	}
}

func TestOtherServersWordsForAPromptThatIsTooLong(t *testing.T) {
	for name, body := range map[string]string{
		"vLLM":      `{"type":"error","error":{"type":"BadRequestError","message":"This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."}}`,
		"llama.cpp": `{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			model := on(t, &likeness{messages: refuse(400, nil, body)})
			_, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, fault.TooLarge)
		})
	}
}

func TestACallWhoseInputComesAtOnce(t *testing.T) {
	stream := strings.Replace(shortStream, `{"type":"text","text":""}`, `{"type":"tool_use","id":"call_1","name":"get_x","input":{"a":[1.50]}}`, 1)
	stream = strings.Replace(stream, `{"type":"text_delta","text":"Hello."}`, `{"type":"input_json_delta","partial_json":""}`, 1)
	got, err := on(t, &likeness{messages: replay(stream)}).Generate(t.Context(), ask("hi"), nil)
	if err != nil || len(got.Calls()) != 1 || string(got.Calls()[0].Input) != `{"a":[1.50]}` {
		t.Errorf("got %+v and error %v, want the whole input", got, err)
	}
}

func TestACountIsTheServersOrElseTheEstimate(t *testing.T) {
	req := analystRequest("hi")
	for name, tt := range map[string]struct {
		count http.HandlerFunc
		want  int64
	}{
		"counted":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"input_tokens":123}`) }, 123},
		"down":          {refuse(529, nil, apiError("overloaded_error", "no")), llm.Estimate(req)},
		"no such model": {refuse(404, nil, apiError("not_found_error", "model: x")), llm.Estimate(req)},
		"nonsense":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"input_tokens":`) }, llm.Estimate(req)},
	} {
		t.Run(name, func(t *testing.T) {
			server := &likeness{count: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				tt.count(w, r)
			}}
			model := on(t, server)
			if got, err := model.CountTokens(t.Context(), req); err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
			body := decode(t, server.last()).(map[string]any)
			if body["max_tokens"] != nil || body["stream"] != nil || len(body["tools"].([]any)) != 2 || body["system"] == nil {
				t.Errorf("got %s, want the prompt alone", server.last())
			}
			if model.server.noCount.Load() {
				t.Error("the server is not asked any more, though it has the route")
			}
		})
	}
}
