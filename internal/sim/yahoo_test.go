package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// yahooSession is a cookie and its crumb.
type yahooSession struct {
	server        *httptest.Server
	cookie, crumb string
}

func newSession(t *testing.T, server *httptest.Server) *yahooSession {
	t.Helper()
	s := &yahooSession{server: server}
	root := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/", ""))
	setCookie := root.header.Get("Set-Cookie")
	if root.status != http.StatusNotFound || !strings.HasPrefix(setCookie, "A3=") || strings.Contains(setCookie, "Domain") {
		t.Fatalf("root: got %d and cookie %q, want 404 and A3 without a domain", root.status, setCookie)
	}
	s.cookie, _, _ = strings.Cut(setCookie, ";")
	got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v1/test/getcrumb", "", "Cookie", s.cookie))
	if got.status != http.StatusOK || len(got.body) != 11 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("getcrumb: got %d %q, want 11 characters of text", got.status, got.body)
	}
	s.crumb = got.body
	return s
}

func (s *yahooSession) get(t *testing.T, path string, query ...string) fetched {
	t.Helper()
	values := url.Values{"crumb": {s.crumb}}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return fetch(t, newRequest(t, http.MethodGet, s.server.URL+"/yahoo"+path+"?"+values.Encode(), "", "Cookie", s.cookie))
}

// rows are the quotes by symbol.
func (s *yahooSession) rows(t *testing.T, symbols string) map[string]object {
	t.Helper()
	body := decoded[struct{ QuoteResponse struct{ Result []object } }](t, s.get(t, "/v7/finance/quote", "symbols", symbols))
	rows := map[string]object{}
	for _, row := range body.QuoteResponse.Result {
		rows[row["symbol"].(string)] = row
	}
	return rows
}

func number(t *testing.T, value any) decimal.Decimal {
	t.Helper()
	n, ok := value.(json.Number)
	if !ok {
		t.Fatalf("got %v, want a number", value)
	}
	return dec(n.String())
}

func TestQuotesNeedACookieAndItsCrumb(t *testing.T) {
	s, server := serve(t)
	session := newSession(t, server)
	other := newSession(t, server)
	if session.crumb == other.crumb {
		t.Error("two sessions have the same crumb")
	}
	refused := func(what string, got fetched) {
		t.Helper()
		want := `{"finance":{"error":{"code":"Unauthorized","description":"Invalid Crumb"},"result":null}}`
		if got.status != http.StatusUnauthorized || strings.TrimSpace(got.body) != want {
			t.Errorf("%s: got %d %s, want 401 %s", what, got.status, got.body, want)
		}
	}
	refused("the other session's crumb", session.get(t, "/v7/finance/quote", "symbols", "AAPL", "crumb", other.crumb))
	refused("no cookie", fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v7/finance/quote?symbols=AAPL&crumb="+url.QueryEscape(session.crumb), "")))
	refused("a forged cookie", (&yahooSession{server, "A3=d=1&S=x", session.crumb}).get(t, "/v7/finance/quote", "symbols", "AAPL"))
	if got := session.get(t, "/v7/finance/quote", "symbols", "AAPL"); got.status != http.StatusOK {
		t.Errorf("cookie and crumb: got %d, want 200", got.status)
	}
	if got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v1/test/getcrumb", "")); got.status != http.StatusUnauthorized {
		t.Errorf("a crumb without a cookie: got %d, want 401", got.status)
	}
	s.ExpireCrumbs()
	refused("an expired crumb", session.get(t, "/v7/finance/quote", "symbols", "AAPL"))
	refused("an expired crumb", session.get(t, "/v10/finance/quoteSummary/AAPL", "modules", "price"))
	if got := newSession(t, server).get(t, "/v7/finance/quote", "symbols", "AAPL"); got.status != http.StatusOK {
		t.Errorf("a new session: got %d, want 200", got.status)
	}
}

