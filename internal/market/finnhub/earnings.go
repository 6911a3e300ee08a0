package finnhub

import (
	"context"
	"net/url"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// earned is one quarter of /stock/earnings, in any order.
type earned struct {
	Actual          number `json:"actual"`
	Estimate        number `json:"estimate"`
	Surprise        number `json:"surprise"`
	SurprisePercent number `json:"surprisePercent"`
	Period          text   `json:"period"` // the end of the quarter
	Quarter         number `json:"quarter"`
	Year            number `json:"year"`
}

// release is one report of /calendar/earnings, past or to come. Revenue is in whole units here.
type release struct {
	Date            text   `json:"date"`
	Hour            text   `json:"hour"`
	Actual          number `json:"epsActual"`
	Estimate        number `json:"epsEstimate"`
	RevenueActual   number `json:"revenueActual"`
	RevenueEstimate number `json:"revenueEstimate"`
	Quarter         number `json:"quarter"`
	Year            number `json:"year"`
}

const (
	// yearBack and halfYearAhead are how far the calendar is asked for: for revenue of the quarters, and the next report.
	yearBack, halfYearAhead = 400, 190
)

// Earnings are those of the last quarters, four on the free plan, and the next report. Finnhub does not say their
// currency. Who has nothing in either list may be unknown to it, too: that is an empty answer.
func (s *Source) Earnings(ctx context.Context, symbol string) (market.Earnings, error) {
	theirs, err := toFinnhub(symbol)
	if err != nil {
		return market.Earnings{}, err
	}
	quarters, err := s.quarters(ctx, theirs)
	if err != nil {
		return market.Earnings{}, err
	}
	now := s.now().UTC()
	today := calendar.DayOf(now)
	releases, err := s.releases(ctx, theirs, today)
	if err != nil && !fault.Is(err, fault.NotOffered) {
		return market.Earnings{}, err
	}
	for i := range quarters {
		addRevenue(&quarters[i], releases)
	}
	return market.Earnings{Symbol: symbol, Quarters: quarters, Next: nextOf(releases, today), Source: s.Name(), FetchedAt: now}, nil
}

func (s *Source) quarters(ctx context.Context, theirs string) ([]market.Quarter, error) {
	answer, err := s.get(ctx, "/stock/earnings", url.Values{"symbol": {theirs}}, "earnings")
	if err != nil {
		return nil, err
	}
	return readQuarters(answer)
}

// readQuarters puts the quarters that can be read in order, the newest first.
func readQuarters(answer *upstream.Answer) ([]market.Quarter, error) {
	var rows []row[earned]
	if err := answer.JSON(&rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, noAnswer(answer, nil, "earnings")
	}
	quarters := []market.Quarter{}
	for _, r := range rows {
		if q, ok := r.is.quarter(); ok {
			quarters = append(quarters, q)
		}
	}
	slices.SortStableFunc(quarters, func(a, b market.Quarter) int { return b.PeriodEnd.Compare(a.PeriodEnd) })
	return slices.CompactFunc(quarters, func(a, b market.Quarter) bool { return a.PeriodEnd == b.PeriodEnd }), nil
}

// quarter is false for a row of which nothing can be said, or not when.
func (e earned) quarter() (market.Quarter, bool) {
	end := e.Period.day()
	if end == nil || e.Actual.value == nil && e.Estimate.value == nil {
		return market.Quarter{}, false
	}
	q := market.Quarter{
		PeriodEnd: *end, EPSActual: e.Actual.rounded(digits), EPSEstimate: e.Estimate.rounded(digits),
		Surprise: e.Surprise.rounded(digits), SurprisePercent: e.SurprisePercent.rounded(digits),
	}
	q.FiscalYear, q.FiscalQuarter = fiscal(e.Year, e.Quarter)
	if q.EPSActual == nil || q.EPSEstimate == nil || q.Surprise != nil && q.Surprise.Sub(q.EPSActual.Sub(*q.EPSEstimate)).Abs().GreaterThan(cent) {
		q.Surprise, q.SurprisePercent = nil, nil // it is of other figures than these
	}
	return q, true
}

// cent is how far a surprise may be from the difference that it is.
var cent = decimal.New(1, -2)

// fiscal is a year and its quarter, or neither: Finnhub has 0 for a quarter that it does not know.
func fiscal(year, quarter number) (*int, *int) {
	y, dated := year.whole(1900, 2200)
	q, ok := quarter.whole(1, 4)
	if !dated || !ok {
		return nil, nil
	}
	return new(int(y)), new(int(q))
}

func (s *Source) releases(ctx context.Context, theirs string, today calendar.Day) ([]release, error) {
	answer, err := s.get(ctx, "/calendar/earnings", url.Values{
		"symbol": {theirs}, "from": {today.AddDays(-yearBack).String()}, "to": {today.AddDays(halfYearAhead).String()},
	}, "the calendar of earnings")
	if err != nil {
		return nil, err
	}
	return readReleases(answer)
}

func readReleases(answer *upstream.Answer) ([]release, error) {
	var body struct {
		Rows []row[release] `json:"earningsCalendar"`
	}
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	if body.Rows == nil {
		return nil, noAnswer(answer, nil, "calendar of earnings")
	}
	var all []release
	for _, r := range body.Rows {
		all = append(all, r.is)
	}
	return all, nil
}

// addRevenue takes the revenue of a quarter from its report.
func addRevenue(q *market.Quarter, releases []release) {
	for _, r := range releases {
		year, quarter := fiscal(r.Year, r.Quarter)
		if year != nil && q.FiscalYear != nil && *year == *q.FiscalYear && *quarter == *q.FiscalQuarter {
			q.RevenueActual, q.RevenueEstimate = r.RevenueActual.positive(0), r.RevenueEstimate.positive(0)
			return
		}
	}
}

// hours says Finnhub's words for the time of a report in ours.
var hours = map[text]string{"bmo": "before", "amc": "after", "dmh": "during"}

// nextOf is the first report that is to come; nil where none is known.
func nextOf(releases []release, today calendar.Day) *market.NextEvent {
	var next *market.NextEvent
	for _, r := range releases {
		day := r.Date.day()
		if day == nil || day.Before(today) || r.Actual.value != nil || next != nil && !day.Before(next.From) {
			continue
		}
		next = &market.NextEvent{
			From: *day, To: *day, When: hours[r.Hour], EPSEstimate: r.Estimate.rounded(digits), Revenue: r.RevenueEstimate.positive(0),
		}
	}
	return next
}
