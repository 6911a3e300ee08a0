package limit

import (
	"context"
	_ "embed"
	"log/slog"
	"time"

	"github.com/jaspers-ai/jaspers/internal/redis"
)

//go:embed gcra.lua
var gcra string

// shared keeps counts in Redis, by our clocks.
type shared struct {
	client *redis.Client
	script *redis.Script
}

func newShared(address string, log *slog.Logger) (*shared, error) {
	client, err := redis.Open(redis.Config{
		URL: address, Log: log, Without: "each process keeps to limits by its own count", Again: "limits are shared",
	})
	if err != nil {
		return nil, err
	}
	return &shared{client: client, script: redis.NewScript(gcra)}, nil
}

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

func (s *shared) ask(ctx context.Context, verb, key string, lim Limit, now, heard time.Time) (allowed bool, full time.Time, answered bool) {
	interval := lim.interval()
	reply, answered := s.client.Run(ctx, s.script, 2, []string{key}, verb, now.UnixMicro(), interval.Microseconds(),
		(interval * time.Duration(lim.Burst)).Microseconds(), later(heard, now).UnixMicro())
	if !answered {
		return false, time.Time{}, false
	}
	return reply[0] == 1, time.UnixMicro(reply[1]).UTC(), true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
