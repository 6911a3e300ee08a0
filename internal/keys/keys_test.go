package keys_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/keys"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

var (
	credentials = vault.Column{Table: "brokerage_connections", Column: "credentials", Row: "id", User: "user_id"}
	verifiers   = vault.Column{Table: "brokerage_authorizations", Column: "code_verifier", Row: "state_hash", User: "user_id"}
)

// office has the keys named, the last of them the current one.
func office(t *testing.T, d *db.DB, versions ...int) *keys.Service {
	t.Helper()
	all := vault.Keys{All: map[int][]byte{}}
	for _, v := range versions {
		all.Current, all.All[v] = v, bytes.Repeat([]byte{byte(v)}, vault.KeySize)
	}
	ring, err := vault.NewFixed(all)
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.New(d, time.Now, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &keys.Service{DB: d, Keyring: ring, Columns: []vault.Column{verifiers, credentials}, Audit: log}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// fill makes a person with n connections and one attempt at another, sealed as s does. It returns the connections.
func fill(t *testing.T, s *keys.Service, n int) (user string, ids []string) {
	t.Helper()
	user = db.NewID()
	exec(t, s.DB, "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", user, user+"@jaspers.test", time.Now())
	for range n {
		id := db.NewID()
		ids = append(ids, id)
		exec(t, s.DB, `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
			values ($1, $2, 'x', 'live', 'active', $3, $4, $4)`, id, user, s.Keyring.Seal([]byte(id), credentials.Place(id, user)), time.Now())
	}
	state := db.NewID()
	exec(t, s.DB, `insert into brokerage_authorizations (state_hash, user_id, browser_hash, provider, environment, code_verifier, created_at, expires_at)
		values ($1, $2, 'x', 'x', 'live', $3, $4, $4)`, state, user, s.Keyring.Seal([]byte(state), verifiers.Place(state, user)), time.Now())
	return user, ids
}

// sealed reads the credentials of a connection.
func sealed(t *testing.T, d *db.DB, id string) (text string) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select credentials from brokerage_connections where id = $1", id).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func counts(t *testing.T, s *keys.Service) map[string]int {
	t.Helper()
	usages, err := s.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, u := range usages {
		all[fmt.Sprintf("%v v%d", u.Column, u.Version)] = u.Values
	}
	return all
}

func TestResealingMovesEverythingToTheCurrentKeyAndChangesNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user, ids := fill(t, office(t, d, 1), 250)
		s := office(t, d, 1, 2)
		if diff := cmp.Diff(map[string]int{"brokerage_authorizations.code_verifier v1": 1, "brokerage_connections.credentials v1": 250}, counts(t, s)); diff != "" {
			t.Errorf("before (-want +got):\n%s", diff)
		}
		// One is renewed by its owner in the middle of it.
		renewed := ids[200]
		next := s.Keyring.Seal([]byte("renewed"), credentials.Place(renewed, user))
		first := true
		pass, err := s.Reseal(t.Context(), func(int) {
			if first {
				exec(t, d, "update brokerage_connections set credentials = $1 where id = $2", next, renewed)
			}
			first = false
		})
		if err != nil || pass.Resealed != 250 || pass.Unreadable != 0 {
			t.Errorf("got %+v, %v, want 250 of the 251 sealed anew", pass, err)
		}
		if diff := cmp.Diff(map[string]int{"brokerage_authorizations.code_verifier v2": 1, "brokerage_connections.credentials v2": 250}, counts(t, s)); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
		for _, id := range ids {
			plain, err := office(t, d, 2).Keyring.Open(sealed(t, d, id), credentials.Place(id, user))
			if want := map[bool]string{true: "renewed", false: id}[id == renewed]; err != nil || string(plain) != want {
				t.Fatalf("got %q, %v, want %q", plain, err, want)
			}
		}
		if pass, err := s.Reseal(t.Context(), func(int) {}); err != nil || pass.Resealed != 0 {
			t.Errorf("got %+v, %v of a second pass, want nothing to do", pass, err)
		}
	})
}

