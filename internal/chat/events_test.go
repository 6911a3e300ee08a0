package chat

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seqs drains a stream.
func seqs(ctx context.Context, l *eventLog, after int64) []int64 {
	got := []int64{}
	for e := range l.all(ctx, after) {
		got = append(got, e.Seq)
	}
	return got
}

func say(t *testing.T, l *eventLog, n int) {
	t.Helper()
	for range n {
		if _, err := l.add(EventDelta, DeltaData{Text: "x"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryReaderHearsEverythingAfterItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l eventLog
		say(t, &l, 3)
		var readers sync.WaitGroup
		got := make([][]int64, 6)
		for i := range got {
			readers.Go(func() { got[i] = seqs(t.Context(), &l, int64(i)) })
		}
		synctest.Wait() // all have read what there is
		say(t, &l, 1)
		last, err := encodeEvent(5, EventDone, nil, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		l.end([]stamped{last})
		readers.Wait()
		want := [][]int64{{1, 2, 3, 4, 5}, {2, 3, 4, 5}, {3, 4, 5}, {4, 5}, {5}, {}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAReaderThatLeavesHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l eventLog
		ctx, leave := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		var gone, stays []int64
		readers.Go(func() { gone = seqs(ctx, &l, 0) })
		readers.Go(func() { stays = seqs(t.Context(), &l, -1) })
		readers.Go(func() {
			for range l.all(t.Context(), 0) {
				break
			}
		})
		say(t, &l, 2)
		synctest.Wait()
		leave()
		synctest.Wait()
		say(t, &l, 1)
		l.end(nil)
		readers.Wait()
		if diff := cmp.Diff([][]int64{{1, 2}, {1, 2, 3}}, [][]int64{gone, stays}); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
