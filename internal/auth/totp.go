package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
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
	// otpSecretSize is that of the hash, as RFC 4226 (4, R6) recommends.
	otpSecretSize = 20
	// issuerName is what authenticator apps show.
	issuerName = "Jaspers AI"
)

// SecondFactor tells whether a person is asked for a code at sign-in.
type SecondFactor struct {
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

// factor is a person's second factor as it is stored. step is the last one whose code was used.
type factor struct {
	userID      string
	sealed      *string
	confirmedAt *time.Time
	step        int64
}

func (f factor) isOn() bool { return f.sealed != nil && f.confirmedAt != nil }

// place is where the sealed secret stands.
func (f factor) place() vault.Place { return totpColumn().Place(f.userID, f.userID) }

func totpColumn() vault.Column {
	return vault.Column{Table: "users", Column: "totp", Row: "id", User: "id"}
}

// SealedColumns are those in which this package keeps sealed values.
func SealedColumns() []vault.Column { return []vault.Column{totpColumn()} }

// SecondFactor tells how it stands with who's second factor.
func (s *Service) SecondFactor(ctx context.Context, who Identity) (SecondFactor, error) {
	var v SecondFactor
	var sealed bool
	err := s.db.Read().QueryRowContext(ctx, `
		select totp is not null, totp_confirmed_at,
		       (select count(*) from recovery_codes c where c.user_id = users.id and c.used_at is null)
		from users where id = $1`, who.UserID).Scan(&sealed, &v.EnabledAt, &v.RecoveryCodesLeft)
	v.Enabled = sealed && v.EnabledAt != nil
	return v, err
}

// EnrolTOTP makes a secret, which counts for nothing before ConfirmTOTP; each call makes another. It needs the password
// (InvalidCredentials), and is a Conflict while a second factor is on.
func (s *Service) EnrolTOTP(ctx context.Context, who Identity, password string) (Enrolment, error) {
	known, err := s.checkPassword(ctx, who, password, "body.password", audit.Event{Action: audit.EnableTOTP, UserID: who.UserID})
	if err != nil {
		return Enrolment{}, err
	}
	secret := make([]byte, otpSecretSize)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		f, err := lockFactor(ctx, tx, who.UserID)
		if err != nil {
			return err
		}
		if f.isOn() {
			return errFactorOn()
		}
		return storeFactor(ctx, tx, who.UserID, new(s.keys.Seal(secret, f.place())), nil, 0)
	})
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return Enrolment{Secret: text, URI: otpURI(text, known.email)}, err
}

func errFactorOn() error {
	return fault.New(fault.Conflict, "a second factor is on already; disable it first")
}

func errFactorOff() error {
	return fault.New(fault.Conflict, "no second factor is on; enrol and confirm one first")
}

// otpURI is the address that authenticator apps read from a QR code.
func otpURI(secret, email string) string {
	label := url.PathEscape(issuerName + ":" + email)
	return "otpauth://totp/" + label + "?secret=" + secret + "&issuer=" + url.PathEscape(issuerName) + "&algorithm=SHA1&digits=6&period=30"
}

// ConfirmTOTP turns the second factor on with a code of the enrolled secret, and gives ten recovery codes. A wrong code
// is an InvalidCode, too many of them RateLimited; with nothing enrolled, or one that is on, it is a Conflict.
func (s *Service) ConfirmTOTP(ctx context.Context, who Identity, code string) (RecoveryCodes, error) {
	var codes RecoveryCodes
	err := s.attempt(ctx, audit.Event{Action: audit.EnableTOTP, UserID: who.UserID}, func(tx *sql.Tx) (*fault.Error, error) {
		f, err := lockFactor(ctx, tx, who.UserID)
		switch {
		case err != nil:
			return nil, err
		case f.isOn():
			return nil, errFactorOn()
		case f.sealed == nil:
			return nil, errFactorOff()
		}
		if refusal, err := s.tryCode(ctx, tx, f, code); refusal != nil || err != nil {
			return refusal, err
		}
		now := db.Time(s.now())
		if _, err := tx.ExecContext(ctx, `update users set totp_confirmed_at = $2 where id = $1`, who.UserID, now); err != nil {
			return nil, err
		}
		if codes, err = replaceRecoveryCodes(ctx, tx, who.UserID); err != nil {
			return nil, err
		}
		return nil, s.notify(ctx, tx, who.UserID, factorOn, now)
	})
	return codes, err
}

// DisableTOTP takes the second factor away, with its recovery codes. It needs the password and a code, of the app or for
// recovery, and fails as Confirm does; with nothing that is on, it is a Conflict.
func (s *Service) DisableTOTP(ctx context.Context, who Identity, password, code string) error {
	return s.withBoth(ctx, who, password, code, audit.DisableTOTP, func(tx *sql.Tx) error {
		return s.removeFactor(ctx, tx, who.UserID, db.Time(s.now()))
	})
}

func (s *Service) removeFactor(ctx context.Context, tx db.Querier, userID string, now time.Time) error {
	if err := deleteRecoveryCodes(ctx, tx, userID); err != nil {
		return err
	}
	if err := storeFactor(ctx, tx, userID, nil, nil, 0); err != nil {
		return err
	}
	return s.notify(ctx, tx, userID, factorOff, now)
}

