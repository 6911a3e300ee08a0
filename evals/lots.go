package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// lotInputs are events of one instrument, in order.
type lotInputs struct {
	Method      string           `json:"method"`
	Events      []lotEvent       `json:"events"`
	FeesInBasis *bool            `json:"fees_in_basis"`
	Multiplier  decimal.Decimal  `json:"multiplier"`
	MarketPrice *decimal.Decimal `json:"market_price"`
	Oversell    string           `json:"oversell"`
}

type lotEvent struct {
	Type     string              `json:"type"`
	Date     calendar.Day        `json:"date"`
	Account  string              `json:"account"`
	From     string              `json:"from"`
	To       string              `json:"to"`
	Quantity decimal.Decimal     `json:"qty"`
	Price    decimal.NullDecimal `json:"price"`
	Amount   decimal.NullDecimal `json:"amount"`
	Fee      decimal.Decimal     `json:"fee"`
	FX       decimal.NullDecimal `json:"fx"`
	Ratio    string              `json:"ratio"`
	Lot      string              `json:"lot"`
}

// theInstrument is what lot vectors are about; they have one.
const theInstrument = "X"

// lotsTopic: purchases, sales, splits and transfers to lots and gains.
func lotsTopic(v *vector, r *result) error {
	var in lotInputs
	if err := v.read(&in); err != nil {
		return err
	}
	work, err := in.input()
	if err != nil {
		return err
	}
	r.remark("note", "notes")
	got := lotResult{in: &in, book: lots.Work(work), inBase: work.Base != ""}
	if r.expects("error") {
		var want string
		if r.want("error", &want) && len(got.book.Refused) == 0 {
			r.failf("error: nothing was refused, want %s", want)
		}
		return nil
	}
	for _, refused := range got.book.Refused {
		r.failf("refused: %+v", refused)
	}
	got.check(r)
	return nil
}

// input is what the production code gets.
func (in *lotInputs) input() (lots.Input, error) {
	method, all := strings.CutSuffix(in.Method, "ALL")
	work := lots.Input{
		Splits: map[string][]instrument.Split{}, Accounts: map[string]lots.Rules{}, Chosen: map[string][]ledger.ChosenLot{},
		Instruments: map[string]instrument.Instrument{theInstrument: {Currency: "LOC", Multiplier: in.Multiplier}}, TradeRates: map[string]decimal.Decimal{},
		Strict: in.Oversell != "partial", AcrossAccounts: all, FeesApart: in.FeesInBasis != nil && !*in.FeesInBasis,
	}
	for i, e := range in.Events {
		if e.FX.Valid {
			work.Base, work.TradeRates[lotID(i, "")] = "REP", e.FX.Decimal
		}
		switch e.Type {
		case "BUY", "SELL":
			work.Transactions = append(work.Transactions, in.trade(i, e))
			if e.Lot != "" {
				work.Chosen[lotID(i, "")] = in.named(i, e)
			}
		case "TRANSFER":
			work.Transactions = append(work.Transactions, e.side(i, "a", e.From, e.Quantity.Neg()), e.side(i, "b", e.To, e.Quantity))
		case "SPLIT":
			split, err := e.split()
			if err != nil {
				return work, err
			}
			if known := work.Splits[theInstrument]; !slices.ContainsFunc(known, func(s instrument.Split) bool { return s.Day == split.Day }) {
				work.Splits[theInstrument] = append(known, split)
			}
		default:
			return work, fmt.Errorf("there is no event %q", e.Type)
		}
	}
	slices.SortStableFunc(work.Splits[theInstrument], func(a, b instrument.Split) int { return a.Day.Compare(b.Day) })
	for _, t := range work.Transactions {
		work.Accounts[t.AccountID] = lots.Rules{Method: user.CostBasis(strings.ToLower(method))}
	}
	return work, nil
}

// lotID keeps the order of the events of a day.
func lotID(i int, side string) string { return fmt.Sprintf("%06d%s", i, side) }

func (e lotEvent) side(i int, side, account string, quantity decimal.Decimal) ledger.Transaction {
	t := ledger.Transaction{
		ID: lotID(i, side), ExternalID: lotID(i, side), AccountID: cmp.Or(account, "main"), Kind: broker.TransferIn, At: e.Date.At(0, 0), Day: e.Date,
		Instrument: theInstrument, Quantity: quantity, Currency: "LOC",
	}
	if quantity.IsNegative() {
		t.Kind = broker.TransferOut
	}
	return t
}

func (in *lotInputs) trade(i int, e lotEvent) ledger.Transaction {
	t := e.side(i, "", e.Account, e.Quantity)
	t.Kind, t.Price, t.Fee = broker.Buy, e.Price, e.Fee
	gross := e.Amount.Decimal
	if !e.Amount.Valid && e.Price.Valid {
		gross = e.Quantity.Mul(e.Price.Decimal)
		if !in.Multiplier.IsZero() {
			gross = gross.Mul(in.Multiplier)
		}
	}
	t.Amount = gross.Add(e.Fee).Neg()
	if e.Type == "SELL" {
		t.Kind, t.Quantity, t.Amount = broker.Sell, e.Quantity.Neg(), gross.Sub(e.Fee)
	}
	return t
}

// named are the lots that a sale names by day or price.
func (in *lotInputs) named(sale int, s lotEvent) (chosen []ledger.ChosenLot) {
	left := s.Quantity
	price, err := decimal.NewFromString(s.Lot)
	for i, e := range in.Events[:sale] {
		byPrice := err == nil && e.Price.Valid && e.Price.Decimal.Equal(price)
		if e.Type != "BUY" || e.Date.String() != s.Lot && !byPrice || !left.IsPositive() {
			continue
		}
		part := decimal.Min(left, e.Quantity)
		chosen, left = append(chosen, ledger.ChosenLot{TransactionID: lotID(i, ""), Quantity: part}), left.Sub(part)
	}
	return chosen
}

