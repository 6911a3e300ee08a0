package market

import (
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

const (
	// freshOpen is how long a quote is fresh while its market trades.
	freshOpen = time.Minute
	// freshElsewhere is how long the quote of a closed market is fresh whose hours we do not know: abroad, and where
	// currencies, futures and funds have theirs.
	freshElsewhere = 15 * time.Minute
	// freshUnknown is how long nobody is asked again for a symbol nobody knows.
	freshUnknown = 5 * time.Minute
	// freshMissed is how long nobody is asked again for a quote that was there before and just was not.
	freshMissed = time.Minute
	// believed is how long a quote stands against sources that answer without it, from when they first do.
	believed = 24 * time.Hour
	// Settling is how long after the bell the closing price can still come: from the auction, and from sources that lag.
	Settling = 30 * time.Minute
)

// freshUntil decides how long a quote need not be asked for again: a minute while its market trades; after the close
// of New York, once it has settled, until the next opening, since the regular price does not move before.
func freshUntil(q Quote, fetchedAt time.Time) time.Time {
	switch {
	case q.AssetClass == Crypto, q.MarketState == Regular:
		return fetchedAt.Add(freshOpen)
	case !keepsNewYorkHours(q):
		return fetchedAt.Add(freshElsewhere)
	case calendar.Open(fetchedAt):
		return fetchedAt.Add(freshOpen)
	}
	if settled := calendar.LastClose(fetchedAt).Add(Settling); fetchedAt.Before(settled) {
		return settled
	}
	return calendar.NextOpen(fetchedAt)
}

// newYorkClasses are what trades at New York's hours. What it has of currencies and futures trades nearly round the
// clock, and funds are priced in the evening. What is quoted in New York without a word of what it is, is one of these.
var newYorkClasses = []string{"equity", "etf", "option", "index", "other"}

func keepsNewYorkHours(q Quote) bool {
	return q.Currency == "USD" && !IsAbroad(q.Symbol) && slices.Contains(newYorkClasses, q.AssetClass)
}
