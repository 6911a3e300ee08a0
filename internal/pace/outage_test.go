package pace

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// ownRedis is a server that can be killed and comes back empty.
type ownRedis struct {
	path, port, dir string
	cmd             *exec.Cmd
}

func startRedis(t *testing.T) *ownRedis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		sharedtest.Missing(t, "redis", "there is no redis-server on the PATH to start one of the test's own")
	}
	_, port, _ := net.SplitHostPort(sharedtest.Address(t))
	r := &ownRedis{path: path, port: port, dir: t.TempDir()}
	r.start(t)
	t.Cleanup(r.kill)
	return r
}

func (r *ownRedis) address() string { return "redis://127.0.0.1:" + r.port }

func (r *ownRedis) start(t *testing.T) {
	t.Helper()
	r.cmd = exec.Command(r.path, "--bind", "127.0.0.1", "--port", r.port, "--dir", r.dir, "--save", "", "--appendonly", "no")
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+r.port); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("Redis does not start")
}

func (r *ownRedis) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// gate is the way to a server, which can be shut: the server then goes on, and keeps what it knows.
type gate struct {
	to, at string
	mu     sync.Mutex
	open   []io.Closer
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	g := &gate{to: to, at: "127.0.0.1:0"}
	g.start(t)
	t.Cleanup(g.shut)
	return g
}

func (g *gate) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", g.at)
	if err != nil {
		t.Fatal(err)
	}
	g.at = l.Addr().String()
	g.keep(l)
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", g.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			g.keep(from, to)
			for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					_ = way[0].Close()
				}()
			}
		}
	}()
}

func (g *gate) keep(what ...io.Closer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = append(g.open, what...)
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.open {
		_ = one.Close()
	}
	g.open = nil
}

// outage is a keeper that goes and comes back.
type outage struct {
	address     string
	goes, comes func()
}

func redisDies(t *testing.T) outage {
	r := startRedis(t)
	return outage{r.address(), r.kill, func() { r.start(t) }}
}

func postgresIsCutOff(t *testing.T) outage {
	address, err := url.Parse(dbtest.Address(t, db.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, address.Host)
	address.Host = g.at
	return outage{address.String(), g.shut, func() { g.start(t) }}
}

func redisIsCutOff(t *testing.T) outage {
	r := startRedis(t)
	g := newGate(t, "127.0.0.1:"+r.port)
	return outage{"redis://" + g.at, g.shut, func() { g.start(t) }}
}

func TestWithoutTheKeeperEachGoesByItsShareAndNothingFails(t *testing.T) {
	for name, begin := range map[string]func(*testing.T) outage{"redis dies": redisDies, "redis is cut off": redisIsCutOff, "postgres is cut off": postgresIsCutOff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			surviveOutage(t, begin(t))
		})
	}
}

func surviveOutage(t *testing.T, o outage) {
	t.Helper()
	l := Limits{Vendor: "Vendor", Key: "outage", Windows: []Window{{8, time.Second}}}
	var logs [4]bytes.Buffer
	var all [4]*Pace
	for i := range all {
		all[i] = paceOf(t, keepers(t, o.address, &logs[i]), l)
	}
	ctx, end := context.WithCancel(t.Context())
	var mu sync.Mutex
	var arrivals []int64
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(arrivals)
	}
	var asking sync.WaitGroup
	for _, p := range all {
		for range 6 { // so that moments lie well ahead when the keeper goes
			asking.Go(func() {
				for ctx.Err() == nil {
					err := p.Wait(ctx, 20*time.Second)
					if ctx.Err() != nil {
						return
					}
					if err != nil {
						t.Errorf("a request failed: %v", err)
						return
					}
					mu.Lock()
					arrivals = append(arrivals, time.Now().UnixMicro())
					mu.Unlock()
				}
			})
		}
	}
	more := func(n int, when string) {
		t.Helper()
		for until := count() + n; count() < until; time.Sleep(10 * time.Millisecond) {
			if t.Failed() {
				t.Fatalf("%s: nothing leaves", when)
			}
		}
	}
	more(10, "together")
	o.goes()
	more(24, "each for itself")
	o.comes()
	more(24, "together again")
	end()
	asking.Wait()
	if n := exceeded(arrivals, l.Windows[0]); n > 0 {
		t.Errorf("%d more than %d arrived within a second, of %d", n, l.Windows[0].Count, len(arrivals))
	}
	for i := range logs {
		if n := strings.Count(logs[i].String(), "cannot share"); n != 1 {
			t.Errorf("process %d: got %d warnings, want one:\n%s", i, n, &logs[i])
		}
	}
}

func TestAKeeperThatNeverAnsweredCostsAWaitAndNotTheRequest(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // nobody accepts
	p := paceOf(t, keepers(t, "redis://"+l.Addr().String(), &bytes.Buffer{}), Limits{Vendor: "Vendor", Key: fmt.Sprint(t.Name()), Windows: []Window{{60, time.Minute}}})
	for range 3 { // its share of 60
		if err := p.Wait(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	err = p.Wait(t.Context(), 10*time.Second)
	if f := fault.From(err); f.Kind != fault.UpstreamDown || f.RetryAfter < 10*time.Second {
		t.Errorf("got %v, want %s until the minute is over", err, fault.UpstreamDown)
	}
	p.LeaveAlone(t.Context(), time.Minute)
	if err := p.Wait(t.Context(), 10*time.Second); !fault.Is(err, fault.UpstreamDown) {
		t.Errorf("got %v, want the vendor left alone by this process at least", err)
	}
}
