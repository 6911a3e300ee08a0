package passages_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/items"
	"github.com/jaspers-ai/jaspers/internal/passages"
)

func service(d *db.DB) *passages.Service {
	return &passages.Service{DB: d, Now: func() time.Time { return time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC) }}
}

// kites is a small annual report, of items 1, 1A, 7 and 8, with words before them.
func kites(accession, year string) passages.Document {
	d := passages.Document{Accession: accession, CIK: 1911, Form: "10-K", FiledOn: *day(year + "-11-02"), PeriodEnd: day(year + "-09-30")}
	add := func(key, title, text string) {
		start := len(d.Text)
		if key != "" {
			d.Text += "Item " + key + ". " + title + "\n"
		}
		d.Text += text + "\n"
		if key != "" {
			d.Items = append(d.Items, items.Item{Key: key, Title: title, Start: start, End: len(d.Text)})
		}
	}
	filler := strings.Repeat("The weather decides much of what we do, and nobody decides the weather. ", 12) + "\n"
	add("", "", "Acme Kites, Inc.\nAnnual report for the year ended September 30, "+year)
	add("1", "Business", filler+"Acme makes kites, lines and reels. It competes with makers of drones.\n"+filler)
	add("1A", "Risk Factors", filler+"A calm summer could reduce the demand for our kites.\n"+filler+"Bamboo comes from one supplier, whose loss would hurt us.\n"+filler)
	add("7", "Management's Discussion and Analysis", filler+"Gross margin fell because bamboo became dearer.\n"+filler+
		"Liquidity and Capital Resources\nWe have a revolving credit facility of $40 million, of which nothing is drawn.\n"+filler)
	add("8", "Financial Statements", "CONSOLIDATED BALANCE SHEETS\n(in thousands)\nCash and cash equivalents\t310\t290\nInventories\t120\t140\nTotal current assets\t430\t430\n"+
		"Property and equipment, net\t800\t760\nTotal assets\t1,230\t1,190\nAccounts payable\t75\t80\nTotal current liabilities\t210\t205\nRetained earnings\t640\t600\nTotal liabilities and equity\t1,230\t1,190\n"+filler+filler+
		"CONSOLIDATED STATEMENTS OF CASH FLOWS\n(in thousands)\nNet income\t40\t35\nDepreciation and amortization\t22\t20\nNet cash provided by operating activities\t66\t58\n"+
		"Purchases of property and equipment\t(61)\t(44)\nNet cash used in investing activities\t(61)\t(44)\nDividends paid\t(10)\t(10)\nNet cash used in financing activities\t(10)\t(10)\n"+filler)
	return d
}

func ensure(t *testing.T, s *passages.Service, all ...passages.Document) {
	t.Helper()
	for _, d := range all {
		if err := s.Ensure(t.Context(), d); err != nil {
			t.Fatalf("%s: %v", d.Accession, err)
		}
	}
}

func search(t *testing.T, s *passages.Service, q passages.Query) []passages.Hit {
	t.Helper()
	hits, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	return hits
}

func TestQuestionsFindThePassageThatAnswersThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		ensure(t, s, kites("0001911-25-000001", "2025"))
		for question, want := range map[string]struct{ section, words string }{
			"How much did Acme spend on capex?":                           {"8", "Purchases of property and equipment"},
			"What is the quick ratio?":                                    {"8", "Total current liabilities"},
			"Who does Acme compete with?":                                 {"1", "competes"},
			"What happens if their bamboo supplier is lost?":              {"1A", "one supplier"},
			"why did gross margins drop":                                  {"7", "Gross margin fell"},
			"Is there anything left of the revolver?":                     {"7", "revolving credit facility"},
			"What were total assets, going by the balance sheet?":         {"8", "BALANCE SHEETS"},
			"How much cash from operations is in the cash flow statement": {"8", "STATEMENTS OF CASH FLOWS"},
		} {
			hits := search(t, s, passages.Query{Text: question})
			if len(hits) == 0 || hits[0].Section != want.section || !strings.Contains(hits[0].Text, want.words) {
				t.Errorf("%s: got %d, first of item %q: %.200q", question, len(hits), first(hits).Section, first(hits).Text)
			}
		}
	})
}

func first(hits []passages.Hit) passages.Passage {
	if len(hits) == 0 {
		return passages.Passage{}
	}
	return hits[0].Passage
}

