// Package market answers questions about prices: which source is asked, and how long what it said is fresh.
package market

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Quote is what an instrument trades at. Prices are in Currency, whole units (pounds, never pence); percents are percents.
// What the source does not say is nil.
type Quote struct {
	Symbol        string           `json:"symbol"`
	Name          string           `json:"name"`
	AssetClass    string           `json:"assetClass" doc:"equity, etf, fund, index, currency, crypto, future, option or other."`
	Exchange      string           `json:"exchange"`
	Currency      string           `json:"currency" doc:"ISO 4217."`
	Price         decimal.Decimal  `json:"price" unit:"@currency/shares"`
	Change        *decimal.Decimal `json:"change" unit:"@currency/shares" doc:"Since the close before."`
	ChangePercent *decimal.Decimal `json:"changePercent" unit:"%"`
	PreviousClose *decimal.Decimal `json:"previousClose" unit:"@currency/shares"`
	Open          *decimal.Decimal `json:"open" unit:"@currency/shares"`
	DayHigh       *decimal.Decimal `json:"dayHigh" unit:"@currency/shares"`
	DayLow        *decimal.Decimal `json:"dayLow" unit:"@currency/shares"`
	Volume        *int64           `json:"volume" unit:"@volumeUnit" doc:"Null where nobody counts it, as of currencies, and where sources have an amount of money, as of crypto."`
	VolumeUnit    string           `json:"volumeUnit" doc:"What volumes count: shares, or contracts of futures and options."`
	MarketState   string           `json:"marketState" doc:"pre, regular, post or closed; empty when the source does not say."`
	Extended      *Extended        `json:"extended" doc:"What it traded at outside the session, where that is later than the price; else null."`
	High52Week    *decimal.Decimal `json:"high52Week" unit:"@currency/shares"`
	Low52Week     *decimal.Decimal `json:"low52Week" unit:"@currency/shares"`
	AverageVolume *int64           `json:"averageVolume" unit:"@volumeUnit" doc:"A day, over three months; null as volume is."`
	MarketCap     *decimal.Decimal `json:"marketCap" unit:"@currency" doc:"In whole units of currency; null for what has no shares or coins of its own, such as funds."`
	TrailingPE    *decimal.Decimal `json:"trailingPE" unit:"ratio" doc:"Price by the earnings per share of twelve months; null when those are none."`
	DividendYield *decimal.Decimal `json:"dividendYield" unit:"%" doc:"In percent a year."`
	Delay         *int64           `json:"delayMinutes" unit:"minutes" doc:"How far the source is behind the exchange; null when it does not say."`
	Timestamp     time.Time        `json:"timestamp" figure:"asOf" doc:"When it traded at this price. Where trading is halted it stays behind, since no source says more of that."`
	Source        string           `json:"source"`
	FetchedAt     time.Time        `json:"fetchedAt" doc:"When the source said so."`
	Stale         bool             `json:"stale" doc:"The source could not be asked again in time, or had no price."`
}

// Extended is a price outside the session, before it or after it. The change is since Quote.Price.
type Extended struct {
	Session       string           `json:"session" enum:"pre,post"`
	Price         decimal.Decimal  `json:"price" unit:"@currency/shares"`
	Change        *decimal.Decimal `json:"change" unit:"@currency/shares"`
	ChangePercent *decimal.Decimal `json:"changePercent" unit:"%"`
	Timestamp     time.Time        `json:"timestamp" figure:"asOf"`
}

// Values of Quote.AssetClass and MarketState that decide something here.
const (
	Crypto  = "crypto"
	Future  = "future"
	Option  = "option"
	Regular = "regular"
)

// Contracts are what the volume of some things counts; of all others it is Shares.
const Contracts = "contracts"

// VolumeUnit is what the volume of an asset class counts.
func VolumeUnit(class string) string {
	if class == Future || class == Option {
		return Contracts
	}
	return Shares
}

// Source is where prices come from. Symbols are in our spelling (BRK.B, BTC-USD, VOD.L).
type Source interface {
	// Name is what stands in Quote.Source.
	Name() string
	// Quotes answers with the symbols the source knows; a symbol it does not know is missing. An error, a *fault.Error,
	// means that nothing can be said of the symbols that are missing.
	Quotes(ctx context.Context, symbols []string) (map[string]Quote, error)
}

// Service answers from what is known while that is fresh, and asks the sources in their order when it is not.
type Service struct {
	sources []Source
	now     func() time.Time
	log     *slog.Logger
	known   *cache.Cache[Quote]
}

