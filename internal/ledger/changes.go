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
)

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

// Changes is the first day that changes, by person.
type Changes map[string]calendar.Day

// Add has a person's ledger change from a day on.
func (c Changes) Add(userID string, day calendar.Day) {
	if first, is := c[userID]; !is || day.Before(first) {
		c[userID] = day
	}
}

// AddHolders has the ledgers of all who have transactions of an instrument change from a day on.
func (c Changes) AddHolders(ctx context.Context, q db.Querier, instrumentID string, day calendar.Day) error {
	rows, err := q.QueryContext(ctx, "select distinct user_id from transactions where instrument = $1", instrumentID)
	holders, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return fmt.Errorf("list holders: %w", err)
	}
	for _, id := range holders {
		c.Add(id, day)
	}
	return nil
}

// Store notes the changes in the caller's transaction: of several people in one order, so that two who do wait for one
// another in no circle.
func (c Changes) Store(ctx context.Context, tx db.Querier, now time.Time) error {
	for _, userID := range slices.Sorted(maps.Keys(c)) {
		if err := markChanged(ctx, tx, userID, c[userID], now); err != nil {
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
