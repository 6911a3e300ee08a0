package figures

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// Check finds the numbers of a text and holds each amount against what is known. The text stays as it is.
func (k Checker) Check(text string) []Verdict { return k.Begin().Check(text) }

// looseShifts are the powers of ten by which a figure of a page may be off from what it stands for.
var looseShifts = []int32{0, 3, 6, 9, -3, -6}

// supports are the known figures that f is, when rounded as f is written.
func (c *Text) supports(f Figure, periods []string) []int {
	var supports []int
	f.slack = f.tolerance() // worked out once
	size, slack := math.Abs(f.Value.InexactFloat64()), f.slack.InexactFloat64()
	try := func(i int) {
		if k := c.known[i]; SamePeriod(k.Period, periods) && slices.ContainsFunc(k.readings(f), f.is) {
			supports = append(supports, i)
		}
	}
	for _, i := range c.loose {
		if c.near(i, size, slack) {
			try(i)
		}
	}
	for _, percent := range []float64{1, 100, 0.01} {
		for _, i := range c.between((size-slack*1.001)/percent, (size+slack*1.001)/percent) {
			try(i)
		}
	}
	slices.Sort(supports)
	return slices.Compact(supports)
}

// Turned are the known figures that f would be with the other sign.
func (c *Text) Turned(f Figure) []int {
	f.negate()
	f.Unsigned = false
	return c.supports(f, nil)
}

// near sorts out quickly what cannot be f at any scale it may have.
func (c *Text) near(i int, size, slack float64) bool {
	for _, by := range looseShifts {
		for _, percent := range []float64{1, 100, 0.01} {
			if v := c.sizes[i] * math.Pow10(int(by)) * percent; math.Abs(v-size) <= slack*1.001+v*1e-9 {
				return true
			}
		}
	}
	return false
}

// readings are the amounts k may be in the unit of f, none where it has another.
func (k Known) readings(f Figure) []decimal.Decimal {
	var values []decimal.Decimal
	switch {
	case f.Unit == calculate.Percent && k.Unit == calculate.Percent:
		return k.signs(k.Value)
	case f.Unit == calculate.Percent && k.Unit == calculate.Ratio:
		if values = k.signs(k.Value.Shift(2)); k.Loose {
			values = append(values, k.signs(k.Value)...) // the sign stands at the head of the column
		}
		return values
	case f.Unit == calculate.Ratio && k.Unit == calculate.Percent:
		if values = k.signs(k.Value.Shift(-2)); k.Loose && !f.Multiple {
			values = append(values, k.signs(k.Value)...)
		}
		return values
	case f.Unit == calculate.Percent, k.Unit == calculate.Percent, f.Multiple && k.Unit != calculate.Ratio && !k.happened(f), !k.counts(f.Unit):
		return nil
	case !k.Loose:
		return []decimal.Decimal{k.Value}
	}
	for _, by := range looseShifts {
		values = append(values, k.signs(k.Value.Shift(by))...)
	}
	return values
}

// counts tells whether k may be written with the unit, or with none.
func (k Known) counts(unit calculate.Unit) bool {
	return unit == calculate.Ratio || unit == k.Unit || (k.Loose && k.Unit == calculate.Ratio) ||
		(unit.Currency() != "" && unit.Currency() == k.Unit.Currency())
}

// happened tells whether k counts what happened, which f says in times: "you bought 3 times".
func (k Known) happened(f Figure) bool {
	return (k.Unit == "transactions" || k.Unit == "sales") && f.Value.IsInteger() && strings.HasSuffix(f.Text, "times")
}

func (k Known) signs(v decimal.Decimal) []decimal.Decimal {
	if k.Loose && !v.IsZero() {
		return []decimal.Decimal{v, v.Neg()}
	}
	return []decimal.Decimal{v}
}

// is tells whether f is v, rounded to the digits written, halves either way.
func (f Figure) is(v decimal.Decimal) bool {
	if f.Unsigned && v.IsNegative() != f.Value.IsNegative() {
		v = v.Neg()
	}
	return f.Value.Sub(v).Abs().LessThanOrEqual(f.tolerance())
}

