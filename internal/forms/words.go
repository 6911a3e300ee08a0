package forms

import (
	"strings"
	"unicode"
)

// Squash leaves the lower-case letters and digits of a text, so that "MANAGEMENT’S DIS- CUSSION" is as good as any.
func Squash(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b = append(b, c)
		}
	}
	return string(b)
}

// ItemNumbers reads "Item 7A", "ITEM 2.02", "Items 1 and 2", "PART II, Item 5" at the beginning of a text: the numbers,
// and how long that is. It reads over newlines, as filers split headings over cells.
func ItemNumbers(s string) (numbers []string, length int) {
	i := skip(s, 0, " \t•·*\"“")
	if n := len("Table of Contents"); len(s) > i+n && strings.EqualFold(s[i:i+n], "Table of Contents") {
		i = skip(s, i+n, " \t")
	}
	if n := partPrefix(s[i:]); n > 0 {
		i = skip(s, i+n, " \t,.:-–—;")
	}
	word := wordItem(s[i:])
	if word == 0 {
		return nil, 0
	}
	i += word
	plural := s[i-1] == 's' || s[i-1] == 'S'
	for {
		at := skip(s, i, " \t\n.:#-–—\u00a0")
		number, n := itemNumber(s[at:])
		if n == 0 {
			if len(numbers) > 0 && numbers[len(numbers)-1] == Through {
				numbers = numbers[:len(numbers)-1]
			}
			return numbers, length
		}
		numbers = append(numbers, number)
		i = at + n
		length = i
		if next, through := joint(s[i:]); next > 0 && (plural || startsWithItem(s[i+next:])) {
			if through {
				numbers = append(numbers, Through)
			}
			i += next
			if w := wordItem(s[i:]); w > 0 {
				i += w
			}
			continue
		}
		return numbers, length
	}
}

func startsWithItem(s string) bool { return wordItem(s) > 0 }

// Through stands between two numbers that begin and end a range.
const Through = "-"

// joint is how long what joins two numbers is, and whether it means those between them, too.
func joint(s string) (length int, through bool) {
	i := skip(s, 0, " .\t")
	for _, j := range []struct {
		words   string
		through bool
	}{{", and ", false}, {", AND ", false}, {"and ", false}, {"AND ", false}, {"& ", false}, {", ", false}, {"/", false}, {"through ", true}, {"THROUGH ", true}, {"to ", true}, {"-", true}, {"–", true}} {
		if strings.HasPrefix(s[i:], j.words) {
			return skip(s, i+len(j.words), " "), j.through
		}
	}
	return 0, false
}

func skip(s string, i int, set string) int {
	return i + len(s[i:]) - len(strings.TrimLeft(s[i:], set))
}

// wordItem is how long the word "Item" or "Items" is at the beginning, letters set apart included; 0 when there is none.
func wordItem(s string) int {
	i := 0
	for _, want := range "item" {
		i = skip(s, i, " ")
		if i >= len(s) || rune(s[i]|0x20) != want {
			return 0
		}
		i++
	}
	if i < len(s) && s[i]|0x20 == 's' {
		i++
	}
	return i
}

// itemNumber reads "7A", "7 (a)", "9A(T)", "2.02".
func itemNumber(s string) (string, int) {
	i := 0
	for i < len(s) && i < 3 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 || i > 2 {
		return "", 0
	}
	number := strings.TrimLeft(s[:i], "0")
	if i+2 < len(s) && s[i] == '.' && IsDigit(s[i+1]) && IsDigit(s[i+2]) {
		return number + s[i:i+3], i + 3 + paragraphs(s[i+3:])
	}
	at := skip(s, i, " (")
	if at < len(s) && at-i <= 2 {
		c := s[at] &^ 0x20
		if c >= 'A' && c <= 'K' && (at+1 == len(s) || !isLetter(s[at+1]) && s[at+1] != '\'') && (at == i || s[at-1] == '(' || s[at] == c) {
			n := at + 1
			number += string(c)
			if n < len(s) && s[n] == ')' {
				n++
			}
			if rest := s[n:]; strings.HasPrefix(rest, "(T)") || strings.HasPrefix(rest, "T.") {
				n += len("(T)")
			}
			return number, min(n, len(s))
		}
		if c == 'T' && (at+1 == len(s) || !isLetter(s[at+1])) {
			return number, at + 1
		}
	}
	if i < len(s) && isLetter(s[i]) {
		// "Item 1Business": a heading whose blank was lost
		if s[i] < 'A' || s[i] > 'Z' {
			return "", 0
		}
	}
	if number == "" {
		return "", 0
	}
	return number, i
}

