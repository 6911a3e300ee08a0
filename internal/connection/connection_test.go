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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// office is a service with one brokerage and a clock that moves when it is told to.
type office struct {
	*connection.Service
	desk *brokertest.Desk
	now  time.Time
	mu   sync.Mutex
	// connected are the connections whose first read was asked for.
	connected []string
}

func newOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	keys, err := vault.New(map[int][]byte{1: make([]byte, vault.KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{desk: &brokertest.Desk{ID: "desk"}, now: time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)}
	o.desk.Keep(broker.Account{ID: "account-1", Number: "D-1", Currency: "USD"})
	o.Service = &connection.Service{
		DB: d, Keys: keys, Providers: []broker.Provider{o.desk}, RedirectURL: "https://jaspers.test/api/brokerages/callback",
		Now: func() time.Time { return o.now },
		OnConnected: func(_ context.Context, _ *sql.Tx, id string) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.connected = append(o.connected, id)
			return nil
		},
	}
	return o
}

func newUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id, now := db.NewID(), db.Time(time.Now())
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(),
			"insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", id, id+"@jaspers.test", now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// consent begins an attempt and has the customer agree to it.
func (o *office) consent(t *testing.T, userID string) connection.Redirect {
	t.Helper()
	begun, err := o.Connect(t.Context(), userID, "desk", broker.Paper)
	if err != nil {
		t.Fatal(err)
	}
	code, err := o.desk.Consent(begun.URL)
	if err != nil {
		t.Fatal(err)
	}
	return connection.Redirect{State: begun.State, Code: code, BrowserSecret: begun.BrowserSecret}
}

func (o *office) connect(t *testing.T, userID string) connection.Connection {
	t.Helper()
	made, err := o.Callback(t.Context(), o.consent(t, userID))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (o *office) list(t *testing.T, userID string) []connection.Connection {
	t.Helper()
	all, err := o.List(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestConnectingMakesAConnectionThatOpens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		made := o.connect(t, user)
		want := connection.Connection{
			ID: made.ID, UserID: user, Provider: "desk", ProviderName: "Desk", Environment: broker.Paper,
			Accounts: []string{"D-1"}, Status: connection.Active, CreatedAt: o.now,
		}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if diff := cmp.Diff([]connection.Connection{want}, o.list(t, user)); diff != "" {
			t.Errorf("in the list: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{made.ID}, o.connected); diff != "" {
			t.Errorf("first reads: -want +got\n%s", diff)
		}
		link, err := o.Link(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		provider, creds, err := o.Open(link)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Accounts(t.Context(), creds); err != nil || creds.Environment != broker.Paper {
			t.Errorf("the stored credentials do not open the brokerage: %v", err)
		}
	})
}

func TestTheConsentPageGetsOurRedirectAndAChallenge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		begun, err := o.Connect(t.Context(), newUser(t, d), "desk", "")
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
			_, err := o.Connect(t.Context(), user, c.provider, c.env)
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
	return broker.Info{ID: "keys", Name: "Keys", Environments: []broker.Environment{broker.Live}, Methods: []string{"keys"}}
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
		begun, err := o.Connect(t.Context(), user, "desk", broker.Live)
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

func TestReconnectingHealsTheConnection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		made := o.connect(t, user)
		o.fail(t, made.ID, fault.New(fault.ReauthorizationRequired, "connect it again"), true)
		broken := o.list(t, user)[0]
		want := &connection.Problem{Code: fault.ReauthorizationRequired, Message: "connect it again", At: o.now}
		if diff := cmp.Diff(want, broken.Error); diff != "" || broken.Status != connection.ReauthorizationRequired {
			t.Errorf("got %s, -want +got\n%s", broken.Status, diff)
		}
		if due, err := o.Due(t.Context(), d.Read()); err != nil || len(due) != 0 {
			t.Errorf("got %v due, %v, want none", due, err)
		}
		if diff := cmp.Diff(made, o.connect(t, user)); diff != "" {
			t.Errorf("-as it was +as it is\n%s", diff)
		}
	})
}

