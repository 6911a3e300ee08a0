package finnhub

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// match is one instrument that a search found, on any exchange of the world.
type match struct {
	Name   text `json:"description"`
	Symbol text `json:"symbol"`
	Type   text `json:"type"`
}

// classes says Finnhub's types in our words; there are many more, of which some are seldom and some empty.
var classes = map[text]string{
	"Common Stock": "equity", "ADR": "equity", "GDR": "equity", "REIT": "equity", "Preference": "equity", "NY Reg Shrs": "equity", "Dutch Cert": "equity",
	"ETP": "etf", "ETF": "etf", "Closed-End Fund": "fund", "Open-End Fund": "fund", "Mutual Fund": "fund", "Index": "index", "Crypto": market.Crypto,
}

// Search finds shares and funds of all exchanges by part of a name or symbol, in Finnhub's order.
func (s *Source) Search(ctx context.Context, query string) ([]market.Match, error) {
	answer, err := s.get(ctx, "/search", url.Values{"q": {query}}, "a search")
	if err != nil {
		return nil, err
	}
	return readMatches(answer, s.Name())
}

func readMatches(answer *upstream.Answer, source string) ([]market.Match, error) {
	var body struct {
		Count *number      `json:"count"`
		Rows  []row[match] `json:"result"`
	}
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	if body.Count == nil {
		return nil, noAnswer(answer, nil, "search")
	}
	matches := []market.Match{}
	for _, r := range body.Rows {
		symbol, ok := fromFinnhub(string(r.is.Symbol))
		if !ok || slices.ContainsFunc(matches, func(m market.Match) bool { return m.Symbol == symbol }) {
			continue
		}
		matches = append(matches, market.Match{
			Symbol: symbol, Name: cmp.Or(r.is.Name.tidy(), symbol), AssetClass: cmp.Or(classes[r.is.Type], "other"), Source: source,
		})
	}
	return matches, nil
}
