package claims_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/claims"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// differs reads lines and says why the last amount of the last of them is not the figure; empty where it may be.
func differs(text string, f reference.Figure) string {
	r := claims.New(map[string][]string{"AAPL": {"Apple Inc."}, "MSFT": {"Microsoft Corp."}, "BAC": {"Bank of America Corporation"}, "T": {"AT&T Inc."}})
	reason := ""
	for line := range strings.SplitSeq(text, "\n") {
		var amounts []figures.Verdict
		numbers := figures.Checker{}.Check(line)
		for _, n := range numbers {
			if n.Kind == figures.Amount {
				amounts = append(amounts, n)
			}
		}
		read := r.Read(line, numbers)
		for _, s := range r.Scopes(read, amounts) {
			reason = s.Disagrees(r, []reference.Figure{f}, f.Value, "")
		}
		r.Pass(read)
	}
	return reason
}

func TestALineSaysWhatItsFiguresAreOf(t *testing.T) {
	t.Parallel()
	read := time.Date(2026, 11, 24, 21, 0, 0, 0, time.UTC)
	of := func(symbol, period string) reference.Figure {
		return reference.Figure{Field: "changePercent", Subject: symbol, Period: period, Value: calculate.Value{Amount: decimal.NewFromInt(5), Unit: calculate.Percent, AsOf: read}}
	}
	apple, year, day := of("AAPL", ""), of("AAPL", "FY2024"), of("AAPL", "2024-09-28")
	for _, c := range []struct {
		text string
		of   reference.Figure
		want bool
	}{
		{"AAPL is 5%", apple, true}, {"MSFT is 5%", apple, false}, {"Apple's share is 5%", apple, true}, {"It is 5%", apple, true},
		{"Bank of America is 5%", apple, false}, {"AT&T is 5%", apple, false}, {"(T) is 5%", apple, false}, {"A T is 5%", apple, true},
		{"MSFT is 3% and AAPL 5%", apple, true}, {"AAPL is 3% and MSFT 5%", apple, false}, {"3% in MSFT and 5% in AAPL", apple, true}, {"3% in AAPL and 5% in MSFT", apple, false},
		{"AAPL and MSFT are 3% and 5% respectively", apple, false}, {"MSFT and AAPL are 3% and 5% respectively", apple, true},
		{"Unlike AAPL, MSFT is 5%", apple, false}, {"AAPL, BAC and MSFT are 5%", apple, true}, {"Apple Inc. (AAPL) is 5%", apple, true},
		{"Apple is large. MSFT rose. It is 5%", apple, false}, {"MSFT is large. Apple rose. It is 5%", apple, true},
		{"## MSFT\nIt is 5%", apple, false}, {"## MSFT\nIt is 5%\n## AAPL\nIt is 5%", apple, true}, {"Of MSFT:\n- share: 5%", apple, false},
		{"- MSFT\n  - 5%\n- AAPL\n  - 5%", apple, true}, {"- AAPL\n  - 5%\n- MSFT\n  - 5%", apple, false},
		{"| | AAPL | MSFT |\n|---|---|---|\n| x | 5% |", apple, true}, {"| | MSFT | AAPL |\n|---|---|---|\n| x | 5% |", apple, false}, {"| MSFT | 5% |", apple, false},
		{"| | FY2023 | FY2024 |\n|---|---|---|\n| x | 3% | 5% |", year, true}, {"| | FY2024 | FY2023 |\n|---|---|---|\n| x | 3% | 5% |", year, false},
		{"In FY2023 it was 5%", year, false}, {"In FY2023 it was 3%, in FY2024 5%", year, true}, {"In FY2024 it was 3%, in FY2023 5%", year, false},
		{"In FY2025 it was 3%, a year earlier 5%", year, true}, {"It was 3% in FY2025 and 5% a year earlier", year, true}, {"It was 3% in FY2024 and 5% a year earlier", year, false}, {"## FY2023\nIt was 5%", year, false},
		{"On September 28, 2024 it was 5%", day, true}, {"On September 27, 2024 it was 5%", day, false}, {"In 2024 it was 5%", day, true},
		{"As of Nov 24 it is 5%", apple, true}, {"As of Nov. 23rd it is 5%", apple, false}, {"As of November 2026 it is 5%", apple, true}, {"As of October 2026 it is 5%", apple, false},
		{"It fell 5%", apple, false}, {"It rose by about 5%", apple, true}, {"It fell to 5%", apple, true},
	} {
		if got := differs(c.text, c.of); (got == "") != c.want {
			t.Errorf("%q of %s %s: got %q, want agreed %t", c.text, c.of.Subject, c.of.Period, got, c.want)
		}
	}
}

