package claude

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// recordings are the paths of real recordings that match a pattern; there have to be some.
func recordings(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(sharedtest.Dir(t, "upstreams/fixtures/dev/anthropic"), pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("recordings %s: got %v and error %v, want some", pattern, paths, err)
	}
	return paths
}

// reading is what a stream says, found by walking its generic JSON rather than with the SDK.
type reading struct {
	Text    string
	Calls   []any // id, name and input of each
	Opaque  []any
	Stop    string
	Model   string
	Usage   llm.Usage
	Failed  bool
	blocks  []map[string]any
	inputs  []string
	stopped bool
}

func readStream(t *testing.T, stream string) reading {
	t.Helper()
	var r reading
	for line := range strings.Lines(stream) {
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		r.take(decode(t, data).(map[string]any))
	}
	r.Failed = !r.stopped
	for i, b := range r.blocks {
		if r.inputs[i] != "" {
			b["input"] = decode(t, r.inputs[i])
		}
		switch b["type"] {
		case "text":
			r.Text += b["text"].(string)
		case "tool_use":
			r.Calls = append(r.Calls, []any{b["id"], b["name"], b["input"]})
		default:
			r.Opaque = append(r.Opaque, b)
		}
	}
	return r
}

func (r *reading) take(event map[string]any) {
	switch event["type"] {
	case "message_start":
		message := event["message"].(map[string]any)
		r.Model = message["model"].(string)
		r.count(message["usage"])
	case "content_block_start":
		r.blocks = append(r.blocks, event["content_block"].(map[string]any))
		r.inputs = append(r.inputs, "")
	case "content_block_delta":
		index, _ := event["index"].(json.Number).Int64()
		block := r.blocks[index]
		for key, value := range event["delta"].(map[string]any) {
			switch key {
			case "text", "thinking", "signature":
				block[key] = block[key].(string) + value.(string)
			case "partial_json":
				r.inputs[index] += value.(string)
			}
		}
	case "message_delta":
		r.Stop, _ = event["delta"].(map[string]any)["stop_reason"].(string)
		r.count(event["usage"])
	case "message_stop":
		r.stopped = true
	}
}

func (r *reading) count(usage any) {
	counters, _ := usage.(map[string]any)
	for name, target := range map[string]*int64{
		"input_tokens": &r.Usage.Input, "output_tokens": &r.Usage.Output,
		"cache_read_input_tokens": &r.Usage.CacheRead, "cache_creation_input_tokens": &r.Usage.CacheWrite,
	} {
		if n, ok := counters[name].(json.Number); ok {
			*target, _ = n.Int64()
		}
	}
	kept, _ := counters["cache_creation"].(map[string]any)
	if n, ok := kept["ephemeral_1h_input_tokens"].(json.Number); ok {
		r.Usage.CacheWriteHour, _ = n.Int64()
	}
}

