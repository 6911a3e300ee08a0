package auth_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// from is a request that comes from somewhere.
func from(ctx context.Context, address, userAgent string) context.Context {
	return audit.WithOrigin(ctx, audit.Origin{Address: address, UserAgent: userAgent})
}

func sessions(t *testing.T, s *auth.Service, who auth.Identity) []auth.Session {
	t.Helper()
	all, next, err := s.Sessions(t.Context(), who, 50, "")
	if err != nil || next != "" {
		t.Fatalf("got %v and the cursor %q, want one page", err, next)
	}
	return all
}

func TestSessionsAreListedWithWhereTheyCameFrom(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		laptop := authenticate(t, s, register(t, s).Tokens.AccessToken)
		start := c.Now()
		c.Advance(time.Hour)
		in, err := s.Login(from(t.Context(), "203.0.113.7", "phone\x00 \xff"+strings.Repeat("x", 300)), email, password, "")
		wantNoError(t, err)
		c.Advance(time.Hour)
		next, err := s.Refresh(t.Context(), in.Tokens.RefreshToken)
		wantNoError(t, err)
		phone := authenticate(t, s, next.AccessToken)

		all := sessions(t, s, phone)
		if len(all) != 2 || all[0].ID != phone.SessionID || !all[0].Current || all[1].ID != laptop.SessionID || all[1].Current {
			t.Fatalf("got %+v, want the phone, which asks, and then the laptop", all)
		}
		p := all[0]
		if *p.Address != "203.0.113.7" || *p.UserAgent != "phone  \ufffd"+strings.Repeat("x", 190) || all[1].Address != nil || all[1].UserAgent != nil {
			t.Errorf("got %q, %q, and %v, %v", *p.Address, *p.UserAgent, all[1].Address, all[1].UserAgent)
		}
		if !p.CreatedAt.Equal(start.Add(time.Hour)) || !p.LastUsedAt.Equal(start.Add(2*time.Hour)) || !p.ExpiresAt.Equal(p.CreatedAt.AddDate(0, 0, 30)) {
			t.Errorf("got %+v", p)
		}
		c.Advance(7*24*time.Hour - 2*time.Hour) // the laptop cannot be refreshed any more
		if all := sessions(t, s, phone); len(all) != 1 || all[0].ID != phone.SessionID {
			t.Errorf("got %+v, want the phone alone", all)
		}
	})
}

func TestSessionsComeInPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		who := authenticate(t, s, register(t, s).Tokens.AccessToken)
		for range 4 {
			wantNoError(t, login(t, s, ""))
		}
		want := sessions(t, s, who)
		var got []string
		for cursor := ""; ; {
			page, next, err := s.Sessions(t.Context(), who, 2, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page {
				got = append(got, v.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		for i := range want {
			if len(got) != 5 || got[i] != want[i].ID {
				t.Fatalf("got %v in pages, want %v", got, want)
			}
		}
		_, _, err := s.Sessions(t.Context(), who, 2, "of my own making")
		wantKind(t, err, fault.Invalid)
	})
}

func TestASessionIsEndedByItsOwnerAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		other, err := s.Login(t.Context(), email, password, "")
		wantNoError(t, err)
		phone := authenticate(t, s, other.Tokens.AccessToken)
		bob, err := s.Register(t.Context(), auth.Registration{Email: "bob@example.com", Password: password})
		wantNoError(t, err)
		stranger := authenticate(t, s, bob.Tokens.AccessToken)

		theirs, never := s.EndSession(t.Context(), stranger, phone.SessionID), s.EndSession(t.Context(), stranger, db.NewID())
		wantKind(t, theirs, fault.NotFound)
		if theirs.Error() != never.Error() {
			t.Errorf("got %q for another's session and %q for none", theirs, never)
		}
		authenticate(t, s, other.Tokens.AccessToken)
		wantNoError(t, s.EndSession(t.Context(), me, phone.SessionID))
		_, err = s.Authenticate(t.Context(), other.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.Refresh(t.Context(), other.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
		wantKind(t, s.EndSession(t.Context(), me, phone.SessionID), fault.NotFound)
		if all := sessions(t, s, me); len(all) != 1 {
			t.Errorf("got %+v, want one session left", all)
		}
	})
}

