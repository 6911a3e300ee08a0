package analyst

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// somebody is a person with a row, as budgets want them.
func somebody(t *testing.T, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`,
			id, id+"@example.com", time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// paidBy gives an analyst a budget.
func paidBy(a *Analyst, d *db.DB, limits budget.Limits) {
	a.Budget = &budget.Service{DB: d, Now: a.Now, Log: slog.New(slog.DiscardHandler), Limits: limits}
}

func usd(text string) budget.Amount { return budget.Amount{USD: decimal.RequireFromString(text)} }

func took(t *testing.T, a *Analyst, user string) budget.Use {
	t.Helper()
	m, err := a.Budget.Spent(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return m.Installation
}

// says ends each turn with a word.
func says(_ int, _ llm.Request, say func(string)) (llm.Response, error) {
	say("ok")
	return llm.Response{StopReason: llm.EndTurn, Usage: llm.Usage{Input: 1000, Output: 100}}, nil
}

func TestEachTurnIsPaidBeforeItIsAskedAndSettledByWhatItTook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var a *Analyst
		user := somebody(t, d)
		a, _ = analystOf(func(turn int, req llm.Request, say func(string)) (llm.Response, error) {
			if m := took(t, a, user); m.Reserved.Tokens < llm.Estimate(req) || !m.Reserved.USD.IsPositive() {
				t.Errorf("turn %d: got %v reserved while the model is asked", turn, m.Reserved)
			}
			if turn == 1 {
				return callsFor(1, "echo"), nil
			}
			return says(turn, req, say)
		})
		paidBy(a, d, budget.Limits{Installation: usd("50")})
		result, _, err := answer(t, a, Question{UserID: user, Text: "hi"})
		if err != nil || result.Fallback {
			t.Fatalf("got %+v, %v", result, err)
		}
		m := took(t, a, user)
		if !m.Spent.USD.Equal(result.Usage.Cost) || m.Spent.Tokens != 1210 || m.Reserved.Tokens != 0 {
			t.Errorf("got %+v, want the answer's %s and 1210 tokens", m, result.Usage.Cost)
		}
	})
}

func TestASpentBudgetHasTheBuiltInAnalystAnswerAndSaySo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := somebody(t, d)
		a, seen := analystOf(says)
		paidBy(a, d, budget.Limits{Person: usd("0.000001")})
		result, events, err := answer(t, a, Question{UserID: user, Text: "hi"})
		if err != nil || len(*seen) != 0 {
			t.Fatalf("got %v and %d questions to the model, want none", err, len(*seen))
		}
		if !result.Fallback || result.Status != Complete || result.StopReason != budgetSpent || result.Usage.Model != builtin.Name {
			t.Errorf("got %+v, want the built-in analyst's answer for a spent budget", result)
		}
		if !strings.HasPrefix(result.Content, budgetWords) || result.Content != textOf(events) || len(result.Content) <= len(budgetWords)+2 {
			t.Errorf("got %q, want words about the budget and an answer", result.Content)
		}
		for _, want := range []string{"JASPERS_BUDGET_PERSON_USD", "1 December 2026"} {
			if !strings.Contains(result.Notice, want) {
				t.Errorf("got the notice %q, want %s in it", result.Notice, want)
			}
		}
	})
}

func TestABudgetThatEndsInTheMiddleOfAnAnswerKeepsWhatThereIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := somebody(t, d)
		a, seen := analystOf(func(_ int, _ llm.Request, say func(string)) (llm.Response, error) {
			say("Let me look.")
			r := callsFor(1, "echo")
			r.Usage = llm.Usage{Input: 90_000}
			return r, nil
		})
		paidBy(a, d, budget.Limits{Installation: budget.Amount{Tokens: 100_000}})
		result, _, err := answer(t, a, Question{UserID: user, Text: "hi"})
		if err != nil || len(*seen) != 1 || result.StopReason != budgetSpent || !strings.HasPrefix(result.Content, "Let me look.\n\n"+budgetWords) {
			t.Errorf("got %d turns, %+v, %v, want one and then the built-in analyst", len(*seen), result, err)
		}
	})
}

func TestATurnThatBrokeOffTookWhatWasReservedAndOneThatWasRefusedNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, tc := range map[string]struct {
			usage llm.Usage
			err   error
			whole bool
		}{
			"broken off":      {llm.Usage{Input: 500, Output: 1}, fault.New(fault.UpstreamFailed, "cut"), true},
			"out of time":     {llm.Usage{}, fault.New(fault.UpstreamTimeout, "slow"), true},
			"stopped":         {llm.Usage{}, context.Canceled, true},
			"refused":         {llm.Usage{}, fault.New(fault.UpstreamDown, "overloaded"), false},
			"of unknown kind": {llm.Usage{}, errors.New("odd"), false},
		} {
			user := somebody(t, d)
			var upper int64
			var a *Analyst
			a, _ = analystOf(func(int, llm.Request, func(string)) (llm.Response, error) {
				m, err := a.Budget.Spent(t.Context(), user)
				upper = m.Person.Reserved.Tokens
				return llm.Response{Usage: tc.usage}, errors.Join(tc.err, err)
			})
			paidBy(a, d, budget.Limits{})
			if _, _, err := answer(t, a, Question{UserID: user, Text: "hi"}); err != nil {
				t.Fatal(err)
			}
			m, err := a.Budget.Spent(t.Context(), user)
			if want := map[bool]int64{true: upper}[tc.whole]; err != nil || upper == 0 || m.Person.Spent.Tokens != want || m.Person.Reserved.Tokens != 0 {
				t.Errorf("%s: got %+v, %v, want %d tokens spent", name, m.Person, err, want)
			}
		}
	})
}

// hundred is how many people ask at the same moment.
const hundred = 100

func TestOfAHundredQuestionsAtTheEndOfABudgetNoneGoesBeyondIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user, limit := somebody(t, d), usd("1")
		var asked atomic.Int64
		a := &Analyst{
			Model: spender{&asked}, Builtin: builtin.Model{}, Now: func() time.Time { return time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC) },
			Understand: func(context.Context, string, string, []string) (intent.Intent, map[string][]string, error) {
				return intent.Intent{Type: intent.Other}, nil, nil
			},
		}
		paidBy(a, d, budget.Limits{Installation: limit})
		var all sync.WaitGroup
		var byModel, bySpent atomic.Int64
		for range hundred {
			all.Go(func() {
				result, err := a.Answer(t.Context(), Question{UserID: user, Text: "hi"}, func(Event) {})
				switch {
				case err == nil && !result.Fallback && result.Status == Complete:
					byModel.Add(1)
				case err == nil && result.StopReason == budgetSpent:
					bySpent.Add(1)
				default:
					t.Errorf("got %+v, %v", result, err)
				}
			})
		}
		all.Wait()
		m := took(t, a, user)
		if byModel.Load() != asked.Load() || byModel.Load()+bySpent.Load() != hundred || bySpent.Load() == 0 || byModel.Load() == 0 {
			t.Errorf("got %d answers of the model, %d without it, %d questions to it", byModel.Load(), bySpent.Load(), asked.Load())
		}
		if m.Spent.USD.GreaterThan(limit.USD) || !m.Spent.USD.Equal(decimal.New(asked.Load(), 0).Mul(spent)) || m.Reserved.Tokens != 0 {
			t.Errorf("got %v of %s spent on %d questions", m.Spent.USD, limit.USD, asked.Load())
		}
	})
}

// spender is a model whose every turn costs the same, near the most that it could.
type spender struct{ asked *atomic.Int64 }

var spent = decimal.RequireFromString("0.083")

func (spender) Info() llm.Info {
	return llm.Info{Provider: "test", Model: "spender", Price: llm.Price{Input: decimal.NewFromInt(1), Output: decimal.NewFromInt(10)}}
}

func (s spender) Generate(_ context.Context, _ llm.Request, say func(string)) (llm.Response, error) {
	s.asked.Add(1)
	say("ok")
	return llm.Response{StopReason: llm.EndTurn, Usage: llm.Usage{Input: 3000, Output: 8000}}, nil
}

// narrow is a model that reads little, and counts four bytes as a token.
type narrow struct {
	adversaryModel
	window int64
}

func (n narrow) Info() llm.Info {
	info := n.adversaryModel.Info()
	info.Window = n.window
	return info
}

func (n narrow) CountTokens(_ context.Context, req llm.Request) (int64, error) {
	return llm.Estimate(req) / 4, nil
}

// full is work on a question with much before it: three results that were read, and three questions with their answers.
func full(a *Analyst) *work {
	w := newWork(a, a.Limits.withDefaults(), Question{}, func(Event) {})
	for range 3 {
		w.say(llm.User, llm.Block{Text: strings.Repeat("q", 4000)})
		w.say(llm.Assistant, llm.Block{Text: strings.Repeat("a", 4000)})
	}
	for i := range 3 {
		output := json.RawMessage(`{"x":"` + strings.Repeat("d", 4000) + `"}`)
		w.result.ToolCalls = append(w.result.ToolCalls, ToolCall{Handle: tool.HandleOf(i + 1), Output: output})
	}
	w.sayQuestion("and now?")
	return w
}

func TestAPromptThatIsTooLongLosesItsContextFirst(t *testing.T) {
	a, seen := analystOf(says)
	model := adversaryModel{says, &atomic.Int64{}, seen}
	for _, tc := range []struct {
		room              int64 // in tokens, beside what cannot be cut
		messages, results int
	}{{100_000, 7, 3}, {8000, 7, 1}, {6500, 7, 0}, {5000, 5, 0}, {100, 1, 0}, {1, 1, 0}} {
		a.Model = narrow{model, 0}
		bare := full(a)
		for bare.cut() {
		}
		a.Model = narrow{model, (llm.Estimate(bare.request())/4 + tc.room) * 4 / 3}
		a.Limits.Tokens = 1 << 20 // a quarter of the window is kept for the answer
		w := full(a)
		if err := w.fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		question := w.messages[w.question]
		if len(w.messages) != tc.messages || len(question.Blocks) != tc.results+2 || w.question != tc.messages-1 {
			t.Errorf("room for %d: got %d messages and %d blocks, want %d and %d", tc.room, len(w.messages), len(question.Blocks), tc.messages, tc.results+2)
		}
		if last := question.Blocks[len(question.Blocks)-1].Text; last != "and now?" || question.Blocks[0].Data == nil || w.messages[0].Role != llm.User {
			t.Errorf("room for %d: got the question %q", tc.room, last)
		}
	}
}

func TestABudgetThatHasRoomForLessContextIsUsed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, _ := analystOf(says)
		paidBy(a, d, budget.Limits{})
		w := full(a)
		w.userID = somebody(t, d)
		whole := llm.Estimate(w.request())
		a.Budget.Limits.Installation.Tokens = whole + 8192 - 6000
		req, paid, err := w.prepare(t.Context())
		if err != nil || paid == nil || len(w.messages) != 7 || len(w.messages[6].Blocks) != 2 {
			t.Fatalf("got %v, %v, want the conversation without its context", paid, err)
		}
		if paid.Upper.Tokens != llm.Estimate(req)+8192 {
			t.Errorf("got %d reserved, want the bound of what is sent", paid.Upper.Tokens)
		}
	})
}
