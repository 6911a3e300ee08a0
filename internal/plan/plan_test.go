package plan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/plan"
)

var today = calendar.Day{Year: 2026, Month: time.November, Day: 18}

func day(month time.Month, d int) *calendar.Day {
	return &calendar.Day{Year: 2026, Month: month, Day: d}
}

func mine(topics ...intent.Topic) intent.Brief {
	return intent.Brief{Type: intent.Portfolio, Holdings: true, Topics: topics}
}

func of(b intent.Brief, symbols ...string) intent.Brief {
	b.Symbols = symbols
	return b
}

func during(b intent.Brief, from, to *calendar.Day) intent.Brief {
	b.From, b.To = from, to
	return b
}

func printed(calls []plan.Call) string {
	var all []string
	for _, c := range calls {
		all = append(all, strings.TrimPrefix(c.Tool, "get_")+" "+string(c.Input))
	}
	return strings.Join(all, "\n")
}

func TestAQuestionIsReadForWhatItNeedsAndNothingElse(t *testing.T) {
	t.Parallel()
	market, research := intent.Brief{Type: intent.Market}, intent.Brief{Type: intent.Research}
	tech := mine()
	tech.Sectors = []string{"technology"}
	losers := mine()
	losers.Movers = "losers"
	quarter := of(research, "AAPL")
	quarter.Fiscal = []string{"Q3 2024"}
	filed := of(research, "MSFT")
	filed.Forms = []string{"10-K", "DEF 14A"}
	for _, c := range []struct {
		question string
		about    intent.Brief
		want     string
	}{
		{"what is it worth", mine(intent.Holdings), `portfolio_holdings {}`},
		{"my AAPL and MSFT positions", of(mine(intent.Holdings), "AAPL", "MSFT"), "holding {\"symbol\":\"AAPL\"}\nholding {\"symbol\":\"MSFT\"}"},
		{"if I sold all my AAPL", of(mine(intent.Transactions), "AAPL"), `holding {"symbol":"AAPL"}`},
		{"dividends from KO this year", during(of(mine(intent.Dividends), "KO"), day(1, 1), day(11, 18)), `transactions {"symbol":"KO","kinds":["dividend"],"groupBy":"month","first":"2026-01-01"}`},
		{"dividends in May", during(mine(intent.Dividends), day(5, 1), day(5, 31)), `transactions {"kinds":["dividend"],"groupBy":"symbol","first":"2026-05-01","last":"2026-05-31"}`},
		{"fees this year", during(mine(), day(1, 1), day(12, 31)), `gains {"year":2026}`},
		{"fees in May", during(mine(), day(5, 1), day(5, 31)), `transactions {"kinds":["fee","buy","sell"],"groupBy":"kind","first":"2026-05-01","last":"2026-05-31"}`},
		{"my realized gains", mine(), `gains {}`},
		{"what did I sell", mine(intent.Transactions), `transactions {"kinds":["sell"]}`},
		{"all my transactions", mine(intent.Transactions), `transactions {}`},
		{"should I sell my AAPL", of(mine(intent.Transactions), "AAPL"), `holding {"symbol":"AAPL"}`},
		{"how much in tech", tech, `allocation {"by":"sector"}`},
		{"my allocation", mine(intent.Allocation), "allocation {\"by\":\"class\"}\nallocation {\"by\":\"sector\"}"},
		{"how volatile am I", mine(intent.Risk), `portfolio_performance {"range":"1Y"}`},
		{"my return since inception", mine(intent.Performance), `portfolio_performance {"range":"ALL"}`},
		{"did I beat QQQ in May", during(of(mine(), "QQQ"), day(5, 1), day(5, 31)), `portfolio_performance {"benchmark":"QQQ","first":"2026-05-01","last":"2026-05-31"}`},
		{"my biggest losers", losers, `portfolio_holdings {}`},
		{"my biggest losers", during(losers, day(5, 1), day(5, 31)), `portfolio_performance {"first":"2026-05-01","last":"2026-05-31"}`},
		{"why does it not add up", mine(), `reconciliation {}`},
		{"price of AAPL and VOD.L", of(market, "AAPL", "VOD.L"), `stock_quotes {"symbols":["AAPL","VOD.L"]}`},
		{"AAPL in May", during(of(market, "AAPL"), day(5, 1), day(5, 31)), `price_history {"symbols":["AAPL"],"first":"2026-04-30","last":"2026-05-31"}`},
		{"AAPL this week", during(of(market, "AAPL"), day(11, 16), day(11, 18)), `price_history {"symbols":["AAPL"],"first":"2026-11-13"}`},
		{"news of AAPL", of(intent.Brief{Type: intent.Market, Topics: []intent.Topic{intent.News}}, "AAPL"), `news {"symbol":"AAPL","limit":6}`},
		{"revenue growth of AAPL", quarter, `reported_facts {"symbol":"AAPL","concepts":["revenue"],"periods":["Q3 2024","Q3 2023"]}`},
		{"revenue of AAPL by quarter", of(research, "AAPL"), `reported_facts {"symbol":"AAPL","concepts":["revenue"],"periods":["quarterly"],"years":2}`},
		{"how much debt has AAPL", of(research, "AAPL"), `reported_facts {"symbol":"AAPL","concepts":["longTermDebt","currentDebt"],"periods":["latest"]}`},
		{"net margin of AAPL", of(research, "AAPL"), `reported_facts {"symbol":"AAPL","concepts":["netIncome","revenue"],"periods":["annual"],"years":3}`},
		{"when does AAPL report earnings", of(research, "AAPL"), `earnings {"symbol":"AAPL"}`},
		{"what do they say about tariffs", filed, `search_passages {"symbol":"MSFT","query":"what do they say about tariffs","forms":["10-K"]}`},
		{"the latest of MSFT", filed, `list_filings {"symbol":"MSFT","forms":["10-K","DEF 14A"],"limit":3}`},
		{"which companies mention tariffs", research, `search_filings {"query":"tariffs"}`},
		{"tell me about AAPL", of(research, "AAPL"), `company {"symbol":"AAPL"}`},
		{"what is the price of Zorblax", market, `find_instrument {"query":"Zorblax"}`},
		{"how is the market", market, `stock_quotes {"symbols":["^GSPC","^IXIC","^DJI"]}`},
		{"what is a bear trap", research, ``},
		{"tell me a joke", intent.Brief{Type: intent.Other}, ``},
	} {
		if diff := cmp.Diff(c.want, printed(plan.For(c.about, c.question, today))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.question, diff)
		}
	}
}

