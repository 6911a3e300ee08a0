package research_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/research"
)

func metric(name, unit string, value int64, source string) market.Metric {
	m := market.Metric{Name: name, Unit: unit, Value: decimal.NewFromInt(value), Source: source}
	if unit == market.Amount || unit == market.AmountPerShare {
		m.Currency = "USD"
	}
	return m
}

func TestEachMetricIsTheBestSourcesWhichItNames(t *testing.T) {
	first := &vendor{name: "first", metrics: map[string][]market.Metric{"AAPL": {
		metric(market.Revenue, market.Amount, 1, "first"), metric(market.Beta, market.Ratio, 1, "first"), metric("nonsense", market.Ratio, 1, "first"),
	}}}
	second := &vendor{name: "second", metrics: map[string][]market.Metric{"AAPL": {
		metric(market.Beta, market.Ratio, 2, "second"), metric(market.MarketCap, market.Amount, 2, "second"),
	}}}
	filed := func(context.Context, string) ([]market.Metric, error) {
		return []market.Metric{metric(market.Revenue, market.Amount, 3, "sec")}, nil
	}
	got, warnings, err := newDesk(t, filed, first, second).Metrics(t.Context(), "AAPL")
	if err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	var lines []string
	for _, m := range got.Metrics {
		lines = append(lines, m.Name+" "+m.Source)
	}
	want(t, "metrics", []string{"marketCap second", "revenue sec", "beta first"}, lines)
	want(t, "as of", noon, *got.AsOf)
}

