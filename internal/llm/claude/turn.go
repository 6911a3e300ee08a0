package claude

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// turn gathers the model's answer from the events of its stream.
//
// The SDK's own Message.Accumulate is not used: it zeroes counters and stop reasons that a later message_delta leaves
// out, and turns a tool input that was cut short into an empty one, which looks like a call without arguments.
type turn struct {
	onText func(string)
	done   bool // message_stop was seen
	model  string
	stop   llm.StopReason
	usage  llm.Usage
	blocks []*block         // in the order they were opened
	open   map[int64]*block // by the index their deltas carry
}

// block is one content block while its deltas arrive.
type block struct {
	opened    string // the wire JSON it was opened with
	start     blockStart
	text      strings.Builder
	input     strings.Builder
	thinking  strings.Builder
	signature strings.Builder
}

// blockStart holds the fields of a freshly opened block that we read.
type blockStart struct {
	Type  string          `json:"type"`
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Text  string          `json:"text"`
	Input json.RawMessage `json:"input"`
}

func newTurn(onText func(string)) *turn {
	if onText == nil {
		onText = func(string) {}
	}
	return &turn{onText: onText, open: map[int64]*block{}}
}

// add takes in one event. Events, blocks and deltas of unknown types are tolerated; a delta that belongs to no block
// is an error, since something was lost before it.
func (t *turn) add(event anthropic.MessageStreamEventUnion) error {
	switch event.Type {
	case "message_start":
		t.model = string(event.Message.Model)
		usage := event.Message.Usage
		t.usage = llm.Usage{
			Input:      usage.InputTokens,
			Output:     usage.OutputTokens,
			CacheRead:  usage.CacheReadInputTokens,
			CacheWrite: usage.CacheCreationInputTokens,
		}
	case "content_block_start":
		return t.openBlock(event.Index, event.ContentBlock.RawJSON())
	case "content_block_delta":
		return t.addDelta(event.Index, event.Delta)
	case "message_delta":
		t.addUsage(event.Usage)
		if event.Delta.StopReason != "" {
			t.stop = llm.StopReason(event.Delta.StopReason)
		}
	case "message_stop":
		if t.stop == "" {
			return fmt.Errorf("message_stop without a stop reason")
		}
		t.done = true
	}
	return nil
}

func (t *turn) openBlock(index int64, raw string) error {
	b := &block{opened: raw}
	if err := json.Unmarshal([]byte(raw), &b.start); err != nil {
		return fmt.Errorf("content block %d: %w", index, err)
	}
	t.open[index] = b
	t.blocks = append(t.blocks, b)
	if b.start.Type == "text" {
		t.addText(b, b.start.Text)
	}
	return nil
}

func (t *turn) addDelta(index int64, delta anthropic.MessageStreamEventUnionDelta) error {
	b, ok := t.open[index]
	if !ok {
		return fmt.Errorf("a delta for content block %d, which was never opened", index)
	}
	switch delta.Type {
	case "text_delta":
		t.addText(b, delta.Text)
	case "input_json_delta":
		b.input.WriteString(delta.PartialJSON)
	case "thinking_delta":
		b.thinking.WriteString(delta.Thinking)
	case "signature_delta":
		b.signature.WriteString(delta.Signature)
	}
	return nil
}

func (t *turn) addText(b *block, text string) {
	if text == "" {
		return
	}
	b.text.WriteString(text)
	t.onText(text)
}

// addUsage takes over the counters that are there: they are totals of the whole message, and those left out stay.
func (t *turn) addUsage(u anthropic.MessageDeltaUsage) {
	if u.JSON.InputTokens.Valid() {
		t.usage.Input = u.InputTokens
	}
	if u.JSON.OutputTokens.Valid() {
		t.usage.Output = u.OutputTokens
	}
	if u.JSON.CacheReadInputTokens.Valid() {
		t.usage.CacheRead = u.CacheReadInputTokens
	}
	if u.JSON.CacheCreationInputTokens.Valid() {
		t.usage.CacheWrite = u.CacheCreationInputTokens
	}
}

// response is the finished turn.
func (t *turn) response() llm.Response {
	r := llm.Response{StopReason: t.stop, Model: t.model, Usage: t.usage}
	for _, b := range t.blocks {
		switch b.start.Type {
		case "text":
			if b.text.Len() > 0 {
				r.Blocks = append(r.Blocks, llm.Block{Text: b.text.String()})
			}
		case "tool_use":
			r.Blocks = append(r.Blocks, llm.Block{Call: &llm.ToolCall{ID: b.start.ID, Name: b.start.Name, Input: b.toolInput()}})
		default:
			r.Blocks = append(r.Blocks, llm.Block{Opaque: b.opaque()})
		}
	}
	return r
}

// partial is what had arrived of a turn that failed: text and usage only, and no stop reason.
func (t *turn) partial() llm.Response {
	r := llm.Response{Model: t.model, Usage: t.usage}
	for _, b := range t.blocks {
		if b.text.Len() > 0 {
			r.Blocks = append(r.Blocks, llm.Block{Text: b.text.String()})
		}
	}
	return r
}

// toolInput is the input of a call, byte for byte when it is JSON. What is not (max_tokens cut it short) becomes a
// JSON string, which can be stored and shown and which no check of arguments mistakes for an object.
func (b *block) toolInput() json.RawMessage {
	switch input := b.input.String(); {
	case input == "" && len(b.start.Input) > 0:
		return b.start.Input
	case input == "":
		return json.RawMessage(`{}`)
	case json.Valid([]byte(input)):
		return json.RawMessage(input)
	default:
		quoted, _ := json.Marshal(input) // a string always marshals
		return quoted
	}
}

// opaque is the whole block as it has to go back: what opened it, with the fields that came as deltas filled in.
func (b *block) opaque() json.RawMessage {
	if b.text.Len()+b.input.Len()+b.thinking.Len()+b.signature.Len() == 0 {
		return json.RawMessage(b.opened)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(b.opened), &fields); err != nil {
		return json.RawMessage(b.opened)
	}
	for name, text := range map[string]*strings.Builder{"text": &b.text, "thinking": &b.thinking, "signature": &b.signature} {
		if text.Len() > 0 {
			fields[name], _ = json.Marshal(text.String())
		}
	}
	if b.input.Len() > 0 {
		fields["input"] = b.toolInput()
	}
	whole, err := json.Marshal(fields)
	if err != nil {
		return json.RawMessage(b.opened)
	}
	return whole
}
