package analyst

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// mark runs pieces through markers that know t1 and t2, and keeps what was held back at most.
func mark(pieces ...string) (text string, cited []string, longestHeld int) {
	m := markers{resolve: func(handle string) string {
		if handle != "t1" && handle != "t2" {
			return ""
		}
		cited = append(cited, handle)
		return "<" + handle + ">"
	}}
	var out strings.Builder
	for _, piece := range pieces {
		out.WriteString(m.add(piece))
		longestHeld = max(longestHeld, len(m.held))
	}
	out.WriteString(m.flush())
	return out.String(), cited, longestHeld
}

func TestMarkersOfKnownHandlesAreReplacedAndOthersVanish(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"no marker":                  "no marker",
		"up 3 % [[t1]].":             "up 3 % <t1>.",
		"[[t1]][[t2]] [[t1]]":        "<t1><t2> <t1>",
		"made up [[t9]].":            "made up .",
		"made up [[t1234]]":          "made up ",
		"too long [[t12345]]":        "too long [[t12345]]",
		"[[[t1]]]":                   "[<t1>]",
		"[[t1]":                      "[[t1]",
		"[[t":                        "[[t",
		"[":                          "[",
		"[[t]]":                      "[[t]]",
		"[[T1]] [[ t1]] [t1] [1]":    "[[T1]] [[ t1]] [t1] [1]",
		"[[t1[[t2]]":                 "[[t1<t2>",
		"[[[[t9]]t1]]":               "[[t1]]",
		"[[nvda]] a[0][1] [x](y) [[": "[[nvda]] a[0][1] [x](y) [[",
	} {
		if got, _, _ := mark(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestHoweverTheTextIsCutTheOutputIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"[[t1]]", "[[t2]]", "[[t7]]", "[", "]", "t", "1", "[[", "]]", "é", "a ", "[[t12345]]"})).Draw(t, "parts")
		text := strings.Join(parts, "")
		cuts := rapid.SliceOf(rapid.IntRange(0, len(text))).Draw(t, "cuts")
		slices.Sort(cuts)
		var pieces []string
		start := 0
		for _, cut := range append(cuts, len(text)) {
			pieces = append(pieces, text[start:cut])
			start = cut
		}
		want, wantCited, _ := mark(text)
		got, cited, held := mark(pieces...)
		if got != want || !slices.Equal(cited, wantCited) {
			t.Fatalf("%q: got %q citing %v, want %q citing %v", pieces, got, cited, want, wantCited)
		}
		if longest := len("[[t1234]]") - 1; held > longest {
			t.Fatalf("%q: %d bytes were held back, want %d at most", pieces, held, longest)
		}
	})
}
