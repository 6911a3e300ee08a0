package yahoo_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// charts is a source at a server that answers every chart with one status and body, and sessions with a crumb.
func charts(t *testing.T, at time.Time, status int, body string) *yahoo.Source {
	t.Helper()
	return chartsBy(t, at, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func chartsBy(t *testing.T, at time.Time, chart http.HandlerFunc) *yahoo.Source {
	t.Helper()
	h := &host{}
	h.setCrumb("ab.c/dEf1gh")
	mux := http.NewServeMux()
	mux.HandleFunc("/v8/finance/chart/{symbol}", chart)
	mux.Handle("/", h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: 5 * time.Second,
		UserAgent: yahoo.UserAgent, Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return yahoo.New(yahoo.HostsAt(server.URL), client, func() time.Time { return at })
}

func ever(t *testing.T, source *yahoo.Source, symbol string) (market.History, error) {
	t.Helper()
	return source.History(t.Context(), symbol, day("1970-01-01"), day("2027-01-01"))
}

// recordedChart is what a recording holds, read on its own.
type recordedChart struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Currency, Symbol, ExchangeTimezoneName, DataGranularity, InstrumentType string
			}
			Timestamp  []int64
			Indicators struct {
				Quote    []map[string][]*float64
				Adjclose []map[string][]*float64
			}
			Events struct {
				Dividends map[string]struct{ Amount float64 }
				Splits    map[string]struct{ Numerator, Denominator float64 }
			}
		}
	}
}

// isNear tells whether a price is the same but for what a 32-bit float, or six digits, cannot hold of it.
func isNear(got decimal.Decimal, want float64) bool {
	return math.Abs(got.InexactFloat64()-want) <= 6e-7+want*6e-8
}

