package pace

import (
	"context"
	"sync"
	"time"
)

// memory keeps moments for this process, by its machine's clock.
type memory struct {
	plan  plan
	began time.Time // so that a clock that is set changes nothing

	mu    sync.Mutex
	known past
}

func newMemory(p plan) *memory { return &memory{plan: p, began: time.Now()} }

func (m *memory) now() int64 { return time.Since(m.began).Microseconds() }

func (m *memory) take(_ context.Context, within time.Duration) (turn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.plan.take(&m.known, m.now(), within), nil
}

func (m *memory) leaveAlone(_ context.Context, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known.alone = max(m.known.alone, m.now()+d.Microseconds())
	return nil
}

func (m *memory) alone(context.Context, turn) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(micros(m.known.alone-m.now()), 0), nil
}
