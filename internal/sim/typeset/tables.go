package typeset

import (
	"fmt"
	"strings"
)

// context is the id of a period.
func (p *page) context(period string) string {
	id, ok := p.contexts[period]
	if !ok {
		id = fmt.Sprintf("c-%d", len(p.contexts))
		p.contexts[period] = id
	}
	return id
}

// table writes figures as reports do: the currency's sign and the parenthesis that closes a loss in cells of their own,
// an empty column between years.
func (p *page) table(t *Table) {
	p.para(t.Unit, "font-size:8pt")
	p.out.WriteString(`<table style="border-collapse:collapse;width:100%"><tr><td style="width:1.0%"/><td style="width:52%"/></tr><tr><td colspan="3"/>`)
	for _, head := range t.Columns {
		fmt.Fprintf(&p.out, `<td colspan="3" style="border-bottom:1pt solid #000000;text-align:center"><span style="font-weight:700">%s</span></td><td colspan="3"/>`, p.text(head))
	}
	p.out.WriteString("</tr>")
	for i, r := range t.Rows {
		color := map[bool]string{true: "#cceeff", false: "#ffffff"}[i%2 == 0]
		fmt.Fprintf(&p.out, `<tr><td colspan="3" style="background-color:%s;text-align:left"><span>%s</span></td>`, color, p.text(r.Label))
		for _, one := range r.Cells {
			p.cell(one, color, i == 0 || r.Total)
		}
		p.out.WriteString("</tr>")
	}
	p.out.WriteString("</table>")
}

// cell is a figure in three cells, and the gap after it.
func (p *page) cell(one Cell, color string, signed bool) {
	sign, closing := "", ""
	if signed && (one.Fact == nil || one.Fact.Unit != "shares") {
		sign = p.text(map[bool]string{true: "€", false: "$"}[p.sheet.Of.Foreign()])
	}
	text, loss := strings.CutPrefix(one.Text, "(")
	text = strings.TrimSuffix(text, ")")
	value := text
	if p.inline && one.Fact != nil {
		value = p.tagged(*one.Fact, text)
	}
	if loss {
		value, closing = "("+value, ")"
	}
	cell := `<td style="background-color:` + color + `;text-align:right">`
	fmt.Fprintf(&p.out, `%s<span>%s</span></td>%s<span>%s%s</span></td>%s<span>%s</span></td><td colspan="3" style="background-color:%s"/>`, cell, sign, cell, value, p.space(), cell, closing, color)
}

// tagged is a figure as inline XBRL marks it.
func (p *page) tagged(f Fact, text string) string {
	period := fmt.Sprintf("<xbrli:instant>%s</xbrli:instant>", f.End)
	if f.Start.Year != 0 {
		period = fmt.Sprintf("<xbrli:startDate>%s</xbrli:startDate><xbrli:endDate>%s</xbrli:endDate>", f.Start, f.End)
	}
	scale, unit, sign := 6, "money", ""
	switch {
	case f.Unit == "shares":
		scale, unit = 3, "shares"
	case strings.HasSuffix(f.Unit, "/shares"):
		scale, unit = 0, "moneyPerShare"
	}
	if f.Value.IsNegative() {
		sign = ` sign="-"`
	}
	p.facts++
	return fmt.Sprintf(`<ix:nonFraction unitRef="%s" contextRef="%s" decimals="-%d" name="%s:%s" format="ixt:num-dot-decimal" scale="%d"%s id="f-%d">%s</ix:nonFraction>`,
		unit, p.context(period), scale, f.Taxonomy, f.Tag, scale, sign, p.facts, text)
}

// contents is the table of contents, which links to every heading.
func (p *page) contents(parts []Part) {
	p.feed()
	p.turned = false
	p.out.WriteString(`<div id="toc"></div>`)
	p.para("TABLE OF CONTENTS", "text-align:center;font-weight:700")
	p.out.WriteString(`<table style="width:100%"><tr><td/><td/><td><span>Page</span></td></tr>`)
	part := ""
	for i, one := range parts {
		if p.crossed { // these are the company's own
			if !one.IsNothing() {
				fmt.Fprintf(&p.out, `<tr><td><a href="#s%[1]d">%[2]s</a></td><td/><td><a href="#s%[1]d">%[3]d</a></td></tr>`, i, p.text(one.Title), p.pages[i][0])
			}
			continue
		}
		if next := one.partOf(p.sheet.Form); next != part {
			part = next
			fmt.Fprintf(&p.out, `<tr><td colspan="3"><span>%s</span></td></tr>`, part)
		}
		title := one.Title
		if p.look == lookWindows || p.look == Named {
			title = strings.ToUpper(title)
		}
		fmt.Fprintf(&p.out, `<tr><td><a href="#s%[1]d">Item %[2]s.</a></td><td><a href="#s%[1]d">%[3]s</a></td><td><a href="#s%[1]d">%[4]d</a></td></tr>`, i, p.text(one.Item()), p.text(title), p.pages[i][0])
	}
	p.out.WriteString("</table>")
	p.feed()
}

// crossReference is the index by which a report without items says where each one is.
func (p *page) crossReference(parts []Part) {
	p.feed()
	p.turned = false
	p.para("FORM 10-K CROSS-REFERENCE INDEX", "text-align:center;font-weight:700")
	p.out.WriteString(`<table style="width:100%"><tr><td><span>Item Number</span></td><td/><td><span>Page(s)</span></td></tr>`)
	for i, one := range parts {
		title, where := fmt.Sprintf(`<a href="#s%d">%s</a>`, i, p.text(one.Title)), fmt.Sprintf("%d-%d", p.pages[i][0], p.pages[i][1])
		switch {
		case one.IsNothing() && len(one.Body) == 0:
			title, where = p.text(one.Title), "Not applicable"
		case one.IsNothing():
			title, where = p.text(one.Title), one.Body[0].Text
		case p.pages[i][0] == p.pages[i][1]:
			where = fmt.Sprint(p.pages[i][0])
		}
		fmt.Fprintf(&p.out, `<tr><td><span>Item %s.</span></td><td><span>%s</span></td><td><span>%s</span></td></tr>`, p.text(one.Item()), title, where)
	}
	p.out.WriteString("</table>")
}
