package pastprices

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

const (
	// maxPriceBytes bounds the memory of past prices: about a thousand symbols of twelve years.
	maxPriceBytes = 64 << 20
	// turns is how many histories are asked for at once.
	turns = 4
	// pricePatience is how long somebody waits for histories that have to be fetched; what is under way then goes on.
	pricePatience = 15 * time.Second
	// historyTime bounds asking for one history, once it has its turn.
	historyTime = 30 * time.Second
	// leastYears of a history are fetched, since a year more costs nothing and may be asked for next.
	leastYears = 2
	// overlap is how many days already known are fetched again, to see whether they are still the same.
	overlap = 10
	// loadAtOnce bounds the symbols of one query.
	loadAtOnce = 400
)

// errUnderWay is why a history is not there yet.
var errUnderWay = errors.New("it is being fetched")

// warning says what is wrong with a history for somebody who wants the days from the first on; empty where nothing is.
func (s *series) warning(first int32, now time.Time) string {
	asked := s.fetchedAt.UTC().Format("2006-01-02 15:04")
	switch {
	case now.Before(s.unknownUntil) && !s.known():
		return "No source has past prices of " + s.symbol + "."
	case now.Before(s.unknownUntil):
		return fmt.Sprintf("No source knows %s any more; its past prices are those of %s UTC.", s.symbol, asked)
	case errors.Is(s.failure, errUnderWay) && s.known():
		return fmt.Sprintf("The past prices of %s are those of %s UTC; newer ones are being fetched.", s.symbol, asked)
	case errors.Is(s.failure, errUnderWay):
		return "The past prices of " + s.symbol + " are being fetched; ask again in a moment."
	case !s.known():
		return "The past prices of " + s.symbol + " cannot be had right now."
	case first < s.first:
		return fmt.Sprintf("The prices of %s before %s cannot be had right now.", s.symbol, calendar.DayNumbered(s.first))
	case s.due(first, now) || s.failure != nil:
		return fmt.Sprintf("The past prices of %s are those of %s UTC, %s old: their source cannot be reached.",
			s.symbol, asked, now.Sub(s.fetchedAt).Round(time.Minute))
	}
	return ""
}

// histories are the series of symbols in our spelling, with the days from the first on as far as they can be had. Each
// symbol has one; a failure in it says why it is not what it should be.
func (s *Service) histories(ctx context.Context, symbols []string, first int32) (map[string]*series, error) {
	symbols = slices.Compact(symbols)
	all, err := s.remembered(ctx, symbols)
	if err != nil {
		return nil, err
	}
	if err := s.noteAsked(ctx, all); err != nil {
		return nil, err
	}
	patient, cancel := context.WithTimeout(ctx, pricePatience)
	defer cancel()
	for range 2 { // what was under way for somebody else may begin later than we want it
		due := slices.DeleteFunc(slices.Clone(symbols), func(symbol string) bool { return !all[symbol].due(first, s.now()) })
		if len(due) == 0 {
			break
		}
		late, err := s.refreshPrices(ctx, due, first, patient.Done())
		if err != nil {
			return nil, err
		}
		for _, symbol := range due {
			all[symbol] = s.inMemory(symbol, all[symbol])
		}
		for _, symbol := range late {
			waiting := *all[symbol]
			waiting.failure, waiting.failedAt = errUnderWay, s.now()
			all[symbol] = &waiting
		}
	}
	return all, nil
}

// inMemory is what is remembered of a symbol, or what was known before where that was forgotten meanwhile.
func (s *Service) inMemory(symbol string, otherwise *series) *series {
	if known, ok := s.kept.GetIfPresent(symbol); ok {
		return known
	}
	return otherwise
}

