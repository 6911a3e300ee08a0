package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Split turns one share into Ratio shares, at the open of the day; a negative Ratio turns as many shares into one.
type Split struct {
	Symbol string
	Day    calendar.Day
	Ratio  int64
}

// Dividend is paid on PayDay to who held the share before ExDay.
type Dividend struct {
	Symbol string
	ExDay  calendar.Day
	PayDay calendar.Day
	Amount decimal.Decimal // per share of that time, in the instrument's currency
}

// payDelay is how many days a dividend takes at least from its ex-day to the payment.
const payDelay = 14

// exDate is the day of the month that ex-days fall on, or the next session.
const exDate = 10

// Splits are the instrument's splits that have happened or are fixed, oldest first; none for an unknown symbol.
func (w *World) Splits(symbol string) []Split {
	in, ok := w.find(symbol)
	if !ok {
		return nil
	}
	return append([]Split(nil), in.splits...)
}

// Dividends are those with an ex-day from the first to the last day, oldest first; none for an unknown symbol.
func (w *World) Dividends(symbol string, first, last calendar.Day) []Dividend {
	in, ok := w.find(symbol)
	if !ok || in.dividend == 0 {
		return nil
	}
	var dividends []Dividend
	if first.Before(epoch) {
		first = epoch
	}
	for year := first.Year; year <= last.Year; year++ {
		for month := in.exMonth; month <= 12; month += 3 {
			ex := nextSession(calendar.Day{Year: year, Month: time.Month(month), Day: exDate})
			if ex.Before(first) || last.Before(ex) {
				continue
			}
			amount := decimal.New(in.dividendIn(year), -4).DivRound(decimal.NewFromInt(in.factor(ex)), 6)
			dividends = append(dividends, Dividend{in.Symbol, ex, nextSession(ex.AddDays(payDelay)), amount})
		}
	}
	return dividends
}

// dividendIn is what a share of the epoch is paid every quarter of the year, in ten-thousandths: five percent of the first
// one more every year since the epoch.
func (in *Instrument) dividendIn(year int) int64 {
	return in.dividend * int64(100+5*max(year-epoch.Year, 0)) / 100
}

// nextSession is the day, or the first after it, on which New York trades.
func nextSession(day calendar.Day) calendar.Day {
	for !calendar.IsTradingDay(day) {
		day = day.AddDays(1)
	}
	return day
}

// becomes is what one share turns into: so many shares of as many.
func (s Split) becomes() (to, from int64) {
	if s.Ratio < 0 {
		return 1, -s.Ratio
	}
	return s.Ratio, 1
}
