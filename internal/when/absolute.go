package when

import (
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// numericDate is a date in figures: 2026-03-18, 3/18/2026, 18.3.2026, 20260318, 3/2026, and 3/18 where words say it is one.
func (p *reader) numericDate(i int) (period, int, bool) {
	if n, ok := p.digits(i, 8); ok && len(p.words[i].Text) == 8 {
		return p.date(n/10000, n/100%100, n%100, i+1)
	}
	i = p.skip(i, "this")
	a, next, ok := p.figure(i)
	if !ok || !p.dateSign(next) {
		return period{}, 0, false
	}
	sign := p.words[next].Text
	b, next, ok := p.figure(next + 1)
	if !ok {
		return period{}, 0, false
	}
	if p.is(next, sign) && p.words[next].Glued {
		if c, last, ok := p.figure(next + 1); ok {
			return p.threeFigures(a, b, c, sign, last)
		}
	}
	switch {
	case isYear(a) && b >= 1 && b <= 12:
		return monthOf(a, time.Month(b)), next, true
	case isYear(b) && a >= 1 && a <= 12 && sign != ".":
		return monthOf(b, time.Month(a)), next, true
	case sign == "/" && p.datesFollow(i):
		return p.monthDay(a, b, next)
	}
	return period{}, 0, false
}

// figure is a number of at most four digits.
func (p *reader) figure(i int) (int, int, bool) {
	n, ok := p.digits(i, 4)
	return n, i + 1, ok
}

// dateSign tells whether a sign between figures can be one of a date.
func (p *reader) dateSign(i int) bool {
	return p.among(i, "-", "/", ".") && p.words[i].Glued && i+1 < len(p.words) && p.words[i+1].Glued
}

// datesFollow tells whether the word before has "5/12" be a day, and no fraction.
func (p *reader) datesFollow(i int) bool {
	if i > 0 {
		if _, ok := weekdayNames[p.words[i-1].Text]; ok {
			return true
		}
	}
	return len(p.words) == 3 || p.among(i-1, "on", "this", "next", "last", "since", "from", "between", "to", "by", "until", "and", "(")
}

func (p *reader) threeFigures(a, b, c int, sign string, next int) (period, int, bool) {
	switch {
	case isYear(a):
		return p.date(a, b, c, next)
	case c < 100:
		c += p.Today.Year / 100 * 100
		if c > p.Today.Year+20 {
			c -= 100
		}
	}
	if sign == "." || a > 12 {
		return p.date(c, b, a, next)
	}
	return p.date(c, a, b, next)
}

// date is a day that exists.
func (p *reader) date(year, month, day, next int) (period, int, bool) {
	if !isYear(year) || month < 1 || month > 12 || day < 1 || day > lengthOf(year, time.Month(month)) {
		return period{}, 0, false
	}
	return dayPeriod(calendar.Day{Year: year, Month: time.Month(month), Day: day}), next, true
}

// monthDay is a day of the year that is meant where none is named.
func (p *reader) monthDay(month, day, next int) (period, int, bool) {
	got, next, ok := p.date(2024, month, day, next) // a leap year, so that the 29th of February is a day
	if !ok {
		return period{}, 0, false
	}
	return p.inLikelyYear(got), next, true
}

// inLikelyYear is a period of a year that nobody named: this one, or the one before if it has not come yet and the past is asked for.
func (p *reader) inLikelyYear(got period) period {
	year := p.Today.Year
	if p.Past && p.Today.Before(inYear(got.from, year)) {
		year--
	}
	if got.unit == months {
		got = monthOf(year, got.from.Month)
	}
	return period{inYear(got.from, year), inYear(got.to, year), got.unit, noYear}
}

func isYear(n int) bool { return n >= 1900 && n < 2200 }

// yearFigure is a year in four digits, or in two behind an apostrophe.
func (p *reader) yearFigure(i int) (int, int, bool) {
	if n, ok := p.digits(i, 4); ok && isYear(n) {
		return n, i + 1, true
	}
	if p.is(i, "'") {
		if n, ok := p.digits(i+1, 2); ok && p.words[i+1].Glued && len(p.words[i+1].Text) == 2 {
			return 2000 + n, i + 2, true
		}
	}
	return p.spokenYear(i)
}

// spokenYear is "twenty twenty five", "nineteen ninety nine", "two thousand and eight".
func (p *reader) spokenYear(i int) (int, int, bool) {
	century := 0
	switch {
	case p.is(i, "two") && p.is(i+1, "thousand"):
		if n, next, ok := p.number(p.skip(i+2, "and")); ok && n < 100 && !p.startsAmount(p.skip(i+2, "and")) {
			return 2000 + n, next, true
		}
		return 0, 0, false
	case p.is(i, "nineteen"):
		century = 1900
	case p.is(i, "twenty"):
		century = 2000
	default:
		return 0, 0, false
	}
	n, next, ok := p.number(i + 1)
	return century + n, next, ok && n >= 10 && n < 100 && p.words[i+1].Kind == words.Letters && !p.startsAmount(i+1)
}

// yearAfter is a year that belongs to what stands before it: "2019", ", 2019", "of 2019", "of last year".
func (p *reader) yearAfter(i int) (int, int, bool) {
	j := i
	for p.among(j, ",", "of", "in", "-", "/", "the", ".") && j < i+2 {
		j++
	}
	if n, next, ok := p.yearFigure(j); ok {
		return n, next, true
	}
	if steps, next, ok := p.direction(p.skip(j, "the")); ok && p.among(next, "year", "yr") {
		return p.Today.Year + steps, next + 1, true
	}
	return 0, 0, false
}

// monthDate is what names a month: with a day, a year, both or neither, in any order.
func (p *reader) monthDate(i int) (period, int, bool) {
	if n, next, ok := p.yearFigure(i); ok { // 2020/Sep/23, 2017 April
		month, after, ok := p.monthName(p.skipSign(next))
		if !ok {
			return period{}, 0, false
		}
		if day, last, ok := p.ordinal(p.skipSign(after), true); ok && last > after && day <= 31 {
			return p.date(n, int(month), day, last)
		}
		return monthOf(n, month), after, true
	}
	if day, next, ok := p.ordinal(p.skip(i, "the"), true); ok && day <= 31 { // 15th of July
		for p.among(next, "day", "of", "-", "/", ".") {
			next++
		}
		if month, after, ok := p.monthName(next); ok {
			return p.dayOfMonth(month, day, after)
		}
		return period{}, 0, false
	}
	month, next, ok := p.monthName(i)
	if !ok {
		return period{}, 0, false
	}
	if year, after, ok := p.yearAfter(next); ok {
		return monthOf(year, month), after, true
	}
	if day, after, ok := p.ordinal(p.skip(p.skipSign(next), "the"), true); ok && day >= 1 && day <= 31 && !p.is(after, "%") {
		return p.dayOfMonth(month, day, after)
	}
	if !p.surelyMonth(i) {
		return period{}, 0, false
	}
	return p.inLikelyYear(monthOf(2024, month)), next, true
}

// skipSign passes over a sign that joins the parts of a date.
func (p *reader) skipSign(i int) int {
	if p.among(i, "-", "/", ".", ",") {
		return i + 1
	}
	return i
}

func (p *reader) monthName(i int) (time.Month, int, bool) {
	if i < 0 || i >= len(p.words) {
		return 0, 0, false
	}
	month, ok := monthNames[p.words[i].Text]
	if next := i + 1; ok && len(p.words[i].Text) <= 4 && p.is(next, ".") && p.words[next].Glued {
		return month, next + 1, true
	}
	return month, i + 1, ok
}

// dayOfMonth is a day of a month, of the year behind it or the likely one.
func (p *reader) dayOfMonth(month time.Month, day, next int) (period, int, bool) {
	if year, after, ok := p.yearAfter(next); ok {
		return p.date(year, int(month), day, after)
	}
	return p.monthDay(int(month), day, next)
}

// surelyMonth tells a month from a word that is written like one: "may", "march", "mar", "dec".
func (p *reader) surelyMonth(i int) bool {
	if !p.among(i, "may", "march", "mar", "dec", "jan", "jun", "sep", "oct", "apr") {
		return true
	}
	if _, _, ok := p.monthName(i + 2); ok && p.among(i+1, "-", "to", "through") {
		return true
	}
	return len(p.words) == 1 || p.words[i].Capital() && i > 0 && !p.words[i].Upper() ||
		p.among(i-1, "in", "of", "since", "this", "last", "next", "by", "until", "from", "to", "between", "during", "through", "early", "late", "mid", "-") ||
		p.is(i+1, "after") && p.is(i+2, "next") || p.is(i+1, "in") && p.startsAmount(i+2)
}

// shortYear is the two digits of a year right before its quarter: "23Q4".
func (p *reader) shortYear(i int) (int, int, bool) {
	n, ok := p.digits(i, 2)
	return 2000 + n, i + 1, ok && len(p.words[i].Text) == 2 && p.is(i+1, "q") && p.words[i+1].Glued
}

// quarterOrHalf is "Q3 2023", "2019 q1", "third quarter of last year", "H1"; without a year the likely one.
func (p *reader) quarterOrHalf(i int) (period, int, bool) {
	year, next, ok := p.yearFigure(i)
	if !ok {
		year, next, ok = p.shortYear(i)
	}
	if ok {
		if n, of, after, ok := p.quarterName(p.skipSign(next)); ok {
			return of(year, n), after, true
		}
		return period{}, 0, false
	}
	if steps, next, ok := p.direction(i); ok && p.among(next, "year", "yr") { // last year's Q4
		if n, of, after, ok := p.quarterName(next + 1); ok {
			return of(p.Today.Year+steps, n), after, true
		}
	}
	n, of, next, ok := p.quarterName(p.skip(i, "the"))
	if !ok {
		return period{}, 0, false
	}
	if year, after, ok := p.yearAfter(next); ok {
		return of(year, n), after, true
	}
	if p.among(next, "and", "or", "vs", "versus") { // "Q1 and Q2 2026"
		if _, _, after, ok := p.quarterName(next + 1); ok {
			if year, _, ok := p.yearAfter(after); ok {
				return of(year, n), next, true
			}
		}
	}
	if year, ok := p.digits(next, 2); ok && len(p.words[next].Text) == 2 && !p.startsAmount(next) && !p.among(next+1, "%", ".", ",") {
		return of(2000+year, n), next + 1, true // Q4 24
	}
	got := of(p.Today.Year, n)
	if p.Past && p.Today.Before(got.from) {
		got = of(p.Today.Year-1, n)
	}
	got.loose = noYear
	return got, next, true
}

// quarterName is which quarter or half, and what makes it of a year.
func (p *reader) quarterName(i int) (int, func(year, n int) period, int, bool) {
	if n, ok := p.digits(i+1, 1); ok && p.words[i+1].Glued && n >= 1 && !p.runsOn(i+2) {
		switch {
		case p.is(i, "q") && n <= 4:
			return n, quarterOf, i + 2, true
		case p.is(i, "h") && n <= 2:
			return n, halfOf, i + 2, true
		}
	}
	if n, ok := p.digits(i, 1); ok && i+1 < len(p.words) && p.words[i+1].Glued && n >= 1 && !p.runsOn(i+2) {
		switch {
		case p.is(i+1, "q") && n <= 4:
			return n, quarterOf, i + 2, true
		case p.is(i+1, "h") && n <= 2:
			return n, halfOf, i + 2, true
		}
	}
	n, next, ok := p.ordinal(i, false)
	if !ok {
		return 0, nil, 0, false
	}
	next = p.skip(next, "-")
	switch {
	case p.among(next, "quarter", "qtr") && n <= 4:
		return n, quarterOf, next + 1, true
	case p.is(next, "half") && n <= 2:
		return n, halfOf, next + 1, true
	}
	return 0, nil, 0, false
}

// runsOn tells whether letters follow without a space: H1B is no half of a year.
func (p *reader) runsOn(i int) bool {
	return i < len(p.words) && p.words[i].Glued && p.words[i].Kind == words.Letters && !p.is(i, "fy")
}

// year is a year alone, where it is not a price, a count or part of a name.
func (p *reader) year(i int) (period, int, bool) {
	n, next, ok := p.yearFigure(p.skip(p.skip(i, "calendar"), "year"))
	if !ok || n > p.Today.Year+15 {
		return period{}, 0, false
	}
	switch {
	case p.among(i-1, "$", "€", "£", "#", "usd", "russell", "nikkei", "."), p.among(next, "%", "shares", "dollars", "usd", "euros", "stocks", "units", "$", "k"):
		return period{}, 0, false
	case p.is(next, ",") && next+1 < len(p.words) && p.words[next+1].Glued && p.words[next+1].Kind == words.Digits:
		return period{}, 0, false
	case next < len(p.words) && p.words[next].Glued && p.words[next].Kind == words.Letters:
		return period{}, 0, false
	}
	return yearOf(n), next, true
}
