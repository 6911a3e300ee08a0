package health

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	databaseName = "database"
	// databaseTime is how long the database may take for nothing, by one of the connections there are and by a new one.
	databaseTime = within/2 - 100*time.Millisecond
	databaseSlow = 500 * time.Millisecond
)

// Database looks at the database: whether it answers as requests would ask it, and where not, whether it would if there were
// a connection to be had.
func Database(d *db.DB) Check {
	return Check{Name: databaseName, Vital: true, Look: func(ctx context.Context) Finding {
		began := time.Now()
		err := briefly(ctx, d.Probe)
		f := Finding{Status: OK, Figures: map[string]float64{"latencyMs": Milliseconds(time.Since(began))}}
		stats := d.Stats()
		f.Figures["openConnections"], f.Figures["busyConnections"] = float64(stats.OpenConnections), float64(stats.InUse)
		f.Figures["mostConnections"], f.Figures["waited"] = float64(stats.MaxOpenConnections), float64(stats.WaitCount)
		switch {
		case err == nil && time.Since(began) > databaseSlow:
			f.Status, f.Reason = Degraded, "answers slowly"
		case err != nil:
			f.Status, f.Reason = why(ctx, d, err)
		}
		return f
	}}
}

// why tells a database that answers nobody from one that has no connection left for us.
func why(ctx context.Context, d *db.DB, err error) (Status, string) {
	if fault.Is(err, fault.Overloaded) && db.IsFull(err) {
		return Degraded, "takes no more connections; requests are refused until some are free"
	}
	if err := briefly(ctx, d.ProbeAnew); err == nil || db.IsFull(err) {
		return Degraded, "answers, but all connections to it are in use; requests wait"
	}
	return Down, "does not answer"
}

func briefly(ctx context.Context, do func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, databaseTime)
	defer cancel()
	return do(bounded)
}
