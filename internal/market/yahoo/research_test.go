package yahoo_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
)

// answering is a source at a Yahoo that answers everything with the body.
func answering(t *testing.T, body string) *yahoo.Source {
	t.Helper()
	return recording{status: http.StatusOK, body: []byte(body), answered: now}.source(t)
}

func summaryOf(modules string) string {
	return `{"quoteSummary":{"result":[{` + modules + `}],"error":null}}`
}

const somebody = `"quoteType":{"symbol":"X","quoteType":"EQUITY","exchange":"NYQ","timeZoneFullName":"America/New_York"},`

func TestWhatMixesCurrenciesIsLeftOut(t *testing.T) {
	const figures = `"price":{"symbol":"X","currency":"USD","regularMarketPrice":124.73,"marketCap":302870626304},
		"summaryDetail":{"trailingPE":25.9,"forwardPE":12.6,"priceToSalesTrailing12Months":0.3},
		"defaultKeyStatistics":{"bookValue":409.85,"priceToBook":0.304,"enterpriseValue":1e11,"enterpriseToRevenue":0.1,"enterpriseToEbitda":0.5,"trailingEps":4.81},
		"financialData":{"financialCurrency":"CNY","totalRevenue":981767000000}`
	got, err := answering(t, summaryOf(somebody+figures)).Metrics(t.Context(), "X")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, m := range got.Metrics {
		shown[m.Name] = m.Value.String() + " " + m.Currency
	}
	want := map[string]string{
		market.MarketCap: "302870626304 USD", market.TrailingPE: "25.9 ", market.ForwardPE: "12.6 ", market.EPS: "4.81 USD",
		market.Revenue: "981767000000 CNY",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEarningsOfAnotherCurrencyThanRevenueStandAlone(t *testing.T) {
	const said = `"earnings":{"earningsChart":{"quarterly":[{"date":"3Q2026","actual":2,"estimate":1.5}]},
		"financialsChart":{"quarterly":[{"date":"3Q2026","revenue":9000}]},"financialCurrency":"CNY"},
		"earningsHistory":{"history":[{"epsActual":{"raw":2},"epsEstimate":{"raw":1.5},"quarter":{"raw":1790726400},"currency":"USD"}]},
		"earningsTrend":{"trend":[{"period":"0q","earningsEstimate":{"avg":{"raw":0.4},"earningsCurrency":"USD"},"revenueEstimate":{"avg":{"raw":10000},"revenueCurrency":"CNY"}}]},
		"calendarEvents":{"earnings":{"earningsDate":[1795640400],"isEarningsDateEstimate":false}}`
	got, err := answering(t, summaryOf(somebody+said)).Earnings(t.Context(), "X")
	if err != nil || len(got.Quarters) != 1 || got.Currency != "USD" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if q := got.Quarters[0]; q.RevenueActual != nil || q.EPSActual.String() != "2" || q.Surprise.String() != "0.5" || q.PeriodEnd.String() != "2026-09-30" {
		t.Errorf("got %+v, want earnings without the revenue", q)
	}
	if n := got.Next; n == nil || n.When != "after" || n.From.String() != "2026-11-25" || n.Revenue != nil || n.EPSEstimate.String() != "0.4" {
		t.Errorf("got %+v, want a report after the session of 25 November", n)
	}
}

func TestRevenueGoesToItsQuarterWhereSeveralEarnedTheSame(t *testing.T) {
	const said = `"earnings":{"financialCurrency":"USD",
		"earningsChart":{"quarterly":[{"date":"3Q2025","actual":0.5,"estimate":0.5},{"date":"4Q2025","actual":0.5,"estimate":0.5},{"date":"1Q2026","actual":0.6,"estimate":0.5}]},
		"financialsChart":{"quarterly":[{"date":"3Q2025","revenue":300},{"date":"4Q2025","revenue":400},{"date":"1Q2026","revenue":100}]}},
		"earningsHistory":{"history":[{"epsActual":0.5,"epsEstimate":0.5,"quarter":1759190400,"currency":"USD"},
			{"epsActual":0.5,"epsEstimate":0.5,"quarter":1767139200,"currency":"USD"},{"epsActual":0.6,"epsEstimate":0.5,"quarter":1774915200,"currency":"USD"}]}`
	got, err := answering(t, summaryOf(somebody+said)).Earnings(t.Context(), "X")
	if err != nil {
		t.Fatal(err)
	}
	revenues := []string{}
	for _, q := range got.Quarters {
		said := "no revenue"
		if q.RevenueActual != nil {
			said = q.RevenueActual.String()
		}
		revenues = append(revenues, q.PeriodEnd.String()+" "+said)
	}
	want := []string{"2026-03-31 100", "2025-12-31 400", "2025-09-30 300"}
	if diff := cmp.Diff(want, revenues); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAReportThatIsOverIsNotTheNext(t *testing.T) {
	const said = `"calendarEvents":{"earnings":{"earningsDate":[1785441600],"isEarningsDateEstimate":false,"earningsAverage":1.9}}`
	got, err := answering(t, summaryOf(somebody+said)).Earnings(t.Context(), "X")
	if err != nil || got.Next != nil || len(got.Quarters) != 0 {
		t.Errorf("got %+v, %v, want nothing to come", got, err)
	}
}

func TestStubsOfWhatIsTradedNoMoreAreUnknown(t *testing.T) {
	for name, modules := range map[string]string{
		"another exchange's name": `"quoteType":{"symbol":"X","quoteType":"MUTUALFUND","exchange":"YHD"}`,
		"no kind":                 `"quoteType":{"symbol":"X","quoteType":"NONE","exchange":"NMS"}`,
		"no price":                `"quoteType":{"symbol":"X","quoteType":"EQUITY","exchange":"NMS"},"price":{"symbol":"X","quoteType":"EQUITY"}`,
	} {
		source := answering(t, summaryOf(modules))
		if c, err := source.Company(t.Context(), "X"); !fault.Is(err, fault.UnknownSymbol) {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
	if c, err := answering(t, summaryOf(`"quoteType":{"symbol":"Y","quoteType":"EQUITY","exchange":"NMS"}`)).Company(t.Context(), "X"); !fault.Is(err, fault.UpstreamFailed) {
		t.Errorf("what was said of another symbol: got %+v, %v", c, err)
	}
}

func TestOfPricesOutsideTheSessionTheLatestCounts(t *testing.T) {
	const at = 1790971201 // of the regular price in rowOf
	for more, want := range map[string]string{
		`,"preMarketPrice":6,"preMarketTime":1790971000`:                                                               "",
		`,"preMarketPrice":6,"preMarketTime":1790971201`:                                                               "",
		`,"preMarketPrice":6,"preMarketTime":1790980000`:                                                               "pre",
		`,"preMarketPrice":6,"preMarketTime":1790980000,"postMarketPrice":7,"postMarketTime":1790990000`:               "post",
		`,"preMarketPrice":6,"preMarketTime":1790990000,"postMarketPrice":7,"postMarketTime":1790980000`:               "pre",
		`,"postMarketPrice":0,"postMarketTime":1790980000`:                                                             "",
		`,"postMarketPrice":7,"postMarketTime":"later"`:                                                                "",
		`,"preMarketPrice":6,"preMarketTime":1790970000,"postMarketPrice":7,"postMarketTime":1790980000,"priceHint":2`: "post",
	} {
		source, _ := newSource(t, answerOf(rowOf("AAPL", more)))
		got, err := source.Quotes(t.Context(), []string{"AAPL"})
		if err != nil {
			t.Fatal(err)
		}
		session := ""
		if e := got["AAPL"].Extended; e != nil {
			session = e.Session
			if !e.Timestamp.After(time.Unix(at, 0)) {
				t.Errorf("%s: got one of %s", more, e.Timestamp)
			}
		}
		if session != want {
			t.Errorf("%s: got %q, want %q", more, session, want)
		}
	}
}

func TestAChangeIsWithoutTheNoiseOfYahoosFloats(t *testing.T) {
	for row, want := range map[string][2]string{
		`"quoteType":"EQUITY","currency":"USD","regularMarketPrice":308.82,"regularMarketPreviousClose":305.75,"regularMarketChange":3.070007,
			"postMarketPrice":309.02,"postMarketChange":0.19998169,"postMarketTime":1790990000`: {"3.07", "0.2"},
		`"quoteType":"EQUITY","currency":"GBp","regularMarketPrice":308.8,"regularMarketPreviousClose":305.7,"regularMarketChange":3.0999756`: {"0.031", ""},
		`"quoteType":"EQUITY","currency":"USD","regularMarketPrice":308.82,"regularMarketPreviousClose":300,"regularMarketChange":3.070007`:   {"3.070007", ""},
		`"quoteType":"EQUITY","currency":"USD","regularMarketPrice":308.82,"regularMarketChange":3.070007`:                                    {"3.070007", ""},
		`"quoteType":"CRYPTOCURRENCY","currency":"USD","regularMarketPrice":308.82,"regularMarketPreviousClose":305.75,"regularMarketChange":3.070007`: {
			"3.070007", ""},
	} {
		got, err := answering(t, `{"quoteResponse":{"result":[{"symbol":"X","priceHint":2,"regularMarketTime":1790971201,`+row+`}],"error":null}}`).Quotes(t.Context(), []string{"X"})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		changes := [2]string{got["X"].Change.String(), ""}
		if e := got["X"].Extended; e != nil {
			changes[1] = e.Change.String()
		}
		if changes != want {
			t.Errorf("%s: got %v, want %v", row, changes, want)
		}
	}
}

func TestWhatIsExpectedOrHeldNowIsOfToday(t *testing.T) {
	const figures = `"price":{"symbol":"X","currency":"USD","regularMarketPrice":100,"marketCap":1000},"summaryDetail":{"dividendRate":2},
		"defaultKeyStatistics":{"trailingEps":4,"forwardEps":5,"floatShares":9,"shortRatio":1.5,"heldPercentInsiders":0.1,"heldPercentInstitutions":0.6,"mostRecentQuarter":1790726400},
		"financialData":{"financialCurrency":"USD","totalRevenue":70,"targetMeanPrice":120}`
	got, err := answering(t, summaryOf(somebody+figures)).Metrics(t.Context(), "X")
	if err != nil {
		t.Fatal(err)
	}
	reported := []string{}
	for _, m := range got.Metrics {
		if m.AsOf == nil || !m.AsOf.Equal(now) {
			reported = append(reported, m.Name)
		}
	}
	if diff := cmp.Diff([]string{market.EPS, market.Revenue}, reported); diff != "" || len(got.Metrics) != 10 {
		t.Errorf("got %d metrics; of the last quarter (-want +got):\n%s", len(got.Metrics), diff)
	}
}

func TestAStoryLeadsToWhereItCanBeRead(t *testing.T) {
	row := func(id, links string) string {
		return `{"id":"` + id + `","content":{"title":" A  title ","pubDate":"2026-11-20T10:00:00+02:00","provider":{"displayName":"P"},` + links + `}}`
	}
	body := `{"data":{"tickerStream":{"stream":[` +
		row("1", `"canonicalUrl":{"url":"https://a.example/"},"clickThroughUrl":{"url":"https://b.example/"}`) + `,` +
		row("2", `"canonicalUrl":{"url":"http://a.example/"},"clickThroughUrl":{"url":"https://b.example/"}`) + `,` +
		row("3", `"canonicalUrl":null,"clickThroughUrl":null,"previewUrl":"https://c.example/"`) + `,` +
		row("4", `"canonicalUrl":{"url":"javascript:alert(1)"}`) + `,` + row("4", `"previewUrl":"https://twice.example/"`) + `,17,null,` +
		`{"id":"5","ad":{"x":1},"content":{"title":"A","pubDate":"2026-11-20T10:00:00Z"}},{"id":"6","content":{"title":"no time"}}]}}}`
	got, err := answering(t, body).News(t.Context(), "", calendar.DayOf(now).AddDays(-5), calendar.DayOf(now))
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for _, story := range got {
		links[story.ID] = story.URL
		if story.Headline != "A title" || !story.PublishedAt.Equal(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)) {
			t.Errorf("got %+v", story)
		}
	}
	want := map[string]string{"1": "https://a.example/", "2": "https://b.example/", "3": "https://c.example/", "4": ""}
	if diff := cmp.Diff(want, links); diff != "" || len(got) != 4 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAListWithoutEndIsReadToABound(t *testing.T) {
	rows := []string{`17`, `null`, `[]`}
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf(`{"symbol":"S%d"}`, i))
	}
	got, err := answering(t, `{"quotes":[`+strings.Join(rows, ",")+`],"news":[]}`).Search(t.Context(), "a")
	if err != nil || len(got) != 500 || got[0].Symbol != "S0" {
		t.Errorf("got %d matches, %v, want the first 500", len(got), err)
	}
}
