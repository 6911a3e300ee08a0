// Package idempotency lets a request that is sent again under its key have the answer of the first, and no further effect.
package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

const (
	// Kept is how long an answer can be had again.
	Kept = 24 * time.Hour
	// lease is how long a request may take. After that its process is taken for dead and its key is free again; so it is
	// longer than any request has.
	lease = 3 * time.Minute
	// maxAnswer bounds the answers that are kept, in bytes.
	maxAnswer = 1 << 20
	// retryAfter is when asking again makes sense while the first request is still being answered.
	retryAfter = 2 * time.Second
)

// Keys keeps requests that were sent under a key, per person. Every field is required.
type Keys struct {
	DB  *db.DB
	Now func() time.Time
	// Vault seals the answers: some hold what is shown once only.
	Vault *vault.Keyring
	// HashKey makes what is kept of requests, the same in every process: some hold a password, which could be guessed from
	// a hash that anybody can work out.
	HashKey []byte
}

// Request is one that was sent under a key.
type Request struct {
	UserID    string
	Operation string
	Key       string
	// Parts are all that tells it from another: where it was sent, and its body.
	Parts []string
}

// Answer is what a request got.
type Answer struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body"`
}

// Claim is the right to answer a request. Keep, Release or Doubt ends it; without that its lease does.
type Claim struct {
	keys       *Keys
	id, userID string
}

// Begin claims a key for a request, or returns the answer that was kept for the same request. IdempotencyReused when the
// key stands for another one, Conflict while that is still being answered, or where its answer cannot be shown again.
func (k *Keys) Begin(ctx context.Context, r Request) (claim *Claim, kept *Answer, err error) {
	err = k.DB.Tx(ctx, func(tx *sql.Tx) error {
		claim, kept = nil, nil
		now := db.Time(k.Now())
		id, keyHash, requestHash := db.NewID(), sum(sha256.New(), r.Key), k.requestHash(r)
		if err := free(ctx, tx, r.UserID, keyHash, now); err != nil {
			return err
		}
		mine, err := insert(ctx, tx, id, r, keyHash, requestHash, now)
		if err != nil {
			return err
		}
		if mine {
			claim = &Claim{k, id, r.UserID}
			return nil
		}
		kept, err = k.find(ctx, tx, r.UserID, keyHash, requestHash)
		return err
	})
	return claim, kept, err
}

// find reads what another request has left under the key.
func (k *Keys) find(ctx context.Context, tx db.Querier, userID, keyHash, requestHash string) (*Answer, error) {
	e, err := find(ctx, tx, userID, keyHash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fault.New(fault.Unauthenticated, "this account is gone")
	case err != nil:
		return nil, err
	case e.requestHash != requestHash:
		return nil, fault.New(fault.IdempotencyReused, "this Idempotency-Key was sent with another request; use a new key for a new request")
	case e.state == running:
		return nil, fault.New(fault.Conflict, "the first request under this Idempotency-Key is still being answered; ask again in a moment").WithRetryAfter(retryAfter)
	case e.response == nil:
		return nil, errNotKept()
	}
	text, err := k.Vault.Open(*e.response, place(e.id, userID))
	if err != nil { // its key was taken away meanwhile
		return nil, errNotKept()
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("a kept answer: %w", err)
	}
	return &a, nil
}

func errNotKept() error {
	return fault.New(fault.Conflict, "the request may have been carried out, and its answer was not kept; read what it changed")
}

// Keep ends a claim with an answer to be given again. One that is too large is not kept, but the request is not carried
// out again either.
func (c *Claim) Keep(ctx context.Context, a Answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	var sealed *string
	if len(text) <= maxAnswer {
		sealed = new(c.keys.Vault.Seal(text, place(c.id, c.userID)))
	}
	return c.keys.DB.Tx(ctx, func(tx *sql.Tx) error { return conclude(ctx, tx, c.id, sealed) })
}

// Release ends a claim of which nothing came: the key can be used again, for any request.
func (c *Claim) Release(ctx context.Context) error {
	return c.keys.DB.Tx(ctx, func(tx *sql.Tx) error { return release(ctx, tx, c.id) })
}

// Doubt ends a claim of which nobody knows what came: the request is not carried out again.
func (c *Claim) Doubt(ctx context.Context) error {
	return c.keys.DB.Tx(ctx, func(tx *sql.Tx) error { return conclude(ctx, tx, c.id, nil) })
}

// Tidy is a period's work: it forgets what was kept long enough.
func (k *Keys) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	return deleteBefore(ctx, tx, db.Time(slot.Add(-Kept)))
}

// place is where an answer is sealed for.
func place(id, userID string) vault.Place {
	return responseColumn().Place(id, userID)
}

// requestHash tells a request from others. It begins with a word of its own, since the key serves other purposes, too.
func (k *Keys) requestHash(r Request) string {
	words := append([]string{"idempotency_keys.request_hash", r.UserID, r.Operation}, r.Parts...)
	return sum(hmac.New(sha256.New, k.HashKey), words...)
}

// sum is the same for the same words only: each is preceded by its length.
func sum(h hash.Hash, words ...string) string {
	for _, w := range words {
		_, _ = fmt.Fprintf(h, "%d:%s", len(w), w) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

func responseColumn() vault.Column {
	return vault.Column{Table: "idempotency_keys", Column: "response", Row: "id", User: "user_id"}
}

// SealedColumns are those in which this package keeps sealed values.
func SealedColumns() []vault.Column { return []vault.Column{responseColumn()} }
