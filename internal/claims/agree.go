package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// Disagrees says what the text says otherwise than the figures on which a value rests; empty where that is nothing.
// Of several, in an expression, one that agrees is enough; for a figure by itself the expression is empty.
func (s Scope) Disagrees(r *Reader, facts []reference.Figure, value calculate.Value, expression string) string {
	for _, differs := range []func(reference.Figure) string{
		r.subjectDiffers(s), s.periodDiffers, s.spanDiffers, s.lengthDiffers, s.momentDiffers, r.dateDiffers(s), s.measureDiffers, s.sectorDiffers, s.lotDiffers, s.estimateDiffers,
	} {
		reason := ""
		for _, f := range facts {
			if reason = differs(f); reason == "" {
				break
			}
		}
		if reason != "" {
			return reason
		}
	}
	signed := func() bool {
		return strings.HasPrefix(expression, "change(") || expression == "" && slices.ContainsFunc(facts, func(f reference.Figure) bool { return changeField.MatchString(f.Field) })
	}
	return s.turned(value, signed)
}

// subjectDiffers tells of a figure that is of another thing than the text says.
func (r *Reader) subjectDiffers(s Scope) func(reference.Figure) string {
	same := func(a, b string) bool { return strings.ReplaceAll(a, "-", ".") == strings.ReplaceAll(b, "-", ".") }
	return func(f reference.Figure) string {
		if s.whole && r.names.symbols[f.Subject] {
			return "the text speaks of the portfolio, the figure is of " + f.Subject
		}
		if len(s.subjects) == 0 || !r.names.symbols[f.Subject] || slices.ContainsFunc(s.subjects, func(symbol string) bool { return same(symbol, f.Subject) }) {
			return ""
		}
		return fmt.Sprintf("the text speaks of %s, the figure is of %s", strings.Join(s.subjects, " and "), f.Subject)
	}
}

// periodDiffers tells of a figure that is of another period or day.
func (s Scope) periodDiffers(f reference.Figure) string {
	for _, p := range s.before {
		if parts := figures.PeriodsIn(p); f.Period != "" && len(figures.PeriodsIn(f.Period)) > 0 && figures.SamePeriod(f.Period, parts) {
			return fmt.Sprintf("the text speaks of a time before %s, the figure is of %s", p, f.Period)
		}
	}
	if len(s.periods) == 0 || f.Period == "" {
		return ""
	}
	var parts []string
	for _, p := range s.periods {
		parts = append(parts, figures.PeriodsIn(p)...)
	}
	reason := fmt.Sprintf("the text speaks of %s, the figure is of %s", strings.Join(s.periods, " and "), f.Period)
	if !figures.SamePeriod(f.Period, parts) {
		return reason
	}
	day, err := time.Parse(time.DateOnly, f.Period)
	if err != nil {
		return ""
	}
	if strings.Contains(f.Path, "transactions[") && sumsUp.MatchString(s.sentence) && !strings.Contains(s.sentence, f.Period) {
		if said, whole, ok := dayOf(s.periods[0], day.Year()); !ok || !whole || !said.Equal(day) {
			return "the text speaks of a total, the figure is of one transaction"
		}
	}
	if s.inRange(day) {
		return ""
	}
	for _, p := range s.periods {
		if said, whole, ok := dayOf(p, day.Year()); !ok || !whole || said.Equal(day) {
			return ""
		}
	}
	return reason
}

var (
	lotWords = regexp.MustCompile(`(?i)\b(?:lots?|batch(?:es)?|bought|buy\w*|purchas\w+|acqui\w+|opened|invested|term)\b`)
	atEnd    = regexp.MustCompile(`\b(?:at|by) the (?:end|beginning|start) of\b`)
)

// lotDiffers tells of a lot, whose day is the one on which it was bought, that the text gives for what was held at a time.
func (s Scope) lotDiffers(f reference.Figure) string {
	if len(s.periods) == 0 || !strings.Contains(f.Path, "lots[") || lotWords.MatchString(s.words) && !atEnd.MatchString(s.words) {
		return ""
	}
	for _, p := range s.periods {
		if day, whole, ok := dayOf(p, 0); ok && whole && day.Format(time.DateOnly) == f.Period {
			return ""
		}
	}
	return fmt.Sprintf("the text speaks of %s, the figure is of a lot as it is now", strings.Join(s.periods, " and "))
}

var (
	estimateWords = regexp.MustCompile(`(?i)\b(?:estimat\w+|expect\w*|consensus|forecast\w*|project\w*|predict\w*|anticipat\w+|guidance|targets?|analysts?|outlook)\b`)
)

// estimateDiffers tells of what somebody expected that the text gives as what came.
func (s Scope) estimateDiffers(f reference.Figure) string {
	if !strings.HasSuffix(f.Field, "Estimate") || estimateWords.MatchString(s.words) {
		return ""
	}
	return "the figure is an estimate, the text does not say so"
}

var sumsUp = regexp.MustCompile(`(?i)\b(?:comes?|came) to\b|\btotal(?:ed|led|s)?\b|\bin all\b|\baltogether\b`)

