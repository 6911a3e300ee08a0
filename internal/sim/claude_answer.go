package sim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// The tools this model knows how to use. It uses them only where they are offered.
const (
	holdingsTool = "get_portfolio_holdings"
	quotesTool   = "get_stock_quotes"
)

// toolUse is a call that was made for the question at hand, with its result.
type toolUse struct {
	name    string
	content string
	isError bool
}

// conversation is what there is to answer: the last question and what was looked up for it so far.
type conversation struct {
	question string
	uses     []toolUse
	offered  map[string]json.RawMessage // input schema by tool
}

// answer decides on the next turn from the conversation alone: look things up that the question needs and the tools
// offer, report what was found, or say what can be asked.
func (c *claudeState) answer(req *claudeRequest) *claudeTurn {
	conv := readConversation(req)
	if c.opts.Script != nil {
		if script, ok := c.opts.Script(conv.question); ok {
			return c.scripted(script, conv, req.Model)
		}
	}
	turn := &claudeTurn{id: c.newID("msg_", conv.question), model: req.Model, stop: "end_turn"}
	symbols := symbolsIn(conv.question, c.names)
	if calls := conv.calls(symbols); len(calls) > 0 {
		turn.stop = "tool_use"
		turn.blocks = append(turn.blocks, thinkingOut(), textOut(announce(calls)))
		for _, call := range calls {
			turn.blocks = append(turn.blocks, callOut(c.newID("toolu_", conv.question+call.input), call.name, call.input))
		}
		return turn
	}
	text := conv.help(symbols)
	if len(conv.uses) > 0 {
		text = report(conv, symbols)
	}
	turn.blocks = []claudeOut{textOut(text)}
	return turn
}

// readConversation finds the question: the last text of the last user message. Texts before it in the same message are
// context, and a text beside tool results is a remark unless it asks something.
func readConversation(req *claudeRequest) conversation {
	conv := conversation{offered: map[string]json.RawMessage{}}
	asked := 0
	for i, m := range req.Messages {
		if m.Role != "user" {
			continue
		}
		answersCalls := slices.ContainsFunc(m.Content, func(b claudeBlock) bool { return b.Type == "tool_result" })
		for _, b := range m.Content {
			if b.Type == "text" && (!answersCalls || strings.HasSuffix(strings.TrimSpace(b.Text), "?")) {
				asked, conv.question = i, b.Text
			}
		}
	}
	if req.ToolChoice == nil || req.ToolChoice.Type != "none" {
		for _, tool := range req.Tools {
			conv.offered[tool.Name] = tool.InputSchema
		}
	}
	names := map[string]string{}
	for _, m := range req.Messages[asked+1:] {
		for _, b := range m.Content {
			switch b.Type {
			case "tool_use":
				names[b.ID] = b.Name
			case "tool_result":
				conv.uses = append(conv.uses, toolUse{names[b.ToolUseID], b.Content.text(), b.IsError})
			}
		}
	}
	return conv
}

// toolCall is a call to be made; input is JSON.
type toolCall struct {
	name  string
	input string
}

// calls lists what to look up now: whatever the question needs, is offered, and was not looked up for it before.
func (c conversation) calls(symbols []string) []toolCall {
	var calls []toolCall
	if schema, ok := c.open(holdingsTool); ok && aboutPortfolio(c.question, symbols) && schema.accepts("") {
		calls = append(calls, toolCall{holdingsTool, "{}"})
	}
	schema, ok := c.open(quotesTool)
	switch {
	case !ok || len(symbols) == 0:
	case schema.accepts("symbols"):
		calls = append(calls, toolCall{quotesTool, inputOf("symbols", symbols)})
	case schema.accepts("symbol"):
		for _, symbol := range symbols {
			calls = append(calls, toolCall{quotesTool, inputOf("symbol", symbol)})
		}
	}
	return calls
}

