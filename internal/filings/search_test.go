package filings_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

func TestASearchIsGroupedByFiling(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		search := filings.Search{Company: "JPM", Forms: []string{"10-K"}, Limit: 100}
		found, next, warnings, err := s.Find(t.Context(), search)
		if err != nil || next != "" || len(warnings) > 0 || len(found) == 0 {
			t.Fatalf("got %d, %q, %v, %v", len(found), next, warnings, err)
		}
		want := s.truth(19617, func(form, filed string) bool { return form == "10-K" && filed > "2001" })
		var got []string
		for _, f := range found {
			got = append(got, f.Accession)
			mains := 0
			for _, d := range f.Documents {
				if d.Main {
					mains++
				}
			}
			if len(f.Documents) < 2 || mains != 1 || f.CIK != "0000019617" || f.Form != "10-K" || f.Stale {
				t.Errorf("got %+v, want one main document among several", f)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v: the newest first, each once", got, want)
		}
		var paged []string
		for search.Limit, search.Cursor = 2, ""; ; search.Cursor = next {
			if found, next, _, err = s.Find(t.Context(), search); err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				paged = append(paged, f.Accession)
			}
			if next == "" {
				break
			}
		}
		if !slices.Equal(paged, want) {
			t.Errorf("in pages: got %v, want %v", paged, want)
		}
		if n := s.asked("/efts/"); n != 1 {
			t.Errorf("EDGAR was asked %d times, want once", n)
		}
		if ciks, err := filings.FilersOf(t.Context(), s.db.Read(), filings.Accession(want[0])); err != nil || !slices.Equal(ciks, []filings.CIK{19617}) {
			t.Errorf("got %v, %v, want it remembered whose filing that is", ciks, err)
		}
		for field, bad := range map[string]filings.Search{
			"query.q": {Text: strings.Repeat("x", 401)}, "query.cursor": {Text: "x", Cursor: "10000"}, "query.symbol": {Text: "x", Company: "?"}, "query.form": {Forms: []string{"<"}}, "query.from": {Text: "x", From: "1"},
		} {
			if _, _, _, err := s.Find(t.Context(), bad); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field) {
				t.Errorf("%+v: got %v, want it to name %s", bad, err, field)
			}
		}
		if found, _, _, err := s.Find(t.Context(), filings.Search{Text: "xyzzyplugh", Limit: 5}); err != nil || found == nil || len(found) != 0 {
			t.Errorf("got %v, %v, want an empty list", found, err)
		}
	})
}

func TestASearchSaysWhereItEnds(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.ownEDGAR().set("/efts/LATEST/search-index", `{"hits":{"total":{"value":10000,"relation":"gte"},"hits":[]}}`)
		_, next, warnings, err := s.Find(t.Context(), filings.Search{Text: "the", Limit: 10})
		if err != nil || next != "" || len(warnings) != 1 || !strings.Contains(warnings[0], "10000") {
			t.Errorf("got %q, %v, %v, want to hear that no search goes further", next, warnings, err)
		}
	})
}

func TestALongSearchIsPagedOverTheSourcesPages(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		search, seen, pages := filings.Search{Forms: []string{"10-Q"}, Limit: 30}, map[string]bool{}, 0
		for {
			found, next, _, err := s.Find(t.Context(), search)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if seen[f.Accession] {
					t.Errorf("%s comes twice", f.Accession)
				}
				seen[f.Accession] = true
			}
			pages++
			if search.Cursor = next; next == "" {
				break
			}
		}
		want := 0
		for _, c := range s.sim.World.Filings().Companies() {
			want += len(s.truth(c.CIK, func(form, filed string) bool { return form == "10-Q" && filed > "2001" }))
		}
		if len(seen) != want || pages < want/30 || want < 101 {
			t.Errorf("got %d filings on %d pages, want %d", len(seen), pages, want)
		}
	})
}
