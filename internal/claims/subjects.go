package claims

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// subjects are the names of what figures are of.
type subjects struct {
	symbols map[string]bool
	names   map[string][]named // by their first word
}

// named is a name that a symbol has, as words behind its first.
type named struct {
	rest   []string
	symbol string
}

var (
	symbolForm = regexp.MustCompile(`^[A-Z0-9]{1,6}(?:[.\-][A-Z]{1,2})?$`)
	legalForm  = regexp.MustCompile(`(?i)[\s,]+(?:inc|incorporated|corp|corporation|co|company|ltd|limited|plc|ag|se|sa|nv|n\.v|s\.a|llc|lp|holdings?|group|class [a-c]|common stock|ordinary shares|the)\.?$`)
	wordForm   = regexp.MustCompile(`[\pL\d][\pL\d&'’.\-]*`)
)

func newSubjects(names map[string][]string) subjects {
	s := subjects{symbols: map[string]bool{}, names: map[string][]named{}}
	first := map[string][]string{} // symbols by the first word of their names
	for _, symbol := range sortedKeys(names) {
		s.add(symbol)
		for _, name := range names[symbol] {
			words := wordForm.FindAllString(bareName(name), -1)
			if len(words) == 0 {
				continue
			}
			s.name(words, symbol)
			if !slices.Contains(first[words[0]], symbol) {
				first[words[0]] = append(first[words[0]], symbol)
			}
		}
	}
	for word, of := range first {
		if len(of) == 1 && utf8.RuneCountInString(word) >= leastName && !common[word] {
			s.name([]string{word}, of[0])
		}
	}
	return s
}

// leastName is how long the first word of a name has to be to stand for all of it.
const leastName = 4

// common are first words of names that say little by themselves.
var common = map[string]bool{
	"American": true, "Bank": true, "General": true, "First": true, "United": true, "National": true, "International": true, "Global": true,
	"Advanced": true, "Applied": true, "Digital": true, "Energy": true, "Capital": true, "Home": true, "Best": true, "Consolidated": true,
	"Royal": true, "Southern": true, "Texas": true, "Vanguard": true, "iShares": true, "SPDR": true, "Invesco": true, "Public": true, "Union": true,
	"World": true, "Total": true, "Core": true, "Real": true, "Standard": true, "Old": true, "State": true, "North": true, "South": true, "West": true, "East": true, "Trust": true,
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// bareName is a company's name without what its form of law adds.
func bareName(name string) string {
	for {
		shorter := legalForm.ReplaceAllString(strings.TrimSpace(name), "")
		if shorter == name || shorter == "" {
			return name
		}
		name = shorter
	}
}

// add adds a symbol; what is not written like one is a class or a sector, and no subject.
func (s subjects) add(symbol string) {
	if symbolForm.MatchString(symbol) && strings.ContainsFunc(symbol, unicode.IsLetter) {
		s.symbols[symbol] = true
	}
}

func (s subjects) name(words []string, symbol string) {
	n := named{rest: words[1:], symbol: symbol}
	s.names[words[0]] = append(s.names[words[0]], n)
	slices.SortStableFunc(s.names[words[0]], func(a, b named) int { return len(b.rest) - len(a.rest) })
}

// mention is where a text speaks of something: a subject, a period, a day.
type mention struct {
	start, end int
	what       string
}

// find finds the subjects that a text names, in its order.
func (s subjects) find(text string) []mention {
	if len(s.symbols) == 0 {
		return nil
	}
	var found []mention
	words := wordForm.FindAllStringIndex(text, -1)
	for i := 0; i < len(words); i++ {
		if m, n := s.at(text, words[i:]); n > 0 {
			found = append(found, m)
			i += n - 1
		}
	}
	return found
}

// at reads the name or symbol that begins with the first of the words, and how many of them it takes.
func (s subjects) at(text string, words [][]int) (mention, int) {
	word := func(i int) string {
		return strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(text[words[i][0]:words[i][1]], "'s"), "’s"), ".-'’&")
	}
	start, first := words[0][0], word(0)
	for _, n := range s.names[first] {
		if len(n.rest) >= len(words) {
			continue
		}
		same := true
		for i, rest := range n.rest {
			same = same && strings.EqualFold(word(i+1), strings.TrimRight(rest, "."))
		}
		if same {
			return mention{start, words[len(n.rest)][1], n.symbol}, len(n.rest) + 1
		}
	}
	symbol := strings.ReplaceAll(first, ".", "-")
	switch {
	case s.symbols[first]:
		symbol = first
	case s.symbols[symbol]:
	case s.symbols[strings.ReplaceAll(first, "-", ".")]:
		symbol = strings.ReplaceAll(first, "-", ".")
	default:
		return mention{}, 0
	}
	if len(symbol) == 1 && !standsOut(text, start, words[0][1]) {
		return mention{}, 0
	}
	return mention{start, words[0][1], symbol}, 1
}

// standsOut tells whether a single letter is set as a symbol is: (T), $F, **V**, | A |.
func standsOut(text string, start, end int) bool {
	left, right := strings.TrimRight(text[:start], " "), strings.TrimLeft(text[end:], " ")
	switch {
	case left == "" || right == "":
		return false
	case strings.HasSuffix(left, "$") && len(left) == start:
		return true
	}
	l, r := left[len(left)-1], right[0]
	return l == '(' && r == ')' || l == '*' && r == '*' || l == '|' && r == '|' || l == '`' && r == '`'
}
