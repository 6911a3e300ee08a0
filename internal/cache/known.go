package cache

import (
	"context"
	"slices"
)

// Known gives what is at hand of the keys, in memory or below it, and asks no source for anything: for who must not wait.
// What nothing is known of is missing. The error is the caller's own end.
func (c *Cache[V]) Known(ctx context.Context, keys ...string) (map[string]Entry[V], error) {
	if c.cfg.Store != nil {
		missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
			i, _ := c.known.GetIfPresent(key)
			return i.known
		})
		if len(missing) > 0 {
			c.look(ctx, missing)
		}
	}
	entries := make(map[string]Entry[V], len(keys))
	for _, key := range keys {
		if i, _ := c.known.GetIfPresent(key); i.known {
			i.Stale = c.isOld(i) || !i.MissedAt.IsZero()
			entries[key] = i.Entry
		}
	}
	return entries, ctx.Err()
}
