package idempotency_test

import (
	"bytes"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/idempotency"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

func keysOn(t *testing.T, d *db.DB, secret byte) (*idempotency.Keys, *time.Time) {
	t.Helper()
	ring, err := vault.New(map[int][]byte{1: bytes.Repeat([]byte{secret}, vault.KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	return &idempotency.Keys{DB: d, Now: func() time.Time { return now }, Vault: ring, HashKey: []byte("a key that the database does not hold")}, &now
}

func addUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	write(t, d, `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`,
		id, id+"@example.com", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	return id
}

func write(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func request(userID string, parts ...string) idempotency.Request {
	return idempotency.Request{UserID: userID, Operation: "test", Key: "k", Parts: parts}
}

// begin wants a claim, an answer or an error of the kind.
func begin(t *testing.T, k *idempotency.Keys, r idempotency.Request, want fault.Kind) (*idempotency.Claim, *idempotency.Answer) {
	t.Helper()
	claim, kept, err := k.Begin(t.Context(), r)
	if want == "" && err != nil || want != "" && !fault.Is(err, want) {
		t.Fatalf("got %v, want %q", err, want)
	}
	return claim, kept
}

func answer() idempotency.Answer {
	return idempotency.Answer{Status: 201, Header: map[string][]string{"Set-Cookie": {"a", "b"}}, Body: []byte("shown once \x00\xff")}
}

func TestTheSameRequestGetsTheSameAnswerForADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, now := keysOn(t, d, 1)
		ann, bob := addUser(t, d), addUser(t, d)
		claim, _ := begin(t, k, request(ann, "a", "bc"), "")
		begin(t, k, request(ann, "a", "bc"), fault.Conflict)
		begin(t, k, request(ann, "ab", "c"), fault.IdempotencyReused)
		if err := claim.Keep(t.Context(), answer()); err != nil {
			t.Fatal(err)
		}
		if other, kept := begin(t, k, request(bob, "x"), ""); other == nil || kept != nil {
			t.Error("somebody else's key is not their own")
		}
		*now = now.Add(idempotency.Kept - time.Microsecond)
		claim, kept := begin(t, k, request(ann, "a", "bc"), "")
		if diff := cmp.Diff(answer(), *kept); diff != "" || claim != nil {
			t.Errorf("(-want +got):\n%s", diff)
		}
		begin(t, k, request(ann, "a", "b"), fault.IdempotencyReused)
		*now = now.Add(time.Microsecond)
		if claim, _ := begin(t, k, request(ann, "other"), ""); claim == nil {
			t.Error("after a day the key is not free again")
		}
	})
}

func TestARequestCannotBeGuessedFromWhatIsKeptOfIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, _ := keysOn(t, d, 1)
		other, _ := keysOn(t, d, 1)
		other.HashKey = []byte("another key that it does not hold")
		again, _ := keysOn(t, d, 1)
		ann, bob := addUser(t, d), addUser(t, d)
		begin(t, k, request(ann, "my password"), "")
		begin(t, k, request(bob, "my password"), "")
		begin(t, other, request(ann, "my password"), fault.IdempotencyReused)
		begin(t, again, request(ann, "my password"), fault.Conflict) // known after a restart, and to every process
		rows, err := d.Read().QueryContext(t.Context(), "select distinct request_hash from idempotency_keys")
		all, err := db.Collect(rows, err, func(scan func(...any) error) (h string, err error) { return h, scan(&h) })
		if err != nil || len(all) != 2 {
			t.Errorf("got %v, %v, want another hash for each person", all, err)
		}
	})
}

func TestWhatCameToNothingFreesItsKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, now := keysOn(t, d, 1)
		ann := addUser(t, d)
		claim, _ := begin(t, k, request(ann, "a"), "")
		if err := claim.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		dead, _ := begin(t, k, request(ann, "b"), "")
		*now = now.Add(3*time.Minute - time.Microsecond)
		begin(t, k, request(ann, "b"), fault.Conflict)
		*now = now.Add(time.Microsecond) // its process is taken for dead
		claim, _ = begin(t, k, request(ann, "b"), "")
		if err := dead.Keep(t.Context(), idempotency.Answer{Status: 500}); err != nil { // and is not
			t.Fatal(err)
		}
		if err := claim.Keep(t.Context(), answer()); err != nil {
			t.Fatal(err)
		}
		if _, kept := begin(t, k, request(ann, "b"), ""); kept == nil || kept.Status != 201 {
			t.Errorf("got %v, want the answer of who has the key", kept)
		}
	})
}

