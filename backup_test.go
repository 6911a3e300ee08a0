package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// sqliteFile is the database of a server on SQLite.
func (s *server) sqliteFile() string {
	return strings.TrimPrefix(s.setting("JASPERS_DATABASE_URL"), "sqlite:")
}

// elsewhere is an installation with the same keys that has no database yet, or that at address.
func (s *server) elsewhere(address string) *server {
	s.t.Helper()
	other := &server{t: s.t, sim: s.sim, addr: sharedtest.Address(s.t), dir: s.t.TempDir(), client: http.DefaultClient, token: s.token}
	if address == "" {
		address = "sqlite:" + filepath.Join(other.dir, "new", "jaspers.db")
	}
	for _, pair := range s.environ {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "JASPERS_ADDR":
			pair = name + "=" + other.addr
		case "JASPERS_DATABASE_URL":
			pair = name + "=" + address
		}
		other.environ = append(other.environ, pair)
	}
	return other
}

// load is somebody who writes without a pause until stop, which tells how much was acknowledged.
type load struct {
	stop         func() int
	acknowledged *atomic.Int64
}

// writing puts a server under the load of several people who open conversations.
func (s *server) writing() load {
	var all sync.WaitGroup
	var n atomic.Int64
	var over atomic.Bool
	for i := range 4 {
		one := s.as(fmt.Sprintf("writer%d", i))
		all.Go(func() {
			for k := 0; !over.Load() && k < 900; k++ { // a person has 1,000 requests an hour
				resp := one.send("POST", "/chat/sessions", `{"title":"`+strings.Repeat("w", 150)+`"}`, "application/json")
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusCreated {
					n.Add(1)
				}
			}
		})
	}
	return load{func() int { over.Store(true); all.Wait(); return int(n.Load()) }, &n}
}

