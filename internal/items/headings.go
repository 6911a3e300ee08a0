package items

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/forms"
)

// heading is a place that may be an item's heading.
type heading struct {
	start, end int // the heading's lines
	line       int // where it begins, in page.lines
	number     int // where its number ends
	words      string
	numbers    []string
	options    []option
	contents   bool // it is a row of a table of contents
	listed     answer
}

// answer is one that is worked out when it is asked for.
type answer int

const (
	unknown answer = iota
	no
	yes
)

// likely is the item that it most likely begins.
func (h *heading) likely() int {
	best := h.options[0]
	for _, o := range h.options {
		if o.score > best.score {
			best = o
		}
	}
	return best.item
}

// option is an item that a heading may begin, with how much speaks for it.
type option struct {
	item  int
	score float64
}

func (h *heading) best() float64 {
	best := 0.0
	for _, o := range h.options {
		best = max(best, o.score)
	}
	return best
}

func (h *heading) scoreOf(item int) (float64, bool) {
	for _, o := range h.options {
		if o.item == item {
			return o.score, true
		}
	}
	return 0, false
}

// maxTitle is how long a title is at most; a heading may run on into the text.
const maxTitle = 200

// titleOf is the heading's words without what is not of the title, and with its second line where it has one.
func (p *page) titleOf(h *heading) string {
	words, _, _ := strings.Cut(h.words, "\t")
	if next := h.line + 1; next < len(p.lines) && h.end == p.lines[h.line].end && !p.doc.HTML && forms.IsAllCaps(words) && !strings.HasSuffix(words, ".") &&
		strings.Count(p.doc.Text[h.end:p.lines[next].start], "\n") == 1 && forms.IsAllCaps(p.text(p.lines[next])) {
		words += " " + p.text(p.lines[next])
	}
	words = strings.Join(strings.Fields(words), " ")
	if end := strings.Index(words, ". "); end > 0 {
		words = words[:end]
	}
	if len(words) > maxTitle {
		words = words[:max(0, strings.LastIndexByte(words[:maxTitle], ' '))]
	}
	return strings.Trim(words, " .:-–—")
}

// part is a line that begins one of the form's parts.
type part struct{ at, number int }

// maxHeadings is more than any filing has, and few enough for a filing that was made to be slow.
const maxHeadings = 5_000

// scan goes once over the lines for headings, parts and signatures.
func (p *page) scan() {
	for i, l := range p.lines {
		text := p.text(l)
		if n := forms.PartOf(text); n > 0 {
			p.parts = append(p.parts, part{l.start, n})
		}
		if forms.IsSignatures(text) {
			p.titled = append(p.titled, l.start)
		}
		if forms.IsSigning(text) {
			p.signings = append(p.signings, l.start)
		}
		if len(p.headings) < maxHeadings {
			p.scanLine(i)
		}
	}
	if p.form.Loose {
		p.dropOldNumbers()
	}
}

// dropOldNumbers leaves out items of the era before August 2004 where those of the later one are.
func (p *page) dropOldNumbers() {
	isNew := func(h heading) bool { return strings.Contains(p.form.Items[h.likely()].Number, ".") }
	if !slices.ContainsFunc(p.headings, func(h heading) bool { return isNew(h) && h.best() >= sure-1 }) {
		return
	}
	p.headings = slices.DeleteFunc(p.headings, func(h heading) bool { return !isNew(h) })
	p.byItem = map[int][]int{}
	for i := range p.headings {
		p.byItem[p.headings[i].likely()] = append(p.byItem[p.headings[i].likely()], i)
	}
}

// signed is where the signatures begin that end an item: at the word above the sentence, at the sentence or, where it is
// worded in a way of its own, at the last such word.
func (p *page) signed(from int) int {
	last := 0
	for _, at := range p.titled {
		if at > from {
			last = at
		}
	}
	for _, at := range p.signings {
		if at <= from {
			continue
		}
		for _, word := range p.titled {
			if word > from && word < at && at-word < 600 {
				return word
			}
		}
		return at
	}
	if last > 0 {
		return last
	}
	return len(p.doc.Text)
}

// scanLine looks for a heading at the beginning of a line.
func (p *page) scanLine(i int) {
	l := p.lines[i]
	rest := p.doc.Text[l.start:min(len(p.doc.Text), l.end+200)]
	numbers, n := forms.ItemNumbers(rest)
	if n == 0 {
		return
	}
	h := heading{start: l.start, line: i, end: l.end, number: l.start + n}
	if l.start+n > l.end {
		h.end = l.start + n
	}
	h.words = p.titleAfter(i, l.start+n, &h)
	for _, number := range numbers {
		p.addOptions(&h, number)
		if len(h.options) > 0 {
			break
		}
	}
	if letter, more := forms.LetterAfter(p.doc.Text[h.number:]); more > 0 {
		p.addLettered(&h, numbers[0]+string(letter), more)
	}
	if len(h.options) == 0 {
		return
	}
	h.numbers = numbers
	p.byItem[h.likely()] = append(p.byItem[h.likely()], len(p.headings))
	p.headings = append(p.headings, h)
}

