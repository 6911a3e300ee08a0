package finnhub

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// text is a string, or empty: what is of another type is as good as missing.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no string leaves it empty
	*t = text(s)
	return nil
}

// tidy is a text in one line, without what cannot be seen.
func (t text) tidy() string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, string(t))
	return strings.Join(strings.Fields(visible), " ")
}

// day is a date; nil for what is none.
func (t text) day() *calendar.Day {
	day, err := calendar.ParseDay(string(t))
	if err != nil || day.Year < 1600 {
		return nil
	}
	return &day
}

// link is an address that begins with a scheme, or empty.
func (t text) link(schemes ...string) string {
	for _, scheme := range schemes {
		if strings.HasPrefix(string(t), scheme) && !strings.ContainsFunc(string(t), unicode.IsSpace) {
			return string(t)
		}
	}
	return ""
}

// number is a decimal, or nil.
type number struct{ value *decimal.Decimal }

// UnmarshalJSON never fails. What is absurd is as good as missing.
func (n *number) UnmarshalJSON(raw []byte) error {
	const maxDigits, maxExponent, minExponent = 40, 20, -30
	n.value = nil
	if len(raw) > maxDigits {
		return nil
	}
	value, err := decimal.NewFromString(strings.Trim(string(raw), `"`))
	if err == nil && value.Exponent() <= maxExponent && value.Exponent() >= minExponent {
		n.value = &value
	}
	return nil
}

// digits are how many are kept of ratios, percents and amounts per share; what is behind them is noise of floats.
const digits = 6

// million is what market values, shares and volumes are counted in.
const million = 6

// rounded is the number with so many digits.
func (n number) rounded(places int32) *decimal.Decimal {
	if n.value == nil {
		return nil
	}
	value := n.value.Round(places)
	return &value
}

// positive is a number above zero. Of prices and the like zero means that there is none.
func (n number) positive(places int32) *decimal.Decimal {
	if value := n.rounded(places); value != nil && value.IsPositive() {
		return value
	}
	return nil
}

// millions is a number above zero of them, in whole units.
func (n number) millions() *decimal.Decimal {
	if n.value == nil {
		return nil
	}
	value := n.value.Shift(million).Round(0)
	if !value.IsPositive() {
		return nil
	}
	return &value
}

// whole is the number without its fraction; false when it is missing or not between the bounds.
func (n number) whole(least, most int64) (int64, bool) {
	if n.value == nil || n.value.LessThan(decimal.NewFromInt(least)) || n.value.GreaterThan(decimal.NewFromInt(most)) {
		return 0, false
	}
	return n.value.IntPart(), true
}

// lastSecond is the end of the year 9999, beyond which times cannot be written.
const lastSecond = 253402300799

// row is an entry of a list: one that is no object is as good as empty.
type row[T any] struct{ is T }

// UnmarshalJSON never fails.
func (r *row[T]) UnmarshalJSON(raw []byte) error {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		r.is = value
	}
	return nil
}
