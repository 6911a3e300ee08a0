package when

import (
	"strconv"
	"time"

	"github.com/jaspers-ai/jaspers/internal/words"
)

var cardinals = map[string]int{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
	"eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}

var ordinals = map[string]int{
	"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
	"tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
	"seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}

var monthNames = map[string]time.Month{
	"january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6,
	"july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11, "nov": 11,
	"december": 12, "dec": 12,
}

var weekdayNames = map[string]time.Weekday{
	"monday": 1, "mon": 1, "tuesday": 2, "tue": 2, "tues": 2, "wednesday": 3, "wed": 3, "thursday": 4, "thu": 4, "thur": 4, "thurs": 4,
	"friday": 5, "fri": 5, "saturday": 6, "sat": 6, "sunday": 0, "sun": 0,
	"mondays": 1, "tuesdays": 2, "wednesdays": 3, "thursdays": 4, "fridays": 5, "saturdays": 6, "sundays": 0,
}

var units = map[string]unit{
	"day": days, "days": days, "week": weeks, "weeks": weeks, "wk": weeks, "wks": weeks, "fortnight": fortnights, "fortnights": fortnights,
	"workweek": weeks, "month": months, "months": months, "quarter": quarters, "quarters": quarters, "qtr": quarters, "qtrs": quarters,
	"hour": hours, "hours": hours, "hrs": hours, "minutes": hours, "half": halves, "year": years, "years": years, "yr": years, "yrs": years, "decade": decades, "decades": decades, "session": tradingDays, "sessions": tradingDays,
}

// letters are units that are written right behind their number, as in "6m" or "1y".
var letters = map[string]unit{"d": days, "w": weeks, "m": months, "mo": months, "mos": months, "mth": months, "q": quarters, "y": years, "yr": years}

// digits is a number written in digits.
func (p *reader) digits(i, longest int) (int, bool) {
	if i < 0 || i >= len(p.words) || p.words[i].Kind != words.Digits || len(p.words[i].Text) > longest {
		return 0, false
	}
	n, err := strconv.Atoi(p.words[i].Text)
	return n, err == nil
}

// number is a cardinal, in digits or words; "a" and "couple" are numbers before a unit.
func (p *reader) number(i int) (int, int, bool) {
	if n, ok := p.digits(i, 3); ok {
		return n, i + 1, n > 0
	}
	if i < 0 || i >= len(p.words) {
		return 0, 0, false
	}
	if p.is(i+1, "hundred") {
		if n := max(cardinals[p.words[i].Text], 1); n < 10 && (n > 1 || p.among(i, "one", "a")) {
			return 100 * n, i + 2, true
		}
	}
	if n, ok := cardinals[p.words[i].Text]; ok {
		next := p.skip(i+1, "-")
		if next < len(p.words) && n >= 20 && cardinals[p.words[next].Text] > 0 && cardinals[p.words[next].Text] < 10 {
			return n + cardinals[p.words[next].Text], next + 1, true
		}
		return n, i + 1, true
	}
	switch {
	case p.is(i, "a") && p.is(i+1, "couple"), p.is(i, "a") && p.is(i+1, "few"):
		return p.number(i + 1)
	case p.is(i, "a") && p.is(i+1, "dozen"):
		return 12, i + 2, true
	case p.is(i, "couple"):
		return 2, p.skip(i+1, "of"), true
	case p.is(i, "dozen"):
		return 12, i + 1, true
	case p.is(i, "few"):
		return 3, i + 1, true
	case p.among(i, "a", "an"):
		return 1, i + 1, true
	}
	return 0, 0, false
}

// ordinal is "3rd", "third" or "twenty first", and where bare is allowed a number of one or two digits.
func (p *reader) ordinal(i int, bare bool) (int, int, bool) {
	if n, ok := p.digits(i, 2); ok {
		if p.among(i+1, "st", "nd", "rd", "th") && p.words[i+1].Glued {
			return n, i + 2, true
		}
		return n, i + 1, bare && !p.runsOn(i+1)
	}
	if i < 0 || i >= len(p.words) {
		return 0, 0, false
	}
	if n, ok := ordinals[p.words[i].Text]; ok {
		return n, i + 1, true
	}
	if tens := cardinals[p.words[i].Text]; tens == 20 || tens == 30 {
		next := p.skip(i+1, "-")
		if next < len(p.words) && ordinals[p.words[next].Text] > 0 && ordinals[p.words[next].Text] < 10 {
			return tens + ordinals[p.words[next].Text], next + 1, true
		}
	}
	return 0, 0, false
}

// unitAt is a unit of time, with "trading" or "business" before days.
func (p *reader) unitAt(i int) (unit, int, bool) {
	if p.among(i, "trading", "business", "working", "market", "calendar", "full", "whole", "work", "fiscal", "financial") {
		u, next, ok := p.unitAt(i + 1)
		if ok && u == days && !p.among(i, "calendar", "full", "whole") {
			u = tradingDays
		}
		return u, next, ok
	}
	if i < 0 || i >= len(p.words) {
		return 0, 0, false
	}
	if u, ok := letters[p.words[i].Text]; ok && p.words[i].Glued && i > 0 && p.words[i-1].Kind == words.Digits {
		return u, i + 1, true
	}
	u, ok := units[p.words[i].Text]
	return u, i + 1, ok
}

// amountAt is a number of units: "3 months", "two-year", "6m", "1.5 years", "half a year", "a year and a half".
func (p *reader) amountAt(i int) (amount, int, bool) {
	if p.is(i, "half") && p.among(i+1, "a", "an") || p.is(i, "a") && p.is(i+1, "half") || p.is(i, "half") && p.among(i+1, "year", "yr") {
		u, next, ok := p.unitAt(p.skip(p.skip(p.skip(p.skip(i, "a"), "half"), "a"), "-"))
		by, halved := amount{0, u}.andHalf()
		return by, next, ok && halved
	}
	n, next, ok := p.number(i)
	if !ok {
		return amount{}, 0, false
	}
	half := p.is(next, ".") && p.is(next+1, "5") && p.words[next+1].Glued
	if half {
		next += 2
	} else if half = p.isHalf(next); half {
		next += 3
	}
	u, last, ok := p.unitAt(p.skip(next, "-"))
	if !half && p.isHalf(last) {
		half, last = true, last+3
	}
	by := amount{n, u}
	if ok && half {
		by, ok = by.andHalf()
	}
	return by, last, ok
}

// isHalf tells whether "and a half" stands there.
func (p *reader) isHalf(i int) bool { return p.is(i, "and") && p.is(i+1, "a") && p.is(i+2, "half") }

// andHalf is half a unit more, in smaller units.
func (a amount) andHalf() (amount, bool) {
	switch a.unit {
	case weeks:
		return amount{7*a.n + 3, days}, true
	case months:
		return amount{30*a.n + 15, days}, true
	case years:
		return amount{12*a.n + 6, months}, true
	case decades:
		return amount{10*a.n + 5, years}, true
	}
	return amount{}, false
}

func (p *reader) startsAmount(i int) bool {
	_, _, ok := p.amountAt(i)
	return ok
}
