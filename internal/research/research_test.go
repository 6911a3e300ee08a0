package research_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/research"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a source that has everything there is, of the symbols it was given something of.
type vendor struct {
	name      string
	companies map[string]market.Company
	metrics   map[string][]market.Metric
	earnings  map[string]market.Earnings
	stories   map[string][]market.Story
	matches   map[string][]market.Match
	bars      map[string][]market.IntradayBar

	mu    sync.Mutex
	fail  error
	panic bool
	asked []string
}

func (v *vendor) Name() string { return v.name }

func (v *vendor) Quotes(context.Context, []string) (map[string]market.Quote, error) { return nil, nil }

func (v *vendor) down(why error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fail = why
}

// questions are those asked since the last time.
func (v *vendor) questions() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := v.asked
	v.asked = nil
	return asked
}

// tell answers from what the vendor has by symbol.
func tell[T any](v *vendor, question string, known map[string]T, symbol string) (T, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, question+" "+symbol)
	if v.panic {
		panic("a bug")
	}
	value, ok := known[symbol]
	if v.fail != nil {
		return value, v.fail
	}
	if !ok {
		return value, fault.New(fault.UnknownSymbol, "unknown")
	}
	return value, nil
}

func (v *vendor) Company(_ context.Context, symbol string) (market.Company, error) {
	return tell(v, "company", v.companies, symbol)
}

func (v *vendor) Metrics(_ context.Context, symbol string) (market.Metrics, error) {
	all, err := tell(v, "metrics", v.metrics, symbol)
	return market.Metrics{Symbol: symbol, Metrics: all, Source: v.name}, err
}

func (v *vendor) Earnings(_ context.Context, symbol string) (market.Earnings, error) {
	return tell(v, "earnings", v.earnings, symbol)
}

func (v *vendor) News(_ context.Context, symbol string, first, last calendar.Day) ([]market.Story, error) {
	return tell(v, "news "+first.String()+" "+last.String(), v.stories, symbol)
}

func (v *vendor) Search(_ context.Context, query string) ([]market.Match, error) {
	matches, err := tell(v, "search", v.matches, query)
	if fault.Is(err, fault.UnknownSymbol) {
		return nil, nil
	}
	return matches, err
}

func (v *vendor) Bars(_ context.Context, symbol, interval string, first, last time.Time) (market.IntradayBars, error) {
	bars, err := tell(v, strings.Join([]string{"bars", interval, first.Format(time.RFC3339), last.Format(time.RFC3339)}, " "), v.bars, symbol)
	return market.IntradayBars{Symbol: symbol, Currency: "USD", Interval: interval, Bars: bars}, err
}

// quoter is a source of prices and of nothing else.
type quoter struct{}

func (quoter) Name() string { return "quoter" }

func (quoter) Quotes(context.Context, []string) (map[string]market.Quote, error) { return nil, nil }

// desk is the service, with a clock that moves when it is told to.
type desk struct {
	*research.Service
	t   *testing.T
	mu  sync.Mutex
	now time.Time
}

// noon is Friday, 20 November 2026, 12:00 in New York.
var noon = time.Date(2026, time.November, 20, 17, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, filed func(context.Context, string) ([]market.Metric, error), sources ...market.Source) *desk {
	t.Helper()
	d := &desk{t: t, now: noon}
	life, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	var err error
	d.Service, err = research.New(life, research.Config{Sources: sources, Now: d.clock, Log: slog.New(slog.DiscardHandler), Filed: filed})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) company(symbol string) (research.Company, []string) {
	d.t.Helper()
	c, warnings, err := d.Company(d.t.Context(), symbol)
	if err != nil {
		d.t.Fatal(err)
	}
	return c, warnings
}

func want(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantKind(t *testing.T, what string, kind fault.Kind, err error) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v, want %s", what, err, kind)
	}
}

func amount(n int64) *decimal.Decimal { return new(decimal.NewFromInt(n)) }

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

var errDown = fault.New(fault.UpstreamDown, "down")

