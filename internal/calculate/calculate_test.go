package calculate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

var errUnknown = fault.New(fault.NotFound, "there is no such figure")

// day is a day of March 2024.
func day(n int) time.Time { return time.Date(2024, 3, n, 0, 0, 0, 0, time.UTC) }

// figures are what the references of the tests stand for.
func figures(reference string) (Value, error) {
	value := map[string]Value{
		"t1.price":               {decimal.RequireFromString("172.50"), "USD", day(3)},
		"t1.shares":              {decimal.RequireFromString("40"), "shares", day(2)},
		"t2.margin":              {decimal.RequireFromString("25"), Percent, day(5)},
		"t2.ratio":               {decimal.RequireFromString("0.25"), Ratio, time.Time{}},
		"t3.quarters[0].revenue": {decimal.RequireFromString("1200"), "USD", day(7)},
		"t3.quarters[1].revenue": {decimal.RequireFromString("1000"), "USD", day(6)},
		"t4.cost":                {decimal.RequireFromString("90"), "EUR", day(1)},
		"t5.none":                {decimal.Zero, "USD", day(1)},
		"t5.per_share":           {decimal.RequireFromString("2.10"), "USD/shares", day(1)},
	}
	v, ok := value[reference]
	if !ok {
		return Value{}, errUnknown
	}
	return v, nil
}

func TestExpressionsComeToValueAndUnit(t *testing.T) {
	for expression, want := range map[string]string{
		"1 + 2 * 3":                          "7",
		"(1 + 2) * -3":                       "-9",
		"--4":                                "4",
		"1 - 2 - 3":                          "-4",
		"8 / 4 / 2":                          "1",
		"0.1 + 0.2":                          "0.3",
		"1 / 3 * 3":                          "1",
		"[(4,411+4,044)/2] - [(1)]":          "4226.5",
		"60.3 million + 32 thousand":         "60332000",
		"$1,407 + 93":                        "1500 USD",
		"$(2 + 3)":                           "5 USD",
		"$-5":                                "-5 USD",
		"5 × 4 ÷ 2 − 1":                      "9",
		"(2.7% + 2.0% + 1.0%) / 3":           "1.9 %",
		"2 * 5%":                             "10 %",
		"(1 - 15%) * 20":                     "17",
		"$40 * 5%":                           "2 USD",
		"10% / 5%":                           "2",
		"t1.price * t1.shares":               "6900 USD*shares",
		"t3.quarters[0].revenue / 12":        "100 USD",
		"t3.quarters[0].revenue / t1.shares": "30 USD/shares",
		"t5.per_share * t1.shares":           "84 USD",
		"t3.quarters[0].revenue / t3.quarters[1].revenue":                 "1.2",
		"t3.quarters[0].revenue * t2.margin":                              "300 USD",
		"t3.quarters[0].revenue + 5":                                      "1205 USD",
		"change(t3.quarters[1].revenue, t3.quarters[0].revenue)":          "0.2",
		"percent(change(t3.quarters[1].revenue, t3.quarters[0].revenue))": "20 %",
		"ratio(t2.margin) + t2.ratio":                                     "0.5",
		"sum(1,200,3)":                                                    "204",
		"avg(t3.quarters[0].revenue, t3.quarters[1].revenue)":             "1100 USD",
		"min(3, 1, 2) + max(3, 1, 2)":                                     "4",
		"abs(-$5)":                                                        "5 USD",
		"round(2.345, 2) + round(-0.5)":                                   "1.35",
		"sum((1,200), 3)":                                                 "1203",
		"round(cagr(100, 121, 2), 12)":                                    "0.1",
		"round(cagr(4, 1, 0.5), 6)":                                       "-0.9375",
		"max(t1.price, 200)":                                              "200 USD",
	} {
		got, err := Evaluate(expression, figures)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if text := strings.TrimSpace(got.Amount.String() + " " + string(got.Unit)); text != want {
			t.Errorf("%s: got %s, want %s", expression, text, want)
		}
	}
}

