package pace

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

func TestMain(m *testing.M) {
	if where := os.Getenv("PACE_TEST_PROCESS"); where != "" {
		hammer(where)
		return
	}
	goleak.VerifyTestMain(m)
}

// loopbackRedis is where the tests look for a server.
const loopbackRedis = "redis://127.0.0.1:6379/9"

// redisAddress skips, or fails where it is required, when no Redis answers.
func redisAddress(t testing.TB) string {
	t.Helper()
	address := loopbackRedis
	if set := os.Getenv("JASPERS_TEST_REDIS"); set != "" {
		address = set
	}
	host := strings.TrimPrefix(address, "redis://")
	host, _, _ = strings.Cut(host[strings.LastIndexByte(host, '@')+1:], "/")
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		sharedtest.Missing(t, "redis", "no Redis answers at "+host+"; start one, or set JASPERS_TEST_REDIS")
	}
	_ = conn.Close()
	return address
}

// look is a client of the test's own.
func look(t *testing.T, address string) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// keepers are those of one more process.
func keepers(t testing.TB, address string, log *bytes.Buffer) *Keepers {
	t.Helper()
	cfg := Config{Log: slog.New(slog.NewTextHandler(log, nil))}
	if strings.HasPrefix(address, "redis:") {
		cfg.RedisURL = address
	} else if address != "" {
		d, err := db.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		cfg.DB = d
	}
	k, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func paceOf(t testing.TB, k *Keepers, l Limits) *Pace {
	t.Helper()
	p, err := k.For(l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eachShared runs a test for processes that share: address is their keeper's.
func eachShared(t *testing.T, test func(t *testing.T, address, key string)) {
	t.Helper()
	for name, address := range map[string]func(testing.TB) string{
		"redis": redisAddress, "postgres": func(t testing.TB) string { return dbtest.Address(t, db.Postgres) },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, address(t), fmt.Sprint("test:", time.Now().UnixNano()))
		})
	}
}

// hammer is what a process of the test does: many ask as fast as they are let, until the time is over. It prints when
// each request would arrive, which is a while after it left.
func hammer(where string) {
	address, key, windows := "", "", ""
	var processEnd int64
	if _, err := fmt.Sscan(where, &address, &key, &windows, &processEnd); err != nil {
		panic(err)
	}
	cfg := Config{Log: slog.New(slog.DiscardHandler)}
	ctx, end := context.WithDeadline(context.Background(), time.UnixMicro(processEnd))
	defer end()
	if strings.HasPrefix(address, "redis:") {
		cfg.RedisURL = address
	} else {
		d, err := db.Open(ctx, address)
		if err != nil {
			panic(err)
		}
		defer func() { _ = d.Close() }()
		cfg.DB = d
	}
	k, err := New(cfg)
	if err != nil {
		panic(err)
	}
	defer func() { _ = k.Close() }()
	p, err := k.For(Limits{Vendor: "Vendor", Key: key, Windows: readWindows(windows)})
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			for ctx.Err() == nil {
				if p.Wait(ctx, 3*time.Second) != nil {
					continue
				}
				at := time.Now().Add(rand.N(DefaultMargin/2 - 25*time.Millisecond)) // the rest is for our own way to this line
				mu.Lock()
				fmt.Println(at.UnixMicro())
				mu.Unlock()
			}
		})
	}
	all.Wait()
}

func readWindows(text string) (all []Window) {
	for one := range strings.SplitSeq(text, ",") {
		count, period, _ := strings.Cut(one, "/")
		n, err := strconv.Atoi(count)
		d, err2 := time.ParseDuration(period)
		if err != nil || err2 != nil {
			panic(text)
		}
		all = append(all, Window{n, d})
	}
	return all
}

func TestManyProcessesTogetherExceedNoWindow(t *testing.T) {
	eachShared(t, func(t *testing.T, address, key string) {
		t.Parallel()
		for i, windows := range []string{"7/300ms,12/1s", "20/1s,26/2400ms"} {
			for length := 4 * time.Second; ; length *= 2 { // a busy machine takes longer to start the processes
				arrivals := arrivalsOf(t, fmt.Sprint(address, " ", key, i, " ", windows), length)
				for _, w := range readWindows(windows) {
					if n := exceeded(arrivals, w); n > 0 {
						t.Errorf("%s: %d more than %d arrived within %s, of %d", windows, n, w.Count, w.Period, len(arrivals))
					}
				}
				if len(arrivals) >= 8 {
					break
				}
				if length > time.Minute {
					t.Fatalf("%s: only %d requests left at all", windows, len(arrivals))
				}
			}
		}
	})
}

// arrivalsOf has four processes ask as often as they may for so long, and tells when each request left, in microseconds.
func arrivalsOf(t *testing.T, task string, length time.Duration) (arrivals []int64) {
	t.Helper()
	end := time.Now().Add(length)
	var processes sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		processes.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), fmt.Sprint("PACE_TEST_PROCESS=", task, " ", end.UnixMicro()))
			out, err := child.Output()
			if err != nil {
				t.Errorf("a process ended with %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
				at, err := strconv.ParseInt(lines.Text(), 10, 64)
				if err != nil {
					t.Errorf("a process said %q", lines.Text())
				}
				arrivals = append(arrivals, at)
			}
		})
	}
	processes.Wait()
	return arrivals
}

