package main

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// everything checks a whole portfolio in a period: what it was worth, and where the change came from.
func (q *question) everything() error {
	initial, err := q.worth(q.after)
	if err != nil {
		return err
	}
	final, err := q.worth(q.until)
	if err != nil {
		return err
	}
	q.amount("initial_value", initial)
	q.amount("final_value", final)
	if err := q.incomeOf(); err != nil {
		return err
	}
	transfers, flows := decimal.Zero, []returns.Flow{}
	for _, i := range q.about("", q.after, q.until) {
		t := q.transactions[i]
		amount := t.Amount
		switch t.Kind {
		case broker.Deposit, broker.Withdrawal:
		case broker.DeliveryIn, broker.DeliveryOut:
			amount = q.moved[i].Neg()
		default:
			continue
		}
		if amount, err = q.convert(amount, t.Currency, q.currency, t.Day); err != nil {
			return err
		}
		transfers = transfers.Add(amount)
		flows = append(flows, returns.Flow{Day: t.Day.Number(), Amount: amount.InexactFloat64()})
	}
	q.amount("transfers", transfers)
	if q.expects("irr") { // of values in cents
		opening := returns.Flow{Day: q.after.Number(), Amount: initial.Round(2).InexactFloat64()}
		closing := returns.Flow{Day: q.until.Number(), Amount: final.Round(2).InexactFloat64()}
		q.quotient("irr", returns.MoneyWeighted(opening, flows, closing).Annual)
	}
	if err := q.gains(); err != nil {
		return err
	}
	return q.cashFacts()
}

// worth is all that is held and all cash at the close of a day.
func (q *question) worth(day calendar.Day) (decimal.Decimal, error) {
	_, sum, err := q.holdings("", q.currency, day, q.transactions)
	if err != nil {
		return sum, err
	}
	for key, amount := range q.cash(day) {
		based, err := q.convert(amount, key[1], q.currency, day)
		if err != nil {
			return sum, err
		}
		sum = sum.Add(based)
	}
	return sum, nil
}

// gains checks what prices and rates brought in the period: what was held at its beginning cost what it was worth then.
func (q *question) gains() error {
	if !q.expects("capital_gains") && !q.expects("realised_gains") && !q.expects("currency_gains") {
		return nil
	}
	var transactions []ledger.Transaction
	for _, p := range q.book(convention{}, "", q.after, q.transactions).Positions {
		price, known := of(q.securities[p.Instrument].Prices, q.after)
		if p.Quantity.IsZero() || !known {
			continue
		}
		transactions = append(transactions, ledger.Transaction{
			ID: "opening " + p.Account + p.Instrument, AccountID: p.Account, Kind: ledger.Opening, At: q.after.At(0, 0), Day: q.after, Instrument: p.Instrument,
			Quantity: p.Quantity, Price: decimal.NewNullDecimal(price), Currency: p.Currency,
		})
	}
	for _, i := range q.about("", q.after, q.until) {
		transactions = append(transactions, q.transactions[i])
	}
	_, value, err := q.holdings("", q.currency, q.until, q.transactions)
	if err != nil {
		return err
	}
	sum := q.totals(convention{feesApart: true}, transactions)
	q.amount("capital_gains", value.Sub(sum.cost))
	q.amount("realised_gains", sum.realised)
	return q.currencyGains()
}

// currencyGains checks what foreign cash gained by its rate.
func (q *question) currencyGains() error {
	gains := decimal.Zero
	for at, day := range map[int64]calendar.Day{-1: q.after, 1: q.until} {
		for key, amount := range q.cash(day) {
			based, err := q.convert(amount.Mul(decimal.NewFromInt(at)), key[1], q.currency, day)
			if err != nil {
				return err
			}
			gains = gains.Add(based)
		}
	}
	for _, i := range q.about("", q.after, q.until) {
		t := q.transactions[i]
		based, err := q.convert(t.Amount, t.Currency, q.currency, t.Day)
		if err != nil {
			return err
		}
		gains = gains.Sub(based)
	}
	q.amount("currency_gains", gains)
	return nil
}
