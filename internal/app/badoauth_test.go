package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

func TestOnlyTheBrowserThatBeganFinishesAnAttemptOnceInTime(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, other := s.register("ada"), s.register("mallory")
		invalid := func(a answer) {
			t.Helper()
			a.fails(http.StatusBadRequest, "invalid_oauth_state").wantNoEcho()
		}
		none := func(what string) {
			t.Helper()
			for _, who := range []*person{p, other} {
				if list := data[[]link](who.get("/brokerages/connections")); len(list) > 0 {
					t.Errorf("%s made %v", what, list)
				}
			}
		}
		invalid(p.get("/brokerages/callback"))
		invalid(p.get("/brokerages/callback?code=" + canary + "&state=" + canary))

		back := p.consent(p.begin("live"), "alex", "allow")
		invalid(s.stranger().get(back))
		invalid(p.get(back)) // others have seen the state: it is spent for everybody
		none("a foreign browser")

		theirs := other.consent(other.begin("live"), "blair", "allow")
		p.begin("live") // with an attempt of one's own under way, and its cookie
		invalid(p.get(theirs))
		none("another person's attempt")

		back = p.consent(p.begin("live"), "alex", "allow")
		s.clock.Advance(10 * time.Minute)
		invalid(p.get(back))
		none("an attempt that was too old")

		p.get(p.consent(p.begin("live"), "alex", "deny")).fails(http.StatusForbidden, "authorization_denied").wantNoEcho()
		none("a customer who declined")

		back = p.consent(p.begin("live"), "alex", "allow")
		c := data[link](p.get(back).status(http.StatusOK))
		invalid(p.get(back))
		if list := data[[]link](p.get("/brokerages/connections")); len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("a callback played again made %v", list)
		}
		p.waitSynced(c.ID)
	})
}

// returning is the path by which a browser comes back with other words than the brokerage's.
func returning(a authorization, words url.Values) string {
	words.Set("state", a.State)
	return "/brokerages/callback?" + words.Encode()
}

func TestWhatTheBrokerageRefusesMakesNoConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.get(returning(p.begin("live"), url.Values{"code": {canary}})).fails(http.StatusForbidden, "authorization_denied").wantNoEcho()
		p.get(returning(p.begin("live"), url.Values{})).fails(http.StatusBadGateway, "upstream_failed")
		p.get(returning(p.begin("live"), url.Values{"error": {canary}})).fails(http.StatusBadGateway, "upstream_failed").wantNoEcho()
		p.get(returning(p.begin("live"), url.Values{"error": {"access_denied"}, "code": {canary}})).fails(http.StatusForbidden, "authorization_denied").wantNoEcho()
		for kind, want := range map[sim.FaultKind]struct {
			status int
			code   string
		}{
			sim.FaultGarbage:     {http.StatusBadGateway, "upstream_failed"},
			sim.FaultCutBody:     {http.StatusBadGateway, "upstream_failed"},
			sim.FaultServerError: {http.StatusServiceUnavailable, "upstream_unavailable"},
		} {
			back := p.consent(p.begin("live"), "alex", "allow")
			s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: kind, Path: "/oauth/token", Count: 1})
			p.get(back).fails(want.status, want.code)
		}
		if list := data[[]link](p.get("/brokerages/connections")); len(list) > 0 {
			t.Errorf("got %v, want no connection", list)
		}
	})
}

func TestTheAttemptsCookieIsForItsBrowserAndTheCallbackAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		a := p.post("/brokerages/connect", map[string]any{"provider": "alpaca"})
		cookies := (&http.Response{Header: a.Header}).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("got the cookies %v, want one", cookies)
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/api/brokerages/callback" || c.MaxAge != 600 || c.Value == "" {
			t.Errorf("got the cookie %v", c)
		}
		begun := data[authorization](a)
		if strings.Contains(string(a.Body), c.Value) || strings.Contains(c.Name+c.Value, begun.State) {
			t.Errorf("the cookie %v and the body %s tell of each other", c, a.Body)
		}
		done := p.get(p.consent(begun, "alex", "allow")).status(http.StatusOK)
		if gone := (&http.Response{Header: done.Header}).Cookies(); len(gone) != 1 || gone[0].Name != c.Name || gone[0].MaxAge >= 0 {
			t.Errorf("got the cookies %v at the end, want %s taken away", gone, c.Name)
		}
		p.waitSynced(data[link](done).ID)
	})
}
