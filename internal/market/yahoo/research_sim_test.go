package yahoo_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/markettest"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// vendor is Yahoo as the suites need it.
func vendor() markettest.Vendor {
	return markettest.Vendor{
		Open: func(t *testing.T) market.Source {
			_, source, _ := simulated(t)
			return source
		},
		At:      at,
		Known:   []string{"BRK.B", "SPY", "VFIAX", "VOD.L", "BTC-USD", "^GSPC", "EURUSD=X", "HLTD"},
		Company: "AAPL", Query: "apple", Now: now,
		Prelude: session,
	}
}

// at is a source that has everything at one origin.
func at(t *testing.T, origin string, timeout time.Duration) market.Source {
	t.Helper()
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{origin}, AllowPrivate: true, Retries: 1, SharedLimit: true, Timeout: timeout,
		UserAgent: yahoo.UserAgent, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return yahoo.New(yahoo.HostsAt(origin), client, func() time.Time { return now })
}

// session answers who wants one, and nobody else.
func session(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Set-Cookie", "A3=d=anonymous&S=x; Path=/")
		w.WriteHeader(http.StatusNotFound)
	case "/v1/test/getcrumb":
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		_, _ = io.WriteString(w, "ab.c/dEf1gh")
	default:
		return false
	}
	return true
}

func TestTheSimulatedYahooKnowsCompanies(t *testing.T) { markettest.RunResearch(t, vendor()) }

func TestWhateverGoesWrongAtYahooIsTyped(t *testing.T) {
	t.Parallel()
	markettest.RunFaults(t, vendor())
}

func TestWithoutASessionNothingOfYahooGoesUnnoticed(t *testing.T) {
	t.Parallel()
	v := vendor()
	v.Prelude = nil
	markettest.RunFaults(t, v)
}

func TestPricesOutsideTheSessionAreTheLaterOnes(t *testing.T) {
	for clock, want := range map[string]string{ // Monday, 23 November 2026, in New York
		"2026-11-23T05:30:00-05:00": "pre", "2026-11-23T09:29:00-05:00": "pre", "2026-11-23T12:00:00-05:00": "",
		"2026-11-23T17:00:00-05:00": "post", "2026-11-23T22:00:00-05:00": "post", "2026-11-22T12:00:00-05:00": "post",
	} {
		moment, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			t.Fatal(err)
		}
		source := simulatedAt(t, moment)
		got, err := source.Quotes(t.Context(), []string{"AAPL", "VOD.L", "^GSPC", "HLTD"})
		if err != nil || len(got) != 4 {
			t.Fatalf("%s: got %d quotes, %v", clock, len(got), err)
		}
		e := got["AAPL"].Extended
		if (e == nil) != (want == "") {
			t.Fatalf("%s: got %+v, want %q", clock, e, want)
		}
		if e != nil && (e.Session != want || e.Timestamp.After(moment) || !e.Timestamp.After(got["AAPL"].Timestamp) || !e.Price.Sub(got["AAPL"].Price).Equal(*e.Change)) {
			t.Errorf("%s: got %+v of %+v", clock, e, got["AAPL"])
		}
		for _, symbol := range []string{"VOD.L", "^GSPC", "HLTD"} {
			if got[symbol].Extended != nil {
				t.Errorf("%s: got a price of %s outside the session", clock, symbol)
			}
		}
	}
}

func TestWhatIsHaltedKeepsItsLastPriceAndTime(t *testing.T) {
	source := simulatedAt(t, now)
	got, err := source.Quotes(t.Context(), []string{"HLTD", "AAPL"})
	if err != nil {
		t.Fatal(err)
	}
	halted := time.Date(2026, 10, 14, 15, 12, 0, 0, time.UTC)
	if q := got["HLTD"]; !q.Timestamp.Equal(halted) || q.MarketState != market.Regular || got["AAPL"].MarketState != market.Regular {
		t.Errorf("got %s, %s, want the halt at %s in the middle of a session", q.Timestamp, q.MarketState, halted)
	}
	bars, err := source.Bars(t.Context(), "HLTD", "15m", now.AddDate(0, 0, -7), now)
	if err != nil || len(bars.Bars) != 0 {
		t.Errorf("got %d bars, %v, want none since", len(bars.Bars), err)
	}
}

