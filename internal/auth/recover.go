package auth

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passwords"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
	"github.com/jaspers-ai/jaspers/internal/user"
)

const (
	endedByReset    = "password_reset"
	endedByDisabled = "account_disabled"
)

// ForgotPassword has a link sent with which a person can set a new password. It does and answers the same whoever is
// meant: a person, one who is disabled, one who asked too often, or nobody. What is to become of it a job decides.
func (s *Service) ForgotPassword(ctx context.Context, address string) error {
	email, ok := user.CanonicalEmail(address)
	if !ok {
		email = "" // nobody's, and looked for all the same
	}
	known, err := findCredentials(ctx, s.db.Read(), email)
	if err != nil {
		return err
	}
	if s.mails.Sender == nil {
		s.mails.warn(ctx)
	}
	request := resetRequest{ID: db.NewID(), User: known.userID, Origin: audit.OriginOf(audit.ByPerson(ctx, ""))}
	if request.User == "" {
		request.User = db.NewID()
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.mails.Jobs.Add(ctx, tx, request)
		return err
	})
}

// decideReset makes the link of a request and has it sent, when there is somebody to send it to who has not had enough.
func (s *Service) decideReset(ctx context.Context, request resetRequest) error {
	ctx = audit.WithOrigin(ctx, request.Origin)
	now := db.Time(s.now())
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		person, ok, err := lockAccount(ctx, tx, request.User)
		if err != nil || !ok {
			return err
		}
		recent, err := recentLinks(ctx, tx, request.User, resetPassword, now.Add(-linkWindow))
		if err != nil {
			return err
		}
		event := audit.Event{Action: audit.RequestReset, UserID: request.User}
		switch {
		case s.mails.Sender == nil:
			event.Outcome, event.Details = audit.Failure, map[string]string{"reason": string(fault.MailNotConfigured)}
		case len(recent) >= maxLinks:
			event.Outcome, event.Details = audit.Failure, map[string]string{"reason": string(fault.RateLimited)}
		default:
			event.Target = request.ID
			if err := s.mailLink(ctx, tx, request.User, person.email, resetPassword, request.ID, now); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, event)
	})
}

// ResetPassword sets a new password with the token of a reset link, which is used up by that; LinkExpired for every token
// that is not good any more or never was. It ends every session and API key of the person, and opens none: whoever has a
// second factor still needs it, unless it is from before their address was proven at all. Since the link came by mail, their
// address counts as verified.
func (s *Service) ResetPassword(ctx context.Context, token, replacement string) error {
	now := db.Time(s.now())
	l, err := findLink(ctx, s.db.Read(), token, resetPassword, now)
	if err != nil {
		return err
	}
	if complaint := passwords.Weakness(replacement, l.email); complaint != "" {
		return fault.InvalidField("body.newPassword", complaint)
	}
	hash, err := s.passwords.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	ctx = audit.ByPerson(ctx, l.userID)
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.dropForeignFactor(ctx, tx, l.userID); err != nil {
			return err
		}
		if err := markVerified(ctx, tx, l, now); err != nil {
			return err
		}
		if err := takeLink(ctx, tx, l.id, now); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, l.userID, hash, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.ResetPassword, UserID: l.userID, Target: l.id})
	})
}

// dropForeignFactor takes away the second factor of an account whose address nobody has proven so far: whoever enrolled it
// may have registered somebody else's, who is the first to prove it now and could never sign in. What was enrolled after a
// proof stays.
func (s *Service) dropForeignFactor(ctx context.Context, tx db.Querier, userID string) error {
	person, ok, err := lockAccount(ctx, tx, userID)
	if err != nil || !ok || person.verified {
		return err
	}
	f, err := lockFactor(ctx, tx, userID)
	if err != nil {
		return err
	}
	if !f.IsOn() {
		return secondfactor.Remove(ctx, tx, f) // one that is enrolled and not confirmed is none of theirs either
	}
	if err := s.removeFactor(ctx, tx, userID, f); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, audit.Event{Action: audit.DisableTOTP, UserID: userID, Details: map[string]string{"reason": "address_first_proven"}})
}

// replacePassword sets a password that was not proven by the old one: every session ends, and every API key with them,
// since whoever had the account may have made one.
func (s *Service) replacePassword(ctx context.Context, tx db.Querier, userID, hash string, now time.Time) error {
	if err := setHash(ctx, tx, userID, hash, now); err != nil {
		return err
	}
	if err := endAllSessions(ctx, tx, userID, endedByReset, now); err != nil {
		return err
	}
	if err := s.revokeKeys(ctx, tx, userID); err != nil {
		return err
	}
	return s.passwordChanged(ctx, tx, userID, now)
}

// VerifyEmail notes that mail reaches a person, with the token of a link that was sent to them; LinkExpired as for a reset.
func (s *Service) VerifyEmail(ctx context.Context, token string) error {
	now := db.Time(s.now())
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		l, err := findLink(ctx, tx, token, verifyEmail, now)
		if err != nil {
			return err
		}
		if err := markVerified(ctx, tx, l, now); err != nil {
			return err
		}
		if err := takeLink(ctx, tx, l.id, now); err != nil {
			return err
		}
		return s.audit.Record(audit.ByPerson(ctx, l.userID), tx, audit.Event{Action: audit.VerifyEmail, UserID: l.userID, Target: l.id})
	})
}

// ResendVerification sends the mail with which a person verifies their address again. Conflict when that is done,
// RateLimited when they asked too often, MailNotConfigured where no mail can be sent.
func (s *Service) ResendVerification(ctx context.Context, who Identity) error {
	if s.mails.Sender == nil {
		return fault.New(fault.MailNotConfigured, "this server sends no mail; ask whoever runs it")
	}
	now := db.Time(s.now())
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		person, ok, err := lockAccount(ctx, tx, who.UserID)
		if err != nil {
			return err
		}
		if !ok || person.verified {
			return fault.New(fault.Conflict, "your address is verified already")
		}
		recent, err := recentLinks(ctx, tx, who.UserID, verifyEmail, now.Add(-linkWindow))
		if err != nil {
			return err
		}
		if len(recent) >= maxLinks {
			oldest := recent[len(recent)-1]
			return fault.New(fault.RateLimited, "you were sent several mails already; look for them, or wait").
				WithRetryAfter(oldest.Add(linkWindow).Sub(now))
		}
		if err := s.mailLink(ctx, tx, who.UserID, person.email, verifyEmail, db.NewID(), now); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.RequestVerification, UserID: who.UserID})
	})
}

// TidyLinks is a period's work: it deletes links whose time has been over for a day.
func (s *Service) TidyLinks(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	return deleteLinksBefore(ctx, tx, slot.Add(-keptLinks))
}
