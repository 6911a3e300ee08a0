// Package job does background and periodic work that is kept in the same database as what it works on.
package job

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// Args says what is to be done. It is kept as JSON and handled by the handler of its kind.
type Args interface{ Kind() string }

// Config of a Queue. Zero values take the defaults named.
type Config struct {
	DB  *db.DB
	Now func() time.Time
	Log *slog.Logger
	// Workers bounds how many jobs this process does at once, those of Lanes apart; 8.
	Workers int
	// Lanes gives jobs that were added with Lane workers of their own, as many as it says, so that those who wait for
	// something slow do not keep the others waiting. Jobs of a lane that is not here are done by the Workers.
	Lanes map[string]int
	// Lease is how long a job stays with a worker that no longer speaks; 30 s. It is renewed at a third of that.
	Lease time.Duration
	// Poll is how often the queue looks for due work; 200 ms.
	Poll time.Duration
	// Metrics counts what was done, and Tracer begins a span for it; nil for nobody.
	Metrics *metrics.Metrics
	Tracer  *trace.Tracer
}

// Queue holds the handlers and does the work. Register everything before Run.
type Queue struct {
	Config
	handlers map[string]func(context.Context, json.RawMessage) error
	periods  []period
	began    time.Time
	lookedAt atomic.Int64 // when Run looked for work last, since began
}

// maxAttempts is how often a job is tried before it is dead.
const maxAttempts = 5

// storing is how long a process that stops waits for the outcomes of its jobs to be stored.
const storing = 5 * time.Second

// How long a look for work, and a period's work, may take: a connection that was lost without a word must not hold up all that
// comes after.
const (
	roundTime = 10 * time.Second
	slotTime  = time.Minute
)

// New makes a queue that does nothing until Run.
func New(cfg Config) *Queue {
	if cfg.Workers == 0 {
		cfg.Workers = 8
	}
	if cfg.Lease == 0 {
		cfg.Lease = 30 * time.Second
	}
	if cfg.Poll == 0 {
		cfg.Poll = 200 * time.Millisecond
	}
	return &Queue{Config: cfg, began: time.Now(), handlers: map[string]func(context.Context, json.RawMessage) error{}}
}

// Handle registers what does jobs of A's kind. fn may run twice for one job when its process dies in between, so its
// effects belong in one transaction that can be repeated. An error is retried with growing waits; see Permanent.
func Handle[A Args](q *Queue, fn func(ctx context.Context, args A) error) {
	var zero A
	q.handlers[zero.Kind()] = func(ctx context.Context, raw json.RawMessage) error {
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			return Permanent(fmt.Errorf("arguments of %s: %w", zero.Kind(), err))
		}
		return fn(ctx, args)
	}
}

// Kinds are those of the jobs that can be done here.
func (q *Queue) Kinds() []string { return slices.Sorted(maps.Keys(q.handlers)) }

// Periods are the names of what comes round, in the order in which they were registered.
func (q *Queue) Periods() []string {
	names := make([]string, len(q.periods))
	for i, p := range q.periods {
		names[i] = p.name
	}
	return names
}

// permanentError marks an error that a retry cannot heal.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent is a handler's way to say that trying again is of no use: the job is kept as dead at once.
func Permanent(err error) error { return permanentError{err} }

// Option changes how a job is added.
type Option func(*options)

type options struct {
	uniqueKey   sql.NullString
	maxAttempts int
	lane        string
}

// Unique lets at most one job of the kind and key be waiting or running.
func Unique(key string) Option {
	return func(o *options) { o.uniqueKey = sql.NullString{String: key, Valid: true} }
}

// Attempts lets a job be tried n times instead of five. The waits grow with each: twelve tries take 42 minutes.
func Attempts(n int) Option {
	return func(o *options) { o.maxAttempts = n }
}

// Lane has the job done by the workers of a lane; see Config.Lanes.
func Lane(name string) Option {
	return func(o *options) { o.lane = name }
}

// Add puts a job into the caller's transaction: it exists exactly when that commits. It reports false where a Unique
// job of the same key was already there; one that waits to be tried again is then tried now or, where its error asked for
// time, as soon as that is over.
func (q *Queue) Add(ctx context.Context, tx db.Querier, args Args, opts ...Option) (added bool, err error) {
	o := options{maxAttempts: maxAttempts}
	for _, opt := range opts {
		opt(&o)
	}
	raw, err := withCause(ctx, args)
	if err != nil {
		return false, fmt.Errorf("arguments of %s: %w", args.Kind(), err)
	}
	return insert(ctx, tx, row{
		ID: db.NewID(), Kind: args.Kind(), Args: raw, UniqueKey: o.uniqueKey, MaxAttempts: o.maxAttempts, Lane: o.lane,
	}, db.Time(q.Now()))
}

