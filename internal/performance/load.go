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

// standing is what of a person's figures can be asked for at any time.
type standing struct {
	settings user.Settings
	version  int64 // of the ledger
	accounts []ledger.Account
}

// standing reads it; who is unknown has nothing.
func (s *Service) standing(ctx context.Context, userID string) (now standing, err error) {
	q := s.DB.Read()
	if now.settings, err = user.SettingsOf(ctx, q, userID); err != nil {
		return now, err
	}
	if now.version, err = ledger.Version(ctx, q, userID); err != nil {
		return now, err
	}
	now.accounts, err = ledger.Accounts(ctx, q, userID)
	return now, err
}

// same tells whether two standings have the same figures. An account that was disconnected changes no version.
func (s standing) same(o standing) bool {
	return s.version == o.version && s.settings.BaseCurrency == o.settings.BaseCurrency &&
		s.settings.BenchmarkSymbol == o.settings.BenchmarkSymbol && s.settings.RiskFreeRate.Equal(o.settings.RiskFreeRate) &&
		slices.EqualFunc(s.accounts, o.accounts, func(a, b ledger.Account) bool {
			return a.ID == b.ID && a.Known == b.Known && a.CashComplete == b.CashComplete && a.MissingSince.Equal(b.MissingSince)
		})
}

// state is a report as of one standing.
type state struct {
	*Report
	standing
	history    *history.History
	asOf       time.Time
	freshUntil time.Time
	bytes      int
}

// good tells whether answers of the state are still right.
func (st *state) good(now standing, at time.Time) bool {
	return st.same(now) && at.Before(st.freshUntil) && !at.Before(st.asOf)
}

// load makes a person's state out of the database and what market knows, and of the state before as much as still holds.
func (s *Service) load(ctx context.Context, userID string, earlier *state) (*state, error) {
	now := s.Now()
	st := &state{asOf: now, freshUntil: freshUntil(now)}
	var err error
	if st.standing, err = s.standing(ctx, userID); err != nil {
		return nil, err
	}
	w := &work{Service: s, userID: userID, standing: st.standing, now: now}
	if err := w.transactions(ctx, earlier); err != nil {
		return nil, err
	}
	in, err := w.input(ctx)
	if err != nil {
		return nil, err
	}
	basis := Basis{Benchmark: st.settings.BenchmarkSymbol, RiskFree: st.settings.RiskFreeRate, Version: st.standing.version, AsOf: now}
	if w.first != (calendar.Day{}) {
		if err := w.prices(ctx, &in, &basis); err != nil {
			return nil, err
		}
	}
	without, err := w.told(ctx, &in)
	if err != nil {
		return nil, err
	}
	if st.history, err = w.history(ctx, in); err != nil {
		return nil, err
	}
	if in.Live != nil && basis.Closes.Symbol != "" {
		s.quote(ctx, &basis)
	}
	if len(basis.Warnings) > 0 {
		st.freshUntil = earliest(st.freshUntil, now.Add(retryAfter))
	}
	if without != "" {
		basis.Warnings = append(basis.Warnings, without)
	}
	st.Report = NewReport(st.history, basis)
	const answers, day = 256 << 10, 200
	st.bytes = st.history.Bytes() + answers + day*len(st.history.Days())
	return st, nil
}

// work is the making of one history.
type work struct {
	*Service
	standing
	userID                  string
	now                     time.Time
	before                  *history.History // what is known of it
	since                   int32            // from which day on loaded has the transactions
	loaded                  []ledger.Transaction
	first                   calendar.Day     // of all transactions; zero when there are none
	rates                   []portfolio.Rate // of now, while New York trades
	instruments, currencies []string
}

// transactions loads those that have to be carried out again because the ledger changed, or all.
func (w *work) transactions(ctx context.Context, earlier *state) (err error) {
	w.before, w.since = &history.History{}, history.Anew
	if earlier != nil {
		changed, known, err := ledger.ChangedSince(ctx, w.DB.Read(), w.userID, earlier.standing.version)
		if err != nil {
			return err
		}
		if known {
			w.before = earlier.history
			w.since = w.before.Since(changed)
		}
	}
	if w.loaded, err = w.loadFrom(ctx, w.since); err != nil {
		return err
	}
	held, currencies := w.before.Held()
	instruments, money := map[string]bool{}, map[string]bool{}
	for _, id := range held {
		instruments[id] = true
	}
	for _, c := range currencies {
		money[c] = true
	}
	for i := range w.loaded {
		money[w.loaded[i].Currency] = true
		if id := w.loaded[i].Instrument; id != "" {
			instruments[id] = true
		}
	}
	w.instruments, w.currencies = slices.Sorted(maps.Keys(instruments)), slices.Sorted(maps.Keys(money))
	if days := w.before.Days(); w.since != history.Anew {
		w.first = calendar.DayNumbered(days[0])
	} else if len(w.loaded) > 0 {
		w.first = w.loaded[0].Day
	}
	return nil
}

func (w *work) loadFrom(ctx context.Context, from int32) ([]ledger.Transaction, error) {
	if from == history.Anew {
		return ledger.Load(ctx, w.DB.Read(), w.userID)
	}
	return ledger.LoadFrom(ctx, w.DB.Read(), w.userID, calendar.DayNumbered(from))
}

