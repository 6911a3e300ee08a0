package research

import (
	"context"
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Bars are prices within days, oldest first, as the first source has them.
type Bars struct {
	market.IntradayBars
	Stale bool
}

// barsOfDays are bars with the last day that was asked for.
type barsOfDays struct {
	market.IntradayBars
	Last calendar.Day `json:"last"`
}

// reach is how many days bars of an interval can be asked for at once, and how far back the sources have such.
type reach struct{ days, back int }

var reaches = map[string]reach{
	"1m": {7, 29}, "5m": {31, 59}, "15m": {59, 59}, "30m": {59, 59}, "1h": {366, 729},
}

var barsKind = kind[barsOfDays]{
	name: "bars", what: "prices within days", freshUntil: barsUntil, patience: waited, max: 64, // of up to a megabyte
	asks: func(source market.Source) ask[barsOfDays] {
		in, ok := source.(market.Intraday)
		if !ok {
			return nil
		}
		return func(ctx context.Context, key string) (barsOfDays, error) {
			var symbol, interval, from, to string
			if _, err := fmt.Sscan(key, &from, &to, &interval, &symbol); err != nil {
				return barsOfDays{}, err
			}
			first, err := calendar.ParseDay(from)
			if err != nil {
				return barsOfDays{}, err
			}
			last, err := calendar.ParseDay(to)
			if err != nil {
				return barsOfDays{}, err
			}
			bars, err := in.Bars(ctx, symbol, interval, first.At(0, 0).UTC(), last.AddDays(1).At(0, 0).UTC())
			bars.Symbol, bars.Interval = symbol, interval
			return barsOfDays{bars, last}, err
		}
	},
}

// Bars are those of a symbol that begin on the days from the first to the last in New York. An interval that is none, and
// days beyond what sources have of it, are an Invalid; other errors and warnings as Company has them.
func (s *Service) Bars(ctx context.Context, symbol, interval string, first, last calendar.Day) (Bars, []string, error) {
	normal, err := symbolOf(symbol)
	if err != nil {
		return Bars{}, nil, err
	}
	today := calendar.DayOf(s.now())
	if today.Before(last) {
		last = today
	}
	if err := checkReach(interval, first, last, today); err != nil {
		return Bars{}, nil, err
	}
	var found *barsOfDays
	key := strings.Join([]string{first.String(), last.String(), interval, normal}, " ")
	h, err := s.bars.hear(ctx, key, normal, false, func(b barsOfDays, _ *Origin) bool {
		found = &b
		return true
	})
	if err != nil {
		return Bars{}, nil, err
	}
	if found == nil {
		return Bars{}, nil, h.nothing(s.bars.what)
	}
	origin := h.origins[len(h.origins)-1]
	found.Source, found.FetchedAt = origin.Source, origin.FetchedAt
	var warnings []string
	if origin.Stale { // another source's failure costs this answer nothing
		warnings = h.warnings[len(h.warnings)-1:]
	}
	return Bars{found.IntradayBars, origin.Stale}, warnings, nil
}

// checkReach says what to ask for instead of days that sources do not have.
func checkReach(interval string, first, last, today calendar.Day) error {
	r, ok := reaches[interval]
	switch {
	case !ok:
		return fault.InvalidField("query.interval", "must be 1m, 5m, 15m, 30m or 1h within days")
	case last.Before(first):
		return fault.InvalidField("query.to", "must not be before the first day")
	case first.Before(today.AddDays(-r.back)):
		return fault.InvalidField("query.from", fmt.Sprintf("must be within the last %d days for bars of %s; longer bars, up to 1d, reach further back", r.back, interval))
	case int(last.Number()-first.Number())+1 > r.days:
		return fault.InvalidField("query.from", fmt.Sprintf("must be at most %d days before the last one for bars of %s; ask for fewer days, or longer bars", r.days-1, interval))
	}
	return nil
}