// rowCounts are the rows of every table of a database at rest.
func rowCounts(t *testing.T, address string) map[string]int {
	t.Helper()
	driver, source, tables := "pgx", address, "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
	if path, is := strings.CutPrefix(address, "sqlite:"); is {
		driver, source, tables = "sqlite", "file:"+path+"?mode=ro", "select name from sqlite_master where type = 'table'"
	}
	d, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	rows, err := d.QueryContext(t.Context(), tables)
	names, err := db.Collect(rows, err, func(scan func(...any) error) (name string, err error) { return name, scan(&name) })
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, name := range names {
		var n int
		if err := d.QueryRowContext(t.Context(), "select count(*) from "+name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		all[name] = n
	}
	return all
}

// intact is what audit verify says of a whole log.
var intact = regexp.MustCompile(`(?m)^(\d+) rows, chain intact, head (\d+:[0-9a-f]{64})$`)

// auditHead verifies the audit log, of which something is sealed within seconds, and returns its end.
func (s *server) auditHead(args ...string) (head string) {
	s.t.Helper()
	eventually(s.t, "an audit log that is sealed and whole", func() error {
		code, said := s.run(append([]string{"audit", "verify"}, args...)...)
		found := intact.FindStringSubmatch(said)
		if code != 0 || found == nil {
			return fmt.Errorf("got %d: %s", code, said)
		}
		head = found[2]
		return nil
	})
	return head
}

func TestABackupMadeUnderWriteLoadRestoresToAConsistentDatabase(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	s.connect() // something is sealed
	writers := s.writing()
	type made struct {
		file, head       string
		before, accepted int
	}
	var all []made
	for i := range 3 {
		eventually(t, "some writing", func() error {
			if n := int(writers.acknowledged.Load()); n < 40*(i+1) {
				return fmt.Errorf("%d writes", n)
			}
			return nil
		})
		m := made{file: filepath.Join(t.TempDir(), "backup.db"), head: s.auditHead(), before: int(writers.acknowledged.Load())}
		if code, said := s.run("backup", m.file); code != 0 || !strings.Contains(said, "found sound") || !strings.Contains(said, "JASPERS_ENCRYPTION_KEY and JASPERS_HASH_KEY as they are set now") {
			t.Fatalf("got %d: %s", code, said)
		}
		m.accepted = int(writers.acknowledged.Load())
		all = append(all, m)
	}
	total := writers.stop()
	for i, m := range all {
		if info, err := os.Stat(m.file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want mode 0600", info, err)
		}
		want := rowCounts(t, "sqlite:"+m.file)
		if got := want["chat_sessions"]; got < m.before || got > m.accepted+4 { // four may be on their way
			t.Errorf("backup %d has %d conversations of %d to %d that were acknowledged", i, got, m.before, m.accepted)
		}
		other := s.elsewhere("")
		if code, said := other.run("restore", m.file); code != 0 || strings.Contains(said, "kept in") {
			t.Fatalf("got %d: %s", code, said)
		}
		if got := rowCounts(t, other.setting("JASPERS_DATABASE_URL")); !maps.Equal(got, want) {
			t.Errorf("restored %v, want %v", got, want)
		}
		other.auditHead("-head", m.head)
		fmt.Fprintf(t.Output(), "backup %d: %d of %d conversations, %d acknowledged before it began\n", i, want["chat_sessions"], total, m.before)
	}
	other := s.elsewhere("")
	if code, said := other.run("restore", all[len(all)-1].file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	other.boot()
	if n := len(other.call("GET", "/brokerages/connections", "").([]any)); n != 1 {
		t.Errorf("got %d connections, want the one that was sealed", n)
	}
	s.auditHead()
}

// grow makes a database large enough that copying it takes a while.
func grow(t *testing.T, path string) {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
			insert into stock_quote_cache (kind, key, value, unknown, fetched_at)
			select 'filler', 'k' || i, randomblob(8000), false, '2026-11-18 16:00:00+00:00' from n`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// killAfter starts a command and kills it after a while, unless it has ended before; then it tells so.
func (s *server) killAfter(wait time.Duration, args ...string) (ended bool) {
	s.t.Helper()
	p := start(s.t, s.dir, s.environ, args...)
	over := make(chan struct{})
	go func() { _ = p.Wait(); close(over) }()
	select {
	case <-over:
		return true
	case <-time.After(wait):
		_ = p.Process.Kill()
		<-over
		return false
	}
}

func TestABackupThatIsKilledLeavesNoFileThatIsTakenForOne(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	grow(t, s.sqliteFile())
	writers := s.writing()
	dir, killed, whole := t.TempDir(), 0, 0
	for wait := 10 * time.Millisecond; whole < 2; wait += wait / 2 {
		file := filepath.Join(dir, fmt.Sprintf("%d.db", wait))
		ended := s.killAfter(wait, "backup", file)
		_, err := os.Stat(file)
		if ended && err != nil {
			t.Fatalf("it ended without a backup: %v", err)
		}
		if !ended {
			killed++
		}
		if err == nil {
			other := s.elsewhere("")
			if code, said := other.run("restore", file); code != 0 {
				t.Fatalf("killed after %v: got %d: %s", wait, code, said)
			}
			other.auditHead()
			whole++
		}
	}
	parts, err := filepath.Glob(filepath.Join(dir, "*.part"))
	if err != nil || killed < 3 {
		t.Errorf("got %d kills, want some: %v", killed, err)
	}
	for _, part := range parts {
		if info, err := os.Stat(part); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want mode 0600", info, err)
		}
	}
	fmt.Fprintf(t.Output(), "%d backups killed, %d of them left a part; %d writes meanwhile\n", killed, len(parts), writers.stop())
	s.auditHead()
}

func TestTheGeneratedKeysAreCopiedOnlyWhenAskedForAndOpenTheBackupElsewhere(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), sharedtest.Address(t)
	s := &server{t: t, dir: dir, addr: addr, client: http.DefaultClient, environ: []string{
		"JASPERS_ADDR=" + addr, "JASPERS_DATABASE_URL=" + dbtest.Address(t, db.SQLite), "JASPERS_YAHOO_ENABLED=false",
	}}
	s.boot()
	s.token = s.as("ada").token
	s.call("POST", "/auth/totp/enrol", `{"password":"correct horse staple"}`) // is sealed
	out := t.TempDir()
	file, keysFile := filepath.Join(out, "a.db"), filepath.Join(out, "keys.env")
	if code, said := s.run("backup", file); code != 0 || !strings.Contains(said, "keep a copy of data/secrets.env as it is now, apart from it") {
		t.Fatalf("got %d: %s", code, said)
	}
	if code, said := s.run("backup", file); code != 1 || !strings.Contains(said, "is there already, and is not overwritten") {
		t.Errorf("got %d: %s", code, said)
	}
	if code, said := s.run("backup", "-keys", file, filepath.Join(out, "b.db")); code != 1 || !strings.Contains(said, "is there already") {
		t.Errorf("got %d: %s", code, said)
	}
	if code, said := s.run("backup", filepath.Join(out, "b.db"), "-keys", keysFile); code != 0 || !strings.Contains(said, "Keep the two apart") {
		t.Fatalf("got %d: %s", code, said)
	}
	secrets, err := os.ReadFile(filepath.Join(dir, "data", "secrets.env"))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(keysFile)
	if info, statErr := os.Stat(keysFile); err != nil || statErr != nil || info.Mode().Perm() != 0o600 || !bytes.Equal(copied, secrets) {
		t.Errorf("got %v, %v, %v, want the secrets in a file of mode 0600", info, err, statErr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(secrets)) {
		if _, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && bytes.Contains(text, []byte(value)) {
			t.Error("the backup holds a key")
		}
	}
	other := &server{t: t, dir: t.TempDir(), addr: sharedtest.Address(t), client: http.DefaultClient, token: s.token}
	other.environ = []string{"JASPERS_ADDR=" + other.addr, "JASPERS_YAHOO_ENABLED=false"}
	if code, said := other.run("restore", file); code != 1 || !strings.Contains(said, "data/secrets.env is not there: bring back the one that belongs to this database") {
		t.Errorf("without the keys: got %d: %s", code, said)
	}
	if err := os.WriteFile(filepath.Join(other.dir, "data", "secrets.env"), copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := other.run("restore", file); code != 0 {
		t.Fatalf("got %d: %s", code, said)
	}
	other.boot()
	other.call("GET", "/auth/me", "")
}

func TestWithPostgresTheBackupNamesTheProgramsThatMakeOne(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here", program)
		}
	}
	empty := dbtest.Address(t, db.Postgres) // migrated, which the restore begins by taking away
	s := startServer(t, db.Postgres)
	for _, args := range [][]string{{"backup", "x"}, {"restore", "x"}} {
		if code, said := s.run(args...); code != 1 || !strings.Contains(said, "pg_dump --format=custom") || !strings.Contains(said, "pg_restore --single-transaction") {
			t.Errorf("%v: got %d: %s", args, code, said)
		}
	}
	writers := s.writing()
	eventually(t, "some writing", func() error {
		if n := writers.acknowledged.Load(); n < 40 {
			return fmt.Errorf("%d writes", n)
		}
		return nil
	})
	head, before := s.auditHead(), int(writers.acknowledged.Load())
	file := filepath.Join(t.TempDir(), "backup.dump")
	pg := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	pg("pg_dump", "--format=custom", "--file="+file, "--dbname="+s.setting("JASPERS_DATABASE_URL"))
	after := int(writers.acknowledged.Load())
	total := writers.stop()
	pg("pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--no-owner", "--dbname="+empty, file)
	other := s.elsewhere(empty)
	other.auditHead("-head", head)
	got := rowCounts(t, empty)["chat_sessions"]
	if got < before || got > after+4 {
		t.Errorf("got %d conversations of %d to %d", got, before, after)
	}
	fmt.Fprintf(t.Output(), "%d of %d conversations, %d acknowledged before it began\n", got, total, before)
	other.boot()
	other.call("GET", "/auth/me", "")
}
