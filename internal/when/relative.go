package when

import (
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// dayWord is a word or phrase for a day seen from today.
func (p *reader) dayWord(i int) (period, int, bool) {
	j := p.skip(i, "the")
	switch {
	case p.among(j, "today", "tonight"), p.is(j, "intraday") && p.Past:
		return dayPeriod(p.Today), j + 1, true
	case p.is(j, "yesterday"):
		return dayPeriod(p.dayBefore()), j + 1, true
	case p.is(j, "tomorrow"):
		return dayPeriod(p.Today.AddDays(1)), j + 1, true
	case p.is(j, "day") && p.is(j+1, "before") && p.is(j+2, "yesterday"):
		return dayPeriod(p.Today.AddDays(-2)), j + 3, true
	case p.is(j, "day") && p.is(j+1, "after") && p.is(j+2, "tomorrow"):
		return dayPeriod(p.Today.AddDays(2)), j + 3, true
	case p.among(j, "this", "current") && p.among(j+1, "day", "morning", "afternoon", "evening"), p.is(j, "current") && p.is(j+1, "session"):
		return dayPeriod(p.Today), j + 2, true
	case p.is(j, "overnight") && p.Past:
		return period{p.dayBefore(), p.Today, days, fixed}, j + 1, true
	case p.is(j, "last") && p.is(j+1, "night"):
		return dayPeriod(p.dayBefore()), j + 2, true
	}
	return period{}, 0, false
}

// dayBefore is yesterday, or where it is asked of the market the last day before today that had a session.
func (p *reader) dayBefore() calendar.Day {
	if p.Trading {
		return addSessions(p.Today, -1)
	}
	return p.Today.AddDays(-1)
}

// relative is a whole unit seen from today: "this week", "last quarter", "the month", "next year", "week 12".
func (p *reader) relative(i int) (period, int, bool) {
	j := p.skip(i, "the")
	if p.is(j, "week") && p.is(j+1, "of") {
		if got, next, ok := p.single(j + 2); ok && got.unit <= weekday {
			return around(got.from, weeks), next, true
		}
	}
	if p.is(j, "week") {
		if n, ok := p.digits(j+1, 2); ok && n >= 1 && n <= 53 {
			year, next, ok := p.yearAfter(j + 2)
			if !ok {
				year, next = p.Today.Year, j+2
			}
			return weekNumbered(year, n), next, true
		}
	}
	steps, next, ok := p.direction(j)
	if !ok {
		return p.bareUnit(i, j)
	}
	u, last, ok := p.unitAt(next)
	if !ok || p.rolls(i, next) {
		return period{}, 0, false
	}
	if p.is(next, "workweek") {
		week := around(p.Today.AddDays(7*steps), weeks)
		return period{week.from, week.to.AddDays(-2), weeks, fixed}, last, true
	}
	switch {
	case u == hours:
		return dayPeriod(p.Today), last, true
	case u == days || u == tradingDays:
		return p.nearDay(steps, u, last)
	case u == decades && steps < 0:
		return p.stretch(amount{-10, years}, true), last, true
	}
	got := around(amount{steps, u}.from(around(p.Today, u).from), u)
	if steps == 0 && u < years { // "same quarter last year"
		if year, after, ok := p.yearAfter(last); ok {
			return around(inYear(got.from, year), u), after, true
		}
	}
	return got, last, true
}

// direction is how many units from this one a word points to.
func (p *reader) direction(i int) (int, int, bool) {
	switch {
	case p.is(i, "this") && p.among(i+1, "past", "last", "coming"):
		return p.direction(i + 1)
	case p.among(i, "this", "current", "all", "same"):
		return 0, p.skip(p.skip(i+1, "this"), "the"), true
	case p.among(i, "last", "previous", "prior", "past", "preceding", "trailing"):
		return -1, i + 1, true
	case p.among(i, "next", "following", "coming", "upcoming"):
		return 1, i + 1, true
	}
	return 0, 0, false
}

// rolls tells "over the last year" and "the past year", which count back from today, from the calendar's "last year".
func (p *reader) rolls(i, next int) bool {
	if p.is(next-1, "past") {
		return !p.among(i-1, "of") // "the beginning of past week" is the calendar's
	}
	return p.is(next-1, "last") && p.is(i, "the") && p.among(i-1, "over", "during", "within") && !p.among(next, "quarter", "qtr")
}

// nearDay is "last trading day", "next business day", "previous day".
func (p *reader) nearDay(steps int, u unit, next int) (period, int, bool) {
	switch {
	case u == tradingDays && steps != 0:
		return dayPeriod(addSessions(p.Today, steps)), next, true
	case steps < 0:
		return dayPeriod(p.dayBefore()), next, true
	}
	return dayPeriod(p.Today.AddDays(steps)), next, true
}

// bareUnit is "the week" after a word that makes it this one: "for the month", "in the year", "rest of the week".
func (p *reader) bareUnit(i, j int) (period, int, bool) {
	bare := p.among(i-1, "for", "of", "in", "during") || p.is(i-1, "on") && j > i || p.is(i-1, "end") || p.is(i-1, "start")
	u, next, ok := p.unitAt(j)
	if !ok || !bare || i == j && !p.is(i-1, "of") || u <= weekday || p.among(next, "ended", "ending", "of", "ago", "from") || p.is(j, "fiscal") {
		return period{}, 0, false
	}
	if _, number := p.digits(next, 4); number {
		return period{}, 0, false
	}
	return around(p.Today, u), next, true
}

// rolling is a number of units up to today or from it: "past 3 months", "last two quarters", "next 5 trading days",
// "over 5 years", "6-month return". Days are counted from today, quarters are the calendar's; weeks, months and years are
// counted from today where the market is asked of, and are the calendar's elsewhere.
func (p *reader) rolling(i int) (period, int, bool) {
	j := p.skip(i, "the")
	steps, next, ok := p.direction(j)
	if !ok { // "2 upcoming weeks"
		if n, after, ok := p.number(j); ok {
			if steps, last, ok := p.direction(after); ok && steps != 0 {
				if u, end, ok := p.unitAt(last); ok {
					return p.stretch(amount{steps * n, u}, p.Trading), end, true
				}
			}
		}
		return p.spanned(i)
	}
	if steps == 0 {
		return period{}, 0, false
	}
	if by, last, ok := p.amountAt(next); ok {
		over := j > 0 && p.among(i-1, "over", "during", "within")
		return p.stretch(amount{steps * by.n, by.unit}, over || p.Trading), last, true
	}
	u, last, ok := p.unitAt(next)
	if ok && p.isHalf(last) { // "the last year and a half"
		by, ok := amount{1, u}.andHalf()
		by.n *= steps
		return p.stretch(by, true), last + 3, ok
	}
	if ok && p.rolls(i, next) {
		return p.stretch(amount{steps, u}, true), last, true
	}
	return period{}, 0, false
}

// stretch is the days between today and what lies an amount away, or where it does not roll the whole units.
func (p *reader) stretch(by amount, rolls bool) period {
	whole := by.unit == quarters || !rolls && by.unit > weekday
	switch {
	case whole && by.n < 0:
		now := around(p.Today, by.unit)
		return period{by.from(now.from), now.from.AddDays(-1), days, fixed}
	case whole:
		now := around(p.Today, by.unit)
		return period{now.to.AddDays(1), around(by.from(now.from), by.unit).to, days, fixed}
	case by.unit == tradingDays && by.n < 0:
		last := p.Today
		if !calendar.IsTradingDay(last) {
			last = addSessions(last, -1)
		}
		return period{addSessions(last, by.n+1), last, days, fixed}
	case by.n < 0:
		return period{by.from(p.Today), p.Today, days, fixed}
	case by.unit == days || by.unit == tradingDays:
		return period{p.Today.AddDays(1), by.from(p.Today), days, fixed}
	}
	return period{p.Today, by.from(p.Today), days, fixed}
}

// measures are what is told of a stretch of time that ends today.
var measures = map[string]bool{
	"return": true, "returns": true, "performance": true, "change": true, "chart": true, "history": true, "gain": true, "gains": true, "high": true,
	"low": true, "trend": true, "price": true, "stock": true, "volatility": true, "drawdown": true, "beta": true, "chg": true, "loss": true, "losses": true, "stretch": true, "period": true,
}

// spanned is an amount that stands alone or with what is measured over it.
func (p *reader) spanned(i int) (period, int, bool) {
	by, next, ok := p.amountAt(i)
	if !ok || by.unit == decades {
		return period{}, 0, false
	}
	if p.among(i, "a", "an") && !p.is(i-1, "over") {
		return period{}, 0, false
	}
	if p.is(i-1, "within") {
		if !p.Past {
			by.n = -by.n // to come
		}
		return p.stretch(amount{-by.n, by.unit}, true), next, true
	}
	alone := next == len(p.words) && i < 4 && len(p.words[next-1].Text) <= 2 // "AAPL 6m"
	measured := next < len(p.words) && measures[p.words[next].Text] && !p.is(next+1, "target")
	before := p.among(i-1, "over", "since") || p.is(i-1, "a") && p.is(i-2, "over") || p.is(i-1, "for") && p.Past
	if !alone && !measured && !before || p.among(next, "ago", "from") {
		return period{}, 0, false
	}
	return p.stretch(amount{-by.n, by.unit}, true), next, true
}

// toDate is "YTD", "month to date", "so far this year".
func (p *reader) toDate(i int) (period, int, bool) {
	for short, u := range map[string]unit{"ytd": years, "qtd": quarters, "mtd": months, "wtd": weeks} {
		if p.is(i, short) {
			return period{around(p.Today, u).from, p.Today, days, fixed}, i + 1, true
		}
	}
	if p.among(i, "ttm", "ltm") {
		return p.stretch(amount{-1, years}, true), i + 1, true
	}
	if u, next, ok := p.unitAt(i); ok && u != days {
		next = p.skip(next, "-")
		if p.is(next, "to") {
			if next = p.skip(next+1, "-"); p.is(next, "date") {
				return period{around(p.Today, u).from, p.Today, days, fixed}, next + 1, true
			}
		}
	}
	if p.is(i, "so") && p.is(i+1, "far") {
		if got, next, ok := p.relative(p.skip(i+2, "in")); ok && !p.Today.Before(got.from) {
			return period{got.from, earlier(got.to, p.Today), days, fixed}, next, true
		}
	}
	return period{}, 0, false
}

// offset is a distance from today: "3 days ago", "in 2 weeks", "two years from now", "two years hence".
func (p *reader) offset(i int) (amount, int, bool) {
	if p.is(i, "in") {
		by, next, ok := p.amountAt(i + 1)
		return by, p.skip(next, "time"), ok
	}
	by, next, ok := p.amountAt(i)
	if !ok {
		return amount{}, 0, false
	}
	switch {
	case p.is(next, "ago") && p.is(next+1, "today"):
		by.n = -by.n
		return by, next + 2, true
	case p.among(next, "ago", "earlier", "back"):
		by.n = -by.n
		return by, next + 1, true
	case p.among(next, "hence", "later"):
		return by, next + 1, true
	case p.is(next, "from") && p.among(next+1, "now", "today"):
		return by, next + 2, true
	}
	return amount{}, 0, false
}

// moved is a day some way from today or from another one: "3 days ago", "5 days before new year", "2 weeks from January
// 15", "2 weeks starting May 20th". Years away are meant as a month, save where the market is asked of.
func (p *reader) moved(i int) (period, int, bool) {
	if by, next, ok := p.offset(i); ok {
		day := by.from(p.Today)
		if by.unit == years && !p.Trading && !p.is(next-1, "today") {
			return monthOf(day.Year, day.Month), next, true
		}
		return dayPeriod(day), next, true
	}
	by, next, ok := p.amountAt(i)
	if !ok && (p.is(i, "the") || p.is(i, "day")) { // "the day after Christmas"
		by.n = 1
		by.unit, next, ok = p.unitAt(p.skip(i, "the"))
	}
	if !ok {
		return p.weekdaysAway(i)
	}
	sign := 1
	switch {
	case p.is(next, "before"):
		sign = -1
	case p.among(next, "after", "from", "following"), p.among(next, "starting", "beginning"):
	default:
		return period{}, 0, false
	}
	base, last, ok := p.single(p.skip(next+1, "on"))
	if !ok || p.words[next].Kind != words.Letters {
		return period{}, 0, false
	}
	day := amount{sign * by.n, by.unit}.from(base.from)
	switch {
	case p.among(next, "starting", "beginning"):
		return period{base.from, day.AddDays(-1), days, fixed}, last, true
	case p.among(i, "the", "day"):
		return around(day, by.unit), last, true
	}
	return dayPeriod(day), last, true
}

// weekdaysAway is "3 Fridays from now" and "two Mondays ago".
func (p *reader) weekdaysAway(i int) (period, int, bool) {
	n, next, ok := p.number(i)
	if !ok || next >= len(p.words) {
		return period{}, 0, false
	}
	name, ok := weekdayNames[p.words[next].Text]
	switch {
	case !ok:
		return period{}, 0, false
	case p.is(next+1, "ago"):
		return dayPeriod(onOrBefore(p.Today.AddDays(-1), name).AddDays(-7 * (n - 1))), next + 2, true
	case p.is(next+1, "from") && p.is(next+2, "now"):
		return dayPeriod(onOrAfter(p.Today.AddDays(1), name).AddDays(7 * (n - 1))), next + 3, true
	}
	return period{}, 0, false
}
