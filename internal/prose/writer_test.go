package prose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type summary struct {
	TotalValue decimal.Decimal `json:"totalValue" unit:"@baseCurrency"`
	DayChange  decimal.Decimal `json:"dayChangePercent" unit:"%"`
	Accounts   int             `json:"accounts" unit:"accounts"`
}

type holding struct {
	Symbol      string           `json:"symbol"`
	Currency    string           `json:"currency"`
	Quantity    decimal.Decimal  `json:"quantity" unit:"shares"`
	Price       decimal.Decimal  `json:"price" unit:"@currency/shares"`
	MarketValue decimal.Decimal  `json:"marketValue" unit:"@currency"`
	Allocation  decimal.Decimal  `json:"allocationPercent" unit:"%"`
	Change      *decimal.Decimal `json:"dayChangePercent" unit:"%"`
	Beta        decimal.Decimal  `json:"beta" unit:"ratio"`
}

type portfolio struct {
	BaseCurrency string    `json:"baseCurrency"`
	Summary      summary   `json:"summary"`
	Holdings     []holding `json:"holdings"`
}

type year struct {
	Period  string          `json:"period"`
	Revenue decimal.Decimal `json:"revenue" unit:"@currency"`
}

type filing struct {
	Symbol   string    `json:"symbol"`
	Currency string    `json:"currency"`
	Years    []year    `json:"years"`
	Passages []passage `json:"passages"`
}

type passage struct {
	Text string `json:"text"`
}

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func change(text string) *decimal.Decimal {
	d := number(text)
	return &d
}

var now = time.Date(2026, 11, 24, 20, 30, 0, 0, time.UTC)

const risk = "We depend on Taiwan’s  foundries; 90% of our chips come from there, and “any disruption” would harm us. Sales fell by 12.4 percent."

// results are a portfolio, t1, and what a company filed, t2.
func results(t testing.TB) *tool.Results {
	t.Helper()
	owned := portfolio{BaseCurrency: "USD", Summary: summary{number("123456.789"), number("-0.75"), 3}, Holdings: []holding{
		{"AAPL", "USD", number("40"), number("250.1"), number("10004"), number("8.103"), change("1.25"), number("1.234")},
		{"MSFT", "USD", number("12.5"), number("410.561"), number("5131.94"), number("4.157"), change("-2.31"), number("0.987")},
		{"SAP.DE", "EUR", number("7"), number("199.9"), number("1399.3"), number("1.2"), nil, number("1.1")},
	}}
	filed := filing{Symbol: "AAPL", Currency: "USD", Years: []year{{"FY2024", number("391035000000")}, {"FY2025", number("416161000000")}}, Passages: []passage{{risk}}}
	all := &tool.Results{}
	add(t, all, "t1", "get_portfolio", tool.Result{Data: owned, Source: tool.Source{Name: "portfolio (alpaca)", Title: "Portfolio", AsOf: now}})
	add(t, all, "t2", "search_filings", tool.Result{Data: filed, Source: tool.Source{Name: "SEC EDGAR", Title: "Filings of AAPL"}, Places: []tool.Place{{
		Path: "passages[0]", Text: risk, Source: tool.Source{Name: "SEC EDGAR", Title: "10-K of 2025", URL: "https://www.sec.gov/x", AsOf: now},
		Passage: &tool.Passage{Accession: "0000320193-25-000079", Section: "1A", Start: 10, End: 140},
	}}})
	return all
}

func add(t testing.TB, all *tool.Results, handle, name string, r tool.Result) {
	t.Helper()
	call, err := tool.Read("id-"+handle, handle, name, r)
	if err != nil {
		t.Fatal(err)
	}
	all.Add(call)
}

var names = map[string][]string{"AAPL": {"Apple Inc."}, "MSFT": {"Microsoft Corporation"}, "SAP.DE": {"SAP SE"}}

func writer(t testing.TB, locale string) *prose.Writer {
	return prose.New(prose.Config{Results: results(t), Locale: locale, Now: now, Subjects: names, Said: "What if I add $777?"})
}

