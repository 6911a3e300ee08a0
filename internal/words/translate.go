package words

import (
	_ "embed"
	"strings"
)

// longest is the number of words of the longest phrase that is translated.
const longest = 6

// Translate puts the phrases of other languages that it knows into English. The words of a phrase take over its place,
// so that what is found in them can be shown where it stands. What is English already stays as it is, in place.
func Translate(in []Word) []Word {
	var out []Word
	for i := 0; i < len(in); {
		english, n := phraseAt(in[i:])
		if n == 0 {
			if out != nil {
				out = append(out, in[i])
			}
			i++
			continue
		}
		if out == nil {
			out = append(make([]Word, 0, len(in)+longest), in[:i]...)
		}
		for j, text := range english {
			out = append(out, Word{Text: text, Raw: text, Start: in[i].Start, End: in[i+n-1].End, Glued: j == 0 && in[i].Glued, Kind: kindOf(rune(text[0]))})
		}
		i += n
	}
	if out == nil {
		return in
	}
	return out
}

// phraseAt is the English of the longest known phrase that begins here, and how many words it takes.
func phraseAt(in []Word) ([]string, int) {
	if in[0].Kind != Letters {
		return nil, 0
	}
	candidates := phrases[in[0].Text]
	for _, c := range candidates {
		if len(c.words) > len(in) {
			continue
		}
		same := true
		for j, w := range c.words {
			if in[j].Text != w {
				same = false
				break
			}
		}
		if same {
			return c.english, len(c.words)
		}
	}
	return nil, 0
}

type phrase struct{ words, english []string }

// phrases are those of the table by their first word, the longer ones first.
var phrases = func() map[string][]phrase {
	out := map[string][]phrase{}
	for line := range strings.Lines(table) {
		foreign, english, found := strings.Cut(line, "=")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		for alternative := range strings.SplitSeq(foreign, "|") {
			p := phrase{english: strings.Fields(english)}
			for _, w := range Split(strings.TrimSpace(alternative)) {
				p.words = append(p.words, w.Text)
			}
			list, at := out[p.words[0]], 0
			for at < len(list) && len(list[at].words) >= len(p.words) {
				at++
			}
			out[p.words[0]] = append(list[:at:at], append([]phrase{p}, list[at:]...)...)
		}
	}
	return out
}()

//go:embed phrases.txt
var table string
