package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

func underKey(key string) change { return header("Idempotency-Key", key) }

// wantAgain wants an answer to be the first once more: its bytes, its cookies, its correlation id, and a word that it is.
func wantAgain(t *testing.T, first, again answer) {
	t.Helper()
	if again.Status != first.Status || !bytes.Equal(again.Body, first.Body) || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %v %s\n%v, want once more\n%v", again.Header, again.Header.Get("Idempotent-Replayed"), again, first)
	}
	for _, name := range []string{"Content-Type", "Set-Cookie", "X-Correlation-Id"} {
		if again.Header.Get(name) != first.Header.Get(name) {
			t.Errorf("%s: got %q, want %q", name, again.Header.Get(name), first.Header.Get(name))
		}
	}
	if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v and %v", first.Header, again.Header)
	}
}

func TestARequestSentAgainUnderItsKeyGetsTheAnswerOfTheFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		link := p.connect("alex")
		chat := p.newSession(map[string]any{})
		for i, tc := range []struct {
			path string
			body any
		}{
			{"/chat/sessions", map[string]any{"title": "Once"}},
			{"/chat/sessions/" + chat.ID + "/messages", map[string]any{"content": "What is a dividend?"}},
			{"/brokerages/connect", map[string]any{"provider": "alpaca", "environment": "paper"}},
			{"/brokerages/connections/" + link.ID + "/sync", nil},
			{"/portfolio/sync", nil},
		} {
			key := underKey(fmt.Sprintf("key-%d", i))
			first := p.post(tc.path, tc.body, key)
			if first.Status > 299 {
				t.Fatalf("got %v", first)
			}
			wantAgain(t, first, p.post(tc.path, tc.body, key))
			wantAgain(t, first, p.post(tc.path, tc.body, underKey(fmt.Sprintf(`"key-%d"`, i))))
			p.post("/chat/sessions", map[string]any{"title": "Another"}, key).fails(422, "idempotency_key_reused")
			s.clock.Advance(time.Second)
		}
		if got := len(p.messages(chat.ID)); got != 2 {
			t.Errorf("got %d messages, want one question and one answer", got)
		}
		if got := s.texts("select title from chat_sessions where user_id = $1 and title in ('Once', 'Another')", p.id); len(got) != 1 {
			t.Errorf("got %v, want one conversation", got)
		}
		if got := s.texts("select state_hash from brokerage_authorizations where environment = 'paper'"); len(got) != 1 {
			t.Errorf("got %d attempts to connect, want one", len(got))
		}
		bob := s.register("bob")
		bob.post("/chat/sessions", map[string]any{"title": "Bob's"}, underKey("key-0")).status(http.StatusCreated)
		if kept := strings.Join(s.texts("select response from idempotency_keys"), ""); strings.Contains(kept, "dividend") || strings.Contains(kept, "jaspers_connect") {
			t.Errorf("got %s, want answers sealed", kept)
		}
		s.clock.Advance(25 * time.Hour)
		p.login()
		if later := p.post("/chat/sessions", map[string]any{"title": "Once"}, underKey("key-0")).status(http.StatusCreated); later.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("got %v after a day, want the key free again", later)
		}
	})
}

func TestAnAnswerThatWasLostIsFoundUnderItsKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		for name, form := range map[string][]change{"json": nil, "stream": {asStream()}} {
			chat := p.newSession(map[string]any{})
			path, body := "/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What is a dividend?"}
			key := slices.Concat(form, []change{underKey(name)})
			s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultLatency, Delay: 500 * time.Millisecond, Count: 1})
			impatient, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			resp, err := p.browser.Do(p.request(http.MethodPost, path, body, key...).WithContext(impatient))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			cancel()
			if err == nil {
				t.Fatalf("%s: the answer came, want it lost", name)
			}
			p.post(path, body, key...).fails(http.StatusConflict, "conflict")
			var again answer
			eventually(t, "the answer", func() error {
				if again = p.post(path, body, key...); again.Status != http.StatusOK {
					return fmt.Errorf("%v", again)
				}
				return nil
			})
			if again.Header.Get("Idempotent-Replayed") != "true" || !bytes.Contains(again.Body, []byte(`"complete"`)) {
				t.Errorf("%s: got %v, want the whole answer", name, again)
			}
			wantStream := name == "stream"
			if isStream(again.Header) != wantStream || bytes.Contains(again.Body, []byte("event: done")) != wantStream {
				t.Errorf("%s: got %v, want it in its form", name, again)
			}
			if got := len(p.messages(chat.ID)); got != 2 {
				t.Errorf("%s: got %d messages, want one question and one answer", name, got)
			}
		}
	})
}

