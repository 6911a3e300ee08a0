package returns

import (
	"math"
	"slices"
	"time"
)

// Grain is the length of calendar periods; weeks begin on Mondays (ISO 8601).
type Grain int

// What a Grain may be.
const (
	Week Grain = iota
	Month
	Quarter
	Year
)

// start is the first day of the period that the day is in.
func (g Grain) start(day int32) int32 {
	date := dateOf(day)
	switch g {
	case Week:
		return day - int32(date.Weekday()+6)%7 // #nosec G115 -- 0 to 6
	case Quarter:
		return numberOf(date.Year(), date.Month()-(date.Month()-1)%3, 1)
	case Year:
		return numberOf(date.Year(), time.January, 1)
	case Month:
	}
	return numberOf(date.Year(), date.Month(), 1)
}

func numberOf(year int, month time.Month, day int) int32 {
	return int32(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400) // #nosec G115 -- some millions
}

// Part is the return of a calendar period.
type Part struct {
	Start  int32 // the period's first day
	Return Figure
}

// By joins daily returns to those of calendar periods, by linking them.
func (g Grain) By(days []int32, r []float64) []Part {
	var parts []Part
	for i := 0; i < min(len(days), len(r)); {
		start, end := g.start(days[i]), i
		for end < min(len(days), len(r)) && g.start(days[end]) == start {
			end++
		}
		parts = append(parts, Part{Start: start, Return: Link(r[i:end])})
		i = end
	}
	return parts
}

// Range names a time up to a day.
type Range string

// Base is the day whose closing valuation a range up to the day starts from: the last of the period before for WTD,
// MTD, QTD and YTD, and the same day of an earlier week, month or year for 1W, 1M, 3M, 6M, 1Y, 3Y, 5Y and 10Y, or the
// month's last day where there is no such day. False for a range that has no such name.
func (r Range) Base(last int32) (int32, bool) {
	switch r {
	case "1D":
		return last - 1, true
	case "1W":
		return last - 7, true
	case "WTD":
		return Week.start(last) - 1, true
	case "MTD":
		return Month.start(last) - 1, true
	case "QTD":
		return Quarter.start(last) - 1, true
	case "YTD":
		return Year.start(last) - 1, true
	}
	months := map[Range]int{"1M": 1, "3M": 3, "6M": 6, "1Y": 12, "2Y": 24, "3Y": 36, "5Y": 60, "10Y": 120}[r]
	if months == 0 {
		return 0, false
	}
	return monthsBefore(last, months), true
}

// monthsBefore is the same day of the month, or the month's last day if it has no such.
func monthsBefore(day int32, months int) int32 {
	date := dateOf(day)
	lastOfMonth := numberOf(date.Year(), date.Month()-time.Month(months)+1, 1) - 1
	return min(lastOfMonth, lastOfMonth-int32(dateOf(lastOfMonth).Day()-date.Day())) // #nosec G115 -- 30 at most
}

// Since links the returns of the days after base, up to and including last.
func Since(base, last int32, days []int32, r []float64) Figure {
	var in []float64
	for i, day := range days[:min(len(days), len(r))] {
		if day > base && day <= last {
			in = append(in, r[i])
		}
	}
	return Link(in)
}

// CalendarYears are the whole years between two days and the days beyond them, as 1/365 each.
func CalendarYears(from, to int32) float64 {
	whole := max(0, dateOf(to).Year()-dateOf(from).Year())
	for whole > 0 && yearsAfter(from, whole) > to {
		whole--
	}
	return float64(whole) + float64(to-yearsAfter(from, whole))/YearDays
}

// yearsAfter is the same day of a later year, 28 February for 29.
func yearsAfter(day int32, years int) int32 { return monthsBefore(day, -12*years) }

// MonthRow is a line of a table of months.
type MonthRow struct {
	Start  int32   // the month's first day
	Profit float64 // what the value changed by beyond flows
	Return Figure
	// Cumulative is the return since the table's first valuation; Annual the same as a yearly return, or as it is while
	// that is not more than a year.
	Cumulative, Annual Figure
}

// Months makes a table of valuations, at month ends and wherever else there are some, and of the flows between them.
// The return between two valuations is ModifiedDietz's; without capital it is none.
func Months(values []Point, flows []Flow, timing Timing) []MonthRow {
	var rows []MonthRow
	growth := 1.0
	for i := 1; i < len(values); i++ {
		before, p := values[i-1], values[i]
		if start := Month.start(p.Day); len(rows) == 0 || rows[len(rows)-1].Start != start {
			rows = append(rows, MonthRow{Start: start, Return: Of(0)})
		}
		row := &rows[len(rows)-1]
		row.Profit += p.Value - before.Value
		for _, f := range flows {
			if f.Day > before.Day && f.Day <= p.Day {
				row.Profit -= f.Amount
			}
		}
		r := ModifiedDietzAt(timing, before.Value, p.Value, flows, Period{before.Day, p.Day})
		if !r.Known() && r.Reason != NoCapital {
			row.Return = r
		}
		row.Return = row.Return.Then(func(month float64) float64 { return (1+month)*(1+r.Value) - 1 })
		growth *= 1 + r.Value
		row.Cumulative = Of(growth - 1)
		row.Annual = Annualise(row.Cumulative, max(1, CalendarYears(values[0].Day, p.Day)))
	}
	return rows
}

// Trailing is the return of the last months before and with the row at, undefined where there are not as many; of more
// than twelve it is that of a year.
func Trailing(rows []MonthRow, at, months int) Figure {
	first := at + 1 - months
	if first < 0 || at >= len(rows) || months <= 0 {
		return None(TooFewValues)
	}
	growth := 1.0
	for _, row := range rows[first : at+1] {
		if !row.Return.Known() {
			return row.Return
		}
		growth *= 1 + row.Return.Value
	}
	return Annualise(Of(growth-1), math.Max(1, float64(months)/12))
}

// Subperiod is one whose value at both ends is known, with its net flow and the share of it that the flow was there.
type Subperiod struct{ Opening, Closing, Flow, Weight float64 }

// Linked are the Dietz returns of consecutive subperiods, and them linked; undefined when one of them is.
func Linked(subperiods []Subperiod) (each []Figure, total Figure) {
	series := make([]float64, 0, len(subperiods))
	for _, s := range subperiods {
		r := Dietz(s.Opening, s.Closing, []Weighted{{s.Weight, s.Flow}})
		each, series = append(each, r), append(series, r.Value)
	}
	if i := slices.IndexFunc(each, func(f Figure) bool { return !f.Known() && f.Reason != NoCapital }); i >= 0 {
		return each, each[i]
	}
	return each, Link(series)
}
