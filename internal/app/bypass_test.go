package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// tight are the limits as they are without settings.
var tight = []string{"JASPERS_LIMIT_REQUESTS=1000", "JASPERS_LIMIT_SIGN_INS=5", "JASPERS_LIMIT_SIGN_UPS=20", "JASPERS_LIMIT_MESSAGES=10"}

// behindProxy makes this machine's usual loopback address a proxy that is believed.
var behindProxy = append([]string{"JASPERS_TRUSTED_PROXIES=127.0.0.1/32"}, tight...)

const victimHome = "127.7.7.7"

// from gives somebody another address on this machine to ask from.
func (s *site) from(source string) *person {
	s.t.Helper()
	if runtime.GOOS != "linux" {
		s.t.Skip("only Linux has all of 127.0.0.0/8")
	}
	p := s.stranger()
	p.browser.Transport.(*http.Transport).DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}).DialContext
	return p
}

// at asks another process of the same installation.
func (p *person) at(url string) *person {
	q := *p
	q.site = &site{t: p.t, clock: p.clock, url: url, contract: p.contract, log: p.log}
	return &q
}

// limitHeaders is what a counted answer says: lists of strings with parameters (RFC 9651).
var (
	policyForm = regexp.MustCompile(`^("[a-z-]+";q=\d+;w=\d+)(, "[a-z-]+";q=\d+;w=\d+)*$`)
	stateForm  = regexp.MustCompile(`^("[a-z-]+";r=\d+;t=\d+)(, "[a-z-]+";r=\d+;t=\d+)*$`)
	stateOf    = regexp.MustCompile(`"([a-z-]+)";r=(\d+);t=(\d+)`)
)

// quota reads what is left of a limit and when one more is there.
func (a answer) quota(name string) (remaining, reset int) {
	a.t.Helper()
	policy, state := a.Header.Values("RateLimit-Policy"), a.Header.Values("RateLimit")
	if len(policy) != 1 || len(state) != 1 || !policyForm.MatchString(policy[0]) || !stateForm.MatchString(state[0]) {
		a.t.Fatalf("%s: got the policies %q and %q", a.to, policy, state)
	}
	for _, m := range stateOf.FindAllStringSubmatch(state[0], -1) {
		if m[1] == name {
			remaining, _ = strconv.Atoi(m[2])
			reset, _ = strconv.Atoi(m[3])
			return remaining, reset
		}
	}
	a.t.Fatalf("%s: got %q, want the limit %s in it", a.to, state, name)
	return 0, 0
}

// limited wants a refusal that says which limit, and when to come back.
func (a answer) limited(name string) answer {
	a.t.Helper()
	a.fails(http.StatusTooManyRequests, "rate_limited")
	wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if remaining, reset := a.quota(name); remaining != 0 || err != nil || wait < reset || wait < 1 {
		a.t.Errorf("%s: got %d remaining, reset %d, Retry-After %q", a.to, remaining, reset, a.Header.Get("Retry-After"))
	}
	if !strings.Contains(a.failure().Error.Message, name) {
		a.t.Errorf("got %q, want %s named", a.failure().Error.Message, name)
	}
	return a
}

// guess tries a wrong password and tells whether it was compared.
func (p *person) guess(email string, changes ...change) bool {
	p.t.Helper()
	a := p.post("/auth/login", map[string]any{"email": email, "password": "one guess of many"}, changes...)
	if a.Status == http.StatusUnauthorized {
		a.fails(http.StatusUnauthorized, "invalid_credentials")
		return true
	}
	a.limited("sign-in")
	return false
}

// compared counts those of n guesses that were.
func compared(n int, guess func(i int) bool) (count int) {
	for i := range n {
		if guess(i) {
			count++
		}
	}
	return count
}

// attack makes n guesses, of which the site may compare five.
func (s *site) attack(n int, guess func(i int) bool) {
	s.t.Helper()
	if compared := compared(n, guess); compared != 5 {
		s.t.Errorf("got %d of %d guesses compared, want 5", compared, n)
	}
}

func randomAddress() string {
	return fmt.Sprintf("%d.%d.%d.%d", 11+rand.IntN(80), rand.IntN(256), rand.IntN(256), 1+rand.IntN(254))
}

// nobody is an account for each guess, so that only the address is counted.
func nobody(i int) string { return fmt.Sprintf("nobody-%d@example.com", i) }

