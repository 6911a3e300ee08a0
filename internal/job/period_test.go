package job_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/job"
)

func TestASlotIsTakenOnceByAllProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		ran := make(chan string, 100)
		for range 3 {
			q := newQueue(d, c)
			job.Handle(q, func(_ context.Context, g greet) error { ran <- g.Name; return nil })
			q.Every("greet", 15*time.Minute, func(ctx context.Context, tx *sql.Tx, slot time.Time) error {
				_, err := q.Add(ctx, tx, greet{slot.Format("15:04")})
				return err
			})
			start(t, q)
		}
		for _, want := range []string{"15:00", "15:15", "15:30", "15:45", "16:00"} {
			if got := receive(t, ran, "slot "+want); got != want {
				t.Errorf("got slot %s, want %s", got, want)
			}
			waitUntilDone(t, d) // a lease must not end by the clock's jump
			c.Advance(15 * time.Minute)
		}
		if extra := len(ran); extra != 0 {
			t.Errorf("%d slots were done twice", extra)
		}
	})
}

func TestAPanicInAPeriodIsTriedAgainAndEndsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		opened := make(chan string, 10)
		tries := 0
		q.Every("bad", time.Hour, func(context.Context, *sql.Tx, time.Time) error {
			if tries++; tries == 1 {
				panic("a bug")
			}
			opened <- "bad"
			return nil
		})
		q.Every("good", time.Hour, func(context.Context, *sql.Tx, time.Time) error {
			opened <- "good"
			return nil
		})
		start(t, q)
		for _, want := range []string{"good", "bad"} {
			if got := receive(t, opened, want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

func TestDeadJobsCanBeSeenForThirtyDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		job.Handle(q, func(context.Context, greet) error { return job.Permanent(errors.New("never")) })
		add(t, d, q, greet{"Ada"})
		stop := start(t, q)
		waitForState(t, d, "dead")
		stop()
		if left := tidy(t, d, q, c.Now().Add(29*24*time.Hour)); left != 1 {
			t.Errorf("got %d jobs after 29 days, want 1", left)
		}
		if left := tidy(t, d, q, c.Now().Add(31*24*time.Hour)); left != 0 {
			t.Errorf("got %d jobs after 31 days, want 0", left)
		}
	})
}

// tidy gives how many jobs are left.
func tidy(t *testing.T, d *db.DB, q *job.Queue, at time.Time) (left int) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return q.Tidy(t.Context(), tx, at) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from jobs").Scan(&left); err != nil {
		t.Fatal(err)
	}
	return left
}

func TestTidyDeletesWhatWasDoneAWeekAgo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		job.Handle(q, func(context.Context, greet) error { return nil })
		add(t, d, q, greet{"Ada"})
		stop := start(t, q)
		waitForState(t, d, "done")
		stop()
		if left := tidy(t, d, q, c.Now().Add(6*24*time.Hour)); left != 1 {
			t.Errorf("got %d jobs after six days, want 1", left)
		}
		if left := tidy(t, d, q, c.Now().Add(8*24*time.Hour)); left != 0 {
			t.Errorf("got %d jobs after eight days, want 0", left)
		}
	})
}

func TestAJobIsTriedAsOftenAsItWasAddedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		tried := make(chan struct{}, 10)
		job.Handle(q, func(context.Context, greet) error { tried <- struct{}{}; return errors.New("not yet") })
		add(t, d, q, greet{"Ada"}, job.Attempts(7))
		start(t, q)
		for range 6 {
			receive(t, tried, "a try")
			waitForState(t, d, "queued")
			c.Advance(5 * time.Minute)
		}
		receive(t, tried, "the last try")
		if attempt, _ := waitForState(t, d, "dead"); attempt != 7 {
			t.Errorf("got attempt %d, want it dead after 7", attempt)
		}
	})
}
