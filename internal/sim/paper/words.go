package paper

import (
	"embed"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// What is written is in files: one of each company, one of each industry, and one for all. "= key" begins a part of one;
// paragraphs are parted by empty lines; "* " before one makes it a heading within its item. Names in braces are filled in.
//
//go:embed words/*.txt
var wordFiles embed.FS

// words are the paragraphs by their keys: a company's own, its industry's, and everybody's.
type words struct{ own, industry, all map[string][]string }

func wordsOf(r books.Registrant) words {
	return words{readWords(strings.ReplaceAll(r.Symbol, ".", "-")), readWords(r.Pool), readWords("everybody")}
}

func readWords(name string) map[string][]string {
	parts := map[string][]string{}
	text, err := wordFiles.ReadFile("words/" + name + ".txt")
	if err != nil {
		panic("paper: " + err.Error()) // the table of registrants names a file that was not built in
	}
	key := ""
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		for strings.HasPrefix(strings.TrimSpace(paragraph), "= ") {
			head, rest, _ := strings.Cut(strings.TrimSpace(paragraph), "\n")
			key, paragraph = strings.TrimPrefix(head, "= "), rest
		}
		if joined := strings.Join(strings.Fields(paragraph), " "); joined != "" {
			parts[key] = append(parts[key], joined)
		}
	}
	return parts
}

// special is what the company, else its industry, else everybody says under the key.
func (w words) special(key string) []string {
	for _, parts := range []map[string][]string{w.own, w.industry, w.all} {
		if said := parts[key]; said != nil {
			return said
		}
	}
	return nil
}

// every is what all of them say under the key, the company first.
func (w words) every(key string) []string {
	var said []string
	for _, parts := range []map[string][]string{w.own, w.industry, w.all} {
		said = append(said, parts[key]...)
	}
	return said
}

// fill puts the filing's names and figures into a text.
func (c *Company) fill(f *Filing, text string) string {
	pairs := []string{
		"{company}", c.Short, "{city}", c.Issuer.City, "{employees}", typeset.Grouped(fmt.Sprint(c.Issuer.Employees)),
		"{fy}", fmt.Sprint(f.FiscalYear), "{last}", fmt.Sprint(f.FiscalYear - 1), "{exchange}", strings.Join(c.Exchanges[:1], ""), "{ticker}", c.Tickers[0],
		"{filed}", long(f.Filed), "{end}", long(f.Period),
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// amount is so many millions in a sentence: "$391,035 million".
func (c *Company) amount(n int64) string {
	sign := "$"
	if c.Foreign() {
		sign = "€"
	}
	if n < 0 {
		return "negative " + sign + typeset.Grouped(fmt.Sprint(-n)) + " million"
	}
	return sign + typeset.Grouped(fmt.Sprint(n)) + " million"
}

// each is an amount per share in a sentence.
func (c *Company) each(d decimal.Decimal) string {
	sign := "$"
	if c.Foreign() {
		sign = "€"
	}
	if d.IsNegative() {
		return "a loss of " + sign + d.Abs().StringFixed(2)
	}
	return sign + d.StringFixed(2)
}

// moved says how an amount stands to the one before: "increased 4% or $1,200 million".
func (c *Company) moved(now, then int64) string {
	verb := "increased"
	if now < then {
		verb = "decreased"
	}
	change := max(now-then, then-now)
	percent := decimal.NewFromInt(change*100).DivRound(decimal.NewFromInt(max(then, -then, 1)), 0)
	return fmt.Sprintf("%s %s%% or %s", verb, percent, c.amount(change))
}
