package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// A question that needs no tool, so that the first turn is the last.
const plainQuestion = "What is a dividend?"

// byBuiltIn begins what the built-in analyst says where the model fails.
const byBuiltIn = "*The language model could not be asked."

// modelFaults are the ways in which the model fails, and what becomes of the answer: the built-in analyst completes it.
var modelFaults = map[string]struct {
	fault        sim.Fault
	status, code string
	partial      bool // whether something of the model's answer had arrived
}{
	"overloaded in the middle": {sim.Fault{Kind: sim.FaultOverloaded}, "complete", "model_failed", true},
	"a stream that is cut":     {sim.Fault{Kind: sim.FaultStreamCut}, "complete", "model_failed", true},
	"a body that is cut":       {sim.Fault{Kind: sim.FaultCutBody}, "complete", "model_failed", true},
	"garbage":                  {sim.Fault{Kind: sim.FaultGarbage}, "complete", "model_failed", false},
	"a refusal":                {sim.Fault{Kind: sim.FaultRefusal}, "refused", "refusal", false},
	"its greatest length":      {sim.Fault{Kind: sim.FaultMaxTokens}, "truncated", "max_tokens", true},
	"too many requests":        {sim.Fault{Kind: sim.FaultRateLimited, RetryAfter: time.Minute}, "complete", "model_failed", false},
	"down":                     {sim.Fault{Kind: sim.FaultServerError, Count: 3}, "complete", "model_failed", false}, // it is asked three times
	"overloaded":               {sim.Fault{Kind: sim.FaultServerError, Status: 529, Count: 3}, "complete", "model_failed", false},
}

func TestAModelThatFailsLeavesAMessageThatSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		whole := p.say(p.newSession(map[string]any{}).ID, plainQuestion).Content
		for name, tc := range modelFaults {
			chat := p.newSession(map[string]any{})
			want := func(m message) {
				t.Helper()
				if m.Status != tc.status || m.Error == nil || m.Error.Code != tc.code || m.Error.Message == "" || m.FinishedAt == nil || m.Usage == nil {
					t.Errorf("%s: got %s %+v, want %s %s", name, m.Status, m.Error, tc.status, tc.code)
				}
				models, ours, completed := strings.Cut(m.Content, byBuiltIn)
				models = strings.TrimSpace(models)
				if (models != "") != tc.partial || !strings.HasPrefix(whole, models) || models == whole {
					t.Errorf("%s: got %q of %q, want some of it: %v", name, models, whole, tc.partial)
				}
				if completed != (tc.code == "model_failed") || completed && !strings.Contains(ours, "\n\n") {
					t.Errorf("%s: got %q, want it to be completed where the model failed", name, m.Content)
				}
			}
			p.fail(tc.fault)
			told := p.say(chat.ID, plainQuestion) // status 200: the message says how it went
			want(told)
			if stored := p.messages(chat.ID); len(stored) != 2 || cmp.Diff(told, stored[1]) != "" {
				t.Errorf("%s: got %v stored, want what was told: %v", name, stored, told)
			}
			p.wantUsable(name, chat.ID, tc.fault, whole)

			p.fail(tc.fault)
			events := p.ask(chat.ID, plainQuestion).rest()
			done := of[message](t, events, "done")[0]
			want(done)
			if errors := of[problem](t, events, "error"); len(errors) > 0 {
				t.Errorf("%s: the stream says %v, and ends with an answer", name, errors)
			}
			p.wantUsable(name, chat.ID, tc.fault, whole)
		}
	})
}

// fail makes the model fail, once unless the fault says how often.
func (p *person) fail(fault sim.Fault) {
	fault.Count = max(fault.Count, 1)
	p.sim.Faults.Set(sim.ProviderClaude, fault)
}

// wantUsable wants a conversation to go on once the fault is over.
func (p *person) wantUsable(name, chat string, after sim.Fault, whole string) {
	p.t.Helper()
	p.clock.Advance(after.RetryAfter)
	if again := p.say(chat, plainQuestion); again.Status != "complete" || again.Content != whole {
		p.t.Errorf("%s: got %s %q afterwards (%v), want the whole answer", name, again.Status, again.Content, again.Error)
	}
}

