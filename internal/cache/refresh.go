package cache

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flight"
)

const (
	// firstRest is how long sources are left alone about a key after they failed; it doubles with each failure that
	// follows, up to longestRest.
	firstRest    = time.Second
	longestRest  = 15 * time.Second
	maxDoublings = 4
)

// begin has what is wanted asked for, each key once, and gives everything that is under way. A caller who leaves does not
// end the asking, since others may be waiting for it; the end of the cache's life does.
func (c *Cache[V]) begin(ctx context.Context, keys []string) map[string]*flight.One {
	all, ours := c.flights.Join(keys, c.isWanted)
	if len(ours) > 0 {
		go c.fly(context.WithoutCancel(ctx), ours)
	}
	return all
}

// wait waits for what is under way, for as long as the caller is there.
func (c *Cache[V]) wait(ctx context.Context, all map[string]*flight.One) {
	for key, one := range all {
		if !c.isAtHand(key) {
			select {
			case <-one.Near:
			case <-ctx.Done():
			}
		}
		c.waitFor(ctx, key, one)
	}
}

// waitFor waits with patience where something stale is at hand: counted from when sources were asked, so that one that
// hangs does not cost each caller the same time. One that failed last has used it up.
func (c *Cache[V]) waitFor(ctx context.Context, key string, one *flight.One) {
	if c.isAtHand(key) {
		if i, _ := c.known.GetIfPresent(key); i.last.times > 0 {
			return
		}
		patient, cancel := context.WithDeadline(ctx, one.Began.Add(c.cfg.Patience))
		defer cancel()
		ctx = patient
	}
	select {
	case <-one.Done:
	case <-ctx.Done():
	}
}

// isAtHand tells whether memory has something that can be served as stale. That a key was unknown once is nothing.
func (c *Cache[V]) isAtHand(key string) bool {
	i, _ := c.known.GetIfPresent(key)
	return i.known && !i.Unknown
}

// fly looks below memory for what is ours to fetch, and asks sources for the rest.
func (c *Cache[V]) fly(ctx context.Context, keys []string) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.FetchTime)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	if c.cfg.Store != nil {
		left := c.look(ctx, keys)
		c.flights.Land(without(keys, left), nil)
		keys = left
	}
	if len(keys) == 0 {
		return
	}
	c.flights.Approach(keys)
	learned, failed := c.fetch(ctx, keys)
	if c.cfg.Store != nil {
		c.store(learned)
	}
	c.flights.Land(keys, failed)
}

// without gives the keys that are not among others, in whose order they are.
func without(keys, others []string) []string {
	var rest []string
	for _, key := range keys {
		if len(others) > 0 && others[0] == key {
			others = others[1:]
			continue
		}
		rest = append(rest, key)
	}
	return rest
}

// fetch asks sources, and puts into memory what they said, or that they failed.
func (c *Cache[V]) fetch(ctx context.Context, keys []string) (learned map[string]item[V], failed map[string]error) {
	found, failed := c.ask(ctx, keys)
	c.countSources(keys, len(found), len(failed))
	now := c.cfg.Now().UTC()
	learned = make(map[string]item[V], len(found))
	for _, key := range keys {
		value, ok := found[key]
		switch {
		case ok:
			learned[key] = c.item(Entry[V]{Value: value, FetchedAt: now})
		case failed[key] != nil:
			c.fail(key, failed[key])
		default:
			learned[key] = c.item(c.missed(key, now))
		}
	}
	for key, i := range learned {
		c.known.Set(key, i)
	}
	return learned, failed
}

// missed is what to keep of a key that no source knows. Sources lose for a while what they know: what was known is
// believed for some time before its key becomes unknown. That time begins when they first lose it, not when they last had
// it: what is fresh over a weekend is not even asked for before it is older than that.
func (c *Cache[V]) missed(key string, now time.Time) Entry[V] {
	i, _ := c.known.GetIfPresent(key)
	if !i.known || i.Unknown {
		return Entry[V]{Unknown: true, FetchedAt: now}
	}
	if i.missingSince.IsZero() {
		i.missingSince = now
	}
	if now.Sub(i.missingSince) >= c.cfg.BelievedFor {
		return Entry[V]{Unknown: true, FetchedAt: now}
	}
	i.MissedAt = now
	return i.Entry
}

// fail leaves what is known as it is, and sources alone for a while.
func (c *Cache[V]) fail(key string, err error) {
	c.known.Compute(key, func(i item[V], _ bool) (item[V], otter.ComputeOp) {
		rest := min(firstRest<<min(i.last.times, maxDoublings), longestRest)
		i.last = failure{times: i.last.times + 1, err: err, restUntil: time.Now().Add(rest)}
		return i, otter.WriteOp
	})
}

// ask turns a panic into an error: those who wait must not wait for ever.
func (c *Cache[V]) ask(ctx context.Context, keys []string) (found map[string]V, failed map[string]error) {
	defer func() {
		if p := recover(); p != nil {
			err := fault.Wrap(fault.Internal, fault.Recovered("the fetching", p), "asking the sources failed")
			c.cfg.Log.ErrorContext(ctx, "panic while fetching", "kind", c.cfg.Kind, "error", err)
			found, failed = nil, map[string]error{}
			for _, key := range keys {
				failed[key] = err
			}
		}
	}()
	return c.cfg.Fetch(ctx, keys)
}
