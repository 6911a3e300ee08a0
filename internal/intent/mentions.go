package intent

import "github.com/jaspers-ai/jaspers/internal/words"

// Mention is a company that a question speaks of.
type Mention struct {
	Symbol     string
	Words      string // as they stand in the question
	Start, End int    // their place, in bytes
	Confidence float64
	// Listed is false for companies that are not in the universe: those known to have left the exchange, and symbols
	// written as such.
	Listed bool
	// Held tells that the person holds it, as Context.Held says.
	Held bool
}

// enough is the confidence from which words are taken to mean a company.
const enough = 0.5

// question is one being read.
type question struct {
	universe *Universe
	text     string
	words    []words.Word
	held     map[string]bool
	tells    signals
	timed    []bool // of each word, whether it speaks of time
	// cased tells that capitals mean something: the question is written in both cases.
	cased bool
	// titled tells that it is a title, in which most words begin with a capital.
	titled   bool
	everyday bool // it speaks of ordinary life and not of money
	capitals int  // words in capitals
	lastEnd  int  // the word after the last company that was found
	guesses  int  // words that were looked up as misspelled
}

// mostGuesses bounds the work on a text full of words that nobody knows.
const mostGuesses = 100

// candidate is a reading of the words from one place.
type candidate struct {
	company    int32
	symbol     string // where there is no company
	next       int
	confidence float64
}

// mentions reads companies from left to right; the surest reading of each place counts.
func (u *Universe) mentions(q *question) []Mention {
	var out []Mention
	seen := map[string]int{}
	for i := 0; i < len(q.words); {
		best := u.read(q, i)
		if best.confidence < enough || best.next == i {
			i = max(i+1, best.next)
			continue
		}
		m := u.mention(q, i, best)
		q.lastEnd = best.next
		if at, again := seen[m.Symbol]; again {
			out[at].Confidence = max(out[at].Confidence, m.Confidence)
		} else {
			seen[m.Symbol] = len(out)
			out = append(out, m)
		}
		i = best.next
	}
	return out
}

func (u *Universe) mention(q *question, i int, c candidate) Mention {
	m := Mention{Symbol: c.symbol, Start: q.words[i].Start, End: q.words[c.next-1].End, Confidence: min(c.confidence, 1)}
	if c.company != none {
		m.Symbol = u.companies[c.company].Symbol
		m.Listed = c.company < u.listed
	}
	m.Words = q.text[m.Start:m.End]
	m.Held = q.held[symbolKey(m.Symbol)]
	return m
}

// read is the best reading at a word.
func (u *Universe) read(q *question, i int) candidate {
	if c, ok := u.explicit(q, i); ok {
		return c
	}
	best := candidate{company: none, next: i}
	if q.words[i].Kind == words.Sign {
		return best
	}
	byName, named := u.byName(q, i)
	if named && byName.company == none && byName.confidence == 0 {
		return byName // words that mean no company
	}
	best = byName
	if c, ok := u.bySymbol(q, i); ok && (!named || c.confidence > best.confidence && c.next >= best.next) {
		best = c
	}
	if best.confidence < enough && !named {
		if c, ok := u.byGuess(q, i); ok {
			return c
		}
	}
	if best.confidence < enough {
		best.next = i
	}
	return best
}

// exchanges are what stands before a symbol: "NASDAQ: ABNB".
var exchanges = words.Set("nasdaq nyse amex nysearca arca otc otcmkts cboe bats ticker symbol")

// explicit is a symbol written as one: $F, (NYSE: KKR), "ticker F".
func (u *Universe) explicit(q *question, i int) (candidate, bool) {
	var at int
	switch {
	case q.is(i, "$") && q.among(i+1, "m", "mm", "b", "bn", "k") && q.among(i-1, "in", "of", "("): // a unit
		return candidate{}, false
	case q.is(i, "$") && i+1 < len(q.words) && q.words[i+1].Glued && q.words[i+1].Kind == words.Letters:
		at = i + 1
	case q.words[i].Kind == words.Letters && exchanges[q.words[i].Text] && i+1 < len(q.words):
		if at = i + 1; q.is(at, ":") {
			at++
		} else if !q.among(i, "ticker", "symbol") || !q.upperIfCased(at) {
			return candidate{}, false
		}
	default:
		return candidate{}, false
	}
	if at >= len(q.words) || q.words[at].Kind != words.Letters {
		return candidate{}, false
	}
	company, next, ok := u.symbolAt(q, at)
	if ok {
		return candidate{company: company, next: next, confidence: 1}, true
	}
	if at > i+1 && q.words[at].Upper() && len(q.words[at].Raw) <= 5 { // named with its exchange, but not among those given
		return candidate{company: none, symbol: q.words[at].Raw, next: at + 1, confidence: 0.8}, true
	}
	return candidate{}, false
}