// remembered is what is kept of the symbols, in memory or else in the database; an empty series where nothing is. What is
// outdated is read again, of the primary: another process may have fetched it, even a moment ago.
func (s *Service) remembered(ctx context.Context, symbols []string) (map[string]*series, error) {
	all := make(map[string]*series, len(symbols))
	var missing []string
	for _, symbol := range symbols {
		known, ok := s.kept.GetIfPresent(symbol)
		if !ok {
			missing = append(missing, symbol)
			known = &series{symbol: symbol}
		}
		all[symbol] = known
	}
	if err := s.take(ctx, all, missing, s.db.Aged); err != nil {
		return nil, err
	}
	now := s.now()
	outdated := slices.DeleteFunc(slices.Clone(symbols), func(symbol string) bool { return !all[symbol].due(math.MaxInt32, now) })
	return all, s.take(ctx, all, outdated, s.primary)
}

// primary is as Aged, and never old.
func (s *Service) primary(ctx context.Context, fn func(ctx context.Context, q db.Querier) error) error {
	return fn(ctx, s.db.Read())
}

// take puts what the database has of symbols with what is known of them.
func (s *Service) take(
	ctx context.Context, all map[string]*series, symbols []string, from func(context.Context, func(context.Context, db.Querier) error) error,
) error {
	for some := range slices.Chunk(symbols, loadAtOnce) {
		var loaded map[string]*series
		var damaged []string
		if err := from(ctx, func(ctx context.Context, q db.Querier) (err error) {
			loaded, damaged, err = loadSeries(ctx, q, some)
			return err
		}); err != nil {
			return err
		}
		if len(damaged) > 0 {
			s.log.WarnContext(ctx, "stored closes are damaged and fetched again", "symbols", damaged)
		}
		for symbol, stored := range loaded {
			all[symbol] = stored
			s.kept.Set(symbol, stored)
		}
	}
	return nil
}

// noteAsked keeps, by the day, when somebody asked for a symbol last.
func (s *Service) noteAsked(ctx context.Context, all map[string]*series) error {
	now := s.now()
	var symbols []string
	for symbol, h := range all {
		if !h.askedAt.IsZero() && now.Sub(h.askedAt) >= 24*time.Hour {
			symbols = append(symbols, symbol)
			noted := *h
			noted.askedAt = now
			all[symbol] = &noted
			s.kept.Set(symbol, &noted)
		}
	}
	slices.Sort(symbols)
	for some := range slices.Chunk(symbols, loadAtOnce) {
		if err := s.db.Tx(ctx, func(tx *sql.Tx) error { return markAsked(ctx, tx, some, now) }); err != nil {
			return err
		}
	}
	return nil
}

// refreshPrices has histories fetched, each once however many want it, and waits for them until that is no use: what is
// late then goes on all the same. The error is that the caller left.
func (s *Service) refreshPrices(ctx context.Context, symbols []string, first int32, impatient <-chan struct{}) (late []string, err error) {
	all, ours := s.flights.Join(symbols, func(symbol string) bool {
		return s.inMemory(symbol, &series{symbol: symbol}).due(first, s.now())
	})
	for _, symbol := range ours {
		go func() {
			bounded, cancel := context.WithCancel(context.WithoutCancel(ctx))
			defer cancel()
			defer context.AfterFunc(s.life, cancel)()
			s.flights.Land([]string{symbol}, map[string]error{symbol: s.fetchHistory(bounded, symbol, first)})
		}()
	}
	for _, symbol := range symbols {
		one, ok := all[symbol]
		if !ok {
			continue
		}
		select {
		case <-one.Done:
			continue
		default:
		}
		select {
		case <-one.Done:
		case <-impatient:
			late = append(late, symbol)
		}
	}
	return late, ctx.Err()
}

// fetchHistory asks for one symbol when it is its turn, and keeps what is learned, also that asking failed.
func (s *Service) fetchHistory(ctx context.Context, symbol string, first int32) error {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	old := s.inMemory(symbol, &series{symbol: symbol})
	next, err := s.fetchNext(ctx, old, first)
	if err != nil {
		if s.life.Err() == nil {
			s.log.WarnContext(ctx, "past prices failed", "symbol", symbol, "error", err)
		}
		failed := *old
		failed.failure, failed.failedAt = err, s.now()
		next = &failed
	}
	s.kept.Set(symbol, next)
	return err
}

