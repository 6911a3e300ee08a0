package yahoo

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// foundRow is one match of a search. Companies that are not traded have no symbol.
type foundRow struct {
	Symbol    text `json:"symbol"`
	ShortName text `json:"shortname"`
	LongName  text `json:"longname"`
	QuoteType text `json:"quoteType"`
	Exchange  text `json:"exchDisp"`
}

// found is what /v1/finance/search answers. A row that cannot be read is as good as left out.
type found struct {
	Quotes []module[foundRow] `json:"quotes"`
	News   []module[newsRow]  `json:"news"`
}

// maxMatches is how many matches are asked for.
const maxMatches = 20

// Search finds what Yahoo lists by part of a name or symbol, the best match first.
func (s *Source) Search(ctx context.Context, query string) ([]market.Match, error) {
	all, err := s.search(ctx, query, maxMatches, 0)
	if err != nil {
		return nil, err
	}
	matches := []market.Match{}
	for _, row := range all.Quotes {
		symbol, ok := fromYahoo(string(row.is.Symbol))
		if !ok || slices.ContainsFunc(matches, func(m market.Match) bool { return m.Symbol == symbol }) {
			continue
		}
		matches = append(matches, market.Match{
			Symbol: symbol, Name: cmp.Or(tidy(cmp.Or(row.is.LongName, row.is.ShortName)), symbol), AssetClass: classOf(row.is.QuoteType),
			Exchange: string(row.is.Exchange), Source: s.Name(),
		})
	}
	return matches, nil
}

// search asks for so many matches and stories.
func (s *Source) search(ctx context.Context, query string, matches, stories int) (found, error) {
	answer, err := s.openly(ctx, "/v1/finance/search", url.Values{
		"q": {query}, "quotesCount": {strconv.Itoa(matches)}, "newsCount": {strconv.Itoa(stories)}, "enableFuzzyQuery": {"false"},
	}, "GET /v1/finance/search")
	if err == nil {
		err = answer.Fault("a search")
	}
	if err != nil {
		return found{}, err
	}
	return readFound(answer)
}

// readFound reads what can be read. Without both lists it is no answer.
func readFound(answer *upstream.Answer) (found, error) {
	var body map[string]json.RawMessage
	if err := answer.JSON(&body); err != nil {
		return found{}, err
	}
	var all found
	if err := json.Unmarshal(answer.Body, &all); err != nil || all.Quotes == nil || all.News == nil {
		return found{}, fault.Wrap(fault.UpstreamFailed, err, "Yahoo's answer holds no search; try again later")
	}
	return all, nil
}
