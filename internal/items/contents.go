package items

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/forms"
)

// findContents marks the headings that are rows of a table of contents: those that link to a later place, and runs of
// them in the form's order, one close behind the other, of which most have a page number or a link, or come again.
func (p *page) findContents() {
	for i := range p.headings {
		h := &p.headings[i]
		h.contents = p.linksOnward(h) && p.recurs(i, i+1)
	}
	for from := 0; from < len(p.headings); {
		to := p.run(from)
		if to-from >= 2 && p.isList(from, to) {
			for i := from; i < to; i++ {
				p.headings[i].contents = true
			}
		}
		from = max(to, from+1)
	}
}

// maxRow is how much lies between two rows of a contents list at most.
const maxRow = 400

// run is where the run ends that begins at a heading.
func (p *page) run(from int) int {
	to := from + 1
	for to < len(p.headings) {
		a, b := &p.headings[to-1], &p.headings[to]
		if b.start-a.end > maxRow && !p.areRows(a.line+1, b.line) || b.likely() <= a.likely() || p.isTold(to-1) {
			break
		}
		to++
	}
	return to
}

// maxRowLines is how many rows an item may have in a contents list.
const maxRowLines = 40

// areRows tells whether lines are rows of a contents list: most end in a page number.
func (p *page) areRows(from, to int) bool {
	if to-from > maxRowLines {
		return false
	}
	listed := 0
	for n := from; n < to; n++ {
		if setApart, ok := endsInPageNumber(p.text(p.lines[n])); ok && setApart {
			listed++
		}
	}
	return 3*listed >= 2*(to-from)
}

// isList tells whether a run is a list rather than a row of short items: most of three or more have a page number or a
// link, most of five or more come again, or all are without text and do.
func (p *page) isList(from, to int) bool {
	listed, again, empty := 0, 0, 0
	for i := from; i < to; i++ {
		if p.isListed(i) {
			listed++
		}
		if p.recurs(i, to) {
			again++
		}
		if i+1 < to && p.isEmpty(i) {
			empty++
		}
	}
	n := to - from
	return n >= 3 && 2*listed >= n || n >= 5 && 5*again >= 4*n || again == n && empty == n-1
}

// isEmpty tells whether the next heading follows a heading at once.
func (p *page) isEmpty(i int) bool {
	end, next := p.headings[i].end, p.headings[i+1].line
	for n := p.headings[i].line + 1; n < next; n++ {
		if text := p.text(p.lines[n]); p.lines[n].end > end && forms.PartOf(text) == 0 && !forms.IsPageNumber(text) {
			return false
		}
	}
	return true
}

// recurs tells whether a heading comes again, from another one on, not as a row with a page number.
func (p *page) recurs(i, from int) bool {
	h := &p.headings[i]
	for _, again := range p.byItem[h.likely()] {
		if again >= from && !p.isListed(again) {
			return true
		}
	}
	return false
}

// isListed tells whether a heading has a page number at the end of its line, or of the next few if those are no text, or
// a link.
func (p *page) isListed(i int) bool {
	h := &p.headings[i]
	if h.listed == unknown {
		h.listed = no
		if p.hasPageNumber(i) || p.linksOnward(h) {
			h.listed = yes
		}
	}
	return h.listed == yes
}

// hasPageNumber looks for a page number after the heading's title, before the next heading.
func (p *page) hasPageNumber(i int) bool {
	h := &p.headings[i]
	for n := h.line; n < len(p.lines) && n < h.line+4; n++ {
		l := p.lines[n]
		if n > h.line && i+1 < len(p.headings) && l.start >= p.headings[i+1].start || l.end-l.start > 200 {
			return false
		}
		text := p.doc.Text[min(max(l.start, h.number), l.end):l.end]
		if n > h.line && strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "..") {
			return false
		}
		if n > h.line && forms.IsPageNumber(text) && forms.Squash(text) != "" || isPagesCell(text) {
			return true
		}
		if setApart, ok := endsInPageNumber(text); ok && (setApart || n == h.line) {
			return true
		}
	}
	return false
}

// isTold tells whether sentences stand between a heading and the next.
func (p *page) isTold(i int) bool {
	if p.isListed(i) {
		return false
	}
	for n := p.headings[i].line + 1; n < p.headings[i+1].line; n++ {
		if text := p.text(p.lines[n]); strings.HasSuffix(text, ".") && forms.PartOf(text) == 0 && !strings.HasSuffix(text, "..") && len(text) > 5 && !forms.IsAllCaps(text) {
			return true
		}
	}
	return false
}

// linksOnward tells whether a heading's line is a link to a later place, as a row of the contents is and a heading that
// links back to them is not.
func (p *page) linksOnward(h *heading) bool {
	for _, l := range p.linksIn(h.start, h.end) {
		if at, ok := p.doc.Anchors[l.Target]; ok && at > h.end {
			return true
		}
	}
	return false
}

// linksIn are the links between two places.
func (p *page) linksIn(start, end int) []flat.Link {
	byPlace := func(l flat.Link, at int) int { return l.At - at }
	from, _ := slices.BinarySearchFunc(p.doc.Links, start, byPlace)
	to, _ := slices.BinarySearchFunc(p.doc.Links, end, byPlace)
	return p.doc.Links[from:to]
}

// endsInPageNumber tells whether a line ends in what may be a page number, and whether that is set apart.
func endsInPageNumber(text string) (setApart, ok bool) {
	text = strings.TrimRight(text, " .\t")
	cut := len(text)
	for cut > 0 && (forms.IsDigit(text[cut-1]) || strings.IndexByte("-F,", text[cut-1]) >= 0) {
		cut--
	}
	number, before := text[cut:], text[:cut]
	if cut == 0 || number == "" || len(number) > 7 || !forms.IsDigit(number[len(number)-1]) {
		return false, false
	}
	setApart = strings.HasSuffix(before, "\t") || strings.HasSuffix(before, "  ") || strings.HasSuffix(before, ".") || strings.HasSuffix(before, ". ")
	return setApart, setApart || len(number) <= 3 && strings.HasSuffix(before, " ")
}

// isPagesCell tells whether a row ends in a cell that holds pages, as in "16, 74-76", or says in their place that there is
// nothing or where else it is.
func isPagesCell(text string) bool {
	cut := strings.LastIndexByte(text, '\t')
	if cut < 0 || len(text)-cut > 40 {
		return false
	}
	switch cell := forms.Squash(text[cut+1:]); {
	case cell == "notapplicable", cell == "none", cell == "na":
		return true
	case len(cell) == 1 && text[cut+1] == '(':
		return true
	}
	return len(readPages(text[cut+1:])) > 0 && strings.Trim(strings.TrimPrefix(text[cut+1:], "Page"), "s0123456789,;-–— abcde()") == ""
}
