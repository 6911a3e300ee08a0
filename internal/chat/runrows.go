package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// atOnce is how many ids or events go into one statement. SQLite compares the names of a statement's parameters with one
// another: with 200 events that took longer than to store them.
const atOnce = 50

// places are n numbered parameters from the one numbered first on: "$3, $4".
func places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

func anys(ids []string) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

// inParts calls fn with parts of a list that one statement can take.
func inParts[T any](list []T, fn func(part []T) error) error {
	for len(list) > 0 {
		n := min(atOnce, len(list))
		if err := fn(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// findRunning tells found of those answers that are still being written, and whether they are to be stopped.
func findRunning(ctx context.Context, q db.Querier, ids []string, lock string, found func(id string, stop bool)) error {
	return inParts(ids, func(ids []string) error {
		rows, err := q.QueryContext(ctx, `select id, stop_requested from chat_messages
			where status = 'running' and id in (`+places(1, len(ids))+`) `+lock, anys(ids)...)
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
	return inParts(ids, func(ids []string) error {
		_, err := q.ExecContext(ctx, `update chat_messages set lease_until = $1 where id in (`+places(2, len(ids))+`)`,
			append([]any{until}, anys(ids)...)...)
		return err
	})
}

// line is an event of an answer's stream as it is stored.
type line struct {
	messageID string
	stamped
}

// insertEvents adds events in few statements: streams say many small things.
func insertEvents(ctx context.Context, q db.Querier, lines []line) error {
	const columns = 5
	return inParts(lines, func(lines []line) error {
		values := make([]string, 0, len(lines))
		args := make([]any, 0, len(lines)*columns)
		for i, l := range lines {
			values = append(values, "("+places(i*columns+1, columns)+")")
			args = append(args, l.messageID, l.Seq, l.Type, string(l.Data), l.at)
		}
		_, err := q.ExecContext(ctx, `insert into chat_run_events (message_id, seq, type, data, created_at) values `+
			strings.Join(values, ", ")+" on conflict do nothing", args...) // a commit whose answer got lost
		return err
	})
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
