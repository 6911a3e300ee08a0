package prices

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// LearnCompanies is the job of learning what is held: names, sectors and countries that brokerages do not tell.
type LearnCompanies struct{}

// Kind names the job.
func (LearnCompanies) Kind() string { return "learn_companies" }

const (
	// relearned is after what time a company is asked for again, so that it stays known.
	relearned = 7 * 24 * time.Hour
	// retriedUnknown is after what time what nobody knew, or could be asked, is asked for again.
	retriedUnknown = 6 * time.Hour
)

// CompaniesDue is a period's work: the job, unless the last one is not done yet. What is known costs it no question.
func (s *Service) CompaniesDue(ctx context.Context, tx *sql.Tx, _ time.Time) error {
	if s.Research == nil {
		return nil
	}
	_, err := s.Jobs.Add(ctx, tx, LearnCompanies{}, job.Unique("all"), job.Attempts(1))
	return err
}

// LearnCompanies asks for each symbol held of which nothing is known, or for long, one after another.
func (s *Service) LearnCompanies(ctx context.Context, _ LearnCompanies) error {
	symbols, err := heldSymbols(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	known, err := s.Research.KnownCompanies(ctx, symbols)
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		if c, ok := known[symbol]; ok && s.Now().Sub(c.FetchedAt) < relearned || !s.mayTry(symbol) {
			continue
		}
		_, _, err := s.Research.Company(ctx, symbol)
		if fault.Is(err, fault.Invalid) {
			s.Log.WarnContext(ctx, "a symbol that market cannot spell", "symbol", symbol)
		}
		if err := s.pause(ctx, !fault.Is(err, fault.NotOffered)); err != nil {
			return err
		}
	}
	return nil
}

// mayTry tells whether a symbol was not asked for a moment ago, and notes that it is now.
func (s *Service) mayTry(symbol string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if tried, ok := s.tried[symbol]; ok && now.Sub(tried) < retriedUnknown {
		return false
	}
	if s.tried == nil {
		s.tried = map[string]time.Time{}
	}
	s.tried[symbol] = now
	return true
}
