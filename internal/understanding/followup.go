package understanding

import (
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fiscal"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// span is a part of a text, in bytes.
type span struct{ start, end int }

// parts are what of a question can be exchanged: the things and the times that it speaks of, in their order.
type parts struct {
	text          string
	things, times []span
}

// mostEarlier is how many questions back one may go on from another.
const mostEarlier = 5

// meaning is a question as it would be asked by itself, where it goes on from earlier ones.
func meaning(question string, earlier []string, parse func(string) intent.Intent) string {
	meant := ""
	for _, text := range earlier[max(0, len(earlier)-mostEarlier):] {
		if joined := join(meant, text, parse); joined != text || meant == "" || parse(text).Type != intent.Other { // thanks are passed over
			meant = joined
		}
	}
	return join(meant, question, parse)
}

// join is the question that one means which goes on from the one before it, as "and for Microsoft?" or "what about last
// year?": that one, with the things and times of this in the place of its own. A question that stands by itself is as it was.
func join(before, next string, parse func(string) intent.Intent) string {
	if before == "" {
		return next
	}
	said := partsOf(next, parse)
	if len(said.things) == 0 && openings.MatchString(next) { // a name by itself may be a word like any other
		said.things = upTo(partsOf(strings.TrimRight(next, " ?.!")+" stock", parse).things, len(next))
	}
	if len(said.things)+len(said.times) == 0 || !said.goesOn() {
		return next
	}
	whole := strings.TrimRight(before, " ?.!")
	if len(said.times) > 0 {
		period := said.spoken(said.times, true)
		if old := partsOf(whole, parse).times; len(old) > 0 {
			whole = put(whole, old[len(old)-1], strings.TrimSpace(doubled.ReplaceAllString(period, "")))
		} else {
			whole += " " + period
		}
	}
	if len(said.things) > 0 {
		thing := said.spoken(said.things, false)
		switch old := partsOf(whole, parse).things; {
		case len(old) > 0:
			whole = put(whole, old[len(old)-1], thing)
		case ofAll.MatchString(whole):
			whole = ofAll.ReplaceAllString(whole, "my "+thing+" position")
		default:
			whole += " for " + thing
		}
	}
	return whole + "?"
}

var (
	// ofAll is what one thing takes the place of, in a question that names none.
	ofAll = regexp.MustCompile(`(?i)\bmy (?:whole |entire |total )?portfolio\b`)
	// doubled are words before a time that those before the old one do for.
	doubled = regexp.MustCompile(`(?i)^(?:in|on|for|over|during)\s`)
)

func put(text string, in span, other string) string { return text[:in.start] + other + text[in.end:] }

func partsOf(text string, parse func(string) intent.Intent) parts {
	p, in := parts{text: text}, parse(text)
	for _, m := range in.Symbols {
		p.things = append(p.things, span{m.Start, m.End})
	}
	for _, r := range in.Ranges {
		p.times = append(p.times, span{r.Start, r.End})
	}
	all := words.Translate(words.Split(text))
	periods := fiscal.Find(all)
	for i, w := range all {
		at := span{w.Start, w.End}
		if !periods.Covers(i) || slices.ContainsFunc(p.times, at.within) {
			continue
		}
		if n := len(p.times); n > 0 && i > 0 && periods.Covers(i-1) && p.times[n-1].end == all[i-1].End {
			p.times[n-1].end = w.End
			continue
		}
		p.times = append(p.times, at)
	}
	slices.SortFunc(p.times, func(a, b span) int { return a.start - b.start })
	return p
}

// upTo are the spans that lie in the first so many bytes.
func upTo(all []span, length int) []span {
	return slices.DeleteFunc(all, func(s span) bool { return s.end > length })
}

func (s span) within(o span) bool { return s.start >= o.start && s.end <= o.end }

// spoken are the parts as they stand in the text, with what joins them and, of times, the word before them.
func (p parts) spoken(some []span, led bool) string {
	start, end := some[0].start, some[len(some)-1].end
	if before := leading.FindStringIndex(p.text[:start]); led && before != nil {
		start = before[0]
	}
	apart := func(s span) bool { return s.start > start && s.end < end && !slices.Contains(some, s) }
	if !slices.ContainsFunc(p.both(), apart) {
		return p.text[start:end]
	}
	var said []string
	for _, s := range some {
		said = append(said, p.text[s.start:s.end])
	}
	return strings.Join(said, " and ")
}

func (p parts) both() []span { return slices.Concat(p.things, p.times) }

var leading = regexp.MustCompile(`(?i)\b(?:in|on|for|over|during|since|from|at|as of|before|after|until|between)\s+(?:the\s+)?$`)

var (
	// openings are how questions begin that go on from the one before.
	openings = regexp.MustCompile(`(?i)^\W*(?:and|or|but|also|then|(?:and |but )?(?:what|how) about|same|the same|likewise)\b`)
	// fillers are words that add nothing to the things and times beside them; behind an opening there may be more of them.
	fillers  = words.Set("and or but also then what how about same the for with of on in at over during since now again instead too please s thing question just to from between by")
	further  = words.Set("is was it its that did do does were are this those them they me my show tell look like compare")
	mostSaid = 12
)

// goesOn tells whether a question has nothing but things and times of its own.
func (p parts) goesOn() bool {
	opened := openings.MatchString(p.text)
	all := words.Split(p.text)
	if len(all) > mostSaid {
		return false
	}
	return !slices.ContainsFunc(all, func(w words.Word) bool {
		at := span{w.Start, w.End}
		return w.Kind == words.Letters && !slices.ContainsFunc(p.both(), at.within) && !fillers[w.Text] && (!opened || !further[w.Text])
	})
}