// apple is what two vendors say of one company: the second knows what the first does not, and the other way round.
func apple() (first, second *vendor) {
	first = &vendor{name: "first", companies: map[string]market.Company{"AAPL": {
		Name: "Apple <b>Inc.</b>", AssetClass: "equity", Exchange: "NasdaqGS", Currency: "USD", Country: "United States", Sector: "Technology",
		Industry: "Consumer Electronics", Description: "Makes\x00 phones.", Website: "https://apple.test",
	}}}
	second = &vendor{name: "second", companies: map[string]market.Company{"AAPL": {
		Name: "APPLE INC", Country: "US", Sector: "Hardware", Employees: new(int64(160_000)), Listed: new(day("1980-12-12")),
		MarketCap: amount(4_000_000), CapCurrency: "USD", Website: "javascript:alert(1)",
	}}}
	return first, second
}

func TestWhatTheFirstSourceLeavesOpenIsFilledInByTheNext(t *testing.T) {
	first, second := apple()
	d := newDesk(t, nil, quoter{}, first, second)
	got, warnings := d.company("aapl")
	wanted := market.Company{
		Symbol: "AAPL", Name: "Apple Inc.", AssetClass: "equity", Exchange: "NasdaqGS", Currency: "USD", Country: "US", Sector: "Technology",
		Industry: "Consumer Electronics", Description: "Makes phones.", Website: "https://apple.test", Employees: new(int64(160_000)),
		Listed: new(day("1980-12-12")), MarketCap: amount(4_000_000), CapCurrency: "USD",
	}
	want(t, "company", wanted, got.Company)
	want(t, "sources", []research.Origin{
		{Source: "first", FetchedAt: noon, Fields: []string{}},
		{Source: "second", FetchedAt: noon, Fields: []string{"employees", "listed", "marketCap", "marketCapCurrency"}},
	}, got.Sources)
	if got.Stale || warnings != nil {
		t.Errorf("got stale %v, warnings %q", got.Stale, warnings)
	}
	d.company("AAPL")
	want(t, "asked", []string{"company AAPL"}, first.questions())
	d.later(25 * time.Hour)
	d.company("AAPL")
	want(t, "asked a day later", []string{"company AAPL"}, first.questions())
}

func TestAFundIsAskedOfOneSource(t *testing.T) {
	first := &vendor{name: "first", companies: map[string]market.Company{"SPY": {Name: "A fund", AssetClass: "etf"}}}
	second := &vendor{name: "second", companies: map[string]market.Company{"SPY": {Name: "A fund", Sector: "none"}}}
	got, _ := newDesk(t, nil, first, second).company("SPY")
	want(t, "sources", 1, len(got.Sources))
	want(t, "asked", []string(nil), second.questions())
}

func TestASourceThatFailsTakesNothingAway(t *testing.T) {
	first, second := apple()
	d := newDesk(t, nil, first, second)
	d.company("AAPL")
	first.down(errDown)
	d.later(26 * time.Hour)
	got, warnings := d.company("AAPL")
	want(t, "sector", "Technology", got.Sector)
	want(t, "stale", true, got.Stale)
	want(t, "stale by source", []bool{true, false}, []bool{got.Sources[0].Stale, got.Sources[1].Stale})
	want(t, "warnings", []string{"The company data of AAPL from first: 26h0m0s old, since first cannot be reached."}, warnings)
}

func TestWhatASourceThatFailsAloneKnowsIsMissingAndSaidToBe(t *testing.T) {
	first, second := apple()
	first.down(errDown)
	got, warnings := newDesk(t, nil, first, second).company("AAPL")
	want(t, "sector", "Hardware", got.Sector)
	want(t, "stale", false, got.Stale)
	want(t, "warnings", []string{"first cannot be reached: what it alone tells of AAPL is missing."}, warnings)
}

