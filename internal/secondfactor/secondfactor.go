// Package secondfactor keeps people's second factor: the secret of an authenticator app, and the codes that stand in for it.
package secondfactor

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

const (
	// maxFailures wrong codes may be tried on an account within failureWindow.
	maxFailures   = 5
	failureWindow = 15 * time.Minute
	// secretSize is that of the hash, as RFC 4226 (4, R6) recommends.
	secretSize = 20
	// issuerName is what authenticator apps show.
	issuerName = "Jaspers AI"
)

// Service changes and checks second factors, in the transactions of those who call. Every field is required.
type Service struct {
	// Keys seal the secrets.
	Keys *vault.Keyring
	// Audit records the use of recovery codes; what else is done, the caller records.
	Audit *audit.Log
	Now   func() time.Time
}

// Status tells whether a person is asked for a code at sign-in.
type Status struct {
	Enabled           bool       `json:"enabled" doc:"Whether a code is asked for at sign-in."`
	EnabledAt         *time.Time `json:"enabledAt"`
	RecoveryCodesLeft int        `json:"recoveryCodesLeft" doc:"How many recovery codes have not been used."`
}

// Enrolment is what a person puts into their authenticator app.
type Enrolment struct {
	Secret string `json:"secret" doc:"In base32, to type in."`
	URI    string `json:"uri" doc:"The same as an otpauth address, to show as a QR code."`
}

// RecoveryCodes are shown this once.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Each opens the account once in place of a code of the app. They are not shown again."`
}

// Enrol makes a secret for the person at the address, which counts for nothing before Confirm; each call makes another. A
// Conflict while a second factor is on.
func (s *Service) Enrol(ctx context.Context, tx db.Querier, f Factor, email string) (Enrolment, error) {
	if f.IsOn() {
		return Enrolment{}, fault.New(fault.Conflict, "a second factor is on already; disable it first")
	}
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return Enrolment{Secret: text, URI: uri(text, email)}, store(ctx, tx, f.userID, new(s.Keys.Seal(secret, f.place())))
}

// uri is the address that authenticator apps read from a QR code.
func uri(secret, email string) string {
	label := url.PathEscape(issuerName + ":" + email)
	return "otpauth://totp/" + label + "?secret=" + secret + "&issuer=" + url.PathEscape(issuerName) + "&algorithm=SHA1&digits=6&period=30"
}

// Confirm turns the second factor on with a code of the enrolled secret, and gives ten recovery codes. What is refused is
// as of Check; with nothing enrolled, or one that is on, it is a Conflict.
func (s *Service) Confirm(ctx context.Context, tx db.Querier, f Factor, code string) (RecoveryCodes, *fault.Error, error) {
	switch {
	case f.IsOn():
		return RecoveryCodes{}, nil, fault.New(fault.Conflict, "a second factor is on already; disable it first")
	case f.sealed == nil:
		return RecoveryCodes{}, nil, ErrOff()
	}
	if refusal, err := s.try(ctx, tx, f, code); refusal != nil || err != nil {
		return RecoveryCodes{}, refusal, err
	}
	_, err := tx.ExecContext(ctx, `update users set totp_confirmed_at = $2 where id = $1`, f.userID, db.Time(s.Now()))
	if err != nil {
		return RecoveryCodes{}, nil, err
	}
	codes, err := NewRecoveryCodes(ctx, tx, f)
	return codes, nil, err
}

// ErrOff is the error of what needs a second factor that is on.
func ErrOff() error {
	return fault.New(fault.Conflict, "no second factor is on; enrol and confirm one first")
}

// Remove takes the second factor away, with its recovery codes.
func Remove(ctx context.Context, tx db.Querier, f Factor) error {
	if err := deleteRecoveryCodes(ctx, tx, f.userID); err != nil {
		return err
	}
	return store(ctx, tx, f.userID, nil)
}

// Check wants a code of a second factor that is on, of the app or for recovery, and spends it. It refuses with
// SecondFactorNeeded without one, InvalidCode for a wrong one, and RateLimited after too many; the caller commits what it
// refuses, since it counts. The transaction holds the person (Lock), so that no two codes are tried at once.
func (s *Service) Check(ctx context.Context, tx db.Querier, f Factor, code string) (*fault.Error, error) {
	if !f.IsOn() {
		return nil, nil
	}
	if code == "" {
		return fault.New(fault.SecondFactorNeeded, "send the code of your authenticator app as totp, too, or a recovery code"), nil
	}
	return s.try(ctx, tx, f, code)
}

// try spends a code. A wrong one counts.
func (s *Service) try(ctx context.Context, tx db.Querier, f Factor, code string) (*fault.Error, error) {
	now := db.Time(s.Now())
	tries, first, err := countFailures(ctx, tx, f.userID, now.Add(-failureWindow))
	if err != nil {
		return nil, err
	}
	if tries >= maxFailures {
		return fault.New(fault.RateLimited, "too many wrong codes for this account; try again later").
			WithRetryAfter(first.Add(failureWindow).Sub(now)), nil
	}
	right, err := s.spend(ctx, tx, f, code, now)
	if err != nil || right {
		return nil, err
	}
	return fault.New(fault.InvalidCode, "this code is wrong, or was used before; each works once"),
		addFailure(ctx, tx, f.userID, now, now.Add(-failureWindow))
}

// spend tells whether a code is right, and makes sure that it is not a second time.
func (s *Service) spend(ctx context.Context, tx db.Querier, f Factor, code string, now time.Time) (bool, error) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(code)
	if len(code) != otpDigits {
		used, err := useRecoveryCode(ctx, tx, f.userID, code, now)
		if err != nil || !used {
			return false, err
		}
		return true, s.Audit.Record(audit.ByPerson(ctx, f.userID), tx, audit.Event{Action: audit.UseRecoveryCode, UserID: f.userID})
	}
	secret, err := s.Keys.Open(*f.sealed, f.place())
	if err != nil {
		return false, err
	}
	step, right := otpMatch(secret, code, now, f.step)
	if !right {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, `update users set totp_last_step = $2 where id = $1`, f.userID, step)
	return true, err
}
