package db_test

import (
	"database/sql"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestTheSchemaTellsItsVersionAndChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := func(what string, is func(version, newest int64) bool) (version int64) {
			t.Helper()
			version, newest, err := d.Schema(t.Context())
			if err != nil || newest == 0 || !is(version, newest) {
				t.Errorf("%s: got %d of %d, %v", what, version, newest, err)
			}
			return version
		}
		whole := want("migrated", func(version, newest int64) bool { return version == newest })
		if err := d.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			want("one step back", func(version, _ int64) bool { return version == whole-1 })
		}
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "drop table goose_db_version")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			want("never migrated", func(version, _ int64) bool { return version == 0 })
		}
	})
}
