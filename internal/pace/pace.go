// Package pace gives requests to a vendor their moments, so that all processes of an installation together keep to its limits.
package pace

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pause"
)

// Window is a limit: no more than Count requests arrive within any Period.
type Window struct {
	Count  int
	Period time.Duration
}

// Limits are what a vendor allows all our processes together.
type Limits struct {
	// Vendor names the company in messages.
	Vendor string
	// Key names what the vendor counts together, such as our address, or an API key by its hash; equal keys share.
	Key string
	// Windows hold all at once.
	Windows []Window
	// Margin is how much later than its moment a request may arrive; every Period is kept longer by so much. DefaultMargin
	// where it is zero: half of it for us, who give a moment up that they would be later for, and half for the way.
	Margin time.Duration
}

// DefaultMargin is enough for a connection to be made anew.
const DefaultMargin = 250 * time.Millisecond

const (
	// replicas is how many processes are taken into account for the time in which they cannot talk to each other.
	replicas = 4
	// short is the longest window that can be waited out where the keeper goes or comes back.
	short = 2500 * time.Millisecond
	// askAgain lies between two questions to a keeper that does not answer, before and after patience is over.
	askAgain, askRarely = 100 * time.Millisecond, time.Second
	// maxAhead is the furthest moment that is given; maxAlone the longest that a vendor is left alone.
	maxAhead, maxAlone = time.Minute, 15 * time.Minute
	// tries is how often a moment that was missed is asked for anew.
	tries = 5
)

// Pace hands out the moments of one vendor: its keeper's, which all processes share, and while that cannot be asked each
// process those of its own share. Where the keeper goes or comes back, no window is exceeded either. The keeper's moments
// count only for who has its answer half a margin before, own ones only for who asked it in vain since askRarely: so the
// last of one kind leaves soon after the keeper went or came back, whenever it was given. The first of the other kind comes
// a window later, by patience in plan.go: processes wait so long before they go by their shares, and a keeper that is back,
// or begins anew, gives nothing sooner. Long windows have reserves instead.
//
// That holds for what all processes lose and find within askRarely, and for windows that can be divided by replicas, not
// for a process that alone is cut off, nor one for whom nobody waited all the while the others were.
//
// It goes by the machine's clock, since vendors do; the order of all processes
// is that of their keeper's clock, so theirs may differ. It is safe for concurrent use.
type Pace struct {
	limits Limits
	shared keeper  // nil where there is one process
	own    *memory // everything where there is one process; else its share while the keeper is down
	log    *slog.Logger
	ask    chan struct{} // holds one while the keeper is asked, so that a crowd costs one connection

	mu      sync.Mutex
	heard   time.Time // when the keeper was asked what it answered last
	failing time.Time // since when it has not answered; zero while it does
	askAt   time.Time // when it is asked again
	down    bool      // patience is over
}

// turn is a keeper's answer: how long it is until the moment, whether it was given, and whether it would be sooner if the
// vendor did not want to be left alone.
type turn struct {
	wait         time.Duration
	taken, alone bool
	begun        string // what the keeper calls its memory, where that can be lost
}

// keeper gives moments out, one after the other, by one clock.
type keeper interface {
	// take gives one request the next moment, unless that is further away than within.
	take(ctx context.Context, within time.Duration) (turn, error)
	// leaveAlone lets no moment lie before d is over.
	leaveAlone(ctx context.Context, d time.Duration) error
	// alone is how long the vendor still is to be left alone by who was given a turn.
	alone(ctx context.Context, given turn) (time.Duration, error)
}

// Wait returns when a request may leave, which it then has to do at once. Where that would be later than within, or than
// ctx ends, it says so at once: an UpstreamDown with the time until then as RetryAfter.
func (p *Pace) Wait(ctx context.Context, within time.Duration) error {
	until := time.Now().Add(within)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	for missed := 0; missed < tries; {
		given, asked, by, err := p.take(ctx, until)
		switch {
		case err != nil:
			return err
		case !given.taken && !time.Now().Add(given.wait).Before(until), !given.taken && given.alone:
			return p.refusal(given)
		case !given.taken: // nobody can be asked at the moment
			if err := pause.For(ctx, given.wait); err != nil {
				return err
			}
			continue
		}
		counts, err := p.sleepUntil(ctx, given, by)
		if err != nil {
			return err
		}
		if !counts {
			continue // that ends with until
		}
		missed++
		if time.Since(asked)-given.wait <= p.limits.Margin/2 && p.keeper() == by {
			return nil
		}
	}
	return p.refusal(turn{wait: askRarely})
}

// sleepUntil waits for a moment, and tells whether it still counts shortly before.
func (p *Pace) sleepUntil(ctx context.Context, given turn, by keeper) (counts bool, err error) {
	end, before := time.Now().Add(given.wait), p.limits.Margin/2
	for time.Until(end) > before+askRarely {
		if err := pause.For(ctx, askRarely); err != nil {
			return false, err
		}
		p.listen(ctx)
	}
	if given.wait > before {
		if err := pause.For(ctx, time.Until(end)-before); err != nil {
			return false, err
		}
		if !p.counts(ctx, given, by, time.Until(end)) {
			return false, nil
		}
	}
	return true, pause.For(ctx, time.Until(end))
}

