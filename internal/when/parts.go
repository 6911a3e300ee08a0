package when

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// weekdayName is a day of the week, alone or with "last", "next", "this" or a date behind it.
func (p *reader) weekdayName(i int) (period, int, bool) {
	j := p.skip(i, "the")
	steps, named := 0, false
	if got, next, ok := p.direction(j); ok && !p.among(j, "all", "same", "current") {
		steps, j, named = got, next, true
	}
	if j >= len(p.words) {
		return period{}, 0, false
	}
	name, ok := weekdayNames[p.words[j].Text]
	if !ok || len(p.words[j].Text) <= 4 && !p.surelyWeekday(i, j, named) {
		return period{}, 0, false
	}
	next := j + 1
	if dated, after, ok := p.dateBehind(next); ok {
		return dated, after, true
	}
	return p.weekdayOf(name, steps, named, p.among(j-1, "coming", "upcoming")), next, true
}

// weekdayOf is the day of the name that is meant: "last" is the latest one before today, "this" is of this week, "next"
// of the week to come, "coming" is the first to come, and without a word it is the next one, or the latest where the past is asked for.
func (p *reader) weekdayOf(name time.Weekday, steps int, named, coming bool) period {
	day := onOrAfter(p.Today.AddDays(1), name)
	switch {
	case coming:
	case steps < 0:
		day = onOrBefore(p.Today.AddDays(-1), name)
	case steps > 0:
		day = onOrAfter(mondayOf(p.Today).AddDays(7), name)
	case named:
		day = onOrAfter(mondayOf(p.Today), name)
	case p.Past:
		day = onOrBefore(p.Today, name)
	}
	return period{day, day, weekday, noYear}
}

// surelyWeekday tells short names of days from other words: "sat", "sun", "wed".
func (p *reader) surelyWeekday(i, j int, named bool) bool {
	return named || len(p.words) <= 2 || p.among(i-1, "on", "since", "by", "until") || p.is(j+1, ",") && p.words[j].Capital()
}

// dateBehind is the date that belongs to a weekday: "Friday, February 15", "Friday (Jun-15)", "Friday 5/12".
func (p *reader) dateBehind(i int) (period, int, bool) {
	i = p.skip(p.skip(i, ","), "(")
	if got, next, ok := p.monthDate(i); ok && got.unit == days {
		return got, p.skip(next, ")"), true
	}
	if got, next, ok := p.numericDate(i); ok && got.unit == days {
		return got, p.skip(next, ")"), true
	}
	return period{}, 0, false
}

// partOf is a part of a period: "early March", "end of last week", "month-end", "rest of the year", "earlier this month".
func (p *reader) partOf(i int) (period, int, bool) {
	j := p.skip(i, "the")
	switch {
	case p.among(j, "eom", "eoy", "eoq", "bom", "boy", "boq") && j > i:
		return p.shortPart(p.words[j].Text), j + 1, true
	case p.among(j, "rest", "remainder", "remaining") && p.is(j+1, "of"):
		if got, next, ok := p.wholeAfter(j + 1); ok && !got.to.Before(p.Today) {
			return period{p.Today, got.to, days, fixed}, next, true
		}
		return period{}, 0, false
	case p.among(j, "earlier", "later"):
		got, next, ok := p.relative(p.skip(j+1, "in"))
		if !ok && p.is(j+1, "in") {
			got, next, ok = p.wholeAfter(j + 1)
		}
		if !ok {
			return period{}, 0, false
		}
		return half(got, p.is(j, "later")), next, true
	}
	if u, next, ok := p.unitAt(j); ok && u > weekday && p.is(p.skip(next, "-"), "end") { // "at month-end", "year end 2025"
		got, next := around(p.Today, u), p.skip(next, "-")+1
		if year, after, ok := p.yearFigure(p.skip(next, "of")); ok && u == years {
			got, next = yearOf(year), after
		}
		return dayPeriod(got.to), next, true
	}
	which, next, ok := p.partName(j)
	if !ok {
		return period{}, 0, false
	}
	got, last, ok := p.wholeAfter(next)
	if !ok || got.unit == days || got.unit == weekday {
		return period{}, 0, false
	}
	return part(got, which), last, true
}

