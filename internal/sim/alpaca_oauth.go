package sim

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// AlpacaApp is an application registered with the simulated Alpaca.
type AlpacaApp struct {
	ClientID     string
	ClientSecret string
	RedirectURIs []string // matched exactly
}

// codeLife is how long an authorization code can be exchanged.
const codeLife = 10 * time.Minute

func (g grant) allows(env string) bool { return slices.Contains(g.Envs, env) }

// code is a grant on its way to becoming a token.
type code struct {
	grant
	redirectURI string
	expires     time.Time
}

// oauthState are the codes not yet exchanged, and the tokens.
type oauthState struct {
	mu     sync.Mutex
	issued int
	codes  map[string]code
	tokens tokens
}

// NewToken is one more access token for an account of the customer, as consent to read it leads to.
func (s *Sim) NewToken(customer, env string) string {
	return s.oauth.tokens.issue(s.World.seed, grant{Customer: customer, Envs: []string{env}})
}

// RevokeTokens takes back every token of the customer, as revoking the application in Alpaca's dashboard does.
func (s *Sim) RevokeTokens(customer string) { s.oauth.tokens.revoke(customer) }

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated Alpaca: connect an account</title>
<style>body{font:16px/1.5 system-ui;max-width:34rem;margin:3rem auto;padding:0 1rem}.note{background:#fff3cd;padding:.5rem 1rem}
label{display:block;margin:.3rem 0}button{font:inherit;padding:.4rem 1.2rem;margin-right:.5rem}</style></head><body>
<p class="note"><strong>Simulated.</strong> This page is part of a make-believe brokerage: no real account is behind it.</p>
<h1>Connect your account?</h1>
<p>The application asks to read your {{.Env}} account{{with .Scope}}, with the scope <code>{{.}}</code>{{end}}.</p>
<form method="post"><fieldset><legend>Who are you?</legend>
{{range $i, $c := .Customers}}<label><input type="radio" name="customer" value="{{$c.ID}}"{{if eq $i 0}} checked{{end}}> {{$c.Name}}</label>
{{end}}</fieldset>
<p><button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></p></form></body></html>
`))

// authorizeRequest is a checked request for consent.
type authorizeRequest struct {
	redirectURI string
	state       string
	scope       string
	envs        []string
}

// readAuthorize checks the query. Nothing is ever sent to an address that is not registered, so all errors are shown here.
func (s *Sim) readAuthorize(query url.Values) (authorizeRequest, string) {
	req := authorizeRequest{query.Get("redirect_uri"), query.Get("state"), query.Get("scope"), []string{Live, Paper}}
	switch env := query.Get("env"); {
	case query.Get("response_type") != "code":
		return req, "The response_type has to be code."
	case s.Alpaca.ClientID == "" || query.Get("client_id") != s.Alpaca.ClientID:
		return req, "There is no application with this client_id."
	case !slices.Contains(s.Alpaca.RedirectURIs, req.redirectURI):
		return req, "The redirect_uri is not registered for this application."
	case env == Live || env == Paper:
		req.envs = []string{env}
	case env != "":
		return req, "The env has to be live or paper."
	}
	return req, ""
}

// offered are the customers who have an account in one of the environments.
func (s *Sim) offered(envs []string) []Customer {
	return slices.DeleteFunc(s.World.Customers(), func(c Customer) bool {
		return !slices.ContainsFunc(c.Environments, func(env string) bool { return slices.Contains(envs, env) })
	})
}

func (s *Sim) authorizePage(w http.ResponseWriter, r *http.Request) {
	req, problem := s.readAuthorize(r.URL.Query())
	if problem != "" {
		http.Error(w, "Simulated Alpaca: "+problem, http.StatusBadRequest)
		return
	}
	env := "live and paper"
	if len(req.envs) == 1 {
		env = req.envs[0]
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// An error here means that the reader left.
	_ = consentPage.Execute(w, map[string]any{"Env": env, "Scope": req.scope, "Customers": s.offered(req.envs)})
}

func (s *Sim) authorizeAnswer(w http.ResponseWriter, r *http.Request) {
	req, problem := s.readAuthorize(r.URL.Query())
	if problem != "" {
		http.Error(w, "Simulated Alpaca: "+problem, http.StatusBadRequest)
		return
	}
	answer := url.Values{}
	if req.state != "" {
		answer.Set("state", req.state)
	}
	offered := s.offered(req.envs)
	i := slices.IndexFunc(offered, func(c Customer) bool { return c.ID == r.PostFormValue("customer") })
	switch {
	case r.PostFormValue("decision") != "allow":
		answer.Set("error", "access_denied")
	case i < 0:
		http.Error(w, "Simulated Alpaca: there is no such customer.", http.StatusBadRequest)
		return
	default:
		envs := slices.DeleteFunc(req.envs, func(env string) bool { return !slices.Contains(offered[i].Environments, env) })
		answer.Set("code", s.newCode(code{
			grant{Customer: offered[i].ID, Envs: envs, Scope: req.scope}, req.redirectURI, s.World.Now().Add(codeLife),
		}))
	}
	target, err := url.Parse(req.redirectURI)
	if err != nil {
		http.Error(w, "Simulated Alpaca: the registered redirect_uri is not an address.", http.StatusBadRequest)
		return
	}
	query := target.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	target.RawQuery = query.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

func (s *Sim) newCode(c code) string {
	s.oauth.mu.Lock()
	defer s.oauth.mu.Unlock()
	if s.oauth.codes == nil {
		s.oauth.codes = map[string]code{}
	}
	s.oauth.issued++
	name := s.World.uuid("code", s.oauth.issued)
	s.oauth.codes[name] = c
	return name
}

// exchange turns a code into a token. A code is gone at its first use, whatever comes of it.
func (s *Sim) exchange(name, redirectURI string) (token string, g grant, ok bool) {
	s.oauth.mu.Lock()
	defer s.oauth.mu.Unlock()
	c, ok := s.oauth.codes[name]
	delete(s.oauth.codes, name)
	if !ok || c.redirectURI != redirectURI || !s.World.Now().Before(c.expires) {
		return "", grant{}, false
	}
	return s.oauth.tokens.issue(s.World.seed, c.grant), c.grant, true
}

func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	oauthError := func(status int, code, description string) {
		writeJSON(w, status, alpacaJSON, map[string]string{"error": code, "error_description": description})
	}
	for _, field := range []string{"grant_type", "code", "client_id", "client_secret", "redirect_uri"} {
		if r.PostFormValue(field) == "" {
			alpacaError(w, http.StatusUnprocessableEntity, 42210000, field+" is required")
			return
		}
	}
	if r.PostFormValue("grant_type") != "authorization_code" {
		oauthError(http.StatusBadRequest, "unsupported_grant_type", "the grant type is not supported")
		return
	}
	if r.PostFormValue("client_id") != s.Alpaca.ClientID || r.PostFormValue("client_secret") != s.Alpaca.ClientSecret {
		oauthError(http.StatusUnauthorized, "invalid_client", "client authentication failed")
		return
	}
	token, g, ok := s.exchange(r.PostFormValue("code"), r.PostFormValue("redirect_uri"))
	if !ok {
		oauthError(http.StatusBadRequest, "invalid_grant", "the code is unknown, used or expired")
		return
	}
	writeJSON(w, http.StatusOK, alpacaJSON, map[string]string{"access_token": token, "token_type": "bearer", "scope": g.Scope})
}
