package analyst

import (
	"context"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/usage"
)

// prepare makes what the model is asked next, cut to what it reads, and what was reserved for it: nil where nothing has to be.
// BudgetSpent where there is no room even for a prompt without context.
func (w *work) prepare(ctx context.Context) (llm.Request, *budget.Reservation, error) {
	if w.model == w.analyst.Builtin {
		return w.request(), nil, nil
	}
	if err := w.fit(ctx); err != nil {
		return llm.Request{}, nil, err
	}
	if w.analyst.Budget == nil {
		return w.request(), nil, nil
	}
	paid, err := w.reserve(ctx)
	if fault.Is(err, fault.BudgetSpent) && w.cutContext() { // all that can be asked for again
		for w.cutContext() {
		}
		paid, err = w.reserve(ctx)
	}
	return w.request(), paid, err
}

func (w *work) request() llm.Request {
	return llm.Request{System: w.system, Messages: w.messages, Tools: w.analyst.offer(), MaxTokens: w.limits.Tokens}
}

// reserve has the next request paid for. Its length is estimated, which costs nothing; it is counted only where there is no
// room for that much.
func (w *work) reserve(ctx context.Context) (*budget.Reservation, error) {
	req := w.request()
	paid, err := w.analyst.Budget.Reserve(ctx, w.userID, w.upper(req, llm.Estimate(req)))
	if !fault.Is(err, fault.BudgetSpent) {
		return paid, err
	}
	prompt, countErr := llm.Longest(ctx, w.model, req)
	if countErr != nil {
		return nil, countErr
	}
	return w.analyst.Budget.Reserve(ctx, w.userID, w.upper(req, prompt))
}

func (w *work) upper(req llm.Request, prompt int64) budget.Amount {
	usd, tokens := llm.Bound(w.model, req, prompt)
	return budget.Amount{USD: usd, Tokens: tokens}
}

// settle says what a turn took. One that broke off may have gone on at the vendor's, who says no more: it took what was
// reserved. One that was refused before it began took nothing.
func (w *work) settle(ctx context.Context, paid *budget.Reservation, response llm.Response, err error) {
	if paid == nil {
		return
	}
	u := response.Total()
	actual := budget.Amount{USD: response.Cost(w.model.Info().Price), Tokens: u.Prompt() + u.Output}
	began := !response.Unasked && (u != (llm.Usage{}) || fault.Is(err, fault.Canceled) || fault.Is(err, fault.UpstreamTimeout))
	if err != nil && began {
		actual = actual.Most(paid.Upper)
	}
	paid.Settle(ctx, actual)
}

// record tells what a turn took, as far as the vendor said.
func (w *work) record(ctx context.Context, response llm.Response, err error, took time.Duration) {
	if w.analyst.Record == nil || w.model == w.analyst.Builtin {
		return
	}
	info := w.model.Info()
	t := usage.Turn{Model: info, Usage: response.Total(), USD: response.Cost(info.Price), Took: took}
	if err != nil {
		t.Failure = fault.KindOf(err)
	}
	w.analyst.Record(ctx, t)
}

// fit cuts what the model is asked until it can read it and has room to answer: results that were read unasked first, which
// it can ask for, then what was said longest ago. What is too long even so is left to the model's own words.
func (w *work) fit(ctx context.Context) error {
	window := w.model.Info().Window
	room := window - min(int64(w.limits.Tokens), window/4)
	if window == 0 {
		return nil
	}
	for llm.Estimate(w.request()) > room {
		req := w.request()
		length, err := w.length(ctx, req)
		if err != nil || length <= room {
			return err
		}
		// By the bytes of a token in this prompt; a cut that was too small shows when it is counted again.
		most := llm.Estimate(req) * room / length
		if !w.cut() {
			return nil
		}
		for llm.Estimate(w.request()) > most && w.cut() {
		}
	}
	return nil
}

// length is how many tokens a prompt has; where nobody counts, about as many.
func (w *work) length(ctx context.Context, req llm.Request) (int64, error) {
	estimate := llm.Estimate(req)
	counter, ok := w.model.(llm.Counter)
	if !ok {
		return estimate / tokenBytes, nil
	}
	counted, err := counter.CountTokens(ctx, req)
	if err == nil && counted == estimate {
		counted = estimate / tokenBytes
	}
	return counted, err
}

// cut takes the next piece out of what is asked, and tells whether there was one.
func (w *work) cut() bool { return w.cutContext() || w.cutHistory() }

// cutContext takes out the last result that was read before the question, but not what was understood of it.
func (w *work) cutContext() bool {
	blocks := w.messages[w.question].Blocks
	last := -1
	for i, b := range blocks {
		if i > 0 && b.Data != nil {
			last = i
		}
	}
	if last < 0 {
		return false
	}
	w.messages[w.question].Blocks = slices.Concat(blocks[:last], blocks[last+1:])
	return true
}

// cutHistory takes out the oldest question with its answer.
func (w *work) cutHistory() bool {
	if w.question == 0 {
		return false
	}
	for first := true; w.question > 0 && (first || w.messages[0].Role != llm.User); first = false {
		w.messages = w.messages[1:]
		w.question--
	}
	return true
}
