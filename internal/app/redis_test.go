package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// signInWindow is that of the limit of failed sign-ins.
const signInWindow = 15 * time.Minute

// redisServer is a Redis of the test's own, which can be killed and started again.
type redisServer struct {
	t         *testing.T
	path, dir string
	port, url string
	cmd       *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		sharedtest.Missing(t, "redis", "there is no redis-server on the PATH to start one of the test's own")
	}
	_, port, _ := net.SplitHostPort(sharedtest.Address(t))
	r := &redisServer{t: t, path: path, dir: t.TempDir(), port: port, url: "redis://127.0.0.1:" + port}
	r.start()
	t.Cleanup(r.kill)
	return r
}

// contents is everything that is kept, as Redis writes it to a file, uncompressed.
func (r *redisServer) contents() []byte {
	r.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+r.port)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("CONFIG SET rdbcompression no\r\nSAVE\r\nQUIT\r\n")); err != nil {
		r.t.Fatal(err)
	}
	if said, err := io.ReadAll(conn); err != nil || bytes.Count(said, []byte("+OK")) != 3 {
		r.t.Fatalf("Redis said %q, %v", said, err)
	}
	kept, err := os.ReadFile(filepath.Join(r.dir, "dump.rdb"))
	if err != nil || !bytes.Contains(kept, []byte("jaspers")) {
		r.t.Fatalf("got %d bytes (%v), want what the limits count", len(kept), err)
	}
	return kept
}

func (r *redisServer) start() {
	r.t.Helper()
	// No file of it stays: it comes back empty, as a cache may.
	r.cmd = exec.Command(r.path, "--bind", "127.0.0.1", "--port", r.port, "--dir", r.dir, "--save", "", "--appendonly", "no")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "Redis", func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

// kill ends it as a power cut would.
func (r *redisServer) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // says that it was killed
}

// outages counts in the log how often Redis was lost, and found again.
func (s *site) outages() (lost, found int) {
	text := s.log.String()
	return strings.Count(text, "Redis does not answer"), strings.Count(text, "Redis answers again")
}

// countTogether waits until every process reaches Redis: on a busy machine the first connection may be late.
func (s *site) countTogether(people ...*person) {
	s.t.Helper()
	eventually(s.t, "counting together", func() error {
		for _, p := range people {
			p.get("/openapi.json").status(http.StatusOK)
		}
		if lost, found := s.outages(); lost != found {
			return fmt.Errorf("%d outages, %d of them over", lost, found)
		}
		return nil
	})
}

// options are those of one more process of the site.
func (s *site) options(t *testing.T) app.Options {
	t.Helper()
	log, err := telemetry.NewLog(s.log, slog.LevelDebug, "json")
	if err != nil {
		t.Fatal(err)
	}
	return app.Options{Log: log, Now: s.clock.Now}
}

func TestARedisThatDiesUnderTrafficOpensNothingAndFailsNothing(t *testing.T) {
	t.Parallel()
	s := startSite(t, db.SQLite, setup{settings: append(tight[1:], "JASPERS_LIMIT_REQUESTS=1000000")})
	ada := s.from(victimHome)
	ada.email, ada.password = "ada@example.com", password
	ada.take(data[signedIn](ada.post("/auth/register", map[string]any{"email": ada.email, "password": password}).status(http.StatusCreated)).Tokens)
	redis := startRedis(t)
	s.environ = append(s.environ, "JASPERS_REDIS_URL="+redis.url)
	both := []*person{ada.at(s.replica(t)), ada.at(s.replica(t))}
	s.countTogether(both...)
	attacker := s.stranger()
	account := ""
	attack := func(n int) (compared int) {
		for i := range n {
			if attacker.at(both[i%2].url).guess(account) {
				compared++
			}
		}
		return compared
	}
	for try := range 4 { // a machine so busy that Redis is late is an outage, too: then the next account is tried
		account = fmt.Sprintf("bob-%d@example.com", try)
		attacker = s.from(fmt.Sprintf("127.0.4.%d", try+1))
		before, _ := s.outages()
		got := attack(6)
		if after, _ := s.outages(); after == before && got != 5 {
			t.Fatalf("got %d guesses compared over both processes, want 5", got)
		} else if after == before {
			break
		}
		s.countTogether(both...)
	}

	traffic, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var requests atomic.Int32
	var slowest atomic.Int64
	for _, p := range both {
		for range 3 {
			all.Go(func() {
				for traffic.Err() == nil {
					began := time.Now()
					p.get("/auth/me").status(http.StatusOK)
					slowest.Store(max(slowest.Load(), int64(time.Since(began))))
					requests.Add(1)
				}
			})
		}
	}
	wait := func() { eventually(t, "traffic", more(&requests, 100)) }
	wait()
	redis.kill()
	wait()
	if got := attack(20); got != 0 {
		t.Errorf("got %d more guesses compared after Redis died, want none: both had heard that the limit was reached", got)
	}
	if got := compareFresh(s, both); got > 5*len(both) {
		t.Errorf("got %d guesses at a new account compared without Redis, want at most 5 at each process", got)
	}
	for _, p := range both {
		p.login() // who knows their password comes in
	}
	if lost, found := s.outages(); lost-found != len(both) {
		t.Errorf("got %d warnings, %d of them over, want one of the outage from each process", lost, found)
	}
	redis.start()
	eventually(t, "Redis is asked again", func() error {
		if lost, found := s.outages(); lost != found {
			return fmt.Errorf("%d outages, %d of them over", lost, found)
		}
		return nil
	})
	wait()
	if got := attack(20); got != 0 {
		t.Errorf("got %d more guesses compared when Redis was back, and empty, want none: it was told what each process had heard", got)
	}
	stop()
	all.Wait()
	t.Logf("%d requests, the slowest in %s", requests.Load(), time.Duration(slowest.Load()))
}

// more waits for n further requests.
func more(requests *atomic.Int32, n int32) func() error {
	until := requests.Load() + n
	return func() error {
		if got := requests.Load(); got < until {
			return fmt.Errorf("%d requests, waiting for %d", got, until)
		}
		return nil
	}
}

// compareFresh guesses at an account nobody tried before, from ever new addresses, at both processes.
func compareFresh(s *site, both []*person) (compared int) {
	for i := range 40 {
		if s.from(fmt.Sprintf("127.0.3.%d", i+1)).at(both[i%2].url).guess("eve@example.com") {
			compared++
		}
	}
	return compared
}
