package paper

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// page writes a document as the filers' programs do: a flood of spans, headings in pieces, and on every page a number
// and a link back to the table of contents. How, differs by the company's look.
type page struct {
	out      bytes.Buffer
	c        *Company
	f        *Filing
	look     int
	inline   bool
	contexts map[string]string // of facts, by their period
	facts    int
	number   int // of the page
	blocks   int // on the page
	running  string
}

// The looks that do something of their own.
const (
	lookTable   = 1 // headings and the table of contents in table cells
	lookNamed   = 2 // entities with names, upper case
	lookDash    = 3 // ITEM 1A – RISK FACTORS, and "(continued)" on top of pages
	lookSplit   = 4 // headings cut into pieces
	lookTwo     = 5 // number and title one below the other, no dot
	lookWindows = 6 // bytes of windows-1252
)

// asPage is the document as EDGAR has it.
func (c *Company) asPage(f *Filing, document int) []byte {
	p := &page{c: c, f: f, look: c.look, contexts: map[string]string{}, inline: f.Inline() && document == 0, number: 1}
	parts := c.parts(f, document)
	body := p.write(parts, document)
	p.out.Reset()
	p.head(f.Documents[document])
	p.out.Write(body)
	p.out.WriteString("</body></html>\n")
	return p.out.Bytes()
}

// head is what comes before the first thing to read. The contexts are known only after all was written.
func (p *page) head(d Document) {
	title := strings.TrimSuffix(d.Name, ".htm")
	if !p.inline {
		fmt.Fprintf(&p.out, "<html><head><title>%s</title></head><body>", title)
		return
	}
	encoding := "ASCII"
	if p.look == lookWindows {
		encoding = "windows-1252"
	}
	if p.look != lookNamed { // its entities would be none in XML
		fmt.Fprintf(&p.out, "<?xml version='1.0' encoding='%s'?>\n", encoding)
	}
	p.out.WriteString("<!-- Written by the simulator; every figure in it is made up -->\n")
	fmt.Fprintf(&p.out, `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:ixt="http://www.xbrl.org/inlineXBRL/transformation/2020-02-12" xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:dei="http://xbrl.sec.gov/dei/%[1]d" xmlns:us-gaap="http://fasb.org/us-gaap/%[1]d" xmlns:link="http://www.xbrl.org/2003/linkbase" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" xml:lang="en-US"><head><meta http-equiv="Content-Type" content="text/html"/>`, p.f.Filed.Year)
	fmt.Fprintf(&p.out, "\n\n\n<title>%s</title></head><body>", title)
	fmt.Fprintf(&p.out, `<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric contextRef="c-0" name="dei:EntityCentralIndexKey" id="h-1">%010d</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:AmendmentFlag" id="h-2">%t</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:DocumentFiscalYearFocus" id="h-3">%d</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:DocumentFiscalPeriodFocus" id="h-4">%s</ix:nonNumeric></ix:hidden>`,
		p.c.CIK, strings.HasSuffix(p.f.Form, "/A"), p.f.FiscalYear, p.f.FiscalPeriod)
	fmt.Fprintf(&p.out, `<ix:references xml:lang="en-US"><link:schemaRef xlink:type="simple" xlink:href="%s.xsd"/></ix:references><ix:resources>`, title)
	fmt.Fprintf(&p.out, `<xbrli:unit id="money"><xbrli:measure>iso4217:%s</xbrli:measure></xbrli:unit><xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit>`, p.c.currency())
	for i := range len(p.contexts) {
		for period, id := range p.contexts {
			if id == fmt.Sprintf("c-%d", i) {
				fmt.Fprintf(&p.out, `<xbrli:context id="%s"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">%010d</xbrli:identifier></xbrli:entity><xbrli:period>%s</xbrli:period></xbrli:context>`, id, p.c.CIK, period)
			}
		}
	}
	p.out.WriteString(`</ix:resources></ix:header></div>`)
}

