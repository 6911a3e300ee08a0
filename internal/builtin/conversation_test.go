package builtin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

var (
	referenceForm = regexp.MustCompile(`\{\{([^{}|]+)(?:\|([^{}]*))?\}\}`)
	citationForm  = regexp.MustCompile(`\[\[([^\[\]]+(?:\[\d+\])?)\]\]`)
	quoteForm     = regexp.MustCompile(`“[^”]*”`)
)

type failing interface {
	Helper()
	Errorf(format string, args ...any)
}

// check holds an answer against what it was written from: every figure is a reference that there is, every citation too,
// quotes stand where they are cited from, and no figure is typed.
func (w *world) check(t failing, question string, a answered) {
	t.Helper()
	for _, m := range referenceForm.FindAllStringSubmatch(a.text, -1) {
		_, err := calculate.Evaluate(strings.TrimSpace(m[1]), func(ref string) (calculate.Value, error) {
			_, f, err := a.results.Find(ref)
			return f.Value, err
		})
		if err != nil {
			t.Errorf("%s: %s: %v", question, m[0], err)
		}
	}
	for _, m := range citationForm.FindAllStringSubmatch(a.text, -1) {
		if call, _, ok := a.results.Split(m[1]); !ok || call == nil {
			t.Errorf("%s: %s cites nothing", question, m[0])
		}
	}
	typed := quoteForm.ReplaceAllString(citationForm.ReplaceAllString(referenceForm.ReplaceAllString(a.text, "something"), ""), "something")
	for _, f := range figures.Find(typed) {
		if f.Kind == figures.Amount {
			t.Errorf("%s: the figure %s is typed: %q", question, f.Text, typed[max(0, f.Start-60):min(len(typed), f.End+20)])
		}
	}
	writer := prose.New(prose.Config{Results: a.results, Now: now, Subjects: w.subject, Said: question})
	writer.Add(a.text)
	writer.Flush()
	for _, f := range writer.Figures() {
		if f.Kind == figures.Unverified {
			t.Errorf("%s: %s (%s) is not borne out: %s", question, f.Text, f.Expression, f.Reason)
		}
	}
	for _, c := range writer.Citations() {
		if c.QuoteFound != nil && !*c.QuoteFound {
			t.Errorf("%s: these words do not stand in %s of %s: %q", question, c.Path, c.Title, c.Quote)
		}
	}
	if n := writer.Counts().Invented; n > 0 || strings.Contains(writer.Text(), "{{") || strings.Contains(writer.Text(), "(not known)") {
		t.Errorf("%s: %d citations of nothing: %s", question, n, writer.Text())
	}
}

