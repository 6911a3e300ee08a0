package paper

import (
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// sheet is a document of the filing, ready to be set.
func (c *Company) sheet(f *Filing, document int) typeset.Sheet {
	d := f.Documents[document]
	s := typeset.Sheet{
		Of: c.Company, Form: f.Form, Name: d.Name, Filed: f.Filed, Period: f.Period, FiscalYear: f.FiscalYear, FiscalPeriod: f.FiscalPeriod,
		Parts: c.parts(f, document),
	}
	if document > 0 {
		s.Exhibit = strings.TrimPrefix(d.Type, "EX-")
		return s
	}
	s.Inline, s.Crossed = f.Inline(), c.Role == books.CrossIndex && f.Form == "10-K"
	s.Cover, s.Signature = c.cover(f), c.signature(f)
	return s
}

// madeUp stands on every first page, since some of the companies' names are those of real ones.
const madeUp = "This report is make-believe: what it says of anybody is made up."

// cover is the first page.
func (c *Company) cover(f *Filing) []typeset.Block {
	lines := []string{"UNITED STATES", "SECURITIES AND EXCHANGE COMMISSION", "Washington, D.C. 20549", "FORM " + f.Form}
	switch f.Form {
	case "10-K", "10-K/A", "20-F":
		lines = append(lines, "☒ ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934 For the fiscal year ended "+long(f.Period))
	case "10-Q":
		lines = append(lines, "☒ QUARTERLY REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934 For the quarterly period ended "+long(f.Period))
	case "8-K":
		lines = append(lines, "CURRENT REPORT Pursuant to Section 13 OR 15(d) of The Securities Exchange Act of 1934", long(f.Period)+" Date of Report (Date of earliest event reported)")
	case "6-K":
		lines = append(lines, "REPORT OF FOREIGN PRIVATE ISSUER For the month of "+clock(f.Filed).Format("January 2006"))
	}
	lines = append(lines, "Commission File Number: "+c.FileNumber, c.Name, fmt.Sprintf("%s, %s %s", c.Street, c.City, c.Zip))
	if f.Filed.Year < 2001 {
		lines = []string{"UNITED STATES", "SECURITIES AND EXCHANGE COMMISSION", "WASHINGTON, D.C. 20549", "-----------", "FORM " + f.Form, "-----------",
			"For the quarterly period ended " + long(f.Period), c.Former, "(EXACT NAME OF REGISTRANT AS SPECIFIED IN ITS CHARTER)"}
	}
	var blocks []typeset.Block
	for _, line := range lines {
		blocks = append(blocks, typeset.Block{Text: line, Heading: true})
	}
	blocks = append(blocks, typeset.Block{Text: madeUp})
	if f.hasStatements() {
		day := f.Filed.AddDays(-6)
		blocks = append(blocks, typeset.Block{Text: fmt.Sprintf("%s shares of common stock were issued and outstanding as of %s.", typeset.Grouped(fmt.Sprint(c.Basic(day))), long(day))})
	}
	if f.Form == "10-K/A" {
		blocks = append(blocks, typeset.Block{Text: "EXPLANATORY NOTE: This Amendment No. 1 is filed to include the information required by Part III of Form 10-K, because the definitive proxy statement will not be filed in time. Nothing else in the report is changed."})
	}
	return blocks
}

func (c *Company) signature(f *Filing) []typeset.Block {
	return []typeset.Block{
		{Text: "SIGNATURE", Heading: true},
		{Text: "Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has duly caused this report to be signed on its behalf by the undersigned, thereunto duly authorized."},
		{Text: fmt.Sprintf("Date: %s By: /s/ %s", long(f.Filed), c.chief())},
	}
}
