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
	if hidden(r) {
		return out
	}
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
		return bytes.HasSuffix(out, []byte(":/"))
	case '.':
		return endsWith(out, "www")
	case ':':
		return endsWith(out, "script")
	}
	return false
}

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
	return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' || 0xE0000 <= r && r <= 0xE007F
}
