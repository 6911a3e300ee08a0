package answers

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// shown is a number as it stands in a text.
type shown struct {
	value   decimal.Decimal
	step    decimal.Decimal // what its last digit counts
	percent bool
	dollars bool
	foreign bool // in another currency than dollars
}

var number = regexp.MustCompile(`([-−+]?)\s?([$€£]?)\s?([-−]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\s?(?:thousand|million|billion|trillion|[KMBT]\b))?(\s?(?:%|percent|USD|EUR|dollars))?`)

var scales = map[string]int32{"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "K": 3, "M": 6, "B": 9, "T": 12}

// numbers are those of a text.
func numbers(text string) []shown {
	var all []shown
	for _, m := range number.FindAllStringSubmatch(text, -1) {
		d, err := decimal.NewFromString(strings.ReplaceAll(m[4], ",", "") + m[5])
		if err != nil {
			continue
		}
		scale := scales[strings.TrimSpace(m[6])]
		places := int32(max(0, len(m[5])-1)) // #nosec G115 -- of a number in a text
		unit := strings.TrimSpace(m[7])
		n := shown{
			value: d.Shift(scale), step: decimal.New(1, scale-places), percent: unit == "%" || unit == "percent",
			dollars: m[2] == "$" || unit == "USD" || unit == "dollars", foreign: m[2] == "€" || m[2] == "£" || unit == "EUR",
		}
		if strings.ContainsAny(m[1]+m[3], "-−") {
			n.value = n.value.Neg()
		}
		if places == 0 && m[5] == "" && scale == 0 { // zeros at the end may be rounded
			for d.Abs().GreaterThan(decimal.New(1000, 0)) && d.Mod(n.step.Shift(1)).IsZero() && !d.IsZero() {
				n.step = n.step.Shift(1)
			}
		}
		all = append(all, n)
	}
	return all
}

// is tells whether a number is a figure of the world, as exactly as it is written.
func (n shown) is(r reading) bool {
	want := r.value
	if n.value.Sign() >= 0 && (r.unsaid || want.IsNegative() && !n.percent && !n.dollars) {
		want = want.Abs()
	}
	if n.percent != (r.unit == "%") || n.foreign || n.dollars && r.unit != "USD" {
		return false
	}
	half := n.step.DivRound(decimal.NewFromInt(2), 12)
	if half.LessThan(served) {
		half = served
	} else {
		half = half.Add(served) // what is rounded twice
	}
	return n.value.Sub(want).Abs().LessThanOrEqual(half.Add(decimal.New(1, -9)))
}

// served is how exactly the server gives what it works out: money and percents to the hundredth.
var served = decimal.New(6, -3)
