package auth_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/mail/mailtest"
)

// house is a service whose mails go through a queue and a real mail server.
type house struct {
	*auth.Service
	t     *testing.T
	db    *db.DB
	clock *clock
	post  *mailtest.Server
	stop  func() // the queue
}

const newPassword = "a wholly different phrase"

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{t: t, db: d, clock: &clock{}, post: mailtest.Start(t, mailtest.Options{})}
	h.clock.now.Store(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).UnixMicro())
	sender, err := mail.NewSMTP(mail.SMTPConfig{
		Host: h.post.Host, Port: h.post.Port, From: "jaspers@example.com", Encryption: mail.Clear, Now: h.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.open(sender, slog.New(slog.DiscardHandler))
	return h
}

// open makes the service, and runs its jobs until the test ends or stop is called.
func (h *house) open(sender mail.Sender, log *slog.Logger) {
	h.t.Helper()
	trail, err := audit.New(h.db, h.clock.Now, signingKey)
	if err != nil {
		h.t.Fatal(err)
	}
	queue := job.New(job.Config{DB: h.db, Now: h.clock.Now, Log: log, Poll: 2 * time.Millisecond, Lease: time.Minute})
	h.Service, err = auth.New(auth.Config{
		DB: h.db, Now: h.clock.Now, Log: log, Audit: trail, Keys: keyring(h.t), SigningKey: signingKey, BcryptCost: 4,
		Mails: auth.MailConfig{Jobs: queue, Sender: sender, Key: []byte("fedcba9876543210fedcba9876543210"), PublicURL: "https://jaspers.example.com"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.RegisterJobs()
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { queue.Run(ctx) })
	h.stop = func() { cancel(); running.Wait() }
	h.t.Cleanup(h.stop)
}

// settle waits until no job is open.
func (h *house) settle() {
	h.t.Helper()
	for range 10_000 {
		if h.count("jobs where state in ('queued', 'running')") == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.t.Fatal("jobs stay open")
}

func (h *house) count(from string, args ...any) (n int) {
	h.t.Helper()
	if err := h.db.Read().QueryRowContext(h.t.Context(), "select count(*) from "+from, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

var tokenInMail = regexp.MustCompile(`https://jaspers\.example\.com/([\w-]+)#token=([\w-]{43})\n`)

// token is the one in a mail with a link to a page.
func token(t *testing.T, m mailtest.Mail, page string) string {
	t.Helper()
	found := tokenInMail.FindStringSubmatch(m.Text)
	if found == nil || found[1] != page {
		t.Fatalf("got %q, want a link to %s", m.Text, page)
	}
	return found[2]
}

// forgot asks for a reset, and returns the token that comes; want is how many mails the address has got by then. Mails
// are sent side by side, so those before are waited for.
func (h *house) forgot(want int) string {
	h.t.Helper()
	h.settle()
	defer h.settle()
	if err := h.ForgotPassword(h.t.Context(), email); err != nil {
		h.t.Fatal(err)
	}
	return token(h.t, h.post.Wait(h.t, email, want)[want-1], "reset-password")
}

func TestWhoRegistersVerifiesTheirAddressOnceWithTheMailTheyGet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		first := token(t, h.post.Wait(t, email, 1)[0], "verify-email")
		if h.count("users where email_verified_at is not null") != 0 {
			t.Error("the address is verified before anybody did")
		}
		if err := h.ResendVerification(t.Context(), authenticate(t, h.Service, in.Tokens.AccessToken)); err != nil {
			t.Fatal(err)
		}
		second := token(t, h.post.Wait(t, email, 2)[1], "verify-email")
		if first == second {
			t.Error("two mails have one token")
		}
		if err := h.VerifyEmail(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		wantKind(t, h.VerifyEmail(t.Context(), second), fault.LinkExpired)
		if h.count("users where email_verified_at is not null") != 1 || h.count("audit_logs where action = 'account.email_verify' and user_id = $1", in.User.ID) != 1 {
			t.Error("the address is not verified, or the audit log does not say so once")
		}
		wantKind(t, h.ResendVerification(t.Context(), authenticate(t, h.Service, in.Tokens.AccessToken)), fault.Conflict)
	})
}

func TestAResetLinkSetsAPasswordOnceAndEndsEverySession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		up := register(t, h.Service)
		other := h.forgot(2)
		link := h.forgot(3)
		wantKind(t, h.ResetPassword(t.Context(), link, "short"), fault.Invalid)
		if f := fault.From(h.ResetPassword(t.Context(), link, "it holds "+email)).Fields; len(f) != 1 || f[0].Path != "body.newPassword" {
			t.Errorf("got fields %v, want the password's", f)
		}
		if err := h.ResetPassword(t.Context(), link, newPassword); err != nil {
			t.Fatal(err)
		}
		for _, dead := range []string{link, other} {
			wantKind(t, h.ResetPassword(t.Context(), dead, "yet another phrase"), fault.LinkExpired)
		}
		_, err := h.Authenticate(t.Context(), up.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = h.Refresh(t.Context(), up.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = h.Login(t.Context(), email, password, "")
		wantKind(t, err, fault.InvalidCredentials)
		if h.count("auth_sessions where ended_at is null") != 0 {
			t.Error("the reset left or opened a session")
		}
		in, err := h.Login(t.Context(), email, newPassword, "")
		if err != nil || !in.User.EmailVerified {
			t.Errorf("got %v, %v, want a sign-in with the new password and a verified address", in.User, err)
		}
		if notice := h.post.Wait(t, email, 4)[3]; notice.Subject != "Your password was changed" || strings.Contains(notice.Text, newPassword) {
			t.Errorf("got %q, want to be told that the password was changed", notice.Subject)
		}
		if h.count("audit_logs where action = 'account.password_reset'") != 1 || h.count("audit_logs where action = 'account.password_reset_request'") != 2 {
			t.Error("the audit log does not tell of two requests and one reset")
		}
	})
}

// enrol turns a second factor on while the clock stands still: a job whose lease ends would be done twice.
func (h *house) enrol(who auth.Identity) (app, []string) {
	h.t.Helper()
	e, err := h.EnrolTOTP(h.t.Context(), who, password)
	if err != nil {
		h.t.Fatal(err)
	}
	a := newApp(h.t, h.clock, e)
	codes, err := h.ConfirmTOTP(h.t.Context(), who, a.code(0))
	if err != nil {
		h.t.Fatal(err)
	}
	return a, codes.RecoveryCodes
}

func TestAResetRevokesTheKeysThatWereMadeAndKeepsTheSecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		wantNoError(t, h.VerifyEmail(t.Context(), token(t, h.post.Wait(t, email, 1)[0], "verify-email")))
		made := newKey(t, h.Service, me, auth.ScopeRead)
		a, _ := h.enrol(me)
		if err := h.ResetPassword(t.Context(), h.forgot(4), newPassword); err != nil {
			t.Fatal(err)
		}
		_, err := h.AuthenticateKey(t.Context(), made.Key)
		wantKind(t, err, fault.Unauthenticated)
		_, err = h.Login(t.Context(), email, newPassword, "")
		wantKind(t, err, fault.SecondFactorNeeded)
		if _, err := h.Login(t.Context(), email, newPassword, a.code(30*time.Second)); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoRegistersAnothersAddressDoesNotKeepItsOwnerOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		squatter := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		_, codes := h.enrol(squatter)
		if err := h.ResetPassword(t.Context(), h.forgot(3), newPassword); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Login(t.Context(), email, newPassword, ""); err != nil {
			t.Errorf("got %v, want the owner of the address to get in", err)
		}
		if n := h.count("audit_logs where action = 'account.totp_disable' and user_id = $1", squatter.UserID); n != 1 || h.count("recovery_codes") != 0 {
			t.Errorf("recorded %d times, with %d recovery codes left, want it once and none of %d", n, h.count("recovery_codes"), len(codes))
		}
	})
}

