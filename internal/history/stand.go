package history

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Stand is what there was at the close of a day, in the base currency at the day's prices and rates.
type Stand struct {
	Accounts []Worth // in the order of the accounts
	Transit  Worth   // what had left one account and not arrived in the other
	Held     []Lot   // what accounts held of instruments
	Unvalued []string
	Old      []string
}

// Worth is what something was worth, as far as it is known: each lacks what has no price or rate.
type Worth struct {
	Cash, Market           decimal.Decimal
	LacksCash, LacksMarket bool
}

// Lot is that an account held an instrument; its value is known or not.
type Lot struct {
	Account, Instrument string
	Quantity            decimal.Decimal
	Valued              bool
}

// Stand adds up what there was at the close of an index of Days.
func (h *History) Stand(index int) Stand {
	s := Stand{Accounts: make([]Worth, len(h.accounts))}
	day := prices{h: h, index: index}
	unvalued, old := map[int]bool{}, map[int]int32{}
	for _, p := range h.positions {
		held := p.at(index).quantity
		if held.IsZero() {
			continue
		}
		into := &s.Transit
		if p.account != inTransit {
			into = &s.Accounts[p.account]
		}
		a, price := h.assets[p.asset], day.of(p.asset)
		worth := inBase(held.Mul(price.price), price.rate)
		switch {
		case !price.known:
			unvalued[p.asset] = true
		case h.days[index]-price.day > staleDays:
			old[p.asset] = price.day
		}
		if a.cash() {
			into.Cash, into.LacksCash = into.Cash.Add(worth), into.LacksCash || !price.known
			continue
		}
		into.Market, into.LacksMarket = into.Market.Add(worth), into.LacksMarket || !price.known
		if p.account != inTransit {
			s.Held = append(s.Held, Lot{h.accounts[p.account], a.id, held, price.known})
		}
	}
	b := Breakdown{}
	b.note(h, index, unvalued, old)
	s.Unvalued, s.Old = b.Unvalued, b.Old
	return s
}

// IndexOf is the place of a trading day that is over; false where the history has none such.
func (h *History) IndexOf(day calendar.Day) (int, bool) {
	i := h.index(day.Number())
	return i, i < len(h.days) && h.days[i] == day.Number() && !h.today(i)
}

// InBase is an amount of a currency at the rate of a day; false where the history has none.
func (h *History) InBase(currency string, amount decimal.Decimal, index int) (decimal.Decimal, bool) {
	n, known := h.cashOf[currency]
	switch {
	case amount.IsZero() || currency == h.in.Base:
		return amount, true
	case !known || index < h.assets[n].known:
		return decimal.Zero, false
	}
	return inBase(amount, h.assets[n].rate(h.days[index])), true
}