// fetchNext is old with what is new, stored: the days since, or all of them where these do not fit, the beginning is
// missing, or nothing is kept.
func (s *Service) fetchNext(ctx context.Context, old *series, first int32) (*series, error) {
	today := calendar.DayOf(s.now()).AddDays(1) // it may be tomorrow elsewhere
	if old.known() && first >= old.first && len(old.Days) > 0 {
		h, err := s.askHistory(ctx, old.symbol, calendar.DayNumbered(old.last()-overlap), today)
		if fault.Is(err, fault.UnknownSymbol) {
			return s.keepUnknown(ctx, old)
		}
		if err != nil {
			return nil, err
		}
		if next := old.goneOn(h); next != nil {
			return s.keepNext(ctx, old, next)
		}
	}
	begin := min(first, calendar.Day{Year: today.Year - leastYears, Month: time.January, Day: 1}.Number())
	if old.known() {
		begin = min(begin, old.first)
	}
	begin = calendar.Day{Year: calendar.DayNumbered(begin).Year, Month: time.January, Day: 1}.Number()
	h, err := s.askHistory(ctx, old.symbol, calendar.DayNumbered(begin), today)
	if fault.Is(err, fault.UnknownSymbol) {
		return s.keepUnknown(ctx, old)
	}
	if err != nil {
		return nil, err
	}
	next := seriesOf(old.symbol, begin, h)
	next.askedAt = s.now()
	return next, s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := storeWhole(ctx, tx, next, s.now()); err != nil || len(next.splits) == 0 || s.onSplits == nil {
			return err
		}
		return s.onSplits(ctx, tx, next.symbol, next.source, next.splits)
	})
}

// keepNext stores some days more; where another process was faster, what that stored is taken.
func (s *Service) keepNext(ctx context.Context, old, next *series) (*series, error) {
	var ours bool
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		ours, err = storeNext(ctx, tx, old, next)
		return err
	})
	if err != nil || ours {
		return next, err
	}
	all, _, err := loadSeries(ctx, s.db.Read(), []string{old.symbol})
	if stored := all[old.symbol]; err == nil && stored != nil {
		return stored, nil
	}
	return next, err
}

func (s *Service) keepUnknown(ctx context.Context, old *series) (*series, error) {
	now := s.now()
	next := *old
	next.unknownUntil, next.failure, next.failedAt = now.Add(unknownFor), nil, time.Time{}
	if next.askedAt.IsZero() {
		next.askedAt = now
	}
	return &next, s.db.Tx(ctx, func(tx *sql.Tx) error { return storeUnknown(ctx, tx, old.symbol, next.unknownUntil, now) })
}

// askHistory asks the sources that have a past in their order: the first that knows the symbol answers. When one failed
// and none knows it, nothing is said of the symbol.
func (s *Service) askHistory(ctx context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	var failed error
	for _, source := range s.sources {
		historian, ok := source.(market.Historian)
		if !ok {
			continue
		}
		h, err := askOne(ctx, historian, symbol, first, last)
		if err == nil {
			return h, nil
		}
		if !fault.Is(err, fault.UnknownSymbol) {
			failed = err
		}
	}
	if failed != nil {
		return market.History{}, failed
	}
	return market.History{}, fault.New(fault.UnknownSymbol, "no source has past prices of this symbol; look for its spelling with its exchange, such as VOD.L")
}

// askOne turns a panic into an error: those who wait must not wait for ever.
func askOne(ctx context.Context, source market.Historian, symbol string, first, last calendar.Day) (h market.History, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.Internal, fault.Recovered("the source", p), "the source %s failed", source.Name())
		}
	}()
	h, err = source.History(ctx, symbol, first, last)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", source.Name())
	}
	return h, err
}
