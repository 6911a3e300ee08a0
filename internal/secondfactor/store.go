package secondfactor

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Factor is a person's second factor as it is stored.
type Factor struct {
	userID      string
	sealed      *string
	confirmedAt *time.Time
	step        int64 // the last one whose code was used
}

// IsOn tells whether codes are asked for.
func (f Factor) IsOn() bool { return f.sealed != nil && f.confirmedAt != nil }

// place is where the sealed secret stands.
func (f Factor) place() vault.Place { return secretColumn().Place(f.userID, f.userID) }

func secretColumn() vault.Column {
	return vault.Column{Table: "users", Column: "totp", Row: "id", User: "id"}
}

// SealedColumns are those in which this package keeps sealed values.
func SealedColumns() []vault.Column { return []vault.Column{secretColumn()} }

// Lock reads a person's second factor and keeps their row to the transaction, on both engines. sql.ErrNoRows when there is
// no such person.
func Lock(ctx context.Context, tx db.Querier, userID string) (Factor, error) {
	f := Factor{userID: userID}
	err := tx.QueryRowContext(ctx, `
		update users set totp_last_step = totp_last_step where id = $1
		returning totp, totp_confirmed_at, totp_last_step`, userID).Scan(&f.sealed, &f.confirmedAt, &f.step)
	return f, err
}

// Read tells how it stands with a person's second factor.
func Read(ctx context.Context, q db.Querier, userID string) (Status, error) {
	var v Status
	var sealed bool
	err := q.QueryRowContext(ctx, `
		select totp is not null, totp_confirmed_at,
		       (select count(*) from recovery_codes c where c.user_id = users.id and c.used_at is null)
		from users where id = $1`, userID).Scan(&sealed, &v.EnabledAt, &v.RecoveryCodesLeft)
	v.Enabled = sealed && v.EnabledAt != nil
	return v, err
}

// store keeps a secret that is not confirmed yet, or none.
func store(ctx context.Context, tx db.Querier, userID string, sealed *string) error {
	_, err := tx.ExecContext(ctx, `update users set totp = $2, totp_confirmed_at = null, totp_last_step = 0 where id = $1`, userID, sealed)
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

// ForgetFailures deletes everybody's wrong codes that do not count any more at a time.
func ForgetFailures(ctx context.Context, tx db.Querier, now time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from second_factor_failures where at < $1`, now.Add(-failureWindow))
	return err
}
