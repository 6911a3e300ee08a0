package main

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// run waits for a command with the server's settings, and returns its exit code and what it printed.
func (s *server) run(args ...string) (int, string) {
	s.t.Helper()
	p := start(s.t, s.dir, s.environ, args...)
	_ = p.Wait() // the code says how it went
	return p.ProcessState.ExitCode(), p.out.String() + p.log.String()
}

// setting is one of the server's, or empty.
func (s *server) setting(name string) string {
	for _, pair := range s.environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

func TestTheAuditLogIsVerifiedWhileTheServerRunsAndAfterItWasKilled(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *server) {
		intact := regexp.MustCompile(`^(\d+) rows, chain intact, head (\d+:[0-9a-f]{64})\n$`)
		code, said := s.run("audit", "verify")
		for range 20 {
			s.call("PATCH", "/auth/me", `{"firstName":"Ada"}`)
		}
		if code != 0 {
			t.Errorf("got %d: %s", code, said)
		}
		s.program.kill(t) // some rows have no place yet
		s.boot()
		var head []string
		eventually(t, "sealing", func() error {
			code, said = s.run("audit", "verify")
			if head = intact.FindStringSubmatch(said); code != 0 || head == nil || head[1] != "21" {
				return fmt.Errorf("got %d: %s", code, said)
			}
			return nil
		})
		s.call("PATCH", "/auth/me", `{"firstName":"Ada"}`)
		if code, said := s.run("audit", "verify", "-head", head[2]); code != 0 {
			t.Errorf("with the head noted before: got %d: %s", code, said)
		}
		if code, said := s.run("audit", "-head", "21:"+strings.Repeat("0", 64), "verify"); code != 1 || !strings.Contains(said, "the end that was noted") {
			t.Errorf("with another head: got %d: %s", code, said)
		}
		d, err := db.Open(t.Context(), s.setting("JASPERS_DATABASE_URL"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "update audit_logs set outcome = 'failure' where id = (select log_id from audit_chain where seq = 7)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		code, said = s.run("audit", "verify")
		if code != 1 || !strings.Contains(said, "rows edited after they were written: 1 (the first: row 7)\n") {
			t.Errorf("after a row was edited: got %d: %s", code, said)
		}
	})
}

func TestOperatorsCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"audit"}, 2, "Usage: jaspers audit verify"},
		{[]string{"audit", "-h"}, 0, "verify  tell whether"},
		{[]string{"audit", "burn"}, 2, "Usage: jaspers audit verify"},
		{[]string{"audit", "verify", "now"}, 2, "Usage: jaspers audit verify"},
		{[]string{"audit", "verify", "-fast"}, 2, "flag provided but not defined"},
		{[]string{"audit", "verify", "-head", "x"}, 1, "a head is what verify printed"},
		{[]string{"audit", "verify"}, 1, "there is no installation at data/jaspers.db: set JASPERS_DATA_DIR"},
		{[]string{"keys"}, 2, "Usage: jaspers keys"},
		{[]string{"keys", "-h"}, 0, "rotate  seal everything with a new key"},
		{[]string{"keys", "eat"}, 2, "Usage: jaspers keys"},
		{[]string{"keys", "status", "now"}, 2, "Usage: jaspers keys"},
		{[]string{"keys", "status"}, 1, "there is no installation"},
		{[]string{"keys", "rotate"}, 1, "there is no installation"},
		{[]string{"backup"}, 2, "Usage: jaspers backup"},
		{[]string{"backup", "-h"}, 0, "found sound"},
		{[]string{"backup", "a", "b"}, 2, "Usage: jaspers backup"},
		{[]string{"backup", "-fast", "a"}, 2, "flag provided but not defined"},
		{[]string{"backup", "a"}, 1, "there is no installation at data/jaspers.db"},
		{[]string{"restore"}, 2, "Usage: jaspers restore"},
		{[]string{"restore", "-h"}, 0, "which is kept aside"},
		{[]string{"restore", "a"}, 1, "there is no database in a"},
		{[]string{"health", "now"}, 2, "takes 0 arguments"},
		{[]string{"health"}, 1, "no answer at 127.0.0.1:"},
		{[]string{"user", "-h"}, 0, "Usage: jaspers user ACTION"},
		{[]string{"user", "list"}, 1, "there is no installation"},
		{[]string{"user", "make-admin", "ada@example.com"}, 1, "there is no installation"},
	} {
		dir := t.TempDir()
		p := start(t, dir, nil, c.args...)
		_ = p.Wait()
		if got := p.ProcessState.ExitCode(); got != c.code || !strings.Contains(p.log.String(), c.want) {
			t.Errorf("%v: got %d: %s, want %d and %q", c.args, got, p.log, c.code, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v: left %v, %v, want nothing made", c.args, left, err)
		}
	}
}

