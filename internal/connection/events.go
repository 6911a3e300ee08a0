package connection

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// SyncRequested notes, in the caller's transaction, that somebody waits for these connections to be read, so that the
// outcome of the next reading is recorded. That of a periodic one is only where it changes whether a connection works.
func (s *Service) SyncRequested(ctx context.Context, tx db.Querier, ids ...string) error {
	for _, id := range ids {
		if err := markRequested(ctx, tx, id, db.Time(s.Now())); err != nil {
			return err
		}
	}
	return nil
}

// recordSync records how a reading went where somebody waits for it, or where it changed what was known before.
func (s *Service) recordSync(ctx context.Context, tx db.Querier, link Link, before standing, cause error) error {
	e := audit.Event{Action: audit.Sync, UserID: link.UserID, Target: link.ID, Details: map[string]string{"provider": link.Provider}}
	now := Active
	if cause != nil {
		now = statusAfter(cause)
		e.Outcome, e.Details["error"] = audit.Failure, string(fault.KindOf(cause))
	}
	changed := now != before.status
	if before.requested || changed && now != ReauthorizationRequired {
		if err := s.Audit.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	if changed && now == ReauthorizationRequired {
		e.Action = audit.RequireReauthorize
		if err := s.Audit.Record(ctx, tx, e); err != nil || s.OnReauthorizationRequired == nil {
			return err
		}
		return s.OnReauthorizationRequired(ctx, tx, Refused{link.ID, link.UserID, s.ProviderName(link.Provider), db.Time(s.Now())})
	}
	return nil
}

// statusAfter is the status of a connection that could not be read.
func statusAfter(cause error) Status {
	if fault.Is(cause, fault.ReauthorizationRequired) {
		return ReauthorizationRequired
	}
	return Failing
}

// refused records why an attempt to connect came to nothing, and returns it. When nobody is there any more to have
// tried, there is nothing to record.
func (s *Service) refused(ctx context.Context, att attempt, cause error) error {
	if fault.Is(cause, fault.NotFound) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // the cause may be that the client left
	defer cancel()
	return errors.Join(cause, s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.recordRefusal(ctx, tx, att, cause) }))
}

func (s *Service) recordRefusal(ctx context.Context, tx db.Querier, att attempt, cause error) error {
	return s.Audit.Record(ctx, tx, audit.Event{
		Action: audit.Connect, Outcome: audit.Failure, UserID: att.userID,
		Details: map[string]string{"provider": att.provider, "environment": string(att.environment), "error": string(fault.KindOf(cause))},
	})
}
