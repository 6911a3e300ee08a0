package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	days "github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/recording"
)

// cpu is what the process has used so far, collecting garbage included.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peak is the largest resident set the process had, in bytes.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// stepByStep does what the service does, and lots beside, one step after the other.
func stepByStep(ctx context.Context, d *db.DB, p person) (m measured, err error) {
	began, used := time.Now(), cpu()
	lap := func(into *time.Duration) {
		now := cpu()
		*into, used = now-used, now
	}
	in, err := input(ctx, d, p.UserID)
	if err != nil {
		return m, err
	}
	lap(&m.Loading)
	book := lots.Work(lots.Input{Transactions: in.Transactions, Splits: in.Splits, Instruments: in.Instruments, Base: in.Base})
	lap(&m.Lots)
	h := days.Build(in)
	lap(&m.Days)
	report := performance.NewReport(h, performance.Basis{Benchmark: compared, Closes: in.Closes[compared], AsOf: benchNow()})
	shown, _, err := report.Answer(performance.Query{Range: "ALL"})
	if err != nil {
		return m, err
	}
	lap(&m.Figures)
	m.Wall, m.Closing, m.Peak = time.Since(began), shown.Drivers.Closing, peak()
	if len(book.Positions) == 0 || shown.MoneyWeighted.Value == nil || shown.Risk.MaxDrawdown.Value == nil {
		return m, fmt.Errorf("figures are missing: %+v", shown.MoneyWeighted)
	}
	return m, nil
}

// input loads all that a history is made of.
func input(ctx context.Context, d *db.DB, userID string) (in days.Input, err error) {
	q := d.Read()
	in = days.Input{Base: "USD", Through: calendar.DayOf(calendar.LastClose(benchNow())), Today: calendar.DayOf(benchNow())}
	if in.Transactions, err = ledger.Load(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Accounts, err = ledger.Accounts(ctx, q, userID); err != nil {
		return in, err
	}
	held := map[string]bool{}
	for i := range in.Transactions {
		held[in.Transactions[i].Instrument] = true
	}
	ids := slices.Collect(maps.Keys(held))
	if in.Instruments, err = instrument.Of(ctx, q, ids); err != nil {
		return in, err
	}
	if in.Splits, err = instrument.SplitsOf(ctx, q, ids); err != nil {
		return in, err
	}
	m, err := newPast(ctx, d, nil)
	if err != nil {
		return in, err
	}
	symbols := []string{compared}
	for _, i := range in.Instruments {
		symbols = append(symbols, i.MarketSymbol)
	}
	in.Closes, _, err = m.Closes(ctx, symbols, in.Transactions[0].Day.AddDays(-10))
	return in, err
}

// grows is by how much the new transaction makes the portfolio grow.
var grows = decimal.RequireFromString("0.01")

// byService asks the service, while others ask something small.
func byService(ctx context.Context, d *db.DB, p person) (m measured, err error) {
	log := slog.New(slog.DiscardHandler)
	quotes, err := market.New(ctx, market.Config{Sources: []market.Source{priceFile(nil)}, Now: benchNow, Log: log})
	if err != nil {
		return m, err
	}
	prices, err := newPast(ctx, d, nil)
	if err != nil {
		return m, err
	}
	s := performance.New(ctx, performance.Config{DB: d, Market: quotes, Past: prices, Portfolio: nothingHeld, Now: benchNow, Log: log})
	others, stop, err := startOthers(ctx, d, p.UserID)
	if err != nil {
		return m, err
	}
	defer stop()
	time.Sleep(300 * time.Millisecond)
	m.IdleWait = time.Duration(others.Swap(0))
	ask := func() (decimal.Decimal, time.Duration, error) {
		began := time.Now()
		shown, _, err := s.Performance(ctx, p.UserID, performance.Query{Range: "ALL"})
		if err != nil {
			return decimal.Zero, 0, err
		}
		return shown.Drivers.Closing, time.Since(began), nil
	}
	if m.Closing, m.Cold, err = ask(); err != nil {
		return m, err
	}
	if m.Grew, m.Transaction, err = p.buyMore(ctx, d, prices, ask, m.Closing); err != nil {
		return m, err
	}
	m.Wait = time.Duration(others.Load())
	var warm []time.Duration
	for range 200 {
		_, took, err := ask()
		if err != nil {
			return m, err
		}
		warm = append(warm, took)
	}
	m.Warm, m.Peak = percentile(warm, 95), peak()
	return m, nil
}

// nothingHeld is what brokerages tell of while New York is closed: nobody asks.
func nothingHeld(context.Context, string) (portfolio.Whole, []string, error) {
	return portfolio.Whole{}, nil, nil
}

// buyMore records a purchase on the last day, of what that makes worth a cent more, and asks again.
func (p person) buyMore(ctx context.Context, d *db.DB, prices *pastprices.Service, ask func() (decimal.Decimal, time.Duration, error), before decimal.Decimal) (grew decimal.Decimal, took time.Duration, err error) {
	closes, _, err := prices.Closes(ctx, []string{"GF000"}, calendar.DayOf(benchNow()).AddDays(-10))
	if err != nil {
		return grew, 0, err
	}
	price := closes["GF000"].Close[len(closes["GF000"].Close)-1]
	bought := row{date: lastDate, account: "A1", kind: "BUY", symbol: "GF000", quantity: 1, price: price, fee: 1}
	a := bought.activity("one more", time.Date(2026, time.November, 20, 19, 0, 0, 0, time.UTC))
	a.Quantity = grows.DivRound(decimal.NewFromFloat(price), 12)
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		r := recording.Reading{UserID: p.UserID, ConnectionID: p.ConnectionID, AccountID: p.Accounts["A1"], Provider: benchProvider, AsOf: benchNow()}
		r.History.Activities = append(r.History.Activities, a)
		_, err := recording.Record(ctx, tx, r, benchNow())
		return err
	})
	if err != nil {
		return grew, 0, err
	}
	after, took, err := ask()
	return after.Sub(before), took, err
}

// startOthers serves something small, as any other request reads it, and asks for it all the time. What it gives is the
// longest that took, in nanoseconds.
func startOthers(ctx context.Context, d *db.DB, userID string) (longest *atomic.Int64, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		version, err := ledger.Version(r.Context(), d.Read(), userID)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = fmt.Fprint(w, version)
	})}
	go func() { _ = server.Serve(l) }()
	longest, done := new(atomic.Int64), make(chan struct{})
	quit, cancel := context.WithCancel(ctx)
	go func() {
		defer close(done)
		for quit.Err() == nil {
			began := time.Now()
			resp, err := http.Get("http://" + l.Addr().String()) // #nosec G107 -- our own, on loopback
			if err != nil {
				longest.Store(int64(time.Hour)) // counts as waiting for ever
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if took := int64(time.Since(began)); took > longest.Load() {
				longest.Store(took)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return longest, func() { cancel(); <-done; _ = server.Close() }, nil
}
