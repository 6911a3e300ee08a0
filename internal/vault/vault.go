// Package vault seals secrets for storage with AES-256-GCM under versioned keys, and makes and hashes the tokens we hand out.
package vault

import (
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
	r := k.ring()
	sealed := r.ciphers[r.current].Seal(nil, nil, plaintext, place.bytes())
	return Prefix(r.current) + base64.RawStdEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same place. Anything else is ErrSealed.
func (k *Keyring) Open(sealed string, place Place) ([]byte, error) {
	version, ok := Version(sealed)
	if !ok {
		return nil, fmt.Errorf("%w: it has no key version", ErrSealed)
	}
	aead, ok := k.cipher(version)
	if !ok {
		return nil, fmt.Errorf("%w: there is no key v%d", ErrSealed, version)
	}
	text := sealed[len(Prefix(version)):]
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || base64.RawStdEncoding.EncodeToString(raw) != text { // one spelling, so that no byte can be changed unseen
		return nil, fmt.Errorf("%w: it is not base64", ErrSealed)
	}
	plain, err := aead.Open(nil, nil, raw, place.bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed or belongs elsewhere", ErrSealed)
	}
	return plain, nil
}

// Prefix is how everything begins that is sealed with a version of the key.
func Prefix(version int) string { return "v" + strconv.Itoa(version) + ":" }

// Version is that of the key a value is sealed with; false for what Seal cannot have made.
func Version(sealed string) (int, bool) {
	word, _, ok := strings.Cut(sealed, ":")
	version, err := strconv.Atoi(strings.TrimPrefix(word, "v"))
	return version, ok && err == nil && version > 0 && word+":" == Prefix(version)
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