// checkChart reads the recording on its own, and compares with what the adapter makes of its days.
func checkChart(t *testing.T, r recording) {
	var body recordedChart
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatal(err)
	}
	want := body.Chart.Result[0]
	got, err := ever(t, charts(t, now, r.status, string(r.body)), want.Meta.Symbol)
	if want.Meta.Currency == "" {
		if !fault.Is(err, fault.UnknownSymbol) {
			t.Errorf("without prices and currency: got %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(want.Meta.ExchangeTimezoneName)
	if err != nil {
		t.Fatal(err)
	}
	iso, places := whole(want.Meta.Currency)
	want.Meta.Currency = iso
	divisor := math.Pow10(int(-places))
	if got.Currency != want.Meta.Currency || got.Symbol != want.Meta.Symbol {
		t.Errorf("got %s in %s", got.Symbol, got.Currency)
	}
	byDay := map[string]market.Bar{}
	for _, b := range got.Bars {
		byDay[b.Day.String()] = b
	}
	days := map[string]bool{}
	for i, at := range want.Timestamp {
		price := want.Indicators.Quote[0]["close"][i]
		if price == nil {
			continue
		}
		date := time.Unix(at, 0).In(zone).Format(time.DateOnly)
		bar, ok := byDay[date]
		if days[date] = true; !ok || !isNear(bar.Close, *price/divisor) {
			t.Errorf("%s: got %s, want %v", date, bar.Close, *price/divisor)
		}
		if len(want.Indicators.Adjclose) > 0 {
			total := want.Indicators.Adjclose[0]["adjclose"][i]
			if !isNear(bar.Total.Decimal, *total/divisor) {
				t.Errorf("%s: got %s with dividends, want %v", date, bar.Total.Decimal, *total/divisor)
			}
		}
		for name, got := range map[string]decimal.NullDecimal{"open": bar.Open, "high": bar.High, "low": bar.Low} {
			column, ok := want.Indicators.Quote[0][name]
			if !ok && !got.Valid {
				continue
			}
			if got.Valid != (*column[i] > 0) || !isNear(got.Decimal, *column[i]/divisor) {
				t.Errorf("%s %s: got %v, want %v", date, name, got, *column[i]/divisor)
			}
		}
		if column, ok := want.Indicators.Quote[0]["volume"]; want.Meta.InstrumentType == "CURRENCY" || want.Meta.InstrumentType == "CRYPTOCURRENCY" {
			if bar.Volume != nil {
				t.Errorf("%s: got a volume of %d, want none of what is not counted", date, *bar.Volume)
			}
		} else if ok && (bar.Volume == nil || *bar.Volume != int64(*column[i])) {
			t.Errorf("%s: got a volume of %v, want %v", date, bar.Volume, *column[i])
		}
	}
	if len(got.Bars) != len(days) || len(got.Splits) != len(want.Events.Splits) || len(got.Dividends) != len(want.Events.Dividends) {
		t.Errorf("got %d days, %d splits, %d dividends, want %d, %d, %d",
			len(got.Bars), len(got.Splits), len(got.Dividends), len(days), len(want.Events.Splits), len(want.Events.Dividends))
	}
}

func TestTheSplitOf2020IsOnItsDay(t *testing.T) {
	file := filepath.Join(sharedtest.Dir(t, "upstreams/fixtures/dev/yahoo"), "chart-AAPL-2020-08-31-to-2020-11-07.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var recording struct {
		Response struct {
			BodyJSON json.RawMessage `json:"bodyJson"`
		} `json:"response"`
	}
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	got, err := ever(t, charts(t, now, http.StatusOK, string(recording.Response.BodyJSON)), "AAPL")
	if err != nil {
		t.Fatal(err)
	}
	four, one := decimal.NewFromInt(4), decimal.NewFromInt(1)
	if diff := cmp.Diff([]market.Split{{Day: day("2020-08-31"), From: one, To: four}}, got.Splits); diff != "" {
		t.Errorf("splits (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]market.Dividend{{Day: day("2020-11-06"), Amount: decimal.RequireFromString("0.205")}}, got.Dividends); diff != "" {
		t.Errorf("dividends (-want +got):\n%s", diff)
	}
}

func TestAChartThatWantsASessionGetsOne(t *testing.T) {
	var asked atomic.Int32
	source := chartsBy(t, now, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Query().Get("crumb") != "ab.c/dEf1gh" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, chartOf("", "1700000000", "5"))
	})
	if h, err := ever(t, source, "AAPL"); err != nil || len(h.Bars) != 1 || asked.Load() != 2 {
		t.Errorf("got %d days, %v, after %d questions", len(h.Bars), err, asked.Load())
	}
}

// chartOf is a chart in New York with a column of closes; meta and events begin with a comma.
func chartOf(meta, stamps, closes string, more ...string) string {
	return fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"ACME","currency":"USD","exchangeTimezoneName":"America/New_York","gmtoffset":-18000,"priceHint":2%s},
		"timestamp":[%s],"indicators":{"quote":[{"close":[%s]}]}%s}],"error":null}}`, meta, stamps, closes, strings.Join(more, ""))
}

func TestACloseIsWithoutTheNoiseOfAFloat(t *testing.T) {
	for said, want := range map[string]string{
		"242.28999328613281": "242.29", "105.98999786376953": "105.99", "0.09987899661064148": "0.099879", "69624.6328125": "69624.63",
		"712345.67": "712345.67", "242.291234567": "242.291235", "5": "5", // such floats were never made of these
	} {
		history, err := ever(t, charts(t, now, 200, chartOf("", "1700000000", said)), "AAPL")
		if err != nil || len(history.Bars) != 1 || history.Bars[0].Close.String() != want {
			t.Errorf("%s: got %v, %v, want %s", said, history.Bars, err, want)
		}
	}
}

func TestNobodyCountsWhatIsTradedOfCurrencies(t *testing.T) {
	source, _ := newSource(t, answerOf(`{"symbol":"EURUSD=X","quoteType":"CURRENCY","currency":"USD","regularMarketPrice":1.2,"regularMarketTime":1790971201,"regularMarketVolume":0}`))
	got, err := source.Quotes(t.Context(), []string{"EURUSD=X"})
	if q, ok := got["EURUSD=X"]; err != nil || !ok || q.Volume != nil {
		t.Errorf("got %+v, %v, want no volume", q, err)
	}
}

func TestAnAnswerWithoutAChartSaysNothing(t *testing.T) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `<html></html>`, `{"chart":null}`, `{"chart":{"result":[],"error":null}}`, `{"chart":{"result":null,"error":null}}`,
		`{"chart":{"result":[{}`, `{"chart":{"result":null,"error":{"code":"Internal","description":"x"}}}`, `{"chart":{"result":[17]}}`,
		`{"finance":{"result":null,"error":{"code":"x"}}}`, chartOf("", "1700000000", "5", `,"events":{"splits":{"1":{"date":1700000000}}}`),
		chartOf("", "1700000000", "5", `,"events":{"splits":{"1":{"numerator":2,"denominator":1}}}`),
		chartOf("", "1700000000", "5", `,"events":{"splits":{"1":{"date":1700000000,"numerator":0,"denominator":1}}}`),
	} {
		if h, err := ever(t, charts(t, now, http.StatusOK, body), "AAPL"); !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%s: got %d days, %v, want %s", body, len(h.Bars), err, fault.UpstreamFailed)
		}
	}
	for _, body := range []string{"<html>Will be right back</html>", `{"chart":{"result":null}}`, ""} {
		for status, want := range map[int]fault.Kind{404: fault.UpstreamFailed, 502: fault.UpstreamDown, 429: fault.UpstreamDown} {
			if _, err := ever(t, charts(t, now, status, body), "AAPL"); !fault.Is(err, want) {
				t.Errorf("%d %s: got %v, want %s", status, body, err, want)
			}
		}
	}
}

// lines shows a history as days with closes.
func lines(h market.History) string {
	var all []string
	for _, b := range h.Bars {
		all = append(all, b.Day.String()+" "+b.Close.String())
	}
	return strings.Join(all, ", ")
}

func stamp(year, month, day, hour, minute int) int64 {
	return time.Date(year, time.Month(month), day, hour, minute, 0, 0, calendar.NewYork()).Unix()
}

func TestBarsWithoutACloseAreDroppedAndDaysStayInOrder(t *testing.T) {
	first := stamp(2026, 11, 2, 9, 30)
	stamps := make([]string, 8)
	for i := range stamps {
		stamps[i] = fmt.Sprint(first + int64(i)*86400)
	}
	stamps[6], stamps[7] = fmt.Sprint(first+4*86400+23000), fmt.Sprint(first+86400)
	body := chartOf("", strings.Join(stamps, ","), `164.32000732421875,null,0,"n/a",7,-1,8,9`)
	h, err := ever(t, charts(t, now, http.StatusOK, body), "AAPL")
	if want := "2026-11-02 164.32, 2026-11-06 8"; err != nil || lines(h) != want {
		t.Errorf("got %s, %v, want %s", lines(h), err, want)
	}
}

func TestDaysAreTheExchangesThroughEveryChangeOfItsClock(t *testing.T) {
	for zone, tc := range map[string]struct {
		stamps []time.Time
		want   string
	}{
		// Friday and Monday around the change of 2026, each at the exchange's opening.
		"America/New_York": {[]time.Time{utc("2026-10-30T13:30"), utc("2026-11-02T14:30")}, "2026-10-30 1, 2026-11-02 2"},
		// Currencies begin at London's midnight: the evening before in Greenwich, in summer.
		"Europe/London":    {[]time.Time{utc("2026-10-22T23:00"), utc("2026-10-26T00:00")}, "2026-10-23 1, 2026-10-26 2"},
		"Asia/Tokyo":       {[]time.Time{utc("2026-10-30T00:00"), utc("2026-11-02T00:00")}, "2026-10-30 1, 2026-11-02 2"},
		"Pacific/Auckland": {[]time.Time{utc("2026-09-24T22:00"), utc("2026-09-27T21:00")}, "2026-09-25 1, 2026-09-28 2"},
		"UTC":              {[]time.Time{utc("2026-10-31T00:00"), utc("2026-11-01T00:00")}, "2026-10-31 1, 2026-11-01 2"},
	} {
		body := strings.Replace(chartOf("", fmt.Sprintf("%d,%d", tc.stamps[0].Unix(), tc.stamps[1].Unix()), "1,2"), "America/New_York", zone, 1)
		h, err := ever(t, charts(t, now, http.StatusOK, body), "X")
		if err != nil || lines(h) != tc.want {
			t.Errorf("%s: got %s, %v, want %s", zone, lines(h), err, tc.want)
		}
	}
}

func utc(text string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestADayIsThereOnceItHasSettled(t *testing.T) {
	opens, closes := stamp(2026, 11, 27, 9, 30), stamp(2026, 11, 27, 13, 0) // an early close
	meta := fmt.Sprintf(`,"currentTradingPeriod":{"regular":{"start":%d,"end":%d}}`, opens, closes)
	body := chartOf(meta, fmt.Sprintf("%d,%d", opens-2*86400, opens), "4,5")
	const before, whole = "2026-11-25 4", "2026-11-25 4, 2026-11-27 5"
	for after, want := range map[time.Duration]string{
		-3 * time.Hour: before, 0: before, market.Settling - time.Second: before, market.Settling: whole, 48 * time.Hour: whole,
	} {
		h, err := ever(t, charts(t, time.Unix(closes, 0).Add(after), http.StatusOK, body), "AAPL")
		if err != nil || lines(h) != want {
			t.Errorf("%s after the close: got %s, %v, want %s", after, lines(h), err, want)
		}
	}
	untimed := chartOf("", fmt.Sprint(opens), "5")
	if h, err := ever(t, charts(t, time.Unix(closes, 0).Add(time.Hour), http.StatusOK, untimed), "AAPL"); err != nil || len(h.Bars) != 0 {
		t.Errorf("where nobody says when it ends: got %s, %v, want nothing yet", lines(h), err)
	}
}

func TestASplitIsReadFromItsNumbersOrItsRatio(t *testing.T) {
	at := stamp(2026, 11, 2, 9, 30)
	for split, want := range map[string][2]string{
		`"numerator":3,"denominator":2.0`:  {"2", "3"},
		`"splitRatio":"1:20"`:              {"20", "1"},
		`"numerator":1,"denominator":1.05`: {"1.05", "1"},
	} {
		body := chartOf("", fmt.Sprint(at), "5", fmt.Sprintf(`,"events":{"splits":{"k":{"date":%d,%s}}}`, at, split))
		h, err := ever(t, charts(t, now, http.StatusOK, body), "AAPL")
		if err != nil || len(h.Splits) != 1 || h.Splits[0].From.String() != want[0] || h.Splits[0].To.String() != want[1] || h.Splits[0].Day != day("2026-11-02") {
			t.Errorf("%s: got %v, %v, want %v", split, h.Splits, err, want)
		}
	}
}
