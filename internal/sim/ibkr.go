package sim

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const ibkrJSON = "application/json;charset=utf-8"

// IBKRGateway is how the simulated gateway is run.
type IBKRGateway struct {
	// User is the customer who is signed in when it starts; empty for nobody.
	User string
	// Idle is how long a session lasts at which nobody asks anything; five and a half minutes when 0.
	Idle time.Duration
	// Rate is how many requests a second are let through, by the clock on the wall; any number when 0.
	Rate int
}

const (
	ibkrIdle    = 5*time.Minute + 30*time.Second
	ibkrPenalty = 10 * time.Minute
	ibkrPage    = 100
	ibkrDays    = 7
)

// ibkrPaces are how long callers have to wait between calls of a path.
var ibkrPaces = map[string]time.Duration{
	"/portfolio/accounts": 5 * time.Second, "/iserver/account/trades": 5 * time.Second, "/tickle": time.Second,
}

// ibkrState is what a gateway knows of its session. There is one session, whoever calls.
type ibkrState struct {
	mu         sync.Mutex
	begun      bool
	user       string // who is signed in
	wasIn      bool   // somebody has been: then the answer is 401 and no redirect
	lastAsked  time.Time
	brokerage  bool // the second session is here
	competing  bool // it is somewhere else
	listed     bool // the portfolio's accounts were asked for
	iserver    bool // the brokerage's accounts were
	selected   string
	looked     map[int64]bool // conids whose definition is at hand
	calls      map[string]time.Time
	second     time.Time
	inSecond   int
	boxedUntil time.Time
}

// SignInIBKR does what a customer does on the gateway's page; an empty user signs out. What the gateway knew of the last session is gone.
func (s *Sim) SignInIBKR(user string) {
	s.ibkr.mu.Lock()
	defer s.ibkr.mu.Unlock()
	s.signIn(user)
}

func (s *Sim) signIn(user string) {
	g := &s.ibkr
	g.wasIn = g.wasIn || g.user != ""
	g.user, g.begun, g.lastAsked = user, true, s.World.Now()
	g.brokerage, g.listed, g.iserver, g.selected, g.looked = false, false, false, "", map[int64]bool{}
}

// CompeteIBKR has the customer use Trader Workstation, which takes the second session, or close it again.
func (s *Sim) CompeteIBKR(elsewhere bool) {
	s.ibkr.mu.Lock()
	defer s.ibkr.mu.Unlock()
	s.ibkr.competing = elsewhere
	if elsewhere {
		s.ibkr.brokerage = false
	}
}

// ibkrGateway is the Client Portal Gateway: its page for signing in, and its API.
func (s *Sim) ibkrGateway() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.ibkrPage)
	mux.HandleFunc("GET /sso/Login", s.ibkrPage)
	mux.HandleFunc("POST /sso/Login", s.ibkrSignIn)
	api := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/tickle": s.ibkrTickle, "/iserver/auth/status": s.ibkrStatus,
		"POST /iserver/auth/ssodh/init": s.ibkrInit, "POST /logout": s.ibkrLogout, "GET /sso/validate": s.ibkrValidate,
		"GET /portfolio/accounts": s.ibkrAccounts, "GET /portfolio/{account}/ledger": s.ibkrLedger,
		"GET /portfolio/{account}/positions/{page}": s.ibkrPositions, "POST /portfolio/{account}/positions/invalidate": s.ibkrInvalidate,
		"GET /trsrv/secdef": s.ibkrSecdef, "GET /iserver/accounts": s.ibkrTradable, "POST /iserver/account": s.ibkrSelect,
		"GET /iserver/account/trades": s.ibkrTrades,
	} {
		api.HandleFunc(path, handler)
	}
	api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeText(w, http.StatusNotFound, "text/html", "<html><body><h1>Resource not found</h1></body></html>")
	})
	mux.Handle("/v1/api/", http.StripPrefix("/v1/api", s.ibkrGate(api)))
	return mux
}

// ibkrGate turns away who asks too much, forgot the length of a body, or is not signed in.
func (s *Sim) ibkrGate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &s.ibkr
		g.mu.Lock()
		defer g.mu.Unlock() // one call after the other, as the program behind it does
		now := s.World.Now()
		if !g.begun {
			s.signIn(s.IBKR.User)
		}
		http.SetCookie(w, &http.Cookie{Name: "x-sess-uuid", Value: s.World.uuid("session", g.user), Path: "/", HttpOnly: true, Secure: r.TLS != nil})
		if r.Method == http.MethodPost && r.ContentLength < 0 || r.Method == http.MethodPost && r.Header.Get("Content-Length") == "" && r.ContentLength == 0 {
			writeText(w, http.StatusLengthRequired, "text/html", "<HTML><HEAD><TITLE>Length Required</TITLE></HEAD></HTML>")
			return
		}
		if s.ibkrTooMany(r.URL.Path, now) {
			ibkrError(w, http.StatusTooManyRequests, "Too many requests")
			return
		}
		idle := s.IBKR.Idle
		if idle == 0 {
			idle = ibkrIdle
		}
		if g.user != "" && now.Sub(g.lastAsked) > idle {
			s.signIn("")
		}
		if g.user == "" {
			if g.wasIn {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Location", "/ibkr/sso/Login?forwardTo=22&RL=1&ip2loc=on")
			w.WriteHeader(http.StatusFound)
			return
		}
		g.lastAsked = now
		next.ServeHTTP(w, r)
	})
}