// split reads a ratio "new:old".
func (e lotEvent) split() (instrument.Split, error) {
	to, from, _ := strings.Cut(e.Ratio, ":")
	s := instrument.Split{Day: e.Date}
	var err error
	if s.To, err = decimal.NewFromString(to); err == nil {
		s.From, err = decimal.NewFromString(from)
	}
	if err != nil || !s.To.IsPositive() || !s.From.IsPositive() {
		return s, fmt.Errorf("no ratio: %q", e.Ratio)
	}
	return s, nil
}

// lotResult is what the production code made of it. Amounts are in the reporting currency where there are rates.
type lotResult struct {
	in     *lotInputs
	book   *lots.Book
	inBase bool
}

func (l *lotResult) pick(local decimal.Decimal, base decimal.NullDecimal) decimal.Decimal {
	if l.inBase {
		return base.Decimal
	}
	return local
}

func (l *lotResult) check(r *result) {
	quantity, cost, realised, value := decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero
	multiplier := decimal.NewFromInt(1)
	if !l.in.Multiplier.IsZero() {
		multiplier = l.in.Multiplier
	}
	for _, p := range l.book.Positions {
		quantity, cost = quantity.Add(p.Quantity), cost.Add(l.pick(p.Cost, p.CostBase))
		realised = realised.Add(l.pick(p.Realised, p.RealisedBase))
	}
	r.amount("remaining_qty", quantity)
	r.amount("cost_basis", cost)
	r.amount("total_realised", realised)
	if r.expects("average_cost") && !quantity.IsZero() {
		r.amount("average_cost", cost.DivRound(quantity.Mul(multiplier), 24))
	}
	if l.in.MarketPrice != nil {
		value = quantity.Mul(*l.in.MarketPrice).Mul(multiplier)
		for _, e := range slices.Backward(l.in.Events) {
			if e.FX.Valid { // the rate told last
				value = value.Mul(e.FX.Decimal)
				break
			}
		}
		r.amount("unrealised", value.Sub(cost))
	}
	l.sales(r)
	l.lots(r, multiplier)
}

// sales checks what each sale brought.
func (l *lotResult) sales(r *result) {
	var want []map[string]json.RawMessage
	if !r.want("realised", &want) {
		return
	}
	var sales []lots.Sale
	for _, p := range l.book.Positions {
		sales = append(sales, p.Sales...)
	}
	slices.SortFunc(sales, func(a, b lots.Sale) int { return cmp.Compare(a.Transaction, b.Transaction) })
	if len(sales) != len(want) {
		r.failf("realised: got %d sales, want %d", len(sales), len(want))
		return
	}
	for i, s := range sales {
		one := &result{vector: r.vector, expected: want[i], checked: map[string]bool{}}
		one.amount("gain", l.pick(s.Gain, s.GainBase))
		one.amount("cost", l.pick(s.Cost, s.CostBase))
		one.amount("proceeds", l.pick(s.Proceeds, s.ProceedsBase))
		one.amount("missing_qty", s.Missing)
		var byLot []decimal.Decimal
		if one.want("cost_by_lot", &byLot) && !slices.EqualFunc(s.Lots, byLot, func(got lots.Lot, want decimal.Decimal) bool { return r.vector.close(got.Cost, want) }) {
			one.failf("cost_by_lot: got %v, want %v", s.Lots, byLot)
		}
		one.complete()
		for _, failure := range one.failures {
			r.failf("realised[%d]: %s", i, failure)
		}
	}
}

// lots checks what is left open: [account?, day, quantity, cost per unit].
func (l *lotResult) lots(r *result, multiplier decimal.Decimal) {
	var want [][]string
	if !r.want("lots", &want) {
		return
	}
	var got [][]string
	for _, p := range l.book.Positions {
		for _, lot := range p.Lots {
			got = append(got, []string{lot.Account, lot.Day.String(), lot.Quantity.String(), lot.UnitCost(multiplier).String()})
		}
	}
	slices.SortFunc(got, slices.Compare[[]string])
	for i := range want {
		if len(want[i]) == 3 {
			want[i] = append([]string{"main"}, want[i]...)
		}
	}
	slices.SortFunc(want, slices.Compare[[]string])
	same := func(a, b []string) bool {
		return a[0] == b[0] && a[1] == b[1] && r.vector.close(decimal.RequireFromString(a[2]), decimal.RequireFromString(b[2])) &&
			r.vector.close(decimal.RequireFromString(a[3]), decimal.RequireFromString(b[3]))
	}
	if !slices.EqualFunc(got, want, same) {
		r.failf("lots: got %v, want %v", got, want)
	}
}

// close tells whether an amount is the expected one, within the wider of the vector's tolerances; of money some have one apart.
func (v *vector) close(got, want decimal.Decimal) bool {
	return got.Sub(want).Abs().InexactFloat64() <= max(v.Tolerance.MoneyAbs, v.tolerance(want.InexactFloat64()))
}

// amount checks a fact that is an exact number, in a string or not.
func (r *result) amount(fact string, got decimal.Decimal) {
	var want decimal.Decimal
	if r.want(fact, &want) && !r.vector.close(got, want) {
		r.failf("%s: got %s, want %s", fact, got, want)
	}
}
