package claude

import (
	"net/http"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

func TestAnEventThatIsNotKnownMayUseANameForSomethingElse(t *testing.T) {
	t.Parallel()
	const stream = `event: message_start
data: {"type":"message_start","message":{"model":"x","usage":{"input_tokens":3,"output_tokens":1}}}

event: weather
data: {"type":"weather","index":"north","delta":["rain"],"message":7,"usage":"little","content_block":[]}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"sound_delta","text":{"hertz":440},"thinking":null}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"so it \u00e9s"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null,"stop_details":null},"usage":{"output_tokens":2}}

event: message_stop
data: {"type":"message_stop"}

`
	model := quick(New(Config{APIKey: "key", BaseURL: "http://model.invalid", Model: "x"}, &http.Client{Transport: answering{http.StatusOK, "text/event-stream", []byte(stream)}}))
	response, err := model.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Blocks: []llm.Block{{Text: "x"}}}}}, nil)
	if err != nil || response.Text() != "so it és" || response.Usage != (llm.Usage{Input: 3, Output: 2}) {
		t.Errorf("got %q, %+v, %v", response.Text(), response.Usage, err)
	}
}
