package history

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// priced are the kinds of transactions whose price is one that what is held could have been sold at. A dividend's is not.
var priced = map[broker.ActivityKind]bool{
	broker.Buy: true, broker.Sell: true, broker.DeliveryIn: true, broker.DeliveryOut: true, broker.TransferIn: true,
	broker.TransferOut: true, ledger.Opening: true,
}

// valued are the kinds by which an instrument comes or goes without being paid for: its value at the day's close does. A
// fee that was paid in kind has that value only where nobody told a price.
var valued = map[broker.ActivityKind]bool{
	broker.DeliveryIn: true, broker.DeliveryOut: true, broker.TransferIn: true, broker.TransferOut: true, ledger.Opening: true,
	broker.Fee: true,
}

// bought are the kinds by which an instrument comes or goes for what is paid or received, nothing included.
var bought = map[broker.ActivityKind]bool{
	broker.Buy: true, broker.Sell: true, broker.SpinOff: true, broker.Merger: true, broker.Other: true,
}

// looseness is below what a quantity is nothing after a split that did not come out even: brokerages round to six digits.
var looseness = decimal.New(1, -6)

// booking carries transactions out.
type booking struct {
	*History
	held      [][]*position        // by account and asset; nil where there is none
	underWay  map[string]*position // by the transaction in which it left
	exchanges map[accountDay]bool
	accountAt map[string]int
}

// book carries out the transactions, which come in the order of days, and what happens to positions by itself.
func (h *History) book(transactions []ledger.Transaction, cut int) {
	b := &booking{History: h, held: make([][]*position, len(h.accounts)), underWay: map[string]*position{}, accountAt: map[string]int{}}
	for i, id := range h.accounts {
		b.accountAt[id], b.held[i] = i, make([]*position, len(h.assets))
	}
	b.exchanges = b.findExchanges(transactions)
	for _, p := range h.positions {
		if p.account == inTransit {
			b.underWay[p.between.id] = p
		} else {
			b.held[p.account][p.asset] = p
		}
	}
	for i := range transactions {
		b.carryOut(&transactions[i])
		if i%512 == 511 {
			runtime.Gosched() // other requests wait for a processor
		}
	}
	for _, p := range h.positions {
		b.settle(p, len(h.days)-1)
	}
	for i, moves := range h.moves {
		// A first price that came before the next transaction was booked with that.
		kept, _ := slices.BinarySearchFunc(moves, cut, func(m move, cut int) int { return cmp.Compare(m.index, cut) })
		slices.SortStableFunc(h.moves[i][kept:], func(a, b move) int { return cmp.Compare(a.index, b.index) })
	}
}

// position finds or makes what an account holds of an asset.
func (b *booking) position(account, asset int) *position {
	p := b.held[account][asset]
	if p == nil {
		p = &position{account: account, asset: asset, settled: -1}
		b.held[account][asset], b.positions = p, append(b.positions, p)
	}
	return p
}

// transit finds or makes what is between two accounts.
func (b *booking) transit(between *pair, asset int) *position {
	p := b.underWay[between.id]
	if p == nil {
		p = &position{account: inTransit, between: between, asset: asset, settled: -1}
		b.underWay[between.id], b.positions = p, append(b.positions, p)
	}
	return p
}

// carryOut books a transaction. Whatever part of it is no income, fee or tax, and neither became part of what is held
// and counted nor came from there, crossed the account's border: it is a flow. So every account adds up by itself.
func (b *booking) carryOut(t *ledger.Transaction) {
	account, known := b.accountAt[t.AccountID]
	if !known {
		return // an account that was disconnected a moment ago
	}
	index := b.index(t.Day.Number())
	m := move{index: index, day: t.Day.Number(), opening: t.Kind == ledger.Opening}
	gross := t.Amount.Add(t.Fee).Add(t.Tax)
	money := b.assets[b.money(t.Currency)]
	if index >= money.known {
		rate := money.rate(b.days[index])
		m.charge(t, inBase(gross, rate), inBase(t.Fee, rate), inBase(t.Tax, rate), b.exchanges[accountDay{t.AccountID, t.Day}])
	}
	put := decimal.Zero
	if moves(t) {
		put = b.putInstrument(t, account, index, gross)
	}
	if t.Kind == broker.Fee { // what was paid in kind left the account, but went to no other place of the person's
		m.fees = m.fees.Sub(put)
	}
	earned := m.income.Sub(m.fees).Sub(m.taxes)
	if !earned.IsZero() { // by an instrument, which need not be held any more, or by the cash
		e := b.touch(b.position(account, b.subject(t)), index)
		e.earned = e.earned.Add(earned)
	}
	cash := b.putCash(t, account, index, m.exchanged)
	m.flow = put.Add(cash).Sub(earned).Sub(m.exchanged)
	if p := b.pairs[t.ID]; p != nil {
		b.pass(&m, t, account, p)
	}
	b.record(account, m)
}

// record keeps a move, if it is any; those in transit are behind those of the accounts.
func (b *booking) record(account int, m move) {
	if m.flow.IsZero() && m.income.IsZero() && m.fees.IsZero() && m.taxes.IsZero() && m.exchanged.IsZero() {
		return
	}
	if account == inTransit {
		account = len(b.accounts)
	}
	b.moves[account] = append(b.moves[account], m)
}

