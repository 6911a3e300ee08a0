package builtin

import "strings"

// compose writes the answer, with references in the place of figures.
func compose(a asked) string {
	for _, r := range a.results {
		if r.Tool == "get_portfolio_holdings" && r.Error == nil {
			return "Your portfolio is worth {{" + r.Handle + ".summary.totalValue}}. [[" + r.Handle + "]]"
		}
	}
	return strings.TrimSpace("I have no answer to this yet. Ask about your portfolio.")
}
