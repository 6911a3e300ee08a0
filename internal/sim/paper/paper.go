// Package paper writes the make-believe companies' filings from their make-believe figures.
package paper

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// The years that are written about: the figures begin with the fiscal year firstYear, the filings with the one after
// it, so that each has something to compare with. The last ones appear when the world's clock has got there.
const (
	firstYear = 2020
	lastYear  = 2031
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

// Archive is all that the companies ever filed and will. It follows from the seed and the issuers alone, and is safe for
// concurrent use. What there is at a moment, the callers ask for by it.
type Archive struct {
	companies []*Company
	filings   map[string]*Filing // by accession number

	mu     sync.Mutex
	bodies map[string][]byte // of the documents asked for last, by accession number and name
	order  []string          // of the bodies, oldest first
	words  map[string]string // of documents, likewise
}

// Company is one that files: who it is, and its filings, oldest first.
type Company struct {
	Registrant
	Filings []*Filing

	issuer Issuer
	seed   uint64
	words  words
	q      []quarter // since the first of firstYear
}

// New writes the archive of those issuers that are registered, and of the registered companies that nobody trades.
func New(seed uint64, issuers []Issuer) *Archive {
	a := &Archive{filings: map[string]*Filing{}, bodies: map[string][]byte{}, words: map[string]string{}}
	for _, r := range registrants() {
		i := slices.IndexFunc(issuers, func(in Issuer) bool { return in.Symbol == r.Symbol })
		if i < 0 && r.Symbol != "" {
			continue
		}
		c := &Company{Registrant: r, seed: roll(seed, r.Name)}
		if i >= 0 {
			c.issuer, c.words = issuers[i], wordsOf(r)
			c.work()
			c.schedule()
		}
		for _, f := range c.Filings {
			a.filings[f.Accession] = f
		}
		a.companies = append(a.companies, c)
	}
	return a
}

// Companies are all that are registered, the largest first.
func (a *Archive) Companies() []*Company { return a.companies }

// Company is the one with the number.
func (a *Archive) Company(cik int) (*Company, bool) {
	for _, c := range a.companies {
		if c.CIK == cik {
			return c, true
		}
	}
	return nil, false
}

// Of is the company whose shares the world trades under the symbol.
func (a *Archive) Of(symbol string) (*Company, bool) {
	for _, c := range a.companies {
		if c.Symbol != "" && c.Symbol == symbol {
			return c, true
		}
	}
	return nil, false
}

// Filing is the one with the accession number, if it was accepted by the moment.
func (a *Archive) Filing(accession string, now time.Time) (*Filing, bool) {
	f, ok := a.filings[accession]
	return f, ok && !f.Accepted.After(now)
}

// Until are the company's filings accepted by the moment, newest first.
func (c *Company) Until(now time.Time) []*Filing {
	var list []*Filing
	for _, f := range c.Filings {
		if !f.Accepted.After(now) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(x, y *Filing) int { return y.Accepted.Compare(x.Accepted) })
	return list
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
	for i, q := range slices.Backward(c.q) {
		if q.released.After(now) {
			continue
		}
		fy, n := yearOf(i)
		list = append(list, Reported{
			FiscalYear: fy, Quarter: n, Start: q.start, End: q.end, Released: q.released,
			Revenue: millions(q.flows.revenue), NetIncome: millions(q.flows.net()),
			EPSBasic: c.perShare(q.flows.net(), c.basic(day)), EPSDiluted: c.perShare(q.flows.net(), c.diluted(day)),
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
	day, balance := calendar.DayOf(now), c.q[told-1].stocks
	year, last, before := c.flow(told-4, told-1, day), c.flow(told-1, told-1, day), c.flow(told-5, told-5, day)
	return Standing{
		Revenue: millions(year.revenue), GrossProfit: millions(year.gross()), Operating: millions(year.operating()), EBITDA: millions(year.operating() + year.wear), NetIncome: millions(year.net()),
		OperatingCash: millions(year.operated()), FreeCash: millions(year.operated() - year.spending),
		Cash: millions(balance.cash + balance.securities), Debt: millions(balance.debt), Equity: millions(balance.equity), Assets: millions(balance.assets()),
		Growth: millions(last.revenue-before.revenue).DivRound(millions(before.revenue), 4),
	}, true
}

// told is how many quarters' results are out by the moment.
func (c *Company) told(now time.Time) int {
	n := 0
	for n < len(c.q) && !c.q[n].released.After(now) {
		n++
	}
	return n
}

// NextResults is when the company next tells its results after the moment.
func (c *Company) NextResults(now time.Time) (time.Time, bool) {
	for _, q := range c.q {
		if q.released.After(now) {
			return q.released, true
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
	return c.perShare(c.flow(told-4, told-1, day).net(), c.diluted(day))
}

// nextSession is the day, or the first after it, on which New York trades.
func nextSession(day calendar.Day) calendar.Day {
	for !calendar.IsTradingDay(day) {
		day = day.AddDays(1)
	}
	return day
}

// roll is a number that depends on the seed and the words alone: FNV-1a, and the finalizer of splitmix64 after it.
func roll(seed uint64, words ...string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(strings.Join(words, "|"))) // never fails
	x := seed ^ hash.Sum64() + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// between is a number from low to high.
func (c *Company) between(low, high int64, words ...string) int64 {
	return low + int64(roll(c.seed, words...)%uint64(high-low+1))
}

func millions(n int64) decimal.Decimal { return decimal.New(n, 6) }

// oldestFirst puts filings in the order in which they were accepted.
func oldestFirst(filings []*Filing) {
	slices.SortStableFunc(filings, func(x, y *Filing) int {
		return cmp.Or(x.Accepted.Compare(y.Accepted), cmp.Compare(x.Form, y.Form))
	})
}
