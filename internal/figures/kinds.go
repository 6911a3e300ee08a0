package figures

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a stretch of text whose numbers are no amounts.
type span struct {
	start, end int
	kind       Kind
}

const (
	months  = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	year    = `(?:19|20)\d\d`
	lengths = `(?:years?|months?|weeks?|days?|quarters?|hours?|minutes?)`
)

// spanPatterns are tried in this order; what one took is no other's. Each needs one of some texts, in lower case, which
// are looked for first: it is much quicker, and most lines have none.
var spanPatterns = []struct {
	kind    Kind
	needs   []string
	pattern *regexp.Regexp
	may     func(text string) bool // what is needed beside; nil where that is nothing
}{
	{Date, dash, regexp.MustCompile(`\b` + year + `-\d\d-\d\d(?:T[\d:.]+Z?)?\b`), nil},
	{Date, slash, regexp.MustCompile(`\b\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})\b`), nil},
	{Date, monthNames, regexp.MustCompile(`(?i)\b` + months + `\.?\s+\d{1,2}(?:st|nd|rd|th)?\b(?:\s*,?\s*` + year + `\b)?`), nil},
	{Date, monthNames, regexp.MustCompile(`(?i)\b\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?` + months + `\b\.?(?:\s*,?\s*` + year + `\b)?`), nil},
	{Date, monthNames, regexp.MustCompile(`(?i)\b` + months + `\.?,?\s+(?:of\s+)?` + year + `\b`), nil},
	{Date, colon, regexp.MustCompile(`\b\d{1,2}:\d\d(?::\d\d)?\b`), nil},
	{Period, quarterNames, regexp.MustCompile(`(?i)\b(?:FY|CY|fiscal(?:\s+years?)?|(?:Q[1-4]|[1-4]Q|H[12]|[12]H)(?:\s+of)?(?:\s+(?:FY|fiscal))?)\s?['’]?-?(?:` + year + `|\d\d)(?:\s?[-–/]\s?(?:FY\s?)?(?:` + year + `|\d\d))?\b`), nil},
	{Period, halfNames, regexp.MustCompile(`(?i)\b(?:Q[1-4]|[1-4]Q|H[12]|[12]H)\b`), nil},
	{Period, ranges, regexp.MustCompile(`\b` + year + `\s?[-–/]\s?(?:` + year + `|\d\d)\b`), nil},
	{Period, lengthNames, regexp.MustCompile(`(?i)\b\d{1,3}[\s-](?:fiscal\s|calendar\s|full\s)?` + lengths + `\b`), nil},
	{Marker, markerNames, regexp.MustCompile(`(?i)\b(?:notes?|items?|section|sections|pages?|p\.|exhibits?|figure|table|part|step|chapter|article|schedule|appendix|level|tier|phase|rule|line|number|no\.|form|topic|paragraph|footnotes?)\s+#?\d{1,4}(?:\.\d{1,3})*[A-Za-z]?\b`), nil},
	{Marker, entryEnds, regexp.MustCompile(`(?m)^[ \t]*\(?\d{1,2}[.)](?:[ \t]|$)`), numberFirst},
	{Marker, brackets, regexp.MustCompile(`\[\d{1,3}\]|#\d+\b`), nil},
	{Identifier, indexNames, regexp.MustCompile(`(?i)\b(?:S&P|Russell|Fortune|Nasdaq|FTSE|Nikkei|Stoxx|CAC|DAX|Dow)[\s-]?\d{2,4}\b`), nil},
	{Identifier, dotted, regexp.MustCompile(`\b\d{2,}-\d{5,}(?:-\d+)?\b|\b\d{3}-\d{3}-\d{4}\b|\b\d+(?:\.\d+){2,}\b`), numbersJoined},
	{Identifier, forms10k, regexp.MustCompile(`\b\d{1,2}-[KQFkqf](?:/A)?\b|\b40[13]\([a-z]\)`), nil},
	{Identifier, standards, regexp.MustCompile(`\b(?:ASC|ASU|IFRS|IAS|SFAS|FAS|FIN|COVID)[\s-]?\d+(?:[-.]\d+)*`), nil},
}

// What the patterns need.
var (
	dash, slash, colon = []string{"-"}, []string{"/"}, []string{":"}
	monthNames         = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	quarterNames       = []string{"fy", "cy", "fiscal", "q", "h1", "h2", "1h", "2h"}
	halfNames          = []string{"q", "h1", "h2", "1h", "2h"}
	ranges             = []string{"-", "–", "/"}
	lengthNames        = []string{"year", "month", "week", "day", "quarter", "hour", "minute"}
	markerNames        = []string{
		"note", "item", "section", "page", "p.", "exhibit", "figure", "table", "part", "step", "chapter", "article", "schedule", "appendix",
		"level", "tier", "phase", "rule", "line", "number", "no.", "form", "topic", "paragraph",
	}
	entryEnds  = []string{".", ")"}
	brackets   = []string{"[", "#"}
	indexNames = []string{"s&p", "russell", "fortune", "nasdaq", "ftse", "nikkei", "stoxx", "cac", "dax", "dow"}
	dotted     = []string{"-", "."}
	forms10k   = []string{"-", "40"}
	standards  = []string{"as", "ifrs", "fin", "covid"}
)

// has tells whether one of the needs stands in a text.
func has(text string, needs []string) bool {
	return slices.ContainsFunc(needs, func(need string) bool { return strings.Contains(text, need) })
}

// numberFirst tells whether a line of a text begins with a number.
func numberFirst(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimLeft(line, " \t("); line != "" && '0' <= line[0] && line[0] <= '9' {
			return true
		}
	}
	return false
}

