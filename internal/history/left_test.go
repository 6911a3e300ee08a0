package history

import "testing"

func TestWhatHasNoValueIsNamedInOneSentence(t *testing.T) {
	for want, symbols := range map[string][]string{
		"A is left out: ":                         {"A"},
		"A, B are left out: ":                     {"B", "A"},
		"A, B, C, D, E and 2 more are left out: ": {"G", "F", "E", "D", "C", "B", "A"},
	} {
		if got := leftOut(symbols); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
