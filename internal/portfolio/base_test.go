package portfolio_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// choose sets one of a person's settings as their own request does.
func (h *house) choose(t *testing.T, userID, column, value string) {
	t.Helper()
	err := h.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into user_settings (user_id, "+column+", updated_at) values ($1, $2, $3) on conflict (user_id) do update set "+
			column+" = excluded."+column, userID, value, db.Time(h.now))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// euros is a position in euros at a German exchange.
func (h *house) euros(symbol, quantity, cost, price, previousClose, value string) broker.Position {
	p := h.position(symbol, quantity, cost, price, previousClose, value)
	p.Currency, p.Exchange = "EUR", "IBIS"
	return p
}

// trade is what happened with a position's instrument, days ago; money is in the position's currency.
func (h *house) trade(id string, kind broker.ActivityKind, of broker.Position, daysAgo int, quantity, price, amount string) broker.Activity {
	a := broker.Activity{
		ID: id, Kind: kind, At: h.now.AddDate(0, 0, -daysAgo), Instrument: of.Instrument, Quantity: dec(quantity), Currency: of.Currency, Amount: dec(amount),
	}
	if price != "" {
		a.Price = decimal.NewNullDecimal(dec(price))
	}
	return a
}

func TestTotalsAreInThePersonsCurrencyWithTheirRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.rates = map[string]string{"USD": "0.8"}
		user := newUser(t, d)
		h.choose(t, user, "base_currency", "EUR")
		several := account("n1", "1000")
		several.CashIn = map[string]decimal.Decimal{"USD": dec("1000"), "EUR": dec("-50"), "JPY": dec("0")}
		h.north.Keep(several, h.position("AAPL", "10", "2000", "250", "240", "2500"), h.euros("SAP", "-2", "-200", "150", "140", "-300"))
		h.linked(t, user, h.north)

		holdings, warnings := h.holdings(t, user)
		same(t, "warnings", []string{}, warnings)
		same(t, "holdings", []string{"AAPL 10 2500 500 81.63 false 1", "SAP -2 -300 -100 -12.24 false 1"}, rows(holdings))
		base := holdings[0].Base
		got := strings.Join([]string{base.Currency, text(base.Rate), base.RateDay.String(), text(base.CostBasis), text(base.MarketValue), text(base.UnrealizedPnl), text(base.DayChange)}, " ")
		if want := "EUR 0.8 2026-11-23 1600 2000 400 80"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		s, _ := h.summary(t, user)
		totals := portfolio.Totals{TotalValue: new(dec("2450")), Cash: new(dec("750")), MarketValue: new(dec("1700")), Sources: 1, LeftOut: []string{}}
		same(t, "best known", totals, s.BestKnown)
		same(t, "confirmed", totals, s.Confirmed)
		same(t, "cash", []portfolio.Cash{
			{Currency: "EUR", Amount: dec("-50"), InBase: new(dec("-50"))}, {Currency: "JPY", Amount: dec("0")}, {Currency: "USD", Amount: dec("1000"), InBase: new(dec("800"))},
		}, s.CashByCurrency)
		got = fmt.Sprintln(s.BaseCurrency, s.GrossExposure, s.NetExposure, text(s.UnrealizedPnl), text(s.DayChange), s.DayChangeBasis, s.Rates[0].From, s.Rates[0].Rate, s.Rates[0].Source, len(s.Rates))
		if want := fmt.Sprintln("EUR", "2300", "1700", "300", "60", "prices_at_current_rates", "USD", "0.8", "test", 1); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestAMissingRateMakesATotalPartialAndNeverOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("A", "1", "60", "60", "50", "60"), h.euros("SAP", "2", "200", "150", "140", "300"))
		h.linked(t, user, h.north)
		s, warnings := h.summary(t, user)
		same(t, "best known", portfolio.Totals{TotalValue: new(dec("160")), Cash: new(dec("100")), MarketValue: new(dec("60")), Sources: 1, Partial: true, LeftOut: []string{"What is in EUR: there is no exchange rate to USD."}}, s.BestKnown)
		same(t, "warnings", []string{"The totals leave out what is in EUR: there is no exchange rate to USD."}, warnings)
		holdings, _ := h.holdings(t, user)
		if sap := holdings[1]; sap.Base.MarketValue != nil || sap.Base.CostBasis != nil || sap.AllocationPercent != nil || text(sap.MarketValue) != "300" {
			t.Errorf("got %+v, want no figures in dollars", sap)
		}

		h.rates = map[string]string{"EUR": "2"}
		h.now = h.now.Add(30 * time.Second) // a rate that was missing is asked for again
		s, warnings = h.summary(t, user)
		same(t, "best known with a rate", portfolio.Totals{TotalValue: new(dec("760")), Cash: new(dec("100")), MarketValue: new(dec("660")), Sources: 1, LeftOut: []string{}}, s.BestKnown)
		same(t, "warnings", []string{}, warnings)
	})
}

