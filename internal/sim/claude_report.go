package sim

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// toolResult is a tool's result as the analyst's server writes it. Whatever is missing stays zero.
type toolResult struct {
	Handle   string            `json:"handle"`
	AsOf     string            `json:"asOf"`
	Data     json.RawMessage   `json:"data"`
	Warnings []json.RawMessage `json:"warnings"`
}

type holdingsData struct {
	Summary  holdingsSummary   `json:"summary"`
	Holdings []heldPosition    `json:"holdings"`
	Warnings []json.RawMessage `json:"warnings"`
}

// Numbers stay as they are written; nil is a value that is not there.
type holdingsSummary struct {
	Currency         string       `json:"baseCurrency"`
	TotalValue       *json.Number `json:"totalValue"`
	Cash             *json.Number `json:"cash"`
	CostBasis        *json.Number `json:"costBasis"`
	Unrealized       *json.Number `json:"unrealizedPnl"`
	UnrealizedShare  *json.Number `json:"unrealizedPnlPercent"`
	DayChange        *json.Number `json:"dayChange"`
	DayChangePercent *json.Number `json:"dayChangePercent"`
}

type heldPosition struct {
	Symbol          string       `json:"symbol"`
	Name            string       `json:"name"`
	Quantity        *json.Number `json:"quantity"`
	Price           *json.Number `json:"price"`
	MarketValue     *json.Number `json:"marketValue"`
	Currency        string       `json:"currency"`
	Unrealized      *json.Number `json:"unrealizedPnl"`
	UnrealizedShare *json.Number `json:"unrealizedPnlPercent"`
	DayChange       *json.Number `json:"dayChange"`
	DayShare        *json.Number `json:"dayChangePercent"`
	Allocation      *json.Number `json:"allocationPercent"`
	AsOf            string       `json:"asOf"`
	Stale           bool         `json:"stale"`
}

type quotesData struct {
	Quotes   []quoteLine       `json:"quotes"`
	Unknown  []string          `json:"unknown"`
	Warnings []json.RawMessage `json:"warnings"`
}

type quoteLine struct {
	Symbol    string       `json:"symbol"`
	Price     *json.Number `json:"price"`
	Change    *json.Number `json:"change"`
	Percent   *json.Number `json:"changePercent"`
	Currency  string       `json:"currency"`
	Timestamp string       `json:"timestamp"`
	Source    string       `json:"source"`
	Stale     bool         `json:"stale"`
}

// listedPositions is how many positions an answer lists unless the question names some.
const listedPositions = 5

// reportWriter collects the sentences about one tool result; each ends with the mark that cites it.
type reportWriter struct {
	lines []string
	mark  string
}

func (w *reportWriter) say(parts ...string) {
	w.lines = append(w.lines, strings.Join(parts, "")+"."+w.mark)
}

// item is one line of a list.
func (w *reportWriter) item(parts ...string) {
	w.lines = append(w.lines, "- "+strings.Join(parts, "")+"."+w.mark)
}

// report answers a question from the results of the tools, and from nothing else.
func report(conv conversation, symbols []string) string {
	var paragraphs []string
	for _, use := range conv.uses {
		result, readable := parseResult(use.content)
		w := &reportWriter{}
		if result.Handle != "" {
			w.mark = " [[" + result.Handle + "]]"
		}
		switch {
		case use.isError:
			w.say(subjectOf(use.name), " could not be read: ", failureReason(use.content))
		case !readable:
			w.say("The answer about ", strings.ToLower(subjectOf(use.name)), " was not in a form I can read")
		case use.name == holdingsTool:
			w.holdings(result, conv.question, symbols)
		case use.name == quotesTool:
			w.quotes(result)
		default:
			w.say("I do not know how to read what ", use.name, " found")
		}
		paragraphs = append(paragraphs, strings.TrimSpace(strings.Join(w.lines, "\n")))
	}
	return strings.Join(paragraphs, "\n\n")
}

func subjectOf(tool string) string {
	switch tool {
	case holdingsTool:
		return "Your portfolio"
	case quotesTool:
		return "The quotes"
	}
	return "What I looked up"
}

