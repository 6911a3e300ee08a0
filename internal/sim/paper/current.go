package paper

import (
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// itemTitles are those of an 8-K.
var itemTitles = map[string]string{
	"1.01": "Entry into a Material Definitive Agreement",
	"2.02": "Results of Operations and Financial Condition",
	"5.02": "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers; Compensatory Arrangements of Certain Officers",
	"5.07": "Submission of Matters to a Vote of Security Holders",
	"8.01": "Other Events",
	"9.01": "Financial Statements and Exhibits",
}

// ItemTitle is what an item of an 8-K is called.
func ItemTitle(item string) string { return itemTitles[item] }

// people are the officers of the make-believe companies.
var people = []string{"Mara Lindqvist", "Tobias Okonjo", "Helen Abernathy", "Rafael Castellan", "Ingrid Soares", "Desmond Pryce", "Yuki Hallworth", "Claire Montrose", "Anders Bellamy", "Noor Whitcombe"}

// titles are their offices.
var titles = []string{"Chief Financial Officer", "Chief Operating Officer", "General Counsel", "Senior Vice President, Human Resources"}

func (c *Company) person(f *Filing, i int) string {
	return people[(int(books.Roll(c.Seed, "person", f.Accession)%uint64(len(people)))+3*i)%len(people)]
}

// currentItems are those of an 8-K.
func (c *Company) currentItems(f *Filing) []typeset.Section {
	var items []typeset.Section
	for _, item := range f.Items {
		texts := []string{}
		switch item {
		case "2.02":
			texts = []string{fmt.Sprintf("On %s, {company} told the press its results of the fiscal quarter that ended on %s. What it said is furnished as Exhibit 99.1.", long(f.Filed), long(c.Periods[f.quarter()].End)),
				"This Item and Exhibit 99.1 are furnished and not filed, so that Section 18 of the Securities Exchange Act of 1934 does not apply to them."}
		case "5.02":
			office := titles[books.Roll(c.Seed, "office", f.Accession)%uint64(len(titles))]
			texts = []string{fmt.Sprintf("On %s, %s, %s of {company}, told the company of the decision to retire at the end of the year. The decision is not the result of a disagreement on any matter.", long(f.Period), c.person(f, 0), office),
				fmt.Sprintf("The Board of Directors appointed %s to the office of %s, effective %s. The base salary will be $%d,000 a year.", c.person(f, 1), office, long(f.Period.AddDays(60)), c.Between(700, 1200, "salary", f.Accession))}
		case "5.07":
			texts = []string{fmt.Sprintf("{company} held its annual meeting of shareholders on %s. The shareholders elected each of the nominees for director, ratified the appointment of the independent accountants, and approved the compensation of the executives by an advisory vote.", long(f.Period)),
				fmt.Sprintf("A shareholder's proposal to report on supply chains was not approved: %d%% of the votes were cast for it.", c.Between(11, 44, "vote", f.Accession))}
		case "1.01":
			texts = []string{fmt.Sprintf("On %s, {company} entered into a revolving credit agreement with a group of banks. It may borrow up to %s until %d; nothing has been borrowed under it so far.", long(f.Period), c.amount(c.Between(20, 90, "credit", f.Accession)*100), f.Filed.Year+5)}
		case "8.01":
			texts = []string{fmt.Sprintf("On %s, {company} announced that its Board of Directors had authorized a review of its costs. It expects charges of about %s before taxes, most of them for severance, within the next two quarters.", long(f.Period), c.amount(c.Between(80, 600, "charge", f.Accession)))}
		case "9.01":
			texts = []string{"(d) Exhibits.", "104 Cover Page Interactive Data File (embedded within the Inline XBRL document)."}
			if len(f.Documents) > 1 {
				texts = []string{"(d) Exhibits.", "99.1 Press release of {company} dated {filed}.", "104 Cover Page Interactive Data File (embedded within the Inline XBRL document)."}
			}
		}
		items = append(items, section(item, itemTitles[item], c.say(f, texts...)))
	}
	return items
}

// release is the press release, Exhibit 99.1.
func (c *Company) release(f *Filing) []typeset.Block {
	if f.subject == "agreement" {
		return c.say(f, "* {company} renews its credit line", fmt.Sprintf("%s, %s - {company} today said that it had renewed its revolving credit line with a group of banks.", strings.ToUpper(c.Issuer.City), long(f.Filed)))
	}
	i := f.quarter()
	now, then := c.Flow(i, i, f.Filed), c.Flow(i-4, i-4, f.Filed)
	fy, n := books.YearOf(i)
	blocks := c.say(f, fmt.Sprintf("* {company} reports results of the %s quarter of fiscal %d", []string{"first", "second", "third", "fourth"}[n-1], fy),
		fmt.Sprintf("%s, %s - {company} today announced financial results for its fiscal quarter ended %s. Revenue was %s, and %s from the year-ago quarter. Net income (loss) was %s, and earnings per diluted share were %s.",
			strings.ToUpper(c.Issuer.City), long(f.Filed), long(c.Periods[i].End), c.amount(now.Revenue), c.moved(now.Revenue, then.Revenue), c.amount(now.Net()), c.each(c.PerShare(now.Net(), c.Diluted(f.Filed)))),
		fmt.Sprintf(`"The quarter went much as we had planned it," said %s, Chief Executive Officer of {company}. "We thank our customers and the people who work with us."`, c.chief()))
	if now.Each > 0 {
		blocks = append(blocks, c.say(f, fmt.Sprintf("{company} paid dividends of %s during the quarter.", c.amount(now.Dividends)))...)
	}
	income := c.tabulate(f, "CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS (Unaudited)", false, c.incomeLines(), []column{{"Three Months Ended " + long(c.Periods[i].End), i, i}, {"Three Months Ended " + long(c.Periods[i-4].End), i - 4, i - 4}})
	balance := c.tabulate(f, "CONDENSED CONSOLIDATED BALANCE SHEETS (Unaudited)", true, c.balanceLines(), []column{{long(c.Periods[i].End), i, i}})
	return append(blocks, typeset.Block{Text: income.Title, Heading: true}, typeset.Block{Table: &income}, typeset.Block{Text: balance.Title, Heading: true}, typeset.Block{Table: &balance})
}

// chief is who leads the company, as its releases and certifications have it.
func (c *Company) chief() string { return people[books.Roll(c.Seed, "chief")%uint64(len(people))] }

// partThree are the items of a 10-K/A that says what the proxy statement did not say in time.
func (c *Company) partThree(f *Filing) []typeset.Section {
	return []typeset.Section{
		section("10", "Directors, Executive Officers and Corporate Governance", c.say(f, fmt.Sprintf("%s is the Chief Executive Officer and has been a director since 2016. %s is the Chief Financial Officer. %s chairs the Audit Committee, all members of which are independent.", c.chief(), c.person(f, 1), c.person(f, 2)))),
		section("11", "Executive Compensation", c.say(f, fmt.Sprintf("The base salary of the Chief Executive Officer was $%d,000 in {fy}. No bonus was paid; awards of shares vest over five years when goals of growth are met.", c.Between(300, 900, "pay", f.Accession)))),
		section("12", "Security Ownership of Certain Beneficial Owners and Management and Related Stockholder Matters", c.say(f, "The directors and executive officers as a group held less than a fifth of the shares outstanding.")),
		section("13", "Certain Relationships and Related Transactions, and Director Independence", c.say(f, "The Audit Committee reviewed the transactions with related persons in {fy} and found their terms to be fair.")),
		section("14", "Principal Accountant Fees and Services", c.say(f, fmt.Sprintf("Fees for the audit of {fy} came to $%d,000.", c.Between(9000, 25000, "fees", f.Accession)))),
		section("15", "Exhibits and Financial Statement Schedules", c.say(f, "Certifications of the principal officers under Section 302 of the Sarbanes-Oxley Act are filed with this Amendment.")),
	}
}