func TestWhatCannotBeCountedAtAllIsUnknownAndNotZero(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.choose(t, user, "base_currency", "CHF")
		s, _ := h.summary(t, user)
		if text(s.TotalValue) != "0" || s.BestKnown.Partial {
			t.Errorf("got %s with nothing there, want 0", text(s.TotalValue))
		}
		h.north.Keep(account("n1", "100"), h.position("A", "1", "60", "60", "50", "60"), h.position("B", "-1", "-20", "20", "20", "-20"))
		h.linked(t, user, h.north)
		h.now = h.now.Add(time.Minute)
		s, _ = h.summary(t, user)
		unknown := portfolio.Totals{Sources: 1, Partial: true, LeftOut: []string{"What is in USD: there is no exchange rate to CHF."}}
		same(t, "best known", unknown, s.BestKnown)
		same(t, "confirmed", unknown, s.Confirmed)
		if s.TotalValue != nil || s.Cash != nil || s.GrossExposure != nil || s.NetExposure != nil {
			t.Errorf("got %+v, want no figure in francs", s)
		}
		standing, err := h.Standing(t.Context(), user, h.now, h.now)
		if err != nil || len(standing.Accounts) != 1 || standing.Accounts[0].TotalValue != nil || !standing.Accounts[0].Partial || len(standing.Gaps) == 0 {
			t.Errorf("got %+v, %v, want an account whose worth is unknown", standing.Accounts, err)
		}
	})
}

func TestCashThatIsNotReportedIsUnknownAndItsTotalAPart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", ""), h.position("A", "1", "60", "60", "50", "60"))
		h.linked(t, user, h.north)
		s, _ := h.summary(t, user)
		same(t, "best known", portfolio.Totals{TotalValue: new(dec("60")), MarketValue: new(dec("60")), Sources: 1, Partial: true,
			LeftOut: []string{"Cash of Desk account … n1: the brokerage does not report it."}}, s.BestKnown)
	})
}

func TestOneIdentityIsOneRowWhateverBrokeragesCallIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		north, south := h.position("BRK.B", "1", "400", "500", "490", "500"), h.position("BRK B", "2", "900", "500", "490", "1000")
		north.ISIN, south.ISIN, south.InstrumentID = "US0846707026", "US0846707026", "1234"
		other := h.euros("BRK.B", "1", "300", "400", "390", "400")
		other.InstrumentID = "frankfurt"
		h.north.Keep(account("n1", "0"), north)
		h.south.Keep(account("s1", "0"), south, other)
		h.rates = map[string]string{"EUR": "1.25"}
		h.linked(t, user, h.north)
		h.linked(t, user, h.south)
		holdings, _ := h.holdings(t, user)
		same(t, "holdings", []string{"BRK.B 3 1500 200 75 false 2", "BRK.B 1 400 100 25 false 1"}, rows(holdings))
	})
}

func TestAHoldingShowsItsLotsAndWhatTheLedgerSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.rates = map[string]string{"EUR": "1.25"}
		user := newUser(t, d)
		sap := h.euros("SAP", "15", "1800", "150", "140", "2250")
		h.north.Keep(account("n1", "100"), sap)
		h.north.Tell("n1", broker.History{CashComplete: true, Activities: []broker.Activity{
			{ID: "in", Kind: broker.Deposit, At: h.now.AddDate(0, 0, -31), Currency: "EUR", Amount: dec("5000")},
			h.trade("b1", broker.Buy, sap, 30, "10", "100", "-1000"), h.trade("b2", broker.Buy, sap, 20, "10", "120", "-1200"),
			h.trade("d", broker.Dividend, sap, 10, "0", "", "30"), h.trade("s", broker.Sell, sap, 5, "-5", "140", "700"),
		}})
		h.linked(t, user, h.north)

		got, warnings, err := h.Holding(t.Context(), user, "sap")
		if err != nil || len(got.Ledger) != 1 {
			t.Fatalf("got %+v, %v, want what one account's ledger says", got, err)
		}
		same(t, "warnings", []string{}, warnings)
		l := got.Ledger[0]
		var lots []string
		for _, lot := range l.Lots {
			lots = append(lots, fmt.Sprint(lot.Day, " ", lot.Quantity, " ", text(lot.CostBasis), " ", text(lot.CostBasisBase)))
		}
		same(t, "lots", []string{"2026-10-24 5 500 625", "2026-11-03 10 1200 1500"}, lots)
		said := fmt.Sprintln(l.Method, l.Currency, l.Quantity, l.Reported, l.Agrees, l.CostBasis, l.Realized, text(l.RealizedBase), text(l.DividendsBase), l.Sales, l.Transactions, l.IncompleteHistory)
		if want := fmt.Sprintln("fifo", "EUR", "15", "15", true, "1700", "200", "250", "37.5", 1, 4, false); said != want {
			t.Errorf("got %s, want %s", said, want)
		}
		s, _ := h.summary(t, user)
		same(t, "gain and loss", []string{"250", "37.5", "0", "0", "0", "2026-10-23", "[]"},
			[]string{text(s.Pnl.Realized), text(s.Pnl.Dividends), text(s.Pnl.Interest), text(s.Pnl.Fees), text(s.Pnl.Taxes), s.Pnl.Since.String(), fmt.Sprint(s.Pnl.Incomplete)})

		h.choose(t, user, "cost_basis_method", "lifo")
		if got, _, err = h.Holding(t.Context(), user, "SAP"); err != nil || len(got.Ledger[0].Lots) != 2 || text(got.Ledger[0].RealizedBase) != "125" {
			t.Errorf("got %+v, %v, want the dearer lot sold from at once", got.Ledger, err)
		}
	})
}

