package books

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// endOf is the last day of the fiscal year, which is called after the year it ends in.
func (r Registrant) endOf(fy int) calendar.Day { return r.endIn(fy, r.Ends) }

// endIn is the last day of a quarter that ends in the month.
func (r Registrant) endIn(year int, month time.Month) calendar.Day {
	day := calendar.Day{Year: year, Month: month + 1, Day: 1}.AddDays(-1)
	for r.LastDay != noDay && day.Weekday() != r.LastDay {
		day = day.AddDays(-1)
	}
	return day
}

// QuarterEnd is the last day of the nth quarter of the fiscal year.
func (r Registrant) QuarterEnd(fy, n int) calendar.Day {
	month, year := int(r.Ends)-3*(4-n), fy
	if month <= 0 {
		month, year = month+12, year-1
	}
	return r.endIn(year, time.Month(month))
}

// YearOf is the fiscal year and the number of the ith quarter.
func YearOf(i int) (fy, n int) { return FirstYear + i/4, i%4 + 1 }

// At is the index of the nth quarter of the fiscal year.
func At(fy, n int) int { return 4*(fy-FirstYear) + n - 1 }

// ResultsDay is when results of a quarter are told: on the 26th of the month after it, or the next session.
func ResultsDay(end calendar.Day) calendar.Day {
	return NextSession(calendar.Day{Year: end.Year, Month: end.Month + 1, Day: 26}.AddDays(0))
}

// ReportDay is when the annual report is filed: a week after the results.
func (c *Company) ReportDay(fy int) calendar.Day {
	days := 7
	if c.Foreign() {
		days = 30
	}
	return NextSession(ResultsDay(c.QuarterEnd(fy, 4)).AddDays(days))
}
