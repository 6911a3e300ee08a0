package job_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
)

func TestMain(m *testing.M) {
	if code, is := workInstead(); is {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

type greet struct{ Name string }

func (greet) Kind() string { return "greet" }

// clock is a time that moves only when it is told to.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) Now() time.Time          { return time.UnixMicro(c.now.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.now.Add(d.Microseconds()) }

func newQueue(d *db.DB, c *clock) *job.Queue {
	return job.New(job.Config{DB: d, Now: c.Now, Log: slog.New(slog.DiscardHandler), Poll: 2 * time.Millisecond, Lease: time.Minute})
}

// start runs the queue until the test ends or stop is called.
func start(t *testing.T, q *job.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { q.Run(ctx) })
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

func add(t *testing.T, d *db.DB, q *job.Queue, args job.Args, opts ...job.Option) bool {
	t.Helper()
	var added bool
	err := d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		added, err = q.Add(t.Context(), tx, args, opts...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}

// waitForState waits until the only job is in the state.
func waitForState(t *testing.T, d *db.DB, want string) (attempt int, lastError string) {
	t.Helper()
	var state string
	var failed sql.NullString
	for range 10_000 {
		row := d.Read().QueryRowContext(t.Context(), "select state, attempt, last_error from jobs")
		if err := row.Scan(&state, &attempt, &failed); err != nil {
			t.Fatal(err)
		}
		if state == want {
			return attempt, failed.String
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("got state %s, want %s", state, want)
	return 0, ""
}

// waitUntilDone waits until no job is open.
func waitUntilDone(t *testing.T, d *db.DB) {
	t.Helper()
	for range 10_000 {
		var open int
		if err := d.Read().QueryRowContext(t.Context(), "select count(*) from jobs where state <> 'done'").Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("jobs stay open")
}

func TestAJobExistsOnlyWhenItsTransactionCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		names := make(chan string, 10)
		job.Handle(q, func(_ context.Context, g greet) error { names <- g.Name; return nil })
		errAbort := errors.New("abort")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := q.Add(t.Context(), tx, greet{"nobody"}); err != nil {
				t.Fatal(err)
			}
			return errAbort
		})
		if !errors.Is(err, errAbort) {
			t.Fatal(err)
		}
		add(t, d, q, greet{"Ada"})
		start(t, q)
		if got := receive(t, names, "the job"); got != "Ada" {
			t.Errorf("got a job for %q, want Ada only", got)
		}
		waitForState(t, d, "done")
	})
}

func TestAFailedJobIsTriedAgainAndKeptWhenItNeverWorks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		tried := make(chan struct{}, 10)
		job.Handle(q, func(context.Context, greet) error { tried <- struct{}{}; panic("no luck") })
		add(t, d, q, greet{"Ada"})
		start(t, q)
		for range 4 {
			receive(t, tried, "a try")
			waitForState(t, d, "queued")
			c.Advance(2 * time.Minute)
		}
		receive(t, tried, "the last try")
		attempt, lastError := waitForState(t, d, "dead")
		if attempt != 5 || lastError != "the handler panicked: no luck" {
			t.Errorf("got attempt %d and error %q", attempt, lastError)
		}
	})
}

func TestAFailedJobWaitsAsLongAsTheErrorAsks(t *testing.T) {
	for _, tc := range []struct {
		err   error
		least time.Duration
	}{
		{errors.New("no luck"), 5 * time.Second},
		{fault.New(fault.UpstreamDown, "in a moment").WithRetryAfter(time.Second), 5 * time.Second},
		{fmt.Errorf("sync: %w", fault.New(fault.UpstreamDown, "later").WithRetryAfter(time.Minute)), time.Minute},
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			c := newClock()
			q := newQueue(d, c)
			tried := make(chan struct{}, 1)
			job.Handle(q, func(context.Context, greet) error { tried <- struct{}{}; return tc.err })
			add(t, d, q, greet{"Ada"})
			start(t, q)
			receive(t, tried, "the try")
			waitForState(t, d, "queued")
			_, next := onlyJob(t, d)
			if wait := next.Sub(c.Now()); wait < tc.least || wait > tc.least*5/4 {
				t.Errorf("%v: the next try is in %s, want %s to a quarter more", tc.err, wait, tc.least)
			}
		})
	}
}

func TestAPermanentErrorIsNotTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		job.Handle(q, func(context.Context, greet) error { return job.Permanent(errors.New("never")) })
		add(t, d, q, greet{"Ada"})
		start(t, q)
		if attempt, lastError := waitForState(t, d, "dead"); attempt != 1 || lastError != "never" {
			t.Errorf("got attempt %d and error %q, want 1 and never", attempt, lastError)
		}
	})
}

