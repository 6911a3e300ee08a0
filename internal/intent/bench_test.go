package intent_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// allListed are the companies of the SEC's list, some 10,000.
func allListed(tb testing.TB) []intent.Company {
	tb.Helper()
	raw, err := os.ReadFile(sharedtest.Dir(tb, "evals/universe/company_tickers_exchange.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var list struct{ Data [][]any }
	if err := json.Unmarshal(raw, &list); err != nil {
		tb.Fatal(err)
	}
	var out []intent.Company
	for _, row := range list.Data {
		out = append(out, intent.Company{Name: row[1].(string), Symbol: row[2].(string)})
	}
	return out
}

func BenchmarkParseAmongAllListed(b *testing.B) {
	u := intent.NewUniverse(allListed(b))
	today := intent.Context{Today: calendar.Day{Year: 2026, Month: 3, Day: 18}, Held: []string{"AAPL", "NOW", "KO"}}
	for name, query := range map[string]string{
		"short":      "aapl",
		"usual":      "How did my tech stocks do this week, and what does Apple say about its risks?",
		"misspelled": "micorsoft vs gogle vs amazn last yr",
		"long": "Answer the following question as if you are an equity research analyst and have lost internet connection so you do not have access to financial " +
			"metric providers. According to the details clearly outlined within the P&L statement and the statement of cash flows, what is the FY2015 depreciation " +
			"and amortization (D&A from cash flow statement) % margin for AMD?",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u.Parse(query, today)
			}
		})
	}
}

func BenchmarkNewUniverseOfAllListed(b *testing.B) {
	companies := allListed(b)
	b.ReportAllocs()
	for b.Loop() {
		intent.NewUniverse(companies)
	}
}
