package analyst

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// parallelCalls is how many tools of one answer run at a time.
const parallelCalls = 4

// answerCalls runs the tools a turn asked for, side by side, and says their results in the model's order. It returns
// when all have ended; those of an answer that is cancelled end by ctx.
func (w *work) answerCalls(ctx context.Context, round int, asked []llm.ToolCall) {
	calls := make([]*ToolCall, len(asked))
	finished := make(chan *ToolCall, len(asked))
	slots := make(chan struct{}, parallelCalls)
	var running sync.WaitGroup
	for i, request := range asked {
		number := len(w.result.ToolCalls) + i + 1
		call := w.open(number, round, request)
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
			w.execute(ctx, call, request.Input)
			finished <- call
		})
	}
	for range asked {
		call := *<-finished
		w.emit(Event{Tool: &call})
	}
	running.Wait()
	w.keep(round, asked, calls)
}

// execute runs one call. What the model got wrong and what the tool could not do become the call's error, never more.
func (w *work) execute(ctx context.Context, call *ToolCall, input json.RawMessage) {
	found, err := tool.Run(ctx, w.analyst.Tools, tool.Asker{UserID: w.userID, Read: &w.read}, call.Name, input)
	if err == nil {
		call.read, err = tool.Read(call.ID, call.Handle, call.Name, found)
	}
	if err == nil {
		call.Output, err = tool.Print(call.Handle, call.Name, found)
	}
	call.Err = err
	if call.Err != nil {
		call.Output = tool.PrintFailure(call.Handle, call.Err)
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

// open describes a call and says that it began.
func (w *work) open(number, round int, request llm.ToolCall) *ToolCall {
	call := ToolCall{
		ID: db.NewID(), Handle: tool.HandleOf(number), Round: round,
		Name: shorten(request.Name, maxName), Input: recordedInput(request.Input), Started: db.Time(w.analyst.Now()),
	}
	begun := call
	w.emit(Event{Tool: &begun})
	return &call
}

// keep records a turn's calls and says their results to the model, the last chance to answer included.
func (w *work) keep(round int, asked []llm.ToolCall, calls []*ToolCall) {
	var blocks []llm.Block
	for i, call := range calls {
		if call.Err == nil {
			w.read.Add(call.read)
		}
		w.result.ToolCalls = append(w.result.ToolCalls, *call)
		blocks = append(blocks, llm.Block{Result: &llm.ToolResult{
			CallID: asked[i].ID, Content: string(call.Output), IsError: call.Err != nil,
		}})
	}
	if round == w.limits.Rounds-1 {
		blocks = append(blocks, llm.Block{Text: lastRound})
	}
	w.say(llm.User, blocks...)
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
