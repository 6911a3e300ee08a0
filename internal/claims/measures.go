package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// measure is what a figure can measure: how results call it and the words that people have for it.
type measure struct {
	name   string
	fields []string // the names in a path, or what a place in a list is called, in lower case
	needs  []string // one of these stands in every text that has the words, in lower case: they are looked for first, which is quicker
	words  *regexp.Regexp
	unit   kind
	// wider is the measure of which this one is a kind: what is said of that may mean this one, unless another kind is named.
	wider string
}

// calledBy tells whether results call the measure by a name, which is in lower case.
func (m measure) calledBy(name string) bool {
	return slices.Contains(m.fields, name) || m.name == "revenue" && strings.Contains(name, "revenuegrowth")
}

// namedIn tells whether a text, which is lower in lower case, has words for the measure.
func (m measure) namedIn(text, lower string) bool {
	return slices.ContainsFunc(m.needs, func(need string) bool { return strings.Contains(lower, need) }) && m.words.MatchString(text)
}

// kind is in what something is measured.
type kind int

const (
	anyUnit kind = iota
	money
	percent
)

// measures are told apart; of others nothing is known.
var measures = []measure{
	{"cash", []string{"cash", "cashbalance", "cashbycurrency"}, []string{"cash"}, regexp.MustCompile(`(?i)\b(?:cash(?: balance| position)?)\b`), anyUnit, ""},
	{"value", []string{"totalvalue", "marketvalue", "value", "closing", "opening", "netexposure", "grossexposure", "netliquidation"}, []string{"worth", "value"}, regexp.MustCompile(`(?i)\b(?:worth|(?:market|total|portfolio|current) value|valued at|value)\b`), money, ""},
	{"cost", []string{"costbasis", "averagecost", "cost"}, []string{"cost", "paid"}, regexp.MustCompile(`(?i)\b(?:costs?(?: basis)?|paid|average cost)\b`), money, ""},
	{"realized gain", []string{"realized", "realizedbase"}, []string{"realized"}, regexp.MustCompile(`(?i)\b(?:realized)\b`), anyUnit, ""},
	{"unrealized gain", []string{"unrealized", "unrealizedpnl", "unrealizedpnlpercent", "gain", "gainpercent"}, []string{"unrealized", "paper"}, regexp.MustCompile(`(?i)\b(?:unrealized|paper (?:gain|loss|profit)s?)\b`), anyUnit, ""},
	{"money-weighted return", []string{"moneyweighted"}, []string{"weighted", "internal rate", "irr"}, regexp.MustCompile(`(?i)\b(?:money[- ]weighted|internal rate of return|X?IRR)\b`), percent, "return"},
	{"simple return", []string{"simple"}, []string{"simple"}, regexp.MustCompile(`(?i)\bsimple(?: return)?\b`), percent, "return"},
	{"return of the same flows", []string{"sameflows"}, []string{"same", "you", "would"}, regexp.MustCompile(`(?i)\bsame (?:cash )?(?:flows?|deposits|money|amounts|days)\b|\b(?:if|had) you\b|\bwould have\b`), percent, "return"},
	{"return", []string{"timeweighted", "totalreturnpercent"}, []string{"weighted", "return"}, regexp.MustCompile(`(?i)\b(?:time[- ]weighted|returned|returns?)\b`), percent, ""},
	{"drawdown", []string{"maxdrawdown", "currentdrawdown"}, []string{"drawdown"}, regexp.MustCompile(`(?i)\b(?:drawdowns?)\b`), percent, ""},
	{"volatility", []string{"volatility"}, []string{"volatility"}, regexp.MustCompile(`(?i)\b(?:volatility)\b`), percent, ""},
	{"dividends", []string{"income", "dividend", "dividends", "dividendsbase", "dividendssum", "dividendspershare"}, []string{"dividend"}, regexp.MustCompile(`(?i)\b(?:dividends?)\b`), money, ""},
	{"interest", []string{"interest", "income"}, []string{"interest"}, regexp.MustCompile(`(?i)\b(?:interest)\b`), money, ""},
	{"fees", []string{"fee", "fees", "tradefees"}, []string{"fee", "commission"}, regexp.MustCompile(`(?i)\b(?:fees?|commissions?)\b`), money, ""},
	{"taxes", []string{"tax", "taxes", "taxesbase"}, []string{"tax", "withheld"}, regexp.MustCompile(`(?i)\b(?:tax(?:es)?(?: withheld)?|withheld)\b`), money, ""},
	{"deposits", []string{"deposit"}, []string{"deposit"}, regexp.MustCompile(`(?i)\b(?:deposits?|deposited)\b`), money, ""},
	{"withdrawals", []string{"withdrawal"}, []string{"withdr"}, regexp.MustCompile(`(?i)\b(?:withdrawals?|withdrew|withdrawn)\b`), money, ""},
	{"share", []string{"allocationpercent", "percent", "weight"}, []string{"portfolio", "weight", "allocation"}, regexp.MustCompile(`(?i)\b(?:(?:percent|%) of (?:your|the) portfolio|weight|allocation)\b`), percent, ""},
	{"previous close", []string{"previousclose"}, []string{"close"}, regexp.MustCompile(`(?i)\b(?:previous close|prior close)\b`), money, ""},
	{"opening price", []string{"open"}, []string{"open"}, regexp.MustCompile(`(?i)\b(?:opened at|opening price)\b`), money, ""},
	{"high", []string{"dayhigh", "high52week", "highestclose"}, []string{"high"}, regexp.MustCompile(`(?i)\b(?:highs?|highest)\b`), money, ""},
	{"low", []string{"daylow", "low52week", "lowestclose"}, []string{"low"}, regexp.MustCompile(`(?i)\b(?:lows?|lowest)\b`), money, ""},
	{"market cap", []string{"marketcap"}, []string{"market cap"}, regexp.MustCompile(`(?i)\b(?:market cap(?:itali[sz]ation)?)\b`), money, ""},
	{"revenue", []string{"revenue", "revenues", "revenueactual", "revenueestimate", "costofrevenue"}, []string{"revenue", "sales"}, regexp.MustCompile(`(?i)\b(?:revenues?|sales)\b`), anyUnit, ""},
	{"net income", []string{"netincome", "netmargin", "netprofitmargin"}, []string{"net "}, regexp.MustCompile(`(?i)\b(?:net income|net profit|net margin)\b`), anyUnit, ""},
	{"operating income", []string{"operatingincome", "operatingmargin"}, []string{"operating"}, regexp.MustCompile(`(?i)\b(?:operating income|operating profit|operating margin)\b`), anyUnit, ""},
	{"gross profit", []string{"grossprofit", "grossmargin"}, []string{"gross"}, regexp.MustCompile(`(?i)\b(?:gross profit|gross margin)\b`), anyUnit, ""},
	{"research and development", []string{"researchanddevelopment"}, []string{"research", "r&d"}, regexp.MustCompile(`(?i)\b(?:research and development(?: expenses?)?|R&D)\b`), anyUnit, ""},
	{"inventories", []string{"inventory", "inventories"}, []string{"inventor"}, regexp.MustCompile(`(?i)\b(?:inventor(?:y|ies))\b`), money, ""},
	{"assets", []string{"assets", "currentassets", "totalassets"}, []string{"assets"}, regexp.MustCompile(`(?i)\b(?:assets)\b`), money, ""},
	{"equity", []string{"equity", "stockholdersequity", "totalequity"}, []string{"equity"}, regexp.MustCompile(`(?i)\b(?:(?:shareholders'?|stockholders'?|shareholders’|stockholders’) equity)\b`), money, ""},
	{"liabilities", []string{"liabilities", "currentliabilities"}, []string{"liabilities"}, regexp.MustCompile(`(?i)\b(?:liabilities)\b`), money, ""},
	{"operating cash flow", []string{"operatingcashflow", "freecashflow"}, []string{"cash flow"}, regexp.MustCompile(`(?i)\b(?:(?:operating |free )?cash flows?)\b`), anyUnit, ""},
	{"capital expenditure", []string{"capitalexpenditure", "capex"}, []string{"capital", "capex"}, regexp.MustCompile(`(?i)\b(?:capital expenditures?|capex)\b`), money, ""},
}

