package answers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// ledgerReadings are what came, went and was earned.
var ledgerReadings = readings{
	"dividendsIn":   flowIn("dividend", "Your dividends of %[1]s come to %%s", sim.ActivityDividend),
	"depositsIn":    flowIn("deposit", "Your deposits of %[1]s come to %%s", sim.ActivityDeposit),
	"withdrawalsIn": flowIn("withdrawal", "Your withdrawals of %[1]s come to %%s", sim.ActivityWithdrawal),
	"dividendsOf":   dividendsOf,
	"buysIn":        buysIn,
	"realizedIn":    gains("realized", "Your realized gain of %[1]s is %%s", func(w *view, year int) decimal.Decimal { return w.realized("", year) }),
	"grossIn":       gains("dividends", "Your dividends of %[1]s before tax come to %%s", func(w *view, year int) decimal.Decimal { return w.sum(sim.ActivityDividend, "", year) }),
	"taxesIn":       gains("taxes", "The taxes withheld in %[1]s come to %%s", func(w *view, year int) decimal.Decimal { return w.sum(sim.ActivityWithheld, "", year).Neg() }),
	"feesIn":        gains("fees", "Your fees of %[1]s come to %%s", func(w *view, year int) decimal.Decimal { return w.sum(sim.ActivityFee, "", year).Neg() }),
	"interestIn":    gains("interest", "Your interest of %[1]s comes to %%s", func(w *view, year int) decimal.Decimal { return w.sum(sim.ActivityInterest, "", year) }),
	"realizedOf":    realizedOf,
	"return":        returned,
	"earned":        earned,
	"drawdown":      drawdown,
	"benchmark":     benchmark,
}

// sum is what the activities of a type changed cash by; of all symbols and years where those are empty.
func (w *view) sum(kind sim.ActivityType, symbol string, year int) decimal.Decimal {
	sum := decimal.Zero
	for _, a := range w.activities() {
		if a.Type == kind && (symbol == "" || a.Symbol == symbol) && (year == 0 || yearOf(a) == year) {
			sum = sum.Add(a.NetAmount)
		}
	}
	return sum
}

func yearOf(a sim.Activity) int {
	if a.Day != (calendar.Day{}) {
		return a.Day.Year
	}
	return calendar.DayOf(a.Time).Year
}

// flowIn is what one kind of transaction came to in a year.
func flowIn(kind, says string, of sim.ActivityType) func(*view, []string) (reading, error) {
	return func(w *view, args []string) (reading, error) {
		year, err := strconv.Atoi(args[0])
		return reading{
			value: w.sum(of, "", year), unit: "USD", path: "a.totals[0].amount", forms: moneyForms, unsaid: true,
			calls: call("get_transactions", `{"kinds":[%q],"first":"%d-01-01","last":"%d-12-31"}`, kind, year, year), says: fmt.Sprintf(says, args[0]),
			lapsed: []string{fmt.Sprintf(says, strconv.Itoa(year-1))}, old: decimal.NewNullDecimal(w.sum(of, "", year-1).Add(decimal.New(1737, -2))),
		}, err
	}
}

func dividendsOf(w *view, args []string) (reading, error) {
	says := "The dividends that you received from %s since you began come to %%s"
	return reading{
		value: w.sum(sim.ActivityDividend, args[0], 0), unit: "USD", subject: args[0], path: "a.dividendsBase", forms: moneyForms, calls: call("get_holding", `{"symbol":%q}`, args[0]),
		says: fmt.Sprintf(says, args[0]), wrong: []string{fmt.Sprintf(says, w.other(args[0]))},
	}, nil
}

func buysIn(w *view, args []string) (reading, error) {
	year, err := strconv.Atoi(args[0])
	n := 0
	for _, a := range w.activities() {
		if a.Type == sim.ActivityFill && a.Quantity.IsPositive() && yearOf(a) == year {
			n++
		}
	}
	says := "You made %%s purchases in %s"
	return reading{
		value: decimal.NewFromInt(int64(n)), unit: "transactions", path: "a.totals[0].count", forms: countForms, says: fmt.Sprintf(says, args[0]),
		calls: call("get_transactions", `{"kinds":["buy"],"first":"%d-01-01","last":"%d-12-31"}`, year, year), lapsed: []string{fmt.Sprintf(says, strconv.Itoa(year-1))},
	}, err
}

// gains is a figure of a calendar year.
func gains(field, says string, of func(*view, int) decimal.Decimal) func(*view, []string) (reading, error) {
	return func(w *view, args []string) (reading, error) {
		year, err := strconv.Atoi(args[0])
		return reading{
			value: of(w, year), unit: "USD", path: "a." + field, calls: call("get_gains", `{"year":%d}`, year), says: fmt.Sprintf(says, args[0]),
			lapsed: []string{fmt.Sprintf(says, strconv.Itoa(year-1))}, forms: []string{"money", "code"},
		}, err
	}
}

// open is a lot, short where the quantity is negative.
type open struct{ quantity, each decimal.Decimal }

// realized is what sales gained in a year, first in first out, account by account; of all symbols and years where those
// are empty.
func (w *view) realized(symbol string, year int) decimal.Decimal {
	sum := decimal.Zero
	for _, account := range w.accounts {
		lots := map[string][]open{}
		for _, a := range w.Activities(account[0], account[1]) {
			if a.Symbol == "" || symbol != "" && a.Symbol != symbol {
				continue
			}
			switch a.Type {
			case sim.ActivitySplit:
				split(lots[a.Symbol], a.Quantity)
			case sim.ActivityFill:
				gain, rest := consume(lots[a.Symbol], a.Quantity, a.Price)
				lots[a.Symbol] = rest
				if year == 0 || yearOf(a) == year {
					sum = sum.Add(gain)
				}
			}
		}
	}
	return sum
}

