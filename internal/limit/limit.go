// Package limit counts how often something is done against how often it may be, in memory or shared through Redis.
package limit

import (
	"context"
	"log/slog"
	"time"
)

// Limit is how often something may be done: Burst times at once, and Quantity times in each Period as time goes on. No
// more than Burst+Quantity is done in any Period; where that must be no more than Burst, Quantity is 1 and the Period the
// whole window.
type Limit struct {
	Name     string // of the policy, as clients and keys have it
	Quantity int
	Period   time.Duration
	Burst    int
}

// interval is the time in which one more becomes possible.
func (l Limit) interval() time.Duration { return l.Period / time.Duration(l.Quantity) }

// Result is the answer to one Take. It is kept to give back what was taken.
type Result struct {
	Limit   Limit
	Allowed bool
	// Remaining is how often it can be done at once from now on.
	Remaining int
	// Reset is when one more becomes possible than Remaining says; where nothing was allowed, when trying again may help.
	Reset time.Duration

	key    string
	shared bool // taken from Redis, too
}

// Config of a Limiter.
type Config struct {
	Now func() time.Time
	Log *slog.Logger
	// RedisURL is the server through which processes share what they count; without one each counts for itself.
	RedisURL string
}

// Limiter counts. This process's own count always decides first. With Redis a second decides over all processes; while
// that cannot be asked, what it last said is kept to. So a Redis that is gone never opens what was shut, and never shuts
// what this process would have allowed. It is safe for concurrent use.
type Limiter struct {
	now   func() time.Time
	own   *memory
	heard *memory // what Redis said last
	redis *shared // nil without Redis
}

// New makes a limiter. Redis need not answer yet; an address that cannot be read is an error, which does not repeat it.
func New(cfg Config) (*Limiter, error) {
	l := &Limiter{now: cfg.Now, own: newMemory(maxKeys), heard: newMemory(maxKeys)}
	if cfg.RedisURL == "" {
		return l, nil
	}
	var err error
	l.redis, err = newShared(cfg.RedisURL, cfg.Log)
	return l, err
}

// Close closes the connections to Redis.
func (l *Limiter) Close() error {
	if l.redis == nil {
		return nil
	}
	return l.redis.close()
}

// Take counts one more for who, or refuses it. What is refused is not counted: the time to wait does not grow by trying.
func (l *Limiter) Take(ctx context.Context, lim Limit, who string) Result {
	key, now := keyOf(lim, who), l.now()
	allowed, full := l.own.take(key, lim, now)
	if !allowed || l.redis == nil {
		return result(lim, key, now, allowed, full)
	}
	sharedAllowed, sharedFull, answered := l.redis.take(ctx, key, lim, now, l.heard.at(key))
	if answered {
		l.heard.set(key, sharedFull, now)
		r := result(lim, key, now, sharedAllowed, sharedFull)
		if r.shared = sharedAllowed; !sharedAllowed {
			l.own.giveBack(key, lim, now)
		}
		return r
	}
	heardAllowed, heardFull := l.heard.take(key, lim, now)
	if !heardAllowed {
		l.own.giveBack(key, lim, now)
	}
	return result(lim, key, now, heardAllowed, later(full, heardFull))
}

// GiveBack uncounts what a Take counted, for what turned out not to count. It takes nothing from others' counts.
func (l *Limiter) GiveBack(ctx context.Context, r Result) {
	if !r.Allowed {
		return
	}
	now := l.now()
	l.own.giveBack(r.key, r.Limit, now)
	if l.redis == nil {
		return
	}
	l.heard.giveBack(r.key, r.Limit, now)
	if r.shared {
		l.redis.giveBack(ctx, r.key, r.Limit, now)
	}
}

// Counted tells whether anything is counted for who at the moment.
func (l *Limiter) Counted(ctx context.Context, lim Limit, who string) bool {
	key, now := keyOf(lim, who), l.now()
	if l.own.at(key).After(now) || l.redis == nil {
		return l.own.at(key).After(now)
	}
	full, answered := l.redis.look(ctx, key, lim, now, l.heard.at(key))
	if answered {
		l.heard.set(key, full, now)
	}
	return l.heard.at(key).After(now)
}

// result says how things are when the count is at full: the moment at which nothing is counted any more.
func result(lim Limit, key string, now time.Time, allowed bool, full time.Time) Result {
	interval := lim.interval()
	debt := max(full.Sub(now), 0)
	remaining := max(int((interval*time.Duration(lim.Burst)-debt)/interval), 0)
	reset := debt % interval
	if reset == 0 && debt > 0 {
		reset = interval
	}
	if !allowed { // one fits again when the debt leaves room for it
		remaining, reset = 0, debt+interval-interval*time.Duration(lim.Burst)
	}
	return Result{Limit: lim, Allowed: allowed, Remaining: remaining, Reset: reset, key: key}
}
