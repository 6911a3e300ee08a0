package chat

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

func TestAnAnswerIsStoppedFromAnyProcess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, upstream := writerOn(t, d)
		user := newUser(t, d)
		for name, from := range map[string]*Service{"here": s, "elsewhere": replicaOf(t, s)} {
			upstream.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
			session := newSession(t, s, user)
			run := post(t, s, user, session.ID, "hello")
			firstDelta(t, run)
			stopped, err := from.Stop(t.Context(), user, session.ID, run.MessageID)
			if err != nil {
				t.Fatal(err)
			}
			m, events := wait(t, run), heard(t, run)
			checkStored(t, s, run, m, events)
			if diff := cmp.Diff(m, stopped); diff != "" {
				t.Errorf("%s: stop (-stored +answered):\n%s", name, diff)
			}
			if m.Status != Stopped || m.Error != nil || m.Content == "" || m.Content != textOf(t, events) {
				t.Errorf("%s: got %s %+v %q, want stopped with what had arrived: %q", name, m.Status, m.Error, m.Content, textOf(t, events))
			}
			for range 2 { // what is over stays as it is
				again, err := from.Stop(t.Context(), user, session.ID, run.MessageID)
				if diff := cmp.Diff(m, again); diff != "" || err != nil {
					t.Errorf("%s: stopped again: %v (-want +got):\n%s", name, err, diff)
				}
			}
			if found := search(t, s, user, m.Content); !slices.ContainsFunc(found, func(f Found) bool { return f.MessageID != nil && *f.MessageID == m.ID }) {
				t.Errorf("%s: got %q, want what stands to be found", name, marked(found))
			}
			if turns := history(t, s, session.ID); len(turns) != 2 || turns[1] != m.Content {
				t.Errorf("%s: got %q, want what stands to be shown to the model", name, turns)
			}
			if next := wait(t, post(t, s, user, session.ID, "hello again")); next.Status != Complete {
				t.Errorf("%s: got %s afterwards, want the conversation to go on", name, next.Status)
			}
		}
	})
}

func TestAnAnswerThatWasToStopWhenItsProcessDiedIsStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		id, _ := abandon(t, s, session.ID)
		asked := make(chan Message, 1)
		go func() {
			m, err := s.Stop(t.Context(), user, session.ID, id)
			if err != nil {
				t.Error(err)
			}
			asked <- m
		}()
		for stop := false; !stop; time.Sleep(time.Millisecond) {
			if err := d.Read().QueryRowContext(t.Context(), `select stop_requested from chat_messages where id = $1`, id).Scan(&stop); err != nil {
				t.Fatal(err)
			}
		}
		c.advance(leaseTime + time.Second)
		if n, err := s.Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d, %v, want 1", n, err)
		}
		if m := <-asked; m.Status != Stopped || m.Error != nil || m.Content != "Apple is at 250 [1] & rising" {
			t.Errorf("got %s %+v %q, want stopped with what had arrived", m.Status, m.Error, m.Content)
		}
		if types := eventTypes(t, s, id); types != "tool citation delta usage delta done" {
			t.Errorf("got events %s, want no error in them", types)
		}
	})
}

func TestAnAnswerIsWrittenAnewHoweverItEnded(t *testing.T) {
	for name, c := range map[string]struct {
		fault sim.Fault
		end   func(s *Service)
		want  Status
	}{
		"complete":    {want: Complete},
		"cut short":   {fault: sim.Fault{Kind: sim.FaultMaxTokens, Count: 1}, want: Truncated},
		"refused":     {fault: sim.Fault{Kind: sim.FaultRefusal, Count: 1}, want: Refused},
		"interrupted": {fault: sim.Fault{Kind: sim.FaultStreamHang, Count: 1}, want: Interrupted, end: func(s *Service) { s.interrupt(); s.interrupting = false }},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s, upstream := writerOn(t, d)
				user := newUser(t, d)
				session := newSession(t, s, user)
				before := wait(t, post(t, s, user, session.ID, "What can you do?"))
				if c.fault.Kind != "" {
					upstream.Faults.Set(sim.ProviderClaude, c.fault)
				}
				run := post(t, s, user, session.ID, "What does AAPL trade at?")
				if c.end != nil {
					firstDelta(t, run)
					c.end(s)
				}
				former := wait(t, run)
				if former.Status != c.want {
					t.Fatalf("got %s, want %s first", former.Status, c.want)
				}
				again, err := s.Regenerate(t.Context(), user, session.ID, former.ID)
				if err != nil {
					t.Fatal(err)
				}
				events := heard(t, again)
				m := wait(t, again)
				checkStored(t, s, again, m, events)
				former.Versions = []string{former.ID, m.ID}
				checkVersions(t, s, user, session.ID, before, former, m)
				if _, err := s.Regenerate(t.Context(), user, session.ID, before.ID); !fault.Is(err, fault.Conflict) {
					t.Errorf("an answer to an older question: got %v, want Conflict", err)
				}
			})
		})
	}
}

