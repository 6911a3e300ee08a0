package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// remake signs the claims and header of a person's token anew, after they were changed.
func (p *person) remake(method jwt.SigningMethod, key any, edit func(header map[string]any, claims jwt.MapClaims)) string {
	p.t.Helper()
	claims := jwt.MapClaims{}
	genuine, _, err := jwt.NewParser().ParseUnverified(p.access, claims)
	if err != nil {
		p.t.Fatal(err)
	}
	forged := jwt.NewWithClaims(method, claims)
	forged.Header["typ"], forged.Header["kid"] = genuine.Header["typ"], genuine.Header["kid"]
	if edit != nil {
		edit(forged.Header, claims)
	}
	text, err := forged.SignedString(key)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func TestOnlyTheServersOwnLiveTokensOpenIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, other := s.register("ada"), s.register("bob")
		key := []byte(jwtSecret)
		claim := func(name string, value any) func(map[string]any, jwt.MapClaims) {
			return func(_ map[string]any, claims jwt.MapClaims) { claims[name] = value }
		}
		head := func(name string, value any) func(map[string]any, jwt.MapClaims) {
			return func(header map[string]any, _ jwt.MapClaims) { header[name] = value }
		}
		hs256 := jwt.SigningMethodHS256
		if a := p.get("/auth/me", bearer(p.remake(hs256, key, nil))); a.Status != http.StatusOK {
			t.Fatalf("got %v for a token remade as it was: what follows would prove nothing", a)
		}
		parts := strings.Split(p.access, ".")
		for name, token := range map[string]string{
			"empty":                   "",
			"no token":                canary,
			"unsigned":                p.remake(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
			"its signature left out":  parts[0] + "." + parts[1] + ".",
			"another's payload":       parts[0] + "." + strings.Split(other.access, ".")[1] + "." + parts[2],
			"another key":             p.remake(hs256, []byte(strings.Repeat(canary, 8)), nil),
			"another algorithm":       p.remake(jwt.SigningMethodHS512, key, nil),
			"another key's id":        p.remake(hs256, key, head("kid", canary)),
			"a key's address":         p.remake(hs256, key, head("kid", "../../../dev/null")),
			"another kind in header":  p.remake(hs256, key, head("typ", "JWT")),
			"another kind in claims":  p.remake(hs256, key, claim("typ", "refresh")),
			"another issuer":          p.remake(hs256, key, claim("iss", canary)),
			"another audience":        p.remake(hs256, key, claim("aud", canary)),
			"no end":                  p.remake(hs256, key, claim("exp", nil)),
			"made later":              p.remake(hs256, key, claim("iat", s.clock.Now().Add(time.Hour).Unix())),
			"nobody's":                p.remake(hs256, key, claim("sub", "01999999-0000-7000-8000-000000000000")),
			"another person's":        p.remake(hs256, key, claim("sub", other.id)),
			"no session":              p.remake(hs256, key, claim("sid", canary)),
			"a session that is not":   p.remake(hs256, key, claim("sid", "01999999-0000-7000-8000-000000000000")),
			"longer than any of ours": p.remake(hs256, key, claim("pad", strings.Repeat(canary, 1000))),
			"a refresh token":         p.refresh,
		} {
			a := p.get("/auth/me", bearer(token)).fails(http.StatusUnauthorized, "unauthenticated")
			if a.wantNoEcho(); t.Failed() {
				t.Fatalf("with a token that is %s", name)
			}
		}
	})
}

func bearer(token string) change { return header("Authorization", "Bearer "+token) }

func TestATokenCountsInItsHeaderOnlyAndForItsTime(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.get("/auth/me", header("Authorization", "bearer  "+p.access)).status(http.StatusOK)
		for _, value := range []string{"", "Bearer", p.access, "Basic " + p.access, "Bearer " + p.access + " " + p.access, "Token " + p.access} {
			p.get("/auth/me", header("Authorization", value)).fails(http.StatusUnauthorized, "unauthenticated")
		}
		nobody := s.stranger()
		nobody.get("/auth/me?access_token="+p.access+"&token="+p.access).fails(http.StatusUnauthorized, "unauthenticated")
		nobody.get("/auth/me", header("Cookie", "access_token="+p.access)).fails(http.StatusUnauthorized, "unauthenticated")

		s.clock.Advance(15*time.Minute - time.Second)
		p.get("/auth/me").status(http.StatusOK)
		s.clock.Advance(7 * time.Second) // the clocks of two replicas may be five apart
		p.get("/auth/me").fails(http.StatusUnauthorized, "token_expired")
		p.post("/chat/sessions", map[string]any{}).fails(http.StatusUnauthorized, "token_expired")
	})
}

// refreshWith trades a token in.
func (p *person) refreshWith(token string) answer {
	p.t.Helper()
	return p.post("/auth/refresh", map[string]any{"refreshToken": token})
}

func TestARefreshTokenUsedTwiceEndsItsSessionAfterTheGrace(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		elsewhere := *p
		elsewhere.login()
		stolen := p.refresh
		p.take(data[struct{ Tokens tokens }](p.refreshWith(stolen).status(http.StatusOK)).Tokens)
		s.clock.Advance(19 * time.Second) // a second tab of the same browser
		tab := *p
		tab.take(data[struct{ Tokens tokens }](p.refreshWith(stolen).status(http.StatusOK)).Tokens)
		if tab.get("/auth/me").status(http.StatusOK); tab.refresh != p.refresh {
			t.Error("two tabs that refreshed at once hold two chains of tokens")
		}
		s.clock.Advance(2 * time.Second)
		p.refreshWith(stolen).fails(http.StatusUnauthorized, "refresh_token_reused")
		for _, gone := range []*person{p, &tab} {
			gone.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
			gone.refreshWith(gone.refresh).fails(http.StatusUnauthorized, "unauthenticated")
		}
		elsewhere.get("/auth/me").status(http.StatusOK)
	})
}

func TestARefreshTokenIsGoodForAWeekAndASessionForThirtyDays(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		idle := *p
		idle.login()
		for range 5 {
			s.clock.Advance(6 * 24 * time.Hour)
			if a := p.refreshWith(p.refresh); a.Status == http.StatusOK {
				p.take(data[struct{ Tokens tokens }](a).Tokens)
				continue
			}
			break
		}
		idle.refreshWith(idle.refresh).fails(http.StatusUnauthorized, "unauthenticated")
		if age := s.clock.Now().Sub(opening()); age != 30*24*time.Hour {
			t.Errorf("the session ended after %v, want 30 days", age)
		}
		p.get("/auth/me").fails(http.StatusUnauthorized, "token_expired")
		p.refreshWith(p.refresh).fails(http.StatusUnauthorized, "unauthenticated")
	})
}
