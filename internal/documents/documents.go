// Package documents keeps the documents of filings as they were filed, and reads the text of their items.
package documents

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/flight"
)

// Config of a Service. Every field but OnKept is required.
type Config struct {
	DB      *db.DB
	Filings *filings.Service
	Now     func() time.Time
	// OnKept is told of every document whose text is kept for the first time or anew, in the transaction that does it.
	OnKept func(ctx context.Context, tx *sql.Tx, number filings.Accession, name string) error
}

// Service answers from the database, where every document stays that was ever fetched: what is filed never changes.
type Service struct {
	Config
	life    context.Context // bounds what is asked of the source, which callers do not
	flights flight.Group
	turns   chan struct{} // bounds how many documents are in memory as they are fetched and read
}

const (
	// turns is how many documents are fetched at once: each may take a hundred megabytes.
	turns = 4
	// fetchTime bounds one asking of the source, however patient the callers are.
	fetchTime = 90 * time.Second
)

// New makes the service. The source is asked on behalf of whoever waits, whether or not the first caller stays; the end of
// ctx ends that.
func New(ctx context.Context, cfg Config) *Service {
	return &Service{Config: cfg, life: ctx, turns: make(chan struct{}, turns)}
}

// once does the work of a name for all who want it at the same time. Nobody's leaving ends it.
func (s *Service) once(ctx context.Context, name string, work func(context.Context) error) error {
	return s.flights.Do(ctx, name, flight.Work{Life: s.life, Limit: fetchTime, Do: work})
}
