package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// scopeOf is the scope that an operation is to have, by where it is. Operations that are not listed are for sessions.
func (o operation) scopeOf() string {
	begins := func(prefix string) bool { return strings.HasPrefix(o.path, "/api/"+prefix) }
	switch {
	case !o.needsToken():
		return "public"
	case begins("chat"):
		return "chat"
	case begins("stocks"), begins("news"), begins("edgar"), o.method == http.MethodGet && (begins("portfolio") || begins("brokerages")):
		return "read"
	case begins("portfolio"), begins("brokerages"):
		return "write"
	}
	return ""
}

func TestAnAPIKeyOpensTheRoutesOfItsScopesAndNoOthers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s) // the first person, so an admin
		keys := map[string]*person{}
		for _, scope := range []string{"read", "write", "chat", "admin"} {
			keys[scope] = s.withKey(v.newKey(map[string]any{"name": scope, "scopes": []string{scope}}).Key)
		}
		s.waitIdle()
		except := append([]string{"api_keys"}, background...) // their last use is noted
		before, refused, open := s.dump(except...), 0, 0
		for _, o := range s.contract.operations() {
			want := o.scopeOf()
			if got, _ := o.Extensions["x-scope"].(string); want != "public" && got != want && got != "admin" {
				t.Errorf("%v: it says that it needs the scope %q, want %q", o, got, want)
			}
			for scope, by := range keys {
				if want != "public" && scope != want && o.Extensions["x-scope"] != scope {
					by.do(o.method, v.fill(t, o.path, nil), o.sample()).fails(http.StatusForbidden, "insufficient_scope")
					refused++
				}
			}
		}
		if diff := cmp.Diff(before, s.dump(except...)); diff != "" {
			t.Errorf("a key changed something beyond its scopes (-before +after):\n%s", diff)
		}
		for _, o := range s.contract.operations() {
			if by := keys[o.scopeOf()]; by != nil {
				a := by.do(o.method, v.fill(t, o.path, db.NewID), o.sample())
				if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
					t.Errorf("got %v with a key of the scope %s", a, o.scopeOf())
				}
				open++
			}
		}
		t.Logf("%d refusals, %d operations open", refused, open)
		s.waitIdle()
	})
}

func TestAnAPIKeyWorksUntilItIsRevokedOrExpires(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		k := p.newKey(map[string]any{"name": "script", "scopes": []string{"chat", "read"}, "expiresInDays": 1})
		script := s.withKey(k.Key)
		script.get("/portfolio/summary").status(http.StatusOK)
		eventually(t, "last use", func() error {
			if list := data[[]shownKey](p.get("/auth/api-keys")); len(list) != 1 || list[0].LastUsedAt == nil || list[0].Key != "" {
				return errNotYet
			}
			return nil
		})
		talk := script.newSession(map[string]any{})
		if got := s.query("select action, actor from audit_logs where action like 'chat%'"); len(got) > 0 && got[0][1] != "api_key" {
			t.Errorf("got %v recorded, want it to be the key's doing", got)
		}
		if got := p.messages(talk.ID); len(got) != 0 {
			t.Errorf("got %v, want the key's conversation to be its person's", got)
		}
		p.do(http.MethodDelete, "/auth/api-keys/"+k.ID, nil).status(http.StatusNoContent)
		script.get("/portfolio/summary").fails(http.StatusUnauthorized, "unauthenticated")
		p.do(http.MethodDelete, "/auth/api-keys/"+k.ID, nil).fails(http.StatusNotFound, "not_found")

		script = s.withKey(p.newKey(map[string]any{"name": "short", "scopes": []string{"read"}, "expiresAt": s.clock.Now().Add(time.Hour)}).Key)
		script.get("/portfolio/summary").status(http.StatusOK)
		s.clock.Advance(time.Hour)
		script.get("/portfolio/summary").fails(http.StatusUnauthorized, "unauthenticated")
		p.login()
		p.post("/auth/api-keys", map[string]any{"name": "k", "scopes": []string{"read"}, "password": "not mine"}).fails(http.StatusUnauthorized, "invalid_credentials")
		bob := s.register("bob")
		bob.post("/auth/api-keys", map[string]any{"name": "k", "scopes": []string{"admin"}, "password": bob.password}).fails(http.StatusForbidden, "forbidden")
	})
}
