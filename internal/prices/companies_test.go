package prices_test

import (
	"database/sql"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/prices"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// learn does the job.
func (s *shop) learn() {
	s.t.Helper()
	if err := s.LearnCompanies(s.t.Context(), prices.LearnCompanies{}); err != nil {
		s.t.Fatal(err)
	}
}

// profiles tell how often Yahoo was asked what each symbol is.
func (s *shop) profiles() map[string]int {
	asked := map[string]int{}
	for _, r := range s.sim.Requests() {
		if symbol, ok := strings.CutPrefix(r.Path, "/v10/finance/quoteSummary/"); ok {
			asked[symbol] += r.Count
		}
	}
	return asked
}

func TestWhatIsHeldIsLearntOnceAndAgainAfterAWeek(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.owner("USD", equity("AAPL", "NASDAQ", "USD"), equity("VOD", "LSE", "GBP"), equity("NOSUCH", "NYSE", "USD"))
		s.owner("EUR", equity("AAPL", "NASDAQ", "USD"))
		s.learn()
		if diff := cmp.Diff(map[string]int{"AAPL": 1, "VOD.L": 1, "NOSUCH": 1}, s.profiles()); diff != "" {
			t.Errorf("at first, questions (-want +got):\n%s", diff)
		}
		known, err := s.Research.KnownCompanies(t.Context(), []string{"AAPL", "VOD.L", "NOSUCH"})
		if err != nil || len(known) != 2 || known["AAPL"].Name == "" || known["AAPL"].Sector == "" || known["VOD.L"].Country != "GB" {
			t.Errorf("got %+v, %v, want what Apple and Vodafone are", known, err)
		}
		for _, step := range []struct {
			after time.Duration
			want  map[string]int
		}{
			{5 * time.Hour, map[string]int{"AAPL": 1, "VOD.L": 1, "NOSUCH": 1}},
			{2 * time.Hour, map[string]int{"AAPL": 1, "VOD.L": 1, "NOSUCH": 2}}, // somebody may know it by now
			{6 * 24 * time.Hour, map[string]int{"AAPL": 1, "VOD.L": 1, "NOSUCH": 3}},
			{24 * time.Hour, map[string]int{"AAPL": 2, "VOD.L": 2, "NOSUCH": 4}},
		} {
			s.clock.Advance(step.after)
			s.learn()
			for range 500 { // what is known is served, and asked for beside that
				if maps.Equal(step.want, s.profiles()) {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if diff := cmp.Diff(step.want, s.profiles()); diff != "" {
				t.Errorf("%s later, questions (-want +got):\n%s", step.after, diff)
			}
		}
	})
}

func TestWhatCouldNotBeLearntIsAskedForSomeHoursLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.owner("USD", equity("AAPL", "NASDAQ", "USD"))
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError})
		s.learn()
		s.sim.Faults.Clear(sim.ProviderYahoo)
		known := func() int {
			all, err := s.Research.KnownCompanies(t.Context(), []string{"AAPL"})
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		s.clock.Advance(time.Hour)
		s.learn()
		if n := known(); n != 0 {
			t.Errorf("got %d companies an hour later, want nobody asked yet", n)
		}
		for range 500 { // the source is left alone for a moment, by the real clock
			s.clock.Advance(6 * time.Hour)
			if s.learn(); known() == 1 {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("Apple is not known, however often there was time to ask again")
	})
}

func TestTheJobOfLearningWaitsForTheLastAndForSomebodyToAsk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		jobs := func() (n int) {
			s.tx(func(tx *sql.Tx) error { return s.CompaniesDue(t.Context(), tx, s.Now()) })
			if err := d.Read().QueryRowContext(t.Context(), "select count(*) from jobs where kind = 'learn_companies'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		research := s.Research
		s.Research = nil
		if n := jobs(); n != 0 {
			t.Errorf("got %d jobs with nobody to ask", n)
		}
		s.Research = research
		if first, second := jobs(), jobs(); first != 1 || second != 1 {
			t.Errorf("got %d jobs, then %d, want one that is not done yet", first, second)
		}
	})
}
