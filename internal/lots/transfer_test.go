package lots_test

import (
	"fmt"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func TestTransfersCarryLotsAndDeliveriesRealiseNothing(t *testing.T) {
	out, in := happened("out", broker.TransferOut, 4, 0, "-12", ""), happened("in", broker.TransferIn, 6, 0, "12", "")
	in.AccountID = "B"
	all := []ledger.Transaction{
		in, out, happened("a", broker.Buy, 2, 10, "10", "5"), happened("b", broker.Buy, 3, 10, "10", "9"),
		with(happened("s", broker.Sell, 9, 10, "-11", "10"), func(t *ledger.Transaction) { t.AccountID = "B" }),
		happened("gone", broker.DeliveryOut, 10, 0, "-3", "20"),
	}
	book := lots.Work(lots.Input{Transactions: all})
	wantTold(t, book, "A", "X", "b 5@45, realised 0")
	wantTold(t, book, "B", "X", "b 1@9, realised 51")
	if day := book.Position("B", "X").Lots[0].Day.Day; day != 3 {
		t.Errorf("the lot is of day %d in its new account, want that of its purchase", day)
	}
	if book.Pairs["in"] != "out" || book.Pairs["out"] != "in" {
		t.Errorf("got the pairs %v", book.Pairs)
	}
	lone := lots.Work(lots.Input{Transactions: []ledger.Transaction{in, happened("d", broker.DeliveryIn, 7, 0, "2", "4")}})
	wantTold(t, lone, "B", "X", "in 12@0, realised 0, in cost_unknown 12")
	wantTold(t, lone, "A", "X", "d 2@8, realised 0")
}

// at puts a transaction into another account, at a connection.
func at(account, connection string, t ledger.Transaction) ledger.Transaction {
	t.AccountID, t.ConnectionID = account, connection
	return t
}

func TestADeliveryBetweenOwnConnectionsKeepsItsCostWhicheverSideIsBookedFirst(t *testing.T) {
	for name, c := range map[string]struct{ out, in int }{
		"arrives on the day it leaves": {5, 5}, "is said to arrive before it leaves": {6, 5}, "arrives later": {5, 6}, "a week before": {12, 5},
	} {
		t.Run(name, func(t *testing.T) {
			all := []ledger.Transaction{
				at("A", "c1", happened("a", broker.Buy, 2, 10, "4", "5")), at("A", "c1", happened("b", broker.Buy, min(c.out, c.in), 10, "6", "9")),
				at("A", "c1", with(happened("out", broker.DeliveryOut, c.out, 0, "-10", ""), func(t *ledger.Transaction) { t.Fee, t.Amount = dec("2"), dec("-2") })),
				at("B", "c2", happened("in", broker.DeliveryIn, c.in, 0, "10", "")), at("B", "c2", happened("s", broker.Sell, c.in, 15, "-4", "7")),
			}
			book := lots.Work(lots.Input{Transactions: all, Accounts: map[string]lots.Rules{"A": {Complete: true}, "B": {Complete: true}}})
			wantTold(t, book, "A", "X", "realised 0")
			wantTold(t, book, "B", "X", "b 6@54, realised 8")
			if a := book.Position("A", "X"); !a.Quantity.IsZero() || !a.Missing.IsZero() || len(a.Trips) != 1 || !a.Sums["USD"].TradeFees.Equal(dec("2")) {
				t.Errorf("where it left: got %+v", a)
			}
		})
	}
}

func TestWhatArrivesBeforeItCouldHaveLeftIsAnotherDelivery(t *testing.T) {
	all := []ledger.Transaction{
		at("B", "c2", happened("in", broker.DeliveryIn, 4, 0, "10", "8")), at("A", "c1", happened("a", broker.Buy, 6, 10, "10", "5")),
		at("A", "c1", happened("out", broker.DeliveryOut, 8, 0, "-10", "7")),
	}
	book := lots.Work(lots.Input{Transactions: all})
	wantTold(t, book, "A", "X", "realised 0")
	wantTold(t, book, "B", "X", "in 10@80, realised 0")
	if p := book.Position("A", "X"); !p.Quantity.IsZero() || len(book.Pairs) != 0 {
		t.Errorf("got %s left and the pairs %v, want none of either", p.Quantity, book.Pairs)
	}
	all[1].Day, all[1].At = calendar.Day{Year: 2026, Month: 11, Day: 3}, all[1].At.AddDate(0, 0, -3)
	before := lots.Work(lots.Input{Transactions: all, Until: calendar.Day{Year: 2026, Month: 11, Day: 5}})
	wantTold(t, before, "A", "X", "a 10@50, realised 0") // nobody knows of the departure yet
}

func TestWhatArrivesCoversAShort(t *testing.T) {
	all := []ledger.Transaction{
		happened("short", broker.Sell, 2, 10, "-10", "100"), at("B", "c1", happened("b", broker.Buy, 3, 10, "16", "60")),
		at("B", "c1", happened("out", broker.TransferOut, 5, 0, "-10", "")), happened("in", broker.TransferIn, 5, 0, "10", ""),
		happened("c", broker.Buy, 6, 10, "5", "70"), happened("s", broker.Sell, 7, 10, "-5", "75"),
	}
	rules := lots.Rules{Complete: true}
	for _, method := range []user.CostBasis{user.FIFO, user.LIFO, user.HIFO, user.Average} {
		rules.Method = method
		in := lots.Input{Transactions: all[:4], Accounts: map[string]lots.Rules{"A": rules, "B": {Complete: true}}, Base: "EUR", Rate: inEuros}
		p := lots.Work(in).Position("A", "X")
		if got := told(p); got != "realised 400" || !p.Quantity.IsZero() || len(p.Trips) != 1 || !p.Trips[0].Short || !p.Trips[0].Gain.Equal(dec("400")) {
			t.Errorf("%s: got %s, %s held and the trips %+v", method, got, p.Quantity, p.Trips)
		}
		s := p.Sales[0] // 1000 at 0.82 less 600 at 0.83, and 400 at 0.85
		if got := fmt.Sprint(s.GainBase.Decimal, s.PriceEffect.Decimal, s.FXEffect.Decimal); got != "322 340 -18" {
			t.Errorf("%s: got %s in euros", method, got)
		}
		in.Transactions = all
		if p = lots.Work(in).Position("A", "X"); told(p) != "realised 425" || !p.Quantity.IsZero() || len(p.Trips) != 2 || p.Trips[1].Short {
			t.Errorf("%s: afterwards got %s, %s held and the trips %+v", method, told(p), p.Quantity, p.Trips)
		}
	}
}

func TestMoreThanCoversAShortIsHeldAndWhatIsNotKnownIsMarked(t *testing.T) {
	all := []ledger.Transaction{
		happened("short", broker.Sell, 2, 10, "-4", "100"), at("B", "c1", happened("b", broker.Buy, 3, 10, "7", "60")),
		at("B", "c1", happened("out", broker.TransferOut, 5, 0, "-10", "")), happened("in", broker.TransferIn, 5, 0, "10", ""),
	}
	book := lots.Work(lots.Input{Transactions: all, Accounts: map[string]lots.Rules{"A": {Complete: true}}})
	wantTold(t, book, "A", "X", "b 3@180, in 3@0, realised 160, in cost_unknown 3")
	if p := book.Position("A", "X"); !p.Quantity.Equal(dec("6")) || len(p.Trips) != 1 {
		t.Errorf("got %s held and the trips %+v", p.Quantity, p.Trips)
	}
}
