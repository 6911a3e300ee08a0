package intent

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// companies are some of the largest, and some whose names and symbols are everyday words, in the order of their size.
func companies() []Company {
	return []Company{
		{Symbol: "NVDA", Name: "NVIDIA CORP"}, {Symbol: "MSFT", Name: "MICROSOFT CORP"}, {Symbol: "AAPL", Name: "Apple Inc."},
		{Symbol: "GOOGL", Name: "Alphabet Inc."}, {Symbol: "META", Name: "Meta Platforms, Inc."}, {Symbol: "TSLA", Name: "Tesla, Inc."},
		{Symbol: "BRK-B", Name: "BERKSHIRE HATHAWAY INC"}, {Symbol: "JPM", Name: "JPMORGAN CHASE & CO"}, {Symbol: "V", Name: "VISA INC."},
		{Symbol: "MA", Name: "Mastercard Inc"}, {Symbol: "COST", Name: "COSTCO WHOLESALE CORP /NEW"}, {Symbol: "HD", Name: "HOME DEPOT, INC."},
		{Symbol: "KO", Name: "COCA COLA CO"}, {Symbol: "T", Name: "AT&T INC."}, {Symbol: "VZ", Name: "VERIZON COMMUNICATIONS INC"},
		{Symbol: "MMM", Name: "3M CO"}, {Symbol: "NOW", Name: "ServiceNow, Inc."}, {Symbol: "IBM", Name: "INTERNATIONAL BUSINESS MACHINES CORP"},
		{Symbol: "XYZ", Name: "Block, Inc."}, {Symbol: "TGT", Name: "TARGET CORP"}, {Symbol: "F", Name: "FORD MOTOR CO"}, {Symbol: "SHEL", Name: "Shell plc"},
		{Symbol: "ALL", Name: "ALLSTATE CORP"}, {Symbol: "IT", Name: "GARTNER INC"}, {Symbol: "A", Name: "AGILENT TECHNOLOGIES, INC."},
		{Symbol: "ON", Name: "ON SEMICONDUCTOR CORP"}, {Symbol: "CAR", Name: "AVIS BUDGET GROUP, INC."}, {Symbol: "DAL", Name: "DELTA AIR LINES, INC."},
		{Symbol: "GAP", Name: "GAP INC"}, {Symbol: "CPA", Name: "Copa Holdings, S.A."}, {Symbol: "IRS", Name: "IRSA INVESTMENTS & REPRESENTATIONS INC"},
		{Symbol: "SBUX", Name: "STARBUCKS CORP"}, {Symbol: "PMI", Name: "Picard Medical, Inc."}, {Symbol: "ABNB", Name: "Airbnb, Inc."},
		{Symbol: "MSI", Name: "Motorola Solutions, Inc."}, {Symbol: "BRK-A", Name: "BERKSHIRE HATHAWAY INC"}, {Symbol: "GOOG", Name: "Alphabet Inc."},
		{Symbol: "SPY", Name: "SPDR S&P 500 ETF TRUST"}, {Symbol: "QQQ", Name: "INVESCO QQQ TRUST, SERIES 1"}, {Symbol: "GE", Name: "GENERAL ELECTRIC CO"},
	}
}

var wednesday = calendar.Day{Year: 2026, Month: 3, Day: 18}

func parse(query string, held ...string) Intent {
	return NewUniverse(companies()).Parse(query, Context{Today: wednesday, Held: held})
}

func symbols(in Intent) string {
	var out []string
	for _, m := range in.Symbols {
		out = append(out, m.Symbol)
	}
	return strings.Join(out, " ")
}

