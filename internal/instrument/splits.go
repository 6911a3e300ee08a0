package instrument

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Split makes To shares of From ones, before the market opens on Day.
type Split struct {
	Day      calendar.Day
	From, To decimal.Decimal
	// Guessed says that no source told the ratio: it was found from what was held before and after.
	Guessed bool
}

// nearDays is how far apart the days may be that two sources give for one split: brokerages book it when they come to it.
const nearDays = 7

// GuessedMark is behind the source of a ratio that was guessed.
const GuessedMark = " (guessed)"

// AddSplits keeps the splits of an instrument that source tells of, and reports what changed; what is known stays as it is,
// whoever told of it, but for a ratio that was guessed: one that is told takes its place, and both are reported. A split of about
// the same day and the same ratio is the same, and of the same day it is, too.
func AddSplits(ctx context.Context, tx db.Querier, id, source string, splits []Split) ([]Split, error) {
	known, err := Splits(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	var changed []Split
	for _, s := range splits {
		if !s.From.IsPositive() || !s.To.IsPositive() {
			continue
		}
		at := slices.IndexFunc(known, s.corrects)
		switch {
		case at >= 0:
			if _, err := tx.ExecContext(ctx, "delete from instrument_splits where instrument_id = $1 and day = $2", id, known[at].Day.String()); err != nil {
				return nil, fmt.Errorf("replace split: %w", err)
			}
			changed, known = append(changed, known[at]), slices.Delete(known, at, at+1)
		case slices.ContainsFunc(known, s.same):
			continue
		}
		isNew, err := s.insert(ctx, tx, id, source)
		if err != nil {
			return nil, err
		}
		if isNew {
			changed, known = append(changed, s), append(known, s)
		}
	}
	return changed, nil
}

// insert stores a split, unless another process was first.
func (s Split) insert(ctx context.Context, tx db.Querier, id, source string) (isNew bool, err error) {
	if s.Guessed {
		source += GuessedMark
	}
	result, err := tx.ExecContext(ctx, `insert into instrument_splits (instrument_id, day, split_from, split_to, source)
		values ($1, $2, $3, $4, $5) on conflict (instrument_id, day) do nothing`, id, s.Day.String(), s.From, s.To, source)
	if err != nil {
		return false, fmt.Errorf("store split: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// same tells whether o is the split that s tells of. What is guessed is no other split than the one that is known of then.
func (s Split) same(o Split) bool {
	return s.apart(o) == 0 || s.apart(o) <= nearDays && (s.Guessed || s.hasRatioOf(o))
}

// corrects tells whether o is a wrong guess of the split that s tells of.
func (s Split) corrects(o Split) bool {
	return o.Guessed && !s.Guessed && s.apart(o) <= nearDays && !s.hasRatioOf(o)
}

func (s Split) hasRatioOf(o Split) bool { return s.From.Mul(o.To).Equal(o.From.Mul(s.To)) }

func (s Split) apart(o Split) int32 {
	days := s.Day.Number() - o.Day.Number()
	return max(days, -days)
}

// Splits gives those of an instrument, the oldest first.
func Splits(ctx context.Context, q db.Querier, id string) ([]Split, error) {
	rows, err := q.QueryContext(ctx, "select instrument_id, day, split_from, split_to, source from instrument_splits where instrument_id = $1 order by day", id)
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
	var day, source string
	if err = scan(&r.id, &day, &r.From, &r.To, &source); err == nil {
		r.Day, err = calendar.ParseDay(day)
	}
	r.Guessed = strings.HasSuffix(source, GuessedMark)
	return r, err
}

// SplitsHeld gives the splits of what a person's positions and transactions are of, by instrument, the oldest first.
func SplitsHeld(ctx context.Context, q db.Querier, userID string) (map[string][]Split, error) {
	rows, err := q.QueryContext(ctx, `select instrument_id, day, split_from, split_to, source from instrument_splits where instrument_id in (
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
