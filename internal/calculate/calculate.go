// Package calculate works out expressions over referenced figures exactly, and refuses those whose units do not go together.
package calculate

import (
	"errors"
	"math/big"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// What can be wrong with an expression; every error of Evaluate is a fault that wraps one of them, or what the resolver said.
var (
	ErrSyntax   = errors.New("not an expression")
	ErrTooLarge = errors.New("an expression too large")
	ErrUnits    = errors.New("units that do not go together")
	ErrZero     = errors.New("a division by zero")
	ErrDomain   = errors.New("a function where it has no value")
)

// The bounds of an expression. What is beyond them is refused before any of it is worked out.
const (
	MaxLength = 1000 // bytes
	maxDepth  = 32   // of parentheses and signs
	maxTerms  = 200  // numbers and references
	maxDigits = 120  // of a number, before and behind its point
)

// places is to how many decimal places a result that has no end is given, a third for one: more than anybody shows.
const places = 30

// Value is a figure with what has to be known to reckon with it.
type Value struct {
	Amount decimal.Decimal
	Unit   Unit
	AsOf   time.Time // of the oldest figure that went in; zero where none has a time
}

// Resolver finds the figure that a reference names.
type Resolver func(reference string) (Value, error)

// Result is what an expression comes to.
type Result struct {
	Value
	References []string          // in the order of their first use
	Numbers    []decimal.Decimal // that are written out in it, in their order
	Exact      bool              // false where Amount had to be cut at thirty places
}

// Evaluate works out an expression: numbers with thousands separators, currency signs, percents and scale words;
// references as t3.quarters[0].revenue, found by resolve; + - * / with parentheses, and the functions of the package.
// A bare number takes on the unit of what it is added to. Nothing is rounded on the way.
func Evaluate(expression string, resolve Resolver) (Result, error) {
	if len(expression) > MaxLength {
		return Result{}, fault.Wrap(fault.Invalid, ErrTooLarge, "the expression is longer than %d bytes; use fewer terms", MaxLength)
	}
	p := &parser{text: expression, resolve: resolve, known: map[string]operand{}}
	p.next()
	x, err := p.sum()
	if err != nil {
		return Result{}, err
	}
	if p.token.kind != end {
		return Result{}, p.unexpected()
	}
	amount, exact := toDecimal(x.amount)
	return Result{Value: Value{Amount: amount, Unit: x.unit, AsOf: x.asOf}, References: p.references, Numbers: p.numbers, Exact: exact}, nil
}

// operand is a value on its way through an expression.
type operand struct {
	amount *big.Rat
	unit   Unit
	asOf   time.Time
	bare   bool // made of numbers without a unit only, which take on any
}

// toDecimal gives an exact decimal where there is one of at most thirty places, and else the nearest of thirty.
func toDecimal(r *big.Rat) (decimal.Decimal, bool) {
	text := r.FloatString(places)
	d, err := decimal.NewFromString(text)
	if err != nil { // FloatString writes nothing else
		return decimal.Decimal{}, false
	}
	return trim(d), d.Rat().Cmp(r) == 0
}

// trim takes the zeros off the end of the places.
func trim(d decimal.Decimal) decimal.Decimal {
	whole := d.Truncate(0)
	if d.Equal(whole) {
		return whole
	}
	for d.Exponent() < 0 {
		shorter := d.Truncate(-d.Exponent() - 1)
		if !shorter.Equal(d) {
			break
		}
		d = shorter
	}
	return d
}

// older is the earlier of two times, of which either may be unknown.
func older(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
