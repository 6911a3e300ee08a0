package vault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/vault"
)

func FuzzOnlyWhatWasSealedOpens(f *testing.F) {
	keys, err := vault.New(map[int][]byte{1: make([]byte, vault.KeySize), 3: append(make([]byte, vault.KeySize-1), 1)})
	if err != nil {
		f.Fatal(err)
	}
	place := vault.Place{Table: "t", Column: "c", Row: "r", User: "u"}
	genuine := keys.Seal([]byte("token"), place)
	for _, text := range []string{genuine, genuine + "=", genuine + "\n", "v1:", "v2:AAAA", "v03" + genuine[2:], ":", "", "v-1:AAAA", "vv3" + genuine[2:]} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		plain, err := keys.Open(sealed, place)
		// The key is the same in every process that fuzzes, what each of them sealed is not.
		if err == nil && (string(plain) != "token" || len(sealed) != len(genuine) || strings.ContainsAny(sealed, "\r\n=")) {
			t.Errorf("%q opens as %q", sealed, plain)
		}
		if err != nil && !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%q: got %v, want %v", sealed, err, vault.ErrSealed)
		}
	})
}
