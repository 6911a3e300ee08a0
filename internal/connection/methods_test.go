package connection_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// withKey connects with an API key, the good one unless told another.
func (o *office) withKey(t *testing.T, userID, id, secret string) (connection.Connection, error) {
	t.Helper()
	begun, err := o.Begin(t.Context(), userID, connection.Request{Provider: "desk", Environment: broker.Paper, APIKey: id, APISecret: secret})
	if err != nil {
		return connection.Connection{}, err
	}
	if begun.Authorization != nil || begun.Connection == nil {
		t.Fatalf("got %+v, want a connection", begun)
	}
	return *begun.Connection, nil
}

func keyOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	o := newOffice(t, d)
	o.desk.Methods = []broker.Method{broker.ByOAuth, broker.ByAPIKey}
	return o
}

func fieldsOf(err error) []string {
	var paths []string
	for _, f := range fault.From(err).Fields {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestAnAPIKeyConnectsAtOnceAndOpens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		id, secret := o.desk.Pair()
		made, err := o.withKey(t, user, id, secret)
		if err != nil {
			t.Fatal(err)
		}
		want := connection.Connection{
			ID: made.ID, UserID: user, Provider: "desk", ProviderName: "Desk", Environment: broker.Paper, Method: broker.ByAPIKey,
			ReauthorizeBy: broker.ByAPIKey, Accounts: []string{"D-1"}, Status: connection.Active, CreatedAt: o.now,
		}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Errorf("-want +got\n%s", diff)
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
		if _, err := provider.Accounts(t.Context(), creds); err != nil {
			t.Errorf("the stored credentials do not open the brokerage: %v", err)
		}
		again, err := o.withKey(t, user, id, secret)
		if diff := cmp.Diff(made, again); diff != "" || err != nil || len(o.list(t, user)) != 1 {
			t.Errorf("got %v of the same account again: -want +got\n%s", err, diff)
		}
		if byConsent := o.connect(t, user); byConsent.ID != made.ID || byConsent.Method != broker.ByOAuth {
			t.Errorf("got %+v by consent to the same account, want the same connection, now by consent", byConsent)
		}
	})
}

func TestNoKeyIsStoredInClearOrTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		id, secret := o.desk.Pair()
		made, err := o.withKey(t, user, id, secret)
		if err != nil {
			t.Fatal(err)
		}
		_, refusal := o.withKey(t, user, id, "canary-secret")
		told := fmt.Sprintf("%+v %+v %v", made, refusal, fault.From(refusal).Fields)
		for _, query := range []string{"select credentials from brokerage_connections", "select details from audit_logs"} {
			rows, err := d.Read().QueryContext(t.Context(), query)
			words, err := db.Collect(rows, err, func(scan func(...any) error) (word string, err error) { return word, scan(&word) })
			if err != nil {
				t.Fatal(err)
			}
			told += strings.Join(words, " ")
		}
		for _, hidden := range []string{id, secret, "canary"} {
			if strings.Contains(told, hidden) {
				t.Errorf("a key is told: %s", told)
			}
		}
	})
}

