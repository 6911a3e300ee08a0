package yahoo_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// recording is what Yahoo once answered.
type recording struct {
	url      string // that was asked; empty where that was not recorded
	method   string
	sent     string
	status   int
	header   http.Header
	body     []byte
	answered time.Time // when; or when nothing in recordings was over yet
}

// checks are how each recording is checked, by the first pattern that its name matches. A recording that none matches
// fails the test: so does one that is added.
var checks = []struct {
	pattern string
	check   func(t *testing.T, r recording)
}{
	{"quote-*.json", checkQuotes}, {"quoteCombine-*.json", checkQuotes}, {"raw-quote_v7_*.json", checkQuotes},
	{"chart-AAPL-2025-02-01-*-interval-1m.json", checkBars}, {"raw-chart-AAPL-1h-empty.json", checkBars},
	{"chart-*.json", checkChart}, {"raw-chart-*.json", checkChart}, {"raw-history_chart_*.json", checkChart}, {"historical-*.json", checkChart},
	{"legacy-v7-download-400.json", fails(pastOf, fault.UpstreamFailed)},
	{"quoteSummary-assetProfile-ADH.json", failsSummary(fault.UnknownSymbol)}, {"quoteSummary-all-ADH.json", failsSummary(fault.UnknownSymbol)},
	{"quoteSummary-*.json", checkSummary}, {"raw-analysis_*.json", checkSummary}, {"raw-fundamentals_*.json", checkSummary}, {"raw-profile_*.json", checkSummary},
	{"search-no-q-400.json", fails(searchOf, fault.UpstreamFailed)},
	{"search-*.json", checkSearch}, {"raw-search_*.json", checkSearch},
	{"raw-news_*.json", checkStream},
	// What these two answer is never asked for; where it comes instead of an answer, it is none.
	{"recommendationsBySymbol-*.json", fails(searchOf, fault.UpstreamFailed)}, {"trendingSymbols-*.json", fails(searchOf, fault.UpstreamFailed)},
	{"getCrumb-getcrumb.json", checkCrumb}, {"crumb-flow-nl-2026/8-getcrumb.json", checkCrumb},
	{"getCrumb-*.json", checkStep}, {"crumb-flow-nl-2026/*.json", checkStep},
	{"errors/any-429-too-many-requests.json", failsAll(fault.UpstreamDown)}, {"errors/quote-401-invalid-crumb.json", failsAll(fault.UpstreamDown)},
	{"errors/chart-404-no-data.json", fails(pastOf, fault.UnknownSymbol)}, {"errors/chart-422-interval-window.json", fails(barsOf, fault.NotOffered)},
	{"errors/quoteSummary-404-unknown-symbol.json", failsSummary(fault.UnknownSymbol)},
}

func TestEveryRecordingBecomesTheRightValues(t *testing.T) {
	dir := sharedtest.Dir(t, "upstreams/fixtures/dev/yahoo")
	checked := 0
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		checked++
		t.Run(name, func(t *testing.T) {
			for _, c := range checks {
				if ok, err := path.Match(c.pattern, filepath.ToSlash(name)); err != nil {
					t.Fatal(err)
				} else if ok {
					c.check(t, readRecording(t, file))
					return
				}
			}
			t.Error("nothing checks this recording")
		})
		return err
	})
	if err != nil || checked < 70 {
		t.Errorf("got %d recordings, %v", checked, err)
	}
}

// readRecording reads either form of recordings: the answer with its request, or a bare body.
func readRecording(t *testing.T, file string) recording {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Request  struct{ URL, Method, BodyText string }
		Response *struct {
			Status         int
			Headers        map[string]any
			BodyJSON       json.RawMessage
			BodyText, Body string
		}
		Status  any
		Headers map[string]any
		Body    string
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	r := recording{
		url: whole.Request.URL, method: whole.Request.Method, sent: whole.Request.BodyText, status: http.StatusOK, header: http.Header{},
		answered: time.Date(2025, 10, 1, 12, 0, 0, 0, time.UTC),
	}
	headers := whole.Headers
	switch answer := whole.Response; {
	case answer != nil:
		r.status, headers = answer.Status, answer.Headers
		r.body = []byte(cmp.Or(string(answer.BodyJSON), answer.BodyText, answer.Body))
	case whole.Body != "":
		status, _ := whole.Status.(float64)
		r.status, r.body = int(status), []byte(whole.Body)
	default:
		r.body = text
	}
	for name, value := range headers {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			r.header.Add(name, one.(string))
		}
	}
	if at, err := http.ParseTime(r.header.Get("Date")); err == nil {
		r.answered = at
	}
	return r
}

