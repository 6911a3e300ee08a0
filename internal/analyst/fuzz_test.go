package analyst

import (
	"slices"
	"strings"
	"testing"
)

func FuzzMarkersAreReadTheSameHoweverTheyArrive(f *testing.F) {
	for _, text := range []string{"up [[t1]].", "[[t1[[t2]]", "[[[t1]]]", "[[t12345]]", "é[[t", "[[t9]]"} {
		f.Add(text, 3, 5)
	}
	f.Fuzz(func(t *testing.T, text string, first, second int) {
		cuts := []int{max(first, 0) % (len(text) + 1), max(second, 0) % (len(text) + 1)}
		slices.Sort(cuts)
		whole, cited, _ := mark(text)
		pieces, citedToo, held := mark(text[:cuts[0]], text[cuts[0]:cuts[1]], text[cuts[1]:])
		if whole != pieces || !slices.Equal(cited, citedToo) || held > len("[[t1234]]") {
			t.Errorf("%q cut at %v: got %q %v, whole %q %v, held back %d", text, cuts, pieces, citedToo, whole, cited, held)
		}
		if len(cited) > strings.Count(text, "[[t") {
			t.Errorf("%q: got %v cited", text, cited)
		}
	})
}
