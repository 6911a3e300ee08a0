package analyst

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/plan"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

const (
	// readTime is how long a question's context may take: what is not there by then is told as missing.
	readTime = 10 * time.Second
	// mostRead is how many calls are made before the model is asked, of those that an answer may have.
	mostRead = 8
	// contextTokens bounds what is given to the model unasked; a token of JSON is no shorter than tokenBytes on average.
	contextTokens = 24_000
	tokenBytes    = 3
)

// understand reads what the question is about, and tells it. With what things are called the answer can begin.
func (w *work) understand(ctx context.Context, q Question) error {
	var earlier []string
	for _, turn := range q.History {
		if turn.Role == llm.User {
			earlier = append(earlier, turn.Text)
		}
	}
	in, names, err := w.analyst.Understand(ctx, w.userID, q.Text, earlier)
	w.text = prose.New(prose.Config{Results: &w.read, Locale: q.Locale, Now: w.analyst.Now(), Subjects: names, Said: q.Text + " " + in.Question})
	if err != nil {
		return err
	}
	w.result.Intent = in.Brief(calendar.DayOf(w.analyst.Now()))
	w.emit(Event{Intent: &w.result.Intent})
	return nil
}

// readBefore reads what the question needs, side by side, before anybody is asked. What fails is told beside the rest.
func (w *work) readBefore(ctx context.Context, question string) {
	var requests []request
	for _, call := range plan.For(w.result.Intent, question, calendar.DayOf(w.analyst.Now())) {
		if len(requests) < mostRead {
			requests = append(requests, request{call.Tool, call.Input})
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTime, errSlow)
	defer cancel()
	w.run(ctx, 0, requests)
}

// errSlow is why something is missing in a question's context.
var errSlow = fault.New(fault.UpstreamTimeout, "this could not be read in time; ask for it again if it is needed")

// background is what was understood and read so far, with the question behind it: the beginning of what anybody is asked.
// What does not go into the room there is stands in no result, and can be asked for.
func (w *work) background(question string) []llm.Block {
	var blocks []llm.Block
	understood, err := json.Marshal(map[string]any{"understood": w.result.Intent})
	if err == nil { // texts and days always print
		blocks = append(blocks, llm.Block{Data: understood})
	}
	room := contextTokens * tokenBytes
	for _, call := range w.result.ToolCalls {
		if room -= len(call.Output); room < 0 {
			break
		}
		blocks = append(blocks, llm.Block{Data: call.Output})
	}
	return append(blocks, llm.Block{Text: question})
}
