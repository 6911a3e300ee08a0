package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

func TestStoryFromSigningUpToAnAnswerWithItsSources(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.login()
		if me := data[struct{ ID, Email string }](p.get("/auth/me").status(http.StatusOK)); me.ID != p.id || me.Email != p.email {
			t.Errorf("got %v, want who signed up", me)
		}
		offers := data[[]struct {
			ID, Name              string
			Environments, Methods []string
		}](p.get("/brokerages").status(http.StatusOK))
		if len(offers) != 1 || offers[0].ID != "alpaca" || !slices.Contains(offers[0].Environments, "live") {
			t.Fatalf("got %v, want Alpaca with live accounts", offers)
		}
		c := p.connect("alex")
		tellsOfTheConnection(t, p, c)
		tellsOfTheHoldings(t, p)
		chat := p.newSession(map[string]any{})
		p.say(chat.ID, "What is my portfolio worth, and how is AAPL doing?")
		streamedAndStoredAreOne(t, p, chat.ID)
	})
}

func tellsOfTheConnection(t *testing.T, p *person, c link) {
	t.Helper()
	account, _ := p.sim.World.Account("alex", sim.Live)
	want := link{
		ID: c.ID, Provider: "alpaca", ProviderName: "Alpaca", Environment: "live", Status: "active",
		Accounts: []string{account.Number}, LastSyncAt: new(p.clock.Now()),
	}
	list := data[[]link](p.get("/brokerages/connections").status(http.StatusOK))
	if diff := cmp.Diff([]link{want}, list); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

func tellsOfTheHoldings(t *testing.T, p *person) {
	t.Helper()
	held := p.holdings()
	if want := p.sim.World.Positions("alex", sim.Live); len(held) != len(want) {
		t.Errorf("got %d holdings, want %d", len(held), len(want))
	}
	for _, spelling := range []string{"AAPL", "aapl", "BTC-USD", "BTC%2FUSD"} {
		one := data[holding](p.get("/portfolio/holdings/" + spelling).status(http.StatusOK))
		i := slices.IndexFunc(held, func(h holding) bool { return h.Symbol == one.Symbol })
		if i < 0 || cmp.Diff(held[i], one, decimals()) != "" {
			t.Errorf("%s: got %v, want the row of the list", spelling, one)
		}
	}
	p.get("/portfolio/holdings/TSLA").fails(http.StatusNotFound, "not_found")
	if s := p.summary(); s.Connections.Total != 1 || s.Connections.Active != 1 || s.Confirmed.Sources != 1 || s.BaseCurrency != "USD" {
		t.Errorf("got %+v, want one working connection", s)
	}
}

// streamedAndStoredAreOne asks for a stream and compares what it said with what is kept.
func streamedAndStoredAreOne(t *testing.T, p *person, chat string) {
	t.Helper()
	before := p.messages(chat)
	events := p.ask(chat, "And my position in NVDA? What does it trade at?").rest()
	var kinds []string
	for _, e := range events {
		if !slices.Contains(kinds, e.Type) {
			kinds = append(kinds, e.Type)
		}
	}
	if kinds[0] != "run" || kinds[len(kinds)-1] != "done" {
		t.Errorf("got the types %v, want run first and done last", kinds)
	}
	for _, kind := range []string{"tool", "delta", "citation", "usage"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("got the types %v, want %s among them", kinds, kind)
		}
	}
	opened := of[struct{ SessionID, MessageID, UserMessageID string }](t, events, "run")[0]
	done := of[message](t, events, "done")[0]
	stored := p.messages(chat)
	if diff := cmp.Diff(before, stored[:len(before)]); diff != "" || len(stored) != len(before)+2 {
		t.Fatalf("got %d messages after %d; those before differ:\n%s", len(stored), len(before), diff)
	}
	question, kept := stored[len(stored)-2], stored[len(stored)-1]
	if diff := cmp.Diff(done, kept); diff != "" {
		t.Errorf("stored is not what done said (-done +stored):\n%s", diff)
	}
	if opened.SessionID != chat || opened.MessageID != kept.ID || opened.UserMessageID != question.ID {
		t.Errorf("got run %v, want the ids %s %s %s", opened, chat, kept.ID, question.ID)
	}
	if got := said(t, events); got != kept.Content || kept.Status != "complete" || kept.Error != nil {
		t.Errorf("said %q, stored %s %q (%v)", got, kept.Status, kept.Content, kept.Error)
	}
	if diff := cmp.Diff(of[citation](t, events, "citation"), kept.Citations); diff != "" {
		t.Errorf("citations (-said +stored):\n%s", diff)
	}
	citesItsTools(t, kept)
	usages := of[usage](t, events, "usage")
	last := usages[len(usages)-1]
	if last.DurationMs = kept.Usage.DurationMs; cmp.Diff(last, *kept.Usage) != "" || last.OutputTokens == 0 || last.CostUSD == "0" {
		t.Errorf("last usage said %v, stored %v", last, *kept.Usage)
	}
}

