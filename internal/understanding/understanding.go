// Package understanding reads a person's question against the companies there are, what the person holds, and the day.
package understanding

import (
	"context"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Service reads questions. The exported fields are required; it is safe for concurrent use.
type Service struct {
	// Companies lists those that file with the SEC, the largest first, and says when the list was made:
	// (*filings.Service).Companies.
	Companies func(ctx context.Context, known time.Time) (list []filings.Company, made time.Time, err error)
	// Holdings are what the person owns: (*portfolio.Service).Holdings.
	Holdings func(ctx context.Context, userID string) ([]portfolio.Holding, []string, error)
	Now      func() time.Time

	mu       sync.Mutex
	universe *intent.Universe
	made     time.Time // of the list that the universe is of
	lookedAt time.Time
}

// lookEvery is how often it is looked whether there is a newer list of companies, which is made once a day.
const lookEvery = time.Minute

// Read says what a question is about. What cannot be found out about the person's holdings or about companies makes it
// no error: the question is read without.
func (s *Service) Read(ctx context.Context, userID, question string) (intent.Intent, error) {
	universe, err := s.current(ctx)
	if err != nil {
		return intent.Intent{}, err
	}
	holdings, _, err := s.Holdings(ctx, userID)
	if err != nil {
		return intent.Intent{}, err
	}
	about := intent.Context{Today: calendar.DayOf(s.Now())}
	for _, h := range holdings {
		about.Held = append(about.Held, h.Symbol)
	}
	return universe.Parse(question, about), nil
}

// current is the universe of the newest list. While one is made, others wait: it takes a fraction of a second, once a day.
func (s *Service) current(ctx context.Context) (*intent.Universe, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Now(); s.universe == nil || now.Sub(s.lookedAt) >= lookEvery {
		list, made, err := s.Companies(ctx, s.made)
		if err != nil {
			return nil, err
		}
		s.lookedAt = now
		if s.universe == nil || !made.Equal(s.made) {
			s.universe, s.made = universeOf(list), made
		}
	}
	return s.universe, nil
}

func universeOf(list []filings.Company) *intent.Universe {
	companies := make([]intent.Company, 0, len(list))
	for _, c := range list {
		companies = append(companies, intent.Company{Symbol: c.Ticker, Name: c.Name})
	}
	return intent.NewUniverse(companies)
}
