package app

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/job"
)

// registerJobs is the list of everything that happens by itself.
func (a *App) registerJobs() {
	job.Handle(a.jobs, a.Portfolio.Sync)
	job.Handle(a.jobs, a.prices.Refresh)
	a.Auth.RegisterJobs()

	a.jobs.Every("sync portfolios", 15*time.Minute, a.Portfolio.SyncDue)
	a.jobs.Every("refresh prices", 15*time.Minute, a.prices.Due)
	a.jobs.Every("tidy prices", 24*time.Hour, a.Market.TidyPrices)
	a.jobs.Every("tidy jobs", 24*time.Hour, a.jobs.Tidy)
	a.jobs.Every("tidy sessions", 24*time.Hour, a.Auth.Tidy)
	a.jobs.Every("tidy links", 24*time.Hour, a.Auth.TidyLinks)
	a.jobs.Every("tidy idempotency keys", time.Hour, a.Idempotency.Tidy)
	a.jobs.Every("tidy answers", 24*time.Hour, a.Chat.Tidy)
}
