package passages

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/items"
	"github.com/jaspers-ai/jaspers/internal/ranking"
)

// splitter is the version of the rules below. A document that older rules divided is divided again when it is next given.
const splitter = 1

// How long passages are, in words.
const (
	fewWords   = 120 // a heading ends a passage that has as many
	goodWords  = 200 // a paragraph's end does
	mostWords  = 300 // of prose
	mostTable  = 450 // a table of as many stays whole
	wordBytes  = 12  // what has no blanks counts as words of so many bytes
	headLength = 240 // bytes kept of the headings above a passage
)

// part is a passage before it is known of which document.
type part struct {
	section    items.Item
	heading    string
	start, end int
}

// split divides a document's text into passages, in its order, apart, and without blanks at their ends. Whatever is not
// blank is in one. Sections must be in order and apart; what lies outside of them are sections without a key.
func split(text string, sections []items.Item) []part {
	var parts []part
	at := 0
	for _, s := range sections {
		parts = append(parts, divide(text, items.Item{Start: at, End: s.Start})...)
		parts = append(parts, divide(text, s)...)
		at = s.End
	}
	return append(parts, divide(text, items.Item{Start: at, End: len(text)})...)
}

// divide makes passages of one section.
func divide(text string, s items.Item) []part {
	p := packer{text: text, section: s}
	for _, b := range blocksOf(text, s.Start, s.End) {
		p.add(b)
	}
	p.close(len(p.open))
	return p.parts
}

// block is what is not divided: a paragraph or a part of a long one, a table or some rows of a long one, a heading.
type block struct {
	start, end int
	words      int
	kind       ranking.Kind
}

// packer puts blocks together.
type packer struct {
	text    string
	section items.Item
	parts   []part
	open    []block // of the passage that is being put together
	words   int
	heading string // what the open passage is under
}

func (p *packer) add(b block) {
	most := mostWords
	if b.kind == ranking.Row {
		most = mostTable
	}
	body := p.body()
	switch {
	case body == 0:
	case b.kind == ranking.Heading && p.words >= fewWords,
		b.kind == ranking.Prose && p.words >= goodWords,
		p.words+b.words > most:
		p.close(body)
	}
	if b.kind != ranking.Heading && p.body() == 0 && len(p.open) > 0 {
		p.heading = p.headings()
	}
	p.open = append(p.open, b)
	p.words += b.words
}

// body is how many of the open blocks there are up to the last that is no heading: those after it belong to what follows.
func (p *packer) body() int {
	for i := len(p.open); i > 0; i-- {
		if p.open[i-1].kind != ranking.Heading {
			return i
		}
	}
	return 0
}

// headings are the open blocks, all of which are headings, as one line. What stands on every page says nothing.
func (p *packer) headings() string {
	var all []string
	for _, b := range p.open {
		if text := strings.Join(strings.Fields(p.text[b.start:b.end]), " "); !furniture.MatchString(text) {
			all = append(all, text)
		}
	}
	for len(all) > 1 && len(strings.Join(all, headingSign)) > headLength {
		all = all[1:] // the lowest say the most
	}
	line := strings.Join(all, headingSign)
	return line[:wholeRunes(line, headLength)]
}

// headingSign stands between two headings, furniture is what pages begin and end with.
const headingSign = " / "

var furniture = regexp.MustCompile(`(?i)^(table of contents|\(continued\)|(page )?[a-z]{0,2}-?\d+)$`)

// close makes a passage of the first n open blocks; the others stay.
func (p *packer) close(n int) {
	if n == 0 {
		return
	}
	p.parts = append(p.parts, part{section: p.section, heading: p.heading, start: p.open[0].start, end: p.open[n-1].end})
	p.open = append([]block(nil), p.open[n:]...)
	p.words = 0
	for _, b := range p.open {
		p.words += b.words
	}
}

// line is one that is not blank, without the blanks around it.
type line struct {
	block
	apart bool // a blank line stands before it
}

// blocksOf reads the lines of a section: what belongs together is one block, what is too long several.
func blocksOf(text string, start, end int) []block {
	lines := linesOf(text, start, end)
	joinRows(lines)
	var blocks []block
	for i := 0; i < len(lines); {
		n := i + 1
		for n < len(lines) && lines[n].continues(lines[n-1], text) {
			n++
		}
		blocks = append(blocks, blockOf(text, lines[i:n])...)
		i = n
	}
	return blocks
}

