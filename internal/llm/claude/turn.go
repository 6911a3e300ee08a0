package claude

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// turn gathers the model's answer from the events of its stream.
//
// The SDK's own Message.Accumulate is not used: it zeroes counters and stop reasons that a later message_delta leaves
// out, and turns a tool input that was cut short into an empty one, which looks like a call without arguments.
type turn struct {
	onText  func(string)
	note    func(message, name string) // told of what is not known here
	begun   bool                       // message_start was seen
	spoke   bool                       // some text was given out
	done    bool                       // message_stop was seen
	thinks  bool                       // a block of thinking is open, of which perhaps nothing is shown
	model   string
	stop    llm.StopReason
	refused *llm.Refused
	usage   llm.Usage
	before  []llm.Usage      // of attempts that broke off before this one
	unasked bool             // nothing was sent
	blocks  []*block         // in the order they were opened
	open    map[int64]*block // by the index their deltas carry
}

// block is one content block while its deltas arrive.
type block struct {
	opened    json.RawMessage // as it was opened on the wire
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

func newTurn(onText func(string), note func(message, name string)) *turn {
	if onText == nil {
		onText = func(string) {}
	}
	return &turn{onText: onText, note: note, open: map[int64]*block{}}
}

// add takes in one event. Events, blocks and deltas of unknown types are tolerated; a delta that belongs to no block
// is an error, since something was lost before it.
func (t *turn) add(e event) error {
	switch e.Type {
	case "message_start":
		t.begun, t.model = true, e.Message.Model
		t.addUsage(e.Message.Usage)
	case "content_block_start":
		return t.openBlock(e.Index, e.ContentBlock)
	case "content_block_delta":
		return t.addDelta(e.Index, e.Delta)
	case "message_delta":
		t.addUsage(e.Usage)
		if e.Delta.StopReason != "" {
			t.stop = llm.StopReason(e.Delta.StopReason)
		}
		if details := e.Delta.StopDetails; details.Category != "" || details.Explanation != "" {
			t.refused = &llm.Refused{Category: details.Category, Explanation: details.Explanation}
		}
	case "content_block_stop":
		t.thinks = false
	case "message_stop":
		if t.stop == "" {
			return fmt.Errorf("message_stop without a stop reason")
		}
		t.done = true
	default:
		t.note("the model's stream has events of an unknown type, which are left out", e.Type)
	}
	return nil
}

func (t *turn) openBlock(index int64, raw json.RawMessage) error {
	b := &block{opened: raw}
	if err := json.Unmarshal(raw, &b.start); err != nil {
		return fmt.Errorf("content block %d: %w", index, err)
	}
	t.open[index] = b
	t.blocks = append(t.blocks, b)
	t.thinks = b.start.Type == "thinking" || b.start.Type == "redacted_thinking"
	switch b.start.Type {
	case "text":
		t.addText(b, b.start.Text)
	case "tool_use", "thinking", "redacted_thinking":
	default:
		t.note("the model's answer has blocks of an unknown type, which are only handed back", b.start.Type)
	}
	return nil
}

func (t *turn) addDelta(index int64, delta delta) error {
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
	case "citations_delta": // of the vendor's own tools, which are not offered
	default:
		t.note("the model's stream has deltas of an unknown type, which are left out", delta.Type)
	}
	return nil
}

func (t *turn) addText(b *block, text string) {
	if text == "" {
		return
	}
	b.text.WriteString(text)
	t.spoke = true
	t.onText(text)
}

// counters are the vendor's usage. They are totals of the whole message, and those left out stay as they were.
type counters struct {
	Input      *int64 `json:"input_tokens"`
	Output     *int64 `json:"output_tokens"`
	CacheRead  *int64 `json:"cache_read_input_tokens"`
	CacheWrite *int64 `json:"cache_creation_input_tokens"`
	Creation   struct {
		Hour *int64 `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
}

// addUsage takes over the counters that are there. What cannot be read counts nothing.
func (t *turn) addUsage(raw json.RawMessage) {
	var c counters
	if json.Unmarshal(raw, &c) != nil {
		return
	}
	for _, counter := range []struct{ from, to *int64 }{
		{c.Input, &t.usage.Input}, {c.Output, &t.usage.Output}, {c.CacheRead, &t.usage.CacheRead},
		{c.CacheWrite, &t.usage.CacheWrite}, {c.Creation.Hour, &t.usage.CacheWriteHour},
	} {
		if counter.from != nil {
			*counter.to = max(*counter.from, 0)
		}
	}
	t.usage.CacheWriteHour = min(t.usage.CacheWriteHour, t.usage.CacheWrite)
}

// response is the finished turn of the model that origin names.
func (t *turn) response(origin string) llm.Response {
	r := llm.Response{StopReason: t.stop, Refused: t.refused, Model: t.model, Usage: t.usage, Before: t.before}
	ids := map[string]bool{}
	for _, b := range t.blocks {
		switch b.start.Type {
		case "text":
			if b.text.Len() > 0 {
				r.Blocks = append(r.Blocks, llm.Block{Text: b.text.String()})
			}
		case "tool_use":
			r.Blocks = append(r.Blocks, llm.Block{Call: b.call(ids)})
		default:
			r.Blocks = append(r.Blocks, llm.Block{Opaque: b.opaque(), Origin: origin})
		}
	}
	return r
}

// partial is what had arrived of a turn that failed: text and usage only, and no stop reason.
func (t *turn) partial() llm.Response {
	r := llm.Response{Model: t.model, Usage: t.usage, Before: t.before, Unasked: t.unasked}
	for _, b := range t.blocks {
		if b.text.Len() > 0 {
			r.Blocks = append(r.Blocks, llm.Block{Text: b.text.String()})
		}
	}
	return r
}

// sameID is the input of a call whose id another call of the turn has, too.
var sameID = json.RawMessage(`"refused: another call of this turn has the same id"`)

// call is a tool call whose id no other call of the turn has, so that each result finds its own. One that comes under the id
// of another gets an id of ours, and an input that no tool takes: nobody can say which of the two was meant.
func (b *block) call(ids map[string]bool) *llm.ToolCall {
	call := &llm.ToolCall{ID: b.start.ID, Name: b.start.Name, Input: b.toolInput()}
	if ids[call.ID] {
		call.Input = sameID
	}
	if call.ID == "" || ids[call.ID] {
		call.ID = "toolu_" + rand.Text()
	}
	ids[call.ID] = true
	return call
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
		return b.opened
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(b.opened, &fields); err != nil {
		return b.opened
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
		return b.opened
	}
	return whole
}
