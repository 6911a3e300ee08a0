package ranking

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestWord is how many bytes of a word are compared.
const longestWord = 48

// Words are the words of a text as they are compared: letters and digits in lower case, without endings. A word is never
// empty and has neither blank nor quote nor any other sign in it. What is written with a sign within stays together:
// PP&E is "ppe", 1,250 is "1250", company's is "compani". FY19 is the year 2019.
func Words(text string) []string {
	var words []string
	eachWord(text, func(word string, _, _ int) { words = append(words, stem(word)) })
	return words
}

// eachWord calls visit with each word in lower case as it is written, and the bytes it takes.
func eachWord(text string, visit func(word string, start, end int)) {
	var word []byte
	start := -1
	flush := func(end int) {
		if len(word) > 0 {
			visit(string(word), start, end)
		}
		word, start = word[:0], -1
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
			if len(word) < longestWord {
				word = utf8.AppendRune(word, unicode.ToLower(r))
			}
		case start >= 0 && joins(r, text[i-1], text[i+size:]):
		default:
			flush(i)
		}
		i += size
	}
	flush(len(text))
}

// joins tells whether a sign stands within a word: the & of PP&E, the comma of 1,250, the apostrophe of company's.
func joins(sign rune, before byte, rest string) bool {
	after, _ := utf8.DecodeRuneInString(rest)
	switch sign {
	case '&':
		return isASCIILetter(rune(before)) && isASCIILetter(after)
	case ',':
		return isASCIIDigit(rune(before)) && isASCIIDigit(after)
	case '\'', '’':
		return unicode.IsLetter(after)
	}
	return false
}

func isASCIILetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }
func isASCIIDigit(r rune) bool  { return r >= '0' && r <= '9' }

// stem takes endings off, so that operating, operations and operate are one word. It is coarse: it need not leave words
// that exist, only the same for all forms of one.
func stem(word string) string {
	if isASCIIDigit(rune(word[len(word)-1])) {
		return year(word)
	}
	if len(word) <= 3 {
		return word
	}
	word = singular(word)
	for _, ending := range [...]string{"ations", "ation", "ating", "ated", "ings", "ing", "ions", "ion", "edly", "ed", "ly", "ers", "er", "ate", "e"} {
		base, ok := strings.CutSuffix(word, ending)
		if !ok || len(base) < 3 || !hasVowel(base) {
			continue
		}
		if (ending == "ion" || ending == "ions") && base[len(base)-1] != 's' && base[len(base)-1] != 't' {
			continue
		}
		word = base
		break
	}
	return last(word)
}

// singular undoes a plural, or the apostrophe's s.
func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) > 4:
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "sses"), strings.HasSuffix(word, "xes"), strings.HasSuffix(word, "ches"), strings.HasSuffix(word, "shes"):
		return word[:len(word)-2]
	case strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && !strings.HasSuffix(word, "us") && !strings.HasSuffix(word, "is"):
		return word[:len(word)-1]
	}
	return word
}

// last makes the end of what is left one: dropped and drop, study and studied, operat and oper.
func last(word string) string {
	n := len(word)
	switch {
	case n > 4 && strings.HasSuffix(word, "at"):
		return word[:n-2]
	case n > 3 && word[n-1] == word[n-2] && word[n-1] != 's' && word[n-1] != 'l':
		return word[:n-1]
	case n > 3 && word[n-1] == 'y':
		return word[:n-1] + "i"
	}
	return word
}

func hasVowel(word string) bool { return strings.ContainsAny(word, "aeiouy") }

// year reads FY2019 and FY19 as the year they mean.
func year(word string) string {
	digits, ok := strings.CutPrefix(word, "fy")
	switch {
	case ok && isYear(digits):
		return digits
	case ok && len(digits) == 2 && isASCIIDigit(rune(digits[0])):
		return "20" + digits
	}
	return word
}

func isYear(word string) bool {
	return len(word) == 4 && (strings.HasPrefix(word, "19") || strings.HasPrefix(word, "20")) && isASCIIDigit(rune(word[2])) && isASCIIDigit(rune(word[3]))
}
