package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// errReadOnly is a database that takes no writes: a copy of another one, or one that its operator closed.
var errReadOnly = errors.New("the database takes no writes")

// IsReadOnly tells whether err is a database that answers, and takes no writes.
func IsReadOnly(err error) bool { return errors.Is(err, errReadOnly) }

// IsBusy tells whether err is somebody else who writes for longer than is waited for.
func IsBusy(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED)
}

// IsUnavailable tells whether err is a database that cannot do just now what it is asked, for whatever is asked: it cannot be
// reached, takes no writes, has no room left, or somebody else is in the way.
func IsUnavailable(err error) bool {
	if code, ok := sqliteCode(err); ok {
		return slices.Contains([]int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
			sqlite3.SQLITE_CANTOPEN}, code)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains([]string{"25006", "40001", "40P01", "57P01", "57P02", "57P03", "58030"}, pg.Code) || strings.HasPrefix(pg.Code, "53")
	}
	var broken net.Error
	return errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed)
}

// sqliteCode is SQLite's primary code.
func sqliteCode(err error) (code int, ok bool) {
	lite, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0, false
	}
	return lite.Code() & 0xff, true
}

// Probe asks for nothing by a connection of each pool, as a request would: it waits for one that is free. It fails, too, where
// what is written would not stay.
func (d *DB) Probe(ctx context.Context) error {
	if err := d.ask(ctx, d.write); err != nil || d.Engine != SQLite {
		return err
	}
	if err := d.ask(ctx, d.read); err != nil {
		return err
	}
	return d.tryWriting(ctx)
}

// ProbeAnew asks the same by a connection of its own, which it makes and closes.
func (d *DB) ProbeAnew(ctx context.Context) error {
	own := d.anew()
	defer func() { _ = own.Close() }() // nothing is kept in it
	return d.ask(ctx, own)
}

// tryWriting has SQLite write what is there already, by a connection of its own. PostgreSQL says whether it would.
func (d *DB) tryWriting(ctx context.Context) error {
	own := d.writing()
	defer func() { _ = own.Close() }()                        // nothing is kept in it
	_, err := own.ExecContext(ctx, `pragma user_version = 0`) // which means nothing here, and is written like a row
	if err == nil || IsBusy(err) || ctx.Err() != nil {
		return err
	}
	return errors.Join(errReadOnly, err)
}

// ask also tells what cannot be written to: of SQLite the pool that only reads is meant not to be.
func (d *DB) ask(ctx context.Context, pool *sql.DB) error {
	if d.Engine == SQLite {
		var version int
		return pool.QueryRowContext(ctx, `select schema_version from pragma_schema_version`).Scan(&version)
	}
	var closed bool
	err := pool.QueryRowContext(ctx, `select current_setting('transaction_read_only') = 'on'`).Scan(&closed)
	if err == nil && closed {
		err = errReadOnly
	}
	return err
}

// Stats are those of the pool that writes.
func (d *DB) Stats() sql.DBStats { return d.write.Stats() }

// busyFor is after how long somebody who was refused a connection may ask again.
const busyFor = 2 * time.Second

// connector makes the connections of a pool, and says in words that are safe to show why there is none. It is no mistake of
// ours when the server is full, stops or cannot be reached.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	pg, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case answered && isFull(pg):
		err = fault.Wrap(fault.Overloaded, err, "the database takes no more connections right now; try again in a moment").WithRetryAfter(busyFor)
	case !answered || strings.HasPrefix(pg.Code, "57P"): // it stops, or begins
		err = fault.Wrap(fault.Overloaded, err, "the database cannot be reached right now; try again in a moment").WithRetryAfter(busyFor)
	}
	return nil, err
}

// isFull are PostgreSQL's words for more connections than it takes: all together, or of one user or database.
func isFull(pg *pgconn.PgError) bool { return pg.Code == "53300" }

// IsFull tells whether err is a database that takes no more connections.
func IsFull(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && isFull(pg)
}
