package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func newService(t *testing.T, d *db.DB) *ledger.Service {
	t.Helper()
	clock := func() time.Time { return noon(25) }
	log, err := audit.New(d, clock, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Service{DB: d, Audit: log, Now: clock}
}

// page lists what a filter finds, by the brokerage's words.
func page(t *testing.T, s *ledger.Service, p person, f ledger.Filter) (found []string, next string) {
	t.Helper()
	lines, next, err := s.List(t.Context(), p.user, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		found = append(found, l.Description)
		if l.Meaning == "" || l.Currency == "" || l.Source.Provider != "north" || l.Source.ConnectionID != p.connection || l.Source.Account != "123456789" {
			t.Errorf("a line lacks what it means or where it is from: %+v", l)
		}
	}
	return found, next
}

func TestTransactionsAreListedByPagesAndFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p, stranger := newService(t, d), newPerson(t, d), newPerson(t, d)
		accounts := []string{p.account(t, d), p.account(t, d)}
		for i, account := range accounts {
			told := []broker.Activity{
				bought("b", noon(10), "BRK.B", "2", "400"), bought("s", noon(12), "BRK.B", "-1", "410"), bought("x", noon(12), "ACME", "1", "5"),
				{ID: "d", Kind: broker.Deposit, At: noon(9), Currency: "USD", Amount: dec("900")},
			}
			for j := range told {
				told[j].Description = fmt.Sprint(told[j].ID, i)
			}
			record(t, d, p.reading(account, noon(20), time.Time{}, []broker.Position{holds("BRK.B", "1", "400"), holds("ACME", "1", "5")}, told...))
		}
		all, next := page(t, s, p, ledger.Filter{})
		if len(all) != 8 || next != "" || all[0][0] == 'b' || all[7][0] != 'd' {
			t.Fatalf("got %v, %q, want all eight, the newest first", all, next)
		}
		var paged []string
		for cursor := ""; ; {
			some, next := page(t, s, p, ledger.Filter{Limit: 3, Cursor: cursor})
			paged = append(paged, some...)
			if cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(all, paged); diff != "" {
			t.Errorf("by pages (-whole +paged):\n%s", diff)
		}
		for name, c := range map[string]struct {
			f    ledger.Filter
			want []string
		}{
			"a connection":          {ledger.Filter{ConnectionID: p.connection}, []string{"b0", "b1", "d0", "d1", "s0", "s1", "x0", "x1"}},
			"another connection":    {ledger.Filter{ConnectionID: stranger.connection}, nil},
			"an account's id":       {ledger.Filter{Account: accounts[1]}, []string{"b1", "d1", "s1", "x1"}},
			"an account's number":   {ledger.Filter{Account: "123456789", Kinds: []string{"deposit"}}, []string{"d0", "d1"}},
			"a symbol":              {ledger.Filter{Symbol: "brk-b"}, []string{"b0", "b1", "s0", "s1"}},
			"several kinds":         {ledger.Filter{Kinds: []string{"sell", "deposit"}}, []string{"d0", "d1", "s0", "s1"}},
			"from a day":            {ledger.Filter{From: "2026-11-12"}, []string{"s0", "s1", "x0", "x1"}},
			"to a day":              {ledger.Filter{To: "2026-11-09"}, []string{"d0", "d1"}},
			"what is nobody's name": {ledger.Filter{Symbol: "' or 1=1 --"}, nil},
		} {
			got, _ := page(t, s, p, c.f)
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
		if got, _ := page(t, s, stranger, ledger.Filter{}); len(got) != 0 {
			t.Errorf("a stranger sees %v", got)
		}
		if _, _, err := s.List(t.Context(), p.user, ledger.Filter{From: "2026-11-13", To: "2026-11-12"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v of days the wrong way round, want it invalid", err)
		}
		_, _, err := s.List(t.Context(), p.user, ledger.Filter{From: "yesterday", To: "2026-13-01", Cursor: "x"})
		if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 3 {
			t.Errorf("got %v, want the three wrong fields named", err)
		}
	})
}

// ids are our ids of a person's transactions, by the brokerage's.
func ids(t *testing.T, d *db.DB, p person) map[string]string {
	t.Helper()
	all, err := ledger.Load(t.Context(), d.Read(), p.user)
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
func open(t *testing.T, d *db.DB, p person, account string) string {
	t.Helper()
	in, err := ledger.Read(t.Context(), d.Read(), p.user)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, x := range in.Transactions {
		named[x.ID] = x.ExternalID
	}
	var words []string
	for _, position := range ledger.Work(in).Positions {
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
	*ledger.Service
	person
	t       *testing.T
	d       *db.DB
	account string
	ids     map[string]string
}

func newChooser(t *testing.T, d *db.DB) *chooser {
	t.Helper()
	c := &chooser{Service: newService(t, d), person: newPerson(t, d), t: t, d: d}
	c.account = c.person.account(t, d)
	record(t, d, c.reading(c.account, noon(20), time.Time{}, []broker.Position{holds("ACME", "13", ""), holds("OTHR", "10", "")},
		bought("a", noon(2), "ACME", "10", "5"), bought("b", noon(3), "ACME", "10", "9"), bought("s", noon(5), "ACME", "-4", "10"),
		bought("late", noon(6), "ACME", "5", "9"), bought("r", noon(7), "ACME", "-8", "10"), bought("other", noon(2), "OTHR", "10", "5")))
	c.ids = ids(t, d, c.person)
	return c
}

func (c *chooser) method(m *string) ledger.AccountMethod {
	c.t.Helper()
	got, err := c.SetMethod(c.t.Context(), c.user, c.connection, c.account, true, m)
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *chooser) lot(name, quantity string) ledger.ChosenLot {
	return ledger.ChosenLot{TransactionID: c.ids[name], Quantity: dec(quantity)}
}

func (c *chooser) choose(sale string, lots ...ledger.ChosenLot) error {
	return c.ChooseLots(c.t.Context(), c.user, c.ids[sale], lots)
}

func (c *chooser) wantOpen(want string) {
	c.t.Helper()
	if got := open(c.t, c.d, c.person, c.account); got != want+", other 10" {
		c.t.Errorf("open are %s, want %s", got, want)
	}
}

func TestAMethodHoldsForAllSales(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, stranger := newChooser(t, d), newPerson(t, d)
		c.wantOpen("b 8, late 5")
		exec(t, d, "insert into user_settings (user_id, cost_basis_method, updated_at) values ($1, 'lifo', $2)", c.user, noon(1))
		c.wantOpen("a 10, b 3")
		if got := c.method(new("fifo")); *got.CostBasisMethod != user.FIFO || got.Effective != user.FIFO || got.Account != "123456789" {
			t.Errorf("got %+v", got)
		}
		c.wantOpen("b 8, late 5")
		if version, _ := ledger.Version(t.Context(), d.Read(), c.user); version != 2 {
			t.Errorf("got version %d, want another than before", version)
		}
		if got, err := c.SetMethod(t.Context(), c.user, c.connection, c.account, false, nil); err != nil || got.Effective != user.FIFO {
			t.Errorf("what was not sent changed something: %+v, %v", got, err)
		}
		if got := c.method(nil); got.CostBasisMethod != nil || got.Effective != user.LIFO {
			t.Errorf("got %+v, want the person's own method", got)
		}
		c.wantOpen("a 10, b 3")
		if _, err := c.SetMethod(t.Context(), c.user, c.connection, c.account, true, new("dearest")); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
		if _, err := c.SetMethod(t.Context(), stranger.user, c.connection, c.account, true, new("fifo")); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else's account: got %v", err)
		}
		events, _, err := c.Audit.List(t.Context(), audit.Filter{UserID: c.user, Action: "portfolio."})
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
		version, _ := ledger.Version(t.Context(), d.Read(), c.user)
		if err := c.choose("s", c.lot("b", "3"), c.lot("a", "1")); err != nil {
			t.Fatal(err)
		}
		c.wantOpen("a 1, b 7, late 5")
		lines, _, err := c.List(t.Context(), c.user, ledger.Filter{Kinds: []string{"sell"}, To: "2026-11-05"})
		if err != nil || len(lines) != 1 || len(lines[0].Lots) != 2 {
			t.Errorf("got %+v, %v, want the sale with the lots chosen", lines, err)
		}
		first, ok, err := ledger.ChangedSince(t.Context(), d.Read(), c.user, version)
		if want := (calendar.Day{Year: 2026, Month: 11, Day: 5}); first != want || !ok || err != nil {
			t.Errorf("the change is from %s on, %v, %v; want the day of the sale", first, ok, err)
		}
		if err := c.choose("s"); err != nil {
			t.Fatal(err)
		}
		c.wantOpen("b 8, late 5")
		events, _, err := c.Audit.List(t.Context(), audit.Filter{UserID: c.user, Action: string(audit.ChooseLots)})
		if err != nil || len(events) != 2 || *events[0].Target != c.ids["s"] {
			t.Errorf("got the events %+v, %v, want the two choices", events, err)
		}
	})
}

func TestAChoiceThatCannotBeSaysWhatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, stranger := newChooser(t, d), newPerson(t, d)
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
		for _, err := range []error{c.ChooseLots(t.Context(), stranger.user, c.ids["s"], nil), c.ChooseLots(t.Context(), c.user, "none", nil)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("what is not theirs: got %v", err)
			}
		}
	})
}
