package paper

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// endOf is the last day of the fiscal year, which is called after the year it ends in.
func (r Registrant) endOf(fy int) calendar.Day { return r.endIn(fy, r.ends) }

// endIn is the last day of a quarter that ends in the month.
func (r Registrant) endIn(year int, month time.Month) calendar.Day {
	day := calendar.Day{Year: year, Month: month + 1, Day: 1}.AddDays(-1)
	for r.lastDay != noDay && day.Weekday() != r.lastDay {
		day = day.AddDays(-1)
	}
	return day
}

// quarterEnd is the last day of the nth quarter of the fiscal year.
func (r Registrant) quarterEnd(fy, n int) calendar.Day {
	month, year := int(r.ends)-3*(4-n), fy
	if month <= 0 {
		month, year = month+12, year-1
	}
	return r.endIn(year, time.Month(month))
}

// yearOf is the fiscal year and the number of the ith quarter.
func yearOf(i int) (fy, n int) { return firstYear + i/4, i%4 + 1 }

// at is the index of the nth quarter of the fiscal year.
func at(fy, n int) int { return 4*(fy-firstYear) + n - 1 }

// resultsDay is when results of a quarter are told: on the 26th of the month after it, or the next session.
func resultsDay(end calendar.Day) calendar.Day {
	return nextSession(calendar.Day{Year: end.Year, Month: end.Month + 1, Day: 26}.AddDays(0))
}

// long is a day as reports write it: September 27, 2025.
func long(day calendar.Day) string { return clock(day).Format("January 2, 2006") }

func clock(day calendar.Day) time.Time {
	return time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
}
