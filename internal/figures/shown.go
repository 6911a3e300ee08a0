package figures

import (
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

const (
	longestShown = 300 // bytes of a calculation that a text shows
	mostStarts   = 40  // places where one is tried to begin
)

var (
	equalsBefore = regexp.MustCompile(`[=≈]\s*(?:(?:approximately|about|roughly|~)\s*)?\**\s*$`)
	timesLetter  = regexp.MustCompile(`([\d)%\]]\s*)x(\s*[\d($])`)
	operators    = regexp.MustCompile(`[-−–+*×/÷]`)
	unfinished   = regexp.MustCompile(`[+*×/÷(\[]|\d\s*[-−–]`)          // in front of a calculation: part of it would be missing
	goesOn       = regexp.MustCompile(`^[\s)\]*]*[+*×/÷x−–-]\s*[\d($]`) // behind a figure that is itself reckoned with
	startsWith   = regexp.MustCompile(`[\d(\[$€£−-]`)
)

// shown is the calculation that ends in the equals sign in front of the figure, and what it comes to.
func shown(text string, f Figure) (string, decimal.Decimal, bool) {
	left := tail(text[:f.Start], longestShown)
	at := equalsBefore.FindStringIndex(left)
	if at == nil {
		return "", decimal.Decimal{}, false
	}
	left = left[:at[0]]
	left = left[strings.LastIndexAny(left, "=≈\n:;")+1:]
	left = timesLetter.ReplaceAllString(strings.NewReplacer("**", " ", `\times`, "*", `\`, "").Replace(left), "$1*$2")
	for _, m := range startsAt(left) {
		if unfinished.MatchString(left[:m]) {
			break
		}
		calculation := strings.TrimSpace(left[m:])
		if !operators.MatchString(strings.TrimLeft(calculation, "-−–")) {
			break
		}
		if r, err := calculate.Evaluate(calculation, nil); err == nil {
			return calculation, r.Amount, true
		}
	}
	return "", decimal.Decimal{}, false
}

func startsAt(text string) []int {
	var starts []int
	for _, m := range startsWith.FindAllStringIndex(text, mostStarts) {
		starts = append(starts, m[0])
	}
	return starts
}

// comesTo tells whether a calculation in a text, which may leave out scale, sign and percent signs, comes to the figure.
func (f Figure) comesTo(v decimal.Decimal) bool {
	f.slack = decimal.Max(f.tolerance().Mul(two), f.Value.Abs().Mul(decimal.New(1, -2)))
	v, f.Value = v.Abs(), f.Value.Abs()
	shifts := looseShifts
	if f.Unit == calculate.Percent || f.Unit == calculate.Ratio {
		shifts = append(slices.Clone(looseShifts), 2, -2)
	}
	return slices.ContainsFunc(shifts, func(by int32) bool { return f.is(v.Shift(by)) })
}

// recount holds figures against the calculations that the text shows for them. One that comes to something else takes
// back that the figure follows from others; that it is known stands.
func recount(text string, verdicts []Verdict) {
	tried := 0
	for i := range verdicts {
		v := &verdicts[i]
		if v.Kind != Amount || tried == mostTried || !equalsBefore.MatchString(tail(text[:v.Start], near)) || goesOn.MatchString(text[v.End:]) {
			continue
		}
		tried++
		calculation, value, ok := shown(text, v.Figure)
		if !ok || v.comesTo(value) {
			continue
		}
		v.Miscounted = calculation
		if v.State == Derived {
			v.State, v.Supports, v.Expression = Unverified, nil, ""
		}
	}
}
