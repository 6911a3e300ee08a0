package items

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/forms"
)

// What a place that only the contents tell to be a heading is worth.
const (
	linkedScore = 2.5 // a row links there, and the title stands there
	namedScore  = 1.5 // the title stands there, alone on its line
	linkedBonus = 1.0 // what a heading gains to which a row links
	linkSlack   = 400 // how far before a heading an anchor may be
)

// findByContents adds headings without "Item" and number: places to which rows of the contents link, and lines that are
// the title of a row that has no other heading.
func (p *page) findByContents() {
	rows := p.rows()
	var found []heading
	for _, i := range rows {
		if h, ok := p.linkedHeading(&p.headings[i]); ok {
			found = append(found, h)
		}
	}
	if len(rows) > 0 && p.headings[rows[0]].start < len(p.doc.Text)/4 {
		found = append(found, p.namedHeadings(rows, found)...)
	}
	p.headings = append(p.headings, found...)
	slices.SortStableFunc(p.headings, func(a, b heading) int { return a.start - b.start })
}

// maxRows is more than all contents lists of a filing have together.
const maxRows = 500

// rows are the headings that are rows of the contents.
func (p *page) rows() []int {
	var rows []int
	for i := range p.headings {
		if p.headings[i].contents && len(rows) < maxRows {
			rows = append(rows, i)
		}
	}
	return rows
}

// linkedHeading is the place to which a row links, unless a heading is there already, which is made surer.
func (p *page) linkedHeading(row *heading) (heading, bool) {
	item := row.likely()
	for _, l := range p.linksIn(row.start, row.end) {
		at, ok := p.doc.Anchors[l.Target]
		if !ok || at <= row.end {
			continue
		}
		if p.surer(item, at) {
			return heading{}, false
		}
		n := p.lineAt(at)
		for n < len(p.lines) && forms.IsContentsLink(p.text(p.lines[n])) {
			n++
		}
		if n < len(p.lines) && p.titleAt(item, n) {
			return p.newHeading(item, n, linkedScore), true
		}
	}
	return heading{}, false
}

// surer raises the score of a heading of the item close behind a place. It tells whether there is one.
func (p *page) surer(item, at int) bool {
	for _, i := range p.byItem[item] {
		h := &p.headings[i]
		if h.contents || h.start < at-linkSlack/4 || h.start > at+linkSlack {
			continue
		}
		for o := range h.options {
			if h.options[o].item == item {
				h.options[o].score += linkedBonus
			}
		}
		return true
	}
	return false
}

// lineAt is the line that holds a place, or the next.
func (p *page) lineAt(at int) int {
	n, _ := slices.BinarySearchFunc(p.lines, at, func(l line, at int) int { return l.end - 1 - at })
	return n
}

// titleAt tells whether an item's title stands in a line or one of the next two.
func (p *page) titleAt(item, n int) bool {
	last := min(n+2, len(p.lines)-1)
	end := min(p.lines[last].end, p.lines[n].start+200)
	return p.form.Items[item].Matches(forms.Squash(p.doc.Text[p.lines[n].start:max(end, p.lines[n].start)]))
}

func (p *page) newHeading(item, n int, score float64) heading {
	l := p.lines[n]
	return heading{start: l.start, end: l.end, line: n, words: p.text(l), options: []option{{item, score}}}
}

// namedHeadings are lines that say no more than the title of a row whose item has no heading.
func (p *page) namedHeadings(rows []int, found []heading) []heading {
	missing := map[string]int{}
	for _, i := range rows {
		row := &p.headings[i]
		if title := forms.Squash(withoutPages(p.titleOf(row))); len(title) >= minTitle && !p.hasHeading(row.likely(), found) {
			missing[title] = row.likely()
		}
	}
	if len(missing) == 0 {
		return nil
	}
	var named []heading
	for n := p.headings[rows[0]].line + 1; n < len(p.lines); n++ {
		text := p.text(p.lines[n])
		if len(text) > 200 || strings.Contains(text, "\t") {
			continue
		}
		if item, ok := missing[forms.Squash(text)]; ok && p.standsOut(n) {
			named = append(named, p.newHeading(item, n, namedScore))
		}
	}
	return named
}

// standsOut tells whether a line is set as a heading: in capitals, strong or, in plain text, between empty lines.
func (p *page) standsOut(n int) bool {
	l := p.lines[n]
	if forms.IsAllCaps(p.text(l)) || p.strongAt(l.start) {
		return true
	}
	before, after := 0, 0
	if n > 0 {
		before = strings.Count(p.doc.Text[p.lines[n-1].end:l.start], "\n")
	}
	if n+1 < len(p.lines) {
		after = strings.Count(p.doc.Text[l.end:p.lines[n+1].start], "\n")
	}
	return before > 1 && after > 1
}

func (p *page) hasHeading(item int, found []heading) bool {
	for _, i := range p.byItem[item] {
		if !p.headings[i].contents {
			return true
		}
	}
	return slices.ContainsFunc(found, func(h heading) bool { return h.likely() == item })
}

// withoutPages is a row of the contents without its page numbers and the dots before them.
func withoutPages(row string) string {
	if cut := strings.IndexByte(row, '\t'); cut > 0 {
		row = row[:cut]
	}
	return strings.TrimRight(row, " .0123456789-–,")
}
