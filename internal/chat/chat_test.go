package chat

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m)
}

// clock shows a time that only tests move.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// serviceOn is a service without a model.
func serviceOn(t *testing.T, d *db.DB) (*Service, *clock) {
	t.Helper()
	c := &clock{}
	log, err := audit.New(d, c.now, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.New(map[int][]byte{1: bytes.Repeat([]byte{7}, vault.KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{DB: d, Analyst: &analyst.Analyst{
		Now: c.now, Builtin: builtin.Model{},
		Understand: func(context.Context, string, string, []string) (intent.Intent, map[string][]string, error) {
			return intent.Intent{Type: intent.Other}, nil, nil
		},
	}, Now: c.now, Log: slog.New(slog.DiscardHandler), Audit: log, Keys: keys}
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(over)
	})
	return s, c
}

func newUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`,
			id, id+"@example.com", time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newSession(t *testing.T, s *Service, userID string) Session {
	t.Helper()
	session, err := s.Create(t.Context(), userID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestASessionIsMadeChangedAndDeleted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		made, err := s.Create(t.Context(), user, new("  Tech stocks "))
		if err != nil || made.Title != "Tech stocks" {
			t.Fatalf("got %+v, %v, want the trimmed title", made, err)
		}
		c.advance(time.Second)
		want := made
		want.Title, want.Pinned, want.UpdatedAt = "Löhne", true, made.CreatedAt.Add(time.Second)
		changed, err := s.Update(t.Context(), user, made.ID, Changes{Title: new("Löhne"), Pinned: new(true)})
		if diff := cmp.Diff(want, changed); diff != "" || err != nil {
			t.Errorf("changed: %v (-want +got):\n%s", err, diff)
		}
		want.Archived = true
		if _, err = s.Update(t.Context(), user, made.ID, Changes{Archived: new(true)}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), user, made.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("read: %v (-want +got):\n%s", err, diff)
		}
		if err := s.Delete(t.Context(), user, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), user, made.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want NotFound of a deleted session", err)
		}
	})
}

func TestTextsThatCannotBeKeptAreRefusedByField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		long := strings.Repeat("é", maxTitle)
		if _, err := s.Create(t.Context(), user, &long); err != nil {
			t.Errorf("%d characters: got %v, want a session", maxTitle, err)
		}
		for _, bad := range []string{"", " \n", long + "é", "a\x00b", "a\xffb"} {
			_, created := s.Create(t.Context(), user, &bad)
			_, updated := s.Update(t.Context(), user, session.ID, Changes{Title: &bad})
			_, posted := s.Post(t.Context(), user, session.ID, strings.Repeat(bad, 40))
			for path, err := range map[string]error{"body.title": created, "body.title ": updated, "body.content": posted} {
				f := fault.From(err)
				if f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != strings.TrimSpace(path) {
					t.Errorf("%.10q: got %v, want an Invalid of %s", bad, err, path)
				}
			}
		}
	})
}

func TestStrangersFindNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		owner, stranger := newUser(t, d), newUser(t, d)
		session := newSession(t, s, owner)
		for _, id := range []string{session.ID, db.NewID(), "x", "", "' or 1=1 --"} {
			_, got := s.Get(t.Context(), stranger, id)
			_, updated := s.Update(t.Context(), stranger, id, Changes{Title: new("mine")})
			deleted := s.Delete(t.Context(), stranger, id)
			_, _, listed := s.Messages(t.Context(), stranger, id, 10, "")
			_, posted := s.Post(t.Context(), stranger, id, "hello")
			for what, err := range map[string]error{"get": got, "update": updated, "delete": deleted, "messages": listed, "post": posted} {
				if want := fault.New(fault.NotFound, "there is no such conversation"); err == nil || err.Error() != want.Error() {
					t.Errorf("%s %q: got %v, want %v", what, id, err, want)
				}
			}
		}
		if mine, _, err := s.List(t.Context(), stranger, 10, ""); err != nil || len(mine) != 0 {
			t.Errorf("got %v, %v, want no sessions", mine, err)
		}
		if kept, err := s.Get(t.Context(), owner, session.ID); err != nil || kept != session {
			t.Errorf("got %+v, %v, want %+v untouched", kept, err, session)
		}
	})
}

func TestSessionsComeInPagesTheNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		var want []string
		for i := range 7 {
			session, err := s.Create(t.Context(), user, new(fmt.Sprint("session ", i)))
			if err != nil {
				t.Fatal(err)
			}
			want = append([]string{session.ID}, want...)
			if i%2 == 0 { // neighbours share their time, so that the id has to decide
				c.advance(100 * time.Millisecond)
			}
		}
		var got []string
		cursor := ""
		for {
			page, next, err := s.List(t.Context(), user, 2, cursor)
			if err != nil || len(page) > 2 {
				t.Fatalf("got %d sessions, %v", len(page), err)
			}
			for _, session := range page {
				got = append(got, session.ID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids (-want +got):\n%s", diff)
		}
	})
}

func TestACursorOfOnesOwnMakingIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		encode := base64.RawURLEncoding.EncodeToString
		for _, cursor := range []string{
			"x", "!", encode([]byte("yesterday " + session.ID)), encode([]byte("2026-01-01T00:00:00Z 1")),
			encode([]byte("2026-01-01T00:00:00Z")), encode([]byte("0001-01-01T00:00:00Z " + session.ID)), encode([]byte("\x00")),
		} {
			_, _, listed := s.List(t.Context(), user, 10, cursor)
			_, _, read := s.Messages(t.Context(), user, session.ID, 10, cursor)
			for _, err := range []error{listed, read} {
				if f := fault.From(err); f.Kind != fault.Invalid || f.Fields[0].Path != "query.cursor" {
					t.Errorf("%q: got %v, want an Invalid of query.cursor", cursor, err)
				}
			}
		}
	})
}
