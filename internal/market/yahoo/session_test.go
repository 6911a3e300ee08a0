package yahoo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// sourceAt is a source at hosts of some origins, at a time that stands still.
func sourceAt(t *testing.T, hosts yahoo.Hosts, at time.Time, origins ...string) *yahoo.Source {
	t.Helper()
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: origins, AllowPrivate: true, Retries: -1, SharedLimit: true, Timeout: 5 * time.Second,
		UserAgent: yahoo.UserAgent, Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return yahoo.New(hosts, client, func() time.Time { return at })
}

func TestACookieHostThatFailsIsAskedOnce(t *testing.T) {
	h := &host{quotes: apple}
	h.setCrumb("ab.c/dEf1gh")
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			h.ServeHTTP(w, r)
			return
		}
		asked.Add(1)
		w.Header().Add("Set-Cookie", "A3=d=anonymous&S=x; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure")
		w.WriteHeader(http.StatusBadGateway) // as is normal there
	}))
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{server.URL}, AllowPrivate: true, SharedLimit: true, UserAgent: yahoo.UserAgent, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	got, err := yahoo.New(yahoo.HostsAt(server.URL), client, func() time.Time { return now }).Quotes(t.Context(), []string{"AAPL"})
	if err != nil || len(got) != 1 || asked.Load() != 1 {
		t.Errorf("got %d quotes, %v, after %d questions for a cookie, want 1", len(got), err, asked.Load())
	}
}

// europe is a Yahoo whose host for the cookie gives none, and each of whose hosts has a path of the server. It notes what
// it was asked for on the way to a page.
type europe struct {
	base    string
	answer  func(w http.ResponseWriter, r *http.Request, asked string) bool // as the host asked, by its true address
	mu      sync.Mutex
	walked  []string // addresses asked for, as they would be at Yahoo
	sent    []string // bodies of those
	cookies string   // that came with the question for a crumb
	crumb   string   // that came with a question
}

func newEurope(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, asked string) bool) (*europe, *yahoo.Source) {
	t.Helper()
	e := &europe{answer: answer}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.base = server.URL
	at := func(host string) string { return server.URL + "/" + host }
	return e, sourceAt(t, yahoo.Hosts{
		Query: []string{at("query1.finance.yahoo.com")}, Cookie: at("fc.yahoo.com"), Pages: at("finance.yahoo.com"),
		Consent: []string{at("guce.yahoo.com"), at("consent.yahoo.com")},
	}, now, server.URL)
}

// here is a true address as one of the server, and there the other way round.
func (e *europe) here(address string) string {
	return strings.Replace(address, "https://", e.base+"/", 1)
}

func (e *europe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := "https:/" + r.URL.RequestURI()
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasPrefix(asked, "https://fc."):
		w.WriteHeader(http.StatusNotFound)
		return
	case strings.Contains(asked, "/v7/finance/quote"):
		e.mu.Lock()
		e.crumb = r.URL.Query().Get("crumb")
		e.mu.Unlock()
		_, _ = io.WriteString(w, apple)
		return
	}
	e.mu.Lock()
	if strings.Contains(asked, "/v1/test/getcrumb") {
		e.cookies = r.Header.Get("Cookie")
	} else {
		e.walked, e.sent = append(e.walked, asked), append(e.sent, string(body))
	}
	e.mu.Unlock()
	if e.answer(w, r, asked) {
		return
	}
	if strings.Contains(asked, "/v1/test/getcrumb") {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "ab.c/dEf1gh")
	}
}