// parseResult reads a tool result; one that is not an object cannot be used.
func parseResult(content string) (toolResult, bool) {
	var result toolResult
	err := json.Unmarshal([]byte(content), &result)
	return result, err == nil
}

// failureReason is the message of a failed tool, however it is wrapped.
func failureReason(content string) string {
	var wrapped struct {
		Message string          `json:"message"`
		Error   json.RawMessage `json:"error"`
	}
	if json.Unmarshal([]byte(content), &wrapped) == nil {
		if wrapped.Message != "" {
			return withoutStop(wrapped.Message)
		}
		if len(wrapped.Error) > 0 {
			return failureReason(string(wrapped.Error))
		}
	}
	var text string
	if json.Unmarshal([]byte(content), &text) == nil {
		content = text
	}
	return cmp.Or(withoutStop(content), "no reason was given")
}

// withoutStop is a text to put before a full stop.
func withoutStop(text string) string { return strings.TrimRight(strings.TrimSpace(text), ".") }

func (w *reportWriter) warn(warnings []json.RawMessage) {
	for _, warning := range warnings {
		w.say("Please note: ", failureReason(string(warning)))
	}
}

func (w *reportWriter) holdings(result toolResult, question string, symbols []string) {
	var data holdingsData
	if json.Unmarshal(result.Data, &data) != nil {
		w.say("The answer about your portfolio was not in a form I can read")
		return
	}
	w.summary(data.Summary, result.AsOf)
	w.positions(data, question, symbols)
	var stale []string
	for _, h := range data.Holdings {
		if h.Stale {
			stale = append(stale, cmp.Or(h.Symbol, h.Name)+asOfText(h.AsOf))
		}
	}
	if len(stale) > 0 {
		w.say("These figures are not current (stale): ", strings.Join(stale, ", "))
	}
	w.warn(slices.Concat(result.Warnings, data.Warnings))
}

func (w *reportWriter) summary(s holdingsSummary, asOf string) {
	if s.TotalValue != nil {
		w.say("Your portfolio is worth ", moneyText(s.TotalValue, s.Currency), asOfText(asOf))
	} else if s.Currency != "" { // else the amounts are kept from me
		w.say("What your portfolio is worth in ", s.Currency, " is not known")
	}
	if s.DayChange != nil {
		w.say("The change on the day is ", moneyText(s.DayChange, s.Currency), inBrackets(s.DayChangePercent))
	}
	if s.Unrealized != nil {
		basis := ""
		if s.CostBasis != nil {
			basis = " on a cost of " + moneyText(s.CostBasis, s.Currency)
		}
		w.say("The unrealized gain is ", moneyText(s.Unrealized, s.Currency), inBrackets(s.UnrealizedShare), basis)
	}
	if s.Cash != nil {
		w.say("Cash is ", moneyText(s.Cash, s.Currency))
	}
}

var (
	bestWords  = regexp.MustCompile(`(?i)\b(best|winners?|top (gainers?|performers?)|gained)\b`)
	worstWords = regexp.MustCompile(`(?i)\b(worst|losers?|lost)\b`)
)

// positions lists the holdings the question names, else the best, the worst or the largest ones.
func (w *reportWriter) positions(data holdingsData, question string, symbols []string) {
	if len(data.Holdings) == 0 {
		w.say("There are no positions in it")
		return
	}
	named := slices.Clone(data.Holdings)
	named = slices.DeleteFunc(named, func(h heldPosition) bool { return !slices.Contains(symbols, h.Symbol) })
	title, list := "The largest positions", named
	if len(named) > 0 {
		title = "The positions you asked about"
	} else {
		list = slices.Clone(data.Holdings)
		by := heldPosition.size
		switch {
		case bestWords.MatchString(question):
			title = "The positions with the best unrealized result"
			by = func(h heldPosition) decimal.Decimal { return decimalOf(h.UnrealizedShare) }
		case worstWords.MatchString(question):
			title = "The positions with the worst unrealized result"
			by = func(h heldPosition) decimal.Decimal { return decimalOf(h.UnrealizedShare).Neg() }
		}
		slices.SortStableFunc(list, func(a, b heldPosition) int { return by(b).Cmp(by(a)) })
		list = list[:min(listedPositions, len(list))]
	}
	w.lines = append(w.lines, "", title+":")
	for _, h := range list {
		w.position(h, data.Summary.Currency)
	}
}

