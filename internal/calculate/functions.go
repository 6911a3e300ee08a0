package calculate

import (
	"math"
	"math/big"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// function is one that expressions may call, with how many arguments it takes.
type function struct {
	least, most int
	apply       func(args []operand) (operand, error)
}

// functions are all of them:
//
//	sum avg min max  of any number of figures of one unit
//	abs              without its sign
//	round(x, n)      to n places, halves away from zero; n is 0 when left out
//	change(a, b)     from a to b as a ratio, (b-a)/a
//	cagr(a, b, n)    the same in each of n periods, (b/a)^(1/n) - 1
//	percent ratio    0.05 as 5 percent, and back
func functions() map[string]function {
	return map[string]function{
		"sum": {1, maxTerms, total}, "avg": {1, maxTerms, average},
		"min":     {1, maxTerms, func(args []operand) (operand, error) { return extreme(args, -1) }},
		"max":     {1, maxTerms, func(args []operand) (operand, error) { return extreme(args, 1) }},
		"abs":     {1, 1, absolute},
		"round":   {1, 2, rounded},
		"change":  {2, 2, change},
		"cagr":    {3, 3, cagr},
		"percent": {1, 1, percent},
		"ratio":   {1, 1, ratio},
	}
}

// call reads the arguments of a function, whose name was read, and applies it.
func (p *parser) call(called string) (operand, error) {
	f, ok := functions()[called]
	if !ok {
		return operand{}, fault.Wrap(fault.Invalid, ErrSyntax, "there is no such function; there are sum, avg, min, max, abs, round, change, cagr, percent and ratio")
	}
	args, err := p.arguments()
	if err != nil {
		return operand{}, err
	}
	if len(args) < f.least || len(args) > f.most {
		return operand{}, fault.Wrap(fault.Invalid, ErrSyntax, "the function %s takes at least %d and at most %d arguments", called, f.least, f.most)
	}
	return f.apply(args)
}

func (p *parser) arguments() ([]operand, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	p.calls++
	p.next()
	var args []operand
	for {
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		args = append(args, x)
		if !p.is(",") {
			break
		}
		p.next()
	}
	if !p.is(")") {
		return nil, p.unexpected()
	}
	p.calls--
	p.depth--
	p.next()
	return args, nil
}

func total(args []operand) (operand, error) {
	x := args[0]
	for _, y := range args[1:] {
		var err error
		if x, err = add(x, y); err != nil {
			return operand{}, err
		}
	}
	return x, nil
}

func average(args []operand) (operand, error) {
	x, err := total(args)
	if err != nil {
		return operand{}, err
	}
	return divide(x, bareNumber(int64(len(args))))
}

func bareNumber(n int64) operand { return operand{amount: new(big.Rat).SetInt64(n), bare: true} }

// extreme is the least argument, or the greatest where sign is 1; its time is its own.
func extreme(args []operand, sign int) (operand, error) {
	x := args[0]
	for _, y := range args[1:] {
		a, b, err := alike(x, y)
		if err != nil {
			return operand{}, err
		}
		x = a
		if b.amount.Cmp(a.amount) == sign {
			x = b
		}
	}
	return x, nil
}

func absolute(args []operand) (operand, error) {
	x := args[0]
	x.amount = new(big.Rat).Abs(x.amount)
	return x, nil
}

func rounded(args []operand) (operand, error) {
	n := int64(0)
	if len(args) == 2 {
		digits := args[1].amount
		if !args[1].bare || !digits.IsInt() || digits.Cmp(big.NewRat(places, 1)) > 0 || digits.Sign() < 0 {
			return operand{}, fault.Wrap(fault.Invalid, ErrDomain, "round takes a whole number of places from 0 to %d", places)
		}
		n = digits.Num().Int64()
	}
	x := args[0]
	x.amount, _ = new(big.Rat).SetString(x.amount.FloatString(int(n))) // which rounds halves away from zero
	return x, nil
}

func change(args []operand) (operand, error) {
	difference, err := add(args[1], negate(args[0]))
	if err != nil {
		return operand{}, err
	}
	base := args[0]
	if base.bare {
		base.unit = difference.unit
	}
	x, err := divide(difference, base)
	x.unit, x.bare = Ratio, false
	return x, err
}

func percent(args []operand) (operand, error) {
	x := args[0]
	if x.unit != Ratio {
		return operand{}, fault.Wrap(fault.Invalid, ErrUnits, "percent() takes a ratio, not %s", x.unit.Name())
	}
	return operand{amount: new(big.Rat).Mul(x.amount, hundred), unit: Percent, asOf: x.asOf}, nil
}

func ratio(args []operand) (operand, error) {
	x := args[0]
	if x.unit != Percent {
		return operand{}, fault.Wrap(fault.Invalid, ErrUnits, "ratio() takes a percentage, not %s", x.unit.Name())
	}
	return share(x), nil
}

// The bounds of cagr: how many periods it takes, and how often the figure may have doubled.
const (
	longestGrowth = 400
	mostGrowth    = 256
)

func cagr(args []operand) (operand, error) {
	a, b, err := alike(args[0], args[1])
	if err != nil {
		return operand{}, err
	}
	n := args[2].amount
	if a.amount.Sign() <= 0 || b.amount.Sign() <= 0 || n.Sign() <= 0 || (!args[2].bare && args[2].unit != Ratio) {
		return operand{}, fault.Wrap(fault.Invalid, ErrDomain, "cagr takes two figures above zero and a number of periods above zero")
	}
	if !n.Num().IsInt64() || !n.Denom().IsInt64() || max(n.Num().Int64(), n.Denom().Int64()) > longestGrowth {
		return operand{}, fault.Wrap(fault.Invalid, ErrTooLarge, "cagr takes at most %d periods, and no finer parts of one", longestGrowth)
	}
	grown := new(big.Float).SetPrec(precision).SetRat(new(big.Rat).Quo(b.amount, a.amount))
	if size := grown.MantExp(nil); size > mostGrowth || size < -mostGrowth {
		return operand{}, fault.Wrap(fault.Invalid, ErrTooLarge, "the growth is too large to be told")
	}
	grown = root(power(grown, n.Denom().Int64()), n.Num().Int64())
	x, _ := grown.Sub(grown, big.NewFloat(1)).Rat(nil)
	x, _ = new(big.Rat).SetString(x.FloatString(places))
	return operand{amount: x, asOf: older(older(a.asOf, b.asOf), args[2].asOf)}, nil
}

// precision of roots, in bits: enough that thirty places are right.
const precision = 512

func power(x *big.Float, n int64) *big.Float {
	y := new(big.Float).SetPrec(precision).SetInt64(1)
	for range n {
		y.Mul(y, x)
	}
	return y
}

// root is the n-th root of a number above zero, by Newton's rule, from a guess that its size gives.
func root(x *big.Float, n int64) *big.Float {
	if n == 1 {
		return x
	}
	fraction := new(big.Float)
	exponent := x.MantExp(fraction)
	m, _ := fraction.Float64()
	size := (math.Log2(m) + float64(exponent)) / float64(n)
	whole := math.Floor(size)
	y := new(big.Float).SetPrec(precision).SetMantExp(big.NewFloat(math.Exp2(size-whole)), int(whole))
	count, less := new(big.Float).SetInt64(n), new(big.Float).SetInt64(n-1)
	for range 8 { // from about fifty bits, each step doubles those that are right
		step := new(big.Float).SetPrec(precision).Quo(x, power(y, n-1))
		step.Add(step, new(big.Float).SetPrec(precision).Mul(less, y))
		y = step.Quo(step, count)
	}
	return y
}
