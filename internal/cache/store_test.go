package cache_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/redis"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// process is a server's caches as they are after a start: with memory of its own on what others wrote.
type process struct {
	*cache.Cache[answer]
	store *cache.Store
	log   *bytes.Buffer
}

// start opens a process's cache of a kind; it ends with stop.
func start(t *testing.T, s *source, d *db.DB, kind string, r *redis.Client, now func() time.Time) process {
	t.Helper()
	p := process{log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(p.log, nil))
	p.store = &cache.Store{DB: d, Redis: r, Log: log}
	cfg := s.config()
	cfg.Store, cfg.Kind, cfg.Now, cfg.Log = p.store, kind, now, log
	if d != nil {
		cfg.Table = cache.Companies
	}
	cfg.BelievedFor, cfg.MissedFor, cfg.Patience = time.Hour, time.Minute, 10*time.Second
	p.Cache = newCache(t, cfg)
	return p
}

// stop ends a process when everything is written.
func (p process) stop() { p.store.Close() }

// clock is moved by hand.
type clock struct{ at time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func TestAProcessThatStartsAnswersFromTheTableWhatIsFreshAndStaleWhatNobodyCanSay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{text: strings.Repeat("long ", 5000)}, newClock()
		p := start(t, s, d, "info", nil, c.now)
		first, _ := get(t, p.Cache, "A")
		get(t, p.Cache, "nothing")
		p.stop()

		c.advance(59 * time.Second)
		p = start(t, s, d, "info", nil, c.now)
		if e, _ := get(t, p.Cache, "A"); e != first || e.Value.Text != s.text {
			t.Errorf("got %+v, want what the process before knew", e)
		}
		if e, _ := get(t, p.Cache, "nothing"); !e.Unknown || e.Stale || s.calls.Load() != 2 {
			t.Errorf("got %+v after %d calls", e, s.calls.Load())
		}
		p.stop()

		c.advance(24 * time.Hour)
		s.down.Store(true)
		p = start(t, s, d, "info", nil, c.now)
		if e, _ := get(t, p.Cache, "A"); !e.Stale || e.Value != first.Value || !e.FetchedAt.Equal(first.FetchedAt) {
			t.Errorf("got %+v, want what was known a day ago, marked", e)
		}
		if _, err := p.One(t.Context(), "B"); err == nil {
			t.Error("got an answer nobody gave")
		}
		if other := start(t, s, d, "metrics", nil, c.now); other.Cache != nil {
			if _, err := other.One(t.Context(), "A"); err == nil {
				t.Error("got the answer to another question")
			}
			other.stop()
		}
		p.stop()
		if p.log.Len() > 0 {
			t.Errorf("the log says %s", p.log)
		}
	})
}

func TestAProcessUsesWhatAnotherFetchedLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		a, b := start(t, s, d, "info", nil, c.now), start(t, s, d, "info", nil, c.now)
		get(t, a.Cache, "A")
		written(t, d, "A", c.now())
		get(t, b.Cache, "A")
		for i := range 5 {
			c.advance(time.Minute)
			one, other := a, b
			if i%2 == 1 {
				one, other = b, a
			}
			get(t, one.Cache, "A")
			written(t, d, "A", c.now())
			if e, _ := get(t, other.Cache, "A"); e.Stale || e.Value.Call != int32(i+2) {
				t.Errorf("got %+v, want the other's", e)
			}
		}
		s.blank.Store(true)
		c.advance(time.Minute)
		get(t, a.Cache, "A")
		a.stop()
		if e, _ := get(t, b.Cache, "A"); !e.Stale || e.Unknown || !e.MissedAt.Equal(c.now()) || s.calls.Load() != 7 {
			t.Errorf("got %+v after %d calls, want to know that it was missed", e, s.calls.Load())
		}
		b.stop()
	})
}

func TestAProcessThatStartsBelievesWhatWasMissedFromTheLastTimeItReadsOf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		p := start(t, s, d, "info", nil, c.now)
		get(t, p.Cache, "A")
		s.blank.Store(true)
		c.advance(10 * time.Hour)
		get(t, p.Cache, "A")
		p.stop()
		p = start(t, s, d, "info", nil, c.now)
		c.advance(59 * time.Minute)
		if e, _ := get(t, p.Cache, "A"); e.Unknown || !e.Stale {
			t.Errorf("got %+v, want it believed for an hour", e)
		}
		c.advance(time.Minute)
		if e, _ := get(t, p.Cache, "A"); !e.Unknown {
			t.Errorf("got %+v, want it unknown then", e)
		}
		p.stop()
	})
}

// written waits until the database has what was fetched at a time.
func written(t *testing.T, d *db.DB, key string, at time.Time) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		var n int
		if err := d.Read().QueryRowContext(t.Context(), "select count(*) from company_info_cache where key = $1 and fetched_at = $2", key, db.Time(at)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
	}
	t.Fatal("it was not written")
}

