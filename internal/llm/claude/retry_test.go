package claude

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const spendLimit = `{"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}}`

// behindTheDoor is a model whose requests leave as the server's do: through the door, by the rules of Again.
func behindTheDoor(t *testing.T, handler http.Handler) (*Model, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	door, err := upstream.New(upstream.Config{
		Provider: "the model", Origins: []string{server.URL}, AllowPrivate: true, RetryPosts: true, SharedLimit: true, Again: Again, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.HTTP().CloseIdleConnections)
	return quick(New(Config{APIKey: testKey, BaseURL: server.URL, Model: "claude-sonnet-5-5"}, door.HTTP())), &asked
}

func TestWhichErrorsAreAskedAgain(t *testing.T) {
	header := func(pairs ...string) map[string]string {
		h := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		asked  int64
		want   fault.Kind
	}{
		{"an invalid request", 400, nil, apiError("invalid_request_error", "no"), 1, fault.UpstreamFailed},
		{"a wrong key", 401, nil, apiError("authentication_error", "no"), 1, fault.ModelNotConfigured},
		{"a bill", 402, nil, apiError("billing_error", "no"), 1, fault.ModelNotConfigured},
		{"no permission", 403, nil, apiError("permission_error", "no"), 1, fault.ModelNotConfigured},
		{"no model", 404, nil, apiError("not_found_error", "model: x"), 1, fault.ModelNotConfigured},
		{"a conflict", 409, nil, apiError("conflict_error", "no"), 1, fault.UpstreamFailed},
		{"too large", 413, nil, apiError("request_too_large", "no"), 1, fault.TooLarge},
		{"a short wait", 429, header("Retry-After", "1"), apiError("rate_limit_error", "no"), 3, fault.UpstreamDown},
		{"no word of a wait", 429, nil, apiError("rate_limit_error", "no"), 1, fault.UpstreamDown},
		{"a long wait", 429, header("Retry-After", "17"), apiError("rate_limit_error", "no"), 1, fault.UpstreamDown},
		{"a spend limit", 429, nil, spendLimit, 1, fault.ModelNotConfigured},
		{"internal", 500, nil, apiError("api_error", "no"), 3, fault.UpstreamDown},
		{"a timeout", 504, nil, apiError("timeout_error", "no"), 3, fault.UpstreamDown},
		{"overloaded", 529, nil, apiError("overloaded_error", "no"), 3, fault.UpstreamDown},
		{"internal, for good", 500, header("x-should-retry", "false"), apiError("api_error", "no"), 1, fault.UpstreamDown},
		{"a conflict that passes", 409, header("x-should-retry", "true"), apiError("conflict_error", "no"), 3, fault.UpstreamFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			model, asked := behindTheDoor(t, refuse(tt.status, tt.header, tt.body))
			_, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, tt.want)
			if asked.Load() != tt.asked {
				t.Errorf("got %d requests, want %d", asked.Load(), tt.asked)
			}
		})
	}
}

func TestALimitOfMoneyKeepsNobodyElseOut(t *testing.T) {
	model, asked := behindTheDoor(t, refuse(429, nil, spendLimit))
	for range 2 { // after a limit of requests the second would not leave, and learn nothing of the money
		_, err := model.Generate(t.Context(), ask("hi"), nil)
		checkFault(t, model, err, fault.ModelNotConfigured)
	}
	if asked.Load() != 2 {
		t.Errorf("got %d requests, want 2", asked.Load())
	}
}

func TestAnErrorCanBeReadAfterItWasJudged(t *testing.T) {
	body := strings.Repeat("x", 3*maxErrorBody)
	resp := &http.Response{StatusCode: 429, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for range 2 { // as the door does
		if !Again(resp) {
			t.Error("got a limit that is final, want one that passes")
		}
	}
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != body {
		t.Errorf("got %d bytes and error %v, want all %d", len(got), err, len(body))
	}
}

// failsOnce sends a broken stream, then a whole one.
func failsOnce(t *testing.T, broken string) (*Model, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	return modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			replay(broken).ServeHTTP(w, r)
			return
		}
		replay(fullStream(t)).ServeHTTP(w, r)
	})), &asked
}

func TestAStreamThatBreaksBeforeItsFirstWordIsAskedForAgain(t *testing.T) {
	thinking := events(t, opening, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`)
	word := thinking + events(t, `{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"So"}}`)
	for name, tt := range map[string]struct {
		broken string
		again  bool
	}{
		"overloaded at once":         {events(t, apiError("overloaded_error", "no")), true},
		"overloaded while it thinks": {thinking + events(t, apiError("overloaded_error", "no")), true},
		"internal":                   {thinking + events(t, apiError("api_error", "no")), true},
		"nothing at all":             {"", false},
		"a page":                     {"<html>hello</html>", false},
		"cut at once":                {events(t, opening), true},
		"cut while it thinks":        {thinking, true},
		"invalid":                    {thinking + events(t, apiError("invalid_request_error", "no")), false},
		"nonsense":                   {thinking + "event: content_block_delta\ndata: {\"type\":\n\n", false},
		"overloaded after a word":    {word + events(t, apiError("overloaded_error", "no")), false},
		"cut after a word":           {word, false},
	} {
		t.Run(name, func(t *testing.T) {
			model, asked := failsOnce(t, tt.broken)
			var heard strings.Builder
			got, err := model.Generate(t.Context(), ask("hi"), func(d string) { heard.WriteString(d) })
			if (err == nil) != tt.again || (asked.Load() == 2) != tt.again {
				t.Fatalf("got %v after %d requests, want again: %t", err, asked.Load(), tt.again)
			}
			if heard.String() != got.Text() {
				t.Errorf("heard %q, want %q", heard.String(), got.Text())
			}
			want := llm.Usage{Input: 12, Output: 57, CacheRead: 4100, CacheWrite: 300}
			if strings.Contains(tt.broken, "message_start") {
				want = want.Add(llm.Usage{Input: 5, Output: 1})
			}
			if tt.again && got.Total() != want {
				t.Errorf("usage: got %+v, want that of both attempts, %+v", got.Total(), want)
			}
		})
	}
}

func TestNothingIsAskedThroughADoorThatIsShut(t *testing.T) {
	model := quick(New(Config{APIKey: testKey, Model: "claude-sonnet-5-5"}, &http.Client{Transport: shut{}}))
	got, err := model.Generate(t.Context(), ask("hi"), nil)
	if !fault.Is(err, fault.UpstreamDown) || !got.Unasked {
		t.Errorf("got %+v, %v, want to know that nothing was asked", got, err)
	}
}

// shut lets nothing out.
type shut struct{}

func (shut) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fault.Wrap(fault.UpstreamDown, upstream.ErrUnasked, "the model is left alone")
}
