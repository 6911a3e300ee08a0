package cache_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestWhatIsAtHandIsKnownWithoutAskingAnybody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		p := start(t, s, d, "info", nil, c.now)
		get(t, p.Cache, "A")
		p.stop()
		calls := s.calls.Load()
		c.advance(24 * time.Hour)
		p = start(t, s, d, "info", nil, c.now)
		defer p.stop()
		for range 2 { // from the table, and then from memory
			known, err := p.Known(t.Context(), "A", "B")
			if e := known["A"]; err != nil || len(known) != 1 || !e.Stale || e.Value.Call != calls {
				t.Errorf("got %v, %v, want what another process fetched of A", known, err)
			}
		}
		if got := s.calls.Load(); got != calls {
			t.Errorf("sources were asked %d times more", got-calls)
		}
	})
}

func TestWhatIsAtHandTakesNoPlaceOfWhatIsFetchedMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := &source{}, newClock()
		p := start(t, s, d, "info", nil, c.now)
		get(t, p.Cache, "A")
		p.stop()
		c.advance(24 * time.Hour)
		looks := 0
		p = start(t, s, d, "info", nil, func() time.Time {
			if looks++; looks == 2 { // the row was read, and is not in memory yet
				get(t, p.Cache, "A")
			}
			return c.now()
		})
		defer p.stop()
		for range 2 {
			known, err := p.Known(t.Context(), "A")
			if e := known["A"]; err != nil || e.Stale || e.Value.Call != s.calls.Load() {
				t.Errorf("got %+v, %v, want what was fetched last", e, err)
			}
		}
	})
}
