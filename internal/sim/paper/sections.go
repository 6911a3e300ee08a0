package paper

import (
	"strconv"
	"strings"
)

// Section is an item of a filing.
type Section struct {
	Key   string // as the form counts it: "1A" of a 10-K, "I.2" and "II.1A" of a 10-Q, "2.02" of an 8-K, "16A" of a 20-F
	Title string // as the heading has it, in title case
	body  []block
}

// block is a paragraph, a heading within the item, or a table.
type block struct {
	text    string
	heading bool
	table   *table
}

// Item is the section's number alone: "1A" of "II.1A".
func (s Section) Item() string {
	if _, item, ok := strings.Cut(s.Key, "."); ok && strings.HasPrefix(s.Key, "I") {
		return item
	}
	return s.Key
}

// Paragraphs are what the section says, without heading and tables, with typographic quotes and plain spaces.
func (s Section) Paragraphs() []string {
	var list []string
	for _, b := range s.body {
		if b.table == nil {
			list = append(list, curly(b.text))
		}
	}
	return list
}

// Figures are the section's tables: each row's label with its cells.
func (s Section) Figures() [][]string {
	var list [][]string
	for _, b := range s.body {
		if b.table == nil {
			continue
		}
		for _, r := range b.table.rows {
			cells := []string{curly(r.label)}
			for _, one := range r.cells {
				cells = append(cells, one.text)
			}
			list = append(list, cells)
		}
	}
	return list
}

// curly makes quotes and apostrophes those of printers.
func curly(text string) string {
	if !strings.ContainsAny(text, `'"`) {
		return text
	}
	var out strings.Builder
	before := ' '
	for _, r := range text {
		switch opens := before == ' ' || before == '(' || before == '“'; {
		case r == '\'':
			r = '’'
		case r == '"' && opens:
			r = '“'
		case r == '"':
			r = '”'
		}
		out.WriteRune(r)
		before = r
	}
	return out.String()
}

// say makes blocks of texts. "* " before one makes it a heading; "@2024 " keeps it, and under a heading all up to the
// next one, out of what is filed before that year.
func (c *Company) say(f *Filing, texts ...string) []block {
	var blocks []block
	tooSoon := false
	for _, text := range texts {
		text, heading := strings.CutPrefix(text, "* ")
		text, since := dated(text)
		if heading {
			tooSoon = f.Filed.Year < since
		}
		if !tooSoon && f.Filed.Year >= since {
			blocks = append(blocks, block{text: c.fill(f, text), heading: heading})
		}
	}
	return blocks
}

// dated is a text and the year since which it may be said, 0 for any.
func dated(text string) (string, int) {
	if !strings.HasPrefix(text, "@") {
		return text, 0
	}
	year, text, _ := strings.Cut(text[1:], " ")
	since, err := strconv.Atoi(year)
	if err != nil {
		panic("paper: no year: " + year) // in a file of words
	}
	return text, since
}

// Sections are the items of the filing's primary document in their order, as they truly are; none for forms without any.
func (c *Company) Sections(f *Filing) []Section {
	switch {
	case f.Filed.Year < 2001:
		return c.oldQuarterly(f)
	case f.Form == "10-K":
		return c.annualItems(f)
	case f.Form == "10-K/A":
		return c.partThree(f)
	case f.Form == "10-Q":
		return c.quarterlyItems(f)
	case f.Form == "20-F":
		return c.foreignItems(f)
	case f.Form == "8-K":
		return c.currentItems(f)
	}
	return nil
}
