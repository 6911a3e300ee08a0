package budget

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// reservation is a row of model_reservations. userID is empty where its person left.
type reservation struct {
	id, userID, month string
	upper             Amount
	at                time.Time
}

// lockMonth has all who change what a month took wait for one another, in all processes, until tx is over.
func lockMonth(ctx context.Context, tx *sql.Tx, month string) error {
	_, err := tx.ExecContext(ctx, `insert into model_months (month, usd, tokens) values ($1, $2, 0)
		on conflict (month) do update set month = excluded.month`, month, decimal.Zero)
	return err
}

// installationSpent is nothing for a month that nobody knows.
func installationSpent(ctx context.Context, q db.Querier, month string) (Amount, error) {
	return scanAmount(q.QueryRowContext(ctx, `select usd, tokens from model_months where month = $1`, month))
}

func personSpent(ctx context.Context, q db.Querier, userID, month string) (Amount, error) {
	return scanAmount(q.QueryRowContext(ctx, `select usd, tokens from model_spending where user_id = $1 and month = $2`, userID, month))
}

func scanAmount(row *sql.Row) (a Amount, err error) {
	err = row.Scan(&a.USD, &a.Tokens)
	if errors.Is(err, sql.ErrNoRows) {
		return Amount{}, nil
	}
	return a, err
}

const reservationColumns = `id, user_id, month, usd, tokens, made_at`

func scanReservation(scan func(...any) error) (r reservation, err error) {
	var userID *string
	err = scan(&r.id, &userID, &r.month, &r.upper.USD, &r.upper.Tokens, &r.at)
	if userID != nil {
		r.userID = *userID
	}
	return r, err
}

// reserved is what is reserved in a month, of a person and of everybody. For each call all that are open are read: no more
// of them than has to be added up.
func reserved(ctx context.Context, q db.Querier, userID, month string) (person, all Amount, err error) {
	whose := sql.NullString{String: userID, Valid: userID != ""}
	rows, err := q.QueryContext(ctx, `select usd, tokens, user_id = $2 from model_reservations where month = $1`, month, whose)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (none struct{}, err error) {
		var upper Amount
		var own *bool // null where its person left
		if err := scan(&upper.USD, &upper.Tokens, &own); err != nil {
			return none, err
		}
		all = all.Add(upper)
		if own != nil && *own {
			person = person.Add(upper)
		}
		return none, nil
	})
	return person, all, err
}

// selectLeft lists those made before a moment, month by month, so that two who lock months do it in one order.
func selectLeft(ctx context.Context, q db.Querier, before time.Time) ([]reservation, error) {
	rows, err := q.QueryContext(ctx, `select `+reservationColumns+` from model_reservations where made_at < $1 order by month, id`, before)
	return db.Collect(rows, err, scanReservation)
}

// insertReservation adds one with the row in which its person's spending is counted, which goes with them.
func insertReservation(ctx context.Context, tx *sql.Tx, r reservation) error {
	if _, err := tx.ExecContext(ctx, `insert into model_spending (user_id, month, usd, tokens) values ($1, $2, $3, 0) on conflict do nothing`,
		r.userID, r.month, decimal.Zero); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `insert into model_reservations (`+reservationColumns+`) values ($1, $2, $3, $4, $5, $6)`,
		r.id, r.userID, r.month, r.upper.USD, r.upper.Tokens, r.at)
	return err
}

// deleteReservation tells whether it was still there.
func deleteReservation(ctx context.Context, tx *sql.Tx, id string) (bool, error) {
	result, err := tx.ExecContext(ctx, `delete from model_reservations where id = $1`, id)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// addSpent counts an amount for the installation and for the person, unless they left. The month is locked.
func addSpent(ctx context.Context, tx *sql.Tx, r reservation, more Amount) error {
	all, err := installationSpent(ctx, tx, r.month)
	if err != nil {
		return err
	}
	all = all.Add(more)
	if _, err := tx.ExecContext(ctx, `update model_months set usd = $2, tokens = $3 where month = $1`, r.month, all.USD, all.Tokens); err != nil {
		return err
	}
	if r.userID == "" {
		return nil
	}
	own, err := personSpent(ctx, tx, r.userID, r.month)
	if err != nil {
		return err
	}
	own = own.Add(more)
	_, err = tx.ExecContext(ctx, `update model_spending set usd = $3, tokens = $4 where user_id = $1 and month = $2`, r.userID, r.month, own.USD, own.Tokens)
	return err
}
