package claude

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// refuse answers with a status and a body, once it is asked.
func refuse(status int, header map[string]string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func apiError(errorType, message string) string {
	body, _ := json.Marshal(map[string]any{
		"type": "error", "request_id": "req_1",
		"error": map[string]any{"type": errorType, "message": message},
	})
	return string(body)
}

func TestEveryAnswerOfTheAPIHasItsKind(t *testing.T) {
	page := "<html><h1>Bad gateway</h1></html>"
	spend := `{"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}}`
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   fault.Kind
		wait   time.Duration
	}{
		{"invalid request", 400, nil, apiError("invalid_request_error", "tools.0: no"), fault.UpstreamFailed, 0},
		{"prompt too long", 400, nil, apiError("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), fault.TooLarge, 0},
		{"own spend limit", 400, nil, apiError("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2026-12-01."), fault.ModelNotConfigured, 0},
		{"no credit", 400, nil, apiError("invalid_request_error", "Your credit balance is too low to access the API."), fault.ModelNotConfigured, 0},
		{"wrong key", 401, nil, apiError("authentication_error", "invalid x-api-key"), fault.ModelNotConfigured, 0},
		{"billing", 402, nil, apiError("billing_error", "pay"), fault.ModelNotConfigured, 0},
		{"permission", 403, nil, apiError("permission_error", "no"), fault.ModelNotConfigured, 0},
		{"unknown model", 404, nil, apiError("not_found_error", "model: x"), fault.ModelNotConfigured, 0},
		{"conflict", 409, nil, apiError("conflict_error", "no"), fault.UpstreamFailed, 0},
		{"too large", 413, nil, page, fault.TooLarge, 0},
		{"rate limit", 429, map[string]string{"Retry-After": "17"}, apiError("rate_limit_error", "slow"), fault.UpstreamDown, 17 * time.Second},
		{"spend limit", 429, nil, spend, fault.ModelNotConfigured, 0},
		{"internal", 500, nil, apiError("api_error", "oops"), fault.UpstreamDown, 0},
		{"a proxy's page", 502, nil, page, fault.UpstreamDown, 0},
		{"a proxy's refusal", 403, nil, page, fault.ModelNotConfigured, 0},
		{"a proxy's challenge", 401, nil, page, fault.ModelNotConfigured, 0},
		{"a proxy's bill", 402, nil, page, fault.ModelNotConfigured, 0},
		{"a wrong address", 404, nil, page, fault.ModelNotConfigured, 0},
		{"a proxy's limit", 429, map[string]string{"Retry-After": "1"}, page, fault.UpstreamDown, time.Second},
		{"another vendor's type", 503, map[string]string{"Retry-After": "2.5"}, apiError("server_error", "busy"), fault.UpstreamDown, 2500 * time.Millisecond},
		{"timeout", 504, nil, apiError("timeout_error", "late"), fault.UpstreamDown, 0},
		{"overloaded", 529, map[string]string{"x-should-retry": "true", "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, apiError("overloaded_error", "Overloaded"), fault.UpstreamDown, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			model := modelAt(t, refuse(tt.status, tt.header, tt.body))
			_, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, tt.want)
			if got := fault.From(err).RetryAfter; got != tt.wait {
				t.Errorf("retry after: got %s, want %s", got, tt.wait)
			}
		})
	}
}

// checkFault checks the kind, and that neither key nor address is in the text, not even in the part for the log.
func checkFault(t *testing.T, model *Model, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), model.cfg.BaseURL) {
		t.Errorf("got a key or an address in %q, want none", err)
	}
}

func TestAnErrorInTheStreamIsReadByItsType(t *testing.T) {
	start := `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}`
	for errorType, want := range map[string]fault.Kind{
		"overloaded_error":      fault.UpstreamDown,
		"rate_limit_error":      fault.UpstreamDown,
		"api_error":             fault.UpstreamDown,
		"timeout_error":         fault.UpstreamDown,
		"invalid_request_error": fault.UpstreamFailed,
		"brand_new_error":       fault.UpstreamFailed,
	} {
		t.Run(errorType, func(t *testing.T) {
			model := modelAt(t, replay(events(t, start, apiError(errorType, "no"))))
			got, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, want)
			asked := int64(1)
			if want == fault.UpstreamDown && errorType != "rate_limit_error" {
				asked = 2 // it broke off before its first word
			}
			if got.Total().Input != asked*5 || got.StopReason != "" {
				t.Errorf("got %+v, want the usage of %d attempts and no stop reason", got, asked)
			}
		})
	}
}

func TestWhatAServerQuotesOfWhatItWasSentIsNotKept(t *testing.T) {
	const question = "What is ada@private.example worth, 54,199 dollars?"
	for name, tc := range map[string]struct {
		says func(body, key string) string
		kept bool
	}{
		"its own words": {func(string, string) string { return "max_tokens: 9000 > 4096" }, true},
		"the question":  {func(body, _ string) string { return "bad input: " + body[strings.Index(body, "What is"):][:40] }, false},
		"all of it":     {func(body, _ string) string { return "cannot read " + body }, false},
		"the key":       {func(_, key string) string { return "headers: x-api-key=" + key }, false},
	} {
		t.Run(name, func(t *testing.T) {
			said := ""
			model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				said = tc.says(string(body), r.Header.Get("X-Api-Key"))
				text, _ := json.Marshal(map[string]any{"type": "error", "error": map[string]string{"type": "invalid_request_error", "message": said}})
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write(text)
			}))
			_, err := model.Generate(t.Context(), ask(question), nil)
			checkFault(t, model, err, fault.UpstreamFailed)
			if strings.Contains(err.Error(), said) != tc.kept || strings.Contains(err.Error(), "ada@") {
				t.Errorf("got %q, want what it says of itself %v", err, tc.kept)
			}
		})
	}
}

func TestABrokenStreamIsAFailure(t *testing.T) {
	start := events(t, `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{}}}`)
	for name, stream := range map[string]string{
		"nothing at all":            "",
		"a page":                    "<html>hello</html>",
		"bad JSON":                  start + "event: content_block_delta\ndata: {\"type\":\n\n",
		"a delta without its block": start + events(t, `{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"x"}}`),
		"a stop without a reason":   start + events(t, `{"type":"message_stop"}`),
		"an error that is no JSON":  start + "event: error\ndata: overloaded\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			model := modelAt(t, replay(stream))
			_, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, fault.UpstreamFailed)
		})
	}
}

func TestAnAddressNobodyListensOnIsDown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	model := New(Config{APIKey: testKey, BaseURL: server.URL, Model: "claude-sonnet-5-5"}, server.Client())
	server.Close()
	_, err := model.Generate(t.Context(), ask("hi"), nil)
	checkFault(t, model, err, fault.UpstreamDown)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheClientsOwnFaultComesThrough(t *testing.T) {
	open := fault.New(fault.UpstreamDown, "the model is resting").WithRetryAfter(time.Minute)
	model := New(Config{APIKey: testKey, Model: "m"}, &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, open })})
	_, err := model.Generate(t.Context(), ask("hi"), nil)
	if got, ok := errors.AsType[*fault.Error](err); !ok || got != open {
		t.Errorf("got %v, want the client's own fault", err)
	}
}