func TestRecordedStreamsReadAsTheyWereWritten(t *testing.T) {
	for _, path := range recordings(t, "*.sse") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			stream, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := readStream(t, string(stream))
			var heard strings.Builder
			got, err := modelAt(t, replay(string(stream))).Generate(t.Context(), ask("hi"), func(d string) { heard.WriteString(d) })
			if (err != nil) != want.Failed {
				t.Fatalf("error: got %v, want failed %t", err, want.Failed)
			}
			if heard.String() != want.Text {
				t.Errorf("deltas: got %q, want %q", heard.String(), want.Text)
			}
			if want.Failed {
				want.Opaque = nil
			}
			if diff := cmp.Diff(want, summarize(t, got, err != nil), cmp.FilterPath(unexported, cmp.Ignore())); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func unexported(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && strings.ToLower(field.Name()[:1]) == field.Name()[:1]
}

func summarize(t *testing.T, r llm.Response, failed bool) reading {
	t.Helper()
	out := reading{Text: r.Text(), Stop: string(r.StopReason), Model: r.Model, Usage: r.Usage, Failed: failed}
	for _, b := range r.Blocks {
		switch {
		case b.Call != nil:
			out.Calls = append(out.Calls, []any{b.Call.ID, b.Call.Name, decode(t, string(b.Call.Input))})
		case b.Opaque != nil:
			out.Opaque = append(out.Opaque, decode(t, string(b.Opaque)))
		}
	}
	return out
}

func TestAnOverloadRecordedInTheStreamIsDown(t *testing.T) {
	path := sharedtest.Dir(t, "upstreams/fixtures/dev/anthropic/stream-error-overloaded-mid.sse")
	stream, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	model := modelAt(t, replay(string(stream)))
	_, err = model.Generate(t.Context(), ask("hi"), nil)
	checkFault(t, model, err, fault.UpstreamDown)
}

// exchange is a recorded request with its answer. Some files hold the answer alone, with or without its status.
type exchange struct {
	Request struct {
		URL  string
		Body json.RawMessage
	}
	Response answered
}

type answered struct {
	Status  int
	Headers map[string]string
	Body    json.RawMessage
}

func readExchange(t *testing.T, path string) exchange {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var whole exchange
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	if whole.Response.Body != nil {
		return whole
	}
	if err := json.Unmarshal(raw, &whole.Response); err != nil {
		t.Fatal(err)
	}
	if whole.Response.Body == nil {
		whole.Response = answered{Status: http.StatusOK, Body: raw}
	}
	return whole
}

// replay answers with what was recorded, less the headers that belong to the recorded bytes.
func (a answered) replay() http.HandlerFunc {
	headers := map[string]string{}
	for name, value := range a.Headers {
		switch http.CanonicalHeaderKey(name) {
		case "Content-Length", "Transfer-Encoding", "Connection":
		default:
			headers[name] = value
		}
	}
	return refuse(a.Status, headers, string(a.Body))
}

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	kinds := map[int]fault.Kind{
		400: fault.UpstreamFailed, 401: fault.ModelNotConfigured, 404: fault.ModelNotConfigured, 413: fault.TooLarge,
		429: fault.UpstreamDown, 500: fault.UpstreamDown, 529: fault.UpstreamDown,
	}
	for _, path := range recordings(t, "error-*.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			recorded := readExchange(t, path).Response
			want, known := kinds[recorded.Status]
			if !known {
				t.Fatalf("status %d: got a recording the table does not know", recorded.Status)
			}
			model := modelAt(t, recorded.replay())
			_, err := model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, want)
			wait, _ := strconv.Atoi(recorded.Headers["retry-after"])
			if got := fault.From(err).RetryAfter; got != time.Duration(wait)*time.Second {
				t.Errorf("retry after: got %s, want %d s", got, wait)
			}
			resp := &http.Response{StatusCode: recorded.Status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(recorded.Body))}
			for name, value := range recorded.Headers {
				resp.Header.Set(name, value)
			}
			if got, want := Again(resp), recorded.Status == 429 || recorded.Status >= 500; got != want {
				t.Errorf("again: got %t, want %t", got, want)
			}
			if count, err := model.CountTokens(t.Context(), ask("hi")); err != nil || count != llm.Estimate(ask("hi")) {
				t.Errorf("counting: got %d, %v, want the estimate", count, err)
			}
		})
	}
}

func TestRecordedCountsAreRead(t *testing.T) {
	for _, path := range recordings(t, "count-tokens*.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			recorded := readExchange(t, path)
			model, sent := sentTo(t, recorded.Response.replay())
			req, _ := requestOf(t, recorded.Request.Body, model)
			got, err := model.CountTokens(t.Context(), req)
			want, _ := decode(t, string(recorded.Response.Body)).(map[string]any)["input_tokens"].(json.Number).Int64()
			if err != nil || got != want {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
			if llm.Estimate(req) < want {
				t.Errorf("estimate: got %d, want at least %d", llm.Estimate(req), want)
			}
			if diff := cmp.Diff(plain(t, recorded.Request.Body), plain(t, []byte(sent()))); diff != "" {
				t.Errorf("request (-recorded +ours):\n%s", diff)
			}
		})
	}
}

func TestTheRecordedListOfModelsIsRead(t *testing.T) {
	for _, path := range recordings(t, "models-list*.json") {
		list := readExchange(t, path).Response
		first := decode(t, string(list.Body)).(map[string]any)["data"].([]any)[0].(map[string]any)
		model := modelAt(t, list.replay())
		model.cfg.Model, model.spec = first["id"].(string), Spec{}
		model.lookUpModel(t.Context())
		if want, _ := first["max_input_tokens"].(json.Number).Int64(); model.Info().Window != want {
			t.Errorf("window: got %d, want %d", model.Info().Window, want)
		}
		if len(model.server.noted) != 0 {
			t.Errorf("got %v, want a list with the model in it", model.server.noted)
		}
	}
}

