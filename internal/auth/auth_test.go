package auth_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

var signingKey = []byte("0123456789abcdef0123456789abcdef")

// clock is a time that moves only when it is told to.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time          { return time.UnixMicro(c.now.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.now.Add(d.Microseconds()) }

func newService(t *testing.T, d *db.DB) (*auth.Service, *clock) {
	t.Helper()
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC).UnixMicro())
	return serviceWith(t, d, c, 4), c
}

func serviceWith(t *testing.T, d *db.DB, c *clock, cost int) *auth.Service {
	t.Helper()
	log, err := audit.New(d, c.Now, signingKey)
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.New(auth.Config{DB: d, Now: c.Now, Log: slog.New(slog.DiscardHandler), Audit: log, Keys: keyring(t), SigningKey: signingKey, BcryptCost: cost})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyring(t *testing.T) *vault.Keyring {
	t.Helper()
	keys, err := vault.New(map[int][]byte{1: []byte("an encryption key of thirty-two b")[:vault.KeySize]})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

const (
	email    = "ada@example.com"
	password = "correct horse staple"
)

func register(t *testing.T, s *auth.Service) auth.SignedIn {
	t.Helper()
	in, err := s.Register(t.Context(), auth.Registration{Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func authenticate(t *testing.T, s *auth.Service, token string) auth.Identity {
	t.Helper()
	who, err := s.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestSigningUpAndInOpensSessionsOfTheSamePerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		up := register(t, s)
		in, err := s.Login(t.Context(), "  ADA@Example.com ", password, "")
		if err != nil {
			t.Fatal(err)
		}
		first, second := authenticate(t, s, up.Tokens.AccessToken), authenticate(t, s, in.Tokens.AccessToken)
		if first.UserID != second.UserID || first.UserID != in.User.ID || first.SessionID == second.SessionID {
			t.Errorf("got identities %+v and %+v, want one person in two sessions", first, second)
		}
		_, err = s.Register(t.Context(), auth.Registration{Email: "Ada@example.com", Password: password})
		wantKind(t, err, fault.EmailTaken)
	})
}

func TestAWrongPasswordAndAnUnknownAddressAreTheSameError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		register(t, s)
		_, wrong := s.Login(t.Context(), email, "something else", "")
		_, unknown := s.Login(t.Context(), "nobody@example.com", password, "")
		wantKind(t, wrong, fault.InvalidCredentials)
		if wrong.Error() != unknown.Error() {
			t.Errorf("got %q and %q, want one answer", wrong, unknown)
		}
	})
}

func TestWeakPasswordsAreRefusedWithAReason(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		for _, weak := range []string{
			"", "short12", "éèàù", "password", "P4ssw0rd123!", "Jaspers2026", "12345678", "87654321", "qwertyuiop", "aaaaaaaaaa", "abababab",
			"my ada@example.com", "with\x00nul byte", strings.Repeat("é", 37), strings.Repeat("long words ", 7),
		} {
			_, err := s.Register(t.Context(), auth.Registration{Email: email, Password: weak})
			wantKind(t, err, fault.Invalid)
			if f := fault.From(err).Fields; len(f) != 1 || f[0].Path != "body.password" {
				t.Errorf("%q: got fields %v", weak, f)
			}
		}
		long := strings.Repeat("n", 101)
		_, err := s.Register(t.Context(), auth.Registration{Email: "no address", Password: "x", FirstName: &long, LastName: &long})
		if f := fault.From(err).Fields; len(f) != 4 {
			t.Errorf("got fields %v, want every wrong one", f)
		}
	})
}

func TestPasswordsUpTo72BytesCountToTheLastByte(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		long := "a long and quiet sentence, " + strings.Repeat("0123456789", 4) + "12345"
		if len(long) != 72 {
			t.Fatalf("the test's password has %d bytes", len(long))
		}
		if _, err := s.Register(t.Context(), auth.Registration{Email: email, Password: long}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(t.Context(), email, long, ""); err != nil {
			t.Error(err)
		}
		_, err := s.Login(t.Context(), email, long[:71]+"x", "")
		wantKind(t, err, fault.InvalidCredentials)
		_, err = s.Login(t.Context(), email, long+"x", "") // bcrypt alone would let this in
		wantKind(t, err, fault.Invalid)
	})
}

func TestAHashIsMadeStrongerAtTheNextSignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		weak, c := newService(t, d)
		register(t, weak)
		strong := serviceWith(t, d, c, 5)
		hash := func() (h string) {
			if err := d.Read().QueryRowContext(t.Context(), "select password_hash from users").Scan(&h); err != nil {
				t.Fatal(err)
			}
			return h
		}
		if _, err := strong.Login(t.Context(), email, password, ""); err != nil {
			t.Fatal(err)
		}
		if got := hash(); !strings.HasPrefix(got, "$2a$05$") {
			t.Errorf("got hash %.7s…, want cost 5", got)
		}
		if _, err := weak.Login(t.Context(), email, password, ""); err != nil {
			t.Fatal(err)
		}
		if got := hash(); !strings.HasPrefix(got, "$2a$05$") {
			t.Errorf("got hash %.7s…, want it to stay strong", got)
		}
	})
}

