package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

const transactionColumns = `id, connection_id, account_id, external_id, kind, at, day, instrument, symbol, quantity, price,
	currency, amount, fee, tax, split_from, split_to, description`

func scanTransaction(scan func(...any) error) (Transaction, error) {
	var t Transaction
	var day string
	var instrument sql.NullString
	err := scan(&t.ID, &t.ConnectionID, &t.AccountID, &t.ExternalID, &t.Kind, &t.At, &day, &instrument, &t.Symbol, &t.Quantity, &t.Price,
		&t.Currency, &t.Amount, &t.Fee, &t.Tax, &t.SplitFrom, &t.SplitTo, &t.Description)
	if err != nil {
		return t, err
	}
	t.At, t.Instrument = t.At.UTC(), instrument.String
	t.Day, err = calendar.ParseDay(day)
	return t, err
}

// Load gives all of a person's transactions, the oldest first; those of one moment by account and the brokerage's id, so
// that the order depends on nothing else.
func Load(ctx context.Context, q db.Querier, userID string) ([]Transaction, error) {
	return readAll(ctx, q, "select "+transactionColumns+` from transactions where user_id = $1
		order by at, account_id, external_id`, userID)
}

// Accounts gives a person's accounts, in the order they were connected.
func Accounts(ctx context.Context, q db.Querier, userID string) ([]Account, error) {
	rows, err := q.QueryContext(ctx, `select a.id, a.connection_id, c.provider, a.number, a.currency, a.cost_basis_method,
			a.history_since, a.history_read_at, a.history_cash
		from brokerage_accounts a join brokerage_connections c on c.id = a.connection_id
		where c.user_id = $1 order by c.created_at, c.id, a.number, a.id`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (a Account, err error) {
		var method sql.NullString
		var since, read sql.NullTime
		err = scan(&a.ID, &a.ConnectionID, &a.Provider, &a.Number, &a.Currency, &method, &since, &read, &a.CashComplete)
		a.Method, a.Since, a.Known = method.String, since.Time.UTC(), read.Valid
		if !since.Valid {
			a.Since = time.Time{}
		}
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return all, nil
}

// Version counts the changes of a person's ledger; 0 before the first.
func Version(ctx context.Context, q db.Querier, userID string) (version int64, err error) {
	err = q.QueryRowContext(ctx, "select coalesce(max(version), 0) from ledger_changes where user_id = $1", userID).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the ledger's version: %w", err)
	}
	return version, nil
}

// ChangedSince is the first day that changes after a version concern; ok is false when that is not known any more, and
// everything has to be worked out anew. With no change it is the zero day.
func ChangedSince(ctx context.Context, q db.Querier, userID string, version int64) (first calendar.Day, ok bool, err error) {
	type change struct {
		version int64
		day     string
	}
	// The least of a column is asked for in Go: SQLite gives that of a text as a time when it looks like one.
	rows, err := q.QueryContext(ctx, "select version, first_day from ledger_changes where user_id = $1 and version > $2 order by version", userID, version)
	changes, err := db.Collect(rows, err, func(scan func(...any) error) (c change, err error) { return c, scan(&c.version, &c.day) })
	if err != nil {
		return first, false, fmt.Errorf("read the ledger's changes: %w", err)
	}
	if len(changes) == 0 || changes[0].version != version+1 {
		return first, len(changes) == 0, nil
	}
	least := slices.MinFunc(changes, func(a, b change) int { return cmp.Compare(a.day, b.day) })
	first, err = calendar.ParseDay(least.day)
	return first, err == nil, err
}

// keptChanges is how many changes are remembered: who worked something out before them works it out anew.
const keptChanges = 200

// markChanged notes a change of a person's ledger, from the day on, in the caller's transaction.
func markChanged(ctx context.Context, tx db.Querier, userID string, first calendar.Day, now time.Time) error {
	// The person's row keeps two changes from taking one number.
	var id string
	err := tx.QueryRowContext(ctx, "update users set updated_at = updated_at where id = $1 returning id", userID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // deleted a moment ago
	}
	if err != nil {
		return fmt.Errorf("note the ledger's change: %w", err)
	}
	version, err := Version(ctx, tx, userID)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "insert into ledger_changes (user_id, version, first_day, at) values ($1, $2, $3, $4)",
		userID, version+1, first.String(), db.Time(now)); err != nil {
		return fmt.Errorf("note the ledger's change: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "delete from ledger_changes where user_id = $1 and version <= $2", userID, version+1-keptChanges); err != nil {
		return fmt.Errorf("forget old changes of the ledger: %w", err)
	}
	return nil
}
