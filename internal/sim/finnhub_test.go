package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

const finnhubTestKey = "finnhub-test-key"

// serveFinnhub is a simulator that lets the test's key ask without end.
func serveFinnhub(t *testing.T) (*Sim, *httptest.Server) {
	t.Helper()
	s, server := serve(t)
	s.Finnhub = FinnhubOptions{Key: finnhubTestKey, Unlimited: true}
	return s, server
}

// askFinnhub asks with the key; query has names and values in turn.
func askFinnhub(t *testing.T, server *httptest.Server, path string, query ...string) fetched {
	t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return fetch(t, newRequest(t, http.MethodGet, server.URL+"/finnhub"+path+"?"+values.Encode(), "", "X-Finnhub-Token", finnhubTestKey))
}

func wantRefusal(t *testing.T, what string, got fetched, status int, text string) {
	t.Helper()
	var body map[string]string
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != status || !strings.Contains(body["error"], text) {
		t.Errorf("%s: got %d %s, want %d with %q", what, got.status, got.body, status, text)
	}
}

func TestFinnhubLetsInWhoHasItsKey(t *testing.T) {
	_, server := serveFinnhub(t)
	for what, tc := range map[string]struct {
		query, header, text string
		status              int
	}{
		"nothing":          {"", "", "Please use an API key.", 401},
		"a wrong header":   {"", "wrong", "Invalid API key", 401},
		"a wrong query":    {"&token=wrong", "", "Invalid API key", 401},
		"the header first": {"&token=wrong", finnhubTestKey, "", 200},
		"the query":        {"&token=" + finnhubTestKey, "", "", 200},
	} {
		var headers []string
		if tc.header != "" {
			headers = []string{"X-Finnhub-Token", tc.header}
		}
		got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/finnhub/quote?symbol=AAPL"+tc.query, "", headers...))
		if tc.status == 200 && got.status != 200 {
			t.Errorf("%s: got %d", what, got.status)
		} else if tc.status != 200 {
			wantRefusal(t, what, got, tc.status, tc.text)
		}
	}
}

func TestFinnhubsPlanHasLimitsOfPlaceAndKind(t *testing.T) {
	_, server := serveFinnhub(t)
	for _, path := range []string{"/stock/candle", "/news-sentiment", "/stock/price-target", "/stock/split"} {
		wantRefusal(t, path, askFinnhub(t, server, path, "symbol", "AAPL"), http.StatusForbidden, "access")
	}
	for _, path := range []string{"/quote", "/stock/profile2", "/stock/metric", "/stock/earnings"} {
		wantRefusal(t, path+" abroad", askFinnhub(t, server, path, "symbol", "SAP.DE"), http.StatusForbidden, "access")
		wantRefusal(t, path+" of nothing", askFinnhub(t, server, path), http.StatusUnprocessableEntity, "")
	}
	wantRefusal(t, "news without days", askFinnhub(t, server, "/company-news", "symbol", "AAPL"), http.StatusUnprocessableEntity, "")
	for path, want := range map[string]string{
		"/quote": `{"c":0,"d":null,"dp":null,"h":0,"l":0,"o":0,"pc":0,"t":0}`, "/stock/profile2": `{}`, "/stock/earnings": `[]`,
		"/calendar/earnings": `{"earningsCalendar":[]}`, "/stock/metric": `{"metric":{},"metricType":"all","series":{},"symbol":"%s"}`,
	} {
		for _, symbol := range []string{"NOSUCH", "TWTR", "BRK-B"} { // unknown, gone, and spelled as others do
			got := askFinnhub(t, server, path, "symbol", symbol)
			if body := strings.TrimSpace(got.body); got.status != http.StatusOK || body != strings.ReplaceAll(want, "%s", symbol) {
				t.Errorf("%s %s: got %d %s, want %s", path, symbol, got.status, body, want)
			}
		}
	}
}

func TestFinnhubCountsByMinuteAndSecond(t *testing.T) {
	s := &Sim{}
	at := time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)
	admitted := 0
	for i := range 40 { // within a second
		if s.admitFinnhub(at.Add(time.Duration(i) * 20 * time.Millisecond)) {
			admitted++
		}
	}
	if admitted != finnhubPerSecond || s.FinnhubRefused() != 10 {
		t.Errorf("got %d let in and %d refused, want %d and 10", admitted, s.FinnhubRefused(), finnhubPerSecond)
	}
	for i := range 30 { // one a second, with those 40 in mind
		if s.admitFinnhub(at.Add(time.Duration(i+2) * time.Second)) {
			admitted++
		}
	}
	if admitted != finnhubPerSecond+20 {
		t.Errorf("got %d let in, want %d: refused ones count, too", admitted, finnhubPerSecond+20)
	}
	if !s.admitFinnhub(at.Add(2 * time.Minute)) {
		t.Error("got a refusal after two quiet minutes")
	}
}