// numbersJoined tells whether a dash, or more than one point, stands among digits.
func numbersJoined(text string) bool {
	points := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '-':
			return true
		case c == '.':
			if points++; points > 1 {
				return true
			}
		case c < '0' || c > '9':
			points = 0
		}
	}
	return false
}

// spans finds what is a date, a period, a marker or an identifier by its form, in the order of the text.
func spans(text string) []span {
	var found []span
	lower := strings.ToLower(text)
	for _, p := range spanPatterns {
		if !has(lower, p.needs) || p.may != nil && !p.may(lower) {
			continue
		}
		earlier := found // in order; those of one pattern do not overlap
		for _, m := range p.pattern.FindAllStringIndex(text, -1) {
			if !overlaps(earlier, m[0], m[1]) && !moneyBefore(text[:m[0]]) && !unitFollows(text, p.kind, m) {
				found = append(found, span{m[0], m[1], p.kind})
			}
		}
		found = slices.Clone(found)
		slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	}
	return found
}

// overlaps tells whether a stretch touches one of those taken, which are in order.
func overlaps(taken []span, start, end int) bool {
	at, _ := slices.BinarySearchFunc(taken, start, func(s span, start int) int {
		if s.end <= start {
			return -1
		}
		return 1
	})
	return at < len(taken) && taken[at].start < end
}

func moneyBefore(left string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(tail(left, near), " \u00a0"))
	return currencySigns[r]
}

// unitFollows tells whether what looks like a range of years or the number of a note is an amount after all: "2019-2025
// million", "level 5%".
func unitFollows(text string, kind Kind, m []int) bool {
	right := text[m[1]:]
	return (kind == Period || kind == Marker) && (percentBehind.MatchString(right) || fractionFollows(right))
}

// fractionFollows tells whether a number goes on behind what was taken of it.
func fractionFollows(right string) bool {
	return len(right) > 1 && (right[0] == '.' || right[0] == ',') && unicode.IsDigit(rune(right[1]))
}

var yearPattern = regexp.MustCompile(`^` + year + `$`)

// glued are the letters that may stand right behind a number and leave it one.
var glued = regexp.MustCompile(`(?i)^(?:k|m|mm|mn|b|bn|t|tn|x|bps?|pp|pct|thousand|million|billion|trillion|percent|usd|eur)(?:[^\pL\d]|$)`)

// notAmount tells of a number by what touches it whether it is something else than an amount, and where that ends.
func notAmount(text string, start, end int) (Kind, int) {
	left, right := tail(text[:start], near), text[end:]
	before, _ := utf8.DecodeLastRuneInString(left)
	switch {
	case ordinalBehind.MatchString(right):
		return Ordinal, end + 2
	case letterFollows(right) && !glued.MatchString(right) && !powerPattern.MatchString(right):
		return Identifier, end + wordLength(right)
	case unicode.IsLetter(before) && !endsInCurrency(left):
		return Identifier, end + wordLength(right)
	case hyphened(left), end-start <= 2 && namedBefore.MatchString(tail(left, 40)) && !behindName.MatchString(right):
		return Identifier, end
	case constant(left, text[start:end], right):
		return Constant, end
	case yearPattern.MatchString(text[start:end]) && !endsInCurrency(strings.TrimRight(left, " (")) && !behindYear.MatchString(right) && !strings.HasSuffix(left, "-"):
		return Period, end
	}
	return "", end
}

var (
	ordinalBehind = regexp.MustCompile(`^(?:st|nd|rd|th)(?:[^\pL\d]|$)`)
	behindYear    = regexp.MustCompile(`(?i)^(?:[.,]\d|\s?%|[\s-](?:thousand|million|billion|trillion|shares|dollars|employees|stores|units|percent)\b)`)
)

var (
	namedBefore = regexp.MustCompile(`[\pL\d,] [A-Z][a-z]+(?:[A-Z][a-z]+)* ?$`) // a capital inside a sentence: "the PlayStation 5"
	behindName  = regexp.MustCompile(`^(?:[.,]\d|\s?%| [a-z])`)
)

var (
	operatorBefore = regexp.MustCompile(`(?:[*×/÷^]|\\times|\\div|\d\)? ?x|by)[\s(]*$`)
	operatorBehind = regexp.MustCompile(`^\s*(?:%?\s*[-−–]\s*[\d(]|[*×^]|x \d|/\s?\d\))`)
	constantForm   = regexp.MustCompile(`^(?:100|\d{1,2})$`)
	minusBehind    = regexp.MustCompile(`^\s*%?\s*[-−–]`)
	oneOver        = regexp.MustCompile(`^(?:\s?%|[.,]\d|\s?(?:million|billion|thousand))`)
)

// constant tells whether a small whole number is a factor, a divisor or an exponent of a formula.
func constant(left, digits, right string) bool {
	return constantForm.MatchString(digits) && (operatorBefore.MatchString(tail(left, 12)) || operatorBehind.MatchString(right)) &&
		!endsInCurrency(left) && (digits == "100" || !minusBehind.MatchString(right) && !oneOver.MatchString(right))
}

// hyphened tells whether a word is tied to the number: "Boeing-737", though not "pre-2019" or a minus.
func hyphened(left string) bool {
	if !strings.HasSuffix(left, "-") {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(left[:len(left)-1])
	return unicode.IsLetter(r)
}

func wordLength(right string) int {
	n := 0
	for n < len(right) {
		r, size := utf8.DecodeRuneInString(right[n:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		n += size
	}
	return n
}
