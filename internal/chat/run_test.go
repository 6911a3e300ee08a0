package chat

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/llm/claude"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/researchtools"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// price is what a token costs in these tests, in dollars for a million.
var price = llm.Price{Input: decimal.NewFromInt(2), Output: decimal.NewFromInt(10), CacheRead: decimal.RequireFromString("0.2"), CacheWrite: decimal.RequireFromString("2.5")}

// fixedPrices is a source that knows one price of anything but NOPE.
type fixedPrices struct{ now func() time.Time }

func (fixedPrices) Name() string { return "fixed" }

func (f fixedPrices) Quotes(_ context.Context, symbols []string) (map[string]market.Quote, error) {
	quotes := map[string]market.Quote{}
	for _, s := range symbols {
		if s != "NOPE" {
			quotes[s] = market.Quote{
				Symbol: s, Price: decimal.RequireFromString("250.123456789"), Currency: "USD", Source: "fixed", Timestamp: f.now(), FetchedAt: f.now(),
			}
		}
	}
	return quotes, nil
}

// writerOn is a service whose analyst asks the simulated Claude, through the adapter and over HTTP.
func writerOn(t *testing.T, d *db.DB) (*Service, *sim.Sim) {
	t.Helper()
	s, c := serviceOn(t, d)
	upstream := sim.NewSim(sim.New(1, c.now))
	upstream.Claude.Key = "sk-ant-simulated"
	server := httptest.NewServer(upstream.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	quotes, err := market.New(t.Context(), market.Config{Sources: []market.Source{fixedPrices{c.now}}, Now: c.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.Analyst.Tools = []tool.Tool{researchtools.Quotes(quotes)}
	s.Analyst.Model = claude.New(claude.Config{
		APIKey: upstream.Claude.Key, BaseURL: server.URL + "/claude", Model: "claude-sonnet-5-5", Price: price,
	}, server.Client())
	t.Cleanup(func() { closeNow(s) }) // before the server, which waits for its requests
	return s, upstream
}

// closeNow interrupts whatever is being written.
func closeNow(s *Service) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	s.Close(over)
}

func post(t *testing.T, s *Service, user, session, content string) *Run {
	t.Helper()
	run, err := s.Post(t.Context(), user, session, content)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func wait(t *testing.T, run *Run) Message {
	t.Helper()
	m, err := run.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// heard is all that a run says, as one listener hears it.
func heard(t *testing.T, run *Run) []Event {
	t.Helper()
	var events []Event
	for e := range run.Stream().Events(t.Context(), 0) {
		events = append(events, e)
	}
	return events
}

func textOf(t *testing.T, events []Event) string {
	t.Helper()
	var text strings.Builder
	for _, e := range events {
		if e.Type == EventDelta {
			var d DeltaData
			if err := json.Unmarshal(e.Data, &d); err != nil {
				t.Fatal(err)
			}
			text.WriteString(d.Text)
		}
	}
	return text.String()
}

// checkStored wants in the database, event for event, what was heard, ending with the message as it is read.
func checkStored(t *testing.T, s *Service, run *Run, m Message, events []Event) {
	t.Helper()
	stored, err := selectEvents(t.Context(), s.DB.Read(), run.MessageID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(events, stored); diff != "" {
		t.Errorf("stored events (-heard +stored):\n%s", diff)
	}
	eventTypes(t, s, run.MessageID)
	read, err := findMessage(t.Context(), s.DB.Read(), run.MessageID)
	if diff := cmp.Diff(m, read); diff != "" || err != nil {
		t.Errorf("stored message: %v (-got +stored):\n%s", err, diff)
	}
	whole, err := json.Marshal(read)
	if last := events[len(events)-1]; err != nil || last.Type != EventDone || string(last.Data) != string(whole) {
		t.Errorf("got last event %s %s, want done with %s", last.Type, last.Data, whole)
	}
}

func TestAnAnswerIsStoredAsItWasHeard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		run := post(t, s, user, session.ID, "  What does AAPL trade at? ")
		events := heard(t, run)
		m := wait(t, run)
		checkStored(t, s, run, m, events)
		if m.Status != Complete || m.Error != nil || m.Content != textOf(t, events) || !strings.Contains(m.Content, "250.12") {
			t.Errorf("got %s %v %q, want what was heard: %q", m.Status, m.Error, m.Content, textOf(t, events))
		}
		if len(m.ToolCalls) != 1 || len(m.Citations) == 0 || !strings.Contains(m.Content, "[1]") || strings.Contains(m.Content, "[[") {
			t.Fatalf("got %d calls, citations %v, %q, want one call that is cited", len(m.ToolCalls), m.Citations, m.Content)
		}
		call, cited := m.ToolCalls[0], m.Citations[0]
		if cited.ToolCallID != call.ID || cited.Source != "fixed" || !strings.Contains(string(call.Output), "250.123456789") {
			t.Errorf("got %+v of %s, want the call's id and its exact price", cited, call.Output)
		}
		want := price.Cost(m.Usage.Usage)
		if !m.Usage.CostUSD.Equal(want) || want.IsZero() || m.Usage.Model != "claude-sonnet-5-5" {
			t.Errorf("got %+v, want a cost of %s", m.Usage, want)
		}
		if first := events[0]; first.Type != EventRun || !strings.Contains(string(first.Data), run.MessageID) {
			t.Errorf("got %s %s, want the run's own event first", first.Type, first.Data)
		}
		messages, _, err := s.Messages(t.Context(), user, session.ID, 10, "")
		if err != nil || len(messages) != 2 {
			t.Fatalf("got %d messages, %v, want two", len(messages), err)
		}
		if diff := cmp.Diff(m, messages[0]); diff != "" {
			t.Errorf("newest message (-want +got):\n%s", diff)
		}
		if q := messages[1]; q.Role != llm.User || q.Content != "What does AAPL trade at?" || q.Usage != nil || q.Status != Complete {
			t.Errorf("got %+v, want the question", q)
		}
	})
}

func TestAnAnswerGoesOnAfterTheClientLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		ctx, leave := context.WithCancel(t.Context())
		run, err := s.Post(ctx, user, newSession(t, s, user).ID, "What does AAPL trade at?")
		leave()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run.Wait(ctx); !fault.Is(err, fault.Canceled) {
			select {
			case <-run.ended: // it may be that fast
			default:
				t.Errorf("got %v, want Canceled for the one who left", err)
			}
		}
		if m := wait(t, run); m.Status != Complete {
			t.Errorf("got %s, want the whole answer", m.Status)
		}
	})
}

