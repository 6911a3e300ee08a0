package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// binary builds the program once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "jaspers-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "jaspers")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// program is a running jaspers.
type program struct {
	*exec.Cmd
	out, log *buffer
}

// buffer can be read while a process writes to it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs the program in a folder, with nothing in its environment but what is given.
func start(t *testing.T, dir string, environ []string, args ...string) *program {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, dir, environ, exec.Command(path, args...))
}

// launch runs the program as a command says.
func launch(t *testing.T, dir string, environ []string, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd, &buffer{}, &buffer{}}
	p.Dir, p.Env, p.Stdout, p.Stderr = dir, append([]string{"HOME=" + dir}, environ...), p.out, p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // when it has not ended by itself
		_ = p.Wait()
		if t.Failed() {
			t.Logf("the program's log:\n%s", p.log)
		}
	})
	return p
}

// kill ends the program as a power cut would.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // says that it was killed
}

// terminate tells the program to end, and wants it to end well.
func (p *program) terminate(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("SIGTERM ended it with %v, want exit code 0: %s", err, p.log)
	}
}

// eventually waits until what is true, or fails with the last reason why it is not.
func eventually(t *testing.T, what string, is func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = is(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func waitReady(t *testing.T, addr string) {
	t.Helper()
	eventually(t, "ready", func() error {
		resp, err := http.Get("http://" + addr + "/api/health/ready")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	})
}

// pasted are the lines of the demo's welcome that a person pastes into a shell.
var pasted = regexp.MustCompile(`(?m)^   (\S.*)$`)

func TestTheDemosLinesWorkWhenPastedAndItsDataStays(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here to paste the lines into", tool)
		}
	}
	dir, addr := t.TempDir(), sharedtest.Address(t)
	paste := func() (lines []string, p *program) {
		p = start(t, dir, nil, "demo", "-addr", addr)
		eventually(t, "the welcome", func() error {
			if !strings.Contains(p.out.String(), "Ctrl-C") {
				return fmt.Errorf("got %q", p.out)
			}
			return nil
		})
		var script strings.Builder
		for _, line := range pasted.FindAllStringSubmatch(p.out.String(), -1) {
			script.WriteString(line[1] + "\necho\n")
		}
		eventually(t, "the first sync", func() error { // the person is not as fast as a script
			out, err := exec.Command("bash", "-c", strings.Join(strings.Split(script.String(), "\n")[:4], "\n")).CombinedOutput()
			if err != nil || !strings.Contains(string(out), `"symbol":"AAPL"`) {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
		shell := exec.Command("bash", "-c", script.String())
		shell.Dir = dir
		out, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Split(string(out), "\n"), p
	}
	for _, run := range []string{"first", "second"} {
		lines, p := paste()
		all := strings.Join(lines, "\n")
		for _, want := range []string{`"symbol":"AAPL"`, `"providerName":"Alpaca"`, "event: tool", "event: citation", "event: done", `"status":"complete"`, "AAPL is at $"} {
			if !strings.Contains(all, want) {
				t.Errorf("%s run: the lines answered nothing with %s:\n%s", run, want, all)
			}
		}
		if strings.Contains(all, `"success":false`) {
			t.Errorf("%s run: a line failed:\n%s", run, all)
		}
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("%s run: Ctrl-C ended it with %v, want exit code 0", run, err)
		}
	}
}

func TestHealthAnswersFromTheFirstMomentAndTermDrains(t *testing.T) {
	dir, addr := t.TempDir(), sharedtest.Address(t)
	p := start(t, dir, []string{"JASPERS_ADDR=" + addr}, "serve")
	waitReady(t, addr)
	resp, err := http.Get("http://" + addr + "/api/health/live")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if info, err := os.Stat(filepath.Join(dir, "data", "secrets.env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got secrets %v, %v, want a file of mode 0600", info, err)
	}
	p.terminate(t)
}

func TestBadCommandsAndSettingsSayWhatToDo(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		environ []string
		want    string
	}{
		"no command":       {nil, nil, "Usage: jaspers COMMAND"},
		"unknown command":  {[]string{"fly"}, nil, "Usage: jaspers COMMAND"},
		"unknown flag":     {[]string{"serve", "-fly"}, nil, "flag provided but not defined"},
		"too many words":   {[]string{"serve", "now"}, nil, "takes 0 arguments"},
		"sample secret":    {[]string{"serve"}, []string{"JWT_SECRET=your-super-secret-jwt-key"}, "value from documentation"},
		"short secret":     {[]string{"serve"}, []string{"JASPERS_JWT_SECRET=abc"}, "openssl rand -hex 32"},
		"no secrets":       {[]string{"serve"}, []string{"DATABASE_URL=postgres://nobody:canary@127.0.0.1:1/x"}, "must be set"},
		"bad database":     {[]string{"serve"}, []string{"DATABASE_URL=oracle://canary"}, "sqlite:"},
		"bad number":       {[]string{"serve"}, []string{"JASPERS_BCRYPT_COST=canary"}, "JASPERS_BCRYPT_COST"},
		"real credentials": {[]string{"demo"}, []string{"ANTHROPIC_API_KEY=canary-canary"}, "ANTHROPIC_API_KEY is set"},
		"weak hashes":      {[]string{"serve"}, []string{"JASPERS_BCRYPT_COST=4"}, "between 10 and 14"},
		"endless tokens":   {[]string{"serve"}, []string{"JWT_EXPIRES_IN=-5m"}, "between 1m and 24h"},
		"no host":          {[]string{"serve"}, []string{"JASPERS_ADDR=:4001"}, "JASPERS_PUBLIC_URL"},
		"public demo":      {[]string{"demo", "-addr", "0.0.0.0:4001"}, nil, "this machine only"},
		"mail in clear":    {[]string{"serve"}, []string{"JASPERS_SMTP_HOST=mail.example.com", "JASPERS_SMTP_TLS=none", "JASPERS_SMTP_FROM=a@example.com"}, "starttls or tls"},
		"nobody's mail":    {[]string{"serve"}, []string{"JASPERS_SMTP_HOST=mail.example.com", "JASPERS_SMTP_PASSWORD=canary"}, "JASPERS_SMTP_"},
		"half open":        {[]string{"serve"}, []string{"JASPERS_REGISTRATION=canary"}, "open or closed"},
		"idle worker":      {[]string{"worker"}, []string{"JASPERS_JOB_WORKERS=0"}, "at least 1 for a worker"},
		"bad migration":    {[]string{"migrate", "sideways"}, nil, "up, down or status"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, dir, append([]string{"JASPERS_ADDR=" + sharedtest.Address(t)}, tc.environ...), tc.args...)
			if err := p.Wait(); err == nil {
				t.Error("it went well")
			}
			if got := p.log.String(); !strings.Contains(got, tc.want) || strings.Contains(got, "canary") {
				t.Errorf("got %q, want %q and no value", got, tc.want)
			}
		})
	}
}

