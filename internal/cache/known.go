package cache

import "context"

// Known gives what is at hand of the keys, and asks no source for anything: for who must not wait. What nothing is known of
// is missing.
func (c *Cache[V]) Known(_ context.Context, keys ...string) (map[string]Entry[V], error) {
	entries := make(map[string]Entry[V], len(keys))
	for _, key := range keys {
		if e, ok := c.known.GetIfPresent(key); ok {
			e.Stale = c.outdated(key)
			entries[key] = e
		}
	}
	return entries, nil
}