// checkVersions wants two answers in a session, of which the second has two versions and the last is shown.
func checkVersions(t *testing.T, s *Service, user, session string, before, former, last Message) {
	t.Helper()
	branch := shown(t, s, user, session)
	if diff := cmp.Diff([]Message{before, last}, answers(branch)); diff != "" || len(branch) != 4 {
		t.Errorf("of %d shown messages (-want +got):\n%s", len(branch), diff)
	}
	if diff := cmp.Diff([]string{former.ID, last.ID}, last.Versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	other, _, err := s.Branch(t.Context(), user, session, former.ID, 10, "")
	slices.Reverse(other)
	if diff := cmp.Diff([]Message{before, former}, answers(other)); diff != "" || len(other) != 4 || err != nil {
		t.Errorf("of %d messages of the other branch: %v (-want +got):\n%s", len(other), err, diff)
	}
}

func answers(messages []Message) (all []Message) {
	for _, m := range messages {
		if m.Role == llm.Assistant {
			all = append(all, m)
		}
	}
	return all
}

func TestTheLastQuestionOfTheShownBranchIsAnsweredAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user).ID
		again := func(messageID string) Message {
			t.Helper()
			run, err := s.Regenerate(t.Context(), user, session, messageID)
			if err != nil {
				t.Fatal(err)
			}
			return wait(t, run)
		}
		first := wait(t, post(t, s, user, session, "dividends"))
		second := again(first.ID)
		third := again(first.ID) // which is not shown, but answers the same question
		if diff := cmp.Diff([]string{first.ID, second.ID, third.ID}, third.Versions); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		if found := search(t, s, user, third.Content[:10]); len(found) < 3 {
			t.Errorf("got %v, want all versions to be found", marked(found))
		}
		asked := shown(t, s, user, session)[0]
		wait(t, rewrite(t, s, user, session, asked.ID, "interest"))
		if _, err := s.Regenerate(t.Context(), user, session, third.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("an answer on another branch: got %v, want Conflict", err)
		}
		if _, err := s.Update(t.Context(), user, session, Changes{Head: &first.ID}); err != nil {
			t.Fatal(err)
		}
		fourth := again(third.ID)
		if got := shown(t, s, user, session); len(got) != 2 || got[0].ID != asked.ID || got[1].ID != fourth.ID {
			t.Errorf("got %+v, want the first question with its newest answer", got)
		}
		if _, err := s.Regenerate(t.Context(), user, session, asked.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a question: got %v, want NotFound", err)
		}
	})
}

func TestAnAnswerThatIsBeingWrittenIsNotWrittenAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		run := post(t, s, user, session.ID, "hello")
		for _, from := range []*Service{s, replicaOf(t, s)} {
			if _, err := from.Regenerate(t.Context(), user, session.ID, run.MessageID); !fault.Is(err, fault.Conflict) {
				t.Errorf("regenerate: got %v, want Conflict", err)
			}
			if _, err := from.Post(t.Context(), user, session.ID, "hello"); !fault.Is(err, fault.Conflict) {
				t.Errorf("post: got %v, want Conflict", err)
			}
		}
		if all := shown(t, s, user, session.ID); len(all) != 2 || all[1].ID != run.MessageID || len(all[1].Versions) != 1 {
			t.Errorf("got %v, want the question and its answer as they were", all)
		}
	})
}

func TestAUsersAnswersAreCountedOverAllProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		other := replicaOf(t, s)
		user := newUser(t, d)
		var last *Run
		for i := range maxUserRuns {
			last = post(t, []*Service{s, other}[i%2], user, newSession(t, s, user).ID, "hello")
		}
		fifth := newSession(t, s, user)
		for _, from := range []*Service{s, other} {
			if _, err := from.Post(t.Context(), user, fifth.ID, "hello"); !fault.Is(err, fault.RateLimited) || fault.From(err).RetryAfter == 0 {
				t.Errorf("got %v, want RateLimited with a time", err)
			}
		}
		if _, err := s.Stop(t.Context(), user, last.SessionID, last.MessageID); err != nil {
			t.Fatal(err)
		}
		post(t, s, user, fifth.ID, "hello")
	})
}
