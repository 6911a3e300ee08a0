package broker

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
)

// Historian is a Provider that tells what happened in its accounts.
type Historian interface {
	Provider
	// Activities lists what happened in an account, one of Accounts, since a moment, or as far back as the brokerage goes
	// with a zero one; the oldest first. Those of the moment itself may be among them. Errors as Provider's.
	Activities(ctx context.Context, creds Credentials, account Account, since time.Time) (History, error)
}

// History is what a brokerage tells of an account's past.
type History struct {
	Activities []Activity
	// Since is from when on no trade is missing in Activities; zero when that is from the opening of the account on.
	Since time.Time
	// CashComplete tells whether everything that moves cash is there: deposits, dividends, fees. Else there are trades alone.
	CashComplete bool
}

// ActivityKind sorts activities.
type ActivityKind string

// The kinds of activities. A brokerage's kinds that are none of these are Other, so that their cash is not lost.
const (
	Buy         ActivityKind = "buy"  // also what covers a short
	Sell        ActivityKind = "sell" // also what opens a short
	Dividend    ActivityKind = "dividend"
	Interest    ActivityKind = "interest" // negative when it is paid
	Fee         ActivityKind = "fee"
	Tax         ActivityKind = "tax"
	Deposit     ActivityKind = "deposit"
	Withdrawal  ActivityKind = "withdrawal"
	DeliveryIn  ActivityKind = "delivery_in" // of an instrument, from another brokerage or for something that is no money
	DeliveryOut ActivityKind = "delivery_out"
	TransferIn  ActivityKind = "transfer_in" // from another account of the same customer, of cash or of an instrument
	TransferOut ActivityKind = "transfer_out"
	Exchange    ActivityKind = "exchange" // of one currency for another: two activities, one for each
	Split       ActivityKind = "split"
	SpinOff     ActivityKind = "spin_off"
	Merger      ActivityKind = "merger"
	Other       ActivityKind = "other"
)

// Activity is one thing that happened in an account. Its signs are the account's: what comes in is positive.
type Activity struct {
	ID   string // the brokerage's; unique in the account, and the same whenever it is told
	Kind ActivityKind
	At   time.Time
	// Instrument is what it is about; its Symbol is empty when it is about cash alone. Its InstrumentID may be empty, where the
	// brokerage gives none with what happened.
	Instrument Instrument
	Quantity   decimal.Decimal     // by how much what is held of the instrument changes: negative for sales; zero for dividends
	Price      decimal.NullDecimal // per priced unit, in Instrument's currency
	Currency   string              // ISO 4217, of Amount, Fee and Tax
	Amount     decimal.Decimal     // by how much cash changes, after Fee and Tax
	Fee        decimal.Decimal     // not negative
	Tax        decimal.Decimal     // withheld; not negative
	// SplitFrom shares became SplitTo; both are zero for what is no split, or where the brokerage does not say.
	SplitFrom   decimal.Decimal
	SplitTo     decimal.Decimal
	Description string // the brokerage's words, empty when there are none
}
