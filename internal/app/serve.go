package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jaspers-ai/jaspers/internal/api"
)

const (
	// drainTime is how long requests and answers under way may take to end once the server was told to stop.
	drainTime = 15 * time.Second
	// answerDrainTime leaves those that are cut off the time to be stored and sent.
	answerDrainTime = 12 * time.Second
	// Limits of a connection. Writing has none here: each route and stream sets its own.
	readHeaderTime = 5 * time.Second
	readTime       = 30 * time.Second
	idleTime       = 2 * time.Minute
	// maxHeader is above what the API refuses in its own words, and bounds what is read to find that out.
	maxHeader = 96 << 10
)

// Work does background work as Serve does, and answers nothing but how it is.
func Work(ctx context.Context, cfg Config, opts Options, onReady func(context.Context, *App) error) error {
	if cfg.Jobs.Workers < 1 {
		return errors.New("JASPERS_JOB_WORKERS must be at least 1 for a worker, which does nothing else")
	}
	opts.Worker = true
	return Serve(ctx, cfg, opts, onReady)
}

// Serve listens at once, is ready when the database is, and works until ctx ends; then it drains and returns. onReady,
// when not nil, is called with the App as soon as it answers.
func Serve(ctx context.Context, cfg Config, opts Options, onReady func(context.Context, *App) error) error {
	if err := cfg.checkServing(); err != nil {
		return err
	}
	public, err := url.Parse(cfg.HTTP.PublicURL)
	if err != nil {
		return err
	}
	tlsConfig, err := newTLS(cfg.HTTP, opts.Log)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.HTTP.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	handler := newSwitch(api.Starting(cfg.edge(opts, public, nil)))
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		TLSConfig: tlsConfig,
		ErrorLog:  slog.NewLogLogger(opts.Log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			served <- server.ServeTLS(listener, "", "") // with HTTP/2
			return
		}
		served <- server.Serve(listener)
	}()

	a, err := New(ctx, cfg, opts)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { a.Run(work) })
	handler.set(a.Handler)
	stopMetrics, err := a.serveMetrics(ctx, cfg.Telemetry)
	if err == nil && onReady != nil {
		err = onReady(ctx, a)
	}
	if err == nil {
		select {
		case <-ctx.Done():
			opts.Log.Info("stopping")
		case err = <-served:
		}
	}
	err = errors.Join(err, drain(server, a), stopMetrics())
	stopWork()
	background.Wait()
	return errors.Join(err, a.Close())
}

// drain takes no new requests and lets those under way end: answers first, since their streams end with them.
func drain(server *http.Server, a *App) error {
	limit, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(limit) }()
	answers, cancelAnswers := context.WithTimeout(limit, answerDrainTime)
	defer cancelAnswers()
	a.Chat.Close(answers)
	if err := <-stopped; err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	return nil
}

// switchable is a handler that can be exchanged while it serves.
type switchable struct{ now atomic.Pointer[http.Handler] }

func newSwitch(h http.Handler) *switchable {
	s := &switchable{}
	s.set(h)
	return s
}

func (s *switchable) set(h http.Handler) { s.now.Store(&h) }

func (s *switchable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.now.Load()).ServeHTTP(w, r)
}