// whole is the period after "of" and "around".
func (p *reader) wholeAfter(i int) (period, int, bool) {
	of := p.is(i, "of") || p.is(i, "in")
	i = p.skip(p.skip(p.skip(i, "of"), "in"), "around")
	if got, next, ok := p.single(i); ok {
		return got, next, true
	}
	if u, next, ok := p.unitAt(p.skip(i, "the")); ok && of {
		return around(p.Today, u), next, true
	}
	return period{}, 0, false
}

type which uint8

const (
	beginning which = iota
	middle
	ending
)

func (p *reader) partName(i int) (which, int, bool) {
	switch {
	case p.among(i, "early"):
		return beginning, i + 1, true
	case p.among(i, "beginning", "start") && p.is(i+1, "of"):
		return beginning, i + 1, true
	case p.among(i, "mid", "middle"):
		return middle, p.skip(i+1, "-"), true
	case p.among(i, "late"):
		return ending, i + 1, true
	case p.is(i, "end") && p.is(i+1, "of"):
		return ending, i + 1, true
	}
	return 0, 0, false
}

// part is the beginning, the middle or the end of a period: three days of a week, ten of a
// month, a third of a quarter; a year begins with its first quarter and ends with its second half.
func part(of period, w which) period {
	length := int(of.to.Number()-of.from.Number()) + 1
	first, last := length/3, length-length/3
	switch of.unit {
	case weeks:
		first, last = 3, 4
	case months:
		first, last = 10, 20
	case years, decades:
		first, last = length/4, (length+1)/2-2
		if w == middle {
			first, last = length/3, length-length/3
		}
	}
	switch w {
	case beginning:
		of.to = of.from.AddDays(first - 1)
	case middle:
		of.from, of.to = of.from.AddDays(first), of.from.AddDays(last-1)
	case ending:
		of.from = of.from.AddDays(last)
	}
	of.unit = days
	return of
}

// half is the first or the second half of a period.
func half(of period, second bool) period {
	middle := of.from.AddDays(int(of.to.Number()-of.from.Number()+1)/2 - 1)
	if second {
		return period{middle.AddDays(1), of.to, days, fixed}
	}
	return period{of.from, middle, days, fixed}
}

func (p *reader) shortPart(name string) period {
	u := map[byte]unit{'m': months, 'y': years, 'q': quarters}[name[2]]
	if name[0] == 'b' {
		return part(around(p.Today, u), beginning)
	}
	return part(around(p.Today, u), ending)
}

// counted is a day, weekday, week, month or quarter counted within a period: "first week of 2015", "20th of next
// month", "last trading day of March", "2nd last week of October", "first 3 weeks of 2021".
func (p *reader) counted(i int) (period, int, bool) {
	nth, count, next, ok := p.position(p.skip(i, "the"))
	if !ok {
		return period{}, 0, false
	}
	u, name, next, ok := p.countable(next)
	if ok && u == weekday && nth > 0 {
		if got, last, ok := p.weekdayNear(next, name, nth); ok {
			return got, last, true
		}
	}
	if !ok || !p.among(next, "of", "in") {
		return period{}, 0, false
	}
	of, last, ok := p.wholeAfter(next)
	if !ok || of.unit <= weekday && of.from == of.to {
		return period{}, 0, false
	}
	if u == halves && of.unit != years {
		return half(of, nth != 1), last, nth <= 2
	}
	got, ok := nthOf(of, u, name, nth, count)
	if p.is(next-1, "weekend") {
		got.to = got.to.AddDays(1)
	}
	return got, last, ok
}

