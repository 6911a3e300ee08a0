package sim

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// recordedYahoo is the body of a recording.
func recordedYahoo(t *testing.T, name string) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sharedtest.Dir(t, "upstreams/fixtures/dev/yahoo"), name))
	if err != nil {
		t.Fatal(err)
	}
	var whole struct{ Response struct{ BodyJSON object } }
	var bare object
	if json.Unmarshal(text, &whole) != nil || json.Unmarshal(text, &bare) != nil {
		t.Fatalf("%s cannot be read", name)
	}
	if whole.Response.BodyJSON != nil {
		return whole.Response.BodyJSON
	}
	return bare
}

// sameTypes wants every field that is shown to be of the type it has in the recording, where it is there. Nulls are of any.
func sameTypes(t *testing.T, where string, shown, real any) {
	t.Helper()
	switch s := shown.(type) {
	case object:
		r, ok := real.(object)
		if !ok {
			if real != nil {
				t.Errorf("%s: got an object, want %v", where, real)
			}
			return
		}
		for name, value := range s {
			if wanted, there := r[name]; there {
				sameTypes(t, where+"."+name, value, wanted)
			}
		}
	case []any:
		r, ok := real.([]any)
		if !ok {
			if real != nil {
				t.Errorf("%s: got a list, want %v", where, real)
			}
			return
		}
		if len(s) > 0 && len(r) > 0 {
			sameTypes(t, where+"[]", s[0], r[0])
		}
	case nil:
	default:
		if real != nil && jsonType(shown) != jsonType(real) {
			t.Errorf("%s: got a %s, want a %s", where, jsonType(shown), jsonType(real))
		}
	}
}

const allModules = "assetProfile,price,quoteType,fundProfile,summaryDetail,defaultKeyStatistics,financialData,earnings,earningsHistory,earningsTrend,calendarEvents"

// modulesOf are the modules there are of a symbol.
func (s *yahooSession) modulesOf(t *testing.T, symbol string) object {
	t.Helper()
	answer := s.get(t, "/v10/finance/quoteSummary/"+symbol, "modules", allModules, "formatted", "false")
	return decoded[struct{ QuoteSummary struct{ Result []object } }](t, answer).QuoteSummary.Result[0]
}

func TestYahoosModulesHaveTheShapesOfRecordedOnes(t *testing.T) {
	_, server := serve(t)
	session := newSession(t, server)
	for file, symbol := range map[string]string{
		"quoteSummary-all-AAPL.json": "AAPL", "quoteSummary-all-OCDO.L.json": "VOD.L", "quoteSummary-all-QQQ.json": "QQQ",
		"quoteSummary-all-0P000071W8.TO.json": "VFIAX", "quoteSummary-all-BTC-USD.json": "BTC-USD", "quoteSummary-all-EURUSD=X-2026.json": "EURUSD=X",
		"quoteSummary-all-ADH.json": "TWTR",
	} {
		real := recordedYahoo(t, file)["quoteSummary"].(object)["result"].([]any)[0].(object)
		shown := session.modulesOf(t, symbol)
		sameTypes(t, symbol, shown, real)
		for _, name := range strings.Split(allModules, ",") {
			if (shown[name] == nil) != (real[name] == nil) && name != "defaultKeyStatistics" {
				t.Errorf("%s: %s is there: %v, want %v", symbol, name, shown[name] != nil, real[name] != nil)
			}
		}
	}
}

func TestYahoosStreamHasTheShapeOfARecordedOne(t *testing.T) {
	_, server := serve(t)
	ask := func(body string) fetched {
		return fetch(t, newRequest(t, http.MethodPost, server.URL+"/yahoo/xhr/ncp?queryRef=latestNews&serviceKey=ncp_fin", body, "Content-Type", "application/json"))
	}
	got := decoded[object](t, ask(`{"serviceConfig":{"snippetCount":10,"s":["AAPL"]}}`))
	sameTypes(t, "news", got, recordedYahoo(t, "raw-news_latestNews_AAPL.json"))
	rows := got["data"].(object)["tickerStream"].(object)["stream"].([]any)
	ads := slices.DeleteFunc(slices.Clone(rows), func(row any) bool { return row.(object)["ad"] == nil })
	if len(rows) != 11 || len(ads) != 1 {
		t.Errorf("got %d rows with %d advertisements, want ten stories and one", len(rows), len(ads))
	}
	if none := ask(`{"serviceConfig":{"snippetCount":10,"s":["NOSUCH"]}}`); none.status != http.StatusOK || !strings.Contains(none.body, `"stream":[]`) {
		t.Errorf("of nobody: got %d %s", none.status, none.body)
	}
	if bad := ask(`nothing`); bad.status != http.StatusBadRequest {
		t.Errorf("no question: got %d", bad.status)
	}
}

