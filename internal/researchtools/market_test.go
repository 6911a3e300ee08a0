package researchtools

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

func TestAHistoryIsWhatTheWorldTraded(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[historyData](d, "get_price_history", `{"symbols":["AAPL","MSFT","NOSUCH"],"first":"2025-11-17","last":"2026-11-17"}`)
		if len(data.Histories) != 2 || len(data.Unknown) != 1 || data.Unknown[0] != "NOSUCH" {
			t.Fatalf("got %d histories, unknown %v", len(data.Histories), data.Unknown)
		}
		for _, h := range data.Histories {
			bars := d.sim.World.Bars(h.Symbol, day("2025-11-17"), day("2026-11-17"))
			first, last, high, low := bars[0], bars[len(bars)-1], bars[0].Close, bars[0].Close
			for _, b := range bars {
				high, low = decimal.Max(high, b.Close), decimal.Min(low, b.Close)
			}
			if !h.First.Close.Equal(first.Close) || !h.Last.Close.Equal(last.Close) || h.First.Day != first.Day || h.Last.Day != last.Day {
				t.Errorf("%s: got %+v to %+v, want %s to %s", h.Symbol, h.First, h.Last, first.Close, last.Close)
			}
			const left = 2 // days that the simulated Yahoo has no close of
			if !h.High.Close.Equal(high) || !h.Low.Close.Equal(low) || h.Count > len(bars) || h.Count < len(bars)-left {
				t.Errorf("%s: got %s and %s of %d, want %s and %s of %d", h.Symbol, h.High.Close, h.Low.Close, h.Count, high, low, len(bars))
			}
			percent := last.Close.Sub(first.Close).Shift(2).DivRound(first.Close, 6)
			if amount, unit, subject, _ := figure(t, call, "histories["+h.Symbol+"].changePercent"); amount != percent.String() || unit != "%" || subject != h.Symbol {
				t.Errorf("%s: got %s %s of %s, want %s", h.Symbol, amount, unit, subject, percent)
			}
			if _, unit, _, period := figure(t, call, "histories["+h.Symbol+"].last.close"); unit != "USD/shares" || period != "2026-11-17" {
				t.Errorf("%s: got a close in %s of %s", h.Symbol, unit, period)
			}
			if len(h.Closes) != 60 || h.Closes[0] != h.First || h.Closes[59] != h.Last {
				t.Errorf("%s: got %d closes, want 60 from the first to the last", h.Symbol, len(h.Closes))
			}
			if paid := d.sim.World.Dividends(h.Symbol, day("2025-11-17"), day("2026-11-17")); len(paid) != len(h.Dividends) || len(paid) > 0 && !h.TotalReturn.GreaterThan(h.ChangePercent) {
				t.Errorf("%s: got %d dividends of %d, and a return of %s beside %s", h.Symbol, len(h.Dividends), len(paid), h.TotalReturn, h.ChangePercent)
			}
		}
		if !hasWarning(call, "thinned: 60 of ") {
			t.Errorf("got %v, want it said that closes are left out", call.Result.Warnings)
		}
	})
}

func TestAHistoryWithinDaysAndOneThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[historyData](d, "get_price_history", `{"symbols":["AAPL"],"first":"2026-11-16","last":"2026-11-17","interval":"1h"}`)
		h := data.Histories[0]
		if h.Interval != "1h" || h.Adjustment != "none" || h.First.Start == nil || !h.Last.Start.After(*h.First.Start) || h.TotalReturn != nil {
			t.Errorf("got %+v", h)
		}
		if _, unit, _, period := figure(t, call, "histories[0].first.close"); unit != "USD/shares" || period != "2026-11-16" {
			t.Errorf("got a close in %s of %s", unit, period)
		}
		for input, want := range map[string]struct {
			kind  fault.Kind
			field string
		}{
			`{"symbols":["NOSUCH"],"first":"2026-11-02"}`:                                   {fault.UnknownSymbol, ""},
			`{"symbols":["AAPL"],"first":"2026-11-02","last":"2026-11-01"}`:                 {fault.Invalid, "input.last"},
			`{"symbols":["AAPL"],"first":"2020-11-02","interval":"5m"}`:                     {fault.Invalid, "input.first"},
			`{"symbols":["AAPL"],"first":"2026-02-30"}`:                                     {fault.Invalid, "input"},
			`{"symbols":["AAPL"],"first":"2026-11-14","last":"2026-11-15"}`:                 {fault.NotFound, ""},
			`{"symbols":["A","B","C","D","E","F"],"first":"2026-11-02"}`:                    {fault.Invalid, "input"},
			`{"symbols":["AAPL"],"first":"2026-11-02","interval":"1d","user":"someone"}`:    {fault.Invalid, "input"},
			`{"symbols":["AAPL; drop table users"],"first":"2026-11-02","interval":"1d"}`:   {fault.Invalid, "input"},
			`{"symbols":["AAPL"],"first":"2026-11-02","last":"2026-11-05","interval":"2d"}`: {fault.Invalid, "input"},
		} {
			got := d.refused("get_price_history", input)
			if got.Kind != want.kind || want.field != "" && (len(got.Fields) != 1 || got.Fields[0].Path != want.field) {
				t.Errorf("%s: got %v, want %s of %q", input, got, want.kind, want.field)
			}
		}
	})
}

