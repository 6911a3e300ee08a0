package intent

import (
	_ "embed"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// Mention is a company that a question speaks of.
type Mention struct {
	Symbol     string
	Words      string // as they stand in the question
	Start, End int    // their place, in bytes
	Confidence float64
	// Listed is false for companies that are not in the universe: those known to have left the exchange, and symbols
	// written as such.
	Listed bool
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
var exchanges = set("nasdaq nyse amex nysearca arca otc otcmkts cboe bats ticker symbol")

// explicit is a symbol written as one: $F, (NYSE: KKR), "ticker F".
func (u *Universe) explicit(q *question, i int) (candidate, bool) {
	at := i
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
	key, letters := hashStart, 0
	for j, n := i, 0; j < len(q.words) && n < longestName; j++ {
		w := q.words[j]
		if w.Kind == words.Sign || w.Text == "and" && n > 0 {
			if n == 0 || !q.among(j, "-", ".", "&", "'", "and") && !(w.Text == "," && q.among(j+1, "inc", "ltd", "llc")) {
				break
			}
			continue
		}
		key = hash(key, w.Text)
		letters += len(w.Text)
		n++
		entry, ok := u.names[key]
		if !ok && q.possessive(j) {
			entry, ok = u.names[hash(key, "s")] // Starbuck's
			ok = ok && entry.known
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

// nameConfidence weighs how a name is written and what stands around it.
func (q *question) nameConfidence(entry name, i, next int) float64 {
	confidence := float64(entry.base)
	context := q.neighbours(i, next)
	if context <= 0.1 && q.serves(entry.company, next) {
		return 0
	}
	context += q.coordination(i, next)
	if entry.weak {
		confidence = 0.3
		if !entry.known && next == i+1 && !q.words[i].Capital() {
			return context / 2 // a word that some company is also called
		}
		if !entry.known {
			confidence = 0.2
		}
		capital := q.cased && !q.titled && q.words[i].Capital()
		switch {
		case capital && i > 0:
			confidence += 0.25
		case capital:
			confidence += 0.15
		case q.cased:
			confidence -= 0.1
		}
		if q.among(i-1, "a", "an", "your", "my", "the") || !capital && q.among(i-1, "given", "each", "any", "certain") {
			confidence -= 0.2
		}
		if capital && i > 1 && q.words[i-1].Capital() && !q.words[i-1].Upper() && q.words[i-1].End+1 == q.words[i].Start && !isEnglish(q.words[i-1].Text, 300) {
			confidence -= 0.3 // the end of another name: Times Square
		}
		if i > 0 && q.words[i-1].Kind == words.Digits {
			confidence -= 0.3 // F-1 visa
		}
		if next == i+1 && q.words[i].Upper() && acronyms[q.words[i].Text] {
			confidence -= 0.3
		}
	}
	if q.everyday && context == 0 {
		confidence -= 0.6
	}
	if next-i == len(q.words) || next-i+1 == len(q.words) && q.words[len(q.words)-1].Kind == words.Sign {
		confidence += 0.25
	}
	return confidence + context
}

// services are what people have of a company, or do with it, without asking of it as an investment.
var (
	services = set(`account accounts card cards app website platform customer checking savings debit branch statement login gift membership prime
		checkout delivery pickup warranty subscription atm coupon receipt refund`)
	dealings = set("account accounts card cards pay payment broker brokerage use using via transfer deposit withdraw file insure accept accepts cancel withdrawal obtain")
	servants = set("V MA AXP PYPL SCHW HOOD IBKR COIN JPM BAC WFC C HSBC COF GOOGL GOOG INTU EBAY NFLX MSFT SOFI")
)

// serves tells whether a question is about what a company does for the person: "my Chase account".
func (q *question) serves(company int32, next int) bool {
	if company == none || q.tells["research"] >= 6 || q.tells["portfolio"] >= 4 {
		return false
	}
	for i := next; i < min(next+2, len(q.words)); i++ {
		if services[q.words[i].Text] {
			return true
		}
	}
	if !servants[q.universe.companies[company].Symbol] {
		return false
	}
	for _, w := range q.words[:min(len(q.words), 60)] {
		if dealings[w.Text] {
			return true
		}
	}
	return false
}

// after and before are what stands next to a company rather than to anything else.
var (
	after = set(`doing up down stock share shares price prices ticker quote earnings revenue revenues dividend dividends calls puts chart filing filings sales etf adr bonds bond performance return returns history
		margins margin guidance ceo cfo inc corp 10 valuation eps worth trading traded gross operating capex debt subscribers user users passenger combined ebitda news report reports reported competitors
		position holdings stake profit profits buyback outlook annual quarterly risk`)
	before  = set("like etf etn fund adr buy bought buying sell sold selling own owned hold holding holdings invest invested investing short shorting versus vs compare ticker symbol trim")
	partOf  = set("news outlook prices quotes charts stocks positions price shares share stock position quote stake performance value shareholders chart return returns earnings revenue invest investing invested interested dividend dividends competitors risks ceo")
	plurals = set("stocks funds etfs companies")
)

// context is what stands around a company adds.
func (q *question) context(i, next int) float64 {
	return q.neighbours(i, next) + q.coordination(i, next)
}

// neighbours is what the words next to a company add.
func (q *question) neighbours(i, next int) float64 {
	sum := 0.0
	if q.is(next, "s") && !q.cased {
		next++ // how a possessive is transcribed
	}
	switch {
	case q.among(next, "stock", "share", "shares", "ticker"):
		sum += 0.45
	case q.among(next, "vs", "versus"):
		sum += 0.3
		if next+1 < len(q.words) && q.words[next+1].Upper() && q.universe.isSymbol(q.words[next+1].Text) && !acronyms[q.words[next+1].Text] {
			sum += 0.15
		}
	case next < len(q.words) && after[q.words[next].Text]:
		sum += 0.35
	case q.is(next, "a") && (q.among(next+1, "buy", "sell", "hold") || q.among(next+1, "good", "strong", "safe", "bad") && q.among(next+2, "buy", "stock", "investment")),
		q.among(next, "overvalued", "undervalued", "expensive", "cheap"):
		sum += 0.35
	}
	switch j := i - 1; {
	case j >= 0 && before[q.words[j].Text]:
		sum += 0.3
	case j >= 1 && q.among(j, "of", "in", "for", "on") && partOf[q.words[j-1].Text]:
		sum += 0.4
	case q.is(j, "of") && next == len(q.words) && q.tells["market"] >= 2:
		sum += 0.3
	case j >= 1 && q.among(j, "s", "the", "is", "did", "does", "has") && q.tells["market"]+q.tells["research"] >= 4:
		sum += 0.1
	}
	if q.possessive(next - 1) {
		sum += 0.15 // it has something
	}
	return sum
}

// coordination is what it adds that a company that is sure stands beside this one: "T and VZ", "visa vs mastercard".
func (q *question) coordination(i, next int) float64 {
	if q.lastEnd > 0 && (q.lastEnd == i-1 && q.joins(i-1) || q.lastEnd == i-2 && q.joins(i-1) && q.joins(i-2)) {
		return 0.35
	}
	if !q.joins(next) {
		return 0
	}
	if q.joins(next + 1) {
		next++
	}
	if next+1 < len(q.words) && q.surely(next+1) {
		return 0.35
	}
	return 0
}

func (q *question) joins(i int) bool {
	return q.among(i, "and", "or", ",", "vs", "versus", "&", "y", "und", "et")
}

// surely tells whether a word begins a name, or is a symbol, that needs no more to be sure of.
func (q *question) surely(i int) bool {
	w := q.words[i]
	if n, ok := q.universe.names[hash(hashStart, w.Text)]; ok && n.company != none && !n.weak && n.base >= 0.6 {
		return true
	}
	company, ok := q.universe.symbols[w.Text]
	return ok && q.universe.place(company) < 3000 && q.cased && w.Upper() && len(w.Text) > 1 && !acronyms[w.Text] && !isEnglish(w.Text, 8000)
}

// possessive tells whether "'s" stands behind a word.
func (q *question) possessive(i int) bool {
	rest := q.text[q.words[i].End:]
	return strings.HasPrefix(rest, "'s") || strings.HasPrefix(rest, "’s") || strings.HasPrefix(rest, "'S")
}

//go:embed acronyms.txt
var acronymsTable string

var acronyms = func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(acronymsTable) {
		if !strings.HasPrefix(line, "#") {
			for _, word := range strings.Fields(line) {
				out[strings.ToLower(word)] = true
			}
		}
	}
	return out
}()

// bySymbol is a symbol that stands there like any word.
func (u *Universe) bySymbol(q *question, i int) (candidate, bool) {
	w := q.words[i]
	if w.Kind != words.Letters || len(w.Text) > 6 {
		return candidate{}, false
	}
	company, next, ok := u.symbolAt(q, i)
	if !ok || q.joined(i, next) || q.abbreviates(i) {
		return candidate{}, false
	}
	confidence := 0.95
	if next == i+1 {
		confidence = q.symbolConfidence(company, i)
	}
	if q.held[symbolKey(u.companies[company].Symbol)] {
		confidence += 0.3
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

// symbolConfidence weighs whether a word is meant as the symbol it also is.
func (q *question) symbolConfidence(company int32, i int) float64 {
	w := q.words[i]
	context := q.context(i, i+1)
	if i+1 < len(q.words) && plurals[q.words[i+1].Text] {
		context -= 0.1
	}
	alone := 0.0
	if len(q.words) <= 2 && w.Kind == words.Letters && i == 0 && (len(q.words) == 1 || q.words[1].Kind == words.Sign) {
		alone = 0.4
	}
	if q.everyday {
		context -= 0.5
	}
	stop := acronyms[w.Text]
	if !w.Upper() && nearMoney(w.Text) {
		return 0
	}
	if q.cased && w.Upper() {
		switch {
		case len(w.Text) == 1:
			return q.letterConfidence(i) + context + alone
		case stop && q.capitals == 1 && isEnglish(w.Text, 20_000) && q.tells["market"]+q.tells["portfolio"]+q.tells["research"] >= 2:
			return 0.3 + context + alone // a word that somebody took the trouble to put in capitals
		case stop:
			return 0.1 + context + alone
		case isEnglish(w.Text, 8000):
			return 0.6 + context
		case len(w.Text) == 2:
			return 0.7 + context
		}
		return q.fame(company) + context
	}
	if q.cased && w.Capital() {
		return 0.1 + context/2 // a name, or how a sentence begins
	}
	switch {
	case q.cased && isEnglish(w.Text, 20_000), q.cased && stop:
		return context / 2
	case q.cased && len(w.Text) <= 3:
		return 0.1 + context
	}
	base := 0.1
	if len(w.Text) == 1 && (q.among(i, "a", "i", "u", "y", "o", "e", "s", "m", "d") && i > 0 || i > 0 && kinds[q.words[i-1].Text]) {
		return 0
	}
	switch length := len(w.Text); {
	case stop && isEnglish(w.Text, 20_000), isEnglish(w.Text, 5000):
		return context/2 + alone
	case stop:
		base = 0.1
	case length >= 4 && !isWord(w.Text) && q.cased:
		base = 0.45
	case length >= 4 && !isWord(w.Text):
		base = 0.65
	case length == 3 && !isWord(w.Text):
		base = 0.45
	case length >= 2:
		base = 0.25
	}
	return base + context + alone
}

// kinds are what a single letter tells apart: "Series D", "Class B", "Part A".
var kinds = set("series class part form schedule section plan type grade level tier rating appendix exhibit item note vitamin group phase category share")

// letterConfidence weighs a capital that stands alone.
func (q *question) letterConfidence(i int) float64 {
	switch {
	case q.among(i, "a", "i"), !q.words[i].Upper():
		return 0.2
	case i > 0 && kinds[q.words[i-1].Text], q.among(i+1, "corp", "shares", "share", "class", "visa", "type"):
		return -0.3
	case i+1 < len(q.words) && q.words[i+1].Capital() && !q.words[i+1].Upper():
		return 0 // an initial
	case q.tells["market"]+q.tells["portfolio"]+q.tells["research"] >= 3:
		return 0.4
	}
	return 0.2
}

// fame is how likely capitals are the symbol they also are: more of a company that many speak of.
func (q *question) fame(company int32) float64 {
	fame := 0.4
	switch {
	case q.universe.place(company) < 1500:
		fame = 0.9
	case q.universe.place(company) < 3000:
		fame = 0.6
	}
	if q.tells["market"] >= 4 || q.tells["portfolio"] >= 4 {
		fame += 0.2
	}
	return fame
}

// abbreviates tells whether capitals in brackets are made of the first letters of the words before: "Master Limited
// Partnership (MLP)".
func (q *question) abbreviates(i int) bool {
	if !q.is(i-1, "(") {
		return false
	}
	letters, j := q.words[i].Text, i-2
	for k := len(letters) - 1; k >= 0; k, j = k-1, j-1 {
		if j < 0 || q.words[j].Text[0] != letters[k] {
			return false
		}
	}
	return true
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
	return candidate{company: company, next: i + 1, confidence: 0.55 + q.context(i, i+1)}, true
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
