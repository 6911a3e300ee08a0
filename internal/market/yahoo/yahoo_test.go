package yahoo_test

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host is a Yahoo that answers quotes with one body, to whoever has its cookie and crumb.
type host struct {
	quotes  string
	crumb   atomic.Pointer[string]
	cookies atomic.Int32 // how many sessions were opened
	asked   atomic.Int32
	symbols atomic.Value     // of the last question, as asked
	status  int              // of the answer to quotes; 0 for 200
	crumbs  http.HandlerFunc // instead of the true one
	passed  atomic.Int64     // time since now, on the client's clock
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		h.cookies.Add(1)
		w.Header().Add("Set-Cookie", "A3=d=anonymous&S=x; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure")
		w.Header().Add("Set-Cookie", "OTHD=EMPTY; Path=; Max-Age=0")
		w.WriteHeader(http.StatusNotFound)
	case "/v1/test/getcrumb":
		if h.crumbs != nil {
			h.crumbs(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		_, _ = io.WriteString(w, *h.crumb.Load())
	case "/v7/finance/quote":
		h.asked.Add(1)
		h.symbols.Store(r.URL.Query().Get("symbols"))
		if r.URL.Query().Get("crumb") != *h.crumb.Load() || !strings.Contains(r.Header.Get("Cookie"), "A3=d=anonymous") {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(cmp.Or(h.status, http.StatusOK))
		_, _ = io.WriteString(w, h.quotes)
	}
}

func (h *host) setCrumb(crumb string) { h.crumb.Store(&crumb) }

var now = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

func newSource(t *testing.T, quotes string) (*yahoo.Source, *host) {
	t.Helper()
	h := &host{quotes: quotes}
	h.setCrumb("ab.c/dEf1gh")
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: 5 * time.Second,
		UserAgent: yahoo.UserAgent, Now: func() time.Time { return now.Add(time.Duration(h.passed.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return yahoo.New(yahoo.HostsAt(server.URL), client, func() time.Time { return now.Add(time.Duration(h.passed.Load())) }), h
}

const apple = `{"quoteResponse":{"result":[
	{"symbol":"aapl","quoteType":"EQUITY","currency":"USD","regularMarketPrice":164.32000732421875,"regularMarketTime":1790971201,"priceHint":2},
	{"symbol":"BRK-B","quoteType":"EQUITY","currency":"USD","regularMarketPrice":500.1,"regularMarketTime":1790971201},
	{"symbol":"OTHER","quoteType":"EQUITY","currency":"USD","regularMarketPrice":1,"regularMarketTime":1790971201},
	{"symbol":"HUGE","quoteType":"EQUITY","currency":"USD","regularMarketPrice":1e999999999,"regularMarketTime":1790971201}],"error":null}}`

func TestRowsAreFoundByTheirSymbolAndNoiseIsRoundedOff(t *testing.T) {
	source, _ := newSource(t, apple)
	got, err := source.Quotes(t.Context(), []string{"BRK.B", "AAPL", "HUGE"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got["AAPL"].Price.String() != "164.320007" || got["BRK.B"].Symbol != "BRK.B" || got["AAPL"].Change != nil {
		t.Errorf("got %+v", got)
	}
}

func TestALostCrumbIsReplacedOnceForEverybody(t *testing.T) {
	source, h := newSource(t, apple)
	if _, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil {
		t.Fatal(err)
	}
	h.setCrumb("another.one")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := h.cookies.Load(); got != 2 {
		t.Errorf("got %d sessions, want one and its successor", got)
	}
}

func TestWhatIsNoCrumbIsNeverKept(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"429": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, "Too Many Requests")
		},
		"200 with the words of a 429": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "Too Many Requests")
		},
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html></html>")
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/plain") },
	} {
		t.Run(name, func(t *testing.T) {
			source, h := newSource(t, apple)
			h.crumbs = answer
			if _, err := source.Quotes(t.Context(), []string{"AAPL"}); fault.KindOf(err) != fault.UpstreamDown {
				t.Errorf("got %v, want %s", err, fault.UpstreamDown)
			}
			h.crumbs = nil
			h.passed.Store(int64(time.Minute))
			if _, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil {
				t.Errorf("after it recovered: %v", err)
			}
		})
	}
}

func TestASessionThatIsNeverAcceptedIsAnErrorNotALoop(t *testing.T) {
	source, h := newSource(t, apple)
	h.crumbs = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "wrong-crumb")
	}
	_, err := source.Quotes(t.Context(), []string{"AAPL"})
	if fault.KindOf(err) != fault.UpstreamDown || h.asked.Load() != 2 {
		t.Errorf("got %v after %d tries, want %s after 2", err, h.asked.Load(), fault.UpstreamDown)
	}
}

func TestSymbolsAreAskedInBatches(t *testing.T) {
	source, h := newSource(t, apple)
	symbols := make([]string, 100)
	for i := range symbols {
		symbols[i] = "S" + strings.Repeat("X", i%5) + string(rune('A'+i%26))
	}
	if _, err := source.Quotes(t.Context(), symbols); err != nil || h.asked.Load() != 2 {
		t.Errorf("got %v and %d calls, want 2", err, h.asked.Load())
	}
}
