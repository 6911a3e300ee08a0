package usage

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// BenchmarkCall is what recording costs a request, for each call it makes.
func BenchmarkCall(b *testing.B) {
	s := New(Config{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx := audit.For(b.Context(), "01999999-0000-7000-8000-000000000000")
	c := upstream.Call{Provider: "yahoo", Endpoint: "GET /v8/finance/chart", Status: 200, At: time.Now(), Duration: time.Second}
	b.ReportAllocs()
	for b.Loop() {
		s.Call(ctx, c)
		if len(s.waiting) == maxWaiting {
			s.waiting = s.waiting[:0]
		}
	}
}

// stored is a service on an empty database, until the benchmark is over.
func stored(b *testing.B, engine db.Engine) *Service {
	b.Helper()
	d, err := db.Open(b.Context(), dbtest.Address(b, engine))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	return serviceOn(d, november())
}

// BenchmarkStore is what storing takes, a batch a time.
func BenchmarkStore(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			s := stored(b, engine)
			for b.Loop() {
				s.record(b.Context(), batch*3/4) // with a turn for each third
				if err := s.store(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkEverybodysMonth is what an admin's question takes where nothing was rolled up yet: a week of half a million calls.
func BenchmarkEverybodysMonth(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			s := stored(b, engine)
			for range weekOfCalls / (batch * 3 / 4) {
				s.record(b.Context(), batch*3/4)
				if err := s.store(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := s.Usage(b.Context(), Query{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const weekOfCalls = 500_000