// weekdayNear is the nth such weekday after a period, or the last one before it.
func (p *reader) weekdayNear(i int, name time.Weekday, nth int) (period, int, bool) {
	if !p.among(i, "after", "before", "following") {
		return period{}, 0, false
	}
	base, last, ok := p.single(i + 1)
	switch {
	case !ok || base.unit == weekday:
		return period{}, 0, false
	case p.is(i, "before"):
		return dayPeriod(onOrBefore(base.from.AddDays(-1), name)), last, nth == 1
	}
	return dayPeriod(onOrAfter(base.to.AddDays(1), name).AddDays(7 * (nth - 1))), last, true
}

// position is which of many is meant: the third is 3, the last -1, the second last -2; and of how many that is the first.
func (p *reader) position(i int) (nth, count, next int, ok bool) {
	if p.is(i, "last") {
		nth, next = -1, i+1
	} else if nth, next, ok = p.ordinal(i, true); !ok {
		return 0, 0, 0, false
	} else if p.is(next, "last") || p.is(next, "to") && p.is(next+1, "last") {
		nth, next = -nth, p.skip(p.skip(next, "to"), "last")
	}
	if n, after, ok := p.number(next); ok && (nth == 1 || nth == -1) && !p.among(next, "a", "an") {
		if _, _, ok := p.unitAt(after); ok {
			return nth, n, after, true
		}
	}
	return nth, 1, next, true
}

// countable is a unit or a weekday; a day where nothing is said.
func (p *reader) countable(i int) (unit, time.Weekday, int, bool) {
	if p.is(i, "of") {
		return days, 0, i, true
	}
	if i >= len(p.words) || p.words[i].Kind != words.Letters {
		return 0, 0, 0, false
	}
	if name, ok := weekdayNames[p.words[i].Text]; ok {
		return weekday, name, i + 1, true
	}
	if p.is(i, "weekend") {
		return weekday, time.Saturday, i + 1, true
	}
	u, next, ok := p.unitAt(i)
	return u, 0, next, ok && u != decades
}

// nthOf counts within a period, from its end where nth is negative. The weeks of a year are those of ISO 8601, the
// weeks of a shorter period those that lie in it whole.
func nthOf(of period, u unit, name time.Weekday, nth, count int) (period, bool) {
	var first period
	switch {
	case nth > 0:
		first = firstIn(of, u, name)
		first = step(first, u, nth-1)
	default:
		first = step(lastIn(of, u, name), u, nth+1)
	}
	other := step(first, u, count-1)
	if nth < 0 {
		other, first = first, step(first, u, 1-count)
	}
	got := period{first.from, other.to, u, fixed}
	if u == weekday || u == tradingDays {
		got.unit = days
	}
	return got, !got.to.Before(of.from) && !of.to.Before(got.from)
}

func step(from period, u unit, n int) period {
	switch u {
	case weekday:
		return dayPeriod(from.from.AddDays(7 * n))
	case days, tradingDays:
		return dayPeriod(amount{n, u}.from(from.from))
	}
	return around(amount{n, u}.from(from.from), u)
}

func firstIn(of period, u unit, name time.Weekday) period {
	switch u {
	case weekday:
		return dayPeriod(onOrAfter(of.from, name))
	case tradingDays:
		return dayPeriod(addSessions(of.from.AddDays(-1), 1))
	case weeks:
		if of.unit == years {
			return weekNumbered(of.from.Year, 1)
		}
		return around(onOrAfter(of.from, time.Monday), weeks)
	}
	return around(of.from, u)
}

func lastIn(of period, u unit, name time.Weekday) period {
	switch u {
	case weekday:
		return dayPeriod(onOrBefore(of.to, name))
	case tradingDays:
		return dayPeriod(addSessions(of.to.AddDays(1), -1))
	case weeks:
		if of.unit == years {
			return around(mondayOf(calendar.Day{Year: of.to.Year, Month: time.December, Day: 28}), weeks)
		}
		return around(onOrBefore(of.to, time.Sunday), weeks)
	}
	return around(of.to, u)
}
