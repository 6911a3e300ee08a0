package sim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const holdingsResult = `{"handle":"t1","asOf":"2026-11-23T20:00:00Z","warnings":["Broker B has not answered since noon."],"data":{
	"summary":{"baseCurrency":"USD","totalValue":1234567.895,"cash":1000,"costBasis":1200000,"unrealizedPnl":-4.345,"unrealizedPnlPercent":-0.005,"dayChange":12.3,"dayChangePercent":1,"connections":2},
	"holdings":[
		{"symbol":"MSFT","name":"Microsoft Corporation","quantity":2.5,"marketValue":900.10,"currency":"USD","unrealizedPnl":90,"unrealizedPnlPercent":11.1,"allocationPercent":30},
		{"symbol":"AAPL","name":"Apple Inc.","quantity":1000,"marketValue":1900,"currency":"EUR","unrealizedPnl":-3,"unrealizedPnlPercent":-1.5,"dayChange":null,"allocationPercent":65.123,"asOf":"2026-11-20T21:00:00Z","stale":true},
		{"symbol":"SHRT","allocationPercent":-4.5}
	]}}`

const quotesResult = `{"handle":"t2","data":{"quotes":[
	{"symbol":"AAPL","price":231.5,"change":-1.005,"changePercent":-0.43,"currency":"USD","timestamp":"2026-11-23T19:59:00Z","source":"yahoo","stale":true},
	{"symbol":"PENY","price":0.00012,"currency":"USD"},
	{"symbol":"NONE","price":null}],"unknown":["ZZZZ"]}}`

