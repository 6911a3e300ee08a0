package chat

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// replicaOf is another process on the same database.
func replicaOf(t *testing.T, s *Service) *Service {
	t.Helper()
	other := &Service{DB: s.DB, Analyst: s.Analyst, Now: s.Now, Log: s.Log, Audit: s.Audit, Keys: s.Keys}
	t.Cleanup(func() { closeNow(other) })
	return other
}

// attached hears an answer from the event after the one numbered seq to its end.
func attached(t *testing.T, s *Service, user string, run *Run, seq int64) []Event {
	t.Helper()
	stream, err := s.Attach(t.Context(), user, run.SessionID, run.MessageID, seq)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer stream.Leave()
	return slices.Collect(stream.Events(t.Context(), seq))
}

func TestWhoAttachesAnywhereHearsWhatEverybodyHears(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, upstream := writerOn(t, d)
		other := replicaOf(t, s)
		user := newUser(t, d)
		session := newSession(t, s, user)
		upstream.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultLatency, Delay: time.Minute})
		run := post(t, s, user, session.ID, "What does AAPL trade at?")
		var early sync.WaitGroup
		got := make([][]Event, 4)
		early.Go(func() { got[0] = attached(t, s, user, run, 0) })
		early.Go(func() { got[1] = attached(t, other, user, run, 0) })
		early.Go(func() { got[2] = attached(t, other, user, run, 1) })
		early.Go(func() {
			newest, err := other.Attach(t.Context(), user, session.ID, "", 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer newest.Leave()
			got[3] = slices.Collect(newest.Events(t.Context(), 0))
		})
		upstream.Faults.Clear(sim.ProviderClaude)
		want := heard(t, run)
		early.Wait()
		checkStored(t, s, run, wait(t, run), want)
		if diff := cmp.Diff([][]Event{want, want, want[1:], want}, got); diff != "" {
			t.Errorf("heard while it was written (-want +got):\n%s", diff)
		}
		for seq := range len(want) {
			if diff := cmp.Diff(want[seq:], attached(t, other, user, run, int64(seq))); diff != "" {
				t.Errorf("heard afterwards from %d on (-want +got):\n%s", seq, diff)
			}
		}
		if stream, err := other.Attach(t.Context(), user, session.ID, run.MessageID, int64(len(want))); stream != nil || err != nil {
			t.Errorf("after the last event: got %v, %v, want nothing to hear", stream, err)
		}
	})
}

func TestWhatCannotBeAttachedToIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user, stranger := newUser(t, d), newUser(t, d)
		session, empty := newSession(t, s, user), newSession(t, s, user)
		run := post(t, s, user, session.ID, "hello")
		last := int64(len(heard(t, run)))
		for name, c := range map[string]struct {
			user, session, message string
			seq                    int64
			want                   fault.Kind
		}{
			"a stranger":             {stranger, session.ID, run.MessageID, 0, fault.NotFound},
			"no such conversation":   {user, db.NewID(), run.MessageID, 0, fault.NotFound},
			"another conversation":   {user, empty.ID, run.MessageID, 0, fault.NotFound},
			"no such answer":         {user, session.ID, db.NewID(), 0, fault.NotFound},
			"no id":                  {user, session.ID, "x", 0, fault.NotFound},
			"nothing was asked yet":  {user, empty.ID, "", 0, fault.NotFound},
			"an event there was not": {user, session.ID, run.MessageID, last + 1, fault.Invalid},
		} {
			if _, err := s.Attach(t.Context(), c.user, c.session, c.message, c.seq); !fault.Is(err, c.want) {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
			if _, err := s.Stop(t.Context(), c.user, c.session, c.message); c.want == fault.NotFound && c.message != "" && !fault.Is(err, c.want) {
				t.Errorf("%s: stop: got %v, want %s", name, err, c.want)
			}
			if _, err := s.Regenerate(t.Context(), c.user, c.session, c.message); c.want == fault.NotFound && !fault.Is(err, c.want) {
				t.Errorf("%s: regenerate: got %v, want %s", name, err, c.want)
			}
		}
	})
}

func TestFollowersAreLetGo(t *testing.T) {
	for name, end := range map[string]func(s, other *Service, user, session string) error{
		"when the conversation is deleted": func(s, _ *Service, user, session string) error {
			return s.Delete(context.Background(), user, session)
		},
		"when their process stops": func(_, other *Service, _, _ string) error {
			other.Close(context.Background())
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := hangingOn(t, d)
				other := replicaOf(t, s)
				user := newUser(t, d)
				run := post(t, s, user, newSession(t, s, user).ID, "hello")
				firstDelta(t, run)
				var listeners sync.WaitGroup
				for range 3 {
					stream, err := other.Attach(t.Context(), user, run.SessionID, run.MessageID, 0)
					if err != nil {
						t.Fatal(err)
					}
					listeners.Go(func() {
						defer stream.Leave()
						events := slices.Collect(stream.Events(t.Context(), 0))
						if last := events[len(events)-1]; last.Type != EventDone && (last.Type != EventError || last.Seq != 0) {
							t.Errorf("got a last event %d %s, want the end or a notice", last.Seq, last.Type)
						}
					})
				}
				if err := end(s, other, user, run.SessionID); err != nil {
					t.Fatal(err)
				}
				listeners.Wait()
				if n := len(other.follower.followed); n != 0 {
					t.Errorf("%d answers are still followed", n)
				}
			})
		})
	}
}

// On PostgreSQL somebody may hold one conversation for long; SQLite has one writer by nature.
func TestAConversationThatIsHeldKeepsNoOtherWaiting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Engine != db.Postgres {
			t.Skip("SQLite has one writer")
		}
		s, upstream := writerOn(t, d)
		user := newUser(t, d)
		upstream.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
		held := post(t, s, user, newSession(t, s, user).ID, "hello")
		firstDelta(t, held)
		release := hold(t, d, held.SessionID)
		defer release()
		for i := range 3 {
			if m := wait(t, post(t, s, user, newSession(t, s, user).ID, fmt.Sprint("hello ", i))); m.Status != Complete {
				t.Errorf("got %s, want the others to be written", m.Status)
			}
		}
	})
}
