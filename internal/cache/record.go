package cache

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/maypok86/otter/v2"
)

// record is an entry as the layers below memory keep it.
type record struct {
	Value     []byte    `json:"v,omitempty"` // packed JSON; nil when unknown
	Unknown   bool      `json:"u,omitempty"`
	FetchedAt time.Time `json:"f"`
	MissedAt  time.Time `json:"m,omitzero"`
	// MissingSince is not in the tables: who reads a row there counts from its MissedAt.
	MissingSince time.Time `json:"s,omitzero"`

	life time.Duration // how long it is worth keeping in Redis
}

// size is about what a record takes while it waits to be written.
func (r record) size() int { return 256 + len(r.Value) }

const (
	// packFrom is the size from which packing pays, maxValue what a value may have when it is unpacked.
	packFrom = 1 << 10
	maxValue = 32 << 20
	// staleFor is how long Redis keeps what is fresh no more.
	staleFor = time.Hour
	// aheadAtMost is how far another process's clock may be before ours.
	aheadAtMost = time.Minute
)

// look takes over what the layers below memory have newer, and gives the keys that are old all the same.
func (c *Cache[V]) look(ctx context.Context, keys []string) []string {
	left := c.lookInto(c.cfg.Store.fromRedis(ctx, c.cfg.Kind, keys), keys)
	if c.cfg.Store.Redis != nil {
		c.countLayer(inRedis, keys, left)
	}
	if len(left) == 0 || c.cfg.Table == "" {
		return left
	}
	keys, left = left, c.lookInto(c.cfg.Store.fromTable(ctx, c.cfg.Table, c.cfg.Kind, left), left)
	c.countLayer(inTable, keys, left)
	return left
}

func (c *Cache[V]) lookInto(layer map[string]record, keys []string) (left []string) {
	for _, key := range keys {
		if r, ok := layer[key]; ok {
			if e, err := c.entry(r); err == nil {
				c.takeOver(key, e)
			}
		}
		if i, _ := c.known.GetIfPresent(key); c.isOld(i) {
			left = append(left, key)
		}
	}
	return left
}

// takeOver puts an entry into memory, unless something later came there meanwhile.
func (c *Cache[V]) takeOver(key string, e Entry[V]) {
	c.known.Compute(key, func(i item[V], _ bool) (item[V], otter.ComputeOp) {
		if i.known && !i.isBefore(e) {
			return i, otter.CancelOp
		}
		later := c.item(e)
		if since := i.missingSince; !since.IsZero() && i.FetchedAt.Equal(e.FetchedAt) && since.Before(later.missingSince) {
			later.missingSince = since
		}
		if c.isOld(later) {
			later.last = i.last
		}
		return later, otter.WriteOp
	})
}

// isBefore tells whether sources were asked for other later than for e.
func (e Entry[V]) isBefore(other Entry[V]) bool {
	return e.FetchedAt.Before(other.FetchedAt) || e.FetchedAt.Equal(other.FetchedAt) && e.MissedAt.Before(other.MissedAt)
}

// entry reads a record. What cannot be read, or is of the future, is an error, and as good as not there.
func (c *Cache[V]) entry(r record) (e Entry[V], err error) {
	e = Entry[V]{Unknown: r.Unknown, FetchedAt: r.FetchedAt.UTC(), MissedAt: r.MissedAt.UTC(), missingSince: r.MissingSince.UTC()}
	if e.missingSince.IsZero() {
		e.missingSince = e.MissedAt
	}
	if latest := c.cfg.Now().Add(aheadAtMost); e.FetchedAt.After(latest) || e.MissedAt.After(latest) {
		return e, errors.New("it is of the future")
	}
	if e.Unknown {
		return e, nil
	}
	text, err := unpack(r.Value)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(text, &e.Value)
}

// store hands what was learned to the layers below.
func (c *Cache[V]) store(learned map[string]item[V]) {
	now := c.cfg.Now()
	for key, i := range learned {
		r := record{Unknown: i.Unknown, FetchedAt: i.FetchedAt, MissedAt: i.MissedAt, MissingSince: i.missingSince, life: i.until.Sub(now) + staleFor}
		if !i.Unknown {
			text, err := json.Marshal(i.Value)
			if err != nil {
				c.cfg.Log.Error("a value cannot be kept", "kind", c.cfg.Kind, "error", err)
				continue
			}
			r.Value = pack(text)
		}
		c.cfg.Store.put(place{c.cfg.Table, c.cfg.Kind, key}, r)
	}
}

// pack compresses what is large. A value begins like JSON or like gzip, so nothing needs to say which it is.
func pack(text []byte) []byte {
	if len(text) < packFrom {
		return text
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	return packed.Bytes()
}

func unpack(value []byte) ([]byte, error) {
	if !bytes.HasPrefix(value, []byte{0x1f, 0x8b}) {
		return value, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(value))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxValue+1))
	if err == nil && len(text) > maxValue {
		err = fmt.Errorf("a value has more than %d bytes", maxValue)
	}
	return text, err
}
