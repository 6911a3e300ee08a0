package typeset

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
	sheet    Sheet
	look     int
	inline   bool
	contexts map[string]string // of facts, by their period
	facts    int
	number   int      // of the page
	blocks   int      // on the page
	running  string   // the item
	part     string   // of the form
	numbered bool     // it has items enough for a table of contents
	turned   bool     // nothing is on the page so far
	crossed  bool     // the report has an index instead of items
	pages    [][2]int // on which each part begins and ends
}

// The looks that do something of their own.
const (
	lookTable   = 1 // headings and the table of contents in table cells
	Named       = 2 // entities with names, upper case; this is no XML
	lookDash    = 3 // ITEM 1A – RISK FACTORS, and "(continued)" on top of pages
	lookSplit   = 4 // headings cut into pieces
	lookTwo     = 5 // number and title one below the other, no dot
	lookWindows = 6 // bytes of windows-1252
)

// Page is the document as EDGAR has it.
func (s Sheet) Page() []byte {
	var p *page
	var body []byte
	pages := make([][2]int, len(s.Parts))
	for range 2 { // the first time tells on which pages the parts are
		p = &page{sheet: s, look: s.Of.Look, contexts: map[string]string{}, inline: s.Inline, crossed: s.Crossed, number: 1, pages: pages}
		body = p.write()
	}
	p.out.Reset()
	p.head()
	p.out.Write(body)
	p.out.WriteString("</body></html>\n")
	return p.out.Bytes()
}

// head is what comes before the first thing to read. The contexts are known only after all was written.
func (p *page) head() {
	title := strings.TrimSuffix(p.sheet.Name, ".htm")
	if !p.inline {
		fmt.Fprintf(&p.out, "<html><head><title>%s</title></head><body>", title)
		return
	}
	encoding := "ASCII"
	if p.look == lookWindows {
		encoding = "windows-1252"
	}
	if p.look != Named { // its entities would be none in XML
		fmt.Fprintf(&p.out, "<?xml version='1.0' encoding='%s'?>\n", encoding)
	}
	p.out.WriteString("<!-- Written by the simulator; every figure in it is made up -->\n")
	fmt.Fprintf(&p.out, `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:ixt="http://www.xbrl.org/inlineXBRL/transformation/2020-02-12" xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:dei="http://xbrl.sec.gov/dei/%[1]d" xmlns:us-gaap="http://fasb.org/us-gaap/%[1]d" xmlns:link="http://www.xbrl.org/2003/linkbase" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" xml:lang="en-US"><head><meta http-equiv="Content-Type" content="text/html"/>`, p.sheet.Filed.Year)
	fmt.Fprintf(&p.out, "\n\n\n<title>%s</title></head><body>", title)
	fmt.Fprintf(&p.out, `<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric contextRef="c-0" name="dei:EntityCentralIndexKey" id="h-1">%010d</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:AmendmentFlag" id="h-2">%t</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:DocumentFiscalYearFocus" id="h-3">%d</ix:nonNumeric><ix:nonNumeric contextRef="c-0" name="dei:DocumentFiscalPeriodFocus" id="h-4">%s</ix:nonNumeric></ix:hidden>`,
		p.sheet.Of.CIK, strings.HasSuffix(p.sheet.Form, "/A"), p.sheet.FiscalYear, p.sheet.FiscalPeriod)
	fmt.Fprintf(&p.out, `<ix:references xml:lang="en-US"><link:schemaRef xlink:type="simple" xlink:href="%s.xsd"/></ix:references><ix:resources>`, title)
	fmt.Fprintf(&p.out, `<xbrli:unit id="money"><xbrli:measure>iso4217:%[1]s</xbrli:measure></xbrli:unit><xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit><xbrli:unit id="moneyPerShare"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:%[1]s</xbrli:measure></xbrli:unitNumerator><xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>`, p.sheet.Of.Currency())
	for i := range len(p.contexts) {
		for period, id := range p.contexts {
			if id == fmt.Sprintf("c-%d", i) {
				fmt.Fprintf(&p.out, `<xbrli:context id="%s"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">%010d</xbrli:identifier></xbrli:entity><xbrli:period>%s</xbrli:period></xbrli:context>`, id, p.sheet.Of.CIK, period)
			}
		}
	}
	p.out.WriteString(`</ix:resources></ix:header></div>`)
}