func TestAFundHasOnePriceADay(t *testing.T) {
	w, _ := worldAt(monday)
	noon, evening := time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC)
	before, _ := w.QuoteAt("VFIAX", noon)
	same, _ := w.QuoteAt("VFIAX", noon.Add(3*time.Hour))
	after, _ := w.QuoteAt("VFIAX", evening)
	if !before.Price.Equal(same.Price) || !before.Time.Equal(same.Time) || after.Day != day("2026-11-20") || before.Day != day("2026-11-19") {
		t.Errorf("got %s of %s, %s of %s and %s of %s", before.Price, before.Day, same.Price, same.Day, after.Price, after.Day)
	}
	_, server := serve(t)
	row := newSession(t, server).rows(t, "VFIAX")["VFIAX"]
	if row["quoteType"] != "MUTUALFUND" || row["regularMarketPrice"] == nil || row["regularMarketOpen"] != nil || row["regularMarketVolume"] != nil {
		t.Errorf("got %v", row)
	}
}

func TestAHaltedShareStandsStill(t *testing.T) {
	w, _ := worldAt(monday)
	during, _ := w.QuoteAt("HLTD", haltedAt.Add(-time.Minute))
	at, _ := w.QuoteAt("HLTD", haltedAt)
	later, _ := w.QuoteAt("HLTD", monday)
	if !at.Price.Equal(later.Price) || !later.Time.Equal(haltedAt) || during.Time.Equal(haltedAt) {
		t.Errorf("got %s at %s, then %s at %s", at.Price, at.Time, later.Price, later.Time)
	}
	if last := w.Bars("HLTD", day("2026-10-01"), day("2026-11-23")); last[len(last)-1].Day != day("2026-10-14") {
		t.Errorf("got bars until %s", last[len(last)-1].Day)
	}
}

func TestQuartersMakeUpTheYear(t *testing.T) {
	w, _ := worldAt(monday)
	for _, in := range w.instruments {
		if in.Kind != Equity || in.goneOn(day("2026-11-23")) {
			continue
		}
		q := w.quote(in, monday)
		f := w.fundamentals(in, q)
		sum := decimal.Zero
		for i, one := range w.quarterly(in, f, q) {
			sum = sum.Add(one.eps)
			if i == 3 && q.Day.At(0, 0).Sub(one.end.At(0, 0)) > 140*24*time.Hour {
				t.Errorf("%s: got a quarter to %s", in.Symbol, one.end)
			}
		}
		if sum.Sub(f.eps).Abs().GreaterThan(decimal.New(3, -2)) {
			t.Errorf("%s: got quarters of %s, want %s", in.Symbol, sum, f.eps)
		}
	}
}

func TestIntradayBarsAreNullNowAndThen(t *testing.T) {
	_, server := serve(t)
	got := decoded[chart](t, newSession(t, server).get(t, "/v8/finance/chart/AAPL", "range", "1mo", "interval", "5m")).Chart.Result[0]
	nulls := 0
	for _, column := range []string{"open", "high", "low", "close", "volume"} {
		for i := range got.Timestamp {
			if (got.Indicators.Quote[0][column][i] == nil) != (got.Indicators.Quote[0]["close"][i] == nil) {
				t.Errorf("bar %d is null only in part", i)
			}
		}
	}
	for _, price := range got.Indicators.Quote[0]["close"] {
		if price == nil {
			nulls++
		}
	}
	if nulls == 0 || nulls > len(got.Timestamp)/20 {
		t.Errorf("got %d null bars of %d, want a few", nulls, len(got.Timestamp))
	}
}
