package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// caseInputs are a whole ledger with its prices and rates.
type caseInputs struct {
	BaseCurrency string                     `json:"base_currency"`
	Securities   []security                 `json:"securities"`
	FX           []rates                    `json:"fx"`
	Activities   []caseActivity             `json:"activities"`
	OpeningCash  map[string]decimal.Decimal `json:"opening_cash"` // by currency
	CashAccounts []struct {
		ID       string `json:"id"`
		Currency string `json:"currency"`
	} `json:"cash_accounts"`
}

type security struct {
	ID         string          `json:"id"`
	Currency   string          `json:"currency"`
	Prices     []quotation     `json:"prices"`
	PriceRule  string          `json:"price_rule"`
	Multiplier decimal.Decimal `json:"multiplier"`
}

// rates are what one of base was worth in quote.
type rates struct {
	Base  string      `json:"base"`
	Quote string      `json:"quote"`
	Rates []quotation `json:"rates"`
}

// quotation is [date, number].
type quotation struct {
	day  calendar.Day
	what decimal.Decimal
}

func (q *quotation) UnmarshalJSON(raw []byte) error { return row(raw, 2, &q.day, &q.what) }

type caseActivity struct {
	Date        calendar.Day        `json:"date"`
	Time        string              `json:"time"`
	Account     string              `json:"account"`
	CashAccount string              `json:"cash_account"`
	Type        string              `json:"type"`
	Security    string              `json:"security"`
	Quantity    decimal.Decimal     `json:"quantity"`
	Price       decimal.NullDecimal `json:"price"`
	Amount      decimal.NullDecimal `json:"amount"`
	Currency    string              `json:"currency"`
	Fee         decimal.Decimal     `json:"fee"`
	Tax         decimal.Decimal     `json:"tax"`
	FX          decimal.NullDecimal `json:"fx"`
	Ratio       string              `json:"ratio"`
	Gross       json.RawMessage     `json:"gross"` // the amount before fee and tax, or what it was in the security's currency
}

// foreign is the gross of a trade that was paid in another currency than the security's.
type foreign struct {
	Amount          decimal.Decimal `json:"amount"`
	Currency        string          `json:"currency"`
	ForeignAmount   decimal.Decimal `json:"foreign_amount"`
	ForeignCurrency string          `json:"foreign_currency"`
	Rate            decimal.Decimal `json:"rate"`
}

// kinds are the types of activities, with the sign of their cash and of their quantity.
var kinds = map[string]struct {
	kind           broker.ActivityKind
	cash, quantity int64
}{
	"BUY": {broker.Buy, -1, 1}, "SELL": {broker.Sell, 1, -1}, "DIVIDEND": {broker.Dividend, 1, 0},
	"INTEREST": {broker.Interest, 1, 0}, "INTEREST_CHARGE": {broker.Interest, -1, 0},
	"FEE": {broker.Fee, -1, 0}, "FEE_REFUND": {broker.Fee, 1, 0}, "TAX": {broker.Tax, -1, 0}, "TAX_REFUND": {broker.Tax, 1, 0},
	"DEPOSIT": {broker.Deposit, 1, 0}, "WITHDRAWAL": {broker.Withdrawal, -1, 0},
	"DELIVERY_IN": {broker.DeliveryIn, 0, 1}, "DELIVERY_OUT": {broker.DeliveryOut, 0, -1},
	"TRANSFER_IN": {broker.TransferIn, 0, 1}, "TRANSFER_OUT": {broker.TransferOut, 0, -1},
	"CASH_TRANSFER_IN": {broker.TransferIn, 1, 0}, "CASH_TRANSFER_OUT": {broker.TransferOut, -1, 0},
	"SPLIT": {broker.Split, 0, 0},
}

// world is a case as the production code takes it.
type world struct {
	in           *caseInputs
	securities   map[string]*security
	instruments  map[string]instrument.Instrument
	splits       map[string][]instrument.Split
	transactions []ledger.Transaction
	moved        []decimal.Decimal // by transaction: the amount that the source gives it, with the sign of what it does to the owner's money
	cashOf       []string          // by transaction: the account whose cash it moves
	tradeRates   map[string]decimal.Decimal
}

