package sim

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// candle is one bar of a chart. Its times are Unix seconds.
type candle struct {
	start                  int64
	open, high, low, close decimal.Decimal
	adjusted               decimal.Decimal
	volume                 int64
	missing                bool // shown as nulls
}

// intervals are the minutes of each intraday interval, and how many days back it can be had.
var intervals = map[string]struct{ minutes, days int }{
	"1m": {1, 30}, "2m": {2, 60}, "5m": {5, 60}, "15m": {15, 60}, "30m": {30, 60}, "60m": {60, 730}, "1h": {60, 730}, "90m": {90, 60},
}

// oneMinuteDays is how many days of minutes one answer may hold.
const oneMinuteDays = 8

// chartQuestion is a chart request that makes sense.
type chartQuestion struct {
	interval string
	rang     string // as asked, or empty
	from, to time.Time
}

func (s *Sim) yahooChart(w http.ResponseWriter, r *http.Request) {
	now := s.World.Now()
	in, ok := s.World.findYahoo(r.PathValue("symbol"))
	if !ok || in.goneOn(in.dayOf(now)) {
		yahooError(w, http.StatusNotFound, "chart", "No data found, symbol may be delisted")
		return
	}
	q, status, problem := in.readChart(r.URL.Query(), now)
	if problem != "" {
		yahooError(w, status, "chart", problem)
		return
	}
	daily := !intraday(q.interval)
	var candles []candle
	if daily {
		candles = s.World.dailyCandles(in, q)
	} else {
		candles = s.World.intradayCandles(in, q, now)
	}
	result := map[string]any{
		"meta":       s.World.chartMeta(in, q, now),
		"indicators": chartIndicators(candles, daily),
	}
	if len(candles) > 0 {
		stamps := make([]int64, len(candles))
		for i, c := range candles {
			stamps[i] = c.start
		}
		result["timestamp"] = stamps
	}
	if events := s.World.chartEvents(in, candles, q); len(events) > 0 && r.URL.Query().Get("events") != "" {
		result["events"] = events
	}
	w.Header().Set("Cache-Control", "public, max-age=10, stale-while-revalidate=20")
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{"chart": map[string]any{"result": []any{result}, "error": nil}})
}

func intraday(interval string) bool { return intervals[interval].minutes > 0 }

// readChart checks what is asked for. The problem is empty when all is well.
func (in *Instrument) readChart(query url.Values, now time.Time) (q chartQuestion, status int, problem string) {
	q = chartQuestion{interval: cmp.Or(query.Get("interval"), "1d"), rang: query.Get("range"), to: now}
	switch limit := intervals[q.interval]; {
	case limit.minutes == 0 && q.interval != "1d" && q.interval != "1wk" && q.interval != "1mo":
		return q, http.StatusBadRequest, "Invalid input - interval=" + q.interval + " is not supported"
	case query.Get("period1") != "":
		first, err := strconv.ParseInt(query.Get("period1"), 10, 64)
		last, lastErr := strconv.ParseInt(cmp.Or(query.Get("period2"), strconv.FormatInt(now.Unix(), 10)), 10, 64)
		if err != nil || lastErr != nil || first >= last {
			return q, http.StatusBadRequest, "Invalid input - start date cannot be after end date"
		}
		q.from, q.to, q.rang = time.Unix(first, 0), time.Unix(last, 0), ""
	default:
		var ok bool
		q.rang = cmp.Or(q.rang, "1mo")
		if q.from, ok = in.rangeStart(q.rang, now); !ok {
			return q, http.StatusBadRequest, "Invalid input - range is not one of the valid ranges"
		}
	}
	if limit := intervals[q.interval]; limit.minutes > 0 {
		if q.from.Before(now.AddDate(0, 0, -limit.days)) {
			return q, http.StatusUnprocessableEntity, fmt.Sprintf("%s data not available for startTime=%d and endTime=%d. The requested range must be within the last %d days.",
				q.interval, q.from.Unix(), q.to.Unix(), limit.days)
		}
		if q.interval == "1m" && q.to.Sub(q.from) > oneMinuteDays*24*time.Hour {
			return q, http.StatusUnprocessableEntity, "Only 8 days worth of 1m granularity data are allowed to be fetched per request."
		}
	}
	return q, 0, ""
}

