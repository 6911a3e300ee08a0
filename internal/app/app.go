// Package app puts the server together: settings, providers, jobs, and the life of the process.
package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/account"
	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/api"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/costbasis"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/idempotency"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/limit"
	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/pace"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/portfoliotools"
	"github.com/jaspers-ai/jaspers/internal/prices"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/redis"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/researchtools"
	"github.com/jaspers-ai/jaspers/internal/sentry"
	"github.com/jaspers-ai/jaspers/internal/snapshot"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/understanding"
	"github.com/jaspers-ai/jaspers/internal/usage"
	"github.com/jaspers-ai/jaspers/internal/user"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// App is the whole server. Handler serves it, Run does its background work, Close ends it.
type App struct {
	Handler http.Handler

	api.Services
	db   *db.DB
	jobs *job.Queue
	// prices asks Market for what is held before anybody waits for it.
	prices *prices.Service
	// budget is what the model may take in a month.
	budget *budget.Service
	// passages are what filings say, piece by piece; library puts them there.
	passages      *passages.Service
	filingLibrary *library.Service
	// fetched keeps what outside services said; redis is its own connection, nil without one.
	fetched *cache.Store
	redis   *redis.Client
	// redisSeen is the connection by which Redis is looked at.
	redisSeen *redis.Connection
	// keyring opens what is sealed in sealedColumns.
	keyring *vault.Keyring
	limiter *limit.Limiter
	paces   *pace.Keepers
	log     *slog.Logger
	// metrics, tracer and reporter tell the operator how all this does; the latter two are nil where nobody is to be told.
	metrics  *metrics.Metrics
	tracer   *trace.Tracer
	reporter *sentry.Reporter
	end      context.CancelFunc // of what works for nobody's request
	// works says that jobs are done here, and not by other processes alone.
	works bool
}

// Options are what is given to an App beside its settings.
type Options struct {
	Log *slog.Logger
	// Now is the time by which everything goes; the demo and tests move it.
	Now func() time.Time
	// Mail sends mail in the place of the mail server that is configured; the demo prints it.
	Mail mail.Sender
	// Worker says that jobs are all that is done: no request is answered but for how the process is.
	Worker bool
}

// New opens the database, migrates it, and builds everything upon it. Nothing runs yet.
func New(ctx context.Context, cfg Config, opts Options) (*App, error) {
	if err := cfg.completeSecrets(ctx); err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, string(cfg.Database.URL))
	if err != nil {
		return nil, err
	}
	if err := database.Migrate(ctx); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	if address := string(cfg.Database.Replica); address != "" {
		if err := database.AddReplica(address); err != nil {
			return nil, errors.Join(err, database.Close())
		}
	}
	return assemble(ctx, cfg, opts, database)
}