// input reads what a history is made of, but for transactions and what market knows.
func (w *work) input(ctx context.Context) (in history.Input, err error) {
	q := w.DB.Read()
	in = history.Input{Base: w.settings.BaseCurrency, Accounts: w.accounts, Through: calendar.DayOf(calendar.LastClose(w.now)), Today: calendar.DayOf(w.now)}
	if in.Instruments, err = instrument.Of(ctx, q, w.instruments); err != nil {
		return in, err
	}
	if in.Splits, err = instrument.SplitsOf(ctx, q, w.instruments); err != nil {
		return in, err
	}
	if day, live := session(w.now); live && w.first != (calendar.Day{}) {
		in.Through, in.Today = day.AddDays(-1), day
		in.Live, err = w.live(ctx, in.Instruments)
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

// live gives the prices of now that brokerages told of, by instrument: those that are not old news. It notes the rates
// of exchange of now.
func (w *work) live(ctx context.Context, instruments map[string]instrument.Instrument) (map[string]decimal.Decimal, error) {
	now, _, err := w.Portfolio(ctx, w.userID)
	if err != nil {
		return nil, err
	}
	w.rates = now.Summary.Rates
	prices := map[string]decimal.Decimal{}
	for _, h := range now.Holdings {
		if i, known := instruments[h.InstrumentID]; known && h.Price != nil && !h.Stale && i.Currency == h.Currency {
			prices[h.InstrumentID] = *h.Price
		}
	}
	return prices, nil
}

// liveRates puts the rates of now behind those of past closes, so that today's prices and rates are of one moment.
func (w *work) liveRates(in *history.Input) {
	today := in.Today.Number()
	for _, r := range w.rates {
		past, known := in.Rates[r.From]
		if r.To != in.Base || r.Stale || !known || len(past.Days) == 0 || past.Days[len(past.Days)-1] >= today {
			continue
		}
		past.Days, past.Rate = append(slices.Clip(past.Days), today), append(slices.Clip(past.Rate), history.Float(r.Rate))
		past.AsOf = w.now
		in.Rates[r.From] = past
	}
}

// prices reads closes, rates of exchange, and the benchmark's closes with the rates of its currency.
func (w *work) prices(ctx context.Context, in *history.Input, basis *Basis) error {
	currencies, first := slices.Clone(w.currencies), w.first.AddDays(-before)
	symbols := map[string]bool{basis.Benchmark: true}
	for _, i := range in.Instruments {
		if _, err := market.NormalizeSymbol(i.MarketSymbol); err == nil {
			symbols[i.MarketSymbol] = true
		}
		currencies = append(currencies, i.Currency)
	}
	var notes []string
	var err error
	if in.Closes, basis.Warnings, err = w.Past.Closes(ctx, slices.Sorted(maps.Keys(symbols)), first); err != nil {
		return err
	}
	basis.Closes = in.Closes[basis.Benchmark]
	currencies = slices.DeleteFunc(append(currencies, basis.Closes.Currency), func(c string) bool { return c == in.Base || !currencyCode.MatchString(c) })
	if in.Rates, notes, err = w.Past.Rates(ctx, in.Base, currencies, first); err != nil {
		return err
	}
	basis.Warnings = append(basis.Warnings, notes...)
	w.liveRates(in)
	if basis.Closes.Currency != in.Base {
		basis.FX = new(in.Rates[basis.Closes.Currency])
	}
	return nil
}

// history makes the history, from the first day on that is not what it was.
func (w *work) history(ctx context.Context, in history.Input) (*history.History, error) {
	from := w.before.Resume(in, w.since)
	if from < w.since { // a price of before has changed, too
		var err error
		if w.loaded, err = w.loadFrom(ctx, from); err != nil {
			return nil, err
		}
	}
	in.Transactions = w.loaded
	return w.before.Continue(in, from), nil
}

// comparedWith is the report of a state's history beside another benchmark. It is made each time.
func (s *Service) comparedWith(ctx context.Context, st *state, symbol string) (*Report, error) {
	symbol, err := market.NormalizeSymbol(symbol)
	if err != nil {
		return nil, err
	}
	basis := Basis{Benchmark: symbol, RiskFree: st.settings.RiskFreeRate, Version: st.standing.version, AsOf: st.asOf, Warnings: slices.Clone(st.warnings)}
	days := st.history.Days()
	if len(days) == 0 {
		return NewReport(st.history, basis), nil
	}
	first := calendar.DayNumbered(days[0]).AddDays(-before)
	closes, notes, err := s.Past.Closes(ctx, []string{symbol}, first)
	if err != nil {
		return nil, err
	}
	basis.Closes, basis.Warnings = closes[symbol], append(basis.Warnings, notes...)
	if base := st.history.Base(); basis.Closes.Symbol != "" && basis.Closes.Currency != base {
		rates, notes, err := s.Past.Rates(ctx, base, []string{basis.Closes.Currency}, first)
		if err != nil {
			return nil, err
		}
		basis.FX, basis.Warnings = new(rates[basis.Closes.Currency]), append(basis.Warnings, notes...)
	}
	if st.history.Live(len(days)-1) && basis.Closes.Symbol != "" {
		s.quote(ctx, &basis)
	}
	return NewReport(st.history, basis), nil
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
