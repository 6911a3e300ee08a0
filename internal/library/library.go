// Package library divides the filings that people read into passages, and has the latest of what they hold there before they ask.
package library

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/passages"
)

// Service does its work in jobs, so that it holds up nobody who reads, goes on where a process ended, and is done once
// whatever number of processes there is. Every field but Pause and PerDay is required.
type Service struct {
	DB        *db.DB
	Filings   *filings.Service
	Documents *documents.Service
	Passages  *passages.Service
	Jobs      *job.Queue
	Now       func() time.Time
	// Pause lies between two questions to the SEC, so that those of people come through.
	Pause time.Duration
	// PerDay is how many filings are fetched within a day that nobody asked for; 0 for none.
	PerDay int
}

// The lanes of the jobs. Dividing does not wait for what is fetched ahead.
const (
	Lane      = "filings"
	AheadLane = "filings ahead"
)

// Register has the queue do the service's jobs.
func (s *Service) Register() {
	job.Handle(s.Jobs, s.Divide)
	job.Handle(s.Jobs, s.Gather)
	job.Handle(s.Jobs, s.Fetch)
}

// Divide is the job of dividing a document that is kept into passages.
type Divide struct{ Accession, Document string }

// Kind names the job.
func (Divide) Kind() string { return "divide_filing" }

// Kept adds the job for a document, in the transaction that keeps it; it is the OnKept of documents.
func (s *Service) Kept(ctx context.Context, tx *sql.Tx, number filings.Accession, name string) error {
	_, err := s.Jobs.Add(ctx, tx, Divide{string(number), name}, job.Unique(string(number)+"/"+name), job.Lane(Lane))
	return err
}

// Divide puts a document's passages into the index. A document that is there already, as it is read now, costs little.
func (s *Service) Divide(ctx context.Context, d Divide) error {
	if s.Filings.Configured() != nil {
		return nil // anymore; CatchUp finds it when that is so again
	}
	whole, err := s.Documents.Whole(ctx, filings.Accession(d.Accession), d.Document)
	if err != nil {
		return hopeless(err)
	}
	return hopeless(s.Passages.Ensure(ctx, passages.Document{
		Accession: d.Accession, Name: d.Document, CIK: int64(whole.CIK), Form: whole.Form, FiledOn: whole.Filed, PeriodEnd: whole.Period,
		Text: whole.Text, Items: whole.Items, Reader: documents.Reader,
	}))
}

// hopeless marks errors that another try cannot heal.
func hopeless(err error) error {
	for _, kind := range []fault.Kind{fault.NotFound, fault.FilingTooLarge, fault.FilingsNotConfigured, fault.Invalid} {
		if fault.Is(err, kind) {
			return job.Permanent(err)
		}
	}
	return err
}

// maxCatchUp is how many documents are divided anew within one period.
const maxCatchUp = 200

// CatchUp is a period's work: it adds jobs for kept documents that were never divided, or otherwise than they would be
// today, as after an update of the server.
func (s *Service) CatchUp(ctx context.Context, tx *sql.Tx, _ time.Time) error {
	if s.Filings.Configured() != nil {
		return nil
	}
	all, err := undivided(ctx, tx, passages.Rules(documents.Reader), maxCatchUp)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := s.Kept(ctx, tx, filings.Accession(d.Accession), d.Document); err != nil {
			return err
		}
	}
	return nil
}
