package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/returns"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// casesTopic: whole ledgers to positions, values and returns, each under the conventions of its source.
func casesTopic(v *vector, r *result) error {
	var in caseInputs
	if err := v.read(&in); err != nil {
		return err
	}
	w, err := newWorld(&in)
	if err != nil {
		return err
	}
	for i, raw := range v.Expected.list {
		part, err := r.part(raw)
		if err != nil {
			return err
		}
		q := question{world: w, result: part, currency: in.BaseCurrency}
		if err := q.read(); err != nil {
			return err
		}
		if err := q.check(); err != nil {
			return err
		}
		r.add(fmt.Sprintf("[%d] %s", i, q.until), part)
	}
	return nil
}

// question is one of the expectations: facts of a security, or of all, at a day or in a period.
type question struct {
	*world
	*result
	security     string
	account      string // of one account alone
	currency     string
	after, until calendar.Day
	period       bool
	plain        bool // everything at the rate of rateDay
	rateDay      calendar.Day
}

func (q *question) read() error {
	var at, position, view, currency string
	var period []string
	for key, into := range map[string]any{"at": &at, "position": &position, "view": &view, "in_currency": &currency, "period": &period} {
		if raw, ok := q.expected[key]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return err
			}
		}
	}
	q.remark("at", "period", "position", "view", "in_currency", "total", "note")
	q.security = position
	if currency != "" {
		q.currency = currency
	}
	for _, t := range q.transactions {
		if view != "" && len(t.AccountID) > len(q.account) && strings.HasPrefix(view, t.AccountID) {
			q.account = t.AccountID
		}
	}
	var err error
	switch {
	case len(period) == 2:
		q.period = true
		if q.after, err = calendar.ParseDay(period[0]); err == nil {
			q.until, err = calendar.ParseDay(period[1])
		}
	case at != "":
		q.until, err = calendar.ParseDay(at)
	default: // up to the last that happened
		for _, t := range q.transactions {
			if q.until.Before(t.Day) {
				q.until = t.Day
			}
		}
	}
	return err
}

// conventions of the source: Ghostfolio's have a ROAI, fava's gains over cash, Portfolio Performance's FIFO and average.
func (q *question) says(key string) bool { return q.vector.Conventions[key] != nil }

func (q *question) check() error {
	switch {
	case q.period:
		return q.inPeriod()
	case q.says("roai"):
		return q.ghostfolio()
	case q.says("gains"):
		return q.fava()
	}
	return q.atDay()
}

// totals are those of the positions that are asked for.
type totals struct{ quantity, cost, local, realised, fees decimal.Decimal }

func (q *question) totals(c convention, transactions []ledger.Transaction) (sum totals) {
	world := q.world
	if q.plain {
		at := q.rateDay
		if at == (calendar.Day{}) {
			at = q.until
		}
		world = world.frozen(at)
	}
	for _, p := range world.book(c, q.currency, q.until, transactions).Positions {
		if q.security != "" && p.Instrument != q.security || q.account != "" && p.Account != q.account {
			continue
		}
		sum.quantity, sum.local = sum.quantity.Add(p.Quantity), sum.local.Add(p.Cost)
		sum.cost, sum.realised = sum.cost.Add(p.CostBase.Decimal), sum.realised.Add(p.RealisedBase.Decimal)
		sum.fees = sum.fees.Add(p.SumsBase.Fees).Add(p.SumsBase.TradeFees)
	}
	return sum
}

// atDay checks what hledger and Wealthfolio say of a day: costs with fees, FIFO.
func (q *question) atDay() error {
	_, value, err := q.holdings(q.security, q.currency, q.until, q.transactions)
	if err != nil {
		return err
	}
	sum := q.totals(convention{}, q.transactions)
	q.amount("quantity", sum.quantity)
	q.amount("cost", sum.cost)
	q.amount("cost_total", sum.cost)
	q.amount("cost_local", sum.local)
	q.amount("value", value)
	q.amount("market", value)
	q.amount("realised", sum.realised)
	q.amount("unrealised", value.Sub(sum.cost))
	if !sum.quantity.IsZero() {
		q.amount("average_cost", sum.local.DivRound(sum.quantity.Mul(q.multiplier(q.security)), 24))
	}
	if !sum.cost.IsZero() {
		q.ratio("unrealised_pct", percent(value.Sub(sum.cost), sum.cost))
	}
	if _, all, err := q.holdings("", q.currency, q.until, q.transactions); err == nil && !all.IsZero() {
		q.ratio("weight_pct", percent(value, all))
	}
	if err := q.rate36525(value); err != nil {
		return err
	}
	q.openLots()
	return q.cashFacts()
}