func TestCompaniesAreFoundHoweverTheyAreCalled(t *testing.T) {
	u := NewUniverse(companies())
	tests := map[string]string{
		"$F":                         "F",
		"price of $brk.b":            "BRK-B",
		"BRK.B price":                "BRK-B",
		"brk/b this month":           "BRK-B",
		"BRK A quote":                "BRK-A",
		"berkshire hathaway class a": "BRK-A",
		"who is the CFO of Airbnb (NASDAQ: ABNB)?": "ABNB",
		"ticker ON":                                "ON",
		"aapl":                                     "AAPL",
		"how is aapl doing":                        "AAPL",
		"Apple's services revenue":                 "AAPL",
		"i. b. m. stock price":                     "IBM",
		"what's g. e. trading at":                  "GE",
		"how is a. t. and t. doing":                "T",
		"at&t debt":                                "T",
		"j.p. morgan earnings":                     "JPM",
		"is chase doing good":                      "JPM",
		"How does Facebook make money?":            "META",
		"fb stock":                                 "META",
		"Square's gross profit":                    "XYZ",
		"google vs microsoft":                      "GOOGL MSFT",
		"micorsoft 10-K":                           "MSFT",
		"gogle price":                              "GOOGL",
		"motorolla stock":                          "MSI",
		"starbuck's stock":                         "SBUX",
		"Home Depot inventory":                     "HD",
		"coca-cola dividend":                       "KO",
		"How much did 3M pay in dividends?":        "MMM",
		"HOW IS TESLA DOING":                       "TSLA",
		"visa and mastercard prices":               "V MA",
		"T and VZ quotes":                          "T VZ",
		"苹果上周表现怎么样":                                "AAPL",
		"when did I buy my first share of costco?": "COST",
		"performance over the last 5 years of ko":  "KO",
		"Activision Blizzard revenue":              "ATVI",
		"price of A right now":                     "A",
		"what is ON trading at":                    "ON",
		"is NOW a buy":                             "NOW",
		"CAR earnings":                             "CAR",
		"is target a good buy":                     "TGT",
		"news on shell":                            "SHEL",
		"Delta passenger revenue":                  "DAL",
		"Who are the main competitors of Gartner?": "IT",
	}
	for query, want := range tests {
		if got := symbols(u.Parse(query, Context{Today: wednesday})); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestWordsThatAreAlsoSymbolsOrNamesAreNoCompanies(t *testing.T) {
	u := NewUniverse(companies())
	for _, query := range []string{
		"do I need a visa to travel to China", "Is stock trading legal for a student on an F-1 Visa?", "how to cook an apple pie", "is my target price realistic?",
		"Vanguard Target Retirement 2045", "Can the IRS audit me?", "finding a good CPA", "PMI on an FHA loan", "buy a car now or later",
		"Do I enter ALL income or ONLY income from W-2 forms?", "what is it all on", "Google Finance shows other prices", "a gap in my records",
		"S corp vs C corp", "Series A funding", "401k match", "can you block my card", "how to short a stock", "an uber to the airport",
		"Can I transfer money from my Chase account?", "Should I pay with Visa or Mastercard?", "Master of Applications (MA) degrees", "what is a square root",
		"T+2 settlement", "P/E of 15", "don't",
	} {
		if got := symbols(u.Parse(query, Context{Today: wednesday})); got != "" {
			t.Errorf("%q: got %q, want nothing", query, got)
		}
	}
}

func TestWhatIsHeldIsMeantSooner(t *testing.T) {
	if got := symbols(parse("should I keep ON for longer")); got != "" {
		t.Errorf("not held: got %q, want nothing", got)
	}
	if got := symbols(parse("should I keep ON for longer", "on")); got != "ON" {
		t.Errorf("held: got %q, want ON", got)
	}
	if got := symbols(parse("is it up today, or on its way down?", "ON", "IT")); got != "" {
		t.Errorf("small words, held: got %q, want nothing", got)
	}
}

func TestMentionsSayWhatIsHeld(t *testing.T) {
	got := parse("compare brk.b with Apple", "BRK/B").Symbols
	if len(got) != 2 || !got[0].Held || got[1].Held {
		t.Errorf("got %+v, want Berkshire held and Apple not", got)
	}
}

func TestMentionsSayWhereTheyStandAndWhetherTheCompanyIsListed(t *testing.T) {
	query := "Compare Apple with Twitter and (NYSE: ZZZZ)"
	want := []Mention{
		{Symbol: "AAPL", Words: "Apple", Start: 8, End: 13, Listed: true},
		{Symbol: "TWTR", Words: "Twitter", Start: 19, End: 26},
		{Symbol: "ZZZZ", Words: "NYSE: ZZZZ", Start: 32, End: 42},
	}
	got := parse(query).Symbols
	for i := range got {
		if got[i].Confidence < enough || got[i].Confidence > 1 {
			t.Errorf("%s: confidence %v", got[i].Symbol, got[i].Confidence)
		}
		got[i].Confidence = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQuestionsHaveTheirType(t *testing.T) {
	u := NewUniverse(companies())
	tests := map[Type][]string{
		Portfolio: {
			"how did my tech stocks do this week", "biggest losers in my portfolio", "do I own any Apple", "fees I paid last year", "am I diversified enough?",
			"what would happen if I sold all of my GOOGL?", "order history for yesterday", "mein Depot letzte Woche", "mi cartera este mes", "我的投资组合今年表现如何",
		},
		Market: {
			"AAPL price", "tesla stock", "how did the S&P 500 do last week?", "bitcoin price", "which sectors were weakest last month?", "aapl", "jpm vs visa stock",
			"what are the top stocks right now", "特斯拉股价",
		},
		Research: {
			"what does Apple say about its risks", "Q3 2024 revenue of Microsoft", "who is the CEO of Tesla", "latest 10-K of Costco", "what is a good P/E ratio",
			"Does AMD have an improving operating margin profile as of FY2022?", "how many employees does Meta have",
		},
		Other: {
			"what's the weather in new york", "set a timer for 10 minutes", "tell me a joke", "hello", "good morning", "how do i cook rice", "flip a coin",
			"do i have enough points on my starbucks card yet", "what time does walmart close",
		},
	}
	for want, queries := range tests {
		for _, query := range queries {
			if got := u.Parse(query, Context{Today: wednesday}).Type; got != want {
				t.Errorf("%q: got %s, want %s", query, got, want)
			}
		}
	}
}

func TestFiscalPeriodsAreNoDates(t *testing.T) {
	tests := []struct {
		query  string
		fiscal string
		dated  bool
	}{
		{"FY2019 capex of Apple", "2019", false},
		{"AAPL FY2024 vs FY23 net income", "2024 2023", false},
		{"Q2 of FY2023 close", "2023Q2", false},
		{"third quarter of fiscal 2022", "2022Q3", false},
		{"fiscal year 2021 revenue", "2021", false},
		{"MSFT 4Q22 guidance", "2022Q4", true},
		{"NVDA 23Q4 revenue", "2023Q4", true},
		{"revenues in Q22023", "2023Q2", false},
		{"Apple's Q3 2023 10-Q", "2023Q3", true},
		{"the first quarter of 2023, how much did Apple spend", "2023Q1", true},
		{"Apple's net income in 2019", "2019", true},
		{"AAPL price in 2019", "", true},
		{"Apple's margin", "", false},
	}
	for _, test := range tests {
		got := parse(test.query)
		var periods []string
		for _, p := range got.Fiscal {
			periods = append(periods, p.String())
		}
		if strings.Join(periods, " ") != test.fiscal {
			t.Errorf("%q: got %v, want %s", test.query, periods, test.fiscal)
		}
		if (got.Range != nil) != test.dated {
			t.Errorf("%q: got range %v, want one: %v", test.query, got.Range, test.dated)
		}
	}
}

func TestFiltersNarrowWhatIsAskedOf(t *testing.T) {
	tests := map[string]Filters{
		"how did my tech stocks do this week":                     {Holdings: true, Sectors: []string{"technology"}},
		"my semiconductor stocks":                                 {Holdings: true, Sectors: []string{"technology"}, Industries: []string{"semiconductors"}},
		"biggest losers in my portfolio today":                    {Holdings: true, Movers: "losers"},
		"which of my healthcare holdings lost the most last week": {Holdings: true, Sectors: []string{"healthcare"}, Movers: "losers"},
		"top gainers today":                                       {Movers: "gainers"},
		"what does Apple say about its bank debt":                 {},
	}
	for query, want := range tests {
		if diff := cmp.Diff(want, parse(query).Filters); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

func TestTopicsAreWhatIsAskedAbout(t *testing.T) {
	tests := map[string][]Topic{
		"dividends of my holdings":    {Dividends, Holdings},
		"news on Tesla's earnings":    {News, Earnings},
		"who is the CEO of Microsoft": {Profile},
	}
	for query, want := range tests {
		if diff := cmp.Diff(want, parse(query).Topics); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

func TestTheLargerCompanyHasASharedName(t *testing.T) {
	u := NewUniverse([]Company{{Symbol: "BIG", Name: "Zentrix Holdings Inc"}, {Symbol: "SML", Name: "Zentrix Corp"}})
	if got := symbols(u.Parse("Zentrix revenue", Context{Today: wednesday})); got != "BIG" {
		t.Errorf("got %q, want BIG", got)
	}
}

func TestAForeignCompanyIsItsListingAndNotItsPaperOverTheCounter(t *testing.T) {
	u := NewUniverse([]Company{{Symbol: "ZNTXF", Name: "Zentrix AG"}, {Symbol: "ZNX", Name: "Zentrix AG"}})
	if got := symbols(u.Parse("Zentrix revenue", Context{Today: wednesday})); got != "ZNX" {
		t.Errorf("got %q, want ZNX", got)
	}
}

func TestASymbolThatWasGivenAwayIsNotTheCompanyThatHadIt(t *testing.T) {
	u := NewUniverse([]Company{{Symbol: "S", Name: "SentinelOne, Inc."}})
	got := u.Parse("Sprint Corporation's debt", Context{Today: wednesday}).Symbols
	if len(got) != 1 || got[0].Listed {
		t.Errorf("Sprint: got %+v, want a company that is not listed", got)
	}
	if got := u.Parse("SentinelOne's debt", Context{Today: wednesday}).Symbols; len(got) != 1 || !got[0].Listed {
		t.Errorf("SentinelOne: got %+v, want it listed", got)
	}
}

func TestAnEmptyUniverseStillUnderstandsTheRest(t *testing.T) {
	got := NewUniverse(nil).Parse("how did AAPL and my portfolio do last week?", Context{Today: wednesday})
	if got.Type != Portfolio || got.Range == nil || len(got.Symbols) > 0 {
		t.Errorf("got %+v, want a portfolio question with a range", got)
	}
}

func TestVeryLongTextIsReadToABound(t *testing.T) {
	u := NewUniverse(companies())
	for _, piece := range []string{"zqxwv ", "apple and ", "first week of ", "my * my ", "((((", "from ", "苹", "a.b.", "F"} {
		text := strings.Repeat(piece, 100_000/len(piece))
		in := u.Parse(text, Context{Today: wednesday})
		for _, m := range in.Symbols {
			if m.Start < 0 || m.End > len(text) || text[m.Start:m.End] != m.Words {
				t.Errorf("%q repeated: mention %+v lies outside", piece, m)
			}
		}
	}
}

func FuzzIntentsLieInTheirQuestionAndAreAlwaysTheSame(f *testing.F) {
	for _, query := range []string{"$F", "how did Apple and brk/b do since Q3 2023?", "(NASDAQ: ", "NYSE: Z", "苹果上周", "FY", "Q22023", "10-K 10-K", "'s", "a. b. c.", "$", "mi cartera"} {
		f.Add(query)
	}
	u := NewUniverse(companies())
	f.Fuzz(func(t *testing.T, query string) {
		in := u.Parse(query, Context{Today: wednesday})
		for _, m := range in.Symbols {
			if m.Start < 0 || m.End > len(query) || m.Start >= m.End || query[m.Start:m.End] != m.Words || m.Symbol == "" {
				t.Fatalf("%q: mention %+v", query, m)
			}
		}
		for _, r := range in.Ranges {
			if r.To.Before(r.From) || r.Start < 0 || r.End > len(query) {
				t.Fatalf("%q: range %+v", query, r)
			}
		}
		if again := u.Parse(query, Context{Today: wednesday}); !reflect.DeepEqual(in, again) {
			t.Fatalf("%q: got %+v and then %+v", query, in, again)
		}
	})
}
