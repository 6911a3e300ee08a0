// Package usage keeps what was asked of other companies and what language models took, for whom, how it went and what it cost.
package usage

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Config of a Service. Every field is required.
type Config struct {
	DB     *db.DB
	Jobs   *job.Queue
	Budget *budget.Service
	Now    func() time.Time
	Log    *slog.Logger
	// Days is how many days before today keep a row for each call; the days before those have rows that stand for many.
	Days int
	// Years is how long those are kept.
	Years int
}

// Service records and tells. Call and Turn wait for nothing; Run stores what they were told, and Close what is left.
type Service struct {
	Config
	full chan struct{} // says that a batch is

	mu      sync.Mutex
	waiting []entry
	lost    int64 // could not be kept until they were stored
	untold  loss  // of these, what the database was told of and may know or not
}

// New makes a service. Nothing is stored until Run.
func New(cfg Config) *Service { return &Service{Config: cfg, full: make(chan struct{}, 1)} }

// The kinds of what is recorded.
const (
	call = "call" // an attempt to ask another company
	turn = "turn" // a language model's, which may have taken several calls
)

// key is in what rows agree that can be added up.
type key struct {
	Day      string // of UTC, as 2026-11-18
	Kind     string
	Provider string
	Endpoint string
	Model    string // of a turn
	Status   int    // of a call that was answered
	Failure  fault.Kind
}

// amounts are what is added up.
type amounts struct {
	Calls  int64
	Tokens llm.Usage
	USD    decimal.Decimal
}

func (a amounts) plus(b amounts) amounts {
	return amounts{a.Calls + b.Calls, a.Tokens.Add(b.Tokens), a.USD.Add(b.USD)}
}

// entry is a row of api_usage_logs. UserID and Correlation are empty for nobody's.
type entry struct {
	key
	amounts
	id                  string // given when it is first stored
	UserID, Correlation string
	At                  time.Time
	Took                time.Duration
}

// Call records an attempt; it is what upstream.Config calls Record. It is for whom audit.For, or their request, says.
func (s *Service) Call(ctx context.Context, c upstream.Call) {
	s.add(ctx, entry{At: c.At, Took: c.Duration, key: key{
		Kind: call, Provider: c.Provider, Endpoint: c.Endpoint, Status: c.Status, Failure: c.Failure,
	}})
}

// Turn is what a language model took to answer once, or to fail.
type Turn struct {
	Model   llm.Info
	Usage   llm.Usage       // as far as the vendor told it
	USD     decimal.Decimal // what that costs
	Failure fault.Kind      // why it broke off; empty where it did not
	Took    time.Duration   // until its last word
}

// Turn records a model's turn, for whom Call says.
func (s *Service) Turn(ctx context.Context, t Turn) {
	s.add(ctx, entry{At: s.Now(), Took: t.Took, amounts: amounts{Tokens: t.Usage, USD: t.USD}, key: key{
		Kind: turn, Provider: t.Model.Provider, Endpoint: t.Model.Endpoint, Model: t.Model.Model, Failure: t.Failure,
	}})
}

const (
	// batch is how many rows are stored without waiting for the second to be over.
	batch = 500
	// maxWaiting bounds what is kept in memory while the database takes nothing: a minute of 300 calls a second, 6 MB.
	maxWaiting = 20_000
)

// add keeps an entry until it is stored.
func (s *Service) add(ctx context.Context, e entry) {
	e.Day, e.Calls = dayOf(e.At).String(), 1
	e.UserID, e.Correlation = audit.OriginOf(ctx).For, telemetry.Correlation(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) >= maxWaiting {
		s.lost++
		return
	}
	s.waiting = append(s.waiting, e)
	if len(s.waiting)%batch == 0 {
		select {
		case s.full <- struct{}{}:
		default:
		}
	}
}

// dayOf is the day it is by UTC: that of the budgets' months and of vendors' bills.
func dayOf(at time.Time) calendar.Day {
	year, month, day := at.UTC().Date()
	return calendar.Day{Year: year, Month: month, Day: day}
}

// maxName is how long a name may be that others chose a part of.
const maxName = 200

// name is a text as both engines take it.
func name(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "")
	}
	return text
}
