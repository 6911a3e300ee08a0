package figures

import (
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// The bounds of what is tried.
const (
	mostNamed = 24  // figures of the text itself, which are paired without further proof
	mostKnown = 300 // known figures that the text does not name
)

// term is a figure that others may be derived from.
type term struct {
	value    decimal.Decimal
	size     float64
	unit     calculate.Unit
	name     string
	supports []int
	loose    bool
}

// step is one simple way to make a figure of two.
type step struct {
	form string // with a and b for the two
	size func(a, b float64) float64
	work func(a, b decimal.Decimal) decimal.Decimal
	unit func(a, b calculate.Unit) (calculate.Unit, bool)
}

var two, hundred = decimal.NewFromInt(2), decimal.NewFromInt(100)

// derive marks what follows by one step from figures that the text itself names and that are borne out, and what follows
// from two known figures by no accident. What is derived may bear out what comes behind it.
func (c *checker) derive(verdicts []Verdict) {
	named := c.named(verdicts)
	for i := range verdicts {
		v := &verdicts[i]
		if v.State != Unverified {
			continue
		}
		t, ok := pairUp(v.Figure, named)
		if !ok {
			t, ok = c.fromKnown(v.Figure)
		}
		if !ok {
			continue
		}
		v.State, v.Supports, v.Expression = Derived, t.supports, t.name
		if len(named) < mostNamed {
			named = append(named, c.written(*v, "("+t.name+")"))
		}
	}
}

// named are the known figures that the text names, as they are known and not as they are rounded.
func (c *checker) named(verdicts []Verdict) []term {
	var terms []term
	for _, v := range verdicts {
		if v.State != Verified || len(terms) == mostNamed {
			continue
		}
		k := c.known[v.Supports[0]]
		t := term{value: k.Value, unit: k.Unit, name: k.Name, supports: v.Supports[:1], loose: k.Loose}
		if k.Loose { // the text says what it stands for
			t = c.written(v, k.Name)
		}
		t.size = t.value.InexactFloat64()
		if !slices.ContainsFunc(terms, func(o term) bool { return o.name == t.name || o.value.Equal(t.value) && o.unit == t.unit }) {
			terms = append(terms, t)
		}
	}
	return terms
}

// written is the figure as the text has it.
func (c *checker) written(v Verdict, name string) term {
	return term{value: v.Value, size: v.Value.InexactFloat64(), unit: v.Unit, name: name, supports: v.Supports, loose: true}
}

// pairUp looks for two terms that give f by one step.
func pairUp(f Figure, terms []term) (term, bool) {
	forms := steps()
	for i, a := range terms {
		for j, b := range terms {
			if i == j {
				continue
			}
			for _, s := range forms {
				if t, ok := s.try(f, a, b); ok {
					return t, true
				}
			}
		}
	}
	return term{}, false
}

// steps are all that are tried, the simplest first.
func steps() []step {
	return []step{
		{"a - b", func(a, b float64) float64 { return a - b }, decimal.Decimal.Sub, sameUnit},
		{"a + b", func(a, b float64) float64 { return a + b }, decimal.Decimal.Add, sameUnit},
		{"a / b", func(a, b float64) float64 { return a / b }, decimal.Decimal.Div, quotient},
		{"change(b, a)", func(a, b float64) float64 { return (a - b) / b }, func(a, b decimal.Decimal) decimal.Decimal { return a.Sub(b).Div(b) }, asRatio},
		{"avg(a, b)", func(a, b float64) float64 { return (a + b) / 2 }, func(a, b decimal.Decimal) decimal.Decimal { return a.Add(b).Div(two) }, sameUnit},
		{"a * b", func(a, b float64) float64 { return a * b / 100 }, func(a, b decimal.Decimal) decimal.Decimal { return a.Mul(b).Div(hundred) }, part},
	}
}

func sameUnit(a, b calculate.Unit) (calculate.Unit, bool) { return a, a == b }

func asRatio(a, b calculate.Unit) (calculate.Unit, bool) {
	return calculate.Ratio, a == b && a != calculate.Percent
}

// quotient of like things is a ratio, and of money and shares money per share.
func quotient(a, b calculate.Unit) (calculate.Unit, bool) {
	switch {
	case a == b && a != calculate.Percent, b == calculate.Ratio && a != calculate.Percent, a == calculate.Ratio && b != calculate.Percent:
		return calculate.Ratio, true
	case a.Currency() != "" && b == "shares":
		return a + "/" + b, true
	}
	return "", false
}

// part is so many percent of something.
func part(a, b calculate.Unit) (calculate.Unit, bool) {
	return a, b == calculate.Percent && a != calculate.Percent
}

// try works the step out, roughly first.
func (s step) try(f Figure, a, b term) (term, bool) {
	unit, ok := s.unit(a.unit, b.unit)
	if !ok || b.size == 0 || a.size == 0 || !roughly(f, s.size(a.size, b.size), unit) {
		return term{}, false
	}
	t := term{value: s.work(a.value, b.value), unit: unit, name: s.write(a.name, b.name), supports: slices.Concat(a.supports, b.supports)}
	k := Known{Value: t.value, Unit: t.unit}
	direction := f
	direction.Unsigned = f.Unsigned || s.form == "a - b" || s.form == "change(b, a)"
	return t, slices.ContainsFunc(k.readings(f), direction.is)
}

func (s step) write(a, b string) string {
	var out []byte
	for i := range len(s.form) {
		alone := (i == 0 || !isLower(s.form[i-1])) && (i+1 == len(s.form) || !isLower(s.form[i+1]))
		switch {
		case alone && s.form[i] == 'a':
			out = append(out, a...)
		case alone && s.form[i] == 'b':
			out = append(out, b...)
		default:
			out = append(out, s.form[i])
		}
	}
	return string(out)
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// roughly sorts out what is not near f, its sign aside.
func roughly(f Figure, v float64, unit calculate.Unit) bool {
	size, slack := math.Abs(f.Value.InexactFloat64()), f.tolerance().InexactFloat64()
	if f.Unit == calculate.Percent && unit == calculate.Ratio {
		v *= 100
	}
	return math.Abs(math.Abs(v)-size) <= slack*1.001+size*1e-9
}

// mostAccidents is how many pairs of known figures may give a figure by accident, on average, for a pair that does to
// prove anything.
const mostAccidents = 0.05

// window is how many steps around a figure are looked at to tell how thick the pairs lie there.
const window = 50

// fromKnown looks for two known figures that give f by one step, and believes them only where so many pairs do not come
// near that one had to.
func (c *checker) fromKnown(f Figure) (term, bool) {
	terms, forms := c.terms(), steps()[:4]
	slack := f.tolerance().InexactFloat64()
	size, accidents := math.Abs(f.Value.InexactFloat64()), 0
	var found term
	for i, a := range terms {
		for j, b := range terms {
			if i == j || b.size == 0 {
				continue
			}
			for _, s := range forms {
				unit, ok := s.unit(a.unit, b.unit)
				if !ok {
					continue
				}
				v := math.Abs(s.size(a.size, b.size))
				if f.Unit == calculate.Percent && unit == calculate.Ratio {
					v *= 100
				}
				if math.Abs(v-size) <= 2*slack*window {
					accidents++
				}
				if found.name == "" {
					if t, ok := s.try(f, a, b); ok {
						found = t
					}
				}
			}
		}
	}
	return found, found.name != "" && float64(accidents-1)/(2*window) <= mostAccidents
}

// terms are the known figures, each value once.
func (c *checker) terms() []term {
	var terms []term
	seen := map[string]bool{}
	for i, k := range c.known {
		key := k.Value.String() + string(k.Unit)
		if seen[key] || len(terms) == mostKnown {
			continue
		}
		seen[key] = true
		terms = append(terms, term{value: k.Value, size: k.Value.InexactFloat64(), unit: k.Unit, name: k.Name, supports: []int{i}, loose: k.Loose})
	}
	return terms
}
