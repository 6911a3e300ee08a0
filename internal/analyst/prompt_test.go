package analyst

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func TestAChangedPromptHasANewVersion(t *testing.T) {
	sum := sha256.Sum256([]byte(prompt))
	got := PromptVersion + " " + hex.EncodeToString(sum[:4])
	if want := "3 83472b90"; got != want {
		t.Errorf("got prompt %s, want %s: give a changed prompt a new version", got, want)
	}
}

func TestThePromptSaysTheDateInNewYorkAndWhereTheCurrencyStands(t *testing.T) {
	got := systemPrompt(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC))
	if want := "Today is Monday, 23 November 2026 in New York. Totals of the portfolio are in the person's own currency, which stands with them."; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
	if strings.Contains(got, "{{today") {
		t.Errorf("got %q with a place left open", got)
	}
}
