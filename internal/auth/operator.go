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

// What is in this file is the operator's: whoever calls it has a shell on the server's machine, and is asked nothing.

func errRegistrationClosed() error {
	return fault.New(fault.RegistrationClosed, "registration is closed here; ask whoever runs this server for an account")
}

// AddUser adds a person without signing them in, whether registration is open or not; the first one is the admin. Their
// address counts as verified. Invalid and EmailTaken as for Register.
func (s *Service) AddUser(ctx context.Context, address, password string) (user.User, error) {
	email, ok := user.CanonicalEmail(address)
	if !ok {
		return user.User{}, fault.InvalidField("email", "must be an e-mail address")
	}
	hash, err := s.newHash(ctx, password, email)
	if err != nil {
		return user.User{}, err
	}
	now := db.Time(s.now())
	u := user.User{ID: db.NewID(), Email: email, CreatedAt: now, UpdatedAt: now}
	err = s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if u, err = user.Insert(ctx, tx, u, hash); err != nil {
			return err
		}
		if err := markVerified(ctx, tx, link{userID: u.ID, email: email}, now); err != nil {
			return err
		}
		u.EmailVerified = true
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.AddUser, UserID: u.ID})
	})
	return u, err
}

// SetPassword gives a person a new password, ends all of their sessions and API keys, and has them told by mail. Whoever
// sets a password is not asked for a second factor, and leaves it as it is.
func (s *Service) SetPassword(ctx context.Context, address, password string) error {
	email, _ := user.CanonicalEmail(address)
	hash, err := s.newHash(ctx, password, email)
	if err != nil {
		return err
	}
	return s.operate(ctx, address, audit.OperatorSetPassword, func(tx *sql.Tx, userID string, now time.Time) error {
		return s.replacePassword(ctx, tx, userID, hash, now)
	})
}

// Disable shuts a person out: every session, API key and link of theirs ends, and nothing opens a new one until Enable.
func (s *Service) Disable(ctx context.Context, address string) error {
	return s.operate(ctx, address, audit.DisableUser, func(tx *sql.Tx, userID string, now time.Time) error {
		_, err := tx.ExecContext(ctx, `
			update users set disabled_at = coalesce(disabled_at, $2), updated_at = $2 where id = $1`, userID, now)
		return errors.Join(err,
			endAllSessions(ctx, tx, userID, endedByDisabled, now),
			s.revokeKeys(ctx, tx, userID),
			killLinks(ctx, tx, userID, resetPassword, now),
			killLinks(ctx, tx, userID, verifyEmail, now))
	})
}

// Enable lets a person in again who was disabled; they have to sign in anew, and make new API keys.
func (s *Service) Enable(ctx context.Context, address string) error {
	return s.operate(ctx, address, audit.EnableUser, func(tx *sql.Tx, userID string, now time.Time) error {
		_, err := tx.ExecContext(ctx, `update users set disabled_at = null, updated_at = $2 where id = $1`, userID, now)
		return err
	})
}

// RemoveSecondFactor lets a person sign in with their password alone who lost what makes their codes, and has them told by
// mail. Conflict when they have none.
func (s *Service) RemoveSecondFactor(ctx context.Context, address string) error {
	return s.operate(ctx, address, audit.RemoveTOTP, func(tx *sql.Tx, userID string, _ time.Time) error {
		f, err := lockFactor(ctx, tx, userID)
		if err != nil {
			return err
		}
		if !f.IsOn() {
			return fault.New(fault.Conflict, "there is no second factor; a password is enough to sign in")
		}
		return s.removeFactor(ctx, tx, userID, f)
	})
}

// MakeAdmin makes a person an admin, from their next request on.
func (s *Service) MakeAdmin(ctx context.Context, address string) error {
	return s.operate(ctx, address, audit.MakeAdmin, func(tx *sql.Tx, userID string, now time.Time) error {
		_, err := tx.ExecContext(ctx, `update users set role = $2, updated_at = $3 where id = $1`, userID, user.Admin, now)
		return err
	})
}

// operate does something to the person with an address and records it; NotFound when it is nobody's.
func (s *Service) operate(
	ctx context.Context, address string, action audit.Action, do func(tx *sql.Tx, userID string, now time.Time) error,
) error {
	email, ok := user.CanonicalEmail(address)
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		var known credentials // what is no address is nobody's
		var err error
		if ok {
			known, err = findCredentials(ctx, tx, email)
		}
		if err != nil {
			return err
		}
		if known.userID == "" {
			return fault.New(fault.NotFound, "nobody here has this e-mail address; see: jaspers user list")
		}
		if err := do(tx, known.userID, db.Time(s.now())); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: action, UserID: known.userID})
	})
}

// newHash is the hash of a password that holds to the rules.
func (s *Service) newHash(ctx context.Context, password, email string) (string, error) {
	if complaint := passwords.Weakness(password, email); complaint != "" {
		return "", fault.InvalidField("password", complaint)
	}
	return s.passwords.Hash(ctx, password)
}