// rangeStart is where a named range begins: at midnight, so that its first day is whole.
func (in *Instrument) rangeStart(name string, now time.Time) (time.Time, bool) {
	today := in.dayOf(now)
	back := func(years, months, days int) (time.Time, bool) {
		return time.Date(today.Year-years, today.Month-time.Month(months), today.Day-days, 0, 0, 0, 0, in.zone), true
	}
	switch name {
	case "1d":
		day, _, _ := in.lastDay(now)
		opens, _ := in.session(day)
		return opens, true
	case "5d":
		return back(0, 0, 7)
	case "1mo":
		return back(0, 1, 0)
	case "3mo":
		return back(0, 3, 0)
	case "6mo":
		return back(0, 6, 0)
	case "ytd":
		return time.Date(today.Year, time.January, 1, 0, 0, 0, 0, in.zone), true
	case "1y":
		return back(1, 0, 0)
	case "2y":
		return back(2, 0, 0)
	case "5y":
		return back(5, 0, 0)
	case "10y", "max":
		return epoch.At(0, 0), true
	}
	return time.Time{}, false
}

// dailyCandles are days, weeks or months. Their start is the open of their first session.
func (w *World) dailyCandles(in *Instrument, q chartQuestion) []candle {
	var candles []candle
	group := ""
	for _, b := range w.Bars(in.Symbol, in.dayOf(q.from), in.dayOf(q.to)) {
		opens, _ := in.session(b.Day)
		if opens.Before(q.from) || !opens.Before(q.to) {
			continue
		}
		next := candle{start: opens.Unix(), open: b.Open, high: b.High, low: b.Low, close: b.Close, adjusted: b.AdjustedClose, volume: b.Volume}
		key := groupOf(b.Day, q.interval)
		if n := len(candles); n > 0 && key == group {
			candles[n-1].merge(next)
			continue
		}
		group = key
		next.missing = q.interval == "1d" && w.missingBar(in, b.Day)
		candles = append(candles, next)
	}
	return candles
}

// missingBar tells whether Yahoo has lost a day: one in 250, but none of the last two weeks.
func (w *World) missingBar(in *Instrument, day calendar.Day) bool {
	return w.random(in.key, dayNumber(day), 7)%250 == 0 && day.Before(in.dayOf(w.now()).AddDays(-14))
}

func groupOf(day calendar.Day, interval string) string {
	switch interval {
	case "1wk":
		return day.AddDays(-(int(day.Weekday()) + 6) % 7).String()
	case "1mo":
		return day.String()[:7]
	}
	return day.String()
}

// merge takes a later candle into c.
func (c *candle) merge(later candle) {
	c.high, c.low = decimal.Max(c.high, later.high), decimal.Min(c.low, later.low)
	c.close, c.adjusted, c.volume = later.close, later.adjusted, c.volume+later.volume
}

// intradayCandles cuts the minutes of each session that have passed into intervals.
func (w *World) intradayCandles(in *Instrument, q chartQuestion, now time.Time) []candle {
	step := intervals[q.interval].minutes
	current, passed, _ := in.lastDay(now)
	var candles []candle
	for _, b := range w.barsUntil(in, current) {
		opens, closes := in.session(b.day)
		if !closes.After(q.from) || !opens.Before(q.to) {
			continue
		}
		minutes := int(closes.Sub(opens) / time.Minute)
		last := minutes
		if b.day == current {
			last = passed
		}
		for m := 0; m < last; m += step {
			start := opens.Add(time.Duration(m) * time.Minute)
			if start.Before(q.from) || !start.Before(q.to) {
				continue
			}
			candles = append(candles, w.intradayCandle(in, b, current, m, min(m+step, last), minutes, start))
		}
	}
	return candles
}

func (w *World) intradayCandle(in *Instrument, b bar, current calendar.Day, from, to, minutes int, start time.Time) candle {
	first, last := w.minute(in, b, from, minutes), w.minute(in, b, to, minutes)
	high, low := max(first, last), min(first, last)
	for m := from + 1; m < to; m++ {
		price := w.minute(in, b, m, minutes)
		high, low = max(high, price), min(low, price)
	}
	share := int64(to)*b.volume/int64(minutes) - int64(from)*b.volume/int64(minutes)
	return candle{
		missing: from > 0 && b.day != current && w.random(in.key, b.number, uint64(10_000+from))%60 == 0, // Yahoo loses one now and then
		start:   start.Unix(), open: in.adjusted(first, b.day, current), high: in.adjusted(high, b.day, current),
		low: in.adjusted(low, b.day, current), close: in.adjusted(last, b.day, current), volume: share * in.factor(current),
	}
}