func newWorld(in *caseInputs) (*world, error) {
	w := &world{in: in, securities: map[string]*security{}, instruments: map[string]instrument.Instrument{}, splits: map[string][]instrument.Split{}, tradeRates: map[string]decimal.Decimal{}}
	for i := range in.Securities {
		s := &in.Securities[i]
		slices.SortStableFunc(s.Prices, byDay)
		w.securities[s.ID] = s
		w.instruments[s.ID] = instrument.Instrument{ID: s.ID, Currency: s.Currency, Multiplier: s.Multiplier}
	}
	for i := range in.FX {
		slices.SortStableFunc(in.FX[i].Rates, byDay)
	}
	for i, a := range in.Activities {
		if err := w.add(i, a); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func byDay(a, b quotation) int { return a.day.Compare(b.day) }

func (w *world) add(i int, a caseActivity) error {
	k, ok := kinds[a.Type]
	if !ok {
		return fmt.Errorf("there is no activity %q", a.Type)
	}
	if a.Type == "SPLIT" {
		s, err := lotEvent{Date: a.Date, Ratio: a.Ratio}.split()
		w.splits[a.Security] = append(w.splits[a.Security], s)
		return err
	}
	if a.Security != "" && w.securities[a.Security] == nil {
		return fmt.Errorf("nothing is said of the security %q", a.Security)
	}
	sign, way := decimal.NewFromInt(k.cash), decimal.NewFromInt(k.quantity)
	t := ledger.Transaction{
		ID: lotID(i, ""), ExternalID: lotID(i, ""), AccountID: a.Account, Kind: k.kind, At: a.Date.At(0, 0), Day: a.Date, Instrument: a.Security,
		Quantity: a.Quantity.Mul(way), Currency: cmp.Or(a.Currency, w.in.BaseCurrency), Fee: a.Fee, Tax: a.Tax,
	}
	charged := a.Fee.Add(a.Tax)
	direction := sign
	if sign.IsZero() {
		direction = way.Neg()
	}
	moved := a.Amount.Decimal
	if !a.Amount.Valid {
		moved = a.Quantity.Mul(a.Price.Decimal).Mul(w.multiplier(a.Security)).Sub(direction.Mul(charged))
	}
	t.Amount = moved.Mul(sign)
	gross := moved.Add(direction.Mul(charged))
	if err := w.price(&t, a, gross); err != nil {
		return err
	}
	if a.FX.Valid {
		w.tradeRates[t.ID] = a.FX.Decimal
	}
	w.transactions = append(w.transactions, t)
	w.moved, w.cashOf = append(w.moved, moved.Mul(direction)), append(w.cashOf, cmp.Or(a.CashAccount, a.Account))
	return nil
}

// price is per unit in the security's currency, where that is told.
func (w *world) price(t *ledger.Transaction, a caseActivity, gross decimal.Decimal) error {
	if t.Quantity.IsZero() {
		return nil
	}
	units := a.Quantity.Mul(w.multiplier(a.Security))
	var in foreign
	if len(a.Gross) > 0 && a.Gross[0] == '{' {
		if err := json.Unmarshal(a.Gross, &in); err != nil {
			return err
		}
	}
	switch {
	case in.ForeignCurrency == w.securities[a.Security].Currency && in.ForeignCurrency != "":
		t.Price = decimal.NewNullDecimal(in.ForeignAmount.DivRound(units, 20))
	case t.Currency == w.securities[a.Security].Currency:
		t.Price = decimal.NewNullDecimal(gross.DivRound(units, 20))
	}
	return nil
}

func (w *world) multiplier(id string) decimal.Decimal {
	if s := w.securities[id]; s != nil && !s.Multiplier.IsZero() {
		return s.Multiplier
	}
	return decimal.NewFromInt(1)
}

// of is the last of some quotations up to a day or, before the first, that.
func of(list []quotation, day calendar.Day) (decimal.Decimal, bool) {
	if len(list) == 0 {
		return decimal.Zero, false
	}
	found := list[0].what
	for _, q := range list {
		if day.Before(q.day) {
			break
		}
		found = q.what
	}
	return found, true
}

// rate is what one of from was worth in to.
func (w *world) rate(from, to string, day calendar.Day) (decimal.Decimal, bool) {
	if from == to {
		return decimal.NewFromInt(1), true
	}
	for _, fx := range w.in.FX {
		rate, known := of(fx.Rates, day)
		switch {
		case !known:
		case fx.Base == from && fx.Quote == to:
			return rate, true
		case fx.Base == to && fx.Quote == from:
			return decimal.NewFromInt(1).DivRound(rate, 24), true
		}
	}
	return decimal.Zero, false
}

// frozen is the world in which every day has the rates of one.
func (w *world) frozen(day calendar.Day) *world {
	in, still := *w.in, *w
	in.FX = slices.Clone(in.FX)
	for i := range in.FX {
		if rate, known := of(in.FX[i].Rates, day); known {
			in.FX[i].Rates = []quotation{{day, rate}}
		}
	}
	still.in, still.tradeRates = &in, nil
	return &still
}

var errNoRate = errors.New("there is no rate")

func (w *world) convert(amount decimal.Decimal, from, to string, day calendar.Day) (decimal.Decimal, error) {
	rate, known := w.rate(from, to, day)
	if !known {
		return rate, fmt.Errorf("%w from %s to %s", errNoRate, from, to)
	}
	return amount.Mul(rate), nil
}

// convention is what sources do differently with lots.
type convention struct {
	method      user.CostBasis
	across      bool
	feesApart   bool
	taxesInCost bool
}

// book is what the production code makes of some transactions up to a day.
func (w *world) book(c convention, currency string, until calendar.Day, transactions []ledger.Transaction) *lots.Book {
	in := lots.Input{
		Transactions: slices.Clone(transactions), Splits: w.splits, Instruments: w.instruments, Accounts: map[string]lots.Rules{}, Until: until,
		Base: currency, Rate: w.rate, AcrossAccounts: c.across, FeesApart: c.feesApart, DeliveriesRealise: true,
	}
	if currency == w.in.BaseCurrency {
		in.TradeRates = w.tradeRates
	}
	for i := range in.Transactions {
		t := &in.Transactions[i]
		in.Accounts[t.AccountID] = lots.Rules{Method: c.method}
		if c.taxesInCost {
			t.Fee, t.Tax = t.Fee.Add(t.Tax), decimal.Zero
		}
	}
	return lots.Work(in)
}

// about are the transactions of a security, or all, in (after, until].
func (w *world) about(security string, after, until calendar.Day) []int {
	var found []int
	for i, t := range w.transactions {
		if (security == "" || t.Instrument == security) && after.Before(t.Day) && !until.Before(t.Day) {
			found = append(found, i)
		}
	}
	return found
}

// holdings is what is held of a security, or of all, at the close of a day, valued in a currency.
func (w *world) holdings(security, currency string, day calendar.Day, transactions []ledger.Transaction) (quantity, value decimal.Decimal, err error) {
	for _, p := range w.book(convention{}, "", day, transactions).Positions {
		if p.Quantity.IsZero() || security != "" && p.Instrument != security {
			continue
		}
		quantity = quantity.Add(p.Quantity)
		s := w.securities[p.Instrument]
		price, known := of(s.Prices, day)
		if !known {
			continue // unpriced
		}
		worth, err := w.convert(p.Quantity.Mul(price).Mul(w.multiplier(p.Instrument)), s.Currency, currency, day)
		if err != nil {
			return quantity, value, err
		}
		value = value.Add(worth)
	}
	return quantity, value, nil
}

// cash is the cash at the close of a day by account and currency; what was there at first is in the account "".
func (w *world) cash(day calendar.Day) map[[2]string]decimal.Decimal {
	cash := map[[2]string]decimal.Decimal{}
	for currency, amount := range w.in.OpeningCash {
		cash[[2]string{"", currency}] = amount
	}
	for i, t := range w.transactions {
		if !day.Before(t.Day) {
			key := [2]string{w.cashOf[i], t.Currency}
			cash[key] = cash[key].Add(t.Amount)
		}
	}
	return cash
}
