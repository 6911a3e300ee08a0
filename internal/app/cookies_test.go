package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inBrowser is the person on the web page: signed in with cookies, holding no token.
func (p *person) inBrowser() *person {
	p.t.Helper()
	page := p.stranger()
	page.email, page.password, page.id = p.email, p.password, p.id
	page.post("/auth/login", map[string]any{"email": p.email, "password": p.password, "cookie": true}).status(http.StatusOK)
	page.keepSecret(page.cookie("jaspers_access"), page.cookie("jaspers_refresh"))
	return page
}

// cookie is what the browser sends to the routes of accounts.
func (p *person) cookie(name string) string {
	at, _ := url.Parse(p.url + "/api/auth/refresh")
	for _, c := range p.browser.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func cookiesOf(a answer) []*http.Cookie { return (&http.Response{Header: a.Header}).Cookies() }

func TestAPageSignsInWithCookiesThatNoScriptSees(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		page := p.inBrowser()
		page.get("/auth/me").status(http.StatusOK)
		page.get("/portfolio/summary").status(http.StatusOK)

		old := page.cookie("jaspers_refresh")
		a := page.post("/auth/refresh", map[string]any{}).status(http.StatusOK)
		if !strings.Contains(string(a.Body), `"tokens":null`) || page.cookie("jaspers_refresh") == old {
			t.Errorf("got %v, want new cookies and no tokens in the body", a)
		}
		page.get("/auth/me").status(http.StatusOK)
		if a := p.refreshWith(p.refresh).status(http.StatusOK); len(cookiesOf(a)) > 0 {
			t.Errorf("got the cookies %v for a token in the body", cookiesOf(a))
		}
		access, refresh := page.cookie("jaspers_access"), page.cookie("jaspers_refresh")
		gone := cookiesOf(page.post("/auth/logout", nil).status(http.StatusNoContent))
		if len(gone) != 2 || gone[0].MaxAge >= 0 || gone[1].MaxAge >= 0 || page.cookie("jaspers_access")+page.cookie("jaspers_refresh") != "" {
			t.Errorf("got the cookies %v, want both taken away", gone)
		}
		page.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		s.withKey(access).get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.refreshWith(refresh).fails(http.StatusUnauthorized, "unauthenticated")
		page = p.inBrowser()
		if gone := cookiesOf(page.post("/auth/logout-all", nil).status(http.StatusNoContent)); len(gone) != 2 {
			t.Errorf("got the cookies %v, want both taken away", gone)
		}
		fresh := s.stranger()
		a = fresh.post("/auth/register", map[string]any{"email": "bob@example.com", "password": password, "cookie": true}).status(http.StatusCreated)
		if len(cookiesOf(a)) != 2 || !strings.Contains(string(a.Body), `"tokens":null`) {
			t.Errorf("got %v with %v, want cookies and no tokens", a, cookiesOf(a))
		}
		fresh.get("/auth/me").status(http.StatusOK)
	})
}

func TestCookiesAreForThisSiteAloneAndWithHTTPSSecure(t *testing.T) {
	for scheme, want := range map[string][]string{
		"http":  {"jaspers_access / false", "jaspers_refresh /api/auth false"},
		"https": {"__Host-jaspers_access / true", "__Secure-jaspers_refresh /api/auth true"},
	} {
		t.Run(scheme, func(t *testing.T) {
			oneEngine(t, setup{settings: []string{"JASPERS_PUBLIC_URL=" + scheme + "://jaspers.example.com"}}, func(t *testing.T, s *site) {
				p := s.register("ada")
				a := p.post("/auth/login", map[string]any{"email": p.email, "password": password, "cookie": true}).status(http.StatusOK)
				var got []string
				values := map[string]string{}
				for _, c := range cookiesOf(a) {
					if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 7*24*3600 || c.Domain != "" || strings.Contains(string(a.Body), c.Value) {
						t.Errorf("got the cookie %v", c)
					}
					secure := " false"
					if c.Secure {
						secure = " true"
					}
					got = append(got, c.Name+" "+c.Path+secure)
					values[c.Name] = c.Value
					s.keepSecret(c.Value)
				}
				if !slices.Equal(got, want) {
					t.Errorf("got the cookies %v, want %v", got, want)
				}
				sent := func(name, value string) change { return header("Cookie", name+"="+value) }
				accessName, _, _ := strings.Cut(want[0], " ")
				refreshName, _, _ := strings.Cut(want[1], " ")
				s.stranger().get("/auth/me", sent(accessName, values[accessName])).status(http.StatusOK)
				s.stranger().post("/auth/refresh", map[string]any{}, sent(refreshName, values[refreshName])).status(http.StatusOK)
				for _, other := range []string{"jaspers_access", "__Host-jaspers_access"} {
					if other != accessName {
						s.stranger().get("/auth/me", sent(other, values[accessName])).fails(http.StatusUnauthorized, "unauthenticated")
					}
				}
				for _, other := range []string{"jaspers_refresh", "__Secure-jaspers_refresh"} {
					if other != refreshName {
						s.stranger().post("/auth/refresh", map[string]any{}, sent(other, values[refreshName])).fails(http.StatusUnprocessableEntity, "validation_failed")
					}
				}
				for _, c := range cookiesOf(p.post("/brokerages/connect", map[string]any{"provider": "alpaca"}).status(http.StatusOK)) {
					if strings.HasPrefix(c.Name, "__Secure-jaspers_connect_") != c.Secure || c.Secure != (scheme == "https") {
						t.Errorf("got the cookie %v", c)
					}
				}
				k := p.newKey(map[string]any{"name": "k", "scopes": []string{"read"}})
				s.stranger().get("/portfolio/summary", sent(accessName, k.Key)).fails(http.StatusUnauthorized, "unauthenticated")
			})
		})
	}
}

