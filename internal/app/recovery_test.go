package app_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/mail/mailtest"
)

// withMail is a server that sends mail, and the mail server it sends it through.
func withMail(t *testing.T, settings ...string) (setup, *mailtest.Server) {
	t.Helper()
	post := mailtest.Start(t, mailtest.Options{Mechanisms: []string{"PLAIN"}})
	return setup{settings: append(settings,
		"JASPERS_SMTP_HOST="+post.Host, "JASPERS_SMTP_PORT="+strconv.Itoa(post.Port), "JASPERS_SMTP_TLS=none",
		"JASPERS_SMTP_FROM=Jaspers AI <jaspers@example.com>", "JASPERS_SMTP_USERNAME="+mailtest.Username, "JASPERS_SMTP_PASSWORD="+mailtest.Password,
	)}, post
}

var tokenInMail = regexp.MustCompile(`#token=([\w-]{43})\n`)

// mailed is the token in the last of an address's n mails, which must not be seen in the log.
func (s *site) mailed(post *mailtest.Server, to string, n int) string {
	s.t.Helper()
	last := post.Wait(s.t, to, n)[n-1]
	found := tokenInMail.FindStringSubmatch(last.Text)
	if found == nil || !strings.Contains(last.Text, s.url) {
		s.t.Fatalf("got %q, want a link to the server", last.Text)
	}
	s.keepSecret(found[1], mailtest.Password)
	s.waitIdle()
	return found[1]
}

func TestStoryOfALostPassword(t *testing.T) {
	with, post := withMail(t)
	eachEngineWith(t, with, func(t *testing.T, s *site) {
		name := "ada-" + strings.ToLower(strings.ReplaceAll(t.Name()[strings.LastIndex(t.Name(), "/")+1:], "/", "-")) // both engines share the mail server
		p := s.register(name)
		me := func() bool {
			return data[struct{ EmailVerified bool }](p.get("/auth/me").status(http.StatusOK)).EmailVerified
		}
		verify := func(token string) answer { return p.post("/auth/verify-email", map[string]any{"token": token}) }
		reset := func(token, to string) answer {
			return p.post("/auth/reset-password", map[string]any{"token": token, "newPassword": to})
		}
		first := s.mailed(post, p.email, 1)
		p.post("/auth/verify-email/resend", nil).status(http.StatusAccepted)
		second := s.mailed(post, p.email, 2)
		if me() {
			t.Error("the address is verified before anybody did")
		}
		verify(second).status(http.StatusNoContent)
		verify(second).fails(http.StatusBadRequest, "invalid_or_expired_link")
		reset(first, "a wholly different phrase").fails(http.StatusBadRequest, "invalid_or_expired_link")
		if !me() {
			t.Error("the address is not verified")
		}
		p.post("/auth/verify-email/resend", nil).fails(http.StatusConflict, "conflict")

		p.post("/auth/forgot-password", map[string]any{"email": " " + strings.ToUpper(p.email)}).status(http.StatusAccepted)
		link := s.mailed(post, p.email, 3)
		if a := reset(link, "1234567").fails(http.StatusUnprocessableEntity, "validation_failed"); !slices.Equal(a.fields(), []string{"body.newPassword"}) {
			t.Errorf("got %v, want the password refused", a)
		}
		p.password = "a wholly different phrase"
		s.keepSecret(p.password)
		reset(link, p.password).status(http.StatusNoContent)
		reset(link, p.password).fails(http.StatusBadRequest, "invalid_or_expired_link")
		p.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}).fails(http.StatusUnauthorized, "unauthenticated")
		p.login()
		if notice := post.Wait(t, p.email, 4)[3]; notice.Subject != "Your password was changed" {
			t.Errorf("got %q, want to be told", notice.Subject)
		}
	})
}

