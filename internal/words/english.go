package words

import (
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/frequency"
)

// frequentPasswords is how far down the list of passwords words are taken from: further on are brands and slips.
const frequentPasswords = 5000

// english is how common words are, by their place in the lists of an encyclopedia, of films and of names; the most common
// is 0. A word stands only in the list in which it is most common, which is why names and passwords are among them.
var english = sync.OnceValue(func() map[string]uint16 {
	out := make(map[string]uint16, 70_000)
	for name, list := range frequency.FrequencyLists {
		if name == "passwords" {
			list = list[:frequentPasswords]
		}
		for place, word := range list {
			if have, ok := out[word]; !ok || uint16(place) < have { // #nosec G115 -- the lists have 30,000 words at most
				out[word] = uint16(place) // #nosec G115 -- as above
			}
		}
	}
	return out
})

// Common tells whether a word of English is among so many of the most common ones of its list.
func Common(word string, most uint16) bool {
	place, ok := english()[word]
	return ok && place < most
}

// Known tells whether a word of English, or what it is a form of, is known at all.
func Known(word string) bool {
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

// longestSlips is the length of the longest words that are compared.
const longestSlips = 24

// Slips counts the letters that were added, left out, changed or swapped with their neighbour between two words, up to
// one more than most (optimal string alignment).
func Slips(a, b string, most int) int {
	if len(a) > longestSlips || len(b) > longestSlips {
		return most + 1
	}
	var rows [3][longestSlips + 1]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