// dateDiffers tells of a figure that is of another day than the one as of which the text gives it.
func (r *Reader) dateDiffers(s Scope) func(reference.Figure) string {
	return func(f reference.Figure) string {
		days := daysOf(f)
		if len(s.asOf) == 0 || len(days) == 0 {
			return ""
		}
		for _, said := range s.asOf {
			for _, day := range days {
				d, whole, ok := dayOf(said, day.Year())
				if !ok || d.Equal(day) || !whole && d.Year() == day.Year() && d.Month() == day.Month() {
					return ""
				}
			}
		}
		return fmt.Sprintf("the text gives it as of %s, it is of %s", s.asOf[0], days[0].Format(time.DateOnly))
	}
}

// daysOf are the days of which a figure can be said to be.
func daysOf(f reference.Figure) []time.Time {
	if day, err := time.Parse(time.DateOnly, f.Period); err == nil {
		return []time.Time{day}
	}
	if f.Period != "" || f.AsOf.IsZero() {
		return nil
	}
	var days []time.Time
	for _, t := range []time.Time{f.AsOf.UTC(), f.AsOf.In(calendar.NewYork())} {
		days = append(days, time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC))
	}
	return days
}

var dayLayouts = []struct {
	layout string
	whole  bool
}{
	{time.DateOnly, true}, {"1/2/2006", true}, {"1/2/06", true}, {"January 2 2006", true}, {"Jan 2 2006", true}, {"2 January 2006", true}, {"2 Jan 2006", true},
	{"January 2", true}, {"Jan 2", true}, {"2 January", true}, {"2 Jan", true}, {"January 2006", false}, {"Jan 2006", false},
}

var dateNoise = regexp.MustCompile(`(?i)[.,]|\bof\b|(\d)(?:st|nd|rd|th)\b|T\d\d:.*$`)

// dayOf reads a date as people write it; whole is false where it is a month only. One without a year is of the given.
func dayOf(text string, year int) (day time.Time, whole, ok bool) {
	text = strings.Join(strings.Fields(dateNoise.ReplaceAllString(text, "$1 ")), " ")
	text = strings.Replace(text, "Sept ", "Sep ", 1)
	for _, l := range dayLayouts {
		if d, err := time.Parse(l.layout, text); err == nil {
			if d.Year() == 0 {
				d = d.AddDate(year, 0, 0)
			}
			return d, l.whole, true
		}
	}
	return time.Time{}, false, false
}

var (
	changeField = regexp.MustCompile(`(?i)change|pnl|return|gain|growth|profit|effect|difference`)
	fallBefore  = regexp.MustCompile(`(?i)\b(?:fell|falls?|fallen|dropp?(?:ed|s)?|declined?s?|decreased?s?|lost|loses|losing|slid|slipped|shrank|shrunk|down|lower|(?:loss|drop|decline|fall|decrease) of)(?: by)?(?: about| roughly| around| some| nearly| almost)?[\s*_~(]*[$€£¥]?$`)
	riseBefore  = regexp.MustCompile(`(?i)\b(?:rose|rises?|risen|gained|grew|grows?|grown|increased?s?|climbed|jumped|advanced|up|added|(?:gain|rise|increase|growth|profit) of)(?: by)?(?: about| roughly| around| some| nearly| almost)?[\s*_~(]*[$€£¥]?$`)
)

// turned tells of a change that the text turns round: one above zero that fell, one below that rose.
func (s Scope) turned(v calculate.Value, signed func() bool) string {
	left := s.sentence[max(0, s.start-48):s.start]
	switch {
	case v.Amount.IsPositive() && fallBefore.MatchString(left) && signed():
		return "the text says that it fell, the figure that it rose"
	case v.Amount.IsNegative() && riseBefore.MatchString(left):
		return "the text says that it rose, the figure that it fell"
	}
	return ""
}

var (
	dressBehind = regexp.MustCompile(`(?i)^[\s\x{a0}]?(?:(%|percent\b|per cent\b|percentage points?\b|bps\b|basis points?\b)|(thousand\b|million\b|billion\b|trillion\b|[kmb]n?\b)|([$€£¥](?:[^\d]|$)|USD\b|EUR\b|GBP\b|JPY\b|CHF\b|CAD\b|AUD\b|CNY\b|HKD\b|U\.?S\.? dollars?\b|dollars?\b|euros?\b|pounds?\b|yen\b|francs?\b))`)
	dressBefore = regexp.MustCompile(`(?:(?:^|[\s(|~*])[-−–]|([$€£¥])|\b([A-Z]{3})[\s\x{a0}])$`)
)

