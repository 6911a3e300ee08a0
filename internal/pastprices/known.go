package pastprices

import (
	"context"
	"maps"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// KnownCloses are the closes from the first day on that are at hand, by the spelling they were asked in: no source is
// asked for them, so that nobody waits. What nothing is known of, or can be no symbol, is missing. The columns are shared:
// they must not be changed. Errors are the database's.
func (s *Service) KnownCloses(ctx context.Context, symbols []string, first calendar.Day) (map[string]market.Closes, error) {
	normal := make(map[string]string, len(symbols))
	for _, symbol := range symbols {
		if spelled, err := market.NormalizeSymbol(symbol); err == nil {
			normal[symbol] = spelled
		}
	}
	all, err := s.remembered(ctx, slices.Compact(slices.Sorted(maps.Values(normal))))
	if err != nil {
		return nil, err
	}
	closes := make(map[string]market.Closes, len(all))
	for symbol, spelled := range normal {
		if known := all[spelled]; known.known() {
			closes[symbol] = known.closes(first.Number())
		}
	}
	return closes, nil
}