func TestTooMuchForFinnhubIsSaidInItsWords(t *testing.T) {
	s, server := serveFinnhub(t)
	s.Finnhub.Unlimited = false
	var last fetched
	for range finnhubPerMinute + 1 {
		last = askFinnhub(t, server, "/quote", "symbol", "AAPL")
	}
	wantRefusal(t, "one too many", last, http.StatusTooManyRequests, "API limit reached")
	s.Finnhub.Unlimited = true
	s.Faults.Set(ProviderFinnhub, Fault{Kind: FaultRateLimited, Count: 1})
	wantRefusal(t, "a fault", askFinnhub(t, server, "/quote", "symbol", "AAPL"), http.StatusTooManyRequests, "API limit reached")
	traffic := decoded[struct{ Traffic []Traffic }](t, fetch(t, newRequest(t, http.MethodGet, server.URL+"/control", ""))).Traffic
	if len(traffic) != 1 || traffic[0] != s.Traffic(ProviderFinnhub) || traffic[0].Requests != finnhubPerMinute+2 || traffic[0].MostInASecond < 2 {
		t.Errorf("got %+v, want the requests to Finnhub", traffic)
	}
}

func TestFinnhubsAnswersHaveTheShapeOfRecordedOnes(t *testing.T) {
	dir := sharedtest.Dir(t, "upstreams/fixtures/dev/finnhub")
	_, server := serveFinnhub(t)
	days := []string{"from", "2026-10-01", "to", "2027-03-01", "symbol", "AAPL"}
	for file, asked := range map[string]fetched{
		"quote-AAPL.json":             askFinnhub(t, server, "/quote", "symbol", "AAPL"),
		"profile-AAPL.json":           askFinnhub(t, server, "/stock/profile2", "symbol", "AAPL"),
		"earnings-LLY-2025.json":      askFinnhub(t, server, "/stock/earnings", "symbol", "LLY"),
		"calendar-earnings-aapl.json": askFinnhub(t, server, "/calendar/earnings", days...),
		"company-news-AAPL.json":      askFinnhub(t, server, "/company-news", days...),
		"general-news-2025.json":      askFinnhub(t, server, "/news", "category", "general"),
		"search-apple.json":           askFinnhub(t, server, "/search", "q", "apple"),
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(asked.body), &got); err != nil || asked.status != http.StatusOK {
			t.Fatalf("%s: got %d %s, %v", file, asked.status, asked.body, err)
		}
		if diff := cmp.Diff(keysIn(want), keysIn(got)); diff != "" {
			t.Errorf("%s (-recorded +simulated):\n%s", file, diff)
		}
	}
}

// keysIn are the names of an object, or of the first of a list, each with the names below it.
func keysIn(value any) []string {
	switch v := value.(type) {
	case []any:
		if len(v) > 0 {
			return keysIn(v[0])
		}
	case map[string]any:
		var keys []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			keys = append(keys, name)
			for _, below := range keysIn(v[name]) {
				keys = append(keys, name+"."+below)
			}
		}
		return keys
	}
	return nil
}

func TestFinnhubsNewsRepeatsItselfOutOfOrderAndAgreesWithYahoos(t *testing.T) {
	s, server := serveFinnhub(t)
	type item struct {
		ID       int64
		Datetime int64
		Headline string
		Related  string
		URL      string
	}
	items := decoded[[]item](t, askFinnhub(t, server, "/company-news", "symbol", "AAPL", "from", "2026-10-01", "to", "2026-11-30"))
	byHeadline, ids, ordered := map[string]int{}, map[int64]bool{}, true
	for i, one := range items {
		byHeadline[one.Headline]++
		if ids[one.ID] || one.Related != "AAPL" || !strings.Contains(one.URL, "/api/news?id=") {
			t.Errorf("got %+v", one)
		}
		ids[one.ID] = true
		ordered = ordered && (i == 0 || items[i-1].Datetime >= one.Datetime)
	}
	if len(byHeadline) == len(items) || ordered {
		t.Errorf("got %d stories under %d headlines, in order: %v; want some again, and disorder", len(items), len(byHeadline), ordered)
	}
	in, _ := s.World.find("AAPL")
	for _, story := range s.World.newsAbout(in, 5) {
		if byHeadline[story["title"].(string)] == 0 {
			t.Errorf("Yahoo's %q is missing", story["title"])
		}
	}
}
