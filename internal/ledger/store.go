package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
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

// Load gives all of a person's transactions, without their descriptions, the oldest first; those of one moment by account
// and the brokerage's id, so that the order depends on nothing else.
func Load(ctx context.Context, q db.Querier, userID string) ([]Transaction, error) {
	return readAll(ctx, q, "user_id = $1", userID)
}

// LoadFrom is Load without what happened before a day.
func LoadFrom(ctx context.Context, q db.Querier, userID string, first calendar.Day) ([]Transaction, error) {
	return readAll(ctx, q, "user_id = $1 and at >= $2", userID, db.Time(first.At(0, 0)))
}

// Accounts gives a person's accounts, in the order they were connected.
func Accounts(ctx context.Context, q db.Querier, userID string) ([]Account, error) {
	rows, err := q.QueryContext(ctx, `select a.id, a.connection_id, c.provider, a.number, a.currency, a.cost_basis_method,
			a.history_since, a.history_read_at, a.history_cash, a.missing_since
		from brokerage_accounts a join brokerage_connections c on c.id = a.connection_id
		where c.user_id = $1 order by c.created_at, c.id, a.number, a.id`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (a Account, err error) {
		var method sql.NullString
		var since, read, missing sql.NullTime
		err = scan(&a.ID, &a.ConnectionID, &a.Provider, &a.Number, &a.Currency, &method, &since, &read, &a.CashComplete, &missing)
		a.Method, a.Since, a.Known = method.String, since.Time.UTC(), read.Valid
		if !since.Valid {
			a.Since = time.Time{}
		}
		if missing.Valid {
			a.MissingSince = missing.Time.UTC()
		}
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return all, nil
}

// LoadAccount gives an account's transactions by the brokerage's ids.
func LoadAccount(ctx context.Context, q db.Querier, accountID string) (map[string]Transaction, error) {
	rows, err := q.QueryContext(ctx, "select "+transactionColumns+" from transactions where account_id = $1", accountID)
	all, err := db.Collect(rows, err, scanTransaction)
	if err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	byID := make(map[string]Transaction, len(all))
	for _, t := range all {
		byID[t.ExternalID] = t
	}
	return byID, nil
}

// FirstDay is the day of an account's oldest transaction; the zero day when there is none.
func FirstDay(ctx context.Context, q db.Querier, accountID string) (calendar.Day, error) {
	var first string
	err := q.QueryRowContext(ctx, "select day from transactions where account_id = $1 order by at limit 1", accountID).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return calendar.Day{}, nil
	}
	if err != nil {
		return calendar.Day{}, fmt.Errorf("find the first transaction: %w", err)
	}
	return calendar.ParseDay(first)
}

var errNoTransaction = fault.New(fault.NotFound, "no such transaction")

// Find gives one of a person's transactions; a NotFound when it is none of theirs.
func Find(ctx context.Context, q db.Querier, userID, id string) (Transaction, error) {
	if !db.IsID(id) {
		return Transaction{}, errNoTransaction
	}
	row := q.QueryRowContext(ctx, "select "+transactionColumns+" from transactions where id = $1 and user_id = $2", id, userID)
	t, err := scanTransaction(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return t, errNoTransaction
	}
	if err != nil {
		return t, fmt.Errorf("find transaction: %w", err)
	}
	return t, nil
}

// rowsAtOnce is how many transactions one statement stores.
const rowsAtOnce = 50

// Store puts transactions, each of another id, into the ledger, over what was there of the same account and brokerage's
// id. Who does says with Changes that the ledger changed.
func Store(ctx context.Context, tx db.Querier, userID string, all []Transaction, now time.Time) error {
	for batch := range slices.Chunk(all, rowsAtOnce) {
		args := []any{userID, db.Time(now)}
		var rows []string
		for _, t := range batch {
			values := []any{
				t.ID, t.ConnectionID, t.AccountID, t.ExternalID, t.Kind, t.At, t.Day.String(), nullable(t.Instrument), t.Symbol, t.Quantity,
				t.Price, t.Currency, t.Amount, t.Fee, t.Tax, t.SplitFrom, t.SplitTo, t.Description,
			}
			rows = append(rows, "($1, $2, $2, "+placeholders(len(args), len(values))+")")
			args = append(args, values...)
		}
		_, err := tx.ExecContext(ctx, "insert into transactions (user_id, created_at, updated_at, "+transactionColumns+") values "+
			strings.Join(rows, ", ")+` on conflict (account_id, external_id) do update set kind = excluded.kind, at = excluded.at,
			day = excluded.day, instrument = excluded.instrument, symbol = excluded.symbol, quantity = excluded.quantity,
			price = excluded.price, currency = excluded.currency, amount = excluded.amount, fee = excluded.fee, tax = excluded.tax,
			split_from = excluded.split_from, split_to = excluded.split_to, description = excluded.description,
			updated_at = excluded.updated_at`, args...)
		if err != nil {
			return fmt.Errorf("store transactions: %w", err)
		}
	}
	return nil
}

// placeholders is "$n+1, $n+2, …" for so many values.
func placeholders(n, values int) string {
	var b strings.Builder
	for i := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+i+1)
	}
	return b.String()
}

func nullable(id string) any {
	if id == "" {
		return nil
	}
	return id
}

// Remove takes a transaction out of the ledger. Who does says so with Changes.
func Remove(ctx context.Context, tx db.Querier, id string) error {
	if _, err := tx.ExecContext(ctx, "delete from transactions where id = $1", id); err != nil {
		return fmt.Errorf("remove transaction: %w", err)
	}
	return nil
}
