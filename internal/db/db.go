// Package db opens SQLite or PostgreSQL behind one DB on which the same SQL runs unchanged.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/files"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// Engine is the kind of database behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Querier runs SQL: inside a transaction, on the primary or on a read connection.
// SQL uses $1 placeholders and only what both engines understand.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is one database. It is safe for concurrent use.
type DB struct {
	Engine Engine
	write  *sql.DB
	read   *sql.DB
	// line has a place for each transaction that may ask for a connection, which all others wait for in their order:
	// database/sql gives connections to those who wait by chance.
	line   chan struct{}
	reader Querier
	// prepared is read with the statements that were read with before; nil where the driver keeps them.
	prepared *prepared
	// log looks after SQLite's write-ahead log; nil where there is none.
	log *checkpoints
	// unlock lets a Restore put another file in this one's place; nil where there is no file.
	unlock func()
	// anew is a pool beside the others, which makes its own connections.
	anew func() *sql.DB
	// writing is one more, which writes to SQLite and does not wait long for others that do; nil for PostgreSQL.
	writing func() *sql.DB
	// replica is a copy of the database; nil where there is none.
	replica *replica
}

// Limits of the connection pools. SQLite has one writer by nature; four readers saturate two cores.
const (
	sqliteReaders   = 4
	postgresMaxOpen = 20
	postgresWriters = 12 // the rest is for reads, and for those who need not wait in line
	postgresMaxIdle = 10
	connMaxLifetime = 30 * time.Minute
)

// Open connects to "sqlite:PATH" (the file and its folder are made when missing) or "postgres://…".
// It does not migrate: call Migrate.
func Open(ctx context.Context, address string) (*DB, error) {
	var d *DB
	var err error
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		d, err = openSQLite(strings.TrimPrefix(address, "sqlite:"))
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		d, err = openPostgres(address)
	default:
		return nil, errors.New(`the database address must begin with "sqlite:" or "postgres://"`)
	}
	if err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s database: %w", d.Engine, err), d.Close())
	}
	return d, nil
}

// sqliteOptions are those of every connection. Times are kept as UTC text of one form, so that they compare as text.
const sqliteOptions = "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_time_format=sqlite&_timezone=UTC&_texttotime=1"

// sqliteURI names a file to the driver.
func sqliteURI(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + sqliteOptions
}

func openSQLite(path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("the SQLite address names no file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database folder: %w", err)
	}
	unlock, err := files.Share(path + lockSuffix)
	if errors.Is(err, files.ErrLocked) {
		return nil, fmt.Errorf("%s is being restored from a backup: wait until that is done", path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the database file: %w", err)
	}
	d, err := openSQLiteFile(path)
	if err != nil {
		unlock()
		return nil, err
	}
	d.unlock = unlock
	return d, nil
}

func openSQLiteFile(path string) (*DB, error) {
	write, err := sql.Open("sqlite", sqliteURI(path)+writeAhead)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := makeFile(write); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite file: %w", err), write.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("close the database file to others: %w", err), write.Close())
	}
	reading := sqliteURI(path) + readOnly
	read, err := sql.Open("sqlite", reading)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	beside := func(uri string) func() *sql.DB {
		return func() *sql.DB {
			pool, _ := sql.Open("sqlite", uri) // fails for an unknown driver only
			return pool
		}
	}
	log, err := newCheckpoints(path)
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	kept := &prepared{DB: read}
	return &DB{
		Engine: SQLite, write: write, read: read, line: make(chan struct{}, 1), reader: traced{kept}, prepared: kept, log: log,
		anew: beside(reading), writing: beside(sqliteURI(path) + writeAhead + writeSoon),
	}, nil
}

// makeFile makes the file, which a read-only connection cannot, and its log. Where several begin with a new file at once,
// SQLite tells some that it is locked, without the wait that they asked for.
func makeFile(write *sql.DB) error {
	for end := time.Now().Add(makeTime); ; time.Sleep(makeEvery) {
		err := write.Ping()
		if !IsBusy(err) || time.Now().After(end) {
			return err
		}
	}
}

const (
	makeTime  = 5 * time.Second
	makeEvery = 10 * time.Millisecond
)

// writeSoon is the option of connections that wait for others no longer than a second.
const writeSoon = "&_pragma=busy_timeout(1000)"

// readOnly are the options of connections that only read.
const readOnly = "&mode=ro&_pragma=query_only(1)"

func openPostgres(address string) (*DB, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the PostgreSQL address cannot be read") // the cause would print the password
	}
	making := connectorTo(cfg)
	pool := sql.OpenDB(making)
	pool.SetMaxOpenConns(postgresMaxOpen)
	pool.SetMaxIdleConns(postgresMaxIdle)
	pool.SetConnMaxLifetime(connMaxLifetime)
	return &DB{
		Engine: Postgres, write: pool, read: pool, line: make(chan struct{}, postgresWriters), reader: traced{pool},
		anew: func() *sql.DB { return sql.OpenDB(making) },
	}, nil
}