func TestWhatCannotBeReadCountsAsAbsent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		for i, row := range []struct {
			value string
			at    time.Time
		}{{"{", c.now()}, {"\x1f\x8b damaged", c.now()}, {`"text"`, c.now()}, {"", c.now()}, {`{"Key":"x"}`, c.now().Add(time.Hour)}} {
			key := fmt.Sprint("A", i)
			exec(t, d, "insert into company_info_cache (kind, key, value, unknown, fetched_at) values ('info', $1, $2, false, $3)", key, []byte(row.value), row.at)
			p := start(t, s, d, "info", nil, c.now)
			if e, _ := get(t, p.Cache, key); e.Value.Key != key || e.Stale {
				t.Errorf("%q: got %+v, want what the source says", row.value, e)
			}
			p.stop()
		}
	})
}

func TestKeysNoDatabaseTakesAreKeptInMemoryAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &source{}
		p := start(t, s, d, "search", nil, time.Now)
		for _, key := range []string{"A\x00", "A\xff", "A" + strings.Repeat("a", 10_000)} {
			for range 2 {
				get(t, p.Cache, key)
			}
		}
		p.stop()
		if s.calls.Load() != 3 || p.log.Len() > 0 {
			t.Errorf("got %d calls, and the log says %q", s.calls.Load(), p.log)
		}
	})
}

func TestADatabaseThatIsGoneFailsNobody(t *testing.T) {
	address := dbtest.Address(t, db.SQLite)
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	p := start(t, &source{}, d, "info", nil, time.Now)
	if e, _ := get(t, p.Cache, "A"); e.Stale {
		t.Errorf("got %+v", e)
	}
	p.stop()
	if text := p.log.String(); !strings.Contains(text, "cannot be read") || !strings.Contains(text, "cannot be written") {
		t.Errorf("the log says %q", text)
	}
}

// gate is a log that holds up whoever says that something cannot be written, until it is opened.
type gate struct {
	slog.Handler
	open  chan struct{}
	lines atomic.Int32
}

func (g *gate) Handle(_ context.Context, line slog.Record) error {
	if strings.HasSuffix(line.Message, "cannot be written") {
		g.lines.Add(1)
		<-g.open
	}
	return nil
}

func TestADatabaseThatIsGoneDoesNotHoldUpTheEnd(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.Address(t, db.SQLite))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		log := &gate{Handler: slog.NewTextHandler(io.Discard, nil), open: make(chan struct{})}
		cfg := (&source{}).config()
		store := &cache.Store{DB: d, Log: slog.New(log)}
		cfg.Store, cfg.Kind, cfg.Table = store, "info", cache.Companies
		c := newCache(t, cfg)
		for i := range 1000 {
			get(t, c, fmt.Sprint("A", i))
		}
		synctest.Wait() // a first batch failed, and the others wait behind it
		go store.Close()
		synctest.Wait()
		close(log.open)
		synctest.Wait()
		if got := log.lines.Load(); got != 1 {
			t.Errorf("%d batches were tried, want the one that failed", got)
		}
	})
}

func TestManyWritesAreFewTransactionsAndNoneIsLost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &source{}
		p := start(t, s, d, "info", nil, time.Now)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				for j := range 100 {
					get(t, p.Cache, fmt.Sprintf("A%d-%d", i, j))
				}
			})
		}
		all.Wait()
		p.stop()
		if got := count(t, d); got != 1000 {
			t.Errorf("got %d rows, want 1000", got)
		}
	})
}

func TestTidyForgetsWhatNobodyHadFetchedForLong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		for i, row := range []struct {
			unknown bool
			age     time.Duration
		}{{false, time.Hour}, {false, 100 * 24 * time.Hour}, {false, 200 * 24 * time.Hour}, {true, time.Hour}, {true, 48 * time.Hour}} {
			exec(t, d, "insert into company_info_cache (kind, key, unknown, fetched_at) values ('info', $1, $2, $3)", fmt.Sprint(i), row.unknown, db.Time(now.Add(-row.age)))
		}
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return (&cache.Store{}).Tidy(t.Context(), tx, now) }); err != nil {
			t.Fatal(err)
		}
		rows, err := d.Read().QueryContext(t.Context(), "select key from company_info_cache order by key")
		left, err := db.Collect(rows, err, func(scan func(...any) error) (key string, err error) { return key, scan(&key) })
		if got := strings.Join(left, " "); err != nil || got != "0 1 3" {
			t.Errorf("got %s (%v), want 0 1 3", got, err)
		}
	})
}

