package claude

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	kinds := map[int]fault.Kind{
		400: fault.UpstreamFailed, 401: fault.ModelNotConfigured, 404: fault.ModelNotConfigured, 413: fault.TooLarge,
		429: fault.UpstreamDown, 500: fault.UpstreamDown, 529: fault.UpstreamDown,
	}
	type answer struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
	for _, path := range recordings(t, "error-*.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var file struct {
				answer
				Response *answer
			}
			if err := json.Unmarshal(raw, &file); err != nil {
				t.Fatal(err)
			}
			recorded := file.answer
			if file.Response != nil {
				recorded = *file.Response
			}
			want, known := kinds[recorded.Status]
			if !known {
				t.Fatalf("status %d: got a recording the table does not know", recorded.Status)
			}
			for name := range recorded.Headers { // these belong to the recorded bytes
				if http.CanonicalHeaderKey(name) == "Content-Length" || http.CanonicalHeaderKey(name) == "Transfer-Encoding" {
					delete(recorded.Headers, name)
				}
			}
			model := modelAt(t, refuse(recorded.Status, recorded.Headers, string(recorded.Body)))
			_, err = model.Generate(t.Context(), ask("hi"), nil)
			checkFault(t, model, err, want)
		})
	}
}
