package pace

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/redis"
)

//go:embed pace.lua
var paceLua string

// begunLua is what both scripts begin with.
//
//go:embed begun.lua
var begunLua string

// aloneLua tells how long the vendor is left alone, after putting that off by ARGV[1] from now, and when it was begun.
const aloneLua = `
local alone = tonumber(redis.call('HGET', KEYS[1], 'alone') or 0)
if ARGV[1] ~= '0' and now + ARGV[1] > alone then
  alone = now + ARGV[1]
  redis.call('HSET', KEYS[1], 'alone', string.format('%.0f', alone))
  redis.call('EXPIRE', KEYS[1], 86400)
end
return {math.max(alone - now, 0), begun or ''}`

var (
	takeScript  = redis.NewScript(begunLua + paceLua)
	aloneScript = redis.NewScript(begunLua + aloneLua)
)

// inRedis keeps the moments of all processes in Redis, by its clock.
type inRedis struct {
	client  *redis.Connection
	leaves  string // key of the moments
	state   string // key of what else is known
	args    []any  // of the windows
	longest time.Duration

	mu      sync.Mutex
	begun   string // when Redis began to know of the vendor, as it last said
	heardAt time.Time
}

// questionTime bounds a question whose own time does not end sooner.
const questionTime, connections = time.Second, 8

func newInRedis(client *redis.Connection, l Limits) *inRedis {
	// The braces keep both keys in one place where Redis is a cluster.
	k := &inRedis{client: client, leaves: "jaspers:pace:{" + l.Key + "}:leaves", state: "jaspers:pace:{" + l.Key + "}:state"}
	p := l.together()
	k.args = []any{l.patience().Microseconds(), p.most}
	for _, w := range p.windows {
		k.args = append(k.args, w.Count, w.Period.Microseconds())
		k.longest = max(k.longest, w.Period)
	}
	return k
}

func (k *inRedis) take(ctx context.Context, within time.Duration) (turn, error) {
	args := append([]any{within.Microseconds(), maxAhead.Microseconds(), maxAlone.Microseconds(), k.heard()}, k.args...)
	asked := time.Now()
	reply, err := k.client.Values(ctx, takeScript, []string{k.state, k.leaves}, args...)
	if err != nil {
		return turn{}, err
	}
	taken, ok1 := at[int64](reply, 0)
	wait, ok2 := at[int64](reply, 1)
	alone, ok3 := at[int64](reply, 2)
	begun, ok4 := at[string](reply, 3)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return turn{}, errOtherKind
	}
	k.hear(begun, asked)
	return turn{wait: micros(wait), taken: taken == 1, alone: alone == 1, begun: begun}, nil
}

var errOtherKind = errors.New("redis gave values of other kinds than expected")

func at[T any](reply []any, i int) (value T, ok bool) {
	if i < len(reply) {
		value, ok = reply[i].(T)
	}
	return value, ok
}

// heard is the beginning that Redis told of, where that is not longer ago than any moment that counts.
func (k *inRedis) heard() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.heardAt) > k.longest+maxAhead {
		return ""
	}
	return k.begun
}

func (k *inRedis) hear(begun string, asked time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begun, k.heardAt = begun, asked
}

func (k *inRedis) leaveAlone(ctx context.Context, d time.Duration) error {
	_, _, err := k.putOff(ctx, d)
	return err
}

// alone is longer than any moment is ahead where what was given is lost.
func (k *inRedis) alone(ctx context.Context, given turn) (time.Duration, error) {
	left, begun, err := k.putOff(ctx, 0)
	if err == nil && begun != given.begun {
		left = maxAlone
	}
	return left, err
}

func (k *inRedis) putOff(ctx context.Context, d time.Duration) (left time.Duration, begun string, err error) {
	reply, err := k.client.Values(ctx, aloneScript, []string{k.state}, strconv.FormatInt(d.Microseconds(), 10))
	if err != nil {
		return 0, "", err
	}
	n, ok1 := at[int64](reply, 0)
	begun, ok2 := at[string](reply, 1)
	if !ok1 || !ok2 {
		return 0, "", errOtherKind
	}
	return micros(n), begun, nil
}
