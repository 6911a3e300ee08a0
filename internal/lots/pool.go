package lots

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// costDigits is how many digits behind the point parts of costs have. What is left takes the rounding, so that parts always
// add up to the whole. QuantityDigits is how many split quantities have, and unit costs.
const (
	costDigits     = 12
	QuantityDigits = 18
)

// pool is the open lots of an instrument from which an account sells.
type pool struct {
	method user.CostBasis
	inBase bool   // its currency is the base: what things cost there is what they cost
	lots   byCost // by day of opening; a heap, the dearest first, with HIFO
	held   decimal.Decimal
	// With AVERAGE the lots have quantities alone, and what they cost is here.
	cost    decimal.Decimal
	base    decimal.NullDecimal
	unknown bool
}

// byCost has the dearest lot first; of equal ones the oldest.
type byCost []*Lot

func (h byCost) Len() int      { return len(h) }
func (h byCost) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h byCost) Less(i, j int) bool {
	return cmp.Or(h[j].unit.Cmp(h[i].unit), compareLots(h[i], h[j])) < 0
}
func (h *byCost) Push(l any) { *h = append(*h, l.(*Lot)) }
func (h *byCost) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	*h = (*h)[:last]
	return l
}

func compareLots(a, b *Lot) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.Transaction, b.Transaction))
}

func (p *pool) add(l Lot) {
	if p.held.IsZero() {
		p.cost, p.base, p.unknown = decimal.Zero, decimal.NewNullDecimal(decimal.Zero), false
	}
	p.held = p.held.Add(l.Quantity)
	switch p.method {
	case user.HIFO:
		l.unit = l.Cost.DivRound(l.Quantity, QuantityDigits)
		heap.Push(&p.lots, &l)
		return
	case user.Average:
		p.cost, p.base, p.unknown = p.cost.Add(l.Cost), addNull(p.base, l.CostBase), p.unknown || l.CostUnknown
	}
	at := len(p.lots) // nearly always the newest
	for at > 0 && compareLots(p.lots[at-1], &l) > 0 {
		at--
	}
	p.lots = slices.Insert(p.lots, at, &l)
}

// take removes a quantity, positive and not more than is held, and gives what it consisted of. What was chosen goes first.
func (p *pool) take(quantity decimal.Decimal, account string, chosen []ledger.ChosenLot) []Lot {
	whole := quantity
	var taken []Lot
	for _, c := range chosen {
		for i := 0; i < len(p.lots) && quantity.IsPositive() && c.Quantity.IsPositive(); {
			if p.lots[i].Transaction != c.TransactionID || p.lots[i].Account != account {
				i++
				continue
			}
			part, gone := p.cut(i, decimal.Min(quantity, c.Quantity))
			quantity, c.Quantity = quantity.Sub(part.Quantity.Abs()), c.Quantity.Sub(part.Quantity.Abs())
			taken = append(taken, part)
			if !gone {
				i++
			}
		}
	}
	for quantity.IsPositive() {
		part, _ := p.cut(p.next(account), quantity)
		quantity = quantity.Sub(part.Quantity.Abs())
		taken = append(taken, part)
	}
	if p.method == user.Average {
		p.average(taken, whole)
	}
	for _, t := range taken {
		p.held = p.held.Sub(t.Quantity)
	}
	return taken
}

// next is the index of the lot that the method sells first; of an average that of the account, since all cost the same.
func (p *pool) next(account string) int {
	switch p.method {
	case user.LIFO:
		return len(p.lots) - 1
	case user.Average:
		return max(0, slices.IndexFunc(p.lots, func(l *Lot) bool { return l.Account == account }))
	}
	return 0
}

// cut takes at most so much off a lot, and tells whether that was all of it.
func (p *pool) cut(i int, quantity decimal.Decimal) (Lot, bool) {
	l := p.lots[i]
	if l.Quantity.Abs().LessThanOrEqual(quantity) {
		switch {
		case p.method == user.HIFO:
			heap.Remove(&p.lots, i)
		case i == 0:
			p.lots = p.lots[1:]
		default:
			p.lots = slices.Delete(p.lots, i, i+1)
		}
		return *l, true
	}
	part := *l
	if l.Quantity.IsNegative() {
		quantity = quantity.Neg()
	}
	part.Quantity = quantity
	part.Cost = portion(l.Cost, quantity, l.Quantity)
	if p.inBase {
		part.CostBase = decimal.NewNullDecimal(part.Cost)
	} else {
		part.CostBase = portionNull(l.CostBase, quantity, l.Quantity)
	}
	l.Quantity, l.Cost = l.Quantity.Sub(quantity), l.Cost.Sub(part.Cost)
	if p.inBase {
		l.CostBase = decimal.NewNullDecimal(l.Cost)
	} else {
		l.CostBase = subNull(l.CostBase, part.CostBase)
	}
	return part, false
}

// average gives what was taken the average cost of everything held before, and takes it off.
func (p *pool) average(taken []Lot, quantity decimal.Decimal) {
	if p.held.IsNegative() {
		quantity = quantity.Neg()
	}
	cost, base := portion(p.cost, quantity, p.held), portionNull(p.base, quantity, p.held)
	p.cost, p.base = p.cost.Sub(cost), subNull(p.base, base)
	p.spread(taken, quantity, cost, base)
}

// spread gives each of some lots its part of a cost by its quantity.
func (p *pool) spread(lots []Lot, quantity, cost decimal.Decimal, base decimal.NullDecimal) {
	for i := range lots {
		l := &lots[i]
		l.Cost, l.CostBase, l.CostUnknown = portion(cost, l.Quantity, quantity), portionNull(base, l.Quantity, quantity), p.unknown
		quantity, cost, base = quantity.Sub(l.Quantity), cost.Sub(l.Cost), subNull(base, l.CostBase)
	}
}

// split makes to of from, and tells whether that comes out even.
func (p *pool) split(from, to decimal.Decimal) (even bool) {
	even, p.held = true, decimal.Zero
	for _, l := range p.lots {
		product := l.Quantity.Mul(to)
		l.Quantity = product.DivRound(from, QuantityDigits)
		even = even && l.Quantity.Mul(from).Equal(product)
		l.unit = l.unit.Mul(from).DivRound(to, QuantityDigits)
		p.held = p.held.Add(l.Quantity)
	}
	return even
}

// open lists the lots of an account, the oldest first.
func (p *pool) open(account string) []Lot {
	all := make([]Lot, 0, len(p.lots))
	for _, l := range p.lots {
		all = append(all, *l)
	}
	if p.method == user.Average {
		p.spread(all, p.held, p.cost, p.base)
	}
	all = slices.DeleteFunc(all, func(l Lot) bool { return l.Account != account })
	slices.SortFunc(all, func(a, b Lot) int { return compareLots(&a, &b) })
	return all
}

// portion is the part of a total that falls to a part of a whole.
func portion(total, part, whole decimal.Decimal) decimal.Decimal {
	if part.Equal(whole) {
		return total
	}
	return total.Mul(part).DivRound(whole, costDigits)
}

func portionNull(total decimal.NullDecimal, part, whole decimal.Decimal) decimal.NullDecimal {
	if !total.Valid {
		return total
	}
	return decimal.NewNullDecimal(portion(total.Decimal, part, whole))
}

func addNull(a, b decimal.NullDecimal) decimal.NullDecimal {
	if !a.Valid || !b.Valid {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(a.Decimal.Add(b.Decimal))
}

func subNull(a, b decimal.NullDecimal) decimal.NullDecimal {
	if !a.Valid || !b.Valid {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(a.Decimal.Sub(b.Decimal))
}
