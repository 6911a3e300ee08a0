// Package intent reads from a question what it is about: which companies, which days and fiscal periods, what kind of question, and what it leaves out.
package intent

import (
	_ "embed"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// Company is what can be meant by a name or symbol.
type Company struct {
	Symbol string   // BRK-B, BRK.B and BRK/B are the same
	Name   string   // as it is registered
	Names  []string // others: its common name, those it had before
}

// Universe is the companies there are. It does not change once made, so that many may read it at a time.
type Universe struct {
	companies []Company
	symbols   map[string]int32 // in lower case, with "-" before a class
	listed    int32            // companies before this one were given; those after are known to us alone
	weight    []int32          // by company, the place of the largest listing of the same company
	names     map[uint64]name
	fuzzy     map[byte][]fuzzyName
}

// name is what a sequence of words stands for.
type name struct {
	company int32 // or none
	base    float32
	words   uint8 // of how many it consists
	weak    bool  // an ordinary word, which needs more around it
	shop    bool  // and one that is used of money
	known   bool  // from our own table
}

// none is the company of what only sounds like one.
const none = -1

// NewUniverse makes names findable. Companies come in the order of their weight, the largest first: who shares a name
// with a larger one is not found by it.
func NewUniverse(companies []Company) *Universe {
	u := &Universe{
		companies: append([]Company(nil), companies...),
		symbols:   make(map[string]int32, len(companies)),
		listed:    int32(len(companies)), // #nosec G115 -- some thousands
		names:     make(map[uint64]name, 3*len(companies)),
		fuzzy:     map[byte][]fuzzyName{},
	}
	for i, c := range companies {
		if key := symbolKey(c.Symbol); key != "" {
			if _, taken := u.symbols[key]; !taken {
				u.symbols[key] = int32(i) // #nosec G115 -- some thousands
			}
		}
	}
	u.weigh()
	u.addKnown()
	u.addGiven()
	u.addShort()
	return u
}

// weigh has the listings of one company share the place of the first.
func (u *Universe) weigh() {
	first := make(map[string]int32, len(u.companies))
	u.weight = make([]int32, len(u.companies))
	for i, c := range u.companies {
		at, seen := first[c.Name]
		if !seen || c.Name == "" {
			at = int32(i) // #nosec G115 -- some thousands
			first[c.Name] = at
		}
		u.weight[i] = at
	}
}

// listing is that of the company by which it is spoken of: the first, unless that is the over-the-counter paper of a
// foreign share, whose symbols have five letters, and there is another.
func (u *Universe) listing(company int32) int32 {
	if company == none || company >= u.listed || !overTheCounter(u.companies[company].Symbol) {
		return company
	}
	for i := company + 1; i < u.listed; i++ {
		if u.weight[i] == u.weight[company] && len(u.companies[i].Symbol) <= 4 {
			return i
		}
	}
	return company
}

func overTheCounter(symbol string) bool {
	return len(symbol) == 5 && (symbol[4] == 'F' || symbol[4] == 'Y')
}

// Symbol is the company of a symbol, however its class is written; false when there is none.
func (u *Universe) Symbol(symbol string) (Company, bool) {
	i, ok := u.symbols[symbolKey(symbol)]
	if !ok {
		return Company{}, false
	}
	return u.companies[i], true
}

func symbolKey(symbol string) string {
	return strings.NewReplacer(".", "-", "/", "-", " ", "-").Replace(strings.ToLower(strings.TrimPrefix(symbol, "$")))
}

// wellKnown is the place that companies of our own table have at least.
const wellKnown = 1000

//go:embed names.txt
var namesTable string

// addKnown adds the names of our own table: of companies that are among those given, and of those that are known to have
// left the exchange, which keep their last symbol.
func (u *Universe) addKnown() {
	for line := range strings.Lines(namesTable) {
		symbols, list, found := strings.Cut(line, ":")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		company := int32(none)
		if symbols != "-" {
			if company = u.known(symbols, list); company == none {
				continue
			}
		}
		for text := range strings.SplitSeq(list, ";") {
			text = strings.TrimSpace(text)
			bare := strings.TrimLeft(text, "~")
			u.add(spelled(bare), name{company: company, base: 0.9, weak: bare != text, shop: strings.HasPrefix(text, "~~"), known: true})
		}
	}
}

// known is the company of the first symbol that there is and whose registered name has something of the names; where
// there is none, one that has left, marked by "!". Symbols are given away again: S was Sprint and is SentinelOne.
func (u *Universe) known(symbols, names string) int32 {
	list, gone := strings.CutSuffix(symbols, "!")
	all := strings.Fields(list)
	for _, s := range all {
		i, ok := u.symbols[symbolKey(s)]
		if !ok || !goesBy(u.companies[i], names) {
			continue
		}
		u.weight[i] = min(u.weight[i], wellKnown)
		for _, former := range all {
			if _, taken := u.symbols[symbolKey(former)]; !taken {
				u.symbols[symbolKey(former)] = i // FB is META now
			}
		}
		return i
	}
	if !gone {
		return none
	}
	u.companies = append(u.companies, Company{Symbol: all[0]})
	return int32(len(u.companies) - 1) // #nosec G115 -- some thousands
}

// goesBy tells whether a company's registered name has the first word of one of the names.
func goesBy(c Company, names string) bool {
	registered := strings.Join(spelled(strings.ReplaceAll(c.Name, "'", "")), "")
	for text := range strings.SplitSeq(names, ";") {
		if parts := spelled(text); len(parts) > 0 && strings.Contains(registered, parts[0]) {
			return true
		}
	}
	return false
}

// addGiven adds the names that companies were given with.
func (u *Universe) addGiven() {
	for i, c := range u.companies[:u.listed] {
		for _, text := range append([]string{c.Name}, c.Names...) {
			parts := core(spelled(text))
			if len(parts) == 1 && acronyms[parts[0]] {
				continue // "VAT Group" is not what is meant by VAT
			}
			u.add(parts, name{company: int32(i), base: certainty(parts, i), weak: ordinary(parts)}) // #nosec G115 -- some thousands
		}
	}
}

// addShort adds the beginnings by which large companies are called: "Costco" of Costco Wholesale.
func (u *Universe) addShort() {
	const large = 2500
	for i, c := range u.companies[:min(u.listed, large)] {
		parts := core(spelled(c.Name))
		if len(parts) >= 3 && !ordinary(parts[:2]) && parts[0][0] > '9' {
			u.add(parts[:2], name{company: int32(i), base: 0.7}) // #nosec G115 -- some thousands
		}
		if len(parts) >= 2 && len(parts[0]) >= 4 && !words.Common(parts[0], 2000) && !acronyms[parts[0]] {
			u.add(parts[:1], name{company: int32(i), base: 0.7, weak: words.Known(parts[0])}) // #nosec G115 -- some thousands
		}
	}
}

// add keeps a name, unless a larger company has it.
func (u *Universe) add(parts []string, n name) {
	key, length := hashStart, 0
	for _, part := range parts {
		key = hash(key, part)
		length += len(part)
	}
	if length < 2 || length < 3 && !n.known {
		return // shorter ones are symbols
	}
	if _, taken := u.names[key]; taken {
		return
	}
	n.words = uint8(min(len(parts), longestName)) // #nosec G115 -- bounded
	u.names[key] = n
	if len(parts) == 1 && n.company != none && (n.known && !n.weak || n.company < fuzzyLarge && !n.weak || n.known && n.company < 100) {
		u.addFuzzy(parts[0], n.company)
	}
}

// spelled is a name as the words that count.
func spelled(text string) []string {
	var out []string
	for _, w := range words.Split(text) {
		if w.Kind != words.Sign && w.Text != "and" {
			out = append(out, w.Text)
		}
	}
	return out
}

// forms end registered names and are left out when people speak.
var forms = words.Set(`inc incorporated corp corporation co company companies ltd limited plc llc lp sa ag nv se ab asa oyj spa holdings holding group
	trust the adr ads new de md nj ny pa va oh ca wa mn fi can class a b c common stock ordinary shares com cos international`)

// core is a registered name without its legal form: "apple" of Apple Inc.
func core(parts []string) []string {
	if len(parts) > 1 && parts[0] == "the" {
		parts = parts[1:]
	}
	for len(parts) > 1 && forms[parts[len(parts)-1]] {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// ordinary tells whether a name is made of everyday words only.
func ordinary(parts []string) bool {
	for _, part := range parts {
		if !words.Common(part, 20_000) {
			return false
		}
	}
	return true
}

// certainty is how surely a name as such means the company: long ones and those of large companies more than others.
func certainty(parts []string, rank int) float32 {
	base := float32(0.6)
	if len(parts) > 1 {
		base += 0.15
	}
	if rank > smallest {
		base -= 0.1
	}
	return base
}

// hashStart and hash are FNV-1a over the letters of a name without its spaces, so that "jp morgan" is "jpmorgan".
const hashStart uint64 = 14695981039346656037

func hash(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// place is how large the company of a symbol is among all.
func (u *Universe) place(company int32) int32 {
	if int(company) < len(u.weight) {
		return u.weight[company]
	}
	return 0 // one of our own table
}

func (u *Universe) isName(word string) bool {
	_, ok := u.names[hash(hashStart, word)]
	return ok
}

func (u *Universe) isSymbol(word string) bool {
	_, ok := u.symbols[word]
	return ok
}