// conversations are questions with what their answers have to hold.
var conversations = []struct {
	question string
	holds    string // parts of the answer, parted by "; "
}{
	// What is owned.
	{"What is my portfolio worth?", "worth {{t1.summary.totalValue}}; {{t1.summary.cash}} is cash; {{t1.holdings[0].marketValue}}; [[t1]]"},
	{"how much cash do I have", "Your cash: {{t1.summary.cash}}; {{t1.summary.cash / t1.summary.totalValue | %}}"},
	{"What are my top 3 holdings?", "{{t1.holdings[2].allocationPercent}}; there are more"},
	{"How is my portfolio doing today?", "{{t1.summary.dayChange | signed}}; {{t1.summary.dayChangePercent | signed}}"},
	{"wie viel ist mein portfolio wert", "worth {{t1.summary.totalValue}}"},
	{"How many shares of AAPL do I own and what did they cost?", "You hold {{t1.holding.quantity}} of **Apple Inc. (AAPL)**; {{t1.holding.costBasis}}; {{t1.holding.averageCost}}"},
	{"what is my gain on MSFT", "{{t1.holding.unrealizedPnl | signed}}; {{t1.holding.unrealizedPnlPercent | signed}}"},
	{"Do I own Tesla?", "You hold nothing of TSLA"},
	{"do i still hold NVDA", "You hold no NVDA now; {{t1.realizedBase | signed}}"},
	{"Show me my Apple lots: which are long term?", "| 2024-03-04 | long | {{t2.lots[0].quantity}}; {{sum(t2.lots[0].gain) | signed}}; short term"},
	{"How much would I get if I sold half my AAPL?", "{{t1.holding.marketValue / 2}} before fees; {{t1.holding.unrealizedPnl / 2 | signed}}"},
	{"what would i get if i sold 10 shares of Microsoft", "{{t1.holding.marketValue * min(10, t1.holding.quantity) / t1.holding.quantity}}"},
	{"What would I get if I sold 25% of my KO?", "{{t1.holding.marketValue * 25 / 100}}"},
	{"What is my biggest loser today?", "**Microsoft Corp. (MSFT)** with {{t1.holdings[1].dayChangePercent | signed}}"},
	{"my biggest winners overall", "**Apple Inc. (AAPL)** with {{t1.holdings[0].unrealizedPnlPercent | signed}}"},
	{"What were my biggest losers this year?", "NVDA | {{t1.worst[0].gain | signed}}"},
	{"What is my total unrealized gain?", "Unrealized gain or loss: {{t1.summary.unrealizedPnl | signed}}"},
	{"how much am I up on paper", "Unrealized gain or loss: {{t1.summary.unrealizedPnl | signed}}"},
	{"What did my holdings cost me overall?", "Cost of what you hold: {{t1.summary.costBasis}}"},
	{"What have I invested in total?", "Cost of what you hold: {{t1.summary.costBasis}}"},
	{"How much are my Apple and Microsoft positions worth together?", "The value of AAPL and MSFT together: {{t1.holding.marketValue + t2.holding.marketValue}}"},
	{"Which is larger in my portfolio, KO or Apple, and by how much?", "The value of AAPL is larger than that of KO by {{t2.holding.marketValue - t1.holding.marketValue}}"},
	{"what did my AAPL and KO positions cost combined", "The cost of AAPL and KO together: {{t1.holding.costBasis + t2.holding.costBasis}}"},
	{"How far is Coca-Cola's price above what I paid on average?", "Price of KO less its average cost: {{t1.holding.price - t1.holding.averageCost | signed}}"},
	{"How much have I made on KO, dividends included?", "with its dividends: {{t1.holding.unrealizedPnl + t1.dividendsBase | signed}}"},
	{"What's my realized gain on NVDA?", "Realized by sales of NVDA: {{t1.realizedBase | signed}}"},
	{"What did I realize on NVDA in 2026?", "Realized by sales of NVDA, 2026: {{t1.holdings[0].realizedBase | signed}}"},
	{"What was my profit from selling NVDA this year?", "Realized by sales of NVDA, 2026: {{t1.holdings[0].realizedBase | signed}}"},
	{"How much did my Nvidia sale bring me?", "Realized by sales of NVDA: {{t1.realizedBase | signed}}"},
	// How it divides.
	{"Am I diversified?", "By sector; By country; By class; {{sum(t4.slices[1].percent, t4.slices[2].percent, t4.slices[3].percent)}}"},
	{"How much of my portfolio is in tech?", "in the sector **technology**; {{t1.slices[0].percent}}"},
	{"What is my exposure by currency?", "USD | {{t1.slices[0].percent}} | {{t1.slices[0].value}}"},
	{"which countries am I invested in", "By country"},
	{"my asset allocation", "By class; equity | {{t1.slices[0].percent}}"},
	{"break down my holdings by broker", "By broker; {{t1.slices[0].percent}}"},
	// How it did.
	{"How did my portfolio do this year?", "{{t1.timeWeighted.value | signed}}; {{t1.benchmark.timeWeighted.value | signed}}; {{t1.closing}}; 2026-01-01 to 2026-11-18"},
	{"Did I beat the S&P 500 over the past 12 months?", "^GSPC; {{t1.timeWeighted.value - t1.benchmark.timeWeighted.value | signed}}"},
	{"How volatile is my portfolio?", "{{t1.risk.volatility.value}}"},
	{"What is my Sharpe ratio and max drawdown?", "{{t1.risk.sharpe.value | 2}}; {{t1.risk.maxDrawdown.value}}"},
	{"how did i do last month", "{{t1.gain | signed}}; 2026-10-01 to 2026-10-30"},
	{"What's my six month return?", "2026-05-19 to 2026-11-18; {{t1.timeWeighted.value | signed}}"},
	{"How much did I earn over the last 3 months in dollars?", "2026-08-19 to 2026-11-18; Gain or loss: {{t1.gain | signed}}. [["},
	// What came in and went out.
	{"How much did I withdraw in 2026?", "kind withdrawal since 2026-01-01; Withdrawals: {{abs(t1.totals[0].amount)}}"},
	{"How much money have I taken out this year?", "Withdrawals: {{abs(t1.totals[0].amount)}}"},
	{"what did I put in in 2024", "Deposits: {{t1.totals[0].amount}}"},
	{"How much has Coca-Cola paid me in dividends so far?", "Dividends received: {{t1.totals[0].amount}}"},
	{"What fees did I pay in 2025 and 2026?", "Fees you paid, 2025: {{t1.fees}}; Fees you paid, 2026: {{t2.fees}}"},
	{"What dividends did I receive this year?", "{{t1.totals[0].amount}}; {{t1.totals[0].amount + t1.totals[0].tax}} before tax; KO | dividend | {{t1.groups[0].amount}}"},
	{"dividends i got from AAPL since 2024", "in AAPL since 2024-01-01; {{t1.totals[0].amount}}"},
	{"what's my dividend yield", "since 2025-11-19; {{t1.totals[0].amount / t2.summary.totalValue | %}}"},
	{"how much have I made on coca-cola including dividends", "{{t1.holding.unrealizedPnl | signed}}; {{t1.dividendsBase}}"},
	{"should I sell my Apple shares?", "You hold {{t1.holding.quantity}}"},
	{"dividends by month this year", "2026-09 | dividend | {{t1.groups[2].amount}}"},
	{"How much interest did I earn in 2026?", "Interest: {{t1.totals[0].amount}}"},
	{"What fees did I pay last year?", "Fees you paid, 2025: {{t1.fees}}; {{t1.tradeFees}}"},
	{"fees in July", "Fees: {{abs(t1.totals[0].amount)}}"},
	{"how much tax was withheld this year", "Taxes withheld or paid, 2026: {{t1.taxes}}"},
	{"What did I deposit and withdraw this year?", "Withdrawals: {{abs(t1.totals[0].amount)}}"},
	{"What gains did I realize in 2026?", "Gains realized by sales, 2026: {{t1.realized | signed}}; NVDA | {{t1.holdings[0].realizedBase | signed}}"},
	{"What did I buy in March?", "Bought for: {{abs(t1.totals[0].amount)}}; 2026-03-03 | buy | XOM | {{t1.transactions[0].quantity}}"},
	{"what did i sell in 2019", "no transactions of the kind sell from 2019-01-01 to 2019-12-31"},
	{"Show my trades since January", "2026-04-06 | sell | NVDA"},
	{"list my transactions", "2026-09-10 | dividend | MSFT; Withdrawals"},
	{"My numbers don't match my broker, what differs?", "agree wherever they can be compared"},
	// Prices.
	{"What is the price of NVIDIA?", "**NVIDIA Corporation (NVDA)** is at {{t1.quotes[0].price}}; {{t1.quotes[0].changePercent | signed}}"},
	{"Compare Apple, Microsoft and Nvidia today", "{{t1.quotes[0].price}}; {{t1.quotes[2].changePercent | signed}}; The best of them"},
	{"What is the 52 week range of KO?", "{{t1.quotes[0].high52Week}}; {{t1.quotes[0].low52Week}}"},
	{"P/E of Apple vs Microsoft", "{{t1.metrics[0].value | 2}} | {{t2.metrics[0].value | 2}}"},
	{"market cap of Amazon", "{{t1.quotes[0].marketCap | compact}}"},
	{"How did Tesla do over the past year?", "{{t1.histories[0].changePercent | signed}}; {{t1.histories[0].highestClose.close}}"},
	{"AAPL vs MSFT this year", "{{t1.histories[0].changePercent | signed}}; {{t1.histories[1].totalReturnPercent | signed}}; did best"},
	{"What was the highest price of NVDA in 2025?", "Highest close | 2025-; {{t1.histories[0].highestClose.close}}"},
	{"compare KO and JNJ over 5 years", "KO | {{t1.histories[0].changePercent | signed}}; JNJ"},
	{"is Tesla overvalued?", "P/E, forward | {{t1.metrics[1].value | 2}}; {{t2.quotes[0].marketCap | compact}}"},
	{"Dividend history of Coca-Cola", "{{t1.histories[0].dividendsPerShare}}; {{t1.histories[0].dividends[0].amount}}"},
	{"XQZZ price", "I looked for"},
	{"how is the S&P 500 doing", "^GSPC"},
	{"Where did Pfizer open today?", "Open of **PFE**: {{t2.quotes[0].open}}"},
	{"What's the high of the day for AAPL?", "Day's high of **AAPL**: {{t1.quotes[0].dayHigh}}"},
	{"What did KO cost on 2026-06-30?", "to that of 2026-06-30; {{t1.histories[0].last.close}}"},
	{"What does one share of Visa cost?", "is at {{t1.quotes[0].price}}"},
	{"By how many dollars did Meta move today?", "{{t1.quotes[0].change | signed}}"},
	{"How much did KO change between 2026-01-02 and 2026-06-30?", "{{t1.histories[0].changePercent | signed}}; from the close of 2026-01-02 to that of 2026-06-30"},
	{"How did KO's stock do from 2 January 2026 to 30 June 2026, and what is my position worth?", "worth {{t1.holding.marketValue}}; {{t2.histories[0].changePercent | signed}}"},
	// Companies.
	{"How many people work at Apple?", "Employees of AAPL: {{t1.employees | 0}}"},
	{"How many people does Microsoft employ?", "Employees of MSFT: {{t1.employees | 0}}"},
	{"What did Microsoft earn per share last quarter?", "Earnings per share of MSFT; {{t1.quarters[0].epsActual}}"},
	{"How much equity did Apple have at the end of fiscal 2025?", "AAPL | FY2025 | {{t1.facts[0].value | compact}}"},
	{"What share of its revenue did Apple spend on R&D in fiscal 2025?", "as a part of its revenue in FY2025: {{t1.facts[1].value / t1.facts[0].value | %}}"},
	{"By how much did Meta's revenue grow in dollars from 2024 to 2025?", "({{t1.facts[1].value - t1.facts[0].value | compact}})"},
	{"What does Nvidia do?", "sector Technology; [[t1.summary]]; {{t1.marketCap | compact}}"},
	{"What are the fundamentals of Apple?", "P/E, trailing | {{t1.metrics[1].value | 2}}; Net margin"},
	{"When does Apple report earnings?", "AAPL reports next on 20; {{t1.next.epsEstimate}}"},
	{"Did Microsoft beat earnings estimates?", "{{t1.quarters[0].surprisePercent | signed}}"},
	{"What is the news on Apple?", "[[t1.stories[0]]]; “"},
	{"market news", "News of the market; [[t1.stories[0]]]"},
	{"Who is the CEO of Microsoft and how many employees does it have?", "sector Technology; {{t1.employees | 0}}"},
	{"What was Apple's revenue in fiscal 2024?", "AAPL | FY2024 | {{t1.facts[0].value | compact}}"},
	{"How did Microsoft's revenue grow?", "{{change(t1.facts[1].value, t1.facts[0].value) | %}}"},
	{"What is Apple's gross margin?", "{{t1.facts[0].value / t1.facts[3].value | %}}"},
	{"Compare Visa and Apple operating margins", "{{t1.facts[0].value / t1.facts[3].value | %}}; {{t2.facts[0].value / t2.facts[3].value | %}}"},
	{"Apple free cash flow", "{{t1.facts[0].value - abs(t1.facts[3].value) | compact}}"},
	{"revenue of Apple in Q3 2024 compared to the year before", "Q3 FY2024; {{change(t1.facts[1].value, t1.facts[0].value) | %}}"},
	// Filings.
	{"Which filings did Apple make this year?", "10-K | 2026-; [[t1.filings[0]]]; Form 4"},
	{"latest 10-K of Microsoft", "10-K | 2026-08-03; [[t1.filings[0]]]"},
	{"What does Apple say about competition?", "[[t1.passages[0]]], 10-K filed; “"},
	{"What are the risk factors of Apple?", "[[t1.passages[0]]]; Risk"},
	{"Does Apple mention China as a risk?", "[[t1.passages[; “"},
	{"What does Microsoft say about cybersecurity in its 10-K?", "[[t1.passages[; “"},
	{"which companies mention tariffs in their filings", "the newest first; [[t1.filings[0]]]"},
	// Several steps.
	{"What is the news on my biggest loser?", "I take **Microsoft Corp. (MSFT)** ({{t1.holdings[1].dayChangePercent | signed}}); [[t2.stories[0]]]"},
	{"news about my holdings this week", "News of AAPL since 2026-11-16; News of MSFT; News of KO"},
	{"Compare the revenue of my largest holding with Microsoft's", "**Apple Inc. (AAPL)**; {{t3.facts[0].value / t2.facts[0].value | %}}"},
	{"when do my holdings report earnings", "AAPL reports next on; MSFT reports next on"},
	{"how is my biggest position doing", "**Apple Inc. (AAPL)**; {{t2.histories[0].changePercent | signed}}"},
	// What there is no answer to without a model.
	{"What is a P/E ratio?", "need a language model; JASPERS_ANTHROPIC_API_KEY"},
	{"tell me a joke", "none of them; What I can do"},
	{"What does Zorblax Industries do?", "I looked for"},
}

func TestAnswersAreComposedOfWhatWasRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range conversations {
			a := w.ask(c.question)
			for _, part := range strings.Split(c.holds, "; ") {
				if !strings.Contains(a.text, part) {
					t.Errorf("%s: got %s\nfrom %s\nwant %q in it", c.question, a.text, a.calls, part)
				}
			}
			if !strings.Contains(a.text, "You could ask:") {
				t.Errorf("%s: nothing is suggested", c.question)
			}
			w.check(t, c.question, a)
			if again := w.ask(c.question); again.text != a.text {
				t.Errorf("%s: got another answer when asked again", c.question)
			}
		}
	})
}
