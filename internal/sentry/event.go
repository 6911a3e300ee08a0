package sentry

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// event is a report, as https://develop.sentry.dev/sdk/data-model/event-payloads has it. What is not here is not sent: no
// request, no header, no body, nothing of the machine.
type event struct {
	ID        string            `json:"event_id"`
	Timestamp time.Time         `json:"timestamp"`
	Platform  string            `json:"platform"`
	Level     string            `json:"level"`
	Release   string            `json:"release"`
	Message   message           `json:"logentry"`
	Exception *exceptions       `json:"exception,omitempty"`
	Tags      map[string]string `json:"tags"`
	User      *person           `json:"user,omitempty"`
	Contexts  map[string]any    `json:"contexts,omitempty"`
}

type message struct {
	Formatted string `json:"formatted"`
}

type exceptions struct {
	Values []exception `json:"values"`
}

type exception struct {
	Type       string     `json:"type"`
	Value      string     `json:"value"`
	Stacktrace stacktrace `json:"stacktrace"`
}

type stacktrace struct {
	Frames []frame `json:"frames"` // the innermost last
}

type frame struct {
	Function string `json:"function"`
	Filename string `json:"filename"`
	Line     int    `json:"lineno"`
	InApp    bool   `json:"in_app"`
}

type person struct {
	ID string `json:"id"`
}

// shown are the attributes of a line that go along: names of our own.
var shown = []string{"kind", "tool", "attempt", "state", "period"}

// event makes the report of a line of the log and its error, which may be nil.
func (r *Reporter) event(ctx context.Context, line slog.Record, err error) event {
	e := event{
		ID: hex.EncodeToString(random()), Timestamp: line.Time.UTC(), Platform: "go", Level: "error", Release: "jaspers@" + r.Release,
		Message: message{line.Message}, Tags: map[string]string{},
	}
	if id := telemetry.Correlation(ctx); id != "" {
		e.Tags["correlation_id"] = id
	}
	line.Attrs(func(a slog.Attr) bool {
		if slices.Contains(shown, a.Key) {
			e.Tags[a.Key] = a.Value.String()
		}
		return true
	})
	if id := r.User(ctx); id != "" {
		sum := sha256.Sum256([]byte(id))
		e.User = &person{hex.EncodeToString(sum[:16])}
	}
	if traceID, spanID := trace.IDs(ctx); traceID != "" {
		e.Contexts = map[string]any{"trace": map[string]string{"trace_id": traceID, "span_id": spanID}}
	}
	if err != nil {
		e.Exception = &exceptions{[]exception{newException(err, line.PC)}}
	}
	return e
}

func random() []byte {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return id
}

// newException tells of an error by the type of its innermost cause, and where it was logged; of a panic, where it came
// from.
func newException(err error, at uintptr) exception {
	cause := err
	for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
		cause = next
	}
	x := exception{Type: fmt.Sprintf("%T", cause), Value: impersonal(err.Error())}
	frames := runtime.CallersFrames([]uintptr{at})
	if p, ok := errors.AsType[*fault.Panic](err); ok {
		x.Type, frames = "panic", p.Stack()
	}
	for {
		f, more := frames.Next()
		x.Stacktrace.Frames = append(x.Stacktrace.Frames, frame{f.Function, shorten(f.File), f.Line, strings.Contains(f.Function, "jaspers/internal/")})
		if !more {
			break
		}
	}
	slices.Reverse(x.Stacktrace.Frames)
	return x
}

// shorten is a file with its folder: what is before that is the machine's on which the program was built.
func shorten(file string) string {
	parts := strings.Split(file, "/")
	return strings.Join(parts[max(len(parts)-2, 0):], "/")
}

// personal matches what errors quote: values of people's, rather than words of ours; and addresses of mail.
var personal = regexp.MustCompile("\"[^\"]*\"|'[^']*'|`[^`]*`|\\([^()]*\\)=\\([^()]*\\)|[^\\s\"'<>]+@[^\\s\"'<>]+")

// maxValue bounds the text of an error, in bytes.
const maxValue = 2000

// impersonal is the text of an error without what it quotes, and without secrets.
func impersonal(text string) string {
	text = personal.ReplaceAllString(telemetry.Clean(text), "…")
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue], "") + "…"
	}
	return text
}

// envelope is the event as it is sent: a head, the head of its only item, and that.
func (e event) envelope() ([]byte, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"event_id\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", e.ID, len(payload), payload)
	return b.Bytes(), nil
}
