package main

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/returns"
	"github.com/jaspers-ai/jaspers/internal/risk"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// fava checks gains over the cash that was put in; costs are without fees.
func (q *question) fava() error {
	_, market, err := q.holdings(q.security, q.currency, q.until, q.transactions)
	if err != nil {
		return err
	}
	sum := q.totals(convention{feesApart: true}, q.transactions)
	flows, err := q.payments(true)
	if err != nil {
		return err
	}
	cash := put(flows)
	gains := market.Sub(cash)
	q.ratio("quantity", sum.quantity)
	q.amount("market", market)
	q.amount("cost", sum.cost)
	q.amount("cash", cash)
	q.amount("gains", gains)
	q.amount("total_pnl", gains)
	q.amount("unrealised_pnl", market.Sub(sum.cost))
	q.amount("realised_pnl", gains.Sub(market.Sub(sum.cost)))
	if !cash.IsZero() {
		q.ratio("returns", gains.DivRound(cash, 16))
		q.ratio("returns_pct", percent(gains, cash))
	}
	// What is left is counted as paid the day after.
	q.cutOff("irr", returns.XIRR(append(flows, returns.Flow{Day: q.until.Number() + 1, Amount: market.InexactFloat64()})).Annual)
	if err := q.byMonth(); err != nil {
		return err
	}
	if !q.expects("twr") && !q.expects("max_drawdown") && !q.expects("volatility") {
		return nil
	}
	points, err := q.points()
	if err != nil {
		return err
	}
	chain := returns.ChainOf(points, returns.AtEnd)
	q.cutOff("twr", chain.Return)
	q.cutOff("max_drawdown", risk.MaxDrawdown(chain.Series()))
	q.cutOff("volatility", risk.IrregularVolatility(q.betweenPrices(chain)))
	return nil
}

// put is what the owner put in: the payments turned round.
func put(flows []returns.Flow) decimal.Decimal {
	sum := decimal.Zero
	for _, f := range flows {
		sum = sum.Sub(decimal.NewFromFloat(f.Amount))
	}
	return sum
}

// byMonth checks what each month gained.
func (q *question) byMonth() error {
	var months map[string]decimal.Decimal
	if !q.want("pnl_by_month", &months) {
		return nil
	}
	one, before, year := *q, decimal.Zero, decimal.Zero
	one.result = &result{vector: q.vector, checked: map[string]bool{}}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		first, err := time.Parse("2006-01", month)
		if err != nil {
			return err
		}
		one.until = calendar.Day{Year: first.Year(), Month: first.Month() + 1, Day: 1}.AddDays(-1)
		_, market, err := one.holdings("", one.currency, one.until, one.transactions)
		if err != nil {
			return err
		}
		flows, err := one.payments(true)
		if err != nil {
			return err
		}
		gains := market.Sub(put(flows))
		if got := gains.Sub(before); !q.vector.close(got, months[month]) {
			q.failf("pnl_by_month %s: got %s, want %s", month, got, months[month])
		}
		year, before = year.Add(gains.Sub(before)), gains
	}
	q.amount("pnl_year", year)
	return nil
}

// span is all days from the first that something happened, or the beginning of the period, to the last; it begins with the day before.
func (q *question) span() (first, last int32) {
	first, last = q.until.Number(), q.until.Number()
	for _, i := range q.about(q.security, calendar.Day{}, q.until) {
		if t := q.transactions[i]; t.Instrument != "" && (q.account == "" || q.account == t.AccountID) {
			first = min(first, t.Day.Number())
		}
	}
	if q.period {
		first = max(first, q.after.Number()+1)
	}
	return first - 1, last
}

// points are the value of the security, or of all, at each day's close, with what was put in and taken out.
func (q *question) points() ([]returns.Point, error) {
	flows, err := q.payments(q.says("gains"))
	if err != nil {
		return nil, err
	}
	own := q.transactions
	if q.account != "" {
		own = slices.DeleteFunc(slices.Clone(own), func(t ledger.Transaction) bool { return t.AccountID != q.account })
	}
	var points []returns.Point
	for first, last := q.span(); first <= last; first++ {
		_, value, err := q.holdings(q.security, q.currency, calendar.DayNumbered(first), own)
		if err != nil {
			return nil, err
		}
		p := returns.Point{Day: first, Value: value.InexactFloat64()}
		for _, f := range flows {
			switch {
			case f.Day != first:
			case f.Amount < 0:
				p.In -= f.Amount
			default:
				p.Out += f.Amount
			}
		}
		points = append(points, p)
	}
	return points, nil
}

