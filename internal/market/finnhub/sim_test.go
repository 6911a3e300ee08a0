package finnhub_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/finnhub"
	"github.com/jaspers-ai/jaspers/internal/market/markettest"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is a trading moment: Wednesday, 18 November 2026, 11:00 in New York.
var now = time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC)

const (
	key      = "key-0d9f61b2"
	patience = 20 * time.Second
)

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// sourceAt is a source at an origin whose Finnhub lies under the path.
func sourceAt(t *testing.T, origin, path string, timeout time.Duration) *finnhub.Source {
	t.Helper()
	return sourceOn(t, now, origin, path, timeout)
}

func sourceOn(t *testing.T, now time.Time, origin, path string, timeout time.Duration) *finnhub.Source {
	t.Helper()
	client, err := upstream.New(upstream.Config{
		Provider: "Finnhub", Origins: []string{origin}, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: timeout, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return finnhub.New(origin+path, key, client, func() time.Time { return now })
}

// simulated is a source at a simulated Finnhub.
func simulated(t *testing.T) (*sim.Sim, *finnhub.Source) {
	t.Helper()
	s := sim.NewSim(sim.New(7, func() time.Time { return now }))
	s.Finnhub = sim.FinnhubOptions{Key: key, Unlimited: true}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, sourceAt(t, server.URL, "/finnhub", patience)
}

func vendor() markettest.Vendor {
	return markettest.Vendor{
		Open: func(t *testing.T) market.Source {
			_, source := simulated(t)
			return source
		},
		At: func(t *testing.T, origin string, timeout time.Duration) market.Source {
			return sourceAt(t, origin, "", timeout)
		},
		Known: []string{"MSFT", "BRK.B"}, Company: "AAPL", Query: "apple", Now: now,
	}
}

func TestTheSimulatedFinnhubIsASource(t *testing.T) {
	markettest.Run(t, vendor().Open, []string{"AAPL", "BRK.B", "SPY"})
}

func TestItHasWhatSourcesHaveBesideQuotes(t *testing.T) { markettest.RunResearch(t, vendor()) }

func TestEveryFailureOfFinnhubIsTyped(t *testing.T) { markettest.RunFaults(t, vendor()) }

func TestPricesAreTheWorlds(t *testing.T) {
	s, source := simulated(t)
	got, err := source.Quotes(t.Context(), []string{"AAPL", "BRK.B", "TWTR", "VOD.L", "BTC-USD", "^GSPC", "EURUSD=X"})
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d quotes, %v, want those of AAPL and BRK.B: it offers no others", len(got), err)
	}
	for symbol, q := range got {
		truth, _ := s.World.Quote(symbol)
		for name, pair := range map[string][2]decimal.Decimal{
			"price": {q.Price, truth.Price}, "change": {*q.Change, truth.Change}, "previous close": {*q.PreviousClose, truth.PreviousClose},
			"open": {*q.Open, truth.Open}, "day high": {*q.DayHigh, truth.High}, "day low": {*q.DayLow, truth.Low}, "percent": {*q.ChangePercent, truth.ChangePercent.Round(4)},
		} {
			if !pair[0].Equal(pair[1]) {
				t.Errorf("%s %s: got %s, want %s", symbol, name, pair[0], pair[1])
			}
		}
		if q.Currency != "USD" || !q.Timestamp.Equal(truth.Time) {
			t.Errorf("%s: got %s at %s", symbol, q.Currency, q.Timestamp)
		}
	}
}

func TestEarningsAreThoseThatAreFiled(t *testing.T) {
	s, source := simulated(t)
	company, _ := s.World.Filings().Of("AAPL")
	filed := company.Quarters(now)
	e, err := source.Earnings(t.Context(), "AAPL")
	if err != nil || len(e.Quarters) != 4 {
		t.Fatalf("got %d quarters, %v, want the four of the free plan", len(e.Quarters), err)
	}
	for i, q := range e.Quarters {
		want := filed[i]
		if q.PeriodEnd != want.End || q.FiscalYear == nil || *q.FiscalYear != want.FiscalYear || *q.FiscalQuarter != want.Quarter || !q.EPSActual.Equal(want.EPSDiluted) || q.RevenueActual == nil || !q.RevenueActual.Equal(want.Revenue) {
			t.Errorf("got %+v, want %+v", q, want)
		}
	}
	next, _ := company.NextResults(now)
	if e.Next == nil || e.Next.From != calendar.DayOf(next) || e.Next.When != "after" || e.Next.EPSEstimate == nil || e.Next.Revenue == nil {
		t.Errorf("got the next report %+v, want it on %s, after the close", e.Next, next)
	}
}

func TestWhatIsNoShareIsNotAskedFor(t *testing.T) {
	s, source := simulated(t)
	for _, symbol := range []string{"BTC-USD", "^GSPC", "EURUSD=X", "ES=F", "AAPL260116C00150000"} {
		if _, err := source.Company(t.Context(), symbol); !fault.Is(err, fault.NotOffered) {
			t.Errorf("%s: got %v", symbol, err)
		}
		if quotes, err := source.Quotes(t.Context(), []string{symbol}); err != nil || len(quotes) != 0 {
			t.Errorf("%s: got %v, %v, want nothing", symbol, quotes, err)
		}
	}
	if n := s.Traffic(sim.ProviderFinnhub).Requests; n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
	for name, ask := range map[string]func() error{
		"company":  func() error { _, err := source.Company(t.Context(), "VOD.L"); return err },
		"metrics":  func() error { _, err := source.Metrics(t.Context(), "SAP.DE"); return err },
		"earnings": func() error { _, err := source.Earnings(t.Context(), "VOD.L"); return err },
		"news": func() error {
			_, err := source.News(t.Context(), "VOD.L", day("2026-11-01"), day("2026-11-18"))
			return err
		},
	} {
		if err := ask(); !fault.Is(err, fault.NotOffered) || !strings.Contains(err.Error(), "plan") {
			t.Errorf("%s: got %v, want the plan named", name, err)
		}
	}
}

func TestAWrongKeyIsSaidToBeOne(t *testing.T) {
	s, source := simulated(t)
	s.Finnhub.Key = "another"
	_, err := source.Quotes(t.Context(), []string{"AAPL"})
	if !fault.Is(err, fault.UpstreamFailed) || !strings.Contains(err.Error(), "JASPERS_FINNHUB_API_KEY") || strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want the setting named, and not the key", err)
	}
}

