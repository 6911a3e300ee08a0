package claims

import (
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/figures"
)

// Line is what a stretch of text speaks of, with the places of its mentions in it.
type Line struct {
	text                    string
	subjects, periods, asOf []mention
}

// Surroundings are the lines around a line, as far as they say what its figures are of.
type Surroundings struct {
	heading Line
	lead    Line // the line before in the same paragraph
	header  []Line
	entries []entry // the list entries around, the outer ones first
}

// entry is an entry of a list.
type entry struct {
	indent int
	said   Line
}

// Scope is what a figure is said to be of. Of each list any may be meant; an empty one says nothing.
type Scope struct {
	subjects, periods []string
	ownPeriods        []string // those that its own sentence names
	heads             string   // a cell's row and column
	before            []string // periods before which it is
	sentence          string   // around the figure
	start, end        int      // of the figure in sentence
	asOf              []string
	words             string // all that may name what the figure is, in lower case
	whole             bool   // the sentence speaks of the whole portfolio
}

// Read is what a line speaks of, in which these numbers stand.
func (r *Reader) Read(line string, numbers []figures.Verdict) Line {
	s := Line{text: line, subjects: r.names.find(line)}
	for _, f := range numbers {
		if f.Kind == figures.Date && asOfBefore.MatchString(line[max(0, f.Start-32):f.Start]) {
			s.asOf = append(s.asOf, mention{f.Start, f.End, f.Text})
		}
		if (f.Kind == figures.Period || f.Kind == figures.Date) && len(figures.PeriodsIn(f.Text)) > 0 {
			s.periods = append(s.periods, mention{f.Start, f.End, f.Text})
		}
	}
	return s
}

// within is the part of what is said that stands between two places.
func (s Line) within(start, end int) Line {
	part := Line{text: s.text[start:end]}
	cut := func(all []mention) []mention {
		var some []mention
		for _, m := range all {
			if m.start >= start && m.end <= end {
				some = append(some, mention{m.start - start, m.end - start, m.what})
			}
		}
		return some
	}
	part.subjects, part.periods, part.asOf = cut(s.subjects), cut(s.periods), cut(s.asOf)
	return part
}

var (
	headingForm  = regexp.MustCompile(`^\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?|__[^_]+__:?)\s*$`)
	entryForm    = regexp.MustCompile(`^(\s*)(?:[-*+]|\d{1,3}[.)])\s`)
	rowForm      = regexp.MustCompile(`^\s*\|`)
	ruleForm     = regexp.MustCompile(`^[\s|:-]+$`)
	sentenceEnd  = regexp.MustCompile(`[.!?;]\s`)
	abbreviation = regexp.MustCompile(`(?i)(?:^|[\s(])(?:inc|corp|co|ltd|vs|approx|no|st|mr|dr|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|e\.g|i\.e|u\.s|\pL)\.$`)
)

// Pass keeps of a finished line what those behind it need.
func (r *Reader) Pass(line Line) {
	a := &r.around
	text := line.text
	row := rowForm.MatchString(text)
	if !row {
		a.header = nil
	}
	switch entryIndent := entryForm.FindStringSubmatch(text); {
	case strings.TrimSpace(text) == "":
		if len(a.lead.text) > 0 && !strings.HasSuffix(strings.TrimRight(a.lead.text, " *_"), ":") {
			a.lead = Line{}
		}
	case headingForm.MatchString(text):
		*a = Surroundings{heading: line}
	case row:
		if a.header == nil && !ruleForm.MatchString(text) {
			for _, c := range cells(text) {
				a.header = append(a.header, line.within(c.start, c.end))
			}
		}
	case entryIndent != nil:
		indent := len(entryIndent[1])
		a.entries = append(a.outer(indent), entry{indent, line})
	default:
		a.lead, a.entries = line, nil
	}
}

// outer are the list entries around one that is set in so far.
func (a Surroundings) outer(indent int) []entry {
	n := len(a.entries)
	for n > 0 && a.entries[n-1].indent >= indent {
		n--
	}
	return slices.Clip(a.entries[:n])
}

// cells are the places of a table row's cells.
func cells(row string) []stretch {
	var all []stretch
	start := strings.IndexByte(row, '|') + 1
	for i := start; i < len(row); i++ {
		if row[i] == '|' && row[i-1] != '\\' {
			all = append(all, stretch{start, i})
			start = i + 1
		}
	}
	if strings.TrimSpace(row[start:]) != "" {
		all = append(all, stretch{start, len(row)})
	}
	return all
}

