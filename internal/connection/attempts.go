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
		(state_hash, user_id, browser_hash, provider, environment, connection_id, code_verifier, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.stateHash, a.userID, a.browserHash, a.provider, a.environment, sql.NullString{String: a.connectionID, Valid: a.connectionID != ""},
		a.codeVerifier, a.createdAt, a.expiresAt)
	if err != nil {
		return fmt.Errorf("insert authorization: %w", err)
	}
	return nil
}

// takeAttempt removes the attempt and gives it to one caller, however many ask.
func takeAttempt(ctx context.Context, tx db.Querier, stateHash string) (attempt, bool, error) {
	a := attempt{method: broker.ByOAuth}
	var connectionID sql.NullString
	row := tx.QueryRowContext(ctx, `delete from brokerage_authorizations where state_hash = $1
		returning state_hash, user_id, browser_hash, provider, environment, connection_id, code_verifier, created_at, expires_at`, stateHash)
	err := row.Scan(&a.stateHash, &a.userID, &a.browserHash, &a.provider, &a.environment, &connectionID, &a.codeVerifier, &a.createdAt, &a.expiresAt)
	a.connectionID = connectionID.String
	if errors.Is(err, sql.ErrNoRows) {
		return attempt{}, false, nil
	}
	if err != nil {
		return attempt{}, false, fmt.Errorf("take authorization: %w", err)
	}
	return a, true, nil
}
