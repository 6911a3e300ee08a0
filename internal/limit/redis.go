package limit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// redisBudget is how long a request waits for Redis.
	redisBudget = 50 * time.Millisecond
	// redisPause is how long Redis is left alone after it failed to answer.
	redisPause = time.Second
	redisConns = 16
)

//go:embed gcra.lua
var gcra string

// shared keeps counts in Redis, by our clocks. Its breaker goes by the machine's: it is about real connections.
type shared struct {
	client *redis.Client
	script *redis.Script
	log    *slog.Logger
	began  time.Time
	askAt  atomic.Int64 // since began; until then Redis is left alone
	down   atomic.Bool
}

func newShared(address string, log *slog.Logger) (*shared, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errors.New("the address of Redis must have the form redis://user:password@host:port/database") // the cause repeats it
	}
	redis.SetLogger(silent{})
	options.DialTimeout = redisPause // of connections opened ahead of need; a request's own time ends sooner
	options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = redisBudget, redisBudget, redisBudget
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // the local count is there at once
	options.DialerRetries = 1
	options.PoolSize, options.MinIdleConns = redisConns, 2
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	options.DisableIdentity = true
	return &shared{client: redis.NewClient(options), script: redis.NewScript(gcra), log: log, began: time.Now()}, nil
}

// silent keeps the client from writing to standard error by itself: what it has to say comes back as errors.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func (s *shared) close() error { return s.client.Close() }

// take tells Redis what was heard from it last, for the case that it has lost that.
func (s *shared) take(ctx context.Context, key string, lim Limit, now, heard time.Time) (allowed bool, full time.Time, answered bool) {
	return s.ask(ctx, "take", key, lim, now, heard)
}

func (s *shared) giveBack(ctx context.Context, key string, lim Limit, now time.Time) {
	s.ask(ctx, "give", key, lim, now, now) // where it fails, one too many stays counted until its time is over
}

func (s *shared) look(ctx context.Context, key string, lim Limit, now, heard time.Time) (full time.Time, answered bool) {
	_, full, answered = s.ask(ctx, "look", key, lim, now, heard)
	return full, answered
}

// ask runs the script, unless Redis has just failed: then one request in each pause finds out whether it is back. A
// caller who leaves is no failure of Redis, and must not look like one.
func (s *shared) ask(ctx context.Context, verb, key string, lim Limit, now, heard time.Time) (allowed bool, full time.Time, answered bool) {
	since := time.Since(s.began)
	if at := s.askAt.Load(); at > 0 && (int64(since) < at || !s.askAt.CompareAndSwap(at, int64(since+redisPause))) {
		return false, time.Time{}, false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisBudget)
	defer cancel()
	interval := lim.interval()
	reply, err := s.script.Run(ctx, s.client, []string{key}, verb, now.UnixMicro(), interval.Microseconds(),
		(interval * time.Duration(lim.Burst)).Microseconds(), later(heard, now).UnixMicro()).Int64Slice()
	if err == nil && len(reply) != 2 {
		err = fmt.Errorf("%d numbers, want 2", len(reply))
	}
	if err != nil {
		s.askAt.Store(int64(time.Since(s.began) + redisPause))
		if !s.down.Swap(true) {
			s.log.WarnContext(ctx, "Redis does not answer; until it does, each process keeps to limits by its own count", "error", err)
		}
		return false, time.Time{}, false
	}
	s.askAt.Store(0)
	if s.down.Swap(false) {
		s.log.InfoContext(ctx, "Redis answers again; limits are shared")
	}
	return reply[0] == 1, time.UnixMicro(reply[1]).UTC(), true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
