package connection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
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
	log, err := audit.New(d, func() time.Time { return o.now }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	o.Service = &connection.Service{
		DB: d, Keys: keys, Audit: log, Providers: []broker.Provider{o.desk}, RedirectURL: "https://jaspers.test/api/brokerages/callback",
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
	begun, err := o.Connect(t.Context(), userID, "desk", broker.Paper, connection.Access{})
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
			Method: broker.ByOAuth, ReauthorizeBy: broker.ByOAuth, Accounts: []string{"D-1"}, Status: connection.Active, CreatedAt: o.now,
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

func TestBrokeragesAreListedInOrder(t *testing.T) {
	o := newOffice(t, nil)
	o.Providers = append(o.Providers, keysOnly{})
	got := o.Brokerages(false)
	if len(got) != 2 || got[0].ID != "desk" || got[1].ID != "keys" {
		t.Errorf("got %v, want desk and keys", got)
	}
}