func TestAVendorsFigureOfALaterPeriodCountsMoreThanTheFilings(t *testing.T) {
	of := func(name, period, end, source, filing string) market.Metric {
		m := metric(name, market.Amount, 1, source)
		m.Period, m.Filing, m.AsOf = period, filing, new(day(end).At(0, 0).UTC())
		return m
	}
	first := &vendor{name: "first", metrics: map[string][]market.Metric{"AAPL": {
		of(market.Revenue, "ttm", "2026-10-31", "first", ""), of(market.NetIncome, "ttm", "2026-09-30", "first", ""), of(market.TotalCash, "", "2026-10-31", "first", ""),
	}}}
	second := &vendor{name: "second", metrics: map[string][]market.Metric{"AAPL": {of(market.Revenue, "ttm", "2027-01-31", "second", "")}}}
	filed := func(context.Context, string) ([]market.Metric, error) {
		return []market.Metric{
			of(market.Revenue, "FY2026", "2026-07-31", "sec", "0000320193-26-000013"), of(market.NetIncome, "FY2026", "2026-09-26", "sec", "0000320193-26-000013"),
			of(market.TotalCash, "", "2026-07-31", "sec", "0000320193-26-000013"),
		}, nil
	}
	got, _, err := newDesk(t, filed, first, second).Metrics(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, m := range got.Metrics {
		sources[m.Name] = m.Source
	}
	want(t, "sources", map[string]string{market.Revenue: "first", market.NetIncome: "sec", market.TotalCash: "sec"}, sources)
}

func TestFilingsThatCannotBeHadLeaveVendorsAlone(t *testing.T) {
	first := &vendor{name: "first", metrics: map[string][]market.Metric{"AAPL": {metric(market.Beta, market.Ratio, 1, "first")}}}
	filed := func(context.Context, string) ([]market.Metric, error) { return nil, errDown }
	got, warnings, err := newDesk(t, filed, first).Metrics(t.Context(), "AAPL")
	if err != nil || len(got.Metrics) != 1 || len(warnings) != 1 {
		t.Errorf("got %v, %q, %v", got, warnings, err)
	}
	first.down(errDown)
	filed = func(context.Context, string) ([]market.Metric, error) {
		return []market.Metric{metric(market.Revenue, market.Amount, 3, "sec")}, nil
	}
	got, warnings, err = newDesk(t, filed, first).Metrics(t.Context(), "AAPL")
	if err != nil || len(got.Metrics) != 1 || len(warnings) != 1 || got.AsOf != nil {
		t.Errorf("vendors down: got %v, %q, %v", got, warnings, err)
	}
}

func TestMetricsThatMoveWithThePriceAreAskedForAgainWhileItMoves(t *testing.T) {
	first := &vendor{name: "first", metrics: map[string][]market.Metric{"AAPL": {metric(market.Beta, market.Ratio, 1, "first")}}}
	d := newDesk(t, nil, first)
	for _, c := range []struct {
		later time.Duration
		want  int
	}{
		{0, 1}, {50 * time.Minute, 0}, {15 * time.Minute, 1}, {5 * time.Hour, 1}, // 18:05 in New York
		{14 * time.Hour, 0}, {10 * time.Hour, 1}, // Saturday 8:05, and 18:05: a day
	} {
		d.later(c.later)
		if _, _, err := d.Metrics(t.Context(), "AAPL"); err != nil {
			t.Fatal(err)
		}
		if got := len(first.questions()); got != c.want {
			t.Errorf("%s: got %d questions, want %d", d.clock(), got, c.want)
		}
	}
}

func TestAmountsOfWhichNobodySaysTheCurrencyGetNoOthers(t *testing.T) {
	quarter := func(end string, eps, revenue *decimal.Decimal) market.Quarter {
		return market.Quarter{PeriodEnd: day(end), EPSActual: eps, RevenueActual: revenue}
	}
	fiscal := quarter("2026-09-30", amount(3), amount(33))
	fiscal.FiscalYear, fiscal.FiscalQuarter = new(2026), new(3)
	next := &market.NextEvent{From: day("2027-01-14"), To: day("2027-01-14"), EPSEstimate: amount(4), Revenue: amount(40)}
	unsaid := market.Earnings{Next: next, Quarters: []market.Quarter{fiscal, quarter("2026-03-31", amount(2), amount(25))}}
	said := func(currency string, eps int64) market.Earnings {
		return market.Earnings{Currency: currency, Quarters: []market.Quarter{quarter("2026-09-30", amount(eps), nil)}}
	}
	joined := func(symbol string, first, second market.Earnings) research.Earnings {
		all := func(e market.Earnings) map[string]market.Earnings { return map[string]market.Earnings{symbol: e} }
		got, _, err := newDesk(t, nil, &vendor{name: "first", earnings: all(first)}, &vendor{name: "second", earnings: all(second)}).Earnings(t.Context(), symbol)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	named := quarter("2026-09-30", amount(17), nil)
	named.FiscalYear, named.FiscalQuarter = new(2026), new(3)
	got := joined("TSM", said("TWD", 17), unsaid)
	want(t, "quarters", []market.Quarter{named}, got.Quarters)
	want(t, "next", &market.NextEvent{From: next.From, To: next.To}, got.Next)
	want(t, "filled in", []string{"next", "fiscalYear"}, got.Sources[1].Fields)
	got = joined("TSM", unsaid, said("TWD", 17))
	want(t, "the currency of the first", "", got.Currency)
	want(t, "abroad", 1, len(joined("VOD.L", said("USD", 17), unsaid).Quarters))
	want(t, "of dollars at home", 2, len(joined("TSM", said("USD", 17), unsaid).Quarters))
	want(t, "of a figure that both have", 2, len(joined("TSM", said("TWD", 3), unsaid).Quarters))
	want(t, "the currency of a figure that both have", "TWD", joined("TSM", unsaid, said("TWD", 3)).Currency)
}

func TestQuartersOfTwoSourcesAreJoined(t *testing.T) {
	next := &market.NextEvent{From: day("2027-01-28"), To: day("2027-01-28")}
	first := &vendor{name: "first", earnings: map[string]market.Earnings{"AAPL": {Currency: "USD", Quarters: []market.Quarter{
		{PeriodEnd: day("2026-06-30"), EPSActual: amount(1), EPSEstimate: amount(2)}, {PeriodEnd: day("2026-09-30"), EPSActual: amount(3)},
	}}}}
	second := &vendor{name: "second", earnings: map[string]market.Earnings{"AAPL": {Next: next, Quarters: []market.Quarter{
		{PeriodEnd: day("2026-09-26"), FiscalYear: new(2026), FiscalQuarter: new(4), EPSActual: amount(30), EPSEstimate: amount(20), RevenueActual: amount(9)},
		{PeriodEnd: day("2026-03-28"), EPSActual: amount(5)},
	}}}}
	got, _, err := newDesk(t, nil, first, second).Earnings(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "quarters", []market.Quarter{
		{PeriodEnd: day("2026-09-30"), FiscalYear: new(2026), FiscalQuarter: new(4), EPSActual: amount(3), RevenueActual: amount(9)},
		{PeriodEnd: day("2026-06-30"), EPSActual: amount(1), EPSEstimate: amount(2)},
		{PeriodEnd: day("2026-03-28"), EPSActual: amount(5)},
	}, got.Quarters)
	want(t, "next", next, got.Next)
	want(t, "filled in", []string{"next", "fiscalYear", "revenue", "quarters"}, got.Sources[1].Fields)
}

func TestAFiscalQuarterThatNobodySaysIsNull(t *testing.T) {
	only := &vendor{name: "only", earnings: map[string]market.Earnings{"AAPL": {Currency: "USD", Quarters: []market.Quarter{
		{PeriodEnd: day("2026-09-30"), EPSActual: amount(3)},
	}}}}
	earnings, _, err := newDesk(t, nil, only).Earnings(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(earnings.Quarters[0])
	if err != nil || !strings.Contains(string(text), `"fiscalYear":null,"fiscalQuarter":null`) {
		t.Errorf("got %s, %v, want null for what is not known", text, err)
	}
}

func TestNothingFromOneSourceAndUnknownToAnotherIsUnknown(t *testing.T) {
	first := &vendor{name: "first"}
	second := &vendor{name: "second", earnings: map[string]market.Earnings{"NOPE": {}}, stories: map[string][]market.Story{"NOPE": {}}}
	_, _, err := newDesk(t, nil, first, second).Earnings(t.Context(), "NOPE")
	wantKind(t, "earnings", fault.UnknownSymbol, err)
	_, _, err = newDesk(t, nil, first, second).News(t.Context(), "NOPE", calendar.Day{}, calendar.Day{}, 50)
	wantKind(t, "news", fault.UnknownSymbol, err)
	if got, _, err := newDesk(t, nil, second).Earnings(t.Context(), "NOPE"); err != nil || got.Quarters == nil || got.Source != "second" {
		t.Errorf("from the other alone: got %+v, %v, want that there are none", got, err)
	}
}

func TestEarningsAreAskedForOftenAroundTheirReport(t *testing.T) {
	for next, wanted := range map[string]time.Duration{
		"2027-01-28": 24 * time.Hour, "2026-11-21": 12 * time.Hour, "2026-11-20": 15 * time.Minute, "2026-11-19": time.Hour, "2026-11-10": 24 * time.Hour,
	} {
		first := &vendor{name: "first", earnings: map[string]market.Earnings{"AAPL": {Next: &market.NextEvent{From: day(next), To: day(next)}}}}
		d := newDesk(t, nil, first)
		ask := func() int {
			if _, _, err := d.Earnings(t.Context(), "AAPL"); err != nil {
				t.Fatal(err)
			}
			return len(first.questions())
		}
		ask()
		d.later(wanted - time.Minute)
		before := ask()
		d.later(2 * time.Minute)
		if after := ask(); before != 0 || after != 1 {
			t.Errorf("report on %s: got %d questions before %s and %d after", next, before, wanted, after)
		}
	}
}

func TestSearchHasTheExactSymbolFirstAndEachOnce(t *testing.T) {
	first := &vendor{name: "first", matches: map[string][]market.Match{"ko": {{Symbol: "KOSS", Name: "Koss"}, {Symbol: "brk-b"}, {Symbol: "no symbol"}}}}
	second := &vendor{name: "second", matches: map[string][]market.Match{"ko": {{Symbol: "KO", Name: "Cola"}, {Symbol: "KOSS", Name: "Other"}}}}
	d := newDesk(t, nil, first, second)
	got, warnings, err := d.Search(t.Context(), "  KO ")
	if err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	want(t, "matches", []market.Match{{Symbol: "KO", Name: "Cola"}, {Symbol: "KOSS", Name: "Koss"}, {Symbol: "BRK.B"}}, got)
	if got, _, err := d.Search(t.Context(), "nothing at all"); err != nil || got == nil || len(got) > 0 {
		t.Errorf("got %v, %v, want an empty list", got, err)
	}
	for _, wrong := range []string{"", " \x00 ", strings.Repeat("ü", 101)} {
		_, _, err := d.Search(t.Context(), wrong)
		wantKind(t, wrong, fault.Invalid, err)
	}
	first.down(errDown)
	second.down(errDown)
	_, _, err = d.Search(t.Context(), "new")
	wantKind(t, "all down", fault.UpstreamDown, err)
	if got, _, err := d.Search(t.Context(), "ko"); err != nil || len(got) != 3 {
		t.Errorf("known: got %v, %v", got, err)
	}
}

func TestASourceThatFindsPlentyIsEnough(t *testing.T) {
	first := &vendor{name: "first", matches: map[string][]market.Match{}}
	for _, letter := range "ABCDEFGH" {
		first.matches["x"] = append(first.matches["x"], market.Match{Symbol: "X" + string(letter)})
	}
	second := &vendor{name: "second"}
	if _, _, err := newDesk(t, nil, first, second).Search(t.Context(), "x"); err != nil || slices.Contains(second.questions(), "search x") {
		t.Errorf("the second was asked, or %v", err)
	}
}

func TestEarningsOfAnADRAreTheVendorsWhichSpeaksOfWhatIsTraded(t *testing.T) {
	eps := func(currency, source, filing string) market.Metric {
		m := metric(market.EPS, market.AmountPerShare, 1, source)
		m.Currency, m.Filing = currency, filing
		return m
	}
	for currency, source := range map[string]string{"USD": "sec", "TWD": "first"} {
		first := &vendor{name: "first", metrics: map[string][]market.Metric{"TSM": {eps("USD", "first", "")}}}
		filed := func(context.Context, string) ([]market.Metric, error) {
			return []market.Metric{eps(currency, "sec", "0001046179-26-000001")}, nil
		}
		got, _, err := newDesk(t, filed, first).Metrics(t.Context(), "TSM")
		if err != nil || len(got.Metrics) != 1 || got.Metrics[0].Source != source {
			t.Errorf("filed in %s: got %+v, %v, want those of %s", currency, got.Metrics, err, source)
		}
	}
}
