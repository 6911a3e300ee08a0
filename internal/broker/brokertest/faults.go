package brokertest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// patience is how long adapters wait for one attempt in these tests, and mostCalls how often they may make it.
const (
	patience  = 300 * time.Millisecond
	mostCalls = 2
)

var (
	needsOwner = []fault.Kind{fault.ReauthorizationRequired}
	needsTime  = []fault.Kind{fault.UpstreamDown, fault.UpstreamTimeout, fault.UpstreamFailed}
)

// RunFaults has everything go wrong that security/faults.json lists for upstreams. What of it the door to the outside alone
// decides (how often, how long, whom to leave alone) is tested there; here, that every call of an adapter ends in time, in
// an error that is typed and tells nothing, and in no data.
func RunFaults(t *testing.T, b Brokerage) {
	t.Run("nobody there", b.nobodyThere)
	t.Run("refused", b.refused)
	t.Run("late", b.late)
	t.Run("garbage", b.garbage)
	t.Run("wrong types", b.wrongTypes)
	t.Run("huge", b.huge)
	t.Run("elsewhere", b.elsewhere)
	t.Run("cut off", b.cutOff)
}

// nobodyThere: refused, dns, tls_bad.
func (b Brokerage) nobodyThere(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	strange := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request reached who did not prove who it is") }))
	strange.Config.ErrorLog = nil
	strange.StartTLS()
	defer strange.Close()
	for name, origin := range map[string]string{
		"a closed port": closed.URL, "a name of nobody": "https://nobody.invalid", "a certificate nobody vouches for": strange.URL,
	} {
		t.Run(name, func(t *testing.T) {
			b.eachRefused(t, func() broker.Provider { return b.At(t, origin, patience) }, needsTime)
		})
	}
}

// against makes every call on an adapter of its own at the handler, and gives how many requests came of it at most.
func (b Brokerage) against(t *testing.T, h http.Handler, kinds []fault.Kind) (most int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	b.eachRefused(t, func() broker.Provider {
		most = max(most, asked.Swap(0))
		return b.At(t, server.URL, patience)
	}, kinds)
	return max(most, asked.Load())
}

// refused: 429_seconds, 429_date, 429_bare, 5xx, 401.
func (b Brokerage) refused(t *testing.T) {
	status := func(code int, after string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "<html>"+canary+"</html>")
		})
	}
	year := time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat)
	past := time.Now().AddDate(0, 0, -1).UTC().Format(http.TimeFormat)
	for name, c := range map[string]struct {
		handler http.Handler
		kinds   []fault.Kind
		most    int64
	}{
		"429 for seven seconds": {status(429, "7"), needsTime, 1},
		"429 for a year":        {status(429, year), needsTime, 1},
		"429 until yesterday":   {status(429, past), needsTime, mostCalls},
		"429 until it ends":     {status(429, ""), needsTime, mostCalls},
		"500":                   {status(500, ""), needsTime, mostCalls},
		"502":                   {status(502, ""), needsTime, mostCalls},
		"503":                   {status(503, ""), needsTime, mostCalls},
		"504":                   {status(504, ""), needsTime, mostCalls},
		"529":                   {status(529, ""), needsTime, mostCalls},
		"401":                   {status(401, ""), needsOwner, 1},
		"403":                   {status(403, ""), append(needsTime, needsOwner...), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if most := b.against(t, c.handler, c.kinds); most > c.most {
				t.Errorf("got %d requests of one call, want %d", most, c.most)
			}
		})
	}
}

// late: no_answer, slow_drip.
func (b Brokerage) late(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // before that the server does not see who leaves
			<-r.Context().Done()
		},
		"a byte at a time": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			for range 1000 {
				if _, err := io.WriteString(w, "["); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-r.Context().Done():
					return
				case <-time.After(patience / 10):
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			b.against(t, h, needsTime)
			// Four calls, each at most twice and with a wait in between; the machine may be busy.
			if took := time.Since(began); took > 4*mostCalls*(2*patience+time.Second) {
				t.Errorf("got an end after %s", took)
			}
		})
	}
}

