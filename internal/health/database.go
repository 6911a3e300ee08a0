package health

import (
	"context"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// The names of the parts.
const (
	DatabaseName = "database"
	ReplicaName  = "replica"
)

const (
	// databaseTime is how long the database may take for nothing, by one of the connections there are and by a new one.
	databaseTime = within/2 - 100*time.Millisecond
	databaseSlow = 250 * time.Millisecond
)

// Database looks at the database: whether it answers as requests would ask it, and where not, whether it would if there were
// a connection to be had. The gate is shut while it answers nobody.
func Database(d *db.DB, gate *Gate) Check {
	return Check{Name: DatabaseName, Vital: true, Gate: gate, Look: func(ctx context.Context) Finding {
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
			f.Silent = f.Status == Down && !db.IsReadOnly(err)
		}
		return f
	}}
}

// why tells a database that answers nobody from one that has no connection left for us.
func why(ctx context.Context, d *db.DB, err error) (Status, string) {
	if fault.Is(err, fault.Overloaded) && db.IsFull(err) {
		return Degraded, "takes no more connections; requests are refused until some are free"
	}
	switch {
	case db.IsReadOnly(err):
		return Down, "takes no writes"
	case db.IsBusy(err):
		return Degraded, "answers, but somebody has been writing to it for a while; what is to be written waits"
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

// Replica tells how the database's copy is, which db looks at anyway. Without it the primary is asked.
func Replica(d *db.DB) Check {
	return Check{Name: ReplicaName, Look: func(context.Context) Finding {
		s, _ := d.Replica()
		const without = "; reads go to the primary"
		switch {
		case errors.Is(s.Err, db.ErrNoReplica):
			return Finding{Status: Degraded, Reason: "is another database, or no copy of ours any more" + without}
		case errors.Is(s.Err, db.ErrReplicaUnknown):
			return Finding{Status: Degraded, Reason: "does not show how far behind it is" + without}
		case s.Err != nil:
			return Finding{Status: Degraded, Reason: "does not answer" + without}
		}
		f := Finding{Status: OK, Figures: map[string]float64{"lagSeconds": Seconds(s.Lag), "latencyMs": Milliseconds(s.Latency)}}
		if !s.Current() {
			f.Status, f.Reason = Degraded, "is "+Long(s.Lag)+" behind"+without
		}
		return f
	}}
}
