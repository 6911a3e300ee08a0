package chat

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

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

func say(l *eventLog, n int) {
	for range n {
		l.append([]Event{{Seq: l.last() + 1, Type: EventDelta}})
	}
}

func TestEveryReaderHearsEverythingAfterItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l eventLog
		say(&l, 3)
		var readers sync.WaitGroup
		got := make([][]int64, 6)
		for i := range got {
			readers.Go(func() { got[i] = seqs(t.Context(), &l, int64(i)) })
		}
		synctest.Wait() // all have read what there is
		say(&l, 1)
		synctest.Wait()
		say(&l, 1)
		l.end(nil)
		readers.Wait()
		want := [][]int64{{1, 2, 3, 4, 5}, {2, 3, 4, 5}, {3, 4, 5}, {4, 5}, {5}, {}} // the last came from the future
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestANoticeIsHeardLastAndByAll(t *testing.T) {
	var l eventLog
	say(&l, 2)
	l.end(notice(errStopping()))
	for after, want := range [][]int64{{1, 2, 0}, {2, 0}, {0}} {
		if diff := cmp.Diff(want, seqs(t.Context(), &l, int64(after))); diff != "" {
			t.Errorf("after %d (-want +got):\n%s", after, diff)
		}
	}
	if events, over, _ := l.after(2); !over || len(l.events) != 2 || events[0].Type != EventError {
		t.Errorf("got %v, %t and %d events in the log, want an error that is not in it", events, over, len(l.events))
	}
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
		say(&l, 2)
		synctest.Wait()
		leave()
		synctest.Wait()
		say(&l, 1)
		l.end(nil)
		readers.Wait()
		if diff := cmp.Diff([][]int64{{1, 2}, {1, 2, 3}}, [][]int64{gone, stays}); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
