package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Keys are encryption keys of 32 bytes by version (1, 2, …). New values are sealed with Current.
type Keys struct {
	Current int
	All     map[int][]byte
}

// Source is where keys are kept that may change while they are used. Stamp is cheap and changes whenever Load would
// tell other keys; empty when it cannot be told.
type Source struct {
	Load  func() (Keys, error)
	Stamp func() string
}

// Column is one of the database in which every value is sealed, with those that tell the place of a value. Packages
// declare theirs, so that values can be counted and sealed again without knowing what they are.
type Column struct {
	Table, Column string
	Row, User     string // the names of the columns with a value's Place.Row and Place.User
}

// String names the column.
func (c Column) String() string { return c.Table + "." + c.Column }

// Place is where the value of a row stands.
func (c Column) Place(row, user string) Place {
	return Place{Table: c.Table, Column: c.Column, Row: row, User: user}
}

// Keyring holds the encryption keys by version. It is safe for concurrent use.
type Keyring struct {
	source *Source // nil when the keys are what they are

	mu    sync.Mutex
	now   ring
	stamp string
	asked time.Time
}

// ring is a set of keys, ready for use, which does not change.
type ring struct {
	current int
	ciphers map[int]cipher.AEAD
}

// checkEvery is how often a source is asked whether its keys have changed. It goes by the machine's time, since that is
// what the processes which use the keys share.
const checkEvery = time.Second

// Notice is the time after which every running process knows of a change to a Source, and whatever it was about to store
// when it learned of it is stored.
const Notice = 5 * checkEvery

// New makes a keyring of keys that do not change. The newest is the current one.
func New(keys map[int][]byte) (*Keyring, error) {
	newest := 0
	for version := range keys {
		newest = max(newest, version)
	}
	return NewFixed(Keys{newest, keys})
}

// NewFixed makes a keyring of keys that do not change.
func NewFixed(keys Keys) (*Keyring, error) {
	r, err := newRing(keys)
	if err != nil {
		return nil, err
	}
	return &Keyring{now: r}, nil
}

// Follow makes a keyring that has the keys of its source: a changed one is noticed within a second, and at once where a
// value needs a key that is not there. While the source cannot be read the keys stay as they were.
func Follow(source Source) (*Keyring, error) {
	k := &Keyring{source: &source}
	k.stamp = source.Stamp()
	keys, err := source.Load()
	if err != nil {
		return nil, err
	}
	k.asked = time.Now()
	if k.now, err = newRing(keys); err != nil {
		return nil, err
	}
	return k, nil
}

func newRing(keys Keys) (ring, error) {
	r := ring{keys.Current, map[int]cipher.AEAD{}}
	for version, key := range keys.All {
		if version < 1 || len(key) != KeySize {
			return r, fmt.Errorf("encryption key v%d must be %d bytes, it is %d", version, KeySize, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return r, err
		}
		if r.ciphers[version], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return r, err
		}
	}
	if r.ciphers[r.current] == nil {
		return r, errors.New("a keyring needs a key to seal with")
	}
	return r, nil
}

// Current is the version that new values are sealed with.
func (k *Keyring) Current() int { return k.ring().current }

// Versions are those there are keys of, in their order.
func (k *Keyring) Versions() []int { return slices.Sorted(maps.Keys(k.ring().ciphers)) }

// Has tells whether there is a key of a version.
func (k *Keyring) Has(version int) bool {
	_, ok := k.cipher(version)
	return ok
}

func (k *Keyring) cipher(version int) (cipher.AEAD, bool) {
	if aead, ok := k.ring().ciphers[version]; ok || k.source == nil {
		return aead, ok
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reload()
	aead, ok := k.now.ciphers[version]
	return aead, ok
}

// ring gives the keys there are, as of a second ago at the latest.
func (k *Keyring) ring() ring {
	if k.source == nil {
		return k.now
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.asked) >= checkEvery {
		k.reload()
	}
	return k.now
}

// reload reads the keys when they have changed.
func (k *Keyring) reload() {
	k.asked = time.Now()
	stamp := k.source.Stamp()
	if stamp == "" || stamp == k.stamp {
		return
	}
	keys, err := k.source.Load()
	if err != nil {
		return // asked again in a second
	}
	if r, err := newRing(keys); err == nil {
		k.now, k.stamp = r, stamp
	}
}
