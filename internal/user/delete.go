package user

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// MayLeave tells whether a person can be deleted, and how many others there are. Somebody who can administer the
// installation must be left, unless nobody at all is: else it is a Conflict. NotFound where there is no such person.
// Those who leave take turns until their transactions end, so that the last two admins do not leave at the same moment.
func MayLeave(ctx context.Context, tx db.Querier, id string) (others int, err error) {
	if _, err := tx.ExecContext(ctx, `update installation set admin_claimed_at = admin_claimed_at where id = 1`); err != nil {
		return 0, err
	}
	var role Role
	var admins int
	err = tx.QueryRowContext(ctx, `select u.role, (select count(*) from users where id <> u.id),
		(select count(*) from users where id <> u.id and role = 'admin' and disabled_at is null) from users u where u.id = $1`, id).
		Scan(&role, &others, &admins)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.New(fault.NotFound, "no such user")
	}
	if err == nil && role == Admin && others > 0 && admins == 0 {
		err = fault.New(fault.Conflict, "you are the only admin of this installation; make somebody else one first, with jaspers user make-admin")
	}
	return others, err
}

// Delete removes a person who may leave with everything that belongs to them, if passwordHash is still theirs; Conflict
// where it is not. When nobody is left, the next to register is the first person again.
func Delete(ctx context.Context, tx db.Querier, id, passwordHash string) error {
	others, err := MayLeave(ctx, tx, id)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `delete from users where id = $1 and password_hash = $2`, id, passwordHash)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "the password was changed by another request meanwhile; try again with the new one")
	}
	if others == 0 {
		_, err = tx.ExecContext(ctx, `update installation set admin_claimed_at = null where id = 1`)
	}
	return err
}
