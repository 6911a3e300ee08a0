package auth

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passwords"
)

// attemptTime bounds an attempt that goes on without whoever asked for it.
const attemptTime = 5 * time.Second

// attempt does something to an account in one transaction, with its event, which also says what it refused (refusable).
func (s *Service) attempt(ctx context.Context, e audit.Event, fn trying) error {
	return s.refusable(ctx, e, func(ctx context.Context, tx *sql.Tx) (*fault.Error, error) {
		if refusal, err := fn(ctx, tx); refusal != nil || err != nil {
			return refusal, err
		}
		return nil, s.audit.Record(audit.ByPerson(ctx, e.UserID), tx, e)
	})
}

// trying is what is done in an attempt's transaction, under the attempt's own context.
type trying func(ctx context.Context, tx *sql.Tx) (refusal *fault.Error, err error)

// refusable does something in one transaction. What fn refuses is recorded as a failure of the event and committed, so
// that wrong tries leave their traces and count; an error of fn undoes everything. What succeeds, fn records. Whoever
// leaves before the answer stops none of that: otherwise a guess would count only for those who stay to hear of it.
func (s *Service) refusable(ctx context.Context, e audit.Event, fn trying) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer stop()
	var refusal *fault.Error
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if refusal, err = fn(ctx, tx); err != nil {
			return err
		}
		if refusal == nil {
			return nil
		}
		return s.audit.Record(audit.ByPerson(ctx, ""), tx, failureOf(e, refusal)) // a person, but which is not proven
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// failureOf is the event of something that was refused.
func failureOf(e audit.Event, refusal *fault.Error) audit.Event {
	e.Outcome, e.Details = audit.Failure, map[string]string{"reason": string(refusal.Kind)}
	return e
}

// Refuse records a failure that was found before anything was begun, or without us, and returns why: what may have been a
// guess leaves its trace.
func (s *Service) Refuse(ctx context.Context, e audit.Event, refusal *fault.Error) error {
	return s.attempt(ctx, e, func(context.Context, *sql.Tx) (*fault.Error, error) { return refusal, nil })
}

// checkPassword wants the password of who is signed in. A wrong one is recorded as a failure of the event.
func (s *Service) checkPassword(ctx context.Context, who Identity, password, path string, e audit.Event) (credentials, error) {
	if err := passwords.CheckLength(password, path); err != nil {
		return credentials{}, err
	}
	known, err := findCredentialsByID(ctx, s.db.Read(), who.UserID)
	if err != nil {
		return known, err
	}
	err = s.passwords.Check(ctx, known.passwordHash, password)
	if fault.Is(err, fault.InvalidCredentials) {
		return known, s.Refuse(ctx, e, fault.Wrap(fault.InvalidCredentials, err, "the current password is wrong"))
	}
	return known, err
}
