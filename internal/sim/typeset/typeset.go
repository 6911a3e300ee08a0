// Package typeset sets documents as filers' programs do: the HTML with inline XBRL of today, and the plain text of old.
package typeset

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

// Section is an item of a filing.
type Section struct {
	Key   string // as the form counts it: "1A" of a 10-K, "I.2" and "II.1A" of a 10-Q, "2.02" of an 8-K, "16A" of a 20-F
	Title string // as the heading has it, in title case
	Body  []Block
}

// Block is a paragraph, a heading within the item, or a table.
type Block struct {
	Text    string
	Heading bool
	Table   *Table
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
	for _, b := range s.Body {
		if b.Table == nil {
			list = append(list, Curly(b.Text))
		}
	}
	return list
}

// Figures are the section's tables: each row's label with its cells.
func (s Section) Figures() [][]string {
	var list [][]string
	for _, b := range s.Body {
		if b.Table == nil {
			continue
		}
		for _, r := range b.Table.Rows {
			cells := []string{Curly(r.Label)}
			for _, one := range r.Cells {
				cells = append(cells, one.Text)
			}
			list = append(list, cells)
		}
	}
	return list
}

// Table is a statement, or another array of figures.
type Table struct {
	Title, Unit string
	Columns     []string
	Rows        []Row
}

// Row is one of a table; a total stands out.
type Row struct {
	Label string
	Cells []Cell
	Total bool
}

// Cell is a figure as it is shown, and the fact it is, if it is one.
type Cell struct {
	Text string
	Fact *Fact
}

// Sheet is a document to be set.
type Sheet struct {
	Of            *books.Company // who files it: its look is how it is set
	Form, Name    string         // the submission's form, the file's name
	Exhibit       string         // "99.1"; "" for the primary document
	Filed, Period calendar.Day
	FiscalYear    int
	FiscalPeriod  string
	Inline        bool // inline XBRL
	Crossed       bool // it has an index instead of items
	Cover         []Block
	Parts         []Part
	Signature     []Block
}

// Fact is a figure as a filing reports it. Start is the zero Day for one of a moment.
type Fact struct {
	Taxonomy, Tag, Unit string
	Start, End          calendar.Day
	Value               decimal.Decimal
}

// Part is a stretch of a document: an item with its heading, or something without.
type Part struct {
	Section
	Plain bool // no item: its title, if any, is a heading of its own
}

// Curly makes quotes and apostrophes those of printers.
func Curly(text string) string {
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

// IsNothing tells an item that has nothing to say.
func (s Section) IsNothing() bool {
	if len(s.Body) == 0 {
		return true
	}
	said := strings.TrimSuffix(s.Body[0].Text, ".")
	return len(s.Body) == 1 && (said == "None" || said == "Not applicable")
}

// partOf is the part of the form that the section stands in.
func (s Section) partOf(form string) string {
	order := []string{"1", "1A", "1B", "1C", "2", "3", "4"}
	switch {
	case form == "10-Q" && strings.HasPrefix(s.Key, "II."):
		return "PART II. OTHER INFORMATION"
	case form == "10-Q":
		return "PART I. FINANCIAL INFORMATION"
	case form != "10-K":
		return ""
	}
	for _, key := range order {
		if s.Key == key {
			return "PART I"
		}
	}
	switch s.Key {
	case "5", "6", "7", "7A", "8", "9", "9A", "9B", "9C":
		return "PART II"
	case "15", "16":
		return "PART IV"
	}
	return "PART III"
}
