package analyst

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// work is one answer in the making. Only the goroutine of Answer touches it.
type work struct {
	analyst  *Analyst
	model    llm.Model // who answers now
	limits   Limits
	userID   string
	emit     func(Event)
	system   string
	messages []llm.Message
	question int           // its place among messages
	text     *prose.Writer // what was written so far
	read     tool.Results  // what can be referred to
	result   Result
}

func newWork(a *Analyst, limits Limits, q Question, emit func(Event)) *work {
	w := &work{
		analyst: a, model: a.Model, limits: limits, userID: q.UserID, emit: emit, system: systemPrompt(a.Now()),
		result: Result{Status: Failed, ToolCalls: []ToolCall{}},
	}
	if w.model == nil {
		w.model = a.Builtin
	}
	w.result.Usage.Model = w.model.Info().Model
	return w
}

// answer reads what the question needs and has it answered: by the model, and where that fails by the built-in analyst.
func (w *work) answer(ctx context.Context, q Question) error {
	if err := w.understand(ctx, q); err != nil {
		return err
	}
	w.readBefore(ctx, q.Text)
	for _, turn := range q.History {
		text := turn.Text
		if turn.Role == llm.Assistant {
			text = citationNumber.ReplaceAllString(text, "")
		}
		w.say(turn.Role, llm.Block{Text: text})
	}
	w.sayQuestion(q.Text)
	if w.model == w.analyst.Builtin {
		return w.converse(ctx)
	}
	asking, cancel := context.WithTimeoutCause(ctx, w.limits.Time*modelShare/100, errOutOfTime)
	defer cancel()
	err := w.converse(asking)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		err = failure(asking, err)
	}
	if w.analyst.Told != nil {
		w.analyst.Told(err)
	}
	if err == nil {
		return nil
	}
	return w.fallBack(ctx, q, err)
}

// modelShare is the part of an answer's time that the model has, in percent; the rest is for the built-in analyst.
const modelShare = 85

// fallBack has the built-in analyst answer what the model could not, and says so. What was read for the model stands, and
// so does what it had written.
func (w *work) fallBack(ctx context.Context, q Question, failure error) error {
	w.model = w.analyst.Builtin
	w.result.Usage.Model = w.model.Info().Model // from its first word on
	w.messages = nil
	w.sayQuestion(q.Text)
	words, reason, notice := fallbackWords, modelFailed, "the language model could not answer (%s); the built-in analyst did"
	if fault.Is(failure, fault.BudgetSpent) {
		words, reason, notice = budgetWords, budgetSpent, "the language model was not asked: %s. The built-in analyst answered"
	}
	w.tell(w.text.Add(words))
	w.tell(w.text.Cut())
	if err := w.converse(ctx); err != nil {
		return err
	}
	w.result.Fallback, w.result.Failure = true, failure
	if w.result.Status == Complete {
		w.result.StopReason = reason
		w.end(Complete, fmt.Sprintf(notice, fault.From(failure).Message))
	}
	return nil
}

// What stands in front of an answer that is not the model's.
const (
	fallbackWords = "*The language model could not be asked. This answer is by the built-in analyst.*"
	budgetWords   = "*The budget for the language model is spent for this month. This answer is by the built-in analyst.*"
)

// citationNumber is taken out of earlier answers: it points to results this answer does not have.
var citationNumber = regexp.MustCompile(`\s?\[\d+\]`)

func (w *work) say(role llm.Role, blocks ...llm.Block) {
	w.messages = append(w.messages, llm.Message{Role: role, Blocks: blocks})
}

// sayQuestion says the question with what was read for it.
func (w *work) sayQuestion(text string) {
	w.question = len(w.messages)
	w.say(llm.User, w.background(text)...)
}

// converse takes turns with the model until it has nothing more to ask.
func (w *work) converse(ctx context.Context) error {
	for round := 1; ; round++ {
		before := w.text.Mark()
		length := len(w.text.Text())
		response, err := w.turn(ctx)
		if err != nil {
			return err
		}
		calls := response.Calls()
		switch {
		case response.StopReason == llm.Refusal:
			// The vendor asks to discard what a declined turn had begun to say.
			w.text.Discard(before)
			w.end(Refused, "the model declined to answer this question")
			return nil
		case response.StopReason == llm.MaxTokens:
			w.end(Truncated, "the answer reached its greatest length and is cut off; ask for the rest")
			return nil
		case response.StopReason == llm.ContextWindow:
			w.end(Truncated, "the conversation has become too long for the model; start a new one")
			return nil
		case len(calls) == 0 && response.StopReason != llm.Paused:
			return w.finish(w.text.Text()[length:])
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

// Stop reasons that are ours.
const (
	roundLimit  llm.StopReason = "round_limit"  // the model would have gone on asking for tools
	modelFailed llm.StopReason = "model_failed" // the built-in analyst answered in its place
	budgetSpent llm.StopReason = "budget_spent" // likewise, for there was nothing left to pay the model with
)

func (w *work) end(status Status, notice string) {
	w.result.Status, w.result.Notice = status, notice
}

// finish ends an answer of which the model says that it is whole. A last turn without a word can come back, and helps
// nobody.
func (w *work) finish(said string) error {
	if strings.TrimSpace(said) == "" {
		return fault.New(fault.UpstreamFailed, "the model gave an empty answer; ask again")
	}
	w.end(Complete, "")
	return nil
}

// turn asks the model once and passes its text on.
func (w *work) turn(ctx context.Context) (llm.Response, error) {
	req, paid, err := w.prepare(ctx)
	if err != nil {
		return llm.Response{}, err
	}
	response, err := w.ask(ctx, req)
	w.settle(ctx, paid, response, err)
	w.tell(w.text.Cut()) // the words before and after a tool call are two paragraphs
	w.result.StopReason = llm.StopReason(shorten(string(response.StopReason), maxName))
	w.count(response)
	return response, err
}

// ask has the model answer, in a span of its own, and counts what that took.
func (w *work) ask(ctx context.Context, req llm.Request) (llm.Response, error) {
	ctx, span := trace.Start(ctx, "model round")
	began := time.Now()
	response, err := w.model.Generate(ctx, req, func(delta string) { w.tell(w.text.Add(storable(delta))) })
	took := time.Since(began)
	u, info := response.Total(), w.model.Info()
	span.Text("model", info.Model)
	span.Count("tokens.prompt", u.Prompt())
	span.Count("tokens.output", u.Output)
	span.End(fault.NameOf(err))
	if response.Unasked {
		return response, err
	}
	w.analyst.Metrics.Asked(info.Model, cmp.Or(fault.NameOf(err), "answered"),
		metrics.Tokens{Input: u.Input, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Output: u.Output},
		response.Cost(info.Price).InexactFloat64(), took)
	w.record(ctx, response, err, took)
	return response, err
}

// tell passes on what the text brought.
func (w *work) tell(pieces []prose.Piece) {
	for _, p := range pieces {
		w.emit(Event{Delta: p.Text, Figure: p.Figure, Citation: p.Citation})
	}
}

// count adds what a turn cost: also one that failed was paid for.
func (w *work) count(response llm.Response) {
	if response.Model != "" {
		w.result.Usage.Model = shorten(response.Model, maxName)
	}
	took := response.Total()
	if took == (llm.Usage{}) {
		return
	}
	usage := &w.result.Usage
	usage.Usage = usage.Add(took)
	usage.Cost = usage.Cost.Add(response.Cost(w.model.Info().Price))
	sofar := *usage
	w.emit(Event{Usage: &sofar})
}
