package job_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// seen is what a handler was given.
type seen struct{ name, correlation string }

func handleSeen(q *job.Queue) <-chan seen {
	got := make(chan seen, 2)
	job.Handle(q, func(ctx context.Context, args greet) error {
		got <- seen{args.Name, telemetry.Correlation(ctx)}
		return nil
	})
	return got
}

func TestAJobWorksUnderTheCorrelationIDOfWhatAddedIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		got := handleSeen(q)
		ctx := telemetry.WithCorrelation(t.Context(), "req-1")
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			_, err := q.Add(ctx, tx, greet{"Ada"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, q)
		if got := receive(t, got, "the job"); got != (seen{"Ada", "req-1"}) {
			t.Errorf("got %q, want its arguments and the id of the request", got)
		}
	})
}

func TestAJobOfAnEarlierVersionHasAnIDOfItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		got := handleSeen(q)
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `insert into jobs (id, kind, args, state, run_at, attempt, max_attempts, lane, created_at)
				values ($1, 'greet', '{"Name":"Ada"}', 'queued', $2, 0, 5, '', $2)`, db.NewID(), db.Time(c.Now()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, q)
		if got := receive(t, got, "the job"); got.name != "Ada" || !db.IsID(got.correlation) {
			t.Errorf("got %q, want its arguments and an id", got)
		}
	})
}

func TestWaitingJobsAreCountedByKindWithTheAgeOfTheOldest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		for range 2 {
			add(t, d, q, greet{"Ada"})
			c.Advance(time.Minute)
		}
		waiting, err := q.Waiting(t.Context())
		if err != nil || len(waiting) != 1 || waiting[0].Jobs != 2 || waiting[0].Oldest != 2*time.Minute || waiting[0].Kind != "greet" {
			t.Errorf("got %+v (%v), want two, the oldest of two minutes", waiting, err)
		}
	})
}
