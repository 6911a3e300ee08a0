package claims

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// span is from one day to another, both included.
type span struct{ first, last time.Time }

func (s span) days() int { return int(s.last.Sub(s.first).Hours()/24) + 1 }

// holiday is by how many days the ends of a span may miss those that are said, for days on which nothing is traded.
const holiday = 5

var spanForm = regexp.MustCompile(`^(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)$`)

// spanOf is the span that a figure's period names by its first and last day.
func spanOf(period string) (span, bool) {
	m := spanForm.FindStringSubmatch(period)
	if m == nil {
		return span{}, false
	}
	first, err := time.Parse(time.DateOnly, m[1])
	last, err2 := time.Parse(time.DateOnly, m[2])
	return span{first, last}, err == nil && err2 == nil
}

// spanDiffers tells of a figure of one span, or of a day, that the text gives for another, by the days it names.
func (s Scope) spanDiffers(f reference.Figure) string {
	covered, isSpan := spanOf(f.Period)
	if len(s.periods) == 0 || !isSpan || strings.Contains(strings.ToLower(f.Path), "drawdown") { // which says from when to when it fell
		return ""
	}
	reason := fmt.Sprintf("the text speaks of %s, the figure is of %s", strings.Join(s.periods, " and "), f.Period)
	slack := func(t time.Time, by int) time.Time { return t.AddDate(0, 0, by) }
	for i, p := range s.periods {
		said, whole, ok := dayOf(p, covered.last.Year())
		if !ok {
			return ""
		}
		switch {
		case said.Before(slack(covered.first, -holiday-boolean(!whole, 31))), said.After(slack(covered.last, holiday)):
			return reason
		case whole && s.isRange() && i == 0 && said.After(slack(covered.first, holiday)), whole && s.isRange() && i == 1 && said.Before(slack(covered.last, -holiday)):
			return reason
		}
	}
	return ""
}

func boolean(is bool, then int) int {
	if is {
		return then
	}
	return 0
}

var rangeBetween = regexp.MustCompile(`(?i)^[\s,]*(?:to|and|through|until|till|-|–|—)\s*(?:on\s*)?$`)

// isRange tells whether the text names two days and means what lies between.
func (s Scope) isRange() bool {
	if len(s.periods) != 2 {
		return false
	}
	at := strings.Index(s.sentence, s.periods[0])
	if at < 0 {
		return false
	}
	rest := s.sentence[at+len(s.periods[0]):]
	to := strings.Index(rest, s.periods[1])
	return to >= 0 && rangeBetween.MatchString(rest[:to])
}

// inRange tells whether a day lies in the range that the text names.
func (s Scope) inRange(day time.Time) bool {
	if !s.isRange() {
		return false
	}
	from, _, ok := dayOf(s.periods[0], day.Year())
	to, _, ok2 := dayOf(s.periods[1], day.Year())
	return ok && ok2 && !day.Before(from) && !day.After(to)
}

var (
	nowWords = regexp.MustCompile(`(?i)\b(?:now|today|current(?:ly)?|present(?:ly)?|latest|still|so far|to date|since|ago|bought|purchased|acquired|opened|began|started|next|from|until)\b`)
	frame    = regexp.MustCompile(`^\s*[,:]`)
)

// momentDiffers tells of a figure of a moment, without a period of its own, that the text gives for another time.
func (s Scope) momentDiffers(f reference.Figure) string {
	if f.Period != "" || f.AsOf.IsZero() || len(s.ownPeriods) == 0 {
		return ""
	}
	reason := fmt.Sprintf("the text speaks of %s, the figure is of %s", strings.Join(s.ownPeriods, " and "), f.AsOf.UTC().Format(time.DateOnly))
	for _, p := range s.ownPeriods {
		if coversMoment(p, f.AsOf) {
			return ""
		}
	}
	at := strings.Index(s.sentence, s.ownPeriods[0])
	if at < 0 {
		return ""
	}
	behind := s.sentence[at+len(s.ownPeriods[0]):]
	if i := strings.IndexByte(s.sentence[:max(s.start, at)], ':'); i > at {
		return reason // the time is said of all that follows
	}
	if nowWords.MatchString(s.sentence[:at]) || !frame.MatchString(behind) && nowWords.MatchString(s.sentence) || frame.MatchString(behind) && at < s.start && nowWords.MatchString(s.sentence[at:s.start]) {
		return ""
	}
	return reason
}

