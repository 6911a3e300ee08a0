package figures

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// The bounds of what is tried.
const (
	mostNamed = 32  // figures of the text itself, which are joined without further proof
	mostKnown = 300 // known figures that the text does not name
	longest   = 8   // figures in a sum or an average
	mostTried = 300 // figures of a text that it is tried to derive
)

// term is a figure that others may be derived from.
type term struct {
	value    decimal.Decimal
	size     float64
	unit     calculate.Unit
	name     string
	supports []int
}

// derive marks what follows in one step from figures that the text itself names and that are borne out, and what follows
// from two known figures by no accident. What is derived may bear out what comes behind it.
func (c *Text) derive(verdicts []Verdict) {
	named, order, tried := c.names(verdicts), c.row, 0
	for i := range verdicts {
		v := &verdicts[i]
		if v.State == Unverified && tried < mostTried {
			tried++
			f := v.Figure
			if c.slack > 0 {
				f.slack = decimal.Max(f.tolerance(), f.Value.Abs().Mul(decimal.NewFromFloat(c.slack)))
			}
			if t, ok := c.reason(f, v.Figure, named, order); ok {
				v.State, v.Supports, v.Expression = Derived, t.supports, t.name
				name := "(" + t.name + ")"
				if t.value.Sign()*v.Value.Sign() < 0 {
					name = "-" + name
				}
				named = include(named, written(*v, name))
			}
		}
		if v.State == Verified || v.State == Derived {
			order = append(order, written(*v, v.Expression))
		}
	}
	c.named, c.row = named, slices.Clone(order[max(0, len(order)-3*longest):])
}

// reason looks for what gives f, the likeliest ways first. Where the whole of what is known is searched, f is taken as exact.
func (c *Text) reason(f, exact Figure, named, order []term) (term, bool) {
	if t, ok := inRow(f, order); ok {
		return t, true
	}
	if supports := c.supports(f, nil); f.slack.IsPositive() && len(supports) > 0 {
		return term{name: c.known[supports[0]].Name, supports: supports}, true
	}
	if t, ok := remainder(f, named); ok {
		return t, true
	}
	if t, ok := pairUp(f, named); ok {
		return t, true
	}
	return c.fromKnown(exact)
}

// include adds a term unless there is one like it, or there are too many.
func include(terms []term, t term) []term {
	same := func(o term) bool { return o.size == t.size && o.unit == t.unit && o.value.Equal(t.value) }
	if len(terms) == mostNamed || t.size == 0 || slices.ContainsFunc(terms, same) {
		return terms
	}
	return append(terms, t)
}

// named are the known figures that the text names, as they are known where it is known what they are in.
func (c *Text) names(verdicts []Verdict) []term {
	var terms []term
	for _, v := range verdicts {
		if v.State != Verified {
			continue
		}
		t := written(v, v.Expression)
		if len(v.Supports) > 0 && !c.known[v.Supports[0]].Loose {
			k := c.known[v.Supports[0]]
			t.value, t.size, t.unit = k.Value, k.Value.InexactFloat64(), k.Unit
		}
		terms = include(terms, t)
	}
	for _, t := range c.named {
		terms = include(terms, t)
	}
	return terms
}

// written is the figure as the text has it.
func written(v Verdict, name string) term {
	return term{value: v.Value, size: v.Value.InexactFloat64(), unit: v.Unit, name: name, supports: v.Supports[:min(1, len(v.Supports))]}
}

// inRow looks for figures before f, one behind the other, that f is the sum or the average of, or the one before it said
// otherwise: 0.1855 and then 18.55%.
func inRow(f Figure, order []term) (term, bool) {
	for n := 1; n <= min(longest, len(order)); n++ {
		for from := len(order) - n; from >= max(0, len(order)-3*longest); from-- {
			row := order[from : from+n]
			if slices.ContainsFunc(row, func(t term) bool { return t.unit != row[0].unit }) {
				continue
			}
			for _, form := range []string{"sum", "avg"} {
				if t, ok := join(f, form, row); ok {
					return t, true
				}
			}
		}
	}
	return term{}, false
}

// remainder looks for a share that f is the rest of: 53.8% where 46.2% are something else.
func remainder(f Figure, terms []term) (term, bool) {
	for _, a := range terms {
		t := term{unit: a.unit, supports: a.supports}
		switch {
		case a.value.IsNegative():
			continue
		case a.unit == calculate.Percent && a.value.LessThan(hundred):
			t.value, t.name = hundred.Sub(a.value), "100% - "+a.name
		case a.unit == calculate.Ratio && a.value.LessThan(one):
			t.value, t.name = one.Sub(a.value), "1 - "+a.name
		default:
			continue
		}
		if t.gives(f) {
			return t, true
		}
	}
	return term{}, false
}

