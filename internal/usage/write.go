package usage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

const (
	// Delay is how long a row waits before it is stored: as much is missing where a process is killed.
	Delay = time.Second
	// storeTime bounds one batch, and with it what Close takes where the database does not answer.
	storeTime = 10 * time.Second
)

// Run stores what is recorded until ctx ends, a batch each second or as soon as one is full.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(Delay)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.full:
			if failing { // each second is often enough
				continue
			}
		}
		err := s.store(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "usage cannot be stored at the moment; it is kept in memory and tried again", "error", err)
		}
		if err == nil && failing {
			s.Log.InfoContext(ctx, "usage is stored again")
		}
		failing = err != nil
	}
}

// Close stores what is left. Run must have returned, and nothing be recorded any more.
func (s *Service) Close() {
	if err := s.store(context.Background()); err != nil {
		s.Log.Warn("the last records of usage are lost", "records", len(s.waiting), "error", err)
	}
}

// loss are records that could not be kept, under the id of their row: what was perhaps stored is stored once.
type loss struct {
	id string
	n  int64
}

// store stores all that waits, and what was lost before. What is not stored waits on.
func (s *Service) store(ctx context.Context) error {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), batch)
		if s.untold.n == 0 && s.lost > 0 {
			s.untold, s.lost = loss{db.NewID(), s.lost}, 0
		}
		lost := s.untold
		entries := s.waiting[:n:n]
		for i := range entries {
			if entries[i].id == "" { // once, so that a batch of which nobody knows whether it was stored is stored once
				entries[i].id = db.NewID()
			}
		}
		s.mu.Unlock()
		if n == 0 && lost.n == 0 {
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, storeTime)
		err := s.DB.Tx(bounded, func(tx *sql.Tx) error { return s.insert(bounded, tx, entries, lost) })
		cancel()
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.waiting = append(s.waiting[:0:0], s.waiting[n:]...) // so that no old array grows behind a slice
		s.untold = loss{}
		s.mu.Unlock()
		if lost.n > 0 {
			s.Log.WarnContext(ctx, "records of usage were lost while they could not be stored", "records", lost.n)
		}
	}
}

func (s *Service) insert(ctx context.Context, tx *sql.Tx, entries []entry, lost loss) error {
	if lost.n > 0 {
		if err := insertRows(ctx, tx, "api_usage_lost", "id, day, lost", [][]any{{lost.id, dayOf(s.Now()).String(), lost.n}}); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return nil
	}
	there, err := people(ctx, tx, entries)
	if err != nil {
		return err
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		var userID, correlation *string // nobody's, also where they left
		if there[e.UserID] {
			userID, correlation = optional(e.UserID), optional(name(e.Correlation))
		}
		rows[i] = append([]any{e.id, db.Time(e.At), e.Day, e.Kind, userID, correlation, e.Provider, name(e.Endpoint), name(e.Model), e.Status,
			e.Failure, e.Took.Microseconds(), place(e.Took)}, e.taken()...)
	}
	return insertRows(ctx, tx, "api_usage_logs",
		"id, at, day, kind, user_id, correlation_id, provider, endpoint, model, status, failure, duration_us, latency, "+takenColumns, rows)
}

// people are those of the entries who are still there.
func people(ctx context.Context, tx db.Querier, entries []entry) (map[string]bool, error) {
	there := map[string]bool{}
	var ids []any
	for _, e := range entries {
		if _, seen := there[e.UserID]; e.UserID != "" && !seen {
			there[e.UserID] = false
			ids = append(ids, e.UserID)
		}
	}
	if len(ids) == 0 {
		return there, nil
	}
	rows, err := tx.QueryContext(ctx, `select cast(id as text) from users where id in (`+db.Placeholders(1, len(ids))+`)`, ids...) // #nosec G202 -- places
	found, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	for _, id := range found {
		there[id] = true
	}
	return there, err
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// takenColumns are where it is kept what was taken.
const takenColumns = "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd"

// taken are the values of takenColumns.
func (a amounts) taken() []any {
	t := a.Tokens
	return []any{t.Input, t.Output, t.CacheRead, t.CacheWrite, a.USD}
}

// perStatement is how many rows a statement inserts: SQLite's work for its parameters grows with their square.
const perStatement = 50

// insertRows adds rows that are not there yet, by their first column, the id.
func insertRows(ctx context.Context, tx db.Querier, table, columns string, rows [][]any) error {
	for part := range slices.Chunk(rows, perStatement) {
		var places []string
		var args []any
		for _, row := range part {
			places = append(places, "("+db.Placeholders(len(args)+1, len(row))+")")
			args = append(args, row...)
		}
		_, err := tx.ExecContext(ctx, "insert into "+table+" ("+columns+") values "+strings.Join(places, ", ")+" on conflict (id) do nothing", args...) // #nosec G202 -- constants
		if err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

// Forget takes from the rows of those who left what still leads to them, in the transaction that deleted them: their rows
// are nobody's by then, and what is nobody's has no correlation id.
func Forget(ctx context.Context, tx db.Querier) error {
	_, err := tx.ExecContext(ctx, `update api_usage_logs set correlation_id = null where user_id is null and correlation_id is not null`)
	if err != nil {
		return fmt.Errorf("forget whose usage it was: %w", err)
	}
	return nil
}
