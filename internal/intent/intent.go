package intent

import (
	"strconv"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fiscal"
	"github.com/jaspers-ai/jaspers/internal/when"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// Type is what kind of thing a question asks for.
type Type string

// The types of questions.
const (
	Portfolio Type = "portfolio" // of what the person owns
	Market    Type = "market"    // of prices and how they moved
	Research  Type = "research"  // of companies: their figures, filings, people
	Other     Type = "other"     // of nothing we know about
)

// Intent is what a question is about. What it does not say is nil or empty.
type Intent struct {
	Type    Type
	Symbols []Mention
	// Range is what the question speaks of in time, and Ranges all such expressions in their order. A period that has
	// begun is whole: who looks back takes Range.Until(today).
	Range  *when.Range
	Ranges []when.Range
	// Fiscal are the fiscal periods, in the order in which they stand. A quarter of a plain year, "Q3 2023", is both
	// fiscal and a range.
	Fiscal   []fiscal.Period
	DocTypes []string // forms as EDGAR calls them: 10-K, 10-Q, 8-K, 20-F, DEF 14A …
	Filters  Filters
	Topics   []Topic
	Question string // that was read, where that is another than was asked
}

// Context is what a question is read against.
type Context struct {
	Today calendar.Day
	Held  []string // symbols the person holds; words that are also symbols mean them sooner
}

// Parse reads a question. The same question in the same context is always read the same; of very long ones the beginning
// counts.
func (u *Universe) Parse(query string, c Context) Intent {
	q := u.question(query, c.Held)
	periods := fiscal.Find(q.words)
	dated := periods.Masked(q.words)
	asked := when.Options{Today: c.Today, Past: true, Trading: true}
	in := Intent{Ranges: when.Find(dated, asked)}
	q.timed = q.times(periods, in.Ranges)
	in.Symbols = u.mentions(q)
	in.Fiscal = periods.Periods
	in.DocTypes = fiscal.Forms(q.words)
	in.Type = q.kind(in)
	meant := when.Options{
		Today:   c.Today,
		Past:    in.Type != Other && !q.looksAhead(),
		Trading: in.Type == Market || in.Type == Portfolio,
	}
	if len(in.Ranges) > 0 && meant != asked {
		in.Ranges = when.Find(dated, meant)
	}
	if len(in.Ranges) > 0 {
		in.Range = &in.Ranges[0]
	}
	if len(in.Fiscal) == 0 && in.Type == Research {
		in.Fiscal = yearsAsFiscal(q.words, in.Ranges)
	}
	in.Filters = q.filters(in.Type, len(in.Symbols) > 0)
	in.Topics = q.topics()
	return in
}

func (u *Universe) question(query string, held []string) *question {
	q := &question{universe: u, text: query, words: words.Translate(words.Split(query))}
	if len(held) > 0 {
		q.held = make(map[string]bool, len(held))
		for _, symbol := range held {
			q.held[symbolKey(symbol)] = true
		}
	}
	q.mend()
	q.tells = listen(q.words)
	q.readCase()
	q.everyday = q.tells["other"] > 0 && q.tells["other"] >= q.tells["market"]+q.tells["research"]+q.tells["portfolio"]
	return q
}

// times tells of each word whether it speaks of time, and so of no company.
func (q *question) times(periods fiscal.Reading, ranges []when.Range) []bool {
	out := make([]bool, len(q.words))
	for i := range out {
		out[i] = periods.Covers(i)
	}
	i := 0
	for _, r := range ranges {
		for ; i < len(q.words) && q.words[i].End <= r.End; i++ {
			out[i] = out[i] || q.words[i].Start >= r.Start
		}
	}
	return out
}

// readCase finds out what capitals mean in the question.
func (q *question) readCase() {
	all, upper, capital, lower := 0, 0, 0, 0
	for _, w := range q.words {
		switch {
		case w.Kind != words.Letters || w.Raw[0] >= 0x80:
			continue
		case w.Upper() && len(w.Raw) > 1:
			upper++
		case w.Capital():
			capital++
		default:
			lower++
		}
		all++
	}
	q.capitals = upper
	q.cased = lower > 0 && upper+capital > 0 || upper > 0 && all == 1 || capital > 0 && upper > 0
	q.titled = all >= 4 && capital+upper > 2*lower
}

// looksAhead tells whether the question asks of what is to come.
func (q *question) looksAhead() bool {
	for i := range q.words {
		if q.among(i, "will", "next", "upcoming", "tomorrow", "expected", "forecast", "going") {
			return true
		}
	}
	return false
}

// yearsAsFiscal takes the years of dates for fiscal ones, in questions on companies that name none: "revenue in 2019".
// Filers call a year by the year in which it ends, as people do.
func yearsAsFiscal(text []words.Word, ranges []when.Range) []fiscal.Period {
	var out []fiscal.Period
	seen := map[int]bool{}
	for _, r := range ranges {
		for _, w := range text {
			if w.Start < r.Start || w.End > r.End || w.Kind != words.Digits || len(w.Text) != 4 {
				continue
			}
			if year, err := strconv.Atoi(w.Text); err == nil && !seen[year] {
				seen[year] = true
				out = append(out, fiscal.Period{Year: year})
			}
		}
	}
	return out
}
