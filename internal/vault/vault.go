// Package vault seals secrets for storage with AES-256-GCM under versioned keys, and makes and hashes the tokens we hand out.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// KeySize is the length of an encryption key in bytes.
const KeySize = 32

// ErrSealed is the error of a sealed value that does not open: it was changed, moved, or its key is gone.
var ErrSealed = errors.New("the sealed value cannot be opened")

// Keyring holds the encryption keys by version. New values are sealed with the newest one.
type Keyring struct {
	current int
	ciphers map[int]cipher.AEAD
}

// New makes a keyring of 32-byte keys by version (1, 2, …).
func New(keys map[int][]byte) (*Keyring, error) {
	k := &Keyring{ciphers: map[int]cipher.AEAD{}}
	for version, key := range keys {
		if version < 1 || len(key) != KeySize {
			return nil, fmt.Errorf("encryption key v%d must be %d bytes, it is %d", version, KeySize, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if k.ciphers[version], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		k.current = max(k.current, version)
	}
	if k.current == 0 {
		return nil, errors.New("a keyring needs at least one key")
	}
	return k, nil
}

// Place is where a sealed value is stored. A value opens only in its own place, so that a row's secret copied into
// another row, column or user is worthless.
type Place struct {
	Table, Column, Row, User string
}

func (p Place) bytes() []byte {
	return []byte(strings.Join([]string{p.Table, p.Column, p.Row, p.User}, "|"))
}

// Seal encrypts plaintext for one place: "v1:" and base64.
func (k *Keyring) Seal(plaintext []byte, place Place) string {
	sealed := k.ciphers[k.current].Seal(nil, nil, plaintext, place.bytes())
	return spell(k.current, sealed)
}

// spell writes a sealed value with the version of its key.
func spell(version int, sealed []byte) string {
	return "v" + strconv.Itoa(version) + ":" + base64.RawStdEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same place. Anything else is ErrSealed.
func (k *Keyring) Open(sealed string, place Place) ([]byte, error) {
	prefix, text, ok := strings.Cut(sealed, ":")
	if !ok {
		return nil, fmt.Errorf("%w: it has no key version", ErrSealed)
	}
	version, err := strconv.Atoi(strings.TrimPrefix(prefix, "v"))
	if err != nil {
		return nil, fmt.Errorf("%w: it has no key version", ErrSealed)
	}
	aead, ok := k.ciphers[version]
	if !ok {
		return nil, fmt.Errorf("%w: there is no key v%d", ErrSealed, version)
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || spell(version, raw) != sealed { // one spelling only
		return nil, fmt.Errorf("%w: it is not base64", ErrSealed)
	}
	plain, err := aead.Open(nil, nil, raw, place.bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed or belongs elsewhere", ErrSealed)
	}
	return plain, nil
}

// Token makes 256 random bits for a secret we hand out, as 43 characters that are safe in URLs and cookies.
func Token() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Hash is what we keep of a Token: SHA-256 in hex. That is enough only because tokens are random; it is not for passwords.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
