package figures

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// MostChecked is how many amounts of a text are checked, far more than an answer has; those behind stay unverified.
const MostChecked = 3000

// Check finds the numbers of a text and holds each amount against what is known. The text stays as it is.
func Check(text string, known []Known) []Verdict { return Checker{Known: known}.Check(text) }

// Check finds the numbers of a text and holds each amount against what is known.
func (k Checker) Check(text string) []Verdict {
	found, c := Find(text), newChecker(k)
	verdicts, checked, end := make([]Verdict, len(found)), 0, len(found)
	for i, f := range found {
		verdicts[i] = Verdict{Figure: f}
		if f.Kind != Amount {
			continue
		}
		verdicts[i].State = Unverified
		if checked++; checked > MostChecked {
			end = min(end, i)
			continue
		}
		if supports := c.supports(f, periodsNear(text, found, i)); len(supports) > 0 {
			verdicts[i].State, verdicts[i].Supports = Verified, supports
			verdicts[i].Expression = k.Known[supports[0]].Name
		}
	}
	c.derive(verdicts[:end])
	recount(text, verdicts[:end])
	return verdicts
}

// checker has what is known at hand.
type checker struct {
	known []Known
	sizes []float64 // without their signs
	slack float64
	terms []term // the known figures, each value once
	tried map[string]term
}

func newChecker(k Checker) *checker {
	c := &checker{known: k.Known, sizes: make([]float64, len(k.Known)), slack: k.Slack, tried: map[string]term{}}
	for i, k := range k.Known {
		c.sizes[i] = math.Abs(k.Value.InexactFloat64())
	}
	c.terms = c.distinct()
	return c
}

// looseShifts are the powers of ten by which a figure of a page may be off from what it stands for.
var looseShifts = []int32{0, 3, 6, 9, -3, -6}

// supports are the known figures that f is, when rounded as f is written.
func (c *checker) supports(f Figure, periods []string) []int {
	var supports []int
	size, slack := math.Abs(f.Value.InexactFloat64()), f.tolerance().InexactFloat64()
	for i, k := range c.known {
		if !c.near(i, size, slack) || !samePeriod(k.Period, periods) {
			continue
		}
		if slices.ContainsFunc(k.readings(f), f.is) {
			supports = append(supports, i)
		}
	}
	return supports
}

// near sorts out quickly what cannot be f at any scale it may have.
func (c *checker) near(i int, size, slack float64) bool {
	shifts := []int32{0}
	if c.known[i].Loose {
		shifts = looseShifts
	}
	for _, by := range shifts {
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
	case f.Unit == calculate.Percent, k.Unit == calculate.Percent, f.Multiple && k.Unit != calculate.Ratio, !k.counts(f.Unit):
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

// tolerance is half of what the last digit is worth; of what is about so much all of it, and zeros at the end are no digits.
func (f Figure) tolerance() decimal.Decimal {
	if f.slack.IsPositive() {
		return f.slack
	}
	if !f.About {
		return f.Step.Div(decimal.NewFromInt(2))
	}
	step := f.Step
	for written := f.Value.Div(f.Step); !written.IsZero() && written.Mod(decimal.NewFromInt(10)).IsZero(); written = written.Shift(-1) {
		step = step.Shift(1)
	}
	if step.GreaterThanOrEqual(f.Value.Abs()) { // "about 5" is not 9
		return step.Div(decimal.NewFromInt(2))
	}
	return step
}

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

// samePeriod is false only where the sentence speaks of years or quarters and the figure is of others.
func samePeriod(period string, said []string) bool {
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

// periodsNear are the years and quarters in the sentence of the figure.
func periodsNear(text string, found []Figure, at int) []string {
	var parts []string
	for i := at - 1; i >= max(0, at-mostAround) && sameSentence(text[found[i].End:found[at].Start]); i-- {
		parts = append(parts, found[i].periods()...)
	}
	for i := at + 1; i < min(len(found), at+mostAround) && sameSentence(text[found[at].End:found[i].Start]); i++ {
		parts = append(parts, found[i].periods()...)
	}
	return parts
}

var sentenceEnd = regexp.MustCompile(`[.!?;]\s|\n`)

func sameSentence(between string) bool { return !sentenceEnd.MatchString(between) }

var (
	longYear  = regexp.MustCompile(year)
	shortYear = regexp.MustCompile(`(?i)(?:Y|fiscal|Q[1-4]|[1-4]Q)[\s'’-]*(\d\d)$`) // FY24, Q3'24
)

// periods are the years and quarters that a date or period names.
func (f Figure) periods() []string {
	if f.Kind != Period && f.Kind != Date {
		return nil
	}
	parts := periodParts(f.Text)
	if m := shortYear.FindStringSubmatch(f.Text); m != nil && !longYear.MatchString(f.Text) {
		parts = append(parts, "20"+m[1])
	}
	return parts
}