func TestWhyThereIsNoAnswer(t *testing.T) {
	notOffered := fault.New(fault.NotOffered, "not on this plan")
	for name, c := range map[string]struct {
		symbol        string
		first, second error
		kind          fault.Kind
	}{
		"no symbol":                             {symbol: "not a symbol", kind: fault.Invalid},
		"none knows it":                         {symbol: "NOPE", kind: fault.UnknownSymbol},
		"one fails, and the other knows it not": {symbol: "NOPE", first: errDown, kind: fault.UpstreamDown},
		"one has no such, the other knows not":  {symbol: "NOPE", second: notOffered, kind: fault.UnknownSymbol},
		"none has such":                         {symbol: "AAPL", first: notOffered, second: notOffered, kind: fault.NotOffered},
		"both fail":                             {symbol: "AAPL", first: errDown, second: errDown, kind: fault.UpstreamDown},
	} {
		first, second := apple()
		first.fail, second.fail = c.first, c.second
		_, _, err := newDesk(t, nil, first, second).Company(t.Context(), c.symbol)
		wantKind(t, name, c.kind, err)
	}
	_, _, err := newDesk(t, nil, quoter{}).Company(t.Context(), "AAPL")
	wantKind(t, "no source has companies", fault.NotOffered, err)
}

func TestASourceWithABugIsASourceThatFails(t *testing.T) {
	first, second := apple()
	first.panic = true
	got, warnings := newDesk(t, nil, first, second).company("AAPL")
	if got.Sector != "Hardware" || len(warnings) != 1 {
		t.Errorf("got %q, %q", got.Sector, warnings)
	}
}

func TestWhatIsNotOfferedOrUnknownIsNotAskedAgainSoon(t *testing.T) {
	first, second := apple()
	first.down(fault.New(fault.NotOffered, "not on this plan"))
	d := newDesk(t, nil, first, second)
	d.company("AAPL")
	_, _, _ = d.Company(t.Context(), "NOPE")
	first.questions()
	second.questions()
	d.later(5 * time.Minute)
	d.company("AAPL")
	_, _, _ = d.Company(t.Context(), "NOPE")
	want(t, "asked the first", []string(nil), first.questions())
	want(t, "asked the second", []string(nil), second.questions())
	d.later(10 * time.Minute)
	_, _, _ = d.Company(t.Context(), "NOPE")
	want(t, "asked the second later", []string{"company NOPE"}, second.questions())
}

func TestKnownCompaniesAskNobody(t *testing.T) {
	first, second := apple()
	d := newDesk(t, nil, first, second)
	d.company("AAPL")
	first.questions()
	known, err := d.KnownCompanies(t.Context(), []string{"AAPL", "aapl", "MSFT", "not a symbol"})
	if err != nil || len(known) != 2 || known["aapl"].Employees == nil || known["AAPL"].Sector != "Technology" {
		t.Errorf("got %v, %v", known, err)
	}
	want(t, "asked", []string(nil), first.questions())
}

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

func TestQuartersOfTwoSourcesAreJoined(t *testing.T) {
	next := &market.NextEvent{From: day("2027-01-28"), To: day("2027-01-28")}
	first := &vendor{name: "first", earnings: map[string]market.Earnings{"AAPL": {Currency: "USD", Quarters: []market.Quarter{
		{PeriodEnd: day("2026-06-30"), EPSActual: amount(1), EPSEstimate: amount(2)}, {PeriodEnd: day("2026-09-30"), EPSActual: amount(3)},
	}}}}
	second := &vendor{name: "second", earnings: map[string]market.Earnings{"AAPL": {Next: next, Quarters: []market.Quarter{
		{PeriodEnd: day("2026-09-26"), FiscalYear: 2026, FiscalQuarter: 4, EPSActual: amount(30), EPSEstimate: amount(20), RevenueActual: amount(9)},
		{PeriodEnd: day("2026-03-28"), EPSActual: amount(5)},
	}}}}
	got, _, err := newDesk(t, nil, first, second).Earnings(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "quarters", []market.Quarter{
		{PeriodEnd: day("2026-09-30"), FiscalYear: 2026, FiscalQuarter: 4, EPSActual: amount(3), RevenueActual: amount(9)},
		{PeriodEnd: day("2026-06-30"), EPSActual: amount(1), EPSEstimate: amount(2)},
		{PeriodEnd: day("2026-03-28"), EPSActual: amount(5)},
	}, got.Quarters)
	want(t, "next", next, got.Next)
	want(t, "filled in", []string{"next", "fiscalYear", "revenue", "quarters"}, got.Sources[1].Fields)
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