func TestRefreshTokensRotateAndReuseEndsTheSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		first := register(t, s).Tokens
		second, err := s.Refresh(t.Context(), first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if second.RefreshToken == first.RefreshToken {
			t.Error("the refresh token did not change")
		}
		c.Advance(time.Minute)
		_, err = s.Refresh(t.Context(), first.RefreshToken)
		wantKind(t, err, fault.TokenReused)
		_, err = s.Refresh(t.Context(), second.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.Authenticate(t.Context(), second.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestParallelRefreshesLogNobodyOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		tokens := register(t, s).Tokens
		const tabs = 50
		got, errs := make([]auth.Tokens, tabs), make([]error, tabs)
		var wg sync.WaitGroup
		for i := range tabs {
			wg.Go(func() { got[i], errs[i] = s.Refresh(t.Context(), tokens.RefreshToken) })
		}
		wg.Wait()
		sessions, next := map[string]bool{}, map[string]bool{}
		for i := range tabs {
			if errs[i] != nil {
				t.Fatalf("tab %d: %v", i, errs[i])
			}
			sessions[authenticate(t, s, got[i].AccessToken).SessionID] = true
			next[got[i].RefreshToken] = true
		}
		if len(sessions) != 1 || len(next) != 1 {
			t.Errorf("got %d sessions and %d refresh tokens, want one of each", len(sessions), len(next))
		}
	})
}

func TestACopyUsedWithinTheGraceMakesNoChainOfItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		stolen := register(t, s).Tokens.RefreshToken
		owners, err := s.Refresh(t.Context(), stolen)
		if err != nil {
			t.Fatal(err)
		}
		thiefs, err := s.Refresh(t.Context(), stolen)
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(10 * time.Minute)
		if _, err := s.Refresh(t.Context(), owners.RefreshToken); err != nil {
			t.Fatal(err)
		}
		c.Advance(10 * time.Minute)
		_, err = s.Refresh(t.Context(), thiefs.RefreshToken)
		wantKind(t, err, fault.TokenReused)
	})
}

func TestTidyForgetsSessionsAMonthAfterTheirEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		register(t, s)
		rows := func() (n int) {
			err := d.Tx(t.Context(), func(tx *sql.Tx) error {
				if err := s.Tidy(t.Context(), tx, c.Now()); err != nil {
					return err
				}
				return tx.QueryRowContext(t.Context(), "select count(*) from refresh_tokens").Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		c.Advance(59 * 24 * time.Hour)
		if got := rows(); got != 1 {
			t.Errorf("got %d refresh tokens, want 1", got)
		}
		c.Advance(2 * 24 * time.Hour)
		if got := rows(); got != 0 {
			t.Errorf("got %d refresh tokens, want 0", got)
		}
	})
}

func TestTextThatNoDatabaseKeepsIsNoInternalError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		_, err := s.Login(t.Context(), "a\x00@example.com", password, "")
		wantKind(t, err, fault.InvalidCredentials)
		name := "A\x00da"
		_, err = s.Register(t.Context(), auth.Registration{Email: email, Password: password, FirstName: &name})
		wantKind(t, err, fault.Invalid)
	})
}

func TestSessionsEndAfterAWeekUnusedAndThirtyDaysInAnyCase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		tokens := register(t, s).Tokens
		for range 4 {
			c.Advance(7*24*time.Hour - time.Minute)
			next, err := s.Refresh(t.Context(), tokens.RefreshToken)
			if err != nil {
				t.Fatal(err)
			}
			tokens = next
		}
		c.Advance(3 * 24 * time.Hour)
		_, err := s.Refresh(t.Context(), tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)

		in, err := s.Login(t.Context(), email, password, "")
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(7 * 24 * time.Hour)
		_, err = s.Refresh(t.Context(), in.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestLogoutEndsOneSessionAndAPasswordChangeTheOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		laptop := register(t, s).Tokens
		phone, err := s.Login(t.Context(), email, password, "")
		if err != nil {
			t.Fatal(err)
		}
		desk, err := s.Login(t.Context(), email, password, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Logout(t.Context(), authenticate(t, s, desk.Tokens.AccessToken)); err != nil {
			t.Fatal(err)
		}
		_, err = s.Authenticate(t.Context(), desk.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.Refresh(t.Context(), desk.Tokens.RefreshToken)
		wantKind(t, err, fault.Unauthenticated)

		me := authenticate(t, s, laptop.AccessToken)
		wantKind(t, s.ChangePassword(t.Context(), me, "not my password", "another fine phrase"), fault.InvalidCredentials)
		wantKind(t, s.ChangePassword(t.Context(), me, password, "short"), fault.Invalid)
		wantKind(t, s.ChangePassword(t.Context(), me, password, password), fault.Invalid)
		if err := s.ChangePassword(t.Context(), me, password, "another fine phrase"); err != nil {
			t.Fatal(err)
		}
		authenticate(t, s, laptop.AccessToken)
		_, err = s.Authenticate(t.Context(), phone.Tokens.AccessToken)
		wantKind(t, err, fault.Unauthenticated)
		_, err = s.Login(t.Context(), email, password, "")
		wantKind(t, err, fault.InvalidCredentials)
		if _, err := s.Login(t.Context(), email, "another fine phrase", ""); err != nil {
			t.Error(err)
		}
	})
}

