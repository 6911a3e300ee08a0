package analyst

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// adversary is a model that does whatever its function says, turn by turn: a real one never goes as far.
type adversary func(turn int, req llm.Request, say func(string)) (llm.Response, error)

type adversaryModel struct {
	act   adversary
	turns *atomic.Int64
	seen  *[]llm.Request
}

func (adversaryModel) Info() llm.Info {
	return llm.Info{Provider: "test", Model: "adversary", Price: llm.Price{Input: decimal.NewFromInt(2), Output: decimal.NewFromInt(10)}}
}

func (m adversaryModel) Generate(_ context.Context, req llm.Request, say func(string)) (llm.Response, error) {
	req.Messages = slices.Clone(req.Messages)
	*m.seen = append(*m.seen, req)
	return m.act(int(m.turns.Add(1)), req, say)
}

type echoInput struct {
	UserID string `json:"userId,omitempty"`
}

// analystOf asks the adversary, with a tool that echoes its input and one that panics.
func analystOf(act adversary) (*Analyst, *[]llm.Request) {
	seen := &[]llm.Request{}
	return &Analyst{
		Model:   adversaryModel{act, &atomic.Int64{}, seen},
		Builtin: builtin.Model{},
		Understand: func(context.Context, string, string, []string) (intent.Intent, map[string][]string, error) {
			return intent.Intent{Type: intent.Other}, nil, nil
		},
		Now: func() time.Time { return time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC) },
		Tools: []tool.Tool{
			tool.New("echo", "", func(_ context.Context, asker tool.Asker, in echoInput) (tool.Result, error) {
				return tool.Result{Data: map[string]any{"user": asker.UserID, "input": in}, Source: tool.Source{Name: "echo", Title: "Echo"}}, nil
			}),
			tool.New("panic", "", func(context.Context, tool.Asker, struct{}) (tool.Result, error) { panic("boom") }),
			tool.New("hang", "", func(ctx context.Context, _ tool.Asker, _ struct{}) (tool.Result, error) {
				<-ctx.Done()
				return tool.Result{}, ctx.Err()
			}),
		},
	}, seen
}

func callsFor(n int, name string) llm.Response {
	r := llm.Response{StopReason: llm.ToolUse, Usage: llm.Usage{Input: 100, Output: 10}}
	for i := range n {
		r.Blocks = append(r.Blocks, llm.Block{Call: &llm.ToolCall{ID: fmt.Sprintf("%s%d", name, i), Name: name, Input: json.RawMessage(`{}`)}})
	}
	return r
}

// answer collects the events beside the result.
func answer(t *testing.T, a *Analyst, q Question) (Result, []Event, error) {
	t.Helper()
	var events []Event
	result, err := a.Answer(t.Context(), q, func(e Event) { events = append(events, e) })
	return result, events, err
}

func textOf(events []Event) string {
	var text strings.Builder
	for _, e := range events {
		text.WriteString(e.Delta)
	}
	return text.String()
}

func TestWithoutAModelTheBuiltInAnalystAnswers(t *testing.T) {
	a, _ := analystOf(nil)
	a.Model = nil
	result, events, err := answer(t, a, Question{Text: "hi"})
	if err != nil || result.Status != Complete || result.Content == "" || result.Content != textOf(events) || result.Fallback {
		t.Errorf("got %+v, %v, want its words and nothing about a fallback", result, err)
	}
	if result.Usage.Model != builtin.Name {
		t.Errorf("got %s named, want %s", result.Usage.Model, builtin.Name)
	}
}

