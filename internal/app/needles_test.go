package app_test

import (
	"slices"
	"testing"
)

// needles are texts to look for, all in one pass over a text: a person with a past has thousands, and answers are long.
type needles struct {
	byHead map[[headLength]byte][]string
	heads  [1 << 16]bool // by their first two bytes, which rule out most places
}

// headLength is how long a needle is at least.
const headLength = 6

func newNeedles(t *testing.T, texts ...string) *needles {
	t.Helper()
	n := &needles{byHead: map[[headLength]byte][]string{}}
	for _, text := range texts {
		if len(text) < headLength {
			t.Fatalf("%q is too short to be looked for", text)
		}
		head := [headLength]byte([]byte(text))
		n.byHead[head] = append(n.byHead[head], text)
		n.heads[int(text[0])<<8|int(text[1])] = true
	}
	return n
}

// in lists the needles that a text holds, each once.
func (n *needles) in(text []byte) []string {
	var found []string
	for i := 0; i+headLength <= len(text); i++ {
		if !n.heads[int(text[i])<<8|int(text[i+1])] {
			continue
		}
		for _, one := range n.byHead[[headLength]byte(text[i:])] {
			if len(text)-i >= len(one) && string(text[i:i+len(one)]) == one && !slices.Contains(found, one) {
				found = append(found, one)
			}
		}
	}
	return found
}

func TestNeedlesAreFoundWhereverTheyStand(t *testing.T) {
	n := newNeedles(t, "secret", "secret-1", "another", "ananas")
	for text, want := range map[string][]string{
		"":                            nil,
		"secre":                       nil,
		"secret":                      {"secret"},
		"a secret-1 and a secret":     {"secret", "secret-1"},
		"ananananas, anothe another":  {"ananas", "another"},
		"what is behind is the secre": nil,
	} {
		if got := n.in([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