func TestAHitIsThePassageThatSplittingMakes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		doc.Items[0].Also = []string{"2"}
		ensure(t, s, doc)
		all, err := passages.Split(doc)
		if err != nil {
			t.Fatal(err)
		}
		found := map[int]passages.Passage{}
		for _, hit := range search(t, s, passages.Query{Text: "weather kites report", Limit: 50}) {
			found[hit.Ordinal] = hit.Passage
		}
		for _, p := range all {
			if diff := cmp.Diff(p, found[p.Ordinal]); diff != "" {
				t.Errorf("passage %d (-split +found):\n%s", p.Ordinal, diff)
			}
		}
	})
}

func TestSearchStaysWhereItIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		other := kites("0000777-24-000009", "2024")
		other.CIK, other.Form, other.Name, other.PeriodEnd = 777, "10-Q", "ex99.htm", nil
		ensure(t, s, kites("0001911-24-000001", "2024"), kites("0001911-25-000001", "2025"), other)
		for i := range 20 { // more than are named to the index one by one
			more := kites(fmt.Sprintf("0000555-23-%06d", i), "2023")
			more.CIK = 555
			ensure(t, s, more)
		}
		for what, c := range map[string]struct {
			query passages.Query
			is    func(passages.Passage) bool
		}{
			"a filing":          {passages.Query{Accession: "0001911-25-000001"}, func(p passages.Passage) bool { return p.Accession == "0001911-25-000001" }},
			"a document":        {passages.Query{Document: "ex99.htm"}, func(p passages.Passage) bool { return p.CIK == 777 }},
			"filers":            {passages.Query{CIKs: []int64{777, 1911}}, func(p passages.Passage) bool { return p.CIK != 555 }},
			"many of a filer":   {passages.Query{CIKs: []int64{555}}, func(p passages.Passage) bool { return p.CIK == 555 }},
			"a form":            {passages.Query{Forms: []string{"10-Q"}}, func(p passages.Passage) bool { return p.Form == "10-Q" }},
			"a common form":     {passages.Query{Forms: []string{"10-K"}}, func(p passages.Passage) bool { return p.Form == "10-K" }},
			"a section":         {passages.Query{Sections: []string{"1A"}}, func(p passages.Passage) bool { return p.Section == "1A" }},
			"sections of one":   {passages.Query{CIKs: []int64{1911}, Sections: []string{"7", "8"}}, func(p passages.Passage) bool { return p.CIK == 1911 && (p.Section == "7" || p.Section == "8") }},
			"periods from":      {passages.Query{PeriodFrom: day("2025-01-01")}, func(p passages.Passage) bool { return p.PeriodEnd.Year == 2025 }},
			"periods to":        {passages.Query{PeriodTo: day("2023-12-31")}, func(p passages.Passage) bool { return p.PeriodEnd.Year == 2023 }},
			"filed in":          {passages.Query{FiledFrom: day("2024-11-02"), FiledTo: day("2024-11-02")}, func(p passages.Passage) bool { return p.FiledOn.Year == 2024 }},
			"filed, many, form": {passages.Query{FiledTo: day("2024-11-02"), Forms: []string{"10-K"}}, func(p passages.Passage) bool { return p.FiledOn.Year < 2025 && p.Form == "10-K" }},
		} {
			c.query.Text, c.query.Limit = "kites bamboo weather", 50
			hits := search(t, s, c.query)
			if len(hits) == 0 {
				t.Errorf("%s: nothing was found", what)
			}
			for _, hit := range hits {
				if !c.is(hit.Passage) {
					t.Errorf("%s: got %s of %d, item %q, filed %s", what, hit.Accession, hit.CIK, hit.Section, hit.FiledOn)
				}
			}
		}
		for what, q := range map[string]passages.Query{
			"a filing nobody gave":  {Accession: "0000000-00-000000"},
			"no words":              {Text: "?!"},
			"words of no passage":   {Text: "zeppelin"},
			"only words of any":     {Text: "what is the"},
			"a name with a nothing": {Accession: "a\x00b"},
			"a name that is none":   {Forms: []string{"\xff"}},
		} {
			if q.Text == "" {
				q.Text = "kites"
			}
			if hits := search(t, s, q); len(hits) != 0 || hits == nil {
				t.Errorf("%s: got %v", what, hits)
			}
		}
	})
}

func TestEnsuringTwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		ensure(t, s, doc)
		before := counts(t, d)
		s.Now = func() time.Time { t.Error("it was stored again"); return time.Time{} }
		ensure(t, s, doc)
		if after := counts(t, d); after != before {
			t.Errorf("got %s, before %s", after, before)
		}
	})
}

func TestANewTextTakesTheOldOnesPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		ensure(t, s, doc, kites("0001911-24-000001", "2024"))
		doc.Text, doc.Items = "Acme flies zeppelins now.", nil
		ensure(t, s, doc)
		in := passages.Query{Accession: doc.Accession, Text: "kites zeppelins"}
		if hits := search(t, s, in); len(hits) != 1 || hits[0].Text != doc.Text {
			t.Errorf("got %d hits, first %.80q", len(hits), first(hits).Text)
		}
		if n := len(search(t, s, passages.Query{Text: "bamboo"})); n == 0 {
			t.Error("the other filing's passages went with it")
		}
	})
}

func TestWhatOlderRulesDividedIsDividedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		ensure(t, s, doc)
		want := counts(t, d)
		exec(t, d, `update passage_documents set splitter = 0`)
		exec(t, d, `delete from passages where ordinal > 2`)
		ensure(t, s, doc)
		if got := counts(t, d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if hits := search(t, s, passages.Query{Text: "purchases of property and equipment"}); !strings.Contains(first(hits).Text, "Purchases") {
			t.Errorf("got %d hits, first %.80q", len(hits), first(hits).Text)
		}
	})
}

func TestWhatAnotherReaderFoundIsDividedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		doc.Reader = 1
		ensure(t, s, doc)
		found := doc.Items
		doc.Reader, doc.Items = 2, nil
		ensure(t, s, doc)
		in := passages.Query{Text: "bamboo supplier", Sections: []string{"1A"}}
		if hits := search(t, s, in); len(hits) != 0 {
			t.Errorf("got %d passages of an item that is not found any more", len(hits))
		}
		doc.Reader, doc.Items = 3, found
		ensure(t, s, doc)
		if hits := search(t, s, in); len(hits) == 0 {
			t.Error("got nothing of an item that is found again")
		}
	})
}

func TestManyWhoEnsureAtOnceStoreEachDocumentOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := s.Ensure(t.Context(), kites(fmt.Sprintf("0001911-25-%06d", i%3), "2025")); err != nil {
					t.Errorf("ensure: %v", err)
				}
			})
		}
		all.Wait()
		one, err := passages.Split(kites("", "2025"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := counts(t, d), fmt.Sprintf("3 documents, %d passages", 3*len(one)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestWhatCannotBeStoredWholeIsNotStoredAtAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, doc := service(d), kites("0001911-25-000001", "2025")
		exec(t, d, `insert into passage_documents values (7, 'x', '', 1, '8-K', null, '2025-01-01', 1, '', '2025-01-01 00:00:00')`)
		exec(t, d, `insert into passages values (8 * 65536 + 3, 7, 3, '', '', '', '', 0, 1, 0, 1, 'x')`) // in the way of the fourth
		if err := s.Ensure(t.Context(), doc); err == nil {
			t.Fatal("it was stored")
		}
		if got := counts(t, d); got != "1 documents, 1 passages" {
			t.Errorf("got %s", got)
		}
		if hits := search(t, s, passages.Query{Text: "kites bamboo weather"}); len(hits) != 0 {
			t.Errorf("got %d hits", len(hits))
		}
	})
}

func counts(t *testing.T, d *db.DB) string {
	t.Helper()
	var documents, all int
	if err := d.Read().QueryRowContext(t.Context(), `select (select count(*) from passage_documents), (select count(*) from passages)`).Scan(&documents, &all); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d documents, %d passages", documents, all)
}

func exec(t *testing.T, d *db.DB, query string) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(t.Context(), query); return err }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// crowd makes documents of made-up sentences, the same each time.
func crowd(documents, paragraphs int) []passages.Document {
	words := strings.Fields("kites bamboo silk lines reels revenue margin cash debt income taxes segment weather supplier customers inventory lease pension dividend " +
		"goodwill risk demand store plant office harbour index litigation board auditor wind storm summer autumn price cost labor growth decline profit loss")
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]passages.Document, documents)
	for i := range all {
		d := passages.Document{Accession: fmt.Sprintf("0000100-20-%06d", i), CIK: int64(100 + i%7), Form: []string{"10-K", "10-Q", "8-K"}[i%3], FiledOn: *day("2020-02-03")}
		var text strings.Builder
		for range paragraphs {
			for n := range 210 {
				word := words[min(random.IntN(len(words)), random.IntN(len(words)))]
				if random.IntN(20) == 0 {
					word = fmt.Sprintf("place%d", random.IntN(3000))
				}
				text.WriteString(word)
				if n%14 == 13 {
					text.WriteByte('.')
				}
				text.WriteByte(' ')
			}
			text.WriteByte('\n')
		}
		d.Text = text.String()
		all[i] = d
	}
	return all
}

