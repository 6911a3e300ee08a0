package filings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flight"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// Config of a Service. Fields without a remark are required.
type Config struct {
	DB *db.DB
	// Source is where filings come from; nil when none is configured: then all questions are a FilingsNotConfigured.
	Source Source
	Jobs   *job.Queue
	Now    func() time.Time
	Log    *slog.Logger
}

// Service answers from the database while what is there is fresh, and asks the source when it is not. Documents, which
// never change, are fetched once.
type Service struct {
	Config
	life     context.Context // bounds what is asked of the source, which callers do not
	flights  flight.Group
	searches *cache.Cache[Hits]

	mu         sync.Mutex
	askedAgain time.Time // when the list of companies was last fetched for a symbol that is not in it
}

const (
	// freshFor is how long a filer's list stands.
	freshFor = 5 * time.Minute
	// freshSearch is how long what a search found stands.
	freshSearch = 10 * time.Minute
	// patience is how long somebody waits for a newer list where there is one already.
	patience = 2 * time.Second
	// fetchTime bounds one asking of the source, however patient the callers are.
	fetchTime = 90 * time.Second
	// maxSearches bounds the memory: a page of a search has some fifty kilobytes.
	maxSearches = 200
	// source is what stands in answers.
	source = "edgar"
)

// New makes the service. The source is asked on behalf of whoever waits, whether or not the first caller stays; the end of
// ctx ends that.
func New(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{Config: cfg, life: ctx}
	var err error
	s.searches, err = cache.New(ctx, cache.Config[Hits]{
		Fetch:      s.fetchSearches,
		FreshUntil: func(_ Hits, at time.Time) time.Time { return at.Add(freshSearch) },
		FetchTime:  fetchTime, Patience: patience, Max: maxSearches, Now: cfg.Now, Log: cfg.Log,
	})
	return s, err
}

// errNotConfigured says what is missing.
func (s *Service) configured() error {
	if s.Source == nil {
		return fault.New(fault.FilingsNotConfigured,
			`filings come from the SEC, which wants to know who asks: set JASPERS_EDGAR_USER_AGENT to a name and an address such as "Name contact@example.com"`)
	}
	return nil
}

// errSlow is the cause of what took longer than its caller waits; it goes on.
var errSlow = errors.New("it takes longer than anybody waits")

// once does the work of a name for all who want it at the same time, and waits for it, at most so long where that is not 0.
// Nobody's leaving ends it.
func (s *Service) once(ctx context.Context, name string, wait time.Duration, work func(context.Context) error) error {
	all, ours := s.flights.Join([]string{name}, func(string) bool { return true })
	if len(ours) > 0 {
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
			defer cancel()
			defer context.AfterFunc(s.life, cancel)()
			s.flights.Land(ours, map[string]error{name: s.guarded(bounded, work)})
		}()
	}
	var late <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-all[name].Done:
		return all[name].Err
	case <-late:
		return fault.Wrap(fault.UpstreamTimeout, errSlow, "the SEC takes long to answer; try again in a moment")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// guarded turns a panic into an error: those who wait must not wait for ever.
func (s *Service) guarded(ctx context.Context, work func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v", p), "reading filings failed")
		}
	}()
	err = work(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.UpstreamTimeout, err, "the SEC took too long to answer; try again")
	}
	return err
}
