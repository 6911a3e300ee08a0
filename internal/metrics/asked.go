package metrics

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sources are what is asked when somebody looks, since nobody counts it meanwhile.
type Sources struct {
	// Pools are the database's connections, by the name of the pool.
	Pools func() map[string]sql.DBStats
	// Waiting are the jobs that are due and in nobody's hands.
	Waiting func(context.Context) ([]Waiting, error)
}

// Waiting is how many jobs of a kind are due, and for how long the oldest of them has been.
type Waiting struct {
	Kind   string
	Jobs   int
	Oldest time.Duration
}

// lookTime is how long a look may wait for the database.
const lookTime = 2 * time.Second

// Ask has sources asked whenever somebody looks.
func (m *Metrics) Ask(sources Sources) { m.registry.MustRegister(asked{sources}) }

type asked struct{ Sources }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	connections = describe("db_connections", "Connections of a pool to the database, by what they do.", "pool", "state")
	mostOpen    = describe("db_connections_max", "Connections that a pool may have.", "pool")
	waits       = describe("db_waits_total", "Times that somebody waited for a connection of a pool.", "pool")
	waited      = describe("db_wait_seconds_total", "Seconds that were waited for connections of a pool.", "pool")
	waiting     = describe("jobs_waiting", "Jobs that are due and in nobody's hands, in all processes together.", "kind")
	oldest      = describe("job_oldest_waiting_seconds", "How long the oldest of the waiting jobs has been due.", "kind")
	queueRead   = describe("jobs_readable", "1 when the waiting jobs could be counted; when it is 0 they are missing here, which is not none.")
)

// Describe implements prometheus.Collector.
func (asked) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{connections, mostOpen, waits, waited, waiting, oldest, queueRead} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (a asked) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for pool, s := range a.Pools() {
		gauge(connections, float64(s.InUse), pool, "busy")
		gauge(connections, float64(s.Idle), pool, "idle")
		gauge(mostOpen, float64(s.MaxOpenConnections), pool)
		ch <- prometheus.MustNewConstMetric(waits, prometheus.CounterValue, float64(s.WaitCount), pool)
		ch <- prometheus.MustNewConstMetric(waited, prometheus.CounterValue, s.WaitDuration.Seconds(), pool)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	kinds, err := a.Waiting(ctx)
	if err != nil {
		gauge(queueRead, 0)
		return
	}
	gauge(queueRead, 1)
	for _, w := range kinds {
		gauge(waiting, float64(w.Jobs), w.Kind)
		gauge(oldest, w.Oldest.Seconds(), w.Kind)
	}
}