func TestBothEnginesFindTheSameInTheSameOrder(t *testing.T) {
	found := map[db.Engine][]string{}
	documents := crowd(40, 60)
	queries := []passages.Query{
		{Text: "kites"}, {Text: "What drove the decline in margin?", Limit: 50}, {Text: "place7 place70 place700"}, {Text: "cash and debt", CIKs: []int64{103}},
		{Text: "pension dividends", Forms: []string{"10-Q"}, Limit: 30}, {Text: "goodwill litigation storm", Accession: "0000100-20-000004"},
		{Text: "revenue income taxes cost segment inventory balance sheet capex EBITDA", Limit: 50},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		ensure(t, s, documents...)
		for _, q := range queries {
			hits := search(t, s, q)
			if len(hits) == 0 {
				t.Errorf("%q: nothing was found", q.Text)
			}
			for _, hit := range hits {
				found[d.Engine] = append(found[d.Engine], fmt.Sprintf("%s: %s %d %v", q.Text, hit.Accession, hit.Ordinal, hit.Score))
			}
			if !slices.IsSortedFunc(hits, func(a, b passages.Hit) int { return int(1000 * (b.Score - a.Score)) }) {
				t.Errorf("%q: the best are not first", q.Text)
			}
		}
	})
	if len(found) < 2 {
		t.Skip("only one engine is here")
	}
	if diff := cmp.Diff(found[db.SQLite], found[db.Postgres]); diff != "" {
		t.Errorf("hits differ (-sqlite +postgres):\n%s", diff)
	}
}

// naughty are texts that mean something to one engine's language of queries or the other's.
var naughty = []string{
	`"`, `'`, `''; drop table passages; --`, `kites" OR "bamboo`, `kites' | 'bamboo`, `kites & !bamboo`, `words:kites`, `{words}: kites`, `NEAR(kites bamboo, 2)`, `kites*`,
	`^kites`, `kites AND NOT bamboo`, `kites <-> bamboo`, `kites:*`, `\`, `kites\`, `(((`, `kites)`, "kites\x00bamboo", "\xff\xfe", `kites + bamboo`, `-kites`, `AND`, `OR NOT`, "ﬁne Ｋｉｔｅｓ",
	`xdoc1x`, `xcik1911x`, "k'i't'e's", strings.Repeat("kites ", 3000), strings.Repeat("é", 5000), "🪁", "٣ kites", "a\u0301 b",
}

func TestNoTextIsReadAsALanguageOfQueries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		ensure(t, s, kites("0001911-25-000001", "2025"))
		for _, text := range naughty {
			for _, hit := range search(t, s, passages.Query{Text: text, Sections: []string{"1", `1" OR "x`}}) {
				if hit.Section != "1" {
					t.Errorf("%.40q: got item %q", text, hit.Section)
				}
			}
		}
		if both, not := search(t, s, passages.Query{Text: "kites bamboo"}), search(t, s, passages.Query{Text: "kites NOT bamboo"}); len(both) == 0 || len(both) != len(not) {
			t.Errorf("got %d hits, and %d with a NOT between", len(both), len(not))
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, text := range naughty {
		f.Add(text, "1A")
	}
	var services []*passages.Service
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		d, err := db.Open(f.Context(), dbtest.Address(f, engine))
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = d.Close() })
		s := service(d)
		if err := s.Ensure(f.Context(), kites("0001911-25-000001", "2025")); err != nil {
			f.Fatal(err)
		}
		services = append(services, s)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, q := range []passages.Query{{Text: text}, {Text: text, Sections: []string{name}}, {Text: text, Forms: []string{name}}, {Text: "kites", Accession: name}} {
			if diff := cmp.Diff(search(t, services[0], q), search(t, services[1], q)); diff != "" {
				t.Errorf("%q (-sqlite +postgres):\n%s", q.Text, diff)
			}
		}
	})
}

func BenchmarkSearch10000Passages(b *testing.B) {
	documents := crowd(40, 250)
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			d, err := db.Open(b.Context(), dbtest.Address(b, engine))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = d.Close() })
			s := service(d)
			for _, doc := range documents {
				if err := s.Ensure(b.Context(), doc); err != nil {
					b.Fatal(err)
				}
			}
			for name, q := range map[string]passages.Query{
				"everywhere": {Text: "What drove the decline in margin and the price of silk from place70 suppliers?"},
				"filing":     {Text: "What drove the decline in margin and the price of silk from place70 suppliers?", Accession: "0000100-20-000004"},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if hits, err := s.Search(b.Context(), q); err != nil || len(hits) == 0 {
							b.Fatalf("got %d hits, %v", len(hits), err)
						}
					}
				})
			}
		})
	}
}
