package claude

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// answering is a transport that answers everything with the same bytes.
type answering struct {
	status int
	kind   string
	body   []byte
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {a.kind}}, Body: io.NopCloser(bytes.NewReader(a.body)),
	}, nil
}

func FuzzAModelsStreamIsReadOrRefused(f *testing.F) {
	const begin = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"x\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
	const block = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n"
	const end = "data: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n"
	for _, stream := range []string{
		begin + block + end, begin + block, block + end, begin + end, ": ping\r\n\r\n" + begin, "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
		begin + "data: {\"type\":\"content_block_start\",\"index\":-1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":-1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}\n\n" + end,
	} {
		f.Add(200, stream)
	}
	f.Add(529, `{"type":"error","error":{"type":"overloaded_error","message":"x"}}`)
	f.Fuzz(func(t *testing.T, status int, stream string) {
		kind := "text/event-stream"
		if status = 200 + (status&0x7fffffff)%400; status != 200 {
			kind = "application/json"
		}
		model := quick(New(Config{APIKey: "key", BaseURL: "http://model.invalid", Model: "x"}, &http.Client{Transport: answering{status, kind, []byte(stream)}}))
		var heard strings.Builder
		response, err := model.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Blocks: []llm.Block{{Text: "x"}}}}}, func(delta string) { heard.WriteString(delta) })
		if err == nil && response.Text() != heard.String() {
			t.Errorf("said %q, kept %q", heard.String(), response.Text())
		}
		for _, call := range response.Calls() {
			if !json.Valid(call.Input) {
				t.Errorf("a tool's input is no JSON: %q", call.Input)
			}
		}
	})
}
