package analyst

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Tool is something the model may read. Tools change nothing, and they take no identity: whose data they read is the
// person who asks.
type Tool struct {
	Name        string
	Description string          // for the model
	Schema      json.RawMessage // JSON schema of the input, which Run checks itself
	Run         func(ctx context.Context, userID string, input json.RawMessage) (ToolResult, error)
}

// ToolResult is what a tool found.
type ToolResult struct {
	Data     any       // a struct that prints as JSON; its longest list is cut when the whole is too large
	Warnings []string  // what the model has to tell with the figures
	Source   string    // where the data comes from, for a citation
	Title    string    // what the data is, for a citation
	AsOf     time.Time // of the oldest figure; zero when the source does not say
}

// offer lists the tools in the model's terms.
func (a *Analyst) offer() []llm.Tool {
	offered := make([]llm.Tool, 0, len(a.Tools))
	for _, t := range a.Tools {
		offered = append(offered, llm.Tool{Name: t.Name, Description: t.Description, InputSchema: t.Schema})
	}
	return offered
}

// execute runs one call. What the model got wrong and what the tool could not do become the call's error, never more.
func (a *Analyst) execute(ctx context.Context, userID string, call *ToolCall, input json.RawMessage) {
	call.result, call.Err = a.runTool(ctx, userID, call.Name, input)
	if call.Err == nil {
		call.Output, call.Err = encodeResult(call)
	}
	if call.Err != nil {
		call.Output = encodeFailure(call)
	}
	call.Duration = a.Now().Sub(call.Started)
}

func (a *Analyst) runTool(ctx context.Context, userID, name string, input json.RawMessage) (result ToolResult, err error) {
	defer func() {
		if p := recover(); p != nil { // it would end the process, with everybody's answers
			err = fmt.Errorf("tool panicked: %v", p)
		}
	}()
	i := slices.IndexFunc(a.Tools, func(t Tool) bool { return t.Name == name })
	if i < 0 {
		return ToolResult{}, fault.New(fault.NotFound, "there is no tool of this name; use only the tools you were given")
	}
	if len(input) > maxInput {
		return ToolResult{}, fault.New(fault.TooLarge, "the input is too long")
	}
	return a.Tools[i].Run(ctx, userID, input)
}

// Sizes in bytes. Results go to the model again with every turn that follows; inputs are a few symbols.
const (
	maxOutput = 64 << 10
	maxInput  = 16 << 10
)

// envelope is a tool result as the model reads it.
type envelope struct {
	Handle   string          `json:"handle"`
	Tool     string          `json:"tool"`
	AsOf     *time.Time      `json:"asOf"`
	Data     json.RawMessage `json:"data"`
	Warnings []string        `json:"warnings"`
}

// encodeResult prints a result within maxOutput, TooLarge when no list of it can be cut.
func encodeResult(call *ToolCall) (json.RawMessage, error) {
	data, err := toJSON(call.result.Data)
	if err != nil {
		return nil, err
	}
	e := envelope{Handle: call.Handle, Tool: call.Name, AsOf: timeOrNil(call.result.AsOf), Data: data, Warnings: slices.Clone(call.result.Warnings)}
	if e.Warnings == nil {
		e.Warnings = []string{}
	}
	text, err := toJSON(e)
	if err != nil || len(text) <= maxOutput {
		return text, err
	}
	const room = 256 // for the warning that says what is missing
	if err := e.cut(len(text) - maxOutput + room); err != nil {
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

// encodeFailure prints what the model is told of a call that failed: the words that anyone may read.
func encodeFailure(call *ToolCall) json.RawMessage {
	f := fault.From(call.Err)
	failed := struct {
		Handle string `json:"handle"`
		Error  struct {
			Code    fault.Kind    `json:"code"`
			Message string        `json:"message"`
			Fields  []fault.Field `json:"fields,omitempty"`
		} `json:"error"`
	}{Handle: call.Handle}
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
