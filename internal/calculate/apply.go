package calculate

import (
	"math/big"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

var hundred = big.NewRat(100, 1)

func negate(x operand) operand {
	if x.amount != nil {
		x.amount = new(big.Rat).Neg(x.amount)
	}
	return x
}

// plain tells whether x is made of numbers only, which take on any unit; one with a percent sign is not.
func (x operand) plain() bool { return x.bare && x.unit == Ratio }

// alike gives two operands one unit: a plain number takes on the other's. With a percentage as it was written, "1 - 5%",
// both are ratios; with one that is referred to it would be a guess.
func alike(x, y operand) (operand, operand, error) {
	switch {
	case x.bare && y.bare && x.unit != y.unit:
		x, y = share(x), share(y)
	case x.plain() && !y.bare && y.unit != Percent:
		x.unit, x.bare = y.unit, false
	case y.plain() && !x.bare && x.unit != Percent:
		y.unit, y.bare = x.unit, false
	}
	if x.unit != y.unit {
		return x, y, fault.Wrap(fault.Invalid, ErrUnits, "%s and %s cannot be added or compared; percent() and ratio() turn ratios and percentages into one another", x.unit.Name(), y.unit.Name())
	}
	return x, y, nil
}

func add(x, y operand) (operand, error) {
	x, y, err := alike(x, y)
	if err != nil {
		return operand{}, err
	}
	return operand{amount: new(big.Rat).Add(x.amount, y.amount), unit: x.unit, asOf: older(x.asOf, y.asOf), bare: x.bare && y.bare}, nil
}

// share turns a percentage that is not by itself into the ratio it stands for: 5 % of a dollar are 0.05 dollars.
func share(x operand) operand {
	if x.unit == Percent {
		x.unit, x.amount = Ratio, new(big.Rat).Quo(x.amount, hundred)
	}
	return x
}

// multiply keeps a percentage that is only multiplied by a plain number.
func multiply(x, y operand) operand {
	if !x.plain() && !y.plain() {
		x, y = share(x), share(y)
	}
	return operand{amount: new(big.Rat).Mul(x.amount, y.amount), unit: x.unit.times(y.unit), asOf: older(x.asOf, y.asOf), bare: x.bare && y.bare}
}

func divide(x, y operand) (operand, error) {
	if y.amount.Sign() == 0 {
		return operand{}, fault.Wrap(fault.Invalid, ErrZero, "the expression divides by zero, so it has no value")
	}
	if !y.plain() {
		x, y = share(x), share(y)
	}
	return operand{amount: new(big.Rat).Quo(x.amount, y.amount), unit: x.unit.per(y.unit), asOf: older(x.asOf, y.asOf), bare: x.bare && y.bare}, nil
}
