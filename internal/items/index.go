package items

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/forms"
)

// section is one of the filer's own contents, in a filing whose body knows no items.
type section struct {
	at    int // where it begins
	page  int // as the contents say, 0 when they do not
	words string
	item  int // whose title it has, -1 when it has none
}

// pages are a range of pages as a row of the index says.
type pages struct{ first, last int }

// indexed cuts a filing whose body is not ordered by items and that has an index from items to pages instead: each item
// goes from the section with its title, or on its first page, to the first section beyond its pages. An item that the
// index says is nothing, or is elsewhere, is its row there; one whose pages are not told apart is left out.
func (p *page) indexed() []Item {
	sections := p.sections()
	if len(sections) == 0 {
		return nil
	}
	var titled, other []Item
	last := map[int]int{}
	for _, i := range p.rows() {
		last[p.headings[i].likely()] = i
	}
	for _, i := range slices.Sorted(maps.Values(last)) {
		row := &p.headings[i]
		item := Item{Key: p.form.Items[row.likely()].Key, Title: withoutPages(p.titleOf(row)), Start: row.start, End: p.rowEnd(i)}
		on := p.pagesOf(item)
		n, byTitle := p.sectionOf(row.likely(), sections, on)
		if n >= 0 {
			item.Start, item.End = sections[n].at, p.sectionEnd(n, sections, on)
		}
		switch {
		case byTitle:
			titled = append(titled, item)
		case n >= 0 || len(on) == 0:
			other = append(other, item)
		}
	}
	return apart(titled, other)
}

// rowEnd is where a row of the index ends: before the next row, part or blank line.
func (p *page) rowEnd(i int) int {
	row := &p.headings[i]
	end := len(p.doc.Text)
	if i+1 < len(p.headings) {
		end = p.headings[i+1].start
	}
	last := row.end
	for n := row.line + 1; n < len(p.lines) && n < row.line+12 && p.lines[n].start < end; n++ {
		text := p.text(p.lines[n])
		if forms.PartOf(text) > 0 || strings.HasPrefix(text, "(") || strings.HasPrefix(forms.Squash(text), "signature") || len(text) > 200 {
			break
		}
		last = p.lines[n].end
	}
	return max(last, row.end)
}

// maxSections is more than any contents list.
const maxSections = 1000

// sections are the places to which the contents at the beginning link, in the order of the text.
func (p *page) sections() []section {
	var all []section
	for _, l := range p.doc.Links {
		at, ok := p.doc.Anchors[l.Target]
		n := p.lineAt(l.At)
		if len(all) == maxSections {
			break
		}
		if !ok || at <= l.At || l.At > len(p.doc.Text)/5 || n >= len(p.lines) {
			continue
		}
		text := p.text(p.lines[n])
		s := section{at: at, words: withoutPages(text), item: -1}
		if _, listed := endsInPageNumber(text); listed {
			s.page, _ = strconv.Atoi(strings.TrimLeft(text[strings.LastIndexAny(text, "\t .")+1:], "-F"))
		}
		if len(text) < 250 && !slices.ContainsFunc(all, func(o section) bool { return o.at == s.at }) {
			s.item = p.itemTitled(s.words)
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b section) int { return a.at - b.at })
	return all
}

// itemTitled is the item of the index whose title a section has, or one it had in other years; -1 when there is none.
func (p *page) itemTitled(words string) int {
	title, best, length := forms.Squash(words), -1, minTitle-1
	for _, i := range p.rows() {
		item := p.headings[i].likely()
		own := forms.Squash(withoutPages(p.headings[i].words))
		if len(title) >= minTitle && len(own) >= minTitle && (strings.HasPrefix(title, own) || strings.HasPrefix(own, title)) {
			return item
		}
		for _, known := range p.form.Items[item].Titles {
			if len(known) > length && strings.HasPrefix(title, known) {
				best, length = item, len(known)
			}
		}
	}
	return best
}

// minTitle is how long a squashed title is that tells items apart.
const minTitle = 8