// wide are words that keep to no measure, so that a sentence with one may speak of what its other words do not name.
var wide = regexp.MustCompile(`(?i)\b(?:total return|margin|ratio|yield|growth|per share|gains?|loss(?:es)?|profits?|result|chang\w+|rose|fell|up|down|difference|less|minus|plus|rest|remain\w+)\b`)

var (
	pathName = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)
	// near words are looked for so far before and behind a figure, in bytes.
	wordsBefore, wordsBehind = 90, 60
)

// measured is what a figure measures, by its path from the last name on and what its places are called; empty where that
// is not known.
func measured(f reference.Figure) []string {
	var found []string
	names := pathName.FindAllString(f.Path, -1)
	if f.Path == "" {
		names = []string{f.Field}
	}
	plain := slices.Contains([]string{"value", "amount", "percent", "annual", "inBase"}, f.Field)
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.ToLower(names[i])
		for _, m := range measures {
			if m.calledBy(name) && (i < len(names)-1 || !plain || m.name == "share" || m.name == "value") {
				found = append(found, m.name)
			}
		}
		if !plain {
			break
		}
	}
	if plain && len(f.Labels) > 0 && !strings.Contains(f.Path, "slices[") { // what the place is called says more than "value"
		found = nil
	}
	if f.Field == "amount" { // what cash changed by
		found = append(found, "cash")
	}
	for _, label := range f.Labels {
		lower := strings.ToLower(label)
		for _, m := range measures {
			if m.calledBy(lower) || plain && len(label) < 40 && m.namedIn(label, lower) {
				found = append(found, m.name)
			}
		}
	}
	return found
}

