package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// option is a contract on a hundred shares.
type option struct {
	symbol     string // OCC
	underlying string
	expires    calendar.Day
	call       bool
	strike     decimal.Decimal
}

// contractSize is how many shares one contract is for.
const contractSize = 100

// options are the contracts there are, by symbol.
var options = func() map[string]option {
	all := map[string]option{}
	for _, o := range []option{
		{"AAPL260515C00900000", "AAPL", mustDay("2026-05-15"), true, decimal.NewFromInt(900)},
		{"KO260515P00010000", "KO", mustDay("2026-05-15"), false, decimal.NewFromInt(10)},
		{"MSFT260717C00100000", "MSFT", mustDay("2026-07-17"), true, decimal.NewFromInt(100)},
		{"XOM260717C00010000", "XOM", mustDay("2026-07-17"), true, decimal.NewFromInt(10)},
		{"AAPL270115C00300000", "AAPL", mustDay("2027-01-15"), true, decimal.NewFromInt(300)},
	} {
		all[o.symbol] = o
	}
	return all
}()

// sizeOf is how many priced units one of the quantity stands for.
func sizeOf(symbol string) decimal.Decimal {
	if _, ok := options[symbol]; ok {
		return decimal.NewFromInt(contractSize)
	}
	return decimal.NewFromInt(1)
}

// ends is when the contract does.
func (o option) ends() time.Time { return o.expires.At(16, 0) }

// worth is what exercising would bring per share at the price.
func (o option) worth(price decimal.Decimal) decimal.Decimal {
	gain := price.Sub(o.strike)
	if !o.call {
		gain = gain.Neg()
	}
	return decimal.Max(gain, decimal.Zero)
}

// premium is what a contract costs per share: what exercising would bring, and a little of the share's price for each
// day that is left.
func (w *World) premium(o option, t time.Time) decimal.Decimal {
	price := w.price(w.bySpelling[o.underlying], t)
	days := int64(max(o.ends().Sub(t).Hours()/24, 0))
	return o.worth(price).Add(price.Mul(decimal.New(days, -4))).Round(2)
}

func (w *World) optionPosition(o option, h *holding, t time.Time) Position {
	hundred := decimal.NewFromInt(contractSize)
	price := w.premium(o, t)
	return Position{
		Instrument:   Instrument{Symbol: o.symbol, Kind: Option, Currency: "USD"},
		Quantity:     h.quantity,
		AverageEntry: h.cost.DivRound(h.quantity.Mul(hundred), 6),
		CostBasis:    h.cost.Round(2),
		Price:        price, PreviousClose: w.premium(o, calendar.LastClose(calendar.DayOf(t).At(0, 0))),
		MarketValue: h.quantity.Mul(price).Mul(hundred),
	}
}

// optionEvents are the end of a contract: worthless ones expire; others are exercised by who holds them, and assigned to
// who sold them, for shares at the strike.
func (w *World) optionEvents(a *account, o option, t time.Time) []event {
	if o.ends().After(t) {
		return nil
	}
	return []event{{o.ends(), 4, func(b *book) {
		h := b.held[o.symbol]
		if h == nil {
			return
		}
		contracts := h.quantity
		delete(b.held, o.symbol)
		exercised := o.worth(w.price(w.bySpelling[o.underlying], o.ends())).IsPositive()
		kind := ActivityExpiry
		switch {
		case exercised && contracts.IsNegative():
			kind = ActivityAssignment
		case exercised:
			kind = ActivityExercise
		}
		w.record(b, Activity{Type: kind, Time: o.ends().UTC(), Symbol: o.symbol, Quantity: contracts.Neg()}, a, o.symbol)
		if !exercised {
			return
		}
		shares := contracts.Mul(decimal.NewFromInt(contractSize))
		if !o.call {
			shares = shares.Neg()
		}
		w.trade(b, a, Activity{Type: ActivityOptionTrade, Time: o.ends().UTC(), Symbol: o.underlying, Quantity: shares, Price: o.strike}, o.symbol)
	}}}
}
