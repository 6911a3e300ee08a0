package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAUserHasTheirRequestsAndNobodyElses(t *testing.T) {
	eachEngineWith(t, setup{settings: []string{"JASPERS_LIMIT_REQUESTS=20"}}, func(t *testing.T, s *site) {
		ada, bob := s.register("ada"), s.register("bob")
		for want := 19; want >= 0; want-- {
			a := ada.get("/auth/me").status(http.StatusOK)
			if got, reset := a.quota("default"); got != want || reset < 1 || reset > 3600 {
				t.Fatalf("got %d remaining and reset %d, want %d", got, reset, want)
			}
			if got := a.Header.Get("RateLimit-Policy"); got != `"default";q=20;w=3600` {
				t.Errorf("got the policy %s", got)
			}
		}
		ada.get("/auth/me").limited("default")
		ada.post("/chat/sessions", "{ no JSON").limited("default")
		bob.get("/auth/me").status(http.StatusOK)
		left, _ := s.stranger().get("/docs").status(http.StatusOK).quota("default")
		if left != 17 && left != 16 { // two went for registering, and one for the description where no test had read it before
			t.Errorf("got %d remaining, want 17 or 16", left)
		}
		for want := left - 1; want >= 0; want-- {
			if got, _ := s.stranger().get("/docs").status(http.StatusOK).quota("default"); got != want {
				t.Errorf("got %d remaining, want %d", got, want)
			}
		}
		for _, refused := range []answer{
			s.stranger().get("/docs"), s.stranger().get("/openapi.json"), s.stranger().get("/nothing"), s.stranger().do(http.MethodPut, "/auth/me", nil),
			s.stranger().get("/auth/me"), s.stranger().get("/auth/me", header("Authorization", "Bearer x.y.z")),
			s.stranger().post("/auth/refresh", map[string]any{"refreshToken": "x"}), s.stranger().get("/brokerages/callback?state=x"),
		} {
			refused.limited("default")
		}
		bob.get("/auth/me").status(http.StatusOK)
		for range 50 {
			s.stranger().get("/health/live").status(http.StatusOK)
		}
		if a := s.stranger().get("/health/ready").status(http.StatusOK); a.Header.Get("RateLimit") != "" {
			t.Errorf("got %v, want supervisors never counted", a.Header)
		}
		s.clock.Advance(3 * time.Minute)
		s.stranger().get("/docs").status(http.StatusOK)
		s.stranger().get("/docs").limited("default")
	})
}

func TestEveryAnswerThatIsCountedSaysWhatIsLeft(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		for kind, a := range s.register("ada").kinds() {
			switch kind {
			case "health", "another site", "a redirect":
			case "no method", "no path", "OPTIONS": // belong to no route
				a.quota("default")
			default:
				a.quota("default")
			}
		}
	})
}

func TestOnlyFailedSignInsCount(t *testing.T) {
	eachEngineWith(t, setup{settings: tight}, func(t *testing.T, s *site) {
		ada := s.register("ada")
		for range 12 {
			ada.login()
		}
		guesser := s.from("127.0.5.1")
		guesser.email, guesser.password = "bob@example.com", password
		guesser.post("/auth/register", map[string]any{"email": guesser.email, "password": password}).status(http.StatusCreated)
		for i := range 5 {
			if !guesser.guess("ada@example.com") {
				t.Fatalf("guess %d was refused", i)
			}
			guesser.access = ""
			if i < 4 {
				guesser.login() // to one's own account, which resets nothing
			}
		}
		guesser.post("/auth/login", map[string]any{"email": guesser.email, "password": password}).limited("sign-in")
		s.from("127.0.5.2").post("/auth/login", map[string]any{"email": "ADA@example.com", "password": password}).limited("sign-in")
		ada.login() // from where she is known
		s.clock.Advance(signInWindow)
		ada.login()
	})
}

func TestWhoGuessesForEverDoesNotKeepTheOwnerOut(t *testing.T) {
	eachEngineWith(t, setup{settings: tight}, func(t *testing.T, s *site) {
		ada := s.from(victimHome)
		ada.email, ada.password = "ada@example.com", password
		ada.post("/auth/register", map[string]any{"email": ada.email, "password": password}).status(http.StatusCreated)
		for round := range 6 {
			for i := range 10 {
				s.from("127.0.6." + string(rune('1'+i%9))).guess(ada.email)
			}
			if round%2 == 0 { // mistyped, too
				if !ada.guess(ada.email) {
					t.Error("her own mistake was refused")
				}
			}
			ada.login()
			s.clock.Advance(signInWindow / 2)
		}
		for range 5 {
			ada.guess(ada.email)
		}
		ada.post("/auth/login", map[string]any{"email": ada.email, "password": password}).limited("sign-in") // known addresses have a limit, too
	})
}

