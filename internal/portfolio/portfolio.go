// Package portfolio is what a user owns: the holdings of all their brokerages as one, and what they come to.
package portfolio

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/kept"
)

// Service shows what brokerages said. Every field is required, but for Closes and Companies.
type Service struct {
	DB          *db.DB
	Connections *connection.Service
	Now         func() time.Time
	// Rate gives rates of exchange for totals in a person's own currency.
	Rate exchange.Source
	// Gains is what the ledger says of them.
	Gains *gains.Service
	// Closes are what previous closes are taken from that brokerages do not tell; nil for nowhere.
	Closes KnownCloses
	// Companies tell the names, sectors and countries that brokerages do not; nil for nothing.
	Companies KnownCompanies

	once sync.Once
	kept *kept.Values[view]
}

// Holding is one instrument in all accounts together, whatever each brokerage calls it. Long and short positions of it
// net. Amounts are in Currency, beside them in Base those in the person's currency. A figure is null when one of the
// sources does not know its part of it; percents are 12.5 for 12.5 % and null, too, where there is nothing to divide by.
type Holding struct {
	InstrumentID string `json:"instrumentId" doc:"The same whatever brokerages call it; empty for what was not read since there are such"`

	Symbol     string            `json:"symbol"`
	Name       string            `json:"name" doc:"Of a brokerage, or else as research knows it; empty when neither does"`
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
	Base              InBase           `json:"base" doc:"In my own currency"`
	AsOf              time.Time        `json:"asOf" doc:"Of the oldest source"`
	Stale             bool             `json:"stale" doc:"Whether a source is"`
	Sources           []Source         `json:"sources"`
}

// InBase are a holding's figures in the person's own currency: values and changes at the rates of now, cost at those of
// the days it was paid, as far as the ledger knows these. They are null where there is no rate, too.
type InBase struct {
	Currency      string           `json:"currency"`
	Rate          *decimal.Decimal `json:"rate" doc:"What one unit of the holding's currency costs; null where that is this one, or there is no rate"`
	RateDay       *calendar.Day    `json:"rateDay" doc:"Of the rate; its source is among the summary's rates"`
	CostBasis     *decimal.Decimal `json:"costBasis"`
	MarketValue   *decimal.Decimal `json:"marketValue"`
	UnrealizedPnl *decimal.Decimal `json:"unrealizedPnl"`
	DayChange     *decimal.Decimal `json:"dayChange" doc:"Of the price, at the rate of now"`
}

// Source is a holding in one account, as the brokerage reported it last.
type Source struct {
	ConnectionID string           `json:"connectionId"`
	Provider     string           `json:"provider"`
	Account      string           `json:"account" doc:"The brokerage's account number"`
	Currency     string           `json:"currency"`
	Quantity     decimal.Decimal  `json:"quantity"`
	AverageCost  *decimal.Decimal `json:"averageCost"`
	CostBasis    *decimal.Decimal `json:"costBasis"`
	Price        *decimal.Decimal `json:"price"`
	MarketValue  *decimal.Decimal `json:"marketValue"`
	// MarketValueBase is in the person's own currency.
	MarketValueBase *decimal.Decimal `json:"marketValueBase" doc:"In my own currency; null where there is no rate, too"`
	AsOf            time.Time        `json:"asOf"`
	Stale           bool             `json:"stale" doc:"Whether the brokerage could not be read lately"`
}

// Summary is the whole portfolio in BaseCurrency, the person's own. Gain, loss and change cover the holdings of which
// they are known; they are null when that is none of those there are.
type Summary struct {
	BaseCurrency         string           `json:"baseCurrency"`
	TotalValue           decimal.Decimal  `json:"totalValue" doc:"As in bestKnown"`
	Cash                 decimal.Decimal  `json:"cash" doc:"As in bestKnown; negative when borrowed"`
	CashByCurrency       []Cash           `json:"cashByCurrency" doc:"As in bestKnown"`
	CostBasis            *decimal.Decimal `json:"costBasis" doc:"Of the holdings that unrealizedPnl covers"`
	UnrealizedPnl        *decimal.Decimal `json:"unrealizedPnl"`
	UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent"`
	Pnl                  Pnl              `json:"pnl" doc:"Where gain and loss come from"`
	GrossExposure        decimal.Decimal  `json:"grossExposure" doc:"Long market value and the size of the short one"`
	NetExposure          decimal.Decimal  `json:"netExposure" doc:"Long market value less the size of the short one"`
	DayChange            *decimal.Decimal `json:"dayChange"`
	DayChangePercent     *decimal.Decimal `json:"dayChangePercent"`
	// DayChangeBasis says whether what rates of exchange did since the previous close is in DayChange: it never is.
	DayChangeBasis string      `json:"dayChangeBasis" enum:"prices,prices_at_current_rates" doc:"What moves dayChange: prices alone, where there is one currency, or prices with foreign ones at the rates of now; what the rates did is not in it"`
	Confirmed      Totals      `json:"confirmed" doc:"From accounts that are not stale, without crypto that is, and without what is at a stale rate"`
	BestKnown      Totals      `json:"bestKnown" doc:"From all accounts, with the last known values of stale ones"`
	Rates          []Rate      `json:"rates" doc:"The rates of exchange in these figures"`
	AsOf           *time.Time  `json:"asOf" doc:"When the account read longest ago was read; null when none was"`
	Connections    Connections `json:"connections"`
}

// Rate is a rate of exchange that the figures used.
type Rate = exchange.Rate

// Cash is the cash of all accounts in one currency.
type Cash struct {
	Currency string           `json:"currency"`
	Amount   decimal.Decimal  `json:"amount" doc:"In currency; negative when borrowed"`
	InBase   *decimal.Decimal `json:"inBase" doc:"In the base currency; null when there is no rate, and then in no total"`
}

// Totals add up accounts.
type Totals struct {
	TotalValue  decimal.Decimal `json:"totalValue" doc:"Market value and cash"`
	Cash        decimal.Decimal `json:"cash"`
	MarketValue decimal.Decimal `json:"marketValue"`
	Sources     int             `json:"sources" doc:"How many accounts are in the sum"`
	Partial     bool            `json:"partial" doc:"Whether something of these accounts is not in the sum, for want of a value or a rate"`
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

// Summary adds everything up; warnings as in Holdings.
func (s *Service) Summary(ctx context.Context, userID string) (Summary, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Summary{}, nil, err
	}
	return b.summary(), b.warnings(), nil
}

// separators are what spellings of one symbol differ in.
var separators = strings.NewReplacer(".", "", "-", "", "/", "", " ", "")

// SameSymbol tells whether two spellings may be of one symbol: BRK.B, BRK-B and brk/b are.
func SameSymbol(a, b string) bool {
	return strings.EqualFold(separators.Replace(a), separators.Replace(b))
}
