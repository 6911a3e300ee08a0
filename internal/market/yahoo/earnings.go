package yahoo

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

var newYork = calendar.NewYork()

// earningsModule has what shares earned and companies took in by the calendar's quarters: "1Q2024" ends on 31 March.
type earningsModule struct {
	Shares struct {
		Quarters []struct {
			Quarter  text   `json:"date"`
			Actual   figure `json:"actual"`
			Estimate figure `json:"estimate"`
		} `json:"quarterly"`
	} `json:"earningsChart"`
	Company struct {
		Quarters []struct {
			Quarter text   `json:"date"`
			Revenue figure `json:"revenue"`
		} `json:"quarterly"`
	} `json:"financialsChart"`
	Currency text `json:"financialCurrency"`
}

// pastModule has what shares earned, by the quarters' last days.
type pastModule struct {
	History []struct {
		Actual   figure `json:"epsActual"`
		Estimate figure `json:"epsEstimate"`
		Percent  figure `json:"surprisePercent"` // a fraction
		End      figure `json:"quarter"`         // Unix seconds
		Currency text   `json:"currency"`
	} `json:"history"`
}

type trendModule struct {
	Trend []struct {
		Period text `json:"period"` // 0q is the quarter of which the next report is
		Shares struct {
			Mean     figure `json:"avg"`
			Currency text   `json:"earningsCurrency"`
		} `json:"earningsEstimate"`
		Revenue struct {
			Mean     figure `json:"avg"`
			Currency text   `json:"revenueCurrency"`
		} `json:"revenueEstimate"`
	} `json:"trend"`
}

type calendarModule struct {
	Earnings struct {
		Dates    []figure `json:"earningsDate"` // one, or the first and the last of a span
		Guessed  bool     `json:"isEarningsDateEstimate"`
		Estimate figure   `json:"earningsAverage"`
		Revenue  figure   `json:"revenueAverage"`
	} `json:"earnings"`
}

// Earnings are those of up to four quarters. Yahoo counts quarters by the calendar, so that which of the fiscal year they
// are is not said.
func (s *Source) Earnings(ctx context.Context, symbol string) (market.Earnings, error) {
	all, now, err := s.summaryOf(ctx, symbol, "earnings", "earningsHistory", "earningsTrend", "calendarEvents")
	if err != nil {
		return market.Earnings{}, err
	}
	e := market.Earnings{Symbol: symbol, Currency: all.earningsCurrency(), Source: s.Name(), FetchedAt: now}
	e.Quarters = all.quarters(e.Currency, now)
	e.Next = all.nextReport(e.Currency, now)
	return e, nil
}

// earningsCurrency is the one of the last quarter's earnings, or of the accounts. What is in another one is left out.
func (s *summary) earningsCurrency() string {
	for _, h := range slices.Backward(s.Past.is.History) {
		if h.Currency != "" {
			return wholeUnit(h.Currency)
		}
	}
	return wholeUnit(s.Earnings.is.Currency)
}

// quarters joins what two modules say: earnings by last days and revenue by the calendar's quarters, which are one quarter
// where a third list gives the quarter of the calendar the same earnings.
func (s *summary) quarters(currency string, now time.Time) []market.Quarter {
	revenues := s.revenues(currency)
	quarters := []market.Quarter{}
	for _, h := range s.Past.is.History {
		at, ok := h.End.whole(1, now.Unix())
		if !ok || h.Currency != "" && wholeUnit(h.Currency) != currency {
			continue
		}
		q := market.Quarter{
			PeriodEnd: dayIn(time.UTC, time.Unix(at, 0)), EPSActual: amountIn(h.Actual.number, h.Currency, number{}),
			EPSEstimate: amountIn(h.Estimate.number, h.Currency, number{}), SurprisePercent: h.Percent.percent(),
		}
		if q.EPSActual != nil && q.EPSEstimate != nil {
			surprise := q.EPSActual.Sub(*q.EPSEstimate)
			q.Surprise = &surprise
		}
		if quarter, ok := s.calendarQuarter(h.Actual, h.Estimate, q.PeriodEnd); ok {
			q.RevenueActual = revenues[quarter]
			delete(revenues, quarter)
		}
		if q.EPSActual != nil || q.EPSEstimate != nil || q.RevenueActual != nil {
			quarters = append(quarters, q)
		}
	}
	for quarter, revenue := range revenues {
		if end, ok := quarterEnd(quarter); ok && !calendar.DayOf(now).Before(end) && !isNear(quarters, end) {
			quarters = append(quarters, market.Quarter{PeriodEnd: end, RevenueActual: revenue})
		}
	}
	slices.SortFunc(quarters, func(a, b market.Quarter) int { return b.PeriodEnd.Compare(a.PeriodEnd) })
	return slices.CompactFunc(quarters, func(a, b market.Quarter) bool { return a.PeriodEnd == b.PeriodEnd })
}

