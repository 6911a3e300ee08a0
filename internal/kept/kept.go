// Package kept keeps what was worked out for people who asked lately, and works it out once for all who ask at the same time.
package kept

import (
	"context"
	"sync"
	"time"
)

// Values keeps a value for each person. Values are shared between requests, so nobody changes them.
type Values[V any] struct {
	// Age is for how long a value is good whose version did not change; zero is for ever.
	Age time.Duration
	// Max bounds how many are kept. Beyond it those go that are too old, and if none is, any.
	Max int
	Now func() time.Time

	mu sync.Mutex
	of map[string]*place[V]
}

// place is where a person's value is, or will be.
type place[V any] struct {
	turn    chan struct{} // held by who works it out; others wait for what that gives
	version string
	at      time.Time // when it was worked out; zero before
	value   V
}

// Get gives the person's value of the version that there is now: the one at hand, or else one that work makes while others
// who ask wait for it. What fails is not kept. A value is never of an older version than the database had when it was
// asked for, on whatever process that changed.
func (v *Values[V]) Get(ctx context.Context, id string, version func(context.Context) (string, error), work func(context.Context) (V, error)) (V, error) {
	var none V
	found, err := version(ctx)
	if err != nil {
		return none, err
	}
	p, value, good := v.look(id, found)
	if good {
		return value, nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return none, ctx.Err()
	}
	if found, err = version(ctx); err != nil { // it may have changed while others worked
		return none, err
	}
	if _, value, good = v.look(id, found); good {
		return value, nil
	}
	if value, err = work(ctx); err != nil {
		return none, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	p.version, p.at, p.value = found, v.Now(), value
	return value, nil
}

// look gives a person's place, with the value there and whether that is good.
func (v *Values[V]) look(id, version string) (*place[V], V, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.of[id]
	if !ok {
		v.makeRoom()
		p = &place[V]{turn: make(chan struct{}, 1)}
		v.of[id] = p
	}
	return p, p.value, !p.at.IsZero() && p.version == version && !v.old(p)
}

// old also takes for old what a clock that was set back says is of the future.
func (v *Values[V]) old(p *place[V]) bool {
	age := v.Now().Sub(p.at)
	return v.Age > 0 && (age < 0 || age >= v.Age)
}

func (v *Values[V]) makeRoom() {
	if v.of == nil {
		v.of = map[string]*place[V]{}
	}
	if len(v.of) < v.Max {
		return
	}
	for id, p := range v.of {
		if v.old(p) {
			delete(v.of, id)
		}
	}
	for id := range v.of {
		if len(v.of) < v.Max {
			return
		}
		delete(v.of, id)
	}
}