func TestSomeCrumbsNeedEscaping(t *testing.T) {
	_, server := serve(t)
	for range 60 {
		if crumb := newSession(t, server).crumb; strings.ContainsAny(crumb, "/") {
			return
		}
	}
	t.Error("no crumb of 60 has a slash")
}

func TestProgramsAreTurnedAway(t *testing.T) {
	_, server := serve(t)
	for _, agent := range []string{"", "Go-http-client/1.1", "python-requests/2.32", "curl/8.0"} {
		got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v8/finance/chart/AAPL", "", "User-Agent", agent))
		if got.status != http.StatusTooManyRequests || !strings.HasPrefix(got.body, "Too Many Requests") || got.header.Get("Content-Type") != "text/plain" {
			t.Errorf("%q: got %d %q, want 429 as text", agent, got.status, got.body)
		}
	}
}

func TestYahooQuotesTheWorldsPrices(t *testing.T) {
	s, server := serve(t)
	session := newSession(t, server)
	rows := session.rows(t, "brk-b,AAPL,NOSUCH,VOD.L,^GSPC,BRK.B,AAPL,TWTR,SPY")
	if len(rows) != 6 {
		t.Fatalf("got %d rows, want 6: unknown symbols and other spellings are left out", len(rows))
	}
	for yahoo, symbol := range map[string]string{"BRK-B": "BRK.B", "AAPL": "AAPL", "VOD.L": "VOD.L", "^GSPC": "^GSPC", "SPY": "SPY"} {
		row, q := rows[yahoo], quoteOf(t, s.World, symbol)
		for field, want := range map[string]decimal.Decimal{
			"Price": q.Price, "PreviousClose": q.PreviousClose, "Change": q.Change, "ChangePercent": q.ChangePercent,
			"Open": q.Open, "DayHigh": q.High, "DayLow": q.Low, "Time": decimal.NewFromInt(q.Time.Unix()),
		} {
			equal(t, yahoo+" "+field, number(t, row["regularMarket"+field]), want)
		}
		if row["marketState"] != "REGULAR" {
			t.Errorf("%s: got state %v on Monday at eleven, want REGULAR", yahoo, row["marketState"])
		}
	}
	if gone := rows["TWTR"]; gone["exchange"] != "YHD" || gone["regularMarketPrice"] != nil || gone["currency"] != nil {
		t.Errorf("the delisted row: got %v, want no price and no currency", gone)
	}
	vod := rows["VOD.L"]
	if vod["currency"] != "GBp" || vod["financialCurrency"] != "GBP" {
		t.Errorf("VOD.L: got %v and accounts in %v, want GBp and GBP", vod["currency"], vod["financialCurrency"])
	}
	pounds := number(t, vod["regularMarketPrice"]).Shift(-2)
	equal(t, "market value of VOD.L in pounds", number(t, vod["marketCap"]), pounds.Mul(number(t, vod["sharesOutstanding"])).Round(0))
	if _, ok := rows["AAPL"]["trailingPE"]; !ok {
		t.Error("AAPL has no trailingPE")
	}
	if _, ok := session.rows(t, "BA")["BA"]["trailingPE"]; ok {
		t.Error("BA makes a loss but has a trailingPE")
	}
}

func TestAlpacasValuesAreYahoosPrices(t *testing.T) {
	_, server := serve(t)
	token := tokenOf(t, server, "alex", Live)
	session := newSession(t, server)
	for _, p := range decoded[[]object](t, alpacaGet(t, server, "/live/v2/positions", token)) {
		symbol := p["symbol"].(string)
		if p["asset_class"] == "crypto" {
			symbol = strings.TrimSuffix(symbol, "USD") + "-USD"
		}
		row := session.rows(t, symbol)[symbol]
		equal(t, symbol, dec(p["market_value"].(string)), dec(p["qty"].(string)).Mul(number(t, row["regularMarketPrice"])))
		equal(t, symbol+" previous close", dec(p["lastday_price"].(string)), number(t, row["regularMarketPreviousClose"]))
	}
}