func TestWordsOfOtherLanguagesAreReadAsEnglish(t *testing.T) {
	t.Parallel()
	text := plan.TextOf("Welche Gebühren? P/E, S&P 500 heute")
	if !text.Has("p e", "pe") || !text.Has("s p 500") || !text.Has("today") || text.Has("fees") {
		t.Errorf("got %q", text)
	}
	if plan.TextOf("").Has("") {
		t.Error("nothing has a phrase")
	}
}

// drawn is any question and what may have been understood of it.
func drawn(t *rapid.T) (intent.Brief, string) {
	topics := []intent.Topic{
		intent.Dividends, intent.Performance, intent.Risk, intent.Allocation, intent.News, intent.Earnings, intent.Price, intent.Fundamentals, intent.Transactions, intent.Holdings,
		intent.Filings, intent.Cash, intent.Profile,
	}
	words := strings.Fields("my portfolio what is the if I sold half biggest largest loser holding news dividend fee tax interest realized gain bought sector currency volatile beat S&P 500 " +
		"price P/E margin revenue earnings growth quarterly risk factors say about filings 10-K which companies mention Zorblax top 3 best since inception 25% yield cash debt")
	several := func(all []string, name string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(all), 0, 4).Draw(t, name)
	}
	b := intent.Brief{
		Type:    rapid.SampledFrom([]intent.Type{intent.Portfolio, intent.Market, intent.Research, intent.Other}).Draw(t, "type"),
		Symbols: several([]string{"AAPL", "MSFT", "BRK.B", "^GSPC"}, "symbols"), Topics: rapid.SliceOfN(rapid.SampledFrom(topics), 0, 4).Draw(t, "topics"),
		Fiscal: several([]string{"FY2024", "Q3 2024", "FY1"}, "fiscal"), Forms: several([]string{"10-K", "8-K", "DEF 14A"}, "forms"),
		Sectors: several([]string{"technology", "energy"}, "sectors"), Movers: rapid.SampledFrom([]string{"", "gainers", "losers"}).Draw(t, "movers"), Holdings: rapid.Bool().Draw(t, "holdings"),
	}
	if rapid.Bool().Draw(t, "ranged") {
		from := today.AddDays(rapid.IntRange(-4000, 400).Draw(t, "from"))
		to := from.AddDays(rapid.IntRange(0, 800).Draw(t, "days"))
		b.From, b.To = &from, &to
	}
	return b, strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, "words"), " ")
}

func TestAnyQuestionHasFewDifferentCalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, question := drawn(t)
		calls := plan.For(b, question, today)
		seen := map[string]bool{}
		for _, c := range calls {
			if key := c.Tool + string(c.Input); seen[key] || !json.Valid(c.Input) {
				t.Errorf("got %s %s twice, or as no JSON", c.Tool, c.Input)
			} else {
				seen[key] = true
			}
		}
		if len(calls) > 6 || printed(calls) != printed(plan.For(b, question, today)) {
			t.Errorf("got %s", printed(calls))
		}
	})
}