// citesItsTools wants every mark in the text to lead to a tool call that is stored with its output.
func citesItsTools(t *testing.T, m message) {
	t.Helper()
	if len(m.Citations) == 0 || strings.Contains(m.Content, "[[") {
		t.Errorf("got %d citations in %q", len(m.Citations), m.Content)
	}
	for i, c := range m.Citations {
		at := slices.IndexFunc(m.ToolCalls, func(call toolCall) bool { return call.ID == c.ToolCallID })
		if at < 0 || m.ToolCalls[at].Handle != c.Handle || m.ToolCalls[at].Name != c.Tool || len(m.ToolCalls[at].Output) < 100 {
			t.Errorf("citation %+v leads to no tool call with a result", c)
		}
		if c.Index != i+1 || !strings.Contains(m.Content, fmt.Sprintf("[%d]", c.Index)) || c.Source == "" || c.AsOf == nil {
			t.Errorf("citation %+v is not number %d of %q", c, i+1, m.Content)
		}
	}
}

func TestConversationsAreRenamedPinnedArchivedAndDeleted(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		first, second := p.newSession(map[string]any{"title": "  Dividends "}), p.newSession(map[string]any{})
		if first.Title != "Dividends" || second.Title == "" {
			t.Errorf("got the titles %q and %q", first.Title, second.Title)
		}
		s.clock.Advance(time.Minute)
		path := "/chat/sessions/" + first.ID
		want := first
		want.Title, want.Pinned, want.Archived, want.UpdatedAt = "Yields", true, true, s.clock.Now()
		p.do(http.MethodPatch, path, map[string]any{"title": "Yields"}).status(http.StatusOK)
		p.do(http.MethodPatch, path, map[string]any{"pinned": true}).status(http.StatusOK)
		got := data[session](p.do(http.MethodPatch, path, map[string]any{"archived": true}).status(http.StatusOK))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after the changes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, data[session](p.get(path))); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
		list, more := dataMeta[[]session](p.get("/chat/sessions?limit=1"))
		if len(list) != 1 || list[0].ID != first.ID || more.NextCursor == "" {
			t.Fatalf("got %v and the cursor %q, want the one that changed last and more", list, more.NextCursor)
		}
		if list, more = dataMeta[[]session](p.get("/chat/sessions?limit=1&cursor=" + more.NextCursor)); len(list) != 1 || list[0].ID != second.ID || more.NextCursor != "" {
			t.Errorf("got %v and the cursor %q, want the other one and no more", list, more.NextCursor)
		}
		p.say(first.ID, "What is a dividend?")
		p.do(http.MethodDelete, path, nil).status(http.StatusNoContent)
		p.get(path).fails(http.StatusNotFound, "not_found")
		p.get(path+"/messages").fails(http.StatusNotFound, "not_found")
		p.do(http.MethodDelete, path, nil).fails(http.StatusNotFound, "not_found")
	})
}

func TestLogoutEndsTheSessionAndRefreshRenewsIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		other := *p // the same person in another browser
		other.login()
		old := p.access
		p.take(data[struct{ Tokens tokens }](p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}).status(http.StatusOK)).Tokens)
		if p.access == old {
			t.Error("got the same access token again")
		}
		p.get("/auth/me").status(http.StatusOK)
		p.post("/auth/logout", nil).status(http.StatusNoContent)
		p.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.get("/auth/me", header("Authorization", "Bearer "+old)).fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}).fails(http.StatusUnauthorized, "unauthenticated")
		other.get("/auth/me").status(http.StatusOK)
	})
}

func TestAChangedPasswordEndsTheOtherSessions(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		other := *p
		other.login()
		const next = "a wholly different phrase"
		s.keepSecret(next)
		change := func(current, to string) answer {
			return p.post("/auth/change-password", map[string]any{"currentPassword": current, "newPassword": to})
		}
		change("not the password", next).fails(http.StatusUnauthorized, "invalid_credentials")
		change(p.password, p.password).fails(http.StatusUnprocessableEntity, "validation_failed")
		change(p.password, next).status(http.StatusNoContent)
		p.get("/auth/me").status(http.StatusOK)
		other.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/login", map[string]any{"email": p.email, "password": p.password}).fails(http.StatusUnauthorized, "invalid_credentials")
		p.password = next
		p.login()
	})
}

func TestADisconnectedBrokerageIsForgotten(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		c := p.connect("alex")
		p.do(http.MethodDelete, "/brokerages/connections/"+c.ID, nil).status(http.StatusNoContent)
		if held := p.holdings(); len(held) != 0 {
			t.Errorf("got %d holdings, want none", len(held))
		}
		p.get("/brokerages/connections/"+c.ID+"/status").fails(http.StatusNotFound, "not_found")
		if s := p.summary(); !s.TotalValue.IsZero() || s.AsOf != nil || s.Connections.Total != 0 {
			t.Errorf("got %+v, want an empty portfolio", s)
		}
	})
}
