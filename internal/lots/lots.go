// Package lots works out the lots that transactions make: what is still open of them, what sales gained, and what is not known.
package lots

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Input is what lots are worked out from. Only Transactions is required.
type Input struct {
	Transactions []ledger.Transaction             // of any accounts, in any order; they are left as they are
	Splits       map[string][]instrument.Split    // by instrument, the oldest first
	Instruments  map[string]instrument.Instrument // their currencies and multipliers; else the transactions' currency, and 1
	Accounts     map[string]Rules                 // else FIFO, and nothing is sold short
	Chosen       map[string][]ledger.ChosenLot    // by sale, for accounts with Specific
	Until        calendar.Day                     // the last day that counts; zero for all
	// Base is what everything is converted into beside its own currency; with none nothing is. Rate gives what one unit
	// of from was worth in to at a day's close, or false. TradeRates are rates to Base that came with transactions; they
	// go before the day's.
	Base       string
	Rate       func(from, to string, day calendar.Day) (decimal.Decimal, bool)
	TradeRates map[string]decimal.Decimal

	// Other conventions than ours, for comparing with other programs.

	Strict            bool // sales beyond what is held are refused, as are chosen lots that are not there
	AcrossAccounts    bool // one pool of lots for all accounts, with the method of each seller
	FeesApart         bool // fees are neither in costs nor off proceeds
	DeliveriesRealise bool // what is delivered out realises its gain, at the price it has
}

// Rules is how sales consume lots in an account.
type Rules struct {
	Method user.CostBasis // empty is FIFO
	// Complete tells that what the ledger has of the account explains all it holds: history from the opening on, or
	// openings in its stead. What is sold beyond what is held is then short, unless Reported says otherwise.
	Complete bool
	// Reported is what the brokerage says the account holds, by instrument; nil when it was not asked. A sale beyond what
	// is held opens a short only where this agrees with the ledger, or is negative; else purchases are missing.
	Reported map[string]decimal.Decimal
}

// Book is what transactions come to.
type Book struct {
	Positions []*Position                // also closed ones; by account and instrument
	Sums      map[string]map[string]Sums // what concerns no instrument: by account and currency
	Pairs     map[string]string          // transfers between the accounts: the id of either side by that of the other
	Refused   []Mark                     // with Strict: what was not carried out
	byHolding map[Holding]*Position
}

// Position gives what an account has, or had, of an instrument; nil when nothing.
func (b *Book) Position(account, instrument string) *Position {
	return b.byHolding[Holding{account, instrument}]
}

// Holding names an instrument in an account.
type Holding struct{ Account, Instrument string }

// Position is an instrument in an account. Amounts are in Currency, those named Base in Input.Base: invalid without
// one, and where a rate is missing. Shorts are negative in Quantity and Cost.
type Position struct {
	Account, Instrument string
	Currency            string
	Quantity            decimal.Decimal
	Cost                decimal.Decimal // of the open lots, with the fees of the purchases
	CostBase            decimal.NullDecimal
	Lots                []Lot // the open ones, the oldest first
	Sales               []Sale
	Realised            decimal.Decimal // of all Sales
	RealisedBase        decimal.NullDecimal
	Trips               []Trip
	Sums                map[string]Sums // by currency
	SumsBase            Sums            // in Base, each as of its day
	SumsBaseKnown       bool            // false when a rate was missing
	Missing             decimal.Decimal // what was sold and never known to be bought, in today's units
	Marks               []Mark          // what is not as it should be

	pool  *pool
	trip  *Trip
	loose bool // a split left a fraction that has no end
}

// Incomplete tells whether a cost or a gain is not what it would be if everything were known.
func (p *Position) Incomplete() bool {
	return slices.ContainsFunc(p.Marks, func(m Mark) bool { return m.Reason != NoLotsChosen && m.Reason != RateMissing })
}

// Lot is what one transaction opened and is still held.
type Lot struct {
	Transaction string // which opened it; where it came by a transfer, the one on the other side
	Account     string // that holds it
	Day         calendar.Day
	Quantity    decimal.Decimal // in today's units; negative when short
	Cost        decimal.Decimal // negative when short: what it brought
	CostBase    decimal.NullDecimal
	CostUnknown bool // Cost is 0 for want of better
	DayUnknown  bool // it was there when the account's history begins
	DayRate     bool // CostBase is by the rate of the day's close, not by one that came with the trade

	at   int64
	unit decimal.Decimal // cost per unit; kept for HIFO alone
}

// UnitCost is the cost per priced unit of what is held, never negative.
func (l Lot) UnitCost(multiplier decimal.Decimal) decimal.Decimal {
	return l.Cost.DivRound(l.Quantity.Mul(multiplier), QuantityDigits).Abs()
}

