package history

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// View is some accounts of a history as one: what passes between them is no flow. It does not change.
type View struct {
	h    *History
	in   []bool    // by account: whether it is among them
	sums []Sums    // by day, from the beginning
	puts []Payment // all flows, an account's of one day together, by the day they happened
	// Of each day of the history: what everything was worth at its close, what of that is cash, and what came in and went out.
	Value, Cash, In, Out []float64
}

// Sums are what came, went and was paid over some days, in the base currency, each amount at its day's rate.
type Sums struct {
	In, Out             decimal.Decimal // across the border of the accounts; not negative
	Income, Fees, Taxes decimal.Decimal
	exchanged           decimal.Decimal // what was got for currencies, less what was given for them
}

// Payment is a flow into the accounts from outside, or out of them when it is negative.
type Payment struct {
	Day    int32 // calendar.Day.Number; not always a trading day
	Amount decimal.Decimal
	Index  int // of the day of the history it belongs to
}

func (s Sums) add(o Sums) Sums {
	return Sums{plus(s.In, o.In), plus(s.Out, o.Out), plus(s.Income, o.Income), plus(s.Fees, o.Fees), plus(s.Taxes, o.Taxes), plus(s.exchanged, o.exchanged)}
}

func (s Sums) sub(o Sums) Sums {
	return Sums{s.In.Sub(o.In), s.Out.Sub(o.Out), s.Income.Sub(o.Income), s.Fees.Sub(o.Fees), s.Taxes.Sub(o.Taxes), s.exchanged.Sub(o.exchanged)}
}

// View looks at the accounts that wanted tells; nil at all.
func (h *History) View(wanted func(accountID string) bool) *View {
	n := len(h.days)
	v := &View{h: h, in: make([]bool, len(h.accounts)), Value: make([]float64, n), Cash: make([]float64, n),
		In: make([]float64, n), Out: make([]float64, n), sums: make([]Sums, n)}
	for i, id := range h.accounts {
		if v.in[i] = wanted == nil || wanted(id); v.in[i] && n > 0 {
			addColumn(v.Value, h.value[i])
			addColumn(v.Cash, h.cash[i])
		}
	}
	if n == 0 {
		return v
	}
	v.addTransit()
	v.addMoves()
	for i := range n {
		v.In[i], v.Out[i] = Float(v.sums[i].In), Float(v.sums[i].Out)
		if i > 0 {
			v.sums[i] = v.sums[i-1].add(v.sums[i])
		}
	}
	return v
}

func addColumn(to, column []float64) {
	for i, x := range column {
		to[i] += x
	}
}

// holds tells whether a position is in the view.
func (v *View) holds(p *position) bool {
	if p.account == inTransit {
		return v.both(p.between)
	}
	return v.in[p.account]
}

func (v *View) both(p *pair) bool { return p.from >= 0 && p.to >= 0 && v.in[p.from] && v.in[p.to] }

// addTransit adds what was on its way between two accounts of the view, at its closes.
func (v *View) addTransit() {
	for _, p := range v.h.positions {
		if p.account != inTransit || !v.holds(p) {
			continue
		}
		a := v.h.assets[p.asset]
		for i, e := range p.events {
			until := len(v.h.days)
			if i+1 < len(p.events) {
				until = p.events[i+1].index
			}
			for d := max(e.index, a.known); d < until && !e.quantity.IsZero(); d++ {
				worth := Float(v.h.worth(e.quantity, a, d))
				v.Value[d] += worth
				if a.cash() {
					v.Cash[d] += worth
				}
			}
		}
	}
}

// addMoves sorts what crossed the border of the view into its days. What an account held before its known history comes
// in as one: its debts are no withdrawal.
func (v *View) addMoves() {
	for account, moves := range v.h.moves {
		inTransit := account == len(v.in)
		if !inTransit && !v.in[account] {
			continue
		}
		var opening Payment
		for _, m := range moves {
			if inTransit && !v.both(m.between) {
				continue
			}
			s := &v.sums[m.index]
			s.Income, s.Fees, s.Taxes = plus(s.Income, m.income), plus(s.Fees, m.fees), plus(s.Taxes, m.taxes)
			s.exchanged = plus(s.exchanged, m.exchanged)
			switch {
			case m.between != nil && !inTransit && v.both(m.between):
			case m.opening && (opening.Amount.IsZero() || opening.Index == m.index):
				opening = Payment{m.day, opening.Amount.Add(m.flow), m.index}
			default:
				v.pay(Payment{m.day, m.flow, m.index})
			}
		}
		v.pay(opening)
	}
	slices.SortStableFunc(v.puts, func(a, b Payment) int { return cmp.Compare(a.Day, b.Day) })
}

func (v *View) pay(p Payment) {
	switch s := &v.sums[p.Index]; p.Amount.Sign() {
	case 1:
		s.In = s.In.Add(p.Amount)
	case -1:
		s.Out = s.Out.Sub(p.Amount)
	default:
		return
	}
	if n := len(v.puts); n > 0 && v.puts[n-1].Day == p.Day && v.puts[n-1].Index == p.Index {
		v.puts[n-1].Amount = v.puts[n-1].Amount.Add(p.Amount)
		return
	}
	v.puts = append(v.puts, p)
}

// Between are the sums of the days after one, through another; -1 is before the first.
func (v *View) Between(after, through int) Sums {
	if after < 0 {
		return v.sums[through]
	}
	return v.sums[through].sub(v.sums[after])
}

// Has tells whether an account is in the view, by its place among the history's.
func (v *View) Has(account int) bool { return v.in[account] }

// Lacks tells whether something was held without a value at the close of a day.
func (v *View) Lacks(index int) bool {
	return slices.ContainsFunc(v.h.positions, func(p *position) bool {
		return index < v.h.assets[p.asset].known && v.holds(p) && !p.at(index).quantity.IsZero()
	})
}

// Payments are the flows of the days after one, through another; -1 is before the first.
func (v *View) Payments(after, through int) []Payment {
	var all []Payment
	for _, p := range v.puts {
		if p.Index > after && p.Index <= through {
			all = append(all, p)
		}
	}
	return all
}

// Jump is a change of a price that looks like a split nobody told of.
type Jump struct {
	Symbol string
	Index  int
	Times  float64 // the price of the day before
}

// Jumps are those of what was held, on the days after one, through another.
func (v *View) Jumps(after, through int) []Jump {
	var all []Jump
	for _, j := range v.h.jumps {
		if j.index <= max(after, 0) || j.index > through {
			continue
		}
		if slices.ContainsFunc(v.h.positions, func(p *position) bool {
			return p.asset == j.asset && v.holds(p) && !p.at(j.index-1).quantity.IsZero() && !p.at(j.index).quantity.IsZero()
		}) {
			all = append(all, Jump{v.h.assets[j.asset].symbol, j.index, j.times})
		}
	}
	return all
}

// worth is what so much of an asset was worth at the close of a day, in the base currency.
func (h *History) worth(quantity decimal.Decimal, a *asset, index int) decimal.Decimal {
	price, _ := a.price(h.days[index], h.today(index))
	return inBase(quantity.Mul(price), a.rate(h.days[index]))
}