// assemble builds everything upon a database, which it closes where that cannot be done.
func assemble(ctx context.Context, cfg Config, opts Options, database *db.DB) (*App, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	a := &App{db: database, log: opts.Log, end: end, works: cfg.Jobs.Workers > 0}
	err := a.build(life, cfg, opts)
	if err == nil {
		err = a.checkKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// build makes the services, each from those before it. What they do for nobody's request ends with life.
func (a *App) build(life context.Context, cfg Config, opts Options) (err error) {
	if err := a.buildTelemetry(cfg, &opts); err != nil {
		return err
	}
	if a.keyring, err = cfg.keyring(); err != nil {
		return err
	}
	if a.Audit, err = audit.New(a.db, opts.Now, []byte(cfg.Auth.HashKey)); err != nil {
		return err
	}
	a.jobs = job.New(job.Config{
		DB: a.db, Now: opts.Now, Log: opts.Log, Workers: cfg.Jobs.Workers, Lease: cfg.Jobs.Lease, Metrics: a.metrics, Tracer: a.tracer,
	})
	a.metrics.Ask(metrics.Sources{Pools: a.db.Pools, Waiting: a.jobs.Waiting})
	if a.paces, err = pace.New(pace.Config{DB: a.db, RedisURL: string(cfg.Limits.RedisURL), Log: opts.Log}); err != nil {
		return err
	}
	seen, err := newWatched(a.db, opts.Log)
	if err != nil {
		return err
	}
	a.budget = &budget.Service{DB: a.db, Now: opts.Now, Log: opts.Log, Limits: cfg.Budget.limits()}
	a.Usage = usage.New(usage.Config{
		DB: a.db, Jobs: a.jobs, Budget: a.budget, Now: opts.Now, Log: opts.Log, Days: cfg.Usage.Days, Years: cfg.Usage.Years,
	})
	outside := providers{cfg, opts, a.paces, a.Usage, a.metrics, seen}
	if err := errors.Join(
		a.buildPeople(cfg, opts), a.buildStore(cfg, opts), a.buildFilings(life, outside), a.buildMoney(life, outside), a.buildAnalyst(outside),
	); err != nil {
		return err
	}
	a.Account = &account.Service{DB: a.db, Now: opts.Now, Log: opts.Log, Audit: a.Audit, Auth: a.Auth, Chat: a.Chat, Jobs: a.jobs}
	a.registerJobs()
	return errors.Join(a.buildHealth(outside), a.buildEdge(cfg, opts))
}

// buildPeople makes what knows who is asking.
func (a *App) buildPeople(cfg Config, opts Options) error {
	sender, err := cfg.Mail.sender(opts)
	if err != nil {
		return err
	}
	a.Users = &user.Service{DB: a.db, Now: opts.Now, Audit: a.Audit, Symbol: market.NormalizeSymbol}
	a.Idempotency = &idempotency.Keys{DB: a.db, Now: opts.Now, Vault: a.keyring, HashKey: []byte(cfg.Auth.HashKey)}
	a.Auth, err = auth.New(auth.Config{
		DB: a.db, Now: opts.Now, Log: opts.Log, Audit: a.Audit, Keys: a.keyring, SigningKey: []byte(cfg.Auth.JWTSecret),
		AccessTTL: cfg.Auth.AccessTTL, BcryptCost: cfg.Auth.BcryptCost, RegistrationClosed: cfg.Auth.Registration == "closed",
		Mails: auth.MailConfig{Jobs: a.jobs, Sender: sender, Key: []byte(cfg.Auth.HashKey), PublicURL: cfg.HTTP.PublicURL},
	})
	return err
}

// buildStore makes what keeps what outside services said. It has a connection to Redis of its own: limits must not suffer
// from what is large or slow.
func (a *App) buildStore(cfg Config, opts Options) (err error) {
	if address := string(cfg.Limits.RedisURL); address != "" {
		a.redis, err = redis.Open(redis.Config{
			URL: address, Log: opts.Log, Without: "each process caches for itself and in the database", Again: "caches are shared through it",
		})
	}
	a.fetched = &cache.Store{DB: a.db, Redis: a.redis, Log: opts.Log, Metrics: a.metrics}
	return err
}

// buildMoney makes what knows what people own, what it is worth, and what can be said of it.
func (a *App) buildMoney(life context.Context, outside providers) error {
	brokers, err := outside.brokers()
	if err != nil {
		return err
	}
	a.jobs.Lanes = outside.lanes(brokers)
	sources, err := outside.marketSources()
	if err != nil {
		return err
	}
	now, log := outside.Now, outside.Options.Log
	if a.Market, err = market.New(life, market.Config{Sources: sources, Store: a.fetched, Now: now, Log: log}); err != nil {
		return err
	}
	if a.PastPrices, err = pastprices.New(life, pastprices.Config{
		DB: a.db, Sources: sources, Now: now, Log: log,
		OnSplits: func(ctx context.Context, tx *sql.Tx, symbol, source string, splits []market.Split) error {
			return a.prices.AddSplits(ctx, tx, symbol, source, splits)
		},
	}); err != nil {
		return err
	}
	if a.Research, err = research.New(life, research.Config{
		Sources: sources, Store: a.fetched, Now: now, Log: log,
		Filed: func(ctx context.Context, symbol string) ([]market.Metric, error) {
			return a.Reported.Metrics(ctx, symbol)
		},
	}); err != nil {
		return err
	}
	a.prices = &prices.Service{DB: a.db, Past: a.PastPrices, Research: a.Research, Jobs: a.jobs, Now: now, Log: log, Pause: outside.pricePause()}
	a.Connections = &connection.Service{
		DB: a.db, Keys: a.keyring, Audit: a.Audit, Providers: brokers, RedirectURL: outside.HTTP.CallbackURL, Now: now,
		OnConnected: func(ctx context.Context, tx *sql.Tx, id string) error { return a.Syncs.Connected(ctx, tx, id) },
		OnReauthorizationRequired: func(ctx context.Context, tx db.Querier, c connection.Refused) error {
			return a.Auth.TellReauthorization(ctx, tx, c.UserID, c.ID, c.ProviderName, c.At)
		},
	}
	a.Syncs = &syncs.Service{DB: a.db, Connections: a.Connections, Jobs: a.jobs, Now: now, Audit: a.Audit}
	a.Portfolio = &portfolio.Service{
		DB: a.db, Connections: a.Connections, Now: now, Rate: a.Market.Rate, Closes: a.PastPrices.KnownCloses, Companies: a.Research.KnownCompanies,
		Gains: &gains.Service{DB: a.db, Rates: a.PastPrices.Rates, Now: now},
	}
	a.Breakdown = &breakdown.Service{Portfolio: a.Portfolio}
	a.Reconciliation = &reconciliation.Service{Portfolio: a.Portfolio}
	a.Performance = performance.New(life, performance.Config{
		DB: a.db, Market: a.Market, Past: a.PastPrices, Portfolio: a.Portfolio.Whole, GainsUntil: a.Portfolio.Gains.Until, Now: now, Log: log,
	})
	a.Ledger = &ledger.Service{DB: a.db}
	a.CostBasis = &costbasis.Service{DB: a.db, Audit: a.Audit, Now: now}
	a.Snapshots = &snapshot.Service{DB: a.db, Portfolio: a.Portfolio, Jobs: a.jobs, Now: now, History: a.Performance.Standing}
	return nil
}

// buildFilings makes what knows what companies filed, and what that says.
func (a *App) buildFilings(life context.Context, outside providers) error {
	source, err := outside.filings()
	if err != nil {
		return err
	}
	a.Filings, err = filings.New(life, filings.Config{DB: a.db, Source: source, Jobs: a.jobs, Now: outside.Now, Log: outside.Options.Log})
	if err != nil {
		return err
	}
	a.Documents = documents.New(life, documents.Config{
		DB: a.db, Filings: a.Filings, Now: outside.Now,
		OnKept: func(ctx context.Context, tx *sql.Tx, number filings.Accession, name string) error {
			return a.filingLibrary.Kept(ctx, tx, number, name)
		},
	})
	a.passages = &passages.Service{DB: a.db, Now: outside.Now}
	a.filingLibrary = &library.Service{
		DB: a.db, Filings: a.Filings, Documents: a.Documents, Passages: a.passages, Jobs: a.jobs, Now: outside.Now,
		Pause: outside.filingPause(), PerDay: outside.EDGAR.Ahead,
	}
	a.Reported, err = reported.New(life, reported.Config{Filings: a.Filings, Store: a.fetched, Now: outside.Now, Log: outside.Options.Log})
	return err
}

// buildAnalyst makes what answers questions, over all that was made before.
func (a *App) buildAnalyst(outside providers) error {
	model, err := outside.model()
	if err != nil {
		return err
	}
	now := outside.Now
	a.Chat = &chat.Service{DB: a.db, Now: now, Log: outside.Options.Log, Audit: a.Audit, Keys: a.keyring, Metrics: a.metrics, Analyst: &analyst.Analyst{
		Model: model, Builtin: builtin.New(now), Budget: a.budget, Record: a.Usage.Turn, Told: outside.seen.told(modelName), Now: now, Metrics: a.metrics,
		Understand: (&understanding.Service{Companies: a.Filings.Companies, Holdings: a.Portfolio.Holdings, Now: now}).Read,
		Tools:      a.tools(),
	}}
	return nil
}

// tools are what answers may read.
func (a *App) tools() []tool.Tool {
	return slices.Concat([]tool.Tool{tool.Calculate()}, portfoliotools.All(portfoliotools.Services{
		Portfolio: a.Portfolio, Performance: a.Performance, Breakdown: a.Breakdown, Reconciliation: a.Reconciliation, Ledger: a.Ledger,
	}), researchtools.All(researchtools.Services{
		Market: a.Market, Past: a.PastPrices, Research: a.Research, Filings: a.Filings, Documents: a.Documents, Library: a.filingLibrary,
		Passages: a.passages, Reported: a.Reported,
	}))
}

// buildEdge makes what the network reaches.
func (a *App) buildEdge(cfg Config, opts Options) error {
	public, err := url.Parse(cfg.HTTP.PublicURL)
	if err != nil {
		return err
	}
	if a.limiter, err = limit.New(limit.Config{Now: opts.Now, Log: opts.Log, RedisURL: string(cfg.Limits.RedisURL)}); err != nil {
		return err
	}
	a.Ready = a.ready
	edge := cfg.edge(opts, public, a.limiter)
	edge.Metrics, edge.Tracer = a.metrics, a.tracer
	a.Handler, err = api.New(a.Services, edge)
	return err
}

// recoverEvery is how often answers are looked for whose process died, and recoverTime how long that may take: a connection to
// the database may have been lost without a word.
const (
	recoverEvery = 5 * time.Second
	recoverTime  = time.Minute
)

// tidyConversations ends what dead processes left behind, and makes findable what versions before did not.
func (a *App) tidyConversations(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, recoverTime)
	defer cancel()
	if _, err := a.Chat.Recover(bounded); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "end answers left behind", "error", err)
	}
	if err := a.Chat.CatchUp(bounded); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "make conversations findable", "error", err)
	}
}

