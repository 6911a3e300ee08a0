package returns

import (
	"math"
	"slices"
)

// equation is Σ a·e^(-x·t) = 0 in x = ln(1+r). Its terms are sorted by time and have both signs. Times count from the
// first term for x above 0 and from the last (fromLast) for x below: that multiplies the sum by a factor, which changes
// no sign and no zero but keeps every exponent from overflowing.
type equation struct {
	terms []Timed
	span  float64 // from the first term to the last
}

func (e equation) fromLast() equation {
	shifted := make([]Timed, len(e.terms))
	for i, term := range e.terms {
		shifted[i] = Timed{Years: term.Years - e.span, Amount: term.Amount}
	}
	return equation{shifted, e.span}
}

func (e equation) signChanges() int {
	changes := 0
	for i := range e.terms[1:] {
		if (e.terms[i].Amount < 0) != (e.terms[i+1].Amount < 0) {
			changes++
		}
	}
	return changes
}

// at is the sum and its derivative at x, and the sum of the terms' magnitudes.
func (e equation) at(x float64) (value, slope, magnitude float64) {
	for _, term := range e.terms {
		v := term.Amount * math.Exp(-x*term.Years)
		value += v
		slope -= term.Years * v
		magnitude += math.Abs(v)
	}
	return value, slope, magnitude
}

// value and slope are the sum and its derivative, each with its own derivative, at x.
func (e equation) value(x float64) (value, slope float64) {
	value, slope, _ = e.at(x)
	return value, slope
}

func (e equation) slope(x float64) (slope, curve float64) {
	for _, term := range e.terms {
		v := term.Amount * math.Exp(-x*term.Years)
		slope -= term.Years * v
		curve += term.Years * term.Years * v
	}
	return slope, curve
}

// only is the one root, as far out as it may be.
func (e equation) only() float64 {
	atZero, _, _ := e.at(0)
	step := scanStep
	switch last := e.terms[len(e.terms)-1].Amount; {
	case atZero == 0:
		return 0
	case (atZero < 0) != (last < 0): // the last terms weigh too little: only a lower rate lets them count for more
		step, e = -scanStep, e.fromLast()
	}
	near := 0.0
	for far := step; ; far *= 2 {
		if v, _, _ := e.at(far); (v < 0) != (atZero < 0) || v == 0 || math.IsInf(far, 0) {
			return e.between(near, far, e.value)
		}
		near = far
	}
}

// precision of x, relative to the greater of it and 1.
const precision = 1e-15

// between is the zero of f, which has different signs at a and b, by Newton's steps; where one would leave the bracket
// or gains too little, the bracket is halved instead.
func (e equation) between(a, b float64, f func(float64) (value, slope float64)) float64 {
	atA, _ := f(a)
	if atA == 0 {
		return a
	}
	x, width := (a+b)/2, math.Abs(b-a)
	for range 200 {
		v, slope := f(x)
		if v == 0 || math.Abs(b-a) <= precision*max(1, math.Abs(x)) {
			return x
		}
		if (v < 0) == (atA < 0) {
			a = x
		} else {
			b = x
		}
		next := x - v/slope
		if inside := next > min(a, b) && next < max(a, b); !inside || math.Abs(next-x) > width/2 {
			next = (a + b) / 2
		}
		width = math.Abs(next - x)
		if width <= precision*max(1, math.Abs(x)) {
			return next
		}
		x = next
	}
	return x
}

// scanFrom is where a scan begins, which is no rate that people would choose: a sum of exactly zero at a step would say
// nothing of its sign on either side.
const scanFrom = 0.0314159265

// scan finds all roots from lowest to highest, in rising order: where the sum changes its sign from one step to the
// next, and where it touches zero, or crosses it twice, between two steps, which its slope gives away.
func (e equation) scan() []float64 {
	roots := e.fromLast().sweep(-scanStep)
	slices.Reverse(roots)
	return append(roots, e.sweep(scanStep)...)
}

// sweep finds the roots from scanFrom up to highest or, with a step below 0, down to lowest, the nearest first. From step to step each term shrinks by a factor of
// its own, so that only multiplications are needed.
func (e equation) sweep(step float64) []float64 {
	s := e.start(step)
	var roots []float64
	a, va, sa := scanFrom, 0.0, 0.0
	for i := 0; ; i++ {
		b := scanFrom + float64(i)*step
		vb, sb := s.sum()
		if i > 0 {
			roots = append(roots, e.within(a, b, va, sa, vb, sb)...)
		}
		if b <= lowest || b >= highest {
			return slices.DeleteFunc(roots, func(x float64) bool { return x < lowest || x > highest })
		}
		a, va, sa = b, vb, sb
		s.advance()
	}
}

// within finds the roots inside one step, the nearest to a first. v and s are the sum and its slope at the ends.
func (e equation) within(a, b, va, sa, vb, sb float64) []float64 {
	if (va < 0) != (vb < 0) {
		return []float64{e.between(a, b, e.value)}
	}
	forth := b - a
	if leaves := va*sa*forth < 0 && vb*sb*forth > 0; !leaves { // it does not turn round on its way to zero
		return nil
	}
	turn := e.between(a, b, e.slope)
	v, _, magnitude := e.at(turn)
	switch {
	case math.Abs(v) <= 1e-13*magnitude:
		return []float64{turn}
	case (v < 0) != (va < 0):
		return []float64{e.between(a, turn, e.value), e.between(turn, b, e.value)}
	}
	return nil
}

// sweeping holds the terms of one place of a sweep, ordered so that those which vanish first come last.
type sweeping struct{ terms, factors, times []float64 }

func (e equation) start(step float64) *sweeping {
	n := len(e.terms)
	s := &sweeping{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i, term := range e.terms {
		t, at := term.Years, i
		if step < 0 {
			at = n - 1 - i
		}
		s.terms[at], s.times[at], s.factors[at] = term.Amount*math.Exp(-scanFrom*t), t, math.Exp(-step*t)
	}
	return s
}

func (s *sweeping) sum() (value, slope float64) {
	for i, v := range s.terms {
		value += v
		slope -= s.times[i] * v
	}
	return value, slope
}

// advance goes one step on and leaves out the last terms once they are nothing beside the first.
func (s *sweeping) advance() {
	for i := range s.terms {
		s.terms[i] *= s.factors[i]
	}
	n := len(s.terms)
	for n > 1 && math.Abs(s.terms[n-1]) < 1e-280 {
		n--
	}
	s.terms = s.terms[:n]
}
