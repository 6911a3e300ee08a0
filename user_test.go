package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// ran is how a command ended.
type ran struct {
	out, errOut string
	code        int
}

// user runs "jaspers user" to its end, with a text on its standard input.
func user(t *testing.T, dir string, environ []string, input string, args ...string) ran {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	c := exec.Command(path, append([]string{"user"}, args...)...)
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = dir, append([]string{"HOME=" + dir}, environ...), strings.NewReader(input), &out, &errOut
	err = c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("%v, %v", err, exit)
	}
	return ran{out.String(), errOut.String(), c.ProcessState.ExitCode()}
}

// ok wants a command to have gone well and to have said something.
func (r ran) ok(t *testing.T, want string) ran {
	t.Helper()
	if r.code != 0 || !strings.Contains(r.out, want) || r.errOut != "" {
		t.Errorf("got %+v, want exit code 0 and %q", r, want)
	}
	return r
}

// fails wants a command to have failed, with a reason and nothing else.
func (r ran) fails(t *testing.T, code int, want string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.errOut, want) || r.out != "" {
		t.Errorf("got %+v, want exit code %d and %q", r, code, want)
	}
}

// signIn tells how a sign-in is answered.
func (s *server) signIn(email, password string) (status int, code string) {
	s.t.Helper()
	resp := s.send("POST", "/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), "application/json")
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	if found := regexp.MustCompile(`"code":"(\w+)"`).FindStringSubmatch(body.String()); found != nil {
		code = found[1]
	}
	return resp.StatusCode, code
}

func TestTheOperatorHelpsPeopleWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *server) { // ada has registered
		run := func(input string, args ...string) ran { return user(t, s.dir, s.environ, input, args...) }
		want := func(email, password string, status int, code string) {
			t.Helper()
			if gotStatus, got := s.signIn(email, password); gotStatus != status || got != code {
				t.Errorf("signing in got %d %s, want %d %s", gotStatus, got, status, code)
			}
		}
		run("the first phrase of bob\n", "add", "Bob@Example.com").ok(t, "added bob@example.com (member)")
		want("bob@example.com", "the first phrase of bob", http.StatusOK, "")
		made := run("", "add", "-generate", "eve@example.com").ok(t, "added eve@example.com (member)")
		_, password, _ := strings.Cut(strings.TrimSpace(made.out), "password: ")
		want("eve@example.com", password, http.StatusOK, "")

		run("", "make-admin", "bob@example.com").ok(t, "an admin now")
		run("", "disable", "eve@example.com").ok(t, "disabled")
		want("eve@example.com", password, http.StatusForbidden, "account_disabled")
		list := run("", "list").ok(t, "EMAIL")
		for _, line := range []string{
			`(?m)^ada@example\.com +admin +\d{4}-\d\d-\d\d \d\d:\d\d +\d{4}-\d\d-\d\d \d\d:\d\d +-$`,
			`(?m)^bob@example\.com +admin +\d{4}-\d\d-\d\d \d\d:\d\d +\d{4}-\d\d-\d\d \d\d:\d\d +-$`,
			`(?m)^eve@example\.com +member .* +\d{4}-\d\d-\d\d \d\d:\d\d$`,
		} {
			if !regexp.MustCompile(line).MatchString(list.out) {
				t.Errorf("got the list\n%s, want a line %s", list.out, line)
			}
		}
		run("", "enable", "eve@example.com").ok(t, "enabled")
		want("eve@example.com", password, http.StatusOK, "")

		run("the second phrase, for ada", "reset-password", "ada@example.com").ok(t, "every session ended and every API key revoked")
		resp := s.send("GET", "/auth/me", "", "application/json")
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("ada's old token got %s, want it dead", resp.Status)
		}
		want("ada@example.com", "the second phrase, for ada", http.StatusOK, "")
		made = run("", "reset-password", "ada@example.com", "-generate").ok(t, "password: ")
		_, password, _ = strings.Cut(strings.TrimSpace(made.out), "password: ")
		want("ada@example.com", password, http.StatusOK, "")
	})
}

