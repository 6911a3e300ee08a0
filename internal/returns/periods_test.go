package returns

import (
	"math"
	"testing"
	"time"
)

func TestATableOfMonthsLinksWhatLiesBetweenValuations(t *testing.T) {
	values := []Point{{Day: on("2022-12-31"), Value: 100}, {Day: on("2023-01-31"), Value: 110}}
	// February has a large flow with a valuation just before it.
	values = append(values, Point{Day: on("2023-02-14"), Value: 121}, Point{Day: on("2023-02-28"), Value: 1331})
	flows := []Flow{{on("2023-02-15"), 1089}}
	for month := time.March; month <= time.March+12; month++ {
		values = append(values, Point{Day: numberOf(2023, month+1, 1) - 1, Value: 1331})
	}
	rows := Months(values, flows, AtStart)
	if got := rows[1]; !near(got.Return, 0.21, 1e-12) || math.Abs(got.Profit-132) > 1e-9 || !near(got.Cumulative, 0.331, 1e-12) {
		t.Errorf("February: got %+v", got)
	}
	last := len(rows) - 1
	if got := rows[2]; got.Annual != got.Cumulative {
		t.Errorf("under a year: got %+v, want the return as it is", got)
	}
	if got := rows[last]; !(got.Annual.Value < got.Cumulative.Value) {
		t.Errorf("over a year: got %+v, want it made yearly", got)
	}
	if got := Trailing(rows, 10, 12); got.Known() {
		t.Errorf("eleven months: got %+v, want no trailing year", got)
	}
	if got := Trailing(rows, 11, 12); !near(got, rows[11].Cumulative.Value, 1e-12) {
		t.Errorf("twelve months: got %+v, want %+v", got, rows[11].Cumulative)
	}
}

func TestATrailingTimeOverAYearIsMadeYearly(t *testing.T) {
	rows := make([]MonthRow, 24)
	for i := range rows {
		rows[i].Return = Of(0)
	}
	rows[3].Return = Of(0.21)
	if got := Trailing(rows, 23, 24); !near(got, 0.1, 1e-12) {
		t.Errorf("got %+v, want 10 %% a year", got)
	}
	rows[5].Return = None(NegativeCapital)
	if got := Trailing(rows, 23, 24); got != None(NegativeCapital) {
		t.Errorf("with a month that has no return: got %+v, want its reason", got)
	}
}

func TestCalendarYearsAreWholeAndTheRestInDays(t *testing.T) {
	for _, test := range []struct {
		from, to string
		want     float64
	}{
		{"2022-12-31", "2023-12-31", 1},
		{"2022-12-31", "2024-01-31", 1 + 31.0/365},
		{"2024-02-29", "2025-02-28", 1},
		{"2024-03-01", "2024-02-28", -2.0 / 365},
		{"2020-02-29", "2024-02-28", 4}, // a year from a leap day ends on 28 February
	} {
		if got := CalendarYears(on(test.from), on(test.to)); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("from %s to %s: got %g, want %g", test.from, test.to, got, test.want)
		}
	}
}

func TestSubperiodsAreLinkedUnlessOneHasNoReturn(t *testing.T) {
	each, total := Linked([]Subperiod{{100, 120, 10, 0.5}, {120, 100, -30, 0.25}})
	if want := (1+10/105.0)*(1+10/112.5) - 1; len(each) != 2 || !near(total, want, 1e-12) {
		t.Errorf("got %+v, %+v, want %g", each, total, want)
	}
	if _, total = Linked([]Subperiod{{100, 120, 0, 0}, {10, 5, -100, 1}}); total.Known() || total.Reason != NegativeCapital {
		t.Errorf("with one on less than nothing: got %+v", total)
	}
	if _, total = Linked(nil); total.Known() {
		t.Errorf("of none: got %+v", total)
	}
}

func TestPricesMakeReturnsAndReturnsAnIndex(t *testing.T) {
	r := PriceReturns([]float64{100, 110, 0, 5, 10})
	if math.Abs(r[0]-0.1) > 1e-12 || r[1] != -1 || !math.IsNaN(r[2]) || r[3] != 1 {
		t.Errorf("got %v, want 10 %%, a total loss, nothing and double", r)
	}
	if index := Index([]float64{0.5, Missing(), 1}); index[2] != 1.5 || index[3] != 3 {
		t.Errorf("got %v, want an index that stands still where a return is missing", index)
	}
	if len(PriceReturns(nil)) != 0 || len(Accumulated([]float64{0.5})) != 1 || Accumulated([]float64{0.5})[0] != 1.5 {
		t.Error("an index of accumulated returns is 1 more than they are")
	}
}
