// Package metrics counts what the server does, and shows it as Prometheus reads it.
package metrics

import (
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters of one server. What labels them comes from lists that the program itself has: routes, endpoints,
// kinds, tables, limits; nothing that somebody sent, and no id. A nil one counts nothing.
type Metrics struct {
	registry *prometheus.Registry

	requests        *prometheus.CounterVec
	requestTime     *prometheus.HistogramVec
	refusals        *prometheus.CounterVec
	streams         prometheus.Gauge
	streamEvents    prometheus.Counter
	answersUnderWay prometheus.Gauge
	answers         *prometheus.CounterVec
	calls           *prometheus.CounterVec
	callTime        *prometheus.HistogramVec
	cacheReads      *prometheus.CounterVec
	jobs            *prometheus.CounterVec
	jobTime         *prometheus.HistogramVec
	periods         *prometheus.CounterVec
	rounds          *prometheus.CounterVec
	roundTime       *prometheus.HistogramVec
	tokens          *prometheus.CounterVec
	cost            *prometheus.CounterVec
	reports         *prometheus.CounterVec
}

// Buckets of durations in seconds: from what memory answers to what a request may take, and from there to long jobs.
var (
	briefly = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	lasting = []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900}
)

// New makes counters at zero; version is the server's.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.requests = m.counter("http_requests_total", "Requests answered, by route, method and class of status.", "route", "method", "status")
	m.requestTime = m.histogram("http_request_duration_seconds", "Time from a request's head to the end of its answer; streams take as long as they are listened to.",
		briefly, "route", "method")
	m.refusals = m.counter("rate_limit_refusals_total", "Requests refused because of a limit, by its name.", "limit")
	m.streams = m.gauge("streams_open", "Event streams that somebody listens to.")
	m.streamEvents = m.counter("stream_events_total", "Events sent on streams.").WithLabelValues()
	m.answersUnderWay = m.gauge("answers_under_way", "Answers of the analyst being written by this process.")
	m.answers = m.counter("answers_total", "Answers of the analyst that ended, by how.", "status")
	m.calls = m.counter("upstream_calls_total", "Attempts to ask another service, by what came of it: the class of its status, or the kind of failure.",
		"provider", "endpoint", "outcome")
	m.callTime = m.histogram("upstream_call_duration_seconds", "Time until the headers of another service's answer, or until there was none.",
		briefly, "provider", "endpoint")
	m.cacheReads = m.counter("cache_reads_total", "Keys looked for in each layer of what is kept of outside services, and what was found.",
		"kind", "layer", "result")
	m.jobs = m.counter("jobs_total", "Attempts at jobs, by what came of them.", "kind", "outcome")
	m.jobTime = m.histogram("job_duration_seconds", "Time an attempt at a job took.", lasting, "kind")
	m.periods = m.counter("periods_total", "Slots of periodic work that this process opened, by what came of it.", "period", "outcome")
	m.rounds = m.counter("model_rounds_total", "Turns asked of a language model, by what came of them.", "model", "outcome")
	m.roundTime = m.histogram("model_round_duration_seconds", "Time a turn of a language model took.", briefly, "model")
	m.tokens = m.counter("model_tokens_total", "Tokens, by what they were.", "model", "type")
	m.cost = m.counter("model_cost_usd_total", "US dollars that turns cost by the prices in force.", "model")
	m.reports = m.counter("error_reports_total", "Reports of mistakes of ours, by what became of them.", "outcome")
	for _, outcome := range []string{"sent", "failed", "dropped"} {
		m.reports.WithLabelValues(outcome) // so that the first one is an increase
	}
	m.gauge("build_info", "1, labelled with the version of the server and of Go.", "version", version, "goversion", runtime.Version()).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const namespace = "jaspers"

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// gauge takes constant labels as names and values in turn.
func (m *Metrics) gauge(name, help string, labels ...string) prometheus.Gauge {
	constant := prometheus.Labels{}
	for pair := range slices.Chunk(labels, 2) {
		constant[pair[0]] = pair[1]
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: constant})
	m.registry.MustRegister(g)
	return g
}