// spray guesses at a new account each time, with the headers that way gives.
func spray(n int, way func(i int) []string) func(t *testing.T, s *site) {
	return func(t *testing.T, s *site) {
		p := s.stranger()
		s.attack(n, func(i int) bool {
			return p.guess(nobody(i), func(r *http.Request) {
				for _, line := range way(i) {
					name, value, _ := strings.Cut(line, ": ")
					r.Header.Add(name, value)
				}
			})
		})
	}
}

const forwarded = "X-Forwarded-For: "

// bypass is a way round the limits, and the settings under which it might work.
type bypass struct {
	settings []string
	attack   func(t *testing.T, s *site)
}

// bypasses has one for each entry of the list that is no header alone.
func bypasses() map[string]bypass {
	return map[string]bypass{
		"xff-leftmost":  {behindProxy, spray(20, func(int) []string { return []string{forwarded + randomAddress() + ", 203.0.113.9"} })},
		"xff-two-lines": {behindProxy, spray(20, func(int) []string { return []string{forwarded + randomAddress(), forwarded + "203.0.113.9"} })},
		"xff-garbage": {behindProxy, spray(20, func(int) []string {
			return []string{forwarded + randomAddress() + `, unknown, _hidden, "[::1]:99", 999.1.1.1`}
		})},
		"xff-1000-hops": {behindProxy, spray(20, func(int) []string {
			return []string{forwarded + strings.Repeat(randomAddress()+", ", 1000) + "203.0.113.9"}
		})},
		"ipv6-64": {behindProxy, spray(20, func(i int) []string { return []string{fmt.Sprintf("%s2001:db8:1:2:%x::%x", forwarded, i, i+1)} })},
		"ipv4-mapped": {behindProxy, spray(20, func(i int) []string {
			return []string{forwarded + []string{"203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"}[i%3]}
		})},
		"xff-victim":      {tight, inTheVictimsName},
		"email-variants":  {tight, onSpellings},
		"many-sources":    {tight, fromEverywhere},
		"many-accounts":   {tight, spray(200, func(int) []string { return nil })},
		"two-replicas":    {tight, onTwoReplicas},
		"redis-down":      {append([]string{"JASPERS_REDIS_URL=redis://127.0.0.1:1"}, tight...), onEachAlone},
		"http2-multiplex": {tight, onOneConnection},
	}
}

func TestEveryWayRoundTheLimitsFails(t *testing.T) {
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/rate-limit-bypass.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ ID, Header, Value string }
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 24 {
		t.Fatalf("got %d ways (%v), want 24", len(list), err)
	}
	for _, entry := range list {
		t.Run(entry.ID, func(t *testing.T) {
			if entry.ID != "two-replicas" { // whose Redis must not be late because everything is busy
				t.Parallel()
			}
			b, known := bypasses()[entry.ID]
			if !known {
				if entry.Header == "" {
					t.Fatal("there is no test of this")
				}
				b = bypass{tight, spray(20, func(int) []string {
					return []string{entry.Header + ": " + strings.Replace(entry.Value, "random public IPv4 per request", randomAddress(), 1)}
				})}
			}
			s := startSite(t, db.SQLite, setup{settings: b.settings})
			victim := s.from(victimHome)
			victim.email, victim.password = "ada@example.com", password
			victim.post("/auth/register", map[string]any{"email": victim.email, "password": password}).status(http.StatusCreated)
			b.attack(t, s)
			victim.login() // from home, in the middle of it
			s.clock.Advance(signInWindow)
			clean := s.from("127.8.8.8")
			clean.email, clean.password = victim.email, password
			clean.login() // from where nobody knows them, when the window is over
		})
	}
}

// inTheVictimsName claims the victim's address: that neither helps nor shuts it out.
func inTheVictimsName(t *testing.T, s *site) {
	spray(20, func(int) []string { return []string{forwarded + victimHome} })(t, s)
	if !s.from(victimHome).guess(nobody(99)) {
		t.Error("the victim's address is refused")
	}
}

func onSpellings(_ *testing.T, s *site) {
	spellings := []string{"ada@example.com", "ADA@Example.com", "  ada@example.com\t", "ａｄａ@example.com", "ada+tag@example.com", "aDa+x+y@example.com", "ada@example．com"}
	s.attack(30, func(i int) bool { return s.from(fmt.Sprintf("127.0.1.%d", i+1)).guess(spellings[i%len(spellings)]) })
	other := []string{"ida@example.com", "ıda@example.com", "İda@example.com"}
	s.attack(15, func(i int) bool { return s.from(fmt.Sprintf("127.0.2.%d", i+1)).guess(other[i%len(other)]) })
}

