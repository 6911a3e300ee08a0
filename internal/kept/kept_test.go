package kept_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/kept"
)

func always(version string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return version, nil }
}

func TestOneWorksForAllWhoAskAtTheSameTime(t *testing.T) {
	v := &kept.Values[int]{Max: 10, Now: time.Now}
	var worked atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got, err := v.Get(t.Context(), "ada", always("1"), func(context.Context) (int, error) {
				time.Sleep(10 * time.Millisecond)
				return int(worked.Add(1)), nil
			})
			if got != 1 || err != nil {
				t.Errorf("got %d, %v, want the first one's", got, err)
			}
		})
	}
	all.Wait()
}

func TestAValueGoesWithItsVersionItsAgeAndNotWithAFailure(t *testing.T) {
	now := time.Now()
	v := &kept.Values[string]{Age: time.Minute, Max: 10, Now: func() time.Time { return now }}
	n := 0
	get := func(version string, err error) string {
		got, failed := v.Get(t.Context(), "ada", always(version), func(context.Context) (string, error) {
			n++
			return fmt.Sprint(version, n), err
		})
		if failed != nil {
			return failed.Error()
		}
		return got
	}
	for _, c := range []struct {
		version string
		passes  time.Duration
		err     error
		want    string
	}{
		{"a", 0, nil, "a1"}, {"a", 59 * time.Second, nil, "a1"}, {"a", time.Second, nil, "a2"}, {"b", 0, nil, "b3"},
		{"c", 0, errors.New("no"), "no"}, {"b", 0, nil, "b3"}, {"b", -time.Hour, nil, "b5"},
	} {
		now = now.Add(c.passes)
		if got := get(c.version, c.err); got != c.want {
			t.Errorf("%s after %s: got %s, want %s", c.version, c.passes, got, c.want)
		}
	}
}

func TestWhoLeavesWaitsForNobodyAndLeavesTheWorkToTheNext(t *testing.T) {
	v := &kept.Values[int]{Max: 10, Now: time.Now}
	working, release := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		_, _ = v.Get(t.Context(), "ada", always("1"), func(context.Context) (int, error) {
			close(working)
			<-release
			return 0, errors.New("left")
		})
	})
	<-working
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Get(gone, "ada", always("1"), func(context.Context) (int, error) { return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want to be told that the caller left", err)
	}
	close(release)
	first.Wait()
	if got, err := v.Get(t.Context(), "ada", always("1"), func(context.Context) (int, error) { return 2, nil }); got != 2 || err != nil {
		t.Errorf("got %d, %v, want 2", got, err)
	}
}

func TestNoMoreAreKeptThanMay(t *testing.T) {
	v := &kept.Values[int]{Max: 3, Now: time.Now}
	worked := 0
	for round := range 2 {
		for i := range 6 {
			if _, err := v.Get(t.Context(), fmt.Sprint(i), always("1"), func(context.Context) (int, error) { worked++; return 0, nil }); err != nil {
				t.Fatal(err, round)
			}
		}
	}
	if worked < 9 { // six, and three at least that had to go
		t.Errorf("worked %d times, want some forgotten", worked)
	}
}
