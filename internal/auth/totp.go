package auth

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
)

// SecondFactor tells how it stands with who's second factor.
func (s *Service) SecondFactor(ctx context.Context, who Identity) (secondfactor.Status, error) {
	return secondfactor.Read(ctx, s.db.Read(), who.UserID)
}

// EnrolTOTP makes a secret, which counts for nothing before ConfirmTOTP; each call makes another. It needs the password
// (InvalidCredentials), and is a Conflict while a second factor is on.
func (s *Service) EnrolTOTP(ctx context.Context, who Identity, password string) (e secondfactor.Enrolment, err error) {
	known, err := s.checkPassword(ctx, who, password, "body.password", audit.Event{Action: audit.EnableTOTP, UserID: who.UserID})
	if err != nil {
		return e, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		f, err := lockFactor(ctx, tx, who.UserID)
		if err != nil {
			return err
		}
		e, err = s.factors.Enrol(ctx, tx, f, known.email)
		return err
	})
	return e, err
}

// ConfirmTOTP turns the second factor on with a code of the enrolled secret, and gives ten recovery codes. A wrong code
// is an InvalidCode, too many of them RateLimited; with nothing enrolled, or one that is on, it is a Conflict.
func (s *Service) ConfirmTOTP(ctx context.Context, who Identity, code string) (codes secondfactor.RecoveryCodes, err error) {
	err = s.attempt(ctx, audit.Event{Action: audit.EnableTOTP, UserID: who.UserID}, func(ctx context.Context, tx *sql.Tx) (refusal *fault.Error, err error) {
		f, err := lockFactor(ctx, tx, who.UserID)
		if err != nil {
			return nil, err
		}
		if codes, refusal, err = s.factors.Confirm(ctx, tx, f, code); refusal != nil || err != nil {
			return refusal, err
		}
		return nil, s.notify(ctx, tx, who.UserID, factorOn, db.Time(s.now()))
	})
	return codes, err
}

// DisableTOTP takes the second factor away, with its recovery codes. It needs the password and a code, of the app or for
// recovery, and fails as Confirm does; with nothing that is on, it is a Conflict.
func (s *Service) DisableTOTP(ctx context.Context, who Identity, password, code string) error {
	return s.withBoth(ctx, who, password, code, audit.DisableTOTP, func(ctx context.Context, tx *sql.Tx, f secondfactor.Factor) error {
		return s.removeFactor(ctx, tx, who.UserID, f)
	})
}

func (s *Service) removeFactor(ctx context.Context, tx db.Querier, userID string, f secondfactor.Factor) error {
	if err := secondfactor.Remove(ctx, tx, f); err != nil {
		return err
	}
	return s.notify(ctx, tx, userID, factorOff, db.Time(s.now()))
}

// NewRecoveryCodes makes ten new recovery codes in place of all there were. It asks for what DisableTOTP asks for.
func (s *Service) NewRecoveryCodes(ctx context.Context, who Identity, password, code string) (codes secondfactor.RecoveryCodes, err error) {
	err = s.withBoth(ctx, who, password, code, audit.NewRecoveryCodes, func(ctx context.Context, tx *sql.Tx, f secondfactor.Factor) (err error) {
		codes, err = secondfactor.NewRecoveryCodes(ctx, tx, f)
		return err
	})
	return codes, err
}

// withBoth changes a second factor that is on, for who shows both the password and a code.
func (s *Service) withBoth(
	ctx context.Context, who Identity, password, code string, action audit.Action, fn func(ctx context.Context, tx *sql.Tx, f secondfactor.Factor) error,
) error {
	e := audit.Event{Action: action, UserID: who.UserID}
	_, err := s.confirmed(ctx, who, password, code, e, func(ctx context.Context, tx *sql.Tx, f secondfactor.Factor) error {
		if !f.IsOn() {
			return secondfactor.ErrOff()
		}
		if err := fn(ctx, tx, f); err != nil {
			return err
		}
		return s.audit.Record(audit.ByPerson(ctx, who.UserID), tx, e)
	})
	return err
}

// lockFactor is secondfactor.Lock for who is asking: somebody who was deleted a moment ago is nobody.
func lockFactor(ctx context.Context, tx db.Querier, userID string) (secondfactor.Factor, error) {
	f, err := secondfactor.Lock(ctx, tx, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errNoToken(err)
	}
	return f, err
}
