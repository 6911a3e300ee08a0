package chat

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Event is one thing an answer's stream says. Seq grows from 1 and means one event, also to those who heard events that
// were lost with their process. It skips numbers only there: what Recover adds comes after a gap.
type Event struct {
	Seq  int64           `json:"seq"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// The types of events. A stream begins with run and ends with done, which holds the whole message. Where there is no such
// message, because the session was deleted or the end could not be stored, it ends with error.
const (
	EventRun      = "run"
	EventIntent   = "intent"
	EventTool     = "tool"
	EventDelta    = "delta"
	EventFigure   = "figure"
	EventCitation = "citation"
	EventUsage    = "usage"
	EventError    = "error"
	EventDone     = "done"
)

// RunData opens a stream.
type RunData struct {
	SessionID     string `json:"sessionId"`
	MessageID     string `json:"messageId"`
	UserMessageID string `json:"userMessageId"`
	PromptVersion string `json:"promptVersion"`
}

// DeltaData is the next piece of the answer.
type DeltaData struct {
	Text string `json:"text"`
}

// ToolData tells of a tool call: once when it begins ("running") and once when it ends ("done" or "failed").
type ToolData struct {
	Handle     string          `json:"handle"`
	Name       string          `json:"name"`
	Input      json.RawMessage `json:"input"`
	Status     string          `json:"status" enum:"running,done,failed"`
	Error      *Problem        `json:"error"`
	DurationMs *int64          `json:"durationMs"`
}

func toolData(call *analyst.ToolCall) ToolData {
	data := ToolData{Handle: call.Handle, Name: call.Name, Input: call.Input, Status: "running"}
	if call.Output == nil {
		return data
	}
	took := call.Duration.Milliseconds()
	data.Status, data.DurationMs = "done", &took
	if call.Err != nil {
		data.Status, data.Error = "failed", problemOf(call.Err)
	}
	return data
}

// problemOf is what people may know of an error.
func problemOf(err error) *Problem {
	f := fault.From(err)
	return &Problem{Code: string(f.Kind), Message: f.Message}
}

// dataOf is an analyst's event as the stream says it.
func dataOf(e analyst.Event) (kind string, data any) {
	switch {
	case e.Intent != nil:
		return EventIntent, e.Intent
	case e.Tool != nil:
		return EventTool, toolData(e.Tool)
	case e.Figure != nil:
		return EventFigure, e.Figure
	case e.Citation != nil:
		return EventCitation, e.Citation
	case e.Usage != nil:
		return EventUsage, e.Usage
	}
	return EventDelta, DeltaData{Text: e.Delta}
}

// stamped is an event with the time at which it was said.
type stamped struct {
	Event
	at time.Time
}

// eventLog holds the events of one run. One goroutine appends; any number read at their own pace.
type eventLog struct {
	mu     sync.Mutex
	events []stamped
	grown  chan struct{} // closed and replaced when something is appended
	over   bool
}

// encodeEvent numbers an event and prints its data.
func encodeEvent(seq int64, kind string, data any, at time.Time) (stamped, error) {
	text, err := json.Marshal(data)
	return stamped{Event{Seq: seq, Type: kind, Data: text}, at}, err
}

// add says the next event to all readers, and how many there are now.
func (l *eventLog) add(kind string, data any, at time.Time) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := encodeEvent(int64(len(l.events)+1), kind, data, at)
	if err != nil {
		return len(l.events), err
	}
	l.events = append(l.events, e)
	l.wake()
	return len(l.events), nil
}

// end adds the last events and lets readers go when they have read them.
func (l *eventLog) end(last []stamped) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, last...)
	l.over = true
	l.wake()
}

func (l *eventLog) wake() {
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// after returns what follows the first seen events. With nothing new, grown is closed as soon as there is.
func (l *eventLog) after(seen int) (events []stamped, over bool, grown <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	seen = min(seen, len(l.events))
	return slices.Clip(l.events[seen:]), l.over, l.grown
}

// all yields the events after the one numbered seq, those to come included, until the log is over or ctx is.
func (l *eventLog) all(ctx context.Context, seq int64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		seen := int(max(seq, 0))
		for {
			events, over, grown := l.after(seen)
			for _, e := range events {
				if !yield(e.Event) {
					return
				}
			}
			seen += len(events)
			if over {
				return
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}