// Run does the background work until ctx ends, and returns when the last of it has stopped.
func (a *App) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { a.Health.Run(ctx) })
	if a.works {
		work.Go(func() { a.jobs.Run(ctx) })
	}
	work.Go(func() { a.Audit.Run(ctx, a.log) })
	work.Go(func() { a.Auth.Run(ctx) })
	work.Go(func() { a.Usage.Run(ctx) })
	work.Go(func() { a.reporter.Run(ctx) })
	tick := time.NewTicker(recoverEvery)
	defer tick.Stop()
	for {
		a.tidyConversations(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close closes the database. Run must have returned, and nothing be served any more.
func (a *App) Close() error {
	a.end()
	last, cancel := context.WithTimeout(context.Background(), closeTracesIn)
	defer cancel()
	a.tracer.Close(last)
	if a.limiter != nil {
		_ = a.limiter.Close() // nothing is kept in it
	}
	if a.fetched != nil {
		a.fetched.Close() // what was fetched last is still written
	}
	if a.redis != nil {
		_ = a.redis.Close()
	}
	if a.redisSeen != nil {
		_ = a.redisSeen.Close() // nothing is kept in it
	}
	if a.Usage != nil {
		a.Usage.Close() // what was recorded last is still stored
	}
	if a.paces != nil {
		_ = a.paces.Close() // nothing is kept in it
	}
	if err := a.db.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}
