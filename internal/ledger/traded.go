package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Traded are the days on which transactions tell an instrument's price; zero days where none do.
type Traded struct {
	Opened calendar.Day // the first on which it was there before its known history
	Last   calendar.Day // the last on which it was bought, sold or moved
}

// LastTraded tells of each instrument that a person's transactions are of when it was traded last.
func LastTraded(ctx context.Context, q db.Querier, userID string) (map[string]Traded, error) {
	// As numbers, since SQLite's driver would take min(day) for a time.
	rows, err := q.QueryContext(ctx, `select instrument, min(case when kind = 'opening' then cast(replace(day, '-', '') as integer) end),
			max(case when kind in ('buy', 'sell', 'delivery_in', 'delivery_out', 'transfer_in', 'transfer_out') then cast(replace(day, '-', '') as integer) end)
		from transactions where user_id = $1 and instrument is not null group by instrument`, userID)
	all := map[string]Traded{}
	_, err = db.Collect(rows, err, func(scan func(...any) error) (t Traded, err error) {
		var id string
		var opened, last sql.NullInt64
		err = scan(&id, &opened, &last)
		all[id] = Traded{numbered(opened), numbered(last)}
		return all[id], err
	})
	if err != nil {
		return nil, fmt.Errorf("read when instruments were traded: %w", err)
	}
	return all, nil
}

// numbered is the day that is written as a number, such as 20261125.
func numbered(n sql.NullInt64) calendar.Day {
	if !n.Valid {
		return calendar.Day{}
	}
	return calendar.Day{Year: int(n.Int64 / 10000), Month: time.Month(n.Int64 / 100 % 100), Day: int(n.Int64 % 100)}
}
