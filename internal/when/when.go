// Package when reads from words which days are meant: dates, months, quarters and years, "last week", "past 3 months", "since Easter".
package when

import (
	"cmp"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// Range is the days an expression means, the first and the last among them. Weeks begin on Monday. A period that has
// begun is whole: "this month" ends with the month's last day; who looks back calls Until.
type Range struct {
	From, To   calendar.Day
	Start, End int // where the expression stands, in bytes
}

// Until is the range without the days after one.
func (r Range) Until(day calendar.Day) Range {
	if day.Before(r.To) && !day.Before(r.From) {
		r.To = day
	}
	return r
}

// Options are what an expression is read against.
type Options struct {
	Today calendar.Day
	// Past has a month or weekday without more be the latest one, as in questions of how something did.
	Past bool
	// Trading has "yesterday" be the last day with a session before today, and "the last 3 months" be counted back from
	// today instead of be the three before this one: people ask for returns so.
	Trading bool
}

// Find is every expression of time, in the order in which they stand. What only ends, as "before 2019", is none.
func Find(text []words.Word, o Options) []Range {
	p := &reader{words: text, Options: o, last: reading{at: -1}}
	var out []Range
	for i := 0; i < len(text); {
		got, next, ok := p.expression(i)
		if !ok {
			i = max(i+1, next)
			continue
		}
		out = append(out, Range{From: got.from, To: got.to, Start: text[i].Start, End: text[next-1].End})
		i = next
	}
	return out
}

// reader reads expressions; its methods take the place of a word, and tell the place after what they read.
type reader struct {
	words []words.Word
	Options
	depth int // of expressions within expressions
	last  reading
}

// reading is what was read at a place, which is asked for again when a period turns out not to be the first of two.
type reading struct {
	at   int
	got  period
	next int
	ok   bool
}

// deepest is how far expressions go into each other: "the last Friday of the first quarter of last year" is two deep.
const deepest = 4

// period is some days, and what kind of expression said so.
type period struct {
	from, to calendar.Day
	unit     unit
	// loose is a period whose year, or whose month and year, nobody named.
	loose looseness
}

type looseness uint8

const (
	fixed looseness = iota
	noYear
	noMonth
)

// sane are the days that can be written; what lies beyond is no expression of time.
func (p period) sane() bool {
	return p.from.Year >= 1900 && p.to.Year < 2200 && !p.to.Before(p.from)
}

// expression is two ends, or one period alone.
func (p *reader) expression(i int) (period, int, bool) {
	if got, next, ok := p.between(i); ok && got.sane() {
		return got, next, true
	}
	if p.is(i, "before") || p.is(i, "prior") && p.is(i+1, "to") {
		if _, next, ok := p.single(i + 1); ok {
			return period{}, next, false // it has no beginning
		}
	}
	if p.among(i, "since", "after", "starting") || p.is(i, "from") && !p.is(i-1, "now") {
		got, next, ok := p.single(i + 1)
		if p.is(i, "after") && ok {
			got.from = got.to.AddDays(1)
		}
		got.from = p.edge(i+1, got)
		if ok && got.from.Before(p.Today) && (!p.is(i, "from") || p.openEnd(next)) {
			return period{from: got.from, to: p.Today, unit: days}, next, true
		}
	}
	got, next, ok := p.single(i)
	if !ok || !got.sane() {
		return period{}, 0, false
	}
	return got, next, true
}

// edge is the day with which a stretch begins that is told by the period at a word: the end of it where that is what it says.
func (p *reader) edge(i int, got period) calendar.Day {
	if w, _, ok := p.partName(p.skip(i, "the")); ok && w == ending && !p.among(p.skip(i, "the"), "late") {
		return got.to
	}
	return got.from
}

// openEnd tells whether words say that what began goes on.
func (p *reader) openEnd(i int) bool { return p.is(i, "on") || p.is(i, "onwards") || p.is(i, "onward") }

// between is "from A to B", "between A and B", "A - B".
func (p *reader) between(i int) (period, int, bool) {
	opened := p.is(i, "from") || p.is(i, "between")
	if opened {
		i++
	}
	first, next, ok := p.end(i, opened)
	if !ok {
		return period{}, 0, false
	}
	joined := p.joiner(next, opened)
	if joined == next {
		return period{}, 0, false
	}
	first.from = p.edge(i, first)
	second, last, ok := p.end(joined, true)
	if !ok || !opened && (first.loose == noMonth && second.loose == noMonth) {
		return period{}, 0, false
	}
	return p.join(first, second), last, first.loose != noMonth || second.loose != noMonth
}

// joiner skips what stands between the two ends.
func (p *reader) joiner(i int, opened bool) int {
	switch {
	case p.is(i, "to"), p.is(i, "-"), p.is(i, "~"), p.is(i, "through"), p.is(i, "until"), p.is(i, "till"), p.is(i, "thru"), opened && p.is(i, "and"):
		return i + 1
	case p.is(i, "up") && p.is(i+1, "to"):
		return i + 2
	}
	return i
}

// end is a period, or in a pair the number of a day alone.
func (p *reader) end(i int, opened bool) (period, int, bool) {
	if got, next, ok := p.single(i); ok {
		return got, next, true
	}
	i = p.skip(i, "the")
	if opened && (p.among(i, "now", "present") || p.is(i, "date") && p.is(i-1, "to")) {
		return period{from: p.Today, to: p.Today}, i + 1, true
	}
	if n, next, ok := p.ordinal(i, true); ok && n >= 1 && n <= 31 {
		day := calendar.Day{Year: p.Today.Year, Month: p.Today.Month, Day: n}
		return period{from: day, to: day, loose: noMonth}, next, true
	}
	return period{}, 0, false
}

// join has each end lend the other what it lacks of month and year.
func (p *reader) join(a, b period) period {
	switch {
	case a.loose == noMonth:
		a.from.Year, a.from.Month = b.from.Year, b.from.Month
	case b.loose == noMonth:
		b.to.Year, b.to.Month = a.to.Year, a.to.Month
	case a.unit == weekday && b.loose == fixed:
		a.from = onOrBefore(b.to, a.from.Weekday())
	case a.loose == noYear && b.loose == fixed:
		for a.from = inYear(a.from, b.from.Year); b.to.Before(a.from); {
			a.from = inYear(a.from, a.from.Year-1)
		}
	case b.loose == noYear:
		step := 1
		for b.to = inYear(b.to, a.from.Year); b.to.Before(a.from); {
			b.to = inYear(b.to, b.to.Year+step)
		}
		if b.unit == weekday {
			b.to = onOrAfter(a.from, b.from.Weekday())
		}
	}
	return period{from: a.from, to: b.to, unit: days}
}

// single is the longest expression of one period that begins at the word, with what is said after it to move it.
func (p *reader) single(i int) (period, int, bool) {
	if i >= len(p.words) || p.depth >= deepest {
		return period{}, 0, false
	}
	if p.depth == 0 && p.last.at == i {
		return p.last.got, p.last.next, p.last.ok
	}
	p.depth++
	got, next, ok := p.longestAt(i)
	p.depth--
	if p.depth == 0 {
		p.last = reading{i, got, next, ok}
	}
	return got, next, ok
}

// longestAt asks each way of reading a period, and takes the one that reads the most words.
func (p *reader) longestAt(i int) (period, int, bool) {
	var best period
	bestNext := 0
	for _, read := range [...]func(*reader, int) (period, int, bool){
		(*reader).numericDate, (*reader).monthDate, (*reader).quarterOrHalf, (*reader).year, (*reader).dayWord,
		(*reader).relative, (*reader).rolling, (*reader).weekdayName, (*reader).partOf, (*reader).counted,
		(*reader).toDate, (*reader).beforeLast, (*reader).moved, (*reader).holiday, (*reader).season,
		(*reader).monthAway, (*reader).weekend, (*reader).ended, (*reader).dayAlone, (*reader).decade,
	} {
		if got, next, ok := read(p, i); ok && next > bestNext {
			best, bestNext = got, next
		}
	}
	if bestNext == 0 {
		return period{}, 0, false
	}
	return p.tail(best, bestNext)
}

// tail reads what follows a period and changes it: "Monday two weeks from now", "March in 1 year", "Monday of last week".
func (p *reader) tail(got period, next int) (period, int, bool) {
	if got.unit == weekday {
		j := p.skip(p.skip(p.skip(p.skip(next, ","), "of"), "from"), "the")
		if week, after, ok := p.relative(j); ok && week.unit == weeks {
			day := onOrAfter(week.from, got.from.Weekday())
			return period{from: day, to: day, unit: days}, after, true
		}
	}
	if p.among(next, "week", "weekend") && got.unit == days && got.from == got.to && (got.loose == noYear || p.is(next, "weekend")) {
		return p.about(got, next)
	}
	if got.unit == weekday {
		if p.is(next, "before") && p.is(next+1, "last") {
			return dayPeriod(onOrBefore(p.Today.AddDays(-1), got.from.Weekday()).AddDays(-7)), next + 2, true
		}
		if day, after, ok := p.weekdayNear(next, got.from.Weekday(), 1); ok {
			return day, after, true
		}
	}
	if got.unit == weeks {
		if name, after, ok := p.weekdayName(next); ok && p.words[next].Kind == words.Letters {
			day := onOrAfter(got.from, name.from.Weekday())
			return period{from: day, to: day, unit: days}, after, true
		}
	}
	if got.loose == noYear || got.unit == weekday {
		if shift, after, ok := p.offset(p.skip(next, ",")); ok {
			return p.shifted(got, shift), after, true
		}
		if p.is(next, "after") && p.is(next+1, "next") {
			return p.afterNext(got), next + 2, true
		}
	}
	return got, next, true
}

// about is the week a day lies in or the weekend nearest to it: "Christmas week", "July 4th weekend 2025".
func (p *reader) about(got period, i int) (period, int, bool) {
	year, next, ok := p.yearAfter(i + 1)
	if !ok {
		year, next = got.from.Year, i+1
	}
	day := inYear(got.from, year)
	if p.is(i, "week") {
		return around(day, weeks), next, true
	}
	saturday := onOrAfter(day.AddDays(-3), time.Saturday)
	return period{saturday, saturday.AddDays(1), days, fixed}, next, true
}

// shifted is a month or weekday seen from another day than today.
func (p *reader) shifted(got period, by amount) period {
	base := by.from(p.Today)
	if got.unit == weekday {
		day := onOrAfter(mondayOf(base), got.from.Weekday())
		if by.unit != weeks {
			day = onOrAfter(base, got.from.Weekday())
		}
		return period{from: day, to: day, unit: days}
	}
	return period{from: inYear(got.from, base.Year), to: inYear(got.to, base.Year), unit: got.unit}
}

// afterNext is the one after the one to come.
func (p *reader) afterNext(got period) period {
	if got.unit == weekday {
		day := onOrAfter(p.Today.AddDays(1), got.from.Weekday()).AddDays(7)
		return period{from: day, to: day, unit: days}
	}
	year := p.Today.Year
	if !p.Today.Before(inYear(got.from, year)) {
		year++
	}
	return period{from: inYear(got.from, year+1), to: inYear(got.to, year+1), unit: got.unit}
}

func (p *reader) is(i int, text string) bool {
	return i >= 0 && i < len(p.words) && p.words[i].Text == text
}

// among tells whether the word is one of some.
func (p *reader) among(i int, set ...string) bool {
	for _, text := range set {
		if p.is(i, text) {
			return true
		}
	}
	return false
}

// skip passes over one word where it stands.
func (p *reader) skip(i int, text string) int {
	if p.is(i, text) {
		return i + 1
	}
	return i
}

func earlier(a, b calendar.Day) calendar.Day {
	if cmp.Compare(a.Number(), b.Number()) < 0 {
		return a
	}
	return b
}