// refusing is a source at a Finnhub that answers with the status for what refuses says so of.
func refusing(t *testing.T, status int, refuses func(symbol string) bool) *finnhub.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if refuses(r.URL.Query().Get("symbol")) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":"You don't have access to this resource."}`)
			return
		}
		_, _ = io.WriteString(w, `{"c":308.82,"d":3.83,"dp":1.2558,"h":311.4,"l":305.84,"o":306.12,"pc":304.99,"t":1779480000}`)
	}))
	t.Cleanup(server.Close)
	return sourceAt(t, server.URL, "", patience)
}

func TestASymbolThatFinnhubRefusesTakesNoOthersQuoteAway(t *testing.T) {
	batch := []string{"RHHBY", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "NSRGY"}
	abroad := func(symbol string) bool { return symbol == "RHHBY" || symbol == "NSRGY" }
	for _, status := range []int{403, 422} {
		if got, err := refusing(t, status, abroad).Quotes(t.Context(), batch); err != nil || len(got) != 6 {
			t.Errorf("%d: got %d quotes, %v, want the six that it gives", status, len(got), err)
		}
		if got, err := refusing(t, status, abroad).Quotes(t.Context(), []string{"RHHBY"}); !fault.Is(err, fault.NotOffered) || len(got) != 0 {
			t.Errorf("%d for it alone: got %d quotes, %v, want %s", status, len(got), err, fault.NotOffered)
		}
	}
	for _, status := range []int{401, 429, 500} {
		if _, err := refusing(t, status, abroad).Quotes(t.Context(), batch); err == nil || fault.Is(err, fault.NotOffered) {
			t.Errorf("%d: got %v, want the failure of the whole", status, err)
		}
	}
}

func TestTheLimitOfTheFreePlanIsLeftAlone(t *testing.T) {
	s, source := simulated(t)
	s.Finnhub.Unlimited = false
	var symbols []string
	for _, in := range s.World.Instruments() {
		if in.Kind == sim.Equity {
			symbols = append(symbols, in.Symbol)
		}
	}
	got, err := source.Quotes(t.Context(), symbols) // nothing paces this one
	if f := fault.From(err); f.Kind != fault.UpstreamDown || f.RetryAfter != time.Minute || len(got) > finnhub.PerSecond {
		t.Errorf("got %d quotes, %v, want %d at most and a minute's wait", len(got), err, finnhub.PerSecond)
	}
	before := s.Traffic(sim.ProviderFinnhub).Requests
	if _, err := source.Company(t.Context(), "AAPL"); !fault.Is(err, fault.UpstreamDown) || s.Traffic(sim.ProviderFinnhub).Requests != before {
		t.Errorf("got %v, want Finnhub left alone", err)
	}
}

