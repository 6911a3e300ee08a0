// Package figures finds the numbers in a text and tells which of them known figures bear out.
package figures

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// Kind is what a number in a text is.
type Kind string

// Only an Amount says how much of something there is; the others have no Value and are never checked.
const (
	Amount     Kind = "amount"
	Date       Kind = "date"   // a day, a month or a time of day
	Period     Kind = "period" // a year, a fiscal year, a quarter, or how long one is
	Ordinal    Kind = "ordinal"
	Marker     Kind = "marker"     // the number of a list's entry, or of a note, item or page
	Identifier Kind = "identifier" // 10-K, A320, 001-35727, the 500 of an index
	Constant   Kind = "constant"   // a whole number that a formula is made with: × 100, / 3, (1/2)
)

// Figure is a number where it stands in a text, with its sign, currency and the words that scale it.
type Figure struct {
	Start, End int // its place, in bytes
	Text       string
	Kind       Kind
	Value      decimal.Decimal // in whole units; of a percentage in percent; basis points are hundredths of one
	Step       decimal.Decimal // what one more in the last digit written is worth
	Digits     int             // how many significant digits are written, zeros at the end of a whole number not counted
	Unit       calculate.Unit  // a currency, Percent, "shares"; Ratio where none is written, or "x"
	Multiple   bool            // written as 2.5x or 2.5 times
	About      bool            // the text says that it is not exact
	Unsigned   bool            // the words around it, not the number, may say that it is below zero: "fell 5%"
	Scaled     bool            // a word or letter for thousands, millions … stands with it

	slack decimal.Decimal // by how much it may be off where that is more than its digits say
}

// Known is a figure that bears out others.
type Known struct {
	Name   string // how an expression refers to it
	Value  decimal.Decimal
	Unit   calculate.Unit
	Period string // what it is of, as "FY2019"; empty where that is not known
	AsOf   time.Time
	// Loose is a figure read from a page whose headings, not the figure, give its unit, scale and sign. It may stand for
	// as many thousands, millions or billions, and below zero.
	Loose bool
}

// State is how well a figure is borne out.
type State string

// The states of an amount; what is none has the empty one.
const (
	Verified   State = "verified"   // it is a known figure, rounded to the digits written
	Derived    State = "derived"    // it follows from known figures by one simple step
	Unverified State = "unverified" // nothing known bears it out, which does not make it wrong
)

// Checker holds texts against what is known.
type Checker struct {
	Known []Known
	// Slack is by which part of itself a figure that is derived may miss what it is derived from, for those who reckon
	// with rounded figures: 0.005 for half a percent. None where it is zero.
	Slack float64
	// Joined is how many known figures that the text does not name are joined to bear out another; 300 where it is zero.
	// The more there are, the less that proves.
	Joined int
}

// Verdict is a figure of the text with what bears it out.
type Verdict struct {
	Figure
	State      State
	Supports   []int  // places in the list of known figures
	Expression string // of the names of known figures, as package calculate reads it
	Miscounted string // the calculation in front of it in the text, where that comes to something else
}
