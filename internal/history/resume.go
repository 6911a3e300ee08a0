package history

import (
	"math"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// Anew is the Resume of a history of which nothing can be kept.
const Anew = int32(math.MinInt32)

// Resume tells from which day on the history has to be worked out again, for Continue. changed is the first day of which
// the ledger changed; zero when none did. Transactions of in are not looked at.
func (h *History) Resume(in Input, changed calendar.Day) int32 {
	if len(h.days) == 0 || in.Base != h.in.Base || !slices.EqualFunc(in.Accounts, h.in.Accounts, sameAccount) {
		return Anew
	}
	from := h.last() + 1
	if h.loose {
		from--
	}
	if changed != (calendar.Day{}) {
		// A transfer that is told of later makes the other side of it, some days before, one too; and so may that side's.
		from = min(from, changed.Number()-2*transitDays)
	}
	for _, a := range h.assets {
		from = min(from, a.unchanged(h, in))
	}
	if from <= h.days[0] {
		return Anew
	}
	return h.days[h.index(from)-1] + 1 // what happened since the trading day before belongs to the same day
}

// unchanged is the first day of which an asset's prices or rates are not what they were.
func (a *asset) unchanged(h *History, in Input) int32 {
	from := int32(math.MaxInt32)
	if a.rates != nil {
		r := in.Rates[a.currency]
		from = difference(a.rates.days, r.Days, a.rates.rate, r.Rate)
	}
	if a.cash() {
		return from
	}
	i, known := in.Instruments[a.id]
	was, wasKnown := h.in.Instruments[a.id]
	if known != wasKnown || known && !sameInstrument(i, was) {
		return Anew
	}
	now := newAsset(i, in.Splits[a.id], in.Closes[i.MarketSymbol], a.live)
	adjusted := func(s split) bool { return (s.day <= a.asOf) != (s.day <= now.asOf) }
	if !slices.EqualFunc(now.splits, a.splits, sameSplit) || slices.ContainsFunc(a.splits, adjusted) {
		return Anew
	}
	return min(from, difference(a.closes.Days, now.closes.Days, a.closes.Close, now.closes.Close))
}

// difference is the first day on which two columns differ.
func difference(days, otherDays []int32, values, others []float64) int32 {
	n := min(len(days), len(otherDays))
	if n == 0 || &days[0] != &otherDays[0] || &values[0] != &others[0] { // else they are one and the same
		for i := range n {
			if days[i] != otherDays[i] || values[i] != others[i] {
				return min(days[i], otherDays[i])
			}
		}
	}
	switch {
	case len(days) > n:
		return days[n]
	case len(otherDays) > n:
		return otherDays[n]
	}
	return math.MaxInt32
}

func sameAccount(a, b ledger.Account) bool {
	return a.ID == b.ID && a.ConnectionID == b.ConnectionID && a.CashComplete == b.CashComplete
}

func sameInstrument(a, b instrument.Instrument) bool {
	return a.Symbol == b.Symbol && a.Name == b.Name && a.AssetClass == b.AssetClass && a.Currency == b.Currency &&
		a.MarketSymbol == b.MarketSymbol && a.Multiplier.Equal(b.Multiplier)
}

func sameSplit(a, b split) bool { return a.day == b.day && a.from.Equal(b.from) && a.to.Equal(b.to) }
