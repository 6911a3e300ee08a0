package yahoo

import (
	"cmp"
	"context"
	"net/http"
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

// found is what /v1/finance/search answers.
type found struct {
	Quotes list[foundRow] `json:"quotes"`
	News   list[newsRow]  `json:"news"`
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
	for _, row := range all.Quotes.rows {
		symbol, ok := fromYahoo(string(row.Symbol))
		if !ok || slices.ContainsFunc(matches, func(m market.Match) bool { return m.Symbol == symbol }) {
			continue
		}
		matches = append(matches, market.Match{
			Symbol: symbol, Name: cmp.Or(tidy(cmp.Or(row.LongName, row.ShortName)), symbol), AssetClass: classOf(row.QuoteType),
			Exchange: string(row.Exchange), Source: s.Name(),
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
	var all found
	if err := answer.JSON(&all); err != nil {
		return found{}, err
	}
	if !all.Quotes.said || !all.News.said {
		return found{}, answer.Useless(fault.New(fault.UpstreamFailed, "Yahoo's answer holds no search; try again later"))
	}
	return all, nil
}

// Probe asks the least that shows whether Yahoo answers: one request, which needs no session.
func (s *Source) Probe(ctx context.Context) error {
	const path = "/v1/finance/search"
	answer, err := s.door.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, URL: s.door.hosts.Query[0] + path + "?q=AAPL&quotesCount=1&newsCount=0", Header: accepting(""), Endpoint: "GET " + path,
	})
	if err == nil {
		err = answer.Fault("a search")
	}
	if err != nil {
		return err
	}
	_, err = readFound(answer)
	return err
}
