package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// claudeTurn is an answer before it is written in the vendor's format.
type claudeTurn struct {
	id      string
	model   string
	blocks  []claudeOut
	stop    string
	details any // with a refusal
	usage   claudeUsage
}

// claudeOut is a block of an answer: a text, a thinking block (whose text stays empty), or a call when name is set.
type claudeOut struct {
	kind  string
	text  string // of a text, or the JSON input of a call
	id    string
	name  string
	start any // the block as it opens in a stream
}

func textOut(text string) claudeOut {
	return claudeOut{kind: "text", text: text, start: struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}{"text", ""}}
}

func thinkingOut() claudeOut {
	return claudeOut{kind: "thinking", start: struct {
		Type      string `json:"type"`
		Thinking  string `json:"thinking"`
		Signature string `json:"signature"`
	}{"thinking", "", ""}}
}

func callOut(id, name, input string) claudeOut {
	return claudeOut{kind: "tool_use", text: input, id: id, name: name, start: struct {
		Type  string   `json:"type"`
		ID    string   `json:"id"`
		Name  string   `json:"name"`
		Input struct{} `json:"input"`
	}{Type: "tool_use", ID: id, Name: name}}
}

// whole is the block as it stands in an answer that is not streamed. An input that was cut short is no JSON any more
// and comes back empty.
func (o claudeOut) whole() any {
	switch o.kind {
	case "thinking":
		return map[string]string{"type": "thinking", "thinking": "", "signature": thinkingSignature("")}
	case "tool_use":
		input := json.RawMessage(o.text)
		if !json.Valid(input) {
			input = json.RawMessage(`{}`)
		}
		return map[string]any{"type": "tool_use", "id": o.id, "name": o.name, "input": input}
	}
	return map[string]string{"type": "text", "text": o.text}
}

// cut keeps the first bytes of an answer, without breaking a character.
func (t *claudeTurn) cut(limit int) {
	for i, b := range t.blocks {
		if len(b.text) < limit {
			limit -= len(b.text)
			continue
		}
		for limit > 0 && !utf8.RuneStart((b.text + "x")[limit]) {
			limit--
		}
		t.blocks[i].text = b.text[:limit]
		t.blocks = t.blocks[:i+1]
		if limit == 0 {
			t.blocks = t.blocks[:i]
		}
		return
	}
}

// message is the answer as one JSON object; a stream opens with it, still empty.
func (t *claudeTurn) message(content []any, stop any, usage claudeUsage) any {
	return struct {
		Model        string `json:"model"`
		ID           string `json:"id"`
		Type         string `json:"type"`
		Role         string `json:"role"`
		Content      []any  `json:"content"`
		StopReason   any    `json:"stop_reason"`
		StopSequence any    `json:"stop_sequence"`
		StopDetails  any    `json:"stop_details"`
		Usage        any    `json:"usage"`
	}{t.model, t.id, "message", "assistant", content, stop, nil, t.details, struct {
		claudeUsage
		Creation    any    `json:"cache_creation"`
		ServiceTier string `json:"service_tier"`
	}{usage, map[string]int{"ephemeral_5m_input_tokens": usage.CacheWrite, "ephemeral_1h_input_tokens": 0}, "standard"}}
}

// whole writes an answer that is not streamed. The faults that break a stream break it too.
func (c *claudeState) whole(w http.ResponseWriter, r *http.Request, turn *claudeTurn, fault FaultKind) error {
	switch fault {
	case FaultOverloaded:
		return claudeError{529, "overloaded_error", "Overloaded"}
	case FaultStreamHang:
		<-r.Context().Done()
		return nil
	case FaultStreamCut:
		panic(http.ErrAbortHandler)
	}
	content := []any{}
	for _, b := range turn.blocks {
		content = append(content, b.whole())
	}
	c.told.begin(turn.model, turn.usage)
	c.told.end(turn.model, turn.usage, turn.usage)
	writeJSON(w, http.StatusOK, "application/json", turn.message(content, turn.stop, turn.usage))
	return nil
}

// claudeEvent is one event of a stream. Deltas are the pieces that take time.
type claudeEvent struct {
	name  string
	data  any
	delta bool
}

