package vault_test

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/vault"
)

func TestASealedValueThatIsNotExactlyAsItWasIsRefused(t *testing.T) {
	k := keyring(t, 1, 11)
	for _, plain := range []string{"", "s", "se", "secret"} { // each way the base64 may end
		sealed := k.Seal([]byte(plain), place)
		refuse := func(what, text string) {
			if got, err := k.Open(text, place); !errors.Is(err, vault.ErrSealed) || got != nil {
				t.Fatalf("%s: got %q, %v of %q, want %v", what, got, err, text, vault.ErrSealed)
			}
		}
		for i := range len(sealed) {
			for b := range 256 {
				if other := []byte(sealed); byte(b) != sealed[i] {
					other[i] = byte(b)
					refuse("a byte changed", string(other))
				}
			}
			refuse("cut behind", sealed[:i])
			refuse("cut in front", sealed[i+1:])
			refuse("a byte taken out", sealed[:i]+sealed[i+1:])
			refuse("a line begun", sealed[:i]+"\n"+sealed[i:])
		}
		text, _ := strings.CutPrefix(sealed, "v11:")
		for _, prefix := range []string{"", ":", "11:", "v:", "v0:", "v011:", "v+11:", "v-11:", "vv11:", "V11:", " v11:", "v11::", "v1:", "v2:", "v99999999999999999999:"} {
			refuse("another version", prefix+text)
		}
		refuse("padded", sealed+"=")
	}
}

func TestAMillionNoncesAreAllDifferent(t *testing.T) {
	k := keyring(t, 1)
	const nonce = len("v1:") + 16 // 12 bytes in base64
	seen := make(map[string]bool, 1_000_000)
	for range 1_000_000 {
		seen[k.Seal(nil, place)[:nonce]] = true
	}
	if len(seen) != 1_000_000 {
		t.Errorf("got %d nonces of 1,000,000 values", len(seen))
	}
}

func TestAKeyringFollowsItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := func(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeySize) }
		var now atomic.Pointer[vault.Keys]
		var stamp atomic.Value
		var loads int
		change := func(s string, keys vault.Keys) { now.Store(&keys); stamp.Store(s) }
		change("a", vault.Keys{Current: 1, All: map[int][]byte{1: key(1)}})
		k, err := vault.Follow(vault.Source{
			Load: func() (vault.Keys, error) {
				if loads++; stamp.Load() == "broken" {
					return vault.Keys{}, errors.New("broken")
				}
				return *now.Load(), nil
			},
			Stamp: func() string { return stamp.Load().(string) },
		})
		if err != nil {
			t.Fatal(err)
		}
		first := k.Seal([]byte("secret"), place)
		change("b", vault.Keys{Current: 2, All: map[int][]byte{1: key(1), 2: key(2)}})
		if got := k.Current(); got != 1 {
			t.Errorf("got v%d within the second, want v1", got)
		}
		foreign, err := vault.New(map[int][]byte{2: key(2)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Open(foreign.Seal([]byte("x"), place), place); err != nil { // looked for at once
			t.Errorf("a value of a key that came meanwhile: %v", err)
		}
		if second := k.Seal([]byte("secret"), place); !strings.HasPrefix(second, "v2:") {
			t.Errorf("got %s, want it sealed with v2", second)
		}
		change("c", vault.Keys{Current: 2, All: map[int][]byte{2: key(2)}})
		time.Sleep(time.Second)
		if _, err := k.Open(first, place); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("got %v of a retired key's value, want %v", err, vault.ErrSealed)
		}
		for _, trouble := range []string{"broken", ""} {
			stamp.Store(trouble)
			time.Sleep(time.Second)
			if k.Current() != 2 || !k.Has(2) {
				t.Errorf("the keys are gone while their source is %q", trouble)
			}
		}
		stamp.Store("c")
		before := loads
		for range 1000 {
			_, _ = k.Open("v7:AAAA", place)
		}
		if loads != before {
			t.Errorf("an unchanged source was read %d times for a key that is not there", loads-before)
		}
	})
}