func TestClaudeLooksUpWhatTheQuestionNeeds(t *testing.T) {
	server, _ := claudeServer(t)
	holdings := holdingsTool + ` {}`
	quotes := func(symbols string) string { return quotesTool + ` {"symbols":[` + symbols + `]}` }
	tests := []struct {
		question string
		want     []string
	}{
		{"How is my portfolio doing?", []string{holdings}},
		{"how am i doing", []string{holdings}},
		{"What do I own?", []string{holdings}},
		{"Which stocks do I own?", []string{holdings}},
		{"How did my tech stocks do this week?", []string{holdings}},
		{"What's my P&L today?", []string{holdings}},
		{"What is my biggest winner?", []string{holdings}},
		{"List the positions.", []string{holdings}},
		{"How much am I worth?", []string{holdings}},
		{"What is AAPL at?", []string{quotes(`"AAPL"`)}},
		{"price of $ZZZZ and msft", []string{quotes(`"ZZZZ","MSFT"`)}},
		{"How is apple trading compared with Microsoft's stock?", []string{quotes(`"AAPL","MSFT"`)}},
		{"Quote ZZZZ", []string{quotes(`"ZZZZ"`)}},
		{"AAPL, Apple and $AAPL", []string{quotes(`"AAPL"`)}},
		{"What is Apple worth?", []string{quotes(`"AAPL"`)}},
		{"How much is my Apple worth?", []string{holdings, quotes(`"AAPL"`)}},
		{"How are my holdings and $NVDA doing?", []string{holdings, quotes(`"NVDA"`)}},
		{"WHAT DOES THE MARKET THINK OF NVDA", []string{quotes(`"NVDA"`)}},
		{"How is Facebook, and how is Berkshire?", []string{quotes(`"META","BRK.B"`)}},
		{"Is bitcoin up? And BTC/USD, V and Disney?", []string{quotes(`"BTC/USD","V","DIS"`)}},
		{"What is the S&P 500 doing?", []string{quotes(`"^GSPC"`)}},
		{"What is a good P/E ratio, and what does it cost to trade?", nil},
		{"Explain what an ETF is to a US investor in USD terms.", nil},
		{"I like pineapples", nil},
		{"Hello!", nil},
	}
	for _, tt := range tests {
		t.Run(tt.question, func(t *testing.T) {
			got := claudeAnswer(t, server, requestOf(userSays(tt.question)))
			if diff := cmp.Diff(tt.want, callsOf(t, got)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			stop := "end_turn"
			if len(tt.want) > 0 {
				stop = "tool_use"
			}
			if got["stop_reason"] != stop || answerText(got) == "" {
				t.Errorf("got %v, want some text and stop_reason %s", got, stop)
			}
		})
	}
}

func TestClaudeUsesOnlyWhatIsOffered(t *testing.T) {
	server, _ := claudeServer(t)
	question := userSays("How is my portfolio, and what are AAPL and MSFT at?")
	one := object{"name": quotesTool, "input_schema": object{"type": "object", "properties": object{"symbol": object{"type": "string"}}, "required": []string{"symbol"}}}
	strange := object{"name": quotesTool, "input_schema": object{"type": "object", "properties": object{"isin": object{"type": "string"}}, "required": []string{"isin"}}}
	other := object{"name": "get_weather", "input_schema": object{"type": "object"}}
	tests := []struct {
		name   string
		change func(object)
		want   []string
	}{
		{"no tools", func(r object) { delete(r, "tools") }, nil},
		{"other tools", func(r object) { r["tools"] = []object{other} }, nil},
		{"tools switched off", func(r object) { r["tool_choice"] = object{"type": "none"} }, nil},
		{"a tool for one symbol is called for each", func(r object) { r["tools"] = []object{one} }, []string{quotesTool + ` {"symbol":"AAPL"}`, quotesTool + ` {"symbol":"MSFT"}`}},
		{"a schema it cannot fill", func(r object) { r["tools"] = []object{strange} }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request := requestOf(question)
			tt.change(request)
			got := claudeAnswer(t, server, request)
			if diff := cmp.Diff(tt.want, callsOf(t, got)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if answerText(got) == "" {
				t.Errorf("got no text, want some")
			}
		})
	}
}

// afterTools is the conversation after the tools have answered.
func afterTools(question string, results ...object) object {
	var calls []object
	for _, r := range results {
		name := holdingsTool
		if strings.HasPrefix(r["tool_use_id"].(string), "toolu_q") {
			name = quotesTool
		}
		calls = append(calls, object{"type": "tool_use", "id": r["tool_use_id"], "name": name, "input": object{}})
	}
	return requestOf(userSays(question), assistantSays(calls), userSays(results))
}

func TestClaudeReportsTheHoldingsItWasGiven(t *testing.T) {
	server, _ := claudeServer(t)
	tests := []struct{ question, want string }{
		{"How is my portfolio doing?", `Your portfolio is worth $1,234,567.90 as of 2026-11-23T20:00:00Z. [[t1]]
The change on the day is $12.30 (1.00%). [[t1]]
The unrealized gain is -$4.35 (-0.01%) on a cost of $1,200,000.00. [[t1]]
Cash is $1,000.00. [[t1]]

The largest positions:
- **AAPL** (Apple Inc.): quantity 1,000, worth 1,900.00 EUR, 65.12% of the portfolio, unrealized gain -3.00 EUR (-1.50%). [[t1]]
- **MSFT** (Microsoft Corporation): quantity 2.5, worth $900.10, 30.00% of the portfolio, unrealized gain $90.00 (11.10%). [[t1]]
- **SHRT**: -4.50% of the portfolio. [[t1]]
These figures are not current (stale): AAPL as of 2026-11-20T21:00:00Z. [[t1]]
Please note: Broker B has not answered since noon. [[t1]]`},
		{"How much of my portfolio is Microsoft?", `Your portfolio is worth $1,234,567.90 as of 2026-11-23T20:00:00Z. [[t1]]
The change on the day is $12.30 (1.00%). [[t1]]
The unrealized gain is -$4.35 (-0.01%) on a cost of $1,200,000.00. [[t1]]
Cash is $1,000.00. [[t1]]

The positions you asked about:
- **MSFT** (Microsoft Corporation): quantity 2.5, worth $900.10, 30.00% of the portfolio, unrealized gain $90.00 (11.10%). [[t1]]
These figures are not current (stale): AAPL as of 2026-11-20T21:00:00Z. [[t1]]
Please note: Broker B has not answered since noon. [[t1]]`},
	}
	for _, tt := range tests {
		t.Run(tt.question, func(t *testing.T) {
			request := afterTools(tt.question, toolResultBlock("toolu_1", holdingsResult))
			request["tools"] = request["tools"].([]object)[:1] // no quotes to go and get
			if diff := cmp.Diff(tt.want, answerText(claudeAnswer(t, server, request))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClaudeReportsTheQuotesItWasGiven(t *testing.T) {
	server, _ := claudeServer(t)
	got := answerText(claudeAnswer(t, server, afterTools("What are AAPL, PENY and ZZZZ at?", toolResultBlock("toolu_q", quotesResult))))
	want := `AAPL is at $231.50, a change of -$1.01 (-0.43%) as of 2026-11-23T19:59:00Z, from yahoo. [[t2]]
The quote of AAPL is not current (stale). [[t2]]
PENY is at $0.00012. [[t2]]
No price is available for NONE. [[t2]]
No quote was found for ZZZZ. [[t2]]`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestClaudeReportsWhatItCannotUse(t *testing.T) {
	server, _ := claudeServer(t)
	failed := func(content string) object {
		r := toolResultBlock("toolu_1", content)
		r["is_error"] = true
		return r
	}
	tests := []struct {
		name   string
		result object
		want   string
	}{
		{"an error in words", failed("The broker is closed."), "Your portfolio could not be read: The broker is closed."},
		{"an error as JSON", failed(`{"handle":"t1","error":{"code":"x","message":"try later"}}`), "Your portfolio could not be read: try later. [[t1]]"},
		{"an error without words", object{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true}, "Your portfolio could not be read: no reason was given."},
		{"no JSON", toolResultBlock("toolu_1", "all is well"), "The answer about your portfolio was not in a form I can read."},
		{"data of another shape", toolResultBlock("toolu_1", `{"handle":"t1","data":[1,2]}`), "The answer about your portfolio was not in a form I can read. [[t1]]"},
		{"no rate", toolResultBlock("toolu_1", `{"handle":"t1","data":{"summary":{"baseCurrency":"ISK","totalValue":null,"cash":null}}}`), "What your portfolio is worth in ISK is not known. [[t1]]\nThere are no positions in it. [[t1]]"},
		{"no positions", toolResultBlock("toolu_1", `{"handle":"t1","data":{"summary":{"baseCurrency":"EUR","totalValue":0}}}`), "Your portfolio is worth 0.00 EUR. [[t1]]\nThere are no positions in it. [[t1]]"},
		{"no data", toolResultBlock("toolu_1", `{"handle":"t1"}`), "The answer about your portfolio was not in a form I can read. [[t1]]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := answerText(claudeAnswer(t, server, afterTools("How is my portfolio?", tt.result))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestQuotesThatSayLittleAreReportedSo(t *testing.T) {
	server, _ := claudeServer(t)
	for content, want := range map[string]string{
		`{"handle":"t2","data":{"quotes":[],"unknown":[]}}`: "No quotes came back. [[t2]]",
		`{"handle":"t2","data":"closed"}`:                   "The answer about the quotes was not in a form I can read. [[t2]]",
		`{"data":{"quotes":[{"symbol":"AAPL","price":12345.6,"changePercent":2,"currency":"GBP"}],"warnings":[{"message":"Delayed."}]}}`: "AAPL is at 12,345.60 GBP, a change of 2.00%.\nPlease note: Delayed.",
	} {
		if got := answerText(claudeAnswer(t, server, afterTools("AAPL?", toolResultBlock("toolu_q", content)))); got != want {
			t.Errorf("%s: got %q, want %q", content, got, want)
		}
	}
}

func TestAToolClaudeDoesNotKnowIsNamed(t *testing.T) {
	server, _ := claudeServer(t)
	request := requestOf(userSays("Will it rain?"),
		assistantSays([]object{{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": object{}}}),
		userSays([]object{toolResultBlock("toolu_1", `{"handle":"t1","data":{"rain":true}}`)}))
	if got, want := answerText(claudeAnswer(t, server, request)), "I do not know how to read what get_weather found. [[t1]]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPositionsWithoutSharesAreOrderedByValue(t *testing.T) {
	server, _ := claudeServer(t)
	got := answerText(claudeAnswer(t, server, afterTools("My positions?", toolResultBlock("toolu_1",
		`{"handle":"t1","data":{"holdings":[{"symbol":"A1","marketValue":5},{"symbol":"B2","marketValue":-9,"unrealizedPnl":-1},{"symbol":"C3"}]}}`))))
	want := `The largest positions:
- **B2**: worth -$9.00, unrealized gain -$1.00. [[t1]]
- **A1**: worth $5.00. [[t1]]
- **C3**: no figures are available. [[t1]]`
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEverySentenceFromATwoToolAnswerIsCited(t *testing.T) {
	server, _ := claudeServer(t)
	got := answerText(claudeAnswer(t, server, afterTools("How is my portfolio and what is AAPL at?",
		toolResultBlock("toolu_1", holdingsResult), toolResultBlock("toolu_q", quotesResult))))
	first, second, ok := strings.Cut(got, "\n\nAAPL is at")
	if !ok || strings.Contains(first, "[[t2]]") || strings.Contains(second, "[[t1]]") {
		t.Errorf("got %s, want the holdings cited as t1 and then the quotes as t2", got)
	}
	for line := range strings.SplitSeq(got, "\n") {
		if line != "" && !strings.HasSuffix(line, "]]") && !strings.HasSuffix(line, ":") {
			t.Errorf("line %q: got no citation, want one", line)
		}
	}
}

func TestAChangedPortfolioChangesTheAnswer(t *testing.T) {
	server, _ := claudeServer(t)
	ask := func(result string) string {
		return answerText(claudeAnswer(t, server, afterTools("How is my portfolio?", toolResultBlock("toolu_1", result))))
	}
	before, after := ask(holdingsResult), ask(strings.Replace(holdingsResult, `"totalValue":1234567.895`, `"totalValue":7`, 1))
	if want := strings.Replace(before, "$1,234,567.90", "$7.00", 1); after != want {
		t.Errorf("got %s, want only the total to differ from %s", after, before)
	}
}

func TestClaudeSortsByTheResultAskedFor(t *testing.T) {
	server, _ := claudeServer(t)
	for question, want := range map[string][]string{
		"What are my biggest positions?": {"AAPL", "MSFT", "SHRT"},
		"Which are my best positions?":   {"MSFT", "SHRT", "AAPL"},
		"Which are my worst positions?":  {"AAPL", "SHRT", "MSFT"},
	} {
		got := answerText(claudeAnswer(t, server, afterTools(question, toolResultBlock("toolu_1", holdingsResult))))
		var order []string
		for _, m := range regexp.MustCompile(`- \*\*(\w+)\*\*`).FindAllStringSubmatch(got, -1) {
			order = append(order, m[1])
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("%s (-want +got):\n%s", question, diff)
		}
	}
}

// TestAConversationGoesOn plays two questions through, giving every block back as it came.
func TestAConversationGoesOn(t *testing.T) {
	server, _ := claudeServer(t)
	conversation := []object{userSays("How is my portfolio doing?")}
	next := func() object {
		got := claudeAnswer(t, server, requestOf(conversation...))
		conversation = append(conversation, assistantSays(got["content"]))
		return got
	}
	results := func(got object, content string) {
		var blocks []object
		for _, b := range got["content"].([]any) {
			if block := b.(object); block["type"] == "tool_use" {
				blocks = append(blocks, toolResultBlock(block["id"].(string), content))
			}
		}
		conversation = append(conversation, userSays(blocks))
	}
	results(next(), holdingsResult)
	if got := next(); got["stop_reason"] != "end_turn" || !strings.Contains(answerText(got), "$1,234,567.90") {
		t.Fatalf("first answer: got %v, want the total", got)
	}
	conversation = append(conversation, userSays([]object{textBlock("Context: the user holds MSFT."), textBlock("And my portfolio now, and NVDA?")}))
	second := next()
	if diff := cmp.Diff([]string{holdingsTool + ` {}`, quotesTool + ` {"symbols":["NVDA"]}`}, callsOf(t, second)); diff != "" {
		t.Fatalf("a new question looks things up again (-want +got):\n%s", diff)
	}
	results(second, `{"handle":"t9","data":{"quotes":[{"symbol":"NVDA","price":1}],"holdings":[]}}`)
	if got := answerText(next()); !strings.Contains(got, "NVDA is at $1.00. [[t9]]") || strings.Contains(got, "1,234,567") {
		t.Errorf("second answer: got %s, want it from the second results alone", got)
	}
}

func TestATextBesideResultsIsAQuestionOnlyWhenItAsks(t *testing.T) {
	server, _ := claudeServer(t)
	request := func(text string) object {
		return requestOf(userSays("How is my portfolio?"),
			assistantSays([]object{{"type": "tool_use", "id": "toolu_1", "name": holdingsTool, "input": object{}}}),
			userSays([]object{toolResultBlock("toolu_1", holdingsResult), textBlock(text)}))
	}
	if got := claudeAnswer(t, server, request("Two rounds are left.")); !strings.Contains(answerText(got), "$1,234,567.90") {
		t.Errorf("a remark: got %v, want the report", got)
	}
	// As after an answer that was broken off: the results are the old question's.
	got := callsOf(t, claudeAnswer(t, server, request("What is AAPL at?")))
	if diff := cmp.Diff([]string{quotesTool + ` {"symbols":["AAPL"]}`}, got); diff != "" {
		t.Errorf("a question (-want +got):\n%s", diff)
	}
}

func TestMoneyIsWrittenExactly(t *testing.T) {
	for _, tt := range []struct{ number, currency, want string }{
		{"0", "USD", "$0.00"},
		{"1.005", "USD", "$1.01"},
		{"-1.005", "EUR", "-1.01 EUR"},
		{"999.995", "", "$1,000.00"},
		{"-1234567.1", "USD", "-$1,234,567.10"},
		{"12345678901234567890.12", "JPY", "12,345,678,901,234,567,890.12 JPY"},
		{"1e3", "USD", "$1,000.00"},
		{"0.000012", "USD", "$0.000012"},
		{"1e999999999", "USD", "$0.00"},
	} {
		n := json.Number(tt.number)
		if got := moneyText(&n, tt.currency); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.number, tt.currency, got, tt.want)
		}
	}
}

func TestShortNamesAreWhatPeopleSay(t *testing.T) {
	for name, want := range map[string]string{
		"Apple Inc.":                      "Apple",
		"Microsoft Corporation":           "Microsoft",
		"Amazon.com, Inc.":                "Amazon",
		"Berkshire Hathaway Inc. Class B": "Berkshire Hathaway",
		"Ford Motor Company":              "Ford Motor",
		"Group":                           "Group",
	} {
		if got := shortName(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestTextPiecesAreTheTextAndCutWordsAndMarks(t *testing.T) {
	text := strings.Repeat("Der Wert beträgt €1,234.56. [[t1]]\n", 8)
	got := textPieces(text)
	if strings.Join(got, "") != text {
		t.Errorf("got %q, want the text", strings.Join(got, ""))
	}
	brokenMark := false
	for _, piece := range got {
		brokenMark = brokenMark || strings.Contains(piece, "[") && !strings.Contains(piece, "[[t1]]")
	}
	if !brokenMark {
		t.Errorf("got %s, want a mark that is cut", fmt.Sprintf("%q", got))
	}
}
