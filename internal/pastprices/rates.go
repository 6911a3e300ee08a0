package pastprices

import (
	"context"
	"fmt"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Rates gives the daily rates of exchange of currencies into one, by the former, from the first day on: as markets quote
// the pair, turned over, or across the dollar. A currency into itself needs no rate and has none; one of which there is no
// rate is missing, and a warning says so. Other warnings and errors as Closes has them.
func (s *Service) Rates(ctx context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error) {
	if err := market.CheckCurrencies(append([]string{to}, from...)...); err != nil {
		return nil, nil, err
	}
	all, warnings := map[string]market.Rates{}, []string(nil)
	var open []string
	for _, currency := range slices.Compact(slices.Sorted(slices.Values(from))) {
		if currency != to {
			open = append(open, currency)
		}
	}
	legs, notes, err := s.legs(ctx, to, open, first)
	if err != nil {
		return nil, nil, err
	}
	warnings = append(warnings, notes...)
	var far []string
	for _, currency := range open {
		if rates, ok := legs[currency]; ok {
			all[currency] = rates
		} else {
			far = append(far, currency)
		}
	}
	if len(far) > 0 && to != market.Across {
		if notes, err = s.crossRates(ctx, all, to, far, first); err != nil {
			return nil, nil, err
		}
		warnings = append(warnings, notes...)
	}
	for _, currency := range far {
		if _, ok := all[currency]; !ok {
			warnings = append(warnings, fmt.Sprintf("There are no rates of exchange from %s to %s.", currency, to))
		}
	}
	return all, warnings, nil
}

// crossRates adds the rates of currencies that have one to the dollar, where that has one to the other.
func (s *Service) crossRates(ctx context.Context, all map[string]market.Rates, to string, far []string, first calendar.Day) ([]string, error) {
	onwards, warnings, err := s.legs(ctx, to, []string{market.Across}, first)
	onward, ok := onwards[market.Across]
	if err != nil || !ok {
		return warnings, err
	}
	legs, notes, err := s.legs(ctx, market.Across, far, first)
	for _, currency := range far {
		if leg, ok := legs[currency]; ok {
			all[currency] = join(leg, onward)
		}
	}
	return append(warnings, notes...), err
}

// legs are the rates that somebody quotes, in one direction or the other. Warnings are of those alone.
func (s *Service) legs(ctx context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error) {
	found, warnings := map[string]market.Rates{}, []string(nil)
	for way := range 2 {
		var symbols []string
		for _, currency := range from {
			if _, ok := found[currency]; !ok && currency != to {
				symbols = append(symbols, market.PairsOf(currency, to)[way].Symbol)
			}
		}
		if len(symbols) == 0 {
			break
		}
		slices.Sort(symbols)
		all, err := s.histories(ctx, symbols, first.Number())
		if err != nil {
			return nil, nil, err
		}
		for _, currency := range from {
			p := market.PairsOf(currency, to)[way]
			h, asked := all[p.Symbol]
			if !asked || !h.known() && h.failure == nil {
				continue
			}
			if warning := h.warning(first.Number(), s.now()); warning != "" {
				warnings = append(warnings, warning)
			}
			if h.currency == p.Quote {
				found[currency] = ratesOf(h.closes(first.Number()), currency, to, p.Inverse)
			}
		}
	}
	return found, warnings, nil
}

// ratesOf are the closes of a pair as rates of exchange.
func ratesOf(c market.Closes, from, to string, inverse bool) market.Rates {
	r := market.Rates{From: from, To: to, Days: c.Days, Rate: c.Close, Source: c.Source, AsOf: c.AsOf}
	if inverse {
		r.Rate = make([]float64, len(c.Close))
		for i, rate := range c.Close {
			r.Rate[i] = 1 / rate
		}
	}
	return r
}

// join goes on from r.To to where the other rates lead, on the days that both have.
func join(r, other market.Rates) market.Rates {
	joined := market.Rates{From: r.From, To: other.To, Source: r.Source, AsOf: r.AsOf}
	if other.AsOf.Before(r.AsOf) {
		joined.AsOf = other.AsOf
	}
	if other.Source != r.Source {
		joined.Source += ", " + other.Source
	}
	j := 0
	for i, day := range r.Days {
		for j < len(other.Days) && other.Days[j] < day {
			j++
		}
		if j < len(other.Days) && other.Days[j] == day {
			joined.Days, joined.Rate = append(joined.Days, day), append(joined.Rate, r.Rate[i]*other.Rate[j])
		}
	}
	return joined
}
