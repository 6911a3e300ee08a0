package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// onePicture is a transaction of PostgreSQL that reads one.
var onePicture = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}

// Snapshot runs fn on one unchanging picture of the database, whatever is written meanwhile. fn can only read. On SQLite
// it holds one of few read connections, so those who are slow must be few.
func (d *DB) Snapshot(ctx context.Context, fn func(q Querier) error) (err error) {
	ctx, span := trace.Start(ctx, "db snapshot")
	defer func() { span.End(fault.NameOf(err)) }()
	var options *sql.TxOptions // SQLite's transactions are such pictures, and the connection is read-only
	if d.Engine == Postgres {
		options = onePicture
	}
	return inTransaction(ctx, d.read, options, fn)
}

// inTransaction runs fn in one that only reads.
func inTransaction(ctx context.Context, pool *sql.DB, options *sql.TxOptions, fn func(q Querier) error) error {
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to commit
	return fn(tx)
}

// Scrub takes out of SQLite's write-ahead log what was deleted; the file itself is overwritten with each deletion. While
// somebody reads an older state some may stay, until a later checkpoint. PostgreSQL's vacuum does this by itself.
func (d *DB) Scrub(ctx context.Context) error {
	if d.log == nil {
		return nil
	}
	return d.log.move(ctx, "truncate")
}

// isDeadlock tells whether PostgreSQL gave up a transaction because it and another waited for one another. On SQLite
// there is one writer.
func isDeadlock(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "40P01"
}

// IsForeignKeyViolation tells whether err is a row whose owner is gone.
func IsForeignKeyViolation(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}