func TestAModelThatNeverStopsAskingIsStopped(t *testing.T) {
	a, seen := analystOf(func(_ int, _ llm.Request, say func(string)) (llm.Response, error) {
		say("Let me look.")
		return callsFor(5, "echo"), nil
	})
	result, events, err := answer(t, a, Question{UserID: "u1", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	if len(*seen) != 8 || result.Status != Truncated || result.Notice == "" || result.StopReason != "round_limit" {
		t.Errorf("got %d turns, %s, %q, want 8, truncated, and words", len(*seen), result.Status, result.Notice)
	}
	ran := 0
	for i, call := range result.ToolCalls {
		if call.Handle != tool.HandleOf(i+1) || call.Round != i/5+1 {
			t.Errorf("call %d: got %s of round %d", i, call.Handle, call.Round)
		}
		if call.Err == nil {
			ran++
		} else if !fault.Is(call.Err, fault.RateLimited) {
			t.Errorf("call %d: got %v, want RateLimited", i, call.Err)
		}
	}
	if ran != 16 || len(result.ToolCalls) != 35 {
		t.Errorf("got %d of %d calls run, want 16 of 35", ran, len(result.ToolCalls))
	}
	if last := (*seen)[7].Messages[len((*seen)[7].Messages)-1].Blocks; last[len(last)-1].Text != lastRound {
		t.Errorf("got %+v, want the model told that no more calls are possible", last)
	}
	if want := strings.TrimPrefix(strings.Repeat("\n\nLet me look.", 8), "\n\n"); result.Content != want || textOf(events) != want {
		t.Errorf("got %q and deltas %q, want %q", result.Content, textOf(events), want)
	}
	if want := decimal.RequireFromString("0.0024"); !result.Usage.Cost.Equal(want) || result.Usage.Input != 800 {
		t.Errorf("got %+v, want 800 tokens in, 80 out for %s", result.Usage, want)
	}
}

func TestResultsGoBackInTheModelsOrderWithTheAskersOwnData(t *testing.T) {
	a, seen := analystOf(func(turn int, _ llm.Request, say func(string)) (llm.Response, error) {
		if turn == 1 {
			return llm.Response{StopReason: llm.ToolUse, Blocks: []llm.Block{
				{Opaque: json.RawMessage(`{"type":"thinking"}`)},
				{Call: &llm.ToolCall{ID: "a", Name: "echo", Input: json.RawMessage(`{"userId":"u2"}`)}},
				{Call: &llm.ToolCall{ID: "b", Name: "Echo", Input: json.RawMessage(`{}`)}},
				{Call: &llm.ToolCall{ID: "c", Name: "panic", Input: json.RawMessage(`{}`)}},
				{Call: &llm.ToolCall{ID: "d", Name: "echo", Input: json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)}},
				{Call: &llm.ToolCall{ID: "e", Name: "place_order", Input: json.RawMessage(`{"qty":100}`)}},
			}}, nil
		}
		for _, piece := range []string{"Up [", "[t1]] and [[t2]", "] [[t1]][[t5]]", " end [[t"} {
			say(piece)
		}
		return llm.Response{StopReason: llm.EndTurn, Model: "adversary-2026"}, nil
	})
	result, events, err := answer(t, a, Question{UserID: "u1", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Up [1] and [1] end [[t"; result.Content != want || textOf(events) != want {
		t.Errorf("got %q and deltas %q, want %q", result.Content, textOf(events), want)
	}
	first := result.ToolCalls[0]
	want := []prose.Citation{{Index: 1, Handle: "t1", ToolCallID: first.ID, Tool: "echo", Source: "echo", Title: "Echo"}}
	if diff := cmp.Diff(want, result.Citations); diff != "" {
		t.Errorf("citations (-want +got):\n%s", diff)
	}
	if !strings.Contains(string(first.Output), `"user":"u1"`) {
		t.Errorf("got %s, want the data of the one who asks", first.Output)
	}
	var kinds []fault.Kind
	for _, call := range result.ToolCalls[1:] {
		kinds = append(kinds, fault.KindOf(call.Err))
	}
	if diff := cmp.Diff([]fault.Kind{fault.NotFound, fault.Internal, fault.TooLarge, fault.NotFound}, kinds); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	checkReply(t, (*seen)[1].Messages)
	if result.Usage.Model != "adversary-2026" || result.Status != Complete || result.StopReason != llm.EndTurn {
		t.Errorf("got %+v %s %s", result.Usage, result.Status, result.StopReason)
	}
}

// checkReply wants the model's blocks back whole, and a result for each of the five calls in their order.
func checkReply(t *testing.T, messages []llm.Message) {
	t.Helper()
	turn, reply := messages[len(messages)-2], messages[len(messages)-1]
	if len(turn.Blocks) != 6 || turn.Blocks[0].Opaque == nil || turn.Role != llm.Assistant {
		t.Errorf("got %d blocks back, want the six of the turn", len(turn.Blocks))
	}
	var got []string
	for _, b := range reply.Blocks {
		if !json.Valid([]byte(b.Result.Content)) {
			t.Errorf("%s: got %s, want JSON", b.Result.CallID, b.Result.Content)
		}
		got = append(got, fmt.Sprint(b.Result.CallID, b.Result.IsError))
	}
	if diff := cmp.Diff([]string{"afalse", "btrue", "ctrue", "dtrue", "etrue"}, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestEveryCallBeginsAndEndsInTheEvents(t *testing.T) {
	a, _ := analystOf(func(turn int, _ llm.Request, say func(string)) (llm.Response, error) {
		if turn == 1 {
			return callsFor(20, "echo"), nil
		}
		say("done")
		return llm.Response{StopReason: llm.EndTurn}, nil
	})
	result, events, err := answer(t, a, Question{Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	begun, ended := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		switch {
		case e.Tool == nil:
		case e.Tool.Output == nil:
			begun[e.Tool.ID] = true
		case !begun[e.Tool.ID] || ended[e.Tool.ID]:
			t.Errorf("%s ended before it began, or twice", e.Tool.Handle)
		default:
			ended[e.Tool.ID] = true
		}
	}
	if len(ended) != 20 || len(result.ToolCalls) != 20 {
		t.Errorf("got %d ends of %d calls, want 20", len(ended), len(result.ToolCalls))
	}
}

func TestHowATurnStopsIsHowTheAnswerEnds(t *testing.T) {
	for reason, want := range map[llm.StopReason]Status{
		llm.EndTurn: Complete, "stop_sequence": Complete, "brand_new": Complete, llm.ToolUse: Complete,
		llm.MaxTokens: Truncated, llm.ContextWindow: Truncated, llm.Refusal: Refused,
	} {
		a, _ := analystOf(func(_ int, _ llm.Request, say func(string)) (llm.Response, error) {
			say("words")
			return llm.Response{StopReason: reason, Blocks: []llm.Block{{Text: "words"}}}, nil
		})
		result, _, err := answer(t, a, Question{Text: "hi"})
		if err != nil || result.Status != want || (result.Notice != "") != (want != Complete) {
			t.Errorf("%s: got %s, %q, %v, want %s with words unless complete", reason, result.Status, result.Notice, err, want)
		}
		if (result.Content == "") != (want == Refused) {
			t.Errorf("%s: got %q, want the words, unless declined", reason, result.Content)
		}
	}
}

func TestADeclinedTurnKeepsWhatWasSaidBeforeIt(t *testing.T) {
	a, _ := analystOf(func(turn int, _ llm.Request, say func(string)) (llm.Response, error) {
		if turn == 1 {
			say("Let me look.")
			return callsFor(1, "echo"), nil
		}
		say("Well [[t1]]")
		return llm.Response{StopReason: llm.Refusal}, nil
	})
	result, _, err := answer(t, a, Question{Text: "hi"})
	if err != nil || result.Status != Refused || result.Content != "Let me look." || len(result.Citations) != 0 {
		t.Errorf("got %s %q %v %v, want the first turn's words alone", result.Status, result.Content, result.Citations, err)
	}
}

func TestAnEmptyAnswerIsAFailureForWhichTheBuiltInAnalystStepsIn(t *testing.T) {
	a, _ := analystOf(func(int, llm.Request, func(string)) (llm.Response, error) {
		return llm.Response{StopReason: llm.EndTurn}, nil
	})
	result, _, err := answer(t, a, Question{Text: "hi"})
	if err != nil || !result.Fallback || result.Status != Complete || !strings.Contains(result.Notice, "empty answer") || !strings.HasPrefix(result.Content, fallbackWords) {
		t.Errorf("got %+v, %v, want the built-in analyst's answer, and why it is its", result, err)
	}
}

func TestAFailedTurnKeepsWhatHadArrived(t *testing.T) {
	broken := fault.New(fault.UpstreamDown, "the model is busy")
	a, _ := analystOf(func(turn int, _ llm.Request, say func(string)) (llm.Response, error) {
		if turn == 1 {
			return callsFor(1, "echo"), nil
		}
		say("Half [[t1]] an [[t")
		return llm.Response{Usage: llm.Usage{Input: 50}}, broken
	})
	result, events, err := answer(t, a, Question{Text: "hi"})
	if err != nil || !result.Fallback || !strings.Contains(result.Notice, broken.Message) {
		t.Fatalf("got %+v, %v, want the built-in analyst for a model that fails", result, err)
	}
	if want := "Half [1] an [[t\n\n" + fallbackWords; !strings.HasPrefix(result.Content, want) || textOf(events) != result.Content {
		t.Errorf("got %q and deltas %q, want %q first", result.Content, textOf(events), want)
	}
	if len(result.Citations) != 1 || len(result.ToolCalls) != 1 || result.Usage.Input != 150 {
		t.Errorf("got %+v", result)
	}
}

func TestAToolThatHangsEndsWithTheAnswersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := analystOf(func(int, llm.Request, func(string)) (llm.Response, error) { return callsFor(6, "hang"), nil })
		begin := time.Now()
		result, _, err := answer(t, a, Question{Text: "hi"})
		if err != nil || !result.Fallback || len(result.ToolCalls) != 6 || time.Since(begin) != 51*time.Second {
			t.Errorf("got %v with %d calls after %s, want the built-in analyst's answer after the model's 51 s", err, len(result.ToolCalls), time.Since(begin))
		}
	})
}

func TestACancelledQuestionIsCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, _ := analystOf(func(int, llm.Request, func(string)) (llm.Response, error) {
		cancel()
		return callsFor(2, "hang"), nil
	})
	if _, err := a.Answer(ctx, Question{Text: "hi"}, func(Event) {}); !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
}

func TestWhatWasSaidBeforeComesFirstWithoutItsCitations(t *testing.T) {
	a, seen := analystOf(func(_ int, _ llm.Request, say func(string)) (llm.Response, error) {
		say("ok [[t1]]")
		return llm.Response{StopReason: llm.EndTurn}, nil
	})
	q := Question{Text: "and now? [[t1]]", History: []Turn{{llm.User, "what of lot [3]?"}, {llm.Assistant, "It is 5 [1], not 6 [12]."}}}
	result, _, err := answer(t, a, q)
	if err != nil || result.Content != "ok" || len(result.Citations) != 0 {
		t.Errorf("got %q %v %v, want no citation of what was not read", result.Content, result.Citations, err)
	}
	want := []llm.Message{
		{Role: llm.User, Blocks: []llm.Block{{Text: "what of lot [3]?"}}},
		{Role: llm.Assistant, Blocks: []llm.Block{{Text: "It is 5, not 6."}}},
		{Role: llm.User, Blocks: []llm.Block{{Text: "and now? [[t1]]"}}},
	}
	got := (*seen)[0].Messages
	question := &got[len(got)-1]
	if len(question.Blocks) != 2 || !strings.HasPrefix(string(question.Blocks[0].Data), `{"understood":`) {
		t.Errorf("got %+v, want the question with what was understood of it", question.Blocks)
	}
	question.Blocks = question.Blocks[1:]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}
