package figures

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// reported are the known figures of the tests.
func reported() []Known {
	return []Known{
		{Name: "t1.revenue", Value: number("7017000000"), Unit: "USD", Period: "FY2017"},
		{Name: "t1.capex", Value: number("155000000"), Unit: "USD", Period: "FY2017"},
		{Name: "t2.revenue", Value: number("7500000000"), Unit: "USD", Period: "FY2018"},
		{Name: "t3.return", Value: number("-5.24"), Unit: calculate.Percent},
		{Name: "t3.beta", Value: number("1.234"), Unit: calculate.Ratio},
		{Name: "t3.bought", Value: number("3"), Unit: "transactions"},
		{Name: "t3.held", Value: number("40"), Unit: "shares"},
		{Name: "t3.paid", Value: number("1234.56"), Unit: "EUR"},
	}
}

// check holds a text against what is known.
func check(text string, known []Known) []Verdict { return Checker{Known: known}.Check(text) }

// grouped parts the thousands of a number above zero in plain digits.
func grouped(number string) string {
	whole, fraction, decimals := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if decimals {
		whole += "." + fraction
	}
	return whole
}

// states are the amounts of a text with their states and expressions.
func states(verdicts []Verdict) string {
	var said []string
	for _, v := range verdicts {
		if v.Kind == Amount {
			said = append(said, strings.TrimSpace(v.Text+" "+string(v.State)+" "+v.Expression))
		}
	}
	return strings.Join(said, "; ")
}

