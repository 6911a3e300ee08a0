package returns

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFlowsAreNoPerformance(t *testing.T) {
	for _, test := range []struct {
		name   string
		points []Point
		want   float64
	}{
		{"bought and sold in one day", []Point{{0, 0, 0, 0}, {1, 0, 100, 110}}, 0.1},
		{"a deposit", []Point{{0, 100, 0, 0}, {1, 210, 110, 0}}, 0},
		{"all withdrawn", []Point{{0, 100, 0, 0}, {1, 0, 0, 120}}, 0.2},
		{"withdrawn, a pause, and again", []Point{{0, 100, 0, 0}, {1, 0, 0, 110}, {2, 0, 0, 0}, {3, 220, 200, 0}}, 0.21},
		{"the first point's flows are in its value", []Point{{0, 100, 100, 0}, {1, 110, 0, 0}}, 0.1},
		{"a total loss", []Point{{0, 100, 0, 0}, {1, 0, 0, 0}}, -1},
		{"less than nothing for a day", []Point{{0, 100, 0, 0}, {1, 50, 0, 0}, {2, 75, 0, 0}}, -0.25},
	} {
		if got := TWR(test.points); !near(got.Return, test.want, 1e-12) || got.Return.Status != OK {
			t.Errorf("%s: got %+v, want %g", test.name, got, test.want)
		}
	}
}

func TestADayWithoutCapitalPausesAndAValueFromNowhereIsSaid(t *testing.T) {
	got := TWR([]Point{{0, 100, 0, 0}, {1, 0, 0, 100}, {2, 5, 0, 0}, {3, 5, 0, 0}})
	if !near(got.Return, 0, 0) || got.NoCapital != 1 || got.Appeared != 1 || !got.Days[1].Appeared || got.Gaps != 0 {
		t.Errorf("a dividend after the sale: got %+v, want a pause and one warning", got)
	}
	if r := got.Series(); !math.IsNaN(r[1]) || math.IsNaN(r[2]) {
		t.Errorf("got series %v, want a day without capital left out", r)
	}
}

func TestADebtIsAGapThatTheChainReports(t *testing.T) {
	got := TWR([]Point{{0, 100, 0, 0}, {1, -10, 0, 0}, {2, 100, 50, 0}, {3, 50, 0, 50}, {4, 40, 0, 0}, {5, -1, 0, 0}, {6, 3, 0, 0}})
	if got.Return.Status != Partial || got.Return.Reason != Gap || got.Gaps != 1 || got.Days[5].Reason != NegativeCapital {
		t.Errorf("got %+v, want a partial return with one gap", got)
	}
	if only := TWR([]Point{{0, -1, 0, 0}, {1, 5, 0, 0}}); only.Return.Known() {
		t.Errorf("nothing but a gap: got %+v, want no return", only.Return)
	}
}

func TestTooFewPointsHaveNoReturn(t *testing.T) {
	for _, points := range [][]Point{nil, {{0, 100, 0, 0}}} {
		if got := TWR(points); got.Return.Status != Undefined || got.Return.Reason != TooFewValues {
			t.Errorf("%v: got %+v", points, got.Return)
		}
	}
}

// A fund whose price moves, bought and sold at the day's first and last price: whatever the flows, TWR is the price's.
func TestTWRIsThePricesWhateverTheFlows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price, units := 100.0, rapid.Float64Range(1, 1000).Draw(t, "units")
		points := []Point{{0, price * units, 0, 0}}
		for day := range rapid.Int32Range(1, 40).Draw(t, "days") {
			bought := rapid.Float64Range(0, 500).Draw(t, "bought")
			in := bought * price
			units += bought
			price *= 1 + rapid.Float64Range(-0.2, 0.25).Draw(t, "return")
			sold := units * rapid.Float64Range(0, 0.9).Draw(t, "sold")
			units -= sold
			points = append(points, Point{day + 1, units * price, in, sold * price})
		}
		if got := TWR(points); !near(got.Return, price/100-1, 1e-9*price) {
			t.Fatalf("got %+v, want %g", got.Return, price/100-1)
		}
	})
}

func TestLinkingLinksAndSkipsGaps(t *testing.T) {
	for _, test := range []struct {
		r    []float64
		want Figure
	}{
		{[]float64{1, -0.5}, Of(0)},
		{[]float64{0.5, Missing(), 0.5}, Of(1.25)},
		{[]float64{Missing()}, None(TooFewValues)},
		{nil, None(TooFewValues)},
	} {
		if got := Link(test.r); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.r, got, test.want)
		}
	}
}

func TestAYearsReturnIsOfAYearAtLeast(t *testing.T) {
	for _, test := range []struct {
		total float64
		days  int
		want  Figure
	}{
		{0.21, 730, Of(0.1)},
		{0.1, 365, Of(0.1)},
		{0.1, 364, None(UnderAYear)},
		{-1, 730, Of(-1)},
		{-1.2, 730, None(BelowTotalLoss)},
	} {
		got := Annualised(Of(test.total), test.days)
		if got.Status != test.want.Status || got.Reason != test.want.Reason || math.Abs(got.Value-test.want.Value) > 1e-12 {
			t.Errorf("%g in %d days: got %+v, want %+v", test.total, test.days, got, test.want)
		}
	}
	if got := Annualised(None(Gap), 800); got != None(Gap) {
		t.Errorf("no total: got %+v, want its own reason", got)
	}
}

