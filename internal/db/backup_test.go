package db_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// holding is an SQLite file with one person in it, whose address is given.
func holding(t *testing.T, email string) string {
	t.Helper()
	address := dbtest.Address(t, db.SQLite)
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return insertUser(t, tx, db.NewID(), email, time.Now()) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(address, "sqlite:")
}

// who is the one person in an SQLite file.
func who(t *testing.T, path string) (email string) {
	t.Helper()
	d, err := db.OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Read().QueryRowContext(t.Context(), "select email from users").Scan(&email); err != nil {
		t.Fatal(err)
	}
	return email
}

func accept(*db.DB) error { return nil }

func TestABackupIsOneFileWithoutWhatWasDeletedAndRefusesATakenName(t *testing.T) {
	t.Parallel()
	path := holding(t, "ada@example.com")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	to := filepath.Join(t.TempDir(), "backup.db")
	if err := d.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if got := who(t, to); got != "ada@example.com" {
		t.Errorf("got %s", got)
	}
	if entries, err := os.ReadDir(filepath.Dir(to)); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the backup alone", entries, err)
	}
	if err := d.Backup(t.Context(), to); !errors.Is(err, os.ErrExist) {
		t.Errorf("to a taken name: got %v", err)
	}
}

func TestARestoreKeepsWhatWasThereAndKeepsOutWhoComesMeanwhile(t *testing.T) {
	t.Parallel()
	from, path := holding(t, "new@example.com"), holding(t, "old@example.com")
	aside, err := db.Restore(t.Context(), from, path, func(copied *db.DB) error {
		if _, err := db.Open(t.Context(), "sqlite:"+path); err == nil || !strings.Contains(err.Error(), "is being restored") {
			t.Errorf("opened while it is restored: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if who(t, path) != "new@example.com" || who(t, aside) != "old@example.com" {
		t.Errorf("got %s and aside %s", who(t, path), who(t, aside))
	}
	refused := errors.New("not this one")
	if _, err := db.Restore(t.Context(), aside, path, func(*db.DB) error { return refused }); !errors.Is(err, refused) || who(t, path) != "new@example.com" {
		t.Errorf("got %v and %s", err, who(t, path))
	}
}

func TestRestoresOfOneSecondKeepEachDatabaseThatWasThere(t *testing.T) {
	t.Parallel()
	path := holding(t, "first@example.com")
	for _, next := range []string{"second@example.com", "third@example.com", "fourth@example.com"} {
		from, before := holding(t, next), who(t, path)
		aside, err := db.Restore(t.Context(), from, path, accept)
		if err != nil {
			t.Fatal(err)
		}
		if who(t, path) != next || who(t, aside) != before {
			t.Errorf("got %s and aside %s, want %s and %s", who(t, path), who(t, aside), next, before)
		}
	}
	if kept, err := filepath.Glob(path + ".before-*"); err != nil || len(kept) != 3 {
		t.Errorf("got %v, %v, want all three that were there", kept, err)
	}
}

func TestADatabaseThatIsOpenIsNotReplaced(t *testing.T) {
	t.Parallel()
	from, path := holding(t, "new@example.com"), holding(t, "old@example.com")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Restore(t.Context(), from, path, accept); !errors.Is(err, db.ErrInUse) {
		t.Errorf("while we have it: got %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", path) // knows nothing of our lock
	if err != nil {
		t.Fatal(err)
	}
	rows, err := other.Query("select * from users")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	if _, err := db.Restore(t.Context(), from, path, accept); !errors.Is(err, db.ErrInUse) {
		t.Errorf("while another program has it: got %v", err)
	}
	if err := errors.Join(rows.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if kept, _ := filepath.Glob(path + ".before-*"); who(t, path) != "old@example.com" || len(kept) > 0 {
		t.Errorf("got %s and %v", who(t, path), kept)
	}
}

func TestADamagedDatabaseIsKeptWithItsLog(t *testing.T) {
	t.Parallel()
	from, path := holding(t, "new@example.com"), holding(t, "old@example.com")
	damaged := []byte(strings.Repeat("a disk that failed ", 5000))
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.WriteFile(path+end, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	aside, err := db.Restore(t.Context(), from, path, accept)
	if err != nil || who(t, path) != "new@example.com" {
		t.Fatalf("got %v and %s", err, who(t, path))
	}
	for _, kept := range []string{aside, aside + "-wal"} {
		if text, err := os.ReadFile(kept); err != nil || !bytes.Equal(text, damaged) {
			t.Errorf("%s is not as it was: %v", kept, err)
		}
	}
}

func TestTheSecondNameOfADatabaseThatAKilledRestoreLeftIsTakenAway(t *testing.T) {
	t.Parallel()
	from, path := holding(t, "new@example.com"), holding(t, "old@example.com")
	second := path + ".before-20260101T000000Z"
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("not this one")
	if _, err := db.Restore(t.Context(), from, path, func(*db.DB) error { return refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if _, err := os.Lstat(second); !errors.Is(err, os.ErrNotExist) || who(t, path) != "old@example.com" {
		t.Errorf("got %v beside %s", err, who(t, path))
	}
}
