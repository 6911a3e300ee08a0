package pace

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

//go:embed pace.lua
var paceLua string

// aloneLua tells how long the vendor is left alone, after putting that off by ARGV[1] from now.
const aloneLua = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local alone = tonumber(redis.call('HGET', KEYS[1], 'alone') or 0)
if ARGV[1] ~= '0' and now + ARGV[1] > alone then
  alone = now + ARGV[1]
  redis.call('HSET', KEYS[1], 'alone', string.format('%.0f', alone))
  redis.call('EXPIRE', KEYS[1], 86400)
end
return math.max(alone - now, 0)`

var (
	takeScript  = redis.NewScript(paceLua)
	aloneScript = redis.NewScript(aloneLua)
)

// inRedis keeps the moments of all processes in Redis, by its clock.
type inRedis struct {
	client  *redis.Client
	leaves  string // key of the moments
	state   string // key of what else is known
	args    []any  // of the windows
	longest time.Duration

	mu      sync.Mutex
	begun   string // when Redis began to know of the vendor, as it last said
	heardAt time.Time
}

// dialTime bounds the making of connections; a question's own time may end sooner.
const dialTime = time.Second

func dial(address string) (*redis.Client, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errors.New("the address of Redis must have the form redis://user:password@host:port/database") // the cause repeats it
	}
	redis.SetLogger(silent{})
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = dialTime, dialTime, dialTime, dialTime
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // a script that was run must not be run again
	options.DialerRetries = 1
	options.PoolSize = 8
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	options.DisableIdentity = true
	return redis.NewClient(options), nil
}

// silent keeps the client from writing to standard error by itself: what it has to say comes back as errors.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func newInRedis(client *redis.Client, key string, p plan) *inRedis {
	// The braces keep both keys in one place where Redis is a cluster.
	k := &inRedis{client: client, leaves: "jaspers:pace:{" + key + "}:leaves", state: "jaspers:pace:{" + key + "}:state"}
	k.args = []any{p.most}
	for _, w := range p.windows {
		k.args = append(k.args, w.Count, w.Period.Microseconds())
		k.longest = max(k.longest, w.Period)
	}
	return k
}

func (k *inRedis) take(ctx context.Context, within time.Duration) (turn, error) {
	args := append([]any{within.Microseconds(), maxAhead.Microseconds(), maxAlone.Microseconds(), k.heard()}, k.args...)
	asked := time.Now()
	reply, err := takeScript.Run(ctx, k.client, []string{k.leaves, k.state}, args...).Slice()
	if err != nil {
		return turn{}, err
	}
	taken, ok1 := at[int64](reply, 0)
	wait, ok2 := at[int64](reply, 1)
	alone, ok3 := at[int64](reply, 2)
	begun, ok4 := at[string](reply, 3)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return turn{}, fmt.Errorf("redis gave %d values of other kinds than expected", len(reply))
	}
	k.hear(begun, asked)
	return turn{wait: micros(wait), taken: taken == 1, alone: alone == 1}, nil
}

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
	return aloneScript.Run(ctx, k.client, []string{k.state}, strconv.FormatInt(d.Microseconds(), 10)).Err()
}

func (k *inRedis) alone(ctx context.Context) (time.Duration, error) {
	left, err := aloneScript.Run(ctx, k.client, []string{k.state}, "0").Int64()
	return micros(left), err
}
