package filings

import (
	"context"
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

// Service answers from the database while what is there is fresh, and asks the source when it is not.
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
	// Name is what stands in answers as their source.
	Name = "edgar"
)

// aheadAtMost is how far another process's clock may be before ours.
const aheadAtMost = time.Minute

// stands tells whether what was fetched at a time need not be fetched again for so long. What is of the future was fetched
// by a clock that was wrong, and nobody knows when.
func stands(fetchedAt time.Time, long time.Duration, now time.Time) bool {
	return now.Before(fetchedAt.Add(long)) && !fetchedAt.After(now.Add(aheadAtMost))
}

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

// Configured says what is missing where there is no source.
func (s *Service) Configured() error {
	if s.Source == nil {
		return fault.New(fault.FilingsNotConfigured,
			`filings come from the SEC, which wants to know who asks: set JASPERS_EDGAR_USER_AGENT to a name and an address such as "Name contact@example.com"`)
	}
	return nil
}

// once does the work of a name for all who want it at the same time. Nobody's leaving ends it.
func (s *Service) once(ctx context.Context, name string, work func(context.Context) error) error {
	return s.flights.Do(ctx, name, flight.Work{Life: s.life, Limit: fetchTime, Do: work})
}