// fail records a failure that began now.
func (o *office) fail(t *testing.T, id string, cause error, wantRecorded bool) {
	t.Helper()
	link, err := o.Link(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	o.failLink(t, link, o.now, cause, wantRecorded)
}

func (o *office) failLink(t *testing.T, link connection.Link, started time.Time, cause error, wantRecorded bool) {
	t.Helper()
	err := o.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		recorded, err := o.Failed(t.Context(), tx, link, started, cause)
		if recorded != wantRecorded {
			t.Errorf("got recorded %t, want %t", recorded, wantRecorded)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) synced(t *testing.T, link connection.Link, asOf time.Time, wantNewest bool) {
	t.Helper()
	err := o.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		newest, err := o.Synced(t.Context(), tx, link, asOf)
		if newest != wantNewest {
			t.Errorf("got newest %t, want %t", newest, wantNewest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyNewsAboutTheConnectionAsItIsChangesItsStatus(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		link, err := o.Link(t.Context(), o.connect(t, user).ID)
		if err != nil {
			t.Fatal(err)
		}
		refused := fault.New(fault.ReauthorizationRequired, "no")
		o.synced(t, link, o.now, true)
		o.synced(t, link, o.now.Add(-time.Second), false)
		o.failLink(t, link, o.now.Add(-time.Second), refused, false)

		o.connect(t, user) // renews the credentials that link still has the old ones of
		o.failLink(t, link, o.now.Add(time.Second), refused, false)
		if got := o.list(t, user)[0]; got.Status != connection.Active || got.Error != nil || !got.LastSyncAt.Equal(o.now) {
			t.Errorf("got %+v, want an active connection", got)
		}

		o.fail(t, link.ID, errors.New("disk of canary is full"), true)
		got := o.list(t, user)[0]
		if got.Status != connection.Failing || got.Error.Code != fault.Internal || strings.Contains(got.Error.Message, "canary") {
			t.Errorf("got %s, %+v, want an internal error without its cause", got.Status, got.Error)
		}
		if due, err := o.Due(t.Context(), d.Read()); err != nil || !cmp.Equal(due, []string{link.ID}) {
			t.Errorf("got %v due, %v, want the failing one", due, err)
		}
		o.synced(t, link, o.now.Add(time.Second), true)
		if got := o.list(t, user)[0]; got.Status != connection.Active || got.Error != nil {
			t.Errorf("got %+v, want a healed connection", got)
		}
	})
}

func TestOthersConnectionsAreNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		owner, stranger := newUser(t, d), newUser(t, d)
		made := o.connect(t, owner)
		for _, id := range []string{made.ID, db.NewID(), "1", "' or 1=1 --"} {
			_, err := o.Get(t.Context(), stranger, id)
			wantKind(t, err, fault.NotFound)
			wantKind(t, o.Delete(t.Context(), stranger, id), fault.NotFound)
		}
		if got := o.list(t, stranger); got == nil || len(got) != 0 {
			t.Errorf("got %v, want an empty list", got)
		}
		if got, err := o.Get(t.Context(), owner, made.ID); err != nil || got.ID != made.ID {
			t.Errorf("got %v, %v, want the owner's connection", got, err)
		}
	})
}

func TestDeletingForgetsEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		link, err := o.Link(t.Context(), o.connect(t, user).ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Delete(t.Context(), user, link.ID); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"brokerage_connections", "brokerage_accounts"} {
			if got := count(t, d, table); got != 0 {
				t.Errorf("got %d rows in %s, want none", got, table)
			}
		}
		_, err = o.Link(t.Context(), link.ID)
		wantKind(t, err, fault.NotFound)
		wantKind(t, o.Delete(t.Context(), user, link.ID), fault.NotFound)
		o.synced(t, link, o.now, false)
		o.failLink(t, link, o.now, errors.New("late"), false)
	})
}

func TestNoSecretIsStoredInClear(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		pending := o.consent(t, user)
		link, err := o.Link(t.Context(), o.connect(t, user).ID)
		if err != nil {
			t.Fatal(err)
		}
		_, creds, err := o.Open(link)
		if err != nil {
			t.Fatal(err)
		}
		var state, browser, verifier, credentials string
		row := d.Read().QueryRowContext(t.Context(), `select a.state_hash, a.browser_hash, a.code_verifier, c.credentials
			from brokerage_authorizations a join brokerage_connections c on c.user_id = a.user_id`)
		if err := row.Scan(&state, &browser, &verifier, &credentials); err != nil {
			t.Fatal(err)
		}
		stored := state + browser + verifier + credentials
		for _, secret := range []string{pending.State, pending.BrowserSecret, creds.AccessToken} {
			if strings.Contains(stored, secret) {
				t.Errorf("a secret stands in the database: %s", stored)
			}
		}
		if !strings.HasPrefix(verifier, "v1:") || !strings.HasPrefix(credentials, "v1:") {
			t.Errorf("got verifier %s and credentials %s, want them sealed", verifier, credentials)
		}
		if text := fmt.Sprintf("%v %+v %#v", creds, creds, creds); strings.Contains(text, creds.AccessToken) {
			t.Errorf("credentials print as %s", text)
		}
	})
}

func TestCredentialsOfAnotherConnectionDoNotOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		victim, thief := o.connect(t, newUser(t, d)).ID, o.connect(t, newUser(t, d)).ID
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `update brokerage_connections
				set credentials = (select credentials from brokerage_connections where id = $1) where id = $2`, victim, thief)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		link, err := o.Link(t.Context(), thief)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = o.Open(link)
		wantKind(t, err, fault.ReauthorizationRequired)
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

func TestBrokeragesAreListedInOrder(t *testing.T) {
	o := newOffice(t, nil)
	o.Providers = append(o.Providers, keysOnly{})
	got := o.Brokerages()
	if len(got) != 2 || got[0].ID != "desk" || got[1].ID != "keys" {
		t.Errorf("got %v, want desk and keys", got)
	}
}