// stream writes an answer as events, or half of it when a fault says so.
func (c *claudeState) stream(w http.ResponseWriter, r *http.Request, turn *claudeTurn, fault FaultKind) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	events := turn.events()
	if fault == FaultUnknown {
		events = withUnknown(events)
	}
	deltas, sent := 0, 0
	for _, e := range events {
		if e.delta {
			deltas++
		}
	}
	flush := http.NewResponseController(w).Flush
	out := io.Writer(w)
	if fault == FaultStreamBytes {
		out = byteByByte{w, flush}
	}
	for i, e := range events {
		if e.delta {
			if breaksOff(fault) && sent == deltas/2 {
				c.breakOff(w, r, fault)
				return
			}
			sent++
			if c.opts.DeltaDelay > 0 && !pause(r.Context(), c.opts.DeltaDelay, nil) {
				return
			}
		}
		switch e.name {
		case "message_start":
			c.told.begin(turn.model, turn.begun())
		case "message_delta":
			c.told.end(turn.model, turn.begun(), turn.usage)
		}
		if writeEvent(out, e, i*5%17) != nil || flush() != nil {
			return // the client has left
		}
	}
}

// writeEvent writes one event with blanks before the closing brace, as the vendor does.
func writeEvent(w io.Writer, e claudeEvent, blanks int) error {
	if e.name == "ping" {
		_, err := io.WriteString(w, "event: ping\ndata: {\"type\": \"ping\"}\n\n")
		return err
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e.data); err != nil {
		return err
	}
	open := strings.TrimSuffix(data.String(), "}\n")
	_, err := fmt.Fprintf(w, "event: %s\ndata: %s%s}\n\n", e.name, open, strings.Repeat(" ", blanks))
	return err
}

// begun is what an answer tells with its first event that it takes.
func (t *claudeTurn) begun() claudeUsage {
	first := t.usage
	first.Output = min(1, t.usage.Output)
	return first
}

// events lists the whole stream of an answer.
func (t *claudeTurn) events() []claudeEvent {
	opening := *t
	opening.details = nil
	events := []claudeEvent{{name: "message_start", data: struct {
		Type    string `json:"type"`
		Message any    `json:"message"`
	}{"message_start", opening.message([]any{}, nil, t.begun())}}}
	for i, b := range t.blocks {
		events = append(events, b.events(i)...)
	}
	type delta struct {
		Reason   string `json:"stop_reason"`
		Sequence any    `json:"stop_sequence"`
		Details  any    `json:"stop_details"`
	}
	return append(events,
		claudeEvent{name: "message_delta", data: struct {
			Type  string      `json:"type"`
			Delta delta       `json:"delta"`
			Usage claudeUsage `json:"usage"`
		}{"message_delta", delta{t.stop, nil, t.details}, t.usage}},
		claudeEvent{name: "message_stop", data: struct {
			Type string `json:"type"`
		}{"message_stop"}})
}

// events lists the stream of one block. The pieces of a call's input begin with an empty one, and there is no other
// when the input is empty.
func (o claudeOut) events(index int) []claudeEvent {
	events := []claudeEvent{{name: "content_block_start", data: struct {
		Type  string `json:"type"`
		Index int    `json:"index"`
		Block any    `json:"content_block"`
	}{"content_block_start", index, o.start}}}
	if index == 0 {
		events = append(events, claudeEvent{name: "ping"})
	}
	add := func(kind, field, value string) {
		events = append(events, claudeEvent{name: "content_block_delta", delta: true, data: struct {
			Type  string            `json:"type"`
			Index int               `json:"index"`
			Delta map[string]string `json:"delta"`
		}{"content_block_delta", index, map[string]string{"type": kind, field: value}}})
	}
	switch o.kind {
	case "thinking":
		add("signature_delta", "signature", thinkingSignature(""))
	case "text":
		for _, piece := range textPieces(o.text) {
			add("text_delta", "text", piece)
		}
	case "tool_use":
		add("input_json_delta", "partial_json", "")
		if o.text != "{}" {
			for _, piece := range textPieces(o.text) {
				add("input_json_delta", "partial_json", piece)
			}
		}
	}
	return append(events, claudeEvent{name: "content_block_stop", data: struct {
		Type  string `json:"type"`
		Index int    `json:"index"`
	}{"content_block_stop", index}})
}

// textPieces cuts a text in small parts of changing length, often inside a word, a number or a citation mark.
func textPieces(text string) []string {
	lengths := []int{4, 11, 7, 2, 16, 5, 13} // in characters
	var out []string
	runes := []rune(text)
	for i := 0; len(runes) > 0; i++ {
		n := min(lengths[i%len(lengths)], len(runes))
		out = append(out, string(runes[:n]))
		runes = runes[n:]
	}
	return out
}