func TestACompanyIsWhatTheSourcesSay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[companyData](d, "get_company", `{"symbol":"aapl"}`)
		want, _, err := d.Research.Company(t.Context(), "AAPL")
		if err != nil {
			t.Fatal(err)
		}
		if data.Name != want.Name || data.Sector != want.Sector || data.Summary == "" || call.Result.Source.AsOf.IsZero() || call.Result.Source.Name != "yahoo" {
			t.Errorf("got %+v of %+v", data, call.Result.Source)
		}
		if amount, unit, subject, _ := figure(t, call, "marketCap"); amount != want.MarketCap.String() || unit != "USD" || subject != "AAPL" {
			t.Errorf("got %s %s of %s, want %s USD", amount, unit, subject, want.MarketCap)
		}
		if _, unit, _, _ := figure(t, call, "employees"); unit != "employees" {
			t.Errorf("got employees in %q", unit)
		}
		if p := call.Result.Places[0]; p.Path != "summary" || p.Text != data.Summary {
			t.Errorf("got %+v, want the summary to be cited", p)
		}
		if got := d.refused("get_company", `{"symbol":"NOSUCH"}`); got.Kind != fault.UnknownSymbol {
			t.Errorf("got %v", got)
		}
	})
}

func TestMetricsHaveUnitsPeriodsAndSources(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[metricsData](d, "get_company_metrics", `{"symbol":"AAPL"}`)
		want, _, err := d.Research.Metrics(t.Context(), "AAPL")
		if err != nil || len(data.Metrics) != len(want.Metrics) || len(want.Metrics) < 20 {
			t.Fatalf("got %d metrics of %d, %v", len(data.Metrics), len(want.Metrics), err)
		}
		for _, m := range want.Metrics {
			amount, unit, subject, period := figure(t, call, "metrics["+m.Name+"].value")
			expected := map[string]string{"amount": m.Currency, "amountPerShare": m.Currency + "/shares", "percent": "%", "ratio": "", "shares": "shares", "days": "days"}[m.Unit]
			if amount != m.Value.String() || unit != expected || subject != "AAPL" || period != m.Period {
				t.Errorf("%s: got %s %q of %s for %q, want %s %q for %q", m.Name, amount, unit, subject, period, m.Value, expected, m.Period)
			}
		}
		if !strings.Contains(call.Result.Source.Name, SEC) || !strings.Contains(call.Result.Source.Name, "yahoo") {
			t.Errorf("got %q, want the vendor and the SEC named", call.Result.Source.Name)
		}
		some, call := use[metricsData](d, "get_company_metrics", `{"symbol":"AAPL","metrics":["TRAILINGPE","happiness"]}`)
		if len(some.Metrics) != 1 || some.Metrics[0].Name != "trailingPE" || !hasWarning(call, "happiness") {
			t.Errorf("got %+v, %v", some, call.Result.Warnings)
		}
	})
}

func TestEarningsAreThoseOfTheBooks(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[earningsData](d, "get_earnings", `{"symbol":"MSFT"}`)
		company, _ := d.sim.World.Filings().Of("MSFT")
		told := company.Quarters(d.clock.Now())
		if len(data.Quarters) < 4 || data.Next == nil {
			t.Fatalf("got %+v", data)
		}
		if !data.Quarters[0].EPSActual.Equal(told[0].EPSDiluted) {
			t.Errorf("got %s a share, want the books' %s", data.Quarters[0].EPSActual, told[0].EPSDiluted)
		}
		if _, unit, subject, period := figure(t, call, "quarters[0].epsActual"); unit != "USD/shares" || subject != "MSFT" || period != data.Quarters[0].Period || period == "" {
			t.Errorf("got %q of %s for %q", unit, subject, period)
		}
	})
}

