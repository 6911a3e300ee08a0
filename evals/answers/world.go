package answers

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// view is the world as one person has to do with it.
type view struct {
	*sim.World
	seed     uint64
	accounts [][2]string // customers and environments
}

// reading is a figure of the world that an answer has to have, with the way by which it can be read.
type reading struct {
	value   decimal.Decimal
	unit    string // USD, % or what is counted
	subject string // the symbol that it is of; empty for all of the portfolio
	calls   []sim.ScriptedCall
	path    string   // of the figure, or an expression of two; a is the first call's result
	says    string   // a sentence with %s for the figure
	wrong   []string // sentences that say it of another holding or company
	others  []string // sentences that say that it is another figure of the same
	lapsed  []string // sentences that say it of another time
	forms   []string // in which people write it
	old     decimal.NullDecimal
	unsaid  bool // the sign is in the words
}

// The ways in which people write what is what.
var (
	moneyForms        = []string{"money", "code", "whole", "about", "money"}
	priceForms        = []string{"money", "code"}
	percentForms      = []string{"percent", "percents", "aboutpercent", "percent"}
	exactPercentForms = []string{"percent", "percents"} // where a rounded one may be the change in dollars
	largeForms        = []string{"compact", "money", "compact"}
	countForms        = []string{"plain"}
)

// read works out an expression such as value(AAPL) or less(price(KO), average(KO)).
func (w *view) read(expression string) (reading, error) {
	name, args, err := parse(expression)
	if err != nil {
		return reading{}, err
	}
	if two, ok := joined[name]; ok && len(args) == 2 {
		x, err := w.read(args[0])
		if err != nil {
			return x, err
		}
		y, err := w.read(args[1])
		if err != nil {
			return y, err
		}
		return join(two, x, y), nil
	}
	for _, some := range []map[string]func(*view, []string) (reading, error){portfolioReadings, ledgerReadings, marketReadings, companyReadings} {
		if f, ok := some[name]; ok {
			return f(w, args)
		}
	}
	return reading{}, fmt.Errorf("there is no reading %s", name)
}

// parse parts a call from its arguments.
func parse(expression string) (name string, args []string, err error) {
	name, rest, ok := strings.Cut(expression, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return "", nil, fmt.Errorf("%q is no call", expression)
	}
	depth, from := 0, 0
	rest = rest[:len(rest)-1]
	for i, c := range rest {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				args, from = append(args, strings.TrimSpace(rest[from:i])), i+1
			}
		}
	}
	if rest != "" {
		args = append(args, strings.TrimSpace(rest[from:]))
	}
	return strings.TrimSpace(name), args, nil
}

// operation joins two readings.
type operation struct {
	operator string
	words    string // of what the two are called
	percent  bool
	of       func(x, y decimal.Decimal) decimal.Decimal
}

var joined = map[string]operation{
	"plus": {" + ", "Together that is %s", false, decimal.Decimal.Add},
	"less": {" - ", "The difference is %s", false, decimal.Decimal.Sub},
	"part": {" / ", "As a share of that it is %s", true, func(x, y decimal.Decimal) decimal.Decimal { return x.Shift(2).DivRound(y, 10) }},
}

// join is a figure that follows from two. The calls of the second come after those of the first.
func join(o operation, x, y reading) reading {
	r := reading{value: o.of(x.value, y.value), unit: x.unit, says: o.words, forms: x.forms, calls: append(append([]sim.ScriptedCall{}, x.calls...), y.calls...)}
	r.path = x.path + o.operator + shift(y.path, len(x.calls))
	r.unsaid = o.operator == " - " // a difference has no sign until it is said of what
	if o.percent {
		r.unit, r.forms = "%", percentForms
	}
	return r
}

// call is a call of a tool.
func call(tool, input string, values ...any) []sim.ScriptedCall {
	return []sim.ScriptedCall{{Tool: tool, Input: fmt.Sprintf(input, values...)}}
}

func day(text string) (calendar.Day, error) { return calendar.ParseDay(text) }

// activities are what happened in the person's accounts.
func (w *view) activities() []sim.Activity {
	var all []sim.Activity
	for _, a := range w.accounts {
		all = append(all, w.Activities(a[0], a[1])...)
	}
	return all
}

// position is what the person holds of a symbol, or of all.
type position struct{ quantity, cost, value, before decimal.Decimal }

func (w *view) position(symbol string) position {
	var p position
	for _, a := range w.accounts {
		for _, held := range w.Positions(a[0], a[1]) {
			if symbol != "" && held.Instrument.Symbol != symbol {
				continue
			}
			p.quantity, p.cost = p.quantity.Add(held.Quantity), p.cost.Add(held.CostBasis)
			p.value, p.before = p.value.Add(held.MarketValue), p.before.Add(held.Quantity.Mul(held.PreviousClose))
		}
	}
	return p
}

func (w *view) cash() decimal.Decimal {
	sum := decimal.Zero
	for _, a := range w.accounts {
		sum = sum.Add(w.Cash(a[0], a[1]))
	}
	return sum
}

// at is the same world at another time.
func (w *view) at(t time.Time) *view {
	return &view{World: sim.New(w.seed, func() time.Time { return t }), seed: w.seed, accounts: w.accounts}
}

// equity is what everything was worth.
func (w *view) equity() decimal.Decimal { return w.cash().Add(w.position("").value) }

// other is a symbol that the person holds, too.
func (w *view) other(symbol string) string {
	for _, a := range w.accounts {
		for _, held := range w.Positions(a[0], a[1]) {
			if s := held.Instrument.Symbol; s != symbol && held.Instrument.Kind == sim.Equity && held.Quantity.IsPositive() {
				return s
			}
		}
	}
	return "GOOGL"
}

func percentOf(part, whole decimal.Decimal) decimal.Decimal {
	return part.Shift(2).DivRound(whole.Abs(), 10)
}
