package app_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// caller is somebody who has to be turned away by everything that needs a token.
type caller struct {
	name    string
	person  *person
	changes []change
	as      refusal
}

// refusal is what such a caller is told: always the same words.
type refusal string

const (
	noToken refusal = "unauthenticated: no token that holds"
	ended   refusal = "unauthenticated: a token of ours, whose session is over"
	expired refusal = "token_expired"
)

func (r refusal) code() string {
	code, _, _ := strings.Cut(string(r), ":")
	return code
}

// as is the stranger with a token made of theirs; an empty one is none at all.
func as(p *person, token string) *person {
	q := *p
	q.access = token
	return &q
}

// refused are all kinds of callers who have no live token, among them some who had one.
func (m *matrix) refused(stranger victim) []caller {
	m.t.Helper()
	key, hs256, now := []byte(jwtSecret), jwt.SigningMethodHS256, m.clock.Now()
	made := func(edit func(header map[string]any, claims jwt.MapClaims)) *person {
		return as(m.person, m.remake(hs256, key, edit))
	}
	claim := func(name string, value any) *person {
		return made(func(_ map[string]any, claims jwt.MapClaims) { claims[name] = value })
	}
	parts := strings.Split(m.access, ".")
	out, elsewhere, disabled, deleted := m.register("out"), m.register("elsewhere"), m.register("disabled"), m.register("deleted")
	out.post("/auth/logout", nil).status(http.StatusNoContent)
	changed := *elsewhere
	changed.login()
	changed.post("/auth/change-password", map[string]any{"currentPassword": password, "newPassword": "another horse staple"}).status(http.StatusNoContent)
	m.write("update users set disabled_at = $2 where id = $1", disabled.id, now)
	m.write("delete from users where id = $1", deleted.id)
	return []caller{
		{"nobody", m.stranger(), nil, noToken},
		{"an expired token", made(func(_ map[string]any, claims jwt.MapClaims) {
			claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-time.Minute).Unix()
		}), nil, expired},
		{"a token for later", claim("nbf", now.Add(time.Hour).Unix()), nil, noToken},
		{"another key's", as(m.person, m.remake(hs256, []byte(strings.Repeat("k", 48)), nil)), nil, noToken},
		{"an unsigned token", as(m.person, m.remake(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil)), nil, noToken},
		{"the victim's claims under a signature of the stranger's", as(m.person, parts[0]+"."+parts[1]+"."+strings.Split(stranger.access, ".")[2]), nil, noToken},
		{"another issuer", claim("iss", "other"), nil, noToken},
		{"another audience", claim("aud", "other"), nil, noToken},
		{"another type", claim("typ", "refresh"), nil, noToken},
		{"the victim's session under the stranger's name", claim("sub", stranger.id), nil, ended},
		{"who signed out", out, nil, ended},
		{"who was signed in elsewhere before the password changed", elsewhere, nil, ended},
		{"who was disabled", disabled, nil, ended},
		{"who was deleted", deleted, nil, ended},
		{"a refresh token", as(m.person, m.refresh), nil, noToken},
		{"a token in the query", m.stranger(), []change{func(r *http.Request) {
			r.URL.RawQuery = "access_token=" + m.access + "&token=" + m.access + "&authorization=Bearer+" + m.access
		}}, noToken},
		{"a token in a cookie", m.stranger(), []change{header("Cookie", "access_token="+m.access+"; token="+m.access+"; Authorization="+m.access)}, noToken},
		{"a token in another header", m.stranger(), []change{header("X-Access-Token", m.access), header("X-Api-Key", m.access), header("Proxy-Authorization", "Bearer "+m.access)}, noToken},
		{"another scheme", m.stranger(), []change{header("Authorization", "Basic "+m.access)}, noToken},
	}
}

// refuseAll wants one and the same 401 by every operation that needs a token, whatever is sent with the request.
func (m *matrix) refuseAll(stranger victim) {
	m.t.Helper()
	said := map[refusal]string{}
	for _, c := range m.refused(stranger) {
		for _, o := range m.contract.operations() {
			if !o.needsToken() {
				continue
			}
			for _, body := range []any{m.body(o, false), "{ this is no JSON"} {
				if o.RequestBody == nil {
					body = nil
				}
				for _, form := range o.forms() {
					a := m.cell(c.person.do(o.method, m.fill(m.t, o.path, nil), body, append(slices.Clone(form), c.changes...)...))
					if a.Status != http.StatusUnauthorized || a.failure().Error.Code != c.as.code() || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
						m.t.Errorf("%s: got %v with %v, want 401 %s and how to sign in", c.name, a, a.Header, c.as.code())
					}
					if said[c.as] == "" {
						said[c.as] = without(a)
					}
					if diff := cmp.Diff(said[c.as], without(a)); diff != "" {
						m.t.Errorf("%s: %s: refused in other words (-before +now):\n%s", c.name, a.to, diff)
					}
				}
			}
		}
	}
}

// others are strangers of every kind who are let in: with a session, as the admin, and with API keys of each scope.
func (m *matrix) others(stranger victim) map[string]*person {
	m.t.Helper()
	admin := m.site.stranger()
	admin.email, admin.password = "first@example.com", password
	admin.login()
	all := map[string]*person{"a member": stranger.person, "the admin": admin}
	for scope, key := range stranger.apiKeys() {
		all["an API key for "+scope] = as(stranger.person, key)
	}
	return all
}

// apiKeys are keys of the person, one for each scope that is described; none where there are no keys.
func (p *person) apiKeys() map[string]string {
	p.t.Helper()
	keys := map[string]string{}
	for _, o := range p.contract.operations() {
		if o.method != http.MethodPost || !strings.HasSuffix(o.path, "/api-keys") {
			continue
		}
		scopes := o.RequestBody.Value.Content.Get("application/json").Schema.Value.Properties["scopes"]
		if scopes == nil || scopes.Value.Items == nil || len(scopes.Value.Items.Value.Enum) == 0 {
			p.t.Errorf("%v: got no list of scopes in the description, want one", o)
			continue
		}
		for _, scope := range scopes.Value.Items.Value.Enum {
			made := p.post(strings.TrimPrefix(o.path, "/api"), map[string]any{"name": "matrix", "scopes": []any{scope}, "password": p.password})
			if made.Status == http.StatusForbidden {
				continue // not for this person
			}
			secrets := secretsIn(made.status(http.StatusCreated))
			if len(secrets) != 1 {
				p.t.Fatalf("got %d secrets in %v, want the key", len(secrets), made)
			}
			keys[scope.(string)] = secrets[0]
		}
	}
	return keys
}
