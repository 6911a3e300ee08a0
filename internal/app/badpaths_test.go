package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPathsThatAreNotThereAnswerInTheEnvelope(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, path := range []string{
			"", "/", "/nothing", "/" + canary, "/auth", "/auth/me/", "/auth/me/" + canary, "/auth%2fme", "/AUTH/ME", "/chat/sessions/" + p.id + "/" + canary,
			"/openapi.yaml", "/docs/" + canary, "/docs/../../" + canary, "/%2e%2e/" + canary, "/stocks/quote/", "/v2/auth/me",
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				a := p.do(method, path, nil)
				if a.Status >= 300 && a.Status < 400 { // the cleaned path, which is to be asked for
					if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
						t.Errorf("%v leads to %q", a, to)
					}
					continue
				}
				if a.fails(http.StatusNotFound, "not_found"); path != "" {
					a.wantNoEcho()
				}
			}
		}
		if a := p.do(http.MethodHead, "/"+canary, nil); a.Status != http.StatusNotFound || len(a.Body) > 0 {
			t.Errorf("got %v for HEAD, want 404 without a body", a)
		}
	})
}

func TestMethodsThatARouteDoesNotTakeAreNamed(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		v := newVictim(s)
		before := v.everything(t)
		taken := map[string][]string{}
		for _, o := range s.contract.operations() {
			taken[o.path] = append(taken[o.path], o.method)
			if o.method == http.MethodGet {
				taken[o.path] = append(taken[o.path], http.MethodHead)
			}
		}
		for path, methods := range taken {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
				if slices.Contains(methods, method) {
					continue
				}
				a := v.do(method, v.fill(t, path, nil), nil)
				if a.Status == http.StatusNotFound { // another route's {id} or {symbol} takes it
					continue
				}
				if a.Status != http.StatusMethodNotAllowed || method != http.MethodHead && a.failure().Error.Code != "method_not_allowed" {
					t.Errorf("got %v, want 405", a)
				}
				allowed := strings.Split(a.Header.Get("Allow"), ", ")
				if slices.Sort(allowed); !slices.Equal(allowed, slices.Sorted(slices.Values(methods))) {
					t.Errorf("%s %s: Allow names %v, want %v", method, path, allowed, methods)
				}
			}
		}
		if after := v.everything(t); len(after) != len(before) {
			t.Errorf("got %v, want everything as before", after)
		}
	})
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		v := newVictim(s)
		for _, o := range s.contract.operations() {
			if o.method != http.MethodGet {
				continue
			}
			path := v.fill(t, o.path, nil)
			whole, head := v.get(path), v.do(http.MethodHead, path, nil)
			if head.Status != whole.Status || len(head.Body) > 0 || head.Header.Get("Content-Type") != whole.Header.Get("Content-Type") {
				t.Errorf("%v: got %d %s for HEAD, %d %s for GET", o, head.Status, head.Header, whole.Status, whole.Header)
			}
		}
	})
}