// sentences are the places of a line's sentences.
func sentences(line string) []stretch {
	var all []stretch
	start := 0
	for _, m := range sentenceEnd.FindAllStringIndex(line, -1) {
		if line[m[0]] == '.' && abbreviation.MatchString(line[max(start, m[0]-8):m[0]+1]) || strings.TrimLeft(line[start:m[0]], " 0123456789") == "" {
			continue
		}
		all = append(all, stretch{start, m[1]})
		start = m[1]
	}
	return append(all, stretch{start, len(line)})
}

// Scopes are what the amounts of a line are said to be of.
func (r *Reader) Scopes(line Line, numbers []figures.Verdict) []Scope {
	row := rowForm.MatchString(line.text)
	parts := sentences(line.text)
	if row {
		parts = cells(line.text)
	}
	around := r.outside(line.text)
	all := make([]Scope, 0, len(numbers))
	for len(numbers) > 0 && len(parts) > 0 {
		at, n := partAt(parts, numbers[0]), 1
		for n < len(numbers) && partAt(parts, numbers[n]) == at {
			n++
		}
		rest := around
		if row {
			rest = r.inTable(line, parts, at, around)
		} else if at > 0 {
			rest = append([]Line{line.within(0, parts[at].start)}, around...)
		}
		all = append(all, scopesIn(line, parts[at], numbers[:n], rest, row)...)
		numbers = numbers[n:]
	}
	return all
}

// scopesIn are those of the amounts of one sentence or cell, around which the rest is said: of a cell by its row and column
// before all else. What they have in common is worked out once.
func scopesIn(line Line, part stretch, numbers []figures.Verdict, rest []Line, row bool) []Scope {
	own := line.within(part.start, part.end)
	shared := Scope{sentence: own.text, words: wordsOf(own, rest)}
	for _, m := range own.asOf {
		shared.asOf = append(shared.asOf, m.what)
	}
	if row {
		for _, head := range rest[:len(rest)-2] { // behind them are the paragraph before and the heading
			shared.heads += head.text + " "
		}
	}
	amounts := make([]stretch, len(numbers))
	for i, n := range numbers {
		amounts[i] = stretch{n.Start - part.start, min(n.End, part.end) - part.start}
	}
	all := make([]Scope, len(numbers))
	for i, amount := range amounts {
		s := shared
		s.start, s.end = amount.start, amount.end
		s.subjects, s.periods = claimed(own.text, own.subjects, amounts, i), claimed(own.text, own.periods, amounts, i)
		s.ownPeriods = s.periods
		s.fill(rest, row)
		all[i] = s
	}
	return all
}

// partAt is the place of the sentence or cell in which a number stands.
func partAt(parts []stretch, n figures.Verdict) int {
	at, _ := slices.BinarySearchFunc(parts, n.Start, func(p stretch, start int) int {
		if p.end <= start {
			return -1
		}
		return 1
	})
	return min(at, len(parts)-1)
}

// wordsOf are all that may name the figures of a sentence or cell.
func wordsOf(own Line, rest []Line) string {
	var words strings.Builder
	words.WriteString(own.text)
	for _, line := range rest {
		words.WriteString(" " + line.text)
	}
	return strings.ToLower(words.String())
}

// outside is what the lines around say, the nearest first.
func (r *Reader) outside(line string) []Line {
	var rest []Line
	if m := entryForm.FindStringSubmatch(line); m != nil {
		outer := r.around.outer(len(m[1]))
		for i := len(outer) - 1; i >= 0; i-- {
			rest = append(rest, outer[i].said)
		}
	}
	return append(rest, r.around.lead, r.around.heading)
}

// inTable is what a row's label and its column's head say of a cell, before what stands around the table.
func (r *Reader) inTable(line Line, parts []stretch, at int, around []Line) []Line {
	var rest []Line
	if at > 0 {
		rest = append(rest, line.within(parts[0].start, parts[0].end))
	}
	if at < len(r.around.header) {
		rest = append(rest, r.around.header[at])
	}
	return append(rest, around...)
}

// fill takes what the figure's own sentence does not say from the nearest around it that does. Sentences before it say
// of which subject they go on, a heading of which period too.
func (s *Scope) fill(rest []Line, row bool) {
	s.whole = len(s.subjects) == 0 && speaksOfWhole(s.sentence[:s.start])
	for i, line := range rest {
		if !s.whole && len(s.subjects) == 0 && len(line.subjects) > 0 {
			s.subjects = lastGroup(line.text, line.subjects)
		}
		heading := i == len(rest)-1 || row
		if len(s.periods) == 0 && len(line.periods) > 0 && heading {
			s.periods = lastGroup(line.text, line.periods)
		}
	}
	switch {
	case len(s.periods) == 0:
	case earlier.MatchString(s.sentence[s.end:min(len(s.sentence), s.end+24)]):
		s.before, s.periods = s.periods, nil
	case earlier.MatchString(s.sentence[max(0, s.start-40):s.start]):
		s.periods = nil
	}
}