func TestAConversationTakesTenQuestionsAMinute(t *testing.T) {
	eachEngineWith(t, setup{settings: tight}, func(t *testing.T, s *site) {
		ada, bob := s.register("ada"), s.register("bob")
		chat, other := ada.newSession(map[string]any{}), ada.newSession(map[string]any{})
		ask := func(p *person, id string) answer {
			return p.post("/chat/sessions/"+id+"/messages", map[string]any{"content": "What is a dividend?"})
		}
		for range 12 { // a stranger uses up nothing of hers
			if a := ask(bob, chat.ID); a.Status != http.StatusNotFound && a.Status != http.StatusTooManyRequests {
				t.Fatalf("got %v", a)
			}
		}
		for want := 9; want >= 0; want-- {
			if got, _ := ask(ada, chat.ID).status(http.StatusOK).quota("chat"); got != want {
				t.Errorf("got %d left, want %d", got, want)
			}
		}
		ask(ada, chat.ID).limited("chat")
		ada.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "And now?"}, asStream()).limited("chat")
		ask(ada, other.ID).status(http.StatusOK)
		s.clock.Advance(6 * time.Second)
		ask(ada, chat.ID).status(http.StatusOK)
		ask(ada, chat.ID).limited("chat")
	})
}

func TestOwnPasswordsAndRegistrationsAreLimited(t *testing.T) {
	eachEngineWith(t, setup{settings: append(tight[:2:2], "JASPERS_LIMIT_SIGN_UPS=3")}, func(t *testing.T, s *site) {
		ada := s.register("ada")
		wrong := map[string]any{"currentPassword": "none of these words", "newPassword": "another good one"}
		for range 5 {
			ada.post("/auth/change-password", wrong).fails(http.StatusUnauthorized, "invalid_credentials")
		}
		ada.post("/auth/change-password", wrong).limited("password")
		for _, name := range []string{"bob", "eve"} {
			s.register(name)
		}
		body := map[string]any{"email": "zoe@example.com", "password": password}
		s.stranger().post("/auth/register", body).limited("sign-up")
		s.from("127.0.5.9").post("/auth/register", body).status(http.StatusCreated)
	})
}

func TestTheClientIsLoggedAndRecorded(t *testing.T) {
	eachEngineWith(t, setup{settings: behindProxy}, func(t *testing.T, s *site) {
		p := s.stranger()
		body := `{"email":"ada@example.com","password":"` + password + `"}`
		a := p.post("/auth/register", body,
			header("X-Forwarded-For", "198.51.100.7, 203.0.113.9"), header("User-Agent", "a browser")).status(http.StatusCreated)
		if line := fmt.Sprintf(`"received":%d,"bytes":%d,`, len(body), len(a.Body)); !strings.Contains(s.log.String(), line) {
			t.Errorf("the log does not have %s", line)
		}
		var address, agent string
		row := s.db.Read().QueryRowContext(t.Context(), "select address, user_agent from audit_logs where action = 'account.register'")
		if err := row.Scan(&address, &agent); err != nil || address != "203.0.113.9" || agent != "a browser" {
			t.Errorf("got %q and %q (%v), want the client's", address, agent, err)
		}
		if !strings.Contains(s.log.String(), `"client":"203.0.113.9"`) || strings.Contains(s.log.String(), "198.51.100.7") {
			t.Error("the log does not have the client, or has what it made up")
		}
		ada := s.register("bob")
		ada.get("/chat/sessions/01999999-0000-7000-8000-000000000000").fails(http.StatusNotFound, "not_found")
		if !strings.Contains(s.log.String(), `"by":"user `+ada.id+`"`) {
			t.Error("the log does not say who was refused")
		}
	})
}

// leave sends a request whose client closes its side at once, which the server takes for leaving.
func (p *person) leave(path, body string) string {
	p.t.Helper()
	return string(p.raw(fmt.Sprintf("POST /api%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, p.access, len(body), body)))
}

func TestAGuessCountsAlsoOfAClientThatLeaves(t *testing.T) {
	eachEngineWith(t, setup{settings: tight}, func(t *testing.T, s *site) {
		ada := s.register("ada")
		for range 5 {
			ada.leave("/auth/change-password", `{"currentPassword":"one guess of many","newPassword":"another good one"}`)
			ada.leave("/auth/login", `{"email":"bob@example.com","password":"one guess of many"}`)
		}
		right := map[string]any{"currentPassword": password, "newPassword": "another good one"}
		ada.post("/auth/change-password", right).limited("password")
		ada.post("/auth/login", map[string]any{"email": "bob@example.com", "password": password}).limited("sign-in")
	})
}
