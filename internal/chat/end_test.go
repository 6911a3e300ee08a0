package chat

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestDeletingASessionDoesNotWaitForPostsThatFail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		owner, strangers := newUser(t, d), []string{newUser(t, d), newUser(t, d), newUser(t, d), newUser(t, d)}
		for range 8 { // which post a deletion meets is chance
			session := newSession(t, s, owner)
			firstDelta(t, post(t, s, owner, session.ID, "hello"))
			if _, err := s.Post(t.Context(), owner, session.ID, "hello"); !fault.Is(err, fault.Conflict) {
				t.Errorf("got %v, want Conflict", err)
			}
			stop := keepPosting(t, s, strangers, session.ID)
			limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := s.Delete(limit, owner, session.ID)
			cancel()
			stop()
			if err != nil {
				t.Fatalf("got %v, want the session deleted", err)
			}
		}
	})
}

// keepPosting has strangers post to a session until stop is called. It returns when each has done so once.
func keepPosting(t *testing.T, s *Service, strangers []string, sessionID string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var posts, begun sync.WaitGroup
	for _, user := range strangers {
		begun.Add(1)
		posts.Go(func() {
			for try := 0; ctx.Err() == nil; try++ {
				if _, err := s.Post(ctx, user, sessionID, "hello"); !fault.Is(err, fault.NotFound) && ctx.Err() == nil {
					t.Errorf("got %v, want NotFound", err)
					cancel()
				}
				if try == 0 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	return func() {
		cancel()
		posts.Wait()
	}
}

// hold keeps the database from taking anything of a session until it is let go.
func hold(t *testing.T, d *db.DB, sessionID string) (release func()) {
	t.Helper()
	held, free := make(chan error, 1), make(chan struct{})
	var holder sync.WaitGroup
	holder.Go(func() {
		err := d.Tx(context.WithoutCancel(t.Context()), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `update chat_messages set citations = citations where session_id = $1`, sessionID)
			held <- err
			<-free
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if err := <-held; err != nil {
		t.Error(err)
	}
	return func() {
		close(free)
		holder.Wait()
	}
}

func TestClosingEndsThoughTheDatabaseTakesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		run := post(t, s, user, session.ID, "hello")
		firstDelta(t, run)
		release := hold(t, d, session.ID)
		closed := make(chan struct{})
		go func() {
			closeNow(s)
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(4 * closeTime):
			t.Error("still waiting long after the time to store was over")
		}
		events := heard(t, run)
		release()
		<-closed
		last := events[len(events)-1]
		var told Problem
		if err := json.Unmarshal(last.Data, &told); err != nil || last.Type != EventError || last.Seq != 0 {
			t.Errorf("got last event %d %s %s, %v, want an error without a number", last.Seq, last.Type, last.Data, err)
		}
		want := Problem{Code: string(fault.Internal), Message: "the answer could not be stored; reload the conversation"}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
		if _, err := run.Wait(t.Context()); !fault.Is(err, fault.Internal) {
			t.Errorf("got %v, want Internal", err)
		}
		checkRecovered(t, d, s, user, session.ID, events[:len(events)-1])
	})
}

// checkRecovered wants another process to end a session's answer, after what was heard of it.
func checkRecovered(t *testing.T, d *db.DB, s *Service, user, sessionID string, heard []Event) {
	t.Helper()
	later := func() time.Time { return s.Now().Add(time.Minute) }
	other := &Service{DB: d, Now: later, Log: s.Log, Keys: s.Keys}
	if n, err := other.Recover(t.Context()); n != 1 || err != nil {
		t.Fatalf("got %d, %v, want one answer recovered", n, err)
	}
	messages, _, err := other.Messages(t.Context(), user, sessionID, 1, "")
	if err != nil || len(messages) != 1 || messages[0].Status != Interrupted {
		t.Fatalf("got %+v, %v, want the answer interrupted", messages, err)
	}
	stored, err := selectEvents(t.Context(), d.Read(), messages[0].ID, 0)
	if err != nil || len(stored) < len(heard)+2 {
		t.Fatalf("got %d events, %v, want %d and the end", len(stored), err, len(heard))
	}
	if diff := cmp.Diff(heard, stored[:len(heard)]); diff != "" {
		t.Errorf("events (-heard +stored):\n%s", diff)
	}
}

func TestAStreamSaysThatItsEndCannotBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := hangingOn(t, d)
		user := newUser(t, d)
		run := post(t, s, user, newSession(t, s, user).ID, "hello")
		firstDelta(t, run)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		run.cancel(errClosing)
		events := heard(t, run)
		if last := events[len(events)-1]; last.Type != EventError {
			t.Errorf("got last event %s, want an error", last.Type)
		}
	})
}

func TestEventsAreDeletedAWeekAfterTheirAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		old, _ := abandon(t, s, session.ID)
		c.advance(leaseTime + time.Second)
		if n, err := s.Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d, %v, want 1", n, err)
		}
		running, _ := abandon(t, s, session.ID)
		want, _, err := s.Messages(t.Context(), user, session.ID, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		left := func(at time.Time) (counts []int) {
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return s.Tidy(t.Context(), tx, at) }); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{old, running} {
				events, err := selectEvents(t.Context(), d.Read(), id, 0)
				if err != nil {
					t.Fatal(err)
				}
				counts = append(counts, len(events))
			}
			return counts
		}
		const day = 24 * time.Hour
		if diff := cmp.Diff([]int{7, 5}, left(c.now().Add(7*day))); diff != "" {
			t.Errorf("after seven days (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int{0, 5}, left(c.now().Add(7*day+time.Second))); diff != "" {
			t.Errorf("after more (-want +got):\n%s", diff)
		}
		got, _, err := s.Messages(t.Context(), user, session.ID, 10, "")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("messages: %v (-want +got):\n%s", err, diff)
		}
	})
}