var (
	wholeWords = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:(?:return|value|result|performance|volatility|drawdown|gain|loss|change|total|cost|income|growth)s? of |(of |in |from |to |into |within |beat |than ))?(?:your|the|this|entire|whole) (?:whole |entire |total |overall )*portfolio(?:['’]s)?\b`)
	partWords  = regexp.MustCompile(`(?i)\b(?:positions?|holdings?|stocks?|shares?|funds?|largest|biggest|smallest|best|worst|top|contribut\w+|benchmark|index|market|winners?|losers?|each|while|against|versus|vs)\b`)
)

// speaksOfWhole tells whether the text before a figure speaks of the whole portfolio, and not of a part of it.
func speaksOfWhole(before string) bool {
	if !strings.Contains(before, "ortfolio") { // quicker than to have it looked for
		return false
	}
	m := wholeWords.FindAllStringSubmatchIndex(before, -1)
	if len(m) == 0 {
		return false
	}
	last := m[len(m)-1]
	return last[2] < 0 && !partWords.MatchString(before[last[1]:])
}

// earlier is a period that is told by another one.
var earlier = regexp.MustCompile(`(?i)\b(?:earlier|(?:prior|previous) (?:fiscal )?(?:year|quarter|month|period)|previously|ago|the year before|last (?:year|quarter|month))\b`)

var (
	together   = regexp.MustCompile(`(?i)^[\s*_)(]*(?:,|,? ?(?:and|or|&|vs\.?|versus|to|through|/|-|–))[\s*_(]*(?:(?:in|from|for|of)\s+)?$`)
	joined     = regexp.MustCompile(`(?i)(?:and|or|&|vs|versus|to|through|/|-|–)`)
	behindOf   = regexp.MustCompile(`(?i)^\s*(?:\w+\s+)?(?:of|in|for|from|at|on|during|\()\s*(?:the\s+)?(?:fiscal\s+)?[(*_]*$`)
	respective = regexp.MustCompile(`(?i)\brespectively\b`)
)

// claimed is which of the mentions of a sentence an amount in it is said of: the one right behind it, as in "5 shares of
// X", or the last one before it; where the sentence begins with an amount, the next behind. Mentions that are joined,
// "X and Y", are meant all, or in their order where the sentence says respectively.
func claimed(text string, mentions []mention, amounts []stretch, self int) []string {
	if len(mentions) == 0 {
		return nil
	}
	amount := amounts[self]
	next := slices.IndexFunc(mentions, func(m mention) bool { return m.start >= amount.end })
	free := next >= 0 && !slices.ContainsFunc(amounts, func(a stretch) bool { return a.start >= amount.end && a.start < mentions[next].start })
	last := next - 1
	if next < 0 {
		last = len(mentions) - 1
	}
	amountsFirst := amounts[0].start < mentions[0].start
	switch {
	case free && (last < 0 || amountsFirst || behindOf.MatchString(text[amount.end:mentions[next].start])):
		return groupOf(text, mentions, next, -1)
	case last < 0:
		return groupOf(text, mentions, 0, -1)
	}
	place := -1
	if respective.MatchString(text) {
		place = 0
		for _, a := range amounts[:self] {
			if a.start >= mentions[last].end {
				place++
			}
		}
	}
	return groupOf(text, mentions, last, place)
}

// groupOf is what the mention at a place is joined with; only one of it where place says which.
func groupOf(text string, mentions []mention, at, place int) []string {
	from, to, list := at, at, false
	linked := func(i int) bool {
		between := text[mentions[i].end:max(mentions[i].end, mentions[i+1].start)]
		same := mentions[i].what == mentions[i+1].what && len(between) <= 4
		if !same && joined.MatchString(between) && together.MatchString(between) {
			list = true
		}
		return same || together.MatchString(between)
	}
	for to+1 < len(mentions) && linked(to) {
		to++
	}
	for from > 0 && linked(from-1) {
		from--
	}
	if !list { // "unlike X, Y"
		return []string{mentions[at].what}
	}
	var all []string
	for _, m := range mentions[from : to+1] {
		if !slices.Contains(all, m.what) {
			all = append(all, m.what)
		}
	}
	if place >= 0 && place < len(all) {
		return all[place : place+1]
	}
	return all
}

func lastGroup(text string, mentions []mention) []string {
	return groupOf(text, mentions, len(mentions)-1, -1)
}

var asOfBefore = regexp.MustCompile(`(?i)\bas (?:of|at)(?: the)?(?: close)?(?: of| on)?\s*$`)
