package finnhub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/finnhub"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// recorded are the checks of all recordings; one without a check fails the test.
var recorded = map[string]func(t *testing.T, text []byte){
	"calendar-earnings-aapl.json":          checkCalendar,
	"calendar-earnings-empty.json":         checkCalendar,
	"candle-AAPL.json":                     refusedAs(http.StatusForbidden, fault.NotOffered),
	"company-news-AAPL.json":               checkNews("AAPL"),
	"earnings-AAPL-2026-08-unordered.json": checkEarnings,
	"earnings-LLY-2025.json":               checkEarnings,
	"earnings-unknown.json":                checkEarnings,
	"error-401-invalid-key.json":           checkError(fault.UpstreamFailed),
	"error-401-no-key.json":                checkError(fault.UpstreamFailed),
	"error-429.json":                       checkError(fault.UpstreamDown),
	"general-news-2025.json":               checkNews(""),
	"metric-AAPL.json":                     checkMetric,
	"peers-AAPL-industry.json":             neverAsked,
	"profile-AAPL.json":                    checkProfile,
	"profile-TSLA-2022.json":               checkProfile,
	"profile-unknown.json":                 checkNoProfile,
	"quote-AAPL.json":                      checkQuote,
	"quote-TSLA-2022.json":                 checkQuote,
	"quote-unknown.json":                   checkNoQuote,
	"recommendation-AAPL.json":             neverAsked,
	"search-apple.json":                    checkSearch,
}

func TestEveryRecordingIsReadRight(t *testing.T) {
	dir := sharedtest.Dir(t, "upstreams/fixtures/dev/finnhub")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < len(recorded) {
		t.Fatalf("got %d recordings, %v, want %d", len(files), err, len(recorded))
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			check, ok := recorded[file.Name()]
			if !ok {
				t.Fatal("nothing checks this recording")
			}
			text, err := os.ReadFile(filepath.Join(dir, file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			check(t, text)
		})
	}
}

// answering is a source at a server with one answer for each path, and an empty one for the others.
func answering(t *testing.T, status int, answers map[string]string) *finnhub.Source {
	t.Helper()
	return answeringOn(t, now, status, answers)
}

func answeringOn(t *testing.T, now time.Time, status int, answers map[string]string) *finnhub.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Finnhub-Token") != key || strings.Contains(r.URL.RawQuery, key) {
			t.Errorf("got the key %q and the query %q, want it in the header alone", r.Header.Get("X-Finnhub-Token"), r.URL.RawQuery)
		}
		empty := map[string]string{"/stock/profile2": `{}`, "/stock/earnings": `[]`, "/calendar/earnings": `{"earningsCalendar":[]}`, "/company-news": `[]`}
		body, ok := answers[r.URL.Path]
		if whole, always := answers["*"]; always {
			body, ok = whole, true
		}
		if !ok {
			body = empty[r.URL.Path]
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return sourceOn(t, now, server.URL, "", patience)
}

// read reads a recording by itself.
func read[T any](t *testing.T, text []byte) (v T) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

type object = map[string]any

// is compares a decimal with what stands in the recording, which may be null, moved by some digits.
func is(t *testing.T, what string, got *decimal.Decimal, want any, shift int32) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("%s: got %s, want nothing", what, got)
		}
		return
	}
	f, err := want.(json.Number).Float64()
	if err != nil {
		t.Fatal(err)
	}
	wanted, apart := f*math.Pow10(int(shift)), 1e-6
	if shift > 0 {
		apart = 0.51 // whole units, and what a float loses
	}
	if got == nil || math.Abs(got.InexactFloat64()-wanted) > apart {
		t.Errorf("%s: got %v, want %v", what, got, wanted)
	}
}

func checkQuote(t *testing.T, text []byte) {
	want := read[object](t, text)
	quotes, err := answering(t, 200, map[string]string{"/quote": string(text)}).Quotes(t.Context(), []string{"AAPL"})
	if err != nil {
		t.Fatal(err)
	}
	q := quotes["AAPL"]
	is(t, "price", &q.Price, want["c"], 0)
	is(t, "change", q.Change, want["d"], 0)
	is(t, "percent", q.ChangePercent, want["dp"], 0)
	is(t, "high", q.DayHigh, want["h"], 0)
	is(t, "low", q.DayLow, want["l"], 0)
	is(t, "open", q.Open, want["o"], 0)
	is(t, "previous close", q.PreviousClose, want["pc"], 0)
	if at := fmt.Sprint(q.Timestamp.Unix()); at != want["t"].(json.Number).String() || q.Currency != "USD" || q.Volume != nil || q.Name != "" {
		t.Errorf("got %+v", q)
	}
}