// serve answers everything but sessions with the recording.
func (r recording) serve(w http.ResponseWriter, req *http.Request) {
	if session(w, req) {
		return
	}
	w.Header().Set("Content-Type", cmp.Or(r.header.Get("Content-Type"), "application/json"))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// source is the adapter at the time of the recording, at a server that answers with it.
func (r recording) source(t *testing.T) *yahoo.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	return sourceAt(t, yahoo.HostsAt(server.URL), r.answered, server.URL)
}

// read is the body as a map, by a reading of its own.
func (r recording) read(t *testing.T) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

// dig goes down into maps and lists; nil where there is nothing.
func dig(value any, steps ...any) any {
	for _, step := range steps {
		switch s := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[s]
		case int:
			l, _ := value.([]any)
			if s >= len(l) {
				return nil
			}
			value = l[s]
		}
	}
	return value
}

func listAt(value any, steps ...any) []any {
	list, _ := dig(value, steps...).([]any)
	return list
}

func textAt(value any, steps ...any) string {
	text, _ := dig(value, steps...).(string)
	return text
}

// numberAt is a number, alone or beside its text; nil where there is none.
func numberAt(value any, steps ...any) *decimal.Decimal {
	found := dig(value, steps...)
	if m, ok := found.(map[string]any); ok {
		found = m["raw"]
	}
	n, ok := found.(json.Number)
	if !ok {
		return nil
	}
	d := decimal.RequireFromString(n.String())
	return &d
}

// aboveZero leaves out what is not.
func aboveZero(d *decimal.Decimal) *decimal.Decimal {
	if d == nil || !d.IsPositive() {
		return nil
	}
	return d
}

// scaled moves the point.
func scaled(d *decimal.Decimal, places int32) *decimal.Decimal {
	if d == nil {
		return nil
	}
	moved := d.Shift(places)
	return &moved
}

// whole are the currencies of whole units in which recordings quote hundredths.
func whole(currency string) (iso string, places int32) {
	if currency == "GBp" {
		return "GBP", -2
	}
	return currency, 0
}

// near compares to a hundred-thousandth, and what is missing.
func near(t *testing.T, what string, got, want *decimal.Decimal) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && got.Sub(*want).Abs().GreaterThan(decimal.New(6, -5)) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func countAt(t *testing.T, what string, got *int64, want *decimal.Decimal) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && !decimal.NewFromInt(*got).Equal(*want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// classes are quote types in our words.
var classes = map[string]string{
	"EQUITY": "equity", "ETF": "etf", "MUTUALFUND": "fund", "INDEX": "index", "CURRENCY": "currency", "CRYPTOCURRENCY": "crypto",
	"FUTURE": "future", "OPTION": "option",
}

// ours is a symbol in our spelling, as far as recordings need it.
func ours(symbol string) string {
	if strings.HasPrefix(symbol, "BRK-") {
		return strings.Replace(symbol, "-", ".", 1)
	}
	return symbol
}

func checkQuotes(t *testing.T, r recording) {
	rows := listAt(r.read(t), "quoteResponse", "result")
	symbols := []string{"NONEXIST"}
	for _, row := range rows {
		symbols = append(symbols, textAt(row, "symbol"))
	}
	got, err := r.source(t).Quotes(t.Context(), symbols)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		symbol := textAt(row, "symbol")
		q, found := got[symbol]
		price := numberAt(row, "regularMarketPrice")
		currency, places := whole(textAt(row, "currency"))
		if price == nil || currency == "" {
			equal(t, symbol+" without a price or currency is found", found, false)
			continue
		}
		near(t, symbol+" price", &q.Price, scaled(price, places))
		change, before := numberAt(row, "regularMarketChange"), numberAt(row, "regularMarketPreviousClose")
		if before != nil && change != nil && price.Sub(*before).Sub(*change).Abs().LessThan(decimal.New(5, -4)) { // what is beyond is noise
			change = new(price.Sub(*before))
		}
		near(t, symbol+" change", q.Change, scaled(change, places))
		near(t, symbol+" change in percent", q.ChangePercent, numberAt(row, "regularMarketChangePercent"))
		for field, value := range map[string]*decimal.Decimal{
			"regularMarketPreviousClose": q.PreviousClose, "regularMarketOpen": q.Open, "regularMarketDayHigh": q.DayHigh,
			"regularMarketDayLow": q.DayLow, "fiftyTwoWeekHigh": q.High52Week, "fiftyTwoWeekLow": q.Low52Week,
		} {
			near(t, symbol+" "+field, value, scaled(aboveZero(numberAt(row, field)), places))
		}
		volume, average := numberAt(row, "regularMarketVolume"), aboveZero(numberAt(row, "averageDailyVolume3Month"))
		switch textAt(row, "quoteType") {
		case "CURRENCY", "CRYPTOCURRENCY": // of these it is 0, which nobody counts, and an amount of money
			volume, average = nil, nil
		}
		countAt(t, symbol+" volume", q.Volume, volume)
		countAt(t, symbol+" average volume", q.AverageVolume, average)
		countAt(t, symbol+" delay", q.Delay, numberAt(row, "exchangeDataDelayedBy"))
		near(t, symbol+" dividend yield", q.DividendYield, numberAt(row, "dividendYield"))
		class := classes[textAt(row, "quoteType")]
		marketCap := numberAt(row, "marketCap")
		if class != "equity" && class != "crypto" {
			marketCap = nil
		}
		near(t, symbol+" market value", q.MarketCap, marketCap)
		ratio := numberAt(row, "trailingPE")
		if eps := numberAt(row, "epsTrailingTwelveMonths"); places != 0 && aboveZero(eps) != nil {
			pe := price.Shift(places).DivRound(*eps, 6)
			ratio = &pe
		}
		near(t, symbol+" price by earnings", q.TrailingPE, ratio)
		name := cmp.Or(textAt(row, "longName"), textAt(row, "shortName"))
		equal(t, symbol+" name", q.Name, strings.TrimSpace(name))
		equal(t, symbol+" class", q.AssetClass, class)
		equal(t, symbol+" exchange", q.Exchange, textAt(row, "fullExchangeName"))
		equal(t, symbol+" currency", q.Currency, currency)
		equal(t, symbol+" traded at", q.Timestamp, time.Unix(numberAt(row, "regularMarketTime").IntPart(), 0).UTC())
		equal(t, symbol+" fetched at", q.FetchedAt, r.answered.UTC())
		state := map[string]string{"REGULAR": "regular", "PRE": "pre", "POST": "post", "CLOSED": "closed", "PREPRE": "closed", "POSTPOST": "closed"}
		equal(t, symbol+" market state", q.MarketState, state[textAt(row, "marketState")])
		checkExtended(t, row, q, places)
		delete(got, symbol)
	}
	if len(got) > 0 {
		t.Errorf("got quotes nobody sent: %v", got)
	}
}