func TestAmountsAreHeldAgainstWhatIsKnown(t *testing.T) {
	for text, want := range map[string]string{
		"Revenue was $7,017 million.":                                 "$7,017 million verified t1.revenue",
		"In 2024 you bought 3 times.":                                 "3 times verified t3.bought",
		"It is worth 3 times that, or 40 times.":                      "3 times verified t3.bought; 40 times unverified",
		"Revenue was $7.02bn.":                                        "$7.02bn verified t1.revenue",
		"Revenue was about $7 billion.":                               "$7 billion verified t1.revenue",
		"Revenue was $7.03bn.":                                        "$7.03bn unverified",
		"Revenue was €7,017 million.":                                 "€7,017 million unverified",
		"Revenue was $7,017 thousand.":                                "$7,017 thousand unverified",
		"In FY2018 revenue was $7,017 million.":                       "$7,017 million unverified",
		"In FY2017 revenue was $7,017 million.":                       "$7,017 million verified t1.revenue",
		"It returned -5.2%.":                                          "-5.2% verified t3.return",
		"It fell 5.2%.":                                               "5.2% verified t3.return",
		"It rose 5.2%.":                                               "5.2% unverified",
		"It lost 524 bps.":                                            "524 bps verified t3.return",
		"Its beta is 1.23, or 123%.":                                  "1.23 verified t3.beta; 123% verified t3.beta",
		"You hold 40 shares, for €1,234.56.":                          "40 shares verified t3.held; €1,234.56 verified t3.paid",
		"You hold 41 shares.":                                         "41 shares unverified",
		"Capex was $155 million, and revenue $7,017 million, so 2.2%": "$155 million verified t1.capex; $7,017 million verified t1.revenue; 2.2% derived t1.capex / t1.revenue",
		"From $7,017 million in 2017 to $7,500 million in 2018, by $483 million or 6.9%.": "$7,017 million verified t1.revenue; $7,500 million verified t2.revenue; $483 million derived t2.revenue - t1.revenue; 6.9% derived (t2.revenue - t1.revenue) / t1.revenue",
		"In Q3'18 revenue was $7,017 million.":                                            "$7,017 million unverified",
		"There is 1 thing in 2019.":                                                       "1 verified t3.beta",
	} {
		if got := states(check(text, reported())); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestWhatIsDerivedIsWhatItsExpressionComesTo(t *testing.T) {
	known := reported()
	resolve := func(name string) (calculate.Value, error) {
		for _, k := range known {
			if k.Name == name {
				return calculate.Value{Amount: k.Value, Unit: k.Unit}, nil
			}
		}
		return calculate.Value{}, fmt.Errorf("no %s", name)
	}
	text := "$7,017 million and $7,500 million make $14,517 million, on average $7,258.5 million; of them $155 million are 2.1%; the change is 6.88%."
	derived := 0
	for _, v := range check(text, known) {
		if v.State != Derived {
			continue
		}
		derived++
		got, err := calculate.Evaluate(v.Expression, resolve)
		if err != nil {
			t.Errorf("%s: %v", v.Expression, err)
			continue
		}
		if v.Unit == calculate.Percent && got.Unit == calculate.Ratio {
			got.Amount = got.Amount.Shift(2)
		}
		if !v.is(got.Amount) {
			t.Errorf("%s is %s, not %s", v.Expression, got.Amount, v.Text)
		}
	}
	if derived < 3 {
		t.Errorf("got %d derived figures, want 3 at least", derived)
	}
}

func TestAShownCalculationIsWorkedOut(t *testing.T) {
	for text, want := range map[string]string{
		"The margin is 155/7,017 = 2.2%.":                            "",
		"The margin is (155 / 7,017) x 100 = 2.2%.":                  "",
		"Growth = ($7,500 / $7,017) * 100 = 34.8%":                   "($7,500 / $7,017) * 100",
		"The margin = (7,017 - 155) / 7,017 = 6,862 / 7,017 = 0.978": "",
		"Revenue - capex = 7,017 - 155 = 6,000":                      "7,017 - 155",
		"Net income + 5 - 1 = 9":                                     "",
	} {
		got := ""
		for _, v := range check(text, nil) {
			got += v.Miscounted
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsBeyondTheBoundsIsFoundAndStaysUnverified(t *testing.T) {
	verdicts := check(strings.Repeat("$155 million. ", MostChecked+1), reported())
	if n := len(verdicts); n != MostChecked+1 {
		t.Fatalf("got %d figures, want %d", n, MostChecked+1)
	}
	if verdicts[MostChecked-1].State != Verified || verdicts[MostChecked].State != Unverified {
		t.Errorf("got %s and behind it %s", verdicts[MostChecked-1].State, verdicts[MostChecked].State)
	}
}

func TestChanceProvesNothing(t *testing.T) {
	var known []Known
	for i := range 120 {
		known = append(known, Known{Name: fmt.Sprintf("t1.f%d", i), Value: decimal.NewFromInt(int64(1000 + i*i*37%9973)), Unit: "USD"})
	}
	if got := states(check("The margin was 37.4%.", known)); got != "37.4% unverified" {
		t.Errorf("got %s: among so many figures some pair gives any percentage", got)
	}
}

// rendering is a known figure with a text that tells it rightly, and the parts it is made of.
type rendering struct {
	known                               Known
	sign, before, digits, scale, behind string
}

func (r rendering) text() string {
	return "It was " + r.sign + r.before + r.digits + r.scale + r.behind + " today."
}

// render draws a figure whose digits are its value, rounded to some places.
func render(t *rapid.T) rendering {
	units := []struct {
		unit           calculate.Unit
		before, behind string
	}{{"USD", "$", ""}, {"EUR", "€", ""}, {"USD", "", " dollars"}, {calculate.Percent, "", "%"}, {calculate.Percent, "", " percent"}, {"shares", "", " shares"}, {calculate.Ratio, "", "x"}}
	u := units[rapid.IntRange(0, len(units)-1).Draw(t, "unit")]
	scales := []struct {
		word  string
		shift int32
	}{{"", 0}, {" thousand", 3}, {" million", 6}, {" billion", 9}}
	s := scales[0]
	if u.unit != calculate.Percent && u.behind != "x" {
		s = scales[rapid.IntRange(0, 3).Draw(t, "scale")]
	}
	places := int32(rapid.IntRange(0, 3).Draw(t, "places"))
	written := decimal.New(rapid.Int64Range(1, 99_999_999).Draw(t, "digits"), -places)
	off := decimal.New(rapid.Int64Range(-49, 49).Draw(t, "off"), -places-2) // what rounding took off
	r := rendering{before: u.before, behind: u.behind, scale: s.word}
	value := written.Add(off).Shift(s.shift)
	if rapid.Bool().Draw(t, "below zero") {
		r.sign, value = "-", value.Neg()
	}
	r.digits = grouped(written.StringFixed(places))
	if rapid.Bool().Draw(t, "without commas") {
		r.digits = strings.ReplaceAll(r.digits, ",", "")
	}
	r.known = Known{Name: "t1.f", Value: value, Unit: u.unit}
	return r
}

func TestAFigureRenderedFromAKnownOneIsVerified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := render(t)
		if got := states(check(r.text(), []Known{r.known})); !strings.HasSuffix(got, " verified t1.f") {
			t.Fatalf("%s of %s: got %s", r.text(), r.known.Value, got)
		}
	})
}

// alter changes one thing about a rendering so that it says something else.
func alter(t *rapid.T, r rendering) rendering {
	switch what := rapid.SampledFrom([]string{"digit", "sign", "unit", "scale"}).Draw(t, "altered"); what {
	case "digit":
		at := rapid.IntRange(0, len(r.digits)-1).Draw(t, "at")
		for r.digits[at] < '0' || r.digits[at] > '9' {
			at--
		}
		digit := byte('0' + (int(r.digits[at]-'0')+rapid.IntRange(1, 9).Draw(t, "by"))%10)
		r.digits = r.digits[:at] + string(digit) + r.digits[at+1:]
	case "sign":
		r.sign = map[string]string{"": "-", "-": ""}[r.sign]
	case "unit":
		if r.before != "" || r.behind == " dollars" || r.behind == " shares" {
			r.before, r.behind = "£", ""
		} else {
			r.before, r.behind = "$", ""
		}
	case "scale":
		if r.scale == " million" || r.behind == "x" {
			r.scale, r.behind = " billion", strings.TrimPrefix(r.behind, "x")
		} else {
			r.scale = " million"
		}
	}
	return r
}

func TestAnAlteredFigureIsNeverVerified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := render(t)
		changed := alter(t, r)
		for _, v := range check(changed.text(), []Known{r.known}) {
			if v.State == Verified {
				t.Fatalf("%q of %s %s is verified", changed.text(), r.known.Value, r.known.Unit)
			}
		}
	})
}

