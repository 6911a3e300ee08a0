package calculate

import (
	"slices"
	"strings"
)

// Unit is what a figure counts: a currency by its code, "shares", "USD/shares", or one of the two below. A product is
// written with *, factors in their order, and there is at most one /.
type Unit string

// The units that need no thing. A ratio of 0.05 and 5 percent are the same, yet neither is added to the other: ratio()
// and percent() say which is meant.
const (
	Ratio   Unit = ""
	Percent Unit = "%"
)

// Currency is the code in a unit of money, or of money per something; empty where it is none.
func (u Unit) Currency() string {
	over, _ := u.factors()
	for _, f := range over {
		if isCode(f) {
			return f
		}
	}
	return ""
}

func isCode(factor string) bool {
	return len(factor) == 3 && strings.Trim(factor, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Name is the unit in an error.
func (u Unit) Name() string {
	if u == Ratio {
		return "a plain ratio"
	}
	return string(u)
}

func (u Unit) factors() (over, under []string) {
	top, bottom, _ := strings.Cut(string(u), "/")
	return split(top), split(bottom)
}

func split(product string) []string {
	var factors []string
	for f := range strings.SplitSeq(product, "*") {
		if f != "" && f != "1" {
			factors = append(factors, f)
		}
	}
	return factors
}

// times is the unit of a product.
func (u Unit) times(v Unit) Unit {
	over, under := u.factors()
	over2, under2 := v.factors()
	return build(slices.Concat(over, over2), slices.Concat(under, under2))
}

// per is the unit of a quotient.
func (u Unit) per(v Unit) Unit {
	over, under := v.factors()
	return u.times(build(under, over))
}

// build cancels what stands above and below.
func build(over, under []string) Unit {
	for _, f := range slices.Clone(over) {
		if at := slices.Index(under, f); at >= 0 {
			under = slices.Delete(slices.Clone(under), at, at+1)
			at = slices.Index(over, f)
			over = slices.Delete(slices.Clone(over), at, at+1)
		}
	}
	over, under = slices.Sorted(slices.Values(over)), slices.Sorted(slices.Values(under))
	switch {
	case len(under) == 0:
		return Unit(strings.Join(over, "*"))
	case len(over) == 0:
		over = []string{"1"}
	}
	return Unit(strings.Join(over, "*") + "/" + strings.Join(under, "*"))
}
