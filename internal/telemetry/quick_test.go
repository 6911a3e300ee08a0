package telemetry

import (
	"testing"

	"pgregory.net/rapid"
)

// TestTheQuickLookFindsWhatThePatternsFind makes texts of the parts that matter, in any case, with letters that others
// take for them.
func TestTheQuickLookFindsWhatThePatternsFind(t *testing.T) {
	parts := rapid.SampledFrom([]string{
		"bearer", "Bearer ", "eyJ", "EYJab.c.", "sk-", "SK-12345678", "://", "u:p@", "a", " ", ".", ":", "-", "_", "ſ", "K", "b", "e", "s",
		"passw", "PassW", "paſſw", "secret", "toKen", "authorization", "cookie", "api", "_", "-", "key", "credential", "verifier", "private", "é",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, part := range rapid.SliceOfN(parts, 1, 8).Draw(t, "parts") {
			text += part
		}
		if want := secretKey.MatchString(text); isSecretKey(text) != want {
			t.Errorf("the name %q: got %v, want %v", text, !want, want)
		}
		if secretText.MatchString(text) && !mayHoldSecret(text) {
			t.Errorf("%q holds a secret", text)
		}
		if want := secretText.ReplaceAllString(text, Redacted); Clean(text) != want {
			t.Errorf("%q: got %q, want %q", text, Clean(text), want)
		}
	})
}
