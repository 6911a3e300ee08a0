package plan

import (
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// Text is a question as its words in lower case, signs left out and what is known of other languages in English.
type Text string

// TextOf is the text of a question.
func TextOf(question string) Text {
	var b strings.Builder
	b.WriteByte(' ')
	for _, w := range words.Translate(words.Split(question)) {
		if w.Kind != words.Sign {
			b.WriteString(w.Text)
			b.WriteByte(' ')
		}
	}
	return Text(b.String())
}

// Has tells whether one of the phrases stands in the text as whole words, a final s aside: "p e" is P/E.
func (t Text) Has(phrases ...string) bool {
	for _, p := range phrases {
		if strings.Contains(string(t), " "+p+" ") || strings.Contains(string(t), " "+p+"s ") {
			return true
		}
	}
	return false
}

// named is the longest run of words with capitals, of which the first of a sentence is none unless it has no others: what is likely the name of something.
func named(question string) string {
	all := words.Split(question)
	best, from := "", -1
	for i := 0; i <= len(all); i++ {
		if i < len(all) && all[i].Kind == words.Letters && all[i].Capital() && len(all[i].Raw) > 1 && (i > 0 || all[i].Upper()) {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 {
			if run := question[all[from].Start:all[i-1].End]; len(run) > len(best) {
				best = run
			}
		}
		from = -1
	}
	return best
}
