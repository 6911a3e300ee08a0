package db

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// newLine opens an empty SQLite file, whose only writer is held until let is called.
func newLine(t *testing.T) (d *DB, let func()) {
	t.Helper()
	d, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "line.db"))
	if err != nil {
		t.Fatal(err)
	}
	held, free, over := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		over <- d.Tx(context.Background(), func(*sql.Tx) error {
			close(held)
			<-free
			return nil
		})
	}()
	<-held
	let = sync.OnceFunc(func() {
		close(free)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		let()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, let
}

func TestWhoWorksForEverybodyWaitsForTheTransactionUnderWayAndNoOther(t *testing.T) {
	t.Parallel()
	d, let := newLine(t)
	var mu sync.Mutex
	var order []string
	in := func(who string) func(*sql.Tx) error {
		return func(*sql.Tx) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, who)
			return nil
		}
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := d.Tx(context.Background(), in("one of many")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		if err := d.TxFirst(context.Background(), in("the first")); err != nil {
			t.Error(err)
		}
	})
	for d.write.Stats().WaitCount == 0 { // only the first asks for the connection that is held
		runtime.Gosched()
	}
	let()
	all.Wait()
	if at := slices.Index(order, "the first"); at != 0 || len(order) != 51 {
		t.Errorf("came as number %d of %d, want it before all others", at+1, len(order))
	}
}

func TestWhoStandsInLineLeavesItWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	d, _ := newLine(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.Tx(ctx, func(*sql.Tx) error {
		t.Error("it ran beside the transaction that holds the writer")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}
