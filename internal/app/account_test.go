package app_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// shownLogin is a session as it is listed.
type shownLogin struct {
	ID                               string
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	Address, UserAgent               *string
	Current                          bool
}

// shownKey is an API key, with the key itself when it was made just now.
type shownKey struct {
	ID, Name, Key        string
	Scopes               []string
	CreatedAt, ExpiresAt time.Time
	LastUsedAt           *time.Time
}

// newKey makes an API key with the person's password.
func (p *person) newKey(body map[string]any) shownKey {
	p.t.Helper()
	body = maps.Clone(body)
	body["password"] = p.password
	k := data[shownKey](p.post("/auth/api-keys", body).status(http.StatusCreated))
	p.keepSecret(k.Key)
	return k
}

// withKey is somebody who has nothing but an API key.
func (s *site) withKey(key string) *person {
	p := s.stranger()
	p.access = key
	return p
}

// totpNow is what an authenticator app shows for a secret.
func (s *site) totpNow(secret string) string {
	s.t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		s.t.Fatal(err)
	}
	mac := hmac.New(sha1.New, raw)
	_ = binary.Write(mac, binary.BigEndian, s.clock.Now().Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// enrol turns the second factor on, and returns its secret and recovery codes.
func (p *person) enrol() (secret string, recovery []string) {
	p.t.Helper()
	e := data[struct{ Secret, URI string }](p.post("/auth/totp/enrol", map[string]any{"password": p.password}).status(http.StatusOK))
	made := data[struct{ RecoveryCodes []string }](p.post("/auth/totp/confirm", map[string]any{"code": p.totpNow(e.Secret)}).status(http.StatusOK))
	p.keepSecret(e.Secret)
	p.keepSecret(made.RecoveryCodes...)
	return e.Secret, made.RecoveryCodes
}

func (p *person) signIn(totp string) answer {
	p.t.Helper()
	return p.post("/auth/login", map[string]any{"email": p.email, "password": p.password, "totp": totp}, header("Authorization", ""))
}

func TestTheSecondFactorFromEnrolmentToItsEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.post("/auth/totp/confirm", map[string]any{"code": "123456"}).fails(http.StatusConflict, "conflict")
		p.post("/auth/totp/enrol", map[string]any{"password": "not my password"}).fails(http.StatusUnauthorized, "invalid_credentials")
		secret, recovery := p.enrol()
		p.signIn("").fails(http.StatusUnauthorized, "second_factor_required")
		p.signIn(p.totpNow(secret)).fails(http.StatusUnauthorized, "invalid_code") // used for confirming
		s.clock.Advance(30 * time.Second)
		p.signIn(p.totpNow(secret)).status(http.StatusOK)
		p.signIn(recovery[0]).status(http.StatusOK)
		for range 4 {
			p.signIn("no code").fails(http.StatusUnauthorized, "invalid_code")
		}
		a := p.signIn(recovery[1]).fails(http.StatusTooManyRequests, "rate_limited")
		if got := a.Header.Get("Retry-After"); got != "870" { // the first wrong code was 30 seconds ago
			t.Errorf("got Retry-After %q, want 870", got)
		}
		s.clock.Advance(15 * time.Minute)
		p.login2(p.totpNow(secret))
		fresh := data[struct{ RecoveryCodes []string }](p.post("/auth/totp/recovery-codes",
			map[string]any{"password": p.password, "totp": recovery[1]}).status(http.StatusOK)).RecoveryCodes
		status := data[struct {
			Enabled           bool
			RecoveryCodesLeft int
		}](p.get("/auth/totp").status(http.StatusOK))
		if !status.Enabled || status.RecoveryCodesLeft != 10 || len(fresh) != 10 || slices.Contains(fresh, recovery[2]) {
			t.Errorf("got %+v and the codes %v, want ten new ones", status, fresh)
		}
		p.post("/auth/totp/disable", map[string]any{"password": p.password, "totp": ""}).fails(http.StatusUnauthorized, "second_factor_required")
		both := map[string]any{"password": p.password, "totp": fresh[0]}
		p.post("/auth/totp/disable", both).status(http.StatusNoContent)
		p.post("/auth/totp/disable", both).fails(http.StatusConflict, "conflict")
		p.signIn("").status(http.StatusOK)
	})
}

// login2 signs in with a second factor.
func (p *person) login2(totp string) {
	p.t.Helper()
	p.take(data[signedIn](p.signIn(totp).status(http.StatusOK)).Tokens)
}

func TestLoginsAreListedAndEnded(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		phone := *p
		s.clock.Advance(time.Minute)
		phone.login()
		list := data[[]shownLogin](p.get("/auth/sessions").status(http.StatusOK))
		if len(list) != 2 || list[0].Current || !list[1].Current || !list[0].CreatedAt.Equal(s.clock.Now()) {
			t.Fatalf("got %+v, want the phone, and the one that asks", list)
		}
		p.do(http.MethodDelete, "/auth/sessions/"+list[0].ID, nil).status(http.StatusNoContent)
		phone.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.do(http.MethodDelete, "/auth/sessions/"+list[0].ID, nil).fails(http.StatusNotFound, "not_found")
		phone.login()
		p.post("/auth/logout-all", nil).status(http.StatusNoContent)
		for _, gone := range []*person{p, &phone} {
			gone.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
			gone.refreshWith(gone.refresh).fails(http.StatusUnauthorized, "unauthenticated")
		}
	})
}

