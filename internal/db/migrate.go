package db

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql migrations/sqlite/*.sql
var migrations embed.FS

// Migration is one numbered step of the schema. AppliedAt is zero where it is still to come.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time
}

// Migrate brings the schema to its newest version. Several processes may call it at once.
func (d *DB) Migrate(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		// PostgreSQL has a lock for this. On SQLite the step of the slower process fails whole, and is done at the next look.
		if d.Engine == Postgres || try == sqliteMigrateTries {
			return fmt.Errorf("migrate up: %w", err)
		}
		select {
		case <-time.After(sqliteMigrateWait):
		case <-ctx.Done():
			return fmt.Errorf("migrate up: %w", ctx.Err())
		}
	}
}

// How often a process looks again whether another one has done its step.
const (
	sqliteMigrateTries = 20
	sqliteMigrateWait  = 50 * time.Millisecond
)

// MigrateDown takes back the newest migration, with the data only it knows. On an empty schema it does nothing.
func (d *DB) MigrateDown(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if _, err := p.Down(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return fmt.Errorf("migrate down: %w", err)
	}
	return nil
}

// Migrations lists every migration the program knows, oldest first.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := d.provider()
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	var all []Migration
	for _, s := range status {
		all = append(all, Migration{Version: s.Source.Version, Name: s.Source.Path, AppliedAt: s.AppliedAt})
	}
	return all, nil
}

// Schema tells the version of the schema that is there, 0 where there is none, and the newest one the program knows. It
// only reads.
func (d *DB) Schema(ctx context.Context) (version, newest int64, err error) {
	p, err := d.provider()
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		newest = max(newest, s.Version)
	}
	made := "select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1"
	if d.Engine == SQLite {
		made = "select count(*) from sqlite_master where type = 'table' and name = $1"
	}
	var tables int
	if err := d.read.QueryRowContext(ctx, made, goose.DefaultTablename).Scan(&tables); err != nil || tables == 0 {
		return 0, newest, err
	}
	err = d.read.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from "+goose.DefaultTablename).Scan(&version) // #nosec G202 -- a constant
	return version, newest, err
}

// MigrationFiles are the migrations as they are written, for tests that have to know when they change.
func MigrationFiles() fs.FS { return migrations }

func (d *DB) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if d.Engine == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, d.write, sqliteFS{files})
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, d.write, files, goose.WithSessionLocker(locker))
}

// sqliteTypes says PostgreSQL's column types in SQLite's words. The driver turns "timestamp" back into time.Time and
// "boolean" into bool; decimals are text, since SQLite knows only binary fractions.
var sqliteTypes = map[string]string{
	"uuid":        "text",
	"timestamptz": "timestamp",
	"numeric":     "text",
	"bigint":      "integer",
	"bytea":       "blob",
}

var typeWord = regexp.MustCompile(`\b(uuid|timestamptz|numeric|bigint|bytea)\b`)

// sqliteFS serves the migrations with their types said in SQLite's words. A migration that has to be another one there
// lies in the folder sqlite under the same name.
type sqliteFS struct{ fs.FS }

func (f sqliteFS) Open(name string) (fs.File, error) {
	own := "sqlite/" + name
	if _, err := fs.Stat(f.FS, own); err != nil || path.Ext(name) != ".sql" {
		own = name
	}
	file, err := f.FS.Open(own)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	text = typeWord.ReplaceAllFunc(text, func(word []byte) []byte { return []byte(sqliteTypes[string(word)]) })
	return translated{file, bytes.NewReader(text)}, nil
}

// translated is a file whose text was replaced.
type translated struct {
	fs.File
	text *bytes.Reader
}

func (t translated) Read(p []byte) (int, error) { return t.text.Read(p) }
