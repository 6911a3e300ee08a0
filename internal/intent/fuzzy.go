package intent

// fuzzyLarge is down to which company misspelled names are understood: those people write from memory.
const fuzzyLarge = 1200

// fuzzyName is a name of one word that is understood misspelled.
type fuzzyName struct {
	text    string
	company int32
}

func (u *Universe) addFuzzy(text string, company int32) {
	if len(text) < 5 || len(text) > 24 || text[0] >= 0x80 {
		return
	}
	u.fuzzy[text[0]] = append(u.fuzzy[text[0]], fuzzyName{text, company})
}

// misspelled is the company whose name is nearest to a word that is none: one slip away, or two where it is long. Names
// keep their first letter. Of names equally near the larger company's is taken.
func (u *Universe) misspelled(word string) (int32, bool) {
	if len(word) < 4 || len(word) > 24 || isWord(word) {
		return none, false
	}
	most := 1
	if len(word) >= 9 {
		most = 2
	}
	best, found := int32(none), most+1
	for _, candidate := range u.fuzzy[word[0]] {
		gap := len(candidate.text) - len(word)
		if gap > most || gap < -most || len(word) == 4 && gap != 1 {
			continue
		}
		if d := slips(word, candidate.text, most); d < found {
			best, found = candidate.company, d
		}
	}
	return best, best != none
}

// slips counts the letters that were added, left out, changed or swapped with their neighbour between two words, up to
// one more than most (optimal string alignment).
func slips(a, b string, most int) int {
	if len(a) > 25 || len(b) > 25 {
		return most + 1
	}
	var rows [3][26]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// money are words that people write in a hurry next to symbols.
var money = []string{"stock", "stocks", "share", "shares", "price", "quote", "portfolio", "dividend", "dividends", "earnings", "revenue", "return", "holdings"}

// nearMoney tells whether a word is one of these, misspelled.
func nearMoney(word string) bool {
	for _, m := range money {
		if slips(word, m, 1) <= 1 {
			return true
		}
	}
	return false
}
