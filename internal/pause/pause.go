// Package pause waits for a while by the machine's clock, unless whoever waits is gone.
package pause

import (
	"context"
	"time"
)

// For waits for d, and not at all for none of it. It ends early with ctx, whose error it gives.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
