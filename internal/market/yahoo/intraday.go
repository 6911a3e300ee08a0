package yahoo

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// grain is how bars of a length are had: as Yahoo's of that length or, of half an hour, which it joins oddly, as pairs of
// its quarters.
type grain struct {
	asked  string
	length time.Duration
	kept   time.Duration // how long Yahoo keeps them
	most   time.Duration // of one answer
}

const day = 24 * time.Hour

// grains are a little under what Yahoo says it keeps: its limits are checked to the second, by its own clock.
var grains = map[string]grain{
	"1m":  {"1m", time.Minute, 30*day - time.Hour, 7 * day},
	"5m":  {"5m", 5 * time.Minute, 60*day - time.Hour, 60 * day},
	"15m": {"15m", 15 * time.Minute, 60*day - time.Hour, 60 * day},
	"30m": {"15m", 30 * time.Minute, 60*day - time.Hour, 60 * day},
	"1h":  {"1h", time.Hour, 730*day - time.Hour, 730 * day},
}

// Bars gives what Yahoo still has of the time asked for: the shorter the bars, the sooner it forgets them. The last one may
// not be over.
func (s *Source) Bars(ctx context.Context, symbol, interval string, first, last time.Time) (market.IntradayBars, error) {
	g, ok := grains[interval]
	if !ok {
		return market.IntradayBars{}, fault.InvalidField("interval", "must be 1m, 5m, 15m, 30m or 1h")
	}
	now := s.now().UTC()
	all := market.IntradayBars{Symbol: symbol, Interval: interval, Bars: []market.IntradayBar{}, Source: s.Name(), FetchedAt: now}
	if !last.After(now.Add(-g.kept)) {
		return market.IntradayBars{}, errForgotten()
	}
	begin, end := later(first, now.Add(-g.kept)).Truncate(g.length), last
	if now.Before(end) {
		end = now
	}
	if !begin.Before(end) { // still, whether there is such a symbol has to be asked
		begin = end.Add(-g.length)
	}
	for from := begin; from.Before(end); from = from.Add(g.most) {
		to := from.Add(g.most)
		if end.Before(to) {
			to = end
		}
		c, err := s.chart(ctx, symbol, url.Values{
			"interval": {g.asked}, "includePrePost": {"false"},
			"period1": {strconv.FormatInt(from.Unix(), 10)}, "period2": {strconv.FormatInt(to.Unix()+1, 10)},
		})
		if err != nil {
			return market.IntradayBars{}, err
		}
		if c.Meta.Currency == "" {
			return market.IntradayBars{}, errNoHistory()
		}
		all.Currency = wholeUnit(c.Meta.Currency)
		all.Bars = append(all.Bars, c.intraday(g)...)
	}
	all.Bars = tidyBars(all.Bars, first, last)
	return all, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// tidyBars are those that begin within the time, each once and in order.
func tidyBars(bars []market.IntradayBar, first, last time.Time) []market.IntradayBar {
	bars = slices.DeleteFunc(bars, func(b market.IntradayBar) bool { return b.Start.Before(first) || !b.Start.Before(last) })
	slices.SortStableFunc(bars, func(a, b market.IntradayBar) int { return a.Start.Compare(b.Start) })
	return slices.CompactFunc(bars, func(a, b market.IntradayBar) bool { return a.Start.Equal(b.Start) })
}

// intraday are the bars of a chart. Those of which anything but the volume is null are none.
func (c *chart) intraday(g grain) []market.IntradayBar {
	var bars []market.IntradayBar
	for i, stamp := range c.Timestamp {
		at, ok := stamp.whole(1, lastSecond)
		bar, priced := c.shortBar(i)
		bar.Start = time.Unix(at, 0).UTC()
		if !ok || !priced || c.isLastTrade(i, at) {
			continue
		}
		n := len(bars)
		switch {
		case n > 0 && bar.Start.Before(bars[n-1].Start.Add(g.length)) && g.asked == "15m" && g.length > 15*time.Minute:
			join(&bars[n-1], bar)
		case n > 0 && !bars[n-1].Start.Before(bar.Start):
			// out of order: not a bar of its own
		default:
			bar.Start = bar.Start.Truncate(pairing(g))
			bars = append(bars, bar)
		}
	}
	return bars
}

// pairing is what the starts of bars that are made of two are whole multiples of; nothing of others.
func pairing(g grain) time.Duration {
	if g.asked == "15m" && g.length > 15*time.Minute {
		return g.length
	}
	return 1
}

// join takes the bar that follows into b.
func join(b *market.IntradayBar, next market.IntradayBar) {
	high, low := decimal.Max(*b.High, *next.High), decimal.Min(*b.Low, *next.Low)
	b.High, b.Low, b.Close = &high, &low, next.Close
	if b.Volume != nil && next.Volume != nil {
		sum := *b.Volume + *next.Volume
		b.Volume = &sum
	}
}

// isLastTrade tells whether the last bar is none: Yahoo puts the last trade behind the bars, at its own second and without
// a volume.
func (c *chart) isLastTrade(i int, at int64) bool {
	volumes := c.Indicators.Quote[0].Volume
	traded := i < len(volumes) && volumes[i].count(1) != nil
	return i == len(c.Timestamp)-1 && (at%60 != 0 || !traded && c.Meta.MarketTime.isAt(at))
}

// shortBar is the i-th of the chart, without its start; false where a price is missing.
func (c *chart) shortBar(i int) (market.IntradayBar, bool) {
	if len(c.Indicators.Quote) == 0 {
		return market.IntradayBar{}, false
	}
	q := c.Indicators.Quote[0]
	open, high, low, last := c.shortPrice(q.Open, i), c.shortPrice(q.High, i), c.shortPrice(q.Low, i), c.shortPrice(q.Close, i)
	if open == nil || high == nil || low == nil || last == nil {
		return market.IntradayBar{}, false
	}
	bar := market.IntradayBar{Open: open, High: high, Low: low, Close: *last}
	if i < len(q.Volume) {
		bar.Volume = volume(q.Volume[i], c.Meta.Type, 0)
	}
	return bar, true
}

// shortPrice is the i-th of a column with two digits more than the hint says, which is all but noise; where that would
// leave little of a price below one, with as many as daily prices have.
func (c *chart) shortPrice(column []number, i int) *decimal.Decimal {
	price := c.price(column, i)
	if !price.Valid {
		return nil
	}
	value := price.Decimal
	if hint, ok := c.Meta.PriceHint.whole(0, 10); ok && value.GreaterThanOrEqual(decimal.NewFromInt(1)) {
		value = value.Round(int32(hint) + 2) // #nosec G115 -- at most 10
	}
	return &value
}