func TestRangesBeginWithTheLastValuationBeforeThem(t *testing.T) {
	for _, test := range []struct {
		name       Range
		last, want string
	}{
		{"MTD", "2024-03-15", "2024-02-29"},
		{"QTD", "2024-03-15", "2023-12-31"},
		{"QTD", "2024-12-31", "2024-09-30"},
		{"YTD", "2024-03-15", "2023-12-31"},
		{"WTD", "2024-03-15", "2024-03-10"},
		{"WTD", "2024-03-11", "2024-03-10"},
		{"1D", "2024-03-01", "2024-02-29"},
		{"1W", "2024-03-07", "2024-02-29"},
		{"1M", "2024-03-31", "2024-02-29"},
		{"3M", "2024-01-31", "2023-10-31"},
		{"6M", "2024-08-31", "2024-02-29"},
		{"1Y", "2024-02-29", "2023-02-28"},
		{"1Y", "2023-02-28", "2022-02-28"},
		{"5Y", "2024-07-04", "2019-07-04"},
	} {
		if got, ok := test.name.Base(on(test.last)); !ok || got != on(test.want) {
			t.Errorf("%s to %s: got %s, want %s", test.name, test.last, dateOf(got).Format("2006-01-02"), test.want)
		}
	}
	if _, ok := Range("2X").Base(0); ok {
		t.Error("an unknown range has a base")
	}
}

func TestLongerPeriodsAreTheirDaysLinked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int32Range(0, 20_000).Draw(t, "first day")
		var days []int32
		var r []float64
		for range rapid.IntRange(1, 300).Draw(t, "days") {
			day += rapid.Int32Range(1, 5).Draw(t, "gap")
			days, r = append(days, day), append(r, rapid.Float64Range(-0.05, 0.05).Draw(t, "return"))
		}
		want := Link(r)
		for _, grain := range []Grain{Week, Month, Quarter, Year} {
			var parts []float64
			for i, part := range grain.By(days, r) {
				parts = append(parts, part.Return.Value)
				if i > 0 && part.Start <= grain.By(days, r)[i-1].Start {
					t.Fatalf("periods out of order")
				}
			}
			if got := Link(parts); math.Abs(got.Value-want.Value) > 1e-9 {
				t.Fatalf("grain %d: got %g, want %g", grain, got.Value, want.Value)
			}
		}
	})
}

func TestDietzIsRightForSteadyWorthAndRefusesWhatItCannot(t *testing.T) {
	june := Days(on("2020-06-01"), on("2020-06-30"))
	flows := []Flow{{on("2020-06-06"), -2000}, {on("2020-06-11"), 20000}}
	// The GIPS handbook for asset owners, provision 22.A.21.
	if got := ModifiedDietz(100_000, 135_000, flows, june); !near(got, 0.153061, 6e-7) || got.Status != Approximate {
		t.Errorf("flows at the end of their days: got %+v, want 0.153061", got)
	}
	if got := ModifiedDietzAt(AtStart, 100_000, 135_000, flows, june); !near(got, 0.152239, 6e-7) {
		t.Errorf("flows at the start of their days: got %+v, want 0.152239", got)
	}
	outside := append(slices.Clone(flows), Flow{june.Start, 500}, Flow{june.End + 1, 500})
	if got := ModifiedDietz(100_000, 135_000, outside, june); !near(got, 0.153061, 6e-7) {
		t.Errorf("flows outside the period count: got %+v", got)
	}
	for _, test := range []struct {
		opening, closing float64
		flows            []Flow
		want             Reason
	}{
		{0, 10, nil, NoCapital},
		{100, 10, []Flow{{on("2020-06-01"), -500}}, NegativeCapital},
		{100, math.NaN(), nil, NotFinite},
	} {
		if got := ModifiedDietz(test.opening, test.closing, test.flows, june); got.Known() || got.Reason != test.want {
			t.Errorf("%+v: got %+v", test, got)
		}
	}
	if got := ModifiedDietz(100, 0, []Flow{{on("2020-06-16"), 100}}, june); got.Reason != BelowTotalLoss {
		t.Errorf("more than all lost: got %+v, want it said", got)
	}
	if got := ModifiedDietz(1, 1, nil, Period{5, 5}); got.Reason != NoPeriod {
		t.Errorf("no period: got %+v", got)
	}
}

func TestDayCountsAgreeOnWholeYearsAndDifferAsDefined(t *testing.T) {
	for _, test := range []struct {
		name     string
		count    DayCount
		from, to string
		want     float64
	}{
		{"ACT/365F", Actual365, "2024-01-01", "2025-01-01", 366.0 / 365},
		{"ACT/360", Actual360, "2024-01-01", "2024-12-26", 1},
		{"ACT/365.25", Actual36525, "2020-01-01", "2024-01-01", 4},
		{"ACT/ACT", ActualActual, "2024-01-01", "2025-01-01", 1},
		{"ACT/ACT", ActualActual, "2023-07-01", "2024-07-01", 184.0/365 + 182.0/366},
		{"NL/365", NoLeap365, "2024-02-28", "2024-03-01", 1.0 / 365},
		{"NL/365", NoLeap365, "2023-01-01", "2025-01-01", 2},
		{"30/360 ISDA", Bond30360, "2024-01-31", "2024-03-31", 60.0 / 360},
		{"30/360 ISDA", Bond30360, "2024-01-29", "2024-03-31", 62.0 / 360},
		{"30/360 SIA", US30360, "2023-02-28", "2023-03-31", 30.0 / 360},
		{"30E/360", European30360, "2024-01-29", "2024-03-31", 61.0 / 360},
		{"30E/360 ISDA", European30360ISDA, "2023-02-28", "2023-08-31", 0.5},
	} {
		if got := test.count(on(test.from), on(test.to)); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s from %s to %s: got %g, want %g", test.name, test.from, test.to, got, test.want)
		}
	}
}
