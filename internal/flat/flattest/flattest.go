// Package flattest writes an annual report of any size, for tests and measurements of what is read from one.
package flattest

import (
	"fmt"
	"strings"
)

// Items is how many items an annual report has.
const Items = 23

// numbers are theirs.
var numbers = [Items]string{"1", "1A", "1B", "1C", "2", "3", "4", "5", "6", "7", "7A", "8", "9", "9A", "9B", "9C", "10", "11", "12", "13", "14", "15", "16"}

const (
	head = `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><head><title>report</title></head><body>` +
		`<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric name="dei:DocumentType">10-K</ix:nonNumeric></ix:hidden></ix:header></div>`
	heading = `<div style="margin-top:12pt"><span style="color:#000000;font-family:'Arial',sans-serif;font-size:10pt;font-weight:700;line-height:120%%">Item %s.&#160;&#160;Heading of the item</span></div>`
	words   = `<div style="margin-bottom:8pt;text-align:justify"><span style="color:#000000;font-family:'Arial',sans-serif;font-size:10pt;font-weight:400;line-height:120%">` +
		`We make pumps &#8220;for wells&#8221; and sell them in forty countries; what we earn there depends on the prices of grain, and those on the weather.</span></div>`
	table = `<table style="border-collapse:collapse;display:inline-table;vertical-align:top;width:100.000%"><tr><td style="width:1.0%"></td><td colspan="3" style="padding:2px 1pt;text-align:left;vertical-align:bottom">` +
		`<span style="color:#000000;font-family:'Arial',sans-serif">Sales of pumps</span></td><td style="border-top:1pt solid #000;padding:2px"><span>$</span></td>` +
		`<td style="text-align:right"><span><ix:nonFraction unitRef="usd" contextRef="c-1" decimals="-6" name="us-gaap:Revenues" format="ixt:num-dot-decimal" scale="6" id="f-1">1,234</ix:nonFraction></span></td></tr></table>`
)

// AnnualReport is a 10-K of our own writing with about as many bytes, laid out as filers' programs do today: a span with a
// style around each phrase, and a third of it tables.
func AnnualReport(size int) []byte {
	var b strings.Builder
	b.WriteString(head)
	for i, n := range numbers {
		fmt.Fprintf(&b, heading, n)
		for b.Len() < size*(i+1)/len(numbers) {
			b.WriteString(words)
			b.WriteString(table)
		}
	}
	b.WriteString(`<div>SIGNATURES</div></body></html>`)
	return []byte(b.String())
}
