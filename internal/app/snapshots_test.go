package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// snapshot gives somebody a snapshot of a day, with reasons in JSON.
func (p *person) snapshot(day, reasons string) {
	p.t.Helper()
	now := db.Time(p.clock.Now())
	p.write(`insert into portfolio_snapshots (id, user_id, day, base_currency, total_value, cash, market_value, confirmed_value, accounts, status,
			basis, reasons, as_of, closed_at, taken_at)
		values ($1, $2, $3, 'USD', '1', '1', '0', '1', '[]', 'partial', 'reading', $4, $5, $5, $5)`, db.NewID(), p.id, day, reasons, now)
}

type shownSnapshot struct {
	Day, BaseCurrency, Status, Basis string
	TotalValue, Cash, ConfirmedValue decimal.Decimal
	CostBasis, UnrealizedPnl         *decimal.Decimal
	RealizedPnl                      *decimal.Decimal
	Reasons                          []string
	Accounts                         []struct {
		ConnectionID, Account string
		TotalValue, Cash      decimal.Decimal
	}
	ClosedAt, TakenAt time.Time
}

func TestWhatAPortfolioWasWorthAtTheCloseIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		c, other := p.connect("alex"), p.connect("blair")
		closed := calendar.DayOf(opening()).At(16, 0)
		for minute := 0; minute <= 15; minute += 15 {
			p.moveTo(closed.Add(time.Duration(minute) * time.Minute))
			p.waitSynced(c.ID)
			p.waitSynced(other.ID)
		}
		atClose := p.summary()
		pnl := data[struct {
			Pnl struct{ Realized decimal.Decimal }
		}](p.get("/portfolio/summary").status(http.StatusOK)).Pnl
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultGarbage}) // so that what was read stays what it is, crypto too
		s.clock.Set(closed.Add(30 * time.Minute))
		var all []shownSnapshot
		eventually(t, "the snapshot", func() error {
			if all = data[[]shownSnapshot](p.get("/portfolio/snapshots?limit=1").status(http.StatusOK)); len(all) == 0 {
				return fmt.Errorf("there is none")
			}
			return nil
		})
		got := all[0]
		if got.Day != "2026-11-18" || got.Status != "confirmed" || got.Basis != "reading" || !got.ClosedAt.Equal(closed) || len(got.Accounts) != 2 {
			t.Errorf("got %+v, want it confirmed", got)
		}
		if !got.TotalValue.Equal(atClose.TotalValue) || !got.ConfirmedValue.Equal(atClose.Confirmed.TotalValue) || !got.Cash.Equal(atClose.Cash) ||
			!decimal.Sum(got.Accounts[0].TotalValue, got.Accounts[1].TotalValue).Equal(got.TotalValue) {
			t.Errorf("got %+v, want what the summary said at the close: %+v", got, atClose)
		}
		p.same("realized", got.RealizedPnl, pnl.Realized)
		p.get("/portfolio/snapshots?from=x&to=y").fails(http.StatusUnprocessableEntity, "validation_failed")
	})
}

func TestDaysThatWereMissedAreWorthWhatTheLedgerSays(t *testing.T) {
	eachEngineWith(t, setup{gateway: "alex"}, func(t *testing.T, s *site) {
		p := s.register("ada")
		c := p.connect("alex")
		gateway := data[link](p.post("/brokerages/connect", map[string]any{"provider": "ibkr", "environment": "live"}).status(http.StatusOK))
		p.waitSynced(gateway.ID)
		cash := map[string]decimal.Decimal{}
		// Nothing runs from here on, as far as anybody can tell: the clock jumps over three closes.
		back := calendar.Day{Year: 2026, Month: time.November, Day: 20}.At(16, 0).Add(3 * 24 * time.Hour).Add(-6 * time.Hour)
		p.moveTo(back) // Monday, 10:00
		p.syncAll()
		var all []shownSnapshot
		eventually(t, "the snapshots", func() error {
			if all = data[[]shownSnapshot](p.get("/portfolio/snapshots").status(http.StatusOK)); len(all) != 3 {
				return fmt.Errorf("there are %d", len(all))
			}
			return nil
		})
		days := map[string]decimal.Decimal{}
		for _, d := range s.pastOf("alex", calendar.DayOf(back).AddDays(-1)) {
			days[d.day.String()] = d.value
		}
		for _, got := range all {
			if got.Status != "late" || got.Basis != "history" || len(got.Accounts) != 2 || got.CostBasis == nil || got.RealizedPnl == nil {
				t.Errorf("got %+v, want it worked out from the ledger", got)
				continue
			}
			for _, a := range got.Accounts {
				if a.ConnectionID == c.ID {
					p.near("the account on "+got.Day, &a.TotalValue, days[got.Day], hundredth())
				} else {
					cash[got.Day] = a.Cash
				}
			}
		}
		// No trade moved the cash of the other account between Thursday and Friday; rates did.
		thursday, friday := cash["2026-11-19"], cash["2026-11-20"]
		if thursday.IsZero() || thursday.Sub(friday).Abs().GreaterThan(thursday.Div(decimal.NewFromInt(50))) {
			t.Errorf("got cash of %s and %s, want the same but for rates", thursday, friday)
		}
	})
}
