package upstream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// After so many failures in a row a vendor is left alone for breakerPause; then one request tries, and decides.
	breakerFailures = 5
	breakerPause    = 30 * time.Second
	// maxQuiet bounds what a vendor can ask for with Retry-After; a shared limit without one costs defaultQuiet.
	maxQuiet     = 15 * time.Minute
	defaultQuiet = time.Minute
)

// gate keeps requests back while the vendor is to be left alone: after failures in a row, each of its hosts for itself,
// and after it said that it had enough. It judges attempts that reached the vendor, never the queues on our side.
type gate struct {
	cfg      Config
	breakers map[string]breaker // by origin

	mu    sync.Mutex
	quiet time.Time // until when the vendor's shared limit lets nobody in
}

type breaker = circuitbreaker.CircuitBreaker[*http.Response]

func newGate(cfg Config, origins []string) *gate {
	g := &gate{cfg: cfg, breakers: map[string]breaker{}}
	for _, origin := range origins {
		g.breakers[origin] = circuitbreaker.NewBuilder[*http.Response]().
			WithFailureThreshold(breakerFailures).
			WithSuccessThreshold(1).
			WithDelay(breakerPause).
			Build()
	}
	return g
}

// check refuses, without waiting for anything, what enter would refuse now.
func (g *gate) check(origin string) error {
	g.mu.Lock()
	wait := g.quiet.Sub(g.cfg.Now())
	g.mu.Unlock()
	if wait > 0 {
		return fault.New(fault.UpstreamDown, "%s takes no more requests right now; try again later", g.cfg.Provider).WithRetryAfter(wait)
	}
	if wait := g.breakers[origin].RemainingDelay(); wait > 0 {
		return g.leftAlone(wait)
	}
	return nil
}

// enter lets an attempt through, which then has to leave.
func (g *gate) enter(origin string) error {
	if err := g.check(origin); err != nil {
		return err
	}
	if b := g.breakers[origin]; !b.TryAcquirePermit() { // another request is the one that tries
		return g.leftAlone(max(b.RemainingDelay(), maxWait))
	}
	return nil
}

func (g *gate) leftAlone(wait time.Duration) error {
	return fault.New(fault.UpstreamDown, "%s has failed repeatedly and is left alone for a moment; try again then", g.cfg.Provider).
		WithRetryAfter(wait)
}

// leave judges the vendor by how an attempt ended. That one had enough is no failure: it may mean one account alone.
func (g *gate) leave(origin string, resp *http.Response, err error) {
	b := g.breakers[origin]
	switch {
	case errors.Is(err, context.Canceled) && !b.IsHalfOpen():
		// A caller who left says nothing of the vendor. Only the one request that tries must come to an end.
	case err != nil, isTransient(resp.StatusCode) && resp.StatusCode != http.StatusTooManyRequests:
		b.RecordFailure()
	default:
		b.RecordSuccess()
	}
}

// hush lets nobody in until d is over.
func (g *gate) hush(d time.Duration) {
	until := g.cfg.Now().Add(d)
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.quiet) {
		g.quiet = until
	}
}

// wait is how long an answer asks to be left alone: at most maxQuiet, and 0 when it does not say.
func (g *gate) wait(resp *http.Response) time.Duration {
	wait := retryAfter(resp.Header, g.cfg.Now())
	if !g.cfg.SharedLimit || resp.StatusCode != http.StatusTooManyRequests {
		return wait
	}
	if wait == 0 {
		wait = defaultQuiet
	}
	return max(wait, g.cfg.Penalty)
}

// retryAfter reads the header in either of its forms, seconds or a date; 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range it is the largest number there is
		return time.Duration(min(max(seconds, 0), int64(maxQuiet/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxQuiet)
	}
	return 0
}
