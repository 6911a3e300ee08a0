package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// ChosenLot is how much of a lot a sale is to have sold.
type ChosenLot struct {
	TransactionID string          `json:"transactionId" maxLength:"36" doc:"What opened the lot: a purchase, a delivery, an opening" example:"01999999-0000-7000-8000-000000000000"`
	Quantity      decimal.Decimal `json:"quantity" doc:"As it was on the day of the sale; more than 0" example:"10"`
}

// ChooseLots has a sale, or a purchase that covered a short, close certain lots; none at all takes the choice back. The
// lots are of the sale's account and instrument, open before it, not used up by what else was sold, and add up to what it
// closed; else it is an Invalid that names everything wrong. NotFound when the sale is none of the person's, Conflict
// where its account does not sell specific lots.
func (s *Service) ChooseLots(ctx context.Context, userID, saleID string, lots []ChosenLot) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		sale, err := findTransaction(ctx, tx, userID, saleID)
		if err != nil {
			return err
		}
		in, err := Read(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := in.check(sale, lots); err != nil {
			return err
		}
		if err := storeChoice(ctx, tx, saleID, lots); err != nil {
			return err
		}
		event := audit.Event{Action: audit.ChooseLots, UserID: userID, Target: saleID, Details: map[string]string{"lots": fmt.Sprint(len(lots))}}
		if err := s.Audit.Record(ctx, tx, event); err != nil {
			return err
		}
		return markChanged(ctx, tx, userID, sale.Day, s.Now())
	})
}

// check tells what is wrong with a choice.
func (in Input) check(sale Transaction, lots []ChosenLot) error {
	if len(lots) == 0 {
		return nil
	}
	if in.Accounts[sale.AccountID].Method != user.Specific {
		return fault.New(fault.Conflict, "this account does not sell chosen lots; set its costBasisMethod to specific first")
	}
	var wrong []fault.Field
	sum, chosen, named := decimal.Zero, []Choice{}, map[string]bool{}
	for i, l := range lots {
		path := fmt.Sprintf("body.lots[%d].", i)
		if !isQuantity(l.Quantity) {
			wrong = append(wrong, fault.Field{Path: path + "quantity", Message: "must be more than 0, with at most 18 digits before and behind the point"})
			continue // some numbers take for ever to add
		}
		if named[l.TransactionID] {
			wrong = append(wrong, fault.Field{Path: path + "transactionId", Message: "is there twice; name each lot once"})
		}
		named[l.TransactionID] = true
		sum, chosen = sum.Add(l.Quantity), append(chosen, Choice(l))
	}
	without := in.choosing(sale, nil)
	closed := without.closed(sale)
	if !closed.IsPositive() {
		return fault.New(fault.Conflict, "this transaction closed no lots, so there are none to choose")
	}
	if len(wrong) == 0 && !sum.Equal(closed) {
		wrong = append(wrong, fault.Field{Path: "body.lots", Message: fmt.Sprintf("must add up to what was sold, %s", closed)})
	}
	if len(wrong) == 0 {
		wrong = in.missing(sale, chosen, without)
	}
	if len(wrong) > 0 {
		return &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrong}
	}
	return nil
}

// isQuantity tells whether a number may be how much of something is held.
func isQuantity(d decimal.Decimal) bool {
	return d.IsPositive() && d.Exponent() >= -quantityDigits && d.Exponent() <= quantityDigits && d.NumDigits() <= 2*quantityDigits
}

// choosing is the book of the sale's instrument with a choice for the sale.
func (in Input) choosing(sale Transaction, chosen []Choice) *Book {
	in.Transactions = slices.DeleteFunc(slices.Clone(in.Transactions), func(t Transaction) bool { return t.Instrument != sale.Instrument })
	all := make(map[string][]Choice, len(in.Chosen)+1)
	for id, c := range in.Chosen {
		all[id] = c
	}
	all[sale.ID] = chosen
	in.Chosen = all
	return Work(in)
}

// closed is how much a transaction closed of what is known.
func (b *Book) closed(t Transaction) decimal.Decimal {
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
func (in Input) missing(sale Transaction, chosen []Choice, without *Book) (wrong []fault.Field) {
	lacks := func(b *Book, others bool) bool {
		return slices.ContainsFunc(b.Position(sale.AccountID, sale.Instrument).Marks, func(m Mark) bool {
			return m.Reason == LotsNotThere && (m.Transaction != sale.ID) == others
		})
	}
	for i, c := range chosen {
		if lacks(in.choosing(sale, []Choice{c}), false) {
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("body.lots[%d]", i),
				Message: "no lot of this account and instrument that was open before the sale has that much left"})
		}
	}
	if len(wrong) == 0 && !lacks(without, true) && lacks(in.choosing(sale, chosen), true) {
		wrong = append(wrong, fault.Field{Path: "body.lots", Message: "a later sale has chosen some of these; change that first"})
	}
	return wrong
}

var errNoTransaction = fault.New(fault.NotFound, "no such transaction")

func findTransaction(ctx context.Context, q db.Querier, userID, id string) (Transaction, error) {
	if !db.IsID(id) {
		return Transaction{}, errNoTransaction
	}
	row := q.QueryRowContext(ctx, "select "+transactionColumns+" from transactions where id = $1 and user_id = $2", id, userID)
	t, err := scanTransaction(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return t, errNoTransaction
	}
	if err != nil {
		return t, fmt.Errorf("find transaction: %w", err)
	}
	return t, nil
}

func storeChoice(ctx context.Context, tx db.Querier, saleID string, lots []ChosenLot) error {
	if _, err := tx.ExecContext(ctx, "delete from transaction_lots where sale_id = $1", saleID); err != nil {
		return fmt.Errorf("store chosen lots: %w", err)
	}
	for _, l := range lots {
		_, err := tx.ExecContext(ctx, "insert into transaction_lots (sale_id, lot_id, quantity) values ($1, $2, $3)", saleID, l.TransactionID, l.Quantity)
		if err != nil {
			return fmt.Errorf("store chosen lots: %w", err)
		}
	}
	return nil
}

// markFrom notes that all of an account's history changes.
func markFrom(ctx context.Context, tx db.Querier, userID, accountID string, now time.Time) error {
	rows, err := tx.QueryContext(ctx, "select "+transactionColumns+" from transactions where account_id = $1 order by at limit 1", accountID)
	first, err := db.Collect(rows, err, scanTransaction)
	if err != nil {
		return fmt.Errorf("find the first transaction: %w", err)
	}
	day := calendar.DayOf(now)
	if len(first) > 0 {
		day = first[0].Day
	}
	return markChanged(ctx, tx, userID, day, now)
}

// separators are what spellings of one symbol differ in.
var separators = strings.NewReplacer(".", "", "-", "", "/", "", " ", "")
