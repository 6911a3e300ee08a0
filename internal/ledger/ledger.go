// Package ledger keeps what happened in people's accounts: what was bought, sold, paid and received.
package ledger

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Transaction is one thing that happened in an account. Its signs are the account's: what comes in is positive. Kinds
// are the brokerages', and Opening.
type Transaction struct {
	ID           string
	ConnectionID string
	AccountID    string
	ExternalID   string // the brokerage's id; unique in the account
	Kind         broker.ActivityKind
	At           time.Time
	Day          calendar.Day        // on New York's calendar
	Instrument   string              // empty when it is about cash alone
	Symbol       string              // as the brokerage spelled it then
	Quantity     decimal.Decimal     // by how much what is held changes, as it was traded: no later split is in it
	Price        decimal.NullDecimal // per priced unit, in the instrument's currency
	Currency     string              // ISO 4217, of Amount, Fee and Tax
	Amount       decimal.Decimal     // by how much cash changes, after Fee and Tax
	Fee          decimal.Decimal     // not negative
	Tax          decimal.Decimal     // withheld; not negative
	SplitFrom    decimal.NullDecimal // that many shares became SplitTo; of splits alone
	SplitTo      decimal.NullDecimal
	Description  string
}

// Opening is what an account held, or its cash, before its known history begins. It is worked out from what the brokerage
// reports now and what happened since.
const Opening broker.ActivityKind = "opening"

// Account is what the ledger knows of an account beside its transactions.
type Account struct {
	ID           string
	ConnectionID string
	Provider     string
	Number       string
	Currency     string
	// Method is how sales consume lots here; empty means the person's choice for all accounts.
	Method string
	// Since is from when on no trade is missing; zero when nothing is known, or from the account's opening on.
	Since time.Time
	// Known tells whether the account's history was ever read.
	Known bool
	// CashComplete tells whether everything that moves cash is in the ledger.
	CashComplete bool
	// MissingSince is from when on its brokerage lists it no more; zero while it does.
	MissingSince time.Time
}
