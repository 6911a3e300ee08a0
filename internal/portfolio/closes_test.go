package portfolio_test

import (
	"context"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// A brokerage that tells no previous closes takes nobody's day change away.
func TestTheDayChangeHasThePreviousClosesThatABrokerageDoesNotTell(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.Closes = func(_ context.Context, symbols []string, first calendar.Day) (map[string]market.Closes, error) {
			friday := calendar.Day{Year: 2026, Month: 11, Day: 20}
			if len(symbols) != 1 || symbols[0] != "B" || !first.Before(friday) {
				t.Errorf("asked for %v from %s on, want B alone with some days before", symbols, first)
			}
			return map[string]market.Closes{"B": {Currency: "USD", Days: []int32{friday.Number()}, Close: []float64{19.5}, AsOf: h.now}}, nil
		}
		h.north.Keep(account("n1", "0"), h.position("A", "1", "60", "60", "50", "60"))
		h.south.Keep(account("s1", "0"), h.position("A", "2", "120", "60", "", "120"), h.position("B", "10", "100", "20", "", "200"))
		h.linked(t, user, h.north)
		h.linked(t, user, h.south)
		s, warnings := h.summary(t, user)
		if got := text(s.DayChange); got != "35" || len(warnings) != 0 { // 3 · (60 − 50) + 10 · (20 − 19.5)
			t.Errorf("got a day change of %s with %q, want 35", got, warnings)
		}
	})
}
