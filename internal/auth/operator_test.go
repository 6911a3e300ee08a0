package auth_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func TestADisabledPersonIsOutAtOnceAndOnlyWhoKnowsThePasswordIsToldWhy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		h.settle()
		if err := h.Disable(t.Context(), " ADA@example.com "); err != nil {
			t.Fatal(err)
		}
		shut := func(when string) {
			t.Helper()
			if _, err := h.Authenticate(t.Context(), in.Tokens.AccessToken); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: got %v for the access token, want it dead", when, err)
			}
			if _, err := h.Refresh(t.Context(), in.Tokens.RefreshToken); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: got %v for the refresh token, want it dead", when, err)
			}
		}
		shut("disabled")
		_, err := h.Login(t.Context(), email, password, "")
		wantKind(t, err, fault.AccountDisabled)
		_, err = h.Login(t.Context(), email, "not the password", "")
		wantKind(t, err, fault.InvalidCredentials)
		if err := h.ForgotPassword(t.Context(), email); err != nil {
			t.Errorf("got %v, want the usual answer", err)
		}
		h.settle()
		if got := len(h.post.Mails()); got != 1 || h.count("auth_sessions where ended_at is null") != 0 {
			t.Errorf("got %d mails, want only that of registering, and no session", got)
		}
		if err := h.Enable(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		shut("enabled again")
		if _, err := h.Login(t.Context(), email, password, ""); err != nil {
			t.Error(err)
		}
	})
}

// A session can outlast its person's disabling where only the row of the person says so, as after a restored backup.
func TestARefreshTokenOfADisabledPersonIsDeadWhateverItsSessionSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		if err := h.Disable(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		h.exec("update auth_sessions set ended_at = null, end_reason = null")
		_, err := h.Refresh(t.Context(), in.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestWhatTheOperatorDoesIsDoneAndRecordedAsTheirs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ctx := audit.WithOrigin(t.Context(), audit.Origin{Actor: audit.Operator})
		first, err := h.AddUser(ctx, " Ada@Example.com ", password)
		if err != nil || first.Email != email || first.Role != user.Admin || !first.EmailVerified {
			t.Errorf("got %+v, %v, want the admin with a verified address", first, err)
		}
		second, err := h.AddUser(ctx, "bob@example.com", password)
		if err != nil || second.Role != user.Member {
			t.Errorf("got %+v, %v, want a member", second, err)
		}
		_, err = h.AddUser(ctx, "bob@example.com", password)
		wantKind(t, err, fault.EmailTaken)
		_, err = h.AddUser(ctx, "bob", password)
		wantKind(t, err, fault.Invalid)
		_, err = h.AddUser(ctx, "eve@example.com", "password")
		wantKind(t, err, fault.Invalid)
		in, err := h.Login(t.Context(), "bob@example.com", password, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			h.SetPassword(ctx, "bob@example.com", newPassword), h.MakeAdmin(ctx, "bob@example.com"),
			h.Disable(ctx, "bob@example.com"), h.Enable(ctx, "bob@example.com"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		_, err = h.Authenticate(t.Context(), in.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		again, err := h.Login(t.Context(), "bob@example.com", newPassword, "")
		if err != nil || again.User.Role != user.Admin {
			t.Errorf("got %+v, %v, want an admin with the new password", again.User, err)
		}
		wantKind(t, h.RemoveSecondFactor(ctx, "bob@example.com"), fault.Conflict) // there is none, which nobody needs to be told
		for _, nobody := range []string{"nobody@example.com", "no address", "\xff", ""} {
			wantKind(t, h.Disable(ctx, nobody), fault.NotFound)
			wantKind(t, h.Enable(ctx, nobody), fault.NotFound)
			wantKind(t, h.MakeAdmin(ctx, nobody), fault.NotFound)
			wantKind(t, h.RemoveSecondFactor(ctx, nobody), fault.NotFound)
			wantKind(t, h.SetPassword(ctx, nobody, newPassword), fault.NotFound)
		}
		want := []string{"admin.user_add", "admin.user_add", "admin.password_reset", "admin.user_make_admin", "admin.user_disable", "admin.user_enable"}
		if diff := cmp.Diff(want, h.column("select action from audit_logs where actor = 'operator' order by id")); diff != "" {
			t.Errorf("the audit log (-want +got):\n%s", diff)
		}
		h.settle()
		if got := h.post.Mails(); len(got) != 1 || got[0].Subject != "Your password was changed" {
			t.Errorf("got the mails %+v, want one that the password was changed", got)
		}
	})
}

func TestTheOperatorHelpsWhoLostTheirSecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		_, codes := h.enrol(me)
		if err := h.RemoveSecondFactor(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		wantKind(t, h.RemoveSecondFactor(t.Context(), email), fault.Conflict)
		if n := h.count("audit_logs where action = 'admin.totp_remove' and user_id = $1", me.UserID); n != 1 {
			t.Errorf("got %d events, want that of the first time", n)
		}
		if _, err := h.Login(t.Context(), email, password, ""); err != nil {
			t.Errorf("got %v, want to sign in with the password alone", err)
		}
		if got := h.count("recovery_codes"); got != 0 || len(codes) != 10 {
			t.Errorf("got %d recovery codes left of %d, want none", got, len(codes))
		}
	})
}