func FuzzPlacesLieInTheText(f *testing.F) {
	for _, seed := range []string{"$7,017 million in FY2017", "1. (45.6)%\n2. $(1", "5-7% = 3 x 4", "Q3'24 of 10-K, S&P 500", "−$5.2bn ~ 3rd", "(1+2)/3 = 1", "1,2,3,,4..5", "\xff5%", "between 5 and 7 percent", "٣ 5٪"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		first, again := check(text, reported()), check(text, reported())
		if len(first) != len(again) {
			t.Fatalf("got %d and then %d figures", len(first), len(again))
		}
		for i, v := range first {
			if v.Start < end || v.End <= v.Start || v.End > len(text) || text[v.Start:v.End] != v.Text {
				t.Fatalf("%q at %d-%d is not at its place behind %d", v.Text, v.Start, v.End, end)
			}
			end = v.End
			if (v.State == "") == (v.Kind == Amount) {
				t.Fatalf("%q is of kind %s and in state %q", v.Text, v.Kind, v.State)
			}
			if v.State != again[i].State || v.Expression != again[i].Expression || v.Text != again[i].Text {
				t.Fatalf("got %v and then %v", v, again[i])
			}
		}
	})
}

func TestSentencesEndWithAStopOrABreak(t *testing.T) {
	end := regexp.MustCompile(`[.!?;]\s|\n`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a5é.!?; \t\n\r\f\v]{0,24}`).Draw(t, "text")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		to := rapid.IntRange(from, len(text)).Draw(t, "to")
		if got, want := sameSentence(sentenceEnds(text), from, to), !end.MatchString(text[from:to]); got != want {
			t.Fatalf("%q in %q: got %t, want %t", text[from:to], text, got, want)
		}
	})
}
