package app_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

var errNotYet = errors.New("not yet")

// replica is a second server on the same database.
func (s *site) replica() *site {
	s.t.Helper()
	log, err := telemetry.NewLog(s.log, slog.LevelDebug, "json")
	if err != nil {
		s.t.Fatal(err)
	}
	second, err := app.New(s.t.Context(), s.cfg, app.Options{Log: log, Now: s.clock.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	server := httptest.NewServer(second.Handler)
	s.t.Cleanup(func() {
		server.Close()
		if err := second.Close(); err != nil {
			s.t.Errorf("close: %v", err)
		}
	})
	return &site{t: s.t, clock: s.clock, sim: s.sim, app: second, url: server.URL, contract: s.contract, db: s.db, log: s.log}
}

func TestWhatIsRevokedOnOneReplicaIsDeadOnTheOther(t *testing.T) {
	onEngines(t, setup{}, func(t *testing.T, s *site) {
		p, other := s.register("ada"), s.replica()
		for name, end := range map[string]func(here *person){
			"logout":     func(here *person) { here.post("/auth/logout", nil).status(http.StatusNoContent) },
			"logout-all": func(here *person) { here.post("/auth/logout-all", nil).status(http.StatusNoContent) },
			"another session ends it": func(here *person) {
				desk := *here
				desk.login()
				for _, v := range data[[]shownLogin](desk.get("/auth/sessions").status(http.StatusOK)) {
					if !v.Current {
						desk.do(http.MethodDelete, "/auth/sessions/"+v.ID, nil).status(http.StatusNoContent)
					}
				}
			},
			"another session changes the password": func(here *person) {
				desk := *here
				desk.login()
				p.password += "!"
				s.keepSecret(p.password)
				desk.post("/auth/change-password", map[string]any{"currentPassword": desk.password, "newPassword": p.password}).status(http.StatusNoContent)
			},
			"its refresh token comes back": func(here *person) {
				here.refreshWith(here.refresh).status(http.StatusOK)
				s.clock.Advance(time.Minute)
				here.refreshWith(here.refresh).fails(http.StatusUnauthorized, "refresh_token_reused")
			},
		} {
			here := *p
			here.login()
			there := here
			there.site = other
			there.get("/auth/me").status(http.StatusOK)
			page := here.inBrowser()
			_ = page // a session more, so that there is something to choose from
			end(&here)
			start := time.Now()
			a, b := there.get("/auth/me"), here.get("/auth/me")
			if a.Status != http.StatusUnauthorized || b.Status != http.StatusUnauthorized {
				t.Errorf("%s: got %v there and %v here, want both refused at once", name, a, b)
			}
			there.refreshWith(there.refresh).fails(http.StatusUnauthorized, "unauthenticated")
			if took := time.Since(start); took > time.Second {
				t.Logf("%s: asking took %v", name, took)
			}
		}
		p.login()
		k := p.newKey(map[string]any{"name": "k", "scopes": []string{"read"}})
		script := other.withKey(k.Key)
		script.get("/portfolio/summary").status(http.StatusOK)
		p.do(http.MethodDelete, "/auth/api-keys/"+k.ID, nil).status(http.StatusNoContent)
		script.get("/portfolio/summary").fails(http.StatusUnauthorized, "unauthenticated")
	}, db.Postgres)
}
