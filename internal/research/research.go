// Package research answers what companies are, what figures they have, what they earned, what is in the news, and finds instruments.
package research

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Service asks the sources that have what is asked for in their order, and keeps what each of them said.
type Service struct {
	now       func() time.Time
	log       *slog.Logger
	filed     func(ctx context.Context, symbol string) ([]market.Metric, error)
	companies *shelf[market.Company]
	metrics   *shelf[market.Metrics]
	earnings  *shelf[market.Earnings]
	news      *shelf[[]market.Story]
	finds     *shelf[[]market.Match]
	bars      *shelf[barsOfDays]
}

// Config of a Service. Every field but Store and Filed is required.
type Config struct {
	// Sources are asked in this order, each for what it has.
	Sources []market.Source
	// Store keeps what they said below memory; nil is nothing.
	Store *cache.Store
	Now   func() time.Time
	Log   *slog.Logger
	// Filed gives the figures that a company's filings tell, which count more than a vendor's of the same name, unless
	// that is of a later period; nil for none. A company of which nothing was filed is no error.
	Filed func(ctx context.Context, symbol string) ([]market.Metric, error)
}

// New makes the service. Sources are asked on behalf of whoever waits, whether or not the first caller stays; the end of
// life ends that.
func New(life context.Context, cfg Config) (*Service, error) {
	s := &Service{now: cfg.Now, log: cfg.Log, filed: cfg.Filed}
	var failed [6]error
	s.companies, failed[0] = newShelf(life, cfg, companyKind)
	s.metrics, failed[1] = newShelf(life, cfg, metricsKind)
	s.earnings, failed[2] = newShelf(life, cfg, earningsKind)
	s.news, failed[3] = newShelf(life, cfg, newsKind)
	s.finds, failed[4] = newShelf(life, cfg, searchKind)
	s.bars, failed[5] = newShelf(life, cfg, barsKind)
	return s, errors.Join(failed[:]...)
}

// Origin is a source that an answer came from.
type Origin struct {
	Source    string    `json:"source"`
	FetchedAt time.Time `json:"fetchedAt" doc:"When it said so."`
	Stale     bool      `json:"stale" doc:"Whether it could not be asked again in time."`
	// Fields are empty for the source that says all that no other one is named for.
	Fields []string `json:"fields" doc:"What of the answer it filled in because those before it do not say; empty for the first."`
}

// symbolOf spells the symbol of a path our way.
func symbolOf(symbol string) (string, error) {
	normal, err := market.NormalizeSymbol(symbol)
	if err != nil {
		return "", fault.InvalidField("path.symbol", market.SymbolRule)
	}
	return normal, nil
}

// stale tells whether one of the sources could not be asked again.
func stale(origins []Origin) bool {
	for _, o := range origins {
		if o.Stale {
			return true
		}
	}
	return false
}
