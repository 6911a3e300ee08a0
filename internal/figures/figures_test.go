package figures

import (
	"fmt"
	"testing"
)

func TestEveryNumberIsReadAsWhatItIs(t *testing.T) {
	for text, want := range map[string]string{
		"Revenue was $7,017 million in FY2017.":           "amount 7017000000 USD, period",
		"It fell 5.2% to €1.5bn":                          "amount 5.2 %, amount 1500000000 EUR",
		"a margin of 12 to 15 percent":                    "amount 12 %, amount 15 %",
		"$5-7 billion":                                    "amount 5000000000 USD, amount 7000000000 USD",
		"net debt of 2.5x EBITDA":                         "amount 2.5 ",
		"rose 25 bps on March 3, 2021":                    "amount 0.25 %, date",
		"1. Loss of $(123)\n(45.6)":                       "marker, amount -123 USD, amount -45.6 ",
		"the 10-K of Q3 2024, Note 5, S&P 500":            "identifier, period, marker, identifier",
		"155/7,017 = 2.2%":                                "amount 155 , amount 7017 , amount 2.2 %",
		"the 3rd of 12 stores in 2019":                    "ordinal, amount 12 , period",
		"-3.1% and −4% against US$ 5M":                    "amount -3.1 %, amount -4 %, amount 5000000 USD",
		"1,000 shares at $2,019":                          "amount 1000 shares, amount 2019 USD",
		"9,000 - 8,000":                                   "amount 9000 , amount 8000 ",
		"about 3 thousand A320 and COVID-19 over 2 years": "amount 3000 , identifier, identifier, period",
		"2.000% Notes due 2027":                           "amount 2 %, period",
	} {
		got := ""
		for i, f := range Find(text) {
			if i > 0 {
				got += ", "
			}
			got += string(f.Kind)
			if f.Kind == Amount {
				got += fmt.Sprintf(" %s %s", f.Value, f.Unit)
			}
			if text[f.Start:f.End] != f.Text {
				t.Errorf("%q: %q is not at its place", text, f.Text)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
