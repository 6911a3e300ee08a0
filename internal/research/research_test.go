package research_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
		Listed: new(day("1980-12-12")), MarketCap: amount(4_000_000), CapCurrency: "USD", Source: "first", FetchedAt: noon,
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
}

func TestACompanyIsServedAsItWasWhileItIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := apple()
		d := newDesk(t, nil, first, second)
		d.company("AAPL")
		first.companies["AAPL"] = market.Company{Name: "Apple Computer", AssetClass: "equity"}
		d.later(25 * time.Hour)
		got, warnings := d.company("AAPL")
		want(t, "name at first", "Apple Inc.", got.Name)
		want(t, "warning", "The company data of AAPL from first: 25h0m0s old, since first is being asked again.", warnings[0])
		synctest.Wait()
		got, warnings = d.company("AAPL")
		want(t, "name then", "Apple Computer", got.Name)
		want(t, "sector then", "Hardware", got.Sector)
		want(t, "warnings", []string(nil), warnings)
	})
}

func TestACompanyThatItsSourceLosesIsBelievedForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, _ := apple()
		d := newDesk(t, nil, first)
		d.company("AAPL")
		delete(first.companies, "AAPL")
		d.later(25 * time.Hour)
		d.company("AAPL")
		synctest.Wait()
		_, warnings := d.company("AAPL")
		want(t, "warnings", []string{"The company data of AAPL from first: 25h0m0s old, since first does not have it right now."}, warnings)
		d.later(3 * 24 * time.Hour)
		d.company("AAPL")
		synctest.Wait()
		_, _, err := d.Company(t.Context(), "AAPL")
		wantKind(t, "days later", fault.UnknownSymbol, err)
	})
}

func TestAFundIsAskedOfOneSource(t *testing.T) {
	first := &vendor{name: "first", companies: map[string]market.Company{"SPY": {Name: "A fund", AssetClass: "etf"}}}
	second := &vendor{name: "second", companies: map[string]market.Company{"SPY": {Name: "A fund", Sector: "none"}}}
	got, _ := newDesk(t, nil, first, second).company("SPY")
	want(t, "sources", 1, len(got.Sources))
	want(t, "asked", []string(nil), second.questions())
}

func TestASourceThatFailsTakesNothingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := apple()
		d := newDesk(t, nil, first, second)
		d.company("AAPL")
		first.down(errDown)
		d.later(26 * time.Hour)
		d.company("AAPL")
		synctest.Wait()
		got, warnings := d.company("AAPL")
		want(t, "sector", "Technology", got.Sector)
		want(t, "stale", true, got.Stale)
		want(t, "stale by source", []bool{true, false}, []bool{got.Sources[0].Stale, got.Sources[1].Stale})
		want(t, "warnings", []string{"The company data of AAPL from first: 26h0m0s old, since first cannot be reached."}, warnings)
	})
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
