package portfolio

import (
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
)

// What is decided here: whether a stored value may be old news, and whether its price is of today. Crypto is judged by the
// plain clock, since it trades at any hour; cash and everything else by New York's. Who is read when, so that a working
// brokerage's values never become old, is decided in package syncs.

// staleAfter is two slots of the periodic sync: one may be late without anything being wrong.
const staleAfter = 30 * time.Minute

// stale tells whether the link's cash and values may be old news, crypto apart.
func (l link) stale(now time.Time) bool {
	return l.broken() || !freshInNewYork(*l.syncedAt, now)
}

// staleFor tells whether the link's values of instruments of the class may be old news.
func (l link) staleFor(class broker.AssetClass, now time.Time) bool {
	if class == broker.Crypto {
		return l.broken() || now.Sub(*l.syncedAt) > staleAfter
	}
	return l.stale(now)
}

// staleCrypto tells whether the link holds crypto, and that is all of it that may be old news.
func (l link) staleCrypto(now time.Time) bool {
	return !l.stale(now) && l.staleFor(broker.Crypto, now) && slices.ContainsFunc(l.accounts, account.holdsCrypto)
}

// broken tells whether the link's values are old news at any age: it does not work, or was never read.
func (l link) broken() bool {
	return l.status != connection.Active || l.syncedAt == nil
}

// freshInNewYork tells whether what was read then is still the news. While New York trades it is so for staleAfter; while
// it is closed, and in the first half hour of a session, what was read after the last close had settled is, too.
func freshInNewYork(read, now time.Time) bool {
	if now.Sub(read) <= staleAfter {
		return true
	}
	lastClose := calendar.LastClose(now)
	if calendar.Open(now) && now.Sub(calendar.NextOpen(lastClose)) > staleAfter {
		return false
	}
	return !read.Before(calendar.Settled(lastClose))
}

// ofToday tells whether a price read then is of the current day, so that its change since the previous close is today's.
// The times between one opening of New York and the next belong to one trading day. Crypto has no close: the previous
// one is the price at midnight UTC, as those who quote it have it, and the day is UTC's.
func ofToday(class broker.AssetClass, read, now time.Time) bool {
	if class == broker.Crypto {
		const day = 24 * time.Hour // UTC has no other, and Truncate counts in it
		return read.Truncate(day).Equal(now.Truncate(day))
	}
	return calendar.NextOpen(read).Equal(calendar.NextOpen(now))
}
