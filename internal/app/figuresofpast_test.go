package app_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// performed is how a portfolio did, in the words of its description.
type performed struct {
	Status, BaseCurrency string
	From, To             string
	Live                 bool
	Gain                 *decimal.Decimal
	Drivers              *struct{ Opening, In, Out, Market, Income, Fees, Taxes, FX, Closing decimal.Decimal }
	TimeWeighted         struct{ Value, Annual *float64 }
	MoneyWeighted        struct {
		Value, Annual *float64
		Unique        bool
	}
	Series []struct {
		Day         string
		Value, Cash decimal.Decimal
	}
	Accounts []struct {
		ConnectionID           string
		Opening, Closing, Gain decimal.Decimal
	}
	NotInHistory []struct {
		AccountID, ConnectionID, What string
		Value                         *decimal.Decimal
	}
	InputsHash string
}

func (p *person) performance(query string) (performed, []string) {
	p.t.Helper()
	shown, m := dataMeta[performed](p.get("/portfolio/performance" + query).status(http.StatusOK))
	return shown, m.Warnings
}

// pastDay is an account at a close, and what came in since the one before.
type pastDay struct {
	day                 calendar.Day
	value, in, dividend decimal.Decimal
}

// pastOf works an account's days out from what happened in the world and what its shares traded at, by the schoolbook.
func (s *site) pastOf(customer string, last calendar.Day) []pastDay {
	s.t.Helper()
	activities := s.sim.World.Activities(customer, sim.Live)
	first := calendar.DayOf(activities[0].Time)
	closes := map[string]map[calendar.Day]decimal.Decimal{}
	var days []pastDay
	for day := first; !last.Before(day); day = day.AddDays(1) {
		if !calendar.IsTradingDay(day) {
			continue
		}
		d := pastDay{day: day}
		held := map[string]decimal.Decimal{}
		for _, a := range activities {
			on := calendar.DayOf(a.Time)
			if day.Before(on) {
				continue
			}
			d.value = d.value.Add(a.NetAmount)
			isNew := len(days) == 0 || days[len(days)-1].day.Before(on)
			switch {
			case a.Type == sim.ActivityFill, a.Type == sim.ActivitySplit:
				held[a.Symbol] = held[a.Symbol].Add(a.Quantity)
			case a.Type == sim.ActivityDeposit && isNew:
				d.in = d.in.Add(a.NetAmount)
			case a.Type == sim.ActivityDividend && isNew:
				d.dividend = d.dividend.Add(a.NetAmount)
			}
		}
		for symbol, quantity := range held {
			if closes[symbol] == nil {
				closes[symbol] = s.sim.World.ClosesAsTraded(symbol, first, last)
			}
			d.value = d.value.Add(quantity.Mul(closes[symbol][day]))
		}
		days = append(days, d)
	}
	return days
}

// wantPast compares a performance with the days it is of; before is what there was at the first one's beginning.
func (p *person) wantPast(got performed, before decimal.Decimal, days []pastDay) {
	p.t.Helper()
	in, income, growth, value := decimal.Zero, decimal.Zero, 1.0, before
	for _, d := range days {
		if base := value.Add(d.in).InexactFloat64(); base != 0 {
			growth *= d.value.InexactFloat64() / base
		}
		in, income, value = in.Add(d.in), income.Add(d.dividend), d.value
	}
	p.near("opening", &got.Drivers.Opening, before, hundredth())
	p.near("in", &got.Drivers.In, in, hundredth())
	p.near("income", &got.Drivers.Income, income, hundredth())
	p.near("closing", &got.Drivers.Closing, value, hundredth())
	p.near("market", &got.Drivers.Market, value.Sub(before).Sub(in).Sub(income), hundredth().Add(hundredth()))
	p.near("gain", got.Gain, value.Sub(before).Sub(in), hundredth())
	for _, none := range []decimal.Decimal{got.Drivers.Out, got.Drivers.Fees, got.Drivers.Taxes, got.Drivers.FX} {
		if !none.IsZero() {
			p.t.Errorf("got %+v, want nothing but deposits, prices and dividends", got.Drivers)
		}
	}
	const aCentOfAll = 1e-5 // Yahoo's closes have the noise of short floats
	if twr := got.TimeWeighted.Value; twr == nil || math.Abs(*twr-(growth-1)*100) > aCentOfAll {
		p.t.Errorf("got a time-weighted return of %+v from %s to %s, want %v", got.TimeWeighted, got.From, got.To, (growth-1)*100)
	}
	if days[0].day.AddDays(365).Before(days[len(days)-1].day) {
		p.wantZero(got, days)
	}
}

// wantZero puts what came in and what is there into the equation that the money-weighted return solves.
func (p *person) wantZero(got performed, days []pastDay) {
	p.t.Helper()
	if got.MoneyWeighted.Annual == nil || !got.MoneyWeighted.Unique {
		p.t.Errorf("got %+v, want one rate", got.MoneyWeighted)
		return
	}
	sum, end := 0.0, days[len(days)-1]
	for _, d := range days {
		sum += d.in.InexactFloat64() * math.Pow(1+*got.MoneyWeighted.Annual/100, float64(end.day.Number()-d.day.Number())/365)
	}
	if off := sum - end.value.InexactFloat64(); math.Abs(off) > 1 {
		p.t.Errorf("got %v %% a year, by which what came in would be worth %.2f more", *got.MoneyWeighted.Annual, off)
	}
}

