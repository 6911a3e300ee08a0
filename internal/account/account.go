// Package account hands people everything the server keeps about them, and takes it away when they leave.
package account

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/usage"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Service exports and deletes accounts. The exported fields are required.
type Service struct {
	DB    *db.DB
	Now   func() time.Time
	Log   *slog.Logger
	Audit *audit.Log
	Auth  *auth.Service
	Chat  *chat.Service
	Jobs  *job.Queue

	mu        sync.Mutex
	exporting map[string]bool // the people whose exports are being written
}

// Delete ends a person's sessions, and then removes their account with everything that belongs to it, in one transaction.
// The audit log keeps that there was somebody of this id and what was done, and forgets from where. The errors are those
// of auth.Confirm, and Conflict, which says what has to be done first.
func (s *Service) Delete(ctx context.Context, who auth.Identity, password, code string) error {
	userID := who.UserID
	// Before a code is spent on it.
	if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { _, err := user.MayLeave(ctx, tx, userID); return err }); err != nil {
		return err
	}
	proof, err := s.Auth.Confirm(ctx, who, password, code, audit.Event{Action: audit.DeleteAccount, UserID: userID})
	if err != nil {
		return err
	}
	if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return proof.EndSessions(ctx, tx, db.Time(s.Now())) }); err != nil {
		return err
	}
	if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.delete(ctx, tx, userID, proof) }); err != nil {
		return err
	}
	s.Chat.EndAll(userID)
	if err := s.DB.Scrub(ctx); err != nil { // the account is gone whatever becomes of this
		s.Log.WarnContext(ctx, "what was deleted is not yet out of the database's files", "error", err)
	}
	return nil
}

func (s *Service) record(ctx context.Context, e audit.Event) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.Audit.Record(ctx, tx, e) })
}

// delete records the deletion before it erases, so that the last event says as little as the others.
func (s *Service) delete(ctx context.Context, tx *sql.Tx, userID string, proof auth.Confirmation) error {
	if err := s.Audit.Record(ctx, tx, audit.Event{Action: audit.DeleteAccount, UserID: userID}); err != nil {
		return err
	}
	if err := s.Audit.Erase(ctx, tx, userID); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `select id from brokerage_connections where user_id = $1`, userID)
	connections, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return err
	}
	if err := proof.Delete(ctx, tx); err != nil {
		return err
	}
	if err := usage.Forget(ctx, tx); err != nil {
		return err
	}
	// After the connections, so that no sync that is just being asked for can add a job for one.
	return s.Jobs.Forget(ctx, tx, append(connections, userID, proof.Email())...)
}
