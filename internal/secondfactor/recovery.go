package secondfactor

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

const (
	recoveryCodes = 10
	// recoveryGroup is how many letters of a code stand together, so that people can copy it.
	recoveryGroup = 4
)

// newRecoveryCode makes a code of at least 128 random bits, so that a plain hash of it is safe to keep.
func newRecoveryCode() string {
	text := strings.ToLower(rand.Text())
	var groups []string
	for ; len(text) > recoveryGroup; text = text[recoveryGroup:] {
		groups = append(groups, text[:recoveryGroup])
	}
	return strings.Join(append(groups, text), "-")
}

// recoveryHash is what is kept of a code, however it is typed. It is another one for each purpose of a token.
func recoveryHash(code string) string {
	return vault.Hash("recovery code " + strings.ToLower(strings.ReplaceAll(code, "-", "")))
}

// NewRecoveryCodes makes ten new recovery codes in place of all there were.
func NewRecoveryCodes(ctx context.Context, tx db.Querier, f Factor) (RecoveryCodes, error) {
	if err := deleteRecoveryCodes(ctx, tx, f.userID); err != nil {
		return RecoveryCodes{}, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		_, err := tx.ExecContext(ctx, `insert into recovery_codes (user_id, code_hash) values ($1, $2)`, f.userID, recoveryHash(codes[i]))
		if err != nil {
			return RecoveryCodes{}, err
		}
	}
	return RecoveryCodes{codes}, nil
}

func deleteRecoveryCodes(ctx context.Context, tx db.Querier, userID string) error {
	_, err := tx.ExecContext(ctx, `delete from recovery_codes where user_id = $1`, userID)
	return err
}

// useRecoveryCode tells whether a code is one of the person's that was not used before; from now on it is.
func useRecoveryCode(ctx context.Context, tx db.Querier, userID, code string, now time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null`,
		userID, recoveryHash(code), now)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