// Who has signed in from an address is known there. That is no reason to let the owner of a look-alike guess.
func TestALookAlikeOfAnAddressIsNotKnownInItsPlace(t *testing.T) {
	oneEngine(t, setup{settings: tight}, func(_ *testing.T, s *site) {
		var attackers []*person
		for i := range 6 {
			p := s.from(fmt.Sprintf("127.0.3.%d", i+1))
			p.post("/auth/register", map[string]any{"email": fmt.Sprintf("ada+%d@example.com", i), "password": password}).status(http.StatusCreated)
			attackers = append(attackers, p)
		}
		s.attack(30, func(i int) bool { return attackers[i%len(attackers)].guess("ada@example.com") })
	})
}

// fromEverywhere guesses at one account from 199 addresses.
func fromEverywhere(_ *testing.T, s *site) {
	s.attack(199, func(i int) bool { return s.from(fmt.Sprintf("127.0.0.%d", i+2)).guess("ada@example.com") })
}

// replica starts another process's worth of the server on the same database, and returns its address.
func (s *site) replica(t *testing.T) string {
	t.Helper()
	a := s.process(t)
	server := httptest.NewServer(a.Handler)
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// process is one more process of the site, which serves nobody yet.
func (s *site) process(t *testing.T) *app.App {
	t.Helper()
	cfg, err := app.LoadConfig(s.environ, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onTwoReplicas turns from one process to the other. When the machine is so busy that Redis did not answer one of them in
// time, that was another test's case, and it is tried again.
func onTwoReplicas(t *testing.T, s *site) {
	redis := startRedis(t)
	s.environ = append(s.environ, "JASPERS_REDIS_URL="+redis.url)
	both := []string{s.replica(t), s.replica(t)}
	for try := range 4 {
		s.countTogether(s.stranger().at(both[0]), s.stranger().at(both[1]))
		before, _ := s.outages()
		account := fmt.Sprintf("ada-%d@example.com", try)
		many := compared(199, func(i int) bool { return s.from(fmt.Sprintf("127.0.0.%d", i+2)).at(both[i%2]).guess(account) })
		one := s.from(fmt.Sprintf("127.0.4.%d", try+1))
		alone := compared(20, func(i int) bool { return one.at(both[i%2]).guess(nobody(i)) })
		if after, _ := s.outages(); after > before {
			continue
		}
		if many != 5 || alone != 5 {
			t.Errorf("got %d guesses compared from many addresses and %d from one, want 5 and 5", many, alone)
		}
		return
	}
	t.Error("Redis was late in every try")
}

// onEachAlone is for a Redis that is not there: each process keeps to its own count.
func onEachAlone(t *testing.T, s *site) {
	fromEverywhere(t, s)
	p := s.stranger()
	s.attack(20, func(i int) bool { return p.guess(nobody(i)) })
	if n := strings.Count(s.log.String(), "Redis does not answer"); n != 1 {
		t.Errorf("got %d warnings, want one", n)
	}
}

// onOneConnection sends 200 guesses at once over one HTTP/2 connection.
func onOneConnection(t *testing.T, s *site) {
	server := httptest.NewUnstartedServer(s.app.Handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	var compared, refused, connections atomic.Int32
	transport := server.Client().Transport.(*http.Transport)
	dial := &net.Dialer{}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		connections.Add(1)
		return dial.DialContext(ctx, network, addr)
	}
	var all sync.WaitGroup
	send := func() {
		resp, err := server.Client().Post(server.URL+"/api/auth/login", "application/json", strings.NewReader(`{"email":"ada@example.com","password":"one guess of many"}`))
		if err != nil {
			t.Error(err)
			return
		}
		_ = resp.Body.Close()
		switch {
		case resp.ProtoMajor == 2 && resp.StatusCode == http.StatusUnauthorized:
			compared.Add(1)
		case resp.ProtoMajor == 2 && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable):
			refused.Add(1)
		}
	}
	send() // opens the connection
	for range 199 {
		all.Go(send)
	}
	all.Wait()
	// On a busy machine some of the five wait in vain for their turn to be hashed, and are given back.
	if compared.Load() > 5 || compared.Load()+refused.Load() != 200 || connections.Load() != 1 {
		t.Errorf("got %d compared and %d refused on %d connections, want at most 5 of 200 on one", compared.Load(), refused.Load(), connections.Load())
	}
}
