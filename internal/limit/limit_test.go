package limit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopbackRedis is where the tests look for a server. Keys are named for the test's moment, and end by themselves.
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

// look opens the server of the tests, to see what is in it.
func look(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// clock stands still until it is moved.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.at.Add(d.Microseconds()) }

// limiters are one in memory and one over Redis; who is a name nobody used before.
func eachLimiter(t *testing.T, test func(t *testing.T, l *Limiter, c *clock, who string)) {
	t.Helper()
	for name, address := range map[string]func(testing.TB) string{"memory": func(testing.TB) string { return "" }, "redis": redisAddress} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			l := newLimiter(t, c, address(t), &bytes.Buffer{})
			test(t, l, c, fmt.Sprint(t.Name(), time.Now().UnixNano()))
		})
	}
}

func newLimiter(t testing.TB, c *clock, address string, log *bytes.Buffer) *Limiter {
	t.Helper()
	l, err := New(Config{Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)), RedisURL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// fewAnHour and strict are the two shapes of a limit.
var (
	fewAnHour = Limit{Name: "few", Quantity: 4, Period: time.Hour, Burst: 4}
	strict    = Limit{Name: "strict", Quantity: 1, Period: 15 * time.Minute, Burst: 5}
)

func TestABurstIsAllowedAndThenOneInEachInterval(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, c *clock, who string) {
		for i, step := range []struct {
			after            time.Duration
			allowed          bool
			remaining, reset int // minutes
		}{
			{0, true, 3, 15}, {0, true, 2, 15}, {0, true, 1, 15}, {0, true, 0, 15}, {0, false, 0, 15},
			{5 * time.Minute, false, 0, 10}, {9 * time.Minute, false, 0, 1}, {time.Minute, true, 0, 15}, {0, false, 0, 15},
			{45 * time.Minute, true, 2, 15}, {24 * time.Hour, true, 3, 15},
		} {
			c.move(step.after)
			r := l.Take(t.Context(), fewAnHour, who)
			if got, want := fmt.Sprint(r.Allowed, r.Remaining, r.Reset), fmt.Sprint(step.allowed, step.remaining, time.Duration(step.reset)*time.Minute); got != want {
				t.Errorf("step %d: got %s, want %s", i, got, want)
			}
		}
		if r := l.Take(t.Context(), fewAnHour, who+" other"); !r.Allowed || r.Remaining != 3 {
			t.Errorf("somebody else: got %+v, want a full limit", r)
		}
	})
}

func TestAStrictLimitIsNeverExceededInAnyWindow(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, c *clock, who string) {
		var allowed []time.Time
		for range 400 { // a try every 31 s for three hours
			if l.Take(t.Context(), strict, who).Allowed {
				allowed = append(allowed, c.now())
			}
			c.move(31 * time.Second)
		}
		for i := range allowed {
			if i >= 5 && allowed[i].Sub(allowed[i-5]) < strict.Period {
				t.Fatalf("got six within %s", allowed[i].Sub(allowed[i-5]))
			}
		}
		if len(allowed) < 5+12 {
			t.Errorf("got %d in three hours, want one in each window as well", len(allowed))
		}
	})
}

func TestWhatIsGivenBackIsOnlyOnesOwn(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, c *clock, who string) {
		for range 4 {
			l.Take(t.Context(), strict, who)
		}
		for range 20 { // who succeeds may do so for ever, and that resets nobody's failures
			r := l.Take(t.Context(), strict, who)
			if !r.Allowed {
				t.Fatal("got a refusal, want the fifth to be free again each time")
			}
			l.GiveBack(t.Context(), r)
		}
		l.Take(t.Context(), strict, who)
		refused := l.Take(t.Context(), strict, who)
		l.GiveBack(t.Context(), refused) // of what was refused there is nothing to give
		if again := l.Take(t.Context(), strict, who); refused.Allowed || again.Allowed {
			t.Errorf("got %v and %v, want both refused", refused, again)
		}
		c.move(strict.Period)
		r := l.Take(t.Context(), strict, who)
		c.move(10 * strict.Period)
		l.GiveBack(t.Context(), r) // long over
		if r := l.Take(t.Context(), strict, who); r.Remaining != 4 {
			t.Errorf("got %d remaining, want 4: nothing is saved up", r.Remaining)
		}
	})
}

