package understanding_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/understanding"
)

func TestAQuestionGoesOnFromTheOnesBeforeIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	s := &understanding.Service{
		Companies: (&list{made: now, companies: []filings.Company{
			{Ticker: "AAPL", Name: "Apple Inc."}, {Ticker: "MSFT", Name: "Microsoft Corp"}, {Ticker: "NVDA", Name: "NVIDIA Corp"}, {Ticker: "KO", Name: "Coca Cola Co"},
		}}).get,
		Holdings: holdings(portfolio.Holding{Symbol: "AAPL", Name: "Apple Inc."}), Now: func() time.Time { return now },
	}
	const position = "How much is my Apple position worth?"
	for _, c := range []struct {
		earlier        []string
		question, want string // empty where it stands by itself
	}{
		{[]string{position}, "And Microsoft?", "How much is my Microsoft position worth?"},
		{[]string{position}, "what about MSFT", "How much is my MSFT position worth?"},
		{[]string{position, "and Microsoft?"}, "and Nvidia?", "How much is my Nvidia position worth?"},
		{[]string{position, "Thanks!"}, "And Microsoft?", "How much is my Microsoft position worth?"},
		{[]string{"What's Apple's revenue in 2023?"}, "and in 2024?", "What's Apple's revenue in 2024?"},
		{[]string{"What's Apple's revenue in 2023?"}, "And Microsoft's?", "What's Microsoft's revenue in 2023?"},
		{[]string{"What was Apple's net income in FY2023?"}, "and Coca-Cola in FY2024", "What was Coca-Cola's net income in FY2024?"},
		{[]string{"How did my portfolio do this year?"}, "and last year?", "How did my portfolio do last year?"},
		{[]string{"How did my portfolio do?"}, "and over the past month?", "How did my portfolio do over the past month?"},
		{[]string{"How is my portfolio doing?"}, "And Apple?", "How is my Apple position doing?"},
		{[]string{"Compare Apple and Microsoft"}, "and Nvidia?", "Compare Apple and Nvidia?"},
		{[]string{"What dividends did I get?"}, "from Apple in 2025?", "What dividends did I get in 2025 for Apple?"},
		{nil, "And Microsoft?", ""},
		{[]string{position}, "What is Microsoft's price?", ""},
		{[]string{position}, "How much cash do I have?", ""},
		{[]string{position}, "and the risks?", ""},
		{[]string{position}, "Why?", ""},
		{[]string{position}, "What does Microsoft say about its risks?", ""},
	} {
		in, _, err := s.Read(t.Context(), "somebody", c.question, c.earlier)
		if err != nil {
			t.Fatal(err)
		}
		if in.Question != c.want {
			t.Errorf("%q after %q: got %q, want %q", c.question, c.earlier, in.Question, c.want)
		}
	}
}
