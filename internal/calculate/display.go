package calculate

import (
	"strings"
)

// Show writes a value with the given places, halves rounded away from zero, thousands parted by commas, and its unit:
// "USD 1,234.50", "12.3%", "0.8", "1,000 shares", "USD 2.10 per shares". Only what is shown is rounded.
func Show(v Value, places int32) string {
	number := grouped(v.Amount.Round(places).StringFixed(max(places, 0)))
	switch v.Unit {
	case Ratio:
		return number
	case Percent:
		return number + "%"
	}
	top, bottom, divided := strings.Cut(string(v.Unit), "/")
	if divided {
		bottom = " per " + bottom
	}
	switch {
	case isCode(top):
		return top + " " + number + bottom
	case top == "1":
		return number + bottom
	}
	return number + " " + top + bottom
}

// grouped parts the thousands of a number in plain digits.
func grouped(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(whole+fraction, "0") == "" {
		sign = "" // what rounds to nothing is not below it
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}
