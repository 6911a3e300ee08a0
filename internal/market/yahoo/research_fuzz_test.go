package yahoo

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// fuzzNow is a time at which the seeds are of.
var fuzzNow = time.Unix(1_790_000_000, 0).UTC()

func FuzzWhateverASummarySaysMetricsAreOurs(f *testing.F) {
	f.Add([]byte(`{"quoteSummary":{"result":[{"quoteType":{"symbol":"X","quoteType":"EQUITY","exchange":"NMS","timeZoneFullName":"America/New_York","firstTradeDateEpochUtc":345479400},
		"price":{"symbol":"X","currency":"GBp","regularMarketPrice":100,"marketCap":{"raw":5e9,"fmt":"5B"}},"summaryDetail":{"trailingPE":"Infinity","beta":1.2},
		"defaultKeyStatistics":{"trailingEps":0.05,"mostRecentQuarter":1735344000,"52WeekChange":-0.2},"financialData":{"financialCurrency":"GBP","totalRevenue":{},"grossMargins":0.4}}],"error":null}}`))
	f.Add([]byte(`{"quoteSummary":{"result":[{"earnings":{"earningsChart":{"quarterly":[{"date":"1Q2024","actual":1.5,"estimate":1.4}]},
		"financialsChart":{"quarterly":[{"date":"1Q2024","revenue":9e10},{"date":"9Q99999","revenue":1}]},"financialCurrency":"USD"},
		"earningsHistory":{"history":[{"epsActual":{"raw":1.5},"epsEstimate":{"raw":1.4},"quarter":{"raw":1711843200},"surprisePercent":{"raw":0.07},"currency":"USD"}]},
		"calendarEvents":{"earnings":{"earningsDate":[{"raw":1795000000},1794000000],"isEarningsDateEstimate":true,"earningsAverage":2}}}],"error":null}}`))
	f.Add([]byte(`{"finance":{"result":null,"error":{"code":"Unauthorized","description":"x"}}}`))
	f.Add([]byte(`{"quoteSummary":{"result":[{"price":[],"quoteType":null,"earningsTrend":{"trend":[{"period":7}]}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := readSummary(&upstream.Answer{Status: http.StatusOK, Body: body}, "X")
		if err != nil {
			return
		}
		for _, m := range all.metrics("yahoo", fuzzNow) {
			if err := market.CheckMetric(m); err != nil {
				t.Error(err)
			}
		}
		c := all.company()
		if c.MarketCap != nil && (!c.MarketCap.IsPositive() || c.CapCurrency == "") || c.Website != "" && !strings.HasPrefix(c.Website, "http") {
			t.Errorf("got %+v", c)
		}
		currency := all.earningsCurrency()
		before := "9999-99-99"
		for _, q := range all.quarters(currency, fuzzNow) {
			if q.PeriodEnd.String() >= before {
				t.Errorf("got the quarter to %s behind %s", q.PeriodEnd, before)
			}
			before = q.PeriodEnd.String()
		}
		if next := all.nextReport(currency, fuzzNow); next != nil && next.To.Before(next.From) {
			t.Errorf("got %+v", next)
		}
		if _, err := json.Marshal(c); err != nil {
			t.Error(err)
		}
	})
}

func FuzzWhateverIsFoundHasOurSpelling(f *testing.F) {
	f.Add([]byte(`{"quotes":[{"symbol":"BRK-B","longname":"B","quoteType":"EQUITY"},{"name":"private"},17],"news":[{"uuid":"1","title":"T","link":"http://x","providerPublishTime":1790971201,"relatedTickers":["BRK-B",null]}]}`))
	f.Add([]byte(`{"quotes":[],"news":[]}`))
	f.Add([]byte(`{"quotes":{},"news":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := readFound(&upstream.Answer{Status: http.StatusOK, Body: body})
		if err != nil {
			return
		}
		for _, row := range all.Quotes.rows {
			if symbol, ok := fromYahoo(string(row.Symbol)); ok {
				if again, err := market.NormalizeSymbol(symbol); err != nil || again != symbol {
					t.Errorf("got %q", symbol)
				}
			}
		}
		for _, row := range all.News.rows {
			story, ok := row.story("yahoo")
			checkStory(t, story, ok)
		}
	})
}

func FuzzWhateverTheStreamSaysStoriesAreWhole(f *testing.F) {
	f.Add([]byte(`{"data":{"tickerStream":{"stream":[{"id":"1","content":{"title":"T","summary":"S","pubDate":"2026-11-20T10:00:00+02:00","canonicalUrl":null,"clickThroughUrl":{"url":"https://x"},"provider":{"displayName":"P"}}},
		{"id":"2","ad":true,"content":{"title":"A","pubDate":"2026-11-20T10:00:00Z"}},null]}},"status":"OK"}`))
	f.Add([]byte(`{"data":{"tickerStream":{"stream":[]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		stories, err := readStream(&upstream.Answer{Status: http.StatusOK, Body: body}, "yahoo")
		if err != nil && stories != nil {
			t.Errorf("got %v with %v", stories, err)
		}
		for _, story := range stories {
			checkStory(t, story, true)
		}
	})
}

func checkStory(t *testing.T, s market.Story, ok bool) {
	t.Helper()
	if ok && (s.ID == "" || s.Headline == "" || s.Symbols == nil || s.URL != "" && !strings.HasPrefix(s.URL, "https://") || s.PublishedAt.Location() != time.UTC) {
		t.Errorf("got %+v", s)
	}
	if _, err := json.Marshal(s); ok && err != nil {
		t.Error(err)
	}
}

func FuzzAFormIsSentBackAsItIs(f *testing.F) {
	f.Add(`<input type="hidden" name="csrfToken" value="a&#x3D;b"><input type="hidden" data-x='1' />`)
	f.Fuzz(func(t *testing.T, page string) {
		if form := consentForm([]byte(page)); len(form) > maxFields {
			t.Errorf("got %d fields", len(form))
		}
	})
}

func FuzzBarsWithinDaysAreInOrderAndAboveZero(f *testing.F) {
	f.Add([]byte(`{"chart":{"result":[{"meta":{"symbol":"ACME","currency":"USD","priceHint":2,"regularMarketTime":1789999200},"timestamp":[1789998300,1789998300,1789997400,1789999200],
		"indicators":{"quote":[{"open":[1,2,null,4],"high":[1,2,3,4],"low":[1,2,3,4],"close":[1,2,3,4],"volume":[1,null,2,0]}]}}],"error":null}}`), true)
	f.Fuzz(func(t *testing.T, body []byte, halves bool) {
		c, err := readChart(&upstream.Answer{Status: http.StatusOK, Body: body})
		if err != nil {
			return
		}
		g := grains["15m"]
		if halves {
			g = grains["30m"]
		}
		bars := tidyBars(c.intraday(g), time.Unix(0, 0), fuzzNow)
		for i, b := range bars {
			if !b.Close.IsPositive() || i > 0 && !bars[i-1].Start.Before(b.Start) || b.High == nil || b.Low == nil || b.Open == nil {
				t.Fatalf("got %+v", b)
			}
		}
	})
}
