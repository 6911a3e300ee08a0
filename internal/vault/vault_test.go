package vault_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/vault"
	"pgregory.net/rapid"
)

var place = vault.Place{Table: "brokerage_connections", Column: "credentials", Row: "r1", User: "u1"}

func keyring(t *testing.T, versions ...byte) *vault.Keyring {
	t.Helper()
	keys := map[int][]byte{}
	for _, v := range versions {
		keys[int(v)] = bytes.Repeat([]byte{v}, vault.KeySize)
	}
	k, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatIsSealedOpensInItsOwnPlace(t *testing.T) {
	k := keyring(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed := k.Seal(plain, place)
		if !strings.HasPrefix(sealed, "v1:") {
			t.Fatalf("got %q, want the key version in front", sealed)
		}
		got, err := k.Open(sealed, place)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v, want %q", got, err, plain)
		}
	})
}

func TestASealedValueIsWorthlessElsewhere(t *testing.T) {
	k := keyring(t, 1)
	sealed := k.Seal([]byte("secret"), place)
	for _, other := range []vault.Place{
		{Table: "x", Column: place.Column, Row: place.Row, User: place.User},
		{Table: place.Table, Column: "x", Row: place.Row, User: place.User},
		{Table: place.Table, Column: place.Column, Row: "x", User: place.User},
		{Table: place.Table, Column: place.Column, Row: place.Row, User: "x"},
	} {
		if _, err := k.Open(sealed, other); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("in %+v: got %v, want %v", other, err, vault.ErrSealed)
		}
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	k := keyring(t, 1)
	sealed := k.Seal([]byte("secret"), place)
	for i := range sealed {
		changed := []byte(sealed)
		changed[i] ^= 1
		if plain, err := k.Open(string(changed), place); err == nil && string(plain) != "secret" {
			t.Errorf("byte %d changed: opened as %q", i, plain)
		} else if err == nil && i < len(sealed)-1 { // the last character's spare bits carry nothing
			t.Errorf("byte %d changed: it still opens", i)
		}
		if _, err := k.Open(sealed[:i], place); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("cut at %d: got %v, want %v", i, err, vault.ErrSealed)
		}
	}
}

func TestANewKeySealsWhileTheOldOneStillOpens(t *testing.T) {
	old := keyring(t, 1).Seal([]byte("secret"), place)
	both := keyring(t, 1, 2)
	if got, err := both.Open(old, place); err != nil || string(got) != "secret" {
		t.Errorf("got %q, %v from the old key", got, err)
	}
	if sealed := both.Seal([]byte("secret"), place); !strings.HasPrefix(sealed, "v2:") {
		t.Errorf("got %q, want the newest key", sealed)
	}
	if _, err := keyring(t, 2).Open(old, place); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("got %v with the old key gone, want %v", err, vault.ErrSealed)
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	for _, keys := range []map[int][]byte{nil, {1: make([]byte, 31)}, {0: make([]byte, 32)}} {
		if _, err := vault.New(keys); err == nil {
			t.Errorf("a keyring of %d keys was made", len(keys))
		}
	}
}

func TestTokensAreLongAndNeverRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := vault.Token()
		if len(token) != 43 || seen[token] {
			t.Fatalf("got token %q", token)
		}
		seen[token] = true
	}
	if a, b := vault.Hash("a"), vault.Hash("b"); a == b || len(a) != 64 {
		t.Errorf("got hashes %q and %q", a, b)
	}
}
