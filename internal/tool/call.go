package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// HandleOf is the handle of an answer's n-th tool call, from 1.
func HandleOf(n int) string { return "t" + strconv.Itoa(n) }

// envelope is a tool result as a model reads it.
type envelope struct {
	Handle   string          `json:"handle"`
	Tool     string          `json:"tool"`
	Source   string          `json:"source"`
	AsOf     *time.Time      `json:"asOf"`
	Data     json.RawMessage `json:"data"`
	Warnings []string        `json:"warnings"`
}

// Print prints a result as a model reads it, under its handle, within MaxOutput; TooLarge when no list of it can be cut.
func Print(handle, name string, r Result) (json.RawMessage, error) {
	data, err := toJSON(r.Data)
	if err != nil {
		return nil, err
	}
	e := envelope{Handle: handle, Tool: name, Source: r.Source.Name, AsOf: timeOrNil(r.Source.AsOf), Data: data, Warnings: slices.Clone(r.Warnings)}
	if e.Warnings == nil {
		e.Warnings = []string{}
	}
	text, err := toJSON(e)
	if err != nil || len(text) <= MaxOutput {
		return text, err
	}
	const room = 256 // for the warning that says what is missing
	if err := e.cut(len(text) - MaxOutput + room); err != nil {
		return nil, err
	}
	return toJSON(e)
}

// cut drops rows from the end of the data's longest list until at least excess bytes are gone.
func (e *envelope) cut(excess int) error {
	tooLarge := fault.New(fault.TooLarge, "the result is too large; ask for less at once")
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Data, &fields) != nil {
		return tooLarge
	}
	longest := ""
	for name, value := range fields {
		if value[0] == '[' && (longest == "" || len(value) > len(fields[longest])) {
			longest = name
		}
	}
	var rows []json.RawMessage
	if longest == "" || len(fields[longest]) < excess || json.Unmarshal(fields[longest], &rows) != nil {
		return tooLarge
	}
	total := len(rows)
	for excess > 0 && len(rows) > 0 {
		excess -= len(rows[len(rows)-1]) + len(",")
		rows = rows[:len(rows)-1]
	}
	var err error
	if fields[longest], err = toJSON(rows); err != nil {
		return err
	}
	e.Warnings = append(e.Warnings, fmt.Sprintf("%s is cut: only the first %d of %d are shown", longest, len(rows), total))
	e.Data, err = toJSON(fields)
	return err
}

// PrintFailure prints what a model is told of a call that failed: the words that anyone may read.
func PrintFailure(handle string, failure error) json.RawMessage {
	f := fault.From(failure)
	failed := struct {
		Handle string `json:"handle"`
		Error  struct {
			Code    fault.Kind    `json:"code"`
			Message string        `json:"message"`
			Fields  []fault.Field `json:"fields,omitempty"`
		} `json:"error"`
	}{Handle: handle}
	failed.Error.Code, failed.Error.Message, failed.Error.Fields = f.Kind, f.Message, f.Fields
	text, err := toJSON(failed)
	if err != nil { // strings always print
		return json.RawMessage(`{}`)
	}
	return text
}

// toJSON prints without escaping < > &, which costs the model tokens and keeps nobody safe here.
func toJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Call is a call that succeeded, as an answer refers to it.
type Call struct {
	ID      string // for the database
	Handle  string
	Name    string
	Result  Result
	Figures *reference.Figures
}

// Results are the calls that an answer can refer to. One goroutine adds and asks.
type Results struct{ calls []Call }

// Read makes a call of what a tool found. A result whose figures have no units is our mistake, and an error.
func Read(id, handle, name string, result Result) (Call, error) {
	figures, err := reference.Read(result.Data, result.Source.AsOf)
	if err != nil {
		return Call{}, fmt.Errorf("the result of %s: %w", name, err)
	}
	return Call{ID: id, Handle: handle, Name: name, Result: result, Figures: figures}, nil
}

// Add makes a call's figures and places referable.
func (r *Results) Add(c Call) { r.calls = append(r.calls, c) }

// All are the calls in the order in which they were added.
func (r *Results) All() []Call { return r.calls }

// Split parts a reference, t3.quarters[0].revenue, into the call and the path in its data, which is empty for all of it.
func (r *Results) Split(ref string) (call *Call, path string, ok bool) {
	end := 0
	for end < len(ref) && ref[end] != '.' && ref[end] != '[' {
		end++
	}
	i := slices.IndexFunc(r.calls, func(c Call) bool { return c.Handle == ref[:end] })
	if i < 0 {
		return nil, "", false
	}
	path = ref[end:]
	if path != "" && path[0] == '.' {
		path = path[1:]
	}
	return &r.calls[i], path, true
}

// Find is the figure that a reference names; NotFound with words where there is none.
func (r *Results) Find(ref string) (*Call, reference.Figure, error) {
	call, path, ok := r.Split(ref)
	if !ok {
		return nil, reference.Figure{}, fault.Wrap(fault.NotFound, reference.ErrUnknown, "there is no result to which this refers")
	}
	f, err := call.Figures.Find(path)
	return call, f, err
}

// Place is the part that a reference names, or the nearest around it that is cited by itself; nil where all of the result
// is.
func (r *Results) Place(ref string) (call *Call, place *Place) {
	call, path, ok := r.Split(ref)
	if !ok {
		return nil, nil
	}
	path = call.Figures.Place(path)
	for i, p := range call.Result.Places {
		if path == p.Path || len(path) > len(p.Path) && path[:len(p.Path)] == p.Path && (path[len(p.Path)] == '.' || path[len(p.Path)] == '[') {
			return call, &call.Result.Places[i]
		}
	}
	return call, nil
}
