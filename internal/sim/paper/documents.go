package paper

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// Body is the text of a file of a submission as EDGAR hands it out, and whether there is such a file. The rendered view
// of XML goes by its folder and name.
func (a *Archive) Body(f *Filing, name string) ([]byte, bool) {
	c, _ := a.Company(f.CIK)
	key := f.Accession + "/" + name
	a.mu.Lock()
	body, ok := a.bodies[key]
	a.mu.Unlock()
	if ok {
		return body, true
	}
	for i, d := range f.Documents {
		switch {
		case f.Form == "4" && name == d.Name:
			body = c.ownership(f)
		case f.Form == "4" && name == d.View+"/"+d.Name:
			body = c.ownershipView(f)
		case name != d.Name:
			continue
		case f.Filed.Year < 2001:
			body = c.sheet(f, i).Plain()
		default:
			body = c.sheet(f, i).Page()
		}
		a.keep(key, body)
		return body, true
	}
	return nil, false
}

// kept is how many bodies are kept. Making one takes a millisecond or two, keeping all would take much memory.
const kept = 200

func (a *Archive) keep(key string, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bodies[key] == nil {
		a.order = append(a.order, key)
	}
	a.bodies[key] = body
	if len(a.order) > kept {
		delete(a.bodies, a.order[0])
		a.order = a.order[1:]
	}
}

// Text is what a document says, without any markup, for looking words up in it.
func (a *Archive) Text(f *Filing, document int) string {
	c, _ := a.Company(f.CIK)
	var out strings.Builder
	out.WriteString(c.Name + " " + f.Form + "\n")
	for _, p := range c.parts(f, document) {
		fmt.Fprintf(&out, "%s %s\n", p.Item(), p.Title)
		for _, b := range p.Body {
			out.WriteString(typeset.Curly(b.Text) + "\n")
		}
		for _, r := range p.Figures() {
			out.WriteString(strings.Join(r, " ") + "\n")
		}
	}
	return out.String()
}

// Words are those of a document in small letters, each between spaces, without anything else.
func (a *Archive) Words(f *Filing, document int) string {
	key := f.Accession + "/" + f.Documents[document].Name
	a.mu.Lock()
	words, ok := a.words[key]
	a.mu.Unlock()
	if ok {
		return words
	}
	text := " " + strings.Join(strings.FieldsFunc(strings.ToLower(Bare(a.Text(f, document))), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " "
	a.mu.Lock()
	a.words[key] = text
	a.mu.Unlock()
	return text
}

// Bare is a text without apostrophes: "company's" is one word.
func Bare(text string) string { return strings.NewReplacer("'", "", "’", "").Replace(text) }

// parts are what the document of the filing is made of.
func (c *Company) parts(f *Filing, document int) []typeset.Part {
	switch kind := f.Documents[document].Type; kind {
	case "EX-99.1":
		return []typeset.Part{{Section: typeset.Section{Body: c.release(f)}, Plain: true}}
	case "EX-13":
		return []typeset.Part{
			{Section: typeset.Section{Title: "Management's discussion and analysis", Body: c.discussion(f)}, Plain: true},
			{Section: typeset.Section{Title: "Consolidated financial statements", Body: c.statementsItem(f)}, Plain: true},
		}
	case "EX-23.1":
		return []typeset.Part{{Section: typeset.Section{Title: "Consent of Independent Registered Public Accounting Firm", Body: c.say(f, "We give our consent to the incorporation in registration statements of {company} of what we wrote on {filed} about its consolidated financial statements for the year ended {end}.", "/s/ Harrow & Pell LLP")}, Plain: true}}
	case "6-K":
		return []typeset.Part{{Section: typeset.Section{Body: c.say(f, fmt.Sprintf("On %s, {company} published its results for the quarter ended %s. The release is attached as Exhibit 99.1.", long(f.Filed), long(f.Period)))}, Plain: true}}
	case "4":
		return []typeset.Part{{Section: typeset.Section{Body: c.say(f, fmt.Sprintf("Statement of changes in beneficial ownership. Reporting person: %s. Issuer: {company}. Common Stock.", c.person(f, 0)))}, Plain: true}}
	}
	var parts []typeset.Part
	for _, s := range c.Sections(f) {
		parts = append(parts, typeset.Part{Section: s})
	}
	return parts
}

// insider is what a Form 4 tells: how many shares were sold at what price.
func (c *Company) insider(f *Filing) (shares int64, price decimal.Decimal) {
	return c.Between(5, 90, "insider", f.Accession) * 100, decimal.New(c.Between(4_000, 40_000, "price", f.Accession), -2)
}

// ownership is the XML of a Form 4.
func (c *Company) ownership(f *Filing) []byte {
	shares, price := c.insider(f)
	return fmt.Appendf(nil, `<?xml version="1.0"?>
<ownershipDocument>
    <schemaVersion>X0508</schemaVersion>
    <documentType>4</documentType>
    <periodOfReport>%s</periodOfReport>
    <issuer><issuerCik>%010d</issuerCik><issuerName>%s</issuerName><issuerTradingSymbol>%s</issuerTradingSymbol></issuer>
    <reportingOwner><reportingOwnerId><rptOwnerName>%s</rptOwnerName></reportingOwnerId><reportingOwnerRelationship><isOfficer>1</isOfficer></reportingOwnerRelationship></reportingOwner>
    <nonDerivativeTable><nonDerivativeTransaction>
        <securityTitle><value>Common Stock</value></securityTitle>
        <transactionAmounts><transactionShares><value>%d</value></transactionShares><transactionPricePerShare><value>%s</value></transactionPricePerShare>
        <transactionAcquiredDisposedCode><value>D</value></transactionAcquiredDisposedCode></transactionAmounts>
    </nonDerivativeTransaction></nonDerivativeTable>
</ownershipDocument>
`, f.Period, c.CIK, typeset.Escaped(c.Name), c.Tickers[0], c.person(f, 0), shares, price.StringFixed(2))
}

// ownershipView is how EDGAR shows it to people.
func (c *Company) ownershipView(f *Filing) []byte {
	shares, price := c.insider(f)
	return fmt.Appendf(nil, "<html><head><title>SEC FORM 4</title></head><body><h1>FORM 4</h1><table><tr><td>Issuer</td><td>%s [ %s ]</td></tr><tr><td>Reporting person</td><td>%s</td></tr><tr><td>Common Stock</td><td>%s</td><td>D</td><td>$</td><td>%s</td></tr></table></body></html>\n",
		typeset.Escaped(c.Name), c.Tickers[0], c.person(f, 0), typeset.Grouped(fmt.Sprint(shares)), price.StringFixed(2))
}

// percent is a part of a whole in percent, with one digit.
func percent(part, whole int64) string {
	return decimal.NewFromInt(part*100).DivRound(decimal.NewFromInt(max(whole, 1)), 1).StringFixed(1)
}
