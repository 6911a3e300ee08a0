package research

import (
	"regexp"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

const (
	day = 24 * time.Hour
	// freshNotOffered is how long nobody asks again for what a source's plan does not include.
	freshNotOffered = 6 * time.Hour
	// freshUnknown is how long nobody asks again for a symbol that a source does not know.
	freshUnknown = 10 * time.Minute
	// believed is how long what a source said stands, as stale, when it knows the symbol no more; freshMissed is how long
	// it is not asked again then.
	believed    = 3 * day
	freshMissed = 30 * time.Minute
	// freshTrading is how long metrics are fresh while New York trades: a part of them moves with the price.
	freshTrading = time.Hour
	// freshReporting is how long earnings are fresh while the report is awaited, freshReported around it.
	freshReporting = 15 * time.Minute
	freshReported  = time.Hour
	freshNews      = 15 * time.Minute
	freshBars      = time.Minute
	// waited is how long somebody waits for what is fresh where what is stale misleads.
	waited = 4 * time.Second
)

// forADay is for what hardly changes.
func forADay[V any](_ V, fetchedAt time.Time) time.Time { return fetchedAt.Add(day) }

func newsUntil(_ []market.Story, fetchedAt time.Time) time.Time { return fetchedAt.Add(freshNews) }

// metricsUntil is an hour while New York trades, and else when it opens, a day at most: the figures that come from reports
// stand longer, and those that move with the price do not move before.
func metricsUntil(_ market.Metrics, fetchedAt time.Time) time.Time {
	if until := priceUntil(fetchedAt, freshTrading); until.Before(fetchedAt.Add(day)) {
		return until
	}
	return fetchedAt.Add(day)
}

// priceUntil is until when what depends on New York's prices holds: for a while in its hours and until its close has
// settled, and from then on until it opens.
func priceUntil(fetchedAt time.Time, trading time.Duration) time.Time {
	if calendar.Open(fetchedAt) {
		return fetchedAt.Add(trading)
	}
	if settled := calendar.LastClose(fetchedAt).Add(market.Settling); fetchedAt.Before(settled) {
		return settled
	}
	return calendar.NextOpen(fetchedAt)
}

// earningsUntil is a day, and less from the day before a report is due until two days after: then somebody may wait for it.
func earningsUntil(e market.Earnings, fetchedAt time.Time) time.Time {
	if e.Next == nil {
		return fetchedAt.Add(day)
	}
	today := calendar.DayOf(fetchedAt)
	const after = 2
	switch {
	case today.Before(e.Next.From.AddDays(-1)): // a day from now is not yet the day
		return fetchedAt.Add(day)
	case today.Before(e.Next.From):
		return e.Next.From.At(0, 0)
	case !e.Next.To.Before(today):
		return fetchedAt.Add(freshReporting)
	case !e.Next.To.AddDays(after).Before(today):
		return fetchedAt.Add(freshReported)
	}
	return fetchedAt.Add(day)
}

// barsUntil is a day for those of days that are over, and a minute while they grow.
func barsUntil(b barsOfDays, fetchedAt time.Time) time.Time {
	if b.Last.Before(calendar.DayOf(fetchedAt)) {
		return fetchedAt.Add(day)
	}
	if b.Currency != "USD" || market.IsAbroad(b.Symbol) || roundTheClock.MatchString(b.Symbol) { // we do not know when they rest
		return fetchedAt.Add(freshBars)
	}
	return priceUntil(fetchedAt, freshBars)
}

// roundTheClock is what trades, or nearly, at all hours: BTC-USD, EURUSD=X and ES=F.
var roundTheClock = regexp.MustCompile(`(-[A-Z]{3,4}|=[XF])$`)
