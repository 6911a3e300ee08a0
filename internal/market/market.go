// Package market answers questions about prices: which source is asked, and how long what it said is fresh.
package market

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flight"
)

// Quote is what an instrument trades at. Prices are in Currency, whole units (pounds, never pence); percents are percents.
// What the source does not say is nil.
type Quote struct {
	Symbol        string           `json:"symbol"`
	Name          string           `json:"name"`
	AssetClass    string           `json:"assetClass" doc:"equity, etf, fund, index, currency, crypto, future, option or other."`
	Exchange      string           `json:"exchange"`
	Currency      string           `json:"currency" doc:"ISO 4217."`
	Price         decimal.Decimal  `json:"price"`
	Change        *decimal.Decimal `json:"change" doc:"Since the close before."`
	ChangePercent *decimal.Decimal `json:"changePercent"`
	PreviousClose *decimal.Decimal `json:"previousClose"`
	Open          *decimal.Decimal `json:"open"`
	DayHigh       *decimal.Decimal `json:"dayHigh"`
	DayLow        *decimal.Decimal `json:"dayLow"`
	Volume        *int64           `json:"volume"`
	MarketState   string           `json:"marketState" doc:"pre, regular, post or closed; empty when the source does not say."`
	Extended      *Extended        `json:"extended" doc:"What it traded at outside the session, where that is later than the price; else null."`
	High52Week    *decimal.Decimal `json:"high52Week"`
	Low52Week     *decimal.Decimal `json:"low52Week"`
	AverageVolume *int64           `json:"averageVolume" doc:"A day, over three months."`
	MarketCap     *decimal.Decimal `json:"marketCap" doc:"In whole units of currency; null for what has no shares or coins of its own, such as funds."`
	TrailingPE    *decimal.Decimal `json:"trailingPE" doc:"Price by the earnings per share of twelve months; null when those are none."`
	DividendYield *decimal.Decimal `json:"dividendYield" doc:"In percent a year."`
	Delay         *int64           `json:"delayMinutes" doc:"How far the source is behind the exchange; null when it does not say."`
	Timestamp     time.Time        `json:"timestamp" doc:"When it traded at this price. Where trading is halted it stays behind, since no source says more of that."`
	Source        string           `json:"source"`
	FetchedAt     time.Time        `json:"fetchedAt" doc:"When the source said so."`
	Stale         bool             `json:"stale" doc:"The source could not be asked again in time, or had no price."`
}

// Extended is a price outside the session, before it or after it. The change is since Quote.Price.
type Extended struct {
	Session       string           `json:"session" enum:"pre,post"`
	Price         decimal.Decimal  `json:"price"`
	Change        *decimal.Decimal `json:"change"`
	ChangePercent *decimal.Decimal `json:"changePercent"`
	Timestamp     time.Time        `json:"timestamp"`
}

// Values of Quote.AssetClass and MarketState that decide something here.
const (
	Crypto  = "crypto"
	Regular = "regular"
)

// Source is where prices come from. Symbols are in our spelling (BRK.B, BTC-USD, VOD.L).
type Source interface {
	// Name is what stands in Quote.Source.
	Name() string
	// Quotes answers with the symbols the source knows; a symbol it does not know is missing. An error, a *fault.Error,
	// means that nothing can be said of the symbols that are missing.
	Quotes(ctx context.Context, symbols []string) (map[string]Quote, error)
}

// Service answers from memory while that is fresh, and asks the sources in their order when it is not.
type Service struct {
	life    context.Context // bounds what is asked of sources, which callers do not
	sources []Source
	now     func() time.Time
	log     *slog.Logger
	known   *otter.Cache[string, entry]
	flights flight.Group
}

// Config of a Service. Every field is required.
type Config struct {
	// Sources are asked in this order.
	Sources []Source
	Now     func() time.Time
	Log     *slog.Logger
}

// entry is what was last learned of a symbol: its quote, or that no source knows it.
type entry struct {
	quote     Quote
	unknown   bool
	fetchedAt time.Time
	missedAt  time.Time // when the sources answered without the quote, which they had given before; else zero
}

const (
	// MaxBatch is how many symbols may be asked for at once.
	MaxBatch = 100
	// maxKnown bounds the memory: an entry has about 500 bytes.
	maxKnown = 10_000
)

// New makes the service. Sources are asked on behalf of whoever waits, whether or not the first caller stays; the end of
// ctx ends that.
func New(ctx context.Context, cfg Config) (*Service, error) {
	known, err := otter.New(&otter.Options[string, entry]{MaximumSize: maxKnown})
	if err != nil {
		return nil, err
	}
	return &Service{life: ctx, sources: cfg.Sources, now: cfg.Now, log: cfg.Log, known: known}, nil
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
	failed := s.refresh(ctx, asked)
	if ctx.Err() != nil {
		return Batch{}, ctx.Err()
	}
	return s.collect(asked, failed)
}

// outdated tells whether a symbol has to be asked for again.
func (s *Service) outdated(symbol string) bool {
	e, ok := s.known.GetIfPresent(symbol)
	return !ok || !s.now().Before(freshUntil(e))
}

// collect puts the answer together from memory; failed says what could not be asked again, and why.
func (s *Service) collect(asked []string, failed map[string]error) (Batch, error) {
	batch := Batch{Quotes: []Quote{}}
	var missing []string
	var why error
	for _, symbol := range asked {
		e, ok := s.known.GetIfPresent(symbol)
		err := failed[symbol]
		switch {
		case !ok:
			missing, why = append(missing, symbol), err
		case e.unknown:
			batch.Unknown = append(batch.Unknown, symbol)
		default:
			e.quote.Stale = err != nil || !e.missedAt.IsZero()
			if e.quote.Stale {
				batch.Warnings = append(batch.Warnings, staleWarning(e, s.now()))
			}
			batch.Quotes = append(batch.Quotes, e.quote)
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

func staleWarning(e entry, now time.Time) string {
	age := now.Sub(e.fetchedAt).Round(time.Minute)
	why := "its source cannot be reached"
	if !e.missedAt.IsZero() {
		why = "its source has no price right now"
	}
	return "The quote of " + e.quote.Symbol + " is " + age.String() + " old: " + why + "."
}