func TestForgotPasswordAnswersEverybodyTheSame(t *testing.T) {
	with, post := withMail(t)
	eachEngineWith(t, with, func(t *testing.T, s *site) {
		known, disabled := s.register("known"), s.register("disabled")
		if err := s.app.Auth.Disable(t.Context(), disabled.email); err != nil {
			t.Fatal(err)
		}
		s.waitIdle()
		stranger := s.stranger()
		ask := func(email string) answer {
			return stranger.post("/auth/forgot-password", map[string]any{"email": email}, header("X-Correlation-ID", "same")).status(http.StatusAccepted)
		}
		want := ask("nobody@example.com")
		for name, email := range map[string]string{
			"known": known.email, "disabled": disabled.email, "no address": "no address", "empty": "", "NUL": "ada\x00@example.com",
			"a header": "ada@example.com\r\nBcc: eve@example.com", "two": known.email + "," + disabled.email, "asked too often": known.email,
			"beyond ASCII": "jörg@bücher.example", "half a letter": "\u0301@example.com",
		} {
			got := ask(email)
			if string(got.Body) != string(want.Body) {
				t.Errorf("%s: got %s, want %s", name, got.Body, want.Body)
			}
			for _, h := range []http.Header{got.Header, want.Header} {
				h.Del("Date")
			}
			if diff := cmp.Diff(want.Header, got.Header); diff != "" {
				t.Errorf("%s: headers (-nobody +got):\n%s", name, diff)
			}
		}
		post.Wait(t, known.email, 2)
		for _, m := range post.Mails() {
			if strings.Contains(m.To, "eve") {
				t.Errorf("a mail went to %s", m.To)
			}
		}
	})
}

func TestEveryBadTokenIsAnsweredTheSame(t *testing.T) {
	with, post := withMail(t)
	eachEngineWith(t, with, func(t *testing.T, s *site) {
		p := s.register("tokens-" + string(s.db.Engine))
		verify := s.mailed(post, p.email, 1)
		p.post("/auth/verify-email", map[string]any{"token": verify}).status(http.StatusNoContent)
		bodies := map[string]bool{}
		for _, token := range []string{"", canary, verify, verify[:20], p.access, p.refresh, "\x00", strings.Repeat("x", 60_000)} {
			for path, body := range map[string]map[string]any{
				"/auth/verify-email":   {"token": token},
				"/auth/reset-password": {"token": token, "newPassword": "a wholly different phrase"},
			} {
				a := p.post(path, body, header("X-Correlation-ID", "same")).fails(http.StatusBadRequest, "invalid_or_expired_link")
				a.wantNoEcho()
				bodies[string(a.Body)] = true
			}
		}
		if len(bodies) != 1 {
			t.Errorf("got %v, want one answer", slices.Collect(maps.Keys(bodies)))
		}
	})
}

func TestWithoutAMailServerTheServerSaysSoOnlyToWhomItMay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.post("/auth/verify-email/resend", nil).fails(http.StatusServiceUnavailable, "mail_not_configured")
		for _, email := range []string{p.email, "nobody@example.com"} {
			p.post("/auth/forgot-password", map[string]any{"email": email}).status(http.StatusAccepted)
		}
		s.waitIdle()
		if n := strings.Count(s.log.String(), "no mail server is configured"); n != 1 {
			t.Errorf("the log says %d times that mail is missing, want once", n)
		}
	})
}

func TestAClosedRegistrationTakesNobody(t *testing.T) {
	eachEngineWith(t, setup{settings: []string{"JASPERS_REGISTRATION=closed"}}, func(t *testing.T, s *site) {
		register := map[string]any{"email": "ada@example.com", "password": password}
		s.stranger().post("/auth/register", register).fails(http.StatusForbidden, "registration_closed")
		if _, err := s.app.Auth.AddUser(t.Context(), "ada@example.com", password); err != nil {
			t.Fatal(err)
		}
		s.stranger().post("/auth/register", register).fails(http.StatusForbidden, "registration_closed")
		p := s.stranger()
		p.email, p.password = "ada@example.com", password
		p.login()
		if err := s.app.Auth.Disable(t.Context(), p.email); err != nil {
			t.Fatal(err)
		}
		p.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}).fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/login", map[string]any{"email": p.email, "password": password}).fails(http.StatusForbidden, "account_disabled")
		p.post("/auth/login", map[string]any{"email": p.email, "password": "not the password"}).fails(http.StatusUnauthorized, "invalid_credentials")
	})
}