func TestTheOperatorAddsTheFirstPersonBeforeAnyServerRan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := []string{"JASPERS_REGISTRATION=closed"}
	user(t, dir, environ, "correct horse staple\n", "add", "ada@example.com").ok(t, "made a new installation at data/jaspers.db\nadded ada@example.com (admin)\n")
	if again := user(t, dir, environ, "", "add", "-generate", "bob@example.com").ok(t, "added bob@example.com (member)"); strings.Contains(again.out, "new installation") {
		t.Errorf("got %s, want one installation", again.out)
	}
	user(t, dir, environ, "", "list").ok(t, "ada@example.com  admin")
	s := &server{t: t, dir: dir, environ: environ} // which never runs
	if code, said := s.run("audit", "verify"); code != 0 || !strings.HasPrefix(said, "2 rows, chain intact") {
		t.Errorf("got %d: %s, want what the operator did sealed", code, said)
	}
}

func TestUserCommandsThatCannotBeDoneSayWhy(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			environ := []string{
				"JASPERS_DATABASE_URL=" + dbtest.Address(t, engine), "JASPERS_JWT_SECRET=0f1e2d3c4b5a69788796a5b4c3d2e1f0aa",
				"JASPERS_ENCRYPTION_KEY=" + strings.Repeat("0123456789abcdef", 4), "JASPERS_HASH_KEY=1f0e3d2c5b4a79688697b5a4d3c2f1e0bb",
			}
			user(t, dir, environ, "correct horse staple", "add", "ada@example.com").ok(t, "admin")
			for _, tc := range []struct {
				name, input string
				args        []string
				code        int
				want        string
			}{
				{"no action", "", nil, 2, "Usage: jaspers user"},
				{"an unknown action", "", []string{"fly", "ada@example.com"}, 2, "Usage: jaspers user"},
				{"no address", "", []string{"disable"}, 2, "Usage: jaspers user"},
				{"two addresses", "", []string{"disable", "ada@example.com", "x"}, 2, "Usage: jaspers user"},
				{"a list of one", "", []string{"list", "ada@example.com"}, 2, "Usage: jaspers user"},
				{"an unknown flag", "", []string{"add", "-password", "c4n4ry", "eve@example.com"}, 2, "flag provided but not defined"},
				{"a password as argument", "", []string{"add", "eve@example.com", "c4n4ry"}, 2, "Usage: jaspers user"},
				{"a password where none is", "", []string{"disable", "-generate", "ada@example.com"}, 2, "Usage: jaspers user"},
				{"nobody", "", []string{"disable", "nobody@example.com"}, 1, "jaspers: nobody here has this e-mail address"},
				{"nobody's password", "correct horse staple", []string{"reset-password", "nobody@example.com"}, 1, "nobody here"},
				{"somebody again", "correct horse staple", []string{"add", "ada@example.com"}, 1, "jaspers: this e-mail address is already registered"},
				{"no second factor", "", []string{"remove-totp", "ada@example.com"}, 1, "jaspers: there is no second factor"},
				{"no address to add", "correct horse staple", []string{"add", "c4n4ry"}, 1, "jaspers: the email must be an e-mail address"},
				{"no password", "", []string{"add", "eve@example.com"}, 1, "no password on standard input"},
				{"an empty password", "\n", []string{"add", "eve@example.com"}, 1, "no password on standard input"},
				{"a short password", "c4n4ry", []string{"add", "eve@example.com"}, 1, "jaspers: the password must have at least 8 characters"},
				{"a long password", strings.Repeat("c4n4ry", 1000), []string{"reset-password", "ada@example.com"}, 1, "at most 72 bytes"},
			} {
				r := user(t, dir, environ, tc.input, tc.args...)
				if r.fails(t, tc.code, tc.want); strings.Contains(r.errOut, "c4n4ry") && tc.code != 2 || t.Failed() {
					t.Fatalf("%s: got %+v", tc.name, r)
				}
			}
			list := user(t, dir, environ, "", "list").ok(t, "ada@example.com")
			if strings.Count(list.out, "\n") != 2 {
				t.Errorf("got %s, want ada alone", list.out)
			}
		})
	}
}
