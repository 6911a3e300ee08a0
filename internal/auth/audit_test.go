package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// events reads what was recorded, in its order: action, outcome, whose account, who did it, and why it failed.
func events(t *testing.T, d *db.DB, names map[string]string) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), `
		select action, outcome, user_id, actor, actor_id, address, user_agent, details from audit_logs order by id`)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var action, outcome, actor, details string
		var userID, actorID, address, userAgent *string
		err := scan(&action, &outcome, &userID, &actor, &actorID, &address, &userAgent, &details)
		if address == nil || *address != "203.0.113.7" || userAgent == nil || *userAgent != "laptop" {
			t.Errorf("%s: got the origin %v, %v", action, address, userAgent)
		}
		name := func(id *string) string {
			if id == nil {
				return "-"
			}
			return names[*id]
		}
		text := fmt.Sprintf("%s %s of %s by %s %s", action, outcome, name(userID), actor, name(actorID))
		if details != "{}" {
			text += " " + details
		}
		return text, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestADayOfAnAccountIsRecordedInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		ctx := from(t.Context(), "203.0.113.7", "laptop")
		in, err := s.Register(ctx, auth.Registration{Email: email, Password: password})
		wantNoError(t, err)
		me := authenticate(t, s, in.Tokens.AccessToken)
		// What the edge says of a request once it knows who asks.
		mine := audit.WithOrigin(ctx, audit.Origin{Actor: audit.Person, ActorID: me.UserID, Address: "203.0.113.7", UserAgent: "laptop"})

		_, err = s.Login(ctx, "nobody@example.com", password, "")
		wantKind(t, err, fault.InvalidCredentials)
		_, err = s.Login(ctx, email, "not my password", "")
		wantKind(t, err, fault.InvalidCredentials)
		phone, err := s.Login(ctx, email, password, "")
		wantNoError(t, err)
		wantNoError(t, s.EndSession(mine, me, authenticate(t, s, phone.Tokens.AccessToken).SessionID))

		_, err = s.EnrolTOTP(mine, me, "not my password")
		wantKind(t, err, fault.InvalidCredentials)
		e, err := s.EnrolTOTP(mine, me, password)
		wantNoError(t, err)
		a := newApp(t, c, e)
		_, err = s.ConfirmTOTP(mine, me, a.wrong())
		wantKind(t, err, fault.InvalidCode)
		codes, err := s.ConfirmTOTP(mine, me, a.code(0))
		wantNoError(t, err)
		_, err = s.Login(ctx, email, password, "")
		wantKind(t, err, fault.SecondFactorNeeded)
		_, err = s.Login(ctx, email, password, a.wrong())
		wantKind(t, err, fault.InvalidCode)
		_, err = s.Login(ctx, email, password, codes.RecoveryCodes[0])
		wantNoError(t, err)
		c.Advance(time.Minute)
		_, err = s.NewRecoveryCodes(mine, me, password, a.code(0))
		wantNoError(t, err)
		wantKind(t, s.DisableTOTP(mine, me, password, a.wrong()), fault.InvalidCode)
		wantNoError(t, s.DisableTOTP(mine, me, password, a.code(30*time.Second)))

		_, err = s.CreateKey(mine, me, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeRead}, Password: "not my password"})
		wantKind(t, err, fault.InvalidCredentials)
		k, err := s.CreateKey(mine, me, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeRead, auth.ScopeChat}, Password: password})
		wantNoError(t, err)
		wantNoError(t, s.RevokeKey(mine, me, k.ID))
		wantKind(t, s.ChangePassword(mine, me, "not my password", "another fine phrase"), fault.InvalidCredentials)
		wantNoError(t, s.ChangePassword(mine, me, password, "another fine phrase"))

		_, err = s.Refresh(ctx, in.Tokens.RefreshToken)
		wantNoError(t, err)
		c.Advance(time.Minute)
		_, err = s.Refresh(ctx, in.Tokens.RefreshToken)
		wantKind(t, err, fault.TokenReused)
		_, err = s.Refresh(ctx, in.Tokens.RefreshToken) // is over already
		wantKind(t, err, fault.Unauthenticated)
		in, err = s.Login(ctx, email, "another fine phrase", "")
		wantNoError(t, err)
		wantNoError(t, s.Logout(mine, authenticate(t, s, in.Tokens.AccessToken)))
		wantNoError(t, s.LogoutAll(mine, me))
		exec(t, d, `update users set disabled_at = $1`, c.Now())
		_, err = s.Login(ctx, email, "another fine phrase", "")
		wantKind(t, err, fault.AccountDisabled)

		want := strings.Split(strings.TrimSpace(`
account.register success of ada by user ada
account.login failure of - by user - {"reason":"invalid_credentials"}
account.login failure of ada by user - {"reason":"invalid_credentials"}
account.login success of ada by user ada
account.session_end success of ada by user ada
account.totp_enable failure of ada by user ada {"reason":"invalid_credentials"}
account.totp_enable failure of ada by user ada {"reason":"invalid_code"}
account.totp_enable success of ada by user ada
account.login failure of ada by user - {"reason":"second_factor_required"}
account.login failure of ada by user - {"reason":"invalid_code"}
account.recovery_code_use success of ada by user ada
account.login success of ada by user ada
account.recovery_codes_new success of ada by user ada
account.totp_disable failure of ada by user ada {"reason":"invalid_code"}
account.totp_disable success of ada by user ada
account.api_key_create failure of ada by user ada {"reason":"invalid_credentials"}
account.api_key_create success of ada by user ada {"scopes":"read chat"}
account.api_key_revoke success of ada by user ada
account.password_change failure of ada by user ada {"reason":"invalid_credentials"}
account.password_change success of ada by user ada
account.refresh_token_reused failure of ada by user -
account.login success of ada by user ada
account.logout success of ada by user ada
account.logout_all success of ada by user ada
account.login failure of ada by user - {"reason":"account_disabled"}
`), "\n")
		if diff := cmp.Diff(want, events(t, d, map[string]string{me.UserID: "ada"})); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
}

func TestNothingIsDoneThatCannotBeRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		_, err := s.EnrolTOTP(t.Context(), me, password)
		wantNoError(t, err)
		k := newKey(t, s, me, auth.ScopeRead)
		e, err := s.EnrolTOTP(t.Context(), me, password)
		wantNoError(t, err)
		a := newApp(t, c, e)
		exec(t, d, `alter table audit_logs rename to audit_logs_gone`)
		for name, do := range map[string]func() error{
			"sign in":         func() error { return login(t, s, "") },
			"end the session": func() error { return s.EndSession(t.Context(), me, me.SessionID) },
			"log out":         func() error { return s.Logout(t.Context(), me) },
			"log out all":     func() error { return s.LogoutAll(t.Context(), me) },
			"confirm":         func() error { _, err := s.ConfirmTOTP(t.Context(), me, a.code(0)); return err },
			"make a key": func() error {
				_, err := s.CreateKey(t.Context(), me, auth.KeyRequest{Name: "k", Scopes: []auth.Scope{auth.ScopeRead}, Password: password})
				return err
			},
			"revoke the key":      func() error { return s.RevokeKey(t.Context(), me, k.ID) },
			"change the password": func() error { return s.ChangePassword(t.Context(), me, password, "another fine phrase") },
		} {
			if err := do(); fault.KindOf(err) != fault.Internal {
				t.Errorf("%s: got %v, want it to fail", name, err)
			}
		}
		exec(t, d, `alter table audit_logs_gone rename to audit_logs`)
		if all := sessions(t, s, me); len(all) != 1 || !all[0].Current {
			t.Errorf("got the sessions %+v, want the one there was", all)
		}
		if all := keys(t, s, me); len(all) != 1 || all[0].ID != k.ID {
			t.Errorf("got the keys %+v, want the one there was", all)
		}
		wantNoError(t, login(t, s, ""))
	})
}
