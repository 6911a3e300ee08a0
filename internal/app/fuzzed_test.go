package app_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// How much is tried, and from where on: go test ./internal/app -run Fuzzed -v -args -n 100000 -seed 7
var (
	fuzzRequests = flag.Int("n", 5000, "requests of TestFuzzedRequestsAreAnsweredAsDescribed on each engine")
	fuzzSeed     = flag.Uint64("seed", 1, "their seed: the same one makes the same requests")
)

// maxFuzzFailures is how many are shown before the run is given up.
const maxFuzzFailures = 10

// fuzz sends requests that are made from the description, right ones and wrong ones, and looks at each answer.
type fuzz struct {
	*site
	t         *testing.T
	seed      uint64
	as        victim
	renewals  int
	failures  int
	statuses  map[int]int
	took      []time.Duration
	upstreams int // answers that blamed somebody else's service
}

func TestFuzzedRequestsAreAnsweredAsDescribed(t *testing.T) {
	with, _ := withMail(t)
	eachEngineWith(t, with, func(t *testing.T, s *site) {
		s.register("first") // and so the admin: those who come after are members
		f := &fuzz{site: s, t: t, seed: *fuzzSeed, statuses: map[int]int{}}
		f.renew()
		tried, shapes := map[string]bool{}, mutations()
		operations, requests := s.contract.operations(), *fuzzRequests
		if testing.Short() {
			requests /= 10
		}
		for i := range requests {
			if f.failures >= maxFuzzFailures {
				break
			}
			o, shape := operations[i%len(operations)], shapes[i/len(operations)%len(shapes)]
			tried[o.String()+" "+shape.name] = true
			f.send(i, newGenerator(f.seed, i, f.as).shot(o, shape))
		}
		s.stranger().get("/health/ready").status(http.StatusOK)
		f.renew() // the server lives, and takes new people
		slices.Sort(f.took)
		t.Logf("%s: seed %d, %d requests, %d of %d operations × shapes, %d people, by status %v, %d blamed on upstreams, p50 %v, p99 %v, failures %d",
			s.db.Engine, f.seed, len(f.took), len(tried), len(operations)*len(shapes), f.renewals, f.byStatus(), f.upstreams,
			f.took[len(f.took)/2].Round(time.Microsecond), f.took[len(f.took)*99/100].Round(time.Microsecond), f.failures)
	})
}

func (f *fuzz) byStatus() string {
	var all []string
	for _, status := range slices.Sorted(maps.Keys(f.statuses)) {
		all = append(all, fmt.Sprintf("%d:%d", status, f.statuses[status]))
	}
	return strings.Join(all, " ")
}

// renew makes a person who has everything: what came before may have ended the last one's session, or taken things away.
func (f *fuzz) renew() {
	f.t.Helper()
	f.renewals++
	f.as = newVictimAs(f.site, fmt.Sprintf("fuzz-%d", f.renewals), "alex")
}

// send sends the i-th request and judges its answer.
func (f *fuzz) send(i int, s shot) {
	f.t.Helper()
	req := f.as.request(s.method, "/", nil)
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = s.path, s.rawPath, s.query
	req.Host = strings.TrimPrefix(f.url, "http://")
	if s.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(s.body)), int64(len(s.body))
		if s.chunked {
			req.ContentLength = -1
		}
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range s.header {
		if req.Header[name] = values; len(values) == 0 {
			delete(req.Header, name)
		}
	}
	began := time.Now()
	resp, err := f.as.browser.Do(req)
	if err != nil {
		f.fail(i, s, "no answer: %v", err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.fail(i, s, "the answer broke off: %v", err)
		return
	}
	f.took = append(f.took, time.Since(began))
	f.statuses[resp.StatusCode]++
	f.judge(i, s, req, answer{f.t, s.method + " " + s.path, resp.StatusCode, resp.Header, text})
}

func (f *fuzz) judge(i int, s shot, req *http.Request, a answer) {
	f.t.Helper()
	body := unzipped(f.t, a)
	if err := f.contract.check(req, a.Status, a.Header, body); err != nil {
		f.fail(i, s, "not as described: %v: %v", err, a)
	}
	code := a.failure().Error.Code
	switch {
	case a.Status < http.StatusInternalServerError:
	case strings.HasPrefix(code, "upstream_") && s.asksOutside():
		f.upstreams++
	default:
		f.fail(i, s, "a failure of ours: %v", a)
	}
	if a.Status >= http.StatusBadRequest && strings.Contains(strings.ToLower(fmt.Sprint(string(body), a.Header)), s.canary) {
		f.fail(i, s, "what was sent is repeated: %v with %v", a, a.Header)
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		f.clock.Advance(time.Hour) // the limits are right, and others' to test
		f.renew()
	case a.Status == http.StatusUnauthorized && s.signedIn() && (code == "unauthenticated" || code == "token_expired"):
		in := f.as.post("/auth/login", map[string]any{"email": f.as.email, "password": f.as.password})
		if in.Status != http.StatusOK {
			f.renew()
			return
		}
		f.as.take(data[signedIn](in).Tokens)
	case s.method == http.MethodDelete && a.Status < http.StatusMultipleChoices:
		f.renew()
	}
}

// fail shows a request so that it can be repeated.
func (f *fuzz) fail(i int, s shot, format string, args ...any) {
	f.t.Helper()
	f.failures++
	f.t.Errorf("request %d of seed %d (%v, %s): %s\n  %s %q %q ?%q\n  %q\n  %.3000q", i, f.seed, s.operation, s.shape,
		fmt.Sprintf(format, args...), s.method, s.path, s.rawPath, s.query, s.header, s.body)
}

// newGenerator makes the i-th request of a seed, whatever came before it, for the things a person has now.
func newGenerator(seed uint64, i int, as victim) *generator {
	return &generator{
		Rand: rand.New(rand.NewPCG(seed, uint64(i))), as: as, canary: fmt.Sprintf("zq%dx%dqz", seed, i),
	}
}
