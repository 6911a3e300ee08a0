package analyst

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/usage"
)

func TestATurnOfWhichNothingWasSentIsNone(t *testing.T) {
	a, _ := analystOf(func(int, llm.Request, func(string)) (llm.Response, error) {
		return llm.Response{Unasked: true}, fault.New(fault.UpstreamDown, "left alone")
	})
	a.Record = func(_ context.Context, t usage.Turn) { panic(t) }
	if result, err := a.Answer(t.Context(), Question{Text: "hi"}, func(Event) {}); err != nil || !result.Fallback {
		t.Fatalf("got %+v, %v, want the built-in analyst's answer", result, err)
	}
}

func TestEachAttemptOfATurnHasItsOwnPrice(t *testing.T) {
	a, _ := analystOf(func(int, llm.Request, func(string)) (llm.Response, error) {
		return llm.Response{StopReason: llm.EndTurn, Usage: llm.Usage{Input: 60}, Before: []llm.Usage{{Input: 60}}, Blocks: []llm.Block{{Text: "words"}}}, nil
	})
	a.Model = dearWhenLong{a.Model}
	var told usage.Turn
	a.Record = func(_ context.Context, t usage.Turn) { told = t }
	result, err := a.Answer(t.Context(), Question{Text: "hi"}, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if want := decimal.New(120, -6); told.Usage.Input != 120 || !told.USD.Equal(want) || !result.Usage.Cost.Equal(want) {
		t.Errorf("got %+v and a cost of %s, want two prompts of 60 tokens, neither of them long, at %s", told, result.Usage.Cost, want)
	}
}

// dearWhenLong is a model whose prompts of more than 100 tokens cost a thousand times as much.
type dearWhenLong struct{ llm.Model }

func (m dearWhenLong) Info() llm.Info {
	info := m.Model.Info()
	info.Price = llm.Price{Input: decimal.NewFromInt(1), LongAbove: 100, Long: &llm.Price{Input: decimal.NewFromInt(1000)}}
	return info
}

func TestEachTurnOfTheModelIsToldAlsoOneThatBreaksOffAndNoneOfTheBuiltInAnalyst(t *testing.T) {
	a, _ := analystOf(func(turn int, req llm.Request, say func(string)) (llm.Response, error) {
		if turn == 1 {
			r := callsFor(1, "echo")
			r.Usage = llm.Usage{Input: 10, CacheRead: 5}
			return r, nil
		}
		say("half a")
		return llm.Response{Usage: llm.Usage{Input: 20, Output: 1}}, fault.New(fault.UpstreamTimeout, "silence")
	})
	var told []usage.Turn
	a.Record = func(_ context.Context, t usage.Turn) { told = append(told, t) }
	result, err := a.Answer(t.Context(), Question{Text: "hi"}, func(Event) {})
	if err != nil || !result.Fallback || len(told) != 2 {
		t.Fatalf("got %+v, %v and %d turns told, want the model's two, and the answer by the built-in analyst", result, err, len(told))
	}
	for i, want := range []usage.Turn{
		{Usage: llm.Usage{Input: 10, CacheRead: 5}, USD: decimal.New(20, -6)},
		{Usage: llm.Usage{Input: 20, Output: 1}, USD: decimal.New(50, -6), Failure: fault.UpstreamTimeout},
	} {
		if got := told[i]; got.Usage != want.Usage || !got.USD.Equal(want.USD) || got.Failure != want.Failure || got.Model.Model != "adversary" || got.Took <= 0 {
			t.Errorf("turn %d: got %+v, want %+v", i+1, got, want)
		}
	}
}
