package intent

import (
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

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
	if len(word) < 4 || len(word) > 24 || words.Known(word) {
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
		if d := words.Slips(word, candidate.text, most); d < found {
			best, found = candidate.company, d
		}
	}
	return best, best != none
}

// common are words of questions on money and time that people misspell in a hurry.
var common = strings.Fields(`stock stocks share shares price prices quote portfolio dividend dividends earnings revenue return returns holdings
	performance performing volatility profit margin allocation transactions balance position positions company
	january february march april august september october november december monday tuesday wednesday thursday friday saturday sunday
	today yesterday tomorrow week month months quarter years previous current between since`)

// mend puts right the words of a question that are none and one slip away from a common one.
func (q *question) mend() {
	for i, w := range q.words {
		if w.Kind != words.Letters || len(w.Text) < 4 || w.Upper() && len(w.Text) <= 5 || words.Known(w.Text) || q.universe.isName(w.Text) {
			continue
		}
		for _, right := range common {
			if right[0] == w.Text[0] && len(right) > 4 && words.Slips(w.Text, right, 1) <= 1 {
				q.words[i].Text = right
				break
			}
		}
	}
}
