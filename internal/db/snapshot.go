package db

import (
	"context"
	"database/sql"
	"fmt"
)

// Snapshot runs fn on one state of the database, whatever is written meanwhile. fn must change nothing.
func (d *DB) Snapshot(ctx context.Context, fn func(q Querier) error) error {
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to commit
	return fn(tx)
}
