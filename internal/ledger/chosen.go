package ledger

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// ChosenLot is how much of a lot a sale is to have sold. A lot is named by the transaction that opened it.
type ChosenLot struct {
	TransactionID string          `json:"transactionId" maxLength:"36" doc:"What opened the lot: a purchase, a delivery, an opening" example:"01999999-0000-7000-8000-000000000000"`
	Quantity      decimal.Decimal `json:"quantity" doc:"As it was on the day of the sale; more than 0" example:"10"`
}

// ChosenLots gives the lots that a person chose, by sale.
func ChosenLots(ctx context.Context, q db.Querier, userID string) (map[string][]ChosenLot, error) {
	type row struct {
		sale string
		ChosenLot
	}
	rows, err := q.QueryContext(ctx, `select l.sale_id, l.lot_id, l.quantity from transaction_lots l
		join transactions t on t.id = l.sale_id where t.user_id = $1 order by l.sale_id, l.lot_id`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (r row, err error) {
		return r, scan(&r.sale, &r.TransactionID, &r.Quantity)
	})
	if err != nil {
		return nil, fmt.Errorf("list chosen lots: %w", err)
	}
	bySale := map[string][]ChosenLot{}
	for _, r := range all {
		bySale[r.sale] = append(bySale[r.sale], r.ChosenLot)
	}
	return bySale, nil
}

// StoreChosenLots replaces the lots that were chosen for a sale, in the caller's transaction.
func StoreChosenLots(ctx context.Context, tx db.Querier, saleID string, lots []ChosenLot) error {
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
