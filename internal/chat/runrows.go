package chat

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// idsAtOnce is how many ids go into one statement.
const idsAtOnce = mostInRound

// eventsAtOnce is how many events go into one statement. SQLite compares the names of a statement's parameters with one
// another: with 50 events that took a quarter of the time that storing them did. PostgreSQL has to be asked anew for each.
var eventsAtOnce = map[db.Engine]int{db.SQLite: 16, db.Postgres: mostInRound}

func anys(ids []string) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

// inParts calls fn with parts of a list that one statement can take.
func inParts[T any](list []T, most int, fn func(part []T) error) error {
	for part := range slices.Chunk(list, most) {
		if err := fn(part); err != nil {
			return err
		}
	}
	return nil
}

// findRunning tells found of those answers that are still being written, and whether they are to be stopped.
func findRunning(ctx context.Context, q db.Querier, ids []string, lock string, found func(id string, stop bool)) error {
	return inParts(ids, idsAtOnce, func(ids []string) error {
		rows, err := q.QueryContext(ctx, `select id, stop_requested from chat_messages
			where status = 'running' and id in (`+db.Placeholders(1, len(ids))+`) `+lock, anys(ids)...)
		_, err = db.Collect(rows, err, func(scan func(...any) error) (none struct{}, err error) {
			var id string
			var stop bool
			if err = scan(&id, &stop); err == nil {
				found(id, stop)
			}
			return none, err
		})
		return err
	})
}

// renewLeases says that answers are still being written.
func renewLeases(ctx context.Context, q db.Querier, ids []string, until time.Time) error {
	return inParts(ids, idsAtOnce, func(ids []string) error {
		_, err := q.ExecContext(ctx, `update chat_messages set lease_until = $1 where id in (`+db.Placeholders(2, len(ids))+`)`,
			append([]any{until}, anys(ids)...)...)
		return err
	})
}

// line is an event of an answer's stream as it is stored.
type line struct {
	messageID string
	stamped
}

// eventColumns is how many parameters an event takes.
const eventColumns = 5

// insertOf is the statement that stores so many events. One that is there already is of a commit whose answer got lost.
func insertOf(n int) string {
	values := make([]string, n)
	for i := range values {
		values[i] = "(" + db.Placeholders(i*eventColumns+1, eventColumns) + ")"
	}
	return `insert into chat_run_events (message_id, seq, type, data, created_at) values ` + strings.Join(values, ", ") + ` on conflict do nothing`
}

// insertEvents adds events in few statements: streams say many small things.
func (s *Service) insertEvents(ctx context.Context, tx *sql.Tx, lines []line) error {
	most := eventsAtOnce[s.DB.Engine]
	if whole := len(lines) / most * most; whole > most { // reading a statement takes as long as doing it
		insert, err := tx.PrepareContext(ctx, insertOf(most))
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }() // it ends with tx at the latest
		for part := range slices.Chunk(lines[:whole], most) {
			if _, err := insert.ExecContext(ctx, eventArgs(part)...); err != nil {
				return err
			}
		}
		lines = lines[whole:]
	}
	return inParts(lines, most, func(part []line) error {
		_, err := tx.ExecContext(ctx, insertOf(len(part)), eventArgs(part)...)
		return err
	})
}

func eventArgs(lines []line) []any {
	args := make([]any, 0, len(lines)*eventColumns)
	for _, l := range lines {
		args = append(args, l.messageID, l.Seq, l.Type, string(l.Data), l.at)
	}
	return args
}

// selectEvents lists what an answer's stream has said after the event numbered seq.
func selectEvents(ctx context.Context, q db.Querier, messageID string, seq int64) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `select seq, type, data from chat_run_events where message_id = $1 and seq > $2 order by seq`, messageID, seq)
	return db.Collect(rows, err, func(scan func(...any) error) (e Event, err error) {
		var data string
		err = scan(&e.Seq, &e.Type, &data)
		e.Data = []byte(data)
		return e, err
	})
}
