package recording

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// known is what the ledger knew of an account's history.
type known struct{ read, since sql.NullTime }

// lockAccount keeps two readings of one account from being recorded at once.
func lockAccount(ctx context.Context, tx db.Querier, id string) (k known, err error) {
	row := tx.QueryRowContext(ctx, `update brokerage_accounts set history_cash = history_cash where id = $1
		returning history_read_at, history_since`, id)
	return k, row.Scan(&k.read, &k.since)
}

// markRead notes that the account's history was read. How far it goes is noted with the reading that went furthest back.
func (c *recording) markRead(ctx context.Context, furthest bool) error {
	_, err := c.tx.ExecContext(ctx, `update brokerage_accounts set history_cash = $3,
			history_since = case when $4 then $5 else history_since end,
			history_read_at = case when history_read_at is null or history_read_at < $2 then $2 else history_read_at end where id = $1`,
		c.AccountID, db.Time(c.AsOf), c.History.CashComplete, furthest, since(c.History.Since))
	if err != nil {
		return fmt.Errorf("note the reading of a history: %w", err)
	}
	return nil
}

func since(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Time(t)
}
