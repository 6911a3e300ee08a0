package ledger

import (
	"context"
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
	type row struct{ currency, day string }
	rows, err := q.QueryContext(ctx, "select currency, min(day) from transactions where user_id = $1 group by currency order by currency", userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (r row, err error) { return r, scan(&r.currency, &r.day) })
	if err != nil {
		return nil, first, fmt.Errorf("list currencies of transactions: %w", err)
	}
	for _, r := range all {
		day, err := calendar.ParseDay(r.day)
		if err != nil {
			return nil, first, err
		}
		if currencies = append(currencies, r.currency); first == (calendar.Day{}) || day.Before(first) {
			first = day
		}
	}
	return currencies, first, nil
}
