package market

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// across is the currency through which two others meet that nobody quotes against each other.
const across = "USD"

// quotedFirst are the currencies that markets quote in others, the first of a pair's standing first: EURUSD, but USDJPY.
// The other way round a rate has fewer digits.
var quotedFirst = []string{"EUR", "GBP", "AUD", "NZD", "USD"}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// pair is what an exchange of two currencies is called, and whether what it says has to be turned over.
type pair struct {
	symbol  string
	quote   string // the currency its price is in
	inverse bool
}

// pairsOf are the ways to ask what from costs in to, the best first.
func pairsOf(from, to string) [2]pair {
	straight, turned := pair{from + to + "=X", to, false}, pair{to + from + "=X", from, true}
	for _, currency := range quotedFirst {
		if currency == from {
			break
		}
		if currency == to {
			return [2]pair{turned, straight}
		}
	}
	return [2]pair{straight, turned}
}

// checkCurrencies refuses what is no code of ISO 4217, minor units above all: GBp is not GBP.
func checkCurrencies(codes ...string) error {
	for _, code := range codes {
		if !currencyCode.MatchString(code) {
			return fault.InvalidField("currency", "must be a code of ISO 4217 such as USD; pence and the like have no rate of their own")
		}
	}
	return nil
}

// Rates gives the daily rates of exchange of currencies into one, by the former, from the first day on: as markets quote
// the pair, turned over, or across the dollar. A currency into itself needs no rate and has none; one of which there is no
// rate is missing, and a warning says so. Other warnings and errors as Closes has them.
func (s *Service) Rates(ctx context.Context, to string, from []string, first calendar.Day) (map[string]Rates, []string, error) {
	if err := checkCurrencies(append([]string{to}, from...)...); err != nil {
		return nil, nil, err
	}
	all, warnings := map[string]Rates{}, []string(nil)
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
	if len(far) > 0 && to != across {
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
func (s *Service) crossRates(ctx context.Context, all map[string]Rates, to string, far []string, first calendar.Day) ([]string, error) {
	onwards, warnings, err := s.legs(ctx, to, []string{across}, first)
	onward, ok := onwards[across]
	if err != nil || !ok {
		return warnings, err
	}
	legs, notes, err := s.legs(ctx, across, far, first)
	for _, currency := range far {
		if leg, ok := legs[currency]; ok {
			all[currency] = leg.times(onward)
		}
	}
	return append(warnings, notes...), err
}

// legs are the rates that somebody quotes, in one direction or the other. Warnings are of those alone.
func (s *Service) legs(ctx context.Context, to string, from []string, first calendar.Day) (map[string]Rates, []string, error) {
	found, warnings := map[string]Rates{}, []string(nil)
	for way := range 2 {
		var symbols []string
		for _, currency := range from {
			if _, ok := found[currency]; !ok && currency != to {
				symbols = append(symbols, pairsOf(currency, to)[way].symbol)
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
			p := pairsOf(currency, to)[way]
			h, asked := all[p.symbol]
			if !asked || !h.known() && h.failure == nil {
				continue
			}
			if warning := h.warning(first.Number(), s.now()); warning != "" {
				warnings = append(warnings, warning)
			}
			if h.currency == p.quote {
				found[currency] = h.closes(first.Number()).rates(currency, to, p.inverse)
			}
		}
	}
	return found, warnings, nil
}

// rates are the closes of a pair as rates of exchange.
func (c Closes) rates(from, to string, inverse bool) Rates {
	r := Rates{From: from, To: to, Days: c.Days, Rate: c.Close, Source: c.Source, AsOf: c.AsOf}
	if inverse {
		r.Rate = make([]float64, len(c.Close))
		for i, rate := range c.Close {
			r.Rate[i] = 1 / rate
		}
	}
	return r
}

// times goes on from r.To to where the other rates lead, on the days that both have.
func (r Rates) times(other Rates) Rates {
	joined := Rates{From: r.From, To: other.To, Source: r.Source, AsOf: r.AsOf}
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

// rateDigits are those behind the point of a rate that was turned over or put together.
const rateDigits = 12

// Rate is what one currency costs in another now, as quotes have it: fresh as they are. One into itself is exactly 1.
// Without a rate it is an UnknownSymbol.
func (s *Service) Rate(ctx context.Context, from, to string) (Rate, error) {
	if err := checkCurrencies(from, to); err != nil {
		return Rate{}, err
	}
	if from == to {
		now := s.now()
		return Rate{From: from, To: to, Rate: decimal.NewFromInt(1), Day: calendar.DayOf(now), AsOf: now}, nil
	}
	var asked []string
	for _, leg := range [][2]string{{from, to}, {from, across}, {across, to}} {
		for _, p := range pairsOf(leg[0], leg[1]) {
			if leg[0] != leg[1] && !slices.Contains(asked, p.symbol) {
				asked = append(asked, p.symbol)
			}
		}
	}
	batch, err := s.quotes(ctx, asked)
	if err != nil {
		return Rate{}, err
	}
	if rate, ok := batch.rate(from, to); ok {
		return rate, nil
	}
	first, firstOK := batch.rate(from, across)
	second, secondOK := batch.rate(across, to)
	if firstOK && secondOK {
		return first.times(second), nil
	}
	if missing := len(asked) - len(batch.Quotes) - len(batch.Unknown); missing > 0 {
		return Rate{}, fault.New(fault.UpstreamDown, "the rate of exchange from %s to %s cannot be had right now; try again in a moment", from, to)
	}
	return Rate{}, fault.New(fault.UnknownSymbol, "no source has a rate of exchange from %s to %s", from, to)
}

// rate finds what the quotes say of two currencies.
func (b Batch) rate(from, to string) (Rate, bool) {
	for _, p := range pairsOf(from, to) {
		i := slices.IndexFunc(b.Quotes, func(q Quote) bool { return q.Symbol == p.symbol && q.Currency == p.quote })
		if i < 0 {
			continue
		}
		q := b.Quotes[i]
		rate := Rate{From: from, To: to, Rate: q.Price, Day: calendar.DayOf(q.Timestamp), Source: q.Source, AsOf: q.Timestamp, Stale: q.Stale}
		if p.inverse {
			rate.Rate = decimal.NewFromInt(1).DivRound(q.Price, rateDigits)
		}
		return rate, true
	}
	return Rate{}, false
}

// times goes on from r.To to where another rate leads. It is as old as the older of them.
func (r Rate) times(other Rate) Rate {
	joined := Rate{From: r.From, To: other.To, Rate: r.Rate.Mul(other.Rate).Round(rateDigits), Stale: r.Stale || other.Stale}
	older := r
	if other.AsOf.Before(r.AsOf) {
		older = other
	}
	joined.Day, joined.AsOf = older.Day, older.AsOf
	joined.Source = strings.Join(slices.Compact([]string{r.Source, other.Source}), ", ")
	return joined
}
