package items_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// cut flattens a filing and returns "key: text" of each item, with blanks made one.
func cut(t *testing.T, form, raw string) []string {
	t.Helper()
	doc, err := flat.Flatten([]byte(raw))
	if err != nil {
		t.Fatalf("flatten: %v", err)
	}
	var got []string
	for _, it := range items.Find(form, doc) {
		key := strings.Join(append([]string{it.Key}, it.Also...), "+")
		got = append(got, key+": "+strings.Join(strings.Fields(doc.Text[it.Start:it.End]), " "))
	}
	return got
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// lines makes HTML of lines, a paragraph each.
func lines(all ...string) string { return "<html><p>" + strings.Join(all, "</p>\n<p>") + "</p></html>" }

func TestContentsAreNotTheItems(t *testing.T) {
	got := cut(t, "10-K", lines("Table of Contents",
		"Item 1. Business 3", "Item 1A. Risk Factors 7", "Item 2. Properties 9", "Item 3. Legal Proceedings 9",
		"PART I", "Item 1. Business", "We make pumps.", "Item 1A. Risk Factors", "Wells may run dry.", "See Item 3 for a suit.",
		"Item 2. Properties", "A mill.", "12", "Item 3. Legal Proceedings", "None.", "PART II", "SIGNATURES", "Pursuant to the requirements of the Securities Exchange Act of 1934, we sign."))
	expect(t, got, "1: Item 1. Business We make pumps.", "1A: Item 1A. Risk Factors Wells may run dry. See Item 3 for a suit.",
		"2: Item 2. Properties A mill.", "3: Item 3. Legal Proceedings None.")
}

func TestContentsWithoutPageNumbersAreToldByWhatFollows(t *testing.T) {
	list := []string{"Item 1. Business", "Item 2. Properties", "Item 3. Legal Proceedings", "Item 4. Submission of Matters to a Vote of Security Holders", "Item 5. Market for Common Equity"}
	var body []string
	for _, heading := range list {
		body = append(body, heading, "Something is told here, at some length, of the pumps and of the mill.")
	}
	got := cut(t, "10-K", lines(append(slices.Clone(list), body...)...))
	if len(got) != len(list) {
		t.Fatalf("got %q, want %d items", got, len(list))
	}
	for i, it := range got {
		if !strings.HasSuffix(it, "of the mill.") {
			t.Errorf("item %d is %q, want the body", i, it)
		}
	}
}

func TestHeadingsInAllShapes(t *testing.T) {
	got := cut(t, "10-K405", lines("ITEM&nbsp;1&#150;BUSINESS", "We make pumps.", "Item&#160;1A.", "RISK FACTORS", "Wells.",
		"<table><tr><td>Item 2.</td><td></td><td>Properties</td></tr></table>A mill.", "I<b>TEM</b> 3: Legal Proceedings", "A suit.",
		"Part I, Item 4. Submission of Matters", "Not one.", "ITEM 7 (A) Quantitative and Qualitative Disclosures", "Prices.", "Item 9A(T) - Controls and Procedures", "They work.",
		"Item 14Principal Accountant Fees", "Much."))
	expect(t, got, "1: ITEM 1–BUSINESS We make pumps.", "1A: Item 1A. RISK FACTORS Wells.", "2: Item 2. Properties A mill.", "3: ITEM 3: Legal Proceedings A suit.",
		"4: Part I, Item 4. Submission of Matters Not one.", "7A: ITEM 7 (A) Quantitative and Qualitative Disclosures Prices.", "9A: Item 9A(T) - Controls and Procedures They work.",
		"14: Item 14Principal Accountant Fees Much.")
}

func TestReferencesAreNotHeadings(t *testing.T) {
	got := cut(t, "10-K", lines("Item 1. Business", "We make pumps; what we fear is told in", "Item 1A of this report.", "Item 3, which tells of a suit, is short.", "Item 2. Properties", "A mill."))
	expect(t, got, "1: Item 1. Business We make pumps; what we fear is told in Item 1A of this report. Item 3, which tells of a suit, is short.", "2: Item 2. Properties A mill.")
}

func TestRunningHeadsAreNotHeadings(t *testing.T) {
	got := cut(t, "10-K", lines("Item 6. Selected Financial Data", "Data.", "ITEM 7. MANAGEMENT'S DISCUSSION AND ANALYSIS", "First page.", "31",
		"ITEM 7. MANAGEMENT'S DISCUSSION AND ANALYSIS (Continued)", "Second page.", "32", "ITEM 7. MANAGEMENT'S DISCUSSION AND ANALYSIS (Continued)", "Third page.",
		"ITEM 8. FINANCIAL STATEMENTS", "Numbers.", "33", "ITEM 7. MANAGEMENT'S DISCUSSION AND ANALYSIS", "More numbers."))
	if len(got) != 3 || !strings.HasPrefix(got[1], "7: ITEM 7. MANAGEMENT'S DISCUSSION AND ANALYSIS First page.") || !strings.HasSuffix(got[1], "Third page.") ||
		!strings.HasSuffix(got[2], "More numbers.") {
		t.Errorf("got %q, want items 6, 7 and 8, each once and whole", got)
	}
}

func TestPartsOfAQuarterlyReportAreToldApart(t *testing.T) {
	got := cut(t, "10-Q", lines("PART I. FINANCIAL INFORMATION", "Item 1. Financial Statements", "Numbers.", "Item 2. Management's Discussion and Analysis", "Words.",
		"Item 3. Quantitative and Qualitative Disclosures About Market Risk", "Prices.", "Item 4. Controls and Procedures", "They work.",
		"PART II. OTHER INFORMATION", "Item 1. Legal Proceedings", "A suit.", "Item 1A. Risk Factors", "Wells.", "Item 2. Unregistered Sales of Equity Securities", "None.", "Item 6. Exhibits", "A list.",
		"SIGNATURE", "Pursuant to the requirements of the Securities Exchange Act of 1934, we sign."))
	expect(t, got, "I.1: Item 1. Financial Statements Numbers.", "I.2: Item 2. Management's Discussion and Analysis Words.",
		"I.3: Item 3. Quantitative and Qualitative Disclosures About Market Risk Prices.", "I.4: Item 4. Controls and Procedures They work.",
		"II.1: Item 1. Legal Proceedings A suit.", "II.1A: Item 1A. Risk Factors Wells.", "II.2: Item 2. Unregistered Sales of Equity Securities None.", "II.6: Item 6. Exhibits A list.")
}

func TestPartsAreToldByTitlesWhereTheyAreNotNamed(t *testing.T) {
	got := cut(t, "10-Q", lines("Item 1. Financial Statements", "Numbers.", "Item 2. Management's Discussion and Analysis", "Words.", "Item 1. Legal Proceedings", "A suit.", "Item 6. Exhibits", "A list."))
	expect(t, got, "I.1: Item 1. Financial Statements Numbers.", "I.2: Item 2. Management's Discussion and Analysis Words.", "II.1: Item 1. Legal Proceedings A suit.", "II.6: Item 6. Exhibits A list.")
}

func TestCurrentReportsOfBothEras(t *testing.T) {
	got := cut(t, "8-K", lines("Item 2.02", "Results of Operations and Financial Condition", "We told of a quarter.", "Item 9.01. Financial Statements and Exhibits", "(d) A list.", "SIGNATURE", "We sign."))
	expect(t, got, "2.02: Item 2.02 Results of Operations and Financial Condition We told of a quarter.", "9.01: Item 9.01. Financial Statements and Exhibits (d) A list.")
	got = cut(t, "8-K", "Item 5.  Other Events.\n\n  We bought a mill.\n\nItem 7.  Financial Statements and Exhibits.\n\n  (c) A list.\n\n          SIGNATURES\n\n  We sign.\n")
	expect(t, got, "5: Item 5. Other Events. We bought a mill.", "7: Item 7. Financial Statements and Exhibits. (c) A list.")
}

func TestReportsOfForeignFilers(t *testing.T) {
	got := cut(t, "20-F/A", lines("Item 3. Key Information", "Risks.", "Item 4. Information on the Company", "Pumps.", "Item 4A. Unresolved Staff Comments", "None.", "Item 16A. Audit Committee Financial Expert", "One.", "Item 16G. Corporate Governance", "Good.", "Item 18. Financial Statements", "Numbers."))
	expect(t, got, "3: Item 3. Key Information Risks.", "4: Item 4. Information on the Company Pumps.", "4A: Item 4A. Unresolved Staff Comments None.",
		"16A: Item 16A. Audit Committee Financial Expert One.", "16G: Item 16G. Corporate Governance Good.", "18: Item 18. Financial Statements Numbers.")
}

func TestSeveralItemsUnderOneHeading(t *testing.T) {
	raw := lines("Items 1 and 2. Business and Properties", "Pumps and a mill.", "Item 3. Legal Proceedings", "A suit.", "Items 10 through 13", "In the proxy statement.", "Item 14. Exhibits", "A list.")
	expect(t, cut(t, "10-K", raw), "1+2: Items 1 and 2. Business and Properties Pumps and a mill.", "3: Item 3. Legal Proceedings A suit.",
		"10+11+12+13: Items 10 through 13 In the proxy statement.", "14: Item 14. Exhibits A list.")
	doc, _ := flat.Flatten([]byte(raw))
	if it, ok := items.Named(items.Find("10-K", doc), "12"); !ok || it.Key != "10" {
		t.Errorf("item 12 is %+v (%v), want the one that begins with 10", it, ok)
	}
}

func TestLinkedContentsLeadToHeadingsWithoutANumber(t *testing.T) {
	row := func(n, title, to string) string { return fmt.Sprintf(`<a href="#%s">Item %s. %s</a>`, to, n, title) }
	got := cut(t, "10-K", lines(row("1", "Business", "a"), row("1A", "Risk Factors", "b"), row("2", "Properties", "c"), row("3", "Legal Proceedings", "d"),
		`<a name="a"></a>BUSINESS`, "Pumps.", `<a name="b"></a>RISK FACTORS`, "Wells.", `<a name="c"></a>Properties`, "A mill.", `<a name="d"></a>LEGAL PROCEEDINGS`, "A suit."))
	expect(t, got, "1: BUSINESS Pumps.", "1A: RISK FACTORS Wells.", "2: Properties A mill.", "3: LEGAL PROCEEDINGS A suit.")
}

func TestAnIndexToPagesLeadsToSections(t *testing.T) {
	row := func(title, page, to string) string {
		return fmt.Sprintf(`<table><tr><td><a href="#%s">%s</a></td><td>%s</td></tr></table>`, to, title, page)
	}
	index := func(n, title, pages string) string {
		return fmt.Sprintf(`<table><tr><td>Item %s.</td><td>%s</td><td>%s</td></tr></table>`, n, title, pages)
	}
	got := cut(t, "10-K", lines(row("About us", "2", "a"), row("Our results", "4", "m"), row("By country", "5", "n"), row("Risk Factors", "8", "r"), row("Legal Proceedings", "9", "l"), row("Report of the Auditor", "9", "u"),
		`<a name="a"></a>About us`, "Pumps.", `<a name="m"></a>Our results`, "Good.", `<a name="n"></a>By country`, "Better.", `<a name="r"></a>RISK FACTORS`, "Wells.", `<a name="l"></a>Legal Proceedings`, "A suit.", `<a name="u"></a>Report of the Auditor`, "True.",
		"Cross-Reference Index", index("1", "Business", "2-3"), index("1A", "Risk Factors", "8-9"), index("1B", "Unresolved Staff Comments", "None"), index("3", "Legal Proceedings", "9"),
		index("7", "Management's Discussion and Analysis", "4, 5-7"), index("10", "Directors", "(a)"), "SIGNATURES", "We sign."))
	expect(t, got, "1: About us Pumps.", "7: Our results Good. By country Better.", "1A: RISK FACTORS Wells.", "3: Legal Proceedings A suit.",
		"1B: Item 1B. Unresolved Staff Comments None", "10: Item 10. Directors (a)")
}

func TestWhatAnItemSaysInPlaceOfItsText(t *testing.T) {
	doc, _ := flat.Flatten([]byte(lines("Item 1. Business", "We make pumps.", "Item 4. Mine Safety Disclosures", "Not applicable.", "Item 6. [Reserved]",
		"Item 7. Management's Discussion and Analysis", "What Exhibit 13 says from page 4 on is incorporated herein by reference.",
		"Item 8. Financial Statements", "The Annual Report to Shareholders is incorporated by reference.", "Item 10. Directors", "Incorporated by reference to the Proxy Statement.")))
	type said struct {
		Key, Reference string
		Status         items.Status
	}
	var got []said
	for _, it := range items.Find("10-K", doc) {
		got = append(got, said{it.Key, it.Reference, it.Status})
	}
	want := []said{{"1", "", items.Told}, {"4", "", items.Nothing}, {"6", "", items.Reserved}, {"7", items.AnnualReport, items.Incorporated},
		{"8", items.AnnualReport, items.Incorporated}, {"10", items.ProxyStatement, items.Incorporated}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAHeadingThatIsMissingShiftsNothing(t *testing.T) {
	list := []string{"Item 1. Business 3", "Item 2. Properties 4", "Item 3. Legal Proceedings 5", "Item 5. Market for Common Equity 6"}
	got := cut(t, "10-K", lines(append(list, "Item 1. Business", "Pumps.", "Item 2. Properties", "A mill.", "A suit.", "Item 5. Market for Common Equity", "New York.")...))
	expect(t, got, "1: Item 1. Business Pumps.", "2: Item 2. Properties A mill. A suit.", "5: Item 5. Market for Common Equity New York.")
}

func TestLettersAndParagraphsBehindNumbers(t *testing.T) {
	expect(t, cut(t, "10-K", lines("Item 7. Management's Discussion", "Words.", "Item 7.A. Quantitative and Qualitative Disclosures", "Prices.", "Item 9.A Controls and Procedures", "They work.")),
		"7: Item 7. Management's Discussion Words.", "7A: Item 7.A. Quantitative and Qualitative Disclosures Prices.", "9A: Item 9.A Controls and Procedures They work.")
	expect(t, cut(t, "20-F", lines("Item 4. Information on the Company", "Item 4.A. History", "Old.", "Item 5. Operating and Financial Review", "Good.")),
		"4: Item 4. Information on the Company Item 4.A. History Old.", "5: Item 5. Operating and Financial Review Good.")
	expect(t, cut(t, "8-K", lines("Items 1.01(a) and 5.02(b), (e) Entry into an Agreement", "Signed.", "Item 9.01 Financial Statements and Exhibits", "A list.")),
		"1.01+5.02: Items 1.01(a) and 5.02(b), (e) Entry into an Agreement Signed.", "9.01: Item 9.01 Financial Statements and Exhibits A list.")
}

func TestFeetOfPagesAreNotTheItems(t *testing.T) {
	var body []string
	for page := range 6 {
		body = append(body, fmt.Sprintf("Words of page %d end here.", page), fmt.Sprintf("Pump Works Inc. | 2024 Form 10-K | %d", page), "Table of Contents")
	}
	got := cut(t, "10-K", lines(append(append([]string{"Item 1. Business"}, body...), "Item 2. Properties", "A mill.")...))
	if len(got) != 2 || !strings.HasSuffix(got[0], "Words of page 5 end here.") {
		t.Errorf("got %q, want item 1 to end with its last page's words", got)
	}
}

func TestOtherFormsHaveNoItems(t *testing.T) {
	for _, form := range []string{"DEF 14A", "", "4", "NT 10-K", "6-K"} {
		if got := cut(t, form, lines("Item 1. Business", "Pumps.")); got != nil {
			t.Errorf("%q: got %q, want none", form, got)
		}
	}
}

func TestAFilingWithoutItemsHasNone(t *testing.T) {
	for name, raw := range map[string]string{"empty": "", "a letter": lines("Dear shareholder,", "we had a good year."), "contents alone": lines("Item 1. Business 3", "Item 2. Properties 4", "Item 3. Legal Proceedings 5")} {
		if got := cut(t, "10-K", raw); got != nil {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}

// words are what filings are made of here.
var words = []string{"Item 1. Business", "ITEM 1A. RISK FACTORS", "Item 2.", "Properties", "Item 7. Management's Discussion", "Items 3 and 4", "Item 15. Exhibits 44", "PART II", "PART I", "12", "Table of Contents",
	"SIGNATURES", "We make pumps.", "None.", "Item 2.02 Results", "Item 9.01", "Item 16A. Audit", "<a href=\"#x\">Item 1. Business</a>", "<a name=\"x\"></a>Business", "<b>Legal Proceedings</b>", "Item", "5", "<table><tr><td>Item 3.</td><td>Legal Proceedings</td><td>3-5</td></tr></table>"}

// sound fails when items overlap, lie outside the text, are not in its order, or come twice.
func sound(t interface{ Fatalf(string, ...any) }, doc flat.Document, found []items.Item) {
	end, seen := 0, map[string]bool{}
	for _, it := range found {
		if it.Start < end || it.End <= it.Start || it.End > len(doc.Text) {
			t.Fatalf("item %+v begins before %d or is outside of a text of %d", it, end, len(doc.Text))
		}
		end = it.End
		for _, key := range append([]string{it.Key}, it.Also...) {
			if seen[key] {
				t.Fatalf("item %s comes twice in %+v", key, found)
			}
			seen[key] = true
		}
	}
}

func TestItemsAreApartAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := lines(rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "lines")...)
		form := rapid.SampledFrom([]string{"10-K", "10-Q", "8-K", "20-F", "10-KSB"}).Draw(t, "form")
		doc, err := flat.Flatten([]byte(raw))
		if err != nil {
			t.Fatalf("flatten: %v", err)
		}
		found := items.Find(form, doc)
		sound(t, doc, found)
		if diff := cmp.Diff(found, items.Find(form, doc)); diff != "" {
			t.Fatalf("found differently the second time:\n%s", diff)
		}
	})
}

func FuzzFind(f *testing.F) {
	for i, form := range []string{"10-K", "10-Q", "8-K", "20-F", "10-KSB"} {
		f.Add(form, lines(words[i:]...))
		f.Add(form, strings.Join(words, "\n"))
	}
	f.Add("8-K", "items 1.01 through 9.01, & 5/7")
	f.Add("10-K", "PART\u00a0II\tItem\n\n7 (A\xff")
	f.Fuzz(func(t *testing.T, form, raw string) {
		doc, _ := flat.Flatten([]byte(raw))
		sound(t, doc, items.Find(form, doc))
	})
}

// TestManyHeadingsAreCutInTime finds items in texts that have as many headings, rows and lines as fit.
func TestManyHeadingsAreCutInTime(t *testing.T) {
	for _, line := range []string{"Item 1. Business", "Item 1. Business 7", "Item 1. Business 3\nItem 2. Properties 4\nItem 3. Legal Proceedings 5", "SIGNATURES", "PART II", "Item", "1", "Pursuant to the requirements of the Securities Exchange Act of 1934, x",
		`<a href="#z">Item 1. Business</a>`, `<table><tr><td><a href="#z">Item 3.</a></td><td>Legal Proceedings</td><td>3-5</td></tr></table>`} {
		doc, _ := flat.Flatten([]byte("<html>" + strings.Repeat("<p>"+line+"</p>", 1<<20/len(line)) + `<p id="z">Business</p>`))
		for _, form := range []string{"10-K", "10-Q", "8-K"} {
			sound(t, doc, items.Find(form, doc))
		}
	}
}