func TestAStreamUnderAKeyArrivesAsItIsWritten(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1}) // it never ends: what is heard was not held back
		p.listen(p.request(http.MethodPost, "/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What is a dividend?"},
			asStream(), underKey("k"))).until("delta")
		p.do(http.MethodDelete, "/chat/sessions/"+chat.ID, nil).status(http.StatusNoContent)
	})
}

func TestFiftyAtOnceUnderOneKeyHaveOneEffect(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		var mu sync.Mutex
		count := map[string]int{}
		bodies := map[string]bool{}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				a := p.post("/chat/sessions", map[string]any{"title": "Once"}, underKey("8e03978e-40d5-43dd-bc93-6894a57f9324"))
				mu.Lock()
				defer mu.Unlock()
				count[fmt.Sprint(a.Status, a.failure().Error.Code)]++
				if a.Status == http.StatusCreated {
					bodies[string(a.Body)] = true
				}
				if a.Status == http.StatusConflict && a.Header.Get("Retry-After") == "" {
					t.Errorf("got %v, want it to say when to ask again", a)
				}
			})
		}
		all.Wait()
		if len(bodies) != 1 || count["201"]+count["409conflict"] != 50 {
			t.Errorf("got %v with %d different answers, want one", count, len(bodies))
		}
		if got := s.texts("select title from chat_sessions where user_id = $1", p.id); len(got) != 1 {
			t.Errorf("got %v, want one conversation", got)
		}
	})
}

func TestWhatWasRefusedCanBeSentAgainUnderItsKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		key := underKey("k")
		p.post("/chat/sessions", map[string]any{"title": strings.Repeat("x", 201)}, key).fails(422, "validation_failed")
		p.post("/chat/sessions", "{", key).fails(400, "malformed_request")
		p.post("/chat/sessions", `{"title":"`+strings.Repeat("x", 70_000)+`"}`, key).fails(413, "payload_too_large")
		p.post("/brokerages/connect", map[string]any{"provider": "nobody"}, key).fails(422, "validation_failed")
		first := p.post("/chat/sessions", map[string]any{"title": "Mine"}, key).status(http.StatusCreated)
		wantAgain(t, first, p.post("/chat/sessions", map[string]any{"title": "Mine"}, key))
		if got := s.texts("select state from idempotency_keys"); len(got) != 1 || got[0] != "done" {
			t.Errorf("got %v, want what was refused to hold no key", got)
		}
	})
}

func TestAPasswordCannotBeGuessedUnderAKey(t *testing.T) {
	eachEngineWith(t, setup{settings: tight}, func(t *testing.T, s *site) {
		p := s.register("ada")
		ask := func(password string) answer {
			return p.post("/auth/api-keys", map[string]any{"name": "k", "scopes": []string{"read"}, "password": password}, underKey("k"))
		}
		first := ask(password).status(http.StatusCreated)
		for range 6 { // more than may fail: what is right does not count
			wantAgain(t, first, ask(password))
		}
		for range 5 {
			ask("one guess of many").fails(422, "idempotency_key_reused")
		}
		ask("one guess of many").limited("password")
		ask(password).limited("password")
		p.post("/auth/change-password", map[string]any{"currentPassword": password, "newPassword": "another good one"}).limited("password")
		got := s.texts(`select details from audit_logs where user_id = $1 and action = 'account.api_key_create' and outcome = 'failure'`, p.id)
		if len(got) != 5 || !strings.Contains(got[0], "idempotency_key_reused") {
			t.Errorf("recorded %v, want each guess", got)
		}
	})
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, key := range []string{"", `""`, " ", `"`, `"a`, `a"`, `"a"b`, `"a\b"`, "a b", "é", strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`} {
			a := p.post("/chat/sessions", map[string]any{}, underKey(key)).fails(422, "validation_failed")
			if got := a.fields(); len(got) != 1 || got[0] != "header.Idempotency-Key" {
				t.Errorf("%q: got %v, want the header named", key, a)
			}
		}
		p.post("/chat/sessions", map[string]any{}, func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"a", "b"} }).fails(422, "validation_failed")
		for _, key := range []string{strings.Repeat("k", 255), `"` + strings.Repeat("k", 254) + `"`, `"a \" \\ b"`, "01JD-z_~!", `"x"`} {
			p.post("/chat/sessions", map[string]any{}, underKey(key)).status(http.StatusCreated)
		}
	})
}
