package syncs

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/job"
)

// KeepAlive is the job of keeping the session at one brokerage alive.
type KeepAlive struct {
	Provider string `json:"provider"`
}

// Kind names the job.
func (KeepAlive) Kind() string { return "keep_alive" }

// keepAliveTime bounds one sign of life: the next one is due in a minute.
const keepAliveTime = 30 * time.Second

// KeepAliveDue is to be called for the slots of every minute: a job for each brokerage whose session ends unless it is
// used, never beside one that is still at it.
func (s *Service) KeepAliveDue(ctx context.Context, tx *sql.Tx, _ time.Time) error {
	bound, err := s.Connections.SessionBound(ctx, tx)
	if err != nil {
		return err
	}
	for _, id := range bound {
		if _, err := s.Jobs.Add(ctx, tx, KeepAlive{id}, job.Unique(id), job.Attempts(1)); err != nil {
			return err
		}
	}
	return nil
}

// KeepAlive does the job. Connections whose session is there again are read at once, without anybody's doing: at a gateway it
// ends every night, and whoever signs in again is not thinking of this server.
func (s *Service) KeepAlive(ctx context.Context, args KeepAlive) error {
	ctx, cancel := context.WithTimeout(ctx, keepAliveTime)
	defer cancel()
	readable, err := s.Connections.KeepAlive(ctx, args.Provider)
	if err != nil || len(readable) == 0 {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.enqueue(ctx, tx, readable...) })
}