// proves reads a line and tells whether its last amount, which was typed, can be the figure.
func proves(line string, f reference.Figure) bool {
	r := claims.New(map[string][]string{"AAPL": {"Apple Inc."}, "SPY": {"SPDR S&P 500 ETF Trust"}})
	var amounts []figures.Verdict
	numbers := figures.Checker{}.Check(line)
	for _, n := range numbers {
		if n.Kind == figures.Amount {
			amounts = append(amounts, n)
		}
	}
	read := r.Read(line, numbers)
	last := len(amounts) - 1
	s := r.Scopes(read, amounts)[last]
	return s.Disagrees(r, []reference.Figure{f}, f.Value, "") == "" && s.Proves(amounts[last].Figure, f, false)
}

func TestATypedFigureIsOfWhatTheTextNames(t *testing.T) {
	t.Parallel()
	read := time.Date(2026, 11, 24, 21, 0, 0, 0, time.UTC)
	figure := func(path, subject, period string, unit calculate.Unit) reference.Figure {
		field := path[strings.LastIndexAny(path, ".]")+1:]
		return reference.Figure{Path: path, Field: field, Subject: subject, Period: period, Value: calculate.Value{Amount: decimal.RequireFromString("1234.56"), Unit: unit, AsOf: read}}
	}
	dollars := func(path, subject, period string) reference.Figure { return figure(path, subject, period, "USD") }
	percent := func(path, subject, period string) reference.Figure {
		return figure(path, subject, period, calculate.Percent)
	}
	const span = "2026-08-24 to 2026-11-24"
	for _, c := range []struct {
		text string
		of   reference.Figure
		want bool
	}{
		{"Your portfolio returned 1234.56% over the past three months", percent("timeWeighted.value", "", span), true},
		{"Your portfolio returned 1234.56% over the past month", percent("timeWeighted.value", "", span), false},
		{"Your portfolio returned 1234.56% over the past three months", percent("days[3].timeWeighted", "", "2026-09-30"), false},
		{"Your portfolio returned 1234.56% this year", percent("days[3].timeWeighted", "", "2026-09-30"), false},
		{"On its best day of the past three months it rose 1234.56%", percent("days[3].timeWeighted", "", "2026-09-30"), true},
		{"Your portfolio returned 1234.56%", percent("simple.value", "", span), false},
		{"The simple return is 1234.56%", percent("simple.value", "", span), true},
		{"Your money-weighted return is 1234.56%", percent("moneyWeighted.value", "", span), true},
		{"Your money-weighted return is 1234.56%", percent("timeWeighted.value", "", span), false},
		{"Your portfolio returned 1234.56%", percent("benchmark.timeWeighted.value", "SPY", span), false},
		{"The return of your portfolio was 1234.56%", percent("benchmark.timeWeighted.value", "SPY", span), false},
		{"SPY returned 1234.56%", percent("benchmark.timeWeighted.value", "SPY", span), true},
		{"The largest part of your portfolio is 1234.56%", percent("holdings[0].allocationPercent", "AAPL", ""), true},
		{"Your realized gain is $1,234.56", dollars("summary.pnl.priceEffect", "", ""), false},
		{"The price effect is $1,234.56", dollars("summary.pnl.priceEffect", "", ""), true},
		{"Your realized gain is $1,234.56", dollars("summary.pnl.unrealized", "", ""), false},
		{"Your unrealized gain is $1,234.56", dollars("summary.pnl.unrealized", "", ""), true},
		{"Your portfolio is worth $1,234.56", dollars("summary.cashByCurrency[0].inBase", "", ""), false},
		{"Your cash comes to $1,234.56", dollars("summary.cashByCurrency[0].inBase", "", ""), true},
		{"At the end of 2024 your position in AAPL cost $1,234.56", dollars("lots[0].costBasis", "AAPL", "2024-03-11"), false},
		{"At the end of 2024 your shares of AAPL were bought for $1,234.56", dollars("lots[0].costBasis", "AAPL", "2024-03-11"), false},
		{"The lot of AAPL that you bought on 11 March 2024 cost $1,234.56", dollars("lots[0].costBasis", "AAPL", "2024-03-11"), true},
		{"AAPL earned $1,234.56 per share", figure("quarters[0].epsEstimate", "AAPL", "", "USD/shares"), false},
		{"Analysts expected AAPL to earn $1,234.56 per share", figure("quarters[0].epsEstimate", "AAPL", "", "USD/shares"), true},
		{"On 2 March 2026: The previous close of AAPL was $1,234.56", figure("histories[0].last.close", "AAPL", "2026-11-23", "USD/shares"), false},
		{"On 23 November 2026 AAPL closed at $1,234.56", figure("histories[0].last.close", "AAPL", "2026-11-23", "USD/shares"), true},
	} {
		if got := proves(c.text, c.of); got != c.want {
			t.Errorf("%q of %s %s: got %t, want %t", c.text, c.of.Path, c.of.Period, got, c.want)
		}
	}
}
