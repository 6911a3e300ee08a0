package intent

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

//go:embed vocabulary.txt
var vocabularyTable string

// phrase is a sequence of words that tells something of a question.
type phrase struct {
	words  []string // "*" stands for up to two words
	tells  string
	weight int
	id     int
}

// vocabulary is the table's phrases by their first word.
var vocabulary = func() map[string][]phrase {
	out, id := map[string][]phrase{}, 0
	for line := range strings.Lines(vocabularyTable) {
		head, list, found := cutHead(line)
		if !found {
			continue
		}
		tells, number, _ := strings.Cut(head, " ")
		weight, err := strconv.Atoi(number)
		if err != nil {
			panic("intent: the vocabulary has a line without a weight: " + head)
		}
		for text := range strings.SplitSeq(list, "|") {
			parts := strings.Fields(text)
			out[parts[0]] = append(out[parts[0]], phrase{parts, tells, weight, id})
			id++
		}
	}
	return out
}()

// cutHead splits a line at the colon that has a space behind it.
func cutHead(line string) (head, list string, found bool) {
	if strings.HasPrefix(line, "#") {
		return "", "", false
	}
	return strings.Cut(line, ": ")
}

// signals are what the words of a question tell: each thing with the weight of the phrases that say so, a phrase once.
type signals map[string]int

// listen finds the phrases. Only words count: signs between them are passed over.
func listen(text []words.Word) signals {
	plain := make([]string, 0, len(text))
	for _, w := range text {
		if w.Kind != words.Sign {
			plain = append(plain, w.Text)
		}
	}
	out, heard := signals{}, map[int]bool{}
	for i, word := range plain {
		out.hear(vocabulary[word], plain[i:], heard)
		if stem, plural := strings.CutSuffix(word, "s"); plural {
			out.hear(vocabulary[stem], plain[i:], heard)
		}
	}
	return out
}

func (s signals) hear(candidates []phrase, text []string, heard map[int]bool) {
	for _, c := range candidates {
		if !heard[c.id] && follows(c.words[1:], text[1:]) {
			heard[c.id] = true
			s[c.tells] += c.weight
		}
	}
}

// follows tells whether a text begins with the words of a phrase.
func follows(phrase, text []string) bool {
	for i, p := range phrase {
		if p == "*" {
			for skipped := 0; skipped <= 2 && skipped <= len(text); skipped++ {
				if follows(phrase[i+1:], text[skipped:]) {
					return true
				}
			}
			return false
		}
		if len(text) == 0 || text[0] != p && strings.TrimSuffix(text[0], "s") != p {
			return false
		}
		text = text[1:]
	}
	return true
}