func TestTheMarketStateFollowsTheCalendar(t *testing.T) {
	w, _ := worldAt(monday)
	tests := []struct{ at, symbol, want string }{
		{"2026-11-23T08:59:00Z", "AAPL", "CLOSED"},
		{"2026-11-23T09:00:00Z", "AAPL", "PRE"},
		{"2026-11-23T14:30:00Z", "AAPL", "REGULAR"},
		{"2026-11-23T21:00:00Z", "AAPL", "POST"},
		{"2026-11-24T01:00:00Z", "AAPL", "CLOSED"},
		{"2026-11-26T16:00:00Z", "AAPL", "CLOSED"},
		{"2026-11-27T18:00:00Z", "AAPL", "POST"},
		{"2026-11-23T08:00:00Z", "VOD.L", "REGULAR"},
		{"2026-11-23T17:00:00Z", "VOD.L", "CLOSED"},
		{"2026-11-22T03:00:00Z", "BTC-USD", "REGULAR"},
	}
	for _, test := range tests {
		at, _ := time.Parse(time.RFC3339, test.at)
		in, _ := w.find(test.symbol)
		if got := in.marketState(at); got != test.want {
			t.Errorf("%s at %s: got %s, want %s", test.symbol, test.at, got, test.want)
		}
	}
}

func TestCryptosChangeIsOfADay(t *testing.T) {
	s, server := serve(t)
	row := newSession(t, server).rows(t, "BTC-USD")["BTC-USD"]
	now, _ := s.World.QuoteAt("BTC-USD", monday)
	before, _ := s.World.QuoteAt("BTC-USD", monday.AddDate(0, 0, -1))
	equal(t, "change", number(t, row["regularMarketChange"]), now.Price.Sub(before.Price))
	if row["quoteType"] != "CRYPTOCURRENCY" || row["fromCurrency"] != "BTC" || row["toCurrency"] != "USD=X" {
		t.Errorf("got %v of %v in %v", row["quoteType"], row["fromCurrency"], row["toCurrency"])
	}
}

// chart is the part of a chart the tests look at.
type chart struct {
	Chart struct {
		Result []struct {
			Meta       object
			Timestamp  []int64
			Events     map[string]map[string]object
			Indicators struct {
				Quote    []map[string][]*float64
				Adjclose []map[string][]*float64
			}
		}
		Error object
	}
}

func TestDailyChartsAreTheWorldsBars(t *testing.T) {
	s, server := serve(t)
	session := newSession(t, server)
	got := decoded[chart](t, session.get(t, "/v8/finance/chart/NVDA", "range", "5y", "interval", "1d", "events", "div|split")).Chart.Result[0]
	quote, adjusted := got.Indicators.Quote[0], got.Indicators.Adjclose[0]["adjclose"]
	bars := s.World.Bars("NVDA", epoch, day("2026-11-23"))
	if len(got.Timestamp) != len(bars) || len(quote["close"]) != len(bars) || len(adjusted) != len(bars) {
		t.Fatalf("got %d stamps and %d closes of %d bars", len(got.Timestamp), len(quote["close"]), len(bars))
	}
	for i, b := range bars {
		if opens := b.Day.At(9, 30).Unix(); got.Timestamp[i] != opens {
			t.Fatalf("bar %d: got %d, want the open of %s", i, got.Timestamp[i], b.Day)
		}
		for name, want := range map[string]decimal.Decimal{"open": b.Open, "high": b.High, "low": b.Low, "close": b.Close} {
			if value := quote[name][i]; value != nil && *value != float64(float32(want.InexactFloat64())) {
				t.Fatalf("%s %s: got %v, want %s with the noise of 32 bits", b.Day, name, *value, want)
			}
		}
	}
	split := got.Events["splits"][fmt.Sprint(day("2024-06-10").At(9, 30).Unix())]
	if split["splitRatio"] != "10:1" {
		t.Errorf("split: got %v, want 10:1 on 10 June 2024", got.Events["splits"])
	}
	if n := len(got.Events["dividends"]); n != len(s.World.Dividends("NVDA", epoch, day("2026-11-23"))) {
		t.Errorf("got %d dividends", n)
	}
}

