package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// purpose is what a link in a mail is good for.
type purpose string

const (
	verifyEmail   purpose = "verify_email"
	resetPassword purpose = "reset_password"
)

// lives are how long links are good.
var lives = map[purpose]time.Duration{verifyEmail: 24 * time.Hour, resetPassword: time.Hour}

const (
	// maxLinks is how many mails with links of one purpose an account gets in linkWindow, so that nobody can flood
	// somebody else's mailbox through us.
	maxLinks   = 3
	linkWindow = time.Hour
	// keptLinks is how long links are kept after their time.
	keptLinks = 24 * time.Hour
)

// link is a row of account_links with the person it is for.
type link struct {
	id        string
	userID    string
	email     string
	purpose   purpose
	expiresAt time.Time
}

// prove makes the token of a link, always the same one: so it need not be kept until the mail is written, and who reads
// the database without knowing the key cannot make it.
func prove(key []byte, id string, p purpose) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("account link " + string(p) + " " + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// errLink is the one answer to every token that opens nothing, so that none tells why.
func errLink() error {
	return fault.New(fault.LinkExpired, "this link was used before or is too old; ask for a new one")
}

func insertLink(ctx context.Context, tx db.Querier, l link, tokenHash string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		insert into account_links (id, user_id, purpose, token_hash, email, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do nothing`, // of a job that runs twice
		l.id, l.userID, l.purpose, tokenHash, l.email, now, l.expiresAt)
	return err
}

// goodLink are the conditions under which a link opens anything: not used, not too old, of a person who is not disabled
// and still has the address it was sent to.
const goodLink = `
	select l.id, l.user_id, l.email, l.purpose, l.expires_at from account_links l join users u on u.id = l.user_id
	where l.used_at is null and l.expires_at > $1 and u.email = l.email and u.disabled_at is null`

// findLink finds the link of a token; LinkExpired for every reason why there is none.
func findLink(ctx context.Context, q db.Querier, token string, p purpose, now time.Time) (link, error) {
	l, err := scanLink(q.QueryRowContext(ctx, goodLink+` and l.token_hash = $2 and l.purpose = $3`, now, vault.Hash(token), p))
	if errors.Is(err, sql.ErrNoRows) {
		return l, errLink()
	}
	return l, err
}

// findLinkByID finds a link to send; sql.ErrNoRows when there is nothing to send any more.
func findLinkByID(ctx context.Context, q db.Querier, id string, now time.Time) (link, error) {
	return scanLink(q.QueryRowContext(ctx, goodLink+` and l.id = $2`, now, id))
}

func scanLink(row *sql.Row) (l link, err error) {
	err = row.Scan(&l.id, &l.userID, &l.email, &l.purpose, &l.expiresAt)
	return l, err
}

// takeLink uses a link up. Of several who try at once one succeeds; the others get LinkExpired.
func takeLink(ctx context.Context, tx db.Querier, id string, now time.Time) error {
	res, err := tx.ExecContext(ctx, `update account_links set used_at = $2 where id = $1 and used_at is null`, id, now)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errLink()
}

// killLinks makes all of a person's links of a purpose worthless.
func killLinks(ctx context.Context, tx db.Querier, userID string, p purpose, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update account_links set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null`, userID, p, now)
	return err
}

// recentLinks are when a person's last links of a purpose were made since a time, the newest first, up to maxLinks.
func recentLinks(ctx context.Context, tx db.Querier, userID string, p purpose, since time.Time) ([]time.Time, error) {
	rows, err := tx.QueryContext(ctx, `
		select created_at from account_links where user_id = $1 and purpose = $2 and created_at > $3
		order by created_at desc limit $4`, userID, p, since, maxLinks)
	return db.Collect(rows, err, func(scan func(...any) error) (at time.Time, err error) {
		err = scan(&at)
		return at, err
	})
}

func deleteLinksBefore(ctx context.Context, tx db.Querier, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from account_links where expires_at < $1`, before)
	return err
}

// account is a person as a mail needs them.
type account struct {
	email    string
	verified bool
}

// lockAccount finds a person who is not disabled, and has others who want them wait for the transaction's end; that is
// what the update, which changes nothing, is for. false when there is no such person.
func lockAccount(ctx context.Context, tx db.Querier, userID string) (a account, ok bool, err error) {
	err = tx.QueryRowContext(ctx, `
		update users set updated_at = updated_at where id = $1 and disabled_at is null
		returning email, email_verified_at is not null`, userID).Scan(&a.email, &a.verified)
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, nil
	}
	return a, err == nil, err
}

// markVerified notes that mail reaches a person at the address, unless they are disabled or have another by now. It
// comes before the link is taken, as a password is changed before links are killed: who locks in one order never waits
// for each other.
func markVerified(ctx context.Context, tx db.Querier, l link, now time.Time) error {
	res, err := tx.ExecContext(ctx, `
		update users set email_verified_at = coalesce(email_verified_at, $3), updated_at = $3
		where id = $1 and email = $2 and disabled_at is null`, l.userID, l.email, now)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errLink()
}

// setHash sets a password whatever it was before.
func setHash(ctx context.Context, tx db.Querier, userID, hash string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `update users set password_hash = $2, updated_at = $3 where id = $1`, userID, hash, now)
	return err
}

// refuseDisabled is an AccountDisabled for a person whom the operator has shut out.
func refuseDisabled(ctx context.Context, q db.Querier, userID string) (*fault.Error, error) {
	var disabled bool
	err := q.QueryRowContext(ctx, `select disabled_at is not null from users where id = $1`, userID).Scan(&disabled)
	if errors.Is(err, sql.ErrNoRows) { // deleted meanwhile; what comes next says so
		return nil, nil
	}
	if err == nil && disabled {
		return fault.New(fault.AccountDisabled, "this account is disabled; ask whoever runs this server"), nil
	}
	return nil, err
}
