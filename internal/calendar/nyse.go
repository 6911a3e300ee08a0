package calendar

import (
	"slices"
	"sync"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/us"
)

// The years whose holidays are worked out in advance; beyond them only weekends are known to be closed.
const firstYear, lastYear = 2000, 2099

// table holds the days that differ from an ordinary Monday to Friday.
type table struct {
	closed map[Day]bool
	early  map[Day]bool
}

// sessions is built at first use and never changes, so that readers need no lock.
var sessions = sync.OnceValue(func() table {
	t := table{closed: map[Day]bool{}, early: map[Day]bool{}}
	for year := firstYear; year <= lastYear; year++ {
		for _, holiday := range holidays() {
			if _, observed := holiday.Calc(year); !observed.IsZero() {
				t.closed[dateOf(observed)] = true
			}
		}
	}
	for _, day := range specialClosures() {
		t.closed[day] = true
	}
	for year := firstYear; year <= lastYear; year++ {
		for _, day := range earlyCloses(year) {
			// A holiday moved onto the eve (Christmas on a Saturday) closes it altogether.
			if !t.closed[day] && isWeekday(day) {
				t.early[day] = true
			}
		}
	}
	return t
})

// holidays are the ones of NYSE Rule 7.2. They differ from the federal ones: no Columbus and Veterans Day, Good Friday
// instead; and a New Year's Day on a Saturday is not moved back into the old year.
func holidays() []*cal.Holiday {
	newYear := us.NewYear.Clone(&cal.Holiday{Observed: []cal.AltDay{{Day: time.Sunday, Offset: 1}}})
	juneteenth := us.Juneteenth.Clone(&cal.Holiday{StartYear: 2022}) // the exchange followed a year after the law
	return []*cal.Holiday{
		newYear, us.MlkDay, us.PresidentsDay, aa.GoodFriday, us.MemorialDay, juneteenth,
		us.IndependenceDay, us.LaborDay, us.ThanksgivingDay, us.ChristmasDay,
	}
}

// specialClosures are the days the exchange stayed closed out of respect or need.
func specialClosures() []Day {
	return []Day{
		{2025, time.January, 9}, // mourning for President Carter
	}
}

// earlyCloses are the days of the year with a session up to 13:00, as far as they are not closed.
func earlyCloses(year int) []Day {
	days := []Day{{year, time.December, 24}}
	if _, afterThanksgiving := us.DayAfterThanksgivingDay.Calc(year); !afterThanksgiving.IsZero() {
		days = append(days, dateOf(afterThanksgiving))
	}
	// The eve of Independence Day is short when both are weekdays: not before a Friday's or after a Sunday's substitute.
	independence := Day{year, time.July, 4}
	if slices.Contains([]time.Weekday{time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, independence.Weekday()) {
		days = append(days, independence.AddDays(-1))
	}
	return days
}

func isWeekday(d Day) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday }

// dateOf keeps the date of a time the holiday rules made, whatever zone they made it in.
func dateOf(t time.Time) Day { return Day{t.Year(), t.Month(), t.Day()} }