// listen asks the keeper where nobody else of this process does, so that an outage is noticed by who waits all the while.
func (p *Pace) listen(ctx context.Context) {
	now := time.Now()
	p.mu.Lock()
	heard := p.shared == nil || now.Sub(p.heard) < askRarely
	p.mu.Unlock()
	if heard || !p.mayAsk(now) {
		return
	}
	_ = p.askShared(ctx, func(ctx context.Context) error { // a failure is noted
		_, err := p.shared.alone(ctx, turn{})
		return err
	})
}

// counts tells whether a moment that is left away may still be used: unless the vendor wants to be left alone by now, the
// keeper who gave it does not say, or it is an own one and the keeper is back.
func (p *Pace) counts(ctx context.Context, given turn, by keeper, left time.Duration) bool {
	var alone time.Duration
	ask := func(ctx context.Context) (err error) {
		alone, err = by.alone(ctx, given)
		return err
	}
	if by == p.shared {
		return p.askShared(ctx, ask) == nil && alone <= left
	}
	if p.shared != nil && p.mayAsk(time.Now()) && p.askShared(ctx, ask) == nil {
		return false
	}
	return ask(ctx) == nil && alone <= left
}

// LeaveAlone lets no request of any process leave before d is over, 15 minutes at most. While the keeper does not
// answer, that holds for this process.
func (p *Pace) LeaveAlone(ctx context.Context, d time.Duration) {
	d = min(d, maxAlone)
	if p.shared != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), askRarely)
		defer cancel()
		if err := p.shared.leaveAlone(bounded, d); err != nil {
			p.log.WarnContext(ctx, "other processes cannot be told that a provider is to be left alone", "provider", p.limits.Vendor, "error", err)
		}
	}
	_ = p.own.leaveAlone(ctx, d) // a memory does not fail
}

func (p *Pace) refusal(t turn) error {
	if t.alone {
		return fault.New(fault.UpstreamDown, "%s takes no more requests right now; try again later", p.limits.Vendor).WithRetryAfter(t.wait)
	}
	return fault.New(fault.UpstreamDown, "too many requests to %s are waiting; try again in a moment", p.limits.Vendor).
		WithRetryAfter(max(t.wait, time.Second))
}

// take asks whoever gives moments now. asked is a time before any that the answer can be counted from.
func (p *Pace) take(ctx context.Context, until time.Time) (given turn, asked time.Time, by keeper, err error) {
	within := func() time.Duration { return min(time.Until(until), maxAhead) }
	if p.shared == nil {
		asked = time.Now()
		given, err = p.own.take(ctx, within())
		return given, asked, p.own, err
	}
	select {
	case p.ask <- struct{}{}:
		defer func() { <-p.ask }()
	case <-ctx.Done():
		return turn{}, time.Time{}, nil, ctx.Err()
	}
	if asked = time.Now(); p.mayAsk(asked) {
		err = p.askShared(ctx, func(ctx context.Context) (err error) {
			given, err = p.shared.take(ctx, within())
			return err
		})
		if err == nil {
			return given, asked, p.shared, nil
		}
	}
	if asked = time.Now(); p.keeper() == p.own {
		given, err = p.own.take(ctx, within())
		return given, asked, p.own, err
	}
	return turn{wait: askAgain}, asked, p.shared, nil
}

// keeper is who gives moments now.
func (p *Pace) keeper() keeper {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shared == nil || p.down {
		return p.own
	}
	return p.shared
}

func (p *Pace) mayAsk(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !now.Before(p.askAt)
}

// askShared asks the keeper of all processes. An answer that would come too late to be used is none. A caller who leaves
// must not look like an outage. When the keeper is back, it first lets pass what each process gave itself.
func (p *Pace) askShared(ctx context.Context, ask func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.limits.Margin/2)
	defer cancel()
	asked := time.Now()
	if p.apart(asked) {
		if err := p.shared.leaveAlone(bounded, p.limits.patience()); err != nil {
			return p.failed(ctx, err)
		}
	}
	if err := ask(bounded); err != nil {
		return p.failed(ctx, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		p.log.InfoContext(ctx, "processes can share a provider's limits again", "provider", p.limits.Vendor)
	}
	p.heard, p.down, p.failing, p.askAt = asked, false, time.Time{}, time.Time{}
	return nil
}

// apart tells whether a process may go by its own share, this or another, which may have noticed an outage sooner.
func (p *Pace) apart(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.failing.IsZero() && now.Sub(p.heard) >= p.limits.patience()-askRarely
}

// failed notes that the keeper did not answer.
func (p *Pace) failed(ctx context.Context, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.failing.IsZero() {
		p.failing = now
	}
	p.askAt = now.Add(askAgain)
	if now.Sub(p.failing) < p.limits.patience() {
		return err
	}
	p.askAt = now.Add(askRarely)
	if !p.down {
		p.down = true
		p.log.WarnContext(ctx, "processes cannot share a provider's limits; until they can, each keeps to a part of them",
			"provider", p.limits.Vendor, "error", err)
	}
	return err
}

var errNoWindow = errors.New("a limit needs a count and a period of at most an hour")

// check refuses what cannot be kept to.
func (l *Limits) check() error {
	if l.Margin == 0 {
		l.Margin = DefaultMargin
	}
	for _, w := range l.Windows {
		if w.Count < 1 || w.Period <= 0 || w.Period > time.Hour {
			return errNoWindow
		}
	}
	return nil
}