// write is everything after the header.
func (p *page) write(parts []part, document int) []byte {
	p.context(fmt.Sprintf("<xbrli:startDate>%s</xbrli:startDate><xbrli:endDate>%s</xbrli:endDate>", p.f.Period.AddDays(-90), p.f.Period))
	if document > 0 {
		p.para("Exhibit "+strings.TrimPrefix(p.f.Documents[document].Type, "EX-"), "text-align:right;font-weight:700")
	} else {
		p.cover()
	}
	numbered := len(parts) > 4
	crossed := p.c.role == crossIndex && p.f.Form == "10-K"
	if numbered && !crossed {
		p.contents(parts)
	}
	part := ""
	for i, one := range parts {
		if numbered {
			if next := one.partOf(p.f.Form); next != part && !crossed {
				part = next
				p.feed()
				p.para(part, "text-align:center;font-weight:700")
			}
			fmt.Fprintf(&p.out, `<div id="s%d"></div>`, i)
		}
		switch {
		case one.plain && one.Title != "", crossed && one.Title != "":
			p.para(one.Title, "font-weight:700;font-size:13pt")
		case !one.plain:
			p.heading(one.Item(), one.Title)
		}
		p.running = one.Item()
		for _, b := range one.body {
			p.block(b)
		}
	}
	if crossed {
		p.crossReference(parts)
	}
	if document == 0 {
		p.signature()
	}
	return bytes.Clone(p.out.Bytes())
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

// block writes a paragraph, a heading within the item or a table, and turns the page when it is full.
func (p *page) block(b block) {
	switch {
	case b.table != nil:
		p.table(b.table)
		p.blocks += 3
	case b.heading:
		p.para(b.text, "font-weight:700;font-style:italic")
	default:
		p.para(b.text, "text-align:justify")
	}
	if p.blocks++; p.blocks >= 12 {
		p.feed()
	}
}

// feed ends the page with its number, and begins the next with what every page has on top.
func (p *page) feed() {
	p.blocks = 0
	fmt.Fprintf(&p.out, `<div style="text-align:center"><span style="font-size:8pt">%s</span></div><hr style="page-break-after:always"/>`,
		p.text(map[bool]string{true: fmt.Sprintf("%s | %d Form %s | %d", p.c.Short, p.f.FiscalYear, p.f.Form, p.number), false: fmt.Sprint(p.number)}[p.look == 0]))
	p.number++
	switch {
	case p.running == "" || p.f.Form == "8-K":
	case p.look == lookDash || p.look == lookTwo:
		p.para("Item "+p.running+". (continued)", "font-style:italic")
	default:
		p.out.WriteString(`<div style="min-height:42.75pt;width:100%"><div><span style="font-size:8pt"><a href="#toc">Table of Contents</a></span></div></div>`)
	}
}

// heading is that of an item, put together from pieces as the company's program does it.
func (p *page) heading(item, title string) {
	upper := strings.ToUpper(title)
	bold := func(text string) string { return `<span style="font-weight:700">` + p.text(text) + `</span>` }
	space := p.space()
	switch p.look {
	case lookTable:
		fmt.Fprintf(&p.out, `<table style="width:100%%"><tr><td style="width:8%%;vertical-align:top">%s</td><td>%s</td></tr></table>`, bold("Item "+item+"."), bold(title))
	case lookNamed:
		fmt.Fprintf(&p.out, `<p style="margin-top:12pt"><b>ITEM%s%s.%s%s%s</b></p>`, space, item, space, space, p.text(upper))
	case lookDash:
		fmt.Fprintf(&p.out, `<div style="margin-top:12pt">%s%s%s</div>`, bold("ITEM "+item), bold(" – "), bold(upper))
	case lookSplit:
		fmt.Fprintf(&p.out, `<div style="margin-top:12pt">%s%s<span>%s</span>%s%s</div>`, bold("I"), bold("TEM "+item+"."), space, bold(upper[:1]), bold(upper[1:]))
	case lookTwo:
		fmt.Fprintf(&p.out, `<div style="margin-top:12pt">%s</div><div>%s</div>`, `<span style="font-weight:700">Item`+space+p.text(item)+`</span>`, bold(title))
	case lookWindows:
		fmt.Fprintf(&p.out, `<p style="margin-top:12pt">%s</p>`, bold("ITEM "+item+".  "+upper))
	default:
		fmt.Fprintf(&p.out, `<div style="margin-top:18pt;padding-left:45pt;text-indent:-45pt"><span style="font-weight:700">Item %s.%s%s</span></div>`, item, strings.Repeat(space, 4), p.text(title))
	}
}

// space is one that does not break, as the document writes it.
func (p *page) space() string {
	if p.look == lookNamed {
		return "&nbsp;"
	}
	return "&#160;"
}

func (p *page) para(text, style string) {
	fmt.Fprintf(&p.out, `<div style="margin-top:9pt;%s"><span style="color:#000000;font-family:'Helvetica',sans-serif;font-size:9pt;line-height:120%%">%s</span></div>`, style, p.text(text))
}

// text is a text with its quotes, in the characters the document is allowed.
func (p *page) text(text string) string {
	var out strings.Builder
	for _, r := range escaped(curly(text)) {
		switch {
		case r < 128:
			out.WriteRune(r)
		case p.look == lookWindows && windows[r] != 0:
			out.WriteByte(windows[r])
		case p.look == lookNamed && names[r] != "":
			out.WriteString("&" + names[r] + ";")
		default:
			fmt.Fprintf(&out, "&#%d;", r)
		}
	}
	return out.String()
}

var (
	windows = map[rune]byte{'’': 0x92, '“': 0x93, '”': 0x94, '–': 0x96, '—': 0x97, '•': 0x95}
	names   = map[rune]string{'’': "rsquo", '“': "ldquo", '”': "rdquo", '–': "ndash", '—': "mdash"}
)

// escaped is a text in markup. Apostrophes and quotes may stay as they are there.
func escaped(text string) string {
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`).Replace(html.EscapeString(text))
}
