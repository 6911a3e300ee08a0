package markettest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// cent is how far figures that vendors round may be apart.
var cent = decimal.New(1, -2)

// RunResearch runs the suite of what sources have besides quotes and past prices.
func RunResearch(t *testing.T, v Vendor) {
	t.Run("companies are told whole", v.profiles)
	t.Run("metrics are ours, in order and the same again", v.measures)
	t.Run("earnings are by quarter, the newest first", v.earns)
	t.Run("news are of the days asked for, the newest first", v.reports)
	t.Run("news of the market need no symbol", v.reportsOnTheMarket)
	t.Run("a search finds what is meant", v.finds)
	t.Run("bars within days are in order", v.draws)
	t.Run("a part of the bars is the same as in the whole", v.divides)
	t.Run("what it does not know is unknown or nothing", v.knowsNot)
	t.Run("a caller who left gets no answer", v.heedsCancel)
	t.Run("many can ask at once", v.isShared)
}

// isSaid checks what every answer carries.
func (v Vendor) isSaid(t *testing.T, symbol, gotSymbol, gotSource string, fetched time.Time) {
	t.Helper()
	if name := v.Open(t).Name(); gotSymbol != symbol || gotSource != name || fetched.IsZero() || fetched.Location() != time.UTC {
		t.Errorf("%s: got %q of %q at %s, want it of %s, in UTC", symbol, gotSymbol, gotSource, fetched, name)
	}
}

func (v Vendor) profiles(t *testing.T) {
	source := has[market.Profiler](t, v)
	for _, symbol := range append([]string{v.Company}, v.Known...) {
		c, err := source.Company(t.Context(), symbol)
		offered(t, err)
		v.isSaid(t, symbol, c.Symbol, c.Source, c.FetchedAt)
		if c.Name == "" || strings.TrimSpace(c.Name) != c.Name || !slices.Contains(classes, c.AssetClass) {
			t.Errorf("%s: got %q of class %q, want a name and a class of ours", symbol, c.Name, c.AssetClass)
		}
		if c.Currency != "" && !currency.MatchString(c.Currency) || (c.MarketCap != nil) != (c.CapCurrency != "") || c.CapCurrency != "" && !currency.MatchString(c.CapCurrency) {
			t.Errorf("%s: got currency %q, market value %v in %q", symbol, c.Currency, c.MarketCap, c.CapCurrency)
		}
		if c.MarketCap != nil && !c.MarketCap.IsPositive() || c.Shares != nil && !c.Shares.IsPositive() || c.Employees != nil && *c.Employees <= 0 {
			t.Errorf("%s: got a market value of %v, %v shares and employees %v, want them missing or more than nothing", symbol, c.MarketCap, c.Shares, c.Employees)
		}
		if c.Listed != nil && v.today().Before(*c.Listed) {
			t.Errorf("%s: got listed on %s, which is to come", symbol, c.Listed)
		}
		checkLink(t, symbol, c.Website, "http")
	}
	if c, err := source.Company(t.Context(), unknown); !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %+v, %v, want %s", c, err, fault.UnknownSymbol)
	}
}

// checkLink takes an address that begins with the scheme, or none.
func checkLink(t *testing.T, of, link, scheme string) {
	t.Helper()
	if link != "" && !strings.HasPrefix(link, scheme) {
		t.Errorf("%s: got the link %q, want %s or nothing", of, link, scheme)
	}
}

func (v Vendor) measures(t *testing.T) {
	source := has[market.Measurer](t, v)
	for _, symbol := range append([]string{v.Company}, v.Known...) {
		m, err := source.Metrics(t.Context(), symbol)
		offered(t, err)
		v.isSaid(t, symbol, m.Symbol, m.Source, m.FetchedAt)
		seen := map[[2]string]bool{}
		for _, one := range m.Metrics {
			if err := market.CheckMetric(one); err != nil || one.Source != m.Source || one.Currency != "" && !currency.MatchString(one.Currency) {
				t.Errorf("%s: got %+v (%v)", symbol, one, err)
			}
			if key := [2]string{one.Name, one.Period}; seen[key] {
				t.Errorf("%s: got %s of %q twice", symbol, one.Name, one.Period)
			} else {
				seen[key] = true
			}
			if one.AsOf != nil && (one.AsOf.Location() != time.UTC || one.AsOf.After(m.FetchedAt)) {
				t.Errorf("%s: got %s as of %s", symbol, one.Name, one.AsOf)
			}
		}
		ordered := slices.Clone(m.Metrics)
		market.SortMetrics(ordered)
		if diff := cmp.Diff(ordered, m.Metrics); diff != "" {
			t.Errorf("%s: not in the order in which metrics are shown:\n%s", symbol, diff)
		}
	}
	first, err := source.Metrics(t.Context(), v.Company)
	again, errAgain := source.Metrics(t.Context(), v.Company)
	if diff := cmp.Diff(first.Metrics, again.Metrics); diff != "" || err != nil || errAgain != nil || len(first.Metrics) == 0 {
		t.Errorf("got %d metrics, %v, then %v:\n%s", len(first.Metrics), err, errAgain, diff)
	}
}

