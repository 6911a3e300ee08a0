package paper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// Some items came later than others.
var (
	cyberSince   = calendar.Day{Year: 2023, Month: 12, Day: 15}
	foreignSince = calendar.Day{Year: 2022, Month: 1, Day: 10} // Item 9C
)

// annualItems are those of a 10-K.
func (c *Company) annualItems(f *Filing) []typeset.Section {
	w := c.words
	items := []typeset.Section{
		section("1", "Business", c.say(f, w.every("business")...)),
		section("1A", "Risk Factors", c.say(f, slices.Concat(w.special("before risks"), w.every("risks"))...)),
		section("1B", "Unresolved Staff Comments", c.say(f, "None.")),
		section("1C", "Cybersecurity", c.say(f, w.every("cybersecurity")...)),
		section("2", "Properties", c.say(f, w.special("properties")...)),
		section("3", "Legal Proceedings", c.say(f, w.every("legal")...)),
		section("4", "Mine Safety Disclosures", c.say(f, "Not applicable.")),
		section("5", "Market for Registrant's Common Equity, Related Stockholder Matters and Issuer Purchases of Equity Securities", c.market(f)),
		section("6", "[Reserved]", nil),
		section("7", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.discussion(f)),
		section("7A", "Quantitative and Qualitative Disclosures About Market Risk", c.say(f, w.special("market risk")...)),
		section("8", "Financial Statements and Supplementary Data", c.statementsItem(f)),
		section("9", "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure", c.say(f, "None.")),
		section("9A", "Controls and Procedures", c.say(f, w.special("controls")...)),
		section("9B", "Other Information", c.say(f, w.special("other information")...)),
		section("9C", "Disclosure Regarding Foreign Jurisdictions that Prevent Inspections", c.say(f, "Not applicable.")),
		section("10", "Directors, Executive Officers and Corporate Governance", c.proxied(f)),
		section("11", "Executive Compensation", c.proxied(f)),
		section("12", "Security Ownership of Certain Beneficial Owners and Management and Related Stockholder Matters", c.proxied(f)),
		section("13", "Certain Relationships and Related Transactions, and Director Independence", c.proxied(f)),
		section("14", "Principal Accountant Fees and Services", c.proxied(f)),
		section("15", "Exhibit and Financial Statement Schedules", c.say(f, w.special("exhibits")...)),
		section("16", "Form 10-K Summary", c.say(f, "None.")),
	}
	switch c.Role {
	case books.ByExhibit:
		c.pointToExhibit(f, items)
	case books.CrossIndex:
		for _, s := range items {
			if s.IsNothing() && len(s.Body) > 0 { // the index says it, in a word
				s.Body[0].Text = strings.TrimSuffix(s.Body[0].Text, ".")
			}
		}
	}
	return slices.DeleteFunc(items, func(s typeset.Section) bool {
		return s.Key == "1C" && f.Filed.Before(cyberSince) || s.Key == "9C" && f.Filed.Before(foreignSince)
	})
}

// pointToExhibit leaves in Items 7 and 8 a sentence each.
func (c *Company) pointToExhibit(f *Filing, items []typeset.Section) {
	for i := range items {
		switch items[i].Key {
		case "7":
			items[i].Body = c.say(f, `The information required by this Item appears under "Management's discussion and analysis" in the Annual Report to Shareholders, which is filed as Exhibit 13 and is incorporated herein by reference.`)
		case "8":
			items[i].Body = c.say(f, `The Consolidated Financial Statements, together with the Notes thereto, appear in the Annual Report to Shareholders, which is filed as Exhibit 13, and are incorporated herein by reference.`)
		}
	}
}

// proxied is the sentence with which Part III sends its readers away.
func (c *Company) proxied(f *Filing) []typeset.Block {
	return c.say(f, "The information required by this Item will be included in {company}'s definitive proxy statement, to be filed with the Securities and Exchange Commission within 120 days after {end}, and is incorporated herein by reference.")
}

