// Package redis asks a Redis server: plainly, or of what one can do without, never for long, and not at all for a while once it fails to answer.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// dialTime bounds the making of a connection.
	dialTime = time.Second
	// budget is how long a request waits for Redis, and patience how long what is written beside the requests may take.
	budget   = 50 * time.Millisecond
	patience = 500 * time.Millisecond
	// pause is how long Redis is left alone after it failed to answer.
	pause       = time.Second
	connections = 16
)

// Config of a Client.
type Config struct {
	// URL has the form redis://user:password@host:port/database, or rediss:// for TLS.
	URL string
	Log *slog.Logger
	// Without says what is done while Redis does not answer, and Again what is from then on, for the log.
	Without, Again string
}

// Connection asks one server as often as it is told to, and says why it got no answer. It is safe for concurrent use.
type Connection struct{ client *redis.Client }

// Dial makes a connection, of as many as connections at once. A question ends with its context, or after within. Redis
// need not answer yet; an address that cannot be read is an error, which does not repeat it.
func Dial(address string, within time.Duration, connections int) (*Connection, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errors.New("the address of Redis must have the form redis://user:password@host:port/database") // the cause repeats it
	}
	redis.SetLogger(silent{})
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = dialTime, within, within, within
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // what was done must not be done again, and who asks has something to go on with
	options.DialerRetries = 1
	options.PoolSize, options.MinIdleConns = connections, 2
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	options.DisableIdentity = true
	return &Connection{redis.NewClient(options)}, nil
}

// silent keeps the client from writing to standard error by itself: what it has to say comes back as errors.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Close closes the connections.
func (c *Connection) Close() error { return c.client.Close() }

// marked is the key under which Check writes, for as short as it stays.
const (
	marked  = "jaspers:health"
	markFor = 10 * time.Second
)

var errOther = errors.New("what was stored came back as something else")

// Check stores something and reads it again: it fails where Redis does not answer within a second, takes nothing, or
// is something else.
func (c *Connection) Check(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	key, text := marked+":"+rand.Text(), rand.Text()
	if err := c.client.Set(bounded, key, text, markFor).Err(); err != nil {
		return err
	}
	got, err := c.client.Get(bounded, key).Result()
	if err == nil && got != text {
		err = errOther
	}
	return err
}

// Script is a program in Lua that Redis runs as one step.
type Script struct{ script *redis.Script }

// NewScript takes the text of a script.
func NewScript(text string) *Script { return &Script{redis.NewScript(text)} }

// Values runs a script that answers with a list.
func (c *Connection) Values(ctx context.Context, s *Script, keys []string, args ...any) ([]any, error) {
	return s.script.Run(ctx, c.client, keys, args...).Slice()
}

// Client asks one server. Its breaker goes by the machine's clock: it is about real connections. It is safe for
// concurrent use.
type Client struct {
	client *redis.Client
	cfg    Config
	began  time.Time
	askAt  atomic.Int64 // since began; until then Redis is left alone
	down   atomic.Bool
}

// Open makes a client. Redis need not answer yet; an address that cannot be read is an error, which does not repeat it.
func Open(cfg Config) (*Client, error) {
	connection, err := Dial(cfg.URL, patience, connections)
	if err != nil {
		return nil, err
	}
	return &Client{client: connection.client, cfg: cfg, began: time.Now()}, nil
}

// Close closes the connections.
func (c *Client) Close() error { return c.client.Close() }

// Run runs a script that answers with n numbers. It tells whether Redis answered.
func (c *Client) Run(ctx context.Context, s *Script, n int, keys []string, args ...any) (reply []int64, answered bool) {
	answered = c.ask(ctx, budget, func(ctx context.Context) (err error) {
		reply, err = s.script.Run(ctx, c.client, keys, args...).Int64Slice()
		if err == nil && len(reply) != n {
			err = errors.New("the script answered with more or less than it does")
		}
		return err
	})
	return reply, answered
}

// Get gives the values of keys, in their order; nil for what is not there. It tells whether Redis answered.
func (c *Client) Get(ctx context.Context, keys []string) (values [][]byte, answered bool) {
	answered = c.ask(ctx, budget, func(ctx context.Context) error {
		found, err := c.client.MGet(ctx, keys...).Result()
		values = make([][]byte, len(keys))
		for i, one := range found {
			if text, ok := one.(string); ok {
				values[i] = []byte(text)
			}
		}
		return err
	})
	return values, answered
}

// Value is what is stored under a key, and for how long.
type Value struct {
	Key  string
	Text []byte
	Life time.Duration
}

// Set stores values, for which no request should wait. It tells whether Redis took them.
func (c *Client) Set(ctx context.Context, values []Value) bool {
	return c.ask(ctx, patience, func(ctx context.Context) error {
		_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, v := range values {
				p.Set(ctx, v.Key, v.Text, v.Life)
			}
			return nil
		})
		return err
	})
}

// ask does something with Redis, unless that has just failed: then one request in each pause finds out whether it is
// back. A caller who leaves is no failure of Redis, and must not look like one.
func (c *Client) ask(ctx context.Context, within time.Duration, what func(context.Context) error) (answered bool) {
	since := time.Since(c.began)
	if at := c.askAt.Load(); at > 0 && (int64(since) < at || !c.askAt.CompareAndSwap(at, int64(since+pause))) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if err := what(ctx); err != nil {
		c.askAt.Store(int64(time.Since(c.began) + pause))
		if !c.down.Swap(true) {
			c.cfg.Log.WarnContext(ctx, "Redis does not answer; until it does, "+c.cfg.Without, "error", err)
		}
		return false
	}
	c.askAt.Store(0)
	if c.down.Swap(false) {
		c.cfg.Log.InfoContext(ctx, "Redis answers again; "+c.cfg.Again)
	}
	return true
}
