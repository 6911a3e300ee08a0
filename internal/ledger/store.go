package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
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

// Load gives all of a person's transactions, without their descriptions, the oldest first; those of one moment by account and the brokerage's id, so
// that the order depends on nothing else.
func Load(ctx context.Context, q db.Querier, userID string) ([]Transaction, error) {
	return readAll(ctx, q, "select "+loadColumns+` from transactions where user_id = $1
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
	rows, err := q.QueryContext(ctx, "select version, first_day from ledger_changes where user_id = $1 and version > $2 order by version", userID, version)
	changes, err := db.Collect(rows, err, func(scan func(...any) error) (c change, err error) { return c, scan(&c.version, &c.day) })
	if err != nil {
		return first, false, fmt.Errorf("read the ledger's changes: %w", err)
	}
	if len(changes) == 0 {
		return first, true, nil
	}
	if changes[0].version != version+1 {
		return first, false, nil
	}
	earliest := slices.MinFunc(changes, func(a, b change) int { return strings.Compare(a.day, b.day) })
	first, err = calendar.ParseDay(earliest.day)
	return first, err == nil, err
}

func storedIn(ctx context.Context, q db.Querier, accountID string) (map[string]Transaction, error) {
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

// rowsAtOnce is how many transactions one statement stores.
const rowsAtOnce = 50

// upsert stores transactions, each of another id.
func upsert(ctx context.Context, tx db.Querier, userID string, all []Transaction, now time.Time) error {
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

// markRead notes that the account's history was read. How far it goes is noted with the reading that went furthest back.
func (c *recording) markRead(ctx context.Context, furthest bool) error {
	_, err := c.tx.ExecContext(ctx, `update brokerage_accounts set history_cash = $3,
			history_since = case when $4 then $5 else history_since end,
			history_read_at = case when history_read_at is null or history_read_at < $2 then $2 else history_read_at end where id = $1`,
		c.AccountID, db.Time(c.AsOf), c.History.CashComplete, furthest, since(c.History.Since))
	if err != nil {
		return fmt.Errorf("note the reading of a history: %w", err)
	}
	return nil
}

func since(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Time(t)
}

// AddSplits keeps the splits of an instrument that a source tells of, in the caller's transaction; the ledgers of all who
// hold it change where one is new.
func AddSplits(ctx context.Context, tx db.Querier, instrumentID, source string, splits []instrument.Split, now time.Time) error {
	added, err := instrument.AddSplits(ctx, tx, instrumentID, source, splits)
	if err != nil {
		return err
	}
	changes := map[string]calendar.Day{}
	err = touchHolders(ctx, tx, instrumentID, added, func(userID string, day calendar.Day) {
		if first, is := changes[userID]; !is || day.Before(first) {
			changes[userID] = day
		}
	})
	if err != nil {
		return err
	}
	return markAll(ctx, tx, changes, now)
}

// touchHolders tells of everybody who has transactions of an instrument that splits changed.
func touchHolders(ctx context.Context, q db.Querier, instrumentID string, added []instrument.Split, touch func(string, calendar.Day)) error {
	if len(added) == 0 {
		return nil
	}
	rows, err := q.QueryContext(ctx, "select distinct user_id from transactions where instrument = $1", instrumentID)
	holders, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return fmt.Errorf("list holders: %w", err)
	}
	for _, id := range holders {
		for _, s := range added {
			touch(id, s.Day)
		}
	}
	return nil
}

// markAll notes the changes of several people's ledgers, in one order, so that two who do wait for one another in no circle.
func markAll(ctx context.Context, tx db.Querier, changes map[string]calendar.Day, now time.Time) error {
	for _, userID := range slices.Sorted(maps.Keys(changes)) {
		if err := markChanged(ctx, tx, userID, changes[userID], now); err != nil {
			return err
		}
	}
	return nil
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
