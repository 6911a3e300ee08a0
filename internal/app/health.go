package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/pace"
	"github.com/jaspers-ai/jaspers/internal/redis"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// modelName is the language model among the upstreams.
const modelName = "anthropic"

// watched are the upstreams by the clients that ask them.
type watched struct {
	upstreams map[*upstream.Client]*health.Upstream
	// turns are in the database, beside Redis where there is one too: while that is gone the turns are not.
	turns *pace.Keepers
}

func newWatched(database *db.DB, log *slog.Logger) (watched, error) {
	turns, err := pace.New(pace.Config{DB: database, Log: log})
	return watched{map[*upstream.Client]*health.Upstream{}, turns}, err
}

// find is the upstream of a name; nil where it is not configured.
func (w watched) find(name string) *health.Upstream {
	for _, u := range w.upstreams {
		if u.Name == name {
			return u
		}
	}
	return nil
}

// told takes in how an upstream's answers turned out; nil where it is not configured.
func (w watched) told(name string) func(error) {
	if u := w.find(name); u != nil {
		return u.Told
	}
	return nil
}

// watch has an upstream's health known: by the requests that leave for it and, where there are none, by the least that can
// be asked of it, no more often than once in a while over all processes.
func (p providers) watch(name string, client *upstream.Client, asked interface{ Probe(context.Context) error }, refusals ...int) error {
	turns, err := p.seen.turns.For(pace.Limits{
		Vendor: name, Key: "probe:" + name, Windows: []pace.Window{{Count: 1, Period: health.ProbeEvery}}, Margin: turnMargin,
	})
	if err != nil {
		return err
	}
	seen := p.seen.upstreams[client]
	seen.Name, seen.Refusals, seen.Waiting, seen.Probe, seen.Reach = name, refusals, client.Waiting, asked.Probe, client.Reach
	seen.Turn = func(ctx context.Context) error { return turns.Wait(ctx, turnTime) }
	return nil
}

// A turn is taken that comes within turnTime. Twice turnMargin is how long the database may not say whose it is before each
// process goes by its own share of turns, which may come at the same time.
const (
	turnTime   = time.Second
	turnMargin = 10 * time.Second
)

// buildHealth makes what looks at everything that is configured.
func (a *App) buildHealth(outside providers) error {
	a.DatabaseGate = health.NewGate()
	checks := []health.Check{health.Database(a.db, a.DatabaseGate)}
	if _, there := a.db.Replica(); there {
		checks = append(checks, health.Replica(a.db))
	}
	if address := string(outside.Limits.RedisURL); address != "" {
		var err error
		if a.redisSeen, err = redis.Dial(address, time.Second, 2); err != nil {
			return err
		}
		checks = append(checks, health.Redis(a.redisSeen))
	}
	if disk, ok := health.Disk(outside.dataDir(), a.db.Engine == db.SQLite); ok {
		checks = append(checks, disk)
	}
	if memory, ok := health.Memory(); ok {
		checks = append(checks, memory)
	}
	checks = append(checks, a.jobsCheck(), a.snapshotsCheck())
	if model := outside.seen.find(modelName); model != nil {
		checks = append(checks, a.modelCheck(model))
	}
	var upstreams []*health.Upstream
	for _, u := range outside.seen.upstreams {
		upstreams = append(upstreams, u)
	}
	a.Health = health.New(checks, upstreams, a.log)
	a.Health.Tracer = a.tracer
	return nil
}

// dataDir is where data is written on this machine.
func (c *Config) dataDir() string {
	if path, ok := strings.CutPrefix(string(c.Database.URL), "sqlite:"); ok {
		return filepath.Dir(path)
	}
	return c.Database.DataDir
}

// readyTime is how long the database may take to say that requests can be served.
const readyTime = 2 * time.Second

func (a *App) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	return a.db.Probe(ctx)
}

// What is wrong with jobs: that work is not looked for, and that what could be done long ago is not.
const (
	jobsStill   = 8 * time.Second
	jobsLate    = 5 * time.Minute
	jobsTooLate = time.Hour
)

// jobsCheck looks at the queue. What is fetched before anybody asks may take as long as it wants.
func (a *App) jobsCheck() health.Check {
	return health.Check{Name: "jobs", Look: func(ctx context.Context) health.Finding {
		b, err := a.jobs.Backlog(ctx, library.Lane, library.AheadLane)
		f := health.Finding{Status: health.OK, Figures: map[string]float64{
			"due": float64(b.Due), "oldestOverdueSeconds": health.Seconds(b.Overdue), "lost": float64(b.Lost), "lookedSecondsAgo": health.Seconds(b.Still),
		}}
		switch {
		case a.works && b.Still > jobsStill:
			f.Status, f.Reason = health.Down, "no work is looked for any more"
		case err != nil:
			f.Status, f.Reason = health.Down, "cannot be counted: the database does not say"
		case b.Overdue > jobsTooLate:
			f.Status, f.Reason = health.Down, "the oldest could have been done "+health.Long(b.Overdue)+" ago"
		case b.Overdue > jobsLate:
			f.Status, f.Reason = health.Degraded, "the oldest could have been done "+health.Long(b.Overdue)+" ago"
		case b.Lost > 0:
			f.Status, f.Reason = health.Degraded, "some were left by a worker that died, and no other takes them"
		}
		return f
	}}
}

// snapshotsEvery is rarer than other looks: it may ask about everybody.
const snapshotsEvery = 10 * time.Second

func (a *App) snapshotsCheck() health.Check {
	return health.Check{Name: "snapshots", Every: snapshotsEvery, Look: func(ctx context.Context) health.Finding {
		overdue, err := a.Snapshots.Overdue(ctx)
		switch {
		case err != nil:
			return health.Finding{Status: health.Degraded, Reason: "cannot be counted: the database does not say"}
		case overdue:
			return health.Finding{Status: health.Degraded, Reason: "somebody's of the last close is missing; it is made up for when the jobs work"}
		}
		return health.Finding{Status: health.OK}
	}}
}

// modelCheck looks whether the model answers questions. It is never down: the built-in analyst answers in its place.
func (a *App) modelCheck(model *health.Upstream) health.Check {
	return health.Check{Name: "model", Look: func(ctx context.Context) health.Finding {
		f := model.Finding()
		if f.Status != health.OK {
			f.Status, f.Reason = health.Degraded, f.Reason+"; the built-in analyst answers where it does not"
		}
		month, err := a.budget.Spent(ctx, "")
		if err != nil {
			return f // the database says why
		}
		use := month.Installation
		f.Figures["spentUsd"], f.Figures["reservedUsd"] = use.Spent.USD.InexactFloat64(), use.Reserved.USD.InexactFloat64()
		f.Figures["limitUsd"], f.Figures["limitTokens"] = use.Limit.USD.InexactFloat64(), float64(use.Limit.Tokens)
		f.Figures["spentTokens"], f.Figures["reservedTokens"] = float64(use.Spent.Tokens), float64(use.Reserved.Tokens)
		if use.Gone() {
			f.Status, f.Reason = health.Degraded, "the budget of this month is spent; the built-in analyst answers"
		}
		return f
	}}
}
