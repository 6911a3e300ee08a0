// Package pastprices answers for past prices and rates of exchange from our database, and asks sources only for what is missing.
package pastprices

import (
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/flight"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Service has what was asked for lately in memory, and all that was ever fetched in the database.
type Service struct {
	life     context.Context // bounds what is asked of sources, which callers do not
	db       *db.DB
	sources  []market.Source
	now      func() time.Time
	log      *slog.Logger
	kept     *otter.Cache[string, *series]
	flights  flight.Group
	turns    chan struct{}
	onSplits func(ctx context.Context, tx *sql.Tx, symbol, source string, splits []market.Split) error
}

// Config of a Service. Every field but OnSplits is required.
type Config struct {
	DB *db.DB
	// Sources are asked in this order, those that are a market.Historian.
	Sources []market.Source
	Now     func() time.Time
	Log     *slog.Logger
	// OnSplits is told of all splits of a symbol in the transaction that stores closes which are adjusted for them.
	OnSplits func(ctx context.Context, tx *sql.Tx, symbol, source string, splits []market.Split) error
}

// New makes the service. Sources are asked on behalf of whoever waits, whether or not the first caller stays; the end of
// ctx ends that.
func New(ctx context.Context, cfg Config) (*Service, error) {
	kept, err := otter.New(&otter.Options[string, *series]{
		MaximumWeight: maxPriceBytes, Weigher: func(_ string, s *series) uint32 { return s.bytes() },
	})
	if err != nil {
		return nil, err
	}
	return &Service{
		life: ctx, db: cfg.DB, sources: cfg.Sources, now: cfg.Now, log: cfg.Log, kept: kept, turns: make(chan struct{}, turns), onSplits: cfg.OnSplits,
	}, nil
}

// Closes gives the daily closes of symbols from the first day on, up to the last day that is over, by the spelling they
// were asked in. A symbol of which nothing is known is missing, and a warning says so; one whose source cannot be asked
// comes as it was known last, with a warning of its age. The columns are shared: they must not be changed. A spelling that
// can be no symbol is an Invalid; other errors are the database's, or that the caller left.
func (s *Service) Closes(ctx context.Context, symbols []string, first calendar.Day) (map[string]market.Closes, []string, error) {
	normal := make(map[string]string, len(symbols))
	for _, symbol := range symbols {
		spelled, err := market.NormalizeSymbol(symbol)
		if err != nil {
			return nil, nil, err
		}
		normal[symbol] = spelled
	}
	all, err := s.histories(ctx, slices.Sorted(maps.Values(normal)), first.Number())
	if err != nil {
		return nil, nil, err
	}
	closes := make(map[string]market.Closes, len(all))
	var warnings []string
	for _, symbol := range slices.Sorted(maps.Keys(normal)) {
		h := all[normal[symbol]]
		if warning := h.warning(first.Number(), s.now()); warning != "" {
			warnings = append(warnings, warning)
		}
		if h.known() {
			closes[symbol] = h.closes(first.Number())
		}
	}
	return closes, warnings, nil
}

func (s *series) closes(first int32) market.Closes {
	part := s.From(first)
	return market.Closes{
		Symbol: s.symbol, Currency: s.currency, Days: part.Days, Close: part.Close, Total: part.Total, Splits: s.splits,
		Source: s.source, AsOf: s.fetchedAt,
	}
}
