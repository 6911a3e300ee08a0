// Package plan decides what has to be read for a question before it is answered.
package plan

import (
	"encoding/json"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// Call is one use of a tool.
type Call struct {
	Tool  string
	Input json.RawMessage
}

// For lists what a question needs, the most important first, and nothing else.
func For(about intent.Brief, _ string, _ calendar.Day) []Call {
	var calls []Call
	if about.Holdings || about.Type == intent.Portfolio {
		calls = append(calls, Call{"get_portfolio_holdings", json.RawMessage(`{}`)})
	}
	if len(about.Symbols) > 0 {
		input, err := json.Marshal(map[string][]string{"symbols": about.Symbols})
		if err == nil { // texts always print
			calls = append(calls, Call{"get_stock_quotes", input})
		}
	}
	return calls
}
