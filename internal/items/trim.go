package items

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/forms"
)

// trim takes from an item's end what belongs to the page or to the next part: page numbers, the foot and the head of the
// page, "PART II" and a list of the items in it.
func (p *page) trim(h heading, end int) int {
	i, _ := slices.BinarySearchFunc(p.lines, end, func(l line, at int) int { return l.start - at })
	for i--; i > h.line && p.lines[i].start > h.start; i-- {
		text := p.text(p.lines[i])
		if !forms.IsPageNumber(text) && forms.PartOf(text) == 0 && !forms.IsContentsLink(text) && !forms.IsSignatures(text) && !p.isRow(i) && !p.isRepeated(text) {
			break
		}
	}
	return min(end, max(p.lines[max(i, 0)].end, h.end))
}

// isRow tells whether a line is a row of a table of contents.
func (p *page) isRow(n int) bool {
	i, found := slices.BinarySearchFunc(p.headings, p.lines[n].start, func(h heading, at int) int { return h.start - at })
	return found && p.headings[i].contents
}

// How often a line is there that is the head or foot of pages, how long it is at most, and how many such are counted.
const (
	minRepeats  = 5
	maxFoot     = 100
	maxCounted  = 50_000
	minFootSize = 12
)

// isRepeated tells whether a line stands on many pages, page numbers aside: "Jaspers Inc. | 2024 Form 10-K | 18".
func (p *page) isRepeated(text string) bool {
	foot := footOf(text)
	if foot == "" {
		return false
	}
	if p.feet == nil {
		p.countFeet()
	}
	return p.feet[foot] >= minRepeats
}

func (p *page) countFeet() {
	p.feet = map[string]int{}
	for _, l := range p.lines {
		if foot := footOf(p.text(l)); foot != "" && len(p.feet) < maxCounted {
			p.feet[foot]++
		}
	}
}

// footOf is a line without its digits, when it could be the foot of a page: short, but more than "None" and the like.
func footOf(text string) string {
	if len(text) > maxFoot || strings.HasSuffix(text, ".") {
		return ""
	}
	foot := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, forms.Squash(text))
	if len(foot) < minFootSize || saysNothing(foot) {
		return ""
	}
	return foot
}
