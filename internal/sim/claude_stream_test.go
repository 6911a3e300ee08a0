package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

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
		event := decodeClaude(t, strings.TrimPrefix(rest, "data: "))
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
				s.Content[index].(object)["input"] = decodeClaude(t, inputs[index].String())
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
			whole := claudeAnswer(t, server, request)
			request["stream"] = true
			resp := postClaude(t, server, "/v1/messages", request)
			if got := resp.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
				t.Errorf("content type: got %q, want an event stream", got)
			}
			body := bodyText(t, resp)
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
		got := claudeAnswer(t, server, request)
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
	full := answerText(claudeAnswer(t, server, ask(false)))
	strike := func(kind FaultKind) { faults.Set(ProviderClaude, Fault{Kind: kind, Count: 1}) }

	t.Run("a refusal is an empty answer", func(t *testing.T) {
		strike(FaultRefusal)
		got := claudeAnswer(t, server, ask(false))
		if got["stop_reason"] != "refusal" || len(got["content"].([]any)) != 0 || got["stop_details"].(object)["type"] != "refusal" {
			t.Errorf("got %v, want an empty refusal with details", got)
		}
		strike(FaultRefusal)
		if got := readEvents(t, bodyText(t, postClaude(t, server, "/v1/messages", ask(true)))); got.Stop != "refusal" || got.Details == nil {
			t.Errorf("stream: got %+v, want a refusal with details", got)
		}
	})
	t.Run("max_tokens is half an answer", func(t *testing.T) {
		strike(FaultMaxTokens)
		got := claudeAnswer(t, server, ask(false))
		if text := answerText(got); got["stop_reason"] != "max_tokens" || text == "" || text == full || !strings.HasPrefix(full, text) {
			t.Errorf("got %v, want the first half of %q", got, full)
		}
	})
	t.Run("overloaded is an error event after half the text", func(t *testing.T) {
		strike(FaultOverloaded)
		body := bodyText(t, postClaude(t, server, "/v1/messages", ask(true)))
		if !strings.Contains(body, "event: error\n") || !strings.Contains(body, "overloaded_error") || !strings.Contains(body, "text_delta") || strings.Contains(body, "message_stop") {
			t.Errorf("got %s, want text, then an error event and nothing after it", body)
		}
		strike(FaultOverloaded)
		checkClaudeError(t, postClaude(t, server, "/v1/messages", ask(false)), 529, "overloaded_error")
	})
	t.Run("a cut stream ends without message_stop", func(t *testing.T) {
		strike(FaultStreamCut)
		body := bodyText(t, postClaude(t, server, "/v1/messages", ask(true)))
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

func TestACutAnswerIsTheBeginningOfTheWhole(t *testing.T) {
	blocks := func() []claudeOut {
		return []claudeOut{thinkingOut(), textOut("Für 5 € – ja."), callOut("toolu_1", quotesTool, `{"symbols":["AAPL"]}`)}
	}
	join := func(blocks []claudeOut) string {
		var text string
		for _, b := range blocks {
			text += b.text
		}
		return text
	}
	whole := join(blocks())
	for limit := range len(whole) {
		turn := &claudeTurn{blocks: blocks()}
		turn.cut(limit)
		got := join(turn.blocks)
		if !strings.HasPrefix(whole, got) || len(got) > limit || len(got) < limit-2 || !utf8.ValidString(got) {
			t.Errorf("cut to %d bytes: got %q, want the beginning of %q", limit, got, whole)
		}
		for _, b := range turn.blocks {
			if _, err := json.Marshal(b.whole()); err != nil || b.kind != "thinking" && b.text == "" {
				t.Errorf("cut to %d bytes: got block %+v and error %v, want one that can be sent", limit, b, err)
			}
		}
	}
}
