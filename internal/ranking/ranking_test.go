package ranking_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/ranking"
)

func TestWordsAreTheSameForAllFormsOfOne(t *testing.T) {
	for _, forms := range [][]string{
		{"operating", "operations", "operation", "operate", "operated"},
		{"company", "companies", "Company's", "COMPANY’S"},
		{"increase", "increases", "increased", "increasing"},
		{"repurchase", "repurchased", "repurchases"},
		{"dropped", "drop", "drops", "dropping"},
		{"FY2019", "fy19", "2019"},
		{"PP&E", "pp&e", "PPE"},
		{"1,250", "1250"},
		{"depreciation", "depreciated", "depreciate"},
	} {
		want := ranking.Words(forms[0])
		for _, form := range forms[1:] {
			if diff := cmp.Diff(want, ranking.Words(form)); diff != "" {
				t.Errorf("%s and %s (-want +got):\n%s", forms[0], form, diff)
			}
		}
	}
	for _, pair := range [][2]string{{"assets", "asset turnover"}, {"cash", "cost"}, {"interest", "interim"}, {"2019", "2018"}, {"business", "busy"}} {
		if cmp.Equal(ranking.Words(pair[0]), ranking.Words(pair[1])) {
			t.Errorf("%q and %q are one", pair[0], pair[1])
		}
	}
}

func checkWords(t interface{ Errorf(string, ...any) }, text string) {
	for _, word := range ranking.Words(text) {
		if word == "" || !utf8.ValidString(word) || len(word) > 60 || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			t.Errorf("got the word %q of %q", word, text)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, text := range []string{"", "PP&E, net", "'' OR 1=1 --", "\xff&\xff", "’s", "&&", "1,,2", "İstanbul", "ﬁnance", strings.Repeat("a", 300), "a'\"b", "数字12"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkWords(t, text)
		for _, term := range ranking.Understand(text).Terms() {
			checkWords(t, term.Word)
			if term.Weight <= 0 {
				t.Errorf("%q counts %v", term.Word, term.Weight)
			}
		}
		ranking.KindOf(text)
		if places := ranking.Rank(ranking.Understand(text), []ranking.Unit{{Title: text, Text: text}, {}}); len(places) != 2 {
			t.Errorf("got %v", places)
		}
	})
}

const (
	balance = "ACME KITES, INC.\nCONSOLIDATED BALANCE SHEETS\n(in thousands)\nCash and cash equivalents  310  290\nInventories  120  140\nTotal current assets  430  430\n" +
		"Property and equipment, net  800  760\nTotal assets  1,230  1,190\nAccounts payable  75  80\nTotal current liabilities  210  205\nRetained earnings  640  600\n"
	income = "CONSOLIDATED STATEMENTS OF OPERATIONS\n(in thousands)\nNet sales  900  850\nCost of sales  500  480\nGross profit  400  370\nOperating income  70  60\n" +
		"Interest expense  5  5\nIncome before income taxes  65  55\nIncome tax expense  25  20\nNet income  40  35\nBasic  0.40  0.35\nDiluted  0.39  0.34\n"
	cash = "CONSOLIDATED STATEMENTS OF CASH FLOWS\n(in thousands)\nNet income  40  35\nDepreciation and amortization  22  20\nNet cash provided by operating activities  66  58\n" +
		"Purchases of property and equipment  (61)  (44)\nNet cash used in investing activities  (61)  (44)\nDividends paid  (10)  (10)\nNet cash used in financing activities  (10)  (10)\nCash at end of year  310  290\n"
	contents = "INDEX TO CONSOLIDATED FINANCIAL STATEMENTS\nConsolidated balance sheets .... 40\nConsolidated statements of operations .... 41\nConsolidated statements of cash flows .... 42\n" +
		"Item 1. Business 3\nItem 1A. Risk Factors 9\nItem 7. Discussion 20\nItem 8. Financial Statements 39\n"
	overview = "Overview\nAcme is a leading maker of kites. We sell them in 40 countries, and in 2025 we spent more on capital expenditures, " +
		"as the balance sheet and the statements of cash flows and of operations show. Our net income grew, and so did our total assets and gross margin.\n"
	debt = "Note 9. Debt\nThe revolving credit agreement ends in 2027. Its interest rate floats.\n"
)