// signCodes are the currencies that their sign alone says.
var signCodes = map[string]string{"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}

// moneyWords are the words for currencies.
var moneyWords = map[string]string{"dollar": "USD", "euro": "EUR", "pound": "GBP", "yen": "JPY", "franc": "CHF"}

// Dressed tells of a rendered figure to which the model put another unit, scale or sign.
func (s Scope) Dressed(unit calculate.Unit) string {
	const other = "the text gives it another unit, scale or sign"
	if m := dressBefore.FindStringSubmatch(s.sentence[max(0, s.start-8):s.start]); m != nil {
		if _, isMoney := signCodes[m[1]]; m[1] == "" && m[2] == "" || isMoney || isCurrency(m[2]) && m[2] != unit.Currency() {
			return other
		}
	}
	m := dressBehind.FindStringSubmatch(s.sentence[min(s.end, len(s.sentence)):])
	switch {
	case m == nil:
		return ""
	case m[1] != "" && unit == calculate.Percent && !strings.HasPrefix(strings.ToLower(m[1]), "b"):
		return ""
	case m[3] != "" && unit.Currency() != "" && codeOf(m[3]) == unit.Currency():
		return ""
	}
	return other
}

func isCurrency(code string) bool { return code != "" && slices.Contains(currencyCodes, code) }

var currencyCodes = []string{"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "HKD", "SGD", "SEK", "NOK", "DKK", "INR", "KRW", "BRL", "MXN", "ZAR", "PLN"}

// codeOf is the currency that a sign, a code or a word means.
func codeOf(word string) string {
	for sign, code := range signCodes {
		if strings.HasPrefix(word, sign) {
			return code
		}
	}
	lower := strings.TrimSuffix(strings.ToLower(word), "s")
	for name, code := range moneyWords {
		if strings.HasSuffix(lower, name) {
			return code
		}
	}
	return strings.ToUpper(word)
}

// Proves tells whether a number that a known figure would be is that figure: one of many digits is, where few are about.
// Of few digits, or where there are many like it, the text has to say what it is.
func (s Scope) Proves(f figures.Figure, known reference.Figure, crowded bool) bool {
	if s.namesAnother(known) && (isKind(known) || !s.tells(known)) {
		return false
	}
	coarse := f.Digits <= 2
	if !coarse && !crowded {
		return true
	}
	if s.tells(known) {
		return true
	}
	return !coarse && (slices.Contains(s.subjects, known.Subject) || known.Period != "" && len(s.periods) > 0)
}

// tellings are the words by which people speak of what results call otherwise, as their beginnings.
var tellings = map[string][]string{
	"market": {"worth", "value", "position", "holding"}, "value": {"worth", "value", "total"}, "total": {"total", "altogether", "all", "worth"},
	"allocation": {"allocat", "weight", "share", "portion", "make", "of your", "of the"}, "weight": {"weight", "share", "portion", "allocat", "make"},
	"unrealized": {"unreali", "gain", "loss", "profit", "up", "down"}, "pnl": {"p&l", "gain", "loss", "profit", "up", "down", "return"},
	"day": {"today", "day", "daily"}, "change": {"chang", "up", "down", "rose", "fell", "gain", "loss", "lost", "moved", "grew", "growth", "declin", "drop"},
	"price": {"price", "trad", "quot", "cost", "closed", "at"}, "close": {"close", "price", "end"}, "quantity": {"share", "hold", "own", "unit"},
	"cost": {"cost", "paid", "basis", "average"}, "revenue": {"revenue", "sales", "turnover"}, "revenues": {"revenue", "sales", "turnover"}, "sales": {"revenue", "sales", "turnover"},
	"income": {"income", "profit", "earn"}, "eps": {"eps", "per share", "earning"}, "capex": {"capex", "capital expenditure"},
	"pe": {"p/e", "price-to-earnings", "multiple"}, "ratio": {"ratio", "p/e", "multiple"}, "return": {"return", "gain", "loss", "up", "down", "perform"},
}

// tells tells whether the text names what a figure is.
func (s Scope) tells(known reference.Figure) bool {
	if s.namesMeasure(known) {
		return true
	}
	for _, word := range append(camelWords(known.Field), unitWord(known.Unit)) {
		beginnings := tellings[word]
		if len(word) > 2 {
			beginnings = append(slices.Clone(beginnings), word[:min(len(word), 6)])
		}
		for _, b := range beginnings {
			if wordBegins(s.words, b) {
				return true
			}
		}
	}
	return false
}

// unitWord is what is counted, where that is a word of its own.
func unitWord(unit calculate.Unit) string {
	if unit == calculate.Percent || unit.Currency() != "" {
		return ""
	}
	return strings.TrimSuffix(string(unit), "s")
}

// wordBegins tells whether some word of a text begins so.
func wordBegins(text, beginning string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], beginning)
		if i < 0 {
			return false
		}
		i += from
		if i == 0 || text[i-1] < 'a' || text[i-1] > 'z' {
			return true
		}
		from = i + 1
	}
}

// generic are words of fields that say nothing of what is measured.
var generic = map[string]bool{"percent": true, "amount": true, "base": true, "in": true, "number": true, "count": true, "of": true, "is": true}

// camelWords are the words of a field's name that say something.
func camelWords(field string) []string {
	var words []string
	start := 0
	for i, r := range field + "A" {
		if i > start && unicode.IsUpper(r) {
			if word := strings.ToLower(field[start:i]); !generic[word] {
				words = append(words, word)
			}
			start = i
		}
	}
	return words
}