// measureDiffers tells of a figure that measures another thing than those that the text names beside it.
func (s Scope) measureDiffers(f reference.Figure) string {
	of := measured(f)
	if len(of) == 0 {
		return ""
	}
	text := aside.ReplaceAllString(s.beside(), " ")
	is := kindOf(f)
	if is == anyUnit {
		return ""
	}
	said := saidIn(text, is)
	for _, m := range said {
		if m.isOneOf(of) {
			return ""
		}
	}
	if len(said) == 0 || len(said) > 1 && wide.MatchString(text) {
		return ""
	}
	var names []string
	for _, m := range said {
		names = append(names, m.name)
	}
	return fmt.Sprintf("the text speaks of %s, the figure is the %s", strings.Join(names, " and "), of[0])
}

// saidIn are the measures of a kind that a text names. Where it names a kind of one, it does not mean that one as such.
func saidIn(text string, is kind) []measure {
	var said []measure
	lower := strings.ToLower(text)
	for _, m := range measures {
		if (m.unit == anyUnit || m.unit == is) && m.namedIn(text, lower) {
			said = append(said, m)
		}
	}
	return slices.DeleteFunc(slices.Clone(said), func(m measure) bool {
		return slices.ContainsFunc(said, func(o measure) bool { return o.wider == m.name })
	})
}

// isOneOf tells whether the measure is among those named, or of one of them the wider one.
func (m measure) isOneOf(names []string) bool {
	return slices.Contains(names, m.name) || slices.ContainsFunc(measures, func(o measure) bool {
		return o.wider == m.name && slices.Contains(names, o.name)
	})
}

// kindOf is in what a figure is measured; anyUnit where it is neither money nor a percentage.
func kindOf(f reference.Figure) kind {
	switch {
	case f.Unit == calculate.Percent:
		return percent
	case f.Unit.Currency() != "":
		return money
	}
	return anyUnit
}

// isKind tells whether a figure measures a kind of something wider.
func isKind(f reference.Figure) bool {
	of := measured(f)
	return slices.ContainsFunc(measures, func(m measure) bool { return m.wider != "" && slices.Contains(of, m.name) })
}

// namesAnother tells whether the text names what it gives, and not by a word that stands for the figure: then that is of no
// known measure, or a kind of the one that is named.
func (s Scope) namesAnother(f reference.Figure) bool {
	is := kindOf(f)
	if is == anyUnit {
		return false
	}
	said, of := saidIn(aside.ReplaceAllString(s.beside(), " "), is), measured(f)
	return len(said) > 0 && !slices.ContainsFunc(said, func(m measure) bool { return slices.Contains(of, m.name) })
}

// aside are costs that are named to say that they are left out, or not.
var aside = regexp.MustCompile(`(?i)\b(?:before|after|without|excluding|including|net of)(?: \w+)?(?: and| or)? (?:fees|tax(?:es)?|commissions?|interest|dividends)\b`)

