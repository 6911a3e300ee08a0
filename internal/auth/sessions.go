package auth

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Session is one sign-in that is still alive.
type Session struct {
	ID         string    `json:"id" format:"uuid"`
	CreatedAt  time.Time `json:"createdAt" doc:"When its person signed in."`
	LastUsedAt time.Time `json:"lastUsedAt" doc:"When its tokens were refreshed last."`
	ExpiresAt  time.Time `json:"expiresAt" doc:"When it ends in any case."`
	Address    *string   `json:"address" doc:"Where the sign-in came from; null when it is not known."`
	UserAgent  *string   `json:"userAgent" doc:"What the client called itself; null when it did not."`
	Current    bool      `json:"current" doc:"Whether it is the one that asks."`
}

// Sessions returns a page of who's sessions that are alive, the newest first, and the cursor of the next page, which is
// empty on the last.
func (s *Service) Sessions(ctx context.Context, who Identity, limit int, cursor string) ([]Session, string, error) {
	before, err := db.Before(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err := listSessions(ctx, s.db.Read(), who, before, limit+1, db.Time(s.now()))
	if err != nil || len(all) <= limit {
		return all, "", err
	}
	return all[:limit], all[limit-1].ID, nil
}

// EndSession ends one of who's sessions, which may be the present one; NotFound when there is none alive of that id.
func (s *Service) EndSession(ctx context.Context, who Identity, id string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		ended, err := endSession(ctx, tx, Identity{UserID: who.UserID, SessionID: id}, endedByOwner, db.Time(s.now()))
		if err != nil {
			return err
		}
		if !ended {
			return fault.New(fault.NotFound, "there is no such thing here")
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.EndSession, UserID: who.UserID, Target: id})
	})
}

// Logout ends the session the person is in: its access and refresh tokens are dead from then on.
func (s *Service) Logout(ctx context.Context, who Identity) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		ended, err := endSession(ctx, tx, who, endedByLogout, db.Time(s.now()))
		if err != nil || !ended {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.Logout, UserID: who.UserID, Target: who.SessionID})
	})
}

// LogoutAll ends every session of the person, the present one too. API keys live on.
func (s *Service) LogoutAll(ctx context.Context, who Identity) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := lockFactor(ctx, tx, who.UserID); err != nil { // one such request after the other
			return err
		}
		if err := endAllSessions(ctx, tx, who.UserID, endedByLogoutAll, db.Time(s.now())); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.LogoutAll, UserID: who.UserID})
	})
}

func endAllSessions(ctx context.Context, tx db.Querier, userID, reason string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update auth_sessions set ended_at = $2, end_reason = $3 where user_id = $1 and ended_at is null`, userID, now, reason)
	return err
}

// listSessions reads sessions that can still be refreshed. Their ids grow with time, so they order them.
func listSessions(ctx context.Context, q db.Querier, who Identity, before string, limit int, now time.Time) ([]Session, error) {
	rows, err := q.QueryContext(ctx, `
		select id, created_at, last_used_at, expires_at, address, user_agent from auth_sessions
		where user_id = $1 and id < $2 and ended_at is null and expires_at > $3 and last_used_at > $4
		order by id desc limit $5`, who.UserID, before, now, now.Add(-RefreshTTL), limit)
	return db.Collect(rows, err, func(scan func(...any) error) (v Session, err error) {
		err = scan(&v.ID, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt, &v.Address, &v.UserAgent)
		v.Current = v.ID == who.SessionID
		return v, err
	})
}
