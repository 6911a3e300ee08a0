package auth

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Confirmation says that a person gave their password just now. It holds as long as the password does.
type Confirmation struct{ known credentials }

// Confirm has the person who is signed in give their password once more, for what cannot be taken back. A wrong one is an
// InvalidCredentials.
func (s *Service) Confirm(ctx context.Context, userID, password string) (Confirmation, error) {
	if err := checkLength(password, "body.password"); err != nil {
		return Confirmation{}, err
	}
	known, err := findCredentialsByID(ctx, s.db.Read(), userID)
	if err != nil {
		return Confirmation{}, err
	}
	if err := s.passwords.check(ctx, known.passwordHash, password); err != nil {
		if fault.Is(err, fault.InvalidCredentials) {
			return Confirmation{}, fault.Wrap(fault.InvalidCredentials, err, "the password is wrong")
		}
		return Confirmation{}, err
	}
	return Confirmation{known}, nil
}

// Email is the person's address.
func (c Confirmation) Email() string { return c.known.email }

// EndSessions ends every session of somebody who may leave. It is a step of its own before Delete: a refresh locks a
// token and then its session, deleting goes the other way, and of a session that has ended a refresh locks nothing.
func (c Confirmation) EndSessions(ctx context.Context, tx db.Querier, now time.Time) error {
	if _, err := user.MayLeave(ctx, tx, c.known.userID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `update auth_sessions set ended_at = $2, end_reason = $3 where user_id = $1 and ended_at is null`,
		c.known.userID, now, endedByDeletion)
	return err
}

const endedByDeletion = "account_deleted"

// Delete removes the person as user.Delete does: a password that was changed meanwhile confirms nothing.
func (c Confirmation) Delete(ctx context.Context, tx db.Querier) error {
	return user.Delete(ctx, tx, c.known.userID, c.known.passwordHash)
}
