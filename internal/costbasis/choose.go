package costbasis

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// ChooseLots has a sale, or a purchase that covered a short, close certain lots; none at all takes the choice back. The
// lots are of the sale's account and instrument, open before it, not used up by what else was sold, and add up to what it
// closed; else it is an Invalid that names everything wrong. NotFound when the sale is none of the person's, Conflict
// where its account does not sell specific lots.
func (s *Service) ChooseLots(ctx context.Context, userID, saleID string, chosen []ledger.ChosenLot) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		sale, err := ledger.Find(ctx, tx, userID, saleID)
		if err != nil {
			return err
		}
		in, err := Read(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := check(in, sale, chosen); err != nil {
			return err
		}
		if err := ledger.StoreChosenLots(ctx, tx, saleID, chosen); err != nil {
			return err
		}
		event := audit.Event{Action: audit.ChooseLots, UserID: userID, Target: saleID, Details: map[string]string{"lots": fmt.Sprint(len(chosen))}}
		if err := s.Audit.Record(ctx, tx, event); err != nil {
			return err
		}
		return ledger.Changes{userID: sale.Day}.Store(ctx, tx, s.Now())
	})
}

// check tells what is wrong with a choice.
func check(in lots.Input, sale ledger.Transaction, chosen []ledger.ChosenLot) error {
	if len(chosen) == 0 {
		return nil
	}
	if in.Accounts[sale.AccountID].Method != user.Specific {
		return fault.New(fault.Conflict, "this account does not sell chosen lots; set its costBasisMethod to specific first")
	}
	var wrong []fault.Field
	sum, named := decimal.Zero, map[string]bool{}
	for i, l := range chosen {
		path := fmt.Sprintf("body.lots[%d].", i)
		if !isQuantity(l.Quantity) {
			wrong = append(wrong, fault.Field{Path: path + "quantity", Message: "must be more than 0, with at most 18 digits before and behind the point"})
			continue // some numbers take for ever to add
		}
		if named[l.TransactionID] {
			wrong = append(wrong, fault.Field{Path: path + "transactionId", Message: "is there twice; name each lot once"})
		}
		named[l.TransactionID] = true
		sum = sum.Add(l.Quantity)
	}
	without := choosing(in, sale, nil)
	closed := closedBy(without, sale)
	if !closed.IsPositive() {
		return fault.New(fault.Conflict, "this transaction closed no lots, so there are none to choose")
	}
	if len(wrong) == 0 && !sum.Equal(closed) {
		wrong = append(wrong, fault.Field{Path: "body.lots", Message: fmt.Sprintf("must add up to what was sold, %s", closed)})
	}
	if len(wrong) == 0 {
		wrong = missing(in, sale, chosen, without)
	}
	if len(wrong) > 0 {
		return &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrong}
	}
	return nil
}

// isQuantity tells whether a number may be how much of something is held.
func isQuantity(d decimal.Decimal) bool {
	return d.IsPositive() && d.Exponent() >= -lots.QuantityDigits && d.Exponent() <= lots.QuantityDigits && d.NumDigits() <= 2*lots.QuantityDigits
}

// choosing is the book of the sale's instrument with a choice for the sale.
func choosing(in lots.Input, sale ledger.Transaction, chosen []ledger.ChosenLot) *lots.Book {
	in.Transactions = slices.DeleteFunc(slices.Clone(in.Transactions), func(t ledger.Transaction) bool { return t.Instrument != sale.Instrument })
	all := make(map[string][]ledger.ChosenLot, len(in.Chosen)+1)
	for id, c := range in.Chosen {
		all[id] = c
	}
	all[sale.ID] = chosen
	in.Chosen = all
	return lots.Work(in)
}

// closedBy is how much a transaction closed of what is known.
func closedBy(b *lots.Book, t ledger.Transaction) decimal.Decimal {
	p := b.Position(t.AccountID, t.Instrument)
	if p == nil {
		return decimal.Zero
	}
	for _, s := range p.Sales {
		if s.Transaction == t.ID && !s.Unrealised {
			return s.Quantity.Sub(s.Missing)
		}
	}
	return decimal.Zero
}

// missing names the lots that are not there to be chosen, one by one, and whether another sale would lack its own then.
func missing(in lots.Input, sale ledger.Transaction, chosen []ledger.ChosenLot, without *lots.Book) (wrong []fault.Field) {
	lacks := func(b *lots.Book, others bool) bool {
		return slices.ContainsFunc(b.Position(sale.AccountID, sale.Instrument).Marks, func(m lots.Mark) bool {
			return m.Reason == lots.LotsNotThere && (m.Transaction != sale.ID) == others
		})
	}
	for i, c := range chosen {
		if lacks(choosing(in, sale, []ledger.ChosenLot{c}), false) {
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("body.lots[%d]", i),
				Message: "no lot of this account and instrument that was open before the sale has that much left"})
		}
	}
	if len(wrong) == 0 && !lacks(without, true) && lacks(choosing(in, sale, chosen), true) {
		wrong = append(wrong, fault.Field{Path: "body.lots", Message: "a later sale has chosen some of these; change that first"})
	}
	return wrong
}

// markFrom notes that all of an account's history changes.
func markFrom(ctx context.Context, tx db.Querier, userID, accountID string, now time.Time) error {
	day, err := ledger.FirstDay(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if day == (calendar.Day{}) {
		day = calendar.DayOf(now)
	}
	return ledger.Changes{userID: day}.Store(ctx, tx, now)
}
