package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
)

const (
	otherEncryptionKey = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
	otherHashKey       = "5d90b2f4866e1d7a05c9b83f2244d0e6a1937b5c8fc3a7e1"
)

// isOneLine wants an error of one line with some words, which says what to do when the key is lost.
func isOneLine(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "When keys are lost") {
		t.Errorf("got %v, want one line with %q that says what to do", err, want)
	}
}

// sealedLog waits until the audit log has a chain, which a server makes about a second after the first event.
func (s *site) sealedLog() {
	s.t.Helper()
	eventually(s.t, "a sealed audit log", func() error {
		if _, err := s.app.Audit.Seal(s.t.Context()); err != nil {
			return err
		}
		var seq int
		err := s.db.Read().QueryRowContext(s.t.Context(), "select seq from audit_head").Scan(&seq)
		if err == nil && seq == 0 {
			err = errors.New("nothing is sealed")
		}
		return err
	})
}

func TestAServerWithAnotherKeyThanItsDatabaseDoesNotStart(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.register("ada").enrol()
		s.sealedLog()
		settings := func(encryption, hash string) []string {
			return []string{"JASPERS_DATA_DIR=" + t.TempDir(), "JASPERS_DATABASE_URL=" + s.address, "JASPERS_JWT_SECRET=" + jwtSecret,
				"JASPERS_ENCRYPTION_KEY=" + encryption, "JASPERS_HASH_KEY=" + hash}
		}
		isOneLine(t, startOnce(t, settings(otherEncryptionKey, hashKey)...), "users.totp holds values sealed with another key v1")
		isOneLine(t, startOnce(t, settings(encryptionKey, otherHashKey)...), "another JASPERS_HASH_KEY")
		if err := startOnce(t, settings(encryptionKey, hashKey)...); err != nil {
			t.Errorf("with the right keys: %v", err)
		}
		cfg, err := app.LoadConfig(settings("v2:"+encryptionKey, hashKey), "")
		if err != nil {
			t.Fatal(err)
		}
		cfg.Auth.EncryptionKeysOld = "v1:" + otherEncryptionKey
		isOneLine(t, app.RotateKeys(t.Context(), cfg, &bytes.Buffer{}), "another key v1")
		var out bytes.Buffer
		if err := app.KeyStatus(t.Context(), cfg, &out); err != nil || !strings.Contains(out.String(), "Next: the server does not start as it is: users.totp holds") {
			t.Errorf("got %s, %v, want to be told that the key is wrong", &out, err)
		}
	})
}

// addPerson does what jaspers user add does.
func addPerson(ctx context.Context, a *app.App) error {
	_, err := a.Auth.AddUser(ctx, "ada@example.com", password)
	return err
}

func TestNoSecretsAreMadeBesideADatabaseThatNeedsTheOldOnes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := app.LoadConfig([]string{"JASPERS_DATA_DIR=" + dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	opts := app.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if err := app.Operate(t.Context(), cfg, opts, addPerson); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("got %v, want that there is no installation", err)
	}
	if where, err := app.Install(t.Context(), cfg, opts, addPerson); err != nil || where != filepath.Join(dir, "jaspers.db") {
		t.Fatalf("got %q, %v", where, err)
	}
	path := filepath.Join(dir, "secrets.env")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		isOneLine(t, startOnce(t, "JASPERS_DATA_DIR="+dir), "has no JASPERS_HASH_KEY")
		isOneLine(t, app.Operate(t.Context(), cfg, opts, addPerson), "secrets.env is not there")
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want no new secrets", err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := startOnce(t, "JASPERS_DATA_DIR="+dir); err != nil {
		t.Errorf("with the file back: %v", err)
	}
	// What signs tokens can be made anew: people sign in again.
	if err := os.WriteFile(path, regexp.MustCompile(`(?m)^JASPERS_JWT_SECRET=.*\n`).ReplaceAll(whole, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := startOnce(t, "JASPERS_DATA_DIR="+dir); err != nil {
		t.Errorf("without what signs tokens: %v", err)
	}
}

func TestLostKeysAreGivenUpAsTheManualSays(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operations/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := regexp.MustCompile("(?s)## When keys are lost.*?```sql\n(.*?)```").FindSubmatch(manual)
	if steps == nil {
		t.Fatal("the manual has no steps")
	}
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		v.enrol()
		s.sealedLog()
		other := []string{"JASPERS_ENCRYPTION_KEY=" + otherEncryptionKey, "JASPERS_HASH_KEY=" + otherHashKey}
		if s.db.Engine == db.SQLite { // generated
			other = []string{"JASPERS_ENCRYPTION_KEY=", "JASPERS_HASH_KEY=", "JASPERS_JWT_SECRET="}
		}
		settings := append(append(s.environ, "JASPERS_DATA_DIR="+t.TempDir()), other...)
		if err := startOnce(t, settings...); err == nil {
			t.Fatal("it starts with keys that do not fit")
		}
		if err := s.db.Tx(t.Context(), func(tx *sql.Tx) error {
			for step := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(string(steps[1])), ";"), ";") {
				if _, err := tx.ExecContext(t.Context(), step); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := startOnce(t, settings...); err != nil {
			t.Errorf("after the steps: %v", err)
		}
		if n := len(data[[]link](v.get("/brokerages/connections"))); n != 0 {
			t.Errorf("got %d connections, want them gone", n)
		}
		v.signIn("").status(http.StatusOK)
		v.get("/chat/sessions/" + v.objects["/api/chat/sessions/{id}"]).status(http.StatusOK)
	})
}