func TestSettingsAreShownWithoutSecrets(t *testing.T) {
	p := start(t, t.TempDir(), []string{"JWT_SECRET=canary-canary-canary-canary-canary", "PORT=4321"}, "config")
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"JASPERS_ADDR=127.0.0.1:4321\n", "JASPERS_JWT_SECRET=[redacted]\n"} {
		if !strings.Contains(p.out.String(), want) || strings.Contains(p.out.String(), "canary") {
			t.Errorf("got %s, want %s", p.out, want)
		}
	}
}

func TestTheExampleSettingsInTheRepositoryAreTheProgramsOwn(t *testing.T) {
	p := start(t, t.TempDir(), nil, "config", "-example")
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(".env.example")
	if err != nil || string(want) != p.out.String() {
		t.Errorf(".env.example is stale (%v): run go run . config -example > .env.example", err)
	}
}

// server is a jaspers that can be killed and started again on the same database, beside a simulator that lives on.
type server struct {
	t       *testing.T
	sim     *sim.Sim
	addr    string
	dir     string
	environ []string
	program *program
	token   string
	client  *http.Client
}

func startServer(t *testing.T, engine db.Engine) *server {
	t.Helper()
	return startServerWith(t, engine, sim.ClaudeOptions{})
}

// startServerWith starts a server whose model speaks in a way of its own.
func startServerWith(t *testing.T, engine db.Engine, model sim.ClaudeOptions) *server {
	t.Helper()
	addr := sharedtest.Address(t)
	world := sim.NewSim(sim.New(1, time.Now))
	world.Alpaca = sim.AlpacaApp{ClientID: "id", ClientSecret: "alpaca-client", RedirectURIs: []string{"http://" + addr + "/api/brokerages/callback"}}
	world.Claude = model
	world.Claude.Key = "model-key"
	outside := httptest.NewServer(world.Handler())
	t.Cleanup(outside.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, sim: world, addr: addr, dir: t.TempDir(), client: &http.Client{Jar: jar}, environ: []string{
		"JASPERS_ADDR=" + addr, "JASPERS_DATABASE_URL=" + dbtest.Address(t, engine), "JASPERS_JOB_LEASE=1s",
		"JASPERS_JWT_SECRET=0f1e2d3c4b5a69788796a5b4c3d2e1f0aa", "JASPERS_ENCRYPTION_KEY=" + strings.Repeat("0123456789abcdef", 4),
		"JASPERS_HASH_KEY=1f0e3d2c5b4a79688697b5a4d3c2f1e0bb",
		"JASPERS_ALPACA_CLIENT_ID=id", "JASPERS_ALPACA_CLIENT_SECRET=alpaca-client",
		"JASPERS_ALPACA_AUTHORIZE_URL=" + outside.URL + "/alpaca/oauth/authorize", "JASPERS_ALPACA_TOKEN_URL=" + outside.URL + "/alpaca/oauth/token",
		"JASPERS_ALPACA_LIVE_URL=" + outside.URL + "/alpaca/live", "JASPERS_ALPACA_PAPER_URL=" + outside.URL + "/alpaca/paper",
		"JASPERS_YAHOO_QUERY_URL=" + outside.URL + "/yahoo", "JASPERS_YAHOO_COOKIE_URL=" + outside.URL + "/yahoo",
		"JASPERS_YAHOO_PAGES_URL=" + outside.URL + "/yahoo", "JASPERS_YAHOO_RATE=1000",
		"JASPERS_ANTHROPIC_BASE_URL=" + outside.URL + "/claude", "JASPERS_ANTHROPIC_API_KEY=model-key",
	}}
	s.boot()
	s.token = s.as("ada").token
	return s
}