func (v Vendor) earns(t *testing.T) {
	source := has[market.Earner](t, v)
	for _, symbol := range append([]string{v.Company}, v.Known...) {
		e, err := source.Earnings(t.Context(), symbol)
		offered(t, err)
		v.isSaid(t, symbol, e.Symbol, e.Source, e.FetchedAt)
		if e.Currency != "" && !currency.MatchString(e.Currency) {
			t.Errorf("%s: got currency %q", symbol, e.Currency)
		}
		checkQuarters(t, symbol, e.Quarters)
		if n := e.Next; n != nil && (n.To.Before(n.From) || n.To.Before(v.today().AddDays(-1)) || !slices.Contains([]string{"before", "during", "after", ""}, n.When)) {
			t.Errorf("%s: got the next report %+v", symbol, *n)
		}
		if symbol == v.Company && len(e.Quarters) == 0 {
			t.Errorf("%s: got no quarters", symbol)
		}
	}
}

// isFiscal tells whether a quarter of a fiscal year is one, or not said.
func isFiscal(year, quarter *int) bool {
	if year == nil || quarter == nil {
		return year == nil && quarter == nil
	}
	return *year > 0 && *quarter >= 1 && *quarter <= 4
}

func checkQuarters(t *testing.T, symbol string, quarters []market.Quarter) {
	t.Helper()
	for i, q := range quarters {
		if i > 0 && !q.PeriodEnd.Before(quarters[i-1].PeriodEnd) {
			t.Errorf("%s: got the quarter to %s behind %s, want the newest first", symbol, q.PeriodEnd, quarters[i-1].PeriodEnd)
		}
		if q.PeriodEnd == (calendar.Day{}) || !isFiscal(q.FiscalYear, q.FiscalQuarter) {
			t.Errorf("%s: got the quarter %+v", symbol, q)
		}
		if q.EPSActual == nil && q.EPSEstimate == nil && q.RevenueActual == nil && q.RevenueEstimate == nil {
			t.Errorf("%s: got a quarter to %s of which nothing is said", symbol, q.PeriodEnd)
		}
		if q.EPSActual != nil && q.EPSEstimate != nil && q.Surprise != nil && q.Surprise.Sub(q.EPSActual.Sub(*q.EPSEstimate)).Abs().GreaterThan(cent) {
			t.Errorf("%s to %s: got a surprise of %s between %s and %s", symbol, q.PeriodEnd, q.Surprise, q.EPSEstimate, q.EPSActual)
		}
	}
}

func (v Vendor) reports(t *testing.T) {
	source := has[market.Newspaper](t, v)
	first, last := v.today().AddDays(-week), v.today()
	stories, err := source.News(t.Context(), v.Company, first, last)
	offered(t, err)
	v.checkStories(t, stories, first, last)
	if len(stories) == 0 {
		t.Errorf("got no news of %s in a week", v.Company)
	}
	for _, s := range stories {
		if !slices.Contains(s.Symbols, v.Company) {
			t.Errorf("got a story of %v, want %s among them", s.Symbols, v.Company)
		}
	}
	for _, symbol := range v.Known {
		stories, err := source.News(t.Context(), symbol, last, last)
		if err != nil {
			t.Fatal(err)
		}
		v.checkStories(t, stories, last, last)
	}
}

func (v Vendor) reportsOnTheMarket(t *testing.T) {
	source := has[market.Newspaper](t, v)
	first, last := v.today().AddDays(-week), v.today()
	stories, err := source.News(t.Context(), "", first, last)
	offered(t, err)
	v.checkStories(t, stories, first, last)
	if len(stories) == 0 {
		t.Error("got no news in a week")
	}
}

func (v Vendor) checkStories(t *testing.T, stories []market.Story, first, last calendar.Day) {
	t.Helper()
	seen, name := map[string]bool{}, v.Open(t).Name()
	for i, s := range stories {
		if s.ID == "" || seen[s.ID] || s.Headline == "" || s.Source != name || s.Symbols == nil {
			t.Errorf("got %+v, want an id of its own, a headline, a list of symbols, and the source %s", s, name)
		}
		seen[s.ID] = true
		checkLink(t, s.ID, s.URL, "https://")
		day := calendar.DayOf(s.PublishedAt)
		if s.PublishedAt.Location() != time.UTC || day.Before(first) || last.Before(day) {
			t.Errorf("got a story of %s, want it from %s to %s, in UTC", s.PublishedAt, first, last)
		}
		if i > 0 && stories[i-1].PublishedAt.Before(s.PublishedAt) {
			t.Errorf("got a story of %s behind %s, want the newest first", s.PublishedAt, stories[i-1].PublishedAt)
		}
		for _, symbol := range s.Symbols {
			if ours, err := market.NormalizeSymbol(symbol); err != nil || ours != symbol {
				t.Errorf("got the symbol %q, want our spelling", symbol)
			}
		}
	}
}

