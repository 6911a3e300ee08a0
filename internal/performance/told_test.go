package performance_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// An option has no past prices: what it gained since it was bought is no gain of today, nor is it lost when the bell has
// rung.
func TestWhatHasNoPastPricesStandsAtTheOneItsBrokerageTells(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		bought := buy("2026-11-09", "2", "5")
		bought.Amount = dec("-1000")
		bought.Instrument = broker.Instrument{
			InstrumentID: "o1", Symbol: "SPY280121C00500000", AssetClass: broker.Option, Currency: "USD", Multiplier: dec("100"),
		}
		h.tell(t, deposit("2026-11-02", "1500"), bought)
		for now, live := range map[time.Time]bool{saturday: false, time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC): true} {
			h.set(now)
			price, value := dec("8"), dec("1600")
			h.holding = []portfolio.Holding{{InstrumentID: h.instrument(t), Symbol: "SPY280121C00500000", AssetClass: broker.Option, Currency: "USD", Price: &price, MarketValue: &value, AsOf: now}}
			h.tell(t)
			week, warnings := h.ask(t, performance.Query{Range: "1W"})
			if got := week.Drivers.Closing.String() + " " + week.Gain.String(); week.Live != live || got != "2100 0" {
				t.Errorf("at %s: closing and gain are %s in a week, want 2100 0", now, got)
			}
			if all, _ := h.ask(t, performance.Query{}); all.Gain.String() != "600" {
				t.Errorf("at %s: got a gain of %s in all, want 600", now, all.Gain)
			}
			if text := strings.Join(warnings, "\n"); !strings.Contains(text, "no past prices of SPY280121C00500000") || strings.Contains(text, "last known price") {
				t.Errorf("got warnings %q", text)
			}
		}
	})
}

func TestTheDayThatIsNotOverHasTheRatesOfNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, broker.Activity{ID: "d1", Kind: broker.Deposit, At: at("2026-03-02"), Currency: "EUR", Amount: dec("100")})
		h.set(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)) // Monday noon
		h.rates = []portfolio.Rate{{From: "EUR", To: "USD", Rate: dec("15"), AsOf: h.clock()}}
		day, _ := h.ask(t, performance.Query{Range: "1D"})
		if got := day.Drivers; got.Opening.String() != "1323" || got.Closing.String() != "1500" || got.FX.String() != "177" {
			t.Errorf("got %+v, want 1323 at Friday's rate and 1500 at that of now", got)
		}
	})
}

func TestAnAccountThatItsBrokerageListsNoMoreIsToldBesideTheSummary(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"), buy("2026-03-03", "10", "10"))
		before, warnings := h.ask(t, performance.Query{})
		if len(before.NotInHistory) != 0 || len(warnings) != 0 {
			t.Fatalf("got %+v, %q of an account that is there", before.NotInHistory, warnings)
		}
		if err := h.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "update brokerage_accounts set missing_since = as_of where id = $1", h.account)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		after, warnings := h.ask(t, performance.Query{})
		if len(after.NotInHistory) != 1 || after.NotInHistory[0].What != "missing" || !after.NotInHistory[0].Value.Equal(after.Drivers.Closing.Neg()) {
			t.Errorf("got %+v beside %s, want what the summary leaves out", after.NotInHistory, after.Drivers.Closing)
		}
		if text := strings.Join(warnings, "\n"); !strings.Contains(text, "…5678 is not in its brokerage's list") {
			t.Errorf("got warnings %q", text)
		}
	})
}
