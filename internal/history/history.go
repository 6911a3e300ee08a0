// Package history is a person's portfolio day by day: what every account held, what came and went, and what it was worth.
package history

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Input is what a history is worked out from.
type Input struct {
	Base         string // ISO 4217, of all that is worked out
	Accounts     []ledger.Account
	Transactions []ledger.Transaction // in the order of ledger.Load
	Instruments  map[string]instrument.Instrument
	Splits       map[string][]instrument.Split // by instrument
	Closes       map[string]market.Closes      // by market's symbol
	Rates        map[string]market.Rates       // to Base, by currency
	// Through is the last day that has closes. Today is the present day; it is the history's last when Live is not nil, or
	// something happened since Through. Live has the prices of now, by instrument and per priced unit: they are those of
	// Today where there is no close of it.
	Through, Today calendar.Day
	Live           map[string]decimal.Decimal
}

// History is a portfolio day by day: what each account held, what was put into it and taken out, and what that was
// worth at each close. It does not change once it is built, so that any number of readers may share it.
type History struct {
	in        Input
	days      []int32 // calendar.Day.Number of the trading days, and of today when it is not one but something happened
	live      bool    // the last day's prices are live ones
	loose     bool    // the last day is not over: it is worked out anew by whoever continues
	assets    []*asset
	assetOf   map[string]int // by instrument
	cashOf    map[string]int // by currency
	positions []*position
	accounts  []string
	moves     [][]move // by account, and behind them what became of what is in transit
	transfers []ledger.Transaction
	pairs     map[string]*pair // by either transaction's id
	value     [][]float64      // by account and day, cash included
	cash      [][]float64
	jumps     []jump
	column    []float64 // of the asset under work
}

// jump is a change of an asset's price from one day to the next that looks like a split nobody told of.
type jump struct {
	asset, index int
	times        float64
}

// position is what an account holds of an asset, through time.
type position struct {
	account int   // inTransit for what is between two
	between *pair // the two
	asset   int
	events  []event // at most one a day, the oldest first
	settled int     // the index up to which splits and the first price are in events
	uneven  bool    // a split left a fraction without an end
}

// inTransit is the account of what left one account and has not arrived in the other.
const inTransit = -1

// event is the state of a position from a day on. The sums run from the beginning, so that any stretch of days is a
// difference of two, and a history can be cut off at any day and continued.
type event struct {
	index    int
	quantity decimal.Decimal
	local    decimal.Decimal // what was put in, less what was taken out, in the asset's currency
	base     decimal.Decimal // the same in the base currency, each at its day's rate
	earned   decimal.Decimal // income less fees and taxes, in the base currency; of cash, what exchanging it brought
}

// move is what a transaction did to an account as a whole, in the base currency at its day's rate.
type move struct {
	index     int
	day       int32           // the day it happened, which need not be a trading day
	flow      decimal.Decimal // into the account from outside; negative when it left
	income    decimal.Decimal
	fees      decimal.Decimal
	taxes     decimal.Decimal
	exchanged decimal.Decimal // what an exchange of currencies put in; what is got less what is given is its spread
	between   *pair           // flow goes to, or comes from, another account
	opening   bool            // part of what the account held before its known history
}

// pair is a transfer between two accounts.
type pair struct {
	id       string // of the transaction in which it left
	from, to int    // accounts; -1 for one that was disconnected a moment ago
}

// Build works a history out. Without transactions it has no days.
func Build(in Input) *History { return (&History{}).Continue(in, math.MinInt32) }

// Continue works a history out of one that is right before a day, for which from is its number, one that Resume gave: in
// has at least the transactions from that day on, and all there is else. h stays as it is.
func (h *History) Continue(in Input, from int32) *History {
	if len(h.days) == 0 || from <= h.days[0] {
		h = &History{}
	}
	n := &History{in: in, assetOf: map[string]int{}, cashOf: map[string]int{}}
	n.in.Transactions = nil
	for _, a := range in.Accounts {
		n.accounts = append(n.accounts, a.ID)
	}
	transactions := in.Transactions
	for len(transactions) > 0 && transactions[0].Day.Number() < from {
		transactions = transactions[1:]
	}
	n.layDays(h, transactions)
	if len(n.days) == 0 {
		return n
	}
	cut := n.index(from)
	n.takeOver(h, cut, from)
	n.note(transactions)
	for _, a := range n.assets {
		a.place(n)
	}
	n.pairs = n.findPairs()
	n.book(transactions, cut)
	n.fill(h, cut)
	return n
}