func (v Vendor) finds(t *testing.T) {
	source := has[market.Searcher](t, v)
	for _, query := range []string{v.Query, v.Company, strings.ToLower(v.Company)} {
		matches, err := source.Search(t.Context(), query)
		offered(t, err)
		if !slices.ContainsFunc(matches, func(m market.Match) bool { return m.Symbol == v.Company }) {
			t.Errorf("%s: got %v, want %s among them", query, matches, v.Company)
		}
		seen := map[string]bool{}
		for _, m := range matches {
			ours, err := market.NormalizeSymbol(m.Symbol)
			if err != nil || ours != m.Symbol || seen[m.Symbol] || m.Name == "" || !slices.Contains(classes, m.AssetClass) || m.Source != v.Open(t).Name() {
				t.Errorf("%s: got %+v (%v)", query, m, err)
			}
			seen[m.Symbol] = true
		}
	}
	if matches, err := source.Search(t.Context(), "zzqqxxzz"); err != nil || len(matches) != 0 {
		t.Errorf("got %v, %v, want nothing of what nobody is called", matches, err)
	}
}

func (v Vendor) draws(t *testing.T) {
	source := has[market.Intraday](t, v)
	first, last := v.Now.AddDate(0, 0, -week), v.Now
	for interval, length := range map[string]time.Duration{"1m": time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute, "30m": 30 * time.Minute, "1h": time.Hour} {
		b, err := source.Bars(t.Context(), v.Company, interval, first, last)
		offered(t, err)
		v.isSaid(t, v.Company, b.Symbol, b.Source, b.FetchedAt)
		if !currency.MatchString(b.Currency) || b.Interval != interval || len(b.Bars) < 2 {
			t.Errorf("%s: got %d bars of %s in %q", interval, len(b.Bars), b.Interval, b.Currency)
		}
		for i, bar := range b.Bars {
			if bar.Start.Before(first) || !bar.Start.Before(last) || bar.Start.Location() != time.UTC || i > 0 && bar.Start.Sub(b.Bars[i-1].Start) < length {
				t.Fatalf("%s: got a bar at %s", interval, bar.Start)
			}
			if !bar.Close.IsPositive() || bar.High != nil && bar.High.LessThan(bar.Close) || bar.Low != nil && bar.Close.LessThan(*bar.Low) || bar.Volume != nil && *bar.Volume < 0 {
				t.Fatalf("%s: got %+v", interval, bar)
			}
		}
	}
	if b, err := source.Bars(t.Context(), v.Company, "7m", first, last); !fault.Is(err, fault.Invalid) || len(b.Bars) != 0 {
		t.Errorf("got %d bars of seven minutes, %v, want %s", len(b.Bars), err, fault.Invalid)
	}
	if b, err := source.Bars(t.Context(), unknown, "1h", first, last); !fault.Is(err, fault.UnknownSymbol) || len(b.Bars) != 0 {
		t.Errorf("got %d bars, %v, want %s", len(b.Bars), err, fault.UnknownSymbol)
	}
}

func (v Vendor) divides(t *testing.T) {
	source := has[market.Intraday](t, v)
	all, err := source.Bars(t.Context(), v.Company, "15m", v.Now.AddDate(0, 0, -week), v.Now)
	offered(t, err)
	want := all.Bars[len(all.Bars)/3 : len(all.Bars)*2/3]
	got, err := source.Bars(t.Context(), v.Company, "15m", want[0].Start, all.Bars[len(all.Bars)*2/3].Start)
	if diff := cmp.Diff(want, got.Bars); diff != "" || err != nil {
		t.Errorf("%v (-whole +part):\n%s", err, diff)
	}
}

func (v Vendor) knowsNot(t *testing.T) {
	for _, c := range v.calls(v.Open(t)) {
		said, err := c.ask(t.Context(), v.Open(t), unknown)
		if said != 0 || err != nil && !fault.Is(err, fault.UnknownSymbol) && !fault.Is(err, fault.NotOffered) {
			t.Errorf("%s: got %d, %v, want %s or nothing", c.name, said, err, fault.UnknownSymbol)
		}
	}
}

func (v Vendor) heedsCancel(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range v.calls(v.Open(t)) {
		source := v.Open(t)
		said, err := c.ask(gone, source, v.Company)
		if fault.Is(err, fault.NotOffered) {
			continue // known without asking
		}
		if said != 0 || !fault.Is(err, fault.Canceled) {
			t.Errorf("%s: got %d, %v, want %s", c.name, said, err, fault.Canceled)
		}
		if said, err := c.ask(t.Context(), source, v.Company); !fault.Is(err, fault.NotOffered) && (said == 0 || err != nil) {
			t.Errorf("%s: the next caller got %d, %v", c.name, said, err)
		}
	}
}

func (v Vendor) isShared(t *testing.T) {
	source := v.Open(t)
	var wg sync.WaitGroup
	for _, c := range v.calls(source) {
		for range 3 {
			wg.Go(func() {
				if said, err := c.ask(t.Context(), source, v.Company); !fault.Is(err, fault.NotOffered) && (said == 0 || err != nil) {
					t.Errorf("%s: got %d, %v", c.name, said, err)
				}
			})
		}
	}
	wg.Wait()
}
