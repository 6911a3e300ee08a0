package costbasis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/costbasis"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func newService(t *testing.T, d *db.DB) *costbasis.Service {
	t.Helper()
	clock := func() time.Time { return recordingtest.Noon(25) }
	log, err := audit.New(d, clock, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &costbasis.Service{DB: d, Audit: log, Now: clock}
}

// ids are our ids of a person's transactions, by the brokerage's.
func ids(t *testing.T, d *db.DB, p recordingtest.Person) map[string]string {
	t.Helper()
	all, err := ledger.Load(t.Context(), d.Read(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]string{}
	for _, x := range all {
		byID[x.ExternalID] = x.ID
	}
	return byID
}

// open is what a person's lots come to as they are stored.
func open(t *testing.T, d *db.DB, p recordingtest.Person, account string) string {
	t.Helper()
	in, err := costbasis.Read(t.Context(), d.Read(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, x := range in.Transactions {
		named[x.ID] = x.ExternalID
	}
	var words []string
	for _, position := range lots.Work(in).Positions {
		for _, l := range position.Lots {
			if position.Account == account {
				words = append(words, fmt.Sprint(named[l.Transaction], " ", l.Quantity))
			}
		}
	}
	return strings.Join(words, ", ")
}

// chooser is a person whose one account bought a and b, sold s, bought late, and sold r.
type chooser struct {
	*costbasis.Service
	recordingtest.Person
	t       *testing.T
	d       *db.DB
	account string
	ids     map[string]string
}

func newChooser(t *testing.T, d *db.DB) *chooser {
	t.Helper()
	c := &chooser{Service: newService(t, d), Person: recordingtest.NewPerson(t, d), t: t, d: d}
	c.account = c.Account(t, d)
	recordingtest.Record(t, d, c.Reading(c.account, recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "13", ""), recordingtest.Holds("OTHR", "10", "")},
		recordingtest.Bought("a", recordingtest.Noon(2), "ACME", "10", "5"), recordingtest.Bought("b", recordingtest.Noon(3), "ACME", "10", "9"), recordingtest.Bought("s", recordingtest.Noon(5), "ACME", "-4", "10"),
		recordingtest.Bought("late", recordingtest.Noon(6), "ACME", "5", "9"), recordingtest.Bought("r", recordingtest.Noon(7), "ACME", "-8", "10"), recordingtest.Bought("other", recordingtest.Noon(2), "OTHR", "10", "5")))
	c.ids = ids(t, d, c.Person)
	return c
}

func (c *chooser) method(m *string) costbasis.AccountMethod {
	c.t.Helper()
	got, err := c.SetMethod(c.t.Context(), c.ID, c.Connection, c.account, true, m)
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *chooser) lot(name, quantity string) ledger.ChosenLot {
	return ledger.ChosenLot{TransactionID: c.ids[name], Quantity: dec(quantity)}
}

func (c *chooser) choose(sale string, lots ...ledger.ChosenLot) error {
	return c.ChooseLots(c.t.Context(), c.ID, c.ids[sale], lots)
}

func (c *chooser) wantOpen(want string) {
	c.t.Helper()
	if got := open(c.t, c.d, c.Person, c.account); got != want+", other 10" {
		c.t.Errorf("open are %s, want %s", got, want)
	}
}

func TestAMethodHoldsForAllSales(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, stranger := newChooser(t, d), recordingtest.NewPerson(t, d)
		c.wantOpen("b 8, late 5")
		recordingtest.Exec(t, d, "insert into user_settings (user_id, cost_basis_method, updated_at) values ($1, 'lifo', $2)", c.ID, recordingtest.Noon(1))
		c.wantOpen("a 10, b 3")
		if got := c.method(new("fifo")); *got.CostBasisMethod != user.FIFO || got.Effective != user.FIFO || got.Account != "123456789" {
			t.Errorf("got %+v", got)
		}
		c.wantOpen("b 8, late 5")
		if version, _ := ledger.Version(t.Context(), d.Read(), c.ID); version != 2 {
			t.Errorf("got version %d, want another than before", version)
		}
		if got, err := c.SetMethod(t.Context(), c.ID, c.Connection, c.account, false, nil); err != nil || got.Effective != user.FIFO {
			t.Errorf("what was not sent changed something: %+v, %v", got, err)
		}
		if got := c.method(nil); got.CostBasisMethod != nil || got.Effective != user.LIFO {
			t.Errorf("got %+v, want the person's own method", got)
		}
		c.wantOpen("a 10, b 3")
		if _, err := c.SetMethod(t.Context(), c.ID, c.Connection, c.account, true, new("dearest")); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
		if _, err := c.SetMethod(t.Context(), stranger.ID, c.Connection, c.account, true, new("fifo")); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else's account: got %v", err)
		}
		events, _, err := c.Audit.List(t.Context(), audit.Filter{UserID: c.ID, Action: "portfolio."})
		if err != nil || len(events) != 2 || events[0].Action != audit.ChangeCostBasis || *events[0].Target != c.account {
			t.Errorf("got the events %+v, %v, want the two changes", events, err)
		}
	})
}

