// Package cache keeps what outside services said: in memory, below it in Redis where there is one, and in the database.
package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flight"
)

// Entry is what is known of a key.
type Entry[V any] struct {
	Value V
	// Unknown says that every source answered and none knows the key; Value is zero then.
	Unknown bool
	// FetchedAt is when sources said so, in UTC.
	FetchedAt time.Time
	// Stale says that it should have been asked for again, and could not be, or not in time.
	Stale bool
}

// Fetch asks sources for keys. What is neither found nor failed is unknown to all of them. It is called without any lock,
// and for each key once however many callers want it.
type Fetch[V any] func(ctx context.Context, keys []string) (found map[string]V, failed map[string]error)

// Config of a Cache. Fields without a remark are required.
type Config[V any] struct {
	Fetch Fetch[V]
	// FreshUntil says until when a value that was fetched at a time need not be asked for again.
	FreshUntil func(value V, fetchedAt time.Time) time.Time
	// UnknownFor is how long nobody is asked again for a key that no source knows.
	UnknownFor time.Duration
	// Patience is how long a caller waits for what is fresh while something stale is at hand; 0 serves what is stale at
	// once while it is asked for again. Who has nothing at hand waits until sources answered.
	Patience time.Duration
	// FetchTime bounds one asking of all sources, however patient the callers are; 20 s.
	FetchTime time.Duration
	// Max bounds how many entries are in memory.
	Max int
	Now func() time.Time
	Log *slog.Logger
}

const defaultFetchTime = 20 * time.Second

// Cache answers from what is known while that is fresh, and has it fetched when it is not. It is safe for concurrent use.
type Cache[V any] struct {
	cfg     Config[V]
	life    context.Context // bounds what is fetched, which callers do not
	known   *otter.Cache[string, Entry[V]]
	flights flight.Group
}

// New makes a cache. What it has fetched is fetched on behalf of whoever waits, whether or not the first caller stays; the
// end of life ends that.
func New[V any](life context.Context, cfg Config[V]) (*Cache[V], error) {
	if cfg.FetchTime == 0 {
		cfg.FetchTime = defaultFetchTime
	}
	known, err := otter.New(&otter.Options[string, Entry[V]]{MaximumSize: cfg.Max})
	if err != nil {
		return nil, fmt.Errorf("make a cache: %w", err)
	}
	return &Cache[V]{cfg: cfg, life: life, known: known}, nil
}

// Get gives what is known of the keys. A key that nothing is known of is missing, and failed says why; failed has those
// keys, too, whose entry is stale because sources could not be asked. The error is the caller's own end.
func (c *Cache[V]) Get(ctx context.Context, keys ...string) (entries map[string]Entry[V], failed map[string]error, err error) {
	failed = c.refresh(ctx, keys)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	entries = make(map[string]Entry[V], len(keys))
	for _, key := range keys {
		if e, ok := c.known.GetIfPresent(key); ok {
			e.Stale = failed[key] != nil || c.outdated(key)
			entries[key] = e
		}
	}
	return entries, failed, nil
}

// One is Get for a single key: an UnknownSymbol-like answer is the caller's to word, so an unknown key is no error here.
func (c *Cache[V]) One(ctx context.Context, key string) (Entry[V], error) {
	entries, failed, err := c.Get(ctx, key)
	if err != nil {
		return Entry[V]{}, err
	}
	if e, ok := entries[key]; ok {
		return e, nil
	}
	if failed[key] == nil {
		return Entry[V]{}, fault.New(fault.Overloaded, "nothing is known right now; try again")
	}
	return Entry[V]{}, failed[key]
}

func (c *Cache[V]) outdated(key string) bool {
	e, ok := c.known.GetIfPresent(key)
	if !ok {
		return true
	}
	until := e.FetchedAt.Add(c.cfg.UnknownFor)
	if !e.Unknown {
		until = c.cfg.FreshUntil(e.Value, e.FetchedAt)
	}
	return !c.cfg.Now().Before(until)
}

func (c *Cache[V]) refresh(ctx context.Context, keys []string) map[string]error {
	all, ours := c.flights.Join(keys, c.outdated)
	if len(ours) > 0 {
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.FetchTime)
			defer cancel()
			defer context.AfterFunc(c.life, cancel)()
			c.flights.Land(ours, c.fetch(bounded, ours))
		}()
	}
	failed := map[string]error{}
	for key, one := range all {
		select {
		case <-one.Done:
			if one.Err != nil {
				failed[key] = one.Err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return failed
}

func (c *Cache[V]) fetch(ctx context.Context, keys []string) map[string]error {
	found, failed := c.ask(ctx, keys)
	now := c.cfg.Now().UTC()
	for _, key := range keys {
		if value, ok := found[key]; ok {
			c.known.Set(key, Entry[V]{Value: value, FetchedAt: now})
		} else if failed[key] == nil {
			c.known.Set(key, Entry[V]{Unknown: true, FetchedAt: now})
		}
	}
	return failed
}

// ask turns a panic into an error: those who wait must not wait for ever.
func (c *Cache[V]) ask(ctx context.Context, keys []string) (found map[string]V, failed map[string]error) {
	defer func() {
		if p := recover(); p != nil {
			err := fault.Wrap(fault.Internal, errors.New("panic"), "asking the sources failed")
			c.cfg.Log.ErrorContext(ctx, "panic while fetching", "panic", p)
			failed = map[string]error{}
			for _, key := range keys {
				failed[key] = err
			}
		}
	}()
	return c.cfg.Fetch(ctx, keys)
}