// market is Item 5.
func (c *Company) market(f *Filing) []typeset.Block {
	year := c.Flow(books.At(f.FiscalYear, 1), books.At(f.FiscalYear, 4), f.Filed)
	texts := []string{"{company}'s common stock is traded on {exchange} under the symbol {ticker}."}
	if year.Dividends > 0 {
		texts = append(texts, "* Dividends", fmt.Sprintf("During {fy}, {company} paid dividends of %s in total. It intends to pay cash dividends every quarter, subject to declaration by its Board of Directors.", c.amount(year.Dividends)))
	} else {
		texts = append(texts, "{company} has not paid cash dividends on its common stock in the periods presented and does not expect to do so soon.")
	}
	if year.Buybacks > 0 {
		texts = append(texts, "* Purchases of equity securities by the issuer", fmt.Sprintf("During {fy}, {company} repurchased shares of its common stock for %s under a program that has no date of expiry.", c.amount(year.Buybacks)))
	}
	return c.say(f, texts...)
}

// discussion is Item 7, and Item 2 of a 10-Q.
func (c *Company) discussion(f *Filing) []typeset.Block {
	from, to, than := books.At(f.FiscalYear, 1), f.quarter(), 4
	period, before := "fiscal {fy}", "fiscal {last}"
	if f.FiscalPeriod != "FY" {
		from, period, before = to, "the quarter ended "+long(c.Periods[to].End), "the same quarter a year before"
	}
	now, then := c.Flow(from, to, f.Filed), c.Flow(from-than, to-than, f.Filed)
	s := c.Periods[to].Stocks
	w := c.words
	blocks := c.say(f, w.special("before discussion")...)
	blocks = append(blocks, c.say(f, "* Results of operations",
		fmt.Sprintf("{company}'s %s was %s in %s and %s in %s: it %s.", c.named("total revenue", "total net revenue", "total revenues"), c.amount(now.Revenue), period, c.amount(then.Revenue), before, c.moved(now.Revenue, then.Revenue)))...)
	blocks = append(blocks, c.say(f, w.special("drivers")...)...)
	segments := c.segments(f, from, to)
	blocks = append(blocks, typeset.Block{Table: segments})
	blocks = append(blocks, c.say(f, c.bySegment(segments))...)
	blocks = append(blocks, c.expenses(f, now, then)...)
	blocks = append(blocks, c.say(f,
		fmt.Sprintf("Net income (loss) was %s, or %s per diluted share, compared with %s, or %s per diluted share, in %s.", c.amount(now.Net()), c.each(c.PerShare(now.Net(), c.Diluted(f.Filed))),
			c.amount(then.Net()), c.each(c.PerShare(then.Net(), c.Diluted(f.Filed))), before),
		"* Liquidity and capital resources",
		fmt.Sprintf("At %s, {company} had cash and cash equivalents of %s and %s of %s. Debt was %s.", long(c.Periods[to].End), c.amount(s.Cash), c.named("marketable securities", "investment securities", "investments"), c.amount(s.Securities), c.amount(s.Debt)))...)
	year := c.Flow(books.At(f.FiscalYear, 1), to, f.Filed)
	blocks = append(blocks, c.say(f, fmt.Sprintf("Operating activities since the beginning of the fiscal year came to %s, and payments for property, plant and equipment to %s. Financing activities came to %s.", c.amount(year.Operated()), c.amount(year.Spending), c.amount(year.Financed())))...)
	blocks = append(blocks, c.say(f, w.special("liquidity")...)...)
	if f.FiscalPeriod == "FY" {
		blocks = append(blocks, c.say(f, w.special("estimates")...)...)
	}
	return blocks
}

// expenses say what the revenue cost.
func (c *Company) expenses(f *Filing, now, then books.Flows) []typeset.Block {
	if c.Kind == books.Bank {
		return c.say(f, "* Credit costs and expense", fmt.Sprintf("The provision for credit losses was %s, compared with %s. Noninterest expense was %s: it %s.", c.amount(now.Cost), c.amount(then.Cost), c.amount(now.Selling), c.moved(now.Selling, then.Selling)))
	}
	blocks := c.say(f, "* Cost and expenses", fmt.Sprintf("%s was %s and left %s, or %s%% of revenue; a year before it had been %s%%.",
		c.named("Cost of revenue", "", "Cost of sales, services and insurance losses"), c.amount(now.Cost), c.amount(now.Gross()), percent(now.Gross(), now.Revenue), percent(then.Gross(), then.Revenue)))
	if c.Registrant.Research > 0 {
		blocks = append(blocks, c.say(f, fmt.Sprintf("Research and development expense was %s: it %s.", c.amount(now.Research), c.moved(now.Research, then.Research)))...)
	}
	return append(blocks, c.say(f, fmt.Sprintf("Selling, general and administrative expense was %s: it %s.", c.amount(now.Selling), c.moved(now.Selling, then.Selling)),
		fmt.Sprintf("The provision for income taxes was %s on income before taxes of %s.", c.amount(now.Tax), c.amount(now.Before())))...)
}