func TestAUniqueJobIsThereOnceUntilItIsDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		ran := make(chan struct{}, 10)
		job.Handle(q, func(context.Context, greet) error { ran <- struct{}{}; return nil })
		if !add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("the first was not added")
		}
		if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("a second of the same key was added")
		}
		if !add(t, d, q, greet{"Bob"}, job.Unique("bob")) {
			t.Error("another key was not added")
		}
		start(t, q)
		receive(t, ran, "the first job")
		receive(t, ran, "the second job")
		for range 10_000 {
			if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Error("after it was done the key is still taken")
	})
}

// onlyJob is what is stored of the only job.
func onlyJob(t *testing.T, d *db.DB) (state string, runAt time.Time) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select state, run_at from jobs").Scan(&state, &runAt); err != nil {
		t.Fatal(err)
	}
	return state, runAt
}

func TestAskingAgainForAJobThatWaitsForItsRetryTriesItNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		tried := make(chan struct{}, 10)
		job.Handle(q, func(context.Context, greet) error { tried <- struct{}{}; return errors.New("no luck") })
		add(t, d, q, greet{"Ada"}, job.Unique("ada"))
		start(t, q)
		receive(t, tried, "the first try")
		waitForState(t, d, "queued")
		if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("got it added, want the one that waits")
		}
		receive(t, tried, "the second try, without a wait")
		waitForState(t, d, "queued")
	})
}

func TestAskingAgainForAJobThatRunsOrIsDueChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		add(t, d, q, greet{"Ada"}, job.Unique("ada"))
		_, due := onlyJob(t, d)
		c.Advance(time.Second)
		if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("a second of a job that is due was added")
		}
		if _, got := onlyJob(t, d); !got.Equal(due) {
			t.Errorf("got it due at %s, want %s as before", got, due)
		}
		started, finish := make(chan struct{}), make(chan struct{})
		job.Handle(q, func(context.Context, greet) error { close(started); <-finish; return nil })
		stop := start(t, q)
		receive(t, started, "the start")
		_, lease := onlyJob(t, d)
		if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("a second of a running job was added")
		}
		if state, got := onlyJob(t, d); state != "running" || !got.Equal(lease) {
			t.Errorf("got %s with a lease until %s, want running until %s", state, got, lease)
		}
		close(finish)
		stop()
	})
}

func TestTwoProcessesDoEachJobOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		const jobs = 60
		ran := make(chan string, 2*jobs)
		for range 2 {
			q := newQueue(d, c)
			job.Handle(q, func(_ context.Context, g greet) error { ran <- g.Name; return nil })
			start(t, q)
			for i := range jobs / 2 {
				add(t, d, q, greet{string(rune('A' + i))})
			}
		}
		for range jobs {
			receive(t, ran, "a job")
		}
		waitUntilDone(t, d)
		if extra := len(ran); extra != 0 {
			t.Errorf("%d jobs were done twice", extra)
		}
	})
}

func TestAJobOfADeadWorkerIsTakenOverWhenItsLeaseEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		names := make(chan string, 1)
		job.Handle(q, func(_ context.Context, g greet) error { names <- g.Name; return nil })
		add(t, d, q, greet{"Ada"})
		// What a killed process leaves behind: a running row with a lease nobody renews.
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "update jobs set state = 'running', attempt = 1, run_at = $1", c.Now().Add(time.Minute))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		start(t, q)
		if attempt, _ := waitForState(t, d, "running"); attempt != 1 || len(names) != 0 {
			t.Errorf("the job was taken while its lease held")
		}
		c.Advance(time.Minute)
		receive(t, names, "the take-over")
		if attempt, _ := waitForState(t, d, "done"); attempt != 2 {
			t.Errorf("got attempt %d, want 2", attempt)
		}
	})
}

func TestASlowWorkerCannotOverwriteItsSuccessor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		started, finish := make(chan struct{}), make(chan struct{})
		job.Handle(q, func(context.Context, greet) error {
			close(started)
			<-finish
			return errors.New("the slow worker's view")
		})
		add(t, d, q, greet{"Ada"})
		stop := start(t, q)
		receive(t, started, "the start")
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { // the successor took it and was done
			_, err := tx.ExecContext(t.Context(), "update jobs set state = 'done', attempt = 2")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		close(finish)
		stop()
		if attempt, lastError := waitForState(t, d, "done"); attempt != 2 || lastError != "" {
			t.Errorf("got attempt %d and error %q, want the successor's outcome", attempt, lastError)
		}
	})
}

func TestAJobCutOffByAStopIsDueAgainAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newQueue(d, newClock())
		started := make(chan struct{})
		job.Handle(q, func(ctx context.Context, _ greet) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
		add(t, d, q, greet{"Ada"})
		stop := start(t, q)
		receive(t, started, "the start")
		stop()
		if attempt, _ := waitForState(t, d, "queued"); attempt != 0 {
			t.Errorf("got attempt %d, want the try given back", attempt)
		}
	})
}