// Sale is a transaction that closed lots: a sale, or a purchase that covered a short; then Proceeds and Cost are
// negative. Cash from a merger by which lots live on is one of no Quantity, and Cost what it returned of theirs.
// Gain = Proceeds − Cost, in either currency. In Base, PriceEffect is the gain at the rate of the sale, and
// FXEffect = Cost · (rate of the sale − rates of the purchases); they add up to GainBase.
type Sale struct {
	Transaction  string
	Kind         broker.ActivityKind
	Day          calendar.Day
	Quantity     decimal.Decimal // closed, positive
	Proceeds     decimal.Decimal // less fees
	Cost         decimal.Decimal
	Gain         decimal.Decimal
	ProceedsBase decimal.NullDecimal
	CostBase     decimal.NullDecimal
	GainBase     decimal.NullDecimal
	PriceEffect  decimal.NullDecimal
	FXEffect     decimal.NullDecimal
	Lots         []Lot           // with what was consumed of each
	Missing      decimal.Decimal // the part of Quantity that nothing is known of; its cost is 0
	Unrealised   bool            // it left without being sold: no gain is counted
}

// Trip is a position from nothing to nothing.
type Trip struct {
	Opened, Closed calendar.Day
	Short          bool
	Cost           decimal.Decimal // of all that was closed
	Proceeds       decimal.Decimal
	Gain           decimal.Decimal
	GainBase       decimal.NullDecimal
}

// Sums is what was received and paid beside purchases and sales, in one currency.
type Sums struct {
	Dividends decimal.Decimal // before tax and fees
	Interest  decimal.Decimal // before tax and fees; negative when more was paid
	Fees      decimal.Decimal // that belong to no trade; what was paid in kind counts at its price
	TradeFees decimal.Decimal // that are in costs and off proceeds
	Taxes     decimal.Decimal
}

func (s Sums) add(o Sums) Sums {
	return Sums{plus(s.Dividends, o.Dividends), plus(s.Interest, o.Interest), plus(s.Fees, o.Fees), plus(s.TradeFees, o.TradeFees), plus(s.Taxes, o.Taxes)}
}

// plus is a + b, and costs nothing where b is zero, as most are.
func plus(a, b decimal.Decimal) decimal.Decimal {
	if b.IsZero() {
		return a
	}
	return a.Add(b)
}

func (s Sums) isZero() bool {
	return s.Dividends.IsZero() && s.Interest.IsZero() && s.Fees.IsZero() && s.TradeFees.IsZero() && s.Taxes.IsZero()
}

func (s Sums) at(rate decimal.Decimal) Sums {
	return Sums{s.Dividends.Mul(rate), s.Interest.Mul(rate), s.Fees.Mul(rate), s.TradeFees.Mul(rate), s.Taxes.Mul(rate)}
}

// Mark says what is not as it should be, and of which transaction.
type Mark struct {
	Transaction string
	Day         calendar.Day
	Reason      Reason
	Quantity    decimal.Decimal // concerned; positive
}

// Reason is why something is marked, in words for programs.
type Reason string

// The reasons.
const (
	IncompleteHistory Reason = "incomplete_history"   // more was sold than is known to have been bought
	CostUnknown       Reason = "cost_unknown"         // nobody said what it cost
	NoLotsChosen      Reason = "no_lots_chosen"       // Specific, and FIFO for want of a choice
	LotsNotThere      Reason = "chosen_lots_missing"  // the chosen lots do not hold that much
	LotElsewhere      Reason = "lot_in_other_account" // AcrossAccounts: another account's lot would be next
	RateMissing       Reason = "rate_missing"         // there is no figure in Base
	Reorganised       Reason = "reorganised"          // a spin-off or merger, whose costs are as far as known
)

// Work carries out the transactions, in the order of the conventions: by day; of a day first openings, splits, mergers and
// spin-offs, then what has a time by time. What is of one moment, and all of an instrument's day when one of them has no
// time, goes by kind: deliveries in, purchases, transfers, dividends and fees, sales, deliveries out. What arrived in another account
// of the person before it is said to have left leaves when it arrives.
func Work(in Input) *Book {
	w := &worker{Input: in, book: &Book{Sums: map[string]map[string]Sums{}, byHolding: map[Holding]*Position{}}}
	w.held, w.splitsDone, w.transit = map[string][]*Position{}, map[string]int{}, map[string][]Lot{}
	w.book.Pairs = pairs(in.Transactions)
	order := inOrder(in.Transactions, in.Until, w.book.Pairs)
	w.findDepartures(order)
	w.findMergers(order)
	for _, t := range order {
		w.carryOut(t)
	}
	for instrument := range w.held {
		w.splitUpTo(instrument, in.Until, in.Until == calendar.Day{})
	}
	for _, p := range w.book.byHolding {
		p.finish(w.Base)
		w.book.Positions = append(w.book.Positions, p)
	}
	slices.SortFunc(w.book.Positions, func(a, b *Position) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Instrument, b.Instrument))
	})
	return w.book
}
