package researchtools

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

func TestFilingsAreListedAndFoundEachWithItsAddress(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		data, call := use[filingsData](d, "list_filings", `{"symbol":"AAPL","forms":["annual"],"limit":2}`)
		want, _, _, err := d.Filings.List(t.Context(), filings.Filter{Company: "AAPL", Forms: []string{"annual"}, Limit: 2})
		if err != nil || len(data.Filings) != 2 || !data.More {
			t.Fatalf("got %+v, %v", data, err)
		}
		for i, one := range data.Filings {
			p := call.Result.Places[i]
			if one.Accession != want[i].Accession || one.Form != "10-K" || p.Source.URL != want[i].URL || p.Source.URL == "" || p.Path != place("filings", i) {
				t.Errorf("got %+v at %+v", one, p)
			}
		}
		found, call := use[filingsData](d, "search_filings", `{"query":"risk","symbol":"AAPL","forms":["10-K"],"first":"2025-01-01"}`)
		if len(found.Filings) == 0 || len(found.Filings[0].Documents) == 0 || len(call.Result.Places) != len(found.Filings) {
			t.Errorf("got %+v", found)
		}
		for name, inputs := range map[string][]string{
			"list_filings":   {`{"symbol":"AAPL","first":"2026-02-01","last":"2026-01-01"}`, `{"symbol":"AAPL","limit":1000}`, `{"symbol":"AAPL","forms":["annual","10K; --"]}`},
			"search_filings": {`{"query":""}`, `{"symbol":"AAPL"}`},
		} {
			for _, input := range inputs {
				if got := d.refused(name, input); got.Kind != fault.Invalid || !strings.HasPrefix(got.Fields[0].Path, "input") {
					t.Errorf("%s %s: got %v", name, input, got)
				}
			}
		}
		if got := d.refused("list_filings", `{"symbol":"NOSUCH"}`); got.Kind != fault.UnknownSymbol {
			t.Errorf("got %v", got)
		}
	})
}

func TestAnItemIsReadWholeInPartsThatStandInTheDocument(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, of := range []struct{ symbol, form, item string }{{"AAPL", "10-K", "1A"}, {"MSFT", "10-Q", "I.2"}, {"JPM", "10-K", "7"}} {
			data, call := use[sectionData](d, "read_filing_section", fmt.Sprintf(`{"symbol":%q,"form":%q,"item":"item %s"}`, of.symbol, of.form, of.item))
			whole, _, _, err := d.Documents.Read(t.Context(), documents.Ask{Accession: data.Accession, Section: of.item, Limit: 1_000_000})
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for {
				if len(data.Passages) == 0 || data.Item != of.item || data.Until != whole.Passage.Until {
					t.Fatalf("%v: got %d passages of %s until %d", of, len(data.Passages), data.Item, data.Until)
				}
				length := 0
				for i, p := range call.Result.Places {
					d.stands(p)
					if p.Path != place("passages", i) || p.Text != data.Passages[i].Text || p.Passage.Section != of.item {
						t.Errorf("%v: got %s of %s", of, p.Path, p.Passage.Section)
					}
					words = append(words, strings.Fields(p.Text)...)
					length += p.Passage.End - p.Passage.Start
				}
				if length > partLength {
					t.Errorf("%v: got a part of %d characters", of, length)
				}
				if data.NextOffset == nil {
					break
				}
				data, call = use[sectionData](d, "read_filing_section", fmt.Sprintf(`{"accession":%q,"item":%q,"offset":%d}`, data.Accession, of.item, *data.NextOffset))
			}
			if !slices.Equal(words, strings.Fields(whole.Passage.Text)) {
				t.Errorf("%v: got %d words, want all %d of the item", of, len(words), len(strings.Fields(whole.Passage.Text)))
			}
		}
	})
}

