package connection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

func TestTheConsentPageGetsOurRedirectAndAChallenge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		begun, err := o.Connect(t.Context(), newUser(t, d), "desk", "", connection.Access{})
		if err != nil {
			t.Fatal(err)
		}
		page, err := url.Parse(begun.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := page.Query()
		if q.Get("redirect_uri") != o.RedirectURL || q.Get("state") != begun.State || q.Get("env") != "live" || len(q.Get("code_challenge")) != 43 {
			t.Errorf("got %s", begun.URL)
		}
		if strings.Contains(begun.URL, begun.BrowserSecret) || begun.BrowserSecret == begun.State {
			t.Error("the browser's secret is known to the brokerage")
		}
	})
}

func TestOnlyBrokeragesOnOfferCanBeConnected(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		o.Providers = append(o.Providers, keysOnly{o.desk})
		user := newUser(t, d)
		for _, c := range []struct {
			provider string
			env      broker.Environment
			path     string
		}{
			{"nobody", broker.Live, "body.provider"},
			{"", broker.Live, "body.provider"},
			{"keys", broker.Live, "body.provider"},
			{"desk", "moon", "body.environment"},
		} {
			_, err := o.Connect(t.Context(), user, c.provider, c.env, connection.Access{})
			wantKind(t, err, fault.Invalid)
			if f := fault.From(err); len(f.Fields) != 1 || f.Fields[0].Path != c.path {
				t.Errorf("got fields %v, want %s", f.Fields, c.path)
			}
		}
		if got := count(t, d, "brokerage_authorizations"); got != 0 {
			t.Errorf("got %d attempts, want none", got)
		}
	})
}

// keysOnly is a brokerage without a consent page.
type keysOnly struct{ broker.Provider }

func (keysOnly) Info() broker.Info {
	return broker.Info{ID: "keys", Name: "Keys", Environments: []broker.Environment{broker.Live}, Methods: []broker.Method{"keys"}}
}

func TestAnAttemptIsOnlyFinishedByItsBrowserInTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, c := range map[string]struct {
			change func(t *testing.T, o *office, back *connection.Redirect)
			want   fault.Kind
		}{
			"another browser": {func(_ *testing.T, _ *office, back *connection.Redirect) { back.BrowserSecret = vault.Token() }, fault.InvalidOAuthState},
			"no cookie":       {func(_ *testing.T, _ *office, back *connection.Redirect) { back.BrowserSecret = "" }, fault.InvalidOAuthState},
			"another user's browser": {func(t *testing.T, o *office, back *connection.Redirect) {
				back.BrowserSecret = o.consent(t, newUser(t, d)).BrowserSecret
			}, fault.InvalidOAuthState},
			"a state nobody made": {func(_ *testing.T, _ *office, back *connection.Redirect) { back.State = vault.Token() }, fault.InvalidOAuthState},
			"no state":            {func(_ *testing.T, _ *office, back *connection.Redirect) { back.State = "" }, fault.InvalidOAuthState},
			"ten minutes later": {func(_ *testing.T, o *office, _ *connection.Redirect) {
				o.now = o.now.Add(connection.AuthorizationLifetime)
			}, fault.InvalidOAuthState},
			"denied": {func(_ *testing.T, _ *office, back *connection.Redirect) {
				back.Code, back.Error = "", "access_denied"
			}, fault.AuthorizationDenied},
			"denied, yet with a code": {func(_ *testing.T, _ *office, back *connection.Redirect) { back.Error = "access_denied" }, fault.AuthorizationDenied},
			"an error with HTML": {func(_ *testing.T, _ *office, back *connection.Redirect) {
				back.Error = "<script>canary</script>"
			}, fault.UpstreamFailed},
			"no code":        {func(_ *testing.T, _ *office, back *connection.Redirect) { back.Code = "" }, fault.UpstreamFailed},
			"a made-up code": {func(_ *testing.T, _ *office, back *connection.Redirect) { back.Code = "canary" }, fault.AuthorizationDenied},
			"another's code": {func(t *testing.T, o *office, back *connection.Redirect) { back.Code = o.consent(t, newUser(t, d)).Code }, fault.AuthorizationDenied},
			"a desk in ruins": {func(_ *testing.T, o *office, _ *connection.Redirect) {
				o.desk.Fail(fault.New(fault.UpstreamDown, "down"))
			}, fault.UpstreamDown},
			"no account there": {func(_ *testing.T, o *office, _ *connection.Redirect) { o.desk.Close("account-1") }, fault.AuthorizationDenied},
		} {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t, d)
				user := newUser(t, d)
				back := o.consent(t, user)
				bad := back
				c.change(t, o, &bad)
				_, err := o.Callback(t.Context(), bad)
				wantKind(t, err, c.want)
				for _, secret := range []string{"canary", back.State, back.Code, back.BrowserSecret} {
					if strings.Contains(fmt.Sprint(err), secret) {
						t.Errorf("the error tells a secret: %v", err)
					}
				}
				if got := o.list(t, user); len(got) != 0 || len(o.connected) != 0 {
					t.Errorf("got connections %v, want none", got)
				}
			})
		}
	})
}

func TestAStateIsSpentHoweverItEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		back := o.consent(t, user)
		stranger := back
		stranger.BrowserSecret = vault.Token()
		_, err := o.Callback(t.Context(), stranger)
		wantKind(t, err, fault.InvalidOAuthState)
		_, err = o.Callback(t.Context(), back)
		wantKind(t, err, fault.InvalidOAuthState)

		back = o.consent(t, user)
		if _, err := o.Callback(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		_, err = o.Callback(t.Context(), back)
		wantKind(t, err, fault.InvalidOAuthState)
		if got := len(o.list(t, user)); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
	})
}

func TestFiftyCallbacksWithOneStateMakeOneConnection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		back := o.consent(t, user)
		errs := make([]error, 50)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = o.Callback(t.Context(), back) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			wantKind(t, err, fault.InvalidOAuthState)
		}
		if made != 1 || len(o.list(t, user)) != 1 || o.desk.Exchanges() != 1 || len(o.connected) != 1 {
			t.Errorf("got %d answers, %d connections, %d exchanges, %d first reads, want 1 of each",
				made, len(o.list(t, user)), o.desk.Exchanges(), len(o.connected))
		}
	})
}

func TestTheSameAccountIsConnectedOnceAlsoByParallelAttempts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		backs := make([]connection.Redirect, 10)
		for i := range backs {
			backs[i] = o.consent(t, user)
		}
		var wg sync.WaitGroup
		for _, back := range backs {
			wg.Go(func() {
				if _, err := o.Callback(t.Context(), back); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := len(o.list(t, user)); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
		if other := newUser(t, d); o.connect(t, other).ID == o.list(t, user)[0].ID {
			t.Error("another user's connection was renewed")
		}
		begun, err := o.Connect(t.Context(), user, "desk", broker.Live, connection.Access{})
		if err != nil {
			t.Fatal(err)
		}
		code, err := o.desk.Consent(begun.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Callback(t.Context(), connection.Redirect{State: begun.State, Code: code, BrowserSecret: begun.BrowserSecret}); err != nil {
			t.Fatal(err)
		}
		if got := len(o.list(t, user)); got != 2 {
			t.Errorf("got %d connections, want one of each environment", got)
		}
	})
}

func TestAnExpiredAttemptIsClearedByTheNext(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user, other := newUser(t, d), newUser(t, d)
		o.consent(t, user)
		o.consent(t, other)
		o.now = o.now.Add(connection.AuthorizationLifetime)
		o.consent(t, user)
		if got := count(t, d, "brokerage_authorizations"); got != 2 {
			t.Errorf("got %d attempts, want the new one and the other user's", got)
		}
	})
}

func TestNothingIsMadeWhenTheFirstReadCannotBeAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		o.OnConnected = func(context.Context, *sql.Tx, string) error { return errors.New("no queue") }
		user := newUser(t, d)
		_, err := o.Callback(t.Context(), o.consent(t, user))
		wantKind(t, err, fault.Internal)
		if got := count(t, d, "brokerage_connections"); got != 0 {
			t.Errorf("got %d connections, want none", got)
		}
	})
}