// calendarQuarter is the one with these earnings. Several may have the same, and then it is that which ends nearest to the
// day.
func (s *summary) calendarQuarter(actual, estimate figure, day calendar.Day) (nearest text, found bool) {
	least := int32(0)
	for _, c := range s.Earnings.is.Shares.Quarters {
		end, ok := quarterEnd(c.Quarter)
		if !ok || !same(c.Actual, actual) || !same(c.Estimate, estimate) {
			continue
		}
		if apart := max(end.Number(), day.Number()) - min(end.Number(), day.Number()); !found || apart < least {
			nearest, found, least = c.Quarter, true, apart
		}
	}
	return nearest, found
}

// revenues are those above zero by the calendar's quarter.
func (s *summary) revenues(currency string) map[text]*decimal.Decimal {
	found := map[text]*decimal.Decimal{}
	if string(s.Earnings.is.Currency) != currency {
		return found
	}
	for _, q := range s.Earnings.is.Company.Quarters {
		if revenue := q.Revenue.positive(0); revenue != nil {
			found[q.Quarter] = revenue
		}
	}
	return found
}

func same(a, b figure) bool { return a.value != nil && b.value != nil && a.value.Equal(*b.value) }

// quarterEnd is the last day of "1Q2024".
func quarterEnd(quarter text) (calendar.Day, bool) {
	number, year, ok := strings.Cut(string(quarter), "Q")
	q, errQ := strconv.Atoi(number)
	y, errY := strconv.Atoi(year)
	if !ok || errQ != nil || errY != nil || q < 1 || q > 4 || y < 1900 || y > 9000 {
		return calendar.Day{}, false
	}
	return calendar.Day{Year: y, Month: time.Month(3*q + 1), Day: 1}.AddDays(-1), true
}

// isNear tells whether one of the quarters ends too close to the day for the two to be different ones.
func isNear(quarters []market.Quarter, end calendar.Day) bool {
	const apart = 60
	return slices.ContainsFunc(quarters, func(q market.Quarter) bool {
		days := q.PeriodEnd.Number() - end.Number()
		return days > -apart && days < apart
	})
}

// nextReport is the one to come; nil where Yahoo knows of none, or still has the last.
func (s *summary) nextReport(currency string, now time.Time) *market.NextEvent {
	event := s.Calendar.is.Earnings
	var times []time.Time
	for _, date := range event.Dates {
		if at, ok := date.whole(1, lastSecond); ok {
			times = append(times, time.Unix(at, 0))
		}
	}
	zone := s.zone()
	if len(times) == 0 || dayIn(zone, slices.MaxFunc(times, time.Time.Compare)).Before(dayIn(zone, now)) {
		return nil
	}
	slices.SortFunc(times, time.Time.Compare)
	next := &market.NextEvent{From: dayIn(zone, times[0]), To: dayIn(zone, times[len(times)-1])}
	if next.From == next.To && !event.Guessed && zone.String() == newYork.String() {
		next.When = whenOf(times[0])
	}
	shares, revenue := s.expected(currency)
	next.EPSEstimate, next.Revenue = firstOf(told(event.Estimate, ratioDigits+2), shares), firstOf(told(event.Revenue, 0), revenue)
	return next
}

// whenOf tells where in New York's day a report comes.
func whenOf(at time.Time) string {
	opens, closes, trades := calendar.Session(calendar.DayOf(at))
	switch {
	case !trades:
		return ""
	case at.Before(opens):
		return "before"
	case at.Before(closes):
		return "during"
	}
	return "after"
}

// expected are the means of what analysts expect of the quarter of the next report.
func (s *summary) expected(currency string) (shares, revenue *decimal.Decimal) {
	for _, t := range s.Trend.is.Trend {
		if t.Period != "0q" {
			continue
		}
		if wholeUnit(t.Shares.Currency) == currency {
			shares = told(t.Shares.Mean, ratioDigits+2)
		}
		if wholeUnit(t.Revenue.Currency) == currency {
			revenue = told(t.Revenue.Mean, 0)
		}
	}
	return shares, revenue
}

// told is a figure that is not zero, with which Yahoo says that nobody expects anything.
func told(f figure, places int32) *decimal.Decimal {
	if value := f.rounded(places); value != nil && !value.IsZero() {
		return value
	}
	return nil
}
