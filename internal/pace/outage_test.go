package pace

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
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

func TestWithoutTheKeeperEachGoesByItsShareAndNothingFails(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	l := Limits{Vendor: "Vendor", Key: "outage", Windows: []Window{{8, time.Second}}}
	var logs [4]bytes.Buffer
	var all [4]*Pace
	for i := range all {
		all[i] = paceOf(t, keepers(t, r.address(), &logs[i]), l)
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
		for range 2 {
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
	r.kill()
	more(24, "each for itself")
	r.start(t)
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
