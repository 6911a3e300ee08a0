package auth_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// newLeaver makes a service, and the context of a client who leaves at the moment when something is to be recorded.
func newLeaver(t *testing.T, d *db.DB, c *clock) (*auth.Service, context.Context) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(leave)
	log, err := audit.New(d, func() time.Time { leave(); return c.Now() }, signingKey)
	wantNoError(t, err)
	s, err := auth.New(auth.Config{DB: d, Now: c.Now, Log: slog.New(slog.DiscardHandler), Audit: log, Keys: keyring(t), SigningKey: signingKey, BcryptCost: 4})
	wantNoError(t, err)
	return s, ctx
}

// failures reads what was recorded as one, in its order.
func failures(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), `select action, details from audit_logs where outcome = 'failure' order by id`)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var action, details string
		err := scan(&action, &details)
		return action + " " + details, err
	})
	wantNoError(t, err)
	return all
}

func TestAGuessCountsAlsoForWhoDoesNotStayToHearOfIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		phone, _ := enrol(t, s, c, me)

		leaver, ctx := newLeaver(t, d, c)
		_, err := leaver.Login(ctx, email, "one guess of many", "")
		wantKind(t, err, fault.InvalidCredentials)
		leaver, ctx = newLeaver(t, d, c)
		wantKind(t, leaver.ChangePassword(ctx, me, "one guess of many", "another fine phrase"), fault.InvalidCredentials)
		for range 5 { // as many codes as an account has
			leaver, ctx = newLeaver(t, d, c)
			_, err = leaver.Login(ctx, email, password, phone.wrong())
			wantKind(t, err, fault.InvalidCode)
		}
		wantKind(t, login(t, s, phone.code(0)), fault.RateLimited)

		const login = "account.login "
		want := []string{
			login + `{"reason":"invalid_credentials"}`, `account.password_change {"reason":"invalid_credentials"}`,
			login + `{"reason":"invalid_code"}`, login + `{"reason":"invalid_code"}`, login + `{"reason":"invalid_code"}`,
			login + `{"reason":"invalid_code"}`, login + `{"reason":"invalid_code"}`, login + `{"reason":"rate_limited"}`,
		}
		if diff := cmp.Diff(want, failures(t, d)); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsWrongWithANewPasswordDoesNotTellWhetherTheOldOneWasRight(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		me := authenticate(t, s, register(t, s).Tokens.AccessToken)
		for _, current := range []string{password, "one guess of many"} {
			wantKind(t, s.ChangePassword(t.Context(), me, current, "short"), fault.Invalid)
			wantKind(t, s.ChangePassword(t.Context(), me, current, current), fault.Invalid)
		}
	})
}
