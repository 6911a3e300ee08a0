package db_test

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestAStatementThatIsAskedAgainSeesWhatWasWrittenSince(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		count := func() (n int) {
			t.Helper()
			if err := d.Read().QueryRowContext(t.Context(), "select count(*) from stock_quote_cache where kind = $1", "k").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		change := func(query string, args ...any) {
			t.Helper()
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(t.Context(), query, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20 {
			if got := count(); got != i {
				t.Fatalf("got %d rows, want %d", got, i)
			}
			change("insert into stock_quote_cache (kind, key, unknown, fetched_at) values ('k', $1, true, '2026-11-18 16:00:00+00:00')", fmt.Sprint(i))
			if i == 10 {
				change("alter table stock_quote_cache add column later text")
			}
		}
	})
}

func TestManyStatementsAtOnceAnswerEachTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for i := range 400 { // more than are kept
					var got int
					query := fmt.Sprintf("select %d + cast($1 as integer)", i)
					if err := d.Read().QueryRowContext(t.Context(), query, i).Scan(&got); err != nil || got != 2*i {
						t.Errorf("got %d, %v, want %d", got, err, 2*i)
					}
				}
			})
		}
		all.Wait()
		for range 2 {
			if _, err := d.Read().QueryContext(t.Context(), "select nothing from nowhere"); err == nil {
				t.Error("got an answer to what is no question")
			}
		}
	})
}
