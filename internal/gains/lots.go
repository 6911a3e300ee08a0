package gains

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// InLedger is what the ledger says of the holding in one account. Amounts are in Currency, those named Base in the
// person's own at the rates of the days, null where one is missing. Quantities are in today's units, after all splits.
type InLedger struct {
	ConnectionID  string           `json:"connectionId"`
	Provider      string           `json:"provider"`
	Account       string           `json:"account" doc:"The brokerage's account number"`
	Method        user.CostBasis   `json:"method" enum:"fifo,lifo,hifo,average,specific" doc:"Which lots are sold first"`
	Currency      string           `json:"currency"`
	BaseCurrency  string           `json:"baseCurrency"`
	Quantity      decimal.Decimal  `json:"quantity" doc:"Of the open lots"`
	Reported      decimal.Decimal  `json:"reported" doc:"What the brokerage says is held; 0 when it is not among its positions"`
	Agrees        bool             `json:"agrees" doc:"Whether the two are the same"`
	CostBasis     decimal.Decimal  `json:"costBasis" doc:"Of the open lots, with the fees of their purchases"`
	CostBasisBase *decimal.Decimal `json:"costBasisBase"`
	Realized      decimal.Decimal  `json:"realized" doc:"Of all sales since the history begins"`
	RealizedBase  *decimal.Decimal `json:"realizedBase"`
	DividendsBase *decimal.Decimal `json:"dividendsBase" doc:"In the base currency, before tax"`
	TaxesBase     *decimal.Decimal `json:"taxesBase"`
	Sales         int              `json:"sales" doc:"How many transactions closed lots"`
	Transactions  int              `json:"transactions"`
	// IncompleteHistory tells that more was sold than is known to have been bought, or that a cost is not known: then
	// what was realized is not the whole truth.
	IncompleteHistory bool            `json:"incompleteHistory"`
	Missing           decimal.Decimal `json:"missing" doc:"How much was sold and never known to be bought"`
	Marks             []Mark          `json:"marks" doc:"What is not as it should be, the newest last"`
	Lots              []Lot           `json:"lots" doc:"The open ones, the oldest first"`
}

// Mark says what is not as it should be.
type Mark struct {
	Day      calendar.Day    `json:"day"`
	Reason   lots.Reason     `json:"reason"`
	Quantity decimal.Decimal `json:"quantity" doc:"Concerned"`
}

// Lot is what one transaction opened and is still held.
type Lot struct {
	TransactionID string           `json:"transactionId"`
	Day           *calendar.Day    `json:"day" doc:"Null where it was there when the account's history begins"`
	Quantity      decimal.Decimal  `json:"quantity" doc:"Negative when short"`
	CostBasis     *decimal.Decimal `json:"costBasis" doc:"Null where nobody said what it cost; negative when short: what it brought"`
	CostBasisBase *decimal.Decimal `json:"costBasisBase"`
}

// InLedger is what the ledger says of an instrument, account by account, also in those that hold no more of it.
func (r *Report) InLedger(instrument string) []InLedger {
	all := []InLedger{}
	for _, a := range r.Accounts {
		if p := r.Position(a.ID, instrument); p != nil {
			all = append(all, r.inLedger(a, p))
		}
	}
	slices.SortStableFunc(all, func(x, y InLedger) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Account, y.Account))
	})
	return all
}

func (r *Report) inLedger(a ledger.Account, p *Position) InLedger {
	l := InLedger{
		ConnectionID: a.ConnectionID, Provider: a.Provider, Account: a.Number, Method: r.rules[a.ID].Method,
		Currency: p.Currency, BaseCurrency: r.Base, Quantity: p.Quantity, Reported: r.reported[lots.Holding{Account: a.ID, Instrument: p.Instrument}],
		CostBasis: p.Cost, CostBasisBase: pointer(p.CostBase), Realized: p.Realised, RealizedBase: pointer(p.RealisedBase),
		Sales: p.Closed, Transactions: p.Transactions,
		IncompleteHistory: p.Incomplete(), Missing: p.Missing, Marks: []Mark{}, Lots: []Lot{},
	}
	l.Agrees = l.Reported.Equal(l.Quantity)
	if p.SumsBaseKnown {
		l.DividendsBase, l.TaxesBase = &p.SumsBase.Dividends, &p.SumsBase.Taxes
	}
	for _, m := range p.Marks {
		l.Marks = append(l.Marks, Mark{m.Day, m.Reason, m.Quantity})
	}
	for i := range p.Lots {
		l.Lots = append(l.Lots, lotOf(&p.Lots[i]))
	}
	return l
}

func lotOf(l *lots.Lot) Lot {
	one := Lot{TransactionID: l.Transaction, Quantity: l.Quantity}
	if !l.DayUnknown {
		one.Day = &l.Day
	}
	if !l.CostUnknown {
		one.CostBasis, one.CostBasisBase = &l.Cost, pointer(l.CostBase)
	}
	return one
}

func pointer(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}
