// Package dbtest runs a test on every database engine that is there, each time on an empty, migrated database of its own.
package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// loopbackPostgres is tried where JASPERS_TEST_POSTGRES names no server.
const loopbackPostgres = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"

// Each runs test as a subtest on SQLite and, where a server answers, on PostgreSQL.
// JASPERS_TEST_POSTGRES is the address of a server on which databases may be created; JASPERS_TEST_ENGINES, a comma
// list such as "postgres", leaves out the engines it does not name.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { test(t, open(t, Address(t, engine))) })
	}
}

// Address is the address of an empty, migrated database that goes away with the test.
func Address(t testing.TB, engine db.Engine) string {
	t.Helper()
	if only := os.Getenv("JASPERS_TEST_ENGINES"); only != "" && !slices.Contains(strings.Split(only, ","), string(engine)) {
		t.Skipf("JASPERS_TEST_ENGINES is %s", only)
	}
	if engine == db.SQLite {
		return sqliteAddress(t)
	}
	return postgresAddress(t)
}

func open(t testing.TB, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return d
}

// sqliteTemplate is one migrated file, made once for the test binary and copied for each test.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "jaspers-dbtest")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	d, err := db.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(context.Background()); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil { // folds the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

func sqliteAddress(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// waitForRoom waits while so many connections are open that a test which begins now could be refused its own.
func waitForRoom(t testing.TB, admin *sql.DB) {
	t.Helper()
	const half = "select count(*) * 2 > current_setting('max_connections')::int from pg_stat_activity"
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var crowded bool
		if err := admin.QueryRowContext(t.Context(), half).Scan(&crowded); err == nil && !crowded {
			return
		}
	}
}

func postgresAddress(t testing.TB) string {
	t.Helper()
	server := os.Getenv("JASPERS_TEST_POSTGRES")
	if server == "" {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:5432", time.Second)
		if err != nil {
			sharedtest.Missing(t, "postgres", "no PostgreSQL on 127.0.0.1:5432 and JASPERS_TEST_POSTGRES is not set")
		}
		_ = conn.Close()
		server = loopbackPostgres
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	waitForRoom(t, admin)
	template := postgresTemplate(t, admin, server)
	name := "jaspers_test_" + strings.ReplaceAll(db.NewID(), "-", "")
	mustExec(t, admin, fmt.Sprintf("create database %s template %s", name, template))
	t.Cleanup(func() { mustExec(t, admin, fmt.Sprintf("drop database if exists %s with (force)", name)) })
	return withDatabase(t, server, name)
}

// postgresTemplate names a migrated database that test databases are cloned from. It is made once for each state of the
// migrations; an advisory lock keeps test binaries that run side by side from making it twice.
func postgresTemplate(t testing.TB, admin *sql.DB, server string) string {
	t.Helper()
	name := "jaspers_template_" + migrationsHash(t)
	conn, err := admin.Conn(t.Context())
	if err != nil {
		sharedtest.Missing(t, "postgres", "PostgreSQL does not let us in: "+err.Error())
	}
	defer func() { _ = conn.Close() }()
	const lockKey = 727468
	if _, err := conn.ExecContext(t.Context(), "select pg_advisory_lock($1)", lockKey); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(t.Context()), "select pg_advisory_unlock($1)", lockKey)
	}()
	var there bool
	row := conn.QueryRowContext(t.Context(), "select exists (select 1 from pg_database where datname = $1 and datistemplate)", name)
	if err := row.Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		return name
	}
	mustExec(t, admin, "drop database if exists "+name)
	mustExec(t, admin, "create database "+name)
	d, err := db.Open(t.Context(), withDatabase(t, server, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, admin, "alter database "+name+" is_template true") // marks it whole
	return name
}

func migrationsHash(t testing.TB) string {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(db.MigrationFiles(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(db.MigrationFiles(), path)
		_, _ = sum.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("JASPERS_TEST_POSTGRES is not a URL")
	}
	u.Path = "/" + name
	return u.String()
}

func mustExec(t testing.TB, d *sql.DB, query string) {
	t.Helper()
	if _, err := d.ExecContext(context.WithoutCancel(t.Context()), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
