package app_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

type auditEntry struct {
	ID, Action, Outcome, Actor             string
	At                                     time.Time
	UserID, ActorID, Target, CorrelationID *string
	Address, UserAgent                     *string
	Details                                map[string]string
	Sealed                                 bool
	Seq                                    *int64
}

func text(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

// short is who, what, on what and how it went, with the names of things in the place of their ids.
func (e auditEntry) short(names map[string]string) string {
	who := e.Actor
	if e.ActorID != nil {
		who += " " + names[*e.ActorID]
	}
	line := fmt.Sprintf("%s: %s %s %s", who, e.Action, names[text(e.Target)], e.Outcome)
	if e.Details["error"] != "" {
		line += " " + e.Details["error"]
	}
	return strings.Join(strings.Fields(line), " ")
}

func (p *person) audited(query string) []auditEntry {
	p.t.Helper()
	return data[[]auditEntry](p.get("/audit/logs" + query).status(http.StatusOK))
}

func TestAScriptedDayOfAPersonIsInTheAuditLogOnceAndInOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.register("root") // the admin
		p := s.register("ada")
		names := map[string]string{p.id: "ada", "-": ""}
		as := header("User-Agent", "day/1")
		p.do(http.MethodPatch, "/auth/me", map[string]any{"firstName": "Ada"}, as).status(http.StatusOK)
		p.get(p.consent(p.begin("live"), "alex", "deny")).fails(http.StatusForbidden, "authorization_denied")
		c := p.connect("alex")
		names[c.ID] = "connection"
		s.clock.Advance(time.Minute)
		p.post("/brokerages/connections/"+c.ID+"/sync", nil, as).status(http.StatusAccepted)
		p.waitSynced(c.ID)
		s.clock.Advance(time.Minute)
		p.syncAll()
		s.sim.RevokeTokens("alex")
		s.clock.Advance(time.Minute)
		p.post("/portfolio/sync", nil).status(http.StatusAccepted)
		p.waitStatus(c.ID, "reauthorization_required", "reauthorization_required")
		s.clock.Advance(time.Minute)
		p.connect("alex")
		chat := p.newSession(map[string]any{})
		names[chat.ID] = "conversation"
		p.do(http.MethodDelete, "/chat/sessions/"+chat.ID, nil).status(http.StatusNoContent)
		p.do(http.MethodDelete, "/brokerages/connections/"+c.ID, nil).status(http.StatusNoContent)

		want := []string{
			"user ada: account.profile_change success",
			"user ada: brokerage.connect_begin success",
			"user ada: brokerage.connect failure authorization_denied",
			"user ada: brokerage.connect_begin success",
			"user ada: brokerage.connect connection success",
			"system: brokerage.sync connection success",
			"user ada: brokerage.sync_request connection success",
			"system: brokerage.sync connection success",
			"user ada: brokerage.sync_request success",
			"system: brokerage.sync connection success",
			"user ada: brokerage.sync_request success",
			"system: brokerage.sync connection failure reauthorization_required",
			"system: brokerage.reauthorization_required connection failure reauthorization_required",
			"user ada: brokerage.connect_begin success",
			"user ada: brokerage.reauthorize connection success",
			"system: brokerage.sync connection success",
			"user ada: chat.session_create conversation success",
			"user ada: chat.session_delete conversation success",
			"user ada: brokerage.disconnect connection success",
		}
		var got []string
		all := p.audited("")
		for i := len(all) - 1; i >= 0; i-- {
			e := all[i]
			if strings.HasPrefix(e.Action, "account.") && e.Action != string(audit.ChangeProfile) {
				continue // package auth's own story
			}
			got = append(got, e.short(names))
			_, offset := e.At.Zone()
			byPerson := e.Actor == "user"
			if text(e.UserID) != p.id || e.At.After(s.clock.Now()) || e.At.Before(opening()) || offset != 0 ||
				byPerson != (text(e.Address) == "127.0.0.1") || byPerson && (text(e.CorrelationID) == "" || e.UserAgent == nil) {
				t.Errorf("got %+v, want whose, when in UTC, and from where", e)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the day (-want +got):\n%s", diff)
		}
		if first := all[len(all)-2]; text(first.UserAgent) != "day/1" {
			t.Errorf("got %+v, want its user agent", first)
		}
		eventually(t, "sealed", func() error {
			if e := p.audited("?limit=1")[0]; !e.Sealed || e.Seq == nil {
				return fmt.Errorf("got %+v", e)
			}
			return nil
		})
		if r, err := s.app.Audit.Verify(t.Context(), audit.Head{}); err != nil || r.Findings != nil || r.Rows < int64(len(want)) {
			t.Errorf("got %+v, %v, want a whole chain", r, err)
		}
	})
}