func TestWhatIsChangedWhileItIsSealedAnewStaysChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user, ids := fill(t, office(t, d, 1), 20)
		s := office(t, d, 1, 2)
		ctx, stop := context.WithCancel(t.Context())
		renewals := make(chan map[string]string)
		go func() { // as owners do who connect again, all the time
			last := map[string]string{}
			for i := 0; ctx.Err() == nil; i++ {
				id, words := ids[i%len(ids)], fmt.Sprint("renewal ", i)
				exec(t, d, "update brokerage_connections set credentials = $1 where id = $2", s.Keyring.Seal([]byte(words), credentials.Place(id, user)), id)
				last[id] = words
			}
			renewals <- last
		}()
		for range 20 {
			if _, err := s.Reseal(t.Context(), func(int) {}); err != nil {
				t.Error(err)
			}
		}
		stop()
		for id, want := range <-renewals {
			if plain, err := s.Keyring.Open(sealed(t, d, id), credentials.Place(id, user)); err != nil || string(plain) != want {
				t.Errorf("got %q, %v, want %q", plain, err, want)
			}
		}
	})
}

func TestCiphertextsThatWereSwappedOpenNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := office(t, d, 1)
		user, ids := fill(t, s, 2)
		other, others := fill(t, s, 1)
		a, b, c := sealed(t, d, ids[0]), sealed(t, d, ids[1]), sealed(t, d, others[0])
		for what, swapped := range map[string]struct {
			text  string
			place vault.Place
		}{
			"rows":               {b, credentials.Place(ids[0], user)},
			"users":              {c, credentials.Place(ids[0], user)},
			"a row's user":       {a, credentials.Place(ids[0], other)},
			"columns":            {a, verifiers.Place(ids[0], user)},
			"columns of a table": {a, vault.Place{Table: credentials.Table, Column: "status", Row: ids[0], User: user}},
		} {
			if got, err := s.Keyring.Open(swapped.text, swapped.place); err == nil {
				t.Errorf("%s: got %q", what, got)
			}
		}
		exec(t, d, "update brokerage_connections set credentials = $1 where id = $2", b, ids[0])
		if pass, err := office(t, d, 1, 2).Reseal(t.Context(), func(int) {}); err != nil || pass.Unreadable != 1 || pass.First != credentials.String() {
			t.Errorf("got %+v, %v, want the swapped one left alone and named", pass, err)
		}
		if got := sealed(t, d, ids[0]); got != b {
			t.Error("what does not open was changed")
		}
	})
}

func TestAServerWithoutAKeyThatIsNeededDoesNotStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := office(t, d, 1).Check(t.Context()); err != nil {
			t.Errorf("of an empty database: %v", err)
		}
		_, ids := fill(t, office(t, d, 3), 2)
		for _, versions := range [][]int{{3}, {1, 3}, {3, 4}} {
			if err := office(t, d, versions...).Check(t.Context()); err != nil {
				t.Errorf("with the keys %v: %v", versions, err)
			}
		}
		for _, versions := range [][]int{{1}, {1, 2}, {33}} {
			if err := office(t, d, versions...).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "key v3") || strings.Contains(err.Error(), "\n") {
				t.Errorf("with the keys %v: got %v, want one line about v3", versions, err)
			}
		}
		if diff := cmp.Diff(map[string]int{"brokerage_authorizations.code_verifier v0": 1, "brokerage_connections.credentials v0": 2}, counts(t, office(t, d, 1))); diff != "" {
			t.Errorf("without the key (-want +got):\n%s", diff)
		}
		exec(t, d, "update brokerage_connections set credentials = 'plain' where id = $1", ids[0])
		if err := office(t, d, 3).Check(t.Context()); err == nil || strings.Contains(err.Error(), "plain") {
			t.Errorf("got %v of a value that was never sealed, want an error without it", err)
		}
	})
}

func TestAKeyThatOnlyHasTheRightNumberIsNoticed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user, ids := fill(t, office(t, d, 3), 2)
		wrong, err := vault.NewFixed(vault.Keys{Current: 3, All: map[int][]byte{3: bytes.Repeat([]byte{4}, vault.KeySize)}})
		if err != nil {
			t.Fatal(err)
		}
		other := office(t, d, 3)
		other.Keyring = wrong
		refused := func(column vault.Column) {
			t.Helper()
			err := other.Check(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), column.String()+" holds values sealed with another key v3") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line about %v", err, column)
			}
		}
		refused(verifiers)
		exec(t, d, "delete from brokerage_authorizations")
		refused(credentials)
		// A single one that was damaged is no wrong key.
		exec(t, d, "update brokerage_connections set credentials = $1 where id = $2", wrong.Seal(nil, credentials.Place(ids[0], user)), ids[0])
		if err := office(t, d, 3).Check(t.Context()); err != nil {
			t.Errorf("with one damaged value of two: %v", err)
		}
	})
}
