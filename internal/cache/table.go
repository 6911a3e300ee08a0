package cache

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Table is a table of the database that keeps what was fetched. They are all alike.
type Table string

// The tables. One keeps several kinds where several questions are about the same things.
const (
	Quotes    Table = "stock_quote_cache"
	Companies Table = "company_info_cache"
	News      Table = "stock_news_cache"
)

// bounds are how many rows of a kind a table keeps, the latest, and how long after they were fetched last.
type bounds struct {
	rows int
	age  time.Duration
}

const day = 24 * time.Hour

var tables = map[Table]bounds{
	Quotes:    {50_000, 90 * day},
	Companies: {20_000, 180 * day},
	News:      {20_000, 30 * day},
}

const (
	// unknownAge is how long a row is kept that says a key is unknown.
	unknownAge = day
	// trimAfter is how many rows of a kind are written until the table is looked through between its nights.
	trimAfter = 2000
)

func (t Table) known() bool { _, ok := tables[t]; return ok }

func load(ctx context.Context, q db.Querier, table Table, kind string, keys []string) (map[string]record, error) {
	var list strings.Builder
	args := []any{kind}
	for i, key := range keys {
		fmt.Fprintf(&list, ", $%d", i+2)
		args = append(args, key)
	}
	found := make(map[string]record, len(keys))
	rows, err := q.QueryContext(ctx, `select key, value, unknown, fetched_at, missed_at from `+string(table)+ // #nosec G202 -- one of tables
		` where kind = $1 and key in (`+strings.TrimPrefix(list.String(), ", ")+`)`, args...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (r record, err error) {
		var key string
		var missed sql.NullTime
		if err := scan(&key, &r.Value, &r.Unknown, &r.FetchedAt, &missed); err != nil {
			return r, err
		}
		r.MissedAt = missed.Time
		found[key] = r
		return r, nil
	})
	return found, err
}

// save stores a record, unless a later one is there.
func save(ctx context.Context, tx db.Querier, p place, r record) error {
	missed := sql.NullTime{Time: db.Time(r.MissedAt), Valid: !r.MissedAt.IsZero()}
	name := string(p.table)
	_, err := tx.ExecContext(ctx, `insert into `+name+` (kind, key, value, unknown, fetched_at, missed_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (kind, key) do update set value = excluded.value, unknown = excluded.unknown, fetched_at = excluded.fetched_at,
			missed_at = excluded.missed_at where `+name+`.fetched_at <= excluded.fetched_at`, // #nosec G202 -- one of tables
		p.kind, p.key, r.Value, r.Unknown, db.Time(r.FetchedAt), missed)
	return err
}

// Tidy is a period's work: it deletes what nobody has had fetched for long, and what is more than a table keeps.
func (s *Store) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	for table, bounds := range tables {
		if _, err := tx.ExecContext(ctx, `delete from `+string(table)+` where fetched_at < $1`, db.Time(slot.Add(-bounds.age))); err != nil { // #nosec G202 -- one of tables
			return fmt.Errorf("forget old rows of %s: %w", table, err)
		}
		rows, err := tx.QueryContext(ctx, `select distinct kind from `+string(table)) // #nosec G202 -- one of tables
		kinds, err := db.Collect(rows, err, func(scan func(...any) error) (kind string, err error) { return kind, scan(&kind) })
		if err != nil {
			return fmt.Errorf("list the kinds of %s: %w", table, err)
		}
		for _, kind := range kinds {
			if err := trim(ctx, tx, table, kind, slot); err != nil {
				return err
			}
		}
	}
	return nil
}

// trim keeps the latest rows of a kind, as many as there may be.
func trim(ctx context.Context, tx db.Querier, table Table, kind string, now time.Time) error {
	name := string(table)
	_, err := tx.ExecContext(ctx, `delete from `+name+` where kind = $1 and unknown and fetched_at < $2`, kind, db.Time(now.Add(-unknownAge))) // #nosec G202 -- one of tables
	if err != nil {
		return fmt.Errorf("forget what is unknown in %s: %w", table, err)
	}
	_, err = tx.ExecContext(ctx, `delete from `+name+` where kind = $1 and fetched_at < (
		select fetched_at from `+name+` where kind = $1 order by fetched_at desc limit 1 offset $2)`, kind, tables[table].rows-1) // #nosec G202 -- one of tables
	if err != nil {
		return fmt.Errorf("bound %s: %w", table, err)
	}
	return nil
}

// trimGrown trims those kinds of which many rows were written since it was done last: nobody who asks for ever new keys
// makes a table grow until the night. Only the one who writes calls it.
func (s *Store) trimGrown(ctx context.Context, tx db.Querier, places []place, batch map[place]record) error {
	for _, p := range places {
		of := place{table: p.table, kind: p.kind}
		if s.written[of]++; s.written[of] < trimAfter {
			continue
		}
		s.written[of] = 0
		if err := trim(ctx, tx, p.table, p.kind, batch[p].FetchedAt); err != nil {
			return err
		}
	}
	return nil
}