func TestWhatIsWrongWithAnExpressionIsTold(t *testing.T) {
	for expression, want := range map[string]error{
		"":                               ErrSyntax,
		"1 +":                            ErrSyntax,
		"1 2":                            ErrSyntax,
		"(1":                             ErrSyntax,
		"1)":                             ErrSyntax,
		"foo(1)":                         ErrSyntax,
		"change(1)":                      ErrSyntax,
		"1 # 2":                          ErrSyntax,
		"€":                              ErrSyntax,
		"1 / 0":                          ErrZero,
		"1 / (2 - 2)":                    ErrZero,
		"change(t5.none, t1.price)":      ErrZero,
		"t1.price + t4.cost":             ErrUnits,
		"t1.price + t1.shares":           ErrUnits,
		"t1.price - t2.ratio":            ErrUnits,
		"t2.margin + t2.ratio":           ErrUnits,
		"t2.margin + 2":                  ErrUnits,
		"max(t1.price, t4.cost)":         ErrUnits,
		"percent(t1.price)":              ErrUnits,
		"ratio(t2.ratio)":                ErrUnits,
		"t1.price%":                      ErrUnits,
		"cagr(0, 5, 2)":                  ErrDomain,
		"cagr(1, 5, -2)":                 ErrDomain,
		"round(1.5, 99)":                 ErrDomain,
		"cagr(1, 5, 9999)":               ErrTooLarge,
		"t9.none":                        errUnknown,
		strings.Repeat("9", 200):         ErrTooLarge,
		strings.Repeat("1+", 600) + "1":  ErrTooLarge,
		strings.Repeat("1+", 300) + "1":  ErrTooLarge,
		strings.Repeat("(", 100):         ErrTooLarge,
		strings.Repeat("-", 100) + "1":   ErrTooLarge,
		strings.Repeat("abs(", 90) + "1": ErrTooLarge,
		"cagr(1, " + strings.Repeat("9", 119) + ", 2)": ErrTooLarge,
	} {
		_, err := Evaluate(expression, figures)
		if !errors.Is(err, want) {
			t.Errorf("%.40s: got %v, want %v", expression, err, want)
		}
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			t.Errorf("%.40s: %v is no fault", expression, err)
		}
	}
}

func TestAResultKnowsItsReferencesAndTheOldestTime(t *testing.T) {
	got, err := Evaluate("(t3.quarters[0].revenue - t3.quarters[1].revenue) / t3.quarters[1].revenue", figures)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"t3.quarters[0].revenue", "t3.quarters[1].revenue"}, got.References); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !got.AsOf.Equal(day(6)) {
		t.Errorf("got as of %s, want %s", got.AsOf, day(6))
	}
}

func TestAnEndlessFractionIsCutAndSaysSo(t *testing.T) {
	for expression, exact := range map[string]bool{"1/3": false, "1/8": true, "2": true} {
		got, err := Evaluate(expression, nil)
		if err != nil || got.Exact != exact {
			t.Errorf("%s: got exact %t, %v; want %t", expression, got.Exact, err, exact)
		}
	}
}

func TestArithmeticIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(-1e12, 1e12).Draw(t, name), int32(rapid.IntRange(-6, 3).Draw(t, name+" exponent")))
		}
		a, b := amount("a"), amount("b")
		resolve := func(reference string) (Value, error) {
			return Value{Amount: map[string]decimal.Decimal{"a": a, "b": b}[reference], Unit: "USD"}, nil
		}
		for expression, skip := range map[string]bool{"a + b - b": false, "a / b * b": b.IsZero(), "avg(a, b) * 2 - b": false, "(1 + change(b, a)) * b": b.IsZero()} {
			if skip {
				continue
			}
			got, err := Evaluate(expression, resolve)
			if err != nil || !got.Amount.Equal(a) || !got.Exact || got.Unit != "USD" {
				t.Fatalf("%s with %s and %s: got %s %s, %v", expression, a, b, got.Amount, got.Unit, err)
			}
		}
	})
}

func TestYearlyGrowthCompoundsToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(1, 1e9).Draw(t, "a"), rapid.Int64Range(1, 1e9).Draw(t, "b")
		years := rapid.IntRange(1, 40).Draw(t, "years")
		resolve := func(reference string) (Value, error) {
			return Value{Amount: decimal.NewFromInt(map[string]int64{"a": a, "b": b, "n": int64(years)}[reference])}, nil
		}
		got, err := Evaluate("cagr(a, b, n)", resolve)
		if err != nil {
			t.Fatal(err)
		}
		whole := decimal.NewFromInt(a)
		for range years {
			whole = whole.Mul(got.Amount.Add(decimal.NewFromInt(1)))
		}
		if off := whole.Sub(decimal.NewFromInt(b)).Abs(); off.GreaterThan(decimal.New(1, -6)) {
			t.Fatalf("%d to %d in %d years: %s is off by %s", a, b, years, got.Amount, off)
		}
	})
}

func FuzzExpressionsAreWorkedOutOrRefused(f *testing.F) {
	for _, seed := range []string{"(a-b)/b", "t3.quarters[0].revenue * 2", "sum(1,2,3)", "$ 3,287.0+2,753.0", "[(-2,088) + (-1,074)]/2", "5% - 1", "cagr(1,2,3)", "€-5 million", "((((", "1e9", "a[1]b", "−1–2"} {
		f.Add(seed)
	}
	one := func(string) (Value, error) { return Value{Amount: decimal.NewFromInt(1), Unit: "USD"}, nil }
	f.Fuzz(func(t *testing.T, expression string) {
		first, err := Evaluate(expression, one)
		if err != nil {
			if _, ok := errors.AsType[*fault.Error](err); !ok {
				t.Fatalf("%v is no fault", err)
			}
			return
		}
		again, err := Evaluate(expression, one)
		if err != nil || !again.Amount.Equal(first.Amount) || again.Unit != first.Unit {
			t.Fatalf("got %v and then %v, %v", first, again, err)
		}
	})
}
