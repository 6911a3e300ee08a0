package history

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// transitDays is how many days may lie between the two sides of a transfer.
const transitDays = 7

// transferred are the kinds of transactions that may be one side of a transfer between a person's accounts.
var transferred = map[broker.ActivityKind]bool{
	broker.TransferIn: true, broker.TransferOut: true, broker.DeliveryIn: true, broker.DeliveryOut: true,
}

// side is what a transaction moves: so much of an instrument, or of a currency's cash.
func side(t *ledger.Transaction) (what string, much decimal.Decimal) {
	if moves(t) {
		return t.Instrument, t.Quantity
	}
	return "cash " + t.Currency, t.Amount.Add(t.Fee).Add(t.Tax)
}

// side is side in the units of today, so that a split on the way does not matter.
func (h *History) side(t *ledger.Transaction) (what string, much decimal.Decimal) {
	what, much = side(t)
	if what != t.Instrument {
		return what, much
	}
	for _, s := range h.assets[h.assetOf[what]].splits {
		if s.index > h.index(t.Day.Number()) {
			much = much.Mul(s.to).DivRound(s.from, quotientDigits)
		}
	}
	return what, much
}

// findPairs finds the two sides of transfers between the accounts: what left one, and came to another as much within
// days, the earliest departure and arrival first. A delivery counts as one where the other side is at another connection.
// A side whose cash is not in the history belongs to none.
func (h *History) findPairs() map[string]*pair {
	arrivals := map[string][]*ledger.Transaction{}
	for i := range h.transfers {
		if what, much := h.side(&h.transfers[i]); much.IsPositive() && h.counted(&h.transfers[i]) {
			arrivals[what] = append(arrivals[what], &h.transfers[i])
		}
	}
	found := map[string]*pair{}
	for i := range h.transfers {
		out := &h.transfers[i]
		what, much := h.side(out)
		if !much.IsNegative() || !h.counted(out) {
			continue
		}
		for _, in := range arrivals[what] {
			if _, arrived := h.side(in); found[in.ID] == nil && arrived.Equal(much.Neg()) && fit(out, in) {
				p := &pair{out.ID, slices.Index(h.accounts, out.AccountID), slices.Index(h.accounts, in.AccountID)}
				found[out.ID], found[in.ID] = p, p
				break
			}
		}
	}
	return found
}

// counted tells whether what the transaction moves is in the history.
func (h *History) counted(t *ledger.Transaction) bool {
	i := slices.Index(h.accounts, t.AccountID)
	return i >= 0 && (moves(t) || h.in.Accounts[i].CashComplete)
}

// fit tells whether two transactions may be the two sides of one transfer.
func fit(out, in *ledger.Transaction) bool {
	apart := out.Day.Number() - in.Day.Number()
	internal := out.Kind == broker.TransferOut && in.Kind == broker.TransferIn
	return out.AccountID != in.AccountID && (internal || out.ConnectionID != in.ConnectionID) && max(apart, -apart) <= transitDays
}

// pass divides what crossed an account's border into what went to or came from another account, and the rest. In between
// it is in transit, where it keeps its value.
func (b *booking) pass(m *move, t *ledger.Transaction, account int, p *pair) {
	what := b.money(t.Currency)
	if moves(t) {
		what = b.asset(t.Instrument, t.Symbol, t.Currency)
	}
	a, day := b.assets[what], b.days[m.index]
	_, much := side(t)
	var local, put decimal.Decimal
	if m.index >= a.known {
		price, _ := a.price(day, b.today(m.index))
		local = much.Mul(price)
		put = inBase(local, a.rate(day))
	}
	e := b.touch(b.transit(p, what), m.index)
	e.quantity, e.local, e.base = e.quantity.Sub(much), e.local.Sub(local), e.base.Sub(put)
	if !put.IsZero() {
		b.record(account, move{index: m.index, day: m.day, flow: put, between: p})
		m.flow = m.flow.Sub(put)
	}
}

type accountDay struct {
	account string
	day     calendar.Day
}

// findExchanges finds the days on which an account exchanged currencies with both sides counted: money that left it in
// one currency and came back in another crossed no border.
func (b *booking) findExchanges(transactions []ledger.Transaction) map[accountDay]bool {
	type sides struct{ gave, got, missing bool }
	days := map[accountDay]sides{}
	for i := range transactions {
		t := &transactions[i]
		if t.Kind != broker.Exchange {
			continue
		}
		account, known := b.accountAt[t.AccountID]
		s := days[accountDay{t.AccountID, t.Day}]
		s.gave, s.got = s.gave || t.Amount.IsNegative(), s.got || t.Amount.IsPositive()
		money := b.assets[b.money(t.Currency)]
		s.missing = s.missing || !known || !b.in.Accounts[account].CashComplete || b.index(t.Day.Number()) < money.known
		days[accountDay{t.AccountID, t.Day}] = s
	}
	found := map[accountDay]bool{}
	for day, s := range days {
		found[day] = s.gave && s.got && !s.missing
	}
	return found
}