func TestNewsOfAYearComePageByPageAndOnce(t *testing.T) {
	s, source := simulated(t)
	first, last := day("2025-12-01"), day("2026-11-18")
	stories, err := source.News(t.Context(), "AAPL", first, last)
	if err != nil {
		t.Fatal(err)
	}
	headlines, oldest := map[string]bool{}, last
	for _, story := range stories {
		if headlines[story.Headline+story.PublishedAt.String()] {
			t.Errorf("%q is there twice", story.Headline)
		}
		headlines[story.Headline+story.PublishedAt.String()] = true
		oldest = calendar.DayOf(story.PublishedAt)
		if story.URL == "" || story.Publisher == "" {
			t.Errorf("got %+v", story)
		}
	}
	if len(stories) < 230 || first.AddDays(7).Before(oldest) || s.Traffic(sim.ProviderFinnhub).Requests < 2 {
		t.Errorf("got %d stories back to %s by %d requests", len(stories), oldest, s.Traffic(sim.ProviderFinnhub).Requests)
	}
}

func TestMetricsAreTheWorlds(t *testing.T) {
	s, source := simulated(t)
	truth, _ := s.World.Quote("AAPL")
	m, err := source.Metrics(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	c, err := source.Company(t.Context(), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]market.Metric{}
	for _, one := range m.Metrics {
		byName[one.Name] = one
	}
	value, high := byName[market.MarketCap].Value, byName[market.High52Week].Value
	if want := truth.Price.Mul(*c.Shares); value.Sub(want).Abs().GreaterThan(decimal.New(1, 6)) || c.MarketCap.Sub(want).Abs().GreaterThan(decimal.New(1, 6)) {
		t.Errorf("got a market value of %s and %s, want %s", value, c.MarketCap, want)
	}
	if high.LessThan(truth.Price) || byName[market.EPS].Currency != "USD" || byName[market.EPS].Period != market.TTM || byName[market.EPS].AsOf == nil {
		t.Errorf("got a high of %s at a price of %s, and %+v", high, truth.Price, byName[market.EPS])
	}
	if funds, err := source.Metrics(t.Context(), "SPY"); err != nil || len(funds.Metrics) < 4 {
		t.Errorf("got %d figures of a fund, %v", len(funds.Metrics), err)
	}
}

func TestAnAnswerOfOtherTypesSaysNothing(t *testing.T) {
	s, source := simulated(t)
	s.Faults.Set(sim.ProviderFinnhub, sim.Fault{Kind: sim.FaultWrongTypes})
	everything(t, source, func(what string, said int, err error) {
		if said != 0 || err != nil && !fault.Is(err, fault.UpstreamFailed) && !fault.Is(err, fault.UnknownSymbol) {
			t.Errorf("%s: got %d, %v, want nothing said", what, said, err)
		}
	})
}

func TestWhatACompanyIsAtHomeIsNotTakenForItsListingHere(t *testing.T) {
	const body = `{"name":"Taiwan Semiconductor","ticker":"2330.TW","country":"TW","currency":"TWD","exchange":"TAIWAN STOCK EXCHANGE",
		"marketCapitalization":30000000.5,"shareOutstanding":25932.5,"ipo":"9999-01-01","weburl":"javascript:alert(1)"}`
	c, err := answering(t, 200, map[string]string{"/stock/profile2": body}).Company(t.Context(), "TSM")
	if err != nil {
		t.Fatal(err)
	}
	if c.Currency != "USD" || c.CapCurrency != "TWD" || c.MarketCap.String() != "30000000500000" || c.Shares != nil || c.Exchange != "" {
		t.Errorf("got %+v, want the price in dollars, the value in Taiwan's, and neither shares nor exchange of there", c)
	}
	if c.Listed != nil || c.Website != "" {
		t.Errorf("got listed on %v and the website %q, want neither", c.Listed, c.Website)
	}
}

func TestSymbolsReachFinnhubInItsSpelling(t *testing.T) {
	for ours, theirs := range map[string]string{"AAPL": "AAPL", "BRK.B": "BRK.B", "MKC-V": "MKC.V", "VOD.L": "VOD.L", "7203.T": "7203.T", "0700.HK": "0700.HK"} {
		asked := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Query().Get("symbol")
			_, _ = io.WriteString(w, `{}`)
		}))
		if _, err := sourceAt(t, server.URL, "", patience).Company(t.Context(), ours); !fault.Is(err, fault.UnknownSymbol) || asked != theirs {
			t.Errorf("%s: asked for %q (%v), want %q", ours, asked, err, theirs)
		}
		server.Close()
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL+"/signed?secret=canary", http.StatusFound))
	defer server.Close()
	if _, err := sourceAt(t, server.URL, "", patience).Search(t.Context(), "apple"); !fault.Is(err, fault.UpstreamFailed) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want %s without the address", err, fault.UpstreamFailed)
	}
}