// Config of a Service. Every field but Store is required.
type Config struct {
	// Sources are asked in this order.
	Sources []Source
	// Store keeps quotes below memory; nil is nothing.
	Store *cache.Store
	Now   func() time.Time
	Log   *slog.Logger
}

const (
	// MaxBatch is how many symbols may be asked for at once.
	MaxBatch = 100
	// maxKnown bounds the memory: an entry has about 500 bytes.
	maxKnown = 10_000
	// patience is how long who asks for a quote waits for a fresh one while an old one is at hand.
	patience = time.Second
)

// New makes the service. Sources are asked on behalf of whoever waits, whether or not the first caller stays; the end of
// ctx ends that.
func New(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{sources: cfg.Sources, now: cfg.Now, log: cfg.Log}
	var err error
	s.known, err = cache.New(ctx, cache.Config[Quote]{
		Fetch: s.fetch, FreshUntil: freshUntil, UnknownFor: freshUnknown, BelievedFor: believed, MissedFor: freshMissed,
		Patience: patience, Max: maxKnown, Store: cfg.Store, Kind: "quote", Table: cache.Quotes, Now: cfg.Now, Log: cfg.Log,
	})
	return s, err
}

// Batch is the answer for several symbols, in the order they were asked for.
type Batch struct {
	Quotes   []Quote
	Unknown  []string
	Warnings []string
}

// Quote is one quote. What cannot be a symbol is an Invalid of path.symbol, one that no source knows an UnknownSymbol.
func (s *Service) Quote(ctx context.Context, symbol string) (Quote, []string, error) {
	normal, err := NormalizeSymbol(symbol)
	if err != nil {
		return Quote{}, nil, fault.InvalidField("path.symbol", SymbolRule)
	}
	batch, err := s.quotes(ctx, []string{normal})
	if err != nil {
		return Quote{}, nil, err
	}
	if len(batch.Quotes) == 0 {
		return Quote{}, nil, fault.New(fault.UnknownSymbol, "no source knows this symbol; look for its spelling with its exchange, such as VOD.L")
	}
	return batch.Quotes[0], batch.Warnings, nil
}

// Quotes answers for up to MaxBatch symbols; each counts once. What cannot be a symbol is an Invalid that names every
// such place, as in body.symbols[2]. A source that fails costs a warning when something older
// is known, and is an error only when nothing at all can be said.
func (s *Service) Quotes(ctx context.Context, symbols []string) (Batch, error) {
	asked, err := normalizeAll(symbols)
	if err != nil {
		return Batch{}, err
	}
	return s.quotes(ctx, asked)
}

// quotes answers for symbols in our spelling.
func (s *Service) quotes(ctx context.Context, asked []string) (Batch, error) {
	known, failed, err := s.known.Get(ctx, asked...)
	if err != nil {
		return Batch{}, err
	}
	return s.collect(asked, known, failed)
}

// collect puts the answer together from what is known; failed says what could not be asked again, and why.
func (s *Service) collect(asked []string, known map[string]cache.Entry[Quote], failed map[string]error) (Batch, error) {
	batch := Batch{Quotes: []Quote{}}
	var missing []string
	var why error
	for _, symbol := range asked {
		e, ok := known[symbol]
		switch {
		case !ok:
			missing, why = append(missing, symbol), failed[symbol]
		case e.Unknown:
			batch.Unknown = append(batch.Unknown, symbol)
		default:
			e.Value.Stale, e.Value.VolumeUnit = e.Stale, VolumeUnit(e.Value.AssetClass)
			if e.Stale {
				batch.Warnings = append(batch.Warnings, staleWarning(e, failed[symbol], s.now()))
			}
			batch.Quotes = append(batch.Quotes, e.Value)
		}
	}
	if len(missing) > 0 && len(batch.Quotes) == 0 && len(batch.Unknown) == 0 {
		if why == nil { // memory was full at that very moment
			why = fault.New(fault.Overloaded, "no quote is known right now; try again")
		}
		return Batch{}, why
	}
	if len(missing) > 0 {
		batch.Warnings = append(batch.Warnings, "No source can answer right now for "+strings.Join(missing, ", ")+".")
	}
	return batch, nil
}

func staleWarning(e cache.Entry[Quote], failed error, now time.Time) string {
	why := "its source is slow to answer"
	switch {
	case failed != nil:
		why = "its source cannot be reached"
	case !e.MissedAt.IsZero():
		why = "its source has no price right now"
	}
	age := now.Sub(e.FetchedAt).Round(time.Minute)
	return "The quote of " + e.Value.Symbol + " is " + age.String() + " old: " + why + "."
}
