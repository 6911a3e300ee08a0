package books

import (
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Flows are what happened in a period, in millions. Those of a longer one are the sums of its quarters'.
type Flows struct {
	Revenue, Cost, Research, Selling, Other, Tax                               int64 // Other is income that is not from operations
	Wear, Awards, Working, Spending, Securities, Borrowed, Dividends, Buybacks int64 // Awards are pay in shares, Working is what working capital set free
	Each                                                                       int64 // dividend, in ten-thousandths a share of the epoch
}

// Gross is what revenue leaves after its cost.
func (f Flows) Gross() int64 { return f.Revenue - f.Cost }

// Operating is the income from operations.
func (f Flows) Operating() int64 { return f.Gross() - f.Research - f.Selling }

// Before is the income before taxes.
func (f Flows) Before() int64 { return f.Operating() + f.Other }

// Net is the net income.
func (f Flows) Net() int64 { return f.Before() - f.Tax }

// Operated is the cash that operations brought in.
func (f Flows) Operated() int64 { return f.Net() + f.Wear + f.Awards + f.Working }

// Invested is the cash that investing brought in, as a rule less than none.
func (f Flows) Invested() int64 { return -f.Spending - f.Securities }

// Financed is the cash that came from lenders, less what went to shareholders.
func (f Flows) Financed() int64 { return f.Borrowed - f.Dividends - f.Buybacks }

// Change is that of cash.
func (f Flows) Change() int64 { return f.Operated() + f.Invested() + f.Financed() }

// plus adds the flows of another period.
func (f Flows) plus(g Flows) Flows {
	return Flows{
		f.Revenue + g.Revenue, f.Cost + g.Cost, f.Research + g.Research, f.Selling + g.Selling, f.Other + g.Other, f.Tax + g.Tax,
		f.Wear + g.Wear, f.Awards + g.Awards, f.Working + g.Working, f.Spending + g.Spending, f.Securities + g.Securities,
		f.Borrowed + g.Borrowed, f.Dividends + g.Dividends, f.Buybacks + g.Buybacks, f.Each + g.Each,
	}
}

// Stocks are what there is at the end of a period, in millions.
type Stocks struct {
	Cash, Securities, Receivables, Inventory, Property, Rest int64
	Payables, Debt, Others, Equity                           int64
}

// Assets are all there are.
func (s Stocks) Assets() int64 {
	return s.Cash + s.Securities + s.Receivables + s.Inventory + s.Property + s.Rest
}

// Owed are the liabilities.
func (s Stocks) Owed() int64 { return s.Payables + s.Debt + s.Others }

// Quarter is one of a company's, with what it came to.
type Quarter struct {
	Start, End calendar.Day
	Released   time.Time // when its results are told
	Flows      Flows
	Stocks     Stocks
}

// work works out all quarters, one from the other.
func (c *Company) work() {
	last := c.opening()
	for fy := FirstYear; fy <= LastYear; fy++ {
		for n := 1; n <= 4; n++ {
			q := Quarter{Start: c.QuarterEnd(fy, n-1).AddDays(1), End: c.QuarterEnd(fy, n)}
			q.Released = ResultsDay(q.End).At(16, 30)
			q.Flows, q.Stocks = c.move(fy, n, q, last)
			c.Periods = append(c.Periods, q)
			last = q.Stocks
		}
	}
}

// opening is the balance before the first quarter.
func (c *Company) opening() Stocks {
	s := Stocks{Cash: c.Cash, Receivables: c.Revenue * 8 / 100, Inventory: c.Revenue * 5 / 100, Property: c.Assets * 15 / 100}
	switch c.Kind {
	case Bank:
		s.Receivables, s.Inventory, s.Property = c.Assets*32/100, 0, c.Assets/100
	case Insurer:
		s.Inventory, s.Property = c.Revenue*7/100, c.Assets*20/100
	}
	if c.Research > 0 && c.Margin > 550 && c.Pool != "medicines" || c.Pool == "payments" {
		s.Inventory = 0 // what they sell takes no room
	}
	s.Securities = c.Assets * 28 / 100
	s.Rest = c.Assets - s.Assets()
	s.Payables, s.Debt = c.Owed*20/100, c.Owed*35/100
	s.Others, s.Equity = c.Owed-s.Payables-s.Debt, c.Assets-c.Owed
	return s
}

// move is what a quarter makes of the balance before it. Revenue and income follow from the company's size; the rest
// from those, so that all statements add up whatever the seed.
func (c *Company) move(fy, n int, q Quarter, was Stocks) (Flows, Stocks) {
	tag := strconv.Itoa(fy) + "Q" + strconv.Itoa(n)
	year := c.Revenue * (1000 + c.Growth*int64(fy-FirstYear)) / 1000
	f := Flows{Revenue: year * c.Seasons[n-1] / 1000 * c.Between(975, 1025, tag, "revenue") / 1000}
	earned := c.Issuer.EPS * int64(100+4*(fy-FirstYear-1)) / 100 * c.Issuer.Shares / 100 // of the year
	net := earned * c.Seasons[n-1] / 1000 * c.Between(955, 1045, tag, "net") / 1000
	before := net * 1000 / (1000 - c.Tax)
	f.Tax = before - net
	f.Other = f.Revenue * c.Between(-4, 9, tag, "other") / 1000
	f.Cost = f.Revenue - f.Revenue*c.Margin/1000*c.Between(985, 1015, tag, "margin")/1000
	expenses := f.Revenue - f.Cost - (before - f.Other)
	f.Research = expenses * c.Registrant.Research / 1000 * c.Between(980, 1020, tag, "research") / 1000
	f.Selling = expenses - f.Research

	f.Wear, f.Spending = f.Revenue*c.Wear/1000, f.Revenue*c.Spending/1000*c.Between(900, 1100, tag, "spending")/1000
	f.Awards = f.Revenue * 18 / 1000
	f.Working = f.Revenue * c.Between(-25, 25, tag, "working") / 1000
	f.Each = c.Issuer.Dividend(q.Start, q.End)
	f.Dividends = f.Each * c.Issuer.Shares / 10_000
	f.Buybacks = max(net, 0) * c.Buying / 1000
	f.Borrowed = was.Debt * c.Between(-12, 14, tag, "debt") / 1000
	if c.Kind == Bank {
		f.Borrowed = was.Debt * c.Between(2, 14, tag, "debt") / 1000
	}
	// What is left after all that goes into securities, save for some; when cash runs short they are sold, then money is
	// borrowed.
	target := max(c.Cash*(1000+40*int64(fy-FirstYear))/1000, 1) * c.Between(900, 1100, tag, "cash") / 1000
	f.Securities = was.Cash + f.Operated() - f.Spending + f.Financed() - target
	if short := -f.Securities - was.Securities; short > 0 {
		f.Securities += short
		f.Borrowed += short
	}
	return f, was.after(f, c.Kind)
}

// after is the balance after the flows. Other liabilities take up what receivables and inventories tie up.
func (s Stocks) after(f Flows, k Kind) Stocks {
	is := s
	is.Cash += f.Change()
	is.Securities += f.Securities
	is.Property += f.Spending - f.Wear
	is.Debt += f.Borrowed
	is.Equity += f.Net() + f.Awards - f.Dividends - f.Buybacks
	if k != Bank {
		is.Receivables = f.Revenue * 30 / 100
		if s.Inventory > 0 {
			is.Inventory = f.Cost * 28 / 100
		}
		is.Payables = (f.Cost + f.Selling) * 45 / 100
	}
	is.Others += f.Working + is.Receivables - s.Receivables + is.Inventory - s.Inventory - (is.Payables - s.Payables)
	return is
}

// RestatedBy is how much revenue, and as much cost, later reports take out of each quarter of RestatedYear: sales on
// behalf of others, of which only the commission is revenue.
const (
	RestatedYear = 2023
	RestatedBy   = 105
)

// Flow sums the quarters from one to another, as they are reported on the day.
func (c *Company) Flow(from, to int, told calendar.Day) Flows {
	var sum Flows
	for i := from; i <= to; i++ {
		f := c.Periods[i].Flows
		if fy, _ := YearOf(i); c.Role == Restated && fy == RestatedYear && c.ReportDay(RestatedYear).Before(told) {
			f.Revenue -= RestatedBy
			f.Cost -= RestatedBy
		}
		sum = sum.plus(f)
	}
	return sum
}

// Basic is how many shares there are on the day.
func (c *Company) Basic(day calendar.Day) int64 {
	return c.Issuer.Shares * 1_000_000 * c.Issuer.Factor(day)
}

// Diluted is how many there would be.
func (c *Company) Diluted(day calendar.Day) int64 {
	basic := c.Basic(day)
	if c.Issuer.EPS < 0 {
		return basic // more shares would make the loss look smaller
	}
	return basic + basic/1000*int64(2+len(c.Name)%7)
}

// PerShare is a part of so many millions, to the cent.
func (c *Company) PerShare(net, shares int64) decimal.Decimal {
	return Millions(net).DivRound(decimal.NewFromInt(shares), 2)
}
