package items

import "strings"

// findContents marks the headings that are rows of a table of contents: a run of them in the form's order, one close
// behind the other, most with a page number or a link.
func (p *page) findContents() {
	for from := 0; from < len(p.headings); {
		to := p.run(from)
		if to-from >= 3 {
			listed := 0
			for i := from; i < to; i++ {
				if p.isListed(&p.headings[i]) {
					listed++
				}
			}
			if 2*listed >= to-from {
				for i := from; i < to; i++ {
					p.headings[i].contents = true
				}
			}
		}
		from = max(to, from+1)
	}
}

// maxRow is how much a row of a contents list holds at most.
const maxRow = 400

// run is where the run ends that begins at a heading.
func (p *page) run(from int) int {
	to := from + 1
	for to < len(p.headings) {
		a, b := &p.headings[to-1], &p.headings[to]
		if b.start-a.end > maxRow || p.last(b) <= p.first(a) {
			break
		}
		to++
	}
	return to
}

func (p *page) first(h *heading) int { return h.options[0].item }
func (p *page) last(h *heading) int  { return h.options[len(h.options)-1].item }

// isListed tells whether a heading ends in a page number or is linked.
func (p *page) isListed(h *heading) bool {
	text := strings.TrimRight(p.doc.Text[h.start:h.end], " .\t")
	cut := strings.LastIndexAny(text, "\t. ")
	if cut > 0 && isPageNumber(text[cut+1:]) && len(text)-cut < 9 {
		return true
	}
	if h.line+1 < len(p.lines) && isPageNumber(p.text(p.lines[h.line+1])) {
		return true
	}
	return p.linked(h.start, h.end)
}

func (p *page) linked(start, end int) bool {
	for _, l := range p.doc.Links {
		if l.At >= start && l.At < end {
			return true
		}
	}
	return false
}
