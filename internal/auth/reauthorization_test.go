package auth_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestWhoWantsToKnowIsToldThatABrokerageLetsUsInNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		h.post.Wait(t, email, 1)
		tell := func(connection string) {
			wantNoError(t, d.Tx(t.Context(), func(tx *sql.Tx) error {
				return h.TellReauthorization(t.Context(), tx, me.UserID, connection, "Desk", h.clock.Now())
			}))
		}
		tell("first")
		got := h.post.Wait(t, email, 2)[1]
		if !strings.Contains(got.Text, "Desk") || !strings.Contains(got.Text, "first") || !strings.Contains(got.Text, "15:00 UTC on 23 November 2026") ||
			strings.Contains(got.Text, "{{") {
			t.Errorf("got %q", got.Text)
		}
		h.exec("insert into user_settings (user_id, notifications, updated_at) select id, '[]', created_at from users")
		tell("second")
		if n := h.count("jobs where kind = 'auth.reauthorization'"); n != 1 {
			t.Errorf("got %d mails to send, want none for who wants none", n-1)
		}
	})
}
