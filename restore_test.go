package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// marked is an installation whose database has one person with a name of their own.
func (s *server) marked(name string) *server {
	s.t.Helper()
	other := s.elsewhere("")
	add := start(s.t, other.dir, other.environ, "user", "add", "-generate", name+"@example.com")
	if err := add.Wait(); err != nil {
		s.t.Fatalf("%v: %s", err, add.log)
	}
	return other
}

// people lists who is in a database, which has to be sound.
func people(t *testing.T, path string) string {
	t.Helper()
	d, err := sql.Open("sqlite", "file:"+path+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var sound, who string
	if err := errors.Join(d.QueryRow("pragma integrity_check").Scan(&sound), d.QueryRow("select group_concat(email) from users").Scan(&who)); err != nil || sound != "ok" {
		t.Fatalf("%s: %s %v", path, sound, err)
	}
	return who
}

func TestARestoreThatIsKilledLeavesAllOfTheOldDatabaseOrAllOfTheNewOne(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	old, other := s.marked("old"), s.marked("new")
	grow(t, other.sqliteFile())
	file := filepath.Join(t.TempDir(), "new.db")
	if code, said := other.run("backup", file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	before, replaced := 0, 0
	for wait := 10 * time.Millisecond; replaced == 0; wait += wait / 3 {
		ended := old.killAfter(wait, "restore", file)
		switch who := people(t, old.sqliteFile()); who {
		case "old@example.com":
			if before++; ended {
				t.Fatal("it ended without a restore")
			}
			if code, said := old.run("audit", "verify"); code != 0 { // as a server that starts
				t.Fatalf("got %d: %s", code, said)
			}
		case "new@example.com":
			replaced++
			kept, err := filepath.Glob(old.sqliteFile() + ".before-*")
			if err != nil || len(kept) == 0 || people(t, kept[len(kept)-1]) != "old@example.com" {
				t.Errorf("got %v, %v, want the old one among them", kept, err)
			}
		default:
			t.Fatalf("got %q", who)
		}
	}
	if before < 3 {
		t.Errorf("got %d kills before it was replaced, want some", before)
	}
	old.auditHead()
	fmt.Fprintf(t.Output(), "%d restores killed before the new one was in place\n", before)
}

// snapshotOf is what is in a folder, to the byte, less what locks are made of.
func snapshotOf(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".lock") || strings.HasSuffix(path, "-shm") {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = sha256.Sum256(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestARestoreRefusesWhatTheServerCouldNotStartOnAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	s.connect()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if code, said := s.run("backup", in("good")); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	good, err := os.ReadFile(in("good"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(in(name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", nil)
	write("text", []byte(strings.Repeat("no database at all\n", 1000)))
	write("cut", good[:len(good)/2/4096*4096])
	write("torn", good[:len(good)-1000])
	write("holed", slices.Concat(good[:40960], make([]byte, 8192), good[40960+8192:]))
	change := func(name string, queries ...string) {
		t.Helper()
		write(name, good)
		d, err := sql.Open("sqlite", in(name))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		for _, query := range queries {
			if _, err := d.Exec(query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
	}
	change("newer", "insert into goose_db_version (version_id, is_applied) values (9999, true)")
	change("foreign", "drop table goose_db_version")
	change("changed", "update brokerage_connections set credentials = substr(credentials, 1, 20)")
	target := s.marked("old")
	other := slices.Clone(target.environ)
	for i, pair := range other {
		if strings.HasPrefix(pair, "JASPERS_ENCRYPTION_KEY=") {
			other[i] = "JASPERS_ENCRYPTION_KEY=" + strings.Repeat("123456789abcdef0", 4)
		}
	}
	before := snapshotOf(t, target.dir)
	for _, c := range []struct {
		file, want string
		environ    []string
	}{
		{"absent", "there is no database in", nil},
		{"empty", "there is no database in", nil},
		{"text", "is no whole database", nil},
		{"cut", "is no whole database", nil},
		{"torn", "is no whole database", nil},
		{"holed", "damaged", nil},
		{"newer", "is of a newer version of this program (schema 9999", nil},
		{"foreign", "holds no database of this program", nil},
		{"changed", "another key v1", nil},
		{"good", "another key v1", other},
	} {
		environ := target.environ
		if c.environ != nil {
			environ = c.environ
		}
		p := start(t, target.dir, environ, "restore", in(c.file))
		_ = p.Wait()
		if code := p.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.log.String(), c.want) {
			t.Errorf("%s: got %d: %s, want %q", c.file, code, p.log, c.want)
		}
		if diff := snapshotOf(t, target.dir); !maps.Equal(diff, before) {
			t.Errorf("%s: it changed %v to %v", c.file, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(diff)))
		}
	}
	if code, said := s.run("restore", in("good")); code != 1 || !strings.Contains(said, "is in use: stop the server") {
		t.Errorf("while the server runs: got %d: %s", code, said)
	}
	shell, err := sql.Open("sqlite", target.sqliteFile())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := shell.Query("select * from users")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	if code, said := target.run("restore", in("good")); code != 1 || !strings.Contains(said, "is in use") {
		t.Errorf("while another program reads: got %d: %s", code, said)
	}
	if err := errors.Join(rows.Close(), shell.Close()); err != nil {
		t.Fatal(err)
	}
	if code, said := target.run("restore", in("good")); code != 0 || !strings.Contains(said, "kept in") {
		t.Errorf("got %d: %s", code, said)
	}
	target.boot()
}

func TestABackupOfAnOlderVersionIsMigratedWhenTheServerStarts(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	old := s.marked("old")
	if code, said := old.run("migrate", "down"); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	file := filepath.Join(t.TempDir(), "old.db")
	if code, said := old.run("backup", file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	other := s.elsewhere("")
	if code, said := other.run("restore", file); code != 0 || !strings.Contains(said, "of an older version") {
		t.Fatalf("got %d: %s", code, said)
	}
	other.boot()
	if got := people(t, other.sqliteFile()); got != "old@example.com" {
		t.Errorf("got %s", got)
	}
	if _, said := other.run("migrate", "status"); strings.Contains(said, "to come") {
		t.Errorf("got %s", said)
	}
}

func TestADamagedDatabaseIsKeptAsideWithWhatStoodBesideIt(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	file := filepath.Join(t.TempDir(), "good.db")
	if code, said := s.run("backup", file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	target := s.marked("old")
	damaged := []byte(strings.Repeat("a disk that failed ", 5000))
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.WriteFile(target.sqliteFile()+end, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, said := target.run("restore", file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	if got := people(t, target.sqliteFile()); got != "ada@example.com" {
		t.Errorf("got %s", got)
	}
	kept, err := filepath.Glob(target.sqliteFile() + ".before-*")
	if err != nil || len(kept) != 2 {
		t.Errorf("got %v, %v, want the database and its log", kept, err)
	}
	for _, path := range kept {
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, damaged) {
			t.Errorf("%s is not as it was: %v", path, err)
		}
	}
}
