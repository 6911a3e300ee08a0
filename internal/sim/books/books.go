// Package books keeps the make-believe companies' books: who they are, and what every quarter of theirs came to.
package books

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// The years that are written about: the figures begin with the fiscal year FirstYear, the filings with the one after
// it, so that each has something to compare with. The last ones appear when the world's clock has got there.
const (
	FirstYear = 2020
	LastYear  = 2031
)

// Issuer is what the world knows of a company: its shares, what it earns on one and what it pays.
type Issuer struct {
	Symbol    string // as people write it: BRK.B, SAP.DE
	City      string
	Employees int
	EPS       int64                                       // cents a year and share of the epoch, as of the year before the epoch
	Shares    int64                                       // millions of them, shares of the epoch
	Factor    func(calendar.Day) int64                    // how many shares one of the epoch has become by the day
	Dividend  func(first, last calendar.Day) (each int64) // ten-thousandths a share of the epoch, by ex-days from the first to the last
}

// Company is one with everything it earned, spent and had, and will. It follows from the seed and the issuer alone, and
// never changes.
type Company struct {
	Registrant
	Issuer  Issuer
	Seed    uint64    // of this company
	Periods []Quarter // since the first of FirstYear; none for a company that nobody trades
}

// Open opens the books of those registered companies that are among the issuers or that nobody trades.
func Open(seed uint64, issuers []Issuer) []*Company {
	var companies []*Company
	for _, r := range Registrants() {
		i := slices.IndexFunc(issuers, func(in Issuer) bool { return in.Symbol == r.Symbol })
		if i < 0 && r.Symbol != "" {
			continue
		}
		c := &Company{Registrant: r, Seed: Roll(seed, r.Name)}
		if i >= 0 {
			c.Issuer = issuers[i]
			c.work()
		}
		companies = append(companies, c)
	}
	return companies
}

// Reported is a quarter as the press release of its results told of it, in shares of the asked moment.
type Reported struct {
	FiscalYear, Quarter  int
	Start, End           calendar.Day
	Released             time.Time
	Revenue, NetIncome   decimal.Decimal // in whole currency units
	EPSBasic, EPSDiluted decimal.Decimal
}

// Quarters are those whose results are out by the moment, newest first.
func (c *Company) Quarters(now time.Time) []Reported {
	day := calendar.DayOf(now)
	var list []Reported
	for i, q := range slices.Backward(c.Periods) {
		if q.Released.After(now) {
			continue
		}
		fy, n := YearOf(i)
		list = append(list, Reported{
			FiscalYear: fy, Quarter: n, Start: q.Start, End: q.End, Released: q.Released,
			Revenue: Millions(q.Flows.Revenue), NetIncome: Millions(q.Flows.Net()),
			EPSBasic: c.PerShare(q.Flows.Net(), c.Basic(day)), EPSDiluted: c.PerShare(q.Flows.Net(), c.Diluted(day)),
		})
	}
	return list
}

// Standing is what the last four quarters that were told of by a moment come to, and the balance after them, in whole
// currency units.
type Standing struct {
	Revenue, GrossProfit, Operating, NetIncome decimal.Decimal
	EBITDA, OperatingCash, FreeCash            decimal.Decimal
	Cash, Debt, Equity, Assets                 decimal.Decimal // cash with securities
	Growth                                     decimal.Decimal // of revenue, the last quarter against the same a year before, as a fraction
}

// Standing is the one at the moment; false before four quarters were told of.
func (c *Company) Standing(now time.Time) (Standing, bool) {
	told := c.told(now)
	if told < 5 {
		return Standing{}, false
	}
	day, balance := calendar.DayOf(now), c.Periods[told-1].Stocks
	year, last, before := c.Flow(told-4, told-1, day), c.Flow(told-1, told-1, day), c.Flow(told-5, told-5, day)
	return Standing{
		Revenue: Millions(year.Revenue), GrossProfit: Millions(year.Gross()), Operating: Millions(year.Operating()), EBITDA: Millions(year.Operating() + year.Wear), NetIncome: Millions(year.Net()),
		OperatingCash: Millions(year.Operated()), FreeCash: Millions(year.Operated() - year.Spending),
		Cash: Millions(balance.Cash + balance.Securities), Debt: Millions(balance.Debt), Equity: Millions(balance.Equity), Assets: Millions(balance.Assets()),
		Growth: Millions(last.Revenue-before.Revenue).DivRound(Millions(before.Revenue), 4),
	}, true
}

// told is how many quarters' results are out by the moment.
func (c *Company) told(now time.Time) int {
	n := 0
	for n < len(c.Periods) && !c.Periods[n].Released.After(now) {
		n++
	}
	return n
}

// NextResults is when the company next tells its results after the moment.
func (c *Company) NextResults(now time.Time) (time.Time, bool) {
	for _, q := range c.Periods {
		if q.Released.After(now) {
			return q.Released, true
		}
	}
	return time.Time{}, false
}

// TrailingEPS is what the last four quarters that were told of earned on a diluted share of the moment, to the cent; zero
// before there are four.
func (c *Company) TrailingEPS(now time.Time) decimal.Decimal {
	told := c.told(now)
	if told < 4 {
		return decimal.Zero
	}
	day := calendar.DayOf(now)
	return c.PerShare(c.Flow(told-4, told-1, day).Net(), c.Diluted(day))
}

// NextSession is the day, or the first after it, on which New York trades.
func NextSession(day calendar.Day) calendar.Day {
	for !calendar.IsTradingDay(day) {
		day = day.AddDays(1)
	}
	return day
}

// Roll is a number that depends on the seed and the words alone: FNV-1a, and the finalizer of splitmix64 after it.
func Roll(seed uint64, words ...string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(strings.Join(words, "|"))) // never fails
	x := seed ^ hash.Sum64() + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Between is a number from low to high.
func (c *Company) Between(low, high int64, words ...string) int64 {
	return low + int64(Roll(c.Seed, words...)%uint64(high-low+1))
}

// Millions is so many of them, in whole currency units.
func Millions(n int64) decimal.Decimal { return decimal.New(n, 6) }