// wrongAccountFields are requests that are read well and wrong in what they say.
var wrongAccountFields = map[string]struct {
	path string
	body any
	want []string
}{
	"login long code":   {"/auth/login", object{"email": "ada@example.com", "password": password, "totp": long(65)}, []string{"body.totp"}},
	"login wrong types": {"/auth/login", object{"email": "ada@example.com", "password": password, "totp": 1, "cookie": "yes"}, []string{"body.cookie", "body.totp"}},
	"enrol nothing":     {"/auth/totp/enrol", object{canary: 1}, []string{"body.password"}},
	"enrol 73 bytes":    {"/auth/totp/enrol", object{"password": long(73)}, []string{"body.password"}},
	"confirm nothing":   {"/auth/totp/confirm", object{}, []string{"body.code"}},
	"confirm long code": {"/auth/totp/confirm", object{"code": long(65)}, []string{"body.code"}},
	"disable nothing":   {"/auth/totp/disable", object{}, []string{"body.password", "body.totp"}},
	"renew wrong types": {"/auth/totp/recovery-codes", object{"password": 1, "totp": []string{canary}}, []string{"body.password", "body.totp"}},
	"key nothing":       {"/auth/api-keys", object{}, []string{"body.name", "body.password", "body.scopes"}},
	"key wrong types":   {"/auth/api-keys", object{"name": 1, "scopes": canary, "expiresAt": canary, "expiresInDays": "x", "password": 1}, []string{"body.expiresAt", "body.expiresInDays", "body.name", "body.password", "body.scopes"}},
	"key unknown scope": {"/auth/api-keys", object{"name": "k", "scopes": []string{"read", canary}, "password": password}, []string{"body.scopes[1]"}},
	"key all wrong":     {"/auth/api-keys", object{"name": "", "scopes": []string{canary}, "expiresInDays": 0, "password": password}, []string{"body.expiresInDays", "body.name", "body.scopes[0]"}},
	"key wrong rules": {"/auth/api-keys", object{"name": "", "scopes": []string{"read", canary}, "expiresAt": "2020-01-01T00:00:00Z", "expiresInDays": 0, "password": long(73)},
		[]string{"body.expiresAt", "body.expiresInDays", "body.name", "body.password", "body.scopes[1]"}},
	"key five scopes":     {"/auth/api-keys", object{"name": "k", "scopes": []string{"read", "read", "read", "read", "read"}, "password": password}, []string{"body.scopes"}},
	"key no scope":        {"/auth/api-keys", object{"name": "k", "scopes": []string{}, "password": password}, []string{"body.scopes"}},
	"key of blanks":       {"/auth/api-keys", object{"name": " ", "scopes": []string{"read"}, "password": password}, []string{"body.name"}},
	"key both ends":       {"/auth/api-keys", object{"name": "k", "scopes": []string{"read"}, "expiresAt": "2026-12-01T00:00:00Z", "expiresInDays": 3, "password": password}, []string{"body.expiresAt"}},
	"key in the past":     {"/auth/api-keys", object{"name": canary + "\x00", "scopes": []string{"read"}, "expiresAt": "2020-01-01T00:00:00Z", "password": password}, []string{"body.expiresAt", "body.name"}},
	"key for ever":        {"/auth/api-keys", object{"name": "k", "scopes": []string{"read"}, "expiresInDays": 100000, "password": password}, []string{"body.expiresInDays"}},
	"sessions odd page":   {"/auth/sessions?limit=0&cursor=" + long(201), nil, []string{"query.cursor", "query.limit"}},
	"sessions own cursor": {"/auth/sessions?cursor=" + canary, nil, []string{"query.cursor"}},
	"keys own cursor":     {"/auth/api-keys?cursor=" + canary, nil, []string{"query.cursor"}},
	"refresh without any": {"/auth/refresh", object{"refreshToken": ""}, []string{"body.refreshToken"}},
	"register odd cookie": {"/auth/register", object{"email": "x@example.com", "password": password, "cookie": 1}, []string{"body.cookie"}},
}

func TestWrongFieldsOfAccountsAreAllNamedAndNeverRepeated(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		for name, tc := range wrongAccountFields {
			method := http.MethodPost
			if tc.body == nil {
				method = http.MethodGet
			}
			a := p.do(method, tc.path, tc.body).fails(http.StatusUnprocessableEntity, "validation_failed")
			a.wantNoEcho()
			if got := a.fields(); !slices.Equal(got, tc.want) {
				t.Errorf("%s: got %v, want the fields %v", name, a, tc.want)
			}
		}
		for _, id := range []string{canary, strings.Repeat("0", 36), "%27%20or%201=1"} {
			p.do(http.MethodDelete, "/auth/sessions/"+id, nil).fails(http.StatusNotFound, "not_found").wantNoEcho()
			p.do(http.MethodDelete, "/auth/api-keys/"+id, nil).fails(http.StatusNotFound, "not_found").wantNoEcho()
		}
		p.post("/auth/totp/disable", object{"password": password, "totp": canary}).fails(http.StatusConflict, "conflict").wantNoEcho()
	})
}