func percent(part, whole decimal.Decimal) decimal.Decimal {
	return part.Mul(decimal.NewFromInt(100)).DivRound(whole, 16)
}

// rate36525 is hledger's rate: of purchases, sales and the closing value, in years of 365.25 days.
func (q *question) rate36525(value decimal.Decimal) error {
	if !q.expects("xirr_pct") {
		return nil
	}
	flows, err := q.payments(false)
	if err != nil {
		return err
	}
	flows = append(flows, returns.Flow{Day: q.until.Number(), Amount: value.InexactFloat64()})
	rate := returns.XIRRBy(flows, returns.Actual36525).Annual
	rate.Value *= 100
	q.quotient("xirr_pct", rate)
	return nil
}

// payments are what the security paid its owner: dividends and proceeds less purchases, in (after, until].
func (q *question) payments(withTaxes bool) ([]returns.Flow, error) {
	var flows []returns.Flow
	for _, i := range q.about(q.security, q.after, q.until) {
		t := q.transactions[i]
		if t.Instrument == "" || q.account != "" && t.AccountID != q.account || q.account == "" && isTransfer(t) {
			continue
		}
		moved := q.moved[i]
		if !withTaxes {
			moved = moved.Add(t.Tax)
			if t.Kind == broker.Tax {
				continue
			}
		}
		amount, err := q.convert(moved, t.Currency, q.currency, t.Day)
		if err != nil {
			return nil, err
		}
		flows = append(flows, returns.Flow{Day: t.Day.Number(), Amount: amount.InexactFloat64()})
	}
	return flows, nil
}

func isTransfer(t ledger.Transaction) bool {
	return t.Kind == broker.TransferIn || t.Kind == broker.TransferOut
}

// openLots checks [day, quantity, cost] of each lot.
func (q *question) openLots() {
	var want [][]string
	if !q.want("lots", &want) {
		return
	}
	var got [][]string
	for _, p := range q.book(convention{}, q.currency, q.until, q.transactions).Positions {
		for _, l := range p.Lots {
			if q.security == "" || p.Instrument == q.security {
				got = append(got, []string{l.Day.String(), l.Quantity.String(), l.UnitCost(q.multiplier(p.Instrument)).String()})
			}
		}
	}
	same := slices.EqualFunc(got, want, func(g, w []string) bool {
		return len(w) == 3 && g[0] == w[0] && q.vector.close(decimal.RequireFromString(g[1]), decimal.RequireFromString(w[1])) &&
			q.vector.close(decimal.RequireFromString(g[2]), decimal.RequireFromString(w[2]))
	})
	if !same {
		q.failf("lots: got %v, want %v", got, want)
	}
}

// cashFacts checks the cash by currency or account, and what was put in.
func (q *question) cashFacts() error {
	cash, whole := q.cash(q.until), decimal.Zero
	by := map[string]decimal.Decimal{}
	for key, amount := range cash {
		by[key[1]] = by[key[1]].Add(amount)
		based, err := q.convert(amount, key[1], q.currency, q.until)
		if err != nil {
			return err
		}
		by["account "+key[0]], whole = by["account "+key[0]].Add(based), whole.Add(based)
	}
	var want map[string]decimal.Decimal
	if q.want("cash", &want) {
		for _, key := range slices.Sorted(maps.Keys(want)) {
			got, is := by["account "+key]
			if !is {
				got = by[key]
			}
			if !q.vector.close(got, want[key]) {
				q.failf("cash of %s: got %s, want %s", key, got, want[key])
			}
		}
	}
	q.amount("cash_total", whole)
	put := decimal.Zero
	for _, i := range q.about("", q.after, q.until) {
		if t := q.transactions[i]; t.Kind == broker.Deposit || t.Kind == broker.Withdrawal {
			amount, err := q.convert(t.Amount, t.Currency, q.currency, t.Day)
			if err != nil {
				return err
			}
			put = put.Add(amount)
		}
	}
	q.amount("net_contribution", put)
	q.amount("net_contribution_change", put)
	return nil
}