// open finds a tool that is offered and not used yet for this question.
func (c conversation) open(tool string) (toolSchema, bool) {
	raw, offered := c.offered[tool]
	used := slices.ContainsFunc(c.uses, func(u toolUse) bool { return u.name == tool })
	var schema toolSchema
	return schema, offered && !used && json.Unmarshal(raw, &schema) == nil
}

// toolSchema is as much of a tool's input schema as is needed to fill it in.
type toolSchema struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

// accepts tells whether an input with just this argument, or with none, fits the schema.
func (s toolSchema) accepts(argument string) bool {
	for _, required := range s.Required {
		if required != argument {
			return false
		}
	}
	_, known := s.Properties[argument]
	return known || argument == ""
}

func inputOf(argument string, value any) string {
	input, _ := json.Marshal(map[string]any{argument: value}) // strings always marshal
	return string(input)
}

func announce(calls []toolCall) string {
	holdings := slices.ContainsFunc(calls, func(c toolCall) bool { return c.name == holdingsTool })
	quotes := slices.ContainsFunc(calls, func(c toolCall) bool { return c.name == quotesTool })
	switch {
	case holdings && quotes:
		return "Let me look at your holdings and the latest quotes."
	case holdings:
		return "Let me look at your holdings."
	}
	return "Let me get the latest quotes."
}

// help is the answer where nothing was looked up: it says what can be asked with the tools at hand.
func (c conversation) help(symbols []string) string {
	var can []string
	if _, ok := c.offered[holdingsTool]; ok {
		can = append(can, "your portfolio (what it is worth, how it did today, gains and losses, the largest positions)")
	}
	if _, ok := c.offered[quotesTool]; ok {
		can = append(can, "the latest price of a stock, by its ticker symbol or company name")
	}
	switch {
	case len(can) == 0 && (len(symbols) > 0 || aboutPortfolio(c.question, symbols)):
		return "I cannot look that up here: this conversation gives me no tool for portfolios or quotes, and I would rather not guess."
	case len(can) == 0:
		return "I answer questions about portfolios and stock prices, but this conversation gives me no tool to look them up."
	}
	return "I can tell you about " + strings.Join(can, ", and about ") + ". What would you like to know?"
}

var (
	// The question is plainly about what the user owns.
	portfolioWords = regexp.MustCompile(`(?i)\b(portfolio|holdings?|positions?)\b` +
		`|\bmy\s+(\w+[\s-]+){0,2}(stocks?|shares|investments?|accounts?|gains?|loss(es)?|p&l|pnl|net worth|cash|money|assets|allocation|etfs?|funds?|crypto|options|returns?|performance|balance)\b` +
		`|\bhow (am|are|did|have) (i|we)\b.*\b(do|doing|done|perform\w*)\b|\b(am|are) (i|we) (up|down)\b` +
		`|\b(do|did) i (own|hold|have)\b|\bi (own|hold)\b`)
	// The question is about it when it speaks of the user, or of no company.
	moneyWords  = regexp.MustCompile(`(?i)\b(worth|gains?|gained|loss(es)?|lost|p&l|pnl|profits?|biggest|largest|best|worst|winners?|losers?|allocation)\b`)
	firstPerson = regexp.MustCompile(`(?i)\b(i|i'm|my|me|mine|we|our)\b`)
)

func aboutPortfolio(question string, symbols []string) bool {
	if portfolioWords.MatchString(question) {
		return true
	}
	return moneyWords.MatchString(question) && (len(symbols) == 0 || firstPerson.MatchString(question))
}

// companyName is a name by which people call a company, and its symbol.
type companyName struct {
	symbol string
	name   *regexp.Regexp // the name as whole words
}

var (
	legalForm   = regexp.MustCompile(`(?i)[\s,]+(inc|incorporated|corp|corporation|co|company|public|ltd|limited|plc|holdings?|group|n\.?v|s\.?a|ag|se|class [a-c]|common stock|usd|and)\.?$`)
	dotCom      = regexp.MustCompile(`(?i)\.com$`)
	tickerLike  = regexp.MustCompile(`\$?\b[A-Z]{1,5}(?:[./-][A-Z]{1,4})?\b`)
	hasLower    = regexp.MustCompile(`[a-z]`)
	lowerTicker = regexp.MustCompile(`\b[a-z]{4,5}\b`)
)