func TestOfTwoCarriersTheHeaderCounts(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		page, bob := s.register("ada").inBrowser(), s.register("bob")
		if me := data[struct{ ID string }](page.get("/auth/me", bearer(bob.access)).status(http.StatusOK)); me.ID != bob.id {
			t.Errorf("got %s, want bob, whose token is in the header", me.ID)
		}
		page.get("/auth/me", bearer("no token")).fails(http.StatusUnauthorized, "unauthenticated")
		page.get("/auth/me", header("Authorization", "Basic YTpi")).fails(http.StatusUnauthorized, "unauthenticated")
		if a := page.post("/auth/logout", nil, bearer(bob.access)).status(http.StatusNoContent); len(cookiesOf(a)) > 0 {
			t.Errorf("got the cookies %v when bob left, want ada's left alone", cookiesOf(a))
		}
		bob.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		page.get("/auth/me").status(http.StatusOK)
	})
}

// background are the tables that change by themselves.
var background = []string{"jobs", "job_slots", "price_histories", "price_years", "price_splits", "price_dividends", "vendor_paces", "api_usage_logs",
	"edgar_tickers", "edgar_fetches", "edgar_filers", "edgar_pages", "edgar_filings", "edgar_filing_cache",
	"stock_quote_cache", "company_info_cache", "stock_news_cache", "passage_documents", "passages",
	"passage_words", "passage_words_config", "passage_words_data", "passage_words_docsize", "passage_words_idx"}

func TestWithACookieOtherSitesAndTheirFormsChangeNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		page := v.inBrowser()
		s.waitIdle()
		before := s.dump(background...)
		attacks := map[string][]change{
			"cross-site":     {header("Sec-Fetch-Site", "cross-site")},
			"same-site":      {header("Sec-Fetch-Site", "same-site")},
			"foreign origin": {header("Origin", "https://evil.example.com")},
			"null origin":    {header("Origin", "null")},
		}
		for _, form := range []string{"text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			attacks[form] = []change{header("Content-Type", form)}
			attacks[form+" cross-site"] = []change{header("Content-Type", form), header("Sec-Fetch-Site", "cross-site")}
		}
		tried := 0
		for _, o := range s.contract.operations() {
			if o.method == http.MethodGet {
				continue
			}
			for name, changes := range attacks {
				a := page.do(o.method, v.fill(t, o.path, nil), o.sample(), changes...)
				want := http.StatusForbidden
				if strings.HasPrefix(name, "text") || strings.HasPrefix(name, "app") || strings.HasPrefix(name, "multi") {
					if !strings.Contains(name, "cross-site") {
						want = http.StatusUnsupportedMediaType
					}
				}
				if a.Status != want {
					t.Errorf("%s: got %v, want status %d", name, a, want)
				}
				tried++
			}
		}
		if diff := cmp.Diff(before, s.dump(background...)); diff != "" {
			t.Errorf("another site changed something (-before +after):\n%s", diff)
		}
		t.Logf("%d requests of other sites refused", tried)
		page.post("/chat/sessions", map[string]any{}, header("Sec-Fetch-Site", "same-origin")).status(http.StatusCreated)
	})
}

func TestReadsChangeNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		page := v.inBrowser()
		s.waitIdle()
		before := s.dump(background...)
		for _, o := range s.contract.operations() {
			if o.method == http.MethodGet && o.path != "/api/users/export" { // which is recorded
				for _, changes := range [][]change{nil, {header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example.com")}} {
					page.get(v.fill(t, o.path, nil), changes...)
				}
			}
		}
		if diff := cmp.Diff(before, s.dump(background...)); diff != "" {
			t.Errorf("a read changed something (-before +after):\n%s", diff)
		}
	})
}
