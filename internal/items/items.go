// Package items finds the items of a 10-K, 10-Q, 8-K or 20-F in its flat text.
package items

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/forms"
)

// Item is one item of a filing. Offsets are bytes into the flat text; the heading belongs to the item.
type Item struct {
	// Key is how the form counts it: "1A" of a 10-K, "I.2" and "II.1A" of a 10-Q, "2.02" of an 8-K (or "5", before August
	// 2004), "16A" of a 20-F.
	Key string
	// Also are the other items under the same heading, as in "Items 1 and 2. Business and Properties".
	Also []string
	// Title is the heading as the filer wrote it, without the number.
	Title      string
	Start, End int
	// Status and Reference tell of an item that is no more than a reference, or nothing.
	Status    Status
	Reference string
}

// Find finds the items of a form in the order of the text, apart from each other. A form that has no items, or a filing
// in which none can be told, gives none.
func Find(form string, doc flat.Document) []Item {
	f := forms.Of(form)
	if f == nil {
		return nil
	}
	p := newPage(f, doc)
	all := p.items(p.choose())
	if p.isIndexed(all) {
		all = p.indexed()
	}
	for i := range all {
		it := &all[i]
		it.Status, it.Reference = status(doc.Text[it.Start:it.End], it.Title)
	}
	return all
}

// Named is the item with the key, be it alone or under a common heading.
func Named(all []Item, key string) (Item, bool) {
	i := slices.IndexFunc(all, func(it Item) bool { return it.Key == key || slices.Contains(it.Also, key) })
	if i < 0 {
		return Item{}, false
	}
	return all[i], true
}

// page is a document on its way to items.
type page struct {
	form     *forms.Form
	doc      flat.Document
	lines    []line
	headings []heading
	byItem   map[int][]int // headings by the item they most likely begin
	parts    []part
	titled   []int          // where lines are that say Signatures
	signings []int          // where the sentence above signatures begins
	feet     map[string]int // how often lines stand there that may be the foot of a page
}

// isIndexed tells whether the filing lists items that its body does not have.
func (p *page) isIndexed(found []Item) bool {
	listed := map[int]bool{}
	for _, i := range p.rows() {
		listed[p.headings[i].likely()] = true
	}
	return len(listed) >= 4 && 3*len(found) < len(listed)
}

// maxLines is several times what the longest filing has.
const maxLines = 500_000

// line is one of the text, without its newline and without blanks around it.
type line struct{ start, end int }

func (p *page) text(l line) string { return p.doc.Text[l.start:l.end] }

func newPage(f *forms.Form, doc flat.Document) *page {
	p := &page{form: f, doc: doc, byItem: map[int][]int{}}
	for start := 0; start < len(doc.Text) && len(p.lines) < maxLines; {
		end := strings.IndexByte(doc.Text[start:], '\n')
		if end < 0 {
			end = len(doc.Text) - start
		}
		body := strings.TrimRight(doc.Text[start:start+end], " \t")
		indent := len(body) - len(strings.TrimLeft(body, " \t"))
		if indent < len(body) {
			p.lines = append(p.lines, line{start + indent, start + len(body)})
		}
		start += end + 1
	}
	p.scan()
	p.findContents()
	p.findByContents()
	return p
}

// items makes items of the chosen headings: each ends where the next begins, the last at the signatures.
func (p *page) items(chosen []choice) []Item {
	taken := map[string]bool{}
	for _, c := range chosen {
		taken[p.form.Items[c.item].Key] = true
	}
	var all []Item
	for i, c := range chosen {
		h := p.headings[c.heading]
		end := p.signed(h.start)
		if i+1 < len(chosen) {
			end = p.headings[chosen[i+1].heading].start
		}
		it := Item{Key: p.form.Items[c.item].Key, Title: p.titleOf(&h), Start: h.start, End: p.trim(h, end)}
		for _, key := range p.otherKeys(c.item, h.numbers) {
			if !taken[key] {
				taken[key] = true
				it.Also = append(it.Also, key)
			}
		}
		all = append(all, it)
	}
	return all
}
