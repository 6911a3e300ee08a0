package vault_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestNoNonceComesTwice(t *testing.T) {
	k := keyring(t, 1)
	const nonceSize = 12
	seen := map[string]bool{}
	for range 200_000 {
		_, text, _ := strings.Cut(k.Seal([]byte("secret"), place), ":")
		raw, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if nonce := string(raw[:nonceSize]); seen[nonce] {
			t.Fatalf("the nonce %x comes twice", nonce)
		} else {
			seen[nonce] = true
		}
	}
}
