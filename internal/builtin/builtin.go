// Package builtin is the analyst that needs no language model: it answers by rule from what was read for a question.
package builtin

import (
	"context"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Name is what the built-in analyst is called where a model is named.
const Name = "built-in"

// mostRounds is how often more is read for an answer.
const mostRounds = 3

// Model is the built-in analyst as a model: it takes the same conversation, asks for the same tools, and refers to figures
// in the same way. The same conversation has the same answer. It costs nothing. It writes English; questions in other
// languages are answered as far as they are understood.
type Model struct{ clock *clock }

// clock tells the time. It is pointed to so that models can be compared.
type clock struct{ now func() time.Time }

// New is the built-in analyst by that clock; a Model by itself goes by the system's.
func New(now func() time.Time) Model { return Model{&clock{now}} }

// Info names it.
func (Model) Info() llm.Info { return llm.Info{Provider: Name, Model: Name} }

// Generate answers the last question of the conversation, or asks for what is missing to do so.
func (m Model) Generate(ctx context.Context, req llm.Request, onText func(string)) (llm.Response, error) {
	if err := ctx.Err(); err != nil {
		return llm.Response{}, err
	}
	now := time.Now
	if m.clock != nil {
		now = m.clock.now
	}
	a := read(req, calendar.DayOf(now()))
	if calls := a.missing(); len(calls) > 0 && a.round < mostRounds {
		blocks := make([]llm.Block, 0, len(calls))
		for i, c := range calls {
			blocks = append(blocks, llm.Block{Call: &llm.ToolCall{ID: fmt.Sprintf("builtin_%d_%d", a.round+1, i+1), Name: c.Tool, Input: c.Input}})
		}
		return llm.Response{Blocks: blocks, StopReason: llm.ToolUse, Model: Name}, nil
	}
	text := a.compose()
	if onText != nil {
		onText(text)
	}
	return llm.Response{Blocks: []llm.Block{{Text: text}}, StopReason: llm.EndTurn, Model: Name}, nil
}