func TestLogoutAllEndsEverySessionOfThePersonAndNobodyElses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		first := register(t, s).Tokens
		second, err := s.Login(t.Context(), email, password, "")
		wantNoError(t, err)
		bob, err := s.Register(t.Context(), auth.Registration{Email: "bob@example.com", Password: password})
		wantNoError(t, err)
		wantNoError(t, s.LogoutAll(t.Context(), authenticate(t, s, first.AccessToken)))
		for _, gone := range []auth.Tokens{first, second.Tokens} {
			_, err := s.Authenticate(t.Context(), gone.AccessToken)
			wantKind(t, err, fault.Unauthenticated)
			_, err = s.Refresh(t.Context(), gone.RefreshToken)
			wantKind(t, err, fault.Unauthenticated)
		}
		authenticate(t, s, bob.Tokens.AccessToken)
		wantNoError(t, login(t, s, ""))
	})
}

func TestADisabledPersonIsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		in := register(t, s)
		who := authenticate(t, s, in.Tokens.AccessToken)
		key, err := s.CreateKey(t.Context(), who, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeRead}, Password: password})
		wantNoError(t, err)
		exec(t, d, `update users set disabled_at = $2 where id = $1`, who.UserID, c.Now())
		_, err = s.Authenticate(t.Context(), in.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.Refresh(t.Context(), in.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.AuthenticateKey(t.Context(), key.Key)
		wantKind(t, err, fault.Unauthenticated)
		wantKind(t, login(t, s, ""), fault.AccountDisabled)
		_, err = s.Login(t.Context(), email, "not my password", "") // who does not know it learns nothing
		wantKind(t, err, fault.InvalidCredentials)
	})
}

// exec changes the database behind the service's back.
func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// One round is what the tabs of a browser do when its access token has ended: all refresh with the one token they share,
// and go on with what each was given. Two processes answer them.
func TestParallelRefreshesNeverLogAnybodyOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		processes := []*auth.Service{s, serviceWith(t, d, c, 4)}
		rounds := 200
		if testing.Short() {
			rounds = 40
		}
		const tabs = 50
		token := register(t, s).Tokens.RefreshToken
		out := 0
		for round := range rounds {
			got, errs := make([]auth.Tokens, tabs), make([]error, tabs)
			var wg sync.WaitGroup
			for i := range tabs {
				wg.Go(func() { got[i], errs[i] = processes[i%2].Refresh(t.Context(), token) })
			}
			wg.Wait()
			for i := range tabs {
				if errs[i] != nil {
					out++
				}
				if got[i].RefreshToken != got[0].RefreshToken || got[i].RefreshToken == token {
					t.Fatalf("round %d: got more than one successor", round)
				}
			}
			token = got[round%tabs].RefreshToken
			c.Advance(time.Hour) // the session lives through all of it: 200 h
		}
		if out > 0 {
			t.Errorf("%d of %d refreshes logged somebody out, want none", out, rounds*tabs)
		}
		var families, alive, unused, chain int
		err := d.Read().QueryRowContext(t.Context(), `
			select (select count(*) from auth_sessions), (select count(*) from auth_sessions where ended_at is null),
			       (select count(*) from refresh_tokens where used_at is null), (select count(*) from refresh_tokens)`).Scan(&families, &alive, &unused, &chain)
		if err != nil || families != 1 || alive != 1 || unused != 1 || chain != rounds+1 {
			t.Errorf("got %d families, %d alive, %d tokens to use, %d in all, %v; want 1, 1, 1, %d", families, alive, unused, chain, err, rounds+1)
		}
		t.Logf("%d rounds of %d parallel refreshes: %d log-outs, %d of %d families alive, %d token to use", rounds, tabs, out, alive, families, unused)
	})
}