func TestAModelThatIsBusyForAMomentIsAskedAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		for _, fault := range []sim.Fault{
			{Kind: sim.FaultServerError, Count: 2},
			{Kind: sim.FaultServerError, Status: 529, Count: 1},
			{Kind: sim.FaultLatency, Delay: 50 * time.Millisecond, Count: 1},
		} {
			s.sim.Faults.Set(sim.ProviderClaude, fault)
			if m := p.say(chat.ID, plainQuestion); m.Status != "complete" || m.Error != nil {
				t.Errorf("%s: got %s %v, want the answer", fault.Kind, m.Status, m.Error)
			}
		}
	})
}

func TestAToolThatFailsIsInTheAnswerAndTheRestOfItStands(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.connect("alex")
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultGarbage})
		m := p.say(p.newSession(map[string]any{}).ID, "What is my portfolio worth, and what does NVDA trade at?")
		if m.Status != "complete" || !strings.Contains(m.Content, dollars(total(s.bookOf("alex")))) || !strings.Contains(m.Content, "could not be read") {
			t.Errorf("got %s %q, want the total, and that the quotes could not be read", m.Status, m.Content)
		}
		failed := 0
		for _, call := range m.ToolCalls {
			if call.Error != nil {
				failed++
			}
		}
		if failed == 0 || failed == len(m.ToolCalls) {
			t.Errorf("got the tool calls %v, want that some failed", m.ToolCalls)
		}
		p.get("/stocks/quote/NVDA").fails(http.StatusServiceUnavailable, "upstream_unavailable")
	})
}

// slowly is a model that takes its time, so that there is a middle.
func slowly() setup { return setup{model: sim.ClaudeOptions{DeltaDelay: 20 * time.Millisecond}} }

func TestOfTwoQuestionsAtOnceOneIsAConflict(t *testing.T) {
	eachEngineWith(t, slowly(), func(t *testing.T, s *site) {
		p := s.register("ada")
		chat, other := p.newSession(map[string]any{}), p.newSession(map[string]any{})
		answers := make(chan answer, 2)
		for range 2 {
			go func() {
				answers <- p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": plainQuestion})
			}()
		}
		first, second := <-answers, <-answers // the refusal does not wait for the answer
		first.fails(http.StatusConflict, "conflict")
		if m := data[message](second.status(http.StatusOK)); m.Status != "complete" {
			t.Errorf("got %v, want the answer", m)
		}
		if m := p.messages(chat.ID); len(m) != 2 {
			t.Errorf("got %d messages, want a question and its answer", len(m))
		}
		running := p.ask(chat.ID, plainQuestion)
		running.until("run")
		p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": plainQuestion}, asStream()).fails(http.StatusConflict, "conflict")
		p.say(other.ID, plainQuestion) // another conversation is free
		running.rest()
	})
}

func TestAnAnswerIsFinishedAndStoredForAListenerWhoLeft(t *testing.T) {
	eachEngineWith(t, slowly(), func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		whole := p.say(chat.ID, plainQuestion)
		left := p.ask(chat.ID, plainQuestion)
		left.until("delta")
		if err := left.resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer", func() error {
			m := p.messages(chat.ID)
			if last := m[len(m)-1]; len(m) != 4 || last.Status != "complete" || last.Content != whole.Content {
				return fmt.Errorf("got %d messages, the last %s %q", len(m), last.Status, last.Content)
			}
			return nil
		})
	})
}

func TestWithoutAModelTheBuiltInAnalystAnswers(t *testing.T) {
	without := setup{settings: []string{"JASPERS_ANTHROPIC_API_KEY=", "JASPERS_ANTHROPIC_BASE_URL="}}
	eachEngineWith(t, without, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.connect("alex")
		p.wantFresh(s.bookOf("alex"))
		chat := p.newSession(map[string]any{})
		m := p.say(chat.ID, "What is my portfolio worth?")
		if m.Status != "complete" || m.Error != nil || !strings.Contains(m.Content, dollars(total(s.bookOf("alex")))) {
			t.Errorf("got %s %v %q, want the total", m.Status, m.Error, m.Content)
		}
		p.say(chat.ID, "How many shares of Apple do I hold?")
		m = p.say(chat.ID, "And Microsoft?")
		if !strings.Contains(m.Content, "How many shares of Microsoft do I hold?") || !strings.Contains(m.Content, "MSFT") || strings.Contains(m.Content, "AAPL") {
			t.Errorf("got %q, want what goes on from the question before read as that of Microsoft", m.Content)
		}
	})
}
