package performance

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/user"
)

const (
	// liveFor is how long prices of now are those of now.
	liveFor = 30 * time.Second
	// lagging is how long after the bell closes may still be missing; until then prices of now stand in for them.
	lagging = 4 * time.Hour
	// restFor is how long closes stand while New York is closed: others trade.
	restFor = 6 * time.Hour
	// retryAfter is how long a history stands in which something could not be had.
	retryAfter = time.Minute
	// before is how many days before the first transaction closes are wanted, so that its day has one.
	before = 10
)

// currencyCode is what market has rates of.
var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// state is a report as of one version of the ledger, with the settings it was made by.
type state struct {
	*Report
	history    *history.History
	settings   user.Settings
	version    int64
	asOf       time.Time
	freshUntil time.Time
	bytes      int
}

// good tells whether answers of the state are still right.
func (st *state) good(version int64, settings user.Settings, now time.Time) bool {
	return st.version == version && now.Before(st.freshUntil) && !now.Before(st.asOf) && st.settings.BaseCurrency == settings.BaseCurrency &&
		st.settings.BenchmarkSymbol == settings.BenchmarkSymbol && st.settings.RiskFreeRate.Equal(settings.RiskFreeRate)
}

// load makes a person's state out of the database and what market knows, and of the state before as much as still holds.
func (s *Service) load(ctx context.Context, userID string, earlier *state) (*state, error) {
	now := s.Now()
	st := &state{asOf: now, freshUntil: freshUntil(now)}
	q := s.DB.Read()
	var err error
	if st.settings, err = user.SettingsOf(ctx, q, userID); err != nil {
		return nil, err
	}
	if st.version, err = ledger.Version(ctx, q, userID); err != nil {
		return nil, err
	}
	currencies, first, err := ledger.Span(ctx, q, userID)
	if err != nil {
		return nil, err
	}
	in, err := s.input(ctx, userID, st.settings.BaseCurrency, now)
	if err != nil {
		return nil, err
	}
	basis := Basis{Benchmark: st.settings.BenchmarkSymbol, RiskFree: st.settings.RiskFreeRate, Version: st.version, AsOf: now}
	if first != (calendar.Day{}) {
		if err := s.prices(ctx, &in, &basis, currencies, first.AddDays(-before)); err != nil {
			return nil, err
		}
	}
	if st.history, err = s.history(ctx, userID, in, earlier); err != nil {
		return nil, err
	}
	if in.Live != nil && basis.Closes.Symbol != "" {
		s.quote(ctx, &basis)
	}
	if len(basis.Warnings) > 0 {
		st.freshUntil = earliest(st.freshUntil, now.Add(retryAfter))
	}
	st.Report = NewReport(st.history, basis)
	const answers, day = 1 << 20, 200
	st.bytes = st.history.Bytes() + answers + day*len(st.history.Days())
	return st, nil
}

// input reads what a history is made of, but for transactions and what market knows.
func (s *Service) input(ctx context.Context, userID, base string, now time.Time) (in history.Input, err error) {
	q := s.DB.Read()
	in = history.Input{Base: base, Through: calendar.DayOf(calendar.LastClose(now)), Today: calendar.DayOf(now)}
	if in.Accounts, err = ledger.Accounts(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Instruments, err = instrument.Held(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Splits, err = instrument.SplitsHeld(ctx, q, userID); err != nil {
		return in, err
	}
	if day, live := session(now); live {
		in.Through, in.Today = day.AddDays(-1), day
		in.Live, err = s.live(ctx, userID, in.Instruments)
	}
	return in, err
}

// session is the day whose closes are not all there yet, from its opening bell on; false at other times.
func session(now time.Time) (calendar.Day, bool) {
	day := calendar.DayOf(now)
	opens, closes, ok := calendar.Session(day)
	return day, ok && !now.Before(opens) && now.Before(closes.Add(lagging))
}

// freshUntil is how long what is known now holds, as long as the ledger does not change.
func freshUntil(now time.Time) time.Time {
	if _, live := session(now); live {
		return now.Add(liveFor)
	}
	if opens := calendar.NextOpen(now); opens.Before(now.Add(restFor)) {
		return opens
	}
	return now.Add(restFor)
}

// live gives the prices of now that brokerages told of, by instrument: those that are not old news.
func (s *Service) live(ctx context.Context, userID string, instruments map[string]instrument.Instrument) (map[string]decimal.Decimal, error) {
	holdings, _, err := s.Portfolio.Holdings(ctx, userID)
	if err != nil {
		return nil, err
	}
	prices := map[string]decimal.Decimal{}
	for _, h := range holdings {
		if h.Price == nil || h.Stale {
			continue
		}
		for id, i := range instruments {
			if i.Symbol == h.Symbol && i.AssetClass == h.AssetClass && i.Currency == h.Currency {
				prices[id] = *h.Price
			}
		}
	}
	return prices, nil
}

// prices reads closes, rates of exchange, and the benchmark's closes with the rates of its currency.
func (s *Service) prices(ctx context.Context, in *history.Input, basis *Basis, currencies []string, first calendar.Day) error {
	symbols := map[string]bool{basis.Benchmark: true}
	for _, i := range in.Instruments {
		if _, err := market.NormalizeSymbol(i.MarketSymbol); err == nil {
			symbols[i.MarketSymbol] = true
		}
		currencies = append(currencies, i.Currency)
	}
	var notes []string
	var err error
	if in.Closes, basis.Warnings, err = s.Market.Closes(ctx, slices.Sorted(maps.Keys(symbols)), first); err != nil {
		return err
	}
	basis.Closes = in.Closes[basis.Benchmark]
	currencies = slices.DeleteFunc(append(currencies, basis.Closes.Currency), func(c string) bool { return c == in.Base || !currencyCode.MatchString(c) })
	if in.Rates, notes, err = s.Market.Rates(ctx, in.Base, currencies, first); err != nil {
		return err
	}
	basis.Warnings = append(basis.Warnings, notes...)
	if basis.Closes.Currency != in.Base {
		basis.FX = new(in.Rates[basis.Closes.Currency])
	}
	return nil
}

// history makes the history, from the first day on that is not what it was.
func (s *Service) history(ctx context.Context, userID string, in history.Input, earlier *state) (*history.History, error) {
	h, from := &history.History{}, history.Anew
	if earlier != nil {
		changed, known, err := ledger.ChangedSince(ctx, s.DB.Read(), userID, earlier.version)
		if err != nil {
			return nil, err
		}
		if known {
			h = earlier.history
			from = h.Resume(in, changed)
		}
	}
	var err error
	if from == history.Anew {
		in.Transactions, err = ledger.Load(ctx, s.DB.Read(), userID)
	} else {
		in.Transactions, err = ledger.LoadFrom(ctx, s.DB.Read(), userID, calendar.DayNumbered(from))
	}
	if err != nil {
		return nil, err
	}
	return h.Continue(in, from), nil
}

// quote adds the benchmark's price of now; when it cannot be had, a warning says so.
func (s *Service) quote(ctx context.Context, basis *Basis) {
	quote, _, err := s.Market.Quote(ctx, basis.Benchmark)
	if err != nil {
		basis.Warnings = append(basis.Warnings, fmt.Sprintf("The benchmark %s stands at its last close: its price of now cannot be had.", basis.Benchmark))
		return
	}
	basis.Now = history.Float(quote.Price)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