// write is everything after the header.
func (p *page) write() []byte {
	p.context(fmt.Sprintf("<xbrli:startDate>%s</xbrli:startDate><xbrli:endDate>%s</xbrli:endDate>", p.sheet.Period.AddDays(-90), p.sheet.Period))
	if p.sheet.Exhibit != "" {
		p.para("Exhibit "+p.sheet.Exhibit, "text-align:right;font-weight:700")
	}
	for _, b := range p.sheet.Cover {
		p.para(b.Text, map[bool]string{true: "text-align:center;font-weight:700", false: "text-align:justify"}[b.Heading])
	}
	parts := p.sheet.Parts
	p.numbered = len(parts) > 4
	if p.numbered {
		p.contents(parts)
	}
	for i, one := range parts {
		if p.crossed && one.IsNothing() {
			continue // the index says so
		}
		p.begin(i, one)
		for _, b := range one.Body {
			p.block(b)
		}
		if p.pages[i][1] = p.number; p.turned {
			p.pages[i][1]-- // there is nothing on it yet
		}
	}
	if p.crossed {
		p.crossReference(parts)
	}
	p.running = ""
	for _, b := range p.sheet.Signature {
		p.para(b.Text, map[bool]string{true: "text-align:center;font-weight:700", false: "text-align:left"}[b.Heading])
	}
	return bytes.Clone(p.out.Bytes())
}

// begin writes the heading of a part of the document, on a new page where a part of the form begins.
func (p *page) begin(i int, one Part) {
	next := one.partOf(p.sheet.Form)
	opens := p.numbered && !p.crossed && next != p.part
	if opens || p.crossed {
		p.feed()
	}
	p.top(false)
	if opens {
		p.part = next
		p.para(next, "text-align:center;font-weight:700")
	}
	if p.numbered {
		fmt.Fprintf(&p.out, `<div id="s%d"></div>`, i)
	}
	p.pages[i][0] = p.number
	p.running = one.Item()
	switch {
	case !one.Plain && !p.crossed:
		p.heading(one.Item(), one.Title)
	case one.Title != "":
		p.para(one.Title, "font-weight:700;font-size:13pt")
	}
}

// block writes a paragraph, a heading within the item or a table, and turns the page when it is full.
func (p *page) block(b Block) {
	p.top(true)
	switch {
	case b.Table != nil:
		p.table(b.Table)
		p.blocks += 3
	case b.Heading:
		p.para(b.Text, "font-weight:700;font-style:italic")
	default:
		p.para(b.Text, "text-align:justify")
	}
	if p.blocks++; p.blocks >= 12 {
		p.feed()
	}
}

// feed ends the page with its number.
func (p *page) feed() {
	if p.blocks == 0 && p.turned {
		return // there is nothing on it
	}
	p.blocks = 0
	fmt.Fprintf(&p.out, `<div style="text-align:center"><span style="font-size:8pt">%s</span></div><hr style="page-break-after:always"/>`,
		p.text(map[bool]string{true: fmt.Sprintf("%s | %d Form %s | %d", p.sheet.Of.Short, p.sheet.FiscalYear, p.sheet.Form, p.number), false: fmt.Sprint(p.number)}[p.look == 0]))
	p.number++
	p.turned = true
}

// top is what a page has above what it says: which item goes on there, or a link to the table of contents.
func (p *page) top(goesOn bool) {
	if !p.turned || p.sheet.Form == "8-K" {
		return
	}
	p.turned = false
	continues := p.look == lookDash || p.look == lookTwo
	switch {
	case p.crossed: // it has no items to name, and no table of contents
	case continues && goesOn:
		p.para("Item "+p.running+". (continued)", "font-style:italic")
	case !continues:
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
	case Named:
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
	if p.look == Named {
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
	for _, r := range Escaped(Curly(text)) {
		switch {
		case r < 128:
			out.WriteRune(r)
		case p.look == lookWindows && windows[r] != 0:
			out.WriteByte(windows[r])
		case p.look == Named && names[r] != "":
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

// Escaped is a text in markup. Apostrophes and quotes may stay as they are there.
func Escaped(text string) string {
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`).Replace(html.EscapeString(text))
}
