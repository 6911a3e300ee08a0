package paper

import (
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// say makes blocks of texts. "* " before one makes it a heading; "@2024 " keeps it, and under a heading all up to the
// next one, out of what is filed before that year.
func (c *Company) say(f *Filing, texts ...string) []typeset.Block {
	var blocks []typeset.Block
	tooSoon := false
	for _, text := range texts {
		text, heading := strings.CutPrefix(text, "* ")
		text, since := dated(text)
		if heading {
			tooSoon = f.Filed.Year < since
		}
		if !tooSoon && f.Filed.Year >= since {
			blocks = append(blocks, typeset.Block{Text: c.fill(f, text), Heading: heading})
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
func (c *Company) Sections(f *Filing) []typeset.Section {
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

// section is an item of a form.
func section(key, title string, body []typeset.Block) typeset.Section {
	return typeset.Section{Key: key, Title: title, Body: body}
}
