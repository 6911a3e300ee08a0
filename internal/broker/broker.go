// Package broker is what a brokerage is to us: the accounts it keeps, the positions in them, and how a customer lets us in.
package broker

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
)

// Provider is one brokerage. Errors are *fault.Error: ReauthorizationRequired when the customer has to let us in again,
// UpstreamDown, UpstreamTimeout or UpstreamFailed when the brokerage cannot answer or answers nonsense, Canceled when the
// caller left. An error comes with no data: a list that arrived in part is not returned.
type Provider interface {
	// Info names the brokerage.
	Info() Info
	// Accounts lists the accounts the credentials open, with their cash.
	Accounts(ctx context.Context, creds Credentials) ([]Account, error)
	// Positions lists what an account, one of Accounts, holds now; an empty account has none.
	Positions(ctx context.Context, creds Credentials, account Account) ([]Position, error)
}

// OAuth is a Provider that customers connect by its own consent page.
type OAuth interface {
	Provider
	// AuthorizeURL is where the customer's browser goes to consent.
	AuthorizeURL(req AuthorizeRequest) string
	// Exchange turns the code that came back into credentials. A code that is refused is an AuthorizationDenied.
	Exchange(ctx context.Context, code string, req AuthorizeRequest) (Credentials, error)
}

// KeepAlive is a Provider at which a session ends unless it is used.
type KeepAlive interface {
	Provider
	// KeepAlive keeps the session alive, to be called every minute. Errors as Provider's.
	KeepAlive(ctx context.Context, creds Credentials) error
}

// Info is what a person sees of a brokerage before connecting.
type Info struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Environments []Environment `json:"environments"`
	Methods      []Method      `json:"methods"`
}

// Method is how a customer lets us in.
type Method string

// The methods.
const (
	ByOAuth   Method = "oauth"   // on the brokerage's own consent page
	ByAPIKey  Method = "api_key" // with a key and its secret, which the customer makes at the brokerage
	ByGateway Method = "gateway" // through a gateway that the operator runs and is signed in to
)

// Environment tells real money from play money; it picks the brokerage's host.
type Environment string

// The environments brokerages have.
const (
	Live  Environment = "live"
	Paper Environment = "paper"
)

// AuthorizeRequest is one attempt to connect.
type AuthorizeRequest struct {
	Environment  Environment
	State        string // echoed back by the brokerage
	CodeVerifier string // the PKCE secret; its S256 challenge goes into the URL
	RedirectURL  string
}

// Credentials let us in at a brokerage. They are stored sealed and never logged.
type Credentials struct {
	Environment Environment `json:"environment"`
	AccessToken string      `json:"accessToken,omitempty"` // of OAuth
	Scope       string      `json:"scope,omitempty"`
	KeyID       string      `json:"keyId,omitempty"` // of a customer's own API key, with its secret
	KeySecret   string      `json:"keySecret,omitempty"`
}

// String keeps credentials out of logs and error texts.
func (Credentials) String() string { return "[broker credentials]" }

// GoString keeps credentials out of %#v.
func (Credentials) GoString() string { return "[broker credentials]" }

// Account is one account at a brokerage. Money is in Currency; what the brokerage does not know is an invalid
// NullDecimal, never zero.
type Account struct {
	ID       string              // the brokerage's id
	Number   string              // what the customer knows it by
	Status   string              // the brokerage's word, upper case
	Currency string              // ISO 4217
	Cash     decimal.NullDecimal // in Currency; negative when borrowed on margin
	// CashIn is the cash in each currency, where the account keeps several apart; Cash is then what is kept in Currency.
	// Nil where all cash is Cash.
	CashIn map[string]decimal.Decimal
}

// AssetClass sorts instruments.
type AssetClass string

// The asset classes.
const (
	Equity      AssetClass = "equity"
	Option      AssetClass = "option"
	Crypto      AssetClass = "crypto"
	OtherAssets AssetClass = "other"
)

// Instrument is what is held or traded, as the brokerage names it.
type Instrument struct {
	InstrumentID string // the brokerage's id: Alpaca's asset id, IBKR's conid
	ISIN         string // ISO 6166; empty where the brokerage does not say, as are CUSIP and FIGI
	CUSIP        string
	FIGI         string
	Symbol       string // our spelling: BRK.B, BTC/USD, OCC for options
	Name         string // empty when the brokerage gives none
	AssetClass   AssetClass
	Sector       string          // the brokerage's word; empty when it gives none
	Country      string          // ISO 3166-1 alpha-2 of the issuer or the listing; empty when it gives none
	Exchange     string          // the brokerage's word
	Currency     string          // ISO 4217, whole units: never pence
	Multiplier   decimal.Decimal // how many priced units one of the quantity stands for: 1, or 100 for most option contracts
}

// Position is what an account holds of one instrument; an account has at most one position of an instrument. Shorts are
// negative in Quantity, MarketValue and CostBasis. What the brokerage does not know is an invalid NullDecimal, never zero.
type Position struct {
	Instrument
	Quantity      decimal.Decimal
	AverageCost   decimal.NullDecimal // per priced unit
	CostBasis     decimal.NullDecimal // as the brokerage reports it, not recomputed
	Price         decimal.NullDecimal // per priced unit
	PreviousClose decimal.NullDecimal // per priced unit, adjusted for a split since
	MarketValue   decimal.NullDecimal // as the brokerage reports it, not recomputed
	AsOf          time.Time           // when the brokerage said so
}