// tell writes a text whole and says which figures it has.
func tell(t testing.TB, locale, text string) (out, figures string) {
	w := writer(t, locale)
	w.Add(text)
	w.Flush()
	var said []string
	for _, f := range w.Figures() {
		if got := string([]rune(w.Text())[f.Start:f.End]); got != f.Text {
			t.Errorf("%q: the figure at %d-%d is %q, not %q", text, f.Start, f.End, got, f.Text)
		}
		line := f.Text + " " + string(f.Kind)
		if f.Expression != "" && f.Reason == "" {
			line += " " + f.Expression
		}
		if f.Reason != "" {
			line += ": " + f.Reason
		}
		said = append(said, line)
	}
	return w.Text(), strings.Join(said, "; ")
}

func TestReferencesBecomeFiguresAndNumbersAreHeldAgainstThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want, figures string }{
		{"Worth {{t1.summary.totalValue}}, AAPL is {{t1.holdings[AAPL].marketValue / t1.summary.totalValue | %}} of it [[t1]].", "Worth $123,456.79, AAPL is 8.10% of it [1].",
			"$123,456.79 verified t1.summary.totalValue; 8.10% derived t1.holdings[AAPL].marketValue / t1.summary.totalValue"},
		{"AAPL is worth $10,004 and Microsoft $5,131.94.", "", "$10,004 verified t1.holdings[0].marketValue; $5,131.94 verified t1.holdings[1].marketValue"},
		{"AAPL is worth $5,131.94 and Microsoft $10,004.", "", "$5,131.94 unverified: the text speaks of AAPL, the figure is of MSFT; $10,004 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"AAPL and MSFT are worth $10,004 and $5,131.94 respectively.", "", "$10,004 verified t1.holdings[0].marketValue; $5,131.94 verified t1.holdings[1].marketValue"},
		{"AAPL and MSFT are worth $5,131.94 and $10,004 respectively.", "", "$5,131.94 unverified: the text speaks of AAPL, the figure is of MSFT; $10,004 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"MSFT: {{t1.holdings[AAPL].marketValue}}", "MSFT: $10,004.00", "$10,004.00 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"- **Microsoft**\n  - worth {{t1.holdings[AAPL].marketValue|0}}", "- **Microsoft**\n  - worth $10,004", "$10,004 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"## Microsoft\nIts position is worth $10,004.", "", "$10,004 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"| | AAPL | MSFT |\n|---|---|---|\n| Value | $10,004.00 | $10,004.00 |", "", "$10,004.00 verified t1.holdings[0].marketValue; $10,004.00 unverified: the text speaks of MSFT, the figure is of AAPL"},
		{"{{t1.holdings[AAPL].quantity}} shares of Apple and 12.5 of Microsoft.", "40 shares of Apple and 12.5 of Microsoft.", "40 verified t1.holdings[AAPL].quantity; 12.5 verified t1.holdings[1].quantity"},
		{"It is {{t9.x}} or {{t1.holdings[SAP.DE].dayChangePercent}}%.", "It is (not known) or (not known).",
			`(not known) unverified: there is no result to which this refers; (not known) unverified: there is no figure at "holdings[SAP.DE].dayChangePercent" in this result, or it is not known`},
		{"{{t1.holdings[AAPL].marketValue + t1.holdings[AAPL].quantity}} {{1 / 0}} {{5}}", "(not known) (not known) (not known)",
			"(not known) unverified: USD and shares cannot be added or compared; percent() and ratio() turn ratios and percentages into one another; (not known) unverified: the expression divides by zero, so it has no value; (not known) unverified: the expression refers to no figure"},
		{"From {{t2.years[FY2024].revenue}} in FY2024 to $416.161 billion in FY2025, by 6.43%.", "From $391.04 billion in FY2024 to $416.161 billion in FY2025, by 6.43%.",
			"$391.04 billion verified t2.years[FY2024].revenue; $416.161 billion verified t2.years[1].revenue; 6.43% derived change(t2.years[FY2024].revenue, t2.years[1].revenue)"},
		{"Apple's revenue rose 6.4% to $416.2 billion in fiscal 2025 from $391.0 billion a year earlier.", "",
			"6.4% derived change(t2.years[0].revenue, t2.years[1].revenue); $416.2 billion verified t2.years[1].revenue; $391.0 billion verified t2.years[0].revenue"},
		{"Apple's revenue was $391.0 billion in fiscal 2025 and $416.2 billion a year earlier.", "",
			"$391.0 billion unverified: nothing that was read bears it out; $416.2 billion unverified: the text speaks of a time before fiscal 2025, the figure is of FY2025"},
		{"In FY2025 revenue was {{t2.years[FY2024].revenue}}.", "In FY2025 revenue was $391.04 billion.", "$391.04 billion unverified: the text speaks of FY2025, the figure is of FY2024"},
		{"As of November 23, 2026 it was $123,456.79; as of November 24, 2026 it was $123,456.79.", "",
			"$123,456.79 unverified: the text gives it as of November 23, 2026, it is of 2026-11-24; $123,456.79 verified t1.summary.totalValue"},
		{"AAPL fell {{t1.holdings[AAPL].dayChangePercent}}. MSFT rose {{t1.holdings[MSFT].dayChangePercent}}.", "AAPL fell 1.25%. MSFT rose -2.31%.",
			"1.25% unverified: the text says that it fell, the figure that it rose; -2.31% unverified: the text says that it rose, the figure that it fell"},
		{"MSFT fell 2.31%.", "", "2.31% verified t1.holdings[1].dayChangePercent"},
		{"${{t1.summary.totalValue}} €{{t1.summary.totalValue}} {{t1.summary.totalValue}} million", "$123,456.79 $123,456.79 $123,456.79 million",
			"$123,456.79 verified t1.summary.totalValue; $123,456.79 unverified: the text gives it another unit; $123,456.79 unverified: the text gives it another unit, scale or sign"},
		{"Add $777 to your 3 accounts and 5 more.", "", "3 verified t1.summary.accounts; 5 unverified: nothing that was read bears it out"},
		{"It says \"90% of our chips come from there\" [[t2.passages[0]]], not \"80% of our chips\" [[t2.passages[0]]].", "It says \"90% of our chips come from there\" [1], not \"80% of our chips\" [2].",
			"90% verified t2.passages[0]; 80% unverified: nothing that was read bears it out"},
		{"Read on {{t1.summary.totalValue | date}}. Then {{t1.holdings[AAPL].dayChangePercent | signed 1}} {{t2.years[0].revenue | 0}} {{ t1.summary.totalValue | compact }}.", "Read on 2026-11-24. Then +1.3% $391,035,000,000 $123,456.79.",
			"+1.3% verified t1.holdings[AAPL].dayChangePercent; $391,035,000,000 verified t2.years[0].revenue; $123,456.79 verified t1.summary.totalValue"},
		{"It holds $９９９９９９９ or ＄٩٩٩,٩٩٩ or 𝟗𝟗𝟗𝟗.", "It holds $9999999 or $999,999 or 9999.",
			"$9999999 unverified: nothing that was read bears it out; $999,999 unverified: nothing that was read bears it out; 9999 unverified: nothing that was read bears it out"},
		{"AAPL is worth $10,004.00 lakh, $10,004.00e3, $10,004.00×10³ or $10,004.00 x 10^3.", "",
			"$10,004.00 lakh unverified: nothing that was read bears it out; $10,004.00e3 unverified: nothing that was read bears it out; " +
				"$10,004.00×10³ unverified: nothing that was read bears it out; $10,004.00 x 10^3 unverified: nothing that was read bears it out"},
		{"AAPL is worth $10,004.0\u200d9.", "AAPL is worth $10,004.09.", "$10,004.09 unverified: nothing that was read bears it out"},
		{"Cut off {{t1.summary.to", "Cut off (not known)", "(not known) unverified: the reference is cut off"},
	} {
		if c.want == "" {
			c.want = c.text
		}
		out, said := tell(t, "en-US", c.text)
		if out != c.want || said != c.figures {
			t.Errorf("%s\n got %s\nwant %s\n got %s\nwant %s", c.text, out, c.want, said, c.figures)
		}
	}
}

func TestFiguresAreWrittenAsThePersonsLanguageDoes(t *testing.T) {
	t.Parallel()
	const text = "{{t1.summary.totalValue}} | {{-t1.holdings[SAP.DE].marketValue}} | {{t2.years[0].revenue}} | {{t1.summary.dayChangePercent}} | {{t1.holdings[MSFT].quantity}}"
	for locale, want := range map[string]string{
		"":      "$123,456.79 | -€1,399.30 | $391.04 billion | -0.75% | 12.5",
		"xx-?":  "$123,456.79 | -€1,399.30 | $391.04 billion | -0.75% | 12.5",
		"en-CA": "US$123,456.79 | -€1,399.30 | US$391.04 billion | -0.75% | 12.5",
		"de-DE": "123.456,79\u00a0$ | -1.399,30\u00a0€ | 391,04\u00a0Mrd.\u00a0$ | -0,75\u00a0% | 12,5",
		"de-CH": "$123’456.79 | -€1’399.30 | $391.04\u00a0Mrd. | -0.75% | 12.5",
		"pt-BR": "$123.456,79 | -€1.399,30 | $391,04\u00a0bi | -0,75% | 12,5",
		"ja":    "$123,456.79 | -€1,399.30 | $391,035,000,000 | -0.75% | 12.5",
	} {
		out, said := tell(t, locale, text)
		if out != want || strings.Contains(said, "unverified") || strings.Count(said, ";") != 4 {
			t.Errorf("%s: got %s with %s, want %s", locale, out, said, want)
		}
	}
}

func TestNumbersWithCommasForPointsAreReadSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"AAPL ist 10.004,00 $ wert, SAP 1.399,30 €.": "10.004,00 verified t1.holdings[0].marketValue; 1.399,30 € verified t1.holdings[2].marketValue",
		"AAPL ist 10.004,00 £ wert.":                 "10.004,00 unverified: the text gives it another unit, scale or sign",
		"Der Preis von SAP ist 199,90 €.":            "199,90 € verified t1.holdings[2].price",
		"Der Preis von SAP ist 19.990 €.":            "19.990 € unverified: nothing that was read bears it out",
	} {
		if _, said := tell(t, "de-DE", text); said != want {
			t.Errorf("%s\n got %s\nwant %s", text, said, want)
		}
	}
}

