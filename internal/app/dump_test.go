package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// dump reads every value of every row of the database, by table, save for the tables that are left out.
func (s *site) dump(except ...string) map[string][][]string {
	s.t.Helper()
	all := map[string][][]string{}
	for name := range s.tables() {
		if !slices.Contains(except, name) && !slices.Contains(sealing, name) {
			all[name] = s.query("select * from " + name)
			slices.SortFunc(all[name], slices.Compare)
		}
	}
	return all
}

// sealing are the tables in which the audit log's events get their places in the chain, a second later and by themselves.
var sealing = []string{"audit_chain", "audit_head", "audit_outbox"}

func TestWhoeverStealsTheDatabaseCannotSignInWithIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		secret, recovery := p.enrol()
		k := p.newKey(map[string]any{"name": "script", "scopes": []string{"read", "chat"}})
		s.clock.Advance(time.Minute)
		p.login2(s.totpNow(secret))
		tried := map[string]bool{}
		text := ""
		for table, rows := range s.dump() {
			if strings.HasPrefix(table, "goose") || table == "jobs" || table == "job_slots" {
				continue
			}
			for _, row := range rows {
				for _, value := range row {
					if text += value + "\n"; len(value) >= 6 && len(value) < 1000 && !strings.ContainsFunc(value, unicode.IsControl) {
						tried[value] = true
					}
				}
			}
		}
		for _, handedOut := range append(recovery, secret, k.Key, strings.TrimPrefix(k.Key, "jsp_"), p.access, p.refresh, p.password, strings.ReplaceAll(recovery[0], "-", "")) {
			if strings.Contains(strings.ToLower(text), strings.ToLower(handedOut)) {
				t.Errorf("the database shows %q", handedOut)
			}
		}
		for value := range tried {
			for _, token := range []string{value, "jsp_" + value} {
				if a := s.withKey(token).get("/portfolio/summary"); a.Status != http.StatusUnauthorized {
					t.Errorf("got %v with %q from the database", a, value)
				}
			}
			if len(value) <= 200 {
				if a := s.stranger().post("/auth/refresh", map[string]any{"refreshToken": value}); a.Status != http.StatusUnauthorized {
					t.Errorf("got %v with %q from the database", a, value)
				}
			}
		}
		for _, row := range s.dump()["recovery_codes"] {
			for _, value := range row {
				if len(value) > 36 { // the hash, which is what a thief would try
					p.signIn(value[:64]).fails(http.StatusUnauthorized, "invalid_code")
					s.clock.Advance(4 * time.Minute)
				}
			}
		}
		if len(tried) < 40 {
			t.Errorf("tried %d values, want the database's", len(tried))
		}
		fmt.Fprintln(t.Output(), len(tried), "values tried as access token, API key and refresh token")
	})
}
