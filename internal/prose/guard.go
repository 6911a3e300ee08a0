package prose

import (
	"bytes"
	"regexp"
	"unicode"
	"unicode/utf8"
)

// guard adds a character to the text, with a space before it where the two together could begin something that a reader
// of Markdown does not show as text: a tag, an image, a link, the definition of one, an address. It knows nothing of
// Markdown's structure, so that nothing in code, tables or quotes is judged otherwise, and no text gets past it.
func guard(out []byte, r rune) []byte {
	if hidden(r) || joiner(r) && endsInDigit(out) {
		return out
	}
	r = ascii(r)
	if last, _ := utf8.DecodeLastRune(out); parted(out, last, r) {
		out = append(out, ' ')
	}
	return utf8.AppendRune(out, r)
}

// bareNumber is a number behind a bracket: only our own citations are written so.
var bareNumber = regexp.MustCompile(`\[\d{1,3}$`)

// parted tells whether r must not stand right behind the text.
func parted(out []byte, last, r rune) bool {
	switch last {
	case '<':
		return asciiLetter(r) || r == '/' || r == '!' || r == '?'
	case ']':
		return r == '(' || r == ':'
	case '!':
		return r == '['
	case '@':
		return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
	}
	switch r {
	case ']':
		return bareNumber.Match(out[max(0, len(out)-4):])
	case '/':
		return bytes.HasSuffix(unescaped(out), []byte(":/"))
	case '.':
		return endsWith(unescaped(out), "www")
	case ':':
		return endsWith(unescaped(out), "script")
	case ';':
		return entity.Match(out[max(0, len(out)-longestEntity):])
	}
	return false
}

// unescaped is the end of the text without backslashes: a reader of Markdown drops those before punctuation, and may take
// what is left for an address.
func unescaped(out []byte) []byte {
	const enough = 32
	return bytes.ReplaceAll(out[max(0, len(out)-enough):], []byte(`\`), nil)
}

// entity is a reference to a character that only its semicolon makes one, of those of which addresses are made: nobody has
// to write them so.
var entity = regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|colon|sol|period|commat)$`)

const longestEntity = 10

// ascii is a digit of another script, or a dollar sign in full width, as it is written in ours: numbers are checked in that
// form, and none must get past because it looks different.
func ascii(r rune) rune {
	switch {
	case r == '\uff04':
		return '$'
	case r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r):
		return r
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + (r-zero)%10 // digits stand in their order, the tens of mathematical ones behind each other
}

func endsInDigit(out []byte) bool {
	return len(out) > 0 && '0' <= out[len(out)-1] && out[len(out)-1] <= '9'
}

// joiner are the signs that shape what is around them: words and pictures need them, numbers do not.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func endsWith(out []byte, word string) bool {
	return len(out) >= len(word) && bytes.EqualFold(out[len(out)-len(word):], []byte(word))
}

func asciiLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// hidden are characters that show nothing, and can make a text look like another.
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == '\u200b', r == '\u200e', r == '\u200f', r == '\u2028', r == '\u2029', r == '\u2060', r == '\ufeff', r == '\u00ad':
		return true
	}
	return r == '\u034f' || r == '\u3164' || '\u2061' <= r && r <= '\u2064' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' || 0xE0000 <= r && r <= 0xE007F
}