// connectorTo makes the connections to a PostgreSQL.
func connectorTo(cfg *pgx.ConnConfig) connector {
	cfg.DialFunc = dial
	return connector{stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(func(_ context.Context, conn *pgx.Conn) error {
		// Times come back in UTC, as from SQLite, and not in this machine's zone.
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}))}
}

// Close closes every connection.
func (d *DB) Close() error {
	if d.unlock != nil {
		defer d.unlock()
	}
	if d.replica != nil {
		d.replica.close()
	}
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.log.close(), d.prepared.Close(), d.write.Close())
}

// Ping asks both pools for a living connection.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.write.PingContext(ctx); err != nil {
		return err
	}
	return d.read.PingContext(ctx)
}

// deadlockTries bounds how often a transaction is run that PostgreSQL gives up.
const deadlockTries = 4

// Tx runs fn in one transaction: committed when fn returns nil, rolled back on an error or a panic.
// fn must do no network I/O: on SQLite it holds the only writer. It is run again where PostgreSQL gave the transaction up
// because it and another waited for one another, so it sets anew what it hands out.
func (d *DB) Tx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	select {
	case d.line <- struct{}{}:
		defer func() { <-d.line }()
	case <-ctx.Done():
		return fmt.Errorf("begin: %w", ctx.Err())
	}
	return d.TxFirst(ctx, fn)
}

// TxFirst is Tx without the line that others wait in: on SQLite for the one transaction under way at the most. It is for
// one goroutine that works for everybody, and leaves SQLite to the others at least half of the time.
func (d *DB) TxFirst(ctx context.Context, fn func(tx *sql.Tx) error) error {
	for try := 1; ; try++ {
		err := d.txOnce(ctx, fn)
		if !isDeadlock(err) || try == deadlockTries {
			return err
		}
	}
}

func (d *DB) txOnce(ctx context.Context, fn func(tx *sql.Tx) error) (err error) {
	ctx, span := trace.Start(ctx, "db transaction")
	defer func() { span.End(fault.NameOf(err)) }()
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Read is where queries that change nothing go.
func (d *DB) Read() Querier { return d.reader }

// Pools are the connections there are, by what they are for. PostgreSQL's are for both, those to its replica for what Aged reads.
func (d *DB) Pools() map[string]sql.DBStats {
	switch {
	case d.read != d.write:
		return map[string]sql.DBStats{"write": d.write.Stats(), "read": d.read.Stats()}
	case d.replica != nil:
		return map[string]sql.DBStats{"both": d.write.Stats(), "replica": d.replica.pool.Stats()}
	}
	return map[string]sql.DBStats{"both": d.write.Stats()}
}

// Lookup is the context of a read by key that every request makes. SQLite needs microseconds for it, and longer to watch
// whether it is to be broken off: there it is not.
func (d *DB) Lookup(ctx context.Context) context.Context {
	if d.Engine == SQLite {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// SkipLocked is the clause that lets several workers claim rows at once: PostgreSQL needs it, SQLite has one writer.
func (d *DB) SkipLocked() string {
	if d.Engine == Postgres {
		return "for update skip locked"
	}
	return ""
}

// NewID makes the id of a new row: a UUIDv7, so that ids grow with time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IsID tells whether s has the form of an id, which is in lower case. What comes from outside is asked this before it
// reaches SQL, because PostgreSQL refuses to compare a uuid with anything else.
func IsID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36 && s == strings.ToLower(s)
}

// LastID comes after every id.
const LastID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

// Before is the id below which a page begins of a list that goes by ids, the newest first: that of its cursor, which is
// the last id of the page before, or above all without one. What is no id is Invalid.
func Before(cursor string) (string, error) {
	if cursor == "" {
		return LastID, nil
	}
	if !IsID(cursor) {
		return "", fault.InvalidField("query.cursor", "is not a cursor of this list; begin again without one")
	}
	return cursor, nil
}

// Time is t as the database keeps it: UTC, whole microseconds.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// IsUniqueViolation tells whether err is a row that would have been there twice.
func IsUniqueViolation(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// Collect reads all rows with scan, one value each. The answer is never nil, so that it prints as an empty list.
func Collect[T any](rows *sql.Rows, err error, scan func(scan func(...any) error) (T, error)) ([]T, error) {
	all := []T{}
	if err != nil {
		return all, err
	}
	defer func() { _ = rows.Close() }() // what could fail shows in rows.Err
	for rows.Next() {
		one, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
