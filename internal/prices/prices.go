// Package prices keeps the past prices of what people hold, and the rates of exchange they need, up to date.
package prices

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/recording"
	"github.com/jaspers-ai/jaspers/internal/research"
)

// Service has what is needed of what is held fetched before anybody has to wait for it. Every field but Research and Pause
// is required.
type Service struct {
	DB   *db.DB
	Past *pastprices.Service
	// Research is asked what is held; nil for nobody.
	Research *research.Service
	Jobs     *job.Queue
	Now      func() time.Time
	Log      *slog.Logger
	// Pause lies between two questions to sources, so that those of people come through.
	Pause time.Duration

	mu    sync.Mutex
	tried map[string]time.Time // when symbols were asked for of which nothing is known
}

// Refresh is the job of bringing everything up to date.
type Refresh struct{}

// Kind names the job.
func (Refresh) Kind() string { return "refresh_prices" }

// Due is a period's work, to be called for the slots of every quarter of an hour: a job when somewhere a day has ended
// and its prices have settled, unless the last one is not done yet. Splits that instruments lack are told at any time:
// the instrument may be newer than what is known of its symbol.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	if err := s.tellMissing(ctx, tx); err != nil || !ended(slot) {
		return err
	}
	_, err := s.Jobs.Add(ctx, tx, Refresh{}, job.Unique("all"), job.Attempts(1))
	return err
}

// retried is how long after New York's close the job comes with every slot: sources lag, and servers are down at times.
const retried = 2 * time.Hour

// elsewhere are the hours in UTC after which days have ended in other places: everywhere for crypto and currencies, in
// Asia, and in Europe.
var elsewhere = []time.Duration{market.Settling, 9*time.Hour + market.Settling, 17 * time.Hour}

// ended tells whether a day's prices have settled somewhere a moment ago. What is fresh costs the job no question.
func ended(slot time.Time) bool {
	if since := slot.Sub(calendar.LastClose(slot.Add(-market.Settling)).Add(market.Settling)); since < retried {
		return true
	}
	hour := slot.UTC().Sub(slot.UTC().Truncate(24 * time.Hour))
	return slices.Contains(elsewhere, hour)
}

// tellMissing keeps the splits that pastprices has of a symbol and an instrument of it has not.
func (s *Service) tellMissing(ctx context.Context, tx *sql.Tx) error {
	all, err := missingSplits(ctx, tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := recording.AddSplits(ctx, tx, m.instrument, m.source, []instrument.Split{m.split}, s.Now()); err != nil {
			return err
		}
	}
	return nil
}

// recent is how far back days are asked for: sources give more, and what people look at is kept whole by pastprices.
const recent = 7

// Refresh goes over all that is or was held, one symbol after another. What cannot be had now is the next job's to ask
// for again.
func (s *Service) Refresh(ctx context.Context, _ Refresh) error {
	symbols, err := heldSymbols(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	first := calendar.DayOf(s.Now()).AddDays(-recent)
	for _, symbol := range symbols {
		started := s.Now()
		closes, _, err := s.Past.Closes(ctx, []string{symbol}, first)
		if fault.Is(err, fault.Invalid) {
			s.Log.WarnContext(ctx, "a symbol that market cannot spell", "symbol", symbol)
			continue
		}
		if err != nil {
			return fmt.Errorf("closes of %s: %w", symbol, err)
		}
		if err := s.pause(ctx, !closes[symbol].AsOf.Before(started)); err != nil {
			return err
		}
	}
	return s.refreshRates(ctx, first)
}

// refreshRates asks for the rates of all currencies people have into those they count in.
func (s *Service) refreshRates(ctx context.Context, first calendar.Day) error {
	have, want, err := currencies(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	for _, to := range want {
		for _, from := range have {
			started := s.Now()
			rates, _, err := s.Past.Rates(ctx, to, []string{from}, first)
			if fault.Is(err, fault.Invalid) {
				s.Log.WarnContext(ctx, "a currency that is none", "from", from, "to", to)
				continue
			}
			if err != nil {
				return fmt.Errorf("rates from %s to %s: %w", from, to, err)
			}
			if err := s.pause(ctx, !rates[from].AsOf.Before(started)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause waits after a question that went to a source.
func (s *Service) pause(ctx context.Context, asked bool) error {
	if !asked {
		return ctx.Err()
	}
	return pause.For(ctx, s.Pause)
}

// AddSplits keeps the splits of a symbol with every instrument of it, and tells the ledgers of who holds one, in the
// caller's transaction. It is called in the one that stores closes which are adjusted for them, so that nobody sees the
// ones without the others.
func (s *Service) AddSplits(ctx context.Context, tx *sql.Tx, symbol, source string, splits []market.Split) error {
	ids, err := instrumentsOf(ctx, tx, symbol)
	if err != nil {
		return err
	}
	told := make([]instrument.Split, len(splits))
	for i, split := range splits {
		told[i] = instrument.Split{Day: split.Day, From: split.From, To: split.To}
	}
	for _, id := range ids {
		if err := recording.AddSplits(ctx, tx, id, source, told, s.Now()); err != nil {
			return err
		}
	}
	return nil
}
