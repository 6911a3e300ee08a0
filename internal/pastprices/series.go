package pastprices

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/packed"
)

// series is what is kept of the past prices of a symbol. It is replaced, never changed: readers share its columns.
type series struct {
	symbol   string
	currency string // empty where no source ever knew the symbol
	source   string
	first    int32 // from when on every day that traded is there
	packed.Columns
	splits       []market.Split
	dividends    []market.Dividend
	fetchedAt    time.Time // zero where nothing is kept
	unknownUntil time.Time // until when no source is asked, since none knows the symbol now
	askedAt      time.Time // by somebody, as the database has it
	failedAt     time.Time // when asking failed last, if that is after fetchedAt; in memory alone
	failure      error
}

const (
	// heldOff is how long nobody is asked again for past prices after that failed.
	heldOff = time.Minute
	// unknownFor is how long nobody is asked again for past prices that no source has.
	unknownFor = 24 * time.Hour
	// lagging is how long after the bell a source may still be without the day.
	lagging = 4 * time.Hour
	// freshAbroad is how long past prices stand where we do not know when the market closes.
	freshAbroad = 6 * time.Hour
)

func (s *series) known() bool { return s.currency != "" }

// last is the newest day there is, and below all days where there is none.
func (s *series) last() int32 {
	if len(s.Days) == 0 {
		return math.MinInt32
	}
	return s.Days[len(s.Days)-1]
}

// due tells whether sources have to be asked, for somebody who wants the days from the first on.
func (s *series) due(first int32, now time.Time) bool {
	if now.Before(s.unknownUntil) || s.failure != nil && now.Before(s.failedAt.Add(heldOff)) {
		return false
	}
	return !s.known() || first < s.first || !now.Before(s.freshUntil())
}

// utcHours are what trades, or nearly, round the clock: crypto in BTC-USD and currencies in EURUSD=X.
var utcHours = regexp.MustCompile(`(-[A-Z]{3,4}|=X)$`)

// freshUntil is when the next day may be over and known.
func (s *series) freshUntil() time.Time {
	switch {
	case utcHours.MatchString(s.symbol):
		const day = 24 * time.Hour
		return s.fetchedAt.UTC().Add(-market.Settling).Truncate(day).Add(day + market.Settling)
	case s.currency != "USD" || market.IsAbroad(s.symbol) || strings.Contains(s.symbol, "="):
		return s.fetchedAt.Add(freshAbroad)
	}
	bell := calendar.LastClose(s.fetchedAt)
	switch {
	case s.fetchedAt.Before(bell.Add(market.Settling)):
		return bell.Add(market.Settling)
	case s.last() < calendar.DayOf(bell).Number() && s.fetchedAt.Before(bell.Add(lagging)):
		return s.fetchedAt.Add(market.Settling)
	}
	return calendar.NextClose(s.fetchedAt).Add(market.Settling)
}

// seriesOf is a whole history as it is kept: from the first day on, which was asked for.
func seriesOf(symbol string, first int32, h market.History) *series {
	s := &series{
		symbol: symbol, currency: h.Currency, source: h.Source, first: first, splits: h.Splits, dividends: h.Dividends, fetchedAt: h.FetchedAt,
	}
	s.Columns = with(packed.Columns{Total: []float64{}}, h.Bars)
	return s
}

// with adds the bars of days after those in the columns. Totals there are of all days or of none.
func with(c packed.Columns, bars []market.Bar) packed.Columns {
	added := packed.Columns{Days: slices.Clone(c.Days), Close: slices.Clone(c.Close), Total: slices.Clone(c.Total)}
	for _, b := range bars {
		day, price := b.Day.Number(), b.Close.InexactFloat64()
		if n := len(added.Days); n > 0 && day <= added.Days[n-1] || !(price > 0) || math.IsInf(price, 0) {
			continue
		}
		added.Days, added.Close = append(added.Days, day), append(added.Close, price)
		if total := b.Total.Decimal.InexactFloat64(); added.Total != nil && b.Total.Valid && total > 0 {
			added.Total = append(added.Total, total)
		} else {
			added.Total = nil
		}
	}
	if len(added.Days) == 0 {
		added.Total = nil
	}
	return added
}

// goneOn is s with the days after its last one. It is nil when h does not go on from s: then a split, a dividend or a
// correction has changed days before, and the whole history is to be fetched again.
func (s *series) goneOn(h market.History) *series {
	if h.Source != s.source || h.Currency != s.currency || !s.agrees(h) {
		return nil
	}
	next := *s
	next.Columns = with(s.Columns, h.Bars)
	if (next.Total == nil) != (s.Total == nil) {
		return nil
	}
	next.fetchedAt, next.unknownUntil, next.failedAt, next.failure = h.FetchedAt, time.Time{}, time.Time{}, nil
	return &next
}

// agrees tells whether the days that both know are the same in both, and there are such.
func (s *series) agrees(h market.History) bool {
	for _, split := range h.Splits {
		if !slices.ContainsFunc(s.splits, func(known market.Split) bool { return known.Day == split.Day }) {
			return false
		}
	}
	for _, d := range h.Dividends {
		if !slices.ContainsFunc(s.dividends, func(known market.Dividend) bool { return known.Day == d.Day }) {
			return false
		}
	}
	common := 0
	for _, b := range h.Bars {
		day := b.Day.Number()
		if day > s.last() {
			break
		}
		i, found := slices.BinarySearch(s.Days, day)
		if !found || !near(s.Close[i], b.Close.InexactFloat64()) || s.Total != nil && !near(s.Total[i], b.Total.Decimal.InexactFloat64()) {
			return false
		}
		common++
	}
	return common > 0
}

// near allows for the noise of prices that were 32-bit floats; no split is so small.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*math.Abs(a) }

// bytes is about how much memory the series takes.
func (s *series) bytes() uint32 {
	const head, day = 400, 20
	return uint32(head + day*len(s.Days)) // #nosec G115 -- some hundred thousand
}
