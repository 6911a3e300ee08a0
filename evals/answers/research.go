package answers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// marketReadings are of the market.
var marketReadings = readings{
	"price":         quote("price", "USD", "The price of %[1]s is %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.Price }),
	"change":        quote("change", "USD", "The change of %[1]s today is %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.Change }),
	"changePercent": quote("changePercent", "%", "The change of %[1]s today is %%s", exactPercentForms, func(q sim.Quote) decimal.Decimal { return q.ChangePercent }),
	"previous":      quote("previousClose", "USD", "The previous close of %[1]s was %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.PreviousClose }),
	"open":          quote("open", "USD", "%[1]s opened at %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.Open }),
	"high":          quote("dayHigh", "USD", "The high of the day of %[1]s is %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.High }),
	"low":           quote("dayLow", "USD", "The low of the day of %[1]s is %%s", priceForms, func(q sim.Quote) decimal.Decimal { return q.Low }),
	"close":         closeOn,
	"moved":         moved,
	"highest":       highest,
}

func quote(field, unit, says string, forms []string, of func(sim.Quote) decimal.Decimal) func(*view, []string) (reading, error) {
	return func(w *view, args []string) (reading, error) {
		q, ok := w.Quote(args[0])
		if !ok {
			return reading{}, fmt.Errorf("nothing is quoted of %s", args[0])
		}
		then, _ := w.QuoteAt(args[0], opening().AddDate(0, -6, 0))
		return reading{
			value: of(q), unit: unit, subject: args[0], calls: call("get_stock_quotes", `{"symbols":[%q]}`, args[0]), path: "a.quotes[" + args[0] + "]." + field,
			says: fmt.Sprintf(says, args[0]), wrong: []string{fmt.Sprintf(says, otherCompany(args[0]))}, forms: forms, old: decimal.NewNullDecimal(of(then)),
			lapsed: []string{"On 2 March 2026: " + fmt.Sprintf(says, args[0])},
		}, nil
	}
}

func otherCompany(symbol string) string {
	if symbol == "MSFT" {
		return "AAPL"
	}
	return "MSFT"
}

// past is the price of a symbol on some days, with the sentence about it.
func past(w *view, args []string, path, says, wrong string, of func([]sim.Bar) decimal.Decimal) (reading, error) {
	first, err := day(args[1])
	if err != nil {
		return reading{}, err
	}
	last, err := day(args[len(args)-1])
	if err != nil {
		return reading{}, err
	}
	bars := w.Bars(args[0], first, last)
	if len(bars) == 0 {
		return reading{}, fmt.Errorf("there are no prices of %s", args[0])
	}
	return reading{
		value: of(bars), unit: "USD", subject: args[0], calls: call("get_price_history", `{"symbols":[%q],"first":%q,"last":%q}`, args[0], first, last),
		path: "a.histories[" + args[0] + "]." + path, says: fmt.Sprintf(says, args[0], spoken(first), spoken(last)), forms: priceForms,
		wrong:  []string{fmt.Sprintf(says, otherCompany(args[0]), spoken(first), spoken(last))},
		lapsed: []string{fmt.Sprintf(wrong, args[0], spoken(first.AddDays(-400)), spoken(last.AddDays(-400)))},
	}, nil
}

// spoken is a day as people write it.
func spoken(d calendar.Day) string { return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year) }

func closeOn(w *view, args []string) (reading, error) {
	const says = "%[1]s closed at %%s on %[2]s"
	return past(w, args, "last.close", says, says, func(bars []sim.Bar) decimal.Decimal { return bars[len(bars)-1].Close })
}

func moved(w *view, args []string) (reading, error) {
	const says = "The price of %[1]s changed by %%s from %[2]s to %[3]s"
	r, err := past(w, args, "changePercent", says, says, func(bars []sim.Bar) decimal.Decimal {
		return percentOf(bars[len(bars)-1].Close.Sub(bars[0].Close), bars[0].Close)
	})
	r.unit, r.forms = "%", exactPercentForms
	return r, err
}

func highest(w *view, args []string) (reading, error) {
	const says = "The highest close of %[1]s from %[2]s to %[3]s was %%s"
	return past(w, args, "highestClose.close", says, says, func(bars []sim.Bar) decimal.Decimal {
		high := decimal.Zero
		for _, b := range bars {
			high = decimal.Max(high, b.Close)
		}
		return high
	})
}

// companyReadings are what companies filed and are.
var companyReadings = withConcepts(readings{"employees": employees, "lastEPS": lastEPS})

// withConcepts adds the readings of filed figures, which are made alike.
func withConcepts(all readings) readings {
	for concept := range concepts {
		all[concept] = func(w *view, args []string) (reading, error) { return filed(w, concept, args[0], args[1]) }
	}
	return all
}

// concepts are the figures that are filed, from a company's books: flows of a span of quarters, or what there was at its end.
var concepts = map[string]struct {
	name  string // for people
	flow  func(books.Flows) int64
	stock func(books.Stocks) int64
}{
	"revenue":                {"revenue", func(f books.Flows) int64 { return f.Revenue }, nil},
	"netIncome":              {"net income", books.Flows.Net, nil},
	"operatingIncome":        {"operating income", books.Flows.Operating, nil},
	"grossProfit":            {"gross profit", books.Flows.Gross, nil},
	"researchAndDevelopment": {"research and development expense", func(f books.Flows) int64 { return f.Research }, nil},
	"operatingCashFlow":      {"operating cash flow", books.Flows.Operated, nil},
	"assets":                 {"total assets", nil, books.Stocks.Assets},
	"equity":                 {"shareholders' equity", nil, func(s books.Stocks) int64 { return s.Equity }},
}

// span is the quarters of a fiscal period, FY2025 or Q3 FY2026, from the first to the last.
func span(period string) (from, to int, err error) {
	n := 0
	if rest, ok := strings.CutPrefix(period, "Q"); ok && len(rest) > 1 {
		n, period = int(rest[0]-'0'), strings.TrimSpace(rest[1:])
	}
	fy, err := strconv.Atoi(strings.TrimPrefix(period, "FY"))
	if n == 0 {
		return books.At(fy, 1), books.At(fy, 4), err
	}
	return books.At(fy, n), books.At(fy, n), err
}

func filed(w *view, concept, symbol, period string) (reading, error) {
	c, ok := w.Filings().Of(symbol)
	from, to, err := span(period)
	if !ok || err != nil {
		return reading{}, fmt.Errorf("%s of %s is not known", period, symbol)
	}
	k, told := concepts[concept], calendar.DayOf(opening())
	amount := func(from, to int) decimal.Decimal {
		if k.flow == nil {
			return books.Millions(k.stock(c.Periods[to].Stocks))
		}
		return books.Millions(k.flow(c.Flow(from, to, told)))
	}
	says := "The %s of %s for %s was %%s"
	year := period[len(period)-4:]
	before := strings.ReplaceAll(period, year, strconv.Itoa(books.FirstYear+from/4-1))
	return reading{
		value: amount(from, to), unit: "USD", subject: symbol, path: "a.facts[0].value", forms: largeForms, calls: call("get_reported_facts", `{"symbol":%q,"concepts":[%q],"periods":[%q]}`, symbol, concept, period),
		says: fmt.Sprintf(says, k.name, symbol, period), wrong: []string{fmt.Sprintf(says, k.name, otherCompany(symbol), period)}, others: []string{fmt.Sprintf(says, "amount of inventories", symbol, period)},
		lapsed: []string{fmt.Sprintf(says, k.name, symbol, before)}, old: decimal.NewNullDecimal(amount(from-4, to-4)),
	}, nil
}

func employees(w *view, args []string) (reading, error) {
	says := "%s has %%s employees"
	for _, in := range w.Instruments() {
		if in.Symbol == args[0] {
			return reading{
				value: decimal.NewFromInt(int64(in.Employees)), unit: "employees", subject: args[0], calls: call("get_company", `{"symbol":%q}`, args[0]), path: "a.employees",
				says: fmt.Sprintf(says, args[0]), wrong: []string{fmt.Sprintf(says, otherCompany(args[0]))}, forms: countForms,
			}, nil
		}
	}
	return reading{}, fmt.Errorf("there is no %s", args[0])
}

// lastEPS is what the last quarter that was told of earned on a share.
func lastEPS(w *view, args []string) (reading, error) {
	c, ok := w.Filings().Of(args[0])
	if !ok {
		return reading{}, fmt.Errorf("%s files nothing", args[0])
	}
	all := c.Quarters(opening())
	says := "%s earned %%s per share in its last reported quarter"
	return reading{
		value: all[0].EPSDiluted, unit: "USD", subject: args[0], calls: call("get_earnings", `{"symbol":%q}`, args[0]), path: "a.quarters[0].epsActual",
		says: fmt.Sprintf(says, args[0]), wrong: []string{fmt.Sprintf(says, otherCompany(args[0]))}, forms: priceForms, old: decimal.NewNullDecimal(all[3].EPSDiluted.Add(decimal.New(11, -2))),
		lapsed: []string{fmt.Sprintf("In 2019 %s earned %%s per share", args[0])},
	}, nil
}

// filing is the newest of a company's filings of a form.
func (w *view) filing(symbol, form string) (*paper.Filing, bool) {
	c, ok := w.Filings().Of(symbol)
	if !ok {
		return nil, false
	}
	for _, f := range c.Until(opening()) {
		if f.Form == form {
			return f, true
		}
	}
	return nil, false
}