// as is the server as somebody new sees it.
func (s *server) as(name string) *server {
	s.t.Helper()
	seen := *s
	seen.token = field(s.t, s.call("POST", "/auth/register", `{"email":"`+name+`@example.com","password":"correct horse staple"}`), "tokens", "accessToken")
	return &seen
}

func (s *server) boot() {
	s.t.Helper()
	s.program = start(s.t, s.dir, s.environ, "serve")
	waitReady(s.t, s.addr)
}

// call sends a request and returns the data of its answer, which has to be a success.
func (s *server) call(method, path, body string) any {
	s.t.Helper()
	resp := s.send(method, path, body, "application/json")
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Success bool
		Data    any
		Error   any
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || !answer.Success {
		s.t.Fatalf("%s %s: got %v, %v", method, path, answer.Error, err)
	}
	return answer.Data
}

func (s *server) send(method, path, body, accept string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://"+s.addr+"/api"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// connect links alex's live account by way of the consent page, and returns the connection's id.
func (s *server) connect() string {
	s.t.Helper()
	authorize := field(s.t, s.call("POST", "/brokerages/connect", `{"provider":"alpaca","environment":"live"}`), "authorizationUrl")
	resp, err := s.client.PostForm(authorize, url.Values{"customer": {"alex"}, "decision": {"allow"}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Data any }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	return field(s.t, answer.Data, "id")
}

// field walks into an object and returns the text there.
func field(t *testing.T, v any, path ...string) string {
	t.Helper()
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no %s in %v", name, v)
		}
		v = object[name]
	}
	text, ok := v.(string)
	if !ok {
		t.Fatalf("%s is no text: %v", strings.Join(path, "."), v)
	}
	return text
}

