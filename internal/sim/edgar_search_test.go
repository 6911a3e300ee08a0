package sim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

type searchHit struct {
	ID     string `json:"_id"`
	Source struct {
		Adsh     string `json:"adsh"`
		Form     string `json:"form"`
		FileType string `json:"file_type"`
		FileDate string `json:"file_date"`
	} `json:"_source"`
}

// searchAnswer is what the tests look at of a search.
type searchAnswer struct {
	Hits struct {
		Total struct {
			Value    int
			Relation string
		}
		Hits []searchHit
	}
	Query struct{ From, Size int }
}

func searchFor(t *testing.T, server *httptest.Server, query ...string) searchAnswer {
	t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return decoded[searchAnswer](t, edgarGet(t, server, "/efts/LATEST/search-index?"+values.Encode()))
}

func TestSearchFindsWords(t *testing.T) {
	_, server, _ := serveEDGAR(t, -1)
	count := func(q string) int {
		return searchFor(t, server, "q", q, "ciks", "0000320193,0000789019", "forms", "10-K", "dateRange", "custom", "startdt", "2025-01-01", "enddt", "2026-12-31").Hits.Total.Value
	}
	for q, want := range map[string]int{
		"iPhone":                    2, // the annual reports of two years
		"iphone WEARABLES":          2,
		"iphone azure":              0, // both in one document
		"iphone OR azure":           4,
		"azure":                     2,
		"azure -iphone":             2,
		"azure NOT windows":         0,
		"-azure iphone":             2,
		`"operating systems"`:       4,
		`"systems operating"`:       0,
		"smartph*":                  2,
		"smartph":                   0,
		`"App Store" developers`:    2,
		"Microsoft's":               2,
		"consent incorporation":     4, // the accountants' letters; exhibits are hits of their own
		"nothingofthekind":          0,
		`"tariffs would make them"`: 2,
	} {
		if got := count(q); got != want {
			t.Errorf("%s: got %d documents, want %d", q, got, want)
		}
	}
}

func TestSearchHitsAreDocumentsAndExhibitsComeFirst(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	f := newest(t, s, "AAPL", "10-K")
	hits := searchFor(t, server, "q", "Apple consolidated", "ciks", "0000320193", "forms", "10-K", "dateRange", "custom", "startdt", f.Filed.String()).Hits.Hits
	if len(hits) != 2 || hits[0].Source.FileType != "EX-23.1" || hits[1].Source.FileType != hits[1].Source.Form || hits[0].Source.Adsh != hits[1].Source.Adsh {
		t.Errorf("got %+v, want the exhibit before the report of one filing", hits)
	}
	_, name, _ := strings.Cut(hits[0].ID, ":")
	if got := edgarGet(t, server, "/www"+folderOf(f)+"/"+name); got.status != http.StatusOK {
		t.Errorf("the hit's document: got %d", got.status)
	}
}

func TestSearchKeepsToFormsAndDates(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	forms := func(query ...string) string {
		seen := map[string]bool{}
		for _, h := range searchFor(t, server, query...).Hits.Hits {
			seen[h.Source.Form] = true
		}
		var list []string
		for form := range seen {
			list = append(list, form)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	tesla := fmt.Sprintf("%010d", company(t, s, "TSLA").CIK)
	for query, want := range map[string]string{"10-K": "10-K 10-K/A", "10-K,10-Q": "10-K 10-K/A 10-Q", "-4,-8-K": "10-K 10-K/A 10-Q", "10-K/A": "10-K/A", "20-F": ""} {
		if got := forms("ciks", tesla, "forms", query); got != want {
			t.Errorf("forms=%s: got %s, want %s", query, got, want)
		}
	}
	newestFirst := searchFor(t, server, "ciks", tesla).Hits.Hits
	if !slices.IsSortedFunc(newestFirst, func(x, y searchHit) int { return strings.Compare(y.Source.FileDate, x.Source.FileDate) }) {
		t.Error("without words the newest do not come first")
	}
	all, ignored := searchFor(t, server, "ciks", tesla), searchFor(t, server, "ciks", tesla, "startdt", "2026-01-01")
	if all.Hits.Total != ignored.Hits.Total {
		t.Error("dates count although the range is not called custom")
	}
}

func TestSearchPagesHoldAHundred(t *testing.T) {
	_, server, _ := serveEDGAR(t, -1)
	seen := map[string]bool{}
	var total int
	for from := 0; ; from += 100 {
		page := searchFor(t, server, "forms", "8-K", "from", fmt.Sprint(from))
		total = page.Hits.Total.Value
		for _, h := range page.Hits.Hits {
			if seen[h.ID] {
				t.Errorf("%s is on two pages", h.ID)
			}
			seen[h.ID] = true
		}
		if page.Query.From != from || page.Query.Size != 100 {
			t.Errorf("the echo says from %d, size %d", page.Query.From, page.Query.Size)
		}
		if len(page.Hits.Hits) < 100 {
			break
		}
	}
	if len(seen) != total || total < 300 {
		t.Errorf("got %d documents on all pages, want %d", len(seen), total)
	}
	if got := edgarGet(t, server, "/efts/LATEST/search-index?q=a&from=9950"); got.status != http.StatusBadRequest {
		t.Errorf("beyond ten thousand: got %d", got.status)
	}
}