func TestManyAtOnceGetNoMoreThanThereIs(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, _ *clock, who string) {
		var allowed atomic.Int32
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if l.Take(t.Context(), strict, who).Allowed {
					allowed.Add(1)
				}
			})
		}
		all.Wait()
		if got := allowed.Load(); got != 5 {
			t.Errorf("got %d of 200 at once, want 5", got)
		}
	})
}

func TestACountIsSeenUntilItIsOver(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, c *clock, who string) {
		once := Limit{Name: "once", Quantity: 1, Period: time.Hour, Burst: 1}
		before := l.Counted(t.Context(), once, who)
		l.Take(t.Context(), once, who)
		during := l.Counted(t.Context(), once, who)
		c.move(time.Hour)
		if after := l.Counted(t.Context(), once, who); before || !during || after {
			t.Errorf("got %v, %v, %v, want only the middle one", before, during, after)
		}
	})
}

func TestAClockThatWasWrongShutsNobodyOutForLong(t *testing.T) {
	eachLimiter(t, func(t *testing.T, l *Limiter, c *clock, who string) {
		c.move(1000 * time.Hour)
		for range 5 {
			l.Take(t.Context(), strict, who)
		}
		c.move(-1000 * time.Hour)
		if r := l.Take(t.Context(), strict, who); r.Allowed || r.Reset > strict.Period {
			t.Errorf("got %+v, want a refusal for at most %s", r, strict.Period)
		}
		var r Result
		for range 2 { // of two counts, the second notices when the first lets it be asked
			c.move(strict.Period)
			if r = l.Take(t.Context(), strict, who); r.Allowed {
				return
			}
		}
		t.Errorf("got %+v two windows later, want it allowed", r)
	})
}

func TestTwoProcessesShareOneCountThroughRedis(t *testing.T) {
	address, c := redisAddress(t), newClock()
	a, b := newLimiter(t, c, address, &bytes.Buffer{}), newLimiter(t, c, address, &bytes.Buffer{})
	who := fmt.Sprint("shared ", time.Now().UnixNano())
	allowed := 0
	for i := range 20 {
		if []*Limiter{a, b}[i%2].Take(t.Context(), strict, who).Allowed {
			allowed++
		}
	}
	if allowed != 5 {
		t.Errorf("got %d, want 5 over both", allowed)
	}
	ours, theirs := fmt.Sprint("given ", time.Now().UnixNano()), [5]Result{}
	for i := range theirs {
		theirs[i] = a.Take(t.Context(), strict, ours)
	}
	if b.Take(t.Context(), strict, ours).Allowed {
		t.Error("the other process allows a sixth")
	}
	a.GiveBack(t.Context(), theirs[0])
	if !b.Take(t.Context(), strict, ours).Allowed {
		t.Error("what one process gave back, the other does not have")
	}
}

func TestKeysInRedisAreNamelessAndEnd(t *testing.T) {
	address := redisAddress(t)
	l, inside := newLimiter(t, newClock(), address, &bytes.Buffer{}), look(t, address)
	who := fmt.Sprint("ada@example.com ", time.Now().UnixNano())
	l.Take(t.Context(), strict, who)
	key := keyOf(strict, who)
	if strings.Contains(key, "example") || !strings.HasPrefix(key, "jaspers:limit:strict:") {
		t.Errorf("got the key %s", key)
	}
	life, err := inside.PTTL(t.Context(), key).Result()
	if err != nil || life <= 0 || life > strict.Period {
		t.Errorf("got the life %v (%v), want at most %v", life, err, strict.Period)
	}
	if err := inside.Set(t.Context(), key, "no number", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if r := l.Take(t.Context(), strict, who); !r.Allowed || !r.shared {
		t.Errorf("got %+v for what is no number, want it begun anew", r)
	}
}

func TestARedisThatLostItsKeysIsToldWhatWasHeard(t *testing.T) {
	address, c := redisAddress(t), newClock()
	a, b := newLimiter(t, c, address, &bytes.Buffer{}), newLimiter(t, c, address, &bytes.Buffer{})
	used, free := fmt.Sprint("used ", time.Now().UnixNano()), fmt.Sprint("free ", time.Now().UnixNano())
	for i := range 5 {
		if r := []*Limiter{a, b}[i%2].Take(t.Context(), strict, used); !r.Allowed {
			t.Fatalf("got %+v", r)
		}
	}
	if b.Take(t.Context(), strict, used).Allowed {
		t.Fatal("got a sixth")
	}
	if err := look(t, address).Del(t.Context(), keyOf(strict, used)).Err(); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if r := []*Limiter{a, b}[i%2].Take(t.Context(), strict, used); r.Allowed {
			t.Errorf("got %+v after the key was lost", r)
		}
	}
	var taken [4]Result // b hears of them, and then a gives them back
	for i := range taken {
		taken[i] = a.Take(t.Context(), strict, free)
	}
	last := b.Take(t.Context(), strict, free)
	for _, r := range taken {
		a.GiveBack(t.Context(), r)
	}
	b.GiveBack(t.Context(), last)
	if r := b.Take(t.Context(), strict, free); r.Remaining != 4 {
		t.Errorf("got %+v, want everything given back", r)
	}
}

