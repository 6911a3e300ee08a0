package reference_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

type holding struct {
	Symbol   string           `json:"symbol"`
	Quantity decimal.Decimal  `json:"quantity" unit:"shares"`
	Value    *decimal.Decimal `json:"value" unit:"@currency"`
	Currency string           `json:"currency"`
	AsOf     time.Time        `json:"asOf"`
}

type yearly struct {
	Period string          `json:"period"`
	Sales  decimal.Decimal `json:"sales" unit:"@currency"`
	PerOne float64         `json:"perOne" unit:"@currency/shares"`
	Offset int             `json:"offset" unit:"-"`
}

type shares struct {
	Percent *decimal.Decimal `json:"percent" unit:"%"`
}

type result struct {
	*shares
	Currency string                     `json:"currency"`
	Holdings []holding                  `json:"holdings"`
	Years    []yearly                   `json:"years"`
	ByDay    map[string]decimal.Decimal `json:"byDay" unit:"%"`
	Day      calendar.Day               `json:"day"`
}

func number(text string) *decimal.Decimal {
	d := decimal.RequireFromString(text)
	return &d
}

var (
	then = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	some = result{
		shares: &shares{number("12.5")}, Currency: "USD",
		Holdings: []holding{
			{"AAPL", *number("10"), number("2500.10"), "USD", then},
			{"BRK-B", *number("-1.5"), nil, "EUR", then.Add(time.Hour)},
		},
		Years: []yearly{{"FY2025", *number("7"), 1.25, 4}},
		ByDay: map[string]decimal.Decimal{"monday": *number("1")},
	}
)

func TestEveryFigureHasItsPathUnitAndSubject(t *testing.T) {
	t.Parallel()
	figures, err := reference.Read(&some, then.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range figures.All() {
		got = append(got, strings.Join([]string{f.Path, f.Amount.String(), string(f.Unit), f.Subject, f.Period, f.AsOf.Format("15")}, " | "))
	}
	want := []string{
		"percent | 12.5 | % |  |  | 14",
		"holdings[0].quantity | 10 | shares | AAPL |  | 15",
		"holdings[0].value | 2500.1 | USD | AAPL |  | 15",
		"holdings[1].quantity | -1.5 | shares | BRK-B |  | 16",
		"years[0].sales | 7 | USD |  | FY2025 | 14",
		"years[0].perOne | 1.25 | USD/shares |  | FY2025 | 14",
		"byDay.monday | 1 | % |  |  | 14",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func TestAPlaceOfAListIsFoundByItsNumberAndByWhatStandsThere(t *testing.T) {
	t.Parallel()
	figures, err := reference.Read(some, then)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"holdings[0].value": "2500.1", "holdings[AAPL].value": "2500.1", "holdings[aapl].value": "2500.1",
		"holdings[BRK.B].quantity": "-1.5", "holdings[BRK/B].quantity": "-1.5", "years[FY2025].sales": "7", "percent": "12.5",
	} {
		if f, err := figures.Find(path); err != nil || f.Amount.String() != want {
			t.Errorf("%s: got %v, %v, want %s", path, f.Amount, err, want)
		}
	}
	for _, path := range []string{"", "holdings", "holdings[BRK.B].value", "holdings[2].value", "holdings[MSFT].value", "holdings[0", "years[0].offset", "]["} {
		if f, err := figures.Find(path); !errors.Is(err, reference.ErrUnknown) {
			t.Errorf("%s: got %v, %v, want that there is none", path, f, err)
		}
	}
}

func TestWhatHasNoTimeIsAsOfTheWhole(t *testing.T) {
	t.Parallel()
	figures, err := reference.Read(struct {
		Count int        `json:"count" unit:"accounts"`
		AsOf  *time.Time `json:"asOf"`
	}{Count: 3}, then)
	if err != nil || len(figures.All()) != 1 || !figures.All()[0].AsOf.Equal(then) {
		t.Errorf("got %+v, %v, want the one figure as of %s", figures, err, then)
	}
}

func TestANumberWithoutAUnitIsRefused(t *testing.T) {
	t.Parallel()
	data := struct {
		Rows []struct {
			Count int `json:"count"`
		} `json:"rows"`
	}{}
	data.Rows = append(data.Rows, struct {
		Count int `json:"count"`
	}{3})
	if _, err := reference.Read(data, then); err == nil || !strings.Contains(err.Error(), "rows[0].count") {
		t.Errorf("got %v, want the place named", err)
	}
}

func TestATimeThatIsNotKnownAndAUnitThatIsTheRatioInWords(t *testing.T) {
	t.Parallel()
	figures, err := reference.Read(struct {
		AsOf  *time.Time `json:"asOf"`
		Unit  string     `json:"unit"`
		Value float64    `json:"value" unit:"@unit"`
	}{nil, "ratio", 1.5}, then)
	if err != nil {
		t.Fatal(err)
	}
	if f := figures.All()[0]; f.Unit != calculate.Ratio || !f.AsOf.Equal(then) {
		t.Errorf("got %q of %s, want a plain ratio of the result's time", f.Unit, f.AsOf)
	}
}

func FuzzAPathIsFoundOrRefused(f *testing.F) {
	figures, err := reference.Read(some, then)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("holdings[AAPL].value")
	f.Add("a[[b]]c].")
	f.Fuzz(func(t *testing.T, path string) {
		found, err := figures.Find(path)
		if err == nil && found.Path == "" {
			t.Errorf("%q: found nothing without saying so", path)
		}
		if _, err := json.Marshal(figures.Place(path)); err != nil {
			t.Error(err)
		}
	})
}
