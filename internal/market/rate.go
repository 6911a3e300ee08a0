package market

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Across is the currency through which two others meet that nobody quotes against each other.
const Across = "USD"

// quotedFirst are the currencies that markets quote in others, the first of a pair's standing first: EURUSD, but USDJPY.
// The other way round a rate has fewer digits.
var quotedFirst = []string{"EUR", "GBP", "AUD", "NZD", "USD"}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// Pair is what an exchange of two currencies is called, and whether what it says has to be turned over.
type Pair struct {
	Symbol  string
	Quote   string // the currency its price is in
	Inverse bool
}

// PairsOf are the ways to ask what from costs in to, the best first.
func PairsOf(from, to string) [2]Pair {
	straight, turned := Pair{from + to + "=X", to, false}, Pair{to + from + "=X", from, true}
	for _, currency := range quotedFirst {
		if currency == from {
			break
		}
		if currency == to {
			return [2]Pair{turned, straight}
		}
	}
	return [2]Pair{straight, turned}
}

// CheckCurrencies refuses what is no code of ISO 4217, minor units above all: GBp is not GBP.
func CheckCurrencies(codes ...string) error {
	for _, code := range codes {
		if !currencyCode.MatchString(code) {
			return fault.InvalidField("currency", "must be a code of ISO 4217 such as USD; pence and the like have no rate of their own")
		}
	}
	return nil
}

// rateDigits are those behind the point of a rate that was turned over or put together.
const rateDigits = 12

// Rate is what one currency costs in another now, as quotes have it: fresh as they are. One into itself is exactly 1.
// Without a rate it is an UnknownSymbol.
func (s *Service) Rate(ctx context.Context, from, to string) (Rate, error) {
	if err := CheckCurrencies(from, to); err != nil {
		return Rate{}, err
	}
	if from == to {
		now := s.now()
		return Rate{From: from, To: to, Rate: decimal.NewFromInt(1), Day: calendar.DayOf(now), AsOf: now}, nil
	}
	var asked []string
	for _, leg := range [][2]string{{from, to}, {from, Across}, {Across, to}} {
		for _, p := range PairsOf(leg[0], leg[1]) {
			if leg[0] != leg[1] && !slices.Contains(asked, p.Symbol) {
				asked = append(asked, p.Symbol)
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
	first, firstOK := batch.rate(from, Across)
	second, secondOK := batch.rate(Across, to)
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
	for _, p := range PairsOf(from, to) {
		i := slices.IndexFunc(b.Quotes, func(q Quote) bool { return q.Symbol == p.Symbol && q.Currency == p.Quote })
		if i < 0 {
			continue
		}
		q := b.Quotes[i]
		rate := Rate{From: from, To: to, Rate: q.Price, Day: calendar.DayOf(q.Timestamp), Source: q.Source, AsOf: q.Timestamp, Stale: q.Stale}
		if p.Inverse {
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