// ghostfolio checks average costs without fees, gains without dividends, and gains over the money that was in on average.
// Plain figures are all at the rate of the last day; those with_fx have purchases and sales at the rates of theirs.
func (q *question) ghostfolio() error {
	c := convention{method: user.Average, across: true, feesApart: true}
	_, value, err := q.holdings(q.security, q.currency, q.until, q.transactions)
	if err != nil {
		return err
	}
	sum := q.totals(c, q.transactions)
	q.amount("quantity", sum.quantity)
	if average := decimal.Zero; q.expects("average_price") {
		if !sum.quantity.IsZero() {
			average = sum.local.DivRound(sum.quantity.Mul(q.multiplier(q.security)), 24)
		}
		q.amount("average_price", average)
	}
	for _, suffix := range []string{"_with_fx", ""} {
		one := *q
		if one.plain = suffix == ""; one.plain {
			sum = one.totals(c, q.transactions)
		}
		gross, invested := sum.realised.Add(value).Sub(sum.cost), one.invested(c)
		q.amount("value"+suffix, value)
		q.amount("investment"+suffix, sum.cost)
		q.amount("fees"+suffix, sum.fees)
		q.amount("gross_pnl"+suffix, gross)
		q.amount("net_pnl"+suffix, gross.Sub(sum.fees))
		q.amount("time_weighted_investment"+suffix, invested)
		if !invested.IsZero() {
			q.ratio("roai_gross"+suffix, gross.DivRound(invested, 24))
			q.ratio("roai_net"+suffix, gross.Sub(sum.fees).DivRound(invested, 24))
		}
	}
	return q.cashFacts()
}

// invested is the mean cost of what was held, over the days on which something was; on the first day that day's.
func (q *question) invested(c convention) decimal.Decimal {
	sum, days := decimal.Zero, int64(0)
	first := q.until
	for _, i := range q.about(q.security, calendar.Day{}, q.until) {
		if q.transactions[i].Day.Before(first) {
			first = q.transactions[i].Day
		}
	}
	one := *q
	one.rateDay = q.until
	for day := first; day.Before(q.until); day = day.AddDays(1) {
		one.until = day
		if cost := one.totals(c, q.transactions).cost; !cost.IsZero() {
			sum, days = sum.Add(cost), days+1
		}
	}
	if days == 0 {
		return q.totals(c, q.transactions).cost
	}
	return sum.DivRound(decimal.NewFromInt(days), 24)
}

// quotient checks a fact that is a number in a string.
func (r *result) quotient(fact string, got returns.Figure) {
	if !r.expects(fact) {
		return
	}
	if !got.Known() {
		r.want(fact, new(any))
		r.failf("%s: got %s", fact, describe(got))
		return
	}
	r.ratio(fact, decimal.NewFromFloat(got.Value))
}

// ratio checks a number that is no money, for which a vector may allow more.
func (r *result) ratio(fact string, got decimal.Decimal) {
	var want decimal.Decimal
	if r.want(fact, &want) && got.Sub(want).Abs().InexactFloat64() > r.vector.tolerance(want.InexactFloat64()) {
		r.failf("%s: got %s, want %s", fact, got, want)
	}
}

// cutOff checks a number of which the source shows the first digits and drops the rest: 5.0648 is 5.064.
func (r *result) cutOff(fact string, got returns.Figure) {
	var want decimal.Decimal
	if json.Unmarshal(r.expected[fact], &want) == nil && got.Known() {
		if shown := decimal.NewFromFloat(got.Value).Truncate(max(0, -want.Exponent())); shown.Equal(want) {
			got.Value = want.InexactFloat64()
		}
	}
	r.quotient(fact, got)
}
