package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// TestTheJSONSuiteIsReadAsItSays sends each file of the JSON test suite as the body of each operation that takes one: what
// is no JSON (n_) is refused, what is (y_) and what readers may decide on (i_) never fails on our side.
func TestTheJSONSuiteIsReadAsItSays(t *testing.T) {
	files := sharedtest.Tar(t, "security/corpora/jsontestsuite-MIT.tar.xz")
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		v := newVictim(s)
		tried := map[string]int{}
		for _, o := range s.contract.operations() {
			if o.body() == nil {
				continue
			}
			path := v.fill(t, o.path, nil)
			for name, text := range files {
				kind, _, isCase := strings.Cut(strings.TrimPrefix(name, "test_parsing/"), "_")
				if !isCase || len(kind) != 1 {
					continue // a licence
				}
				a := v.do(o.method, path, string(text))
				switch {
				case a.Status >= http.StatusInternalServerError, kind == "n" && a.failure().Error.Code == "":
					t.Errorf("%s: got %v", name, a)
				case kind == "n" && a.Status != http.StatusBadRequest && a.Status != http.StatusRequestEntityTooLarge:
					t.Errorf("%s: got %v, want 400, or 413 for what is too large", name, a)
				}
				tried[kind]++
			}
			tried["operations"]++
		}
		n := tried["operations"]
		if tried["n"] != 188*n || tried["y"] != 95*n || tried["i"] != 35*n || n < 8 {
			t.Errorf("got %v, want every file with every operation", tried)
		}
		t.Logf("%d operations, %d files that must fail, %d that must not, %d that may", n, tried["n"]/n, tried["y"]/n, tried["i"]/n)
	})
}