func TestAnItemThatIsNotThereIsRefusedWithWords(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for input, want := range map[string]fault.Kind{
			`{"symbol":"AAPL","item":"99"}`:                      fault.NotFound,
			`{"symbol":"AAPL","form":"20-F","item":"3"}`:         fault.NotFound,
			`{"symbol":"NOSUCH","item":"1A"}`:                    fault.UnknownSymbol,
			`{"item":"1A"}`:                                      fault.Invalid,
			`{"symbol":"AAPL","item":"1A","offset":99999999}`:    fault.Invalid,
			`{"accession":"0000320193-99-999999","item":"1A"}`:   fault.NotFound,
			`{"accession":"../../../etc/passwd","item":"1A"}`:    fault.Invalid,
			`{"symbol":"AAPL","form":"10-K","item":"1A","x":""}`: fault.Invalid,
		} {
			if got := d.refused("read_filing_section", input); got.Kind != want || got.Message == "" {
				t.Errorf("%s: got %v, want %s", input, got, want)
			}
		}
	})
}

func TestTheNewestReportsAreReadBeforeTheyAreSearched(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if hits, err := d.Passages.Search(t.Context(), passages.Query{Text: "risks of supply"}); err != nil || len(hits) > 0 {
			t.Fatalf("got %d passages before, %v", len(hits), err)
		}
		data, call := use[passagesData](d, "search_passages", `{"query":"What are the risks of competition and supply?","symbol":"AAPL","limit":8}`)
		if len(data.Passages) == 0 || len(call.Result.Places) != len(data.Passages) || len(call.Result.Warnings) > 0 {
			t.Fatalf("got %d passages, %v", len(data.Passages), call.Result.Warnings)
		}
		var forms []string
		for _, s := range data.Searched {
			forms = append(forms, s.Form)
		}
		if slices.Sort(forms); !slices.Equal(forms, []string{"10-K", "10-Q"}) {
			t.Errorf("got %v searched, want the newest annual and quarterly report", forms)
		}
		for i, p := range call.Result.Places {
			d.stands(p)
			if one := data.Passages[i]; p.Path != place("passages", i) || one.Text != p.Text || one.Accession != p.Passage.Accession || one.URL != p.Source.URL || one.Company == "" {
				t.Errorf("got %+v at %+v", one, p.Path)
			}
		}
		if !strings.Contains(call.Result.Places[0].Source.URL, "#:~:text=") {
			t.Errorf("got %s, want it to lead to the words", call.Result.Places[0].Source.URL)
		}
		asked := d.sim.Traffic(sim.ProviderEDGAR).Requests
		again, _ := use[passagesData](d, "search_passages", `{"query":"What are the risks of competition and supply?","symbol":"AAPL","limit":8}`)
		if now := d.sim.Traffic(sim.ProviderEDGAR).Requests; now != asked || len(again.Passages) != len(data.Passages) {
			t.Errorf("asked the SEC %d times more, and got %d passages", now-asked, len(again.Passages))
		}
		only, _ := use[passagesData](d, "search_passages", `{"query":"risks","symbol":"AAPL","forms":["10-K"]}`)
		for _, p := range only.Passages {
			if p.Form != "10-K" {
				t.Errorf("got a passage of a %s", p.Form)
			}
		}
	})
}

func TestWhatCannotBeReadIsSaidAndTheRestSearched(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		use[passagesData](d, "search_passages", `{"query":"risk factors","symbol":"AAPL"}`)
		d.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		d.clock.Advance(time.Hour)
		data, call := use[passagesData](d, "search_passages", `{"query":"risk factors","symbol":"AAPL","forms":["10-K","8-K"]}`)
		if len(data.Passages) == 0 || !hasWarning(call, "is not searched: ") {
			t.Errorf("got %d passages, %v, want those of the 10-K and a word on the 8-Ks", len(data.Passages), call.Result.Warnings)
		}
		nothing, call := use[passagesData](d, "search_passages", `{"query":"risk factors","symbol":"MSFT"}`)
		if len(nothing.Passages) > 0 || !hasWarning(call, "only filings that were read before") {
			t.Errorf("got %d passages, %v", len(nothing.Passages), call.Result.Warnings)
		}
		if _, call := use[passagesData](d, "search_passages", `{"query":"risk factors"}`); !hasWarning(call, "name a company") {
			t.Errorf("got %v", call.Result.Warnings)
		}
		if got := d.refused("read_filing_section", `{"symbol":"MSFT","item":"1A"}`); got.Kind != fault.UpstreamFailed && got.Kind != fault.UpstreamDown {
			t.Errorf("got %v", got)
		}
	})
}

