package health

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/redis"
)

const redisSlow = 100 * time.Millisecond

// Redis looks at a Redis. Without it the server goes on, each process for itself.
func Redis(c *redis.Connection) Check {
	return Check{Name: "redis", Look: func(ctx context.Context) Finding {
		began := time.Now()
		err := c.Check(ctx)
		took := time.Since(began)
		f := Finding{Status: OK, Figures: map[string]float64{"latencyMs": Milliseconds(took)}}
		switch {
		case err != nil:
			f.Status, f.Reason = Down, "does not answer, or not as it should; each process counts and caches for itself"
		case took > redisSlow:
			f.Status, f.Reason = Degraded, "answers slowly; each process counts and caches for itself at times"
		}
		return f
	}}
}
