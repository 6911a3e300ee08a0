package auth

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Confirmation says that a person gave their password just now. It holds as long as the password does.
type Confirmation struct{ known credentials }

// Confirm has the person who is signed in give their password once more, and a code where a second factor is on, for what
// cannot be taken back. InvalidCredentials, SecondFactorNeeded, InvalidCode and RateLimited are recorded as failures of the
// event; what comes of the rest, the caller records.
func (s *Service) Confirm(ctx context.Context, who Identity, password, code string, e audit.Event) (Confirmation, error) {
	known, err := s.confirmed(ctx, who, password, code, e, func(context.Context, *sql.Tx, secondfactor.Factor) error { return nil })
	return Confirmation{known}, err
}

// confirmed does something as Confirm does nothing: in the transaction that spends the code. It gets the second factor,
// on or not, and records what it did.
func (s *Service) confirmed(
	ctx context.Context, who Identity, password, code string, e audit.Event, fn func(ctx context.Context, tx *sql.Tx, f secondfactor.Factor) error,
) (credentials, error) {
	known, err := s.checkPassword(ctx, who, password, "body.password", e)
	if err != nil {
		return known, err
	}
	return known, s.refusable(ctx, e, func(ctx context.Context, tx *sql.Tx) (*fault.Error, error) {
		f, err := lockFactor(ctx, tx, who.UserID)
		if err != nil {
			return nil, err
		}
		if refusal, err := s.factors.Check(ctx, tx, f, code); refusal != nil || err != nil {
			return refusal, err
		}
		return nil, fn(ctx, tx, f)
	})
}

// Email is the person's address.
func (c Confirmation) Email() string { return c.known.email }

// EndSessions ends every session of somebody who may leave. It is a step of its own before Delete: a refresh locks a
// token and then its session, deleting goes the other way, and of a session that has ended a refresh locks nothing.
func (c Confirmation) EndSessions(ctx context.Context, tx db.Querier, now time.Time) error {
	if _, err := user.MayLeave(ctx, tx, c.known.userID); err != nil {
		return err
	}
	return endAllSessions(ctx, tx, c.known.userID, endedByDeletion, now)
}

const endedByDeletion = "account_deleted"

// Delete removes the person as user.Delete does: a password that was changed meanwhile confirms nothing.
func (c Confirmation) Delete(ctx context.Context, tx db.Querier) error {
	return user.Delete(ctx, tx, c.known.userID, c.known.passwordHash)
}