// Run works until ctx ends, then waits for the jobs in hand. Their handlers see ctx end too: a job they give up on is
// tried again by the next process.
func (q *Queue) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	lanes, freed := q.lanes(), make(chan struct{}, 1)
	tick := time.NewTicker(q.Poll)
	defer tick.Stop()
	for {
		q.lookedAt.Store(int64(time.Since(q.began)))
		q.openSlots(ctx)
		for _, l := range lanes {
			for _, r := range q.claim(ctx, l) {
				l.busy <- struct{}{}
				running.Go(func() {
					defer l.leave(freed)
					q.do(ctx, r)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-freed:
			wait, stop := context.WithTimeout(ctx, q.Poll/20) // others will be done by then, too
			<-wait.Done()
			stop()
		}
	}
}

// do runs one job under a lease that is renewed while it works. Its lines and spans are those of what added it.
func (q *Queue) do(ctx context.Context, r row) {
	c := causeOf(r.Args)
	ctx = telemetry.WithCorrelation(ctx, cmp.Or(c.Correlation, db.NewID()))
	ctx, span := q.Tracer.Begin(ctx, "job "+r.Kind, trace.Consumer, c.Parent)
	span.Text("correlation_id", telemetry.Correlation(ctx))
	span.Text("job", r.ID)
	span.Count("attempt", int64(r.Attempt))
	work, cancel := context.WithCancelCause(context.WithValue(ctx, lastTryKey{}, r.Attempt >= r.MaxAttempts))
	defer cancel(nil)
	var renewing sync.WaitGroup
	renewing.Go(func() { q.renew(work, cancel, r) })
	began := time.Now()
	err := q.call(work, r)
	took := time.Since(began)
	cancel(nil)
	renewing.Wait()
	defer span.End(fault.NameOf(err))
	end := q.outcome(r, err, ctx.Err() != nil)
	q.Metrics.Worked(r.Kind, end.name(), took)
	if err != nil {
		q.Log.WarnContext(ctx, "job failed", "job", r.ID, "kind", r.Kind, "attempt", r.Attempt, "state", end.state, "error", err)
	}
	// The outcome is stored even when the process is stopping, else finished work would be done again. One that goes on
	// waits for a busy database as long as the job is its own.
	patience := storing
	if ctx.Err() == nil {
		patience = max(storing, q.Lease/2)
	}
	store, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	if err := q.DB.Tx(store, func(tx *sql.Tx) error { return conclude(store, tx, r, end) }); err != nil {
		q.Log.ErrorContext(ctx, "store a job's outcome", "job", r.ID, "kind", r.Kind, "error", err)
	}
}

// call runs the handler.
func (q *Queue) call(ctx context.Context, r row) error {
	handle, ok := q.handlers[r.Kind]
	if !ok {
		return fmt.Errorf("no handler for jobs of kind %s", r.Kind) // a newer process of a rolling update may have one
	}
	return guard("the handler", func() error { return handle(ctx, r.Args) })
}

// guard makes a panic in fn an error of the work that what names, not the end of the process.
func guard(what string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Recovered(what, p)
		}
	}()
	return fn()
}

var errLeaseLost = errors.New("the lease was lost to another worker")

// renew moves the lease on until work ends; a worker that finds its lease gone is stopped.
func (q *Queue) renew(work context.Context, cancel context.CancelCauseFunc, r row) {
	tick := time.NewTicker(q.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-work.Done():
			return
		case <-tick.C:
		}
		mine, err := q.extend(work, r)
		if err == nil && !mine {
			cancel(errLeaseLost)
			return
		}
		q.logUnlessDone(work, "renew a job's lease", err)
	}
}

// extend moves a job's lease on, or fails before the next time that it is to be.
func (q *Queue) extend(work context.Context, r row) (mine bool, err error) {
	bounded, cancel := context.WithTimeout(work, q.Lease/3)
	defer cancel()
	err = q.DB.Tx(bounded, func(tx *sql.Tx) (err error) {
		mine, err = extend(bounded, tx, r, db.Time(q.Now()).Add(q.Lease))
		return err
	})
	return mine, err
}

// outcome is how an attempt ended, which conclude stores. A worker that lost its lease changes nothing: the attempt is no
// longer its own.
func (q *Queue) outcome(r row, failed error, stopping bool) outcome {
	now := db.Time(q.Now())
	outcome := outcome{state: done, finishedAt: sql.NullTime{Time: now, Valid: true}, runAt: now}
	_, permanent := errors.AsType[permanentError](failed)
	switch {
	case failed == nil:
	case stopping: // not the job's fault: it is due again at once, and the try does not count
		outcome.state, outcome.finishedAt, outcome.refund = queued, sql.NullTime{}, 1
	case permanent || r.Attempt >= r.MaxAttempts:
		outcome.state = dead
	default:
		outcome.state, outcome.finishedAt, outcome.runAt = queued, sql.NullTime{}, now.Add(wait(r.Attempt, failed))
	}
	if failed != nil {
		if rest := fault.From(failed).RetryAfter; rest > 0 {
			outcome.restUntil = sql.NullTime{Time: now.Add(rest), Valid: true}
		}
		outcome.lastError = sql.NullString{String: failed.Error(), Valid: true}
	}
	return outcome
}

// wait is the time until the next attempt: 5 s, 20 s, 45 s, 80 s, or what the error asks for where that is longer, and up
// to a quarter more, so that jobs which failed together do not come back together.
func wait(attempt int, failed error) time.Duration {
	least := max(time.Duration(attempt*attempt)*5*time.Second, fault.From(failed).RetryAfter)
	return least + rand.N(least/4) // #nosec G404 -- jitter is no secret
}

func (q *Queue) logUnlessDone(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		q.Log.ErrorContext(ctx, what, "error", err)
	}
}