// NewRecoveryCodes makes ten new recovery codes in place of all there were. It asks for what DisableTOTP asks for.
func (s *Service) NewRecoveryCodes(ctx context.Context, who Identity, password, code string) (codes RecoveryCodes, err error) {
	err = s.withBoth(ctx, who, password, code, audit.NewRecoveryCodes, func(tx *sql.Tx) (err error) {
		codes, err = replaceRecoveryCodes(ctx, tx, who.UserID)
		return err
	})
	return codes, err
}

// withBoth changes a second factor that is on, for who shows both the password and a code.
func (s *Service) withBoth(ctx context.Context, who Identity, password, code string, action audit.Action, fn func(tx *sql.Tx) error) error {
	e := audit.Event{Action: action, UserID: who.UserID}
	_, err := s.confirmed(ctx, who, password, code, e, func(tx *sql.Tx, f factor) error {
		if !f.isOn() {
			return errFactorOff()
		}
		if err := fn(tx); err != nil {
			return err
		}
		return s.audit.Record(audit.ByPerson(ctx, who.UserID), tx, e)
	})
	return err
}

// checkSecondFactor wants a code of a second factor that is on: SecondFactorNeeded without one. The caller holds the
// person's row (lockFactor).
func (s *Service) checkSecondFactor(ctx context.Context, tx db.Querier, f factor, code string) (*fault.Error, error) {
	if !f.isOn() {
		return nil, nil
	}
	if code == "" {
		return fault.New(fault.SecondFactorNeeded, "send the code of your authenticator app as totp, too, or a recovery code"), nil
	}
	return s.tryCode(ctx, tx, f, code)
}

// tryCode spends a code, of the app or for recovery. A wrong one counts. The caller holds the person's row (lockFactor),
// so that no two are tried at once.
func (s *Service) tryCode(ctx context.Context, tx db.Querier, f factor, code string) (*fault.Error, error) {
	now := db.Time(s.now())
	tries, first, err := countFailures(ctx, tx, f.userID, now.Add(-failureWindow))
	if err != nil {
		return nil, err
	}
	if tries >= maxFailures {
		return fault.New(fault.RateLimited, "too many wrong codes for this account; try again later").
			WithRetryAfter(first.Add(failureWindow).Sub(now)), nil
	}
	right, err := s.spendCode(ctx, tx, f, code, now)
	if err != nil || right {
		return nil, err
	}
	return fault.New(fault.InvalidCode, "this code is wrong, or was used before; each works once"),
		addFailure(ctx, tx, f.userID, now, now.Add(-failureWindow))
}

// spendCode tells whether a code is right, and makes sure that it is not a second time.
func (s *Service) spendCode(ctx context.Context, tx db.Querier, f factor, code string, now time.Time) (bool, error) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(code)
	if len(code) != otpDigits {
		used, err := useRecoveryCode(ctx, tx, f.userID, code, now)
		if err != nil || !used {
			return false, err
		}
		return true, s.audit.Record(audit.ByPerson(ctx, f.userID), tx, audit.Event{Action: audit.UseRecoveryCode, UserID: f.userID})
	}
	secret, err := s.keys.Open(*f.sealed, f.place())
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

// lockFactor reads a person's second factor and keeps their row to the transaction, on both engines.
func lockFactor(ctx context.Context, tx db.Querier, userID string) (factor, error) {
	f := factor{userID: userID}
	err := tx.QueryRowContext(ctx, `
		update users set totp_last_step = totp_last_step where id = $1
		returning totp, totp_confirmed_at, totp_last_step`, userID).Scan(&f.sealed, &f.confirmedAt, &f.step)
	if errors.Is(err, sql.ErrNoRows) { // deleted a moment ago
		return f, errNoToken(err)
	}
	return f, err
}

func storeFactor(ctx context.Context, tx db.Querier, userID string, sealed *string, confirmed *time.Time, step int64) error {
	_, err := tx.ExecContext(ctx, `
		update users set totp = $2, totp_confirmed_at = $3, totp_last_step = $4 where id = $1`, userID, sealed, confirmed, step)
	return err
}

// countFailures counts the wrong codes since a time, and tells when the first of them came.
func countFailures(ctx context.Context, q db.Querier, userID string, since time.Time) (n int, first time.Time, err error) {
	rows, err := q.QueryContext(ctx, `
		select at from second_factor_failures where user_id = $1 and at > $2 order by at`, userID, since)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (at time.Time, err error) {
		err = scan(&at)
		return at, err
	})
	if err != nil || len(all) == 0 {
		return 0, first, err
	}
	return len(all), all[0], nil
}

// addFailure notes a wrong code, and forgets those that do not count any more.
func addFailure(ctx context.Context, tx db.Querier, userID string, now, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from second_factor_failures where user_id = $1 and at <= $2`, userID, before)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into second_factor_failures (id, user_id, at) values ($1, $2, $3)`, db.NewID(), userID, now)
	return err
}