// garbage: html_200, and each file of the corpus that is no JSON.
func (b Brokerage) garbage(t *testing.T) {
	pages := needsTime
	if b.SignInPages {
		pages = needsOwner
	}
	b.against(t, answer(200, "text/html", "<html>"+canary+"</html>"), pages)
	tried := 0
	for name, body := range sharedtest.Tar(t, "security/corpora/jsontestsuite-MIT.tar.xz") {
		if !strings.Contains(name, "/n_") && !strings.HasPrefix(name, "n_") {
			continue
		}
		tried++
		for _, form := range []string{string(body), `{"id":` + string(body) + `}`, `[` + string(body) + `]`} {
			if isHarmless(form) {
				continue
			}
			b.against(t, answer(200, "application/json", form), needsTime)
		}
	}
	if tried < 150 {
		t.Errorf("got %d files of garbage, want the corpus", tried)
	}
}

// isHarmless tells whether wrapping made JSON of what was none: an empty list is an answer.
func isHarmless(form string) bool {
	trimmed := strings.TrimSpace(strings.Trim(strings.TrimSpace(form), "[]"))
	return trimmed == ""
}

// wrongTypes: JSON that is none of what the brokerage says.
func (b Brokerage) wrongTypes(t *testing.T) {
	for _, body := range []string{
		`null`, `true`, `0`, `""`, `[null]`, `[true]`, `[[]]`, `[[[[]]]]`, `{"id":1}`, `{"id":null}`, `{"id":[]}`, `[{"id":{}}]`, `[{"id":1e400}]`,
		`[{"symbol":1,"qty":{}}]`, `[{"symbol":"X","qty":"NaN"}]`, `[{"symbol":"X","qty":"1e400"}]`, `[{"id":"x","activity_type":"FILL","qty":"1"}]`,
		`[{"id":"x","activity_type":"CSD","net_amount":"1","date":"0001-01-01"}]`, `[{"id":"x","activity_type":"CSD","net_amount":"1","date":"9999-12-31"}]`,
		`[{"id":"x","symbol":"X","qty":"1"},{"id":"x","symbol":"X","qty":"1"}]`,
	} {
		t.Run(body, func(t *testing.T) { b.against(t, answer(200, "application/json", body), needsTime) })
	}
}

// huge: bodies without end, packed ones too, and lists without end, none of which may become memory.
func (b Brokerage) huge(t *testing.T) {
	const enough = 256 << 20
	endless := func(w io.Writer, first, again string) {
		_, _ = io.WriteString(w, first)
		chunk := strings.Repeat(again, 64<<10/len(again))
		for sent := 0; sent < enough; sent += len(chunk) {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"a body": func(w http.ResponseWriter, _ *http.Request) { endless(w, `{"id":"`, "x") },
		"a list": func(w http.ResponseWriter, _ *http.Request) { endless(w, `[{}`, ",{}") },
		"a list of 1e6": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "[{}"+strings.Repeat(",{}", 1e6)+"]")
		},
		"a list of ones": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "[1"+strings.Repeat(",1", 1e6)+"]")
		},
		"a packed body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
			endless(packed, `["`, "x")
			_ = packed.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			b.eachRefused(t, func() broker.Provider {
				runtime.GC()
				return &frugal{t, b.At(t, server.URL, 10*time.Second)}
			}, needsTime)
		})
	}
}

// elsewhere: redirect. Credentials go to the brokerage alone.
func (b Brokerage) elsewhere(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("got a request at another host: %s", r.URL.Path)
	}))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{other.URL + "/v2/account", "http://127.0.0.1:1/", "/"} {
			t.Run(fmt.Sprint(code, " ", strings.HasPrefix(target, "/")), func(t *testing.T) {
				b.against(t, http.RedirectHandler(target, code), append(needsTime, needsOwner...))
			})
		}
	}
}

// cutOff: truncated, reset.
func (b Brokerage) cutOff(t *testing.T) {
	b.against(t, http.HandlerFunc(cut), needsTime)
	b.against(t, answer(200, "application/json", `[{"id":"`+canary+`"`), needsTime)
	b.against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `[{"id":"`+canary)
		_ = http.NewResponseController(w).Flush()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the close is a reset then
		}
		_ = conn.Close()
	}), needsTime)
}
