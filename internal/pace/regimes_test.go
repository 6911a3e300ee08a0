package pace

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// line is the way to a keeper that several processes share, which can be cut; what is asked may have been done though the
// answer is lost.
type line struct {
	keeper
	delay  time.Duration // of each way
	silent bool          // while it is cut questions get no answer, and else a refusal

	mu  sync.Mutex
	cut bool
}

var errCut = errors.New("the line is cut")

func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

func (l *line) pass(ctx context.Context) error {
	time.Sleep(rand.N(l.delay + 1))
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	switch {
	case cut && l.silent:
		<-ctx.Done()
		return ctx.Err()
	case cut:
		return errCut
	}
	return ctx.Err()
}

func (l *line) take(ctx context.Context, within time.Duration) (given turn, err error) {
	err = l.ask(ctx, func() error { given, err = l.keeper.take(ctx, within); return err })
	return given, err
}

func (l *line) leaveAlone(ctx context.Context, d time.Duration) error {
	return l.ask(ctx, func() error { return l.keeper.leaveAlone(ctx, d) })
}

func (l *line) alone(ctx context.Context, t turn) (left time.Duration, err error) {
	err = l.ask(ctx, func() error { left, err = l.keeper.alone(ctx, t); return err })
	return left, err
}

func (l *line) ask(ctx context.Context, what func() error) error {
	if err := l.pass(ctx); err != nil {
		return err
	}
	if err := what(); err != nil {
		return err
	}
	return l.pass(ctx)
}

// outages are what a run of processes goes through.
type outages struct {
	limits  Limits
	delay   time.Duration
	silent  bool
	waiting [replicas]int    // how many ask, by process
	idle    time.Duration    // the longest that one of them does not ask in between
	lasting [4]time.Duration // with the keeper, without, with it, without
}

func drawOutages(t *rapid.T) outages {
	ms := func(from, to int, label string) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, label)) * time.Millisecond
	}
	o := outages{limits: Limits{Vendor: "Vendor", Key: "key", Margin: ms(20, 500, "margin"), Windows: []Window{{
		Count: rapid.IntRange(replicas, 16).Draw(t, "count"), Period: ms(100, 2500, "period"),
	}}}, silent: rapid.Bool().Draw(t, "silent"), idle: ms(50, 300, "idle")}
	if rapid.Bool().Draw(t, "long, too") {
		o.limits.Windows = append(o.limits.Windows, Window{rapid.IntRange(replicas+1, 100).Draw(t, "count"), 20 * time.Second})
	}
	o.delay = o.limits.Margin / 10
	for i := range o.waiting {
		o.waiting[i] = rapid.IntRange(1, 6).Draw(t, "waiting")
	}
	for i := range o.lasting {
		o.lasting[i] = ms(0, 12_000, "lasting")
	}
	return o
}

// run gives the moments at which requests left, and the errors of those that did not.
func (o outages) run(t *testing.T) (left []int64, failed []error) {
	shared := &line{keeper: newMemory(o.limits.together()), delay: o.delay, silent: o.silent}
	ctx, end := context.WithCancel(t.Context())
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, n := range o.waiting {
		p := paceOf(t, &Keepers{}, o.limits)
		p.shared, p.own, p.log = shared, newMemory(o.limits.apart()), slog.New(slog.NewTextHandler(io.Discard, nil))
		for range n {
			asking.Go(func() {
				for ctx.Err() == nil {
					err := p.Wait(ctx, time.Minute)
					mu.Lock()
					if err == nil {
						left = append(left, time.Now().UnixMicro())
					} else if ctx.Err() == nil {
						failed = append(failed, err)
					}
					mu.Unlock()
					time.Sleep(time.Millisecond + rand.N(o.idle)) // a refusal takes no time
				}
			})
		}
	}
	for i, d := range o.lasting {
		shared.set(i%2 == 1)
		time.Sleep(d)
	}
	shared.set(false)
	time.Sleep(10 * time.Second)
	end()
	asking.Wait()
	return left, failed
}

func TestNoWindowIsExceededWhereTheKeeperGoesAndComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := drawOutages(rt)
		var left []int64
		var failed []error
		synctest.Test(t, func(t *testing.T) { left, failed = o.run(t) })
		for i := range left {
			left[i] += rand.Int64N(o.limits.Margin.Microseconds() / 2) // the way
		}
		for _, w := range o.limits.Windows {
			if n := exceeded(left, w); n > 0 {
				rt.Fatalf("%d more than %d arrived within %s, of %d", n, w.Count, w.Period, len(left))
			}
		}
		if len(o.limits.Windows) == 1 && (len(failed) > 0 || len(left) < o.limits.Windows[0].Count) {
			rt.Fatalf("%d left, %d failed", len(left), len(failed))
		}
	})
}
