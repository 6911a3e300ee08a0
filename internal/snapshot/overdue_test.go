package snapshot_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestASnapshotThatNobodyTookIsOverdueAndOneThatIsWaitedForIsNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ada := connect(t, d, newUser(t, d), newYork(23, 10, 0))
		want := func(at time.Time, want bool) {
			t.Helper()
			h.set(at)
			if got, err := h.Overdue(t.Context()); err != nil || got != want {
				t.Errorf("at %s: got %v, %v, want %v", at, got, err, want)
			}
		}
		read(t, d, ada, newYork(23, 15, 45), 10)
		want(newYork(23, 17, 0), false)
		want(newYork(23, 19, 0), false) // it may yet be read with the prices of the close
		want(newYork(24, 9, 31), true)  // not any more
		read(t, d, ada, newYork(23, 16, 15), 10)
		want(newYork(23, 17, 59), false)
		want(newYork(23, 18, 1), true)
		h.slot(newYork(23, 18, 15))
		want(newYork(23, 18, 15), false)
	})
}