// symbolAt looks a symbol up, with its class where one is written.
func (u *Universe) symbolAt(q *question, i int) (int32, int, bool) {
	w := q.words[i]
	if i+2 < len(q.words) && q.among(i+1, ".", "-", "/") && q.words[i+1].Glued && q.words[i+2].Glued && len(q.words[i+2].Text) == 1 {
		if company, ok := u.symbols[w.Text+"-"+q.words[i+2].Text]; ok {
			return company, i + 3, true
		}
	}
	if i+1 < len(q.words) && len(q.words[i+1].Text) == 1 && len(w.Text) > 1 && (!q.cased || q.words[i+1].Upper() && w.Upper()) {
		if company, ok := u.symbols[w.Text+"-"+q.words[i+1].Text]; ok {
			return company, i + 2, true
		}
	}
	company, ok := u.symbols[w.Text]
	return company, i + 1, ok
}

// longestName is of how many words names are looked for.
const longestName = 8

// byName is the longest name that begins at a word. Its own words may be joined by "-", ".", "&" or "and".
func (u *Universe) byName(q *question, i int) (candidate, bool) {
	var best candidate
	found := false
	if i > 0 && q.words[i].Glued && q.words[i-1].Kind != words.Sign && q.words[i-1].Text[0] < 0x80 {
		return best, false // within a word
	}
	key, letters := hashStart, 0
	for j, n := i, 0; j < len(q.words) && n < longestName; j++ {
		w := q.words[j]
		if w.Kind == words.Sign || w.Text == "and" && n > 0 {
			if n > 0 && (q.among(j, "-", ".", "&", "'", "and") || w.Text == "," && q.among(j+1, "inc", "ltd", "llc")) {
				continue
			}
			break
		}
		key = hash(key, w.Text)
		letters += len(w.Text)
		n++
		entry, ok := u.names[key]
		if !ok && q.possessive(j) {
			entry, ok = u.names[hash(key, "s")] // Starbuck's
			ok = ok && entry.known
		}
		ok = ok && (entry.known || !q.timed[i])              // NOV is a company too
		if n > 1 && q.is(i, "a") && w.Kind == words.Digits { // "a 10" is no A10
			ok = false
		}
		if ok && !q.splits(j) && (n == int(entry.words) || letters >= 6 || letters == n) {
			found = true
			best = candidate{company: u.listing(entry.company), next: j + 1}
			if entry.company != none {
				best.confidence = q.nameConfidence(entry, i, j+1)
			}
		}
	}
	return best, found
}

// splits tells that a name would end within a word: the "3" of "3M".
func (q *question) splits(j int) bool {
	return j+1 < len(q.words) && q.words[j+1].Glued && q.words[j+1].Kind != words.Sign && q.words[j].Text[0] < 0x80
}

// bySymbol is a symbol that stands there like any word.
func (u *Universe) bySymbol(q *question, i int) (candidate, bool) {
	w := q.words[i]
	if w.Kind != words.Letters || len(w.Text) > 6 || q.timed[i] {
		return candidate{}, false
	}
	company, next, ok := u.symbolAt(q, i)
	if !ok || q.among(next, "stand", "stands", "mean", "means") || q.joined(i, next) || q.abbreviates(i) {
		return candidate{}, false
	}
	confidence := 0.95
	if next == i+1 {
		confidence = q.symbolConfidence(company, i)
	}
	if q.held[symbolKey(u.companies[company].Symbol)] && (q.cased && w.Upper() || !words.Common(w.Text, 20_000)) {
		confidence += 0.4
	}
	return candidate{company: company, next: next, confidence: confidence}, true
}

// joined tells that a symbol would be a piece of something longer: "F-1", "P/E", "don't", "10K", "U.S.".
func (q *question) joined(i, next int) bool {
	long := len(q.words[i].Text) >= 3 && q.words[i].Upper()
	if q.words[i].Glued && i > 0 {
		sign := q.words[i-1].Kind == words.Sign
		if !sign || q.among(i-1, "'", "@", "#", "_") || q.among(i-1, "-", "/", "&", ".") && !long {
			return true
		}
	}
	if next < len(q.words) && q.words[next].Glued {
		if q.words[next].Kind != words.Sign || q.among(next, "'", "@", "_") {
			return true
		}
		further := next+1 < len(q.words) && q.words[next+1].Glued
		return q.among(next, "-", "/", "&", ".") && further && !long || next == i+1 && len(q.words[i].Text) == 1 && q.is(next, ".") && next+1 < len(q.words)
	}
	return false
}

// byGuess is a misspelled name.
func (u *Universe) byGuess(q *question, i int) (candidate, bool) {
	w := q.words[i]
	if w.Kind != words.Letters || q.everyday || q.guesses >= mostGuesses || q.cased && w.Upper() || q.joined(i, i+1) {
		return candidate{}, false
	}
	q.guesses++
	company, ok := u.misspelled(w.Text)
	if !ok {
		return candidate{}, false
	}
	confidence := 0.55 + q.context(i, i+1)
	if q.cased && !w.Capital() {
		confidence -= 0.25
	}
	return candidate{company: company, next: i + 1, confidence: confidence}, true
}

func (q *question) is(i int, text string) bool {
	return i >= 0 && i < len(q.words) && q.words[i].Text == text
}

func (q *question) among(i int, set ...string) bool {
	for _, text := range set {
		if q.is(i, text) {
			return true
		}
	}
	return false
}

func (q *question) upperIfCased(i int) bool { return !q.cased || q.words[i].Upper() }
