package portfoliotools

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
	"github.com/jaspers-ai/jaspers/internal/reference"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// calls are an input or more for every tool.
var calls = []struct{ name, input string }{
	{"get_portfolio_holdings", `{}`},
	{"get_holding", `{"symbol":"acme"}`}, {"get_holding", `{"symbol":"GONE"}`}, {"get_holding", `{"symbol":"ACME270115C00015000"}`},
	{"get_portfolio_performance", `{}`}, {"get_portfolio_performance", `{"range":"YTD","benchmark":"QQQ"}`},
	{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`},
	{"get_allocation", `{"by":"class"}`}, {"get_allocation", `{"by":"sector"}`}, {"get_allocation", `{"by":"country"}`},
	{"get_allocation", `{"by":"currency"}`}, {"get_allocation", `{"by":"broker"}`}, {"get_allocation", `{"by":"holding"}`},
	{"get_transactions", `{}`}, {"get_transactions", `{"kinds":["dividend"],"groupBy":"symbol"}`},
	{"get_transactions", `{"groupBy":"month","limit":2}`}, {"get_transactions", `{"groupBy":"kind","symbol":"ACME"}`},
	{"get_gains", `{}`}, {"get_gains", `{"year":2026}`}, {"get_gains", `{"year":2025}`},
	{"get_reconciliation", `{}`},
}

var id = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-|123456789|U7654321|SECRET|77777`)

func TestEveryToolTellsWhatIsTheAskersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ann, nobody := w.investor(t), recordingtest.NewPerson(t, d).ID
		w.stranger(t)
		used := map[string]bool{}
		for _, c := range calls {
			used[c.name] = true
			output, call, err := w.use(t, tool.Asker{UserID: ann}, c.name, c.input)
			if err != nil {
				t.Errorf("%s %s: got %v", c.name, c.input, err)
				continue
			}
			if call.Result.Source.Name != "portfolio (north)" || call.Result.Source.AsOf.IsZero() {
				t.Errorf("%s %s: got the source %+v", c.name, c.input, call.Result.Source)
			}
			if found := id.FindString(output); found != "" || len(output) > 9000 {
				t.Errorf("%s %s: got %q in %d bytes: %s", c.name, c.input, found, len(output), output)
			}
			empty, call, err := w.use(t, tool.Asker{UserID: nobody}, c.name, c.input)
			if strings.Contains(empty, "ACME") && !strings.Contains(c.input, "ACME") || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s %s: got %s, %v for somebody who has nothing", c.name, c.input, empty, err)
			}
			if err == nil && slices.ContainsFunc(call.Figures.All(), func(f reference.Figure) bool { return f.Unit == "USD" && !f.Amount.IsZero() }) {
				t.Errorf("%s %s: got %s of nothing", c.name, c.input, empty)
			}
		}
		for _, one := range All(w.Services) {
			if !used[one.Name] || len(one.Description) > 400 {
				t.Errorf("%s is used in no test, or told in %d characters", one.Name, len(one.Description))
			}
		}
	})
}

func TestFiguresAreTheServicesOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ann := w.investor(t)
		did, _, err := w.Performance.Performance(t.Context(), ann, performance.Query{From: calendar.Day{Year: 2026, Month: 5, Day: 31}, To: calendar.Day{Year: 2026, Month: 6, Day: 30}})
		if err != nil {
			t.Fatal(err)
		}
		parts, _, err := w.Breakdown.Of(t.Context(), ann, breakdown.AssetClass)
		if err != nil {
			t.Fatal(err)
		}
		float := func(x *float64) string { return decimal.NewFromFloat(*x).String() }
		for _, c := range []struct{ name, input, path, want, unit string }{
			{"get_portfolio_holdings", `{}`, "holdings[ACME].quantity", "636", "shares"},
			{"get_portfolio_holdings", `{}`, "holdings[ACME].price", "13.23", "USD/shares"},
			{"get_portfolio_holdings", `{}`, "holdings[ACME270115C00015000].quantity", "2", "contracts"},
			{"get_portfolio_holdings", `{}`, "holdings[ACME270115C00015000].price", "1.51", "USD/shares"},
			{"get_portfolio_holdings", `{}`, "holdings[ACME270115C00015000].sources[0].quantity", "2", "contracts"},
			// 433 of the first 761 were sold: 328 at 10.63 and 307 at 12.17 are left, of 636 by the brokerage.
			{"get_holding", `{"symbol":"ACME"}`, "holding.quantity", "636", "shares"},
			{"get_holding", `{"symbol":"ACME"}`, "accounts[0].reported", "636", "shares"},
			{"get_holding", `{"symbol":"ACME"}`, "lots[0].quantity", "328", "shares"},
			{"get_holding", `{"symbol":"ACME"}`, "lots[1].costBasis", "3736.19", "USD"},
			{"get_holding", `{"symbol":"ACME"}`, "realizedBase", "848.68", "USD"},  // 433 · (12.59 − 10.63)
			{"get_holding", `{"symbol":"ACME"}`, "dividendsBase", "425.68", "USD"}, // before tax
			{"get_holding", `{"symbol":"GONE"}`, "realized", "67.52", "USD"},       // 211 · 0.32
			{"get_holding", `{"symbol":"ACME270115C00015000"}`, "lots[0].gain", "28", "USD"},
			{"get_holding", `{"symbol":"ACME270115C00015000"}`, "lots[0].quantity", "2", "contracts"},
			{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`, "closing", did.Drivers.Closing.String(), "USD"},
			{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`, "income", "201.3", "USD"},
			{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`, "timeWeighted.value", float(did.TimeWeighted.Value), "%"},
			{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`, "risk.maxDrawdown.value", float(did.Risk.MaxDrawdown.Value), "%"},
			{"get_portfolio_performance", `{"first":"2026-06-01","last":"2026-06-30"}`, "benchmark.timeWeighted.value", float(did.Benchmark.TimeWeighted.Value), "%"},
			{"get_allocation", `{"by":"class"}`, "slices[cash].value", parts.Cash.String(), "USD"},
			{"get_allocation", `{"by":"class"}`, "totalValue", parts.TotalValue.String(), "USD"},
			{"get_allocation", `{"by":"holding"}`, "slices[ACME].value", "8414.28", "USD"},
			{"get_transactions", `{"kinds":["dividend"],"limit":1}`, "totals[0].amount", "412.53", "USD"},
			{"get_transactions", `{"kinds":["dividend"],"limit":1}`, "totals[0].tax", "61.08", "USD"},
			{"get_transactions", `{"kinds":["dividend"],"limit":1}`, "matching", "3", "transactions"},
			{"get_transactions", `{"kinds":["dividend"],"groupBy":"symbol"}`, "groups[ACME].amount", "364.6", "USD"},
			{"get_transactions", `{"kinds":["buy"],"limit":1}`, "transactions[0].quantity", "2", "contracts"},
			{"get_gains", `{"year":2026}`, "realized", "916.2", "USD"},
			{"get_gains", `{"year":2026}`, "dividends", "473.61", "USD"},
			{"get_gains", `{}`, "total", "1305.16", "USD"}, // 916.20 + 473.61 − 23.57 − 61.08
			{"get_gains", `{"year":2025}`, "total", "0", "USD"},
			{"get_reconciliation", `{}`, "breaks[0].difference", "1", "shares"},
		} {
			output, call, err := w.use(t, tool.Asker{UserID: ann}, c.name, c.input)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := call.Figures.Find(c.path); err != nil || f.Amount.String() != c.want || f.Unit != calculate.Unit(c.unit) {
				t.Errorf("%s %s: got %s %s at %s, %v, want %s %s in %s", c.name, c.input, f.Amount, f.Unit, c.path, err, c.want, c.unit, output)
			}
		}
	})
}

func TestAnotherBenchmarkIsComparedWith(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ann := w.investor(t)
		for benchmark, want := range map[string]string{"qqq": `"benchmark":{"symbol":"QQQ"`, "": `"benchmark":{"symbol":"SPY"`} {
			output, _, err := w.use(t, tool.Asker{UserID: ann}, "get_portfolio_performance", `{"range":"1M","benchmark":"`+benchmark+`"}`)
			if benchmark == "" {
				output, _, err = w.use(t, tool.Asker{UserID: ann}, "get_portfolio_performance", `{"range":"1M"}`)
			}
			if err != nil || !strings.Contains(output, want) {
				t.Errorf("got %s, %v, want %s", output, err, want)
			}
		}
	})
}

