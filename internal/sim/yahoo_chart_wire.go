package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// chartIndicators are the arrays of a chart, with the noise of 32 bit floats; adjusted closes only go with days.
func chartIndicators(candles []candle, daily bool) map[string]any {
	if len(candles) == 0 {
		empty := map[string]any{"quote": []any{map[string]any{}}}
		if daily {
			empty["adjclose"] = []any{map[string]any{}}
		}
		return empty
	}
	columns := map[string][]any{}
	add := func(name string, missing bool, value any) {
		if missing {
			value = nil
		}
		columns[name] = append(columns[name], value)
	}
	for _, c := range candles {
		add("open", c.missing, noisy(c.open))
		add("high", c.missing, noisy(c.high))
		add("low", c.missing, noisy(c.low))
		add("close", c.missing, noisy(c.close))
		add("volume", c.missing, c.volume)
		add("adjclose", c.missing, noisy(c.adjusted))
	}
	adjusted := columns["adjclose"]
	delete(columns, "adjclose")
	indicators := map[string]any{"quote": []any{columns}}
	if daily {
		indicators["adjclose"] = []any{map[string]any{"adjclose": adjusted}}
	}
	return indicators
}

// noisy is a price after a stay in a 32 bit float, as 164.32 becomes 164.32000732421875.
func noisy(price decimal.Decimal) float64 { return float64(float32(price.InexactFloat64())) }

// chartEvents are dividends and splits, each under the start of the candle it falls in, in terms of today's shares.
func (w *World) chartEvents(in *Instrument, candles []candle, q chartQuestion) map[string]any {
	if len(candles) == 0 {
		return nil
	}
	key := func(at int64) string {
		start := candles[0].start
		for _, c := range candles {
			if c.start <= at {
				start = c.start
			}
		}
		return strconv.FormatInt(start, 10)
	}
	events, today := map[string]any{}, w.quote(in, w.now()).Day
	first, last := in.dayOf(time.Unix(candles[0].start, 0)), in.dayOf(q.to.Add(-time.Second))
	if today.Before(last) {
		last = today
	}
	dividends, splits := map[string]any{}, map[string]any{}
	for _, d := range w.Dividends(in.Symbol, first, last) {
		opens, _ := in.session(d.ExDay)
		dividends[key(opens.Unix())] = map[string]any{
			"amount": noisy(in.inSharesOf(d.Amount, d.ExDay, today)), "date": opens.Unix(),
		}
	}
	for _, split := range in.splits {
		if opens, _ := in.session(split.Day); !split.Day.Before(first) && !last.Before(split.Day) {
			to, from := split.becomes()
			splits[key(opens.Unix())] = map[string]any{
				"date": opens.Unix(), "numerator": to, "denominator": from, "splitRatio": fmt.Sprintf("%d:%d", to, from),
			}
		}
	}
	if len(dividends) > 0 {
		events["dividends"] = dividends
	}
	if len(splits) > 0 {
		events["splits"] = splits
	}
	return events
}

// chartMeta says what the chart is of.
func (w *World) chartMeta(in *Instrument, q chartQuestion, now time.Time) map[string]any {
	quote := w.quote(in, now)
	exchange := in.yahooExchange()
	kind, _ := in.yahooType()
	zone, offset := now.In(in.zone).Zone()
	h := w.history(in, quote)
	meta := map[string]any{
		"currency": in.Currency, "symbol": in.yahooSymbol(), "exchangeName": exchange.code, "fullExchangeName": exchange.name,
		"instrumentType": kind, "firstTradeDate": epoch.At(9, 30).Unix(), "regularMarketTime": quote.Time.Unix(),
		"hasPrePostMarketData": in.hasExtendedHours(),
		"gmtoffset":            offset, "timezone": zone, "exchangeTimezoneName": in.zone.String(),
		"regularMarketPrice": quote.Price, "regularMarketDayHigh": quote.High, "regularMarketDayLow": quote.Low,
		"regularMarketVolume": quote.Volume, "fiftyTwoWeekHigh": h.high, "fiftyTwoWeekLow": h.low,
		"longName": in.Name, "shortName": in.Name, "priceHint": in.priceHint(), "dataGranularity": q.interval, "range": q.rang,
		"validRanges":          []string{"1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"},
		"currentTradingPeriod": in.tradingPeriod(quote.Day, zone, offset),
	}
	if before := w.barsUntil(in, in.dayOf(q.from).AddDays(-1)); len(before) > 0 {
		last := before[len(before)-1]
		meta["chartPreviousClose"] = in.adjusted(last.close, last.day, quote.Day)
	}
	if intraday(q.interval) {
		meta["previousClose"] = quote.PreviousClose
	}
	return withNumbers(meta)
}

// tradingPeriod is the day's session with what comes before and after it.
func (in *Instrument) tradingPeriod(day calendar.Day, zone string, offset int) map[string]any {
	opens, closes := in.session(day)
	period := func(start, end time.Time) map[string]any {
		return map[string]any{"timezone": zone, "start": start.Unix(), "end": end.Unix(), "gmtoffset": offset}
	}
	before, after := opens, closes
	if in.zone.String() == "America/New_York" {
		before, after = day.At(4, 0), closes.Add(4*time.Hour)
	}
	return map[string]any{"pre": period(before, opens), "regular": period(opens, closes), "post": period(closes, after)}
}
