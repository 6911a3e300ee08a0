package auth_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func newKey(t *testing.T, s *auth.Service, who auth.Identity, scopes ...auth.Scope) auth.CreatedKey {
	t.Helper()
	k, err := s.CreateKey(t.Context(), who, auth.KeyRequest{Name: "script", Scopes: scopes, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keys(t *testing.T, s *auth.Service, who auth.Identity) []auth.APIKey {
	t.Helper()
	all, next, err := s.Keys(t.Context(), who, 50, "")
	if err != nil || next != "" {
		t.Fatalf("got %v and the cursor %q, want one page", err, next)
	}
	return all
}

func TestAKeyOpensItsScopesUntilItExpiresOrIsRevoked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		k := newKey(t, s, me, auth.ScopeChat, auth.ScopeRead, auth.ScopeRead)
		if !strings.HasPrefix(k.Key, "jsp_") || len(k.Key) != 47 || !slices.Equal(k.Scopes, []auth.Scope{auth.ScopeRead, auth.ScopeChat}) {
			t.Errorf("got %+v", k)
		}
		who, err := s.AuthenticateKey(t.Context(), k.Key)
		wantNoError(t, err)
		if who.UserID != me.UserID || who.KeyID != k.ID || who.SessionID != "" || who.Role != user.Member {
			t.Errorf("got %+v, want the person by their key", who)
		}
		for scope, want := range map[auth.Scope]bool{auth.ScopeRead: true, auth.ScopeChat: true, auth.ScopeWrite: false, auth.ScopeAdmin: false, "": false, "ead": false} {
			if who.May(scope) != want {
				t.Errorf("%q: got %v, want %v", scope, !want, want)
			}
			if !me.May(scope) {
				t.Errorf("a session may not %q", scope)
			}
		}
		for _, wrong := range []string{"", "jsp_", k.Key[:46], k.Key + "x", "JSP_" + k.Key[4:], k.Key[:46] + "!", k.Key[4:]} {
			_, err := s.AuthenticateKey(t.Context(), wrong)
			wantKind(t, err, fault.Unauthenticated)
			_, err = s.Authenticate(t.Context(), wrong)
			wantKind(t, err, fault.Unauthenticated)
		}
		c.Advance(90*24*time.Hour - time.Second)
		_, err = s.AuthenticateKey(t.Context(), k.Key)
		wantNoError(t, err)
		c.Advance(time.Second)
		_, err = s.AuthenticateKey(t.Context(), k.Key)
		wantKind(t, err, fault.Unauthenticated)

		gone := newKey(t, s, me, auth.ScopeRead)
		wantNoError(t, s.RevokeKey(t.Context(), me, gone.ID))
		_, err = s.AuthenticateKey(t.Context(), gone.Key)
		wantKind(t, err, fault.Unauthenticated)
		wantKind(t, s.RevokeKey(t.Context(), me, gone.ID), fault.NotFound)
		bob, err := s.Register(t.Context(), auth.Registration{Email: "bob@example.com", Password: password})
		wantNoError(t, err)
		wantKind(t, s.RevokeKey(t.Context(), authenticate(t, s, bob.Tokens.AccessToken), k.ID), fault.NotFound)
		if all := keys(t, s, me); len(all) != 1 || all[0].ID != k.ID {
			t.Errorf("got %+v, want the expired one still listed", all)
		}
	})
}

func TestAKeyOutlivesSessionsAndTheAdminScopeTheAdminNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken) // the first one is the admin
		all, plain := newKey(t, s, me, auth.ScopeRead, auth.ScopeAdmin), newKey(t, s, me, auth.ScopeRead)
		wantNoError(t, s.LogoutAll(t.Context(), me))
		who, err := s.AuthenticateKey(t.Context(), all.Key)
		if err != nil || who.Role != user.Admin || !who.May(auth.ScopeAdmin) {
			t.Errorf("got %+v, %v, want an admin", who, err)
		}
		who, err = s.AuthenticateKey(t.Context(), plain.Key)
		if err != nil || who.Role != user.Member || who.May(auth.ScopeAdmin) {
			t.Errorf("got %+v, %v, want no admin without the scope", who, err)
		}
		exec(t, d, `update users set role = 'member' where id = $1`, me.UserID)
		who, err = s.AuthenticateKey(t.Context(), all.Key)
		if err != nil || who.Role != user.Member || who.May(auth.ScopeAdmin) || !who.May(auth.ScopeRead) {
			t.Errorf("got %+v, %v, want a member's key", who, err)
		}
		me.Role = user.Member
		_, err = s.CreateKey(t.Context(), me, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeAdmin}, Password: password})
		wantKind(t, err, fault.Forbidden)
	})
}

