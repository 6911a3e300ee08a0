// Package portfolio is what a user owns: the holdings of all their brokerages as one, kept in step with the brokerages.
package portfolio

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// Service reads brokerages and shows what they said. Every field is required.
type Service struct {
	DB          *db.DB
	Connections *connection.Service
	Jobs        *job.Queue
	Now         func() time.Time
	// Audit records who asked for a sync; how it went is recorded by Connections.
	Audit *audit.Log
}

// BaseCurrency is what totals are in. Amounts in another currency are left out of them, and a warning says so.
const BaseCurrency = "USD"

// Holding is one instrument in all accounts together: same asset class, symbol and currency. Long and short positions
// of it net. Amounts are in Currency. A figure is null when one of the sources does not know its part of it; percents
// are 12.5 for 12.5 % and null, too, where there is nothing to divide by.
type Holding struct {
	Symbol     string            `json:"symbol"`
	Name       string            `json:"name" doc:"Empty when no brokerage gives one"`
	AssetClass broker.AssetClass `json:"assetClass" enum:"equity,option,crypto,other"`
	Quantity   decimal.Decimal   `json:"quantity" doc:"Negative when short; contracts for options"`
	// AverageCost is |CostBasis / Quantity|, for options per share of the contract; null when long and short cancel out.
	AverageCost          *decimal.Decimal `json:"averageCost" doc:"Per unit; for options per share"`
	CostBasis            *decimal.Decimal `json:"costBasis"`
	Price                *decimal.Decimal `json:"price" doc:"Of the source read last"`
	MarketValue          *decimal.Decimal `json:"marketValue"`
	Currency             string           `json:"currency"`
	UnrealizedPnl        *decimal.Decimal `json:"unrealizedPnl" doc:"Market value less cost basis"`
	UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent" doc:"Relative to the size of the cost basis"`
	// DayChange is null when a source's prices are not of the current trading day, for crypto of the current day in UTC.
	DayChange        *decimal.Decimal `json:"dayChange" doc:"Since the previous close"`
	DayChangePercent *decimal.Decimal `json:"dayChangePercent" doc:"Relative to the size of the value at the previous close"`
	// AllocationPercent has two decimals. The shares of all holdings and of cash add up to exactly 100. A holding of
	// which only some sources know a market value has the share of these; one that is not in the totals has none.
	AllocationPercent *decimal.Decimal `json:"allocationPercent" doc:"Share of the total value, cash included"`
	AsOf              time.Time        `json:"asOf" doc:"Of the oldest source"`
	Stale             bool             `json:"stale" doc:"Whether a source is"`
	Sources           []Source         `json:"sources"`
}

// Source is a holding in one account, as the brokerage reported it last.
type Source struct {
	ConnectionID string           `json:"connectionId"`
	Provider     string           `json:"provider"`
	Account      string           `json:"account" doc:"The brokerage's account number"`
	Quantity     decimal.Decimal  `json:"quantity"`
	AverageCost  *decimal.Decimal `json:"averageCost"`
	CostBasis    *decimal.Decimal `json:"costBasis"`
	Price        *decimal.Decimal `json:"price"`
	MarketValue  *decimal.Decimal `json:"marketValue"`
	AsOf         time.Time        `json:"asOf"`
	Stale        bool             `json:"stale" doc:"Whether the brokerage could not be read lately"`
}

// Summary is the whole portfolio in BaseCurrency. Gain, loss and change cover the holdings of which they are known;
// they are null when that is none of those there are.
type Summary struct {
	BaseCurrency         string           `json:"baseCurrency"`
	TotalValue           decimal.Decimal  `json:"totalValue" doc:"As in bestKnown"`
	Cash                 decimal.Decimal  `json:"cash" doc:"As in bestKnown; negative when borrowed"`
	CostBasis            *decimal.Decimal `json:"costBasis" doc:"Of the holdings that unrealizedPnl covers"`
	UnrealizedPnl        *decimal.Decimal `json:"unrealizedPnl"`
	UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent"`
	DayChange            *decimal.Decimal `json:"dayChange"`
	DayChangePercent     *decimal.Decimal `json:"dayChangePercent"`
	Confirmed            Totals           `json:"confirmed" doc:"From accounts that are not stale, without crypto that is"`
	BestKnown            Totals           `json:"bestKnown" doc:"From all accounts, with the last known values of stale ones"`
	AsOf                 *time.Time       `json:"asOf" doc:"When the account read longest ago was read; null when none was"`
	Connections          Connections      `json:"connections"`
}

// Totals add up accounts.
type Totals struct {
	TotalValue  decimal.Decimal `json:"totalValue" doc:"Market value and cash"`
	Cash        decimal.Decimal `json:"cash"`
	MarketValue decimal.Decimal `json:"marketValue"`
	Sources     int             `json:"sources" doc:"How many accounts are in the sum"`
}

// Connections counts the connections behind a summary. Stale ones are counted by their status as well.
type Connections struct {
	Total                   int `json:"total"`
	Active                  int `json:"active"`
	Error                   int `json:"error"`
	ReauthorizationRequired int `json:"reauthorizationRequired"`
	Stale                   int `json:"stale"`
}

// Holdings lists what the user owns, the largest market value first and unknown ones last. The warnings say in words
// what is stale, and what is left out of the totals and why.
func (s *Service) Holdings(ctx context.Context, userID string) ([]Holding, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	return b.holdings(), b.warnings(), nil
}

// Holding is one row of Holdings. The symbol may be in any case and in the common spellings: BRK.B or BRK-B; BTC/USD,
// BTC-USD or BTCUSD. NotFound when the user holds nothing of it.
func (s *Service) Holding(ctx context.Context, userID, symbol string) (Holding, []string, error) {
	holdings, warnings, err := s.Holdings(ctx, userID)
	if err != nil {
		return Holding{}, nil, err
	}
	if h, ok := findSymbol(holdings, symbol); ok {
		return h, warnings, nil
	}
	return Holding{}, nil, fault.New(fault.NotFound, "you hold nothing of this symbol")
}

// Summary adds everything up; warnings as in Holdings.
func (s *Service) Summary(ctx context.Context, userID string) (Summary, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Summary{}, nil, err
	}
	return b.summary(), b.warnings(), nil
}

// open loads the user's book and judges it by the clock.
func (s *Service) open(ctx context.Context, userID string) (book, error) {
	links, err := load(ctx, s.DB.Read(), userID)
	if err != nil {
		return book{}, err
	}
	for i := range links {
		links[i].providerName = s.Connections.ProviderName(links[i].provider)
	}
	return newBook(links, s.Now()), nil
}

// findSymbol prefers the exact spelling, so that BF.B is never taken for BFB where both are held.
func findSymbol(holdings []Holding, symbol string) (Holding, bool) {
	for _, same := range []func(a, b string) bool{
		strings.EqualFold,
		SameSymbol,
	} {
		for _, h := range holdings {
			if same(h.Symbol, symbol) {
				return h, true
			}
		}
	}
	return Holding{}, false
}

// separators are what spellings of one symbol differ in.
var separators = strings.NewReplacer(".", "", "-", "", "/", "", " ", "")

// SameSymbol tells whether two spellings may be of one symbol: BRK.B, BRK-B and brk/b are.
func SameSymbol(a, b string) bool {
	return strings.EqualFold(separators.Replace(a), separators.Replace(b))
}
