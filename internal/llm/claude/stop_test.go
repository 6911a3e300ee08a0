package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

const opening = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}`

func TestEveryStopReasonComesThrough(t *testing.T) {
	for vendors, want := range map[string]llm.StopReason{
		"end_turn": llm.EndTurn, "max_tokens": llm.MaxTokens, "stop_sequence": llm.StopSequence, "tool_use": llm.ToolUse, "pause_turn": llm.Paused,
		"refusal": llm.Refusal, "model_context_window_exceeded": llm.ContextWindow, "brand_new_reason": "brand_new_reason",
	} {
		for name, content := range map[string]string{
			"without content": "",
			"with text": events(t, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"so"}}`, `{"type":"content_block_stop","index":0}`),
		} {
			t.Run(vendors+" "+name, func(t *testing.T) {
				end := events(t, fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":%q,"stop_sequence":null},"usage":{"output_tokens":3}}`, vendors), `{"type":"message_stop"}`)
				got, err := modelAt(t, replay(events(t, opening)+content+end)).Generate(t.Context(), ask("hi"), nil)
				if err != nil || got.StopReason != want || got.Refused != nil || (got.Text() == "so") != (content != "") || got.Usage.Output != 3 {
					t.Errorf("got %+v and error %v, want %s", got, err, want)
				}
			})
		}
	}
}

func TestTheThinkingOfAnotherModelIsNotShown(t *testing.T) {
	thinking := llm.Block{Opaque: json.RawMessage(`{"type":"thinking","thinking":"canary","signature":"s"}`)}
	for name, change := range map[string]func(*Config){
		"another model":  func(c *Config) { c.Model = "claude-haiku-5-5" },
		"another server": func(c *Config) { c.BaseURL = "http://model.invalid" },
	} {
		cfg := Config{Model: "claude-sonnet-5-5"}
		thinking.Origin = New(cfg, nil).origin()
		req := ask("hi")
		req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Blocks: []llm.Block{thinking, {Text: "so"}}}, ask("on").Messages[0])
		same, _ := json.Marshal(New(cfg, nil).params(req, manners{true, true}))
		change(&cfg)
		other, _ := json.Marshal(New(cfg, nil).params(req, manners{true, true}))
		if !strings.Contains(string(same), "canary") || strings.Contains(string(other), "canary") || !strings.Contains(string(other), `"so"`) {
			t.Errorf("%s: got %s for the same and %s for the other", name, same, other)
		}
	}
}

func TestASecondCallUnderTheSameIDCannotBeRun(t *testing.T) {
	call := func(index int, id string) string {
		return events(t, fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":%q,"name":"get_x","input":{}}}`, index, id),
			fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":"{\"n\":%d}"}}`, index, index),
			fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, index))
	}
	end := events(t, `{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, `{"type":"message_stop"}`)
	got, err := modelAt(t, replay(events(t, opening)+call(0, "a")+call(1, "a")+call(2, "")+call(3, "")+end)).Generate(t.Context(), ask("hi"), nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := got.Calls()
	if len(calls) != 4 || calls[0].ID != "a" || string(calls[0].Input) != `{"n":0}` || string(calls[2].Input) != `{"n":2}` || string(calls[3].Input) != `{"n":3}` {
		t.Fatalf("got %+v, want the first call of each id as it was made", calls)
	}
	if calls[1].Input[0] != '"' || calls[1].ID == "a" {
		t.Errorf("got %+v, want an input that no tool takes, under an id of its own", calls[1])
	}
	ids := map[string]bool{}
	for _, c := range calls {
		ids[c.ID] = true
	}
	if len(ids) != 4 || ids[""] {
		t.Errorf("got ids %v, want four", ids)
	}
}

func TestWhatIsUnknownIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	model := modelAt(t, replay(fullStream(t)))
	model.server.log = slog.New(slog.NewJSONHandler(&log, nil))
	for range 2 {
		if _, err := model.Generate(t.Context(), ask("hi"), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{`"shiny_new_event"`, `"shiny_delta"`, `"hologram"`} {
		if got := strings.Count(log.String(), name); got != 1 {
			t.Errorf("%s: got it %d times in %s, want once", name, got, log.String())
		}
	}
}

// slicer sends a stream byte by byte, each in a packet of its own.
func slicer(stream string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for i := range len(stream) {
			_, _ = io.WriteString(w, stream[i:i+1])
			_ = http.NewResponseController(w).Flush()
		}
	})
}

func TestAStreamInPiecesOfAByteReadsTheSame(t *testing.T) {
	stream := strings.Replace(fullStream(t), "look – ", "größer als 🙂 ", 1)
	for name, bytes := range map[string]string{"as the vendor ends lines": stream, "with CRLF": strings.ReplaceAll(stream, "\n", "\r\n")} {
		t.Run(name, func(t *testing.T) {
			model := modelAt(t, slicer(bytes))
			var heard []string
			got, err := model.Generate(t.Context(), ask("hi"), func(d string) { heard = append(heard, d) })
			if err != nil || got.Text() != "Let me größer als 🙂 ok." || len(heard) != 3 || len(got.Calls()) != 2 {
				t.Errorf("got %+v in %q and error %v, want the unsplit turn", got, heard, err)
			}
		})
	}
}

func TestAModelThatOnlySaysPingIsSilent(t *testing.T) {
	for name, said := range map[string]string{
		"from the start": events(t, opening),
		"in the middle": events(t, opening, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"so"}}`),
		"while it thinks": events(t, opening, unseen),
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				replay(said).ServeHTTP(w, r)
				for r.Context().Err() == nil {
					_, _ = io.WriteString(w, "event: ping\ndata: {\"type\": \"ping\"}\n\n")
					_ = http.NewResponseController(w).Flush()
					time.Sleep(time.Millisecond)
				}
			}))
			model.cfg.Patience = 50 * time.Millisecond
			got, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, fault.UpstreamTimeout)
			if got.Usage.Input != 5 || asked.Load() != 1 || (got.Text() == "so") != strings.Contains(said, "so") {
				t.Errorf("got %+v after %d requests, want what had arrived after one", got, asked.Load())
			}
		})
	}
}

// unseen begins thinking of which nothing is shown.
const unseen = `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`

func TestAModelThatThinksUnseenIsWaitedForLonger(t *testing.T) {
	model := modelAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		replay(events(t, opening, unseen)).ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(1500 * time.Millisecond)
		_, _ = io.WriteString(w, events(t, `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}`,
			`{"type":"content_block_stop","index":0}`, `{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"so"}}`,
			`{"type":"content_block_stop","index":1}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}`, `{"type":"message_stop"}`))
	}))
	model.cfg.Patience = time.Second
	if got, err := model.Generate(t.Context(), ask("hi"), nil); err != nil || got.Text() != "so" {
		t.Errorf("got %+v and error %v, want what it said when it had thought", got, err)
	}
}

func TestWhoListensSlowlyIsNotTakenForASilentModel(t *testing.T) {
	model := modelAt(t, replay(fullStream(t)))
	model.cfg.Patience = 100 * time.Millisecond
	got, err := model.Generate(t.Context(), ask("hi"), func(string) { time.Sleep(200 * time.Millisecond) })
	if err != nil || got.StopReason != llm.ToolUse {
		t.Errorf("got %+v and error %v, want the whole turn", got, err)
	}
}
