package paper

import (
	"fmt"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Some items came later than others.
var (
	cyberSince    = calendar.Day{Year: 2023, Month: 12, Day: 15}
	foreignSince  = calendar.Day{Year: 2022, Month: 1, Day: 10} // Item 9C
	selectedUntil = calendar.Day{Year: 2021, Month: 8, Day: 9}  // Item 6 had five years of figures before
)

// annualItems are those of a 10-K.
func (c *Company) annualItems(f *Filing) []Section {
	w := c.words
	items := []Section{
		{"1", "Business", c.say(f, w.every("business")...)},
		{"1A", "Risk Factors", c.say(f, slices.Concat(w.special("before risks"), w.every("risks"))...)},
		{"1B", "Unresolved Staff Comments", c.say(f, "None.")},
		{"1C", "Cybersecurity", c.say(f, w.every("cybersecurity")...)},
		{"2", "Properties", c.say(f, w.special("properties")...)},
		{"3", "Legal Proceedings", c.say(f, w.every("legal")...)},
		{"4", "Mine Safety Disclosures", c.say(f, "Not applicable.")},
		{"5", "Market for Registrant's Common Equity, Related Stockholder Matters and Issuer Purchases of Equity Securities", c.market(f)},
		{"6", "[Reserved]", nil},
		{"7", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.discussion(f)},
		{"7A", "Quantitative and Qualitative Disclosures About Market Risk", c.say(f, w.special("market risk")...)},
		{"8", "Financial Statements and Supplementary Data", c.statementsItem(f)},
		{"9", "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure", c.say(f, "None.")},
		{"9A", "Controls and Procedures", c.say(f, w.special("controls")...)},
		{"9B", "Other Information", c.say(f, w.special("other information")...)},
		{"9C", "Disclosure Regarding Foreign Jurisdictions that Prevent Inspections", c.say(f, "Not applicable.")},
		{"10", "Directors, Executive Officers and Corporate Governance", c.proxied(f)},
		{"11", "Executive Compensation", c.proxied(f)},
		{"12", "Security Ownership of Certain Beneficial Owners and Management and Related Stockholder Matters", c.proxied(f)},
		{"13", "Certain Relationships and Related Transactions, and Director Independence", c.proxied(f)},
		{"14", "Principal Accountant Fees and Services", c.proxied(f)},
		{"15", "Exhibit and Financial Statement Schedules", c.say(f, w.special("exhibits")...)},
		{"16", "Form 10-K Summary", c.say(f, "None.")},
	}
	if c.role == byExhibit {
		c.pointToExhibit(f, items)
	}
	return slices.DeleteFunc(items, func(s Section) bool {
		return s.Key == "1C" && f.Filed.Before(cyberSince) || s.Key == "9C" && f.Filed.Before(foreignSince)
	})
}

// pointToExhibit leaves in Items 7 and 8 a sentence each.
func (c *Company) pointToExhibit(f *Filing, items []Section) {
	for i := range items {
		switch items[i].Key {
		case "7":
			items[i].body = c.say(f, `The information required by this Item appears under "Management's discussion and analysis" in the Annual Report to Shareholders, which is filed as Exhibit 13 and is incorporated herein by reference.`)
		case "8":
			items[i].body = c.say(f, `The Consolidated Financial Statements, together with the Notes thereto, appear in the Annual Report to Shareholders, which is filed as Exhibit 13, and are incorporated herein by reference.`)
		}
	}
}

// proxied is the sentence with which Part III sends its readers away.
func (c *Company) proxied(f *Filing) []block {
	return c.say(f, "The information required by this Item will be included in {company}'s definitive proxy statement, to be filed with the Securities and Exchange Commission within 120 days after {end}, and is incorporated herein by reference.")
}

// market is Item 5.
func (c *Company) market(f *Filing) []block {
	year := c.flow(at(f.FiscalYear, 1), at(f.FiscalYear, 4), f.Filed)
	texts := []string{"{company}'s common stock is traded on {exchange} under the symbol {ticker}."}
	if year.dividends > 0 {
		texts = append(texts, fmt.Sprintf("* Dividends"), fmt.Sprintf("During {fy}, {company} paid dividends of %s in total. It intends to pay cash dividends every quarter, subject to declaration by its Board of Directors.", c.amount(year.dividends)))
	} else {
		texts = append(texts, "{company} has not paid cash dividends on its common stock in the periods presented and does not expect to do so soon.")
	}
	if year.buybacks > 0 {
		texts = append(texts, "* Purchases of equity securities by the issuer", fmt.Sprintf("During {fy}, {company} repurchased shares of its common stock for %s under a program that has no date of expiry.", c.amount(year.buybacks)))
	}
	return c.say(f, texts...)
}

// discussion is Item 7, and Item 2 of a 10-Q.
func (c *Company) discussion(f *Filing) []block {
	from, to, than := at(f.FiscalYear, 1), f.quarter(), 4
	period, before := "fiscal {fy}", "fiscal {last}"
	if f.FiscalPeriod != "FY" {
		from, period, before = to, "the quarter ended "+long(c.q[to].end), "the same quarter a year before"
	}
	now, then := c.flow(from, to, f.Filed), c.flow(from-than, to-than, f.Filed)
	s := c.q[to].stocks
	w := c.words
	blocks := c.say(f, w.special("before discussion")...)
	blocks = append(blocks, c.say(f, "* Results of operations",
		fmt.Sprintf("{company}'s %s was %s in %s and %s in %s: it %s.", c.named("total revenue", "total net revenue", "total revenues"), c.amount(now.revenue), period, c.amount(then.revenue), before, c.moved(now.revenue, then.revenue)))...)
	blocks = append(blocks, c.say(f, w.special("drivers")...)...)
	segments := c.segments(f, from, to)
	blocks = append(blocks, block{table: segments})
	blocks = append(blocks, c.say(f, c.bySegment(segments))...)
	blocks = append(blocks, c.expenses(f, now, then)...)
	blocks = append(blocks, c.say(f,
		fmt.Sprintf("Net income (loss) was %s, or %s per diluted share, compared with %s, or %s per diluted share, in %s.", c.amount(now.net()), c.each(c.perShare(now.net(), c.diluted(f.Filed))),
			c.amount(then.net()), c.each(c.perShare(then.net(), c.diluted(f.Filed))), before),
		"* Liquidity and capital resources",
		fmt.Sprintf("At %s, {company} had cash and cash equivalents of %s and %s of %s. Debt was %s.", long(c.q[to].end), c.amount(s.cash), c.named("marketable securities", "investment securities", "investments"), c.amount(s.securities), c.amount(s.debt)))...)
	year := c.flow(at(f.FiscalYear, 1), to, f.Filed)
	blocks = append(blocks, c.say(f, fmt.Sprintf("Operating activities since the beginning of the fiscal year came to %s, and payments for property, plant and equipment to %s. Financing activities came to %s.", c.amount(year.operated()), c.amount(year.spending), c.amount(year.financed())))...)
	blocks = append(blocks, c.say(f, w.special("liquidity")...)...)
	if f.FiscalPeriod == "FY" {
		blocks = append(blocks, c.say(f, w.special("estimates")...)...)
	}
	return blocks
}

// expenses say what the revenue cost.
func (c *Company) expenses(f *Filing, now, then flows) []block {
	if c.kind == bank {
		return c.say(f, "* Credit costs and expense", fmt.Sprintf("The provision for credit losses was %s, compared with %s. Noninterest expense was %s: it %s.", c.amount(now.cost), c.amount(then.cost), c.amount(now.selling), c.moved(now.selling, then.selling)))
	}
	blocks := c.say(f, "* Cost and expenses", fmt.Sprintf("%s was %s and left %s, or %s%% of revenue; a year before it had been %s%%.",
		c.named("Cost of revenue", "", "Cost of sales, services and insurance losses"), c.amount(now.cost), c.amount(now.gross()), percent(now.gross(), now.revenue), percent(then.gross(), then.revenue)))
	if c.Registrant.research > 0 {
		blocks = append(blocks, c.say(f, fmt.Sprintf("Research and development expense was %s: it %s.", c.amount(now.research), c.moved(now.research, then.research)))...)
	}
	return append(blocks, c.say(f, fmt.Sprintf("Selling, general and administrative expense was %s: it %s.", c.amount(now.selling), c.moved(now.selling, then.selling)),
		fmt.Sprintf("The provision for income taxes was %s on income before taxes of %s.", c.amount(now.tax), c.amount(now.before())))...)
}

// statementsItem is Item 8, and Item 1 of a 10-Q: the statements and some notes.
func (c *Company) statementsItem(f *Filing) []block {
	var blocks []block
	for _, t := range c.statements(f) {
		blocks = append(blocks, block{text: t.title, heading: true}, block{table: &t})
	}
	blocks = append(blocks, c.say(f, "* Note 1 - Summary of significant accounting policies")...)
	blocks = append(blocks, c.say(f, c.words.special("policies")...)...)
	if c.role == restated && f.Filed.Year > restatedYear && f.FiscalYear == restatedYear+1 {
		blocks = append(blocks, c.say(f, "* Note 2 - Revision of prior period amounts",
			fmt.Sprintf("In %d, {company} concluded that it acts as an agent in certain sales of spare parts. Revenue and cost of revenue of each quarter of %d are therefore %s lower than previously reported, or %s for the year. Net income did not change.",
				restatedYear+1, restatedYear, c.amount(restatedBy), c.amount(4*restatedBy)))...)
	}
	return blocks
}

// foreignItems are those of a 20-F.
func (c *Company) foreignItems(f *Filing) []Section {
	w := c.words
	no := c.say(f, "Not applicable.")
	items := []Section{
		{"1", "Identity of Directors, Senior Management and Advisers", no},
		{"2", "Offer Statistics and Expected Timetable", no},
		{"3", "Key Information", c.say(f, slices.Concat(w.special("before risks"), w.every("risks"))...)},
		{"4", "Information about the Company", c.say(f, w.every("business")...)},
		{"4A", "Unresolved Staff Comments", no},
		{"5", "Operating and Financial Review and Prospects", c.discussion(f)},
		{"6", "Directors, Senior Management and Employees", c.say(f, "{company} is led by an Executive Board, which a Supervisory Board appoints and oversees; half of the Supervisory Board's members are elected by the employees, of whom there were {employees}.")},
		{"7", "Major Shareholders and Related Party Transactions", c.say(f, "No shareholder controls {company}. Transactions with related parties were made at the terms one would make with strangers, and were not material.")},
		{"8", "Financial Information and Legal Proceedings", c.say(f, w.every("legal")...)},
		{"9", "The Offer and Listing", c.say(f, "Ordinary shares trade in Frankfurt. American Depositary Shares, each of which represents one ordinary share, trade on {exchange} under the symbol {ticker}.")},
		{"10", "Additional Information about the Company", c.say(f, "The Articles of Incorporation are filed as an exhibit. There are no limits on the right of people who live abroad to hold the shares or to vote them.")},
		{"11", "Quantitative and Qualitative Disclosures about Market Risk", c.say(f, w.special("market risk")...)},
		{"12", "Description of Securities Other than Equity Securities", no},
		{"13", "Defaults, Dividend Arrearages and Delinquencies", c.say(f, "None.")},
		{"14", "Material Modifications to the Rights of Security Holders and Use of Proceeds", c.say(f, "None.")},
		{"15", "Controls and Procedures", c.say(f, w.special("controls")...)},
		{"16A", "Audit Committee Financial Expert", c.say(f, "The Supervisory Board has determined that the chair of its Audit and Compliance Committee is an audit committee financial expert.")},
		{"16B", "Code of Ethics", c.say(f, "{company} has a code of ethics that applies to everybody who works for it, its Executive Board included.")},
		{"16K", "Cybersecurity", c.say(f, w.every("cybersecurity")...)},
		{"17", "Financial Statements", c.say(f, "{company} has responded to Item 18 in lieu of this Item.")},
		{"18", "Financial Statements", c.statementsItem(f)},
		{"19", "Exhibits", c.say(f, w.special("exhibits")...)},
	}
	return slices.DeleteFunc(items, func(s Section) bool { return s.Key == "16K" && f.Filed.Before(cyberSince) })
}
