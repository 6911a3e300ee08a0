package brokertest

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// maxUsed is how much a call may allocate in all: a body of eight mebibytes grows through twice as much in steps, and what
// is made of it may be as much again.
const maxUsed = 96 << 20

// frugal is a provider whose calls must not use much memory, whatever they are answered.
type frugal struct {
	t *testing.T
	broker.Provider
}

var _ broker.Historian = (*frugal)(nil)

func (f *frugal) measure() func() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	return func() {
		f.t.Helper()
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > maxUsed {
			f.t.Errorf("got %d MiB used by one call, want at most %d", used>>20, maxUsed>>20)
		}
	}
}

// Accounts asks the provider.
func (f *frugal) Accounts(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	defer f.measure()()
	return f.Provider.Accounts(ctx, creds)
}

// Positions asks the provider.
func (f *frugal) Positions(ctx context.Context, creds broker.Credentials, account broker.Account) ([]broker.Position, error) {
	defer f.measure()()
	return f.Provider.Positions(ctx, creds, account)
}

// Activities asks the provider where it is a Historian, and else for positions, which must not use much either.
func (f *frugal) Activities(ctx context.Context, creds broker.Credentials, account broker.Account, since time.Time) (broker.History, error) {
	defer f.measure()()
	past, ok := f.Provider.(broker.Historian)
	if !ok {
		_, err := f.Provider.Positions(ctx, creds, account)
		return broker.History{}, err
	}
	return past.Activities(ctx, creds, account, since)
}
