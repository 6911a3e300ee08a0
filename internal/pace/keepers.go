package pace

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/redis"
)

// Config says through what processes share their moments.
type Config struct {
	// DB is where they do without Redis: PostgreSQL. With SQLite there is one process, which needs nothing to share.
	DB *db.DB
	// RedisURL is a server that all processes reach; empty for none.
	RedisURL string
	Log      *slog.Logger
}

// Keepers make the Paces of a process.
type Keepers struct {
	cfg   Config
	redis *redis.Connection
}

// New makes keepers. Redis need not answer yet; an address that cannot be read is an error, which does not repeat it.
func New(cfg Config) (*Keepers, error) {
	k := &Keepers{cfg: cfg}
	var err error
	if cfg.RedisURL != "" {
		k.redis, err = redis.Dial(cfg.RedisURL, questionTime, connections)
	}
	return k, err
}

// Close closes the connections to Redis.
func (k *Keepers) Close() error {
	if k.redis == nil {
		return nil
	}
	return k.redis.Close()
}

// For is the pace of a vendor. A process needs one of each key.
func (k *Keepers) For(limits Limits) (*Pace, error) {
	if err := limits.check(); err != nil {
		return nil, fmt.Errorf("the limits of %s: %w", limits.Vendor, err)
	}
	p := &Pace{limits: limits, log: k.cfg.Log, ask: make(chan struct{}, 1)}
	switch {
	case k.redis != nil:
		p.shared = newInRedis(k.redis, limits)
	case k.cfg.DB != nil && k.cfg.DB.Engine == db.Postgres:
		p.shared = &postgres{db: k.cfg.DB, key: limits.Key, plan: limits.together()}
	default:
		p.own = newMemory(limits.whole())
		return p, nil
	}
	p.own = newMemory(limits.apart())
	return p, nil
}

// PerSecond is the window of a rate: whole requests a second, or one in so many seconds.
func PerSecond(rate float64) Window {
	if rate >= 1 {
		return Window{Count: int(rate), Period: time.Second}
	}
	return Window{Count: 1, Period: time.Duration(float64(time.Second) / rate)}
}
