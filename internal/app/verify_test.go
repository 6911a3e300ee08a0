package app_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// verified is what the command says of the audit log.
func verified(t *testing.T, cfg app.Config) (said string, err error) {
	t.Helper()
	var out strings.Builder
	err = app.VerifyAudit(t.Context(), cfg, "", &out)
	return out.String(), err
}

func TestABackupWithEventsThatWaitVerifiesWhereverAndWheneverItIsRestored(t *testing.T) {
	t.Parallel()
	settings := []string{"JASPERS_JWT_SECRET=" + jwtSecret, "JASPERS_ENCRYPTION_KEY=" + encryptionKey, "JASPERS_HASH_KEY=" + hashKey,
		"JASPERS_DATABASE_URL="}
	at := func(address string) app.Config {
		cfg, err := app.LoadConfig(append(settings[:3:3], settings[3]+address), "")
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	address := dbtest.Address(t, db.SQLite)
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	now := time.Now().AddDate(0, -1, 0)
	log, err := audit.New(d, func() time.Time { return now }, []byte(hashKey))
	if err != nil {
		t.Fatal(err)
	}
	record := func() {
		t.Helper()
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			return log.Record(t.Context(), tx, audit.Event{Action: audit.Login, UserID: db.NewID()})
		}); err != nil {
			t.Fatal(err)
		}
	}
	record()
	if _, err := log.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	record() // waits at the moment of the backup
	file, there := filepath.Join(t.TempDir(), "backup.db"), at("sqlite:"+filepath.Join(t.TempDir(), "jaspers.db"))
	var out strings.Builder
	if err := app.Backup(t.Context(), at(address), file, "", &out); err != nil {
		t.Fatal(err)
	}
	if err := app.Restore(t.Context(), there, file, &out); err != nil {
		t.Fatal(err)
	}
	said, err := verified(t, there)
	if err != nil || !strings.HasPrefix(said, "1 rows, chain intact, head 1:") || !strings.Contains(said, "\n1 rows wait for their places in the chain, unaltered") {
		t.Errorf("got %v: %s", err, said)
	}

	now = now.Add(time.Hour)
	record() // where nobody seals
	said, err = verified(t, at(address))
	if err == nil || !strings.Contains(err.Error(), "none of the audit log's 3 rows is altered") || !strings.Contains(said, "rows waiting for a place in the chain although") {
		t.Errorf("with a row that waits for an hour: got %v: %s", err, said)
	}
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "update audit_logs set outcome = 'failure' where id = (select log_id from audit_chain where seq = 1)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if said, err = verified(t, at(address)); err == nil || !strings.Contains(err.Error(), "of the audit log's 1 rows not all is as it was written") {
		t.Errorf("with a row that was edited, too: got %v: %s", err, said)
	}
}