func TestAnAddressOfNoRedisIsRefusedWithoutBeingRepeated(t *testing.T) {
	for _, address := range []string{"http://h1dden:6379", "redis://h1dden:port", "h1dden", "redis://:h1dden@127.0.0.1/x"} {
		if _, err := New(Config{Now: time.Now, RedisURL: address}); err == nil || strings.Contains(err.Error(), "h1dden") {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestAMemoryIsBoundedAndKeepsWhatIsUsedUp(t *testing.T) {
	m, now := newMemory(5000), newClock().now()
	for range 5 {
		m.take("used up", strict, now)
	}
	for i := range 100_000 {
		m.take(fmt.Sprint("flood ", i), strict, now.Add(time.Duration(i)*time.Microsecond))
		if len(m.full) > 5000 {
			t.Fatalf("got %d entries after %d, want at most 5000", len(m.full), i)
		}
	}
	if allowed, _ := m.take("used up", strict, now.Add(time.Second)); allowed {
		t.Error("a flood of new names opened what was used up")
	}
	m = newMemory(5000)
	for i := range 100_000 { // each is over when the next comes
		m.take(fmt.Sprint("passing ", i), fewAnHour, now.Add(time.Duration(i)*time.Hour))
	}
	if len(m.full) > minTidy {
		t.Errorf("got %d entries, want those that are over gone", len(m.full))
	}
}

// deaf accepts connections and never answers, or hangs up at once.
func deaf(t *testing.T, hangUp bool) (address string, asked *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int32{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			if hangUp {
				_ = conn.Close()
				continue
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return "redis://" + l.Addr().String(), asked
}

func TestARedisThatDoesNotAnswerCostsLittleAndOpensNothing(t *testing.T) {
	for name, hangUp := range map[string]bool{"silent": false, "hangs up": true} {
		t.Run(name, func(t *testing.T) {
			address, asked := deaf(t, hangUp)
			var log bytes.Buffer
			l := newLimiter(t, newClock(), address, &log)
			allowed := 0
			for range 2000 {
				if l.Take(t.Context(), strict, "ada").Allowed {
					allowed++
				}
				l.Take(t.Context(), fewAnHour, fmt.Sprint(allowed))
			}
			if allowed != 5 {
				t.Errorf("got %d, want 5 by this process's own count", allowed)
			}
			if n := strings.Count(log.String(), "Redis does not answer"); n != 1 || asked.Load() > 100 {
				t.Errorf("got %d warnings and %d connections for 4000 requests, want one warning: %s", n, asked.Load(), &log)
			}
		})
	}
}

func TestACallerWhoLeavesIsNoOutage(t *testing.T) {
	var log bytes.Buffer
	l := newLimiter(t, newClock(), redisAddress(t), &log)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if r := l.Take(gone, strict, fmt.Sprint("gone ", time.Now().UnixNano())); !r.shared || log.Len() > 0 {
		t.Errorf("got %+v and %q, want it counted as ever", r, &log)
	}
}

func BenchmarkTakeInMemory(b *testing.B) {
	l, err := New(Config{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	lim := Limit{Name: "default", Quantity: 1000, Period: time.Hour, Burst: 1000}
	for b.Loop() {
		l.Take(b.Context(), lim, "user 01999999-0000-7000-8000-000000000000")
	}
}

func BenchmarkTakeThroughRedis(b *testing.B) {
	l := newLimiter(b, newClock(), redisAddress(b), &bytes.Buffer{})
	lim := Limit{Name: "bench", Quantity: 1_000_000_000, Period: time.Hour, Burst: 1_000_000_000}
	for b.Loop() {
		if !l.Take(b.Context(), lim, "user").shared {
			b.Fatal("Redis did not answer")
		}
	}
}
