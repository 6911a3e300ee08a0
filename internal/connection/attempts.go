package connection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// attempt is an authorization under way. State and browser secret are kept as hashes only.
type attempt struct {
	stateHash    string
	userID       string
	browserHash  string
	provider     string
	environment  broker.Environment
	method       broker.Method // not stored: what is stored is by consent
	connectionID string        // of the connection it renews; empty when it is to make one
	by           Access        // in which it was begun, and with which it ends
	codeVerifier string        // sealed
	createdAt    time.Time
	expiresAt    time.Time
}

// beginAttempt stores the attempt and clears away what the user left unfinished.
func beginAttempt(ctx context.Context, tx db.Querier, a attempt) error {
	_, err := tx.ExecContext(ctx, "delete from brokerage_authorizations where user_id = $1 and expires_at <= $2", a.userID, a.createdAt)
	if err != nil {
		return fmt.Errorf("delete expired authorizations: %w", err)
	}
	_, err = tx.ExecContext(ctx, `insert into brokerage_authorizations
		(state_hash, user_id, browser_hash, provider, environment, connection_id, session_id, api_key_id, code_verifier, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		a.stateHash, a.userID, a.browserHash, a.provider, a.environment, orNull(a.connectionID), orNull(a.by.SessionID), orNull(a.by.KeyID),
		a.codeVerifier, a.createdAt, a.expiresAt)
	if err != nil {
		return fmt.Errorf("insert authorization: %w", err)
	}
	return nil
}

// orNull is an id that may be none, as it is stored.
func orNull(id string) sql.NullString { return sql.NullString{String: id, Valid: id != ""} }

// stands tells whether an attempt's person may still finish it: they are not disabled, and what they began it in goes on.
func stands(ctx context.Context, q db.Querier, a attempt, now time.Time) (bool, error) {
	if a.userID == "" {
		return false, nil // there is no such attempt
	}
	query, args := "select count(*) from users u where u.id = $1 and u.disabled_at is null", []any{a.userID}
	switch {
	case a.by.SessionID != "":
		query += " and exists (select 1 from auth_sessions s where s.id = $2 and s.user_id = u.id and s.ended_at is null and s.expires_at > $3)"
		args = append(args, a.by.SessionID, now)
	case a.by.KeyID != "":
		query += " and exists (select 1 from api_keys k where k.id = $2 and k.user_id = u.id and k.expires_at > $3)"
		args = append(args, a.by.KeyID, now)
	}
	var n int
	if err := q.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return false, fmt.Errorf("find out who began an authorization: %w", err)
	}
	return n == 1, nil
}

// takeAttempt removes the attempt and gives it to one caller, however many ask.
func takeAttempt(ctx context.Context, tx db.Querier, stateHash string) (attempt, bool, error) {
	a := attempt{method: broker.ByOAuth}
	var connectionID, sessionID, keyID sql.NullString
	row := tx.QueryRowContext(ctx, `delete from brokerage_authorizations where state_hash = $1
		returning state_hash, user_id, browser_hash, provider, environment, connection_id, session_id, api_key_id, code_verifier, created_at, expires_at`,
		stateHash)
	err := row.Scan(&a.stateHash, &a.userID, &a.browserHash, &a.provider, &a.environment, &connectionID, &sessionID, &keyID,
		&a.codeVerifier, &a.createdAt, &a.expiresAt)
	a.connectionID, a.by = connectionID.String, Access{sessionID.String, keyID.String}
	if errors.Is(err, sql.ErrNoRows) {
		return attempt{}, false, nil
	}
	if err != nil {
		return attempt{}, false, fmt.Errorf("take authorization: %w", err)
	}
	return a, true, nil
}