func checkNoQuote(t *testing.T, text []byte) {
	quotes, err := answering(t, 200, map[string]string{"/quote": string(text)}).Quotes(t.Context(), []string{"AAPL"})
	if err != nil || len(quotes) != 0 {
		t.Errorf("got %v, %v, want a true answer without the symbol", quotes, err)
	}
}

func checkProfile(t *testing.T, text []byte) {
	want := read[object](t, text)
	symbol := want["ticker"].(string)
	c, err := answering(t, 200, map[string]string{"/stock/profile2": string(text)}).Company(t.Context(), symbol)
	if err != nil {
		t.Fatal(err)
	}
	is(t, "market value", c.MarketCap, want["marketCapitalization"], 6)
	is(t, "shares", c.Shares, want["shareOutstanding"], 6)
	for what, pair := range map[string][2]any{
		"name": {c.Name, want["name"]}, "country": {c.Country, want["country"]}, "exchange": {c.Exchange, want["exchange"]},
		"industry": {c.Industry, want["finnhubIndustry"]}, "website": {c.Website, want["weburl"]}, "currency of the value": {c.CapCurrency, want["currency"]},
		"listed": {c.Listed.String(), want["ipo"]}, "symbol": {c.Symbol, symbol}, "currency": {c.Currency, "USD"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}

func checkNoProfile(t *testing.T, text []byte) {
	c, err := answering(t, 200, map[string]string{"/stock/profile2": string(text)}).Company(t.Context(), "AAPL")
	if !fault.Is(err, fault.UnknownSymbol) {
		t.Errorf("got %+v, %v", c, err)
	}
}

func checkEarnings(t *testing.T, text []byte) {
	want := read[[]object](t, text)
	e, err := answering(t, 200, map[string]string{"/stock/earnings": string(text)}).Earnings(t.Context(), "AAPL")
	if err != nil || len(e.Quarters) != len(want) || e.Next != nil || e.Currency != "" {
		t.Fatalf("got %+v, %v, want %d quarters", e, err, len(want))
	}
	slices.SortFunc(want, func(a, b object) int { return strings.Compare(b["period"].(string), a["period"].(string)) })
	for i, q := range e.Quarters {
		one := want[i]
		is(t, "actual", q.EPSActual, one["actual"], 0)
		is(t, "estimate", q.EPSEstimate, one["estimate"], 0)
		is(t, "surprise", q.Surprise, one["surprise"], 0)
		is(t, "surprise in percent", q.SurprisePercent, one["surprisePercent"], 0)
		said, told := "", ""
		if one["year"] != nil {
			said = fmt.Sprint(one["quarter"], " of ", one["year"])
		}
		if q.FiscalYear != nil && q.FiscalQuarter != nil {
			told = fmt.Sprint(*q.FiscalQuarter, " of ", *q.FiscalYear)
		}
		if q.PeriodEnd.String() != one["period"] || told != said || q.RevenueActual != nil {
			t.Errorf("got %+v, want %v", q, one)
		}
	}
}

func checkCalendar(t *testing.T, text []byte) {
	want := read[map[string][]object](t, text)["earningsCalendar"]
	before := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	e, err := answeringOn(t, before, 200, map[string]string{"/calendar/earnings": string(text)}).Earnings(t.Context(), "AAPL")
	if err != nil || (e.Next != nil) != (len(want) > 0) {
		t.Fatalf("got %+v, %v, want %v", e, err, want)
	}
	for _, one := range want {
		n := e.Next
		is(t, "estimate", n.EPSEstimate, one["epsEstimate"], 0)
		is(t, "revenue", n.Revenue, one["revenueEstimate"], 0)
		if n.From.String() != one["date"] || n.To != n.From || n.When != "after" || one["hour"] != "amc" {
			t.Errorf("got %+v, want %v", n, one)
		}
	}
}

func checkNews(symbol string) func(t *testing.T, text []byte) {
	return func(t *testing.T, text []byte) {
		path := map[string]string{"": "/news"}[symbol]
		if path == "" {
			path = "/company-news"
		}
		want := map[string]object{}
		for _, one := range read[[]object](t, text) {
			want[one["id"].(json.Number).String()] = one
		}
		stories, err := answering(t, 200, map[string]string{path: string(text)}).News(t.Context(), symbol, day("2020-01-01"), day("2026-11-18"))
		if err != nil || len(stories) != len(want) {
			t.Fatalf("got %d stories, %v, want %d", len(stories), err, len(want))
		}
		for i, story := range stories {
			one := want[story.ID]
			if i > 0 && stories[i-1].PublishedAt.Before(story.PublishedAt) {
				t.Errorf("%s is behind an older one", story.ID)
			}
			symbols := []string{}
			if symbol != "" {
				symbols = append(symbols, one["related"].(string))
			}
			if !slices.Equal(story.Symbols, symbols) || fmt.Sprint(story.PublishedAt.Unix()) != one["datetime"].(json.Number).String() {
				t.Errorf("got %v at %s, want %v", story.Symbols, story.PublishedAt, one)
			}
			for what, pair := range map[string][2]string{
				"headline": {story.Headline, one["headline"].(string)}, "summary": {story.Summary, one["summary"].(string)},
				"publisher": {story.Publisher, one["source"].(string)}, "address": {story.URL, one["url"].(string)},
			} {
				if pair[0] != strings.Join(strings.Fields(pair[1]), " ") {
					t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
				}
			}
		}
	}
}

// figuresOf are Finnhub's names for our figures with the digits by which they are moved, written down once more.
var figuresOf = map[string]struct {
	key   string
	shift int32
}{
	market.MarketCap: {"marketCapitalization", 6}, market.EnterpriseValue: {"enterpriseValue", 6}, market.TrailingPE: {"peTTM", 0},
	market.ForwardPE: {"forwardPE", 0}, market.PEGRatio: {"forwardPEG", 0}, market.PriceToBook: {"pb", 0}, market.PriceToSales: {"psTTM", 0},
	market.EVToRevenue: {"evRevenueTTM", 0}, market.EVToEBITDA: {"evEbitdaTTM", 0}, market.EPS: {"epsTTM", 0},
	market.BookValuePerShare: {"bookValuePerShareQuarterly", 0}, market.RevenuePerShare: {"revenuePerShareTTM", 0},
	market.CashPerShare: {"cashPerSharePerShareQuarterly", 0}, market.GrossMargin: {"grossMarginTTM", 0}, market.OperatingMargin: {"operatingMarginTTM", 0},
	market.NetMargin: {"netProfitMarginTTM", 0}, market.ReturnOnEquity: {"roeTTM", 0}, market.ReturnOnAssets: {"roaTTM", 0},
	market.RevenueGrowth: {"revenueGrowthQuarterlyYoy", 0}, market.DebtToEquity: {"totalDebt/totalEquityQuarterly", 0},
	market.CurrentRatio: {"currentRatioQuarterly", 0}, market.QuickRatio: {"quickRatioQuarterly", 0}, market.DividendPerShare: {"dividendIndicatedAnnual", 0},
	market.DividendYield: {"dividendYieldIndicatedAnnual", 0}, market.PayoutRatio: {"payoutRatioTTM", 0}, market.Beta: {"beta", 0},
	market.High52Week: {"52WeekHigh", 0}, market.Low52Week: {"52WeekLow", 0}, market.Change52Week: {"52WeekPriceReturnDaily", 0},
	market.AverageVolume: {"3MonthAverageTradingVolume", 6},
}

func checkMetric(t *testing.T, text []byte) {
	want := read[object](t, text)["metric"].(object)
	profile := `{"name":"Apple Inc","ticker":"AAPL","currency":"USD"}`
	m, err := answering(t, 200, map[string]string{"/stock/metric": string(text), "/stock/profile2": profile}).Metrics(t.Context(), "AAPL")
	if err != nil || len(m.Metrics) != len(figuresOf) {
		t.Fatalf("got %d figures, %v, want %d", len(m.Metrics), err, len(figuresOf))
	}
	for _, one := range m.Metrics {
		from, ok := figuresOf[one.Name]
		if !ok {
			t.Fatalf("got %s, which nobody expects", one.Name)
		}
		is(t, one.Name, &one.Value, want[from.key], from.shift)
		if err := market.CheckMetric(one); err != nil || strings.HasSuffix(from.key, "TTM") && one.Period != market.TTM && one.Unit != market.Ratio {
			t.Errorf("got %+v (%v)", one, err)
		}
		if kind, _ := market.MetricKindOf(one.Name); one.AsOf == nil || !kind.OfToday && one.AsOf.Format("2006-01") != "2026-03" || kind.OfToday && !one.AsOf.Equal(now) {
			t.Errorf("%s: got it as of %v, want the end of the quarter that ended in March, or today", one.Name, one.AsOf)
		}
	}
	for name, profile := range map[string]string{"accounts in another currency": `{"name":"Apple Inc","ticker":"AAPL","currency":"TWD"}`, "a listing at home": `{"name":"A","ticker":"2330.TW","currency":"USD"}`, "no profile": `{}`} {
		m, err := answering(t, 200, map[string]string{"/stock/metric": string(text), "/stock/profile2": profile}).Metrics(t.Context(), "AAPL")
		if err != nil || len(m.Metrics) == 0 {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
		for _, one := range m.Metrics {
			if slices.Contains([]string{market.MarketCap, market.EPS, market.TrailingPE, market.PriceToBook, market.DividendYield, market.EVToEBITDA}, one.Name) {
				t.Errorf("%s: got %s, which may mix currencies", name, one.Name)
			}
		}
	}
}

func checkSearch(t *testing.T, text []byte) {
	want := read[struct{ Result []map[string]string }](t, text)
	matches, err := answering(t, 200, map[string]string{"/search": string(text)}).Search(t.Context(), "apple")
	if err != nil || len(matches) != len(want.Result) {
		t.Fatalf("got %d matches, %v, want %d", len(matches), err, len(want.Result))
	}
	for i, m := range matches {
		if one := want.Result[i]; m.Symbol != one["symbol"] || m.Name != one["description"] || one["type"] != "Common Stock" || m.AssetClass != "equity" || m.Exchange != "" {
			t.Errorf("got %+v, want %v", m, one)
		}
	}
}

// everything asks a source all there is, and hands each error and how much was said to want.
func everything(t *testing.T, source *finnhub.Source, want func(what string, said int, err error)) {
	t.Helper()
	ctx := t.Context()
	quotes, err := source.Quotes(ctx, []string{"AAPL"})
	want("quotes", len(quotes), err)
	c, err := source.Company(ctx, "AAPL")
	want("company", len(c.Name), err)
	m, err := source.Metrics(ctx, "AAPL")
	want("metrics", len(m.Metrics), err)
	e, err := source.Earnings(ctx, "AAPL")
	want("earnings", len(e.Quarters), err)
	for _, symbol := range []string{"AAPL", ""} {
		stories, err := source.News(ctx, symbol, calendar.DayOf(now).AddDays(-30), calendar.DayOf(now))
		want("news", len(stories), err)
	}
	matches, err := source.Search(ctx, "apple")
	want("search", len(matches), err)
}

func refusedAs(status int, kind fault.Kind) func(t *testing.T, text []byte) {
	return func(t *testing.T, text []byte) {
		everything(t, answering(t, status, map[string]string{"*": string(text)}), func(what string, said int, err error) {
			if said != 0 || !fault.Is(err, kind) {
				t.Errorf("%s: got %d, %v, want %s", what, said, err, kind)
			}
		})
	}
}

func checkError(kind fault.Kind) func(t *testing.T, text []byte) {
	return func(t *testing.T, text []byte) {
		recording := read[struct {
			Status int
			Body   string
		}](t, text)
		refusedAs(recording.Status, kind)(t, []byte(recording.Body))
	}
}

// neverAsked are answers to what this adapter does not ask: in the place of any other they say nothing.
func neverAsked(t *testing.T, text []byte) {
	everything(t, answering(t, 200, map[string]string{"*": string(text)}), func(what string, said int, err error) {
		if said != 0 || err != nil && !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%s: got %d, %v, want nothing said", what, said, err)
		}
	})
}
