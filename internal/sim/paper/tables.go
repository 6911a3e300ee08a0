package paper

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
func (p *page) table(t *table) {
	p.para(t.unit, "font-size:8pt")
	p.out.WriteString(`<table style="border-collapse:collapse;width:100%"><tr><td style="width:1.0%"/><td style="width:52%"/></tr><tr><td colspan="3"/>`)
	for _, head := range t.columns {
		fmt.Fprintf(&p.out, `<td colspan="3" style="border-bottom:1pt solid #000000;text-align:center"><span style="font-weight:700">%s</span></td><td colspan="3"/>`, p.text(head))
	}
	p.out.WriteString("</tr>")
	for i, r := range t.rows {
		color := map[bool]string{true: "#cceeff", false: "#ffffff"}[i%2 == 0]
		fmt.Fprintf(&p.out, `<tr><td colspan="3" style="background-color:%s;text-align:left"><span>%s</span></td>`, color, p.text(r.label))
		for _, one := range r.cells {
			p.cell(one, color, i == 0 || r.total)
		}
		p.out.WriteString("</tr>")
	}
	p.out.WriteString("</table>")
}

// cell is a figure in three cells, and the gap after it.
func (p *page) cell(one cell, color string, signed bool) {
	sign, closing := "", ""
	if signed && (one.fact == nil || one.fact.Unit != "shares") {
		sign = p.text(map[bool]string{true: "€", false: "$"}[p.c.Foreign()])
	}
	text, loss := strings.CutPrefix(one.text, "(")
	text = strings.TrimSuffix(text, ")")
	value := text
	if p.inline && one.fact != nil {
		value = p.tagged(*one.fact, text)
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
func (p *page) contents(parts []part) {
	p.feed()
	p.out.WriteString(`<div id="toc"></div>`)
	p.para("TABLE OF CONTENTS", "text-align:center;font-weight:700")
	p.out.WriteString(`<table style="width:100%"><tr><td/><td/><td><span>Page</span></td></tr>`)
	part := ""
	for i, one := range parts {
		if next := one.partOf(p.f.Form); next != part {
			part = next
			fmt.Fprintf(&p.out, `<tr><td colspan="3"><span>%s</span></td></tr>`, part)
		}
		title := one.Title
		if p.look == lookWindows || p.look == lookNamed {
			title = strings.ToUpper(title)
		}
		fmt.Fprintf(&p.out, `<tr><td><a href="#s%[1]d">Item %[2]s.</a></td><td><a href="#s%[1]d">%[3]s</a></td><td><a href="#s%[1]d">%[4]d</a></td></tr>`, i, p.text(one.Item()), p.text(title), 1+i*2)
	}
	p.out.WriteString("</table>")
	p.feed()
}

// crossReference is the index by which a report without items says where each one is.
func (p *page) crossReference(parts []part) {
	p.feed()
	p.para("FORM 10-K CROSS-REFERENCE INDEX", "text-align:center;font-weight:700")
	p.out.WriteString(`<table style="width:100%"><tr><td><span>Item Number</span></td><td/><td><span>Page(s)</span></td></tr>`)
	for i, one := range parts {
		fmt.Fprintf(&p.out, `<tr><td><span>Item %s.</span></td><td><a href="#s%d">%s</a></td><td><span>%d-%d</span></td></tr>`, p.text(one.Item()), i, p.text(one.Title), 2+i*2, 3+i*2)
	}
	p.out.WriteString("</table>")
}

// cover is the first page.
func (p *page) cover() {
	c, f := p.c, p.f
	center := "text-align:center;font-weight:700"
	p.para("UNITED STATES", center)
	p.para("SECURITIES AND EXCHANGE COMMISSION", center)
	p.para("Washington, D.C. 20549", center)
	p.para("FORM "+f.Form, center)
	switch f.Form {
	case "10-K", "10-K/A", "20-F":
		p.para("☒ ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934 For the fiscal year ended "+long(f.Period), center)
	case "10-Q":
		p.para("☒ QUARTERLY REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934 For the quarterly period ended "+long(f.Period), center)
	case "8-K":
		p.para("CURRENT REPORT Pursuant to Section 13 OR 15(d) of The Securities Exchange Act of 1934", center)
		p.para(long(f.Period)+" Date of Report (Date of earliest event reported)", center)
	case "6-K":
		p.para("REPORT OF FOREIGN PRIVATE ISSUER For the month of "+clock(f.Filed).Format("January 2006"), center)
	}
	p.para("Commission File Number: "+c.FileNumber, center)
	p.para(c.Name, center+";font-size:20pt")
	p.para(fmt.Sprintf("%s, %s %s", c.Street, c.City, c.Zip), "text-align:center")
	if f.hasStatements() {
		day := f.Filed.AddDays(-6)
		p.para(fmt.Sprintf("%s shares of common stock were issued and outstanding as of %s.", grouped(fmt.Sprint(c.basic(day))), long(day)), "text-align:justify")
	}
	if f.Form == "10-K/A" {
		p.para("EXPLANATORY NOTE: This Amendment No. 1 is filed to include the information required by Part III of Form 10-K, because the definitive proxy statement will not be filed in time. Nothing else in the report is changed.", "text-align:justify")
	}
}

func (p *page) signature() {
	p.running = ""
	p.para("SIGNATURE", "text-align:center;font-weight:700")
	p.para("Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has duly caused this report to be signed on its behalf by the undersigned, thereunto duly authorized.", "text-align:justify")
	p.para(fmt.Sprintf("Date: %s By: /s/ %s", long(p.f.Filed), p.c.chief()), "text-align:left")
}
