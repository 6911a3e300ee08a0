package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// SQLite writes into a log, from which a checkpoint moves the pages into the database's file. By default the commit that
// finds a thousand pages in it does that, and waits until the disk has them: with many answers being written that was every
// second commit. Here somebody else moves them beside the commits, and a commit only where that does not keep up.
const (
	checkpointEvery = 250 * time.Millisecond
	checkpointFrom  = 4 << 20  // bytes of the log
	checkpointPages = 16_000   // of the log, 64 MB, from which on a commit does it itself
	logKept         = 16 << 20 // bytes of the log's file that stay when it begins anew
)

// writeAhead are the options of connections that write.
var writeAhead = fmt.Sprintf("&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=secure_delete(1)"+
	"&_pragma=wal_autocheckpoint(%d)&_pragma=journal_size_limit(%d)&_txlock=immediate", checkpointPages, logKept)

// checkpoints moves what was written to one SQLite file out of its log, until it is closed.
type checkpoints struct {
	log  string // the log's file
	pool *sql.DB
	mu   sync.Mutex // one at a time: SQLite refuses a second one
	stop context.CancelFunc
	over chan struct{}
}

// newCheckpoints begins to look after the log of the SQLite file at path.
func newCheckpoints(path string) (*checkpoints, error) {
	pool, err := sql.Open("sqlite", sqliteURI(path)+writeAhead)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(0) // who writes little needs none
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{log: path + "-wal", pool: pool, stop: stop, over: make(chan struct{})}
	go c.run(ctx)
	return c, nil
}

func (c *checkpoints) run(ctx context.Context) {
	defer close(c.over)
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	var moved time.Time // when the log was changed that was moved last
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		log, err := os.Stat(c.log)
		if err != nil || log.Size() < checkpointFrom || !log.ModTime().After(moved) {
			continue
		}
		if c.move(ctx, "passive") == nil { // where it fails a later one, or a commit, moves what stayed
			moved = log.ModTime()
		}
	}
}

// move makes a checkpoint: a "passive" one moves what nobody stands in the way of, a "truncate" one all, and empties the log.
func (c *checkpoints) move(ctx context.Context, how string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var busy, frames, moved int
	if err := c.pool.QueryRowContext(ctx, `pragma wal_checkpoint(`+how+`)`).Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	if busy != 0 {
		return errors.New("empty the write-ahead log: somebody is reading an older state")
	}
	return nil
}

func (c *checkpoints) close() error {
	c.stop()
	<-c.over
	return c.pool.Close()
}
