package figures

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

const (
	// MaxText is how much of a text is looked at; no answer is as long.
	MaxText = 1 << 18
	// near is how far around a number it is looked for what belongs to it, in bytes.
	near = 48
	// maxNumber is the longest run of digits that is read as an amount.
	maxNumber = 40
)

var digitsPattern = regexp.MustCompile(`\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+`)

// Find finds every number of a text, in its order. Their places do not overlap.
func Find(text string) []Figure {
	text = text[:min(len(text), MaxText)]
	taken := spans(text)
	var found []Figure
	for _, s := range taken {
		found = append(found, Figure{Start: s.start, End: s.end, Text: text[s.start:s.end], Kind: s.kind})
	}
	for _, m := range digitsPattern.FindAllStringIndex(text, -1) {
		if f, ok := read(text, m[0], m[1]); ok && !overlaps(taken, f.Start, f.End) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b Figure) int { return a.Start - b.Start })
	found = apart(found)
	shareUnits(text, found)
	return found
}

// apart leaves out what begins within the one before it.
func apart(found []Figure) []Figure {
	end := 0
	return slices.DeleteFunc(found, func(f Figure) bool {
		if f.Start < end {
			return true
		}
		end = f.End
		return false
	})
}

// read reads the number in text[start:end] with what stands around it.
func read(text string, start, end int) (Figure, bool) {
	if kind, stop := notAmount(text, start, end); kind != "" {
		return Figure{Start: start, End: stop, Text: text[start:stop], Kind: kind}, true
	}
	digits := text[start:end]
	value, err := decimal.NewFromString(strings.ReplaceAll(digits, ",", ""))
	if err != nil || len(digits) > maxNumber {
		return Figure{Start: start, End: end, Text: digits, Kind: Identifier}, true
	}
	f := Figure{Start: start, End: end, Kind: Amount, Value: value, Digits: significant(digits)}
	f.Step = decimal.New(1, value.Exponent())
	closed := f.before(text)
	if closed {
		f.End += closing(text[f.End:])
	}
	f.after(text)
	if !closed {
		f.parenthesis(text)
	}
	f.Text = text[f.Start:f.End]
	f.About = isAbout(tail(text[:f.Start], 24))
	f.Unsigned = f.Unsigned || (f.Value.IsPositive() && isFall(tail(text[:f.Start], 60))) || fallenPattern.MatchString(head(text[f.End:], 24))
	return f, true
}

// isAbout tells whether a text ends in a word that says that what follows is not exact.
func isAbout(left string) bool {
	word := strings.TrimRightFunc(left, unicode.IsSpace)
	word = strings.ToLower(word[strings.LastIndexFunc(word, unicode.IsSpace)+1:])
	return (strings.HasSuffix(word, "~") || strings.HasSuffix(word, "≈") || len(word) > 1 && strings.Contains(aboutEnds, word[len(word)-2:])) && aboutPattern.MatchString(left)
}

// aboutEnds has the last two letters of each word by which aboutPattern ends.
const aboutEnds = "about around ly approx. almost circa some over under than to "

// isFall tells whether a word for a fall stands before a number and belongs to it.
func isFall(left string) bool {
	left = left[max(0, strings.LastIndexAny(left, ".;0123456789")):]
	return strings.ContainsFunc(left, unicode.IsLetter) && fallPattern.MatchString(left)
}

// significant counts the digits that say something.
func significant(digits string) int {
	plain := strings.TrimLeft(strings.ReplaceAll(strings.ReplaceAll(digits, ",", ""), ".", ""), "0")
	if !strings.Contains(digits, ".") {
		plain = strings.TrimRight(plain, "0")
	}
	return max(len(plain), 1)
}

// before takes in the currency and the sign in front of the number, and tells whether a parenthesis has to be closed
// behind it that makes it negative: "$(123)".
func (f *Figure) before(text string) (closed bool) {
	for range 3 {
		from := max(0, f.Start-near)
		left := text[from:f.Start]
		trimmed := strings.TrimRight(left, " \t\u00a0")
		if at := currencyAtEnd(trimmed); at >= 0 && f.Unit == calculate.Ratio {
			f.Unit = calculate.Unit(currencies[trimmed[at:]])
			f.Start = from + at
			continue
		}
		outer, opened := strings.CutSuffix(left, "(")
		outer = strings.TrimSuffix(outer, " ")
		if at := currencyAtEnd(outer); opened && at >= 0 && f.Unit == calculate.Ratio {
			if closing(text[f.End:]) == 0 {
				return false
			}
			f.Unit = calculate.Unit(currencies[outer[at:]])
			f.Start, closed = from+at, true
			f.negate()
			return closed
		}
		r, size := utf8.DecodeLastRuneInString(left)
		if (r == '-' || r == '−' || r == '–' || r == '+') && !f.Value.IsNegative() && isSign(left[:len(left)-size]) {
			if r != '+' {
				f.negate()
			}
			f.Start -= size
			continue
		}
		break
	}
	return false
}

func (f *Figure) negate() { f.Value = f.Value.Neg() }