// yearOf is what the books' quarters of a fiscal year brought in.
func yearOf(quarters []books.Reported, year int) string {
	sum := decimal.Zero
	for _, q := range quarters {
		if q.FiscalYear == year {
			sum = sum.Add(q.Revenue)
		}
	}
	return sum.String()
}

func TestFiledFiguresAreThoseOfTheBooks(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		company, _ := d.sim.World.Filings().Of("AAPL")
		earned := map[string]string{}
		for _, q := range company.Quarters(d.clock.Now()) {
			earned[q.End.String()] = q.Revenue.String()
		}
		data, call := use[factsData](d, "get_reported_facts", `{"symbol":"AAPL","concepts":["sales","eps"],"periods":["quarterly"],"years":2}`)
		checked := 0
		for i, f := range data.Facts {
			amount, unit, subject, period := figure(t, call, place("facts", i)+".value")
			if amount != f.Value.String() || subject != "AAPL" || period != f.Period || period == "" || call.Figures.All()[0].AsOf.IsZero() {
				t.Errorf("got %s of %s for %q, want %+v", amount, subject, period, f)
			}
			if want := map[string]string{"sales": "USD", "eps": "USD/shares"}[f.Concept]; unit != want {
				t.Errorf("%s: got %s", f.Concept, unit)
			}
			if want, ok := earned[f.End.String()]; f.Concept == "sales" && ok {
				checked++
				if amount != want {
					t.Errorf("%s: got %s, want the books' %s", f.Period, amount, want)
				}
			}
			p := call.Result.Places[i]
			if p.Path != place("facts", i) || !strings.Contains(p.Source.URL, strings.ReplaceAll(f.Accession, "-", "")) || p.Source.URL != f.URL {
				t.Errorf("%s: got %+v", f.Accession, p)
			}
		}
		if checked < 6 || checked > 9 {
			t.Errorf("checked %d quarters, want two years", checked)
		}
		year, _ := use[factsData](d, "get_reported_facts", `{"symbol":"AAPL","concepts":["revenue","us-gaap:Assets","netIncome","nosuch"],"periods":["FY2025","TTM"]}`)
		var got []string
		for _, f := range year.Facts {
			got = append(got, f.Concept+" "+f.Period)
		}
		for _, want := range []string{"revenue FY2025", "us-gaap:Assets FY2025", "netIncome FY2025"} {
			if !slices.Contains(got, want) {
				t.Errorf("got %v, want %s", got, want)
			}
		}
		if sum := year.Facts[0].Value; sum.String() != yearOf(company.Quarters(d.clock.Now()), 2025) {
			t.Errorf("got %s, want the books' %s", sum, yearOf(company.Quarters(d.clock.Now()), 2025))
		}
		for input, want := range map[string]fault.Kind{
			`{"symbol":"AAPL","concepts":["nosuch"]}`:                        fault.NotFound,
			`{"symbol":"NOSUCH","concepts":["revenue"]}`:                     fault.UnknownSymbol,
			`{"symbol":"AAPL","concepts":["revenue"],"periods":["someday"]}`: fault.Invalid,
			`{"symbol":"AAPL","concepts":[]}`:                                fault.Invalid,
		} {
			if got := d.refused("get_reported_facts", input); got.Kind != want {
				t.Errorf("%s: got %v, want %s", input, got, want)
			}
		}
	})
}
