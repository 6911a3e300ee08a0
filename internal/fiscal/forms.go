package fiscal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// filed are how people name what companies file, each with what EDGAR calls it.
var filed = []struct{ words, form string }{
	{"10 k", "10-K"}, {"10 ks", "10-K"}, {"annual report", "10-K"}, {"annual filing", "10-K"},
	{"10 q", "10-Q"}, {"10 qs", "10-Q"}, {"quarterly report", "10-Q"}, {"quarterly filing", "10-Q"},
	{"8 k", "8-K"}, {"8 ks", "8-K"}, {"current report", "8-K"},
	{"20 f", "20-F"}, {"40 f", "40-F"}, {"6 k", "6-K"}, {"13 f", "13F-HR"}, {"13 d", "SC 13D"}, {"13 g", "SC 13G"},
	{"def 14 a", "DEF 14A"}, {"proxy statement", "DEF 14A"}, {"proxy filing", "DEF 14A"}, {"s 1", "S-1"}, {"form 4", "4"}, {"prospectus", "424B4"},
}

// Forms are the kinds of document a text names, as EDGAR calls them, in the order in which they stand.
func Forms(text []words.Word) []string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, w := range text {
		if w.Kind != words.Sign {
			b.WriteString(w.Text)
			b.WriteByte(' ')
		}
	}
	plain := b.String()
	type hit struct {
		at   int
		form string
	}
	var hits []hit
	for _, f := range filed {
		if at := strings.Index(plain, " "+f.words+" "); at >= 0 {
			hits = append(hits, hit{at, f.form})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.at, b.at) })
	var out []string
	for _, h := range hits {
		if !slices.Contains(out, h.form) {
			out = append(out, h.form)
		}
	}
	return out
}