// size orders positions, short ones by what they amount to. Shares of the portfolio compare across currencies.
func (h heldPosition) size() decimal.Decimal {
	if h.Allocation != nil {
		return decimalOf(h.Allocation).Abs()
	}
	return decimalOf(h.MarketValue).Abs()
}

func (w *reportWriter) position(h heldPosition, base string) {
	currency := cmp.Or(h.Currency, base)
	line := "**" + cmp.Or(h.Symbol, h.Name) + "**"
	if h.Name != "" && h.Symbol != "" {
		line += " (" + h.Name + ")"
	}
	var facts []string
	if h.Quantity != nil {
		facts = append(facts, "quantity "+groupThousands(decimalOf(h.Quantity).String()))
	}
	if h.MarketValue != nil {
		facts = append(facts, "worth "+moneyText(h.MarketValue, currency))
	}
	if h.Allocation != nil {
		facts = append(facts, percentText(h.Allocation)+" of the portfolio")
	}
	if h.Unrealized != nil {
		facts = append(facts, "unrealized gain "+moneyText(h.Unrealized, currency)+inBrackets(h.UnrealizedShare))
	}
	if h.DayChange != nil {
		facts = append(facts, "on the day "+moneyText(h.DayChange, currency)+inBrackets(h.DayShare))
	}
	if len(facts) == 0 {
		facts = []string{"no figures are available"}
	}
	w.item(line, ": ", strings.Join(facts, ", "))
}

func (w *reportWriter) quotes(result toolResult) {
	var data quotesData
	if json.Unmarshal(result.Data, &data) != nil {
		w.say("The answer about the quotes was not in a form I can read")
		return
	}
	for _, q := range data.Quotes {
		w.quote(q)
	}
	if len(data.Unknown) > 0 {
		w.say("No quote was found for ", strings.Join(data.Unknown, ", "))
	}
	if len(data.Quotes)+len(data.Unknown) == 0 {
		w.say("No quotes came back")
	}
	w.warn(slices.Concat(result.Warnings, data.Warnings))
}

func (w *reportWriter) quote(q quoteLine) {
	if q.Price == nil {
		w.say("No price is available for ", q.Symbol)
		return
	}
	change := ""
	if q.Change != nil {
		change = ", a change of " + moneyText(q.Change, q.Currency) + inBrackets(q.Percent)
	} else if q.Percent != nil {
		change = ", a change of " + percentText(q.Percent)
	}
	source := ""
	if q.Source != "" {
		source = ", from " + q.Source
	}
	w.say(q.Symbol, " is at ", moneyText(q.Price, q.Currency), change, asOfText(q.Timestamp), source)
	if q.Stale {
		w.say("The quote of ", q.Symbol, " is not current (stale)")
	}
}

func asOfText(asOf string) string {
	if asOf == "" {
		return ""
	}
	return " as of " + asOf
}

// decimalOf is a JSON number as a decimal. Absurd exponents would take all memory to write out and count as zero.
func decimalOf(n *json.Number) decimal.Decimal {
	if n == nil {
		return decimal.Zero
	}
	d, err := decimal.NewFromString(n.String())
	if err != nil || d.Exponent() > 40 || d.Exponent() < -40 {
		return decimal.Zero
	}
	return d
}

// moneyText is an amount with thousands separators and two decimals, more where two would show nothing of it.
func moneyText(n *json.Number, currency string) string {
	d := decimalOf(n)
	digits := d.Abs().StringFixed(2)
	if d.Round(2).IsZero() && !d.IsZero() {
		digits = d.Abs().String()
	}
	text := groupThousands(digits)
	if currency == "USD" || currency == "" {
		text = "$" + text
	} else {
		text += " " + currency
	}
	if d.IsNegative() {
		text = "-" + text
	}
	return text
}

func percentText(n *json.Number) string { return decimalOf(n).StringFixed(2) + "%" }

func inBrackets(n *json.Number) string {
	if n == nil {
		return ""
	}
	return " (" + percentText(n) + ")"
}

// groupThousands puts separators between the thousands of a decimal number.
func groupThousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}
