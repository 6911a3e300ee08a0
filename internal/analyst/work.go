package analyst

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// work is one answer in the making. Only the goroutine of Answer touches it.
type work struct {
	analyst  *Analyst
	limits   Limits
	userID   string
	emit     func(Event)
	system   string
	messages []llm.Message
	content  strings.Builder
	markers  markers
	calls    map[string]*ToolCall // the calls that can be cited, by handle
	cited    map[string]int       // the number of a handle that was cited
	result   Result
}

func newWork(a *Analyst, limits Limits, q Question, emit func(Event)) *work {
	w := &work{
		analyst: a, limits: limits, userID: q.UserID, emit: emit, system: systemPrompt(a.Now()),
		calls: map[string]*ToolCall{}, cited: map[string]int{},
		result: Result{Status: Failed, Citations: []Citation{}, ToolCalls: []ToolCall{}, Usage: Usage{Model: a.Model.Info().Model}},
	}
	w.markers.resolve = w.cite
	for _, turn := range q.History {
		text := turn.Text
		if turn.Role == llm.Assistant {
			text = citationNumber.ReplaceAllString(text, "")
		}
		w.say(turn.Role, llm.Block{Text: text})
	}
	w.say(llm.User, llm.Block{Text: q.Text})
	return w
}

// citationNumber is taken out of earlier answers: it points to results this answer does not have.
var citationNumber = regexp.MustCompile(`\s?\[\d+\]`)

func (w *work) say(role llm.Role, blocks ...llm.Block) {
	w.messages = append(w.messages, llm.Message{Role: role, Blocks: blocks})
}

// run takes turns with the model until it has nothing more to ask.
func (w *work) run(ctx context.Context) error {
	for round := 1; ; round++ {
		before, citations := w.content.String(), len(w.result.Citations)
		response, err := w.turn(ctx)
		if err != nil {
			return err
		}
		calls := response.Calls()
		switch {
		case response.StopReason == llm.Refusal:
			// The vendor asks to discard what a declined turn had begun to say.
			w.content.Reset()
			w.content.WriteString(before)
			w.result.Citations = w.result.Citations[:citations]
			w.end(Refused, "the model declined to answer this question")
			return nil
		case response.StopReason == llm.MaxTokens:
			w.end(Truncated, "the answer reached its greatest length and is cut off; ask for the rest")
			return nil
		case response.StopReason == llm.ContextWindow:
			w.end(Truncated, "the conversation has become too long for the model; start a new one")
			return nil
		case len(calls) == 0 && response.StopReason != llm.Paused:
			return w.finish(before)
		case round == w.limits.Rounds:
			w.result.StopReason = roundLimit
			w.end(Truncated, "the question needed more steps than one answer may take; ask for less at once")
			return nil
		}
		w.say(llm.Assistant, response.Blocks...)
		if len(calls) > 0 {
			w.answerCalls(ctx, round, calls)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// roundLimit is the stop reason of an answer whose model would have gone on asking for tools.
const roundLimit llm.StopReason = "round_limit"

func (w *work) end(status Status, notice string) {
	w.result.Status, w.result.Notice = status, notice
}

// finish ends an answer of which the model says that it is whole. A last turn without a word can come back, and helps
// nobody.
func (w *work) finish(before string) error {
	if strings.TrimSpace(w.content.String()[len(before):]) == "" {
		return fault.New(fault.UpstreamFailed, "the model gave an empty answer; ask again")
	}
	w.end(Complete, "")
	return nil
}

// turn asks the model once and passes its text on.
func (w *work) turn(ctx context.Context) (llm.Response, error) {
	first := true
	response, err := w.analyst.Model.Generate(ctx, llm.Request{
		System: w.system, Messages: w.messages, Tools: w.analyst.offer(), MaxTokens: w.limits.Tokens,
	}, func(delta string) {
		if first && w.content.Len() > 0 { // the words before and after a tool call are two paragraphs
			w.write("\n\n")
		}
		first = false
		w.write(w.markers.add(storable(delta)))
	})
	w.write(w.markers.flush())
	w.result.StopReason = llm.StopReason(shorten(string(response.StopReason), maxName))
	w.count(response)
	return response, err
}

func (w *work) write(text string) {
	if text == "" {
		return
	}
	w.content.WriteString(text)
	w.emit(Event{Delta: text})
}

// count adds what a turn cost: also one that failed was paid for.
func (w *work) count(response llm.Response) {
	if response.Model != "" {
		w.result.Usage.Model = shorten(response.Model, maxName)
	}
	if response.Usage == (llm.Usage{}) {
		return
	}
	usage := &w.result.Usage
	usage.Usage = usage.Add(response.Usage)
	usage.Cost = usage.Cost.Add(w.analyst.Model.Info().Price.Cost(response.Usage)) // a price may depend on the length of each prompt
	sofar := *usage
	w.emit(Event{Usage: &sofar})
}

// cite turns the marker of a tool result into its number. Other handles are the model's invention and vanish.
func (w *work) cite(handle string) string {
	call, ok := w.calls[handle]
	if !ok {
		return ""
	}
	index, again := w.cited[handle]
	if !again {
		index = len(w.result.Citations) + 1
		w.cited[handle] = index
		citation := Citation{
			Index: index, Handle: handle, ToolCallID: call.ID, Tool: call.Name,
			Source: call.result.Source, Title: call.result.Title, AsOf: timeOrNil(call.result.AsOf),
		}
		w.result.Citations = append(w.result.Citations, citation)
		w.emit(Event{Citation: &citation})
	}
	return fmt.Sprintf("[%d]", index)
}