func TestATableKeepsTheLatestOfEachKind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := db.Time(time.Now())
		const most, more = 20_000, 50
		fill := func(tx *sql.Tx) error {
			for _, row := range []struct {
				kind string
				n    int
			}{{"search", most + more}, {"info", 1}} {
				if _, err := tx.ExecContext(t.Context(), `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $1)
					insert into company_info_cache (kind, key, unknown, fetched_at) select $2, cast(n as text), false, $3 from numbers`,
					row.n, row.kind, now.Add(-24*time.Hour)); err != nil {
					return err
				}
			}
			for i := range 4 * more { // the latest of them, in the middle of the others
				if _, err := tx.ExecContext(t.Context(), "update company_info_cache set fetched_at = $1 where kind = 'search' and key = $2",
					now.Add(-time.Duration(i)*time.Second), fmt.Sprint(most/2+i)); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(t.Context(), "update company_info_cache set fetched_at = $1 where kind = 'search' and cast(key as integer) <= $2",
				now.Add(-48*time.Hour), more)
			return err
		}
		tidy := func(tx *sql.Tx) error { return (&cache.Store{}).Tidy(t.Context(), tx, now) }
		for _, step := range []func(*sql.Tx) error{fill, tidy, tidy} {
			if err := d.Tx(t.Context(), step); err != nil {
				t.Fatal(err)
			}
		}
		if got := count(t, d); got != most+1 {
			t.Errorf("got %d rows, want %d searches and what is known of A", got, most)
		}
	})
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(t.Context(), query, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from company_info_cache").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// realRedis is a client of the tests' server, or the test is skipped; the kind is one that nobody used before.
func realRedis(t *testing.T) (client *redis.Client, inside *goredis.Client, kind string) {
	t.Helper()
	address := "redis://127.0.0.1:6379/9"
	if set := os.Getenv("JASPERS_TEST_REDIS"); set != "" {
		address = set
	}
	options, err := goredis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	inside = goredis.NewClient(options)
	t.Cleanup(func() { _ = inside.Close() })
	if err := inside.Ping(t.Context()).Err(); err != nil {
		sharedtest.Missing(t, "redis", "no Redis answers; start one, or set JASPERS_TEST_REDIS")
	}
	return openRedis(t, address), inside, fmt.Sprint("test ", time.Now().UnixNano())
}

func openRedis(t *testing.T, address string) *redis.Client {
	t.Helper()
	client, err := redis.Open(redis.Config{URL: address, Log: slog.New(slog.DiscardHandler), Without: "-", Again: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestProcessesShareThroughRedisAlone(t *testing.T) {
	client, inside, kind := realRedis(t)
	s, c := &source{text: strings.Repeat("long ", 5000)}, newClock()
	a := start(t, s, nil, kind, client, c.now)
	first, _ := get(t, a.Cache, "A")
	get(t, a.Cache, "nothing")
	a.stop()
	b := start(t, s, nil, kind, client, c.now)
	for key, unknown := range map[string]bool{"A": false, "nothing": true} {
		if e, _ := get(t, b.Cache, key); e.Unknown != unknown || e.Stale || !unknown && e != first {
			t.Errorf("%s: got %+v", key, e)
		}
	}
	if s.calls.Load() != 2 {
		t.Errorf("got %d calls for two processes, want 2", s.calls.Load())
	}
	key := "jaspers:cache:" + kind + ":A"
	if life, err := inside.PTTL(t.Context(), key).Result(); err != nil || life <= time.Minute || life > time.Minute+time.Hour {
		t.Errorf("got the life %s (%v)", life, err)
	}
	if err := inside.Set(t.Context(), key, "no record", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if e, _ := get(t, start(t, s, nil, kind, client, c.now).Cache, "A"); e.Value.Call != 3 {
		t.Errorf("got %+v for what is no record, want it fetched", e)
	}
}

func TestWhatRedisLostTheTableHas(t *testing.T) {
	client, inside, kind := realRedis(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		a := start(t, s, d, kind, client, c.now)
		get(t, a.Cache, "A")
		a.stop()
		if n, err := inside.Del(t.Context(), "jaspers:cache:"+kind+":A").Result(); n != 1 || err != nil {
			t.Fatalf("got %d keys deleted, %v", n, err)
		}
		if e, _ := get(t, start(t, s, d, kind, client, c.now).Cache, "A"); e.Value.Call != 1 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestARedisThatIsSilentCostsOneShortWait(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s := &source{}
	p := start(t, s, nil, "info", openRedis(t, "redis://"+silent.Addr().String()), time.Now)
	bounded, cancel := context.WithTimeout(t.Context(), 10*time.Second) // 500 waits would take 25
	defer cancel()
	for i := range 500 {
		if e, err := p.One(bounded, fmt.Sprint("A", i)); err != nil || e.Value.Call != int32(i+1) {
			t.Fatalf("got %+v, %v", e, err)
		}
	}
	p.stop()
}