func TestAPastThatCannotBeReadLeavesPositionsAndSaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("A", "1", "60", "60", "50", "60"))
		id := h.connect(t, user, h.north)
		h.Connections.Providers[0] = forgetful{h.north}
		h.sync(t, id)
		holdings, warnings := h.holdings(t, user)
		same(t, "holdings", []string{"A 1 60 0 37.5 false 1"}, rows(holdings))
		same(t, "warnings", []string{"The transactions of Desk account … n1 could not be read with its positions: the archive is closed. Gains and income may lack the latest."}, warnings)
		s, _ := h.summary(t, user)
		if s.Pnl.Realized != nil || len(s.Pnl.Incomplete) != 1 {
			t.Errorf("got %+v, want nothing said of what was not read", s.Pnl)
		}

		h.Connections.Providers[0] = h.north
		h.now = h.now.Add(time.Minute)
		h.sync(t, id)
		_, warnings = h.holdings(t, user)
		same(t, "warnings once it was read", []string{}, warnings)
	})
}

// forgetful is a desk whose archive cannot be read.
type forgetful struct{ broker.Historian }

func (forgetful) Activities(_ context.Context, _ broker.Credentials, _ broker.Account, _ time.Time) (broker.History, error) {
	return broker.History{}, fault.New(fault.UpstreamDown, "the archive is closed")
}

func TestFiguresAreAtHandUntilSomethingChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.rates = map[string]string{"EUR": "2"}
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.euros("SAP", "1", "10", "10", "10", "10"))
		id := h.linked(t, user, h.north)
		value := func() string { s, _ := h.summary(t, user); return s.TotalValue.String() }
		if got := value(); got != "120" || h.asked.Load() != 1 {
			t.Fatalf("got %s after %d questions, want 120 after one", got, h.asked.Load())
		}
		h.rates["EUR"] = "3"
		h.now = h.now.Add(29 * time.Second)
		if got := value(); got != "120" || h.asked.Load() != 1 {
			t.Errorf("got %s after %d questions, want what was at hand", got, h.asked.Load())
		}
		h.now = h.now.Add(time.Second)
		if got := value(); got != "130" || h.asked.Load() != 2 {
			t.Errorf("got %s after %d questions, want the rate of now", got, h.asked.Load())
		}
		h.north.Keep(account("n1", "200"), h.euros("SAP", "1", "10", "10", "10", "10"))
		h.sync(t, id) // at the same moment
		if got := value(); got != "230" {
			t.Errorf("got %s, want the cash that was read", got)
		}
		// What another process stores is seen as soon: it is the database that tells.
		other := &portfolio.Service{DB: d, Now: h.Now, Connections: h.Connections, Rate: h.Rate, Gains: h.Gains}
		if s, _, err := other.Summary(t.Context(), user); err != nil || s.TotalValue.String() != "230" {
			t.Fatalf("got %+v, %v", s, err)
		}
		h.north.Keep(account("n1", "300"))
		h.sync(t, id)
		if s, _, err := other.Summary(t.Context(), user); err != nil || s.TotalValue.String() != "300" {
			t.Errorf("got %+v, %v, want 300", s, err)
		}
		h.now = h.now.Add(29 * time.Second) // the clock is followed all the same
		h.now = h.now.Add(31 * time.Minute)
		if s, _ := h.summary(t, user); s.Connections.Stale != 1 {
			t.Errorf("got %+v, want it stale", s.Connections)
		}
		if err := h.Connections.Delete(t.Context(), user, id); err != nil {
			t.Fatal(err)
		}
		if got := value(); got != "0" {
			t.Errorf("got %s, want nothing after the connection went", got)
		}
	})
}