// streamOf writes a recorded message as the stream it would have come as: each block opened empty and filled by one delta.
func streamOf(t *testing.T, message map[string]any) string {
	t.Helper()
	event := func(fields map[string]any) string {
		raw, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return events(t, string(raw))
	}
	with := func(from map[string]any, changes map[string]any) map[string]any {
		out := maps.Clone(from)
		maps.Copy(out, changes)
		return out
	}
	stream := event(map[string]any{"type": "message_start", "message": with(message, map[string]any{"content": []any{}, "stop_reason": nil, "stop_details": nil})})
	for i, item := range message["content"].([]any) {
		block := item.(map[string]any)
		opened := block
		var deltas []map[string]any
		switch block["type"] {
		case "text":
			opened = map[string]any{"type": "text", "text": ""}
			cited, _ := block["citations"].([]any)
			for _, citation := range cited {
				deltas = append(deltas, map[string]any{"type": "citations_delta", "citation": citation})
			}
			deltas = append(deltas, map[string]any{"type": "text_delta", "text": block["text"]})
		case "thinking":
			opened = map[string]any{"type": "thinking", "thinking": "", "signature": ""}
			deltas = append(deltas, map[string]any{"type": "thinking_delta", "thinking": block["thinking"]},
				map[string]any{"type": "signature_delta", "signature": block["signature"]})
		case "tool_use":
			opened = with(block, map[string]any{"input": map[string]any{}})
			input, _ := json.Marshal(block["input"])
			deltas = append(deltas, map[string]any{"type": "input_json_delta", "partial_json": string(input)})
		}
		stream += event(map[string]any{"type": "content_block_start", "index": i, "content_block": opened})
		for _, delta := range deltas {
			stream += event(map[string]any{"type": "content_block_delta", "index": i, "delta": delta})
		}
		stream += event(map[string]any{"type": "content_block_stop", "index": i})
	}
	return stream + event(map[string]any{"type": "message_delta", "usage": message["usage"], "delta": map[string]any{
		"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"], "stop_details": message["stop_details"],
	}}) + event(map[string]any{"type": "message_stop"})
}

// readMessage is what a whole message says, found in its generic JSON.
func readMessage(message map[string]any) reading {
	r := reading{Stop: message["stop_reason"].(string), Model: message["model"].(string)}
	r.count(message["usage"])
	for _, item := range message["content"].([]any) {
		switch block := item.(map[string]any); block["type"] {
		case "text":
			r.Text += block["text"].(string)
		case "tool_use":
			r.Calls = append(r.Calls, []any{block["id"], block["name"], block["input"]})
		default:
			r.Opaque = append(r.Opaque, block)
		}
	}
	return r
}

// messageFiles are the recordings of whole answers.
func messageFiles(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(recordings(t, "message-*.json"), func(path string) bool { return strings.HasSuffix(path, ".request.json") })
}

func TestRecordedMessagesReadAsTheyWereWritten(t *testing.T) {
	for _, path := range messageFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			message := decode(t, string(readExchange(t, path).Response.Body)).(map[string]any)
			model := modelAt(t, replay(streamOf(t, message)))
			got, err := model.Generate(t.Context(), ask("hi"), nil)
			if err != nil {
				t.Fatal(err)
			}
			want := readMessage(message)
			if diff := cmp.Diff(want, summarize(t, got, false), cmp.FilterPath(unexported, cmp.Ignore())); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
			details, _ := message["stop_details"].(map[string]any)
			if (details != nil) != (got.Refused != nil) || details != nil && *got.Refused != (llm.Refused{
				Category: details["category"].(string), Explanation: details["explanation"].(string),
			}) {
				t.Errorf("refused: got %+v, want %v", got.Refused, details)
			}
			usage := want.Usage
			if prompt := usage.Input + usage.CacheRead + usage.CacheWrite; got.Usage.Prompt() != prompt || prompt > 0 &&
				got.Usage.HitRate() != float64(usage.CacheRead)/float64(prompt) {
				t.Errorf("got a prompt of %d and a hit rate of %f of %+v", got.Usage.Prompt(), got.Usage.HitRate(), usage)
			}
		})
	}
}

func TestEveryRecordingIsReadBySomeTest(t *testing.T) {
	read := map[string]bool{}
	for _, pattern := range []string{"*.sse", "error-*.json", "count-tokens*.json", "models-list*.json", "message-*.json", "*.request.json"} {
		for _, path := range recordings(t, pattern) {
			read[path] = true
		}
	}
	for _, path := range recordings(t, "*") {
		if !read[path] {
			t.Errorf("%s: got a recording that no test reads", filepath.Base(path))
		}
	}
}
