package sim

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that can be moved while it runs. It is safe for concurrent use.
type Clock struct {
	base   func() time.Time
	offset atomic.Int64 // nanoseconds
}

// NewClock is a clock that shows what base shows until it is moved, and runs as base runs.
func NewClock(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time { return c.base().Add(time.Duration(c.offset.Load())) }

// Advance moves the clock forward, or back when d is negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Set makes the clock show t now.
func (c *Clock) Set(t time.Time) { c.offset.Store(int64(t.Sub(c.base()))) }
