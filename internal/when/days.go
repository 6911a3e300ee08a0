package when

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// unit is what time is counted in.
type unit uint8

const (
	days  unit = iota
	hours      // of which only the days they reach into count
	tradingDays
	weekday
	weeks
	fortnights
	months
	quarters
	halves
	years
	decades
)

// amount is a number of units, negative into the past.
type amount struct {
	n    int
	unit unit
}

// from is the day that lies the amount from another one.
func (a amount) from(day calendar.Day) calendar.Day {
	switch a.unit {
	case hours:
		return day.AddDays(a.n / 24)
	case tradingDays:
		return addSessions(day, a.n)
	case weeks:
		return day.AddDays(7 * a.n)
	case fortnights:
		return day.AddDays(14 * a.n)
	case months:
		return addMonths(day, a.n)
	case quarters:
		return addMonths(day, 3*a.n)
	case halves:
		return addMonths(day, 6*a.n)
	case years:
		return addMonths(day, 12*a.n)
	case decades:
		return addMonths(day, 120*a.n)
	}
	return day.AddDays(a.n)
}

// addSessions is the day of the nth session after a day, or before it.
func addSessions(day calendar.Day, n int) calendar.Day {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for ; n > 0; n-- {
		day = day.AddDays(step)
		for !calendar.IsTradingDay(day) {
			day = day.AddDays(step)
		}
	}
	return day
}

// addMonths keeps the day of the month, or takes the month's last where it has no such day.
func addMonths(day calendar.Day, n int) calendar.Day {
	months := day.Year*12 + int(day.Month) - 1 + n
	year, month := months/12, time.Month(months%12+1)
	return calendar.Day{Year: year, Month: month, Day: min(day.Day, lengthOf(year, month))}
}

func lengthOf(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// inYear is the same day of another year.
func inYear(day calendar.Day, year int) calendar.Day {
	return calendar.Day{Year: year, Month: day.Month, Day: min(day.Day, lengthOf(year, day.Month))}
}

func mondayOf(day calendar.Day) calendar.Day { return day.AddDays(-(int(day.Weekday()) + 6) % 7) }

// onOrAfter is the first such weekday from the day on.
func onOrAfter(day calendar.Day, w time.Weekday) calendar.Day {
	return day.AddDays((int(w) - int(day.Weekday()) + 7) % 7)
}

func onOrBefore(day calendar.Day, w time.Weekday) calendar.Day {
	return day.AddDays(-((int(day.Weekday()) - int(w) + 7) % 7))
}

func monthOf(year int, month time.Month) period {
	return period{calendar.Day{Year: year, Month: month, Day: 1}, calendar.Day{Year: year, Month: month, Day: lengthOf(year, month)}, months, fixed}
}

func quarterOf(year, quarter int) period {
	last := time.Month(3 * quarter)
	return period{calendar.Day{Year: year, Month: last - 2, Day: 1}, calendar.Day{Year: year, Month: last, Day: lengthOf(year, last)}, quarters, fixed}
}

func halfOf(year, half int) period {
	return period{quarterOf(year, 2*half-1).from, quarterOf(year, 2*half).to, halves, fixed}
}

func yearOf(year int) period {
	return period{calendar.Day{Year: year, Month: time.January, Day: 1}, calendar.Day{Year: year, Month: time.December, Day: 31}, years, fixed}
}

func dayPeriod(day calendar.Day) period { return period{day, day, days, fixed} }

// around is the whole unit that a day lies in.
func around(day calendar.Day, u unit) period {
	switch u {
	case weeks:
		monday := mondayOf(day)
		return period{monday, monday.AddDays(6), weeks, fixed}
	case fortnights:
		monday := mondayOf(day)
		return period{monday, monday.AddDays(13), weeks, fixed}
	case months:
		return monthOf(day.Year, day.Month)
	case quarters:
		return quarterOf(day.Year, (int(day.Month)+2)/3)
	case halves:
		return halfOf(day.Year, (int(day.Month)+5)/6)
	case years:
		return yearOf(day.Year)
	case decades:
		first := day.Year - day.Year%10
		return period{yearOf(first).from, yearOf(first + 9).to, decades, fixed}
	}
	return dayPeriod(day)
}

// weekNumbered is the week of a year by ISO 8601: the first one holds the year's first Thursday.
func weekNumbered(year, n int) period {
	first := mondayOf(calendar.Day{Year: year, Month: time.January, Day: 4})
	return around(first.AddDays(7*(n-1)), weeks)
}

// easter is Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8).
func easter(year int) calendar.Day {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return calendar.Day{Year: year, Month: time.Month(n / 31), Day: n%31 + 1}
}