// ibkrTooMany counts a call. Who is too quick is locked out for ten minutes, whatever they ask.
func (s *Sim) ibkrTooMany(path string, now time.Time) bool {
	g := &s.ibkr
	if now.Before(g.boxedUntil) {
		return true
	}
	if second := time.Now().Truncate(time.Second); !second.Equal(g.second) {
		g.second, g.inSecond = second, 0
	}
	g.inSecond++
	last, called := g.calls[path]
	if g.calls == nil {
		g.calls = map[string]time.Time{}
	}
	if every, paced := ibkrPaces[path]; paced {
		g.calls[path] = now
		if called && now.Sub(last) < every {
			g.boxedUntil = now.Add(ibkrPenalty)
		}
	}
	if s.IBKR.Rate > 0 && g.inSecond > s.IBKR.Rate {
		g.boxedUntil = now.Add(ibkrPenalty)
	}
	return now.Before(g.boxedUntil)
}

func ibkrError(w http.ResponseWriter, status int, text string) {
	body := map[string]any{"error": text}
	if status >= 500 {
		body["statusCode"] = status
	}
	writeJSON(w, status, ibkrJSON, body)
}

var ibkrLoginPage = template.Must(template.New("login").Parse(`<!doctype html><html lang="en"><title>Simulated gateway</title>
<h1>Simulated Client Portal Gateway</h1><p>Nothing here is real. Signed in: {{if .User}}{{.User}}{{else}}nobody{{end}}.</p>
<form method="post" action="/ibkr/sso/Login"><label>Sign in as <select name="user">{{range .Users}}<option>{{.}}</option>{{end}}</select></label>
<button>Sign in</button></form></html>`))

func (s *Sim) ibkrPage(w http.ResponseWriter, _ *http.Request) {
	s.ibkr.mu.Lock()
	defer s.ibkr.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// An error here means that the reader left.
	_ = ibkrLoginPage.Execute(w, map[string]any{"User": s.ibkr.user, "Users": s.ibkrUsers()})
}

// ibkrUsers are the customers with an account here.
func (s *Sim) ibkrUsers() []string {
	var users []string
	for _, c := range s.World.Customers() {
		if len(s.World.IBKRAccounts(c.ID)) > 0 {
			users = append(users, c.ID)
		}
	}
	return users
}

func (s *Sim) ibkrSignIn(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("user")
	if !slices.Contains(s.ibkrUsers(), user) {
		writeText(w, http.StatusUnauthorized, "text/html", "<html><body>Invalid username password combination</body></html>")
		return
	}
	s.SignInIBKR(user)
	writeText(w, http.StatusOK, "text/html", "<html><body>Client login succeeds</body></html>")
}

// authStatus is how the second session stands, in the gateway's words.
func (s *Sim) authStatus() map[string]any {
	g := &s.ibkr
	return map[string]any{
		"authenticated": g.brokerage, "established": g.brokerage, "competing": g.competing, "connected": true, "message": "",
		"MAC": "02:00:00:00:00:01", "hardware_info": "simulated|02:00:00:00:00:01", "fail": "",
		"serverInfo": map[string]string{"serverName": "Simulated", "serverVersion": "Build 10.44.1d"},
	}
}

func (s *Sim) ibkrTickle(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, ibkrJSON, map[string]any{
		"session": strings.ReplaceAll(s.World.uuid("tickle", s.ibkr.user), "-", ""), "hmds": map[string]string{"error": "no bridge"},
		"iserver": map[string]any{"authStatus": s.authStatus()},
	})
}

func (s *Sim) ibkrStatus(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, ibkrJSON, s.authStatus())
}

// ibkrInit opens the second session; from another place it is taken only by who says so.
func (s *Sim) ibkrInit(w http.ResponseWriter, r *http.Request) {
	var in struct{ Publish, Compete bool }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !in.Publish {
		ibkrError(w, http.StatusInternalServerError, "failed to generate sso dh token")
		return
	}
	s.ibkr.competing = s.ibkr.competing && !in.Compete
	s.ibkr.brokerage = !s.ibkr.competing
	writeJSON(w, http.StatusOK, ibkrJSON, s.authStatus())
}

func (s *Sim) ibkrLogout(w http.ResponseWriter, _ *http.Request) {
	s.signIn("")
	writeJSON(w, http.StatusOK, ibkrJSON, map[string]bool{"status": true})
}

func (s *Sim) ibkrValidate(w http.ResponseWriter, _ *http.Request) {
	kind := 1
	if accounts := s.World.IBKRAccounts(s.ibkr.user); len(accounts) > 0 && accounts[0].Paper {
		kind = 2
	}
	writeJSON(w, http.StatusOK, ibkrJSON, map[string]any{"USER_NAME": s.ibkr.user, "RESULT": true, "LOGIN_TYPE": kind, "EXPIRES": 415890})
}

// controlIBKR is what a person does at the gateway or elsewhere: {"signIn":"alex"}, {"signOut":true}, {"compete":true}.
func (s *Sim) controlIBKR(r *http.Request) error {
	var in struct {
		SignIn  string `json:"signIn"`
		SignOut bool   `json:"signOut"`
		Compete *bool  `json:"compete"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return err
	}
	switch {
	case in.SignIn != "":
		if !slices.Contains(s.ibkrUsers(), in.SignIn) {
			return fmt.Errorf("there is no such customer; there are %v", s.ibkrUsers())
		}
		s.SignInIBKR(in.SignIn)
	case in.SignOut:
		s.SignInIBKR("")
	case in.Compete != nil:
		s.CompeteIBKR(*in.Compete)
	default:
		return fmt.Errorf("nothing to do: signIn, signOut or compete")
	}
	return nil
}
