package job_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/job"
)

func TestHowFarTheWorkIsBehindIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		job.Handle(q, func(context.Context, greet) error { return nil })
		want := func(due, lost int, overdue time.Duration) {
			t.Helper()
			b, err := q.Backlog(t.Context(), "slow")
			if err != nil || b.Due != due || b.Lost != lost || b.Overdue != overdue {
				t.Errorf("got %+v, %v, want %d due, the oldest for %s, and %d lost", b, err, due, overdue, lost)
			}
		}
		want(0, 0, 0)
		add(t, d, q, greet{"slow"}, job.Lane("slow"))
		c.Advance(time.Minute)
		add(t, d, q, greet{"Ada"})
		add(t, d, q, greet{"Bob"}, job.Lane("quick"))
		c.Advance(time.Minute)
		want(2, 0, time.Minute)
		err := d.Tx(t.Context(), func(tx *sql.Tx) error { // a worker takes one, and dies
			_, err := tx.ExecContext(t.Context(), "update jobs set state = 'running', attempt = 1, run_at = $1 where lane = 'quick'", db.Time(c.Now()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want(1, 0, time.Minute)
		c.Advance(11 * time.Second)
		want(1, 1, time.Minute+11*time.Second)
		start(t, q)
		waitUntilDone(t, d)
		want(0, 0, 0)
	})
}

func TestAQueueThatLooksForNothingIsStill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		time.Sleep(20 * time.Millisecond)
		if b, err := q.Backlog(t.Context()); err != nil || b.Still < 20*time.Millisecond {
			t.Errorf("got %+v, %v before it runs, want the time since it was made", b, err)
		}
		stop := start(t, q)
		for b, err := q.Backlog(t.Context()); b.Still >= 20*time.Millisecond; b, err = q.Backlog(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		stop()
		time.Sleep(20 * time.Millisecond)
		if b, err := q.Backlog(t.Context()); err != nil || b.Still < 20*time.Millisecond {
			t.Errorf("got %+v, %v when it has stopped", b, err)
		}
	})
}