func TestAFewDailyBarsAreNullAltogether(t *testing.T) {
	_, server := serve(t)
	got := decoded[chart](t, newSession(t, server).get(t, "/v8/finance/chart/MSFT", "range", "max")).Chart.Result[0]
	nulls := 0
	for i := range got.Timestamp {
		missing := got.Indicators.Quote[0]["close"][i] == nil
		if missing {
			nulls++
		}
		for _, column := range [][]*float64{got.Indicators.Quote[0]["open"], got.Indicators.Quote[0]["volume"], got.Indicators.Adjclose[0]["adjclose"]} {
			if (column[i] == nil) != missing {
				t.Errorf("bar %d is null only in part", i)
			}
		}
	}
	if nulls == 0 || nulls > 20 {
		t.Errorf("got %d null bars of %d, want a few", nulls, len(got.Timestamp))
	}
}

func TestIntradayChartsJoinUp(t *testing.T) {
	_, server := serve(t)
	session := newSession(t, server)
	for interval, want := range map[string]int{"1m": 90, "5m": 18, "1h": 2} {
		got := decoded[chart](t, session.get(t, "/v8/finance/chart/AAPL", "range", "1d", "interval", interval)).Chart.Result[0]
		quote := got.Indicators.Quote[0]
		if len(got.Timestamp) != want || got.Indicators.Adjclose != nil {
			t.Errorf("%s: got %d bars by eleven, want %d, and no adjusted closes", interval, len(got.Timestamp), want)
		}
		for i := 1; i < len(got.Timestamp); i++ {
			if quote["open"][i] == nil || quote["close"][i-1] == nil {
				continue
			}
			if *quote["open"][i] != *quote["close"][i-1] {
				t.Errorf("%s: bar %d opens at %v after a close of %v", interval, i, *quote["open"][i], *quote["close"][i-1])
			}
		}
		last, _ := got.Meta["regularMarketPrice"].(json.Number).Float64()
		if close := *quote["close"][len(got.Timestamp)-1]; close != float64(float32(last)) {
			t.Errorf("%s: last close %v, want the price %v", interval, close, last)
		}
	}
}

func TestNamedRangesBeginWhereTheySay(t *testing.T) {
	_, server := serve(t)
	session := newSession(t, server)
	for name, want := range map[string]string{
		"1d": "2026-11-23", "5d": "2026-11-16", "1mo": "2026-10-23", "3mo": "2026-08-24", "6mo": "2026-05-26", "ytd": "2026-01-02",
		"1y": "2025-11-24", "2y": "2024-11-25", "5y": "2022-01-03", "10y": "2022-01-03", "max": "2022-01-03",
	} {
		got := decoded[chart](t, session.get(t, "/v8/finance/chart/AAPL", "range", name)).Chart.Result[0]
		if first := day(want).At(9, 30).Unix(); got.Timestamp[0] != first || got.Meta["range"] != name {
			t.Errorf("%s: got %v, want %s", name, time.Unix(got.Timestamp[0], 0).UTC(), want)
		}
	}
}

func TestChartsGroupWeeksAndMonths(t *testing.T) {
	s, server := serve(t)
	session := newSession(t, server)
	for interval, want := range map[string]int{"1wk": 4, "1mo": 1} {
		got := decoded[chart](t, session.get(t, "/v8/finance/chart/AAPL", "interval", interval,
			"period1", fmt.Sprint(day("2026-09-01").At(0, 0).Unix()), "period2", fmt.Sprint(day("2026-09-26").At(0, 0).Unix()))).Chart.Result[0]
		bars := s.World.Bars("AAPL", day("2026-09-01"), day("2026-09-25"))
		quote := got.Indicators.Quote[0]
		if len(got.Timestamp) != want {
			t.Fatalf("%s: got %d bars, want %d", interval, len(got.Timestamp), want)
		}
		if first, last := *quote["open"][0], *quote["close"][want-1]; first != noisy(bars[0].Open) || last != noisy(bars[len(bars)-1].Close) {
			t.Errorf("%s: from %v to %v, want from %s to %s", interval, first, last, bars[0].Open, bars[len(bars)-1].Close)
		}
	}
}

