package flight_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/flight"
)

func TestWhatManyWantIsDoneOnceAndNobodysLeavingEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group
		var done atomic.Int32
		work := flight.Work{Life: t.Context(), Limit: time.Minute, Do: func(ctx context.Context) error {
			time.Sleep(10 * time.Second)
			done.Add(1)
			return ctx.Err()
		}}
		errs := make(chan error, 3)
		for i := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i*20)*time.Second)
			defer cancel()
			go func() { errs <- g.Do(ctx, "one", work) }()
		}
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who left got %v, want their own end", err)
		}
		if err := errors.Join(<-errs, <-errs); err != nil || done.Load() != 1 {
			t.Errorf("got %v, done %d times, want it done once", err, done.Load())
		}
	})
}

func TestWorkEndsWithItsLimitAndWithItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group
		wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		if err := g.Do(t.Context(), "long", flight.Work{Life: t.Context(), Limit: time.Second, Do: wait}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want its limit", err)
		}
		life, end := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, end)
		if err := g.Do(t.Context(), "long", flight.Work{Life: life, Limit: time.Hour, Do: wait}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the end of its life", err)
		}
	})
}

func TestAPanicIsAnErrorForAllWhoWait(t *testing.T) {
	var g flight.Group
	err := g.Do(t.Context(), "bad", flight.Work{Life: t.Context(), Limit: time.Minute, Do: func(context.Context) error { panic("oh") }})
	if err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("got %v, want the panic", err)
	}
}
