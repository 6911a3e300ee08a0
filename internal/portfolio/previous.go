package portfolio

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// KnownCloses gives daily closes without asking anybody for them; (*market.Service).KnownCloses is one.
type KnownCloses func(ctx context.Context, symbols []string, first calendar.Day) (map[string]market.Closes, error)

const (
	// closesBack is from how many days before a price on closes are looked at: enough for any row of holidays.
	closesBack = 10
	// trueDigits are those of a source's closes that are not the noise of its floats.
	trueDigits = 7
)

// completeCloses gives positions whose brokerage tells no previous close, as Interactive Brokers does not, the one that
// another brokerage tells of the same instrument for the same day, or else the one that market knows. Without it the most
// widely held instruments would have no day change.
func (s *Service) completeCloses(ctx context.Context, links []link) error {
	told := map[string]position{} // by instrument, the newest that has one
	var without []*position
	for _, l := range links {
		for _, a := range l.accounts {
			for i := range a.positions {
				switch p := &a.positions[i]; {
				case p.identity == "" || !p.Price.Valid:
				case !p.PreviousClose.Valid:
					without = append(without, p)
				case p.AsOf.After(told[p.identity].AsOf):
					told[p.identity] = *p
				}
			}
		}
	}
	var ids []string
	for _, p := range without {
		if other, ok := told[p.identity]; ok && other.Currency == p.Currency && ofToday(p.AssetClass, other.AsOf, p.AsOf) {
			p.PreviousClose = other.PreviousClose
		} else {
			ids = append(ids, p.identity)
		}
	}
	if len(ids) == 0 || s.Closes == nil {
		return nil
	}
	return s.completeFromMarket(ctx, without, slices.Compact(slices.Sorted(slices.Values(ids))))
}

// completeFromMarket does so for the positions that still have none; ids are their instruments.
func (s *Service) completeFromMarket(ctx context.Context, without []*position, ids []string) error {
	instruments, err := instrument.Of(ctx, s.DB.Read(), ids)
	if err != nil {
		return err
	}
	splits, err := instrument.SplitsOf(ctx, s.DB.Read(), ids)
	if err != nil {
		return err
	}
	first := calendar.DayOf(s.Now())
	var symbols []string
	for _, p := range without {
		if symbol := instruments[p.identity].MarketSymbol; !p.PreviousClose.Valid && symbol != "" {
			symbols = append(symbols, symbol)
			if day := calendar.DayOf(p.AsOf); day.Before(first) {
				first = day
			}
		}
	}
	closes, err := s.Closes(ctx, slices.Compact(slices.Sorted(slices.Values(symbols))), first.AddDays(-closesBack))
	if err != nil {
		return err
	}
	for _, p := range without {
		if c := closes[instruments[p.identity].MarketSymbol]; !p.PreviousClose.Valid && c.Currency == p.Currency {
			p.PreviousClose = previousClose(p.AssetClass, p.AsOf, c, splits[p.identity])
		}
	}
	return nil
}

// previousClose is the close that a price read then is compared with: of the last day before the price's own, with shares
// as they are on that. It is not known where that day's close is not.
func previousClose(class broker.AssetClass, read time.Time, c market.Closes, splits []instrument.Split) (none decimal.NullDecimal) {
	day, before := priceDay(class, read)
	i, _ := slices.BinarySearch(c.Days, day.Number())
	if i == 0 || c.Days[i-1] < before.Number() || c.Currency != "USD" && day != calendar.DayOf(read) {
		return none // other exchanges open before New York does
	}
	price := trueDecimal(c.Close[i-1])
	for _, split := range splits {
		if split.Day.Number() > max(c.Days[i-1], calendar.DayOf(c.AsOf).Number()) && !day.Before(split.Day) {
			price = price.Mul(split.From).Div(split.To)
		}
	}
	return decimal.NewNullDecimal(price)
}

// priceDay is the day that a price read then is of, and the earliest that its previous close may be of: crypto's days are
// those of UTC; others' last from one opening of New York to the next.
func priceDay(class broker.AssetClass, read time.Time) (day, before calendar.Day) {
	if class == broker.Crypto {
		utc := read.UTC()
		day = calendar.Day{Year: utc.Year(), Month: utc.Month(), Day: utc.Day()}
		return day, day.AddDays(-1)
	}
	day = calendar.DayOf(read)
	if opens, _, ok := calendar.Session(day); !ok || read.Before(opens) {
		day = sessionBefore(day)
	}
	return day, sessionBefore(day)
}

func sessionBefore(day calendar.Day) calendar.Day {
	for day = day.AddDays(-1); !calendar.IsTradingDay(day); {
		day = day.AddDays(-1)
	}
	return day
}

// trueDecimal is a source's price without the noise of its floats: 248.29 for 248.289993.
func trueDecimal(price float64) decimal.Decimal {
	if price <= 0 {
		return decimal.NewFromFloat(price)
	}
	whole := int(math.Floor(math.Log10(price))) + 1
	return decimal.NewFromFloat(price).Round(int32(trueDigits - whole)) // #nosec G115 -- of a logarithm
}
