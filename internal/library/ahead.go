package library

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/pause"
)

// Gather is the job of looking what the companies held have filed.
type Gather struct{}

// Kind names the job.
func (Gather) Kind() string { return "gather_filings" }

// Fetch is the job of having a filing read before somebody asks for it.
type Fetch struct{ Accession string }

// Kind names the job.
func (Fetch) Kind() string { return "fetch_filing" }

const (
	// lookedFor is how long nobody looks again what a company has filed.
	lookedFor = 24 * time.Hour
	// searched is how far back its filings are listed: a year, and the months in which somebody is late.
	searched = 450
	// recent is how old an 8-K may be.
	recent = 90
	// quarters and events are how many 10-Qs and 8-Ks are fetched of a company.
	quarters = 3
	events   = 8
)

// Due is a period's work: the job, unless the last one is not done yet. A company that was looked at within a day costs
// it no question.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, _ time.Time) error {
	if s.Filings.Configured() != nil || s.PerDay == 0 {
		return nil
	}
	_, err := s.Jobs.Add(ctx, tx, Gather{}, job.Unique("all"), job.Attempts(1))
	return err
}

// Gather goes over what is held, what most people hold first, one company after another, until as much is to be fetched
// as a day allows. What cannot be had now is the next job's to ask for again.
func (s *Service) Gather(ctx context.Context, _ Gather) error {
	symbols, err := heldSymbols(ctx, s.DB.Read(), s.Now().Add(-lookedFor))
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		full, err := s.gather(ctx, symbol)
		if err != nil || full {
			return err
		}
		if err := pause.For(ctx, s.Pause); err != nil {
			return err
		}
	}
	return nil
}

// gather adds jobs for what a company has filed lately; full says that the day does not allow all of it.
func (s *Service) gather(ctx context.Context, symbol string) (full bool, err error) {
	list, _, _, err := s.Filings.List(ctx, filings.Filter{
		Company: symbol, Forms: []string{"10-K", "20-F", "10-Q", "8-K"}, From: s.daysAgo(searched).String(), Limit: 100,
	})
	switch {
	case fault.Is(err, fault.UnknownSymbol), fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		list = nil // it files nothing, or nothing with the SEC
	case err != nil:
		return false, err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if full, err = s.add(ctx, tx, latest(list, s.daysAgo(recent))); err != nil || full {
			return err
		}
		return markLooked(ctx, tx, symbol, db.Time(s.Now()))
	})
	return full, err
}

// add adds jobs for those filings that are not kept, until the day allows no more.
func (s *Service) add(ctx context.Context, tx *sql.Tx, list []filings.Listed) (full bool, err error) {
	added, err := job.AddedSince(ctx, tx, Fetch{}, db.Time(s.Now().Add(-24*time.Hour)))
	if err != nil {
		return false, err
	}
	for _, f := range list {
		kept, err := documents.Kept(ctx, tx, filings.Accession(f.Accession), f.Document)
		if err != nil {
			return false, err
		}
		if kept {
			continue
		}
		if added >= s.PerDay {
			return true, nil
		}
		isNew, err := s.Jobs.Add(ctx, tx, Fetch{f.Accession}, job.Unique(f.Accession), job.Lane(AheadLane), job.Attempts(3))
		if err != nil {
			return false, err
		}
		if isNew {
			added++
		}
	}
	return false, nil
}

func (s *Service) daysAgo(n int) calendar.Day { return calendar.DayOf(s.Now()).AddDays(-n) }

// latest are the newest annual report of a list, its newest quarterly ones, and its current ones since a day.
func latest(list []filings.Listed, since calendar.Day) []filings.Listed {
	var annual, quarterly, current []filings.Listed
	for _, f := range list {
		switch {
		case (f.Form == "10-K" || f.Form == "20-F") && len(annual) == 0:
			annual = append(annual, f)
		case f.Form == "10-Q" && len(quarterly) < quarters:
			quarterly = append(quarterly, f)
		case f.Form == "8-K" && len(current) < events && !f.Filed.Before(since):
			current = append(current, f)
		}
	}
	return slices.Concat(annual, quarterly, current)
}

// Fetch has a filing read, and waits before the next may be.
func (s *Service) Fetch(ctx context.Context, f Fetch) error {
	if err := s.Documents.Ahead(ctx, filings.Accession(f.Accession)); err != nil {
		return hopeless(err)
	}
	return pause.For(ctx, s.Pause)
}
