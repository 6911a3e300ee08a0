// Package words splits a question into words with their places, and puts common words of other languages into English.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Most is how many words of a text are looked at: more than any question has, and little enough that reading one takes
// bounded time however long it is.
const Most = 4000

// Word is a run of letters, a run of digits, or one other sign; "FY2019" is two words, "3-4" three. Han characters are
// a word each.
type Word struct {
	Text       string // in lower case, without accents, in English where Translate knew how
	Raw        string // as it stands in the question
	Start, End int    // its place, in bytes
	Glued      bool   // no space stands before it
	Kind       Kind
}

// Kind is what a word is made of.
type Kind uint8

// What there is in a text beside spaces.
const (
	Sign Kind = iota
	Letters
	Digits
)

// Upper tells whether the word is written in capitals only.
func (w Word) Upper() bool {
	return w.Kind == Letters && strings.ToUpper(w.Raw) == w.Raw && strings.ToLower(w.Raw) != w.Raw
}

// Capital tells whether the word begins with a capital.
func (w Word) Capital() bool {
	r, _ := utf8.DecodeRuneInString(w.Raw)
	return unicode.IsUpper(r)
}

// Split is the text as words. The "'s" of a possessive is left out.
func Split(text string) []Word {
	out := make([]Word, 0, min(len(text)/4+4, Most))
	end := 0 // of the last word
	for at := 0; at < len(text) && len(out) < Most; {
		r, size := utf8.DecodeRuneInString(text[at:])
		kind := kindOf(r)
		stop := at + size
		switch {
		case unicode.IsSpace(r):
			at = stop
			continue
		case kind != Sign && !unicode.Is(unicode.Han, r):
			stop = runEnd(text, stop, kind)
		case isApostrophe(r) && end == at && len(out) > 0:
			if n := possessive(text[stop:]); n > 0 {
				at = stop + n
				end = at
				continue
			}
		}
		raw := text[at:stop]
		out = append(out, Word{Text: plain(raw), Raw: raw, Start: at, End: stop, Glued: end == at && at > 0, Kind: kind})
		at, end = stop, stop
	}
	return out
}

// runEnd is where the run of one kind that goes on at from ends.
func runEnd(text string, from int, kind Kind) int {
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if kindOf(r) != kind || unicode.Is(unicode.Han, r) {
			break
		}
		from += size
	}
	return from
}

func kindOf(r rune) Kind {
	switch {
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return Letters
	case r >= '0' && r <= '9':
		return Digits
	}
	return Sign
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '`' }

// possessive is the length of an "s" that ends here, after an apostrophe.
func possessive(rest string) int {
	if rest == "" || rest[0] != 's' && rest[0] != 'S' {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(rest[1:]); len(rest) > 1 && (unicode.IsLetter(r) || r >= '0' && r <= '9') {
		return 0
	}
	return 1
}

// plain is a word in lower case and without accents.
func plain(raw string) string {
	ascii := true
	for i := range len(raw) {
		if raw[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(raw)
	}
	return strings.Map(func(r rune) rune { return fold(unicode.ToLower(r)) }, raw)
}

// fold is the letter without its accent, for the languages people here write in.
func fold(r rune) rune {
	for _, group := range accents {
		if strings.ContainsRune(group[1:], r) {
			return rune(group[0])
		}
	}
	return r
}

var accents = []string{"aáàâäãåā", "eéèêëē", "iíìîïī", "oóòôöõøō", "uúùûüū", "nñ", "cç", "yýÿ", "sšß", "zž", "'’‘`´", "-–—‐−", "\"“”„«»"}

// Set is a list of words, with spaces between them, as a set.
func Set(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}