// betweenPrices joins the daily returns to those between days with a new price or a flow.
func (q *question) betweenPrices(chain returns.Chain) []risk.Interval {
	var all []risk.Interval
	from, index := int32(0), 1.0
	known := map[int32]bool{}
	for _, s := range q.securities {
		for _, p := range s.Prices {
			known[p.day.Number()] = true
		}
	}
	for i, d := range chain.Days {
		index *= 1 + d.Return
		if !known[d.Day] && i < len(chain.Days)-1 {
			continue
		}
		if from != 0 {
			all = append(all, risk.Interval{From: from, To: d.Day, Return: index - 1})
		}
		from, index = d.Day, 1
	}
	return all
}

// inPeriod checks what Portfolio Performance says of a period: of a security, of an account, or of everything.
func (q *question) inPeriod() error {
	switch {
	case q.account != "":
		return q.accountView()
	case q.security == "":
		return q.everything()
	}
	withTaxes := convention{taxesInCost: true}
	average := convention{method: user.Average, across: true, taxesInCost: true}
	apart := convention{feesApart: true}
	_, value, err := q.holdings(q.security, q.currency, q.until, q.transactions)
	if err != nil {
		return err
	}
	fifo, mean, bare := q.totals(withTaxes, q.transactions), q.totals(average, q.transactions), q.totals(apart, q.transactions)
	bare.cost = q.inCents(apart)
	q.ratio("quantity", fifo.quantity)
	q.amount("market_value", value)
	q.amount("fifo_cost", fifo.cost)
	q.amount("average_cost_total", mean.cost)
	q.amount("unrealised_fifo", value.Sub(fifo.cost))
	q.amount("unrealised_average", value.Sub(mean.cost))
	q.amount("unrealised_excl_fees_and_taxes", value.Sub(bare.cost))
	q.amount("realised_excl_fees_and_taxes", bare.realised)
	if q.expects("unrealised_fx_part") {
		now, err := q.convert(bare.local, q.securities[q.security].Currency, q.currency, q.until)
		if err != nil {
			return err
		}
		q.amount("unrealised_fx_part", now.Round(2).Sub(bare.cost))
	}
	if err := q.incomeOf(); err != nil {
		return err
	}
	return q.performance(value)
}

// inCents is what the open lots cost, each rounded to a cent, as Portfolio Performance keeps money.
func (q *question) inCents(c convention) decimal.Decimal {
	sum := decimal.Zero
	for _, p := range q.book(c, q.currency, q.until, q.transactions).Positions {
		for _, l := range p.Lots {
			if p.Instrument == q.security {
				sum = sum.Add(l.CostBase.Decimal.Round(2))
			}
		}
	}
	return sum
}

// incomeOf checks fees, taxes and dividends of the period.
func (q *question) incomeOf() error {
	sums, err := q.sums()
	if err != nil {
		return err
	}
	q.amount("fees", sums.Fees.Add(sums.TradeFees))
	q.amount("taxes", sums.Taxes)
	q.amount("earnings", sums.Dividends.Add(sums.Interest))
	q.amount("dividend_gross", sums.Dividends)
	net := decimal.Zero
	for _, i := range q.about(q.security, q.after, q.until) {
		if t := q.transactions[i]; t.Kind == broker.Dividend {
			amount, err := q.convert(t.Amount, t.Currency, q.currency, t.Day)
			if err != nil {
				return err
			}
			net = net.Add(amount)
		}
	}
	q.amount("dividend_net", net)
	return nil
}

// sums are what was received and paid in the period, in the currency of the question, each at its day's rate.
func (q *question) sums() (all lots.Sums, err error) {
	for _, i := range q.about(q.security, q.after, q.until) {
		t := q.transactions[i]
		book := q.book(convention{}, "", q.until, []ledger.Transaction{t})
		bySum := book.Sums[t.AccountID]
		if t.Instrument != "" {
			bySum = book.Position(t.AccountID, t.Instrument).Sums
		}
		for currency, s := range bySum {
			for _, part := range []struct{ to, from *decimal.Decimal }{
				{&all.Dividends, &s.Dividends}, {&all.Interest, &s.Interest}, {&all.Fees, &s.Fees}, {&all.TradeFees, &s.TradeFees}, {&all.Taxes, &s.Taxes},
			} {
				amount, err := q.convert(*part.from, currency, q.currency, t.Day)
				if err != nil {
					return all, err
				}
				*part.to = part.to.Add(amount)
			}
		}
	}
	return all, nil
}

