package db_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// logged opens an SQLite database and writes six megabytes to it in one transaction.
func logged(t *testing.T) (d *db.DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.db")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for _, query := range []string{
		`create table texts (text text not null)`,
		`insert into texts (text) with recursive n (i) as (select 1 union all select i + 1 from n where i < 6000) select '` + strings.Repeat("x", 1024) + `' from n`,
	} {
		if err := exec(t, d, query); err != nil {
			t.Fatal(err)
		}
	}
	return d, path
}

func exec(t *testing.T, d *db.DB, query string) error {
	t.Helper()
	return d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query)
		return err
	})
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestWhatWasWrittenLeavesTheLogThoughNobodyCommitsAnyMore(t *testing.T) {
	_, path := logged(t)
	if got := size(t, path+"-wal"); got < 6<<20 {
		t.Errorf("got a log of %d bytes after the commit, want all of it", got)
	}
	for end := time.Now().Add(10 * time.Second); size(t, path) < 6<<20; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("got a file of %d bytes, want what was written in it", size(t, path))
		}
	}
}

func TestAScrubbedLogIsEmptyWhateverElseLooksAfterIt(t *testing.T) {
	d, path := logged(t)
	for range 20 {
		if err := exec(t, d, `update texts set text = 'y' where rowid < 10`); err != nil {
			t.Fatal(err)
		}
		if err := d.Scrub(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := size(t, path+"-wal"); got != 0 {
			t.Fatalf("got %d bytes of the log, want none", got)
		}
	}
}
