package when

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// monthAway is "last July", "next October", "this March": the latest before this month, the first after it, of this year.
func (p *reader) monthAway(i int) (period, int, bool) {
	steps, next, ok := p.direction(p.skip(i, "the"))
	if !ok || p.among(next-1, "all", "same", "the") {
		return period{}, 0, false
	}
	month, last, ok := p.monthName(next)
	if !ok {
		return period{}, 0, false
	}
	year := p.Today.Year
	switch {
	case steps < 0 && month >= p.Today.Month:
		year--
	case steps > 0 && month <= p.Today.Month:
		year++
	}
	if day, after, ok := p.ordinal(last, false); ok {
		return p.date(year, int(month), day, after)
	}
	return monthOf(year, month), last, true
}

// weekend is "last weekend", "this weekend", "over the weekend".
func (p *reader) weekend(i int) (period, int, bool) {
	j := p.skip(i, "the")
	if p.is(j, "weekend") && p.is(j+1, "of") {
		if day, next, ok := p.single(j + 2); ok && day.unit == days {
			saturday := onOrAfter(day.from.AddDays(-3), time.Saturday)
			return period{saturday, saturday.AddDays(1), days, fixed}, next, true
		}
	}
	steps, next, ok := p.direction(j)
	switch {
	case !ok && p.is(j, "weekend") && j > i:
		next = j
		if p.Past {
			steps = -1
		}
	case !ok:
		return period{}, 0, false
	}
	if !p.is(next, "weekend") {
		return period{}, 0, false
	}
	saturday := mondayOf(p.Today.AddDays(7 * steps)).AddDays(5)
	return period{saturday, saturday.AddDays(1), days, fixed}, next + 1, true
}

// beforeLast is "the week before last", and "two quarters ago", which is a quarter and no day.
func (p *reader) beforeLast(i int) (period, int, bool) {
	if u, next, ok := p.unitAt(p.skip(i, "the")); ok && u > weekday && p.is(next, "before") && p.is(next+1, "last") {
		return around(amount{-2, u}.from(around(p.Today, u).from), u), next + 2, true
	}
	if by, next, ok := p.amountAt(i); ok && by.unit == quarters && p.is(next, "ago") {
		return around(amount{-by.n, quarters}.from(around(p.Today, quarters).from), quarters), next + 1, true
	}
	return period{}, 0, false
}

// ended is "the quarter ended June 30, 2024", "three months ended March 31", "week ending March 6".
func (p *reader) ended(i int) (period, int, bool) {
	j := p.skip(i, "the")
	by, next, ok := p.amountAt(j)
	if !ok {
		if by.unit, next, ok = p.unitAt(j); !ok {
			return period{}, 0, false
		}
		by.n = 1
	}
	if !p.among(next, "ended", "ending", "to") {
		return period{}, 0, false
	}
	to, last, ok := p.monthDate(p.skip(next+1, "on"))
	if !ok {
		return period{}, 0, false
	}
	by.n = -by.n
	from := by.from(to.to.AddDays(1)) // so that whole months stay whole
	return period{from, to.to, days, fixed}, last, true
}

// dayAlone is "on the 15th": of this month, or of the last one where that has not come and the past is asked for.
func (p *reader) dayAlone(i int) (period, int, bool) {
	day, next, ok := p.ordinal(i+1, false)
	dated := p.among(i-1, "on", "since", "by", "until") || p.is(i-1, "of") && p.among(i-2, "week", "weekend")
	if !ok || !dated || !p.is(i, "the") || !p.among(next-1, "st", "nd", "rd", "th") || day < 1 || day > 31 {
		return period{}, 0, false
	}
	month := monthOf(p.Today.Year, p.Today.Month)
	if p.Past && day > p.Today.Day {
		month = around(month.from.AddDays(-1), months)
	}
	if day > month.to.Day {
		return period{}, 0, false
	}
	return dayPeriod(calendar.Day{Year: month.from.Year, Month: month.from.Month, Day: day}), next, true
}

var decadeNames = map[string]int{"twenties": 2020, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}

// decade is "the 1990s", "the 90s", "the nineties".
func (p *reader) decade(i int) (period, int, bool) {
	j := p.skip(i, "the")
	spoken := j > i || p.among(i-1, "early", "late", "mid", "-")
	if j < len(p.words) && spoken && decadeNames[p.words[j].Text] > 0 {
		return around(yearOf(decadeNames[p.words[j].Text]).from, decades), j + 1, true
	}
	year, next, ok := p.yearFigure(j)
	if n, short := p.digits(p.skip(j, "'"), 2); !ok && short && spoken && n >= 10 {
		if year, next, ok = 1900+n, p.skip(j, "'")+1, true; n < 30 {
			year += 100
		}
	}
	if !ok || year%10 != 0 || !p.is(next, "s") || !p.words[next].Glued {
		return period{}, 0, false
	}
	return around(yearOf(year).from, decades), next + 1, true
}
