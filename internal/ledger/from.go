package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// LoadFrom is Load without what happened before a day.
func LoadFrom(ctx context.Context, q db.Querier, userID string, first calendar.Day) ([]Transaction, error) {
	rows, err := q.QueryContext(ctx, "select "+transactionColumns+` from transactions where user_id = $1 and at >= $2
		order by at, account_id, external_id`, userID, db.Time(first.At(0, 0)))
	all, err := db.Collect(rows, err, scanTransaction)
	if err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	return all, nil
}

// Span is what the ledger has of a person: the currencies in which money moved, and the first day; zero when nothing did.
func Span(ctx context.Context, q db.Querier, userID string) (currencies []string, first calendar.Day, err error) {
	rows, err := q.QueryContext(ctx, "select distinct currency from transactions where user_id = $1 order by currency", userID)
	currencies, err = db.Collect(rows, err, func(scan func(...any) error) (c string, err error) { return c, scan(&c) })
	if err != nil {
		return nil, first, fmt.Errorf("list currencies of transactions: %w", err)
	}
	var day string
	err = q.QueryRowContext(ctx, "select day from transactions where user_id = $1 order by at limit 1", userID).Scan(&day)
	if errors.Is(err, sql.ErrNoRows) {
		return currencies, first, nil
	}
	if err == nil {
		first, err = calendar.ParseDay(day)
	}
	if err != nil {
		return nil, first, fmt.Errorf("find the first transaction: %w", err)
	}
	return currencies, first, nil
}
