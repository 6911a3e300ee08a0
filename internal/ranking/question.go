package ranking

import (
	"cmp"
	"slices"
	"strings"
)

// Question is what was made of somebody's words: what to look for, and how much each of it counts.
type Question struct {
	terms  []Term
	pairs  []phrase
	rows   []phrase
	wants  statements
	amount bool
}

// Term is a word to look for, as Words makes it.
type Term struct {
	Word   string
	Weight float64
}

// phrase is some words beside one another, with a blank before and after.
type phrase struct {
	words  string
	weight float64
}

// Bounds of what is looked for, so that a long question costs no more than others.
const (
	maxTerms    = 40
	maxQuestion = 4000 // bytes that are read
)

// What words count for: those of the question, those that are only manner of speaking, years, and those that filings use
// for what was asked.
const (
	askedWeight   = 1.0
	mannerWeight  = 0.15
	yearWeight    = 0.35
	conceptWeight = 0.5
	pairWeight    = 0.6
)

// Understand reads a question. It never fails: what it does not know are words to look for.
func Understand(text string) Question {
	if len(text) > maxQuestion {
		text = strings.ToValidUTF8(text[:maxQuestion], "")
	}
	var q Question
	written := plain(text)
	words := Words(text)
	q.addWords(words)
	q.addPairs(words)
	named := namedStatements(written)
	for _, c := range concepts {
		if !c.asked(written) {
			continue
		}
		q.wants = q.wants.also(c.in)
		for _, row := range c.rows {
			q.rows = append(q.rows, phrase{row, c.weight})
			for _, word := range strings.Fields(row) {
				q.addTerm(word, conceptWeight*weightOf(word))
			}
		}
	}
	if named != (statements{}) {
		q.wants = named // who asks for a statement by name wants no other
	}
	q.amount = q.wants != (statements{}) || containsAny(written, amountWords)
	return q
}

// Terms are the words to look for, those that count most first.
func (q Question) Terms() []Term {
	return slices.SortedStableFunc(slices.Values(q.terms), func(a, b Term) int { return cmp.Compare(b.Weight, a.Weight) })
}

// plain is a text's words as they are written, each between blanks.
func plain(text string) string {
	var all strings.Builder
	all.WriteByte(' ')
	eachWord(text, func(word []byte) {
		all.WriteString(year(string(word)))
		all.WriteByte(' ')
	})
	return all.String()
}

func (q *Question) addWords(words []string) {
	for _, word := range words {
		q.addTerm(word, weightOf(word))
	}
}

// addTerm adds a word or makes it count more.
func (q *Question) addTerm(word string, weight float64) {
	if weight == 0 {
		return
	}
	for i := range q.terms {
		if q.terms[i].Word == word {
			q.terms[i].Weight = max(q.terms[i].Weight, weight)
			return
		}
	}
	if len(q.terms) < maxTerms {
		q.terms = append(q.terms, Term{word, weight})
	}
}

// addPairs takes words that stand beside one another, where both say something.
func (q *Question) addPairs(words []string) {
	for i := 1; i < len(words) && len(q.pairs) < maxTerms; i++ {
		if weightOf(words[i-1]) < askedWeight || weightOf(words[i]) < askedWeight {
			continue
		}
		pair := phrase{spaced(words[i-1 : i+1]), pairWeight}
		if !slices.Contains(q.pairs, pair) {
			q.pairs = append(q.pairs, pair)
		}
	}
}

// weightOf is how much a word of a question says by itself.
func weightOf(word string) float64 {
	switch {
	case silent[word]:
		return 0
	case manner[word]:
		return mannerWeight
	case isYear(word):
		return yearWeight
	}
	return askedWeight
}

// namedStatements are those that the question calls by their names.
func namedStatements(written string) statements {
	var named statements
	if containsAny(written, balanceNames) {
		named.balance = 1
	}
	if containsAny(written, incomeNames) {
		named.income = 1
	}
	if containsAny(written, cashNames) {
		named.cash = 1
	}
	if containsAny(written, equityNames) {
		named.equity = 1
	}
	return named
}

func containsAny(text string, any []string) bool {
	return slices.ContainsFunc(any, func(one string) bool { return strings.Contains(text, one) })
}

// written are words as plain leaves them.
func written(texts ...string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = plain(text)
	}
	return all
}

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range Words(text) {
		set[word] = true
	}
	return set
}

var (
	balanceNames = written("balance sheet", "balance sheets", "statement of financial position", "statements of financial position", "statement of financial condition")
	incomeNames  = written("income statement", "income statements", "statement of income", "statements of income", "statement of operations",
		"statements of operations", "statement of earnings", "p&l", "p&l statement", "profit and loss", "profit and loss statement")
	cashNames   = written("cash flow statement", "cash flow statements", "cash flows statement", "statement of cash flows", "statements of cash flows", "statement of cash flow")
	equityNames = written("statement of equity", "statement of stockholders equity", "statement of shareholders equity", "statement of changes in equity")

	amountWords = written("how much", "how many", "amount", "what percent", "percentage", "ratio", "margin", "total", "growth", "rate", "highest", "lowest", "biggest", "largest",
		"million", "billion", "usd", "increase", "decrease", "change", "drop", "value")

	// silent are words of which any text is full.
	silent = wordSet(`a an the and or of in on at to for from by with as is are was were be been being do does did done has have had having
		will would can could should may might must shall this that these those it its their there they them he she we you your our us i me my
		what which who whom whose when where why how if then than so such not no nor only any all each both either between among about into
		over under out up down please here also too very more most much many some other same own just but because while during s t`)

	// manner are words that tell how somebody wants to be answered, rather than about what.
	manner = wordSet(`answer question round decimal place unit percent percents usd million millions billion thousand base judgment information
		provide provided primarily using use utilize accord according detail details clearly outlined outline within assume assuming perspective
		standpoint analyst banker equity research lost internet connection access financial metric metrics providers resource resources calculate
		compute help define defined definition give given respond response solution reasonable approximation exact possible plainly refer
		referencing considering drawing conclusions stated state explain approach asked following best abilities rely relying shown show
		agreement need want year fiscal fy end ended quarter company business report reported relevant useful mean means like compare compared
		roughly basis based data two one three extract items line contain contained`)
)
