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
	Quantity   decimal.Decimal   `json:"quantity" unit:"shares" doc:"Negative when short; contracts for options"`
	// AverageCost is |CostBasis / Quantity|, for options per share of the contract; null when long and short cancel out.
	AverageCost          *decimal.Decimal `json:"averageCost" unit:"@currency/shares" doc:"Per unit; for options per share"`
	CostBasis            *decimal.Decimal `json:"costBasis" unit:"@currency"`
	Price                *decimal.Decimal `json:"price" unit:"@currency/shares" doc:"Of the source read last"`
	MarketValue          *decimal.Decimal `json:"marketValue" unit:"@currency"`
	Currency             string           `json:"currency"`
	UnrealizedPnl        *decimal.Decimal `json:"unrealizedPnl" unit:"@currency" doc:"Market value less cost basis"`
	UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent" unit:"%" doc:"Relative to the size of the cost basis"`
	// DayChange is null when a source's prices are not of the current trading day, for crypto of the current day in UTC.
	DayChange        *decimal.Decimal `json:"dayChange" unit:"@currency" doc:"Since the previous close"`
	DayChangePercent *decimal.Decimal `json:"dayChangePercent" unit:"%" doc:"Relative to the size of the value at the previous close"`
	// AllocationPercent has two decimals. The shares of all holdings and of cash add up to exactly 100. A holding of
	// which only some sources know a market value has the share of these; one that is not in the totals has none.
	AllocationPercent *decimal.Decimal `json:"allocationPercent" unit:"%" doc:"Share of the total value, cash included"`
	Base              InBase           `json:"base" doc:"In my own currency"`
	AsOf              time.Time        `json:"asOf" doc:"Of the oldest source"`
	Stale             bool             `json:"stale" doc:"Whether a source is"`
	Sources           []Source         `json:"sources"`
}

// InBase are a holding's figures in the person's own currency: values and changes at the rates of now, cost at those of
// the days it was paid, as far as the ledger knows these. They are null where there is no rate, too.
type InBase struct {
	Currency      string           `json:"currency"`
	Rate          *decimal.Decimal `json:"rate" unit:"ratio" doc:"What one unit of the holding's currency costs; null where that is this one, or there is no rate"`
	RateDay       *calendar.Day    `json:"rateDay" doc:"Of the rate; its source is among the summary's rates"`
	CostBasis     *decimal.Decimal `json:"costBasis" unit:"@currency"`
	MarketValue   *decimal.Decimal `json:"marketValue" unit:"@currency"`
	UnrealizedPnl *decimal.Decimal `json:"unrealizedPnl" unit:"@currency"`
	DayChange     *decimal.Decimal `json:"dayChange" unit:"@currency" doc:"Of the price, at the rate of now"`
}

// Source is a holding in one account, as the brokerage reported it last.
type Source struct {
	ConnectionID string           `json:"connectionId"`
	Provider     string           `json:"provider"`
	Account      string           `json:"account" doc:"The brokerage's account number"`
	Currency     string           `json:"currency"`
	Quantity     decimal.Decimal  `json:"quantity" unit:"shares"`
	AverageCost  *decimal.Decimal `json:"averageCost" unit:"@currency/shares"`
	CostBasis    *decimal.Decimal `json:"costBasis" unit:"@currency"`
	Price        *decimal.Decimal `json:"price" unit:"@currency/shares"`
	MarketValue  *decimal.Decimal `json:"marketValue" unit:"@currency"`
	// MarketValueBase is in the person's own currency.
	MarketValueBase *decimal.Decimal `json:"marketValueBase" unit:"@baseCurrency" doc:"In my own currency; null where there is no rate, too"`
	AsOf            time.Time        `json:"asOf"`
	Stale           bool             `json:"stale" doc:"Whether the brokerage could not be read lately"`
}

// Summary is the whole portfolio in BaseCurrency, the person's own. Gain, loss and change cover the holdings of which
// they are known; they are null when that is none of those there are. So are total, cash and exposures, which bestKnown
// marks as partial.
type Summary struct {
	BaseCurrency         string           `json:"baseCurrency"`
	TotalValue           *decimal.Decimal `json:"totalValue" unit:"@baseCurrency" doc:"As in bestKnown, which says whether it is all there is"`
	Cash                 *decimal.Decimal `json:"cash" unit:"@baseCurrency" doc:"As in bestKnown; negative when borrowed"`
	CashByCurrency       []Cash           `json:"cashByCurrency" doc:"As in bestKnown"`
	CostBasis            *decimal.Decimal `json:"costBasis" unit:"@baseCurrency" doc:"Of the holdings that unrealizedPnl covers"`
	UnrealizedPnl        *decimal.Decimal `json:"unrealizedPnl" unit:"@baseCurrency"`
	UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent" unit:"%"`
	Pnl                  Pnl              `json:"pnl" doc:"Where gain and loss come from"`
	GrossExposure        *decimal.Decimal `json:"grossExposure" unit:"@baseCurrency" doc:"Long market value and the size of the short one; null as the market value in bestKnown"`
	NetExposure          *decimal.Decimal `json:"netExposure" unit:"@baseCurrency" doc:"Long market value less the size of the short one; null as the market value in bestKnown"`
	DayChange            *decimal.Decimal `json:"dayChange" unit:"@baseCurrency"`
	DayChangePercent     *decimal.Decimal `json:"dayChangePercent" unit:"%"`
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
	Amount   decimal.Decimal  `json:"amount" unit:"@currency" doc:"In currency; negative when borrowed"`
	InBase   *decimal.Decimal `json:"inBase" unit:"@baseCurrency" doc:"In the base currency; null when there is no rate, and then in no total"`
}

// Totals add up accounts. What is left out of a sum makes it partial, and stands in LeftOut: a part looks like the whole
// else. A sum that lacks something is never 0, but null where nothing of it is known; 0 is what has nothing in it.
type Totals struct {
	TotalValue  *decimal.Decimal `json:"totalValue" unit:"@baseCurrency" doc:"Market value and cash, as far as they are known; null where leftOut says why nothing is"`
	Cash        *decimal.Decimal `json:"cash" unit:"@baseCurrency" doc:"Null as totalValue is"`
	MarketValue *decimal.Decimal `json:"marketValue" unit:"@baseCurrency" doc:"Null as totalValue is"`
	Sources     int              `json:"sources" unit:"accounts" doc:"How many accounts are in the sum"`
	Partial     bool             `json:"partial" doc:"Whether something is not in the sum, for want of a value or a rate, or since it was not read yet"`
	LeftOut     []string         `json:"leftOut" doc:"What is not in the sum, and why, in words; empty when nothing"`
}

// KnownOf is a sum as it may be shown: nil for one that lacks something and comes to nothing, since nobody knows what it
// would come to.
func KnownOf(sum decimal.Decimal, lacks bool) *decimal.Decimal {
	if lacks && sum.IsZero() {
		return nil
	}
	return &sum
}

// Connections counts the connections behind a summary. Stale ones are counted by their status as well.
type Connections struct {
	Total                   int `json:"total" unit:"connections"`
	Active                  int `json:"active" unit:"connections"`
	Error                   int `json:"error" unit:"connections"`
	ReauthorizationRequired int `json:"reauthorizationRequired" unit:"connections"`
	Stale                   int `json:"stale" unit:"connections"`
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
