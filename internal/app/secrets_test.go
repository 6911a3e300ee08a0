package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joho/godotenv"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// startOnce starts a server on a data folder and ends it.
func startOnce(t *testing.T, settings ...string) error {
	t.Helper()
	cfg, err := app.LoadConfig(append([]string{"JASPERS_YAHOO_ENABLED=false"}, settings...), "")
	if err != nil {
		return err
	}
	a, err := app.New(context.WithoutCancel(t.Context()), cfg, app.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return err
	}
	return a.Close()
}

func TestSecretsThatAnEarlierVersionDidNotMakeAreAddedOnceAndTheOthersStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secrets.env")
	old := "# Made at the first start.\nJASPERS_JWT_SECRET=" + jwtSecret + "\n\n# mine\nJASPERS_ENCRYPTION_KEY=" + encryptionKey
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	database := "JASPERS_DATABASE_URL=" + dbtest.Address(t, db.SQLite)
	var starts sync.WaitGroup
	for range 5 { // all at once, the first time after the upgrade
		starts.Go(func() {
			if err := startOnce(t, "JASPERS_DATA_DIR="+dir, database); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	now, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(now), old+"\nJASPERS_HASH_KEY=") || bytes.Count(now, []byte("HASH_KEY")) != 1 {
		t.Errorf("got %s (%v), want what was there and one more line", now, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	if err := startOnce(t, "JASPERS_DATA_DIR="+dir); err != nil {
		t.Error(err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, now) {
		t.Errorf("a later start changed it: %s (%v)", again, err)
	}
}

func TestManyFirstStartsAtOnceAgreeOnOneSetOfSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := "JASPERS_DATABASE_URL=" + dbtest.Address(t, db.SQLite)
	var mu sync.Mutex
	found := map[string]bool{}
	var starts sync.WaitGroup
	for range 6 {
		starts.Go(func() {
			if err := startOnce(t, "JASPERS_DATA_DIR="+dir, database); err != nil {
				t.Error(err)
				return
			}
			text, err := os.ReadFile(filepath.Join(dir, "secrets.env"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			found[string(text)] = true
		})
	}
	starts.Wait()
	if len(found) != 1 {
		t.Errorf("got %d sets of secrets, want 1", len(found))
	}
}

func TestSecretsOfAnotherUserAreNotReplaced(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "secrets.env")
	text := "JASPERS_JWT_SECRET=" + jwtSecret + "\nJASPERS_ENCRYPTION_KEY=" + encryptionKey + "\nJASPERS_HASH_KEY=" + hashKey + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.LoadConfig([]string{"JASPERS_DATA_DIR=" + dir, "JASPERS_DATABASE_URL=" + dbtest.Address(t, db.SQLite)}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := app.RotateKeys(t.Context(), cfg, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "as the user the server runs as") {
		t.Errorf("got %v, want to be told whom to run as", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != text {
		t.Errorf("the file was changed: %s (%v)", now, err)
	}
}

func TestASecretsFileThatIsCompleteNeedsNoPlaceToWrite(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir, data := t.TempDir(), t.TempDir()
	if err := startOnce(t, "JASPERS_DATA_DIR="+dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := startOnce(t, "JASPERS_DATA_DIR="+dir, "JASPERS_DATABASE_URL=sqlite:"+filepath.Join(data, "x.db")); err != nil {
		t.Error(err)
	}
}

func TestKeysOfTheWrongFormAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	const other = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
	for name, c := range map[string]struct{ current, old, want string }{
		"short":              {"0123456789abcdef0123456789abcdef", "", "64 hex digits"},
		"no hex":             {strings.Repeat("canary-xz-uvwope", 4), "", "64 hex digits"},
		"version zero":       {"v0:" + encryptionKey, "", "version"},
		"version with words": {"canary:" + encryptionKey, "", "version"},
		"version 01":         {"v01:" + encryptionKey, "", "version"},
		"version far off":    {"v10000:" + encryptionKey, "", "version"},
		"not random":         {"v2:" + strings.Repeat("ab", 32), "", "random"},
		"an old one short":   {"v2:" + encryptionKey, "v1:canary", "JASPERS_ENCRYPTION_KEYS_OLD"},
		"one number twice":   {"v2:" + encryptionKey, "v2:" + other, "two encryption keys v2"},
		"two without one":    {encryptionKey, other, "two encryption keys v1"},
		"one key twice":      {"v2:" + encryptionKey, "v1:" + encryptionKey, "v1 and v2 are the same"},
	} {
		err := startOnce(t, "JASPERS_DATA_DIR="+t.TempDir(), "JASPERS_JWT_SECRET="+jwtSecret, "JASPERS_HASH_KEY="+hashKey,
			"JASPERS_ENCRYPTION_KEY="+c.current, "JASPERS_ENCRYPTION_KEYS_OLD="+c.old)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
			continue
		}
		for _, secret := range []string{encryptionKey, other, "canary"} {
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: the error shows a value, or has several lines: %v", name, err)
			}
		}
	}
	if err := startOnce(t, "JASPERS_DATA_DIR="+t.TempDir(), "JASPERS_ENCRYPTION_KEYS_OLD=v1:"+other); err == nil || !strings.Contains(err.Error(), "set both, or neither") {
		t.Errorf("old keys beside a generated one: got %v", err)
	}
}

func TestKeysAreReadFromFilesThatSettingsName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := []string{"JASPERS_DATA_DIR=" + dir, "JASPERS_DATABASE_URL=" + dbtest.Address(t, db.SQLite)}
	for name, value := range map[string]string{
		"JASPERS_JWT_SECRET": jwtSecret, "JASPERS_HASH_KEY": hashKey, "JASPERS_ENCRYPTION_KEY": "v3:" + encryptionKey,
		"JASPERS_ENCRYPTION_KEYS_OLD": "v1:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		settings = append(settings, name+"_FILE="+path)
	}
	if err := startOnce(t, settings...); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.LoadConfig(settings, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := app.KeyStatus(t.Context(), cfg, &out); err != nil || !strings.Contains(out.String(), "v1  opens") || !strings.Contains(out.String(), "v3  seals") {
		t.Errorf("got %s, %v", &out, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "secrets.env")); err == nil {
		t.Error("a file of secrets was made beside those that were given")
	}
}

// secretsOf reads the generated secrets of a data folder.
func secretsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	values, err := godotenv.Read(filepath.Join(dir, "secrets.env"))
	if err != nil {
		t.Fatal(err)
	}
	return values
}