// beside is the text around a figure that may name it: its sentence, of a cell also the row's label and the column's head.
func (s Scope) beside() string {
	before := s.sentence[:s.start]
	if len(before) > wordsBefore {
		before = strings.ToValidUTF8(before[len(before)-wordsBefore:], "")
	}
	behind := s.sentence[min(s.end, len(s.sentence)):]
	if len(behind) > wordsBehind {
		behind = strings.ToValidUTF8(behind[:wordsBehind], "")
	}
	return before + s.sentence[s.start:min(s.end, len(s.sentence))] + behind + " " + s.heads
}

// sectors are as the sources of this server call them, so that one in which nothing is held is told from those that are.
var sectors = []string{
	"technology", "energy", "healthcare", "financial services", "consumer cyclical", "consumer defensive", "communication services",
	"industrials", "basic materials", "utilities", "real estate",
}

// sectorDiffers tells of a part of a portfolio that is of another sector than the text says.
func (s Scope) sectorDiffers(f reference.Figure) string {
	own := ""
	for _, label := range f.Labels {
		for _, sector := range sectors {
			if strings.EqualFold(label, sector) {
				own = sector
			}
		}
	}
	text := strings.ToLower(s.beside())
	if own == "" || wordBegins(text, own) {
		return ""
	}
	for _, sector := range sectors {
		if wordBegins(text, sector) {
			return fmt.Sprintf("the text speaks of %s, the figure is of %s", sector, own)
		}
	}
	return ""
}

// namesMeasure tells whether the text names what a figure of no single day measures.
func (s Scope) namesMeasure(known reference.Figure) bool {
	if _, err := time.Parse(time.DateOnly, known.Period); err == nil {
		return false
	}
	of := measured(known)
	for _, m := range measures {
		if slices.Contains(of, m.name) && m.namedIn(s.words, s.words) {
			return true
		}
	}
	return slices.ContainsFunc(known.Labels, func(label string) bool {
		words, ok := trades[label]
		return ok && words.MatchString(s.words)
	})
}

// trades are the kinds of transactions that people call otherwise.
var trades = map[string]*regexp.Regexp{
	"buy": regexp.MustCompile(`\b(?:purchases?|bought|buys?|buying)\b`), "sell": regexp.MustCompile(`\b(?:sales?|sold|sells?|selling)\b`),
}

var (
	differenceWords = regexp.MustCompile(`(?i)\b(?:differen\w+|less|minus|rest|remain\w*|left|excluding|except|without|up|down|rose|risen|fell|fallen|grew|grown|more|fewer|above|below|between|higher|lower|increas\w+|decreas\w+|declin\w+|ahead|behind|exceed\w*|beat\w*|short|gap|spread|out\w*perform\w*|underperform\w*|lag\w*|trail\w*|lost|saved?|net)\b|\bfrom\b.*\bto\b|[-−–]\s*\$?[\d(]`)
	changeWords     = regexp.MustCompile(`(?i)\b(?:grow\w*|gain\w*|chang\w+|return\w*|compound\w*|annual\w*|year)\b`)
	sumWords        = regexp.MustCompile(`(?i)\b(?:total\w*|together|sum|combined|altogether|plus|and|both|all|overall|whole|add\w*|in all)\b|\+`)
	averageWords    = regexp.MustCompile(`(?i)\b(?:average\w*|mean|typical\w*)\b`)
)

// Calls tells whether the text calls for what a number that was typed is derived by: a difference that only happens to
// be the number is none.
func (s Scope) Calls(expression string) bool {
	text := s.sentence + " " + s.heads
	switch {
	case strings.HasPrefix(expression, "change("), strings.HasPrefix(expression, "cagr("):
		return changeWords.MatchString(text) || differenceWords.MatchString(text)
	case strings.HasPrefix(expression, "sum("), strings.Contains(expression, " + "):
		return sumWords.MatchString(text) || differenceWords.MatchString(text)
	case strings.HasPrefix(expression, "avg("):
		return averageWords.MatchString(text)
	case strings.Contains(expression, " - "):
		return differenceWords.MatchString(text)
	}
	return true
}
