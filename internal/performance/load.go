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
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
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

// load makes a person's state out of the database and what market knows, and of the state before as much as still holds.
func (s *Service) load(ctx context.Context, userID string, earlier *state) (*state, error) {
	now := s.Now()
	st := &state{asOf: now, freshUntil: freshUntil(now), views: map[string]*View{}, answers: map[string]answer{}}
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
	in := Input{Base: st.settings.BaseCurrency, Today: calendar.DayOf(now)}
	if in.Accounts, err = ledger.Accounts(ctx, q, userID); err != nil {
		return nil, err
	}
	if in.Instruments, err = instrument.Held(ctx, q, userID); err != nil {
		return nil, err
	}
	if in.Splits, err = instrument.SplitsHeld(ctx, q, userID); err != nil {
		return nil, err
	}
	if first == (calendar.Day{}) { // there is no history
		st.history = Build(in)
		return st, nil
	}
	in.Through = calendar.DayOf(calendar.LastClose(now))
	if day, live := session(now); live {
		in.Through, in.Today = day.AddDays(-1), day
		if in.Live, err = s.live(ctx, userID, in.Instruments); err != nil {
			return nil, err
		}
	}
	benchmark, fx, err := s.prices(ctx, st, &in, currencies, first.AddDays(-before))
	if err != nil {
		return nil, err
	}
	if st.history, err = s.history(ctx, userID, st, in, earlier); err != nil {
		return nil, err
	}
	if benchmark.Symbol != "" {
		st.benchmark = st.history.newBenchmark(benchmark, fx, s.quote(ctx, st, benchmark.Symbol))
	}
	st.bytes = st.history.weight()
	return st, nil
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
func (s *Service) prices(ctx context.Context, st *state, in *Input, currencies []string, first calendar.Day) (market.Closes, *rates, error) {
	benchmark := st.settings.BenchmarkSymbol
	symbols := map[string]bool{benchmark: true}
	for _, i := range in.Instruments {
		if _, err := market.NormalizeSymbol(i.MarketSymbol); err == nil {
			symbols[i.MarketSymbol] = true
		}
		currencies = append(currencies, i.Currency)
	}
	all, warnings, err := s.Market.Closes(ctx, slices.Sorted(maps.Keys(symbols)), first)
	if err != nil {
		return market.Closes{}, nil, err
	}
	in.Closes = all
	compared := all[benchmark]
	currencies = slices.DeleteFunc(append(currencies, compared.Currency), func(c string) bool { return c == in.Base || !currencyCode.MatchString(c) })
	found, notes, err := s.Market.Rates(ctx, in.Base, currencies, first)
	if err != nil {
		return market.Closes{}, nil, err
	}
	in.Rates = found
	st.warnings = append(append(st.warnings, warnings...), notes...)
	if len(st.warnings) > 0 {
		st.freshUntil = earliest(st.freshUntil, s.Now().Add(retryAfter))
	}
	if compared.Currency == in.Base {
		return compared, nil, nil
	}
	r := found[compared.Currency]
	return compared, &rates{r.Days, r.Rate}, nil
}

// history makes the history, from the first day on that is not what it was.
func (s *Service) history(ctx context.Context, userID string, st *state, in Input, earlier *state) (*History, error) {
	h, from := &History{}, anew
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
	if from == anew {
		in.Transactions, err = ledger.Load(ctx, s.DB.Read(), userID)
	} else {
		in.Transactions, err = ledger.LoadFrom(ctx, s.DB.Read(), userID, calendar.DayNumbered(from))
	}
	if err != nil {
		return nil, err
	}
	return h.Continue(in, from), nil
}

// quote is the benchmark's price of now, while New York trades; 0 when it cannot be had, and a warning then says so.
func (s *Service) quote(ctx context.Context, st *state, symbol string) float64 {
	if !st.history.live {
		return 0
	}
	quote, _, err := s.Market.Quote(ctx, symbol)
	if err != nil {
		st.warnings = append(st.warnings, fmt.Sprintf("The benchmark %s stands at its last close: its price of now cannot be had.", symbol))
		return 0
	}
	return toFloat(quote.Price)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// accountName is how a warning calls an account.
func accountName(a ledger.Account) string {
	return fmt.Sprintf("account %s (%s)", portfolio.MaskAccount(a.Number), a.Provider)
}
