package claims

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryWordForAMeasureNeedsWhatIsLookedForFirst(t *testing.T) {
	t.Parallel()
	for _, m := range measures {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			words := rapid.StringMatching(m.words.String())
			rapid.Check(t, func(t *rapid.T) {
				text := strings.ReplaceAll(words.Draw(t, "text"), "ſ", "s") // which nobody has written for two hundred years
				if lower := strings.ToLower(text); !m.namedIn(text, lower) {
					t.Fatalf("%q is not found", text)
				}
				if upper := strings.ToUpper(text); !m.namedIn(upper, strings.ToLower(upper)) {
					t.Fatalf("%q is not found", upper)
				}
			})
		})
	}
}
