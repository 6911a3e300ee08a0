package yahoo

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// chart is one result of /v8/finance/chart, as far as it is used. In the columns any value may be missing.
type chart struct {
	Meta struct {
		Symbol    text   `json:"symbol"`
		Currency  text   `json:"currency"`
		Type      text   `json:"instrumentType"`
		Zone      text   `json:"exchangeTimezoneName"`
		Offset    number `json:"gmtoffset"` // seconds
		PriceHint number `json:"priceHint"`
		// MarketTime is when the last trade was.
		MarketTime number `json:"regularMarketTime"`
		Period     struct {
			Regular struct {
				Start number `json:"start"` // Unix seconds, as all times here
				End   number `json:"end"`
			} `json:"regular"`
		} `json:"currentTradingPeriod"`
	} `json:"meta"`
	Timestamp  []number `json:"timestamp"` // when trading began on the day
	Indicators struct {
		Quote []struct {
			Open   []number `json:"open"`
			High   []number `json:"high"`
			Low    []number `json:"low"`
			Close  []number `json:"close"`
			Volume []number `json:"volume"`
		} `json:"quote"`
		Adjusted []struct {
			Close []number `json:"adjclose"`
		} `json:"adjclose"`
	} `json:"indicators"`
	Events struct {
		Dividends map[string]struct {
			Date   number `json:"date"`
			Amount number `json:"amount"`
		} `json:"dividends"`
		Splits map[string]splitEvent `json:"splits"`
	} `json:"events"`
}

// splitEvent makes Numerator shares of Denominator ones.
type splitEvent struct {
	Date        number `json:"date"`
	Numerator   number `json:"numerator"`
	Denominator number `json:"denominator"`
	Ratio       text   `json:"splitRatio"` // 4:1
}

// History asks for daily bars.
func (s *Source) History(ctx context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	c, err := s.chart(ctx, symbol, url.Values{
		"interval": {"1d"}, "events": {"div,splits"},
		// A day more on both sides: days are other hours elsewhere.
		"period1": {strconv.FormatInt(int64(first.Number()-1)*daySeconds, 10)},
		"period2": {strconv.FormatInt(int64(last.Number()+2)*daySeconds, 10)},
	})
	if err != nil {
		return market.History{}, err
	}
	now := s.now().UTC()
	h, err := c.history(first, last, now)
	h.Symbol, h.Source, h.FetchedAt = symbol, s.Name(), now
	return h, err
}

// chart asks for a chart, which needs no session.
func (s *Source) chart(ctx context.Context, symbol string, query url.Values) (chart, error) {
	answer, err := s.openly(ctx, "/v8/finance/chart/"+url.PathEscape(toYahoo(symbol)), query, "GET /v8/finance/chart")
	if err != nil {
		return chart{}, err
	}
	return readChart(answer)
}

const daySeconds = 24 * 60 * 60

// errNoHistory is what Yahoo's ways to say that there is none come to.
func errNoHistory() error {
	return fault.New(fault.UnknownSymbol, "Yahoo has no past prices of this symbol")
}

// errForgotten is the error of bars of long ago.
func errForgotten() error {
	return fault.New(fault.NotOffered, "Yahoo does not keep bars as short as these for so long; ask for longer ones, or later days")
}

// readChart tells a symbol Yahoo does not know, and bars it does not keep, from answers that say nothing, as one does of
// which not even the symbol can be read.
func readChart(answer *upstream.Answer) (chart, error) {
	body, problem, err := unwrap(answer, "chart")
	switch {
	case problem != nil && (answer.Status == http.StatusNotFound || strings.HasPrefix(string(problem.Description), "Data doesn't exist")):
		return chart{}, errNoHistory()
	case problem != nil && answer.Status == http.StatusUnprocessableEntity:
		return chart{}, errForgotten()
	}
	if failed := answer.Fault("past prices"); failed != nil {
		return chart{}, failed
	}
	if err != nil {
		return chart{}, err
	}
	var charts []chart
	if err := json.Unmarshal(body, &charts); err != nil || problem != nil || len(charts) != 1 || charts[0].Meta.Symbol == "" {
		return chart{}, answer.Useless(fault.Wrap(fault.UpstreamFailed, err, "Yahoo's answer holds no past prices; try again later"))
	}
	return charts[0], nil
}

// history turns a chart into a history. Without a currency nothing can be said of a price.
func (c *chart) history(first, last calendar.Day, now time.Time) (market.History, error) {
	if c.Meta.Currency == "" {
		return market.History{}, errNoHistory()
	}
	zone := c.zone()
	if today := dayIn(zone, now); today.Before(last) {
		last = today
	}
	over := c.lastOver(zone, now)
	h := market.History{Currency: wholeUnit(c.Meta.Currency)}
	within := func(n number) (calendar.Day, bool) {
		at, ok := n.whole(math.MinInt32, lastSecond)
		day := dayIn(zone, time.Unix(at, 0))
		return day, ok && !day.Before(first) && !last.Before(day)
	}
	for i, stamp := range c.Timestamp {
		day, ok := within(stamp)
		bar, priced := c.bar(i)
		if !ok || !priced || over.Before(day) {
			continue
		}
		bar.Day = day
		n := len(h.Bars)
		switch {
		case n == 0 || h.Bars[n-1].Day.Before(day):
			h.Bars = append(h.Bars, bar)
		case h.Bars[n-1].Day == day: // the day's last trade behind its bar
			h.Bars[n-1] = bar
		}
	}
	h.Dividends = c.dividends(within)
	var err error
	h.Splits, err = c.splits(within)
	return h, err
}