// coversMoment tells whether a period as people write it can be the one in which a moment is.
func coversMoment(p string, moment time.Time) bool {
	if day, whole, ok := dayOf(p, moment.Year()); ok {
		apart := moment.Sub(day).Hours() / 24
		return whole && apart > -2 && apart < holiday || !whole && day.Year() == moment.Year() && day.Month() == moment.Month()
	}
	name := fmt.Sprint(moment.Year())
	if fiscal.MatchString(p) {
		for year := moment.Year() - 1; year <= moment.Year()+1; year++ {
			if figures.SamePeriod(fmt.Sprint(year), figures.PeriodsIn(p)) {
				return true
			}
		}
		return false
	}
	return figures.SamePeriod(name, figures.PeriodsIn(p))
}

var fiscal = regexp.MustCompile(`(?i)FY|fiscal|Q[1-4]|quarter`)

// lengths are the words for spans that end now, with how many days they have.
var lengths = []struct {
	words       *regexp.Regexp
	least, most int
}{
	{regexp.MustCompile(`(?i)\btoday\b|\b(?:on|of) the day\b`), 1, 3},
	{regexp.MustCompile(`(?i)\b(?:this|past|last) week\b|\b(?:past|last) (?:7|seven) days\b|\bweek to date\b`), 1, 10},
	{regexp.MustCompile(`(?i)\b(?:past|last) (?:one )?month\b|\b(?:past|last) (?:30|thirty) days\b`), 26, 36},
	{regexp.MustCompile(`(?i)\bthis month\b|\bmonth to date\b`), 1, 33},
	{regexp.MustCompile(`(?i)\b(?:past|last) (?:three|3) months\b|\b(?:past|last) quarter\b`), 85, 98},
	{regexp.MustCompile(`(?i)\b(?:past|last) (?:six|6) months\b|\b(?:past|last) half[ -]year\b`), 175, 190},
	{regexp.MustCompile(`(?i)\b(?:past|last) (?:year|12 months|twelve months)\b`), 355, 372},
	{regexp.MustCompile(`(?i)\b(?:past|last) (?:two|2) years\b`), 715, 740},
}

var thisYear = regexp.MustCompile(`(?i)\bthis year\b|\byear[ -]to[ -]date\b|\bYTD\b`)

// lengthDiffers tells of a figure whose span is not as long as the one of which the text speaks.
func (s Scope) lengthDiffers(f reference.Figure) string {
	covered, ok := spanOf(f.Period)
	if !ok {
		return s.dayIsNoSpan(f)
	}
	named, fits := "", false
	for _, l := range lengths {
		if m := l.words.FindString(s.sentence); m != "" {
			named, fits = m, fits || covered.days() >= l.least && covered.days() <= l.most || isLastYear(m, covered)
		}
	}
	if m := thisYear.FindString(s.sentence); m != "" {
		start := time.Date(covered.last.Year(), 1, 1+holiday, 0, 0, 0, 0, time.UTC)
		named, fits = m, fits || covered.first.Before(start) && covered.days() <= 366+holiday && covered.first.After(start.AddDate(0, 0, -3*holiday))
	}
	if named == "" || fits {
		return ""
	}
	return fmt.Sprintf("the text speaks of %s, the figure is of %s", named, f.Period)
}

func isLastYear(words string, covered span) bool {
	return strings.EqualFold(words, "last year") && covered.first.Year() == covered.last.Year() && covered.days() >= 364
}

var changeOfDay = regexp.MustCompile(`(?i)^day(?:Change|High|Low)`)

// isOfDay tells whether a figure is a change of one day, or up to it, of which the text does not speak.
func (s Scope) isOfDay(f reference.Figure) bool {
	if changeOfDay.MatchString(f.Field) {
		return !nowWords.MatchString(s.sentence)
	}
	_, err := time.Parse(time.DateOnly, f.Period)
	return err == nil && f.Unit == calculate.Percent && !singleDay.MatchString(s.sentence)
}

var singleDay = regexp.MustCompile(`(?i)\b(?:day|daily|session|close)s?\b`)

// dayIsNoSpan tells of the change of a day that the text gives for a longer time.
func (s Scope) dayIsNoSpan(f reference.Figure) string {
	if !s.isOfDay(f) {
		return ""
	}
	for _, l := range lengths[1:] {
		if m := l.words.FindString(s.sentence); m != "" {
			return fmt.Sprintf("the text speaks of %s, the figure is of a day", m)
		}
	}
	if m := thisYear.FindString(s.sentence); m != "" {
		return fmt.Sprintf("the text speaks of %s, the figure is of a day", m)
	}
	return ""
}
