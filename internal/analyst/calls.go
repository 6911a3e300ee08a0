package analyst

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// parallelCalls is how many tools of one answer run at a time.
const parallelCalls = 4

// request is a call that is to be made: the model's, or one for what is read before it is asked.
type request struct {
	name  string
	input json.RawMessage
}

// answerCalls runs the tools a turn asked for and says their results in the model's order.
func (w *work) answerCalls(ctx context.Context, round int, asked []llm.ToolCall) {
	requests := make([]request, len(asked))
	for i, a := range asked {
		requests[i] = request{a.Name, a.Input}
	}
	var blocks []llm.Block
	for i, call := range w.run(ctx, round, requests) {
		blocks = append(blocks, llm.Block{Result: &llm.ToolResult{
			CallID: asked[i].ID, Content: string(call.Output), IsError: call.Err != nil,
		}})
	}
	if round == w.limits.Rounds-1 {
		blocks = append(blocks, llm.Block{Text: lastRound})
	}
	w.say(llm.User, blocks...)
}

// run runs calls side by side and keeps them in their order. It returns when all have ended; those of an answer that is
// cancelled end by ctx.
func (w *work) run(ctx context.Context, round int, requests []request) []*ToolCall {
	calls := make([]*ToolCall, len(requests))
	finished := make(chan *ToolCall, len(requests))
	slots := make(chan struct{}, parallelCalls)
	var running sync.WaitGroup
	for i, r := range requests {
		number := len(w.result.ToolCalls) + i + 1
		call := w.open(number, round, r)
		calls[i] = call
		if number > w.limits.Calls {
			call.Err = fault.New(fault.RateLimited, "this answer may use no more tools; answer with what you have")
			call.Output = tool.PrintFailure(call.Handle, call.Err)
			finished <- call
			continue
		}
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			w.execute(ctx, call, r.input)
			finished <- call
		})
	}
	for range requests {
		call := *<-finished
		w.emit(Event{Tool: &call})
	}
	running.Wait()
	for _, call := range calls {
		if call.Err == nil {
			w.read.Add(call.read)
		}
		w.result.ToolCalls = append(w.result.ToolCalls, *call)
	}
	return calls
}

// open describes a call and says that it began.
func (w *work) open(number, round int, r request) *ToolCall {
	call := ToolCall{
		ID: db.NewID(), Handle: tool.HandleOf(number), Round: round,
		Name: shorten(r.name, maxName), Input: recordedInput(r.input), Started: db.Time(w.analyst.Now()),
	}
	begun := call
	w.emit(Event{Tool: &begun})
	return &call
}

// execute runs one call. What the model got wrong and what the tool could not do become the call's error, never more.
func (w *work) execute(ctx context.Context, call *ToolCall, input json.RawMessage) {
	ctx, span := trace.Start(ctx, "tool")
	defer func() { span.End(fault.NameOf(call.Err)) }()
	if slices.ContainsFunc(w.analyst.Tools, func(t tool.Tool) bool { return t.Name == call.Name }) { // else it is the model's own word
		span.Name("tool " + call.Name)
	}
	asker := tool.Asker{UserID: w.userID, Local: w.model == w.analyst.Builtin, Read: &w.read}
	found, err := tool.Run(ctx, w.analyst.Tools, asker, call.Name, input)
	if err == nil {
		call.read, err = tool.Read(call.ID, call.Handle, call.Name, found)
	}
	if err == nil {
		call.Output, err = tool.Print(call.Handle, call.Name, found)
	}
	if call.Err = err; err != nil {
		call.Output = tool.PrintFailure(call.Handle, err)
	}
	call.Duration = w.analyst.Now().Sub(call.Started)
}

// offer lists the tools in the model's terms.
func (a *Analyst) offer() []llm.Tool {
	offered := make([]llm.Tool, 0, len(a.Tools))
	for _, t := range a.Tools {
		offered = append(offered, llm.Tool{Name: t.Name, Description: t.Description, InputSchema: t.Schema})
	}
	return offered
}

// maxName bounds a name that the model's server made up, in bytes; no vendor has longer ones.
const maxName = 64

// recordedInput is an input as it is stored and shown: JSON of a bearable size, in characters that every database takes.
func recordedInput(input json.RawMessage) json.RawMessage {
	text := strings.ToValidUTF8(string(input), "\uFFFD")
	if len(text) <= tool.MaxInput && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(shorten(text, 1024))
	if err != nil { // a string always prints
		return json.RawMessage(`null`)
	}
	return quoted
}

// shorten cuts text to at most size bytes, between characters, and drops what cannot be stored.
func shorten(text string, size int) string {
	text = storable(text)
	if len(text) > size {
		text = strings.ToValidUTF8(text[:size], "")
	}
	return text
}

// storable is text without what PostgreSQL refuses: NUL and broken UTF-8.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}