// performance checks a security's gain, rates and risk: taxes are left out of the rates, fees are in.
func (q *question) performance(value decimal.Decimal) error {
	_, opening, err := q.holdings(q.security, q.currency, q.after, q.transactions)
	if err != nil {
		return err
	}
	all, err := q.payments(true)
	if err != nil {
		return err
	}
	invested := opening
	for _, f := range all {
		if f.Amount < 0 {
			invested = invested.Sub(decimal.NewFromFloat(f.Amount))
		}
	}
	delta := value.Sub(opening).Sub(put(all))
	q.amount("delta", delta)
	if !invested.IsZero() {
		q.ratio("delta_fraction", delta.DivRound(invested, 16))
	}
	if !q.expects("irr") && !q.expects("twr") && !q.expects("twr_annual") {
		return nil
	}
	flows, err := q.payments(false)
	if err != nil {
		return err
	}
	if !opening.IsZero() {
		flows = append([]returns.Flow{{Day: q.after.Number(), Amount: -opening.InexactFloat64()}}, flows...)
	}
	q.quotient("irr", returns.XIRR(append(flows, returns.Flow{Day: q.until.Number(), Amount: value.InexactFloat64()})).Annual)
	return q.twr()
}

// twr checks the time-weighted return, the deepest fall and how much the returns vary.
func (q *question) twr() error {
	points, err := q.points()
	if err != nil {
		return err
	}
	chain := returns.TWR(points)
	q.quotient("twr", chain.Return)
	days := int(q.until.Number() - q.after.Number())
	q.quotient("twr_annual", returns.Annualise(chain.Return, float64(days)/returns.YearDays))
	var numbers []int32
	var trading []float64
	for i, d := range chain.Days {
		numbers = append(numbers, d.Day)
		if points[i].Value == 0 || points[i+1].Value == 0 {
			continue // days on which nothing was held at either end vary for no market's reason
		}
		if isTradingDay(calendar.DayNumbered(d.Day)) {
			trading = append(trading, d.Return)
		}
	}
	index := returns.Index(chain.Series())[1:]
	falls := risk.DrawdownsOf(numbers, index)
	depth := falls.Max
	depth.Value = -depth.Value
	q.quotient("max_drawdown", depth)
	q.ratio("drawdown_days", decimal.NewFromInt(int64(falls.LongestBetweenHighs(index).Days())))
	logs := risk.Logarithmic(trading)
	whole := risk.Ours().Whole(logs)
	q.quotient("volatility", whole.Volatility(logs))
	q.quotient("semi_deviation", whole.Semideviation(logs))
	return nil
}

// accountView checks one account alone: what came from another counts as put in.
func (q *question) accountView() error {
	own := slices.DeleteFunc(slices.Clone(q.transactions), func(t ledger.Transaction) bool { return t.AccountID != q.account })
	_, value, err := q.holdings("", q.currency, q.until, own)
	if err != nil {
		return err
	}
	flows, err := q.payments(true)
	if err != nil {
		return err
	}
	in := put(flows)
	q.amount("gain", value.Sub(in))
	if !in.IsZero() {
		q.ratio("gain_fraction", value.Sub(in).DivRound(in, 16))
	}
	return q.twr()
}

// isTradingDay tells whether a day is one by Portfolio Performance's own calendar, which is no exchange's: no weekend, New
// Year, Good Friday, Easter Monday, 1 May or Christmas.
func isTradingDay(d calendar.Day) bool {
	sunday := easter(d.Year)
	switch w := d.Weekday(); {
	case w == time.Saturday, w == time.Sunday, d == sunday.AddDays(-2), d == sunday.AddDays(1):
		return false
	}
	return !slices.Contains([]string{"01-01", "05-01", "12-25", "12-26"}, d.String()[len("2006-"):])
}

// easter is Easter Sunday, by the Gregorian calculation of Meeus, Jones and Butcher.
func easter(year int) calendar.Day {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	sum := h + l - 7*((a+11*h+22*l)/451) + 114
	return calendar.Day{Year: year, Month: time.Month(sum / 31), Day: sum%31 + 1}
}