// otherKeys are the items under a heading besides the first, those between two numbers included.
func (p *page) otherKeys(first int, numbers []string) []string {
	var keys []string
	last, through := first, false
	for _, n := range numbers[min(1, len(numbers)):] {
		if n == forms.Through {
			through = true
			continue
		}
		i := p.form.Index(n, p.form.Items[first].Part)
		if i < 0 {
			continue
		}
		for between := last + 1; through && between < i; between++ {
			keys = append(keys, p.form.Items[between].Key)
		}
		keys = append(keys, p.form.Items[i].Key)
		last, through = i, false
	}
	return keys
}

// titleAfter is what stands after the number: the rest of the line or, when that is empty, the next line.
func (p *page) titleAfter(i, at int, h *heading) string {
	for at > p.lines[i].end && i+1 < len(p.lines) {
		i++
	}
	rest := strings.TrimLeft(p.doc.Text[min(at, p.lines[i].end):p.lines[i].end], " .:-–—\t)")
	if rest == "" && i+1 < len(p.lines) {
		h.end = p.lines[i+1].end
		rest = p.text(p.lines[i+1])
	}
	return rest
}

// addOptions scores the items that a number may mean.
func (p *page) addOptions(h *heading, number string) {
	squashed := forms.Squash(h.words[:min(len(h.words), 300)])
	last := 0
	if n := len(p.parts); n > 0 {
		last = p.parts[n-1].number
	}
	for i, e := range p.form.Items {
		if e.Number != number {
			continue
		}
		score := 1.0
		switch {
		case e.Matches(squashed):
			score += 3
		case len(squashed) > 3 && p.form.Paragraphs && !forms.IsDigit(number[len(number)-1]):
			score -= 2 // a paragraph, as in "Item 4.A. History": the items with letters have the same titles everywhere
		case len(squashed) > 3:
			score -= 0.7
		}
		if e.Part != 0 && last != 0 {
			if e.Part == last {
				score += 0.7
			} else {
				score -= 0.7
			}
		}
		score += p.shape(h)
		h.options = append(h.options, option{i, score})
	}
}

// addLettered takes the letter behind a number for a part of it, when the title says so.
func (p *page) addLettered(h *heading, number string, more int) {
	words := strings.TrimLeft(p.doc.Text[h.number+more:max(h.end, h.number+more)], " .:-–—\t")
	i := p.form.Index(number, 0)
	if i < 0 || !p.form.Items[i].Matches(forms.Squash(words[:min(len(words), 300)])) {
		return
	}
	h.words, h.options, h.number = words, nil, h.number+more
	p.addOptions(h, number)
}

// shape is how much the line looks like a heading.
func (p *page) shape(h *heading) float64 {
	score := 0.0
	text := p.doc.Text[h.start:h.end]
	if p.strongAt(h.start) {
		score += 0.7
	}
	if strings.HasPrefix(strings.TrimLeft(text, " \t"), "ITEM") {
		score += 0.3
	}
	w := strings.TrimLeft(h.words, " \t")
	if w != "" && (w[0] >= 'a' && w[0] <= 'z' || w[0] == ',' || w[0] == ';') {
		score -= 2
	}
	if len(text) > 400 {
		score -= 0.3
	}
	if strings.HasPrefix(text, "\"") || strings.HasPrefix(text, "“") {
		score -= 2
	}
	if h.line > 0 && p.goesOn(h.line-1) {
		score -= 2
	}
	return score
}

// goesOn tells whether a line goes on in the next: it ends within a sentence or, in plain text, in a small letter with no
// empty line after it.
func (p *page) goesOn(n int) bool {
	text := p.text(p.lines[n])
	if forms.EndsOpen(text) {
		return true
	}
	c := text[len(text)-1]
	return !p.doc.HTML && c >= 'a' && c <= 'z' && p.doc.Text[p.lines[n].end:p.lines[n+1].start] == "\n"+strings.Repeat(" ", p.lines[n+1].start-p.lines[n].end-1)
}

// strongAt tells whether the text is strong there.
func (p *page) strongAt(at int) bool {
	i, found := slices.BinarySearchFunc(p.doc.Strong, at, func(s flat.Span, at int) int { return s.Start - at })
	return found || i > 0 && p.doc.Strong[i-1].End > at
}