// isSign tells whether a dash behind this text is a sign: not where it parts words or takes a number from another.
func isSign(left string) bool {
	r, _ := utf8.DecodeLastRuneInString(left)
	if left == "" || r == '(' || r == '[' || r == '|' || r == '"' || r == '~' || r == '\n' || currencySigns[r] {
		return true
	}
	if !unicode.IsSpace(r) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRightFunc(left, unicode.IsSpace))
	return !unicode.IsDigit(last) && last != '%' && last != ')'
}

// closing is how far away the parenthesis is that closes right behind a number; 0 where there is none.
func closing(right string) int {
	right = head(right, near)
	if trimmed := strings.TrimLeft(right, " \t\n\u00a0"); strings.HasPrefix(trimmed, ")") {
		return len(right) - len(trimmed) + 1
	}
	return 0
}

// power takes in a power of ten.
func (f *Figure) power(text string) {
	m := powerPattern.FindStringSubmatch(text[f.End:])
	if m == nil {
		return
	}
	by, _ := strconv.ParseInt(m[1]+m[2], 10, 32) // of m[3], which is neither, there are two digits at most
	for _, r := range m[3] {
		by = by*10 + int64(utf8.RuneCountInString(superscripts[:strings.IndexRune(superscripts, r)]))
	}
	f.Value, f.Step, f.Scaled = f.Value.Shift(int32(by)), f.Step.Shift(int32(by)), true
	f.End += len(m[0])
}

// after takes in what stands behind the number: scale words, percent signs, currencies and what is counted.
func (f *Figure) after(text string) {
	f.power(text)
	if m := scalePattern.FindStringSubmatch(text[f.End:]); m != nil && !letterFollows(text[f.End+len(m[0]):]) {
		by := scales[strings.ToLower(m[1])]
		if letters := m[1]; len(letters) > 1 || len(m[0]) == 1 || f.Unit.Currency() != "" { // "5 M" alone may be metres
			f.Value, f.Step, f.Scaled = f.Value.Shift(by), f.Step.Shift(by), true
			f.End += len(m[0])
		}
	}
	for _, u := range unitsBehind {
		m := u.pattern.FindString(text[f.End:])
		if m == "" || (f.Unit != calculate.Ratio && u.unit != calculate.Unit(f.Unit.Currency())) {
			continue
		}
		if u.word && letterFollows(text[f.End+len(m):]) {
			continue
		}
		f.Unit, f.Multiple = u.unit, u.multiple
		f.Value, f.Step = f.Value.Shift(u.shift), f.Step.Shift(u.shift)
		f.End += len(m)
		return
	}
}

func letterFollows(right string) bool {
	r, _ := utf8.DecodeRuneInString(right)
	return unicode.IsLetter(r)
}

// parenthesis reads a number that stands in a parenthesis by itself. In a column of figures that is a minus; in a
// sentence it may be an aside as well.
func (f *Figure) parenthesis(text string) {
	from := max(0, f.Start-near)
	left := strings.TrimRight(text[from:f.Start], " \t\u00a0")
	n := closing(text[f.End:])
	if n == 0 || !strings.HasSuffix(left, "(") || f.Value.IsNegative() {
		return
	}
	outer := strings.TrimRight(left[:len(left)-1], " \t\u00a0")
	r, _ := utf8.DecodeLastRuneInString(outer)
	if (outer != "" || from > 0) && r != '\n' && r != '|' && !currencySigns[r] {
		f.Unsigned = true
		return
	}
	f.negate()
	f.Start, f.End = from+len(left)-1, f.End+n
	if m := percentBehind.FindString(text[f.End:]); m != "" && f.Unit == calculate.Ratio { // "(5.2)%"
		f.Unit = calculate.Percent
		f.End += len(m)
	}
}

// shareUnits gives the first number of a range the unit and scale of the second: "5-7%", "$5 to 7 billion".
func shareUnits(text string, found []Figure) {
	for i := range len(found) - 1 {
		a, b := &found[i], &found[i+1]
		if a.Kind != Amount || b.Kind != Amount || !rangeBetween.MatchString(text[a.End:b.Start]) {
			continue
		}
		if strings.Contains(strings.ToLower(text[a.End:b.Start]), "and") && !rangeBefore.MatchString(tail(text[:a.Start], 16)) {
			continue
		}
		if by := b.scale(); a.Unit.Currency() == b.Unit.Currency() || b.Unit == calculate.Ratio || a.Unit == calculate.Ratio {
			if !a.Scaled && b.Scaled {
				a.Value, a.Step, a.Scaled = a.Value.Shift(by), a.Step.Shift(by), true
			}
			switch calculate.Ratio {
			case a.Unit:
				a.Unit, a.Multiple = b.Unit, b.Multiple
			case b.Unit:
				b.Unit = a.Unit
			}
		}
	}
}

// scale is the power of ten of the word that scales f: what the step says beyond the places written.
func (f Figure) scale() int32 {
	_, fraction, _ := strings.Cut(digitsPattern.FindString(f.Text), ".")
	return f.Step.Shift(int32(min(len(fraction), maxNumber))).Exponent() //nolint:gosec // which is small
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }
func head(text string, n int) string { return text[:min(len(text), n)] }