// eachEngine runs a test on SQLite and, where it is there, PostgreSQL.
func eachEngine(t *testing.T, test func(t *testing.T, s *server)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel() // they wait for leases to end
			test(t, startServer(t, engine))
		})
	}
}

func TestASyncThatWasKilledIsDoneOnceAfterTheRestart(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *server) {
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultLatency, Delay: time.Minute, Path: "/live/v2/positions"})
		id := s.connect()
		eventually(t, "the sync under way", func() error {
			for _, r := range s.sim.Requests() {
				if strings.HasSuffix(r.Path, "/positions") {
					return nil
				}
			}
			return fmt.Errorf("got %v", s.sim.Requests())
		})
		s.program.kill(t)
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		s.boot()
		eventually(t, "the sync", func() error {
			if at := s.call("GET", "/brokerages/connections/"+id+"/status", "").(map[string]any)["lastSyncAt"]; at == nil {
				return fmt.Errorf("not yet")
			}
			return nil
		})
		held := map[string]int{}
		for _, h := range s.call("GET", "/portfolio/holdings", "").([]any) {
			row := h.(map[string]any)
			held[row["symbol"].(string)]++
			if n := len(row["sources"].([]any)); n != 1 {
				t.Errorf("%v comes from %d sources, want 1", row["symbol"], n)
			}
		}
		if want := s.sim.World.Positions("alex", sim.Live); len(held) != len(want) {
			t.Errorf("got %d holdings, want %d: %v", len(held), len(want), held)
		}
	})
}

func TestAnAnswerThatWasKilledIsStoredAsInterruptedWithWhatHadArrived(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *server) {
		s.connect()
		chat := field(t, s.call("POST", "/chat/sessions", `{}`), "id")
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
		resp := s.send("POST", "/chat/sessions/"+chat+"/messages", `{"content":"What is a dividend?"}`, "text/event-stream")
		heard := make(chan string, 1000)
		go func() {
			defer close(heard)
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
				heard <- lines.Text()
			}
		}()
		var said strings.Builder
		listen := func(quiet time.Duration) {
			for {
				select {
				case line := <-heard:
					var delta struct{ Text string }
					if data, ok := strings.CutPrefix(line, `data: {"text":`); ok && json.Unmarshal([]byte(`{"text":`+data), &delta) == nil {
						said.WriteString(delta.Text)
					}
				case <-time.After(quiet):
					return
				}
			}
		}
		eventually(t, "the first words", func() error {
			if listen(50 * time.Millisecond); said.Len() == 0 {
				return fmt.Errorf("nothing was said")
			}
			return nil
		})
		listen(time.Second) // the model has stopped talking, and what it said has been stored
		s.program.kill(t)
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		s.boot()
		var messages []any
		eventually(t, "the answer's end", func() error {
			messages = s.call("GET", "/chat/sessions/"+chat+"/messages", "").([]any)
			if status := messages[0].(map[string]any)["status"]; status != "interrupted" {
				return fmt.Errorf("status %v", status)
			}
			return nil
		})
		if got := field(t, messages[0], "content"); got != said.String() || len(messages) != 2 {
			t.Errorf("got %d messages and the content %q, want 2 and %q", len(messages), got, said.String())
		}
		s.call("POST", "/chat/sessions/"+chat+"/messages", `{"content":"And now?"}`) // the conversation goes on
	})
}
