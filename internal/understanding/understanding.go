// Package understanding reads a person's question against the companies there are, what the person holds, and the day.
package understanding

import (
	"context"
	"slices"
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
	known    known
	lookedAt time.Time
}

// known is the companies of a list.
type known struct {
	universe *intent.Universe
	names    map[string]string // by symbol
	made     time.Time
}

// lookEvery is how often it is looked whether there is a newer list of companies, which is made once a day.
const lookEvery = time.Minute

// Read says what a question is about, and what the things it names or the person holds are called by their symbols. One
// that goes on from those asked earlier, the oldest first, is read as what it means by itself.
func (s *Service) Read(ctx context.Context, userID, question string, earlier []string) (intent.Intent, map[string][]string, error) {
	companies, err := s.current(ctx)
	if err != nil {
		return intent.Intent{}, nil, err
	}
	holdings, _, err := s.Holdings(ctx, userID)
	if err != nil {
		return intent.Intent{}, nil, err
	}
	about := intent.Context{Today: calendar.DayOf(s.Now())}
	names := map[string][]string{}
	for _, h := range holdings {
		about.Held = append(about.Held, h.Symbol)
		names[h.Symbol] = appendName(names[h.Symbol], h.Name)
	}
	parse := func(text string) intent.Intent { return companies.universe.Parse(text, about) }
	meant := meaning(question, earlier, parse)
	in := parse(meant)
	if meant != question {
		in.Question = meant
	}
	for _, m := range in.Symbols {
		names[m.Symbol] = appendName(appendName(names[m.Symbol], companies.names[m.Symbol]), m.Words)
	}
	return in, names, nil
}

func appendName(names []string, name string) []string {
	if name == "" || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// current is what the newest list has. While it is read, others wait: it takes a fraction of a second, once a day.
func (s *Service) current(ctx context.Context) (known, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Now(); s.known.universe == nil || now.Sub(s.lookedAt) >= lookEvery {
		list, made, err := s.Companies(ctx, s.known.made)
		if err != nil {
			return known{}, err
		}
		s.lookedAt = now
		if s.known.universe == nil || !made.Equal(s.known.made) {
			s.known = knownFrom(list, made)
		}
	}
	return s.known, nil
}

func knownFrom(list []filings.Company, made time.Time) known {
	companies, names := make([]intent.Company, 0, len(list)), make(map[string]string, len(list))
	for _, c := range list {
		companies = append(companies, intent.Company{Symbol: c.Ticker, Name: c.Name})
		names[c.Ticker] = c.Name
	}
	return known{intent.NewUniverse(companies), names, made}
}
