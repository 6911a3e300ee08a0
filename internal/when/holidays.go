package when

import (
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// holiday is a feast by which people date things, of the year behind it, or the last or next one.
func (p *reader) holiday(i int) (period, int, bool) {
	j := p.skip(i, "the")
	steps, named := 0, false
	if got, next, ok := p.direction(j); ok && !p.is(j, "all") {
		steps, j, named = got, next, true
	}
	of, next, ok := p.holidayName(j)
	if !ok {
		return period{}, 0, false
	}
	if p.is(next, "day") {
		next++
	}
	year, last, ok := p.yearAfter(next)
	if !ok {
		year, last = p.holidayYear(of, steps, named), next
	}
	got := dayPeriod(of(year))
	if !ok {
		got.loose = noYear
	}
	return got, last, true
}

// holidayYear is the year of the feast that is meant where none is named.
func (p *reader) holidayYear(of func(int) calendar.Day, steps int, named bool) int {
	year := p.Today.Year
	comes := p.Today.Before(of(year))
	switch {
	case steps < 0 && comes, !named && p.Past && comes:
		return year - 1
	case (steps > 0 || !named && !p.Past) && of(year).Before(p.Today):
		return year + 1
	}
	return year
}

// seasons begin at about the same days each year; winter is named for the year it begins in.
var seasons = map[string]period{
	"spring": {from: calendar.Day{Month: time.March, Day: 20}, to: calendar.Day{Month: time.June, Day: 20}},
	"summer": {from: calendar.Day{Month: time.June, Day: 21}, to: calendar.Day{Month: time.September, Day: 22}},
	"autumn": {from: calendar.Day{Month: time.September, Day: 23}, to: calendar.Day{Month: time.December, Day: 20}},
	"fall":   {from: calendar.Day{Month: time.September, Day: 23}, to: calendar.Day{Month: time.December, Day: 20}},
	"winter": {from: calendar.Day{Month: time.December, Day: 21}, to: calendar.Day{Month: time.March, Day: 19}},
}

// season is "this summer", "last winter" or "summer 2024"; a season without such words, as in "spring water", is none.
func (p *reader) season(i int) (period, int, bool) {
	j := p.skip(i, "the")
	steps, next, near := p.direction(j)
	if !near {
		next = j
	}
	if next >= len(p.words) {
		return period{}, 0, false
	}
	got, ok := seasons[p.words[next].Text]
	if !ok {
		return period{}, 0, false
	}
	if year, last, ok := p.yearAfter(next + 1); ok {
		return got.begunIn(year), last, true
	}
	if !near {
		return period{}, 0, false
	}
	year := p.Today.Year + steps
	if got.to.Month < got.from.Month && p.Today.Before(inYear(got.to, p.Today.Year)) {
		year-- // the winter that began last year
	}
	if steps < 0 && inYear(got.to, p.Today.Year).Before(p.Today) && got.from.Before(got.to) {
		year = p.Today.Year
	}
	return got.begunIn(year), next + 1, true
}

// begunIn is a season of the year it begins in.
func (p period) begunIn(year int) period {
	p.from, p.to = inYear(p.from, year), inYear(p.to, year)
	if p.to.Before(p.from) {
		p.to = inYear(p.to, year+1)
	}
	return p
}

func (p *reader) holidayName(i int) (func(int) calendar.Day, int, bool) {
	if i >= len(p.words) || !beginsHoliday[p.words[i].Text] {
		return nil, 0, false
	}
	for n := 3; n >= 1; n-- {
		if i+n > len(p.words) {
			continue
		}
		name := p.words[i].Text
		for _, w := range p.words[i+1 : i+n] {
			name += " " + w.Text
		}
		if of, ok := holidays[name]; ok {
			return of, i + n, true
		}
	}
	return nil, 0, false
}

var holidays = map[string]func(year int) calendar.Day{
	"christmas":     on(time.December, 25),
	"christmas eve": on(time.December, 24),
	"xmas":          on(time.December, 25),
	"xmas eve":      on(time.December, 24),
	"boxing day":    on(time.December, 26),
	"new year":      on(time.January, 1),
	"new year eve":  on(time.December, 31),
	"new years eve": on(time.December, 31),
	"new years":     on(time.January, 1),
	"halloween":     on(time.October, 31),
	"valentine":     on(time.February, 14),
	"independence":  on(time.July, 4),
	"easter":        easter,
	"good friday":   func(year int) calendar.Day { return easter(year).AddDays(-2) },
	"thanksgiving":  thanksgiving,
	"black friday":  func(year int) calendar.Day { return thanksgiving(year).AddDays(1) },
	"cyber monday":  func(year int) calendar.Day { return thanksgiving(year).AddDays(4) },
	"labor day":     func(year int) calendar.Day { return onOrAfter(calendar.Day{Year: year, Month: 9, Day: 1}, time.Monday) },
	"memorial day": func(year int) calendar.Day {
		return onOrBefore(calendar.Day{Year: year, Month: 5, Day: 31}, time.Monday)
	},
	"presidents day": func(year int) calendar.Day {
		return onOrAfter(calendar.Day{Year: year, Month: 2, Day: 15}, time.Monday)
	},
	"election day": func(year int) calendar.Day {
		return onOrAfter(calendar.Day{Year: year, Month: 11, Day: 2}, time.Tuesday)
	},
	"martin luther king": martinLutherKing,
	"mlk day":            martinLutherKing,
	"columbus day": func(year int) calendar.Day {
		return onOrAfter(calendar.Day{Year: year, Month: 10, Day: 8}, time.Monday)
	},
	"juneteenth":     on(time.June, 19),
	"veterans day":   on(time.November, 11),
	"tax day":        on(time.April, 15),
	"liberation day": on(time.April, 2),
}

// beginsHoliday are the first words of their names.
var beginsHoliday = func() map[string]bool {
	out := map[string]bool{}
	for name := range holidays {
		first, _, _ := strings.Cut(name, " ")
		out[first] = true
	}
	return out
}()

func on(month time.Month, day int) func(int) calendar.Day {
	return func(year int) calendar.Day { return calendar.Day{Year: year, Month: month, Day: day} }
}

func martinLutherKing(year int) calendar.Day {
	return onOrAfter(calendar.Day{Year: year, Month: time.January, Day: 15}, time.Monday)
}

func thanksgiving(year int) calendar.Day {
	return onOrAfter(calendar.Day{Year: year, Month: time.November, Day: 22}, time.Thursday)
}
