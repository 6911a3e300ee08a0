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

// Event is one thing an answer's stream says. Seq counts from 1 without gaps, and means the same event for ever: nobody
// hears an event before it is stored. One without a number tells why the stream ends though the answer may go on: attach
// again after the last number.
type Event struct {
	Seq  int64           `json:"seq"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// The types of events. A stream begins with run and ends with done, which holds the whole message. Where there is no such
// message, because the session was deleted or the end could not be stored, it ends with an error that has no number.
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

// encodeEvent numbers an event and prints its data.
func encodeEvent(seq int64, kind string, data any, at time.Time) (stamped, error) {
	text, err := json.Marshal(data)
	return stamped{Event{Seq: seq, Type: kind, Data: text}, at}, err
}

// NoticeOf is an event that tells why a stream ends, and not how its answer did: it has no number, and is not stored.
func NoticeOf(err error) Event {
	text, _ := json.Marshal(problemOf(err)) // two texts always print
	return Event{Type: EventError, Data: text}
}

func notice(err error) *Event { return new(NoticeOf(err)) }

// eventLog holds the events of one answer as they are stored: the one numbered n stands at place n-1. One goroutine
// appends; any number read at their own pace.
type eventLog struct {
	mu     sync.Mutex
	events []Event
	grown  chan struct{} // closed and replaced when something is appended
	over   bool
	notice *Event // after the last event, when more may be stored than this log has
}

// append tells all readers of events that follow those in the log.
func (l *eventLog) append(events []Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
	l.wake()
}

// end lets readers go when they have read what there is; with a notice, if it is not nil.
func (l *eventLog) end(last *Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over, l.notice = true, last
	l.wake()
}

func (l *eventLog) wake() {
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// last is the number of the last event.
func (l *eventLog) last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.events))
}

// after returns what follows the event numbered seq. With nothing new, grown is closed as soon as there is.
func (l *eventLog) after(seq int64) (events []Event, over bool, grown <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	if seq < int64(len(l.events)) {
		events = slices.Clip(l.events[max(seq, 0):])
	}
	if l.over && l.notice != nil {
		events = append(events, *l.notice)
	}
	return events, l.over, l.grown
}

// all yields the events after the one numbered seq, those to come included, until the log is over or ctx is.
func (l *eventLog) all(ctx context.Context, seq int64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			events, over, grown := l.after(seq)
			for _, e := range events {
				if !yield(e) {
					return
				}
				seq = max(seq, e.Seq)
			}
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