func TestOperatorsCommandsLeaveTheSchemaOfAnOlderVersionAlone(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := &server{t: t, dir: t.TempDir(), environ: []string{
				"JASPERS_DATABASE_URL=" + dbtest.Address(t, engine), "JASPERS_JWT_SECRET=0f1e2d3c4b5a69788796a5b4c3d2e1f0aa",
				"JASPERS_ENCRYPTION_KEY=" + strings.Repeat("0123456789abcdef", 4), "JASPERS_HASH_KEY=1f0e3d2c5b4a79688697b5a4d3c2f1e0bb",
			}}
			if code, said := s.run("migrate", "down"); code != 0 {
				t.Fatalf("got %d: %s", code, said)
			}
			_, before := s.run("migrate", "status")
			for _, args := range [][]string{{"user", "list"}, {"user", "add", "-generate", "ada@example.com"}, {"keys", "status"}, {"audit", "verify"}} {
				if code, said := s.run(args...); code != 1 || !strings.Contains(said, "of an older version") {
					t.Errorf("%v: got %d: %s", args, code, said)
				}
			}
			if _, now := s.run("migrate", "status"); now != before || !strings.Contains(now, "to come") {
				t.Errorf("got %s, want it as before: %s", now, before)
			}
		})
	}
}

func TestKeysGivenByFilesShowNeitherInTheProcessNorInItsLastWords(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	t.Parallel()
	dir, addr := t.TempDir(), sharedtest.Address(t)
	keys := map[string]string{
		"JASPERS_JWT_SECRET": "0f1e2d3c4b5a69788796a5b4c3d2e1f0aa", "JASPERS_HASH_KEY": "1f0e3d2c5b4a79688697b5a4d3c2f1e0bb",
		"JASPERS_ENCRYPTION_KEY":      "v2:" + strings.Repeat("0123456789abcdef", 4),
		"JASPERS_ENCRYPTION_KEYS_OLD": "v1:" + strings.Repeat("fedcba9876543210", 4),
	}
	environ := []string{"JASPERS_ADDR=" + addr, "JASPERS_LOG_LEVEL=DEBUG"}
	for name, value := range keys {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		environ = append(environ, name+"_FILE="+path)
	}
	p := start(t, dir, environ, "serve")
	waitReady(t, addr)
	seen := ""
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Process.Pid, file))
		if err != nil {
			t.Fatal(err)
		}
		seen += string(text)
	}
	if err := p.Process.Signal(syscall.SIGQUIT); err != nil { // dies as in a crash, with the stacks of all it was doing
		t.Fatal(err)
	}
	_ = p.Wait()
	if seen += p.log.String() + p.out.String(); !strings.Contains(seen, "goroutine ") || !strings.Contains(seen, "JASPERS_ADDR") {
		t.Fatalf("got %s, want stacks and an environment", seen)
	}
	for name, value := range keys {
		if _, hex, ok := strings.Cut(value, ":"); ok {
			value = hex
		}
		if strings.Contains(seen, value) {
			t.Errorf("%s can be seen", name)
		}
	}
}

func TestTheVersionSaysTheCommitItWasBuiltOf(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), nil, "version")
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^jaspers \d+\.\d+\.\d+ \((unknown commit|commit [0-9a-f]{40}(, with changes)?, \d{4}-\d\d-\d\dT[\d:]{8}Z), go1\.\S+ \w+/\w+\)\n$`)
	if got := p.out.String(); !want.MatchString(got) {
		t.Errorf("got %q, want it as %v", got, want)
	}
}

func TestHealthIsAskedOfTheServerThatTheSettingsAreOf(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(sharedtest.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: t.TempDir(), environ: []string{ // every address, of which loopback is one
		"JASPERS_ADDR=0.0.0.0:" + port, "JASPERS_PUBLIC_URL=https://jaspers.example.com", "JASPERS_YAHOO_ENABLED=false",
	}}
	if code, said := s.run("health"); code != 1 || !strings.Contains(said, "no answer at 127.0.0.1:"+port) {
		t.Errorf("before it runs: got %d: %s", code, said)
	}
	start(t, s.dir, s.environ, "serve")
	eventually(t, "ready", func() error {
		if code, said := s.run("health", "-ready"); code != 0 {
			return fmt.Errorf("got %d: %s", code, said)
		}
		return nil
	})
	if code, said := s.run("health"); code != 0 || said != "" {
		t.Errorf("got %d: %s", code, said)
	}
}

func TestAnSQLiteThatCannotBeWrittenToIsDownAndSaysSo(t *testing.T) {
	t.Parallel()
	s := startServer(t, db.SQLite)
	s.program.terminate(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	// No file may become larger than 1.5 MB: soon the database's log cannot.
	s.program = launch(t, s.dir, s.environ, exec.Command("sh", "-c", `ulimit -f 3072; exec "$0" serve`, path))
	waitReady(t, s.addr)
	var status int
	for n := 0; status < http.StatusInternalServerError && n < 900; n++ {
		resp := s.send("POST", "/chat/sessions", `{"title":"`+strings.Repeat("a long title ", 12)+`"}`, "")
		_ = resp.Body.Close()
		status = resp.StatusCode
	}
	if status != http.StatusServiceUnavailable {
		t.Errorf("got %d for what cannot be stored, want 503", status)
	}
	for path, want := range map[string]string{"/health": `"status":"down"`, "/health/ready": `"code":"overloaded"`} {
		eventually(t, path, func() error {
			resp := s.send("GET", path, "", "")
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err == nil && (resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), want)) {
				err = fmt.Errorf("got %d %s, want %s", resp.StatusCode, body, want)
			}
			return err
		})
	}
	if resp := s.send("GET", "/chat/sessions", "", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("got %d for what is stored, want it read", resp.StatusCode)
	}
}
