package connection_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// signIn gives a person a session and an API key.
func signIn(t *testing.T, d *db.DB, userID string, now time.Time) (session, key string) {
	t.Helper()
	session, key = db.NewID(), db.NewID()
	exec(t, d, `insert into auth_sessions (id, user_id, created_at, last_used_at, expires_at) values ($1, $2, $3, $3, $4)`,
		session, userID, now, now.Add(time.Hour))
	exec(t, d, `insert into api_keys (id, user_id, name, key_hash, scopes, created_at, expires_at) values ($1, $2, 'k', $3, 'write', $4, $5)`,
		key, userID, key, now, now.Add(time.Hour))
	return session, key
}

func TestAnAttemptEndsWithWhatItWasBegunIn(t *testing.T) {
	ends := map[string]struct {
		session, key string // what becomes of an attempt in a session, and of one with an API key
		query        string
	}{
		"nothing ends":             {"made", "made", "update users set updated_at = updated_at where id = $1"},
		"signed out everywhere":    {"refused", "made", "update auth_sessions set ended_at = created_at where user_id = $1"},
		"the session's time over":  {"refused", "made", "update auth_sessions set expires_at = created_at where user_id = $1"},
		"the key revoked":          {"made", "refused", "delete from api_keys where user_id = $1"},
		"the key's time over":      {"made", "refused", "update api_keys set expires_at = created_at where user_id = $1"},
		"the person disabled":      {"refused", "refused", "update users set disabled_at = created_at where id = $1"},
		"another person signs out": {"made", "made", "update auth_sessions set ended_at = created_at where user_id <> $1"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, end := range ends {
			for way, want := range map[string]string{"session": end.session, "key": end.key} {
				o, user := newOffice(t, d), newUser(t, d)
				session, key := signIn(t, d, user, o.now)
				by := connection.Access{SessionID: session}
				if way == "key" {
					by = connection.Access{KeyID: key}
				}
				begun, err := o.Begin(t.Context(), user, connection.Request{Provider: "desk", Environment: broker.Paper, By: by})
				if err != nil {
					t.Fatal(err)
				}
				code, err := o.desk.Consent(begun.Authorization.URL)
				if err != nil {
					t.Fatal(err)
				}
				exec(t, d, end.query, user)
				_, err = o.Callback(t.Context(), connection.Redirect{
					State: begun.Authorization.State, Code: code, BrowserSecret: begun.Authorization.BrowserSecret,
				})
				if want == "made" && err != nil || want == "refused" && (!fault.Is(err, fault.InvalidOAuthState) || len(o.list(t, user)) > 0 || len(o.connected) > 0) {
					t.Errorf("%s, by %s: got %v, %v, want it %s", name, way, err, o.list(t, user), want)
				}
			}
		}
	})
}

func TestWhatADisabledPersonConnectedIsNotRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o, user := newOffice(t, d), newUser(t, d)
		o.connect(t, user)
		exec(t, d, "update users set disabled_at = created_at where id = $1", user)
		due, err := o.Due(t.Context(), d.Read())
		if err != nil || len(due) != 0 {
			t.Errorf("got %v, %v due, want none", due, err)
		}
		behind, err := o.Behind(t.Context(), d.Read(), o.now.Add(time.Hour))
		if err != nil || len(behind) != 0 {
			t.Errorf("got %v, %v behind, want none", behind, err)
		}
	})
}