// shortName strips what nobody says: "Apple Inc." is Apple.
func shortName(name string) string {
	name = strings.TrimPrefix(name, "The ")
	for {
		shorter := dotCom.ReplaceAllString(legalForm.ReplaceAllString(strings.TrimSpace(name), ""), "")
		if shorter = strings.TrimRight(shorter, " ,&"); shorter == name || shorter == "" {
			return name
		}
		name = shorter
	}
}

// companyNames lists what the companies of the world are called, in its order: by their short names, by the first word
// of that where it is a capitalised name of its own, and by the nicknames everybody knows.
func companyNames(w *World) []companyName {
	nicknames := map[string]string{"GOOGL": "Google", "META": "Facebook", "DIS": "Disney", "LLY": "Lilly"}
	// First words that are not the name of a company.
	ordinary := []string{"Advanced", "Bank", "Bitcoin", "Home", "Invesco", "Johnson", "SPDR", "Technology", "United", "Vanguard", "Walt"}
	var names []companyName
	add := func(symbol, pattern, name string) {
		if name != "" {
			names = append(names, companyName{symbol, regexp.MustCompile(pattern + `\b` + regexp.QuoteMeta(name) + `\b`)})
		}
	}
	for _, in := range w.Instruments() {
		short := shortName(in.Name)
		add(in.Symbol, `(?i)`, short)
		add(in.Symbol, `(?i)`, nicknames[in.Symbol])
		if first, rest, _ := strings.Cut(short, " "); rest != "" && len(first) >= 4 && !slices.Contains(ordinary, first) {
			add(in.Symbol, ``, first)
		}
	}
	return names
}

// notTickers are capitals that people write about money without meaning a company.
const notTickers = " A I AI AM API APR CAGR CEO CFO CPI DCA DIY EDGAR EOD EPS ESG ETF ETFS EU EUR EV FAQ FED FIFO FX GAAP GBP GDP HSA I'M IBKR IPO IRA IRR IRS IT JPY K LIFO LLC " +
	"ME MY NAV NO NOT NYSE NASDAQ OK OR P PE PL PM PNL Q R REIT ROE ROI ROTH SEC TBD TTM TWR UK US USA USD VAT VS WACC WHAT WHY XIRR YES YOY YTD YTM "

// symbolsIn lists the symbols a question names, in the order it names them: tickers, known or not, and companies.
func symbolsIn(question string, names []companyName) []string {
	type mention struct {
		at     int
		symbol string
	}
	var found []mention
	known := map[string]bool{}
	for _, n := range names {
		known[n.symbol] = true
		if at := n.name.FindStringIndex(question); at != nil {
			found = append(found, mention{at[0], n.symbol})
		}
	}
	shouted := !hasLower.MatchString(question)
	for _, at := range tickerLike.FindAllStringIndex(question, -1) {
		word := question[at[0]:at[1]]
		symbol, marked := strings.CutPrefix(word, "$")
		ordinary := strings.Contains(notTickers, " "+symbol+" ") ||
			!known[symbol] && (shouted || len(symbol) == 1 || strings.Contains(symbol, "/"))
		if marked || !ordinary {
			found = append(found, mention{at[0], symbol})
		}
	}
	for _, at := range lowerTicker.FindAllStringIndex(question, -1) {
		if symbol := strings.ToUpper(question[at[0]:at[1]]); known[symbol] && symbol != "COST" { // things cost
			found = append(found, mention{at[0], symbol})
		}
	}
	slices.SortStableFunc(found, func(a, b mention) int { return a.at - b.at })
	var symbols []string
	for _, m := range found {
		if !slices.Contains(symbols, m.symbol) {
			symbols = append(symbols, m.symbol)
		}
	}
	return symbols
}
