// Package flight has what many want at the same time asked for once.
package flight

import (
	"sync"
	"time"
)

// Group is what is being asked for, by its key, so that whoever comes meanwhile waits for the same answer. The zero value
// is ready.
type Group struct {
	mu    sync.Mutex
	under map[string]*One
}

// One is something under way; Err may be read once Done is closed. Near is closed before that where whoever fetches says
// so, and with Done at the latest.
type One struct {
	Began      time.Time // by the machine's clock
	Near, Done chan struct{}
	Err        error
}

// Join divides the outdated keys into those already under way and those that are now ours to fetch, which are in all, too.
// What is outdated is asked under the lock, so that nobody fetches what has just landed; no lock is held while fetching.
func (g *Group) Join(keys []string, outdated func(string) bool) (all map[string]*One, ours []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.under == nil {
		g.under = map[string]*One{}
	}
	all = map[string]*One{}
	for _, key := range keys {
		if !outdated(key) {
			continue
		}
		one, ok := g.under[key]
		if !ok {
			one = &One{Began: time.Now(), Near: make(chan struct{}), Done: make(chan struct{})}
			g.under[key] = one
			ours = append(ours, key)
		}
		all[key] = one
	}
	return all, ours
}

// Approach says of what was ours that something of it is at hand by now, if it is not what was asked for. Once is enough.
func (g *Group) Approach(keys []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		g.under[key].near()
	}
}

// near must be called under the lock.
func (o *One) near() {
	select {
	case <-o.Near:
	default:
		close(o.Near)
	}
}

// Land ends the waiting for what was ours; failed has the errors of what could not be had.
func (g *Group) Land(keys []string, failed map[string]error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		one := g.under[key]
		delete(g.under, key)
		one.Err = failed[key]
		one.near()
		close(one.Done)
	}
}