func TestFiguresAreInOurUnits(t *testing.T) {
	s, source, _ := simulated(t)
	for symbol, shift := range map[string]int32{"AAPL": 0, "VOD.L": -2} {
		m, err := source.Metrics(t.Context(), symbol)
		if err != nil {
			t.Fatal(err)
		}
		q, _ := s.World.Quote(symbol)
		figures := map[string]market.Metric{}
		for _, one := range m.Metrics {
			figures[one.Name] = one
		}
		price := q.Price.Shift(shift)
		if got := figures[market.TrailingPE].Value.Mul(figures[market.EPS].Value); got.Sub(price).Abs().GreaterThan(price.Shift(-2)) {
			t.Errorf("%s: got %s for the price by earnings times earnings, want %s", symbol, got, price)
		}
		if got := figures[market.MarketCap].Value.Div(figures[market.SharesOutstanding].Value); got.Sub(price).Abs().GreaterThan(price.Shift(-2)) {
			t.Errorf("%s: got %s a share, want %s", symbol, got, price)
		}
		if target := figures[market.TargetPrice].Value.Div(price).StringFixed(2); target != "1.12" {
			t.Errorf("%s: got a target of %s times the price, want 1.12", symbol, target)
		}
		for name, part := range map[string]string{market.GrossMargin: market.GrossProfit, market.NetMargin: market.NetIncome, market.EBITDAMargin: market.EBITDA} {
			want := figures[part].Value.Shift(2).Div(figures[market.Revenue].Value)
			if got := figures[name].Value; got.Sub(want).Abs().GreaterThan(decimal.New(1, -1)) || figures[name].Unit != market.Percent {
				t.Errorf("%s: got %s %s, want %s percent", symbol, name, got, want)
			}
		}
		if debt := figures[market.DebtToEquity].Value; symbol == "VOD.L" && !debt.Equal(decimal.New(4, -1)) {
			t.Errorf("%s: got debt of %s times the equity, want 0.4", symbol, debt)
		}
		e, err := source.Earnings(t.Context(), symbol)
		if err != nil || len(e.Quarters) != 4 || e.Next == nil {
			t.Fatalf("%s: got %+v, %v, want four quarters and a next report", symbol, e, err)
		}
		sum := decimal.Zero
		for _, quarter := range e.Quarters {
			sum = sum.Add(*quarter.RevenueActual)
		}
		if revenue := figures[market.Revenue]; sum.Sub(revenue.Value).Abs().GreaterThan(decimal.NewFromInt(4)) || revenue.Currency != e.Currency {
			t.Errorf("%s: got quarters of %s %s, want %s %s", symbol, sum, e.Currency, revenue.Value, revenue.Currency)
		}
	}
}

func TestNewsHaveSymbolsAndSummaries(t *testing.T) {
	s, source, _ := simulated(t)
	first, last := today.AddDays(-7), today
	stories, err := source.News(t.Context(), "BRK.B", first, last)
	if err != nil || len(stories) == 0 {
		t.Fatalf("got %d stories, %v", len(stories), err)
	}
	for _, story := range stories {
		if story.Summary == "" || len(story.Symbols) != 1 || story.Symbols[0] != "BRK.B" || story.URL == "" {
			t.Errorf("got %+v, want a summary, a link and BRK.B", story)
		}
	}
	s.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError, Path: "/xhr/ncp"})
	bare, err := source.News(t.Context(), "BRK.B", first, last)
	if err != nil || len(bare) != len(stories) || bare[0].Summary != "" {
		t.Errorf("without the stream: got %d stories, %v, want the %d that the search has", len(bare), err, len(stories))
	}
	if _, err := source.News(t.Context(), "", first, last); !fault.Is(err, fault.UpstreamDown) {
		t.Errorf("the market's without the stream: got %v", err)
	}
}

func TestADelistedSymbolIsNoCompany(t *testing.T) {
	source := simulatedAt(t, now)
	if c, err := source.Company(t.Context(), "TWTR"); !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %+v, %v", c, err)
	}
	if matches, err := source.Search(t.Context(), "orbital"); err != nil || len(matches) != 0 {
		t.Errorf("got %v, %v: a company that is not traded has no symbol", matches, err)
	}
}

func TestTheSuiteHoldsAtAnyHour(t *testing.T) {
	for _, clock := range []string{"2026-11-22T17:00:00Z", "2026-11-25T10:00:00Z", "2024-06-10T15:00:00Z"} {
		moment, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			t.Fatal(err)
		}
		v := vendor()
		v.Now = moment
		v.Open = func(t *testing.T) market.Source { return simulatedAt(t, moment) }
		t.Run(clock, func(t *testing.T) { markettest.RunResearch(t, v) })
	}
}