func TestQuestionsAreAnsweredWhereInvestorsLook(t *testing.T) {
	units := map[string]string{"balance": balance, "income": income, "cash": cash, "contents": contents, "overview": overview, "debt": debt}
	names := []string{"overview", "contents", "debt", "cash", "income", "balance"}
	for question, want := range map[string]string{
		"How much was capex in FY2025?":                                            "cash",
		"What is the quick ratio?":                                                 "balance",
		"Is the gross margin improving?":                                           "income",
		"How much total assets were there, according to the balance sheet?":        "balance",
		"Going by the P&L statement only, what was net income?":                    "income",
		"What share of net income, per the cash flow statement, were dividends?":   "cash",
		"What is FY2025 free cash flow? It is cash from operations less capex.":    "cash",
		"What does the company make, and in what industry does it operate?":        "overview",
		"When does the revolver end?":                                              "debt",
		"What is year end PP&E?":                                                   "balance",
		"Did operating margin improve? If it is no useful metric, say so and why.": "income",
	} {
		var all []ranking.Unit
		for _, name := range names {
			all = append(all, ranking.Unit{Text: units[name]})
		}
		places := ranking.Rank(ranking.Understand(question), all)
		if got := names[places[0].Index]; got != want {
			t.Errorf("%s: got %s, want %s", question, got, want)
		}
	}
}

func TestAStatementUnderItsTitleComesBeforeTheSameRowsWithout(t *testing.T) {
	rows := strings.SplitAfterN(cash, "\n", 2)[1]
	places := ranking.Rank(ranking.Understand("How much are dividends in the cash flow statement?"), []ranking.Unit{{Text: rows}, {Title: "Consolidated Statements of Cash Flows", Text: rows}})
	if places[0].Index != 1 {
		t.Errorf("got %v", places)
	}
}

func TestRankingDoesNotDependOnTheOrderUnitsComeIn(t *testing.T) {
	texts := []string{balance, income, cash, contents, overview, debt}
	rapid.Check(t, func(t *rapid.T) {
		question := rapid.OneOf(rapid.SampledFrom([]string{"capex", "What is the debt?", "kites", "balance sheet"}), rapid.String()).Draw(t, "question")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		score := func(order []int) map[int]float64 {
			var units []ranking.Unit
			for _, i := range order {
				units = append(units, ranking.Unit{Text: texts[i]})
			}
			scores := map[int]float64{}
			for _, p := range ranking.Rank(ranking.Understand(question), units) {
				scores[order[p.Index]] = p.Score
			}
			return scores
		}
		if diff := cmp.Diff(score([]int{0, 1, 2, 3, 4, 5}), score(random.Perm(len(texts)))); diff != "" {
			t.Fatalf("scores differ:\n%s", diff)
		}
	})
}

func TestEveryUnitIsRankedOnceTheBestFirst(t *testing.T) {
	units := []ranking.Unit{{Text: overview}, {}, {Text: "\n \n"}, {Title: "Debt", Text: debt}, {Text: "\xff\xfe"}}
	places := ranking.Rank(ranking.Understand("debt"), units)
	var seen []int
	for i, p := range places {
		seen = append(seen, p.Index)
		if p.Score < 0 || i > 0 && p.Score > places[i-1].Score {
			t.Errorf("got %v", places)
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, []int{0, 1, 2, 3, 4}) || places[0].Index != 3 {
		t.Errorf("got %v", places)
	}
	if got := ranking.Rank(ranking.Understand("debt"), nil); len(got) != 0 {
		t.Errorf("got %v of nothing", got)
	}
}

func TestMannersOfSpeakingCountLittle(t *testing.T) {
	plain := ranking.Understand("What is the working capital ratio of Acme?").Terms()
	polite := ranking.Understand("Please answer as an analyst with access only to the details shown: what is the working capital ratio of Acme? Round to two decimal places.").Terms()
	weights := map[string]float64{}
	for _, term := range polite {
		weights[term.Word] = term.Weight
	}
	for _, term := range plain {
		if weights[term.Word] != term.Weight {
			t.Errorf("%q counts %v, and %v when asked at length", term.Word, term.Weight, weights[term.Word])
		}
		delete(weights, term.Word)
	}
	for word, weight := range weights {
		if weight > 0.2 {
			t.Errorf("%q counts %v", word, weight)
		}
	}
}

func TestLinesAreToldApart(t *testing.T) {
	for line, want := range map[string]ranking.Kind{
		"CONSOLIDATED BALANCE SHEETS": ranking.Heading, "(in millions, except per share data)": ranking.Heading, "Item 1A. Risk Factors": ranking.Heading,
		"Total assets\t$\t1,230\t$\t1,190": ranking.Row, "Interest expense   (112)   (113)": ranking.Row, "Goodwill   —   5": ranking.Row, "| Total | 12 | 13.5% |": ranking.Row,
		"We sold 12 kites in 2025.": ranking.Prose, "": ranking.Prose, "and lower prices of bamboo": ranking.Prose,
	} {
		if got := ranking.KindOf(line); got != want {
			t.Errorf("%q: got %d, want %d", line, got, want)
		}
	}
}
