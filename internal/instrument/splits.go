package instrument

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Split makes To shares of From ones, before the market opens on Day.
type Split struct {
	Day      calendar.Day
	From, To decimal.Decimal
}

// AddSplits keeps the splits of an instrument that source tells of, and reports the new ones. One of a day that is known
// stays as it is, whoever told of it.
func AddSplits(ctx context.Context, tx db.Querier, id, source string, splits []Split) ([]Split, error) {
	var added []Split
	for _, s := range splits {
		result, err := tx.ExecContext(ctx, `insert into instrument_splits (instrument_id, day, split_from, split_to, source)
			values ($1, $2, $3, $4, $5) on conflict (instrument_id, day) do nothing`, id, s.Day.String(), s.From, s.To, source)
		if err != nil {
			return nil, fmt.Errorf("store split: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			added = append(added, s)
		}
	}
	return added, nil
}

// SplitsHeld gives the splits of what a person's positions and transactions are of, by instrument, the oldest first.
func SplitsHeld(ctx context.Context, q db.Querier, userID string) (map[string][]Split, error) {
	type row struct {
		id string
		Split
	}
	rows, err := q.QueryContext(ctx, `select instrument_id, day, split_from, split_to from instrument_splits where instrument_id in (
		select instrument from transactions where user_id = $1 union select instrument from portfolio_holdings where user_id = $1)
		order by day`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (r row, err error) {
		var day string
		if err = scan(&r.id, &day, &r.From, &r.To); err == nil {
			r.Day, err = calendar.ParseDay(day)
		}
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("list splits: %w", err)
	}
	byID := map[string][]Split{}
	for _, r := range all {
		byID[r.id] = append(byID[r.id], r.Split)
	}
	return byID, nil
}