// layDays makes the days, from the first transaction of all on.
func (h *History) layDays(before *History, transactions []ledger.Transaction) {
	first, latest := int32(math.MaxInt32), int32(math.MinInt32)
	if len(before.days) > 0 {
		first = before.days[0]
	}
	if n := len(transactions); n > 0 {
		first, latest = min(first, transactions[0].Day.Number()), transactions[n-1].Day.Number()
	}
	if first == math.MaxInt32 {
		return
	}
	h.days = tradingDays(before.days, first, h.in.Through.Number())
	beyond := len(h.days) == 0 || latest > h.last()
	today := max(h.in.Today.Number(), latest)
	if beyond || h.in.Live != nil && today > h.last() {
		h.days, h.loose = append(h.days, today), true
		h.live = h.in.Live != nil
	}
}

// tradingDays are the trading days from one day through another; those that are known already are kept, but the last,
// which may have been none.
func tradingDays(known []int32, first, through int32) []int32 {
	var days []int32
	if len(known) > 0 && known[0] == first {
		days = slices.Clone(known[:len(known)-1])
	}
	for len(days) > 0 && days[len(days)-1] > through {
		days = days[:len(days)-1]
	}
	next := first
	if len(days) > 0 {
		next = days[len(days)-1] + 1
	}
	for day := calendar.DayNumbered(next); next <= through; day, next = day.AddDays(1), next+1 {
		if calendar.IsTradingDay(day) {
			days = append(days, next)
		}
	}
	return days
}

func (h *History) last() int32 { return h.days[len(h.days)-1] }

// index is the place of a day, or of the first trading day after it: what happens while New York is closed belongs to the
// next session.
func (h *History) index(day int32) int {
	i, _ := slices.BinarySearch(h.days, day)
	return i
}

// today tells whether a day has live prices.
func (h *History) today(index int) bool { return h.live && index == len(h.days)-1 }

// takeOver copies what was right before the cut. What is appended to afterwards is clipped, so that it is copied then.
func (h *History) takeOver(before *History, cut int, from int32) {
	h.moves = make([][]move, len(h.accounts)+1)
	for i := range before.moves {
		kept, _ := slices.BinarySearchFunc(before.moves[i], cut, func(m move, cut int) int { return cmp.Compare(m.index, cut) })
		h.moves[i] = slices.Clip(before.moves[i][:kept])
	}
	for _, t := range before.transfers {
		if t.Day.Number() < from {
			h.transfers = append(h.transfers, t)
		}
	}
	for _, a := range before.assets {
		kept := slices.DeleteFunc(slices.Clone(a.marks), func(m mark) bool { return m.day >= from })
		h.assets[h.of(a)].marks = kept
	}
	for _, p := range before.positions {
		kept, _ := slices.BinarySearchFunc(p.events, cut, func(e event, cut int) int { return cmp.Compare(e.index, cut) })
		if kept > 0 {
			h.positions = append(h.positions, &position{p.account, p.between, p.asset, slices.Clip(p.events[:kept]), cut - 1, p.uneven})
		}
	}
}

// asset finds or makes the asset of an instrument. The order of assets is that of their first use.
func (h *History) asset(id, symbol, currency string) int {
	n, known := h.assetOf[id]
	if !known {
		i, listed := h.in.Instruments[id]
		if !listed {
			i = instrument.Instrument{ID: id, Symbol: symbol, Currency: currency, Multiplier: one}
		}
		var live decimal.NullDecimal
		live.Decimal, live.Valid = h.in.Live[id]
		n = h.add(newAsset(i, h.in.Splits[id], h.in.Closes[i.MarketSymbol], live))
		h.assetOf[id] = n
	}
	return n
}

// money finds or makes the asset that is a currency's cash.
func (h *History) money(currency string) int {
	n, known := h.cashOf[currency]
	if !known {
		n = h.add(&asset{symbol: currency, class: Cash, currency: currency, multiplier: one})
		h.cashOf[currency] = n
	}
	return n
}

// of finds or makes the asset that is in another history, too.
func (h *History) of(a *asset) int {
	if a.cash() {
		return h.money(a.currency)
	}
	return h.asset(a.id, a.symbol, a.currency)
}

func (h *History) add(a *asset) int {
	if a.currency != h.in.Base {
		r := h.in.Rates[a.currency]
		a.rates = &rates{r.Days, r.Rate}
	}
	h.assets = append(h.assets, a)
	return len(h.assets) - 1
}

// onMargin tells whether a trade was of what is not paid for, such as a future: what it is a contract for is worth its price, and
// not the contract.
func onMargin(t *ledger.Transaction) bool {
	return (t.Kind == broker.Buy || t.Kind == broker.Sell) && t.Amount.Add(t.Fee).Add(t.Tax).IsZero()
}

// note makes the assets of new transactions, and keeps the prices of trades and what may be transfers.
func (h *History) note(transactions []ledger.Transaction) {
	for i := range transactions {
		t := &transactions[i]
		h.money(t.Currency)
		if t.Instrument != "" {
			a := h.assets[h.asset(t.Instrument, t.Symbol, t.Currency)]
			if t.Price.Valid && t.Price.Decimal.IsPositive() && !t.Quantity.IsZero() && priced[t.Kind] && !onMargin(t) {
				a.addMark(t.Day.Number(), t.Price.Decimal)
			}
		}
		if transferred[t.Kind] {
			h.transfers = append(h.transfers, *t)
		}
	}
}

