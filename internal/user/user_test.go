package user_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func TestAnAddressHasOneSpelling(t *testing.T) {
	for in, want := range map[string]string{"  Ada@Example.COM ": "ada@example.com", "a+b@c.io": "a+b@c.io"} {
		if got, ok := user.CanonicalEmail(in); !ok || got != want {
			t.Errorf("%q: got %q, %t, want %q", in, got, ok, want)
		}
	}
	for _, bad := range []string{
		"", "ada", "@example.com", "ada@", "Ada <ada@example.com>", "a b@example.com", "a@b\n.com", "a@b, c@d",
		strings.Repeat("a", 250) + "@b.co",
	} {
		if got, ok := user.CanonicalEmail(bad); ok {
			t.Errorf("%q was taken for the address %q", bad, got)
		}
	}
}

func text(s string) *string { return &s }

func TestAProfileChangesWhereItIsToldTo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
		log, err := audit.New(d, time.Now, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		s := &user.Service{DB: d, Now: func() time.Time { return now }, Audit: log}
		ada := user.User{ID: db.NewID(), Email: "ada@example.com", FirstName: text("Ada"), CreatedAt: now, UpdatedAt: now}
		insert := func(u user.User) error {
			return d.Tx(t.Context(), func(tx *sql.Tx) error {
				_, err := user.Insert(t.Context(), tx, u, "hash")
				return err
			})
		}
		if err := insert(ada); err != nil {
			t.Fatal(err)
		}
		again := ada
		again.ID = db.NewID()
		if err := insert(again); fault.KindOf(err) != fault.EmailTaken {
			t.Errorf("got %v, want %s", err, fault.EmailTaken)
		}
		now = now.Add(time.Hour)
		if _, err := s.Update(t.Context(), ada.ID, user.Changes{LastName: text(" Lovelace ")}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), ada.ID)
		if err != nil || *got.FirstName != "Ada" || *got.LastName != "Lovelace" || !got.UpdatedAt.Equal(now) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err = s.Update(t.Context(), ada.ID, user.Changes{FirstName: text("  ")}); err != nil || got.FirstName != nil {
			t.Errorf("got %+v, %v, want the name taken away", got, err)
		}
		if _, err := s.Get(t.Context(), db.NewID()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("got %v, want %s", err, fault.NotFound)
		}
	})
}
