package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Head is the end of the chain: the number of rows in it and the link of the last. Written down elsewhere it proves
// later that nothing up to it was changed or left out, to whoever may have had the database and the key meanwhile.
type Head struct {
	Seq  int64
	Link string
}

// String is the head as ParseHead reads it.
func (h Head) String() string { return strconv.FormatInt(h.Seq, 10) + ":" + h.Link }

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	number, link, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || len(link) != 64 {
		return Head{}, errors.New("a head is what verify printed: a number, a colon and 64 hex digits")
	}
	return Head{seq, link}, nil
}

const (
	// sealEvery is how often rows are given their places.
	sealEvery = time.Second
	// sealTime is how long that may take before it is begun anew: a connection may be lost without a word.
	sealTime = 30 * time.Second
	// sealBatch is how many get theirs in one transaction.
	sealBatch = 500
)

// errHead says that somebody changed the record of the chain's end. Nothing is sealed behind it then.
var errHead = errors.New("the end of the audit chain is not as it was written; run jaspers audit verify")

// errKey is errHead for who starts a server, where another key is more likely than a stranger in the database.
var errKey = errors.New("the audit log was written with another JASPERS_HASH_KEY than the one that is set, or the record of its end " +
	"was changed: bring back the JASPERS_HASH_KEY, or the secrets.env, that belongs to this database")

// Check makes sure that the chain can go on with the key there is. It reads one row.
func (l *Log) Check(ctx context.Context) error {
	head, mac, there, err := takeHead(ctx, l.db.Read(), "")
	if err != nil {
		return fmt.Errorf("read the end of the audit chain: %w", err)
	}
	if !there || !l.isHead(head, mac) {
		return errKey
	}
	return nil
}

// Run seals what is recorded until ctx ends, and then what is left. Any number of processes may; one seals at a time.
func (l *Log) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	troubled := false
	for {
		bounded, cancel := context.WithTimeout(ctx, sealTime)
		_, err := l.Seal(bounded)
		cancel()
		if err != nil && ctx.Err() == nil && !troubled { // once for each trouble
			log.ErrorContext(ctx, "seal the audit log", "error", err)
		}
		troubled = err != nil
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealEvery)
			defer cancel()
			_, _ = l.Seal(last) // what it does not reach waits in the outbox
			return
		case <-tick.C:
		}
	}
}

// Seal gives every row that waits its place in the chain, in batches, and tells how many there were. A batch is one
// transaction, so that one which dies half way has done nothing. While another process seals it does nothing.
func (l *Log) Seal(ctx context.Context) (int, error) {
	for total := 0; ; {
		waiting, err := isWaiting(ctx, l.db.Read())
		if err != nil || !waiting {
			return total, err
		}
		var n int
		err = l.db.Tx(ctx, func(tx *sql.Tx) (err error) {
			n, err = l.sealBatch(ctx, tx)
			return err
		})
		if total += n; err != nil || n < sealBatch {
			return total, err
		}
	}
}

func (l *Log) sealBatch(ctx context.Context, tx *sql.Tx) (int, error) {
	head, mac, mine, err := takeHead(ctx, tx, l.db.SkipLocked())
	if err != nil || !mine {
		return 0, err
	}
	if !l.isHead(head, mac) {
		return 0, errHead
	}
	waiting, err := selectWaiting(ctx, tx, sealBatch)
	if err != nil {
		return 0, fmt.Errorf("find what waits to be sealed: %w", err)
	}
	places := make([]place, len(waiting))
	for i, w := range waiting {
		head = Head{head.Seq + 1, l.link(head.Seq+1, head.Link, w.id, w.mac)}
		places[i] = place{head.Seq, w.id, head.Link}
	}
	if len(places) > 0 {
		err = errors.Join(insertPlaces(ctx, tx, places), moveHead(ctx, tx, head, l.headMAC(head)))
	}
	if err == nil {
		err = deleteSealed(ctx, tx)
	}
	if err != nil {
		return 0, fmt.Errorf("seal: %w", err)
	}
	return len(places), nil
}

// isHead checks the record of the chain's end. That of an empty chain was made without the key.
func (l *Log) isHead(h Head, mac string) bool {
	return h == Head{} && mac == "" || same(mac, l.headMAC(h))
}
