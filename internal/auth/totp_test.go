package auth_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
)

// app is an authenticator app, on a clock that may differ from the server's.
type app struct {
	secret []byte
	clock  *clock
}

// newApp reads what the server shows, as a real one reads the QR code.
func newApp(t *testing.T, c *clock, e secondfactor.Enrolment) app {
	t.Helper()
	uri, err := url.Parse(e.URI)
	if err != nil {
		t.Fatal(err)
	}
	q := uri.Query()
	if uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/Jaspers AI:"+email || q.Get("issuer") != "Jaspers AI" || q.Get("secret") != e.Secret ||
		q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" {
		t.Errorf("got the address %s", e.URI)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	if err != nil || len(secret) != 20 {
		t.Fatalf("got a secret of %d bytes, %v, want 20", len(secret), err)
	}
	return app{secret, c}
}

// code is what the app shows, with its clock off by a duration. It is RFC 6238 once more, written from the text.
func (a app) code(off time.Duration) string {
	mac := hmac.New(sha1.New, a.secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(a.clock.Now().Add(off).Unix()/30))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	o := sum[19] & 15
	n := (int(sum[o])&127)<<24 | int(sum[o+1])<<16 | int(sum[o+2])<<8 | int(sum[o+3])
	return fmt.Sprintf("%06d", n%1000000)
}

// wrong is a code that the app shows neither now nor a step before or after.
func (a app) wrong() string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if code != a.code(0) && code != a.code(-30*time.Second) && code != a.code(30*time.Second) {
			return code
		}
	}
}

// enrol turns a second factor on, and moves the clock past the code that was used.
func enrol(t *testing.T, s *auth.Service, c *clock, who auth.Identity) (app, []string) {
	t.Helper()
	e, err := s.EnrolTOTP(t.Context(), who, password)
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, c, e)
	codes, err := s.ConfirmTOTP(t.Context(), who, a.code(0))
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	return a, codes.RecoveryCodes
}

func login(t *testing.T, s *auth.Service, code string) error {
	t.Helper()
	_, err := s.Login(t.Context(), email, password, code)
	return err
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

func TestASecondFactorIsAskedForOnceConfirmedAndAfterThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		who := authenticate(t, s, register(t, s).Tokens.AccessToken)
		_, err := s.ConfirmTOTP(t.Context(), who, "123456")
		wantKind(t, err, fault.Conflict)
		_, err = s.EnrolTOTP(t.Context(), who, "not my password")
		wantKind(t, err, fault.InvalidCredentials)
		e, err := s.EnrolTOTP(t.Context(), who, password)
		wantNoError(t, err)
		wantNoError(t, login(t, s, "")) // it counts for nothing yet
		abandoned := newApp(t, c, e)

		e, err = s.EnrolTOTP(t.Context(), who, password)
		wantNoError(t, err)
		a := newApp(t, c, e)
		_, err = s.ConfirmTOTP(t.Context(), who, abandoned.code(0))
		wantKind(t, err, fault.InvalidCode)
		codes, err := s.ConfirmTOTP(t.Context(), who, a.code(0))
		wantNoError(t, err)
		if len(codes.RecoveryCodes) != 10 {
			t.Errorf("got %d recovery codes, want 10", len(codes.RecoveryCodes))
		}
		wantKind(t, login(t, s, ""), fault.SecondFactorNeeded)
		wantKind(t, login(t, s, a.code(0)), fault.InvalidCode) // it confirmed already
		_, err = s.Login(t.Context(), email, "not my password", a.code(30*time.Second))
		wantKind(t, err, fault.InvalidCredentials)
		_, err = s.Login(t.Context(), email, "not my password", "")
		wantKind(t, err, fault.InvalidCredentials)
		wantNoError(t, login(t, s, a.code(30*time.Second)))

		_, err = s.EnrolTOTP(t.Context(), who, password)
		wantKind(t, err, fault.Conflict)
		status, err := s.SecondFactor(t.Context(), who)
		if err != nil || !status.Enabled || status.EnabledAt == nil || status.RecoveryCodesLeft != 10 {
			t.Errorf("got %+v, %v, want it on with ten codes", status, err)
		}
	})
}

func TestACodeIsGoodForAStepEitherWayAndOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		a, _ := enrol(t, s, c, authenticate(t, s, register(t, s).Tokens.AccessToken))
		wantKind(t, login(t, s, a.code(-time.Minute)), fault.InvalidCode)
		wantKind(t, login(t, s, a.code(time.Minute)), fault.InvalidCode)
		wantNoError(t, login(t, s, a.code(-30*time.Second)))
		wantKind(t, login(t, s, a.code(-30*time.Second)), fault.InvalidCode)
		spaced := a.code(0)[:3] + " " + a.code(0)[3:]
		wantNoError(t, login(t, s, spaced))
		wantNoError(t, login(t, s, a.code(30*time.Second)))
		wantKind(t, login(t, s, a.code(0)), fault.InvalidCode) // older than the last one
	})
}

func TestOneCodeInManyHandsLetsOneIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		other := serviceWith(t, d, c, 4) // another process on the same database
		a, recovery := enrol(t, s, c, authenticate(t, s, register(t, s).Tokens.AccessToken))
		for name, code := range map[string]func() string{
			"of the app":   func() string { return a.code(0) }, // of now: either may come second, a quarter of an hour later
			"for recovery": func() string { return recovery[3] },
		} {
			code := code()
			var in atomic.Int32
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					if _, err := []*auth.Service{s, other}[i%2].Login(t.Context(), email, password, code); err == nil {
						in.Add(1)
					} else if !fault.Is(err, fault.InvalidCode) && !fault.Is(err, fault.RateLimited) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if in.Load() != 1 {
				t.Errorf("the code %s let %d in, want 1", name, in.Load())
			}
			c.Advance(15 * time.Minute)
		}
	})
}

func TestFiveWrongCodesInAQuarterOfAnHourAndNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		a, recovery := enrol(t, s, c, authenticate(t, s, register(t, s).Tokens.AccessToken))
		var wrong, limited atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				switch _, err := s.Login(t.Context(), email, password, a.wrong()); fault.KindOf(err) {
				case fault.InvalidCode:
					wrong.Add(1)
				case fault.RateLimited:
					limited.Add(1)
				default:
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if wrong.Load() != 5 || limited.Load() != 45 {
			t.Errorf("got %d codes looked at and %d refused, want 5 and 45", wrong.Load(), limited.Load())
		}
		for _, right := range []string{a.code(0), recovery[0]} { // a right one tells nothing either
			err := login(t, s, right)
			wantKind(t, err, fault.RateLimited)
			if after := fault.From(err).RetryAfter; after != 15*time.Minute {
				t.Errorf("got Retry-After %v, want 15 minutes", after)
			}
		}
		wantKind(t, login(t, s, ""), fault.SecondFactorNeeded)
		c.Advance(15*time.Minute - time.Second)
		wantKind(t, login(t, s, a.code(0)), fault.RateLimited)
		c.Advance(time.Second)
		wantNoError(t, login(t, s, a.code(0)))
	})
}

func TestWrongCodesCountOverAnyQuarterOfAnHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		who := authenticate(t, s, register(t, s).Tokens.AccessToken)
		a, recovery := enrol(t, s, c, who)
		var tries []time.Time
		for range 40 { // at every door, with right ones in between
			err := s.DisableTOTP(t.Context(), who, password, a.wrong())
			if fault.Is(err, fault.InvalidCode) {
				tries = append(tries, c.Now())
			} else {
				wantKind(t, err, fault.RateLimited)
			}
			if len(tries) == 3 {
				wantNoError(t, login(t, s, recovery[0])) // does not give more tries
			}
			c.Advance(2 * time.Minute)
		}
		for i := range tries {
			if i >= 5 && tries[i].Sub(tries[i-5]) < 15*time.Minute {
				t.Errorf("six codes were looked at between %v and %v", tries[i-5], tries[i])
			}
		}
		if len(tries) < 10 {
			t.Errorf("got %d tries in 80 minutes, want more after each wait", len(tries))
		}
	})
}

func TestARecoveryCodeWorksOnceHoweverItIsTyped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		who := authenticate(t, s, register(t, s).Tokens.AccessToken)
		a, old := enrol(t, s, c, who)
		wantNoError(t, login(t, s, old[0]))
		wantKind(t, login(t, s, old[0]), fault.InvalidCode)
		wantNoError(t, login(t, s, strings.ToUpper(strings.ReplaceAll(old[1], "-", " "))))
		status, err := s.SecondFactor(t.Context(), who)
		if err != nil || status.RecoveryCodesLeft != 8 {
			t.Errorf("got %+v, %v, want eight codes left", status, err)
		}
		_, err = s.NewRecoveryCodes(t.Context(), who, "not my password", old[2])
		wantKind(t, err, fault.InvalidCredentials)
		fresh, err := s.NewRecoveryCodes(t.Context(), who, password, old[2]) // the app is lost
		wantNoError(t, err)
		wantKind(t, login(t, s, old[3]), fault.InvalidCode)
		wantNoError(t, s.DisableTOTP(t.Context(), who, password, fresh.RecoveryCodes[0]))
		wantNoError(t, login(t, s, ""))
		wantKind(t, s.DisableTOTP(t.Context(), who, password, fresh.RecoveryCodes[1]), fault.Conflict)
		_, err = s.NewRecoveryCodes(t.Context(), who, password, fresh.RecoveryCodes[1])
		wantKind(t, err, fault.Conflict)

		b, _ := enrol(t, s, c, who)
		wantKind(t, login(t, s, a.code(0)), fault.InvalidCode)
		wantKind(t, login(t, s, fresh.RecoveryCodes[2]), fault.InvalidCode)
		wantNoError(t, login(t, s, b.code(0)))
	})
}

func TestANewPasswordLeavesTheSecondFactorOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		who := authenticate(t, s, register(t, s).Tokens.AccessToken)
		a, _ := enrol(t, s, c, who)
		wantNoError(t, s.ChangePassword(t.Context(), who, password, "another fine phrase"))
		_, err := s.Login(t.Context(), email, "another fine phrase", "")
		wantKind(t, err, fault.SecondFactorNeeded)
		_, err = s.Login(t.Context(), email, "another fine phrase", a.code(0))
		wantNoError(t, err)
	})
}
