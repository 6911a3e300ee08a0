package pastprices

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/packed"
)

// in is a list of placeholders for symbols, with its arguments.
func in(symbols []string) (list string, args []any) {
	var text strings.Builder
	for i, symbol := range symbols {
		fmt.Fprintf(&text, ", $%d", i+1)
		args = append(args, symbol)
	}
	return "(" + strings.TrimPrefix(text.String(), ", ") + ")", args
}

// loadSeries reads what is kept of the symbols. Of one whose closes are damaged nothing is: it comes back in damaged, too.
func loadSeries(ctx context.Context, q db.Querier, symbols []string) (all map[string]*series, damaged []string, err error) {
	list, args := in(symbols)
	if all, err = loadHeads(ctx, q, list, args); err != nil || len(all) == 0 {
		return all, nil, err
	}
	bad := map[string]bool{}
	rows, err := q.QueryContext(ctx, "select symbol, closes from price_years where symbol in "+list+" order by symbol, year", args...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (none struct{}, err error) {
		var symbol string
		var closes sql.RawBytes
		if err := scan(&symbol, &closes); err != nil {
			return none, err
		}
		s := all[symbol]
		if s == nil {
			return none, nil // fetched for the first time a moment ago
		}
		var wrong error
		if s.Columns, wrong = packed.Unpack(closes, s.Columns); wrong != nil {
			bad[symbol] = true
		}
		return none, nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("load closes: %w", err)
	}
	if err := loadEvents(ctx, q, all, list, args); err != nil {
		return nil, nil, err
	}
	for symbol := range bad {
		all[symbol] = &series{symbol: symbol, askedAt: all[symbol].askedAt}
		damaged = append(damaged, symbol)
	}
	return all, damaged, nil
}

func loadHeads(ctx context.Context, q db.Querier, list string, args []any) (map[string]*series, error) {
	rows, err := q.QueryContext(ctx, `select symbol, currency, source, first_day, fetched_at, unknown_until, asked_at
		from price_histories where symbol in `+list, args...)
	heads, err := db.Collect(rows, err, func(scan func(...any) error) (*series, error) {
		s := new(series)
		var first string
		var unknown sql.NullTime
		if err := scan(&s.symbol, &s.currency, &s.source, &first, &s.fetchedAt, &unknown, &s.askedAt); err != nil {
			return nil, err
		}
		s.unknownUntil = unknown.Time
		if !s.known() {
			return s, nil
		}
		day, err := calendar.ParseDay(first)
		s.first = day.Number()
		s.Total = []float64{}
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("load what is known of prices: %w", err)
	}
	all := make(map[string]*series, len(heads))
	for _, s := range heads {
		all[s.symbol] = s
	}
	return all, nil
}

func loadEvents(ctx context.Context, q db.Querier, all map[string]*series, list string, args []any) error {
	rows, err := q.QueryContext(ctx, "select symbol, day, split_from, split_to from price_splits where symbol in "+list+" order by day", args...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (split market.Split, err error) {
		var symbol, day string
		if err = scan(&symbol, &day, &split.From, &split.To); err == nil {
			split.Day, err = calendar.ParseDay(day)
		}
		if s := all[symbol]; s != nil && err == nil {
			s.splits = append(s.splits, split)
		}
		return split, err
	})
	if err != nil {
		return fmt.Errorf("load splits: %w", err)
	}
	rows, err = q.QueryContext(ctx, "select symbol, day, amount from price_dividends where symbol in "+list+" order by day", args...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (d market.Dividend, err error) {
		var symbol, day string
		if err = scan(&symbol, &day, &d.Amount); err == nil {
			d.Day, err = calendar.ParseDay(day)
		}
		if s := all[symbol]; s != nil && err == nil {
			s.dividends = append(s.dividends, d)
		}
		return d, err
	})
	if err != nil {
		return fmt.Errorf("load dividends: %w", err)
	}
	return nil
}

// storeWhole replaces all that is kept of a symbol.
func storeWhole(ctx context.Context, tx db.Querier, s *series, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into price_histories (symbol, currency, source, first_day, fetched_at, unknown_until, asked_at)
		values ($1, $2, $3, $4, $5, null, $6)
		on conflict (symbol) do update set currency = excluded.currency, source = excluded.source, first_day = excluded.first_day,
			fetched_at = excluded.fetched_at, unknown_until = null`,
		s.symbol, s.currency, s.source, calendar.DayNumbered(s.first).String(), db.Time(s.fetchedAt), db.Time(now))
	if err != nil {
		return fmt.Errorf("store what is known of prices: %w", err)
	}
	for _, table := range []string{"price_years", "price_splits", "price_dividends"} {
		if _, err := tx.ExecContext(ctx, "delete from "+table+" where symbol = $1", s.symbol); err != nil { // #nosec G202 -- the three above
			return fmt.Errorf("replace %s: %w", table, err)
		}
	}
	if err := storeYears(ctx, tx, s, s.first); err != nil {
		return err
	}
	for _, split := range s.splits {
		if _, err := tx.ExecContext(ctx, `insert into price_splits (symbol, day, split_from, split_to) values ($1, $2, $3, $4)
			on conflict (symbol, day) do nothing`, s.symbol, split.Day.String(), split.From, split.To); err != nil {
			return fmt.Errorf("store split: %w", err)
		}
	}
	for _, d := range s.dividends {
		if _, err := tx.ExecContext(ctx, `insert into price_dividends (symbol, day, amount) values ($1, $2, $3)
			on conflict (symbol, day) do nothing`, s.symbol, d.Day.String(), d.Amount); err != nil {
			return fmt.Errorf("store dividend: %w", err)
		}
	}
	return nil
}

// storeNext stores the days by which next is longer than old, unless somebody else has stored something since old: then
// it reports false.
func storeNext(ctx context.Context, tx db.Querier, old, next *series) (bool, error) {
	result, err := tx.ExecContext(ctx, `update price_histories set fetched_at = $2, unknown_until = null
		where symbol = $1 and fetched_at = $3 and first_day = $4`,
		next.symbol, db.Time(next.fetchedAt), db.Time(old.fetchedAt), calendar.DayNumbered(old.first).String())
	if err != nil {
		return false, fmt.Errorf("store what is known of prices: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, storeYears(ctx, tx, next, old.last()+1)
}

// storeYears stores the years that have days since the one given.
func storeYears(ctx context.Context, tx db.Querier, s *series, since int32) error {
	for year, c := range s.Years(since) {
		if _, err := tx.ExecContext(ctx, `insert into price_years (symbol, year, closes) values ($1, $2, $3)
			on conflict (symbol, year) do update set closes = excluded.closes`, s.symbol, year, packed.Pack(c)); err != nil {
			return fmt.Errorf("store closes: %w", err)
		}
	}
	return nil
}

// storeUnknown notes that no source knows a symbol. What they told of it before stays.
func storeUnknown(ctx context.Context, tx db.Querier, symbol string, until, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into price_histories (symbol, currency, source, first_day, fetched_at, unknown_until, asked_at)
		values ($1, '', '', '', $2, $3, $2)
		on conflict (symbol) do update set unknown_until = excluded.unknown_until`, symbol, db.Time(now), db.Time(until))
	if err != nil {
		return fmt.Errorf("store what is known of prices: %w", err)
	}
	return nil
}

// markAsked notes that somebody wants to know the prices of the symbols.
func markAsked(ctx context.Context, tx db.Querier, symbols []string, now time.Time) error {
	list, args := in(symbols)
	_, err := tx.ExecContext(ctx, fmt.Sprintf("update price_histories set asked_at = $%d where symbol in %s", len(args)+1, list), // #nosec G201 -- placeholders
		append(args, db.Time(now))...)
	if err != nil {
		return fmt.Errorf("note who asks for prices: %w", err)
	}
	return nil
}

// forgotten is how long prices are kept that nobody asks for.
const forgotten = 400 * 24 * time.Hour

// Tidy is a period's work: it deletes the past prices that nobody has asked for in more than a year.
func (s *Service) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	if _, err := tx.ExecContext(ctx, "delete from price_histories where asked_at < $1", db.Time(slot.Add(-forgotten))); err != nil {
		return fmt.Errorf("forget old prices: %w", err)
	}
	return nil
}
