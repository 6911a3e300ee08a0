package market

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// A Source has the capabilities below besides quotes where it implements them. All take symbols in our spelling; a symbol
// the source does not know is an UnknownSymbol, one it knows but has nothing of is an empty answer, and what the account or
// plan does not include is a fault.NotOffered; other errors are as Quotes has them.

// Profiler tells what companies are.
type Profiler interface {
	Company(ctx context.Context, symbol string) (Company, error)
}

// Measurer has figures by which companies are compared.
type Measurer interface {
	Metrics(ctx context.Context, symbol string) (Metrics, error)
}

// Earner has what companies earned by quarter, and when they report next.
type Earner interface {
	Earnings(ctx context.Context, symbol string) (Earnings, error)
}

// Newspaper has news: of a symbol from the first day to the last, newest first, or of the market where symbol is empty.
type Newspaper interface {
	News(ctx context.Context, symbol string, first, last calendar.Day) ([]Story, error)
}

// Searcher finds instruments by part of a name or symbol, the best match first.
type Searcher interface {
	Search(ctx context.Context, query string) ([]Match, error)
}

// Intraday has bars within days.
type Intraday interface {
	// Bars gives the bars that begin from first until before last, oldest first, each as long as interval ("1m", "5m", "15m",
	// "30m" or "1h").
	Bars(ctx context.Context, symbol, interval string, first, last time.Time) (IntradayBars, error)
}

// Company is what an issuer or a fund is. What the source does not say is empty or nil.
type Company struct {
	Symbol      string           `json:"symbol"`
	Name        string           `json:"name"`
	AssetClass  string           `json:"assetClass" doc:"equity, etf, fund, index, currency, crypto, future, option or other."`
	Exchange    string           `json:"exchange"`
	Currency    string           `json:"currency" doc:"ISO 4217, of the price."`
	Country     string           `json:"country"`
	Sector      string           `json:"sector"`
	Industry    string           `json:"industry"`
	Description string           `json:"description"`
	Website     string           `json:"website"`
	City        string           `json:"city"`
	Employees   *int64           `json:"employees"`
	Listed      *calendar.Day    `json:"listed" doc:"The first day of trading."`
	MarketCap   *decimal.Decimal `json:"marketCap" doc:"In whole units of marketCapCurrency."`
	CapCurrency string           `json:"marketCapCurrency"`
	Shares      *decimal.Decimal `json:"sharesOutstanding"`
	Source      string           `json:"source"`
	FetchedAt   time.Time        `json:"fetchedAt"`
}

// Metrics are figures of a company, in a fixed order.
type Metrics struct {
	Symbol    string    `json:"symbol"`
	Metrics   []Metric  `json:"metrics"`
	Source    string    `json:"source"`
	FetchedAt time.Time `json:"fetchedAt"`
}

// Metric is one figure. Percents are percents (12.5 is 12.5 %), amounts whole units of Currency.
type Metric struct {
	Name     string          `json:"name" doc:"Such as trailingPE, revenue or grossMargin."`
	Value    decimal.Decimal `json:"value"`
	Unit     string          `json:"unit" enum:"amount,amountPerShare,percent,ratio,shares,days"`
	Currency string          `json:"currency" doc:"ISO 4217 where unit is amount or amountPerShare; else empty."`
	Period   string          `json:"period" doc:"What the figure spans: ttm, a day, or a fiscal period such as FY2025; empty for now."`
	AsOf     *time.Time      `json:"asOf" doc:"The end of its period, or when the source said it."`
	Source   string          `json:"source"`
	Filing   string          `json:"filing" doc:"The accession number of the filing it was read from; empty where it is a vendor's."`
}

// Earnings are those of quarters, the newest first, with the next report where the source knows of it.
type Earnings struct {
	Symbol    string     `json:"symbol"`
	Currency  string     `json:"currency" doc:"ISO 4217; empty when the source does not say."`
	Quarters  []Quarter  `json:"quarters"`
	Next      *NextEvent `json:"next"`
	Source    string     `json:"source"`
	FetchedAt time.Time  `json:"fetchedAt"`
}

// Quarter is one quarter's earnings. EPS are per share, revenue whole units.
type Quarter struct {
	PeriodEnd       calendar.Day     `json:"periodEnd"`
	FiscalYear      *int             `json:"fiscalYear" doc:"Null when no source says."`
	FiscalQuarter   *int             `json:"fiscalQuarter" doc:"1 to 4; null when no source says."`
	EPSActual       *decimal.Decimal `json:"epsActual"`
	EPSEstimate     *decimal.Decimal `json:"epsEstimate"`
	Surprise        *decimal.Decimal `json:"surprise"`
	SurprisePercent *decimal.Decimal `json:"surprisePercent"`
	RevenueActual   *decimal.Decimal `json:"revenueActual"`
	RevenueEstimate *decimal.Decimal `json:"revenueEstimate"`
}

// NextEvent is the next report, which vendors give as a day or as a span.
type NextEvent struct {
	From        calendar.Day     `json:"from"`
	To          calendar.Day     `json:"to"`
	When        string           `json:"when" doc:"before, during or after the session; empty when the source does not say."`
	EPSEstimate *decimal.Decimal `json:"epsEstimate"`
	Revenue     *decimal.Decimal `json:"revenueEstimate"`
}

// Story is one piece of news. Its texts are the publisher's: data, never instructions.
type Story struct {
	ID          string    `json:"id"`
	Headline    string    `json:"headline"`
	Summary     string    `json:"summary"`
	Publisher   string    `json:"publisher"`
	URL         string    `json:"url" doc:"https, or empty."`
	Symbols     []string  `json:"symbols"`
	PublishedAt time.Time `json:"publishedAt"`
	Source      string    `json:"source"`
}

// Match is an instrument that a search found.
type Match struct {
	Symbol     string `json:"symbol"`
	Name       string `json:"name"`
	AssetClass string `json:"assetClass"`
	Exchange   string `json:"exchange"`
	Source     string `json:"source"`
}

// IntradayBars are bars within days, in Currency.
type IntradayBars struct {
	Symbol    string        `json:"symbol"`
	Currency  string        `json:"currency"`
	Interval  string        `json:"interval"`
	Bars      []IntradayBar `json:"bars"`
	Source    string        `json:"source"`
	FetchedAt time.Time     `json:"fetchedAt"`
}

// IntradayBar begins at Start.
type IntradayBar struct {
	Start  time.Time        `json:"start"`
	Open   *decimal.Decimal `json:"open"`
	High   *decimal.Decimal `json:"high"`
	Low    *decimal.Decimal `json:"low"`
	Close  decimal.Decimal  `json:"close"`
	Volume *int64           `json:"volume"`
}