func TestAnAnswerIsSealedAndNeverCarriedOutAgainWhenItCannotBeShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, _ := keysOn(t, d, 1)
		ann := addUser(t, d)
		claim, _ := begin(t, k, request(ann, "a"), "")
		if err := claim.Keep(t.Context(), answer()); err != nil {
			t.Fatal(err)
		}
		var stored, key, hash string
		if err := d.Read().QueryRowContext(t.Context(), `select response, key_hash, request_hash from idempotency_keys`).Scan(&stored, &key, &hash); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(stored, "v1:") || len(key) != 64 || len(hash) != 64 {
			t.Errorf("got %s %s %s, want nothing that can be read", stored, key, hash)
		}
		other, _ := keysOn(t, d, 2) // after the key was taken away
		begin(t, other, request(ann, "a"), fault.Conflict)

		large := request(ann, "a")
		large.Key = "large"
		claim, _ = begin(t, k, large, "")
		if err := claim.Keep(t.Context(), idempotency.Answer{Status: 200, Body: make([]byte, 1<<20)}); err != nil {
			t.Fatal(err)
		}
		begin(t, k, large, fault.Conflict)
	})
}

func TestOfManyAtOnceOneIsCarriedOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, _ := keysOn(t, d, 1)
		ann := addUser(t, d)
		var mu sync.Mutex
		var outcomes []string
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				claim, kept, err := k.Begin(t.Context(), request(ann, "a"))
				outcome := "claimed"
				switch {
				case err != nil:
					outcome = string(fault.KindOf(err))
				case kept != nil:
					outcome = "kept"
				default:
					if err := claim.Keep(t.Context(), answer()); err != nil {
						outcome = err.Error()
					}
				}
				mu.Lock()
				defer mu.Unlock()
				outcomes = append(outcomes, outcome)
			})
		}
		all.Wait()
		count := map[string]int{}
		for _, o := range outcomes {
			count[o]++
		}
		if count["claimed"] != 1 || count["claimed"]+count["kept"]+count[string(fault.Conflict)] != 50 {
			t.Errorf("got %v, want one of 50 carried out, the others answered or asked to wait", count)
		}
	})
}

func TestTidyingForgetsWhatIsOldAndAPersonTakesTheirsAlong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, now := keysOn(t, d, 1)
		ann, bob := addUser(t, d), addUser(t, d)
		begin(t, k, request(ann, "a"), "")
		*now = now.Add(time.Hour)
		begin(t, k, request(bob, "a"), "")
		left := func() (users []string) {
			rows, err := d.Read().QueryContext(t.Context(), `select cast(user_id as text) from idempotency_keys`)
			users, err = db.Collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
			if err != nil {
				t.Fatal(err)
			}
			return users
		}
		err := d.Tx(t.Context(), func(tx *sql.Tx) error { return k.Tidy(t.Context(), tx, now.Add(23*time.Hour)) })
		if got := left(); err != nil || !slices.Equal(got, []string{bob}) {
			t.Errorf("got %v, %v, want only what is not a day old", got, err)
		}
		write(t, d, `delete from users where id = $1`, bob)
		if got := left(); len(got) > 0 {
			t.Errorf("got %v, want nothing", got)
		}
		begin(t, k, request(bob, "a"), fault.Unauthenticated)
	})
}

func TestARequestOfWhichNobodyKnowsWhatCameIsNotCarriedOutAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, now := keysOn(t, d, 1)
		ann := addUser(t, d)
		claim, _ := begin(t, k, request(ann, "a"), "")
		if err := claim.Doubt(t.Context()); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(time.Hour) // which is longer than a claim lives
		begin(t, k, request(ann, "a"), fault.Conflict)
	})
}
