// Package analyst answers a person's questions about their money and the market: a language model that reads with tools and cites what it read.
package analyst

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/usage"
)

// Analyst answers questions. It keeps nothing between them and may be used by many goroutines.
type Analyst struct {
	Model llm.Model // nil where none is configured
	// Builtin answers where there is no model, and where that fails. Nothing it reads leaves the server. It is required.
	Builtin llm.Model
	// Budget has each request to Model paid for; nil where nothing limits them.
	Budget *budget.Service
	// Record is told what each turn of Model took, whatever became of it; nil for nobody. It must not wait for anything.
	Record func(context.Context, usage.Turn)
	// Told is told how Model did with each answer: nil, or why it is not its own; nil for nobody.
	Told func(error)
	// Understand reads what a question is about that follows earlier ones, and what things are called by their symbols:
	// (*understanding.Service).Read.
	Understand func(ctx context.Context, userID, question string, earlier []string) (about intent.Intent, names map[string][]string, err error)
	Tools      []tool.Tool // what may be read, names unique
	Now        func() time.Time
	Limits     Limits
	// Metrics counts what the model was asked; nil for nobody.
	Metrics *metrics.Metrics
}

// Limits bound one answer. A zero field stands for its default.
type Limits struct {
	Rounds int           // turns asked of the model: 8
	Calls  int           // tool calls that are run: 16
	Time   time.Duration // from question to answer: 60 s
	Tokens int           // the model may write in one turn, its thinking included: 8,192
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Rounds: cmp.Or(l.Rounds, 8),
		Calls:  cmp.Or(l.Calls, 16),
		Time:   cmp.Or(l.Time, 60*time.Second),
		Tokens: cmp.Or(l.Tokens, 8192),
	}
}

// Question is what a person asks. Tools read as UserID, whatever the model says.
type Question struct {
	UserID  string
	Text    string
	Locale  string // how figures are written, as BCP 47
	History []Turn // what was said before, oldest first
}

// Turn is one side's words earlier in the conversation.
type Turn struct {
	Role llm.Role
	Text string
}

// Event is something that happened while an answer was written: exactly one of its fields is set.
type Event struct {
	Delta    string        // the next piece of the answer's text
	Intent   *intent.Brief // what the question is about, once
	Tool     *ToolCall
	Figure   *prose.Figure   // comes after the text that it stands in
	Citation *prose.Citation // comes before the text that holds its number
	Usage    *Usage
}

// Usage is what an answer has cost so far.
type Usage struct {
	llm.Usage
	Cost  decimal.Decimal `json:"costUsd"` // US dollars, exact
	Model string          `json:"model"`
}

// Status is how an answer ended.
type Status string

// The ways an answer ends.
const (
	Complete  Status = "complete"
	Truncated Status = "truncated" // the model's space or our limits ran out; what there is stands
	Refused   Status = "refused"   // the model declined
	Failed    Status = "failed"
)

// Result is an answer.
type Result struct {
	Status     Status
	Intent     intent.Brief
	Content    string // the joined deltas, less the words of a turn that ended in a refusal
	Figures    []prose.Figure
	Counts     prose.Counts
	Citations  []prose.Citation
	ToolCalls  []ToolCall // in the order the model made them
	Usage      Usage
	Fallback   bool           // whether the built-in analyst answered for a model that failed or could not be paid
	Failure    error          // why it did, with Fallback
	StopReason llm.StopReason // of the model's last turn, or round_limit, model_failed, budget_spent; empty when that turn failed
	Notice     string         // tells the person why the answer is not whole; empty when it is
}

// ToolCall is one use of a tool.
type ToolCall struct {
	ID       string // for the database
	Handle   string // what the model cites it by: t1, t2, …
	Round    int    // the model's turn that asked for it, from 1; 0 for what was read before it was asked
	Name     string // as the model wrote it: it may name no tool
	Input    json.RawMessage
	Output   json.RawMessage // what the model was told; nil while the tool runs
	Err      error           // why it failed; the model and people are shown only its fault's message
	Started  time.Time
	Duration time.Duration

	read tool.Call // where it succeeded
}

// Answer reads what the question needs, asks the model, runs the tools it wants and returns when the answer is done. A
// model that fails is replaced by the built-in analyst, which the Notice tells. emit is called with each event as it
// happens, on the caller's goroutine. An error is a *fault.Error (Canceled, UpstreamTimeout when the time is up, or that
// of the question's reading) and comes with Status Failed and with whatever had arrived.
func (a *Analyst) Answer(ctx context.Context, q Question, emit func(Event)) (Result, error) {
	limits := a.Limits.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Time, errOutOfTime)
	defer cancel()
	w := newWork(a, limits, q, emit)
	err := w.answer(ctx, q)
	if err != nil {
		w.result.Status = Failed
		err = failure(ctx, err)
	}
	w.result.Content, w.result.Citations = w.text.Text(), append([]prose.Citation{}, w.text.Citations()...)
	w.result.Figures, w.result.Counts = append([]prose.Figure{}, w.text.Figures()...), w.text.Counts()
	return w.result, err
}

// errOutOfTime is the cause of a context whose answer took too long.
var errOutOfTime = fault.New(fault.UpstreamTimeout, "the answer took too long; ask again, or for less at once")

// failure says our own limit where that is why the model or a tool gave up.
func failure(ctx context.Context, err error) error {
	if context.Cause(ctx) == errOutOfTime {
		return fault.Wrap(errOutOfTime.Kind, err, "%s", errOutOfTime.Message)
	}
	return fault.From(err)
}
