// Package calendar knows when the New York Stock Exchange is open.
package calendar

import (
	"sync"
	"time"
	_ "time/tzdata" // New York's clock must be right on machines without a time zone database
)

// The regular session, as wall clock hours in New York.
const (
	openHour, openMinute = 9, 30
	closeHour            = 16
	earlyCloseHour       = 13
)

var newYork = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic("calendar: the embedded time zone database lacks New York: " + err.Error())
	}
	return loc
})

// NewYork is the exchange's time zone.
func NewYork() *time.Location { return newYork() }

// Open tells whether the regular session is on at t: from the opening bell, up to and without the closing one.
func Open(t time.Time) bool {
	opens, closes, ok := Session(DayOf(t))
	return ok && !t.Before(opens) && t.Before(closes)
}

// IsTradingDay tells whether there is a session on the day. Days from 2020 to 2030 are as the exchange held or announced
// them; the same rules, without special closures, answer for other years of this century.
func IsTradingDay(day Day) bool {
	return isWeekday(day) && !sessions().closed[day]
}

// Session is when the regular session of the day opens and closes, in New York time; ok is false when there is none.
func Session(day Day) (opens, closes time.Time, ok bool) {
	if !IsTradingDay(day) {
		return time.Time{}, time.Time{}, false
	}
	hour := closeHour
	if sessions().early[day] {
		hour = earlyCloseHour
	}
	return day.At(openHour, openMinute), day.At(hour, 0), true
}

// NextOpen is the first opening bell strictly after t.
func NextOpen(t time.Time) time.Time {
	for day := DayOf(t); ; day = day.AddDays(1) {
		if opens, _, ok := Session(day); ok && opens.After(t) {
			return opens
		}
	}
}

// NextClose is the first closing bell after t.
func NextClose(t time.Time) time.Time {
	for day := DayOf(t); ; day = day.AddDays(1) {
		if _, closes, ok := Session(day); ok && t.Before(closes) {
			return closes
		}
	}
}

// LastClose is the last closing bell at or before t.
func LastClose(t time.Time) time.Time {
	for day := DayOf(t); ; day = day.AddDays(-1) {
		if _, closes, ok := Session(day); ok && !closes.After(t) {
			return closes
		}
	}
}

// settling is how long after the bell closing prices can still change, by the auction and by brokerages that lag.
const settling = 15 * time.Minute

// Settled is when the prices of a close have come to rest: what is read from then on until the next opening is of it.
func Settled(closed time.Time) time.Time { return closed.Add(settling) }
