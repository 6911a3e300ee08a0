package cache

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/redis"
)

// Store is what lies below the memory of a process's caches, and what processes share. What is written there is written
// beside the requests; whatever of it is lost costs another fetch. Its fields are set before it is used.
type Store struct {
	// DB has the tables; nil is none.
	DB *db.DB
	// Redis is asked before the tables; nil is none.
	Redis *redis.Client
	Log   *slog.Logger
	// Metrics counts what caches found, and where; nil for nobody.
	Metrics *metrics.Metrics

	mu      sync.Mutex
	pending map[place]record
	bytes   int // of what is pending
	writing bool
	closed  bool
	written map[place]int // rows since the last trimming, by table and kind
	work    sync.WaitGroup
}

// place is where a record belongs.
type place struct {
	table     Table
	kind, key string
}

const (
	maxPendingBytes = 32 << 20
	// batchRows is how many rows one transaction writes: it holds SQLite's only writer for some milliseconds.
	batchRows = 200
	// lookTime and writeTime bound what the database may take.
	lookTime  = 2 * time.Second
	writeTime = 10 * time.Second
	// maxKey is the longest key that is kept below memory.
	maxKey = 512
)

// isKept tells whether a key can be kept below memory: PostgreSQL takes no text with a zero in it.
func isKept(key string) bool {
	return len(key) <= maxKey && utf8.ValidString(key) && !strings.ContainsRune(key, 0)
}

func redisKey(kind, key string) string { return "jaspers:cache:" + kind + ":" + key }

// fromRedis gives what Redis has of the keys.
func (s *Store) fromRedis(ctx context.Context, kind string, keys []string) map[string]record {
	if s.Redis == nil {
		return nil
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = redisKey(kind, key)
	}
	values, _ := s.Redis.Get(ctx, names)
	found := make(map[string]record, len(values))
	for i, value := range values {
		var r record
		if value != nil && json.Unmarshal(value, &r) == nil {
			found[keys[i]] = r
		}
	}
	return found
}

// fromTable gives what the database has of the keys.
func (s *Store) fromTable(ctx context.Context, table Table, kind string, keys []string) map[string]record {
	if s.DB == nil {
		return nil
	}
	if keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !isKept(key) }); len(keys) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	found, err := load(bounded, s.DB.Read(), table, kind, keys)
	if err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "the cache in the database cannot be read", "table", table, "error", err)
	}
	return found
}

// put has a record written soon. Where too much waits to be written already, it is not.
func (s *Store) put(p place, r record) {
	if !isKept(p.key) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.bytes+r.size() > maxPendingBytes {
		return
	}
	if s.pending == nil {
		s.pending, s.written = map[place]record{}, map[place]int{}
	}
	if old, ok := s.pending[p]; ok {
		s.bytes -= old.size()
	}
	s.pending[p] = r
	s.bytes += r.size()
	if !s.writing {
		s.writing = true
		s.work.Go(s.write)
	}
}

// giveUpAtTheEnd forgets what is pending when the Store is closed already: where the database fails each batch could take
// its whole time, and the program has to end.
func (s *Store) giveUpAtTheEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		clear(s.pending)
		s.bytes = 0
	}
}

// Close waits until everything is written, or the first of it cannot be, and takes no more.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.work.Wait()
}

// write writes until nothing is pending. What comes meanwhile is the next batch, so that batches grow with the traffic.
func (s *Store) write() {
	for batch := s.next(); len(batch) > 0; batch = s.next() {
		ctx, cancel := context.WithTimeout(context.Background(), writeTime)
		s.toRedis(ctx, batch)
		if err := s.toTables(ctx, batch); err != nil {
			s.Log.WarnContext(ctx, "the cache in the database cannot be written", "rows", len(batch), "error", err)
			s.giveUpAtTheEnd()
		}
		cancel()
	}
}

// next takes a batch of what is pending, or ends the writing.
func (s *Store) next() map[place]record {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make(map[place]record, min(len(s.pending), batchRows))
	for p, r := range s.pending {
		if len(batch) == batchRows {
			break
		}
		batch[p] = r
		delete(s.pending, p)
		s.bytes -= r.size()
	}
	s.writing = len(batch) > 0
	return batch
}

func (s *Store) toRedis(ctx context.Context, batch map[place]record) {
	if s.Redis == nil {
		return
	}
	var values []redis.Value
	for p, r := range batch {
		if text, err := json.Marshal(r); err == nil && r.life > 0 {
			values = append(values, redis.Value{Key: redisKey(p.kind, p.key), Text: text, Life: r.life})
		}
	}
	if len(values) > 0 {
		s.Redis.Set(ctx, values)
	}
}

// toTables writes rows in one order, so that processes wait for each other and do not meet crosswise.
func (s *Store) toTables(ctx context.Context, batch map[place]record) error {
	if s.DB == nil {
		return nil
	}
	places := slices.SortedFunc(maps.Keys(batch), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	places = slices.DeleteFunc(places, func(p place) bool { return p.table == "" })
	if len(places) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, p := range places {
			if err := save(ctx, tx, p, batch[p]); err != nil {
				return err
			}
		}
		return s.trimGrown(ctx, tx, places, batch)
	})
}
