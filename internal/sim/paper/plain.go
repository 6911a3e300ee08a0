package paper

import (
	"fmt"
	"strings"
)

// width is that of a line in the plain text of old.
const width = 78

// asPlain is a document as they were before there was HTML: columns of characters, page marks and ruled tables.
func (c *Company) asPlain(f *Filing) []byte {
	var out strings.Builder
	center := func(text string) {
		fmt.Fprintf(&out, "%s%s\n", strings.Repeat(" ", max(0, (width-len(text))/2)), text)
	}
	out.WriteString("<PAGE>\n\n")
	for _, line := range []string{"UNITED STATES", "SECURITIES AND EXCHANGE COMMISSION", "WASHINGTON, D.C. 20549", "-----------", "FORM " + f.Form, "-----------",
		"For the quarterly period ended " + long(f.Period), c.Former, "(EXACT NAME OF REGISTRANT AS SPECIFIED IN ITS CHARTER)"} {
		center(line)
		out.WriteString("\n")
	}
	part := ""
	for i, s := range c.Sections(f) {
		if next := s.partOf(f.Form); next != part {
			part = next
			fmt.Fprintf(&out, "<PAGE>\n\n")
			center(part)
			out.WriteString("\n")
		}
		number := fmt.Sprintf("Item %s.   ", s.Item())
		out.WriteString(number)
		writeWrapped(&out, strings.ToUpper(s.Title), len(number))
		for _, b := range s.body {
			if b.table != nil {
				writeTable(&out, b.table)
				continue
			}
			writeWrapped(&out, b.text, 0)
		}
		fmt.Fprintf(&out, "%s\n\n", strings.Repeat(" ", width/2)+fmt.Sprint(i+2))
	}
	center("SIGNATURES")
	writeWrapped(&out, "Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has duly caused this report to be signed on its behalf by the undersigned thereunto duly authorized.", 0)
	return []byte(out.String())
}

// writeWrapped breaks a text into lines. The first begins where the caller is; the others are indented as far.
func writeWrapped(out *strings.Builder, text string, indent int) {
	length := indent
	for word := range strings.FieldsSeq(text) {
		if length > indent && length+1+len(word) > width {
			out.WriteString("\n" + strings.Repeat(" ", indent))
			length = indent
		}
		if length > indent {
			out.WriteString(" ")
			length++
		}
		out.WriteString(word)
		length += len(word)
	}
	out.WriteString("\n\n")
}

func writeTable(out *strings.Builder, t *table) {
	fmt.Fprintf(out, "%s\n%s\n\n<TABLE>\n<CAPTION>\n%40s", t.title, t.unit, "")
	for _, head := range t.columns {
		fmt.Fprintf(out, "%18s", head)
	}
	fmt.Fprintf(out, "\n%40s%18s%18s\n<S>%37s<C>%15s<C>\n", "", "-------------", "-------------", "", "")
	for _, r := range t.rows {
		fmt.Fprintf(out, "%s%s", r.label, strings.Repeat(".", max(0, 40-len(r.label))))
		for _, one := range r.cells {
			fmt.Fprintf(out, "%18s", "$ "+one.text)
		}
		out.WriteString("\n")
	}
	out.WriteString("</TABLE>\n\n")
}