// sectionOf is the section that begins an item, and whether it has the item's title; -1 when there is none.
func (p *page) sectionOf(item int, sections []section, on []pages) (n int, byTitle bool) {
	for n, s := range sections {
		if s.item == item && (s.page == 0 || len(on) == 0 || within(s.page, on) != nil) {
			return n, true
		}
	}
	most := longest(on)
	for n, s := range sections {
		if most.first > 0 && s.page >= most.first && s.page <= most.last && s.item < 0 {
			return n, false
		}
	}
	return -1, false
}

// longest is the longest range.
func longest(all []pages) pages {
	var best pages
	for _, r := range all {
		if best.first == 0 || r.last-r.first > best.last-best.first {
			best = r
		}
	}
	return best
}

// joined are ranges in order, those without a gap between them made one.
func joined(all []pages) []pages {
	var runs []pages
	for _, r := range slices.SortedFunc(slices.Values(all), func(a, b pages) int { return a.first - b.first }) {
		if n := len(runs); n > 0 && r.first <= runs[n-1].last+1 {
			runs[n-1].last = max(runs[n-1].last, r.last)
			continue
		}
		runs = append(runs, r)
	}
	return runs
}

func within(page int, all []pages) *pages {
	for i, r := range all {
		if page >= r.first && page <= r.last {
			return &all[i]
		}
	}
	return nil
}

// sectionEnd is where an item ends that begins with a section: at the first beyond its pages, or with another item's
// title or, of an item within a page, at the next.
func (p *page) sectionEnd(n int, sections []section, on []pages) int {
	end := len(p.doc.Text)
	if rows := p.rows(); len(rows) > 0 && p.headings[rows[0]].start > sections[n].at {
		end = p.headings[rows[0]].start
	}
	r := within(sections[n].page, on)
	onOnePage := r == nil || r.first == r.last
	for _, s := range sections[n+1:] {
		if within(s.page, on) == nil || s.item >= 0 && s.item != sections[n].item || onOnePage {
			end = min(end, s.at)
			break
		}
	}
	h := p.newHeading(0, p.lineAt(sections[n].at), 0)
	return p.trim(h, end)
}

// pagesOf are the pages that a row of the index names.
func (p *page) pagesOf(row Item) []pages {
	var all []pages
	for l := range strings.SplitSeq(p.doc.Text[row.Start:row.End], "\n") {
		_, cell, found := strings.Cut(l, "\t")
		if !found {
			continue
		}
		if last := strings.LastIndexByte(cell, '\t'); last >= 0 {
			cell = cell[last+1:]
		}
		all = append(all, readPages(cell)...)
	}
	return joined(all)
}

// readPages reads "Pages 3-9, 20".
func readPages(s string) []pages {
	s = strings.NewReplacer("–", "-", "—", "-", "‑", "-", " - ", "-").Replace(s)
	var all []pages
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		from, to, _ := strings.Cut(word, "-")
		first, err := strconv.Atoi(from)
		if err != nil || first <= 0 {
			continue
		}
		last, err := strconv.Atoi(to)
		if err != nil || last < first {
			last = first
		}
		all = append(all, pages{first, last})
	}
	return all
}

// apart puts items in the order of the text and keeps them off each other: those found by title come first, the others
// have what is free.
func apart(titled, other []Item) []Item {
	byStart := func(a, b Item) int { return a.Start - b.Start }
	slices.SortStableFunc(titled, byStart)
	var all []Item
	for i, it := range titled {
		if i+1 < len(titled) {
			it.End = min(it.End, titled[i+1].Start)
		}
		if it.End > it.Start {
			all = append(all, it)
		}
	}
	for _, it := range other {
		for _, t := range all {
			if t.Start >= it.Start {
				it.End = min(it.End, max(t.Start, it.Start))
			} else if t.End > it.Start {
				it.End = it.Start
			}
		}
		if it.End > it.Start {
			all = append(all, it)
		}
	}
	slices.SortStableFunc(all, byStart)
	return all
}