// replay sends the recording, with what it points at moved to the server.
func (e *europe) replay(w http.ResponseWriter, r recording) {
	for name, values := range r.header {
		switch name {
		case "Location":
			w.Header().Set(name, e.here(values[0]))
		case "Set-Cookie", "Content-Type":
			w.Header()[name] = values
		}
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// checkStep has the recording stand where a page should, and wants it followed as it says: to where it leads, back with
// the form that it asks to be sent, or no further once it has set the cookie.
func checkStep(t *testing.T, r recording) {
	var e *europe
	first := true
	e, source := newEurope(t, func(w http.ResponseWriter, req *http.Request, asked string) bool {
		if first {
			first = false
			e.replay(w, r)
			return true
		}
		return false
	})
	_, err := source.Quotes(t.Context(), []string{"AAPL"})
	set := strings.Join(r.header.Values("Set-Cookie"), "\n")
	switch {
	case strings.Contains(set, "A1=") || strings.Contains(set, "A3="):
		if err != nil || len(e.walked) != 1 || !strings.Contains(e.cookies, "A3=d=") || strings.Contains(e.cookies, "EMPTY") {
			t.Errorf("got %v after %v with %q, want a session", err, e.walked, e.cookies)
		}
	case r.header.Get("Location") != "":
		if len(e.walked) != 2 || e.walked[1] != r.header.Get("Location") {
			t.Errorf("got %v, want %s behind it", e.walked, r.header.Get("Location"))
		}
	case strings.Contains(string(r.body), "csrfToken"):
		form, _ := url.ParseQuery(e.sent[1])
		if len(e.walked) != 2 || form.Get("csrfToken") == "" || form.Get("agree") != "agree" || !strings.HasPrefix(form.Get("originalDoneUrl"), "https://finance.yahoo.com/quote/AAPL?guccounter=1") {
			t.Errorf("got %v with %v, want the form sent", e.walked, form)
		}
	default:
		t.Error("the recording is no step")
	}
}

// checkCrumb has the recording answer who wants a crumb.
func checkCrumb(t *testing.T, r recording) {
	var e *europe
	e, source := newEurope(t, func(w http.ResponseWriter, req *http.Request, asked string) bool {
		if asked == r.url {
			e.replay(w, r)
			return true
		}
		w.Header().Set("Set-Cookie", "A3=d=x&S=y; Domain=.yahoo.com; Path=/")
		return false
	})
	if _, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil || e.crumb != string(r.body) || e.cookies != "A3=d=x&S=y" {
		t.Errorf("got the crumb %q with %q, %v, want %s", e.crumb, e.cookies, err, r.body)
	}
}

func TestTheSimulatedEuropeLetsUsIn(t *testing.T) {
	for _, consent := range []sim.Consent{sim.ConsentByRedirect, sim.ConsentByForm} {
		s, source, _ := simulated(t)
		s.YahooConsent = consent
		for range 2 {
			if got, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil || len(got) != 1 {
				t.Errorf("%d: got %v, %v", consent, got, err)
			}
		}
		for _, r := range s.Requests() {
			if r.Path == "/quote/AAPL" && r.Count != 1 {
				t.Errorf("got %d walks to a page, want 1", r.Count)
			}
		}
	}
}

func TestAWalkEndsAtStrangersAndNeverGoesRound(t *testing.T) {
	for name, to := range map[string]string{
		"in a circle": "/finance.yahoo.com/quote/AAPL", "elsewhere": "https://example.com/", "to another scheme": "http://finance.yahoo.com.example.com/",
		"nowhere": "", "to no address": "https://[", "with a password": "http://u:p@127.0.0.1/",
	} {
		t.Run(name, func(t *testing.T) {
			e, source := newEurope(t, func(w http.ResponseWriter, _ *http.Request, asked string) bool {
				if strings.Contains(asked, "getcrumb") {
					t.Error("a crumb was asked for without a cookie")
				}
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
				return true
			})
			for range 3 {
				_, err := source.Quotes(t.Context(), []string{"AAPL"})
				if f := fault.From(err); (f.Kind != fault.UpstreamDown || f.RetryAfter <= 0) && f.Kind != fault.UpstreamFailed {
					t.Errorf("got %v, want %s and when to try again", err, fault.UpstreamDown)
				}
			}
			if len(e.walked) > 10 {
				t.Errorf("got %d steps, want 10 at most, and none again for a while", len(e.walked))
			}
		})
	}
}

func TestASecondHostAnswersWhereTheFirstIsDown(t *testing.T) {
	good := &host{quotes: apple}
	good.setCrumb("ab.c/dEf1gh")
	second := httptest.NewServer(good)
	defer second.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, status := range map[string]int{"gone": 0, "500": 500, "503": 503, "429": 429, "400": 400} {
		t.Run(name, func(t *testing.T) {
			base := closed.URL
			if status != 0 {
				first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !session(w, r) {
						w.WriteHeader(status)
					}
				}))
				defer first.Close()
				base = first.URL
			}
			hosts := yahoo.Hosts{Query: []string{base, second.URL}, Cookie: second.URL, Pages: second.URL}
			source := sourceAt(t, hosts, now, hosts.All()...)
			got, err := source.Quotes(t.Context(), []string{"AAPL"})
			if want := status == 0 || status >= 500; want != (err == nil && len(got) == 1) {
				t.Errorf("got %v, %v, want an answer of the second: %v", got, err, want)
			}
		})
	}
}

func TestARefusedSessionIsNotAskedForAgainForAWhile(t *testing.T) {
	source, h := newSource(t, apple)
	h.crumbs = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "wrong-crumb")
	}
	for range 5 {
		if _, err := source.Quotes(t.Context(), []string{"AAPL"}); fault.From(err).RetryAfter <= 0 || !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("got %v", err)
		}
	}
	if h.asked.Load() != 2 || h.cookies.Load() != 2 {
		t.Errorf("got %d questions and %d sessions, want 2 of each in a wave of refusals", h.asked.Load(), h.cookies.Load())
	}
	h.crumbs = nil
	h.passed.Store(int64(time.Minute))
	if _, err := source.Quotes(t.Context(), []string{"AAPL"}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestNewsThatWantConsentAreAskedForWithTheCookie(t *testing.T) {
	var e *europe
	e, source := newEurope(t, func(w http.ResponseWriter, r *http.Request, asked string) bool {
		switch {
		case strings.Contains(asked, "/xhr/ncp") && strings.Contains(r.Header.Get("Cookie"), "A3=d=x"):
			_, _ = io.WriteString(w, `{"data":{"tickerStream":{"stream":[{"id":"1","content":{"title":"T","pubDate":"2026-11-20T10:00:00Z"}}]}}}`)
		case strings.Contains(asked, "/xhr/ncp"):
			w.Header().Set("Location", e.here("https://guce.yahoo.com/consent"))
			w.WriteHeader(http.StatusTemporaryRedirect)
		case strings.Contains(asked, "/quote/AAPL"):
			w.Header().Set("Set-Cookie", "A3=d=x&S=y; Path=/")
		default:
			return false
		}
		return true
	})
	for range 2 {
		got, err := source.News(t.Context(), "", day("2026-11-19"), day("2026-11-21"))
		if err != nil || len(got) != 1 {
			t.Errorf("got %v, %v, want the story", got, err)
		}
	}
}
