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
func Words(text string) []string { return stems{}.words(text) }

// stems are the words that were met, with what they are compared as: texts say the same ones again and again.
type stems map[string]string

func (known stems) words(text string) []string {
	words := make([]string, 0, len(text)/6)
	eachWord(text, func(word []byte) {
		short, ok := known[string(word)]
		if !ok {
			long := string(word)
			short = stem(long)
			known[long] = short
		}
		words = append(words, short)
	})
	return words
}

// eachWord calls visit with each word in lower case as it is written. visit must not keep it.
func eachWord(text string, visit func(word []byte)) {
	var room [longestWord + utf8.UTFMax]byte
	word := room[:0]
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case isWordRune(r):
			if len(word) < longestWord {
				word = utf8.AppendRune(word, unicode.ToLower(r))
			}
		case len(word) > 0 && joins(r, text[i-1], text[i+size:]):
		case len(word) > 0:
			visit(word)
			word = word[:0]
		}
		i += size
	}
	if len(word) > 0 {
		visit(word)
	}
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isASCIILetter(r) || isASCIIDigit(r)
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// joins tells whether a sign stands within a word: the & of PP&E, the comma of 1,250, the apostrophe of company's.
func joins(sign rune, before byte, rest string) bool {
	if sign != '&' && sign != ',' && sign != '\'' && sign != '’' {
		return false
	}
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
	case n > 3 && word[n-1] < utf8.RuneSelf && word[n-1] == word[n-2] && word[n-1] != 's' && word[n-1] != 'l':
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