func TestEachStoryIsAPlace(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[newsData](d, "get_news", `{"symbol":"AAPL","limit":5}`)
		if len(data.Stories) == 0 || len(data.Stories) > 5 || len(call.Result.Places) != len(data.Stories) {
			t.Fatalf("got %d stories and %d places", len(data.Stories), len(call.Result.Places))
		}
		for i, s := range data.Stories {
			p := call.Result.Places[i]
			if p.Path != place("stories", i) || !strings.HasPrefix(p.Text, s.Headline) || p.Source.Title != s.Headline || p.Source.Name != s.Publisher || p.Source.AsOf != s.PublishedAt {
				t.Errorf("got %+v of %+v", p, s)
			}
			if !strings.HasPrefix(p.Source.URL, "https://news.example.com/") || p.Source.URL != s.URL {
				t.Errorf("got the address %q", p.Source.URL)
			}
		}
		if all, _ := use[newsData](d, "get_news", `{}`); len(all.Stories) == 0 {
			t.Error("got no news of the market")
		}
		if got := d.refused("get_news", `{"symbol":"AAPL","first":"2020-01-01","last":"2020-01-05"}`); got.Kind != fault.Invalid || got.Fields[0].Path != "input.first" {
			t.Errorf("got %v", got)
		}
	})
}

func TestWhatIsCalledSoIsFound(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, _ := use[findData](d, "find_instrument", `{"query":"apple"}`)
		if len(data.Matches) == 0 || data.Matches[0].Symbol != "AAPL" {
			t.Errorf("got %+v", data.Matches)
		}
		if got := d.refused("find_instrument", `{"query":"  "}`); got.Kind != fault.Invalid || got.Fields[0].Path != "input.query" {
			t.Errorf("got %v", got)
		}
	})
}

func TestQuotesOfSeveralAreAsOfTheOldest(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[quotesData](d, "get_stock_quotes", `{"symbols":["AAPL","MSFT","NOSUCH"]}`)
		if len(data.Quotes) != 2 || len(data.Unknown) != 1 {
			t.Fatalf("got %+v", data)
		}
		world, _ := d.sim.World.Quote("AAPL")
		if amount, unit, subject, _ := figure(t, call, "quotes[AAPL].price"); amount != world.Price.String() || unit != "USD/shares" || subject != "AAPL" {
			t.Errorf("got %s %s of %s, want %s", amount, unit, subject, world.Price)
		}
	})
}

func TestAnOutageIsSaidInWords(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		use[historyData](d, "get_price_history", `{"symbols":["AAPL"],"first":"2026-10-01"}`)
		d.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError})
		data, call := use[historyData](d, "get_price_history", `{"symbols":["AAPL","MSFT"],"first":"2026-10-01"}`)
		if len(data.Histories) != 1 || data.Histories[0].Symbol != "AAPL" || !hasWarning(call, "MSFT") {
			t.Errorf("got %d histories, %v, want what is known and a word on MSFT", len(data.Histories), call.Result.Warnings)
		}
		for name, input := range map[string]string{
			"get_company": `{"symbol":"MSFT"}`, "get_earnings": `{"symbol":"MSFT"}`, "get_news": `{"symbol":"MSFT"}`, "get_stock_quotes": `{"symbols":["MSFT"]}`,
		} {
			if got := d.refused(name, input); got.Kind != fault.UpstreamFailed && got.Kind != fault.UpstreamDown || strings.Contains(string(tool.PrintFailure("t1", got)), "http") {
				t.Errorf("%s: got %v, want an outage in words", name, got)
			}
		}
		metrics, call := use[metricsData](d, "get_company_metrics", `{"symbol":"MSFT"}`)
		if len(metrics.Metrics) == 0 || call.Result.Source.Name != SEC {
			t.Errorf("got %d metrics of %s, want the filings' alone", len(metrics.Metrics), call.Result.Source.Name)
		}
	})
}