func linesOf(text string, start, end int) []line {
	var lines []line
	apart := true
	for at := start; at < end; {
		next := end
		if i := strings.IndexByte(text[at:end], '\n'); i >= 0 {
			next = at + i + 1
		}
		body := strings.TrimSpace(text[at:next])
		if body == "" {
			apart, at = true, next
			continue
		}
		first := at + strings.Index(text[at:next], body)
		l := line{block{first, first + len(body), wordCount(body), ranking.KindOf(body)}, apart}
		if l.kind == ranking.Heading && len(lines) > 0 && !apart && lines[len(lines)-1].kind == ranking.Prose && !endsSentence(text[:lines[len(lines)-1].end]) {
			l.kind = ranking.Prose // in the middle of a paragraph whose lines are broken
		}
		lines = append(lines, l)
		apart, at = false, next
	}
	return lines
}

// joinRows makes rows of the short lines between rows, which are labels.
func joinRows(lines []line) {
	const near, label = 3, 12
	last := -near - 1
	for i := range lines {
		if lines[i].kind != ranking.Row {
			continue
		}
		if i-last <= near {
			for j := last + 1; j < i; j++ {
				if lines[j].words <= label {
					lines[j].kind = ranking.Row
				}
			}
		}
		last = i
	}
}

// continues tells whether a line goes on with what the line before began.
func (l line) continues(before line, text string) bool {
	switch {
	case l.kind == ranking.Row:
		return before.kind == ranking.Row
	case l.kind == ranking.Prose && before.kind == ranking.Prose:
		return !l.apart && !endsSentence(text[:before.end])
	}
	return false
}

func endsSentence(text string) bool {
	text = strings.TrimRight(text, `"')”’`)
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, ":")
}

// blockOf makes one block of lines, or several where they are too many words: of a table at a row's end, of prose at a
// sentence's.
func blockOf(text string, lines []line) []block {
	whole := lines[0].block
	whole.end = lines[len(lines)-1].end
	for _, l := range lines[1:] {
		whole.words += l.words
	}
	if whole.kind == ranking.Row {
		if whole.words <= mostTable {
			return []block{whole}
		}
		return tableParts(lines, text)
	}
	if whole.words <= mostWords {
		return []block{whole}
	}
	return proseParts(text, whole)
}

func tableParts(lines []line, text string) []block {
	var blocks []block
	open := block{kind: ranking.Row}
	for _, l := range lines {
		if l.words > mostWords {
			l.kind = ranking.Prose
		}
		if open.words > 0 && (open.words >= goodWords || open.words+l.words > mostTable || l.kind == ranking.Prose) {
			blocks = append(blocks, open)
			open = block{kind: ranking.Row}
		}
		if l.kind == ranking.Prose {
			blocks = append(blocks, proseParts(text, l.block)...)
			continue
		}
		if open.words == 0 {
			open.start = l.start
		}
		open.end = l.end
		open.words += l.words
	}
	if open.words > 0 {
		blocks = append(blocks, open)
	}
	return blocks
}

func proseParts(text string, whole block) []block {
	var blocks []block
	for at := whole.start; at < whole.end; {
		n := cut(text[at:whole.end])
		body := strings.TrimSpace(text[at : at+n])
		if body != "" {
			first := at + strings.Index(text[at:at+n], body)
			blocks = append(blocks, block{first, first + len(body), wordCount(body), ranking.Prose})
		}
		at += n
	}
	return blocks
}

// cut is how many bytes of a text make a block: up to the first sentence that ends after enough words, or else the last
// blank before there are too many.
func cut(text string) int {
	words, blank := 0, 0
	for i := 0; i < len(text); {
		n := strings.IndexAny(text[i:], " \t\n")
		if n < 0 {
			n = len(text) - i
		}
		words += max(1, n/wordBytes)
		if words > mostWords {
			if blank > 0 {
				return blank
			}
			return wholeRunes(text, mostWords*wordBytes)
		}
		i += n
		if words >= goodWords && endsSentence(text[:i]) {
			return i
		}
		for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n') {
			i++
		}
		blank = i
	}
	return len(text)
}

// wholeRunes is the greatest n up to most at which a rune of the text ends.
func wholeRunes(text string, most int) int {
	if most >= len(text) {
		return len(text)
	}
	for most > 1 && !utf8.RuneStart(text[most]) {
		most--
	}
	return most
}

// wordCount is how long a text is in words, also where it has no blanks.
func wordCount(text string) int { return max(len(strings.Fields(text)), len(text)/wordBytes) }
