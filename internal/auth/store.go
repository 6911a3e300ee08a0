package auth

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passwords"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Why a session ended.
const (
	endedByLogout         = "logout"
	endedByReuse          = "refresh_token_reused"
	endedByPasswordChange = "password_changed"
	endedByOwner          = "ended_by_owner"
	endedByLogoutAll      = "logout_all"
)

// credentials are what a password is checked against; the zero value belongs to nobody.
type credentials struct {
	userID       string
	email        string
	passwordHash string
}

func findCredentials(ctx context.Context, q db.Querier, email string) (credentials, error) {
	return scanCredentials(q.QueryRowContext(ctx, `select id, email, password_hash from users where email = $1`, email))
}

func findCredentialsByID(ctx context.Context, q db.Querier, userID string) (credentials, error) {
	return scanCredentials(q.QueryRowContext(ctx, `select id, email, password_hash from users where id = $1`, userID))
}

func scanCredentials(row *sql.Row) (c credentials, err error) {
	err = row.Scan(&c.userID, &c.email, &c.passwordHash)
	if errors.Is(err, sql.ErrNoRows) {
		return credentials{}, nil
	}
	return c, err
}

// markLogin notes the sign-in, and a stronger hash where there is one.
func markLogin(ctx context.Context, tx db.Querier, c credentials, newHash string, now time.Time) (u user.User, err error) {
	if newHash == "" {
		newHash = c.passwordHash
	}
	u, err = user.Scan(tx.QueryRowContext(ctx, `
		update users set last_login_at = $3, password_hash = $4
		where id = $1 and password_hash = $2 and disabled_at is null
		returning `+user.Columns, c.userID, c.passwordHash, now, newHash))
	if errors.Is(err, sql.ErrNoRows) {
		return u, passwords.ErrWrong()
	}
	return u, err
}

// replaceHash sets a new password unless another request has done so since the old one was checked.
func replaceHash(ctx context.Context, tx db.Querier, c credentials, hash string, now time.Time) error {
	res, err := tx.ExecContext(ctx, `
		update users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = $2`,
		c.userID, c.passwordHash, hash, now)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fault.New(fault.Conflict, "the password was changed by another request meanwhile; try again with the new one")
}

// lockUnchanged keeps a person's row to the transaction. It is a Conflict when they were disabled or got another password
// since theirs was checked: what that took away must not come back through a request that was on its way.
func lockUnchanged(ctx context.Context, tx db.Querier, c credentials) error {
	res, err := tx.ExecContext(ctx, `
		update users set password_hash = password_hash where id = $1 and password_hash = $2 and disabled_at is null`,
		c.userID, c.passwordHash)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fault.New(fault.Conflict, "the account was changed by another request meanwhile; try again")
}

func insertSession(ctx context.Context, tx db.Querier, who Identity, from audit.Origin, now, expires time.Time) error {
	_, err := tx.ExecContext(ctx, `
		insert into auth_sessions (id, user_id, created_at, last_used_at, expires_at, address, user_agent)
		values ($1, $2, $3, $3, $4, $5, $6)`,
		who.SessionID, who.UserID, now, expires, optional(from.Address), optional(from.UserAgent))
	return err
}

// optional is nil for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// endSession tells whether it was this that ended the person's session.
func endSession(ctx context.Context, tx db.Querier, who Identity, reason string, now time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update auth_sessions set ended_at = $3, end_reason = $4 where id = $1 and user_id = $2 and ended_at is null`,
		who.SessionID, who.UserID, now, reason)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func endOtherSessions(ctx context.Context, tx db.Querier, who Identity, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update auth_sessions set ended_at = $3, end_reason = $4 where user_id = $1 and id <> $2 and ended_at is null`,
		who.UserID, who.SessionID, now, endedByPasswordChange)
	return err
}

// findSession tells whether a session is alive, and what its person may do. That of a disabled person is not. Every
// request asks this: SQLite would plan a join anew each time, and keeps the plan of two lookups.
func findSession(ctx context.Context, q db.Querier, who Identity, now time.Time) (role user.Role, alive bool, err error) {
	var found sql.Null[user.Role]
	err = q.QueryRowContext(ctx, `
		select (select u.role from users u where u.id = s.user_id and u.disabled_at is null) from auth_sessions s
		where s.id = $1 and s.user_id = $2 and s.ended_at is null and s.expires_at > $3`,
		who.SessionID, who.UserID, now).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return found.V, err == nil && found.Valid, err
}

func insertRefreshToken(ctx context.Context, tx db.Querier, hash, sessionID string, now, expires time.Time) error {
	_, err := tx.ExecContext(ctx, `
		insert into refresh_tokens (token_hash, session_id, created_at, expires_at) values ($1, $2, $3, $4)
		on conflict (token_hash) do nothing`, // a successor that was handed out already
		hash, sessionID, now, expires)
	return err
}

// refreshToken is a stored token with its session. usedAt is when it was used first, nil until now.
type refreshToken struct {
	sessionID        string
	userID           string
	usedAt           *time.Time
	sessionExpiresAt time.Time
}

// useRefreshToken marks a token used and says whether it had been before. A token that is unknown, too old, or of a
// session that has ended or a person who is disabled is an Unauthenticated. The update comes first: it makes parallel uses wait for each other.
func useRefreshToken(ctx context.Context, tx db.Querier, hash string, now time.Time) (t refreshToken, err error) {
	res, err := tx.ExecContext(ctx, `
		update refresh_tokens set used_at = $2 where token_hash = $1 and used_at is null`, hash, now)
	if err != nil {
		return t, err
	}
	first, err := res.RowsAffected()
	if err != nil {
		return t, err
	}
	err = tx.QueryRowContext(ctx, `
		select t.session_id, s.user_id, t.used_at, s.expires_at from refresh_tokens t
		join auth_sessions s on s.id = t.session_id join users u on u.id = s.user_id
		where t.token_hash = $1 and t.expires_at > $2 and s.ended_at is null and s.expires_at > $2 and u.disabled_at is null`, hash, now).
		Scan(&t.sessionID, &t.userID, &t.usedAt, &t.sessionExpiresAt)
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.New(fault.Unauthenticated, "this refresh token is no longer good; sign in again")
	}
	if err != nil {
		return t, err
	}
	if first == 0 {
		return t, nil // only the first use counts, so that the others need not wait for each other
	}
	t.usedAt = nil
	_, err = tx.ExecContext(ctx, `update auth_sessions set last_used_at = $2 where id = $1`, t.sessionID, now)
	return t, err
}

// isUsed tells whether a refresh token was traded already.
func isUsed(ctx context.Context, tx db.Querier, hash string) (used bool, err error) {
	err = tx.QueryRowContext(ctx, `
		select exists (select 1 from refresh_tokens where token_hash = $1 and used_at is not null)`, hash).Scan(&used)
	return used, err
}

// deleteSessionsBefore forgets sessions that ended, or would have ended, before the time, with their refresh tokens.
func deleteSessionsBefore(ctx context.Context, tx db.Querier, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from auth_sessions where expires_at < $1 or ended_at < $1`, before)
	return err
}
