// Package reported answers for the figures that companies report in their filings, and keeps them.
package reported

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/facts"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

const (
	// freshFor is how long a company's figures stand: the SEC adds a filing's within minutes.
	freshFor = 6 * time.Hour
	// noneFor is how long nobody is asked again for the figures of who has none.
	noneFor = time.Hour
	// patience is how long somebody waits for newer figures where there are some already.
	patience = 2 * time.Second
	// fetchTime bounds one asking of the SEC, however patient the callers are: the largest companies have ten megabytes.
	fetchTime = 60 * time.Second
	// maxKnown bounds the memory: a large company's figures take some five megabytes.
	maxKnown = 12
)

// Config of a Service. Every field but Store is required.
type Config struct {
	Filings *filings.Service
	// Store keeps figures below memory; nil is nothing.
	Store *cache.Store
	Now   func() time.Time
	Log   *slog.Logger
}

// Service has the figures of a company fetched when somebody asks for them.
type Service struct {
	filings *filings.Service
	known   *cache.Cache[*facts.Company]
	now     func() time.Time
}

// New makes the service. The SEC is asked on behalf of whoever waits, whether or not the first caller stays; the end of
// life ends that.
func New(life context.Context, cfg Config) (*Service, error) {
	s := &Service{filings: cfg.Filings, now: cfg.Now}
	var err error
	s.known, err = cache.New(life, cache.Config[*facts.Company]{
		Fetch:      s.fetch,
		FreshUntil: func(_ *facts.Company, at time.Time) time.Time { return at.Add(freshFor) },
		UnknownFor: noneFor, BelievedFor: freshFor, MissedFor: noneFor, Patience: patience, FetchTime: fetchTime, Max: maxKnown,
		Store: cfg.Store, Kind: "facts", Table: cache.Companies, Now: cfg.Now, Log: cfg.Log,
	})
	return s, err
}

// fetch asks for the figures of companies by their CIKs.
func (s *Service) fetch(ctx context.Context, keys []string) (found map[string]*facts.Company, failed map[string]error) {
	found, failed = map[string]*facts.Company{}, map[string]error{}
	for _, key := range keys {
		company, err := s.fetchOne(ctx, key)
		switch {
		case err == nil:
			found[key] = company
		case !errors.Is(err, filings.ErrNoFacts):
			failed[key] = err
		}
	}
	return found, failed
}

func (s *Service) fetchOne(ctx context.Context, key string) (*facts.Company, error) {
	cik, err := filings.ParseCIK(key)
	if err != nil {
		return nil, err
	}
	text, err := s.filings.Source.Facts(ctx, cik)
	if err != nil {
		return nil, err
	}
	return facts.Read(text)
}

// Ask says which figures of a company are wanted. Every field but Company may be empty.
type Ask struct {
	Company  string   // a symbol or a CIK
	Concepts []string // names of figures or tags; without any, the figures that most companies have
	Period   string   // as facts.PeriodRule has it
	Unit     string   // as filed
	Limit    int
	Cursor   string
}

// Figures are a company's, of each that was asked for the latest first.
type Figures struct {
	CIK     string   `json:"cik" example:"0000320193"`
	Company string   `json:"company"`
	Values  []Figure `json:"values"`
	// Tags are listed on the first page when no concept was asked for.
	Tags      []facts.Concept `json:"tags" doc:"Every tag the company used, when no concept was asked for; else empty."`
	Source    string          `json:"source"`
	FetchedAt time.Time       `json:"fetchedAt"`
	Stale     bool            `json:"stale" doc:"The SEC could not be asked again in time: figures of newer filings may be missing."`
}

// Figure is a value with the name it was asked for by.
type Figure struct {
	Name string `json:"name" doc:"The name or tag that was asked for."`
	facts.Value
}

// Read gives the figures that are asked for and the cursor of the next page. A company that never tagged a figure, and a
// concept it never used, are a NotFound; errors and warnings are otherwise as filings.List has them.
func (s *Service) Read(ctx context.Context, ask Ask) (all Figures, next string, warnings []string, err error) {
	from, err := ask.offset()
	if err != nil {
		return Figures{}, "", nil, err
	}
	entry, _, err := s.company(ctx, ask.Company)
	if err != nil {
		return Figures{}, "", nil, err
	}
	values, err := ask.values(entry.Value)
	if err != nil {
		return Figures{}, "", nil, err
	}
	all = Figures{
		CIK: entry.Value.CIK, Company: entry.Value.Name, Tags: []facts.Concept{},
		Source: filings.Name, FetchedAt: entry.FetchedAt, Stale: entry.Stale,
	}
	if len(ask.Concepts) == 0 && from == 0 {
		all.Tags = entry.Value.Concepts()
	}
	if entry.Stale {
		age := s.now().Sub(entry.FetchedAt).Round(time.Minute)
		warnings = append(warnings, "The figures are "+age.String()+" old: the SEC could not be asked again in time.")
	}
	values = values[min(from, len(values)):]
	if len(values) > ask.Limit {
		values, next = values[:ask.Limit], strconv.Itoa(from+ask.Limit)
	}
	all.Values = values
	return all, next, warnings, nil
}

func (a Ask) offset() (int, error) {
	if a.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(a.Cursor)
	if err != nil || n < 1 || strconv.Itoa(n) != a.Cursor {
		return 0, fault.InvalidField("query.cursor", "is not a cursor of these figures; begin again without one")
	}
	return n, nil
}

// values are those asked for. Without a concept those of the usual figures are, the last ones where no period is named;
// what the company does not report of them is left out.
func (a Ask) values(c *facts.Company) ([]Figure, error) {
	concepts, period := a.Concepts, a.Period
	usual := len(concepts) == 0
	if usual {
		concepts = facts.Names()
		if period == "" {
			period = "latest"
		}
	}
	all := []Figure{}
	for _, concept := range concepts {
		values, err := c.Values(strings.TrimSpace(concept), period, a.Unit)
		if usual && fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			all = append(all, Figure{concept, v})
		}
	}
	return all, nil
}

// company finds who is meant and what they reported.
func (s *Service) company(ctx context.Context, text string) (cache.Entry[*facts.Company], filings.Company, error) {
	var none cache.Entry[*facts.Company]
	if err := s.filings.Configured(); err != nil {
		return none, filings.Company{}, err
	}
	company, err := s.filings.Company(ctx, text, "path.symbol")
	if err != nil {
		return none, company, err
	}
	entry, err := s.known.One(ctx, company.CIK.String())
	if err == nil && entry.Unknown {
		err = filings.ErrNoFacts
	}
	return entry, company, err
}