func TestWrongKeyRequestsNameEveryFieldAndNeedThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		past, far, soon := c.Now(), c.Now().AddDate(0, 0, 366).Add(time.Second), c.Now().Add(time.Second)
		read := []auth.Scope{auth.ScopeRead}
		for name, tc := range map[string]struct {
			auth.KeyRequest
			want []string
		}{
			"nothing":   {auth.KeyRequest{}, []string{"body.name", "body.scopes"}},
			"both ends": {auth.KeyRequest{Name: "k", Scopes: read, ExpiresAt: &soon, ExpiresInDays: new(3)}, []string{"body.expiresAt"}},
			"the past":  {auth.KeyRequest{Name: "k", Scopes: read, ExpiresAt: &past}, []string{"body.expiresAt"}},
			"too far":   {auth.KeyRequest{Name: "\n", Scopes: read, ExpiresAt: &far}, []string{"body.expiresAt", "body.name"}},
			"no days":   {auth.KeyRequest{Name: "a\x00b", Scopes: read, ExpiresInDays: new(0)}, []string{"body.expiresInDays", "body.name"}},
			"many days": {auth.KeyRequest{Name: strings.Repeat("é", 101), Scopes: read, ExpiresInDays: new(367)}, []string{"body.expiresInDays", "body.name"}},
			"everything": {auth.KeyRequest{Scopes: []auth.Scope{"root"}, ExpiresAt: &past, ExpiresInDays: new(0), Password: strings.Repeat("x", 73)},
				[]string{"body.expiresAt", "body.expiresInDays", "body.name", "body.password", "body.scopes[0]"}},
			"many scopes": {auth.KeyRequest{Name: "k", Scopes: []auth.Scope{"read", "read", "read", "read", "root"}}, []string{"body.scopes"}},
			"odd scopes":  {auth.KeyRequest{Name: "k", Scopes: []auth.Scope{"read", "root", ""}}, []string{"body.scopes[1]", "body.scopes[2]"}},
		} {
			if tc.Password == "" {
				tc.Password = password
			}
			_, err := s.CreateKey(t.Context(), me, tc.KeyRequest)
			wantKind(t, err, fault.Invalid)
			var got []string
			for _, f := range fault.From(err).Fields {
				got = append(got, f.Path)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: got %v, want %v", name, got, tc.want)
			}
		}
		_, err := s.CreateKey(t.Context(), me, auth.KeyRequest{Name: "k", Scopes: read, Password: "not my password"})
		wantKind(t, err, fault.InvalidCredentials)
		if all := keys(t, s, me); len(all) != 0 {
			t.Errorf("got %+v, want no key", all)
		}
		k, err := s.CreateKey(t.Context(), me, auth.KeyRequest{Name: " k ", Scopes: read, ExpiresAt: &soon, Password: password})
		if err != nil || k.Name != "k" || !k.ExpiresAt.Equal(soon) {
			t.Errorf("got %+v, %v", k, err)
		}
	})
}

func TestTwentyKeysAreAliveAtMost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		var made, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				_, err := s.CreateKey(t.Context(), me, auth.KeyRequest{Name: fmt.Sprint(i), Scopes: []auth.Scope{auth.ScopeRead}, ExpiresInDays: new(1), Password: password})
				switch {
				case err == nil:
					made.Add(1)
				case fault.Is(err, fault.Conflict):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 20 || refused.Load() != 10 {
			t.Errorf("got %d made and %d refused, want 20 and 10", made.Load(), refused.Load())
		}
		c.Advance(24 * time.Hour)
		newKey(t, s, me, auth.ScopeRead)
		if all := keys(t, s, me); len(all) != 21 {
			t.Errorf("got %d keys listed, want those that expired too", len(all))
		}
		page, next, err := s.Keys(t.Context(), me, 20, "")
		if err != nil || len(page) != 20 || next != page[19].ID {
			t.Errorf("got %d keys, the cursor %q, %v, want a first page", len(page), next, err)
		}
		page, next, err = s.Keys(t.Context(), me, 20, next)
		if err != nil || len(page) != 1 || next != "" {
			t.Errorf("got %d keys, the cursor %q, %v, want the last page", len(page), next, err)
		}
		c.Advance(31 * 24 * time.Hour)
		wantNoError(t, tidy(t, s, d, c))
		if all := keys(t, s, me); len(all) != 1 {
			t.Errorf("got %d keys, want those of a month ago forgotten", len(all))
		}
	})
}

func tidy(t *testing.T, s *auth.Service, d *db.DB, c *clock) error {
	t.Helper()
	return d.Tx(t.Context(), func(tx *sql.Tx) error { return s.Tidy(t.Context(), tx, c.Now()) })
}

func TestTheLastUseOfAKeyIsWrittenOnceAMinuteAndHoldsNobodyUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		k := newKey(t, s, me, auth.ScopeRead)
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { s.Run(ctx) })
		defer run.Wait()
		defer stop()
		use := func() {
			t.Helper()
			if _, err := s.AuthenticateKey(t.Context(), k.Key); err != nil {
				t.Fatal(err)
			}
		}
		wantLast := func(want time.Time) {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				last := keys(t, s, me)[0].LastUsedAt
				if last != nil && last.Equal(want) {
					return
				}
				if time.Now().After(end) {
					t.Fatalf("got last used at %v, want %v", last, want)
				}
			}
		}
		if last := keys(t, s, me)[0].LastUsedAt; last != nil {
			t.Errorf("got last used at %v before any use", last)
		}
		first := c.Now()
		use()
		wantLast(first)
		c.Advance(59 * time.Second)
		use()
		c.Advance(time.Second)
		second := c.Now()
		wantLast(first) // the use within the minute was not written
		use()
		wantLast(second)

		c.Advance(time.Hour)
		err := d.Tx(t.Context(), func(tx *sql.Tx) error { // somebody else writes, and holds the key's row
			if _, err := tx.ExecContext(t.Context(), `update api_keys set name = 'held' where id = $1`, k.ID); err != nil {
				return err
			}
			start := time.Now()
			for range 2000 { // more than may wait
				use()
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("2,000 uses took %v while another wrote", took)
			}
			return nil
		})
		wantNoError(t, err)
		wantLast(c.Now())
	})
}