func TestASaleSellsTheLotsThatWereChosen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newChooser(t, d)
		if err := c.choose("s", c.lot("a", "4")); !fault.Is(err, fault.Conflict) {
			t.Errorf("lots chosen where none are sold: got %v", err)
		}
		c.method(new("specific"))
		c.wantOpen("b 8, late 5")
		version, _ := ledger.Version(t.Context(), d.Read(), c.ID)
		if err := c.choose("s", c.lot("b", "3"), c.lot("a", "1")); err != nil {
			t.Fatal(err)
		}
		c.wantOpen("a 1, b 7, late 5")
		lines, _, err := (&ledger.Service{DB: d}).List(t.Context(), c.ID, ledger.Filter{Kinds: []string{"sell"}, To: "2026-11-05"})
		if err != nil || len(lines) != 1 || len(lines[0].Lots) != 2 {
			t.Errorf("got %+v, %v, want the sale with the lots chosen", lines, err)
		}
		first, ok, err := ledger.ChangedSince(t.Context(), d.Read(), c.ID, version)
		if want := (calendar.Day{Year: 2026, Month: 11, Day: 5}); first != want || !ok || err != nil {
			t.Errorf("the change is from %s on, %v, %v; want the day of the sale", first, ok, err)
		}
		if err := c.choose("s"); err != nil {
			t.Fatal(err)
		}
		c.wantOpen("b 8, late 5")
		events, _, err := c.Audit.List(t.Context(), audit.Filter{UserID: c.ID, Action: string(audit.ChooseLots)})
		if err != nil || len(events) != 2 || *events[0].Target != c.ids["s"] {
			t.Errorf("got the events %+v, %v, want the two choices", events, err)
		}
	})
}

func TestAChoiceThatCannotBeSaysWhatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, stranger := newChooser(t, d), recordingtest.NewPerson(t, d)
		c.method(new("specific"))
		for name, wrong := range map[string]struct {
			lots   []ledger.ChosenLot
			fields string
		}{
			"too few":               {[]ledger.ChosenLot{c.lot("a", "1")}, "body.lots"},
			"too many":              {[]ledger.ChosenLot{c.lot("a", "5")}, "body.lots"},
			"nothing of a lot":      {[]ledger.ChosenLot{c.lot("a", "0"), c.lot("b", "-4")}, "body.lots[0].quantity body.lots[1].quantity"},
			"no end of digits":      {[]ledger.ChosenLot{c.lot("a", "1e9999"), c.lot("b", "1e-9999")}, "body.lots[0].quantity body.lots[1].quantity"},
			"the same twice":        {[]ledger.ChosenLot{c.lot("a", "2"), c.lot("a", "2")}, "body.lots[1].transactionId"},
			"a later purchase":      {[]ledger.ChosenLot{c.lot("late", "4")}, "body.lots[0]"},
			"of another instrument": {[]ledger.ChosenLot{c.lot("other", "3"), c.lot("a", "1")}, "body.lots[0]"},
			"the sale itself":       {[]ledger.ChosenLot{c.lot("s", "4")}, "body.lots[0]"},
			"what is no id":         {[]ledger.ChosenLot{{TransactionID: "x", Quantity: dec("4")}}, "body.lots[0]"},
		} {
			f := fault.From(c.choose("s", wrong.lots...))
			var paths []string
			for _, field := range f.Fields {
				paths = append(paths, field.Path)
			}
			if got := strings.Join(paths, " "); f.Kind != fault.Invalid || got != wrong.fields {
				t.Errorf("%s: got %v, want the fields %s", name, f, wrong.fields)
			}
		}
		if err := c.choose("r", c.lot("b", "7"), c.lot("late", "1")); err != nil {
			t.Fatal(err)
		}
		if f := fault.From(c.choose("s", c.lot("b", "4"))); f.Kind != fault.Invalid || !strings.Contains(f.Error(), "later sale") {
			t.Errorf("what a later sale has chosen: got %v", f)
		}
		if err := c.choose("a", c.lot("b", "1")); !fault.Is(err, fault.Conflict) {
			t.Errorf("lots of a purchase: got %v", err)
		}
		for _, err := range []error{c.ChooseLots(t.Context(), stranger.ID, c.ids["s"], nil), c.ChooseLots(t.Context(), c.ID, "none", nil)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("what is not theirs: got %v", err)
			}
		}
	})
}
