package history

import (
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// staleDays is how many days old a close may be before a trade since tells the price better, and before a reader is told.
const staleDays = 7

// quotientDigits is what divisions are rounded to: of uneven splits, and of amounts in another currency than the instrument's.
const quotientDigits = 12

// asset is what money can be in: an instrument, or the cash of a currency. Prices are in its currency, per unit held.
type asset struct {
	id         string // the instrument's; empty for cash
	symbol     string
	name       string
	class      broker.AssetClass
	currency   string
	multiplier decimal.Decimal
	closes     market.Closes
	asOf       int32   // the day up to which splits are in closes
	splits     []split // the oldest first
	marks      []mark  // the trades' own prices, of days without a close nearby; the oldest first
	live       decimal.NullDecimal
	rates      *rates // nil for the base currency
	known      int    // the index from which on it has a value; beyond the last while it has none
}

// split is a split with its place in the history.
type split struct {
	day      int32
	index    int // of the first day of the history that has it
	from, to decimal.Decimal
	ratio    float64 // to / from
}

// mark is the price of a trade, as shares were then.
type mark struct {
	day   int32
	price decimal.Decimal
}

func (a *asset) cash() bool { return a.id == "" }

// newAsset is an instrument with its prices. The splits of its table and those that its closes are adjusted for are the
// same, told by different sources; one that both tell of, days apart, is where the price changes.
func newAsset(i instrument.Instrument, table []instrument.Split, closes market.Closes, live decimal.NullDecimal) *asset {
	a := &asset{
		id: i.ID, symbol: i.Symbol, name: i.Name, class: i.AssetClass, currency: i.Currency, multiplier: i.Multiplier,
		closes: closes, asOf: calendar.DayOf(closes.AsOf).Number(), live: live,
	}
	a.closes.Total = nil
	if closes.Currency != i.Currency { // of another listing: not the price of what is held
		a.closes = market.Closes{}
	}
	for _, s := range a.closes.Splits {
		a.splits = append(a.splits, newSplit(s.Day, s.From, s.To))
	}
	for _, s := range table {
		told := newSplit(s.Day, s.From, s.To)
		if !slices.ContainsFunc(a.splits, told.same) {
			a.splits = append(a.splits, told)
		}
	}
	slices.SortFunc(a.splits, func(a, b split) int { return int(a.day - b.day) })
	return a
}

// splitOn is how many times as many shares there are from a day on as on the day before; 1 where nothing was split.
func (a *asset) splitOn(index int) float64 {
	ratio := 1.0
	for _, s := range a.splits {
		if s.index == index {
			ratio *= s.ratio
		}
	}
	return ratio
}

func newSplit(day calendar.Day, from, to decimal.Decimal) split {
	return split{day: day.Number(), from: from, to: to, ratio: Float(to) / Float(from)}
}

// same tells whether two sources speak of one split.
func (s split) same(o split) bool {
	apart := s.day - o.day
	return apart == 0 || max(apart, -apart) <= staleDays && s.to.Mul(o.from).Equal(o.to.Mul(s.from))
}

// factor is what a close, which is adjusted for splits, is multiplied with and divided by to be a price of the day.
func (a *asset) factor(day int32) (num, den decimal.Decimal) {
	num, den = one, one
	for _, s := range a.splits {
		switch {
		case s.day > day && s.day <= a.asOf:
			num, den = num.Mul(s.to), den.Mul(s.from)
		case s.day > a.asOf && s.day <= day:
			num, den = num.Mul(s.from), den.Mul(s.to)
		}
	}
	return num, den
}

// source finds what tells the price of a day: an index in closes or, when that is -1, in marks; both -1 for nothing.
func (a *asset) source(day int32) (close, trade int) {
	close, trade = last(a.closes.Days, day), -1
	if i, _ := slices.BinarySearchFunc(a.marks, day, func(m mark, day int32) int { return int(m.day - day - 1) }); i > 0 {
		trade = i - 1
	}
	if close >= 0 && (trade < 0 || a.marks[trade].day-a.closes.Days[close] <= staleDays) {
		return close, -1
	}
	return -1, trade
}

// price is the exact price of a day, which is known, with the day it is of. today tells that the day is the live one.
func (a *asset) price(day int32, today bool) (price decimal.Decimal, of int32) {
	if a.cash() {
		return one, day
	}
	close, trade := a.source(day)
	if today && a.live.Valid && (close < 0 || a.closes.Days[close] < day) {
		return a.live.Decimal.Mul(a.multiplier), day
	}
	num, den := a.factor(day)
	if close >= 0 {
		price, of = decimal.NewFromFloat(a.closes.Close[close]), a.closes.Days[close]
	} else {
		price, of = a.marks[trade].price, a.marks[trade].day
		markNum, markDen := a.factor(of)
		num, den = num.Mul(markDen), den.Mul(markNum)
	}
	return divide(price.Mul(num).Mul(a.multiplier), den), of
}

// addMark keeps a trade's price where there is no close nearby. Trades come the oldest first.
func (a *asset) addMark(day int32, price decimal.Decimal) {
	if i := last(a.closes.Days, day); i >= 0 && day-a.closes.Days[i] <= staleDays {
		return
	}
	if n := len(a.marks); n > 0 && a.marks[n-1].day == day {
		a.marks[n-1].price = price
		return
	}
	a.marks = append(a.marks, mark{day, price})
}

// place works out where in the history the asset's splits are, and from when on it has a value.
func (a *asset) place(h *History) {
	for i := range a.splits {
		a.splits[i].index = h.index(a.splits[i].day)
	}
	first := int32(math.MinInt32)
	if !a.cash() {
		first = math.MaxInt32
		if len(a.closes.Days) > 0 {
			first = a.closes.Days[0]
		}
		if len(a.marks) > 0 { // of what has no close before
			first = min(first, a.marks[0].day)
		}
		if a.live.Valid && h.live {
			first = min(first, h.days[len(h.days)-1])
		}
	}
	if a.rates != nil {
		first = max(first, a.rates.first())
	}
	a.known = h.index(first)
}

// column is the asset's value in the base currency at the end of each day from an index on, per unit held; days before
// it is known are left as they are. One pass over the closes: days and closes go up together.
func (a *asset) column(h *History, from int, into []float64) {
	from = max(from, a.known)
	if from >= len(h.days) {
		return
	}
	multiplier := Float(a.multiplier)
	at := last(a.closes.Days, h.days[from])
	for i := from; i < len(h.days); i++ {
		for at+1 < len(a.closes.Days) && a.closes.Days[at+1] <= h.days[i] {
			at++
		}
		into[i] = a.floatPrice(at, h.days[i], h.today(i)) * multiplier
	}
	if a.rates == nil {
		return
	}
	at = last(a.rates.days, h.days[from])
	for i := from; i < len(h.days); i++ {
		for at+1 < len(a.rates.days) && a.rates.days[at+1] <= h.days[i] {
			at++
		}
		into[i] *= a.rates.rate[at]
	}
}

// floatPrice is price without the multiplier; close is the index of the last close that is not after the day, or -1.
func (a *asset) floatPrice(close int, day int32, today bool) float64 {
	switch {
	case a.cash():
		return 1
	case today && a.live.Valid && (close < 0 || a.closes.Days[close] < day):
		return Float(a.live.Decimal)
	case len(a.marks) > 0:
		if c, trade := a.source(day); c < 0 {
			m := a.marks[trade]
			return Float(m.price) * a.floatFactor(day) / a.floatFactor(m.day)
		}
	}
	return a.closes.Close[close] * a.floatFactor(day)
}

func (a *asset) floatFactor(day int32) float64 {
	factor := 1.0
	for _, s := range a.splits {
		switch {
		case s.day > day && s.day <= a.asOf:
			factor *= s.ratio
		case s.day > a.asOf && s.day <= day:
			factor /= s.ratio
		}
	}
	return factor
}

// rate is what one unit of the asset's currency is worth in the base currency, on a day on which that is known.
func (a *asset) rate(day int32) decimal.Decimal {
	if a.rates == nil {
		return one
	}
	return a.rates.at(day)
}

// inBase is an amount in the asset's currency at a rate; most are in the base currency.
func inBase(amount, rate decimal.Decimal) decimal.Decimal {
	if rate == one { // that very one, of the base currency
		return amount
	}
	return amount.Mul(rate)
}

// rates are the daily rates of a currency to the base currency.
type rates struct {
	days []int32
	rate []float64
}

// first is the first day with a rate; beyond all days when there is none.
func (r *rates) first() int32 {
	if len(r.days) == 0 {
		return math.MaxInt32
	}
	return r.days[0]
}

// at is the rate of a day, or the last before; the day is not before the first.
func (r *rates) at(day int32) decimal.Decimal {
	return decimal.NewFromFloat(r.rate[last(r.days, day)])
}

// last is the index of the last of the days that is not after the day; -1 when all are.
func last(days []int32, day int32) int {
	i, found := slices.BinarySearch(days, day)
	if found {
		return i
	}
	return i - 1
}

// plus adds what often is nothing.
func plus(a, b decimal.Decimal) decimal.Decimal {
	if b.IsZero() {
		return a
	}
	return a.Add(b)
}

var (
	one = decimal.NewFromInt(1)
	// powers are those of ten that are floats.
	powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
)

// divide is exact where the quotient has few digits.
func divide(n, d decimal.Decimal) decimal.Decimal {
	if d == one {
		return n
	}
	return n.DivRound(d, quotientDigits)
}

// Float is the float nearest to the decimal, as decimal's own, which takes ten times as long.
func Float(d decimal.Decimal) float64 {
	const exactly = 1 << 53 // below it, whole numbers are floats, and a quotient of two floats is rounded once
	if n, exp := d.Coefficient(), d.Exponent(); n.IsInt64() && exp <= 0 && int(-exp) < len(powers) {
		if whole := n.Int64(); whole < exactly && whole > -exactly {
			return float64(whole) / powers[-exp]
		}
	}
	return d.InexactFloat64()
}
