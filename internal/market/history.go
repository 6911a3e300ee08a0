package market

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Historian is a Source that has the prices of past days.
type Historian interface {
	Source
	// History gives the days from the first to the last on which the symbol traded, as the exchange dates them; one whose
	// trading is not over, and has not settled, is left out. A symbol it does not know is an UnknownSymbol; other errors as
	// Quotes has them.
	History(ctx context.Context, symbol string, first, last calendar.Day) (History, error)
}

// History is the past of an instrument's price, the oldest day first. Prices are in Currency, whole units, per share as
// shares were on the day the source was asked: closes before a split are adjusted for it.
type History struct {
	Symbol    string
	Currency  string // ISO 4217
	Bars      []Bar
	Splits    []Split
	Dividends []Dividend
	Source    string
	FetchedAt time.Time
}

// Bar is one day. What the source does not say is an invalid NullDecimal; a day without a close is no bar.
type Bar struct {
	Day             calendar.Day
	Open, High, Low decimal.NullDecimal
	Close           decimal.Decimal
	Total           decimal.NullDecimal // the close adjusted for dividends, too
	Volume          *int64
}

// Split made To shares of From before the market opened on Day.
type Split struct {
	Day      calendar.Day
	From, To decimal.Decimal
}

// Dividend is what one share, of the day the source was asked, was paid to whoever held it before Day.
type Dividend struct {
	Day    calendar.Day
	Amount decimal.Decimal
}

// Closes are the daily closes of an instrument in columns, the oldest first, as History has them. A close is the float
// nearest to the decimal the source gave, whose shortest spelling is that decimal again.
type Closes struct {
	Symbol   string
	Currency string
	Days     []int32 // calendar.Day.Number
	Close    []float64
	// Total is the close adjusted for dividends, too; nil where the source has none.
	Total  []float64
	Splits []Split
	Source string
	// AsOf is when the source was asked last; splits since are not in the closes.
	AsOf time.Time
}

// Rates are the daily rates of exchange of one currency in columns, the oldest first: how many units of To one unit of
// From cost at the end of a day.
type Rates struct {
	From, To string // ISO 4217
	Days     []int32
	Rate     []float64
	Source   string
	AsOf     time.Time
}

// Rate is a rate of exchange as it is now: how many units of To one unit of From costs.
type Rate struct {
	From, To string // ISO 4217
	Rate     decimal.Decimal
	Day      calendar.Day // of the price
	Source   string
	AsOf     time.Time
	Stale    bool
}
