package facts_test

import (
	"slices"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/facts"
)

// divided is a company that sells a fifth of itself late in 2024: its annual report of that year counts 2023 without it,
// and the quarters of 2024 are told without it when 2025 is held against them.
func divided(t *testing.T) *facts.Company {
	t.Helper()
	return company(t, map[string][]row{
		"us-gaap:Revenues USD": {
			{"2023-01-01", "2023-03-31", "100", "a1", "10-Q", "2023-05-01", 2023},
			{"2023-04-01", "2023-06-30", "100", "a2", "10-Q", "2023-08-01", 2023},
			{"2023-07-01", "2023-09-30", "100", "a3", "10-Q", "2023-11-01", 2023},
			{"2023-01-01", "2023-09-30", "300", "a3", "10-Q", "2023-11-01", 2023},
			{"2023-01-01", "2023-12-31", "400", "a4", "10-K", "2024-02-01", 2023},
			{"2024-01-01", "2024-03-31", "110", "b1", "10-Q", "2024-05-01", 2024},
			{"2024-04-01", "2024-06-30", "110", "b2", "10-Q", "2024-08-01", 2024},
			{"2024-07-01", "2024-09-30", "110", "b3", "10-Q", "2024-11-01", 2024},
			{"2024-01-01", "2024-09-30", "330", "b3", "10-Q", "2024-11-01", 2024},
			{"2023-01-01", "2023-12-31", "320", "b4", "10-K", "2025-02-01", 2024},
			{"2024-01-01", "2024-12-31", "352", "b4", "10-K", "2025-02-01", 2024},
			{"2024-01-01", "2024-03-31", "88", "c1", "10-Q", "2025-05-01", 2025},
			{"2025-01-01", "2025-03-31", "92", "c1", "10-Q", "2025-05-01", 2025},
		},
		"us-gaap:Assets USD": {{"", "2025-03-31", "900", "c1", "10-Q", "2025-05-01", 2025}},
	})
}

func TestAQuarterIsNotMadeOfAYearAndNineMonthsThatAreCountedDifferently(t *testing.T) {
	want := []string{
		"Q1 FY2025 92 c1", "Q3 FY2024 110 b3", "Q2 FY2024 110 b2", "Q1 FY2024 88 c1",
		"Q4 FY2023 100 a4 = FY2023 less 9M FY2023, as first filed",
		"Q3 FY2023 100 a3", "Q2 FY2023 100 a2", "Q1 FY2023 100 a1",
	}
	if got := values(t, divided(t), facts.Revenue, "quarterly"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAQuarterIsMadeWhereTheNineMonthsWereRestatedWithTheYear(t *testing.T) {
	c := company(t, map[string][]row{"us-gaap:Revenues USD": {
		{"2023-01-01", "2023-09-30", "300", "a3", "10-Q", "2023-11-01", 2023},
		{"2023-01-01", "2023-12-31", "400", "a4", "10-K", "2024-02-01", 2023},
		{"2023-01-01", "2023-09-30", "240", "b3", "10-Q", "2024-11-01", 2024},
		{"2024-01-01", "2024-09-30", "264", "b3", "10-Q", "2024-11-01", 2024},
		{"2023-01-01", "2023-12-31", "320", "b4", "10-K", "2025-02-01", 2024},
		{"2024-01-01", "2024-12-31", "352", "b4", "10-K", "2025-02-01", 2024},
	}})
	want := []string{"Q4 FY2024 88 b4 = FY2024 less 9M FY2024", "Q4 FY2023 80 b4 = FY2023 less 9M FY2023"}
	if got := values(t, c, facts.Revenue, "quarterly"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTwelveMonthsAfterARestatementAreTheYearTakenOnByWhatTheNewestFilingHolds(t *testing.T) {
	c := divided(t)
	if got, want := values(t, c, facts.Revenue, "ttm"), []string{"TTM 356 c1 = FY2024 + Q1 FY2025 less Q1 FY2024"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	all, err := c.Values(facts.Revenue, "ttm", "")
	if err != nil || len(all) != 1 || all[0].Start.String() != "2024-04-01" || all[0].End.String() != "2025-03-31" {
		t.Errorf("got %+v, %v, want the twelve months until March 2025", all, err)
	}
	for _, f := range c.Figures() {
		if f.Name == "revenue" && (f.Value.String() != "356" || f.Period != "ttm") {
			t.Errorf("got a revenue of %s of %s, want 356 of twelve months", f.Value, f.Period)
		}
	}
}

func TestWhatTheLastFilingDoesNotHoldAgainstTheYearBeforeIsNotTakenOn(t *testing.T) {
	c := company(t, map[string][]row{"us-gaap:Revenues USD": {
		{"2023-01-01", "2023-12-31", "400", "a4", "10-K", "2024-02-01", 2023},
		{"2024-01-01", "2024-03-31", "110", "b1", "10-Q", "2024-05-01", 2024},
		{"2023-01-01", "2023-12-31", "320", "b4", "10-K", "2025-02-01", 2024},
		{"2024-01-01", "2024-12-31", "352", "b4", "10-K", "2025-02-01", 2024},
		{"2025-01-01", "2025-03-31", "92", "c1", "10-Q", "2025-05-01", 2025},
	}})
	if got := values(t, c, facts.Revenue, "ttm"); len(got) != 0 {
		t.Errorf("got %q, want no twelve months of figures that are counted differently", got)
	}
	for _, f := range c.Figures() {
		if f.Name == "revenueGrowth" {
			t.Errorf("got a growth of %s between quarters that are counted differently", f.Value)
		}
	}
}
