package pastprices_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
)

// BenchmarkLoad250SymbolsOf12Years loads from the database what has not been in memory, and then again from memory.
func BenchmarkLoad250SymbolsOf12Years(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			d, err := db.Open(b.Context(), dbtest.Address(b, engine))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = d.Close() })
			p := newPast()
			symbols := make([]string, 250)
			for i := range symbols {
				symbols[i] = fmt.Sprintf("S%d", i)
				p.currency[symbols[i]] = "USD"
				p.splits[symbols[i]] = []market.Split{{Day: day("2020-08-31"), From: decimal.NewFromInt(int64(7 + i%3)), To: decimal.NewFromInt(31)}} // prices of six digits
			}
			open := func() *pastprices.Service {
				s, err := pastprices.New(b.Context(), pastprices.Config{DB: d, Sources: []market.Source{p}, Now: p.Now, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					b.Fatal(err)
				}
				return s
			}
			first := calendar.Day{Year: 2015, Month: time.January, Day: 1}
			load := func(b *testing.B, s *pastprices.Service) {
				all, warnings, err := s.Closes(b.Context(), symbols, first)
				if err != nil || len(all) != 250 || len(warnings) > 0 || len(all["S0"].Days) < 2900 {
					b.Fatalf("got %d symbols of %d days, %q, %v", len(all), len(all["S0"].Days), warnings, err)
				}
			}
			load(b, open())
			b.Run("database", func(b *testing.B) {
				for b.Loop() {
					load(b, open())
				}
			})
			b.Run("memory", func(b *testing.B) {
				s := open()
				load(b, s)
				for b.Loop() {
					load(b, s)
				}
			})
		})
	}
}
