// Package recordingtest has brokerages tell of made-up people's accounts, for tests of what becomes of that in the ledger.
package recordingtest

import (
	"database/sql"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/recording"
)

// Noon of a day of November 2026 in New York, which is a Monday with 23.
func Noon(day int) time.Time {
	return calendar.Day{Year: 2026, Month: time.November, Day: day}.At(12, 0).UTC()
}

// Person is somebody with one connection, at the brokerage north, and its accounts.
type Person struct{ ID, Connection string }

// NewPerson is somebody who has no account yet.
func NewPerson(t testing.TB, d *db.DB) Person {
	t.Helper()
	p, now := Person{db.NewID(), db.NewID()}, db.Time(time.Now())
	Exec(t, d, "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", p.ID, p.ID+"@jaspers.test", now)
	Exec(t, d, `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
		values ($1, $2, 'north', 'paper', 'active', '', $3, $3)`, p.Connection, p.ID, now)
	return p
}

// Account opens an account with the number 123456789, and gives our id of it.
func (p Person) Account(t testing.TB, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	Exec(t, d, `insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, as_of)
		values ($1, $2, $4, '123456789', 'ACTIVE', 'USD', $3)`, id, p.Connection, db.Time(time.Now()), id)
	return id
}

// Reading is what the brokerage tells of an account. A zero since is the account's beginning.
func (p Person) Reading(account string, asOf, since time.Time, positions []broker.Position, told ...broker.Activity) recording.Reading {
	return recording.Reading{
		UserID: p.ID, ConnectionID: p.Connection, AccountID: account, Provider: "north", AsOf: asOf, Positions: positions,
		History: broker.History{Activities: told, Since: since},
	}
}

// Record puts a reading into the ledger, as of when it was read.
func Record(t testing.TB, d *db.DB, r recording.Reading) (changed bool) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		changed, err = recording.Record(t.Context(), tx, r, r.AsOf)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// Exec carries out a statement.
func Exec(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Share is one of a company listed in New York.
func Share(symbol string) broker.Instrument {
	return broker.Instrument{
		InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: "NYSE", Currency: "USD", Multiplier: decimal.NewFromInt(1),
	}
}

// Bought is a purchase, or a sale where the quantity is negative.
func Bought(id string, at time.Time, symbol, quantity, price string) broker.Activity {
	a := broker.Activity{
		ID: id, Kind: broker.Buy, At: at, Instrument: Share(symbol), Quantity: decimal.RequireFromString(quantity),
		Price: decimal.NewNullDecimal(decimal.RequireFromString(price)), Currency: "USD",
	}
	if a.Quantity.IsNegative() {
		a.Kind = broker.Sell
	}
	a.Amount = a.Quantity.Mul(a.Price.Decimal).Neg()
	return a
}

// Holds is a position; with an empty cost the brokerage does not say what it cost.
func Holds(symbol, quantity, cost string) broker.Position {
	p := broker.Position{Instrument: Share(symbol), Quantity: decimal.RequireFromString(quantity)}
	if cost != "" {
		p.CostBasis = decimal.NewNullDecimal(decimal.RequireFromString(cost))
	}
	return p
}
