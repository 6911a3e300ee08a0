package typeset

import (
	"fmt"
	"strings"
)

// width is that of a line in the plain text of old.
const width = 78

// Plain is the document as they were before there was HTML: columns of characters, page marks and ruled tables.
func (s Sheet) Plain() []byte {
	var out strings.Builder
	center := func(text string) {
		fmt.Fprintf(&out, "%s%s\n", strings.Repeat(" ", max(0, (width-len(text))/2)), text)
	}
	out.WriteString("<PAGE>\n\n")
	for _, b := range s.Cover {
		center(b.Text)
		out.WriteString("\n")
	}
	part := ""
	for i, one := range s.Parts {
		if next := one.partOf(s.Form); next != part {
			part = next
			fmt.Fprintf(&out, "<PAGE>\n\n")
			center(part)
			out.WriteString("\n")
		}
		number := fmt.Sprintf("Item %s.   ", one.Item())
		out.WriteString(number)
		writeWrapped(&out, strings.ToUpper(one.Title), len(number))
		for _, b := range one.Body {
			if b.Table != nil {
				writeTable(&out, b.Table)
				continue
			}
			writeWrapped(&out, b.Text, 0)
		}
		fmt.Fprintf(&out, "%s\n\n", strings.Repeat(" ", width/2)+fmt.Sprint(i+2))
	}
	for _, b := range s.Signature {
		writeWrapped(&out, b.Text, 0)
	}
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

func writeTable(out *strings.Builder, t *Table) {
	fmt.Fprintf(out, "%s\n%s\n\n<TABLE>\n<CAPTION>\n%40s", t.Title, t.Unit, "")
	for _, head := range t.Columns {
		fmt.Fprintf(out, "%18s", head)
	}
	fmt.Fprintf(out, "\n%40s%18s%18s\n<S>%37s<C>%15s<C>\n", "", "-------------", "-------------", "", "")
	for _, r := range t.Rows {
		fmt.Fprintf(out, "%s%s", r.Label, strings.Repeat(".", max(0, 40-len(r.Label))))
		for _, one := range r.Cells {
			fmt.Fprintf(out, "%18s", "$ "+one.Text)
		}
		out.WriteString("\n")
	}
	out.WriteString("</TABLE>\n\n")
}

// Grouped puts commas into digits.
func Grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
