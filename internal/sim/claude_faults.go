package sim

import (
	"io"
	"net/http"
	"slices"
	"time"
)

// shape applies max_tokens and the faults that are regular answers, and counts the output.
func (t *claudeTurn) shape(fault FaultKind, maxTokens int) {
	size := 0
	for _, b := range t.blocks {
		size += len(b.text)
	}
	limit := min(size, 4*maxTokens)
	switch fault {
	case FaultRefusal:
		t.blocks, t.stop, limit, size = nil, "refusal", 0, 0
		t.details = map[string]any{"type": "refusal", "category": nil, "explanation": "The simulated model refuses on demand."}
	case FaultEmptyTurn:
		t.blocks, t.stop, limit, size = nil, "end_turn", 0, 0
	case FaultMaxTokens:
		limit = min(limit, size/2)
	case FaultPaused:
		if t.stop == "end_turn" {
			t.stop = "pause_turn"
		}
	case FaultContextFull:
		t.stop = "model_context_window_exceeded"
	case FaultToolInputCut, FaultSameToolID:
		t.spoil(fault)
	}
	if limit < size {
		t.cut(limit)
		t.stop = "max_tokens"
	}
	t.usage.Output = tokenCount(limit)
}

// spoil breaks the calls of an answer.
func (t *claudeTurn) spoil(fault FaultKind) {
	first := slices.IndexFunc(t.blocks, func(b claudeOut) bool { return b.name != "" })
	for i, b := range t.blocks {
		switch {
		case b.name == "":
		case fault == FaultSameToolID:
			t.blocks[i] = callOut(t.blocks[first].id, b.name, b.text)
		case i == first:
			t.blocks[i].text = `{"symbols":["AA`
		}
	}
}

// loop makes an answer a call of the first tool that is offered. An answer without tools stays as it is.
func (c *claudeState) loop(t *claudeTurn, req *claudeRequest) {
	if len(req.Tools) > 0 {
		t.blocks, t.stop = []claudeOut{callOut(c.newID("toolu_", "again"), req.Tools[0].Name, "{}")}, "tool_use"
	}
}

// breaksOff are the faults that end a stream in its middle.
func breaksOff(fault FaultKind) bool {
	return slices.Contains([]FaultKind{FaultStreamHang, FaultStreamCut, FaultOverloaded, FaultStreamPings}, fault)
}

// pingPause lies between the pings of a stream that says nothing else.
const pingPause = 10 * time.Millisecond

// breakOff is what becomes of a stream in its middle. A cut is a regular end of the body: nothing but the missing
// message_stop tells.
func (c *claudeState) breakOff(w http.ResponseWriter, r *http.Request, fault FaultKind) {
	switch fault {
	case FaultStreamHang:
		<-r.Context().Done()
	case FaultStreamPings:
		for pause(r.Context(), pingPause, nil) {
			if writeEvent(w, claudeEvent{name: "ping"}, 0) != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	case FaultOverloaded:
		_, _ = io.WriteString(w, "event: error\ndata: {\"type\": \"error\", \"error\": {\"type\": \"overloaded_error\", \"message\": \"Overloaded\"}}\n\n")
	}
}

// withUnknown puts what a later version of the API may send into a stream: behind its opening an event, at its end a block
// with a delta.
func withUnknown(events []claudeEvent) []claudeEvent {
	type fields = map[string]any
	last := 0
	for _, e := range events {
		if e.name == "content_block_start" {
			last++
		}
	}
	end := len(events) - 2 // message_delta and message_stop
	return slices.Concat(events[:1], []claudeEvent{{name: "simulated_event", data: fields{"type": "simulated_event", "index": 0}}}, events[1:end],
		[]claudeEvent{
			{name: "content_block_start", data: fields{"type": "content_block_start", "index": last, "content_block": fields{"type": "simulated_block", "depth": 1}}},
			{name: "content_block_delta", data: fields{"type": "content_block_delta", "index": last, "delta": fields{"type": "simulated_delta", "more": true}}},
			{name: "content_block_stop", data: fields{"type": "content_block_stop", "index": last}},
		}, events[end:])
}

// byteByByte sends every byte in a packet of its own, so that characters and lines arrive in pieces.
type byteByByte struct {
	io.Writer
	flush func() error
}

// Write sends p.
func (b byteByByte) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.Writer.Write(p[i : i+1]); err != nil {
			return i, err
		}
		if err := b.flush(); err != nil {
			return i, err
		}
	}
	return len(p), nil
}
