package cache

// The layers in which a key is looked for, and what may be found there.
const (
	inMemory, inRedis, inTable, atSources = "memory", "redis", "table", "sources"

	isFresh, isStale, isMissing   = "fresh", "stale", "missing" // stale, too, is what may not be asked for again yet
	isFound, isUnknown, hasFailed = "found", "unknown", "failed"
)

// counts says of n keys of this cache what was found in a layer.
func (c *Cache[V]) counts(layer, result string, n int) {
	if c.cfg.Store != nil {
		c.cfg.Store.Metrics.Read(c.cfg.Kind, layer, result, n)
	}
}

// countMemory counts how callers find memory before anything is done about it.
func (c *Cache[V]) countMemory(keys []string) {
	if c.cfg.Store == nil || c.cfg.Store.Metrics == nil {
		return
	}
	fresh, stale := 0, 0
	for _, key := range keys {
		switch i, _ := c.known.GetIfPresent(key); {
		case !c.isOld(i):
			fresh++
		case i.known:
			stale++
		}
	}
	c.counts(inMemory, isFresh, fresh)
	c.counts(inMemory, isStale, stale)
	c.counts(inMemory, isMissing, len(keys)-fresh-stale)
}

// countLayer counts how many of the keys a layer below memory had something fresh of.
func (c *Cache[V]) countLayer(layer string, keys, left []string) {
	c.counts(layer, isFresh, len(keys)-len(left))
	c.counts(layer, isMissing, len(left))
}

// countSources counts what sources said of keys.
func (c *Cache[V]) countSources(keys []string, found, failed int) {
	c.counts(atSources, isFound, found)
	c.counts(atSources, hasFailed, failed)
	c.counts(atSources, isUnknown, len(keys)-found-failed)
}
