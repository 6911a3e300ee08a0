package user

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Delete removes a person with everything that belongs to them, if passwordHash is still theirs. Somebody else who can
// administer the installation must be left, unless nobody at all is; then the next to register is its first person
// again. Conflict where it cannot be done now, NotFound where there is no such person.
func Delete(ctx context.Context, tx db.Querier, id, passwordHash string) error {
	// Those who leave take turns, else the last two admins could leave at the same moment.
	if _, err := tx.ExecContext(ctx, `update installation set admin_claimed_at = admin_claimed_at where id = 1`); err != nil {
		return err
	}
	var role Role
	var others, admins int
	err := tx.QueryRowContext(ctx, `select u.role, (select count(*) from users where id <> u.id),
		(select count(*) from users where id <> u.id and role = 'admin' and disabled_at is null) from users u where u.id = $1`, id).
		Scan(&role, &others, &admins)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "no such user")
	}
	if err != nil {
		return err
	}
	if role == Admin && others > 0 && admins == 0 {
		return fault.New(fault.Conflict, "you are the only admin of this installation; make somebody else one first, with jaspers user make-admin")
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
