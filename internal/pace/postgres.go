package pace

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// postgres keeps the moments of all processes in a row. Its clock is the one that counts, as nowhere else: those of the
// processes may differ by more than a window.
type postgres struct {
	db   *db.DB
	key  string
	plan plan
}

const clock = `(extract(epoch from clock_timestamp()) * 1000000)::bigint`

func (k *postgres) take(ctx context.Context, within time.Duration) (given turn, err error) {
	err = k.db.Tx(ctx, func(tx *sql.Tx) error {
		known, now, err := k.lock(ctx, tx)
		if err != nil {
			return err
		}
		if given = k.plan.take(&known, now, within); !given.taken {
			return nil
		}
		_, err = tx.ExecContext(ctx, `update vendor_paces set leaves = $2, alone_until = $3 where key = $1`, k.key, pack(known.leaves), known.alone)
		return err
	})
	return given, err
}

// lock reads the row, which is made where it is not there, and lets nobody else change it until the transaction ends.
func (k *postgres) lock(ctx context.Context, tx *sql.Tx) (known past, now int64, err error) {
	read := func() error {
		var leaves []byte
		row := tx.QueryRowContext(ctx, `select leaves, alone_until, `+clock+` from vendor_paces where key = $1 for update`, k.key)
		err := row.Scan(&leaves, &known.alone, &now)
		known.leaves = unpack(leaves)
		return err
	}
	if err = read(); !errors.Is(err, sql.ErrNoRows) {
		return known, now, err
	}
	if _, err = tx.ExecContext(ctx, `insert into vendor_paces (key, leaves, alone_until) values ($1, $2, 0) on conflict do nothing`, k.key, []byte{}); err != nil {
		return known, now, err
	}
	return known, now, read()
}

func (k *postgres) leaveAlone(ctx context.Context, d time.Duration) error {
	return k.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into vendor_paces (key, leaves, alone_until) values ($1, $2, `+clock+` + $3)
			on conflict (key) do update set alone_until = greatest(vendor_paces.alone_until, excluded.alone_until)`, k.key, []byte{}, d.Microseconds())
		return err
	})
}

func (k *postgres) alone(ctx context.Context, _ turn) (time.Duration, error) {
	var left int64
	err := k.db.Read().QueryRowContext(ctx, `select alone_until - `+clock+` from vendor_paces where key = $1`, k.key).Scan(&left)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return max(micros(left), 0), err
}

// pack writes moments eight bytes each.
func pack(leaves []int64) []byte {
	out := make([]byte, 0, 8*len(leaves))
	for _, at := range leaves {
		out = binary.BigEndian.AppendUint64(out, uint64(at)) // #nosec G115 -- read back the same way
	}
	return out
}

func unpack(packed []byte) []int64 {
	var leaves []int64
	for ; len(packed) >= 8; packed = packed[8:] {
		leaves = append(leaves, int64(binary.BigEndian.Uint64(packed))) // #nosec G115 -- written the same way
	}
	return leaves
}
