package db_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestConversationsOfBeforeBranchesAreOneBranchEach(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		branched := func() bool {
			_, err := d.Read().ExecContext(t.Context(), `select parent_id from chat_messages where 1 = 0`)
			return err == nil
		}
		for branched() { // later versions change other things
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		user, now := db.NewID(), time.Now()
		sessions := []string{db.NewID(), db.NewID(), db.NewID()}
		names := map[string]string{sessions[0]: "first", sessions[1]: "second", sessions[2]: "empty"}
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if err := insertUser(t, tx, user, "a@example.com", now); err != nil {
				return err
			}
			for i, id := range sessions {
				title := []string{"New conversation", "Mine", "New conversation"}[i]
				if _, err := tx.ExecContext(t.Context(), `insert into chat_sessions (id, user_id, title, pinned, archived, created_at, updated_at)
					values ($1, $2, $3, false, false, $4, $4)`, id, user, title, now); err != nil {
					return err
				}
			}
			for i, name := range []string{"q0", "r0", "a0", "s0", "q1", "a1"} { // two conversations at the same time
				id, session := db.NewID(), sessions[0]
				if names[id] = name; name[0] == 'r' || name[0] == 's' {
					session = sessions[1]
				}
				if _, err := tx.ExecContext(t.Context(), `insert into chat_messages (id, session_id, role, status, content, citations,
					input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, created_at)
					values ($1, $2, 'user', 'complete', $3, '[]', 0, 0, 0, 0, '0', $4)`, id, session, name, now.Add(time.Duration(i)*time.Second)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, query := range []string{`select id, parent_id from chat_messages`, `select id, coalesce(head_id, id) from chat_sessions`} {
			rows, err := d.Read().QueryContext(t.Context(), query)
			if _, err := db.Collect(rows, err, func(scan func(...any) error) (string, error) {
				var id, other string
				err := scan(&id, &other)
				got[names[id]] = names[other]
				return id, err
			}); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]string{"q0": "first", "a0": "q0", "q1": "a0", "a1": "q1", "r0": "second", "s0": "r0", "first": "a1", "second": "s0", "empty": "empty"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what follows what (-want +got):\n%s", diff)
		}
		var manual int
		if err := d.Read().QueryRowContext(t.Context(), `select count(*) from chat_sessions where title_source = 'manual'`).Scan(&manual); err != nil || manual != 1 {
			t.Errorf("got %d, %v, want one title that a person gave", manual, err)
		}
	})
}
