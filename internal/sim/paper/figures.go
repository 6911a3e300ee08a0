package paper

import (
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// flows are what happened in a period, in millions. Those of a longer one are the sums of its quarters'.
type flows struct {
	revenue, cost, research, selling, other, tax                               int64 // other is income that is not from operations
	wear, awards, working, spending, securities, borrowed, dividends, buybacks int64 // awards: pay in shares; working: what working capital set free
	each                                                                       int64 // dividend, in ten-thousandths a share of the epoch
}

func (f flows) gross() int64     { return f.revenue - f.cost }
func (f flows) operating() int64 { return f.gross() - f.research - f.selling }
func (f flows) before() int64    { return f.operating() + f.other }
func (f flows) net() int64       { return f.before() - f.tax }
func (f flows) operated() int64  { return f.net() + f.wear + f.awards + f.working }
func (f flows) invested() int64  { return -f.spending - f.securities }
func (f flows) financed() int64  { return f.borrowed - f.dividends - f.buybacks }
func (f flows) change() int64    { return f.operated() + f.invested() + f.financed() }

// plus adds the flows of another period.
func (f flows) plus(g flows) flows {
	return flows{
		f.revenue + g.revenue, f.cost + g.cost, f.research + g.research, f.selling + g.selling, f.other + g.other, f.tax + g.tax,
		f.wear + g.wear, f.awards + g.awards, f.working + g.working, f.spending + g.spending, f.securities + g.securities,
		f.borrowed + g.borrowed, f.dividends + g.dividends, f.buybacks + g.buybacks, f.each + g.each,
	}
}

// stocks are what there is at the end of a period, in millions.
type stocks struct {
	cash, securities, receivables, inventory, property, rest int64
	payables, debt, others, equity                           int64
}

func (s stocks) assets() int64 {
	return s.cash + s.securities + s.receivables + s.inventory + s.property + s.rest
}
func (s stocks) owed() int64 { return s.payables + s.debt + s.others }

// quarter is one of a company's, with what it came to.
type quarter struct {
	start, end calendar.Day
	released   time.Time // when its results are told
	flows      flows
	stocks     stocks
}

// work works out all quarters, one from the other.
func (c *Company) work() {
	last := c.opening()
	for fy := firstYear; fy <= lastYear; fy++ {
		for n := 1; n <= 4; n++ {
			q := quarter{start: c.quarterEnd(fy, n-1).AddDays(1), end: c.quarterEnd(fy, n)}
			q.released = resultsDay(q.end).At(16, 30)
			q.flows, q.stocks = c.move(fy, n, q, last)
			c.q = append(c.q, q)
			last = q.stocks
		}
	}
}

// opening is the balance before the first quarter.
func (c *Company) opening() stocks {
	s := stocks{cash: c.cash, receivables: c.revenue * 8 / 100, inventory: c.revenue * 5 / 100, property: c.assets * 15 / 100}
	switch c.kind {
	case bank:
		s.receivables, s.inventory, s.property = c.assets*32/100, 0, c.assets/100
	case insurer:
		s.inventory, s.property = c.revenue*7/100, c.assets*20/100
	}
	if c.research > 0 && c.margin > 550 && c.pool != "medicines" || c.pool == "payments" {
		s.inventory = 0 // what they sell takes no room
	}
	s.securities = c.assets * 28 / 100
	s.rest = c.assets - s.assets()
	s.payables, s.debt = c.owed*20/100, c.owed*35/100
	s.others, s.equity = c.owed-s.payables-s.debt, c.assets-c.owed
	return s
}

// move is what a quarter makes of the balance before it. Revenue and income follow from the company's size; the rest
// from those, so that all statements add up whatever the seed.
func (c *Company) move(fy, n int, q quarter, was stocks) (flows, stocks) {
	tag := strconv.Itoa(fy) + "Q" + strconv.Itoa(n)
	year := c.revenue * (1000 + c.growth*int64(fy-firstYear)) / 1000
	f := flows{revenue: year * c.seasons[n-1] / 1000 * c.between(975, 1025, tag, "revenue") / 1000}
	earned := c.issuer.EPS * int64(100+4*(fy-firstYear-1)) / 100 * c.issuer.Shares / 100 // of the year
	net := earned * c.seasons[n-1] / 1000 * c.between(955, 1045, tag, "net") / 1000
	before := net * 1000 / (1000 - c.tax)
	f.tax = before - net
	f.other = f.revenue * c.between(-4, 9, tag, "other") / 1000
	f.cost = f.revenue - f.revenue*c.margin/1000*c.between(985, 1015, tag, "margin")/1000
	expenses := f.revenue - f.cost - (before - f.other)
	f.research = expenses * c.Registrant.research / 1000 * c.between(980, 1020, tag, "research") / 1000
	f.selling = expenses - f.research

	f.wear, f.spending = f.revenue*c.wear/1000, f.revenue*c.spending/1000*c.between(900, 1100, tag, "spending")/1000
	f.awards = f.revenue * 18 / 1000
	f.working = f.revenue * c.between(-25, 25, tag, "working") / 1000
	f.each = c.issuer.Dividend(q.start, q.end)
	f.dividends = f.each * c.issuer.Shares / 10_000
	f.buybacks = max(net, 0) * c.buying / 1000
	f.borrowed = was.debt * c.between(-12, 14, tag, "debt") / 1000
	if c.kind == bank {
		f.borrowed = was.debt * c.between(2, 14, tag, "debt") / 1000
	}
	// What is left after all that goes into securities, save for some; when cash runs short they are sold, then money is
	// borrowed.
	target := max(c.cash*(1000+40*int64(fy-firstYear))/1000, 1) * c.between(900, 1100, tag, "cash") / 1000
	f.securities = was.cash + f.operated() - f.spending + f.financed() - target
	if short := -f.securities - was.securities; short > 0 {
		f.securities += short
		f.borrowed += short
	}
	return f, was.after(f, c.kind)
}

// after is the balance after the flows. Other liabilities take up what receivables and inventories tie up.
func (s stocks) after(f flows, k kind) stocks {
	is := s
	is.cash += f.change()
	is.securities += f.securities
	is.property += f.spending - f.wear
	is.debt += f.borrowed
	is.equity += f.net() + f.awards - f.dividends - f.buybacks
	if k != bank {
		is.receivables = f.revenue * 30 / 100
		if s.inventory > 0 {
			is.inventory = f.cost * 28 / 100
		}
		is.payables = (f.cost + f.selling) * 45 / 100
	}
	is.others += f.working + is.receivables - s.receivables + is.inventory - s.inventory - (is.payables - s.payables)
	return is
}

// restatedBy is how much revenue, and as much cost, later reports take out of each quarter of restatedYear: sales on
// behalf of others, of which only the commission is revenue.
const (
	restatedYear = 2023
	restatedBy   = 105
)

// flow sums the quarters from one to another, as they are reported on the day.
func (c *Company) flow(from, to int, told calendar.Day) flows {
	var sum flows
	for i := from; i <= to; i++ {
		f := c.q[i].flows
		if fy, _ := yearOf(i); c.role == restated && fy == restatedYear && c.reportDay(restatedYear).Before(told) {
			f.revenue -= restatedBy
			f.cost -= restatedBy
		}
		sum = sum.plus(f)
	}
	return sum
}

// basic is how many shares there are on the day, and diluted how many there would be.
func (c *Company) basic(day calendar.Day) int64 {
	return c.issuer.Shares * 1_000_000 * c.issuer.Factor(day)
}

func (c *Company) diluted(day calendar.Day) int64 {
	basic := c.basic(day)
	if c.issuer.EPS < 0 {
		return basic // more shares would make the loss look smaller
	}
	return basic + basic/1000*int64(2+len(c.Name)%7)
}

// perShare is a part of so many millions, to the cent.
func (c *Company) perShare(net, shares int64) decimal.Decimal {
	return millions(net).DivRound(decimal.NewFromInt(shares), 2)
}