func TestAWrongPairIsAWrongField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		id, secret := o.desk.Pair()
		long := strings.Repeat("x", 201)
		for name, c := range map[string]struct {
			req  connection.Request
			want string
		}{
			"a secret of another key":  {connection.Request{Provider: "desk", APIKey: id, APISecret: "another"}, "body.apiKey body.apiSecret"},
			"a key without secret":     {connection.Request{Provider: "desk", APIKey: id}, "body.apiSecret"},
			"a secret without key":     {connection.Request{Provider: "desk", APISecret: secret}, "body.apiKey"},
			"both too long":            {connection.Request{Provider: "desk", APIKey: long, APISecret: long}, "body.apiKey body.apiSecret"},
			"a line break":             {connection.Request{Provider: "desk", APIKey: id, APISecret: secret + "\r\nX: y"}, "body.apiSecret"},
			"letters of elsewhere":     {connection.Request{Provider: "desk", APIKey: "ключ", APISecret: secret}, "body.apiKey"},
			"everything at once":       {connection.Request{Provider: "desk", Environment: "moon", APIKey: "a b"}, "body.apiKey body.apiSecret body.environment"},
			"no brokerage and no key":  {connection.Request{Provider: "nobody", APISecret: secret}, "body.apiKey body.provider"},
			"where no keys are taken":  {connection.Request{Provider: "pages", APIKey: id, APISecret: secret}, "body.apiKey"},
			"where only keys are":      {connection.Request{Provider: "keys"}, "body.apiKey body.apiSecret"},
			"where there is no method": {connection.Request{Provider: "none"}, "body.provider"},
		} {
			t.Run(name, func(t *testing.T) {
				o.Providers = []broker.Provider{o.desk,
					methods{o.desk, "pages", []broker.Method{broker.ByOAuth}}, methods{o.desk, "keys", []broker.Method{broker.ByAPIKey}}, methods{o.desk, "none", nil}}
				_, err := o.Begin(t.Context(), user, c.req)
				wantKind(t, err, fault.Invalid)
				if got := strings.Join(fieldsOf(err), " "); got != c.want {
					t.Errorf("got fields %s, want %s", got, c.want)
				}
			})
		}
		if n := count(t, d, "brokerage_connections"); n != 0 {
			t.Errorf("got %d connections, want none", n)
		}
	})
}

// methods is the desk under another name and with other ways in.
type methods struct {
	broker.Provider
	id  string
	all []broker.Method
}

func (m methods) Info() broker.Info {
	return broker.Info{ID: m.id, Name: m.id, Environments: []broker.Environment{broker.Live, broker.Paper}, Methods: m.all}
}

func TestNothingIsStoredWhenTheBrokerageCannotBeAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := keyOffice(t, d)
		user := newUser(t, d)
		id, secret := o.desk.Pair()
		o.desk.Fail(fault.New(fault.UpstreamDown, "down"))
		_, err := o.withKey(t, user, id, secret)
		wantKind(t, err, fault.UpstreamDown)
		o.desk.Fail(nil)
		o.desk.Close("account-1")
		_, err = o.withKey(t, user, id, secret)
		wantKind(t, err, fault.AuthorizationDenied)
		if n := count(t, d, "brokerage_connections"); n != 0 {
			t.Errorf("got %d connections, want none", n)
		}
	})
}

func TestAGatewayIsForAdminsAndNeedsNoCredentials(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		o.desk.Methods = []broker.Method{broker.ByGateway}
		user := newUser(t, d)
		req := connection.Request{Provider: "desk", Environment: broker.Live}
		_, err := o.Begin(t.Context(), user, req)
		wantKind(t, err, fault.Forbidden)
		if got := o.Brokerages(false); len(got) != 0 {
			t.Errorf("got %v offered to a member, want nothing", got)
		}
		if got := o.Brokerages(true); len(got) != 1 || len(got[0].Methods) != 1 {
			t.Errorf("got %v offered to an admin, want the gateway", got)
		}
		req.Admin = true
		o.desk.Fail(fault.New(fault.ReauthorizationRequired, "sign in at the gateway"))
		_, err = o.Begin(t.Context(), user, req)
		wantKind(t, err, fault.ReauthorizationRequired)
		o.desk.Fail(nil)
		begun, err := o.Begin(t.Context(), user, req)
		if err != nil || begun.Connection == nil || begun.Connection.Method != broker.ByGateway {
			t.Fatalf("got %+v, %v, want a connection through the gateway", begun, err)
		}
		o.fail(t, begun.Connection.ID, fault.New(fault.ReauthorizationRequired, "sign in at the gateway"), true)
		_, err = o.Reauthorize(t.Context(), user, begun.Connection.ID, connection.Request{})
		wantKind(t, err, fault.Forbidden)
		again, err := o.Reauthorize(t.Context(), user, begun.Connection.ID, connection.Request{Admin: true})
		if err != nil || again.Connection == nil || again.Connection.Status != connection.Active {
			t.Errorf("got %+v, %v, want it active again", again, err)
		}
	})
}
