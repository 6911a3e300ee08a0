// Package cache keeps what outside services said: in memory, below it in Redis where there is one, and in the database.
package cache

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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
	// MissedAt is when sources answered without the value, which they had given before; else zero.
	MissedAt time.Time
	// missingSince is when they first did, in the row of times that ends with MissedAt.
	missingSince time.Time
	// Stale says that it should have been asked for again, and could not be, or not in time, or that it was missed.
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
	// BelievedFor is how long a value stands, as stale, against sources that answer and know the key no more, from when they
	// first did so; MissedFor is how long they are not asked again then. 0 makes such a key unknown at once.
	BelievedFor, MissedFor time.Duration
	// Patience is how long a caller waits for what is fresh while something stale is at hand; 0 serves what is stale at
	// once while it is asked for again. Where sources failed last, nobody with something at hand waits. Who has nothing
	// at hand waits until sources answered.
	Patience time.Duration
	// FetchTime bounds one asking of all sources, however patient the callers are; 20 s.
	FetchTime time.Duration
	// Max bounds how many entries are in memory.
	Max int
	// Store is what lies below memory; nil is nothing. Values are kept there as JSON.
	Store *Store
	// Kind names what is kept of a key in the Store, "quote". It needs another name when V's JSON comes to mean something
	// else. Required with a Store.
	Kind string
	// Table is where the Store's database keeps it; empty leaves it to memory and Redis.
	Table Table
	Now   func() time.Time
	Log   *slog.Logger
}

const defaultFetchTime = 20 * time.Second

// Cache answers from what is known while that is fresh, and has it fetched when it is not. It is safe for concurrent use.
type Cache[V any] struct {
	cfg     Config[V]
	life    context.Context // bounds what is fetched, which callers do not
	known   *otter.Cache[string, item[V]]
	flights flight.Group
}

// item is what memory has of a key.
type item[V any] struct {
	Entry[V]
	known bool      // false where nobody could say anything yet
	until time.Time // when it has to be asked for again
	last  failure
}

// failure is how asking sources for a key went last: the zero value where they answered.
type failure struct {
	times int // in a row
	err   error
	// restUntil is until when they are left alone about the key, by the machine's clock: it is about real connections.
	restUntil time.Time
}

// New makes a cache. What it has fetched is fetched on behalf of whoever waits, whether or not the first caller stays; the
// end of life ends that.
func New[V any](life context.Context, cfg Config[V]) (*Cache[V], error) {
	if cfg.FetchTime == 0 {
		cfg.FetchTime = defaultFetchTime
	}
	if cfg.Store != nil && cfg.Kind == "" || cfg.Table != "" && !cfg.Table.known() {
		return nil, fmt.Errorf("a cache with a store needs a kind, which is %q, and a table there is, not %q", cfg.Kind, cfg.Table)
	}
	known, err := otter.New(&otter.Options[string, item[V]]{MaximumSize: cfg.Max})
	if err != nil {
		return nil, fmt.Errorf("make a cache: %w", err)
	}
	return &Cache[V]{cfg: cfg, life: life, known: known}, nil
}

// Get gives what is known of the keys. A key that nothing is known of is missing, and failed says why; failed has those
// keys, too, whose entry is stale because sources could not be asked. The error is the caller's own end.
func (c *Cache[V]) Get(ctx context.Context, keys ...string) (entries map[string]Entry[V], failed map[string]error, err error) {
	c.countMemory(keys)
	if slices.ContainsFunc(keys, c.isWanted) { // what is fresh needs no lock
		c.wait(ctx, c.begin(ctx, keys))
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	entries, failed = make(map[string]Entry[V], len(keys)), map[string]error{}
	for _, key := range keys {
		i, _ := c.known.GetIfPresent(key)
		old := c.isOld(i)
		if i.known {
			i.Stale = old || !i.MissedAt.IsZero()
			entries[key] = i.Entry
		}
		if old && i.last.err != nil {
			failed[key] = i.last.err
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
	if failed[key] == nil { // memory was full at that very moment
		return Entry[V]{}, fault.New(fault.Overloaded, "nothing is known right now; try again")
	}
	return Entry[V]{}, failed[key]
}

// isOld tells whether what memory has should be asked for again.
func (c *Cache[V]) isOld(i item[V]) bool { return !c.cfg.Now().Before(i.until) }

// isWanted tells whether a key is to be asked for now.
func (c *Cache[V]) isWanted(key string) bool {
	i, _ := c.known.GetIfPresent(key)
	return c.isOld(i) && (i.last.times == 0 || !time.Now().Before(i.last.restUntil))
}

// item is an entry with the time until which it is fresh.
func (c *Cache[V]) item(e Entry[V]) item[V] {
	i := item[V]{Entry: e, known: true}
	switch {
	case e.Unknown:
		i.until = e.FetchedAt.Add(c.cfg.UnknownFor)
	case !e.MissedAt.IsZero():
		i.until = e.MissedAt.Add(c.cfg.MissedFor)
	default:
		i.until = c.cfg.FreshUntil(e.Value, e.FetchedAt)
	}
	return i
}
