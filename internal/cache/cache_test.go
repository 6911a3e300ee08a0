package cache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what a source says of a key: how often it was asked by then, and something long.
type answer struct {
	Key  string
	Call int32
	Text string
}

// source knows keys that begin with a capital.
type source struct {
	calls, keys atomic.Int32
	delay       time.Duration
	down        atomic.Bool
	panics      atomic.Bool
	blank       atomic.Bool // knows nothing any more
	text        string
}

func (s *source) fetch(ctx context.Context, keys []string) (map[string]answer, map[string]error) {
	call := s.calls.Add(1)
	s.keys.Add(int32(len(keys)))
	found, failed := map[string]answer{}, map[string]error{}
	if s.panics.Load() {
		panic("a bug")
	}
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
		}
	}
	for _, key := range keys {
		switch {
		case s.down.Load() || ctx.Err() != nil:
			failed[key] = fault.New(fault.UpstreamDown, "down")
		case !s.blank.Load() && strings.ToUpper(key[:1]) == key[:1]:
			found[key] = answer{Key: key, Call: call, Text: s.text}
		}
	}
	return found, failed
}

// config has what s says fresh for a minute.
func (s *source) config() cache.Config[answer] {
	return cache.Config[answer]{
		Fetch: s.fetch, FreshUntil: func(_ answer, at time.Time) time.Time { return at.Add(time.Minute) }, UnknownFor: 5 * time.Minute,
		Max: 1000, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

func newCache(t *testing.T, cfg cache.Config[answer]) *cache.Cache[answer] {
	t.Helper()
	c, err := cache.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get wants an entry at once or later, and gives it with how long that took.
func get(t *testing.T, c *cache.Cache[answer], key string) (cache.Entry[answer], time.Duration) {
	t.Helper()
	start := time.Now()
	e, err := c.One(t.Context(), key)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return e, time.Since(start)
}

func TestFiveHundredWhoWantAColdKeyAreOneCallAndHoldUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := newCache(t, s.config())
		get(t, c, "Warm")
		s.delay = 2800 * time.Millisecond
		start := time.Now()
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				if e, took := get(t, c, "Cold"); e.Value.Call != 2 || e.Stale || took != s.delay {
					t.Errorf("got %+v after %s", e, took)
				}
			})
		}
		synctest.Wait() // all of them wait
		for range 500 {
			if e, took := get(t, c, "Warm"); e.Value.Call != 1 || e.Stale || took != 0 {
				t.Errorf("got %+v after %s, want what is known at once", e, took)
			}
		}
		all.Go(func() {
			time.Sleep(time.Second)
			if _, took := get(t, c, "Other"); took != s.delay {
				t.Errorf("another cold key took %s, want no more than its own time", took)
			}
		})
		all.Wait()
		if s.calls.Load() != 3 || s.keys.Load() != 3 || time.Since(start) != s.delay+time.Second {
			t.Errorf("got %d calls for %d keys in %s", s.calls.Load(), s.keys.Load(), time.Since(start))
		}
	})
}

func TestWhatIsStaleIsServedAtOnceWhileItIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := newCache(t, s.config())
		get(t, c, "A")
		s.delay = 3 * time.Second
		time.Sleep(time.Minute)
		for range 100 {
			if e, took := get(t, c, "A"); !e.Stale || e.Value.Call != 1 || took != 0 {
				t.Errorf("got %+v after %s, want the old one at once", e, took)
			}
		}
		time.Sleep(s.delay)
		synctest.Wait()
		if e, took := get(t, c, "A"); e.Stale || e.Value.Call != 2 || took != 0 {
			t.Errorf("got %+v after %s, want the new one at once", e, took)
		}
	})
}

func TestADeadSourceCostsOneWaitAndIsNotAskedForEachCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		cfg := s.config()
		cfg.Patience = time.Second
		c := newCache(t, cfg)
		get(t, c, "A")
		s.down.Store(true)
		s.delay = 500 * time.Millisecond
		time.Sleep(time.Hour)
		if e, took := get(t, c, "A"); !e.Stale || took != s.delay {
			t.Errorf("got stale %v after %s, want to have waited for the failure", e.Stale, took)
		}
		for range 6000 { // ten minutes
			time.Sleep(100 * time.Millisecond)
			if e, took := get(t, c, "A"); !e.Stale || e.Value.Call != 1 || took != 0 {
				t.Fatalf("got %+v after %s, want the old one at once", e, took)
			}
		}
		// After 1, 2, 4 and 8 seconds, and then every 15.
		if got := s.calls.Load(); got < 35 || got > 45 {
			t.Errorf("got %d calls in ten minutes, want about 41", got)
		}
		_, failed, err := c.Get(t.Context(), "A", "New")
		if err != nil || !fault.Is(failed["A"], fault.UpstreamDown) || !fault.Is(failed["New"], fault.UpstreamDown) {
			t.Errorf("got %v, %v, want to be told of both", failed, err)
		}
		before := s.calls.Load()
		for range 100 {
			if _, err := c.One(t.Context(), "New"); !fault.Is(err, fault.UpstreamDown) {
				t.Errorf("got %v", err)
			}
		}
		if got := s.calls.Load(); got != before {
			t.Errorf("got %d more calls for a key that just failed", got-before)
		}
		s.down.Store(false)
		time.Sleep(15 * time.Second)
		get(t, c, "A")
		time.Sleep(s.delay)
		synctest.Wait()
		if e, _ := get(t, c, "A"); e.Stale {
			t.Errorf("got %+v, want it fresh again", e)
		}
	})
}

