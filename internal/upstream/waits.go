package upstream

import (
	"slices"
	"sync"
	"time"
)

// waits are the moments since which somebody waits for a vendor: for the head of an answer, or for more of its body.
type waits struct {
	mu    sync.Mutex
	since []time.Time // the oldest first
}

// begin notes that somebody waits, until over is called.
func (w *waits) begin() (over func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.since = append(w.since, now)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		i := slices.Index(w.since, now)
		w.since = slices.Delete(w.since, i, i+1)
	}
}

// Waiting is how long the vendor has left somebody waiting who waits now, the longest there is; 0 when nobody does. What
// is late shows in it before it ends.
func (c *Client) Waiting() time.Duration {
	c.waits.mu.Lock()
	defer c.waits.mu.Unlock()
	if len(c.waits.since) == 0 {
		return 0
	}
	return time.Since(c.waits.since[0])
}
