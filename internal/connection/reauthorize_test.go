package connection_test

import (
	"testing"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// again begins to renew a connection by consent and has the customer agree to it.
func (o *office) again(t *testing.T, userID, id string) connection.Redirect {
	t.Helper()
	begun, err := o.Reauthorize(t.Context(), userID, id, connection.Request{})
	if err != nil || begun.Authorization == nil {
		t.Fatalf("got %+v, %v, want a consent page", begun, err)
	}
	code, err := o.desk.Consent(begun.Authorization.URL)
	if err != nil {
		t.Fatal(err)
	}
	return connection.Redirect{State: begun.Authorization.State, Code: code, BrowserSecret: begun.Authorization.BrowserSecret}
}

func TestANewConsentRenewsTheConnectionItWasBegunFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		user := newUser(t, d)
		made := o.connect(t, user)
		o.desk.Revoke()
		o.fail(t, made.ID, fault.New(fault.ReauthorizationRequired, "connect it again"), true)
		renewed, err := o.Callback(t.Context(), o.again(t, user, made.ID))
		if err != nil || renewed.ID != made.ID || renewed.Status != connection.Active {
			t.Errorf("got %+v, %v, want the same connection, active", renewed, err)
		}
	})
}

func TestAnotherAccountDoesNotTakeAConnectionOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		made := o.connect(t, user)
		before, err := o.Link(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		o.desk.Close("account-1")
		o.desk.Keep(broker.Account{ID: "account-2", Number: "D-2", Currency: "USD"})

		_, err = o.Callback(t.Context(), o.again(t, user, made.ID))
		wantKind(t, err, fault.Conflict)
		id, secret := o.desk.Pair()
		_, err = o.Reauthorize(t.Context(), user, made.ID, connection.Request{APIKey: id, APISecret: secret})
		wantKind(t, err, fault.Invalid)
		if after, err := o.Link(t.Context(), made.ID); err != nil || after != before {
			t.Errorf("got %+v, %v, want what it was", after, err)
		}
		if other := o.connect(t, user); other.ID == made.ID || len(o.list(t, user)) != 2 {
			t.Errorf("got %+v of connecting the other account, want a connection of its own", other)
		}
	})
}

func TestAnAPIKeyRenewsWhatItOpens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		id, secret := o.desk.Pair()
		made, err := o.withKey(t, user, id, secret)
		if err != nil {
			t.Fatal(err)
		}
		o.desk.Revoke()
		_, err = o.Reauthorize(t.Context(), user, made.ID, connection.Request{})
		wantKind(t, err, fault.Invalid)
		_, err = o.Reauthorize(t.Context(), user, made.ID, connection.Request{APIKey: id, APISecret: secret})
		wantKind(t, err, fault.Invalid) // revoked
		id, secret = o.desk.Pair()
		begun, err := o.Reauthorize(t.Context(), user, made.ID, connection.Request{APIKey: id, APISecret: secret})
		if err != nil || begun.Connection.ID != made.ID {
			t.Errorf("got %+v, %v, want it renewed", begun, err)
		}

		o.Providers = []broker.Provider{methods{o.desk, "desk", []broker.Method{broker.ByOAuth}}}
		if got := o.list(t, user)[0]; got.Method != broker.ByAPIKey || got.ReauthorizeBy != broker.ByOAuth {
			t.Errorf("got %s, to be renewed by %s, want the method that is left", got.Method, got.ReauthorizeBy)
		}
	})
}

func TestOnlyTheOwnerRenewsAConnectionAndNotOneThatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		owner, stranger := newUser(t, d), newUser(t, d)
		made := o.connect(t, owner)
		for _, id := range []string{made.ID, db.NewID(), "1"} {
			_, err := o.Reauthorize(t.Context(), stranger, id, connection.Request{})
			wantKind(t, err, fault.NotFound)
		}
		back := o.again(t, owner, made.ID)
		if err := o.Delete(t.Context(), owner, made.ID); err != nil {
			t.Fatal(err)
		}
		_, err := o.Callback(t.Context(), back)
		wantKind(t, err, fault.InvalidOAuthState)
		if n := count(t, d, "brokerage_connections"); n != 0 {
			t.Errorf("got %d connections, want none", n)
		}
	})
}