func TestWhoeverGetsAKeyOrASecondFactorIsToldByMail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		newKey(t, h.Service, me, auth.ScopeRead)
		_, codes := h.enrol(me)
		if err := h.DisableTOTP(t.Context(), me, password, codes[0]); err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, m := range h.post.Wait(t, email, 4) {
			told = append(told, m.Subject)
		}
		slices.Sort(told)
		want := []string{"An API key was made", "Verify your e-mail address", "Your second factor was turned off", "Your second factor was turned on"}
		if !slices.Equal(told, want) {
			t.Errorf("got mails %q, want %q", told, want)
		}
	})
}

func TestOfTwentyWhoUseALinkAtOnceOneSucceeds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		who := authenticate(t, h.Service, in.Tokens.AccessToken)
		link := h.forgot(2)
		var done atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if i == 10 { // a change of the password in the middle must not wait in a circle with them
					if err := h.ChangePassword(t.Context(), who, password, "phrase of the middle"); err != nil &&
						!fault.Is(err, fault.Conflict) && !fault.Is(err, fault.InvalidCredentials) {
						t.Error(err)
					}
					return
				}
				switch err := h.ResetPassword(t.Context(), link, newPassword); {
				case err == nil:
					done.Add(1)
				case !fault.Is(err, fault.LinkExpired):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := done.Load(); n > 1 || n == 0 && h.count("audit_logs where action = 'account.password_reset'") != 0 {
			t.Errorf("%d resets succeeded, want one, or none after the change", n)
		}
	})
}

