package library_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

func TestTheNewestReportsAreReadyWithWhatTheyReferTo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r, err := h.Ready(t.Context(), filings.Filter{Company: "JPM"})
		if err != nil || len(r.Missing) > 0 || len(r.Warnings) > 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
		annual, quarterly := h.newest("JPM", "10-K"), h.newest("JPM", "10-Q")
		for _, number := range []string{annual, quarterly} {
			if h.count("select count(*) from passage_documents where accession = $1", number) == 0 {
				t.Errorf("%s is not divided", number)
			}
		}
		if len(r.Divided) != 2 {
			t.Errorf("got %d filings, want the annual and the quarterly one", len(r.Divided))
		}
		if hits := h.search(passages.Query{Text: "net income of the year", Accession: annual, Sections: []string{"7"}}); len(hits) == 0 {
			t.Error("got nothing of item 7, which stands in an exhibit")
		}
		asked := h.asked()
		if _, err := h.Ready(t.Context(), filings.Filter{Company: "JPM"}); err != nil || h.asked() != asked {
			t.Errorf("asked the SEC %d times more, %v", h.asked()-asked, err)
		}
	})
}

func TestWhatCannotBeMadeReadyIsMissing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.newest("AAPL", "10-K") // the list is known
		h.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		h.clock.Advance(time.Minute)
		r, err := h.Ready(t.Context(), filings.Filter{Company: "AAPL", Forms: []string{"10-K", "8-K"}})
		if err != nil || len(r.Divided) > 0 || len(r.Missing) < 2 || len(r.Missing) > 4 {
			t.Fatalf("got %d divided and %d missing, %v", len(r.Divided), len(r.Missing), err)
		}
		for _, m := range r.Missing {
			if kind := fault.KindOf(m.Why); kind != fault.UpstreamFailed && kind != fault.UpstreamDown {
				t.Errorf("%s: got %v", m.Form, m.Why)
			}
		}
		if _, err := h.Ready(t.Context(), filings.Filter{Company: "NOSUCH"}); !fault.Is(err, fault.UnknownSymbol) {
			t.Errorf("got %v, want an unknown symbol", err)
		}
	})
}