func TestWhatNobodyKnowsIsNotAskedForAgainForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := newCache(t, s.config())
		for range 10 {
			if e, _ := get(t, c, "nothing"); !e.Unknown || e.Stale {
				t.Errorf("got %+v", e)
			}
		}
		time.Sleep(5 * time.Minute)
		s.delay = time.Second
		if e, took := get(t, c, "nothing"); !e.Unknown || e.Stale || took != s.delay || s.calls.Load() != 2 {
			t.Errorf("got %+v after %s and %d calls: that it was unknown once is not worth serving", e, took, s.calls.Load())
		}
	})
}

func TestWhatSourcesLoseIsBelievedForAsLongAsWasSaidFromWhenTheyFirstLostIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		cfg := s.config()
		cfg.BelievedFor, cfg.MissedFor, cfg.Patience = time.Hour, time.Minute, time.Second
		c := newCache(t, cfg)
		get(t, c, "A")
		fetched := time.Now()
		s.blank.Store(true)
		time.Sleep(65 * time.Hour) // it is older than it will be believed when it is first missed
		for range 60 {
			if e, _ := get(t, c, "A"); !e.Stale || e.Unknown || e.Value.Call != 1 || !e.MissedAt.Equal(time.Now()) || !e.FetchedAt.Equal(fetched) {
				t.Fatalf("got %+v", e)
			}
			time.Sleep(time.Minute)
		}
		if e, _ := get(t, c, "A"); !e.Unknown || s.calls.Load() != 62 {
			t.Errorf("got %+v after %d calls", e, s.calls.Load())
		}
	})
}

func TestWhatSourcesHadAgainIsBelievedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		cfg := s.config()
		cfg.BelievedFor, cfg.MissedFor, cfg.Patience = time.Hour, time.Minute, time.Second
		c := newCache(t, cfg)
		get(t, c, "A")
		for i := range 4 {
			s.blank.Store(i%2 == 0)
			time.Sleep(50 * time.Minute)
			if e, _ := get(t, c, "A"); e.Unknown || e.Stale != s.blank.Load() {
				t.Errorf("after %d times: got %+v", i, e)
			}
		}
	})
}

func TestAPanicIsAnErrorForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		s.panics.Store(true)
		c := newCache(t, s.config())
		if _, err := c.One(t.Context(), "A"); !fault.Is(err, fault.Internal) || strings.Contains(fault.From(err).Message, "bug") {
			t.Errorf("got %v", err)
		}
		s.panics.Store(false)
		time.Sleep(time.Second)
		if e, _ := get(t, c, "A"); e.Value.Call != 2 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestWhoLeavesHarmsNobodyAndTheEndOfLifeEndsTheAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{delay: 10 * time.Second}
		life, end := context.WithCancel(t.Context())
		c, err := cache.New(life, s.config())
		if err != nil {
			t.Fatal(err)
		}
		caller, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.One(caller, "A"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the caller's own end", err)
			}
		})
		synctest.Wait()
		all.Go(func() { get(t, c, "A") })
		synctest.Wait()
		leave()
		all.Wait()
		start := time.Now()
		all.Go(func() {
			if _, err := c.One(t.Context(), "B"); err == nil || time.Since(start) != 0 {
				t.Errorf("got %v after %s, want an error at once", err, time.Since(start))
			}
		})
		synctest.Wait()
		end()
		all.Wait()
	})
}

func TestASourceThatHangsIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{delay: time.Hour}
		start := time.Now()
		if _, err := newCache(t, s.config()).One(t.Context(), "A"); !fault.Is(err, fault.UpstreamDown) || time.Since(start) != 20*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestManyKeysAreOneQuestionAndOnlyThoseThatAreOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := newCache(t, s.config())
		get(t, c, "B")
		entries, failed, err := c.Get(t.Context(), "A", "B", "nothing", "A")
		var got []string
		for key, e := range entries {
			got = append(got, fmt.Sprint(key, e.Value.Call, " ", e.Unknown))
		}
		slices.Sort(got)
		if want := []string{"A2 false", "B1 false", "nothing0 true"}; !slices.Equal(got, want) || len(failed) > 0 || err != nil {
			t.Errorf("got %v, %v, %v, want %v", got, failed, err, want)
		}
		if s.calls.Load() != 2 || s.keys.Load() != 3 {
			t.Errorf("got %d calls for %d keys", s.calls.Load(), s.keys.Load())
		}
	})
}

func BenchmarkAKnownKey(b *testing.B) {
	s := &source{}
	c, err := cache.New(b.Context(), s.config())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.One(b.Context(), "A"); err != nil {
			b.Fatal(err)
		}
	}
}