func TestOneProcessKeepsToItsWindowsToTheInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paceOf(t, &Keepers{}, Limits{Vendor: "Vendor", Windows: []Window{{3, time.Second}, {4, 10 * time.Second}}})
		start := time.Now()
		for i, want := range []time.Duration{0, 0, 0, 1250, 10250, 10250, 10250, 11500} {
			if err := p.Wait(t.Context(), time.Minute); err != nil || time.Since(start) != want*time.Millisecond {
				t.Errorf("request %d left after %s, %v, want %s", i, time.Since(start), err, want*time.Millisecond)
			}
		}
	})
}

func wantDown(t *testing.T, err error, atLeast, atMost time.Duration) {
	t.Helper()
	if f := fault.From(err); err == nil || f.Kind != fault.UpstreamDown || f.RetryAfter < atLeast || f.RetryAfter > atMost {
		t.Errorf("got %v, want %s with a retry after %s to %s", err, fault.UpstreamDown, atLeast, atMost)
	}
}

func TestWhoseMomentComesTooLateIsToldAtOnceAndTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paceOf(t, &Keepers{}, Limits{Vendor: "Vendor", Windows: []Window{{1, 10 * time.Second}}})
		if err := p.Wait(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range 20 {
			wantDown(t, p.Wait(t.Context(), 5*time.Second), 10250*time.Millisecond, 10250*time.Millisecond)
			hurried, end := context.WithTimeout(t.Context(), time.Second)
			wantDown(t, p.Wait(hurried, time.Minute), 10250*time.Millisecond, 10250*time.Millisecond)
			end()
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the refusals took %s, want them at once", waited)
		}
		gone, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		if err := p.Wait(gone, time.Minute); err == nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %s for who left after a second", err, time.Since(start))
		}
	})
}

func TestAVendorThatHadEnoughIsLeftAloneByEveryProcess(t *testing.T) {
	eachShared(t, func(t *testing.T, address, key string) {
		t.Parallel()
		l := Limits{Vendor: "Vendor", Key: key, Windows: []Window{{1, 1500 * time.Millisecond}}}
		a, b := paceOf(t, keepers(t, address, &bytes.Buffer{}), l), paceOf(t, keepers(t, address, &bytes.Buffer{}), l)
		for _, p := range []*Pace{a, b} {
			if err := p.Wait(t.Context(), 5*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		waiting := make(chan error, 1)
		go func() { waiting <- b.Wait(t.Context(), 5*time.Second) }() // has its moment already
		for moments := 3; ; {
			given, _, _, err := a.take(t.Context(), time.Now().Add(5*time.Second))
			if err == nil && given.taken && given.wait > time.Second { // behind the one who waits
				break
			}
			if moments--; moments == 0 {
				t.Fatal("nobody waits")
			}
		}
		a.LeaveAlone(t.Context(), 10*time.Minute)
		wantDown(t, b.Wait(t.Context(), 5*time.Second), 9*time.Minute, 10*time.Minute)
		wantDown(t, <-waiting, 9*time.Minute, 10*time.Minute)
		b.LeaveAlone(t.Context(), time.Second) // takes nothing back
		wantDown(t, a.Wait(t.Context(), 5*time.Second), 9*time.Minute, 10*time.Minute)
	})
}

func TestKeysThatWereLostOpenNothing(t *testing.T) {
	address, key := redisAddress(t), fmt.Sprint("test:", time.Now().UnixNano())
	l := Limits{Vendor: "Vendor", Key: key, Windows: []Window{{3, 20 * time.Minute}}}
	k := keepers(t, address, &bytes.Buffer{})
	p := paceOf(t, k, l)
	for range 2 {
		if err := p.Wait(t.Context(), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	redis, client := p.shared.(*inRedis), look(t, address)
	if err := client.Del(t.Context(), redis.leaves, redis.state).Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // though one was free before
		wantDown(t, p.Wait(t.Context(), 5*time.Second), 19*time.Minute, 21*time.Minute)
	}
	for _, name := range []string{redis.leaves, redis.state} {
		if life, err := client.TTL(t.Context(), name).Result(); err != nil || life <= time.Hour {
			t.Errorf("got the life %s (%v), want it to end, and long after any window", life, err)
		}
	}
}

func TestLimitsThatCannotBeKeptAreRefused(t *testing.T) {
	for _, w := range []Window{{0, time.Second}, {-1, time.Second}, {1, 0}, {1, 2 * time.Hour}} {
		if _, err := (&Keepers{}).For(Limits{Vendor: "Vendor", Windows: []Window{w}}); err == nil {
			t.Errorf("%v was accepted", w)
		}
	}
	for rate, want := range map[float64]Window{2: {2, time.Second}, 2.5: {2, time.Second}, 0.1: {1, 10 * time.Second}, 1000: {1000, time.Second}} {
		if got := PerSecond(rate); got != want {
			t.Errorf("%v a second: got %v, want %v", rate, got, want)
		}
	}
	if _, err := New(Config{RedisURL: "http://h1dden"}); err == nil || strings.Contains(err.Error(), "h1dden") {
		t.Errorf("got %v for what is no Redis", err)
	}
}