// failure asks a source one thing.
type failure func(t *testing.T, source *yahoo.Source, r recording) error

func pastOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := ever(t, source, "AAPL")
	return err
}

func searchOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.Search(t.Context(), "AAPL")
	return err
}

func barsOf(t *testing.T, source *yahoo.Source, r recording) error {
	_, err := source.Bars(t.Context(), "AAPL", "5m", r.answered.AddDate(0, 0, -1), r.answered)
	return err
}

func quotesOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.Quotes(t.Context(), []string{"AAPL"})
	return err
}

func newsOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.News(t.Context(), "", day("2020-01-01"), day("2030-01-01"))
	return err
}

func companyOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.Company(t.Context(), "AAPL")
	return err
}

func metricsOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.Metrics(t.Context(), "AAPL")
	return err
}

func earningsOf(t *testing.T, source *yahoo.Source, _ recording) error {
	_, err := source.Earnings(t.Context(), "AAPL")
	return err
}

func fails(ask failure, want fault.Kind) func(*testing.T, recording) {
	return func(t *testing.T, r recording) {
		t.Helper()
		if err := ask(t, r.source(t), r); !fault.Is(err, want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// failsSummary asks what is known of the symbol that the recording was of.
func failsSummary(want fault.Kind) func(*testing.T, recording) {
	return func(t *testing.T, r recording) {
		t.Helper()
		symbol := cmp.Or(textAt(r.read(t), "quoteSummary", "result", 0, "quoteType", "symbol"), "AAPL")
		source := r.source(t)
		_, company := source.Company(t.Context(), symbol)
		_, metrics := source.Metrics(t.Context(), symbol)
		_, earnings := source.Earnings(t.Context(), symbol)
		for _, err := range []error{company, metrics, earnings} {
			if !fault.Is(err, want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

func failsAll(want fault.Kind) func(*testing.T, recording) {
	return func(t *testing.T, r recording) {
		t.Helper()
		for _, ask := range []failure{quotesOf, pastOf, barsOf, searchOf, companyOf, metricsOf, earningsOf} {
			fails(ask, want)(t, r)
		}
		if r.status == http.StatusTooManyRequests {
			fails(newsOf, want)(t, r)
		}
	}
}