// split spreads shares that were given over all lots.
func split(lots []open, given decimal.Decimal) {
	held := decimal.Zero
	for _, l := range lots {
		held = held.Add(l.quantity)
	}
	if held.IsZero() {
		return
	}
	for i, l := range lots {
		after := l.quantity.Mul(held.Add(given)).DivRound(held, 12)
		lots[i] = open{after, l.each.Mul(l.quantity).DivRound(after, 12)}
	}
}

// consume closes lots with a trade and opens one with what is left of it.
func consume(lots []open, quantity, price decimal.Decimal) (gain decimal.Decimal, rest []open) {
	for len(lots) > 0 && lots[0].quantity.Sign() == -quantity.Sign() && !quantity.IsZero() {
		closed := lots[0].quantity
		if closed.Abs().GreaterThan(quantity.Abs()) {
			closed = quantity.Neg()
		}
		gain = gain.Add(price.Sub(lots[0].each).Mul(closed))
		quantity = quantity.Add(closed)
		if lots[0].quantity = lots[0].quantity.Sub(closed); lots[0].quantity.IsZero() {
			lots = lots[1:]
		}
	}
	if !quantity.IsZero() {
		lots = append(slices.Clone(lots), open{quantity, price})
	}
	return gain, lots
}

func realizedOf(w *view, args []string) (reading, error) {
	says := "Your realized gain on %s is %%s"
	return reading{
		value: w.realized(args[0], 0), unit: "USD", subject: args[0], path: "a.realizedBase", forms: moneyForms, calls: call("get_holding", `{"symbol":%q}`, args[0]),
		says: fmt.Sprintf(says, args[0]), wrong: []string{fmt.Sprintf(says, w.other(args[0]))},
	}, nil
}

// since is the last close before a range begins.
func since(ranged string) (from time.Time, words string, err error) {
	now := calendar.DayOf(opening())
	var first calendar.Day
	switch ranged {
	case "YTD":
		first, words = calendar.Day{Year: now.Year - 1, Month: time.December, Day: 31}, "this year"
	case "1M":
		first, words = calendar.DayOf(opening().AddDate(0, -1, 0)), "over the past month"
	case "3M":
		first, words = calendar.DayOf(opening().AddDate(0, -3, 0)), "over the past three months"
	case "6M":
		first, words = calendar.DayOf(opening().AddDate(0, -6, 0)), "over the past six months"
	case "1Y":
		first, words = calendar.DayOf(opening().AddDate(-1, 0, 0)), "over the past year"
	default:
		return from, "", fmt.Errorf("there is no range %s", ranged)
	}
	for !calendar.IsTradingDay(first) {
		first = first.AddDays(-1)
	}
	_, closes, _ := calendar.Session(first)
	return closes, words, nil
}

// otherTime is a sentence's span told as another.
func otherTime(says string, words string) []string {
	return []string{fmt.Sprintf(says, cmp.Or(map[string]string{"this year": "over the past month", "over the past month": "this year"}[words], "this year"))}
}

func ranged(field, unit, says string, forms []string, of func(w *view, from time.Time) decimal.Decimal) func(*view, []string) (reading, error) {
	return func(w *view, args []string) (reading, error) {
		from, words, err := since(args[0])
		if err != nil {
			return reading{}, err
		}
		return reading{
			value: of(w, from), unit: unit, path: "a." + field, calls: call("get_portfolio_performance", `{"range":%q}`, args[0]), says: fmt.Sprintf(says, words), forms: forms,
			lapsed: otherTime(says, words),
		}, nil
	}
}

var (
	// returned is without deposits and withdrawals: there are none in the ranges that are asked for.
	returned = ranged("timeWeighted.value", "%", "Your portfolio returned %%s %[1]s", percentForms, func(w *view, from time.Time) decimal.Decimal {
		before := w.at(from).equity()
		return percentOf(w.equity().Sub(before), before)
	})
	earned = ranged("gain", "USD", "The result of your portfolio %[1]s is %%s", moneyForms, func(w *view, from time.Time) decimal.Decimal {
		return w.equity().Sub(w.at(from).equity())
	})
	drawdown = ranged("risk.maxDrawdown.value", "%", "The largest drawdown of your portfolio was %%s %[1]s", percentForms, func(w *view, from time.Time) decimal.Decimal {
		peak, worst := decimal.Zero, decimal.Zero
		for t := from; t.Before(opening()); t = nextClose(t) {
			peak, worst = fall(w.at(t).equity(), peak, worst)
		}
		_, worst = fall(w.equity(), peak, worst)
		return worst
	})
	benchmark = ranged("benchmark.timeWeighted.value", "%", "The benchmark SPY returned %%s %[1]s", percentForms, func(w *view, from time.Time) decimal.Decimal {
		bars := w.Bars("SPY", calendar.DayOf(from), calendar.DayOf(opening()))
		return percentOf(bars[len(bars)-1].AdjustedClose.Sub(bars[0].AdjustedClose), bars[0].AdjustedClose)
	})
)

func nextClose(t time.Time) time.Time {
	d := calendar.DayOf(t).AddDays(1)
	for !calendar.IsTradingDay(d) {
		d = d.AddDays(1)
	}
	_, closes, _ := calendar.Session(d)
	return closes
}

func fall(value, peak, worst decimal.Decimal) (higher, deeper decimal.Decimal) {
	if value.GreaterThan(peak) {
		return value, worst
	}
	return peak, decimal.Min(worst, percentOf(value.Sub(peak), peak))
}