// statementsItem is Item 8, and Item 1 of a 10-Q: the statements and some notes.
func (c *Company) statementsItem(f *Filing) []typeset.Block {
	var blocks []typeset.Block
	for _, t := range c.statements(f) {
		blocks = append(blocks, typeset.Block{Text: t.Title, Heading: true}, typeset.Block{Table: &t})
	}
	blocks = append(blocks, c.say(f, "* Note 1 - Summary of significant accounting policies")...)
	blocks = append(blocks, c.say(f, c.words.special("policies")...)...)
	if c.Role == books.Restated && f.Filed.Year > books.RestatedYear && f.FiscalYear == books.RestatedYear+1 {
		blocks = append(blocks, c.say(f, "* Note 2 - Revision of prior period amounts",
			fmt.Sprintf("In %d, {company} concluded that it acts as an agent in certain sales of spare parts. Revenue and cost of revenue of each quarter of %d are therefore %s lower than previously reported, or %s for the year. Net income did not change.",
				books.RestatedYear+1, books.RestatedYear, c.amount(books.RestatedBy), c.amount(4*books.RestatedBy)))...)
	}
	return blocks
}

// foreignItems are those of a 20-F.
func (c *Company) foreignItems(f *Filing) []typeset.Section {
	w := c.words
	no := c.say(f, "Not applicable.")
	items := []typeset.Section{
		section("1", "Identity of Directors, Senior Management and Advisers", no),
		section("2", "Offer Statistics and Expected Timetable", no),
		section("3", "Key Information", c.say(f, slices.Concat(w.special("before risks"), w.every("risks"))...)),
		section("4", "Information about the Company", c.say(f, w.every("business")...)),
		section("4A", "Unresolved Staff Comments", no),
		section("5", "Operating and Financial Review and Prospects", c.discussion(f)),
		section("6", "Directors, Senior Management and Employees", c.say(f, "{company} is led by an Executive Board, which a Supervisory Board appoints and oversees; half of the Supervisory Board's members are elected by the employees, of whom there were {employees}.")),
		section("7", "Major Shareholders and Related Party Transactions", c.say(f, "No shareholder controls {company}. Transactions with related parties were made at the terms one would make with strangers, and were not material.")),
		section("8", "Financial Information and Legal Proceedings", c.say(f, w.every("legal")...)),
		section("9", "The Offer and Listing", c.say(f, "Ordinary shares trade in Frankfurt. American Depositary Shares, each of which represents one ordinary share, trade on {exchange} under the symbol {ticker}.")),
		section("10", "Additional Information about the Company", c.say(f, "The Articles of Incorporation are filed as an exhibit. There are no limits on the right of people who live abroad to hold the shares or to vote them.")),
		section("11", "Quantitative and Qualitative Disclosures about Market Risk", c.say(f, w.special("market risk")...)),
		section("12", "Description of Securities Other than Equity Securities", no),
		section("13", "Defaults, Dividend Arrearages and Delinquencies", c.say(f, "None.")),
		section("14", "Material Modifications to the Rights of Security Holders and Use of Proceeds", c.say(f, "None.")),
		section("15", "Controls and Procedures", c.say(f, w.special("controls")...)),
		section("16A", "Audit Committee Financial Expert", c.say(f, "The Supervisory Board has determined that the chair of its Audit and Compliance Committee is an audit committee financial expert.")),
		section("16B", "Code of Ethics", c.say(f, "{company} has a code of ethics that applies to everybody who works for it, its Executive Board included.")),
		section("16K", "Cybersecurity", c.say(f, w.every("cybersecurity")...)),
		section("17", "Financial Statements", c.say(f, "{company} has responded to Item 18 in lieu of this Item.")),
		section("18", "Financial Statements", c.statementsItem(f)),
		section("19", "Exhibits", c.say(f, w.special("exhibits")...)),
	}
	return slices.DeleteFunc(items, func(s typeset.Section) bool { return s.Key == "16K" && f.Filed.Before(cyberSince) })
}
