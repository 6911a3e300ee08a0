package paper

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// long is a day as reports write it: September 27, 2025.
func long(day calendar.Day) string { return clock(day).Format("January 2, 2006") }

func clock(day calendar.Day) time.Time {
	return time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
}