// paragraphs is how long the paragraphs behind a number are, as in "5.02(b), (d) and (e)".
func paragraphs(s string) int {
	length := 0
	for i := 0; i+2 < len(s) && s[i] == '(' && isLetter(s[i+1]) && s[i+2] == ')'; {
		length = i + 3
		i = length
		for _, j := range []string{", and ", ", ", " and ", " & ", ",", " "} {
			if strings.HasPrefix(s[i:], j+"(") {
				i += len(j)
				break
			}
		}
	}
	return length
}

// LetterAfter reads the letter of "9.A." or "7-A" behind a number, which some filers write and others mean as a
// paragraph of item 9. It is 0 when there is none.
func LetterAfter(s string) (letter byte, length int) {
	i := skip(s, 0, " ")
	if i >= len(s) || s[i] != '.' && s[i] != '-' {
		return 0, 0
	}
	i = skip(s, i+1, " ")
	if i >= len(s) || s[i] < 'A' || s[i] > 'K' || i+1 < len(s) && (isLetter(s[i+1]) || s[i+1] == '\'') {
		return 0, 0
	}
	return s[i], i + 1
}

// openWords are those after which a sentence goes on.
var openWords = map[string]bool{"in": true, "see": true, "of": true, "and": true, "to": true, "under": true, "the": true, "with": true, "or": true, "by": true, "at": true,
	"also": true, "this": true, "our": true, "from": true, "both": true, "within": true, "part": true, "for": true}

// EndsOpen tells whether a line ends within a sentence that goes on.
func EndsOpen(line string) bool {
	last := line[strings.LastIndexByte(line, ' ')+1:]
	return strings.HasSuffix(line, ",") || strings.HasSuffix(line, "(") || strings.HasSuffix(line, "“") || openWords[last]
}

// IsDigit tells whether a byte is a digit.
func IsDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// partPrefix is how long "PART II" is at the beginning of a text.
func partPrefix(s string) int {
	if len(s) < 6 || !strings.EqualFold(s[:4], "part") {
		return 0
	}
	i := skip(s, 4, " \t\u00a0")
	n := i
	for n < len(s) && (s[n] == 'I' || s[n] == 'V' || s[n] == 'i' || s[n] == 'v') {
		n++
	}
	if n == i || n < len(s) && (isLetter(s[n]) || IsDigit(s[n])) {
		return 0
	}
	return n
}

// PartOf is the number of the part that a line begins, 0 when it begins none.
func PartOf(text string) int {
	n := partPrefix(text)
	if n == 0 || len(text) > 120 {
		return 0
	}
	switch strings.ToUpper(strings.TrimSpace(text[4:n])) {
	case "I":
		return 1
	case "II":
		return 2
	case "III":
		return 3
	case "IV":
		return 4
	}
	return 0
}

// IsPageNumber tells whether a line is the number of a page, as in "12", "- 12 -", "F-3" and "iv", or a rule of dashes.
func IsPageNumber(text string) bool {
	s := Squash(text)
	if len(text) > 12 || s == "" {
		return s == "" && len(text) < 100
	}
	if s[0] == 'f' {
		s = s[1:]
	}
	s = strings.TrimPrefix(s, "page")
	return strings.Trim(s, "0123456789") == "" || strings.Trim(s, "ivx") == ""
}

// IsContentsLink tells whether a line is the link back to the contents that stands on each page.
func IsContentsLink(text string) bool {
	switch Squash(text) {
	case "tableofcontents", "backtocontents", "returntotableofcontents", "index", "returntoindex":
		return true
	}
	return false
}

// IsSignatures tells whether a line is the heading of the signatures.
func IsSignatures(text string) bool {
	if len(text) > 40 {
		return false
	}
	s := Squash(text)
	return s == "signatures" || s == "signature"
}

// IsSigning tells whether a line is the sentence above the signatures, which is the same in all forms.
func IsSigning(text string) bool {
	if len(text) < 40 || text[0]|0x20 != 'p' {
		return false
	}
	s := Squash(text[:min(len(text), 400)])
	return strings.HasPrefix(s, "pursuanttotherequirement") && (strings.Contains(s, "securitiesexchangeact") || strings.Contains(s, "section13") || strings.Contains(s, "ofthesecurities"))
}

// IsAllCaps tells whether a text has no small letter.
func IsAllCaps(text string) bool { return strings.IndexFunc(text, unicode.IsLower) < 0 }
