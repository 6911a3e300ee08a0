package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

func TestATokenUnderNoneOfTheKnownSecretsVerifies(t *testing.T) {
	weak := strings.Split(strings.TrimSuffix(string(sharedtest.Unpack(t, "security/corpora/jwt-weak-secrets-MIT.txt.xz")), "\n"), "\n")
	tokens, err := newAccessTokens([]byte(strings.Repeat("0f1e2d3c", 8)), time.Minute, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	genuine, err := tokens.sign(Identity{UserID: db.NewID(), SessionID: db.NewID()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.verify(genuine); err != nil {
		t.Fatalf("a token of ours: %v", err)
	}
	text := genuine[:strings.LastIndex(genuine, ".")]
	for _, secret := range weak {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		if _, err := tokens.verify(text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))); err == nil {
			t.Errorf("a token under %q verifies", secret)
		}
	}
	if len(weak) < 100_000 {
		t.Errorf("got %d known secrets, want over 100,000", len(weak))
	}
}

func FuzzNoTokenButOursVerifies(f *testing.F) {
	now := time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)
	tokens, err := newAccessTokens([]byte(strings.Repeat("0f1e2d3c", 8)), time.Minute, func() time.Time { return now })
	if err != nil {
		f.Fatal(err)
	}
	who := Identity{UserID: "01999999-0000-7000-8000-000000000000", SessionID: "01999999-0000-7000-8000-000000000001"}
	genuine, err := tokens.sign(who)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{genuine, genuine + "=", tokens.header, tokens.header + ".", "..", "a.b.c", genuine[:40]} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := tokens.verify(text)
		// The key is the same in every process that fuzzes, the token that each of them signed is not.
		if err == nil && (got != who || len(text) != len(genuine) || !strings.HasPrefix(text, tokens.header)) {
			t.Errorf("%q verifies as %v", text, got)
		}
	})
}