func TestWhatWentWrongAtTheModelIsStored(t *testing.T) {
	for _, c := range []struct {
		fault  sim.Fault
		status Status
		code   string
		partly bool
	}{
		{sim.Fault{Kind: sim.FaultOverloaded}, Complete, "model_failed", true},
		{sim.Fault{Kind: sim.FaultStreamCut}, Complete, "model_failed", true},
		{sim.Fault{Kind: sim.FaultStreamHang}, Complete, "model_failed", true},
		{sim.Fault{Kind: sim.FaultRateLimited}, Complete, "model_failed", true},
		{sim.Fault{Kind: sim.FaultServerError, Status: 503}, Complete, "model_failed", true},
		{sim.Fault{Kind: sim.FaultRefusal}, Refused, "refusal", false},
		{sim.Fault{Kind: sim.FaultMaxTokens}, Truncated, "max_tokens", true},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s, upstream := writerOn(t, d)
				if c.fault.Kind == sim.FaultStreamHang {
					s.Analyst.Limits.Time = 300 * time.Millisecond
				}
				upstream.Faults.Set(sim.ProviderClaude, c.fault)
				user := newUser(t, d)
				session := newSession(t, s, user)
				run := post(t, s, user, session.ID, "hello")
				events := heard(t, run)
				m := wait(t, run)
				checkStored(t, s, run, m, events)
				if m.Status != c.status || m.Error == nil || m.Error.Code != c.code || m.Error.Message == "" {
					t.Errorf("got %s %+v, want %s %s", m.Status, m.Error, c.status, c.code)
				}
				if m.Content != textOf(t, events) || (m.Content != "") != c.partly {
					t.Errorf("got %q, want what was heard: %q", m.Content, textOf(t, events))
				}
				if told := events[len(events)-2].Type == EventError; told != (c.status == Failed) {
					t.Errorf("got an error event: %t, want one before done when the answer failed", told)
				}
				upstream.Faults.Clear(sim.ProviderClaude)
				if next := wait(t, post(t, s, user, session.ID, "hello again")); next.Status != Complete {
					t.Errorf("got %s %+v afterwards, want the conversation to go on", next.Status, next.Error)
				}
			})
		})
	}
}

// hangingOn is a service on which answers begin and do not end.
func hangingOn(t *testing.T, d *db.DB) *Service {
	t.Helper()
	s, upstream := writerOn(t, d)
	upstream.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang})
	return s
}

func TestOfManyPostsToASessionOneIsAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		var posts sync.WaitGroup
		errs := make([]error, maxUserRuns)
		for i := range errs {
			posts.Go(func() { _, errs[i] = s.Post(t.Context(), user, session.ID, "hello") })
		}
		posts.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("got %v, want Conflict", err)
			}
		}
		messages, _, err := s.Messages(t.Context(), user, session.ID, 100, "")
		if won != 1 || len(messages) != 2 || err != nil {
			t.Errorf("got %d answers begun and %d messages, %v, want one question and one answer", won, len(messages), err)
		}
		if _, err := s.Post(t.Context(), user, newSession(t, s, user).ID, "hello"); err != nil {
			t.Errorf("another session: got %v, want an answer", err)
		}
	})
}