// tolerance is half of what the last digit is worth. What is about so much may be off by half of the last digit that is not
// zero, but not by more than a twentieth: "about 30" is not 20.
func (f Figure) tolerance() decimal.Decimal {
	if f.slack.IsPositive() {
		return f.slack
	}
	half := f.Step.Div(two)
	if !f.About {
		return half
	}
	loose := half
	for written := f.Value.Div(f.Step); !written.IsZero() && written.Mod(decimal.NewFromInt(10)).IsZero(); written = written.Shift(-1) {
		loose = loose.Shift(1)
	}
	return decimal.Max(half, decimal.Min(loose, f.Value.Abs().Mul(aboutPart)))
}

// aboutPart is by which part of itself a figure that is told as about so much may be off.
var aboutPart = decimal.New(5, -2)

var yearOrQuarter = regexp.MustCompile(`(?i)(?:19|20)\d\d|Q[1-4]|[1-4]Q`)

// periodParts are the years and quarters that a period is told with: "Q3 2024" is Q3 and 2024.
func periodParts(period string) []string {
	parts := yearOrQuarter.FindAllString(strings.ToUpper(period), -1)
	for i, p := range parts {
		if p[1] == 'Q' {
			parts[i] = "Q" + p[:1]
		}
	}
	return parts
}

// SamePeriod is false only where the sentence speaks of years or quarters and the figure is of others.
func SamePeriod(period string, said []string) bool {
	if period == "" {
		return true
	}
	own := periodParts(period)
	for _, quarters := range []bool{true, false} {
		is := func(part string) bool { return (part[0] == 'Q') == quarters }
		if slices.ContainsFunc(own, is) && slices.ContainsFunc(said, is) &&
			!slices.ContainsFunc(own, func(part string) bool { return is(part) && slices.Contains(said, part) }) {
			return false
		}
	}
	return true
}

// mostAround is how many figures to either side are looked at for periods.
const mostAround = 12

// periodsNear are the years and quarters in the sentence of the figure; ends are those of all sentences.
func periodsNear(ends []stretch, found []Figure, at int) []string {
	var parts []string
	for i := at - 1; i >= max(0, at-mostAround) && sameSentence(ends, found[i].End, found[at].Start); i-- {
		parts = append(parts, found[i].periods()...)
	}
	for i := at + 1; i < min(len(found), at+mostAround) && sameSentence(ends, found[at].End, found[i].Start); i++ {
		parts = append(parts, found[i].periods()...)
	}
	return parts
}

// stretch is a part of a text.
type stretch struct{ start, end int }

// sentenceEnds are the places where the sentences of a text end, in order: a break, or a stop with what parts it from the
// next sentence.
func sentenceEnds(text string) []stretch {
	var ends []stretch
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n':
			ends = append(ends, stretch{i, i + 1})
		case strings.IndexByte(".!?;", c) >= 0 && i+1 < len(text) && strings.IndexByte(" \t\n\f\r", text[i+1]) >= 0:
			ends = append(ends, stretch{i, i + 2})
		}
	}
	return ends
}

// sameSentence tells whether no sentence ends between two places.
func sameSentence(ends []stretch, from, to int) bool {
	next, _ := slices.BinarySearchFunc(ends, from, func(e stretch, from int) int { return e.start - from })
	return next == len(ends) || ends[next].end > to
}

var (
	longYear  = regexp.MustCompile(year)
	shortYear = regexp.MustCompile(`(?i)(?:Y|fiscal|Q[1-4]|[1-4]Q)[\s'’-]*(\d\d)$`) // FY24, Q3'24
)

// periods are the years and quarters that a date or period names.
func (f Figure) periods() []string {
	if f.Kind != Period && f.Kind != Date {
		return nil
	}
	return PeriodsIn(f.Text)
}

// PeriodsIn are the years and quarters that the name of a date or period tells: 2024 and Q3 of "Q3'24".
func PeriodsIn(name string) []string {
	parts := periodParts(name)
	if m := shortYear.FindStringSubmatch(name); m != nil && !longYear.MatchString(name) {
		parts = append(parts, "20"+m[1])
	}
	return parts
}
