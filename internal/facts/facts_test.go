package facts_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/facts"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// row is a report of a made-up company. Its value is written as it stands in the JSON.
type row struct {
	start, end, value, filing, form, filed string
	fy                                     int
}

// company makes companyfacts JSON of concepts, "us-gaap:Tag USD" each, and reads it.
func company(t *testing.T, concepts map[string][]row) *facts.Company {
	t.Helper()
	all := map[string]map[string]any{}
	for key, rows := range concepts {
		name, unit, _ := strings.Cut(key, " ")
		taxonomy, tag, _ := strings.Cut(name, ":")
		var list []map[string]any
		for _, r := range rows {
			one := map[string]any{"end": r.end, "val": json.Number(r.value), "accn": r.filing, "form": r.form, "filed": r.filed, "fy": r.fy, "fp": "FY"}
			if r.start != "" {
				one["start"] = r.start
			}
			list = append(list, one)
		}
		if all[taxonomy] == nil {
			all[taxonomy] = map[string]any{}
		}
		all[taxonomy][tag] = map[string]any{"label": tag, "description": nil, "units": map[string]any{unit: list}}
	}
	raw, err := json.Marshal(map[string]any{"cik": 42, "entityName": "Made Up Corp", "facts": all})
	if err != nil {
		t.Fatal(err)
	}
	c, err := facts.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// year is a company whose years end in January and are named after the calendar year before, as retailers' are. It tells
// income by quarter and cash flows by the year so far. Since its first report of fiscal 2023 it counts its revenues otherwise,
// and restates those of the year before.
func year(t *testing.T) *facts.Company {
	return company(t, map[string][]row{
		"us-gaap:Revenues USD": {
			{"2022-01-30", "2022-04-30", "98", "f0", "10-Q", "2022-06-01", 2022},
			{"2022-01-30", "2022-04-30", "95", "f2", "10-Q", "2023-06-01", 2023},
			{"2022-01-30", "2023-01-28", "400", "f1", "10-K", "2023-03-20", 2022},
			{"2023-01-29", "2023-04-29", "100", "f2", "10-Q", "2023-06-01", 2023},
			{"2023-04-30", "2023-07-29", "110", "f3", "10-Q", "2023-09-01", 2023},
			{"2023-07-30", "2023-10-28", "120", "f4", "10-Q", "2023-12-01", 2023},
			{"2023-01-29", "2023-10-28", "330", "f4", "10-Q", "2023-12-01", 2023},
			{"2023-01-29", "2024-02-03", "480", "f5", "10-K", "2024-03-20", 2023},
			{"2022-01-30", "2023-01-28", "390", "f5", "10-K", "2024-03-20", 2023},
			{"2024-02-04", "2024-05-04", "130", "f6", "10-Q", "2024-06-01", 2024},
		},
		"us-gaap:NetCashProvidedByUsedInOperatingActivities USD": {
			{"2023-01-29", "2023-04-29", "10", "f2", "10-Q", "2023-06-01", 2023},
			{"2023-01-29", "2023-07-29", "25", "f3", "10-Q", "2023-09-01", 2023},
			{"2023-01-29", "2023-10-28", "45", "f4", "10-Q", "2023-12-01", 2023},
			{"2023-01-29", "2024-02-03", "70", "f5", "10-K", "2024-03-20", 2023},
		},
		"us-gaap:EarningsPerShareDiluted USD/shares": {
			{"2023-01-29", "2023-10-28", "3.1", "f4", "10-Q", "2023-12-01", 2023},
			{"2023-01-29", "2024-02-03", "4.5", "f5", "10-K", "2024-03-20", 2023},
		},
		"us-gaap:Assets USD": {
			{"", "2023-01-28", "900", "f1", "10-K", "2023-03-20", 2022},
			{"", "2024-02-03", "950", "f5", "10-K", "2024-03-20", 2023},
			{"", "2024-05-04", "940", "f6", "10-Q", "2024-06-01", 2024},
		},
	})
}

func values(t *testing.T, c *facts.Company, asked, period string) []string {
	t.Helper()
	all, err := c.Values(asked, period, "")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, v := range all {
		line := fmt.Sprintf("%s %s %s", v.Period, v.Value, v.Filing)
		if v.Derived != "" {
			line += " = " + v.Derived
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPeriodsAreNamedAsTheCompanyCountsAndFoundHoweverTheyAreWritten(t *testing.T) {
	c := year(t)
	for asked, want := range map[string][]string{
		"FY2023":     {"FY2023 480 f5"},
		"fy23":       {"FY2023 480 f5"},
		"2023":       {"FY2023 480 f5"},
		"Q1 FY2024":  {"Q1 FY2024 130 f6"},
		"2024Q1":     {"Q1 FY2024 130 f6"},
		"9m 2023":    {"9M FY2023 330 f4"},
		"2023-10-28": {"9M FY2023 330 f4", "Q3 FY2023 120 f4"},
		"Q4 FY2023":  {"Q4 FY2023 150 f5 = FY2023 less 9M FY2023"},
		"FY2031":     {},
		"annual":     {"FY2023 480 f5", "FY2022 390 f5"},
		"latest":     {"Q1 FY2024 130 f6"},
		"ttm":        {"TTM 510 f6 = Q2 FY2023 + Q3 FY2023 + Q4 FY2023 + Q1 FY2024"},
	} {
		if got := values(t, c, facts.Revenue, asked); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", asked, got, want)
		}
	}
}

func TestARestatedPeriodHasItsLastValueAndItsHistory(t *testing.T) {
	all, err := year(t).Values("revenue", "FY2022", "")
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v, want one value", all, err)
	}
	v := all[0]
	if v.Value.String() != "390" || !v.Restated() || len(v.History) != 2 || v.History[0].Value.String() != "400" || v.History[0].Filing != "f1" {
		t.Errorf("got %s with the history %v, want 390, and 400 before", v.Value, v.History)
	}
}

func TestAPeriodThatIsTaggedADayOffIsTheSamePeriod(t *testing.T) {
	c := company(t, map[string][]row{
		"us-gaap:Revenues USD": {
			{"2022-01-01", "2022-12-31", "100", "f1", "10-K", "2023-02-01", 2022},
			{"2022-01-02", "2023-01-01", "90", "f2", "10-K/A", "2023-06-01", 2022},
		},
		"us-gaap:Assets USD": {
			{"", "2022-12-31", "900", "f2", "10-K/A", "2023-06-01", 2022},
			{"", "2023-01-01", "950", "f3", "10-Q", "2023-08-01", 2023},
		},
	})
	for _, period := range []string{"", "FY2022", "latest", "ttm", "annual", "2022-12-31", "2023-01-01"} {
		all, err := c.Values(facts.Revenue, period, "")
		if err != nil || len(all) != 1 {
			t.Fatalf("%q: got %v, %v, want one period", period, all, err)
		}
		if v := all[0]; v.Value.String() != "90" || v.Filing != "f2" || !v.Restated() || v.History[0].Value.String() != "100" {
			t.Errorf("%q: got %s of %s with the history %v, want 90, and 100 before", period, v.Value, v.Filing, v.History)
		}
	}
	if got := values(t, c, facts.Assets, ""); len(got) != 2 {
		t.Errorf("got %q, want the balance sheets of two days", got)
	}
}

func TestPeriodsThatOneFilingTellsSideBySideAreTwo(t *testing.T) {
	c := company(t, map[string][]row{"us-gaap:Revenues USD": {
		{"2022-01-01", "2022-12-30", "100", "f1", "10-K", "2023-02-01", 2022},
		{"2022-01-01", "2022-12-31", "101", "f1", "10-K", "2023-02-01", 2022},
	}})
	if got := values(t, c, facts.Revenue, ""); len(got) != 2 {
		t.Errorf("got %q, want both", got)
	}
}

func TestQuartersOfCashFlowsAreMadeFromTheYearSoFar(t *testing.T) {
	want := []string{
		"Q4 FY2023 25 f5 = FY2023 less 9M FY2023", "Q3 FY2023 20 f4 = 9M FY2023 less H1 FY2023",
		"Q2 FY2023 15 f3 = H1 FY2023 less Q1 FY2023", "Q1 FY2023 10 f2",
	}
	if got := values(t, year(t), facts.OperatingCashFlow, "quarterly"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADerivedFigureHasAnEmptyHistoryAndNotNone(t *testing.T) {
	for _, period := range []string{"ttm", "Q4 FY2023"} {
		all, err := year(t).Values(facts.Revenue, period, "")
		if err != nil || len(all) != 1 || all[0].Derived == "" {
			t.Fatalf("%s: got %v, %v, want one that is derived", period, all, err)
		}
		if text, err := json.Marshal(all[0]); err != nil || !strings.Contains(string(text), `"history":[]`) {
			t.Errorf("%s: got %s, %v, want an empty list", period, text, err)
		}
	}
}

func TestWhatDoesNotAddUpIsNotDerived(t *testing.T) {
	c := year(t)
	if got := values(t, c, facts.EPSDiluted, "Q4 FY2023"); len(got) != 0 {
		t.Errorf("got %q, want no quarter made of earnings per share", got)
	}
	if got := values(t, c, facts.EPSDiluted, "ttm"); !slices.Equal(got, []string{"FY2023 4.5 f5"}) {
		t.Errorf("got %q, want the year's", got)
	}
}

func TestAMomentThatEndsTheYearIsItsFourthQuartersToo(t *testing.T) {
	for _, asked := range []string{"FY2023", "Q4 FY2023"} {
		if got := values(t, year(t), facts.Assets, asked); !slices.Equal(got, []string{"FY2023 950 f5"}) {
			t.Errorf("%s: got %q, want the balance sheet of the year's end", asked, got)
		}
	}
}

func TestAFigureIsFoundByNameOrTagInAnyCase(t *testing.T) {
	for _, asked := range []string{"revenue", "Revenues", "us-gaap:revenues"} {
		if got := values(t, year(t), asked, "FY2023"); len(got) != 1 {
			t.Errorf("%s: got %q, want one value", asked, got)
		}
	}
}

func TestAFigureIsFoundByWhatPeopleCallIt(t *testing.T) {
	for alias, name := range map[string]string{"eps": facts.EPSDiluted, "EPS": facts.EPSDiluted, "sales": facts.Revenue, "totalAssets": facts.Assets} {
		got, want := values(t, year(t), alias, ""), values(t, year(t), name, "")
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q as of %s", alias, got, want, name)
		}
	}
}

func TestWhatCannotBeAnsweredIsSaidByItsKind(t *testing.T) {
	for _, test := range []struct {
		asked, period string
		want          fault.Kind
	}{{"us-gaap:NoSuchTag", "", fault.NotFound}, {"revenue", "soon", fault.Invalid}, {"revenue", "FY20235", fault.Invalid}, {"", "", fault.NotFound}} {
		if _, err := year(t).Values(test.asked, test.period, ""); !fault.Is(err, test.want) {
			t.Errorf("%q of %q: got %v, want %s", test.asked, test.period, err, test.want)
		}
	}
	for _, raw := range []string{"", "[]", "{}", `{"cik":1,"facts":null}`, `{"cik":1,"facts":{"us-gaap":[]}}`} {
		if _, err := facts.Read([]byte(raw)); !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%q: got %v, want %s", raw, err, fault.UpstreamFailed)
		}
	}
}

func TestAReportThatCannotBeReadCostsNoOther(t *testing.T) {
	c := company(t, map[string][]row{"us-gaap:Revenues USD": {
		{"2023-01-01", "2023-12-31", "1e999999999", "f1", "10-K", "2024-02-01", 2023},
		{"2023-01-01", "soon", "1", "f1", "10-K", "2024-02-01", 2023},
		{"2023-12-31", "2023-01-01", "1", "f1", "10-K", "2024-02-01", 2023},
		{"2022-01-01", "2022-12-31", "2.5e3", "f1", "10-K", "2024-02-01", 2023},
	}})
	if got := values(t, c, "revenue", ""); len(got) != 1 || !strings.Contains(got[0], " 2500 ") {
		t.Errorf("got %q, want the one that can be read", got)
	}
}

func TestATagThatIsNoLongerUsedIsFollowedByTheNext(t *testing.T) {
	c := company(t, map[string][]row{
		"us-gaap:SalesRevenueNet USD": {{"2017-01-01", "2017-12-31", "7", "f1", "10-K", "2018-02-01", 2017}},
		"us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax USD": {
			{"2017-01-01", "2017-12-31", "8", "f2", "10-K", "2019-02-01", 2018}, {"2018-01-01", "2018-12-31", "9", "f2", "10-K", "2019-02-01", 2018},
		},
		"us-gaap:Revenues USD": {{"2018-01-01", "2018-12-31", "12", "f2", "10-K", "2019-02-01", 2018}},
	})
	if got := values(t, c, "revenue", "annual"); !slices.Equal(got, []string{"FY2018 12 f2", "FY2017 8 f2"}) {
		t.Errorf("got %q, want the total of 2018 and what the newer tag has of 2017", got)
	}
}

func TestFiguresAreOfTheLastTwelveMonthsAndSayTheirFiling(t *testing.T) {
	got := map[string]facts.Figure{}
	for _, f := range year(t).Figures() {
		got[f.Name] = f
	}
	for name, want := range map[string]string{"revenue": "510 ttm f6 USD", "totalAssets": "940  f6 USD", "eps": "4.5 FY2023 f5 USD", "revenueGrowth": "30 Q1 FY2024 f6 "} {
		f := got[name]
		if text := fmt.Sprintf("%s %s %s %s", f.Value, f.Period, f.Filing, f.Money); text != want {
			t.Errorf("%s: got %q, want %q", name, text, want)
		}
	}
	if f, ok := got["netMargin"]; ok {
		t.Errorf("got %v, want no margin of an income that is not reported", f)
	}
}

func FuzzFactsAreReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"cik":1,"entityName":"A","facts":{"us-gaap":{"Revenues":{"label":null,"units":{"USD":[{"start":"2023-01-01","end":"2023-12-31","val":1.5,"accn":"a","fy":null,"fp":null,"form":"10-K","filed":"2024-02-01"}]}}}}}`))
	f.Add([]byte(`{"cik":"0000000001","facts":{"dei":{"EntityCommonStockSharesOutstanding":{"units":{"shares":[{"end":"2023-12-31","val":3,"filed":"2024-02-01"}]}}}}}`))
	f.Add([]byte(`{"facts":{"":{"":{"units":{"":[{}]}}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := facts.Read(raw)
		if err != nil {
			return
		}
		c.Figures()
		for _, one := range c.Concepts() {
			for _, unit := range one.Units {
				for _, period := range []string{"", "ttm", "latest", "annual"} {
					all, err := c.Values(one.Name, period, unit)
					if err != nil {
						t.Fatalf("%q in %q: %v", one.Name, unit, err)
					}
					for _, v := range all {
						if v.Value.Abs().GreaterThan(decimal.New(1, 50)) {
							t.Fatalf("%q: got %d digits", one.Name, v.Value.NumDigits())
						}
					}
				}
			}
		}
	})
}
