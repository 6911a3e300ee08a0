package performance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// maxSymbols bounds how many symbols a warning names.
const maxSymbols = 5

// told gives what is held and has no past prices, as most options have none, the price that its brokerage told of last:
// since it was traded last, and from its opening on where it was there before. Without it such a holding would stand at
// what it once cost until the bell rings, and all it gained since would be a gain of the present day, every day anew.
// The warning names what is meant; it is empty when nothing is.
func (w *work) told(ctx context.Context, in *history.Input) (string, error) {
	var without []string
	for id, i := range in.Instruments {
		if c := in.Closes[i.MarketSymbol]; len(c.Days) == 0 || c.Currency != i.Currency {
			without = append(without, id)
		}
	}
	if len(without) == 0 {
		return "", nil
	}
	now, _, err := w.Portfolio(ctx, w.userID)
	if err != nil {
		return "", err
	}
	traded, err := ledger.LastTraded(ctx, w.DB.Read(), w.userID)
	if err != nil {
		return "", err
	}
	var symbols []string
	for _, id := range without {
		i := in.Instruments[id]
		of := func(h portfolio.Holding) bool {
			// A price by which the brokerage does not value it, as a future's, is none here.
			return h.InstrumentID == id && h.Price != nil && h.MarketValue != nil && h.Currency == i.Currency
		}
		if h := slices.IndexFunc(now.Holdings, of); h >= 0 {
			i.MarketSymbol = id // no other's
			in.Instruments[id], in.Closes[id] = i, toldCloses(i, traded[id], now.Holdings[h], in.Through)
			symbols = append(symbols, i.Symbol)
		}
	}
	return toldWarning(symbols), nil
}

// toldCloses are the price of a holding as closes, as shares are now. One that was told since the last of all closes is
// that day's, too.
func toldCloses(i instrument.Instrument, traded ledger.Traded, h portfolio.Holding, through calendar.Day) market.Closes {
	told := calendar.DayOf(h.AsOf).Number()
	days := []int32{told, min(told, through.Number())}
	if traded.Opened != (calendar.Day{}) {
		days = append(days, traded.Opened.Number())
	}
	if traded.Last != (calendar.Day{}) {
		days = append(days, traded.Last.Number()+1)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	price := history.Float(*h.Price)
	return market.Closes{Symbol: i.MarketSymbol, Currency: i.Currency, Days: days, Close: slices.Repeat([]float64{price}, len(days)), AsOf: h.AsOf}
}

func toldWarning(symbols []string) string {
	if len(symbols) == 0 {
		return ""
	}
	slices.Sort(symbols)
	more := ""
	if n := len(symbols) - maxSymbols; n > 0 {
		symbols, more = symbols[:maxSymbols], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("There are no past prices of %s%s: what the brokerage says now stands for all days since they were last traded.",
		strings.Join(symbols, ", "), more)
}
