package analyst

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/usage"
)

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