func TestTheAuditLogIsFilteredAndPagedAndOnlyAdminsSeeOthers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		root, ada := s.register("root"), s.register("ada")
		for i := range 5 {
			s.clock.Advance(time.Minute)
			ada.do(http.MethodPatch, "/auth/me", map[string]any{"firstName": fmt.Sprint("Ada ", i)}).status(http.StatusOK)
		}
		root.newSession(map[string]any{})
		at := func(minutes int) string {
			return opening().Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)
		}
		for query, want := range map[string]int{
			"?action=account.profile_change":                                    5,
			"?action=account.profile_change&outcome=success":                    5,
			"?action=account.profile_change&outcome=failure":                    0,
			"?action=account.profile_chang":                                     0,
			"?action=account.&from=" + at(1):                                    5,
			"?action=brokerage.":                                                0,
			"?action=chat.":                                                     0,
			"?from=" + at(2) + "&to=" + at(4):                                   2,
			"?from=" + at(6):                                                    0,
			"?from=" + at(5) + "&userId=" + ada.id:                              1,
			"?from=" + strings.Replace(at(5), "16:05:00Z", "11:05:00-05:00", 1): 1,
		} {
			if got := ada.audited(query); len(got) != want {
				t.Errorf("%s: got %d entries, want %d", query, len(got), want)
			}
		}
		whole := ada.audited("")
		for _, limit := range []int{1, 3, 200} {
			got, _ := walk[auditEntry](ada, "/audit/logs", limit)
			for i := range got {
				got[i].Sealed, got[i].Seq, whole[i].Sealed, whole[i].Seq = false, nil, false, nil // changes by itself
			}
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("%d a page (-whole +joined):\n%s", limit, diff)
			}
		}
		for _, query := range []string{"?all=true", "?userId=" + root.id, "?userId=" + db.NewID(), "?all=true&userId=" + ada.id} {
			ada.get("/audit/logs"+query).fails(http.StatusForbidden, "forbidden")
		}
		if got := root.audited("?action=chat."); len(got) != 1 || text(got[0].ActorID) != root.id {
			t.Errorf("got %+v, want the admin's own", got)
		}
		if got := root.audited("?all=true&action=account.profile_change"); len(got) != 5 || text(got[0].UserID) != ada.id {
			t.Errorf("got %d of everybody's, want 5", len(got))
		}
		if got := root.audited("?action=account.profile_change&userId=" + ada.id); len(got) != 5 || got[0].Address == nil {
			t.Errorf("got %+v, want ada's, with addresses", got)
		}
		if err := s.db.Tx(t.Context(), func(tx *sql.Tx) error { // as deleting the account does
			return errors.Join(s.app.Audit.Erase(t.Context(), tx, ada.id),
				s.app.Audit.Record(t.Context(), tx, audit.Event{Action: audit.DeleteAccount, UserID: ada.id}))
		}); err != nil {
			t.Fatal(err)
		}
		for _, e := range root.audited("?action=account.profile_change&userId=" + ada.id) {
			if e.Address != nil || e.UserAgent != nil || e.Details != nil || text(e.ActorID) != ada.id {
				t.Errorf("got %+v, want a tombstone with who and what", e)
			}
		}
		bad := root.get("/audit/logs?action=" + canary + "!&outcome=" + canary + "&userId=" + canary + "&from=" + canary + "&to=" + canary + "&all=" + canary + "&limit=0&cursor=" + long(201))
		bad.fails(http.StatusUnprocessableEntity, "validation_failed").wantNoEcho()
		want := []string{"query.action", "query.all", "query.cursor", "query.from", "query.limit", "query.outcome", "query.to", "query.userId"}
		if diff := cmp.Diff(want, bad.fields()); diff != "" {
			t.Errorf("wrong fields (-want +got):\n%s", diff)
		}
		root.get("/audit/logs?cursor="+canary).fails(http.StatusUnprocessableEntity, "validation_failed").wantNoEcho()
	})
}

func TestPeriodicSyncsAreRecordedOnlyWhenTheirOutcomeChanges(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		c := p.connect("alex")
		slot := func() { p.moveTo(s.clock.Now().Add(15 * time.Minute)) } // the market is open: each is due
		syncs := func() (lines []string) {
			for _, e := range p.audited("?action=brokerage.sync") {
				lines = append(lines, e.short(map[string]string{c.ID: "it"}))
			}
			return lines
		}
		for range 3 {
			slot()
			p.waitSynced(c.ID)
		}
		if got := syncs(); len(got) != 1 {
			t.Errorf("got %v, want only the first reading of the new connection", got)
		}
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultServerError, Status: http.StatusInternalServerError})
		slot()
		p.waitStatus(c.ID, "error", "upstream_unavailable")
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		for range 2 {
			slot()
			p.waitSynced(c.ID)
		}
		want := []string{"system: brokerage.sync it success", "system: brokerage.sync it failure upstream_unavailable", "system: brokerage.sync it success"}
		if diff := cmp.Diff(want, syncs()); diff != "" {
			t.Errorf("newest first (-want +got):\n%s", diff)
		}
	})
}

func TestWhereAWrongPasswordCameFromIsTheOwnersToSee(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		s.from("127.0.0.5").post("/auth/login", map[string]any{"email": p.email, "password": "a wrong password"}).fails(http.StatusUnauthorized, "invalid_credentials")
		failed := data[[]struct{ Action, Address string }](p.get("/audit/logs?outcome=failure").status(http.StatusOK))
		if len(failed) != 1 || failed[0].Action != "account.login" || failed[0].Address != "127.0.0.5" {
			t.Errorf("got %+v, want the try and where it came from", failed)
		}
	})
}
