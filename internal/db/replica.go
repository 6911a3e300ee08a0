package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// MaxAge is how old what Aged reads may be: what was committed longer ago is there.
const MaxAge = 5 * time.Second

const (
	replicaMaxOpen = 10
	replicaMaxIdle = 4
	// replicaTime is how long a replica may take for a read; then the primary is asked.
	replicaTime = 3 * time.Second
	// lookEvery is how often it is looked how far the replica has come, and lookTime how long either server may take to say it.
	lookEvery = time.Second
	lookTime  = time.Second
)

// replica is a copy of a database that PostgreSQL keeps by itself.
type replica struct {
	pool *sql.DB
	// eyes are a connection to the primary and one to the replica, by which they are looked at however busy the pools are.
	eyes struct{ primary, replica *sql.DB }
	// progress and latest are what is known: the first to the one who looks, the other to all.
	progress progress
	latest   atomic.Pointer[ReplicaState]
	stop     context.CancelFunc
	looking  sync.WaitGroup
}

// ReplicaState is how a replica was when it was looked at last.
type ReplicaState struct {
	// Err is why it cannot be used, but for its lag: ErrNoReplica, ErrReplicaUnknown or, by any other, that it does not answer.
	Err error
	// Lag is how long ago at most something was committed that is not there; it grows until that is known better.
	Lag time.Duration
	// Latency is how long it took to answer.
	Latency time.Duration
	asOf    time.Time // everything committed by then is there
}

// What can be wrong with a replica that answers.
var (
	ErrNoReplica      = errors.New("the replica is another database than the primary, or no copy of it any more")
	ErrReplicaUnknown = errors.New("it is not known yet how far the replica has come")
)

// Current tells whether the replica may be read from.
func (s ReplicaState) Current() bool { return s.Err == nil && s.Lag <= MaxAge }

// AddReplica has Aged read from a copy of the database, a PostgreSQL, whenever that is there and not too old. It is not
// waited for. It is to be called once, before the database is used by several.
func (d *DB) AddReplica(address string) error {
	if d.Engine != Postgres {
		return errors.New("only a PostgreSQL has a replica")
	}
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return errors.New("the address of the replica cannot be read") // the cause would print the password
	}
	cfg.ConnectTimeout = replicaTime
	making := connectorTo(cfg)
	r := &replica{pool: sql.OpenDB(making)}
	r.pool.SetMaxOpenConns(replicaMaxOpen)
	r.pool.SetMaxIdleConns(replicaMaxIdle)
	r.pool.SetConnMaxLifetime(connMaxLifetime)
	r.eyes.primary, r.eyes.replica = d.anew(), sql.OpenDB(making)
	for _, eye := range []*sql.DB{r.eyes.primary, r.eyes.replica} {
		eye.SetMaxOpenConns(1)
		eye.SetConnMaxLifetime(connMaxLifetime)
	}
	r.latest.Store(&ReplicaState{Err: ErrReplicaUnknown})
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.looking.Go(func() {
		for ok := true; ok; ok = pause.For(ctx, lookEvery) == nil {
			r.latest.Store(r.look(ctx))
		}
	})
	d.replica = r
	return nil
}

// close ends the looking. The pools are read from by nobody any more.
func (r *replica) close() {
	r.stop()
	r.looking.Wait()
	_ = errors.Join(r.eyes.primary.Close(), r.eyes.replica.Close(), r.pool.Close()) // nothing is kept in them
}

// Replica tells how the replica is, and whether there is one.
func (d *DB) Replica() (ReplicaState, bool) {
	if d.replica == nil {
		return ReplicaState{}, false
	}
	return d.replica.state(), true
}

// state is as it was found last, unless it may have become too old since.
func (r *replica) state() ReplicaState {
	s := *r.latest.Load()
	if age := time.Since(s.asOf); s.Err == nil && age > MaxAge {
		s.Lag = age
	}
	return s
}

// Aged is Snapshot for reads whose answer may be up to MaxAge old. It asks the replica while there is one that is not
// older; whatever fails there is asked of the primary, so fn sets anew what it hands out, and uses the context it is given.
// It is not for what a person may just have changed, nor for what decides what somebody may do.
func (d *DB) Aged(ctx context.Context, fn func(ctx context.Context, q Querier) error) error {
	if d.replica != nil && d.replica.state().Current() && d.replica.read(ctx, fn) == nil {
		return nil
	}
	return d.Snapshot(ctx, func(q Querier) error { return fn(ctx, q) })
}

func (r *replica) read(ctx context.Context, fn func(ctx context.Context, q Querier) error) (err error) {
	ctx, span := trace.Start(ctx, "db replica")
	defer func() { span.End(fault.NameOf(err)) }()
	ctx, cancel := context.WithTimeout(ctx, replicaTime)
	defer cancel()
	return inTransaction(ctx, r.pool, onePicture, func(q Querier) error { return fn(ctx, q) })
}
