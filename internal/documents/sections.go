package documents

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Status of a section.
const (
	Present      = "present"
	Incorporated = "incorporated" // its text stands in another document
	Nothing      = "nothing"      // the filer has nothing to say: none, not applicable, reserved
	ListedOnly   = "listed"       // the filer says that the filing has it, and it is not found in the text
)

// section is an item as it is kept: Start and End are characters of the text, At and To its bytes.
type section struct {
	Key        string   `json:"key"`
	Also       []string `json:"also,omitempty"`
	Title      string   `json:"title"`
	Status     string   `json:"status"`
	Start, End int
	At, To     int
}

// sectionsOf are the items in the order of the text, which is theirs.
func sectionsOf(text string, found []items.Item) []section {
	all := make([]section, 0, len(found))
	at, chars := 0, 0
	count := func(to int) int {
		if to < at {
			at, chars = 0, 0
		}
		chars += utf8.RuneCountInString(text[at:to])
		at = to
		return chars
	}
	for _, item := range longestRun(found) {
		all = append(all, section{
			Key: item.Key, Also: item.Also, Title: item.Title, Status: statusOf(item.Title, text[item.Start:item.End]),
			Start: count(item.Start), End: count(item.End), At: item.Start, To: item.End,
		})
	}
	return all
}

// longestRun is, of a table of contents and the text behind it, which may both look like items, the one with more text. A
// run ends where a key comes again.
func longestRun(found []items.Item) []items.Item {
	var best []items.Item
	length, most := 0, 0
	seen := map[string]bool{}
	for first, i := 0, 0; i < len(found); i++ {
		if seen[found[i].Key] {
			first, length = i, 0
			clear(seen)
		}
		seen[found[i].Key] = true
		if length += found[i].End - found[i].Start; length > most {
			best, most = found[first:i+1], length
		}
	}
	return best
}

var (
	byReference = regexp.MustCompile(`(?i)\bincorporated\b[^.]{0,80}\bby\s+reference\b|\bis\s+set\s+forth\s+(?:in|under)\b[^.]{0,200}\bexhibit\s+13`)
	saysNothing = regexp.MustCompile(`(?i)^\W*(?:none|not\s+applicable|n/?a|(?:removed\s+and\s+)?reserved|omitted|no\s+(?:information|disclosure)\s+to\s+report)\W*$`)
)

const (
	// maxReference is how long an item is that only refers to somewhere else.
	maxReference = 3000
	// maxNothing is how long an item is that says nothing.
	maxNothing = 300
)

// statusOf judges an item by what stands under its heading or, where nothing does, in it.
func statusOf(title, text string) string {
	body := strings.TrimSpace(pageEnds.ReplaceAllString(bodyOf(title, text), ""))
	if body == "" {
		body = title[strings.LastIndexByte(strings.TrimRight(title, ". "), '.')+1:] // "Other Information. None."
	}
	switch {
	case len(body) <= maxNothing && saysNothing.MatchString(body):
		return Nothing
	case len(body) <= maxReference && byReference.MatchString(body):
		return Incorporated
	}
	return Present
}

// bodyOf is what stands behind an item's heading, which may have several lines.
func bodyOf(title, text string) string {
	if _, body, found := strings.Cut(text, title); found && title != "" {
		return body
	}
	_, body, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return body
}

// pageEnds are lines that stand between two pages and belong to neither.
var pageEnds = regexp.MustCompile(`(?im)^(?:[ \t]*(?:\d{1,3}|[^\n]{0,60}\(continued\)|part\s+[iv]+|table of contents)|[^\n|]{1,60}\|[^\n]{0,40}\|[ \t]*\d{1,3})[ \t.]*$`)

var keyWords = strings.NewReplacer("ITEM", "", "PART", "", " ", "", "(", "", ")", "")

// named finds the section that a person means: "1A", "item 1a", "II.1A", "Part II, Item 1A" or, where only one part has
// such an item, "2". NotFound names those there are, an Invalid the parts that have one.
func named(all []section, asked string) (section, error) {
	key := strings.Trim(strings.ReplaceAll(keyWords.Replace(strings.ToUpper(asked)), ",", "."), ".:")
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
			all = append(all, section{Key: item.Key, Title: item.Title, Status: ListedOnly})
		}
	}
	return all
}

var exhibitNumber = regexp.MustCompile(`(?i)\bexhibit\s+\(?(\d{1,3}(?:\.\d{1,3})?)`)

// exhibitFor is the document that an item refers to, where the filing has it: the exhibit it names, or the annual report
// to shareholders, which is exhibit 13.
func exhibitFor(c filings.Contents, text string) (filings.Document, bool) {
	wanted := []string{}
	for _, m := range exhibitNumber.FindAllStringSubmatch(text, 5) {
		wanted = append(wanted, "EX-"+m[1])
	}
	if strings.Contains(strings.ToLower(text), "annual report") {
		wanted = append(wanted, "EX-13")
	}
	for _, kind := range wanted {
		for _, d := range c.Documents {
			if rest, ok := strings.CutPrefix(d.Type, kind); ok && (rest == "" || rest[0] == '.') && isText(d.Name) {
				return d, true
			}
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
