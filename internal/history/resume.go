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

// Since tells from which day on the ledger's transactions are needed because of a change of it, of which changed is the
// first day; zero when nothing changed.
func (h *History) Since(changed calendar.Day) int32 {
	if len(h.days) == 0 {
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
	return h.atDayBreak(from)
}

// atDayBreak moves a day back such that all is there which belongs to the same trading day.
func (h *History) atDayBreak(from int32) int32 {
	if from <= h.days[0] {
		return Anew
	}
	return h.days[h.index(from)-1] + 1
}

// Resume tells from which day on the history has to be worked out again, for Continue: since, as Since has it, or before,
// where prices and the like are not what they were. Transactions of in are not looked at.
func (h *History) Resume(in Input, since int32) int32 {
	if since == Anew || in.Base != h.in.Base || !slices.EqualFunc(in.Accounts, h.in.Accounts, sameAccount) {
		return Anew
	}
	from := since
	for _, a := range h.assets {
		from = min(from, a.unchanged(h, in))
	}
	return h.atDayBreak(from)
}

// Held are the instruments and currencies that the history knows.
func (h *History) Held() (instruments, currencies []string) {
	for _, a := range h.assets {
		if a.cash() {
			currencies = append(currencies, a.currency)
		} else {
			instruments = append(instruments, a.id)
		}
	}
	return instruments, currencies
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