func TestChartsWithoutBarsLeaveTheTimestampsOut(t *testing.T) {
	_, server := serve(t)
	got := newSession(t, server).get(t, "/v8/finance/chart/AAPL", "period1", fmt.Sprint(day("2026-11-21").At(0, 0).Unix()), "period2", fmt.Sprint(day("2026-11-22").At(0, 0).Unix()))
	if got.status != http.StatusOK || strings.Contains(got.body, `"timestamp"`) || !strings.Contains(got.body, `"quote":[{}]`) || !strings.Contains(got.body, `"adjclose":[{}]`) {
		t.Errorf("a weekend: got %d %s", got.status, got.body)
	}
}

func TestChartErrorsAreYahoos(t *testing.T) {
	_, server := serve(t)
	session := newSession(t, server)
	old := fmt.Sprint(day("2020-01-01").At(0, 0).Unix())
	tests := []struct {
		symbol string
		query  []string
		status int
		want   string
	}{
		{"NOSUCH", nil, 404, "may be delisted"},
		{"TWTR", nil, 404, "may be delisted"},
		{"AAPL", []string{"interval", "5m", "period1", old, "period2", fmt.Sprint(monday.Unix())}, 422, "within the last 60 days"},
		{"AAPL", []string{"interval", "1m", "range", "1mo"}, 422, ""},
		{"AAPL", []string{"interval", "7d"}, 400, "Bad Request"},
		{"AAPL", []string{"range", "forever"}, 400, "Bad Request"},
		{"AAPL", []string{"period1", "5", "period2", "4"}, 400, "Bad Request"},
		{"AAPL", []string{"period1", "x"}, 400, "Bad Request"},
	}
	for _, test := range tests {
		got := session.get(t, "/v8/finance/chart/"+test.symbol, test.query...)
		if got.status != test.status || !strings.Contains(got.body, test.want) || !strings.HasPrefix(got.body, `{"chart":{"error":{`) {
			t.Errorf("%s %v: got %d %s, want %d with %q under chart", test.symbol, test.query, got.status, got.body, test.status, test.want)
		}
	}
}

func TestSummariesHoldTheModulesThereAre(t *testing.T) {
	s, server := serve(t)
	session := newSession(t, server)
	get := func(symbol, modules string, query ...string) object {
		t.Helper()
		answer := session.get(t, "/v10/finance/quoteSummary/"+symbol, append([]string{"modules", modules, "formatted", "false"}, query...)...)
		return decoded[struct{ QuoteSummary struct{ Result []object } }](t, answer).QuoteSummary.Result[0]
	}
	all := "price,summaryDetail,assetProfile,calendarEvents,defaultKeyStatistics,topHoldings"
	apple := get("AAPL", all)
	if len(apple) != 5 || apple["assetProfile"].(object)["sector"] != "Technology" {
		t.Errorf("AAPL: got %v, want five modules", apple)
	}
	q := quoteOf(t, s.World, "AAPL")
	price := apple["price"].(object)
	equal(t, "change in percent as a fraction", number(t, price["regularMarketChangePercent"]), q.ChangePercent.Shift(-2))
	equal(t, "price", number(t, price["regularMarketPrice"]), q.Price)
	if index := get("^GSPC", all); index["assetProfile"] != nil || index["calendarEvents"] != nil {
		t.Errorf("^GSPC: got %v, want no profile and no events", index)
	}
	formatted := get("AAPL", "price", "formatted", "true")["price"].(object)["regularMarketPrice"].(object)
	equal(t, "raw price", number(t, formatted["raw"]), q.Price)
	if formatted["fmt"] != q.Price.String() {
		t.Errorf("text of the price: got %v, want %s", formatted["fmt"], q.Price)
	}
	for symbol, want := range map[string]string{"NOSUCH": "Quote not found for symbol: NOSUCH", "^GSPC": "No fundamentals data found"} {
		got := session.get(t, "/v10/finance/quoteSummary/"+symbol, "modules", "calendarEvents")
		if got.status != http.StatusNotFound || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %s, want 404 with %q", symbol, got.status, got.body, want)
		}
	}
}