// Handler shows all counters. What cannot be gathered is left out of the answer, which shows the rest.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// methods are those that requests are counted by; what is none of them is "other", like what has no route.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

const other = "other"

// Request counts an answer of a route, which is its pattern, or empty where no route was reached.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if route == "" {
		route = other
	}
	if !slices.Contains(methods, method) {
		method = other
	}
	m.requests.WithLabelValues(route, method, class(status)).Inc()
	m.requestTime.WithLabelValues(route, method).Observe(took.Seconds())
}

// class is the first digit of a status, "2xx"; none where nothing was answered.
func class(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return string(rune('0'+status/100)) + "xx"
}

// Refused counts a request that a limit, of that name, did not let through.
func (m *Metrics) Refused(limit string) {
	if m != nil {
		m.refusals.WithLabelValues(limit).Inc()
	}
}

// Listening counts a stream until left is called.
func (m *Metrics) Listening() (left func()) {
	if m == nil {
		return func() {}
	}
	m.streams.Inc()
	return m.streams.Dec
}

// Streamed counts events that were sent.
func (m *Metrics) Streamed(events int) {
	if m != nil {
		m.streamEvents.Add(float64(events))
	}
}

// Answering says how many answers are being written.
func (m *Metrics) Answering(now int) {
	if m != nil {
		m.answersUnderWay.Set(float64(now))
	}
}

// Answered counts an answer that ended, by its status.
func (m *Metrics) Answered(status string) {
	if m != nil {
		m.answers.WithLabelValues(status).Inc()
	}
}

// Called counts an attempt to ask a provider. Status is 0 where failure says why there was no answer.
func (m *Metrics) Called(provider, endpoint string, status int, failure string, took time.Duration) {
	if m == nil {
		return
	}
	outcome := failure
	if outcome == "" {
		outcome = class(status)
	}
	m.calls.WithLabelValues(provider, endpoint, outcome).Inc()
	m.callTime.WithLabelValues(provider, endpoint).Observe(took.Seconds())
}

// Read counts keys of a kind that were looked for in a layer of the caches, by what was found.
func (m *Metrics) Read(kind, layer, result string, keys int) {
	if m != nil && keys > 0 {
		m.cacheReads.WithLabelValues(kind, layer, result).Add(float64(keys))
	}
}

// Worked counts an attempt at a job.
func (m *Metrics) Worked(kind, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobTime.WithLabelValues(kind).Observe(took.Seconds())
}

// CameRound counts a slot of periodic work.
func (m *Metrics) CameRound(period, outcome string) {
	if m != nil {
		m.periods.WithLabelValues(period, outcome).Inc()
	}
}

// Tokens are those of one turn, by what they were.
type Tokens struct{ Input, CacheRead, CacheWrite, Output int64 }

// Asked counts a turn of a model: what it was configured as, since what a server calls itself may be anything.
func (m *Metrics) Asked(model, outcome string, tokens Tokens, usd float64, took time.Duration) {
	if m == nil {
		return
	}
	m.rounds.WithLabelValues(model, outcome).Inc()
	m.roundTime.WithLabelValues(model).Observe(took.Seconds())
	for name, n := range map[string]int64{
		"input": tokens.Input, "cache_read": tokens.CacheRead, "cache_write": tokens.CacheWrite, "output": tokens.Output,
	} {
		m.tokens.WithLabelValues(model, name).Add(float64(n))
	}
	m.cost.WithLabelValues(model).Add(usd)
}

// Reported counts a report of a mistake: "sent", "failed" or "dropped".
func (m *Metrics) Reported(outcome string) {
	if m != nil {
		m.reports.WithLabelValues(outcome).Inc()
	}
}
