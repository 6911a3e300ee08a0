package documents

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Statuses of a section beside those of items.
const (
	present    = "present"
	listedOnly = "listed" // the filer says that the filing has it, and it is not found in the text
)

// section is an item as it is kept: Start and End are characters of the text, At and To its bytes.
type section struct {
	Key        string   `json:"key"`
	Also       []string `json:"also,omitempty"`
	Title      string   `json:"title"`
	Status     string   `json:"status"`
	Reference  string   `json:"reference,omitempty"`
	Start, End int
	At, To     int
}

// sectionsOf are the items in the order of the text, which is theirs.
func sectionsOf(doc flat.Document, found []items.Item) []section {
	all := make([]section, 0, len(found))
	for _, item := range found {
		all = append(all, section{
			Key: item.Key, Also: item.Also, Title: item.Title, Status: cmp.Or(string(item.Status), present), Reference: item.Reference,
			Start: doc.Characters(item.Start), End: doc.Characters(item.End), At: item.Start, To: item.End,
		})
	}
	return all
}

// keyWords are taken out of what people write, so that a part and an item have a dot between them.
var keyWords = strings.NewReplacer("ITEM", ".", "PART", "", ",", "", " ", "", "(", "", ")", "", ":", "")

// named finds the section that a person means: "1A", "item 1a", "II.1A", "Part II, Item 1A" or, where only one part has
// such an item, "2". NotFound names those there are, an Invalid the parts that have one.
func named(all []section, asked string) (section, error) {
	key := strings.Trim(keyWords.Replace(strings.ToUpper(asked)), ".")
	var matches []section
	for _, one := range all {
		for _, k := range append([]string{one.Key}, one.Also...) {
			if strings.EqualFold(k, key) {
				return one, nil
			}
			if part, item, ok := strings.Cut(k, "."); ok && item == key && strings.Trim(part, "IV") == "" {
				matches = append(matches, one)
				break
			}
		}
	}
	switch len(matches) {
	case 1:
		return matches[0], nil
	case 0:
		return section{}, fault.New(fault.NotFound, "the filing has no such section; there are %s", keysOf(all))
	}
	return section{}, fault.InvalidField("query.section", "is in more than one part: ask for "+keysOf(matches))
}

func keysOf(all []section) string {
	var keys []string
	for _, one := range all {
		keys = append(keys, one.Key)
		keys = append(keys, one.Also...)
	}
	if len(keys) == 0 {
		return "none"
	}
	return strings.Join(keys, ", ")
}

// withListed adds the items that the filer says an 8-K has and that were not found in its text.
func withListed(all []section, listed []filings.ListedItem) []section {
	for _, item := range listed {
		if !slices.ContainsFunc(all, func(one section) bool { return one.Key == item.Key || slices.Contains(one.Also, item.Key) }) {
			all = append(all, section{Key: item.Key, Title: item.Title, Status: listedOnly})
		}
	}
	return all
}

// exhibitFor is the document of the filing that an item refers to, by its type; false where it is in another filing.
func exhibitFor(c filings.Contents, reference string) (filings.Document, bool) {
	for _, d := range c.Documents {
		if reference != "" && isType(d.Type, reference) && isText(d.Name) {
			return d, true
		}
	}
	return filings.Document{}, false
}

// Headings of an annual report to shareholders: a line that begins with such words, and has no cells of a table.
var (
	headsMarket   = regexp.MustCompile(`(?im)^[^\pL\n]{0,20}(?:market for (?:the )?(?:registrant|company|common)|(?:quarterly )?(?:common )?stock (?:price|market)|dividends? and (?:stock|market))[^\n\t]{0,100}$`)
	headsSelected = regexp.MustCompile(`(?im)^[^\pL\n]{0,20}(?:\S+ year )?(?:selected|summary of selected)(?: consolidated)? financial (?:data|information)[^\n\t]{0,100}$`)
	headsReview   = regexp.MustCompile(`(?im)^[^\pL\n]{0,20}(?:management.s (?:discussion|financial review)|financial review)[^\n\t]{0,100}$`)
	headsRisk     = regexp.MustCompile(`(?im)^[^\pL\n]{0,20}(?:quantitative and qualitative disclosures? about market risk|market risk)[^\n\t]{0,100}$`)
	headsFigures  = regexp.MustCompile(`(?im)^[^\pL\n]{0,20}(?:(?:index to )?consolidated (?:financial statements|statements? of|balance sheets?)|report of independent (?:registered|auditors))[^\n\t]{0,100}$`)
)

// reported are the items of a 10-K that refer to an annual report, with the headings it has them under.
var reported = []struct {
	key     string
	heading *regexp.Regexp
}{{"5", headsMarket}, {"6", headsSelected}, {"7", headsReview}, {"7A", headsRisk}, {"8", headsFigures}}

// within finds what an item of a 10-K refers to in an annual report: from its heading to the next item's, where that is
// the most text. Without such a heading it is all of the report.
func within(text, key string) (start, end int) {
	type mark struct {
		at  int
		key string
	}
	var marks []mark
	for _, r := range reported {
		for _, at := range r.heading.FindAllStringIndex(text, 500) {
			marks = append(marks, mark{at[0], r.key})
		}
	}
	slices.SortFunc(marks, func(a, b mark) int { return a.at - b.at })
	for i, m := range marks {
		if m.key != key {
			continue
		}
		until := len(text)
		for _, next := range marks[i:] {
			if next.key != key {
				until = next.at
				break
			}
		}
		if until-m.at > end-start {
			start, end = m.at, until
		}
	}
	if end == start {
		return 0, len(text)
	}
	return start, end
}