// subject is the asset a transaction is about.
func (h *History) subject(t *ledger.Transaction) int {
	if t.Instrument == "" {
		return h.money(t.Currency)
	}
	return h.asset(t.Instrument, t.Symbol, t.Currency)
}

// moves tells whether the transaction changes how much is held of an instrument. Splits do that by themselves, for
// everybody who holds it.
func moves(t *ledger.Transaction) bool {
	return t.Instrument != "" && !t.Quantity.IsZero() && t.Kind != broker.Split
}

// charge sorts what of a transaction is income, fees and taxes; amounts are in base.
func (m *move) charge(t *ledger.Transaction, gross, fee, tax decimal.Decimal, exchange bool) {
	m.fees, m.taxes = fee, tax
	switch t.Kind {
	case broker.Dividend, broker.Interest:
		m.income = gross
	case broker.Fee:
		m.fees = fee.Sub(gross)
	case broker.Tax:
		m.taxes = tax.Sub(gross)
	case broker.Exchange:
		if exchange {
			m.exchanged = gross
		}
	case broker.Other, broker.SpinOff, broker.Merger, broker.Split:
		if !moves(t) {
			m.income = gross // cash in lieu, and what nobody has a word for
		}
	}
}

// putInstrument changes what is held of an instrument, and gives what that put into it, in base, as far as it is counted.
func (b *booking) putInstrument(t *ledger.Transaction, account, index int, gross decimal.Decimal) decimal.Decimal {
	n := b.asset(t.Instrument, t.Symbol, t.Currency)
	a, p := b.assets[n], b.position(account, n)
	day := b.days[index]
	e := b.touch(p, index)
	e.quantity = e.quantity.Add(t.Quantity)
	if p.uneven && e.quantity.Abs().LessThan(looseness) {
		e.quantity = decimal.Zero
	}
	money := b.assets[b.money(t.Currency)]
	var local, base decimal.Decimal
	switch {
	case index < a.known:
	case t.Kind == broker.Fee && t.Price.Valid && t.Price.Decimal.IsPositive(): // the rest of the day is the market's
		local = t.Quantity.Mul(t.Price.Decimal).Mul(a.multiplier)
		base = inBase(local, a.rate(day))
	case valued[t.Kind] || index < money.known:
		price, _ := a.price(day, b.today(index))
		local = t.Quantity.Mul(price)
		base = inBase(local, a.rate(day))
	case bought[t.Kind]:
		base = inBase(gross.Neg(), money.rate(day))
		local = gross.Neg()
		if a.currency != t.Currency {
			local = divide(base, a.rate(day))
		}
	}
	e.local, e.base = e.local.Add(local), e.base.Add(base)
	return base
}

// putCash changes an account's cash, and gives by how much, in base. An account of which trades alone are known has none:
// what it pays comes from outside, and what it gets goes there.
func (b *booking) putCash(t *ledger.Transaction, account, index int, exchanged decimal.Decimal) decimal.Decimal {
	if t.Amount.IsZero() || !b.in.Accounts[account].CashComplete {
		return decimal.Zero
	}
	n := b.money(t.Currency)
	a, p := b.assets[n], b.position(account, n)
	e := b.touch(p, index)
	e.quantity = e.quantity.Add(t.Amount)
	e.earned = e.earned.Add(exchanged)
	if index < a.known {
		return decimal.Zero
	}
	base := inBase(t.Amount, a.rate(b.days[index]))
	e.local, e.base = e.local.Add(t.Amount), e.base.Add(base)
	return base
}

// touch gives the state of a position on a day, to be changed; it is good until the next touch.
func (b *booking) touch(p *position, index int) *event {
	b.settle(p, index)
	return p.on(index)
}

// on is the state of a day at the end of events.
func (p *position) on(index int) *event {
	n := len(p.events)
	if n > 0 && p.events[n-1].index == index {
		return &p.events[n-1]
	}
	e := event{index: index}
	if n > 0 {
		e = p.events[n-1]
		e.index = index
	}
	p.events = append(p.events, e)
	return &p.events[n]
}

// settle books what happened to a position by itself up to a day, before that day's transactions: splits, and the first
// price or rate of what could not be valued until then, which enters the account with it.
func (b *booking) settle(p *position, index int) {
	a := b.assets[p.asset]
	after := p.settled
	p.settled = max(after, index)
	for _, s := range a.splits {
		if s.index <= after || s.index > index {
			continue
		}
		if a.known > after && a.known < s.index {
			b.appear(p, a)
			after = a.known
		}
		p.split(s)
	}
	if a.known > after && a.known <= index {
		b.appear(p, a)
	}
}

// split changes the quantity of what is held.
func (p *position) split(s split) {
	held := p.at(s.index).quantity
	if held.IsZero() {
		return
	}
	exact := held.Mul(s.to)
	e := p.on(s.index)
	e.quantity = exact.DivRound(s.from, quotientDigits)
	p.uneven = p.uneven || !e.quantity.Mul(s.from).Equal(exact)
}

// appear books the first value of what was held without one.
func (b *booking) appear(p *position, a *asset) {
	held := p.at(a.known).quantity
	if held.IsZero() {
		return
	}
	day := b.days[a.known]
	price, _ := a.price(day, b.today(a.known))
	local := held.Mul(price)
	base := inBase(local, a.rate(day))
	e := p.on(a.known)
	e.local, e.base = e.local.Add(local), e.base.Add(base)
	b.record(p.account, move{index: a.known, day: day, flow: base, between: p.between})
}
