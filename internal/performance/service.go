package performance

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Service works performances out and keeps what it worked out. Histories are made off the requests' path, one for a
// person at a time however many ask, and few at once, so that other requests find a processor.
type Service struct {
	Config
	life  context.Context // bounds what is worked out, which callers do not
	turns chan struct{}

	mu    sync.Mutex
	kept  map[string]*place // by person
	bytes int               // about what all of kept take
}

// Config of a Service. Every field is required, but for GainsUntil.
type Config struct {
	DB     *db.DB
	Market *market.Service
	Past   *pastprices.Service
	// Portfolio is what brokerages told of last, with the prices of now: (*portfolio.Service).Whole.
	Portfolio func(ctx context.Context, userID string) (portfolio.Whole, []string, error)
	// GainsUntil is what the ledger came to by the end of a day: (*gains.Service).Until. Standing alone needs it.
	GainsUntil func(ctx context.Context, userID string, settings user.Settings, day calendar.Day) (*gains.Report, error)
	Now        func() time.Time
	Log        *slog.Logger
}

// place is where a person's state is, and where one is being made.
type place struct {
	state *state
	under *flight
	used  time.Time
}

// flight is a state in the making; the rest may be read once done is closed.
type flight struct {
	done  chan struct{}
	state *state
	err   error
}

const (
	// workTime bounds making one history.
	workTime = 2 * time.Minute
	// waitTime is how long somebody waits for it; whoever asks later finds it ready.
	waitTime = 20 * time.Second
	// maxBytes bounds the memory of histories: those asked for longest ago go first.
	maxBytes = 128 << 20
	// tries is how often a history is asked for that changed while it was made.
	tries = 3
)

// New makes the service. The end of life ends what it is working out.
func New(life context.Context, cfg Config) *Service {
	return &Service{Config: cfg, life: life, turns: make(chan struct{}, max(1, runtime.NumCPU()-1)), kept: map[string]*place{}}
}

// Performance is how a person's portfolio did over a range. It rests on the ledger as it is when it is asked for.
// Warnings say what one has to know of the figures. Wrong queries are Invalid, a connection that is not the person's
// NotFound; what takes longer than waitTime is Overloaded, and ready for who asks later.
func (s *Service) Performance(ctx context.Context, userID string, q Query) (Performance, []string, error) {
	if err := q.check(); err != nil {
		return Performance{}, nil, err
	}
	current, err := s.current(ctx, userID)
	if err != nil {
		return Performance{}, nil, err
	}
	report := current.Report
	if q.Benchmark != "" && q.Benchmark != current.settings.BenchmarkSymbol {
		if report, err = s.comparedWith(ctx, current, q.Benchmark); err != nil {
			return Performance{}, nil, err
		}
	}
	shown, warnings, err := report.Answer(q)
	if err != nil {
		return Performance{}, nil, err
	}
	shown.NotInHistory, err = s.notInHistory(ctx, userID, current, shown, q)
	return shown, append(slices.Clip(warnings), missingWarnings(current.accounts, shown.NotInHistory)...), err
}

// current is the person's state as of now: the one at hand, or one that is made.
func (s *Service) current(ctx context.Context, userID string) (*state, error) {
	patience := time.NewTimer(waitTime)
	defer patience.Stop()
	for range tries {
		now, err := s.standing(ctx, userID)
		if err != nil {
			return nil, err
		}
		good, under := s.look(userID, now)
		if good != nil {
			return good, nil
		}
		select {
		case <-under.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-patience.C:
			return nil, fault.New(fault.Overloaded, "the history is still being worked out; ask again in a moment")
		}
		if under.err != nil {
			return nil, under.err
		}
		if under.state.good(now, s.Now()) {
			return under.state, nil
		}
	}
	return nil, fault.New(fault.Overloaded, "the ledger changes faster than its history is worked out; ask again in a moment")
}

// look gives the state at hand when it is good, or else the flight that makes one.
func (s *Service) look(userID string, now standing) (*state, *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.kept[userID]
	if p == nil {
		p = &place{}
		s.kept[userID] = p
	}
	p.used = s.Now()
	if p.state != nil && p.state.good(now, p.used) {
		return p.state, nil
	}
	if p.under == nil {
		p.under = &flight{done: make(chan struct{})}
		go s.fly(userID, p.state, p.under)
	}
	return nil, p.under
}

// fly makes a state and keeps it.
func (s *Service) fly(userID string, before *state, f *flight) {
	f.state, f.err = s.make(userID, before)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	p := s.kept[userID]
	p.under = nil
	if f.err != nil {
		return
	}
	if p.state != nil {
		s.bytes -= p.state.bytes
	}
	p.state = f.state
	s.bytes += f.state.bytes
	s.makeRoom(userID)
}

// make has its turn and turns a panic into an error: those who wait must not wait for ever.
func (s *Service) make(userID string, before *state) (made *state, err error) {
	ctx, cancel := context.WithTimeout(s.life, workTime)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fault.Recovered("working out a history", p)
		}
	}()
	began := time.Now()
	made, err = s.load(ctx, userID, before)
	if err == nil {
		s.Log.DebugContext(ctx, "history worked out", "days", len(made.history.Days()), "took", time.Since(began))
	}
	return made, err
}

// makeRoom forgets the histories asked for longest ago, but not the person's, until the rest fits.
func (s *Service) makeRoom(userID string) {
	for s.bytes > maxBytes {
		oldest := ""
		for id, p := range s.kept {
			if id != userID && p.under == nil && (oldest == "" || p.used.Before(s.kept[oldest].used)) {
				oldest = id
			}
		}
		if oldest == "" {
			return
		}
		if state := s.kept[oldest].state; state != nil {
			s.bytes -= state.bytes
		}
		delete(s.kept, oldest)
	}
}