// join is the sum or the average of a row of terms, if that is f.
func join(f Figure, form string, row []term) (term, bool) {
	total, size, names := decimal.Zero, 0.0, make([]string, len(row))
	t := term{unit: row[0].unit}
	for i, r := range row {
		total, size, names[i] = total.Add(r.value), size+r.size, r.name
		t.supports = append(t.supports, r.supports...)
	}
	n := 1
	if form == "avg" {
		n = len(row)
	}
	if (form == "avg" && n == 1) || !roughly(f, size/float64(n), t.unit) {
		return term{}, false
	}
	t.value, t.name = total.Div(decimal.NewFromInt(int64(n))), form+"("+strings.Join(names, ", ")+")"
	if len(row) == 1 {
		t.name = row[0].name
	}
	return t, t.gives(f)
}

// gives tells whether f is the term, rounded as f is written.
func (t term) gives(f Figure) bool {
	return slices.ContainsFunc(Known{Value: t.value, Unit: t.unit}.readings(f), f.is)
}

// pairUp looks for two terms that give f by one step, first with its sign.
func pairUp(f Figure, terms []term) (term, bool) {
	for _, unsigned := range []bool{false, true} {
		for _, s := range forms() {
			if s.unsigned = s.unsigned && unsigned; unsigned && !s.unsigned {
				continue
			}
			if t, ok := s.anyTwo(f, terms); ok {
				return t, true
			}
		}
	}
	return term{}, false
}

// anyTwo tries the form on each two terms.
func (s form) anyTwo(f Figure, terms []term) (term, bool) {
	for i, a := range terms {
		for j, b := range terms {
			if i == j {
				continue
			}
			if t, ok := s.try(f, a, b); ok {
				return t, true
			}
		}
	}
	return term{}, false
}

// roughly sorts out what is not near f, its sign aside.
func roughly(f Figure, v float64, unit calculate.Unit) bool {
	size, slack := math.Abs(f.Value.InexactFloat64()), f.tolerance().InexactFloat64()
	switch {
	case f.Unit == calculate.Percent && unit == calculate.Ratio:
		v *= 100
	case f.Unit == calculate.Ratio && unit == calculate.Percent:
		v /= 100
	}
	return math.Abs(math.Abs(v)-size) <= slack*1.001+size*1e-9
}

// mostAccidents is how many pairs of known figures may give a figure by accident, on average, for a pair that does to
// prove anything.
const mostAccidents = 0.05

// window is how many steps around a figure are looked at to tell how thick the pairs lie there.
const window = 50

// fromKnown looks for two known figures that give f by one step, and believes them only where so few pairs come near
// that one had to.
func (c *Text) fromKnown(f Figure) (term, bool) {
	said := fmt.Sprint(f.Value, f.Step, f.Unit, f.Unsigned, f.About, f.Multiple)
	found, tried := c.tried[said]
	if !tried { // a text says a figure more than once
		found = c.search(f)
		c.tried[said] = found
	}
	return found, found.name != ""
}

// search is fromKnown without its memory.
func (c *Text) search(f Figure) term {
	slack := f.tolerance().InexactFloat64()
	size, accidents := math.Abs(f.Value.InexactFloat64()), 0
	var found term
	for _, s := range forms()[:simplest] {
		for i, a := range c.terms {
			for j, b := range c.terms {
				if i == j || b.size == 0 {
					continue
				}
				v := math.Abs(s.size(a.size, b.size))
				if math.Abs(v-size) > 2*slack*window && (f.Unit != calculate.Percent || math.Abs(v*100-size) > 2*slack*window) {
					continue
				}
				if _, ok := s.unit(a.unit, b.unit); !ok {
					continue
				}
				accidents++
				if t, ok := s.try(f, a, b); ok && found.name == "" {
					found = t
				}
			}
		}
	}
	if float64(accidents-1)/(2*window) > mostAccidents {
		return term{}
	}
	return found
}

// distinct are the known figures, each value once.
func (c *Text) distinct() []term {
	var terms []term
	seen := map[string]bool{}
	for i, k := range c.known {
		key := k.Value.String() + string(k.Unit)
		if seen[key] || len(terms) == c.most {
			continue
		}
		seen[key] = true
		terms = append(terms, term{value: k.Value, size: k.Value.InexactFloat64(), unit: k.Unit, name: k.Name, supports: []int{i}})
	}
	return terms
}
