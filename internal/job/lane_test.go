package job_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// newLanes is a queue with two workers, and lanes.
func newLanes(d *db.DB, c *clock, lanes map[string]int) *job.Queue {
	return job.New(job.Config{
		DB: d, Now: c.Now, Log: slog.New(slog.DiscardHandler), Poll: 2 * time.Millisecond, Lease: time.Minute, Workers: 2, Lanes: lanes,
	})
}

func TestALaneThatIsHeldUpHoldsUpNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := newLanes(d, newClock(), map[string]int{"slow": 3, "quick": 1})
		release, done := make(chan struct{}), make(chan string, 10)
		var inHand atomic.Int32
		job.Handle(q, func(_ context.Context, g greet) error {
			if g.Name == "slow" {
				inHand.Add(1)
				<-release
				inHand.Add(-1)
			}
			done <- g.Name
			return nil
		})
		for i := range 10 {
			add(t, d, q, greet{"slow"}, job.Unique(fmt.Sprint(i)), job.Lane("slow"))
		}
		add(t, d, q, greet{"quick"}, job.Lane("quick"))
		add(t, d, q, greet{"plain"})
		add(t, d, q, greet{"strange"}, job.Lane("of another version"))
		start(t, q)
		got := map[string]bool{}
		for range 3 {
			got[receive(t, done, "what is not slow")] = true
		}
		if !got["quick"] || !got["plain"] || !got["strange"] {
			t.Errorf("got %v done, want all but the slow ones", got)
		}
		for range 1000 {
			if inHand.Load() == 3 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := inHand.Load(); n != 3 {
			t.Errorf("got %d slow ones in hand, want the 3 of their lane", n)
		}
		close(release)
		waitUntilDone(t, d)
	})
}

func TestALaneIsNeverAboveItsWorkersAndNeverIdleWhileMoreIsDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := job.New(job.Config{ // one look in ten seconds: only who is done lets others begin
			DB: d, Now: c.Now, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Second, Lease: time.Minute, Lanes: map[string]int{"lane": 5},
		})
		var inHand, most atomic.Int32
		var ran sync.WaitGroup
		ran.Add(7)
		job.Handle(q, func(context.Context, greet) error {
			defer ran.Done()
			defer inHand.Add(-1)
			for n := inHand.Add(1); ; {
				if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
					return nil
				}
			}
		})
		for range 7 {
			add(t, d, q, greet{"Ada"}, job.Lane("lane"))
		}
		start(t, q)
		all := make(chan struct{})
		go func() { ran.Wait(); close(all) }()
		receive(t, all, "all jobs")
		if most.Load() > 5 {
			t.Errorf("got %d at once, want 5 at most", most.Load())
		}
	})
}

func TestWhoAskedForTimeIsNotTriedSoonerHoweverOftenItIsAdded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		tries := make(chan struct{}, 10)
		job.Handle(q, func(context.Context, greet) error {
			tries <- struct{}{}
			return fault.New(fault.UpstreamDown, "enough").WithRetryAfter(time.Minute)
		})
		add(t, d, q, greet{"Ada"}, job.Unique("ada"))
		start(t, q)
		receive(t, tries, "the first try")
		waitForState(t, d, "queued")
		began := c.Now()
		if add(t, d, q, greet{"Ada"}, job.Unique("ada")) {
			t.Error("a second job was added")
		}
		if state, due := onlyJob(t, d); state != "queued" || !due.Equal(began.Add(time.Minute)) {
			t.Errorf("got %s, due at %s, want it queued until a minute after %s", state, due, began)
		}
		c.Advance(time.Minute)
		receive(t, tries, "the second try")
	})
}

func TestAHandlerKnowsItsLastTryAndOthersWhetherAJobIsOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		q := newQueue(d, c)
		last := make(chan bool, 10)
		job.Handle(q, func(ctx context.Context, _ greet) error { last <- job.LastTry(ctx); return errors.New("never") })
		add(t, d, q, greet{"Ada"}, job.Unique("ada"), job.Attempts(2))
		start(t, q)
		open := func(key string) (open bool) {
			t.Helper()
			err := d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
				open, err = q.Open(t.Context(), tx, greet{}.Kind(), key)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return open
		}
		if receive(t, last, "the first try") {
			t.Error("the first of two tries was called the last")
		}
		waitForState(t, d, "queued")
		if !open("ada") || open("bob") {
			t.Errorf("got Ada open %t, Bob %t, want only Ada's", open("ada"), open("bob"))
		}
		c.Advance(time.Minute)
		if !receive(t, last, "the second try") {
			t.Error("the last try was not called that")
		}
		waitForState(t, d, "dead")
		if open("ada") {
			t.Error("a dead job is open")
		}
	})
}
