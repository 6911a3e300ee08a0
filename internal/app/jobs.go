package app

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/job"
)

const syncEvery = 15 * time.Minute

// registerJobs is the list of everything that happens by itself.
func (a *App) registerJobs() {
	job.Handle(a.jobs, a.Portfolio.Sync)

	a.jobs.Every("sync portfolios", syncEvery, tradingSlot, a.Portfolio.SyncDue)
	a.jobs.Every("tidy jobs", 24*time.Hour, always, a.jobs.Tidy)
	a.jobs.Every("tidy sessions", 24*time.Hour, always, a.Auth.Tidy)
}

// tradingSlot are the slots while New York is open, and the one at the close, which brings the closing prices.
func tradingSlot(slot time.Time) bool {
	return calendar.Open(slot) || calendar.Open(slot.Add(-syncEvery))
}

func always(time.Time) bool { return true }
