package instrument

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Split makes To shares of From ones, before the market opens on Day.
type Split struct {
	Day      calendar.Day
	From, To decimal.Decimal
}

// nearDays is how far apart the days may be that two sources give for one split: brokerages book it when they come to it.
const nearDays = 7

// AddSplits keeps the splits of an instrument that source tells of, and reports the new ones; what is known stays as it is,
// whoever told of it. A split of about the same day and the same ratio is the same, and of the same day it is, too.
func AddSplits(ctx context.Context, tx db.Querier, id, source string, splits []Split) ([]Split, error) {
	known, err := Splits(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	var added []Split
	for _, s := range splits {
		if !s.From.IsPositive() || !s.To.IsPositive() || slices.ContainsFunc(known, s.same) {
			continue
		}
		result, err := tx.ExecContext(ctx, `insert into instrument_splits (instrument_id, day, split_from, split_to, source)
			values ($1, $2, $3, $4, $5) on conflict (instrument_id, day) do nothing`, id, s.Day.String(), s.From, s.To, source)
		if err != nil {
			return nil, fmt.Errorf("store split: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			added, known = append(added, s), append(known, s)
		}
	}
	return added, nil
}

// same tells whether two tellings are of one split.
func (s Split) same(o Split) bool {
	apart := s.Day.Number() - o.Day.Number()
	return apart == 0 || max(apart, -apart) <= nearDays && s.From.Mul(o.To).Equal(o.From.Mul(s.To))
}

// Splits gives those of an instrument, the oldest first.
func Splits(ctx context.Context, q db.Querier, id string) ([]Split, error) {
	rows, err := q.QueryContext(ctx, "select instrument_id, day, split_from, split_to from instrument_splits where instrument_id = $1 order by day", id)
	all, err := db.Collect(rows, err, scanSplit)
	if err != nil {
		return nil, fmt.Errorf("list splits: %w", err)
	}
	splits := make([]Split, len(all))
	for i, r := range all {
		splits[i] = r.Split
	}
	return splits, nil
}

// heldSplit is a split with the instrument it is of.
type heldSplit struct {
	id string
	Split
}

func scanSplit(scan func(...any) error) (r heldSplit, err error) {
	var day string
	if err = scan(&r.id, &day, &r.From, &r.To); err == nil {
		r.Day, err = calendar.ParseDay(day)
	}
	return r, err
}

// SplitsHeld gives the splits of what a person's positions and transactions are of, by instrument, the oldest first.
func SplitsHeld(ctx context.Context, q db.Querier, userID string) (map[string][]Split, error) {
	rows, err := q.QueryContext(ctx, `select instrument_id, day, split_from, split_to from instrument_splits where instrument_id in (
		select instrument from transactions where user_id = $1 union select instrument from portfolio_holdings where user_id = $1)
		order by day`, userID)
	all, err := db.Collect(rows, err, scanSplit)
	if err != nil {
		return nil, fmt.Errorf("list splits: %w", err)
	}
	byID := map[string][]Split{}
	for _, r := range all {
		byID[r.id] = append(byID[r.id], r.Split)
	}
	return byID, nil
}