func TestPerformanceIsWhatTheWorldComesToDayByDay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		c := p.connect("alex")
		today := calendar.DayOf(opening())
		live, _ := p.performance("")
		if !live.Live || !live.Drivers.Closing.Equal(total(s.bookOf("alex")).Round(2)) || !live.Drivers.Closing.Equal(p.summary().TotalValue.Round(2)) {
			t.Errorf("got %+v, want the account as it is, %s", live.Drivers, total(s.bookOf("alex")))
		}
		p.moveTo(opening().Add(time.Hour))
		if err := s.sim.World.Trade("alex", sim.Live, "KO", decimal.NewFromInt(25), decimal.Zero); err != nil {
			t.Fatal(err)
		}
		p.syncAll()
		traded, _ := p.performance("")
		p.same("closing after a trade", &traded.Drivers.Closing, total(s.bookOf("alex")).Round(2))
		if traded.InputsHash == live.InputsHash {
			t.Error("a trade changed nothing that the figures rest on")
		}
		p.moveTo(today.At(21, 0))
		p.syncAll()
		days := s.pastOf("alex", today)
		whole, warnings := p.performance("")
		if whole.Live || whole.Status != "ok" || len(warnings) > 0 || len(whole.NotInHistory) > 0 || whole.Accounts[0].ConnectionID != c.ID {
			t.Errorf("got %s %v, warnings %q, %+v", whole.Status, whole.Live, warnings, whole.NotInHistory)
		}
		p.wantPast(whole, decimal.Zero, days)
		for _, query := range []string{"?range=YTD", "?range=1Y", "?range=1M", "?range=1D", "?from=2024-03-01&to=2024-12-31"} {
			got, _ := p.performance(query)
			var before decimal.Decimal
			var within []pastDay
			for _, d := range days {
				switch {
				case d.day.String() <= got.From:
					before = d.value
				case d.day.String() <= got.To:
					within = append(within, d)
				}
			}
			p.wantPast(got, before, within)
		}
	})
}

func TestAnAccountOfTradesAloneComesInWithWhatItHoldsAndItsCashStandsBeside(t *testing.T) {
	eachEngineWith(t, setup{gateway: "alex"}, func(t *testing.T, s *site) {
		p := s.register("ada") // the first one is the admin
		p.connect("alex")
		before, _ := p.performance("")
		began := data[link](p.post("/brokerages/connect", map[string]any{"provider": "ibkr", "environment": "live"}).status(http.StatusOK))
		p.waitSynced(began.ID)
		after, warnings := p.performance("")
		if !strings.Contains(strings.Join(warnings, " "), "trades alone are known: its cash is not in these figures") {
			t.Errorf("got warnings %q, want it said whose cash is not in them", warnings)
		}
		gain, held := decimal.Zero, decimal.Zero
		for _, a := range after.Accounts {
			if a.ConnectionID == began.ID {
				gain, held = a.Gain, a.Closing
			}
		}
		if held.LessThan(decimal.NewFromInt(1000)) || gain.Abs().GreaterThan(held.Div(decimal.NewFromInt(10))) {
			t.Errorf("got a gain of %s with %s, want what it held to have come in", gain, held)
		}
		p.near("gain of all", after.Gain, before.Gain.Add(gain), hundredth().Add(hundredth()))
		p.wantExplained(after)
		one, _ := p.performance("?connectionId=" + began.ID)
		if len(one.NotInHistory) != 1 || one.NotInHistory[0].What != "cash" {
			t.Errorf("got %+v, want the cash of the one account", one.NotInHistory)
		}
		past, _ := p.performance("?from=2026-01-02&to=2026-06-30")
		if len(past.NotInHistory) != 0 {
			t.Errorf("got %+v of a past period", past.NotInHistory)
		}
		p.do(http.MethodPatch, "/users/settings", map[string]any{"baseCurrency": "EUR", "costBasisMethod": "lifo"}).status(http.StatusOK)
		euros, _ := p.performance("")
		if euros.BaseCurrency != "EUR" || euros.InputsHash == after.InputsHash || euros.Drivers.FX.IsZero() {
			t.Errorf("got %+v, want it in euros at once", euros)
		}
		p.wantExplained(euros)
	})
}

// wantExplained wants the closing value and what stands beside it to be the summary's total.
func (p *person) wantExplained(got performed) {
	p.t.Helper()
	sum := got.Drivers.Closing
	for _, b := range got.NotInHistory {
		if b.Value == nil {
			p.t.Fatalf("got %+v, want a value", b)
		}
		sum = sum.Add(*b.Value)
	}
	p.near("closing and what stands beside", &sum, p.summary().TotalValue, hundredth())
}
