package limit

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// keyOf names what is counted. Whoever looks into Redis finds no addresses in it.
func keyOf(lim Limit, who string) string {
	sum := sha256.Sum256([]byte(who))
	return "jaspers:limit:" + lim.Name + ":" + hex.EncodeToString(sum[:16])
}

// advance is the generic cell rate algorithm. Of a count, only the moment is kept at which it will be zero again; each
// one more moves that by an interval. A moment further off than a whole burst is a wrong clock's, and is cut to that.
func advance(full time.Time, lim Limit, now time.Time) (allowed bool, next time.Time) {
	interval := lim.interval()
	span := interval * time.Duration(lim.Burst)
	if full.Before(now) {
		full = now
	}
	if most := now.Add(span); full.After(most) {
		full = most
	}
	next = full.Add(interval)
	if next.Sub(now) > span {
		return false, full
	}
	return true, next
}

// maxKeys bounds a memory; an entry takes about 200 bytes.
const maxKeys = 100_000

// minTidy is the size from which a memory looks for what is over.
const minTidy = 1024

// memory keeps counts in this process.
type memory struct {
	mu     sync.Mutex
	full   map[string]time.Time
	most   int // entries
	tidyAt int // entries from which it looks for those that are over
}

func newMemory(most int) *memory {
	return &memory{full: map[string]time.Time{}, most: most, tidyAt: min(minTidy, most)}
}

func (m *memory) take(key string, lim Limit, now time.Time) (bool, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	allowed, full := advance(m.full[key], lim, now)
	if m.full[key] != full { // of what is refused only a wrong moment changes
		m.put(key, full, now)
	}
	return allowed, full
}

func (m *memory) giveBack(key string, lim Limit, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	full, counted := m.full[key]
	if full = full.Add(-lim.interval()); counted && full.After(now) {
		m.full[key] = full
		return
	}
	delete(m.full, key)
}

// set takes over what somebody else counted.
func (m *memory) set(key string, full, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if full.After(now) {
		m.put(key, full, now)
		return
	}
	delete(m.full, key)
}

// at is the moment at which nothing is counted any more; the zero time where nothing is known.
func (m *memory) at(key string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.full[key]
}

// put stores and, each time the memory has doubled, drops what is over. Where that does not help, the half goes that is
// over soonest: who used up a limit stays, and whoever floods the memory with new names loses those.
func (m *memory) put(key string, full, now time.Time) {
	m.full[key] = full
	if len(m.full) < m.tidyAt {
		return
	}
	m.drop(now)
	if len(m.full) >= m.most {
		all := make([]time.Time, 0, len(m.full))
		for _, f := range m.full {
			all = append(all, f)
		}
		slices.SortFunc(all, time.Time.Compare)
		m.drop(all[len(all)/2])
	}
	m.tidyAt = min(max(2*len(m.full), minTidy), m.most)
}

// drop deletes what is over at a moment, into a new map, since maps do not shrink.
func (m *memory) drop(at time.Time) {
	kept := make(map[string]time.Time, len(m.full)/2)
	for key, full := range m.full {
		if full.After(at) {
			kept[key] = full
		}
	}
	m.full = kept
}