func TestCitationsAreNumberedAndEverythingThatWasUsedIsCited(t *testing.T) {
	t.Parallel()
	w := writer(t, "en-US")
	w.Add("Made up [[t9]], typed [1]. “We depend on Taiwan's foundries … ‘any disruption’ would harm us” [[t2.passages[0]]] and all [[t2]], again [[ t2.passages[0] ]].\n\nMSFT is worth {{t1.holdings[MSFT].marketValue}}.")
	w.Flush()
	if want := "Made up, typed. “We depend on Taiwan's foundries … ‘any disruption’ would harm us” [1] and all [2], again [1].\n\nMSFT is worth $5,131.94."; w.Text() != want {
		t.Errorf("got %s\nwant %s", w.Text(), want)
	}
	yes := true
	want := []prose.Citation{
		{Index: 1, Handle: "t2", ToolCallID: "id-t2", Tool: "search_filings", Source: "SEC EDGAR", Title: "10-K of 2025", AsOf: &now, URL: "https://www.sec.gov/x", Path: "passages[0]",
			Passage: &tool.Passage{Accession: "0000320193-25-000079", Section: "1A", Start: 10, End: 140}, Quote: "We depend on Taiwan's foundries … ‘any disruption’ would harm us", QuoteFound: &yes},
		{Index: 2, Handle: "t2", ToolCallID: "id-t2", Tool: "search_filings", Source: "SEC EDGAR", Title: "Filings of AAPL"},
		{Index: 3, Handle: "t1", ToolCallID: "id-t1", Tool: "get_portfolio", Source: "portfolio (alpaca)", Title: "Portfolio", AsOf: &now},
	}
	if diff := cmp.Diff(want, w.Citations()); diff != "" {
		t.Errorf("citations (-want +got):\n%s", diff)
	}
	if f := w.Figures(); len(f) != 1 || f[0].Citation != 3 {
		t.Errorf("got figures %v, want one that points to 3", f)
	}
	if got, want := w.Counts(), (prose.Counts{Verified: 1, Invented: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestQuotesHaveToStandWordForWord(t *testing.T) {
	t.Parallel()
	for quote, want := range map[string]bool{
		`"We depend on Taiwan's foundries"`: true, `«90% of our chips come from there,»`: true, `“we depend on … come from there”`: true, `„any disruption”`: true,
		`"any disruption [...] sales fell"`: true, `"90 % of our chips"`: false, `"we depend on Korea's foundries"`: false, `"0% of our chips"`: false,
		`"come from there … we depend"`: false, `"depend on Tai"`: false, `"…"`: false, `"We depend" and "they rise"`: false,
	} {
		w := writer(t, "en-US")
		w.Add("They say " + quote + " [[t2.passages[0]]].")
		w.Flush()
		if got := w.Citations()[0].QuoteFound; got == nil || *got != want {
			t.Errorf("%s: got %v, want %t", quote, got, want)
		}
	}
}

func TestATurnThatIsDiscardedLeavesNothing(t *testing.T) {
	t.Parallel()
	w := writer(t, "en-US")
	w.Add("I look at {{t1.summary.totalValue}} [[t1]]")
	w.Cut()
	before := w.Mark()
	text, figures, citations, counts := w.Text(), w.Figures(), w.Citations(), w.Counts()
	w.Add("Of this, “any disruption” [[t2.passages[0]]] and $5 [[t8]] {{t1.holdings[AAPL].price")
	w.Cut()
	w.Discard(before)
	if diff := cmp.Diff([]any{text, figures, citations, counts}, []any{w.Text(), w.Figures(), w.Citations(), w.Counts()}); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	w.Add("\nThen {{t1.holdings[AAPL].price}}.")
	w.Flush()
	if want := "I look at $123,456.79 [1]\n\nThen $250.10."; w.Text() != want || len(w.Figures()) != 2 || w.Figures()[1].Start != 32 {
		t.Errorf("got %q with %v, want %q", w.Text(), w.Figures(), want)
	}
}

func TestResultsMayComeBetweenTurns(t *testing.T) {
	t.Parallel()
	all := &tool.Results{}
	w := prose.New(prose.Config{Results: all})
	w.Add("Nothing yet: {{t1.totalValue}}.")
	w.Cut()
	add(t, all, "t1", "get_portfolio", tool.Result{Data: struct {
		BaseCurrency string          `json:"baseCurrency"`
		TotalValue   decimal.Decimal `json:"totalValue" unit:"@baseCurrency"`
	}{"EUR", number("5012.25")}})
	w.Add("Now {{t1.totalValue}}, or €5,012.25.")
	w.Flush()
	if got, want := w.Counts(), (prose.Counts{Verified: 2, Unverified: 1}); got != want || !strings.HasSuffix(w.Text(), ".\n\nNow €5,012.25, or €5,012.25.") {
		t.Errorf("got %q with %+v, want %+v", w.Text(), got, want)
	}
}

// wrong is a sentence whose figure is not what was read.
func wrong(t *rapid.T) string {
	of := []struct{ name, other, value, text, label string }{
		{"AAPL", "MSFT", "marketValue", "10004.00", "market value"}, {"Microsoft", "Apple", "marketValue", "5131.94", "market value"}, {"MSFT", "AAPL", "price", "410.56", "price"},
		{"Apple", "Microsoft", "price", "250.10", "price"}, {"SAP", "AAPL", "marketValue", "1399.30", "market value"},
	}
	f := of[rapid.IntRange(0, len(of)-1).Draw(t, "of")]
	sign := "$"
	if f.name == "SAP" {
		sign = "€"
	}
	reference := map[string]string{"AAPL": "AAPL", "Apple": "AAPL", "MSFT": "MSFT", "Microsoft": "MSFT", "SAP": "SAP.DE"}[f.name]
	switch rapid.SampledFrom([]string{"digit", "sign", "unit", "scale", "subject", "reference", "date", "row", "behind"}).Draw(t, "what") {
	case "digit":
		digits := []byte(f.text)
		at := rapid.IntRange(0, len(digits)-1).Draw(t, "at")
		if digits[at] == '.' {
			at--
		}
		digits[at] = '0' + (digits[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		f.text = string(digits)
	case "sign":
		sign = "-" + sign
	case "unit":
		sign = "£"
	case "scale":
		f.text += " million"
	case "subject":
		f.name = f.other
	case "reference":
		return fmt.Sprintf("%s has a %s of {{t1.holdings[%s].%s}}.", f.other, f.label, reference, f.value)
	case "date":
		return fmt.Sprintf("As of 3 November 2026 %s had a %s of {{t1.holdings[%s].%s}}.", f.name, f.label, reference, f.value)
	case "row":
		return fmt.Sprintf("| | %s |\n|---|---|\n| %s | {{t1.holdings[%s].%s}} |", f.label, f.other, reference, f.value)
	case "behind":
		return fmt.Sprintf("You have %s%s of %s, and more of %s.", sign, f.text, f.other, f.name)
	}
	return fmt.Sprintf("%s has a %s of %s%s.", f.name, f.label, sign, f.text)
}

func TestAWrongFigureIsNeverVerified(t *testing.T) {
	t.Parallel()
	all := results(t)
	rapid.Check(t, func(t *rapid.T) {
		w := prose.New(prose.Config{Results: all, Now: now, Subjects: names})
		text := wrong(t)
		w.Add(text)
		w.Flush()
		if w.Counts().Verified > 0 {
			t.Fatalf("%s: %v", text, w.Figures())
		}
	})
}

// long is an answer of so many bytes and the results it is written from, five thousand figures.
func long(t testing.TB, size int) (*tool.Results, string) {
	t.Helper()
	var owned portfolio
	var text strings.Builder
	owned.BaseCurrency = "USD"
	for i := range 833 {
		symbol := fmt.Sprintf("S%c%c", 'A'+i/26%26, 'A'+i%26)
		if i >= 26*26 {
			symbol = "T" + symbol[1:]
		}
		n := decimal.NewFromInt(int64(i))
		owned.Holdings = append(owned.Holdings, holding{
			symbol, "USD", n.Add(number("3")), n.Mul(number("1.37")).Add(number("11.01")), n.Mul(n).Add(number("1000.17")), n.Mul(number("0.013")), nil, n.Mul(number("0.003")),
		})
		h := owned.Holdings[i]
		if text.Len() < size/2 {
			fmt.Fprintf(&text, "| %s | $%s | {{t1.holdings[%s].allocationPercent}} | %s |\n", symbol, h.MarketValue.StringFixed(2), symbol, h.Quantity)
		} else if text.Len() < size {
			fmt.Fprintf(&text, "\n%s is worth {{t1.holdings[%s].marketValue}}, at $%s for a share of it, which is %d%% more than in March 2025 [[t1]].\n", symbol, symbol, h.Price.StringFixed(2), i%37)
		}
	}
	all := &tool.Results{}
	add(t, all, "t1", "get_portfolio", tool.Result{Data: owned, Source: tool.Source{AsOf: now}})
	return all, text.String()
}

// BenchmarkWriter writes 50 KB in deltas of a few words, against five thousand figures.
func BenchmarkWriter(b *testing.B) {
	all, text := long(b, 50<<10)
	b.ReportMetric(float64(len(text)), "bytes")
	for b.Loop() {
		w := prose.New(prose.Config{Results: all, Now: now, Subjects: names})
		for at := 0; at < len(text); at += 24 {
			w.Add(text[at:min(at+24, len(text))])
		}
		w.Flush()
	}
}
