package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/api"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/sentry"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// TelemetryConfig is who is told how the server does, beside the log. All of it is off unless it is set.
type TelemetryConfig struct {
	MetricsAddr  string           `env:"JASPERS_METRICS_ADDR" doc:"Where to answer GET /metrics for Prometheus and nothing else, host:port such as 127.0.0.1:9464; off when empty. Other machines reach it only with the token."`
	MetricsToken telemetry.Secret `env:"JASPERS_METRICS_TOKEN" doc:"Opens GET /metrics, on JASPERS_ADDR too, to who sends it as a bearer token: at least 32 random characters (openssl rand -hex 32)."`
	TracesURL    string           `env:"JASPERS_TRACES_URL" also:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"A collector that takes traces by OTLP over HTTP, without /v1/traces, such as http://127.0.0.1:4318; off when empty."`
	// TracesHeaders have OpenTelemetry's form.
	TracesHeaders telemetry.Secret `env:"JASPERS_TRACES_HEADERS" also:"OTEL_EXPORTER_OTLP_HEADERS" doc:"What the collector wants to be sent, such as Authorization=Bearer%20KEY, with commas."`
	TracesRatio   float64          `env:"JASPERS_TRACES_RATIO" also:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1" doc:"The part of all traces that is recorded, 0 to 1."`
	SentryDSN     telemetry.Secret `env:"JASPERS_SENTRY_DSN" also:"SENTRY_DSN" doc:"Where mistakes of the program are reported, https://KEY@HOST/PROJECT, to Sentry or what speaks its protocol; off when empty."`
}

// minToken is how long the token for metrics has to be.
const minToken = 32

func (c *TelemetryConfig) check() error {
	if c.MetricsToken != "" && len(c.MetricsToken) < minToken {
		return errors.New("JASPERS_METRICS_TOKEN must have at least 32 random characters (openssl rand -hex 32)")
	}
	if c.MetricsAddr != "" && !isHostPort(c.MetricsAddr) {
		return errors.New("JASPERS_METRICS_ADDR must be host:port, such as 127.0.0.1:9464")
	}
	if c.MetricsAddr != "" && !isLoopback(c.MetricsAddr) && c.MetricsToken == "" {
		return errors.New("JASPERS_METRICS_ADDR can be reached from other machines: set JASPERS_METRICS_TOKEN")
	}
	if !(c.TracesRatio >= 0 && c.TracesRatio <= 1) { // written so that it refuses NaN, too
		return errors.New("JASPERS_TRACES_RATIO must be between 0 and 1")
	}
	if u, err := url.Parse(c.TracesURL); c.TracesURL != "" && (err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("JASPERS_TRACES_URL must be an address such as http://127.0.0.1:4318; what opens it belongs into JASPERS_TRACES_HEADERS")
	}
	if _, err := c.tracesHeader(); err != nil {
		return err
	}
	if c.SentryDSN != "" {
		if _, err := sentry.ParseDSN(string(c.SentryDSN)); err != nil {
			return fmt.Errorf("JASPERS_SENTRY_DSN: %w", err)
		}
	}
	return nil
}

// tracesHeader is what is sent to the collector.
func (c *TelemetryConfig) tracesHeader() (http.Header, error) {
	header := http.Header{"Content-Type": {"application/x-protobuf"}}
	if c.TracesHeaders == "" {
		return header, nil
	}
	for pair := range strings.SplitSeq(string(c.TracesHeaders), ",") {
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, errors.New("JASPERS_TRACES_HEADERS must have the form NAME=VALUE,NAME=VALUE with values escaped as in addresses")
		}
		header.Add(name, value)
	}
	return header, nil
}

// closeTracesIn is how long the last spans may take to be sent.
const closeTracesIn = 2 * time.Second

// buildTelemetry makes what counts, traces and reports; what is logged from here on is reported where it is a mistake.
func (a *App) buildTelemetry(cfg Config, opts *Options) (err error) {
	a.metrics = metrics.New(api.Version)
	outside := providers{Config: cfg, Options: *opts, metrics: a.metrics}
	if a.tracer, err = outside.tracer(); err != nil {
		return err
	}
	if a.reporter, err = outside.reporter(); err != nil {
		return err
	}
	opts.Log = a.reporter.Watch(opts.Log)
	a.log = opts.Log
	return nil
}

// tracer sends what is traced to the operator's collector; nil without one.
func (p providers) tracer() (*trace.Tracer, error) {
	if p.Telemetry.TracesURL == "" {
		return nil, nil
	}
	client, err := p.client(upstream.Config{Provider: "the collector of traces", MaxConcurrent: 1, Retries: -1}, address{set: p.Telemetry.TracesURL})
	if err != nil {
		return nil, err
	}
	header, err := p.Telemetry.tracesHeader()
	if err != nil {
		return nil, err
	}
	at := strings.TrimRight(p.Telemetry.TracesURL, "/") + "/v1/traces"
	return trace.New(trace.Config{
		Ratio: p.Telemetry.TracesRatio, Version: api.Version, Log: p.Options.Log,
		Send: func(ctx context.Context, request []byte) error {
			answer, err := client.Do(ctx, upstream.Request{Method: http.MethodPost, URL: at, Header: header, Body: request, Endpoint: "POST /v1/traces"})
			if err != nil {
				return err
			}
			return answer.Fault("leave to send traces")
		},
	}), nil
}

// reportsPerSecond is what a tracker of errors is asked to take of one process.
const reportsPerSecond = 5

// reporter reports mistakes of ours to the operator's tracker; nil without one.
func (p providers) reporter() (*sentry.Reporter, error) {
	if p.Telemetry.SentryDSN == "" {
		return nil, nil
	}
	dsn, err := sentry.ParseDSN(string(p.Telemetry.SentryDSN))
	if err != nil {
		return nil, err
	}
	client, err := p.client(upstream.Config{
		Provider: "the tracker of errors", MaxConcurrent: 1, Rate: reportsPerSecond, SharedLimit: true, Retries: -1,
	}, address{set: dsn.Origin})
	if err != nil {
		return nil, err
	}
	return sentry.New(sentry.Config{
		DSN: dsn, Client: client, Release: api.Version, Record: p.metrics.Reported, Log: p.Options.Log,
		User: func(ctx context.Context) string {
			if o := audit.OriginOf(ctx); o.Actor == audit.Person {
				return o.ActorID
			}
			return ""
		},
	}), nil
}

// serveMetrics answers on an address of its own until stop is called; without one there is nothing to stop.
func (a *App) serveMetrics(ctx context.Context, cfg TelemetryConfig) (stop func() error, err error) {
	stop = func() error { return nil }
	if cfg.MetricsAddr == "" {
		return stop, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.MetricsAddr)
	if err != nil {
		return stop, fmt.Errorf("listen for who asks for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, req *http.Request) {
		if cfg.MetricsToken != "" && !api.HasToken(req, cfg.MetricsToken) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "send the token of JASPERS_METRICS_TOKEN as a bearer token", http.StatusUnauthorized)
			return
		}
		a.metrics.Handler().ServeHTTP(w, req)
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: readTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return func() error {
		err := server.Close()
		if served := <-served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