// zone is the exchange's. Only its name knows about summers past; the offset is today's.
func (c *chart) zone() *time.Location {
	if zone, err := time.LoadLocation(string(c.Meta.Zone)); err == nil && c.Meta.Zone != "" {
		return zone
	}
	offset, _ := c.Meta.Offset.whole(-daySeconds, daySeconds)
	return time.FixedZone("", int(offset))
}

func dayIn(zone *time.Location, t time.Time) calendar.Day {
	year, month, day := t.In(zone).Date()
	return calendar.Day{Year: year, Month: month, Day: day}
}

// lastOver is the last day of the exchange whose price cannot change any more: today once its session has settled.
func (c *chart) lastOver(zone *time.Location, now time.Time) calendar.Day {
	today := dayIn(zone, now)
	start, ok := c.Meta.Period.Regular.Start.whole(1, lastSecond)
	end, ends := c.Meta.Period.Regular.End.whole(1, lastSecond)
	if ok && ends && dayIn(zone, time.Unix(start, 0)) == today && !now.Before(time.Unix(end, 0).Add(market.Settling)) {
		return today
	}
	return today.AddDays(-1)
}

// bar is the i-th of the chart, without its day; false where the close is missing.
func (c *chart) bar(i int) (market.Bar, bool) {
	if len(c.Indicators.Quote) == 0 {
		return market.Bar{}, false
	}
	q := c.Indicators.Quote[0]
	last := c.price(q.Close, i)
	b := market.Bar{Open: c.price(q.Open, i), High: c.price(q.High, i), Low: c.price(q.Low, i), Close: last.Decimal}
	if len(c.Indicators.Adjusted) > 0 {
		b.Total = c.price(c.Indicators.Adjusted[0].Close, i)
	}
	if i < len(q.Volume) {
		b.Volume = volume(q.Volume[i], c.Meta.Type, 0)
	}
	return b, last.Valid
}

// price is the i-th of a column in whole units of the currency; invalid where it is missing or nothing.
func (c *chart) price(column []number, i int) decimal.NullDecimal {
	if i >= len(column) {
		return decimal.NullDecimal{}
	}
	value := amountIn(column[i].narrow(), c.Meta.Currency, c.Meta.PriceHint)
	if value == nil || !value.IsPositive() {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(*value)
}

// dividends adds up those of one day; one without an amount says nothing.
func (c *chart) dividends(within func(number) (calendar.Day, bool)) []market.Dividend {
	byDay := map[calendar.Day]decimal.Decimal{}
	for _, e := range c.Events.Dividends {
		if day, ok := within(e.Date); ok {
			if amount := amountIn(e.Amount, c.Meta.Currency, c.Meta.PriceHint); amount != nil {
				byDay[day] = byDay[day].Add(*amount)
			}
		}
	}
	var all []market.Dividend
	for _, day := range slices.SortedFunc(maps.Keys(byDay), calendar.Day.Compare) {
		if byDay[day].IsPositive() {
			all = append(all, market.Dividend{Day: day, Amount: byDay[day]})
		}
	}
	return all
}

// splits are an UpstreamFailed where one cannot be read: without it, prices would be taken for what they are not.
func (c *chart) splits(within func(number) (calendar.Day, bool)) ([]market.Split, error) {
	var all []market.Split
	for _, e := range c.Events.Splits {
		from, to := e.shares()
		day, ok := within(e.Date)
		if e.Date.value == nil || !from.IsPositive() || !to.IsPositive() {
			return nil, fault.New(fault.UpstreamFailed, "Yahoo's answer tells of a split that cannot be read; try again later")
		}
		if ok && !from.Equal(to) {
			all = append(all, market.Split{Day: day, From: from, To: to})
		}
	}
	slices.SortFunc(all, func(a, b market.Split) int { return a.Day.Compare(b.Day) })
	return all, nil
}

// shares are the two numbers of a split, or those of its ratio; zero where neither can be read.
func (e splitEvent) shares() (from, to decimal.Decimal) {
	if e.Numerator.value == nil || e.Denominator.value == nil {
		before, after, _ := strings.Cut(string(e.Ratio), ":")
		_ = json.Unmarshal([]byte(before), &e.Numerator)
		_ = json.Unmarshal([]byte(after), &e.Denominator)
	}
	if e.Numerator.value == nil || e.Denominator.value == nil {
		return decimal.Zero, decimal.Zero
	}
	return *e.Denominator.value, *e.Numerator.value
}
