package app

import (
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/snapshot"
	"github.com/jaspers-ai/jaspers/internal/syncs"
)

// registerJobs is the list of everything that happens by itself.
func (a *App) registerJobs() {
	job.Handle(a.jobs, a.Syncs.Sync)
	job.Handle(a.jobs, a.Syncs.KeepAlive)
	job.Handle(a.jobs, a.prices.Refresh)
	job.Handle(a.jobs, a.prices.LearnCompanies)
	a.Snapshots.Register()
	a.Filings.Register()
	a.filingLibrary.Register()
	a.Auth.RegisterJobs()
	a.Usage.Register()

	a.jobs.Every("sync portfolios", 15*time.Minute, a.Syncs.Due)
	a.jobs.Every("keep sessions alive", time.Minute, a.Syncs.KeepAliveDue)
	a.jobs.Every("refresh prices", 15*time.Minute, a.prices.Due)
	a.jobs.Every("learn companies", 15*time.Minute, a.prices.CompaniesDue)
	a.jobs.Every("take snapshots", 15*time.Minute, a.Snapshots.Due)
	a.jobs.Every("refresh companies", time.Hour, a.Filings.Due)
	a.jobs.Every("gather filings", 15*time.Minute, a.filingLibrary.Due)
	a.jobs.Every("divide filings", 6*time.Hour, a.filingLibrary.CatchUp)
	a.jobs.Every("tidy prices", 24*time.Hour, a.PastPrices.Tidy)
	a.jobs.Every("tidy caches", 24*time.Hour, a.fetched.Tidy)
	a.jobs.Every("tidy syncs", 24*time.Hour, a.Syncs.Tidy)
	a.jobs.Every("tidy jobs", 24*time.Hour, a.jobs.Tidy)
	a.jobs.Every("tidy sessions", 24*time.Hour, a.Auth.Tidy)
	a.jobs.Every("tidy links", 24*time.Hour, a.Auth.TidyLinks)
	a.jobs.Every("tidy idempotency keys", time.Hour, a.Idempotency.Tidy)
	a.jobs.Every("tidy budgets", time.Hour, a.budget.Tidy)
	a.jobs.Every("roll up usage", time.Hour, a.Usage.Due)
	a.jobs.Every("tidy answers", 24*time.Hour, a.Chat.Tidy)
}

// snapshotWorkers are few, since they wait for nobody: they compute, and ask the database.
const snapshotWorkers = 4

// lanes gives each brokerage workers of its own, so that one that is slow holds up no other, and snapshots and filings theirs.
func (c *Config) lanes(brokers []broker.Provider) map[string]int {
	lanes := map[string]int{snapshot.Lane: snapshotWorkers, library.Lane: 1, library.AheadLane: 1}
	for _, b := range brokers {
		workers := c.Jobs.Syncs
		if slices.Contains(b.Info().Methods, broker.ByGateway) {
			workers = c.Jobs.GatewaySyncs
		}
		lanes[syncs.Lane(b.Info().ID)] = workers
	}
	return lanes
}