// A figure that is some of the person's money or how much they hold must stand nowhere in what they do not show.
func TestWhatIsNotShownStandsInNoResult(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ann := w.investor(t)
		secret := map[string]bool{}
		for _, c := range calls {
			_, call, err := w.use(t, tool.Asker{UserID: ann}, c.name, c.input)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range call.Figures.All() {
				if f.Unit == "USD" || f.Unit == "shares" || f.Unit == "contracts" {
					secret[f.Amount.Abs().String()] = len(f.Amount.String()) > 2
				}
			}
		}
		refused := map[user.Amounts][]string{
			user.Relative: {"get_gains"},
			user.None:     {"get_gains", "get_portfolio_performance", "get_transactions", "get_reconciliation"},
		}
		number := regexp.MustCompile(`\d+(\.\d+)?`)
		for _, choice := range []user.Amounts{user.Relative, user.None} {
			choose(t, d, ann, choice)
			for _, c := range calls {
				output, call, err := w.use(t, tool.Asker{UserID: ann}, c.name, c.input)
				if slices.Contains(refused[choice], c.name) {
					if !fault.Is(err, fault.Forbidden) || !strings.Contains(output, "settings") {
						t.Errorf("%s %s %s: got %s, want it refused with how to change it", choice, c.name, c.input, output)
					}
					continue
				}
				if strings.Contains(c.input, "GONE") {
					if !fault.Is(err, fault.NotFound) {
						t.Errorf("%s: got %s of what was sold", choice, output)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s %s %s: got %v", choice, c.name, c.input, err)
					continue
				}
				text, _ := json.Marshal(call.Result.Data)
				for _, n := range number.FindAllString(string(text), -1) {
					if secret[n] {
						t.Errorf("%s %s %s: got %s in %s", choice, c.name, c.input, n, text)
					}
				}
				for _, f := range call.Figures.All() {
					if u := f.Unit; u.Currency() != "" && !strings.Contains(string(u), "/") || u == "shares" || u == "contracts" || choice == user.None && u == "%" {
						t.Errorf("%s %s %s: got %s %s at %s", choice, c.name, c.input, f.Amount, u, f.Path)
					}
				}
				if !strings.Contains(output, "settings") || strings.Contains(output, "…6789") {
					t.Errorf("%s %s: got %s, want no account and where to change it", choice, c.name, output)
				}
			}
			if output, _, err := w.use(t, tool.Asker{UserID: ann, Local: true}, "get_gains", `{}`); err != nil || !strings.Contains(output, "916.2") {
				t.Errorf("%s: got %s, %v, want all of it where nothing leaves the server", choice, output, err)
			}
		}
	})
}

func TestWrongInputsAreInvalidAndNamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ann := w.investor(t)
		for _, c := range []struct{ name, input, field string }{
			{"get_holding", `{}`, "input"}, {"get_holding", `{"symbol":"' or 1=1"}`, "input"}, {"get_holding", `{"symbol":"ACME","userId":"x"}`, "input"},
			{"get_portfolio_performance", `{"range":"5Y"}`, "input"}, {"get_portfolio_performance", `{"range":"1M","first":"2026-06-01"}`, "range"},
			{"get_portfolio_performance", `{"first":"2026-06-02","last":"2026-06-01"}`, "last"}, {"get_portfolio_performance", `{"last":"2020-06-01"}`, "last"},
			{"get_portfolio_performance", `{"first":"2027-06-01"}`, "first"}, {"get_portfolio_performance", `{"first":"2026-02-30"}`, "input"},
			{"get_allocation", `{}`, "input"}, {"get_allocation", `{"by":"colour"}`, "input"},
			{"get_transactions", `{"kinds":["gift"]}`, "input"}, {"get_transactions", `{"limit":0}`, "input"}, {"get_transactions", `{"groupBy":"day"}`, "input"},
			{"get_transactions", `{"first":"2026-06-02","last":"2026-06-01"}`, "last"},
			{"get_gains", `{"year":26}`, "input"}, {"get_gains", `{"year":"2026"}`, "input"}, {"get_reconciliation", `{"account":"1"}`, "input"},
		} {
			_, _, err := w.use(t, tool.Asker{UserID: ann}, c.name, c.input)
			if f := fault.From(err); err == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != c.field {
				t.Errorf("%s %s: got %v, want %s invalid", c.name, c.input, err, c.field)
			}
		}
		if _, _, err := w.use(t, tool.Asker{UserID: ann}, "get_holding", `{"symbol":"SECRET"}`); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v of what is not held", err)
		}
	})
}
