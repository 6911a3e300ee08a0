package usage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// RollUp is the job of having rows of old days stand for many.
type RollUp struct{}

// Kind names the job.
func (RollUp) Kind() string { return "roll_up_usage" }

// Register says what does the job.
func (s *Service) Register() { job.Handle(s.Jobs, s.RollUp) }

// Due is a period's work: a job to roll up, and what is older than Years goes.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	oldest := dayOf(slot.AddDate(-s.Years, 0, 0)).String()
	for _, table := range []string{"api_usage_days", "api_usage_lost"} {
		if _, err := tx.ExecContext(ctx, `delete from `+table+` where day < $1`, oldest); err != nil { // #nosec G202 -- of the list above
			return fmt.Errorf("tidy %s: %w", table, err)
		}
	}
	_, err := s.Jobs.Add(ctx, tx, RollUp{}, job.Unique("usage"))
	return err
}

// rolled is how many rows are rolled up in one transaction.
const rolled = 10_000

// RollUp puts in the place of the rows of each day before the last Days those that stand for many. What is asked about these
// days is answered the same before and after, also in the middle. A transaction takes its rows out and puts in what they
// come to, so that each row counts once whatever is done by whom how often.
func (s *Service) RollUp(ctx context.Context, _ RollUp) error {
	before := dayOf(s.Now()).AddDays(-s.Days).String()
	for {
		var taken int
		err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			tallies, n, err := s.take(ctx, tx, before)
			taken = n
			if err != nil || n == 0 {
				return err
			}
			return insertTallies(ctx, tx, tallies)
		})
		if err != nil || taken == 0 {
			return err
		}
	}
}

// owned is a key with whose it is.
type owned struct {
	key
	userID string
}

// take deletes rows of old days, the oldest first, and adds up those of one key.
func (s *Service) take(ctx context.Context, tx *sql.Tx, before string) (map[owned]*tally, int, error) {
	// By day first, and so that rows of one key are rarely in two transactions.
	rows, err := tx.QueryContext(ctx, `delete from api_usage_logs where id in (`+ // #nosec G202 -- columns from our own list
		`select id from api_usage_logs where day < $1 order by day, user_id, kind, provider, endpoint limit $2 `+s.DB.SkipLocked()+`)
		returning day, kind, provider, endpoint, model, status, failure, latency, cast(user_id as text), 1, `+takenColumns, before, rolled)
	tallies := map[owned]*tally{}
	found, err := db.Collect(rows, err, func(scan func(...any) error) (struct{}, error) {
		t := tally{latency: histogram{}}
		var where int64
		var userID *string
		err := scan(append(append(t.key.fields(), &where, &userID), t.amounts.fields()...)...)
		t.latency[where] = t.Calls
		whose := owned{key: t.key}
		if userID != nil {
			whose.userID = *userID
		}
		if tallies[whose] == nil {
			tallies[whose] = &tally{key: t.key, latency: histogram{}}
		}
		tallies[whose].add(t)
		return struct{}{}, err
	})
	return tallies, len(found), err
}

// insertTallies adds rows that stand for many.
func insertTallies(ctx context.Context, tx *sql.Tx, tallies map[owned]*tally) error {
	var rows [][]any
	for whose, t := range tallies {
		latency, err := json.Marshal(t.latency)
		if err != nil {
			return err
		}
		rows = append(rows, append([]any{db.NewID(), t.Day, t.Kind, optional(whose.userID), t.Provider, t.Endpoint, t.Model, t.Status, t.Failure,
			string(latency), t.Calls}, t.taken()...))
	}
	return insertRows(ctx, tx, "api_usage_days", "id, day, kind, user_id, provider, endpoint, model, status, failure, latency, calls, "+takenColumns, rows)
}