func TestForgedAndForeignAccessTokensAreRefusedAlike(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := newService(t, d)
		good := register(t, s).Tokens.AccessToken
		who := authenticate(t, s, good)
		parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
		if err != nil {
			t.Fatal(err)
		}
		forge := func(method jwt.SigningMethod, key any, change func(h map[string]any, claims jwt.MapClaims)) string {
			claims := jwt.MapClaims{}
			for k, v := range parsed.Claims.(jwt.MapClaims) {
				claims[k] = v
			}
			token := jwt.NewWithClaims(method, claims)
			token.Header["typ"], token.Header["kid"] = parsed.Header["typ"], parsed.Header["kid"]
			change(token.Header, claims)
			text, err := token.SignedString(key)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		same := func(map[string]any, jwt.MapClaims) {}
		if forge(jwt.SigningMethodHS256, signingKey, same) == "" || authenticate(t, s, forge(jwt.SigningMethodHS256, signingKey, same)) != who {
			t.Fatal("the test cannot even forge a good token")
		}
		set := func(name string, value any) func(map[string]any, jwt.MapClaims) {
			return func(_ map[string]any, claims jwt.MapClaims) { claims[name] = value }
		}
		drop := func(name string) func(map[string]any, jwt.MapClaims) {
			return func(_ map[string]any, claims jwt.MapClaims) { delete(claims, name) }
		}
		head := func(name string, value any) func(map[string]any, jwt.MapClaims) {
			return func(h map[string]any, _ jwt.MapClaims) { h[name] = value }
		}
		bad := map[string]string{
			"empty": "", "no token": "hello", "dots": strings.Repeat(".", 1<<20), "cut": good[:len(good)-2],
			"no signature":      forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
			"other key":         forge(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), same),
			"other algorithm":   forge(jwt.SigningMethodHS512, signingKey, same),
			"other key id":      forge(jwt.SigningMethodHS256, signingKey, head("kid", "x")),
			"other header type": forge(jwt.SigningMethodHS256, signingKey, head("typ", "JWT")),
			"other type":        forge(jwt.SigningMethodHS256, signingKey, set("typ", "refresh")),
			"other issuer":      forge(jwt.SigningMethodHS256, signingKey, set("iss", "evil")),
			"other audience":    forge(jwt.SigningMethodHS256, signingKey, set("aud", "evil")),
			"no expiry":         forge(jwt.SigningMethodHS256, signingKey, drop("exp")),
			"from the future":   forge(jwt.SigningMethodHS256, signingKey, set("iat", c.Now().Add(time.Hour).Unix())),
			"other person":      forge(jwt.SigningMethodHS256, signingKey, set("sub", db.NewID())),
			"no id as person":   forge(jwt.SigningMethodHS256, signingKey, set("sub", "' or 1=1")),
			"other session":     forge(jwt.SigningMethodHS256, signingKey, set("sid", db.NewID())),
			"no session":        forge(jwt.SigningMethodHS256, signingKey, drop("sid")),
		}
		for name, token := range bad {
			_, err := s.Authenticate(t.Context(), token)
			if err == nil || fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("%s: got %v, want %s", name, err, fault.Unauthenticated)
			}
		}
		c.Advance(15*time.Minute + 6*time.Second) // the clocks of two replicas may differ by five
		_, err = s.Authenticate(t.Context(), good)
		wantKind(t, err, fault.TokenExpired)
		_, err = s.Authenticate(t.Context(), bad["other key"])
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestAShortSigningKeyIsRefused(t *testing.T) {
	_, err := auth.New(auth.Config{Now: time.Now, SigningKey: signingKey[:31]})
	if err == nil {
		t.Error("a key of 31 bytes was accepted")
	}
}

func TestOnlyHashesOfRefreshTokensAreStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := newService(t, d)
		tokens := register(t, s).Tokens
		var stored string
		if err := d.Read().QueryRowContext(t.Context(), "select token_hash from refresh_tokens").Scan(&stored); err != nil {
			t.Fatal(err)
		}
		_, err := s.Refresh(t.Context(), stored)
		wantKind(t, err, fault.Unauthenticated)
		if strings.Contains(fmt.Sprint(stored), tokens.RefreshToken) {
			t.Error("the token itself is stored")
		}
	})
}