// Days are the numbers of the days there are. Nobody changes them.
func (h *History) Days() []int32 { return h.days }

// DayOf is the date of an index of Days.
func (h *History) DayOf(index int) calendar.Day { return calendar.DayNumbered(h.days[index]) }

// Live tells whether a day has prices of now, as only the last can.
func (h *History) Live(index int) bool { return h.today(index) }

// Accounts are those whose history it is.
func (h *History) Accounts() []ledger.Account { return h.in.Accounts }

// Base is the currency of all its figures.
func (h *History) Base() string { return h.in.Base }

// Fingerprint writes what the history rests on beside the ledger: prices, rates and splits, by when they were told.
func (h *History) Fingerprint(to io.Writer) {
	_, _ = fmt.Fprintln(to, h.in.Base, h.in.Through, h.in.Today)
	for _, a := range h.assets {
		_, _ = fmt.Fprintln(to, a.id, a.currency, a.closes.AsOf.UnixMicro(), len(a.closes.Days), a.live, h.in.Rates[a.currency].AsOf.UnixMicro())
		for _, s := range a.splits {
			_, _ = fmt.Fprintln(to, s.day, s.from, s.to)
		}
	}
}

// Bytes is about how much memory the history takes beside the closes, which it shares.
func (h *History) Bytes() int {
	const day, positionEvent, moved = 16, 160, 170
	n := len(h.days) * (4 + day*len(h.accounts))
	for _, p := range h.positions {
		n += len(p.events) * positionEvent
	}
	for _, moves := range h.moves {
		n += len(moves) * moved
	}
	return n
}

// fill values every account at each close, in one pass over the columns of each asset that is held.
func (h *History) fill(before *History, cut int) {
	n := len(h.days)
	h.value, h.cash = make([][]float64, len(h.accounts)), make([][]float64, len(h.accounts))
	for i := range h.accounts {
		h.value[i], h.cash[i] = make([]float64, n), make([]float64, n)
		if cut > 0 {
			copy(h.value[i][:cut], before.value[i])
			copy(h.cash[i][:cut], before.cash[i])
		}
	}
	h.column = make([]float64, n)
	for _, j := range before.jumps {
		if j.index < cut {
			h.jumps = append(h.jumps, jump{h.of(before.assets[j.asset]), j.index, j.times})
		}
	}
	byAsset := slices.SortedStableFunc(slices.Values(h.positions), func(a, b *position) int { return cmp.Compare(a.asset, b.asset) })
	filled := -1
	for _, p := range byAsset {
		if p.account == inTransit {
			continue
		}
		if p.asset != filled {
			h.assets[p.asset].column(h, max(0, cut-1), h.column)
			h.findJumps(p.asset, cut)
			filled = p.asset
		}
		p.addTo(h, cut, h.value[p.account])
		if h.assets[p.asset].cash() {
			p.addTo(h, cut, h.cash[p.account])
		}
	}
	h.column = nil
}

// findJumps looks for changes of a price by the ratio of a split, from the change into the day of cut on. One that a
// known split explains is none, nor is one of an option, whose price halves and doubles of its own accord.
func (h *History) findJumps(n, cut int) {
	if h.assets[n].cash() || h.assets[n].class == broker.Option {
		return
	}
	for i := max(cut, h.assets[n].known+1, 1); i < len(h.days); i++ {
		times := h.column[i] / h.column[i-1] * h.assets[n].splitOn(i)
		if times > 0.7 && times < 1.4 {
			continue
		}
		for _, ratio := range []float64{1.5, 2, 3, 4, 5, 10, 20, 25, 50, 100} {
			if math.Abs(times/ratio-1) < 0.02 || math.Abs(times*ratio-1) < 0.02 {
				h.jumps = append(h.jumps, jump{n, i, times})
				break
			}
		}
	}
}

// addTo adds what the position was worth, by the column of its asset, from an index on.
func (p *position) addTo(h *History, from int, into []float64) {
	from = max(from, h.assets[p.asset].known)
	for i, e := range p.events {
		until := len(h.days)
		if i+1 < len(p.events) {
			until = p.events[i+1].index
		}
		quantity := Float(e.quantity)
		if quantity == 0 || until <= from {
			continue
		}
		for d := max(e.index, from); d < until; d++ {
			into[d] += quantity * h.column[d]
		}
	}
}

// at is the state of the position at the end of a day; before the first event nothing.
func (p *position) at(index int) event {
	i, found := slices.BinarySearchFunc(p.events, index, func(e event, index int) int { return cmp.Compare(e.index, index) })
	if !found {
		i--
	}
	if i < 0 {
		return event{}
	}
	return p.events[i]
}