func TestEveryTokenThatOpensNothingGetsOneAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		register(t, h.Service)
		verify := token(t, h.post.Wait(t, email, 1)[0], "verify-email")
		old := h.forgot(2)
		wantKind(t, h.ResetPassword(t.Context(), verify, newPassword), fault.LinkExpired) // both are still good for their own purpose
		wantKind(t, h.VerifyEmail(t.Context(), old), fault.LinkExpired)
		h.clock.Advance(time.Hour)
		used := h.forgot(3)
		if err := h.ResetPassword(t.Context(), used, newPassword); err != nil {
			t.Fatal(err)
		}
		disabled := h.forgot(5)
		if err := h.Disable(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		want := h.ResetPassword(t.Context(), "made up", newPassword)
		wantKind(t, want, fault.LinkExpired)
		for name, tok := range map[string]string{
			"too old": old, "used": used, "of a disabled person": disabled, "of another purpose": verify,
			"none": "", "cut": used[:42], "longer": used + "A", "NUL": "\x00", "a long one": strings.Repeat("A", 60_000),
		} {
			if err := h.ResetPassword(t.Context(), tok, newPassword); err == nil || err.Error() != want.Error() {
				t.Errorf("reset with a token that is %s: got %v, want %v", name, err, want)
			}
			if err := h.VerifyEmail(t.Context(), tok); err == nil || err.Error() != want.Error() {
				t.Errorf("verify with a token that is %s: got %v, want %v", name, err, want)
			}
		}
		if h.count("users where email_verified_at is not null") != 1 { // by the reset
			t.Error("a bad token changed something")
		}
	})
}

func TestALinkIsGoodUntilItsTimeIsOverAndNotLonger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		register(t, h.Service)
		verify := token(t, h.post.Wait(t, email, 1)[0], "verify-email")
		h.settle() // a jump of the clock would take the mail from its worker
		h.clock.Advance(24*time.Hour - time.Microsecond)
		if err := h.VerifyEmail(t.Context(), verify); err != nil {
			t.Error(err)
		}
		early, late := h.forgot(2), h.forgot(3)
		h.clock.Advance(time.Hour - time.Microsecond)
		wantKind(t, h.ResetPassword(t.Context(), early, "short"), fault.Invalid) // it is the password that is refused
		h.clock.Advance(time.Microsecond)
		wantKind(t, h.ResetPassword(t.Context(), late, newPassword), fault.LinkExpired)
	})
}

func TestAnAccountGetsThreeResetMailsAnHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		register(t, h.Service)
		h.post.Wait(t, email, 1)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := h.ForgotPassword(t.Context(), email); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		h.settle()
		if got := len(h.post.Mails()); got != 4 {
			t.Errorf("got %d mails after ten requests, want the first and three", got)
		}
		if n := h.count("audit_logs where action = 'account.password_reset_request' and outcome = 'failure'"); n != 7 {
			t.Errorf("the audit log tells of %d requests too many, want 7", n)
		}
		h.clock.Advance(time.Hour)
		h.forgot(5)
	})
}

