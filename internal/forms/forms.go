// Package forms knows the items that the SEC's forms have, and the ways in which filers write their headings.
package forms

import "strings"

// Form is a kind of filing with its items in order.
type Form struct {
	Name  string
	Items []Entry
	// Loose forms have their items in any order.
	Loose bool
	// Paragraphs are what letters behind the numbers mean, save where the title is that of an item.
	Paragraphs bool
}

// Entry is an item as the form has it: its part, its number, and the beginnings of its known titles, of all years, as
// Squash leaves them.
type Entry struct {
	Key    string
	Part   int // 0 when numbers tell items apart without it
	Number string
	Titles []string
}

// Matches tells whether a squashed text begins with one of the titles, give or take a few words.
func (e *Entry) Matches(squashed string) bool {
	for _, t := range e.Titles {
		if i := strings.Index(squashed, t); i >= 0 && i <= 40 {
			return true
		}
	}
	return false
}

// Index is the item of the form with the number, in the part where that matters.
func (f *Form) Index(number string, part int) int {
	for i, e := range f.Items {
		if e.Number == number && (e.Part == 0 || e.Part == part) {
			return i
		}
	}
	return -1
}

// Of is the form by its name on EDGAR, amendments and transition reports included.
func Of(name string) *Form {
	name = strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(name)), "-", "")
	for _, f := range []struct {
		prefix string
		form   *Form
	}{{"10KSB", small}, {"10K", annual}, {"10Q", quarterly}, {"8K", current}, {"20F", foreign}} {
		if strings.HasPrefix(name, f.prefix) {
			return f.form
		}
	}
	return nil
}

// list makes entries of lines "number: title | title", with parts where they are given.
func list(part int, prefix string, lines ...string) []Entry {
	var all []Entry
	for _, l := range lines {
		number, titles, _ := strings.Cut(l, ": ")
		e := Entry{Key: prefix + number, Part: part, Number: number}
		for title := range strings.SplitSeq(titles, " | ") {
			e.Titles = append(e.Titles, Squash(title))
		}
		all = append(all, e)
	}
	return all
}

var annual = &Form{Name: "10-K", Items: list(0, "",
	"1: business | description of business | general | the company | introduction",
	"1A: risk factors",
	"1B: unresolved staff comments",
	"1C: cybersecurity",
	"2: properties | property | description of property | description of properties | facilities | real estate",
	"3: legal proceedings | pending legal proceedings",
	"4: mine safety | submission of matters | reserved | removed and reserved | executive officers",
	"5: market for | market price | market information",
	"6: selected | reserved | summary of selected | consolidated selected",
	"7: managements discussion | managements financial | discussion and analysis | plan of operation",
	"7A: quantitative and qualitative | quantitative | qualitative | market risk | disclosures about market",
	"8: financial statements | consolidated financial statements | consolidated financial",
	"9: changes in and disagreements | changes in accountants | disagreements | changes in | change in accountants",
	"9A: controls and procedures | controls",
	"9B: other information",
	"9C: disclosure regarding foreign",
	"10: directors | executive officers | management",
	"11: executive compensation | compensation of | management remuneration | remuneration",
	"12: security ownership | stock ownership",
	"13: certain relationships",
	"14: principal account | exhibits | exhibit | controls and procedures | fees | financial statement schedules",
	"15: exhibit | principal account | financial statement schedules | financial statements and exhibits | controls and procedures",
	"16: form 10k summary | summary | exhibit | principal account",
)}

// small is the 10-KSB of small businesses, which ended in 2009.
var small = &Form{Name: "10-KSB", Items: list(0, "",
	"1: description of business | business",
	"2: description of property | description of properties | properties | property",
	"3: legal proceedings",
	"4: submission of matters",
	"5: market for",
	"6: managements discussion | plan of operation | managements plan | discussion and analysis",
	"7: financial statements",
	"8: changes in and disagreements | changes in",
	"8A: controls and procedures",
	"8B: other information",
	"9: directors",
	"10: executive compensation",
	"11: security ownership",
	"12: certain relationships",
	"13: exhibits",
	"14: principal account | controls and procedures",
)}

var quarterly = &Form{Name: "10-Q", Items: append(list(1, "I.",
	"1: financial statements | consolidated financial | condensed consolidated | consolidated condensed | condensed financial | consolidated balance | consolidated statement | unaudited | interim financial | interim consolidated",
	"2: managements discussion | discussion and analysis | managements | plan of operation",
	"3: quantitative | qualitative | market risk | controls and procedures",
	"4: controls and procedures | controls | evaluation of",
), list(2, "II.",
	"1: legal proceedings | legal matters | contingencies",
	"1A: risk factors",
	"2: unregistered | changes in securities | issuer purchases | sales of | recent sales | purchases of | repurchases | share repurchase | changes in rights | changes in the rights",
	"3: defaults | default upon",
	"4: mine safety | submission of matters | reserved | removed and reserved",
	"5: other information | other events | other",
	"6: exhibits | exhibit",
	"7: exhibits | exhibit",
	"8: exhibits | exhibit",
)...)}

var current = &Form{Name: "8-K", Loose: true, Items: append(list(0, "",
	"1: changes in control",
	"2: acquisition or disposition | acquisition and disposition | acquisition | disposition",
	"3: bankruptcy",
	"4: changes in registrant | changes in certifying | change in accountants | changes in accountants",
	"5: other events | other",
	"6: resignation",
	"7: financial statements | exhibits",
	"8: change in fiscal",
	"9: regulation fd",
	"10: amendments to | amendment",
	"11: temporary suspension",
	"12: results of operations | disclosure of results",
), list(0, "",
	"1.01: entry into | amendment of", "1.02: termination of", "1.03: bankruptcy", "1.04: mine safety", "1.05: material cybersecurity",
	"2.01: completion of", "2.02: results of", "2.03: creation of", "2.04: triggering", "2.05: costs associated", "2.06: material impairment",
	"3.01: notice of", "3.02: unregistered", "3.03: material modification",
	"4.01: changes in", "4.02: non reliance",
	"5.01: changes in control", "5.02: departure | appointment | election | compensatory", "5.03: amendment", "5.04: temporary suspension", "5.05: amendment", "5.06: change in shell", "5.07: submission of", "5.08: shareholder",
	"6.01: abs", "6.02: change of", "6.03: change in", "6.04: failure", "6.05: securities act", "6.06: static pool",
	"7.01: regulation fd", "8.01: other events | other", "9.01: financial statements | exhibits",
)...)}

var foreign = &Form{Name: "20-F", Paragraphs: true, Items: list(0, "",
	"1: identity of | description of business",
	"2: offer statistics | description of property",
	"3: key information | legal proceedings",
	"4: information on the company | information on | control of registrant",
	"4A: unresolved staff",
	"5: operating and financial | nature of trading",
	"6: directors | exchange controls",
	"7: major shareholders | taxation",
	"8: financial information | selected",
	"9: the offer | managements discussion",
	"9A: quantitative",
	"10: additional information | directors",
	"11: quantitative | compensation of",
	"12: description of securities | options to purchase",
	"13: defaults | interest of management",
	"14: material modifications | description of securities",
	"15: controls and procedures | reserved | defaults | disclosure controls",
	"16: reserved | changes in securities",
	"16A: audit committee financial", "16B: code of", "16C: principal account", "16D: exemptions from", "16E: purchases of", "16F: change in", "16G: corporate governance",
	"16H: mine safety", "16I: disclosure regarding foreign", "16J: insider trading", "16K: cybersecurity",
	"17: financial statements",
	"18: financial statements",
	"19: exhibits | financial statements and exhibits | financial statements",
)}
