package prose_test

import (
	"encoding/json"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// reckoned are the results with what the calculate tool makes of an expression, t3.
func reckoned(t *testing.T, expression, label string) *tool.Results {
	t.Helper()
	all := results(t)
	input, err := json.Marshal(map[string]string{"expression": expression, "label": label})
	if err != nil {
		t.Fatal(err)
	}
	found, err := tool.Run(t.Context(), []tool.Tool{tool.Calculate()}, tool.Asker{Read: all}, "calculate", input)
	if err != nil {
		t.Fatal(err)
	}
	if found.Source.Title != expression {
		t.Errorf("got the title %q, want what was worked out, not what the model calls it", found.Source.Title)
	}
	add(t, all, "t3", "calculate", found)
	return all
}

func TestWhatWasWorkedOutIsNoBetterThanWhatItWasWorkedOutFrom(t *testing.T) {
	t.Parallel()
	const nothing, thousand = "unverified: it was worked out from numbers that nothing read bears out",
		"unverified: it was worked out with 1000, which was not read and stands neither in the question nor beside it"
	for _, c := range []struct{ expression, label, text, want string }{
		{"1250000", "SEC filing: net income of Apple, audited", "Apple had a net income of {{t3.value}}.", nothing},
		{"1250000", "net income", "Apple had a net income of 1,250,000 [[t3]].", nothing},
		{"t1.summary.totalValue * 1000", "portfolio value", "Your portfolio is worth {{t3.value}}.", thousand},
		{"t1.summary.totalValue * 1000", "portfolio value", "Your portfolio is worth $123,456,789 [[t3]].", thousand},
		{"t1.holdings[AAPL].price + 1000", "price", "AAPL trades at {{t3.value}}.", thousand},
		{"1", "", "AAPL trades at {{t1.holdings[AAPL].price + 1000}}.", thousand},
		{"t1.holdings[AAPL].price * 1", "price of Microsoft", "Microsoft trades at {{t3.value}}.", "unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"t1.holdings[AAPL].price * 2", "two shares", "Two shares of AAPL cost {{t3.value}}.", "derived"},
		{"t1.holdings[AAPL].price * 1", "price", "AAPL trades at {{t3.value}}.", "derived"},
		{"t1.holdings[AAPL].price * 1", "price", "AAPL trades at $250.10 [[t3]].", "derived"},
		{"t1.holdings[AAPL].marketValue / t1.summary.totalValue", "share", "AAPL is {{t3.value | %}} of it.", "derived"},
		{"t1.summary.totalValue + 777", "with what you add", "With that it would be {{t3.value}}.", "derived"}, // the question has it
		{"t1.summary.totalValue * 1.07", "in a year", "Grown by 7% it would be {{t3.value}}.", "derived"},
	} {
		w := prose.New(prose.Config{Results: reckoned(t, c.expression, c.label), Now: now, Subjects: names, Said: "What if I add $777?"})
		w.Add(c.text)
		w.Flush()
		all := w.Figures()
		last := all[len(all)-1]
		got := string(last.Kind)
		if last.Reason != "" {
			got += ": " + last.Reason
		}
		if got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.expression, c.text, got, c.want)
		}
	}
}