func TestAVerificationIsSentThreeTimesAnHourAtMost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		who := authenticate(t, h.Service, in.Tokens.AccessToken)
		h.settle()
		h.clock.Advance(10 * time.Minute)
		for range 2 {
			if err := h.ResendVerification(t.Context(), who); err != nil {
				t.Fatal(err)
			}
		}
		err := h.ResendVerification(t.Context(), who)
		wantKind(t, err, fault.RateLimited)
		if got := fault.From(err).RetryAfter; got != 50*time.Minute {
			t.Errorf("got %v to wait, want until the first mail is an hour old", got)
		}
		h.post.Wait(t, email, 3)
	})
}

func TestAChangedPasswordMakesOpenLinksWorthlessAndIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		in := register(t, h.Service)
		link := h.forgot(2)
		if err := h.ChangePassword(t.Context(), authenticate(t, h.Service, in.Tokens.AccessToken), password, newPassword); err != nil {
			t.Fatal(err)
		}
		wantKind(t, h.ResetPassword(t.Context(), link, "yet another phrase"), fault.LinkExpired)
		notice := h.post.Wait(t, email, 3)[2]
		if notice.Subject != "Your password was changed" || !strings.Contains(notice.Text, "15:00 UTC on 23 November 2026") {
			t.Errorf("got %q: %q, want what happened and when", notice.Subject, notice.Text)
		}
	})
}

func TestNoMailIsSentForWhatWasRolledBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		register(t, h.Service)
		h.post.Wait(t, email, 1)
		_, err := h.Register(t.Context(), auth.Registration{Email: email, Password: password})
		wantKind(t, err, fault.EmailTaken)
		h.settle()
		if got := len(h.post.Mails()); got != 1 || h.count("account_links") != 1 {
			t.Errorf("got %d mails and %d links, want those of the first time", got, h.count("account_links"))
		}
	})
}

func TestAMailIsTriedAgainUntilItsServerTakesItOrRefusesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.post.Fail(mailtest.AtAddress, mailtest.Answer(451, "later"), mailtest.ErrDrop, mailtest.Answer(450, "greylisted"))
		register(t, h.Service)
		for try := 1; len(h.post.Mails()) == 0; {
			if try > 4 {
				t.Fatalf("no mail after %d tries", try)
			}
			if h.post.Tries() >= try && h.count("jobs where state = 'queued'") == 1 {
				h.clock.Advance(time.Duration(try*try) * 7 * time.Second) // its wait and the spread
				try++
			}
			time.Sleep(2 * time.Millisecond)
		}
		token(t, h.post.Wait(t, email, 1)[0], "verify-email")
		h.settle()
		h.post.Fail(mailtest.AtMail, mailtest.Answer(554, "spam: https://jaspers.example.com/reset-password#token=… for "+email))
		if err := h.ForgotPassword(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if h.count("jobs where state = 'dead' and attempt = 1 and last_error not like '%@%' and last_error not like '%token%'") != 1 {
			t.Error("want one mail given up at once, with nothing of it in the error")
		}
	})
}

func TestWithoutAMailServerNothingIsPromisedAndTheOperatorIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := &house{t: t, db: d, clock: &clock{}}
		h.clock.now.Store(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).UnixMicro())
		var out strings.Builder
		h.open(nil, slog.New(slog.NewTextHandler(&out, nil)))
		in := register(t, h.Service)
		wantKind(t, h.ResendVerification(t.Context(), authenticate(t, h.Service, in.Tokens.AccessToken)), fault.MailNotConfigured)
		for _, address := range []string{email, "nobody@example.com", email} {
			if err := h.ForgotPassword(t.Context(), address); err != nil {
				t.Errorf("got %v, want the usual answer", err)
			}
		}
		h.settle()
		h.stop()
		if got := out.String(); strings.Count(got, "JASPERS_SMTP_HOST") != 1 || strings.Contains(got, "@") {
			t.Errorf("got the log %q, want one line that says what to set", got)
		}
		if h.count("account_links") != 0 {
			t.Error("want no links, which nobody could get")
		}
	})
}
