package calendar

import (
	"fmt"
	"time"
)

// Day is a date on New York's calendar. Days can be compared with == and used as map keys.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf is the day it is in New York at t.
func DayOf(t time.Time) Day {
	year, month, day := t.In(newYork()).Date()
	return Day{year, month, day}
}

// ParseDay reads "2006-01-02".
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("not a day of the form YYYY-MM-DD: %w", err)
	}
	return Day{t.Year(), t.Month(), t.Day()}, nil
}

// String is "2006-01-02".
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// At is the moment New York's clocks show the hour and minute on the day.
func (d Day) At(hour, minute int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, newYork())
}

// AddDays is the day n calendar days later, or earlier when n is negative.
func (d Day) AddDays(n int) Day {
	// UTC has no missing hours, so that adding days is exact.
	t := time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC)
	return Day{t.Year(), t.Month(), t.Day()}
}

// Before tells whether d comes before other.
func (d Day) Before(other Day) bool { return d.Compare(other) < 0 }

// Compare is -1, 0 or 1 as d comes before, is, or comes after other.
func (d Day) Compare(other Day) int { return d.utc().Compare(other.utc()) }

// Weekday is the day of the week.
func (d Day) Weekday() time.Weekday { return d.utc().Weekday() }

func (d Day) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// MarshalText makes a day "2006-01-02" in JSON, also as an object's key.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Day) UnmarshalText(text []byte) error {
	day, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}

// Number counts the days since 1970-01-01, so that days can be compared, stored and counted quickly.
func (d Day) Number() int32 { return int32(d.utc().Unix() / 86400) } // #nosec G115 -- some millions at most

// DayNumbered is the day of a Number.
func DayNumbered(n int32) Day {
	t := time.Unix(int64(n)*86400, 0).UTC()
	return Day{t.Year(), t.Month(), t.Day()}
}