func TestSearchFindsNamesAndTickersWithNews(t *testing.T) {
	_, server := serve(t)
	session := newSession(t, server)
	search := func(query ...string) (symbols []string, news []object) {
		t.Helper()
		body := decoded[struct{ Quotes, News []object }](t, session.get(t, "/v1/finance/search", query...))
		for _, q := range body.Quotes {
			symbols = append(symbols, q["symbol"].(string))
		}
		return symbols, body.News
	}
	symbols, news := search("q", "apple", "newsCount", "3")
	if diff := cmp.Diff([]string{"AAPL"}, symbols); diff != "" {
		t.Errorf("apple (-want +got):\n%s", diff)
	}
	if len(news) != 3 {
		t.Fatalf("got %d stories, want 3", len(news))
	}
	for _, story := range news {
		if story["relatedTickers"].([]any)[0] != "AAPL" || !strings.Contains(story["title"].(string), "Apple") {
			t.Errorf("got a story about something else: %v", story)
		}
		if at := number(t, story["providerPublishTime"]); at.GreaterThan(decimal.NewFromInt(monday.Unix())) {
			t.Errorf("a story of the future: %v", story)
		}
	}
	if symbols, _ = search("q", "v"); symbols[0] != "V" {
		t.Errorf("v: got %v, want the exact symbol first", symbols)
	}
	if symbols, news = search("q", "zzzz"); len(symbols) != 0 || len(news) != 0 {
		t.Errorf("zzzz: got %v and %v, want nothing", symbols, news)
	}
	if bad := session.get(t, "/v1/finance/search"); bad.status != http.StatusBadRequest || !strings.HasPrefix(bad.body, `{"finance":`) {
		t.Errorf("no q: got %d %s, want 400 under finance", bad.status, bad.body)
	}
}

func TestYahooShapesAreThoseOfRecordedAnswers(t *testing.T) {
	dir := sharedtest.Dir(t, "upstreams/fixtures/dev/yahoo")
	_, server := serve(t)
	session := newSession(t, server)
	for file, symbol := range map[string]string{"quote-AAPL-2026.json": "AAPL", "quote-BTC-USD-2026.json": "BTC-USD", "quote-OCDO.L-2026.json": "VOD.L"} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var recorded struct {
			Response struct {
				BodyJSON struct{ QuoteResponse struct{ Result []object } }
			}
		}
		if err := json.Unmarshal(raw, &recorded); err != nil {
			t.Fatal(err)
		}
		row := session.rows(t, symbol)[symbol]
		real := recorded.Response.BodyJSON.QuoteResponse.Result[0]
		for field, value := range row {
			want, ok := real[field]
			if _, list := value.([]any); ok && !list && jsonType(value) != jsonType(want) {
				t.Errorf("%s: %s is %s, want %s", symbol, field, jsonType(value), jsonType(want))
			}
		}
		for _, field := range []string{
			"symbol", "quoteType", "exchange", "fullExchangeName", "currency", "marketState", "shortName", "longName", "regularMarketPrice",
			"regularMarketTime", "regularMarketVolume", "marketCap", "fiftyTwoWeekRange", "averageDailyVolume3Month", "gmtOffSetMilliseconds",
		} {
			if row[field] == nil {
				t.Errorf("%s: no %s", symbol, field)
			}
		}
	}
}
