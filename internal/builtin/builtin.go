// Package builtin is the analyst that needs no language model: it answers by rule from what was read for a question.
package builtin

import (
	"context"
	"encoding/json"

	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Name is what the built-in analyst is called where a model is named.
const Name = "built-in"

// Model is the built-in analyst as a model: it takes the same conversation, asks for the same tools, and refers to figures
// in the same way. The same conversation has the same answer. It costs nothing.
type Model struct{}

// Info names it.
func (Model) Info() llm.Info { return llm.Info{Provider: Name, Model: Name} }

// Generate answers the last question of the conversation, or asks for what is missing to do so.
func (m Model) Generate(ctx context.Context, req llm.Request, onText func(string)) (llm.Response, error) {
	if err := ctx.Err(); err != nil {
		return llm.Response{}, err
	}
	text := compose(read(req))
	if onText != nil {
		onText(text)
	}
	return llm.Response{Blocks: []llm.Block{{Text: text}}, StopReason: llm.EndTurn, Model: Name}, nil
}

// asked is a question with what was read for it so far.
type asked struct {
	question string
	about    intent.Brief
	results  []result
	round    int // turns that were taken already
}

// result is a tool's result, or why there is none.
type result struct {
	Handle string          `json:"handle"`
	Tool   string          `json:"tool"`
	Data   json.RawMessage `json:"data"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Warnings []string `json:"warnings"`
}

// read finds the question: the last message of the person's that begins with what was understood of it, and what follows.
func read(req llm.Request) asked {
	var a asked
	for _, m := range req.Messages {
		for _, b := range m.Blocks {
			var understood struct {
				Understood *intent.Brief `json:"understood"`
			}
			switch {
			case b.Data != nil && json.Unmarshal(b.Data, &understood) == nil && understood.Understood != nil:
				a = asked{about: *understood.Understood, question: m.Blocks[len(m.Blocks)-1].Text}
			case b.Data != nil:
				a.add(b.Data)
			case b.Result != nil:
				a.add([]byte(b.Result.Content))
			case b.Call != nil:
				a.round++
			}
		}
	}
	return a
}

func (a *asked) add(text []byte) {
	var r result
	if json.Unmarshal(text, &r) == nil && r.Handle != "" {
		a.results = append(a.results, r)
	}
}
