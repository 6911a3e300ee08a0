package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

type shownFiling struct {
	Accession, CIK, Company, Form, Filed, Document, URL, Source string
	Items                                                       []string
	Stale                                                       bool
}

type shownDocuments struct {
	shownFiling
	Documents []struct{ Name, Type string }
	Sections  []struct {
		Key, Status string
		Start, End  *int
	}
	Passage *struct {
		Document, Section, Text, SHA256, URL string
		Start, End, Until                    int
	}
}

func TestFilingsAreListedReadAndFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		list, m := dataMeta[[]shownFiling](p.get("/edgar/filings/aapl?form=10-K,10-Q&limit=3").status(http.StatusOK))
		if len(list) != 3 || m.NextCursor == "" || list[0].Company != "Apple Inc." || list[0].Source != "edgar" || list[0].Stale {
			t.Errorf("got %+v, %+v", list, m)
		}
		next := data[[]shownFiling](p.get("/edgar/filings/0000320193?form=10-K,10-Q&limit=3&cursor=" + m.NextCursor).status(http.StatusOK))
		if len(next) != 3 || next[0].Accession == list[2].Accession || next[0].Filed > list[2].Filed {
			t.Errorf("got %+v behind %+v", next, list)
		}
		number := s.filed("10-K")
		f := data[shownDocuments](p.get("/edgar/filing/" + strings.ReplaceAll(number, "-", "")).status(http.StatusOK))
		if f.Accession != number || f.Form != "10-K" || len(f.Sections) < 15 || len(f.Documents) == 0 || f.Passage != nil {
			t.Errorf("got %+v", f)
		}
		risks := p.get("/edgar/filing/" + number + "?section=1A").status(http.StatusOK)
		passage := data[shownDocuments](risks).Passage
		i := slices.IndexFunc(f.Sections, func(one struct {
			Key, Status string
			Start, End  *int
		}) bool {
			return one.Key == "1A"
		})
		if passage.Section != "1A" || passage.Document != f.Document || passage.Start != *f.Sections[i].Start || passage.End != *f.Sections[i].End || len(passage.SHA256) != 64 {
			t.Errorf("got the passage %+v, want the section %+v", passage, f.Sections[i])
		}
		p.get("/edgar/filing/"+number+"?section=99").fails(http.StatusNotFound, "not_found")
		p.get("/edgar/filings/NOSUCH").fails(http.StatusNotFound, "unknown_symbol")

		found := data[[]shownFiling](p.get("/edgar/search?q=risk&symbol=AAPL&form=annual&limit=2").status(http.StatusOK))
		if len(found) != 2 || found[0].Form != "10-K" || found[0].CIK != "0000320193" {
			t.Errorf("got %+v", found)
		}
	})
}

func TestAFilingThatWasReadIsDividedIntoPassages(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		number := s.filed("10-K")
		p.get("/edgar/filing/" + number + "?section=1A").status(http.StatusOK)
		eventually(t, "its passages", func() error {
			var n int
			err := s.db.Read().QueryRowContext(t.Context(), `select count(*) from passages p join passage_documents d on d.number = p.document
				where d.accession = $1 and p.section = '1A'`, number).Scan(&n)
			if err == nil && n == 0 {
				err = errNotYet
			}
			return err
		})
	})
}

func TestAFilingThatIsAtHandIsNotSentAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		path := "/edgar/filing/" + s.filed("10-K") + "?section=1A"
		first := p.get(path).status(http.StatusOK)
		tag := first.Header.Get("ETag")
		if control := first.Header.Get("Cache-Control"); tag == "" || !strings.HasPrefix(control, "private") {
			t.Errorf("got the tag %q and %q", tag, control)
		}
		for _, at := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if again := p.get(path, header("If-None-Match", at)).status(http.StatusNotModified); len(again.Body) != 0 || again.Header.Get("ETag") != tag {
				t.Errorf("%s: got %v", at, again)
			}
		}
		if again := p.get(path, header("If-None-Match", `"other"`)).status(http.StatusOK); again.Header.Get("ETag") != tag {
			t.Errorf("got the tag %s for the same, want %s", again.Header.Get("ETag"), tag)
		}
		if other := p.get("/edgar/filings/AAPL").status(http.StatusOK); other.Header.Get("Cache-Control") != "no-store" || other.Header.Get("ETag") != "" {
			t.Errorf("a list that grows: got %v", other.Header)
		}
	})
}

func TestWithTheSECDownWhatIsKnownIsServedAndSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		number := s.filed("10-K")
		list := data[[]shownFiling](p.get("/edgar/filings/AAPL").status(http.StatusOK))
		text := data[shownDocuments](p.get("/edgar/filing/" + number + "?section=1A").status(http.StatusOK))
		s.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		s.clock.Advance(time.Hour)
		p.login()
		stale, m := dataMeta[[]shownFiling](p.get("/edgar/filings/AAPL").status(http.StatusOK))
		if len(stale) != len(list) || !stale[0].Stale || len(m.Warnings) != 1 {
			t.Errorf("got %d filings, stale %v, %v, want %d", len(stale), stale[0].Stale, m.Warnings, len(list))
		}
		if diff := cmp.Diff(text.Passage, data[shownDocuments](p.get("/edgar/filing/"+number+"?section=1A").status(http.StatusOK)).Passage); diff != "" {
			t.Errorf("a document reads otherwise (-before +now):\n%s", diff)
		}
		p.get("/edgar/filings/MSFT").fails(http.StatusServiceUnavailable, "upstream_unavailable")
		p.get("/edgar/search?q=nobody").fails(http.StatusServiceUnavailable, "upstream_unavailable")
	})
}

func TestWithoutAUserAgentThereAreNoFilings(t *testing.T) {
	oneEngine(t, setup{settings: []string{"JASPERS_EDGAR_USER_AGENT="}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, path := range []string{"/edgar/filings/AAPL", "/edgar/filing/0000320193-24-000123", "/edgar/search?q=risk"} {
			a := p.get(path).fails(http.StatusServiceUnavailable, "filings_not_configured")
			if !strings.Contains(string(a.Body), "JASPERS_EDGAR_USER_AGENT") {
				t.Errorf("got %s, want to hear what to set", a.Body)
			}
		}
		for _, r := range s.sim.Requests() {
			if r.Provider == sim.ProviderEDGAR {
				t.Errorf("%s was asked for", r.Path)
			}
		}
	})
}