// firstDelta waits until a run has begun to speak.
func firstDelta(t *testing.T, run *Run) {
	t.Helper()
	for e := range run.Stream().Events(t.Context(), 0) {
		if e.Type == EventDelta {
			return
		}
	}
	t.Error("the run ended without a word")
}

func TestClosingInterruptsWhatDoesNotEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		run := post(t, s, user, session.ID, "hello")
		firstDelta(t, run)
		closeNow(s)
		m := wait(t, run)
		events := heard(t, run)
		checkStored(t, s, run, m, events)
		if m.Status != Interrupted || m.Error == nil || m.Content == "" || m.Content != textOf(t, events) {
			t.Errorf("got %s %+v %q, want interrupted with what had arrived", m.Status, m.Error, m.Content)
		}
		if _, err := s.Post(t.Context(), user, session.ID, "hello"); !fault.Is(err, fault.Overloaded) || fault.From(err).RetryAfter == 0 {
			t.Errorf("got %v, want Overloaded with a time after closing", err)
		}
	})
}

func TestClosingWaitsForAnswersThatEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, upstream := writerOn(t, d)
		upstream.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultLatency, Delay: 50 * time.Millisecond})
		user := newUser(t, d)
		run := post(t, s, user, newSession(t, s, user).ID, "hello")
		s.Close(t.Context())
		select {
		case <-run.ended:
		default:
			t.Fatal("closed while an answer was being written")
		}
		if m := wait(t, run); m.Status != Complete {
			t.Errorf("got %s, want complete", m.Status)
		}
	})
}

func TestDeletingASessionEndsItsAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		run := post(t, s, user, session.ID, "hello")
		firstDelta(t, run)
		if err := s.Delete(t.Context(), user, session.ID); err != nil {
			t.Fatal(err)
		}
		heard(t, run) // ends
		if left := eventTypes(t, s, run.MessageID); left != "" {
			t.Errorf("got events %s of a deleted session", left)
		}
	})
}

// What another process did to a running answer shows at the next round: the run ends, and changes nothing.
func TestAnAnswerThatWasRecoveredByAnotherProcessEndsAsThatOneSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		run := post(t, s, user, newSession(t, s, user).ID, "hello")
		firstDelta(t, run)
		other := &Service{DB: d, Now: func() time.Time { return s.Now().Add(time.Minute) }, Log: s.Log, Keys: s.Keys}
		if n, err := other.Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d, %v, want one answer recovered", n, err)
		}
		m := wait(t, run)
		checkStored(t, s, run, m, heard(t, run))
		if m.Status != Interrupted || !m.FinishedAt.Equal(other.Now()) {
			t.Errorf("got %s at %s, want what the other process stored", m.Status, m.FinishedAt)
		}
	})
}

func TestAnAnswerThatWasDeletedByAnotherProcessEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		run := post(t, s, user, newSession(t, s, user).ID, "hello")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `delete from chat_messages where id = $1`, run.MessageID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = run.Wait(t.Context())
		events := heard(t, run)
		last := events[len(events)-1]
		if !fault.Is(err, fault.NotFound) || last.Type != EventError || last.Seq != 0 || !strings.Contains(string(last.Data), string(fault.NotFound)) {
			t.Errorf("got %v and a last event %d %s %s, want NotFound", err, last.Seq, last.Type, last.Data)
		}
	})
}

func TestWithoutAModelTheBuiltInAnalystAnswers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		m := wait(t, post(t, s, user, newSession(t, s, user).ID, "hello"))
		if m.Status != Complete || m.Content == "" || m.Usage == nil || m.Usage.Model != builtin.Name {
			t.Errorf("got %+v, want its answer", m)
		}
	})
}

func TestOnlySoManyAnswersAreWrittenAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		s.admitted = maxRuns
		if _, err := s.Post(t.Context(), user, session.ID, "hello"); !fault.Is(err, fault.Overloaded) || fault.From(err).RetryAfter == 0 {
			t.Errorf("got %v, want Overloaded with a time", err)
		}
		s.admitted = 0
		if m := wait(t, post(t, s, user, session.ID, "hello")); m.Status != Complete {
			t.Errorf("got %s, want an answer when there is room again", m.Status)
		}
	})
}

func TestAUserHasFourAnswersWrittenAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user, other := newUser(t, d), newUser(t, d)
		var first Session
		for range 4 {
			first = newSession(t, s, user)
			post(t, s, user, first.ID, "hello")
		}
		fifth := newSession(t, s, user)
		_, err := s.Post(t.Context(), user, fifth.ID, "hello")
		if f := fault.From(err); f.Kind != fault.RateLimited || f.RetryAfter == 0 || !strings.Contains(f.Message, "wait for one of them to finish") {
			t.Errorf("got %v, want RateLimited with a time and what to do", err)
		}
		post(t, s, other, newSession(t, s, other).ID, "hello")
		if err := s.Delete(t.Context(), user, first.ID); err != nil {
			t.Fatal(err)
		}
		post(t, s, user, fifth.ID, "hello")
	})
}
