package reading_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/reading"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// desk is a brokerage in memory, with a person who connected it and a clock that moves when it is told to.
type desk struct {
	*brokertest.Desk
	connections *connection.Service
	link        connection.Link
	now         time.Time
	since       []time.Time // from when on the past was asked for
}

// Activities notes from when on it is asked for the past.
func (d *desk) Activities(ctx context.Context, creds broker.Credentials, account broker.Account, since time.Time) (broker.History, error) {
	d.since = append(d.since, since)
	return d.Desk.Activities(ctx, creds, account, since)
}

func connect(t *testing.T, base *db.DB) *desk {
	t.Helper()
	keys, err := vault.New(map[int][]byte{1: make([]byte, vault.KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Desk: &brokertest.Desk{ID: "desk"}, now: time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)}
	d.Keep(broker.Account{ID: "a", Number: "No. a", Currency: "USD", Cash: decimal.NewNullDecimal(dec("100"))}, position("OLD", "1"), position("BOTH", "2"))
	clock := func() time.Time { return d.now }
	log, err := audit.New(base, clock, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	d.connections = &connection.Service{
		DB: base, Keys: keys, Audit: log, Now: clock, Providers: []broker.Provider{d}, RedirectURL: "https://jaspers.test/api/brokerages/callback",
		OnConnected: func(context.Context, *sql.Tx, string) error { return nil },
	}
	person := db.NewID()
	if err := base.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)",
			person, person+"@jaspers.test", db.Time(d.now))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	begun, err := d.connections.Connect(t.Context(), person, "desk", broker.Paper, connection.Access{})
	if err != nil {
		t.Fatal(err)
	}
	code, err := d.Consent(begun.URL)
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.connections.Callback(t.Context(), connection.Redirect{State: begun.State, Code: code, BrowserSecret: begun.BrowserSecret})
	if err != nil {
		t.Fatal(err)
	}
	if d.link, err = d.connections.Link(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	return d
}

func position(symbol, quantity string) broker.Position {
	return broker.Position{
		Instrument: broker.Instrument{InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: "NYSE", Currency: "USD", Multiplier: dec("1")},
		Quantity:   dec(quantity),
	}
}

func (d *desk) deposit(id string, at time.Time) broker.Activity {
	return broker.Activity{ID: id, Kind: broker.Deposit, At: at, Currency: "USD", Amount: dec("10")}
}

func (d *desk) read(t *testing.T) []reading.Account {
	t.Helper()
	accounts, err := reading.Read(t.Context(), d.connections.DB.Read(), d.connections, d.link, func() time.Time { return d.now })
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

func (d *desk) store(t *testing.T, accounts []reading.Account, asOf time.Time) (found reading.Found, err error) {
	t.Helper()
	err = d.connections.DB.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		found, err = reading.Store(t.Context(), tx, d.connections, d.link, accounts, asOf, d.now)
		return err
	})
	return found, err
}

// texts are a query's only column.
func (d *desk) texts(t *testing.T, query string) []string {
	t.Helper()
	rows, err := d.connections.DB.Read().QueryContext(t.Context(), query)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestThePastIsReadOnceAndThenFromTenDaysBeforeTheLastReading(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := connect(t, base)
		d.Tell("a", broker.History{Activities: []broker.Activity{d.deposit("old", d.now.AddDate(-1, 0, 0)), d.deposit("new", d.now.AddDate(0, 0, -3))}})
		first := d.read(t)
		found, err := d.store(t, first, d.now)
		if err != nil || found.Positions != 2 || found.Transactions == nil || *found.Transactions < 2 {
			t.Fatalf("got %+v, %v, want two positions and what happened", found, err)
		}
		read := d.now
		d.now = d.now.Add(time.Hour)
		again := d.read(t)
		if len(d.since) != 2 || !d.since[0].IsZero() || !d.since[1].Equal(read.AddDate(0, 0, -10)) {
			t.Errorf("asked from %v on, want everything and then from ten days before", d.since)
		}
		if n := len(again[0].History.Activities); n != 1 {
			t.Errorf("got %d activities, want the one of these days", n)
		}
		if found, err = d.store(t, again, d.now); err != nil || *found.Transactions != 0 {
			t.Errorf("got %+v, %v, want nothing new", found, err)
		}
		if got := d.texts(t, "select external_id from transactions where kind = 'deposit' order by external_id"); len(got) != 2 {
			t.Errorf("got %q, want both as before", got)
		}
	})
}

func TestWhatHappenedAfterThePositionsWereReadIsLeftForTheNextReading(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := connect(t, base)
		d.Tell("a", broker.History{Activities: []broker.Activity{d.deposit("before", d.now), d.deposit("after", d.now.Add(time.Second))}})
		got := d.read(t)[0].History.Activities
		if len(got) != 1 || got[0].ID != "before" {
			t.Errorf("got %+v, want what the positions already know of", got)
		}
	})
}

func TestAReadingThatBeganEarlierChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := connect(t, base)
		slow, began := d.read(t), d.now
		d.now = d.now.Add(time.Minute)
		d.Keep(broker.Account{ID: "a", Number: "No. a", Currency: "USD"}, position("BOTH", "3"), position("NEW", "1"))
		if _, err := d.store(t, d.read(t), d.now); err != nil {
			t.Fatal(err)
		}
		if _, err := d.store(t, slow, began); err != nil {
			t.Fatal(err)
		}
		got := d.texts(t, "select symbol || ' ' || cast(quantity as text) from portfolio_holdings order by symbol")
		if len(got) != 2 || got[0] != "BOTH 3" || got[1] != "NEW 1" {
			t.Errorf("got %q, want what was read last", got)
		}
		if n := d.texts(t, "select cast(revision as text) from brokerage_connections"); n[0] != "1" {
			t.Errorf("got revision %s, want one reading counted", n[0])
		}
	})
}

func TestOtherAccountsThanTheConnectionsAreNotStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := connect(t, base)
		if _, err := d.store(t, d.read(t), d.now); err != nil {
			t.Fatal(err)
		}
		const all = `select external_id from brokerage_accounts union all select symbol from portfolio_holdings
			union all select cast(last_sync_at as text) from brokerage_connections union all select external_id from transactions order by 1`
		before := d.texts(t, all)
		d.now = d.now.Add(time.Minute)
		d.Keep(broker.Account{ID: "theirs", Number: "No. t", Currency: "USD"}, position("THEIRS", "1"))
		d.Close("a")
		strangers := d.read(t)
		for _, shown := range [][]reading.Account{strangers, nil} { // none at all is no word either
			_, err := d.store(t, shown, d.now)
			if !fault.Is(err, fault.ReauthorizationRequired) {
				t.Errorf("got %v, want its owner asked for", err)
			}
			if after := d.texts(t, all); !slices.Equal(after, before) {
				t.Errorf("got %q, want %q", after, before)
			}
		}

		d.Keep(broker.Account{ID: "a", Number: "No. a", Currency: "USD"}, position("OLD", "1"))
		if _, err := d.store(t, d.read(t), d.now); err != nil { // one more beside those that are known is the owner's
			t.Fatal(err)
		}
		if got := d.texts(t, "select external_id from brokerage_accounts order by external_id"); len(got) != 2 {
			t.Errorf("got %q, want both", got)
		}
	})
}
