package intent

import (
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/frequency"
)

// english is how common words are, by their place in the lists of an encyclopedia, of films and of names; the most common
// is 0. A word stands only in the list in which it is most common, which is why names and passwords are among them.
var english = sync.OnceValue(func() map[string]uint16 {
	out := make(map[string]uint16, 100_000)
	for name, list := range frequency.FrequencyLists {
		if name == "passwords" {
			list = list[:5000] // further down are brands and slips
		}
		for place, word := range list {
			if have, ok := out[word]; !ok || uint16(place) < have { // #nosec G115 -- the lists have 40,000 words at most
				out[word] = uint16(place) // #nosec G115 -- as above
			}
		}
	}
	return out
})

// isEnglish tells whether a word is among the most common ones.
func isEnglish(word string, most uint16) bool {
	place, ok := english()[word]
	return ok && place < most
}

// isWord tells whether a word, or what it is the plural of, stands in the lists at all.
func isWord(word string) bool {
	if _, ok := english()[word]; ok {
		return true
	}
	for _, ending := range []string{"s", "es", "ed", "ing", "d", "r", "ly"} {
		if stem, found := strings.CutSuffix(word, ending); found && len(stem) >= 3 {
			if _, ok := english()[stem]; ok {
				return true
			}
		}
	}
	return false
}
