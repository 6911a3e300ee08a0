package builtin

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/plan"
)

// filings lists what was filed, or found among it.
func (a *asked) filings(p *page, rs []*result) {
	const shown = 10
	for _, r := range rs {
		in := r.given()
		of := cmp.Or(plainly(in.Symbol), "companies")
		all := r.list("filings")
		what := "filings"
		if len(in.Forms) > 0 {
			what = "filings of the form " + listed(in.Forms)
		}
		if len(all) == 0 {
			p.say("I looked for %s of %s%s and found none. %s", what, of, r.span(), r.cite())
			continue
		}
		p.say("%s of %s%s, the newest first: %s", strings.ToUpper(what[:1])+what[1:], of, r.span(), r.cite())
		var rows [][]string
		for _, f := range first(all, shown) {
			rows = append(rows, []string{formOf(f), f.text("filed"), f.text("reportsOn"), companyOf(f), f.cite()})
		}
		p.table([]string{"Form", "Filed", "Reports on", "Company", "Source"}, rows)
		if len(all) > shown || r.flag("more") {
			p.say("There are more; name a form or days to narrow them.")
		}
	}
}

// formOf names a form so that it is read as a name: there is one called 4.
func formOf(f node) string {
	if form := plainly(f.text("form")); !counts(form) {
		return form
	}
	return "Form " + plainly(f.text("form"))
}

func companyOf(f node) string {
	if name := plainly(f.text("company")); !counts(name) {
		return name
	}
	return ""
}

// passages quotes what filings say, word for word.
func (a *asked) passages(p *page, rs []*result) {
	for _, r := range rs {
		in := r.given()
		of := cmp.Or(plainly(in.Symbol), "companies")
		quotes, used := a.quoted(r.list("passages"), 4)
		if len(quotes) == 0 {
			p.say("I looked through what %s filed with the SEC%s and found no passage on this. %s", of, searched(r), r.cite())
			continue
		}
		p.say("What the filings of %s say on this, in their words%s: %s", of, searched(r), r.cite())
		for i, q := range quotes {
			quotes[i] = q + " " + used[i].cite() + prefixed(", ", origin(used[i]))
		}
		p.entries(quotes)
	}
	p.note("These are the passages that fit best by their words; I do not sum them up.")
}

// origin says of which filing a passage is.
func origin(n node) string {
	form, filed := plainly(n.text("form")), n.text("filed")
	if form == "" || filed == "" {
		return ""
	}
	return form + " filed " + filed + prefixed(", item ", plainly(n.text("item")))
}

// searched names the filings that were surely looked through.
func searched(r *result) string {
	var all []string
	for _, s := range r.list("searched") {
		all = append(all, plainly(s.text("form"))+" filed "+s.text("filed"))
	}
	if len(all) == 0 {
		return ""
	}
	const shown = 4
	return " (" + listed(first(all, shown)) + ")"
}

// section quotes the beginning of an item's passages.
func (a *asked) section(p *page, rs []*result) {
	for _, r := range rs {
		quotes, used := a.quoted(r.list("passages"), 6)
		name := plainly(cmp.Or(r.text("title"), r.text("item")))
		company := companyOf(r.node)
		if len(quotes) == 0 {
			p.say("The item “%s” of the %s of %s has no text that can be quoted. %s", name, plainly(r.text("form")), company, r.cite())
			continue
		}
		p.say("From %s of %s (%s filed %s), in the company's words: %s", name, company, plainly(r.text("form")), r.text("filed"), r.cite())
		for i, q := range quotes {
			quotes[i] = q + " " + used[i].cite()
		}
		p.entries(quotes)
		if r.at("nextOffset").value != nil {
			p.say("The item goes on; these are sentences of its beginning.")
		}
	}
}

// quoted are quotes of passages, in quotation marks, and of which passage each is.
func (a *asked) quoted(all []node, most int) (quotes []string, used []node) {
	for _, n := range all {
		if quote := quoteOf(n.text("text"), a.question, n.text("company")); quote != "" && len(quotes) < most && !slices.Contains(quotes, "“"+quote+"”") {
			quotes, used = append(quotes, "“"+quote+"”"), append(used, n)
		}
	}
	return quotes, used
}

// The length of a quote, in bytes.
const (
	shortest = 40
	longest  = 500
)

// quoteOf is the sentence of a text that has the most words of a question, the first of equals; those of names, which all
// of the text is about, do not count. It is empty where nothing can be quoted word for word.
func quoteOf(text, question string, names ...string) string {
	asked := map[string]bool{}
	for _, w := range strings.Fields(string(plan.TextOf(question))) {
		if len(w) > 3 && !slices.Contains(asking, w) {
			asked[stem(w)] = true
		}
	}
	for _, w := range strings.Fields(string(plan.TextOf(strings.Join(names, " ")))) {
		delete(asked, stem(w))
	}
	best, most := "", -1
	for _, sentence := range sentences(text) {
		if !quotable(sentence) || !strings.HasSuffix(sentence, ".") { // headings and rows of tables say little by themselves
			continue
		}
		found := 0
		for _, w := range strings.Fields(string(plan.TextOf(sentence))) {
			if asked[stem(w)] {
				found++
			}
		}
		if found > most {
			best, most = sentence, found
		}
	}
	return best
}

// asking are words that questions have and answers do not.
var asking = []string{"what", "does", "about", "says", "said", "which", "their", "company", "tell", "filing", "filings"}

// stem is what forms of a word have in common: that of competition is that of competitors.
func stem(word string) string {
	const common = 6
	return word[:min(len(word), common)]
}

// quotable tells whether words can be quoted: long and short enough, and without signs that an answer's text may not have
// or that end a quote.
func quotable(sentence string) bool {
	return len(sentence) >= shortest && len(sentence) <= longest && !strings.ContainsAny(sentence, "\"“”„«»‹›「」‘<>@[]{}|\\`*") && !strings.Contains(sentence, ":/") &&
		!strings.Contains(strings.ToLower(sentence), "www.") && !strings.Contains(strings.ToLower(sentence), "script:")
}

// sentences are those of a text, whose lines are paragraphs and headings.
func sentences(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, sentencesOf(strings.Fields(line))...)
	}
	return all
}

func sentencesOf(words []string) (all []string) {
	from := 0
	for i, w := range words {
		last := i == len(words)-1
		ends := strings.HasSuffix(w, ".") && len(w) > 3 && !last && strings.ToUpper(words[i+1][:1]) == words[i+1][:1]
		if ends || last {
			all = append(all, strings.Join(words[from:i+1], " "))
			from = i + 1
		}
	}
	return all
}

func nextOfFilings(_ *asked, rs []*result) []string {
	symbol := plainly(rs[0].given().Symbol)
	if symbol == "" {
		return []string{"What does Apple say about its risks?"}
	}
	return []string{"What are the risk factors of " + symbol + "?", "Which filings did " + symbol + " make this year?", "How did the revenue of " + symbol + " grow?"}
}