func TestRegistrationCanBeClosed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		open := newHouse(t, d)
		trail, err := audit.New(d, open.clock.Now, signingKey)
		if err != nil {
			t.Fatal(err)
		}
		s, err := auth.New(auth.Config{DB: d, Now: open.clock.Now, Audit: trail, Keys: keyring(t), SigningKey: signingKey, BcryptCost: 4, RegistrationClosed: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Register(t.Context(), auth.Registration{Email: email, Password: password})
		wantKind(t, err, fault.RegistrationClosed)
		if u, err := s.AddUser(t.Context(), email, password); err != nil || u.Role != user.Admin {
			t.Errorf("got %+v, %v, want the operator to add the admin", u, err)
		}
	})
}

// long hex or base64 words, such as tokens and hashes are.
var secretWord = regexp.MustCompile(`[\w-]{22,}`)

// The database of somebody who has open links, sessions and jobs is read as a thief would read it, and everything in it
// that could be a token is tried.
func TestADumpOfTheDatabaseOpensNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		verify := token(t, h.post.Wait(t, email, 1)[0], "verify-email")
		reset := h.forgot(2)
		dump := strings.Join(h.dump(), "\n")
		for name, secret := range map[string]string{
			"the reset token": reset, "the verification token": verify, "the refresh token": in.Tokens.RefreshToken,
			"the access token": in.Tokens.AccessToken, "the password": password,
		} {
			for form, text := range map[string]string{"as it is": secret, "in hex": hex.EncodeToString([]byte(secret))} {
				if strings.Contains(dump, text) {
					t.Errorf("the database holds %s %s", name, form)
				}
			}
		}
		words := secretWord.FindAllString(dump, -1)
		if len(words) < 20 {
			t.Fatalf("got %d words from the dump, want all that is there", len(words))
		}
		for _, word := range words {
			for name, err := range map[string]error{
				"resets": h.ResetPassword(t.Context(), word, newPassword), "verifies": h.VerifyEmail(t.Context(), word),
			} {
				if !fault.Is(err, fault.LinkExpired) {
					t.Errorf("%q %s: got %v", word, name, err)
				}
			}
			if _, err := h.Refresh(t.Context(), word); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%q refreshes: got %v", word, err)
			}
			if _, err := h.Authenticate(t.Context(), word); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%q signs in: got %v", word, err)
			}
		}
		if err := h.ResetPassword(t.Context(), reset, newPassword); err != nil {
			t.Errorf("the real token: %v", err)
		}
	})
}

func TestJobsOfMailsHoldNoSecretNoAddressAndDoNotTellWhoIsThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		register(t, h.Service)
		h.settle()
		h.stop() // what is asked for now stays to be looked at
		ids := regexp.MustCompile(`[0-9a-f-]{36}`)
		var asked []string
		for _, address := range []string{email, "nobody@example.com", "no address", "nul\x00@example.com", ""} {
			if err := h.ForgotPassword(t.Context(), address); err != nil {
				t.Fatalf("%q: %v", address, err)
			}
			args := h.column("select args from jobs where state = 'queued' order by id desc limit 1")[0]
			asked = append(asked, ids.ReplaceAllString(args, "ID"))
		}
		for _, args := range asked {
			if args != asked[0] || strings.Contains(args, "@") {
				t.Errorf("got %s for one address and %s for another, want no difference and no address", asked[0], args)
			}
		}
		for _, args := range h.column("select args from jobs") {
			if strings.Contains(args, "@") || secretWord.MatchString(ids.ReplaceAllString(args, "ID")) {
				t.Errorf("a job holds %s", args)
			}
		}
	})
}

func (h *house) exec(query string) {
	h.t.Helper()
	if err := h.db.Tx(h.t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(h.t.Context(), query); return err }); err != nil {
		h.t.Fatal(err)
	}
}

// column is the first column of a query.
func (h *house) column(query string) []string {
	h.t.Helper()
	rows, err := h.db.Read().QueryContext(h.t.Context(), query)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (s string, err error) {
		err = scan(&s)
		return s, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// dump is every row of every table, as text.
func (h *house) dump() []string {
	h.t.Helper()
	tables := "select name from sqlite_master where type = 'table'"
	if h.db.Engine == db.Postgres {
		tables = "select tablename from pg_tables where schemaname = 'public'"
	}
	var all []string
	for _, table := range h.column(tables) {
		rows, err := h.db.Read().QueryContext(h.t.Context(), "select * from "+table)
		if err != nil {
			h.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			h.t.Fatal(err)
		}
		lines, err := db.Collect(rows, nil, func(scan func(...any) error) (string, error) {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			err := scan(values...)
			line := table
			for _, v := range values {
				line += fmt.Sprintf(" | %s", text(*v.(*any)))
			}
			return line, err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, lines...)
	}
	return all
}

func text(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}
