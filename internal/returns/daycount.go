package returns

import "time"

// DayCount is a rule for how many years lie between two days.
type DayCount func(from, to int32) float64

// Actual365 counts days of 1/365 year: ACT/365F, which spreadsheets, Portfolio Performance and we use.
func Actual365(from, to int32) float64 { return float64(to-from) / YearDays }

// Actual360 is ACT/360.
func Actual360(from, to int32) float64 { return float64(to-from) / 360 }

// Actual36525 is ACT/365.25, the mean year of the Julian calendar.
func Actual36525(from, to int32) float64 { return float64(to-from) / 365.25 }

// Actual364 is ACT/364, of whole weeks.
func Actual364(from, to int32) float64 { return float64(to-from) / 364 }

// ActualActual is ACT/ACT ISDA: days in leap years are 1/366 year, others 1/365.
func ActualActual(from, to int32) float64 {
	if to < from {
		return -ActualActual(to, from)
	}
	first, last := dateOf(from), dateOf(to)
	if first.Year() == last.Year() {
		return float64(to-from) / lengthOf(first.Year())
	}
	begun := time.Date(first.Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).Sub(first).Hours() / 24
	return begun/lengthOf(first.Year()) + float64(last.Year()-first.Year()-1) + float64(last.YearDay()-1)/lengthOf(last.Year())
}

// NoLeap365 is NL/365: 29 February is not counted.
func NoLeap365(from, to int32) float64 {
	if to < from {
		return -NoLeap365(to, from)
	}
	return float64(to-from-(leapDaysUntil(to)-leapDaysUntil(from))) / YearDays
}

// leapDaysUntil is how many 29 Februaries of the calendar are on or before the day.
func leapDaysUntil(day int32) int32 {
	date := dateOf(day)
	year := date.Year()
	if date.YearDay() < 31+29 || lengthOf(year) == 365 {
		year--
	}
	return int32(year/4 - year/100 + year/400) // #nosec G115 -- a number of years
}

// Bond30360 is 30/360 ISDA, the bond basis: a 31st counts as a 30th, the later one only when the earlier is the 30th.
func Bond30360(from, to int32) float64 {
	return thirties(from, to, func(first, last time.Time) (int, int) {
		d1 := min(first.Day(), 30)
		d2 := last.Day()
		if d1 == 30 {
			d2 = min(d2, 30)
		}
		return d1, d2
	})
}

// US30360 is 30/360 SIA, the bond basis with months that end in February: when both days are February's last, or the
// earlier alone, they count as a 30th.
func US30360(from, to int32) float64 {
	return thirties(from, to, func(first, last time.Time) (int, int) {
		d1, d2 := first.Day(), last.Day()
		if endsFebruary(first) {
			if endsFebruary(last) {
				d2 = 30
			}
			d1 = 30
		}
		if d2 == 31 && d1 >= 30 {
			d2 = 30
		}
		return min(d1, 30), d2
	})
}

// European30360 is 30E/360: every 31st counts as a 30th.
func European30360(from, to int32) float64 {
	return thirties(from, to, func(first, last time.Time) (int, int) { return min(first.Day(), 30), min(last.Day(), 30) })
}

// European30360ISDA is 30E/360 ISDA: every last day of a month counts as a 30th.
func European30360ISDA(from, to int32) float64 {
	return thirties(from, to, func(first, last time.Time) (int, int) {
		d1, d2 := min(first.Day(), 30), min(last.Day(), 30)
		if endsFebruary(first) {
			d1 = 30
		}
		if endsFebruary(last) {
			d2 = 30
		}
		return d1, d2
	})
}

func thirties(from, to int32, days func(first, last time.Time) (int, int)) float64 {
	first, last := dateOf(from), dateOf(to)
	d1, d2 := days(first, last)
	months := 12*(last.Year()-first.Year()) + int(last.Month()) - int(first.Month())
	return float64(30*months+d2-d1) / 360
}

func endsFebruary(date time.Time) bool {
	return date.Month() == time.February && date.AddDate(0, 0, 1).Month() == time.March
}

func lengthOf(year int) float64 {
	return float64(time.Date(year, time.December, 31, 0, 0, 0, 0, time.UTC).YearDay())
}

func dateOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }
