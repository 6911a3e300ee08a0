package research

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

const (
	// MaxQuery is how many characters may be searched for.
	MaxQuery = 100
	// plenty is how many matches of one source are enough to ask no other.
	plenty = 8
	// maxMatches bounds what is kept of one source.
	maxMatches = 50
)

var searchKind = kind[[]market.Match]{
	name: "search", table: cache.Companies, what: "matches", freshUntil: forADay[[]market.Match], max: 5000,
	asks: func(source market.Source) ask[[]market.Match] {
		if f, ok := source.(market.Searcher); ok {
			return func(ctx context.Context, query string) ([]market.Match, error) {
				matches, err := f.Search(ctx, query)
				return tidyMatches(matches), err
			}
		}
		return nil
	},
}

// Search finds instruments by part of a name or symbol: an exact symbol first, then as the sources rank them, in their
// order. A second source is asked when the first knows few. What is empty or longer than MaxQuery is an Invalid of query.q;
// where no source can be asked and nothing is known, it is the source's error. Nothing found is an empty answer.
func (s *Service) Search(ctx context.Context, query string) ([]market.Match, []string, error) {
	query, err := normalQuery(query)
	if err != nil {
		return nil, nil, err
	}
	all := []market.Match{}
	h, err := s.finds.hear(ctx, query, "this search", false, func(matches []market.Match, _ *Origin) bool {
		for _, m := range matches {
			if !slices.ContainsFunc(all, func(known market.Match) bool { return known.Symbol == m.Symbol }) {
				all = append(all, m)
			}
		}
		return len(all) >= plenty
	})
	if err != nil {
		return nil, nil, err
	}
	if len(h.origins) == 0 && h.unknown == 0 {
		return nil, nil, h.nothing(s.finds.what)
	}
	if exact, err := market.NormalizeSymbol(query); err == nil {
		slices.SortStableFunc(all, func(a, b market.Match) int { return isExact(b, exact) - isExact(a, exact) })
	}
	return all, h.warnings, nil
}

func isExact(m market.Match, symbol string) int {
	if m.Symbol == symbol {
		return 1
	}
	return 0
}

// normalQuery is a query as it is asked and kept: in lower case, without spaces or control characters that say nothing.
func normalQuery(query string) (string, error) {
	if utf8.RuneCountInString(query) > MaxQuery {
		return "", fault.InvalidField("query.q", "must have at most 100 characters")
	}
	words := strings.FieldsFunc(strings.ToValidUTF8(query, ""), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	if len(words) == 0 {
		return "", fault.InvalidField("query.q", "must be part of a name or symbol")
	}
	return strings.ToLower(strings.Join(words, " ")), nil
}

// tidyMatches leaves out what has no symbol of ours.
func tidyMatches(matches []market.Match) []market.Match {
	tidied := []market.Match{}
	for _, m := range matches[:min(len(matches), maxMatches)] {
		symbol, err := market.NormalizeSymbol(m.Symbol)
		if err != nil {
			continue
		}
		m.Symbol, m.Name, m.Exchange = symbol, plain(m.Name, maxName), plain(m.Exchange, maxWord)
		tidied = append(tidied, m)
	}
	return tidied
}
