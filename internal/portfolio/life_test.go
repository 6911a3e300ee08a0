package portfolio

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// Market is what the simulator's world says of prices, as traded, and of rates of exchange, read once for all lives.
type Market struct {
	World     *sim.World
	Days      []calendar.Day // on which something may happen; the last is today
	prices    map[string]map[calendar.Day]decimal.Decimal
	dollars   map[string]map[calendar.Day]decimal.Decimal // what a unit of a currency costs
	corporate []corporate
}

// corporate is what a company does: a split, an ex-day or a payment.
type corporate struct {
	day      calendar.Day
	order    int // of a day: splits, ex-days, payments
	symbol   string
	ratio    int64
	dividend sim.Dividend
}

// Bought are the symbols of lives, with their currencies: two with splits, and one in pence.
var Bought = map[string]string{"AAPL": "USD", "NVDA": "USD", "META": "USD", "VOD.L": "GBP"}

// NewMarket reads the market of three years up to today.
func NewMarket(w *sim.World) *Market {
	m := &Market{World: w, prices: map[string]map[calendar.Day]decimal.Decimal{}, dollars: map[string]map[calendar.Day]decimal.Decimal{}}
	first, last := calendar.Day{Year: 2024, Month: time.March, Day: 1}, calendar.DayOf(w.Now())
	for symbol, currency := range Bought {
		m.prices[symbol] = w.ClosesAsTraded(symbol, first, last)
		for day, price := range m.prices[symbol] {
			if currency == "GBP" {
				m.prices[symbol][day] = price.Shift(-2)
			}
		}
		for _, s := range w.Splits(symbol) {
			m.corporate = append(m.corporate, corporate{s.Day, 0, symbol, s.Ratio, sim.Dividend{}})
		}
		for _, d := range w.Dividends(symbol, first, last) {
			m.corporate = append(m.corporate, corporate{d.ExDay, 1, symbol, 0, d}, corporate{d.PayDay, 2, symbol, 0, d})
		}
	}
	slices.SortFunc(m.corporate, func(a, b corporate) int {
		return cmp.Or(a.day.Compare(b.day), cmp.Compare(a.order, b.order), cmp.Compare(a.symbol, b.symbol))
	})
	for _, currency := range []string{"EUR", "GBP"} {
		m.dollars[currency] = w.ClosesAsTraded(currency+"USD=X", first, last)
	}
	for day := range m.prices["AAPL"] {
		if _, open := m.prices["VOD.L"][day]; open {
			m.Days = append(m.Days, day)
		}
	}
	slices.SortFunc(m.Days, calendar.Day.Compare)
	return m
}

func (m *Market) today() calendar.Day { return m.Days[len(m.Days)-1] }

// Rate is what a unit of from cost in to at the end of a day, with six digits.
func (m *Market) Rate(from, to string, day calendar.Day) decimal.Decimal {
	in := func(currency string) decimal.Decimal {
		if currency == "USD" {
			return decimal.NewFromInt(1)
		}
		for {
			if price, ok := m.dollars[currency][day]; ok {
				return price
			}
			day = day.AddDays(-1)
		}
	}
	if from == to {
		return decimal.NewFromInt(1)
	}
	return in(from).DivRound(in(to), 6)
}

// Life is what happened to somebody with two accounts, told as transactions and, by itself, as what it came to. That is
// worked out in fractions while it happens, and knows nothing of how the program does it.
type Life struct {
	*Market
	Base         string
	Transactions []ledger.Transaction
	random       *rand.Rand
	clock        time.Time
	next         int // of the market's corporate events
	entitled     map[string]*big.Rat

	Cash      [2]map[string]*big.Rat
	lots      map[string][]part // by account and symbol, the oldest first
	Realized  *big.Rat          // in Base, as are:
	Dividends *big.Rat
	Interest  *big.Rat
	Fees      *big.Rat
	Taxes     *big.Rat
}

// part is a lot: negative when short.
type part struct {
	at                   time.Time
	quantity, cost, base *big.Rat
}

// Accounts are the ids of everybody's two.
var Accounts = [2]string{"account-0", "account-1"}

func rat(d decimal.Decimal) *big.Rat { return d.Rat() }

func times(a *big.Rat, b decimal.Decimal) *big.Rat { return new(big.Rat).Mul(a, rat(b)) }

// NewLife lives a life.
func NewLife(m *Market, seed uint64) *Life {
	l := &Life{
		Market: m, random: rand.New(rand.NewPCG(seed, 1)), entitled: map[string]*big.Rat{}, lots: map[string][]part{}, // #nosec G404 -- a seeded test
		Realized: new(big.Rat), Dividends: new(big.Rat), Interest: new(big.Rat), Fees: new(big.Rat), Taxes: new(big.Rat),
		Cash: [2]map[string]*big.Rat{{}, {}},
	}
	l.Base = []string{"USD", "EUR", "GBP"}[l.random.IntN(3)]
	days := make([]int, 10+l.random.IntN(40))
	for i := range days {
		days[i] = l.random.IntN(len(m.Days))
	}
	slices.Sort(days)
	for i, n := range days {
		day := m.Days[n]
		l.companies(day)
		l.clock = day.At(11, 0).Add(time.Duration(i) * time.Minute)
		l.happen(day)
	}
	l.companies(m.today())
	return l
}

// happen does one thing of many.
func (l *Life) happen(day calendar.Day) {
	account := l.random.IntN(2)
	symbol := []string{"AAPL", "NVDA", "META", "VOD.L"}[l.random.IntN(4)]
	money := decimal.New(l.random.Int64N(1_000_000), -2)
	switch l.random.IntN(10) {
	case 0:
		l.pay(account, day, broker.Deposit, []string{"USD", "EUR", "GBP"}[l.random.IntN(3)], money)
	case 1:
		l.pay(account, day, broker.Withdrawal, "USD", money.Neg())
	case 2:
		l.pay(account, day, broker.Exchange, "USD", money.Neg())
		l.pay(account, day, broker.Exchange, "GBP", money.Mul(decimal.RequireFromString("0.77")).Round(2))
	case 3:
		interest := money.Shift(-2).Round(2).Neg()
		l.pay(account, day, broker.Interest, "EUR", interest)
		l.Interest.Add(l.Interest, times(rat(interest), l.Rate("EUR", l.Base, day)))
		fee := money.Shift(-3).Round(2)
		l.pay(account, day, broker.Fee, "USD", fee.Neg())
		l.Fees.Add(l.Fees, times(rat(fee), l.Rate("USD", l.Base, day)))
	case 4:
		l.transfer(account, symbol, day)
	default:
		quantity := decimal.New(1+l.random.Int64N(400), -1) // tenths of shares
		if l.random.IntN(5) < 2 {
			quantity = quantity.Neg() // sells, or goes short
		}
		l.trade(account, symbol, day, quantity)
	}
}

func (l *Life) tell(account int, t ledger.Transaction) {
	l.clock = l.clock.Add(time.Millisecond)
	t.ID = fmt.Sprintf("t%04d", len(l.Transactions))
	t.ConnectionID, t.AccountID, t.ExternalID = fmt.Sprintf("connection-%d", account), Accounts[account], t.ID
	t.At = l.clock.UTC()
	l.Transactions = append(l.Transactions, t)
	if l.Cash[account][t.Currency] == nil {
		l.Cash[account][t.Currency] = new(big.Rat)
	}
	l.Cash[account][t.Currency].Add(l.Cash[account][t.Currency], rat(t.Amount))
}

func (l *Life) pay(account int, day calendar.Day, kind broker.ActivityKind, currency string, amount decimal.Decimal) {
	l.tell(account, ledger.Transaction{Kind: kind, Day: day, Currency: currency, Amount: amount})
}

func key(account int, symbol string) string { return fmt.Sprint(account, symbol) }

// trade buys or sells at the day's close, closing the oldest lots of the other sign first.
func (l *Life) trade(account int, symbol string, day calendar.Day, quantity decimal.Decimal) {
	price, fee, kind := l.prices[symbol][day], decimal.New(l.random.Int64N(500), -2), broker.Buy
	if quantity.IsNegative() {
		kind = broker.Sell
	}
	amount := quantity.Mul(price).Neg().Round(2).Sub(fee)
	l.tell(account, ledger.Transaction{
		Kind: kind, Day: day, Instrument: symbol, Symbol: symbol, Quantity: quantity, Price: decimal.NewNullDecimal(price),
		Currency: Bought[symbol], Amount: amount, Fee: fee,
	})
	rate := rat(l.Rate(Bought[symbol], l.Base, day))
	open, paid := rat(quantity), rat(amount.Neg())
	each := new(big.Rat).Quo(paid, open)
	lots := l.lots[key(account, symbol)]
	for open.Sign() != 0 && len(lots) > 0 && lots[0].quantity.Sign() != open.Sign() {
		closed := new(big.Rat).Neg(open)
		if new(big.Rat).Abs(lots[0].quantity).Cmp(new(big.Rat).Abs(open)) < 0 {
			closed.Set(lots[0].quantity)
		}
		share := new(big.Rat).Quo(closed, lots[0].quantity)
		proceeds := new(big.Rat).Mul(new(big.Rat).Mul(each, closed), rate)
		l.Realized.Add(l.Realized, proceeds.Sub(proceeds, new(big.Rat).Mul(lots[0].base, share)))
		lots[0] = lots[0].without(share)
		if lots[0].quantity.Sign() == 0 {
			lots = lots[1:]
		}
		open.Add(open, closed)
	}
	if open.Sign() != 0 {
		cost := new(big.Rat).Mul(each, open)
		lots = append(lots, part{l.clock, open, cost, new(big.Rat).Mul(cost, rate)})
	}
	l.lots[key(account, symbol)] = lots
}

// without is what is left of a lot.
func (p part) without(share *big.Rat) part {
	rest := new(big.Rat).Sub(big.NewRat(1, 1), share)
	return part{p.at, new(big.Rat).Mul(p.quantity, rest), new(big.Rat).Mul(p.cost, rest), new(big.Rat).Mul(p.base, rest)}
}

// transfer moves the oldest half of a long position to an account that is not short of it, with its days and costs.
func (l *Life) transfer(from int, symbol string, day calendar.Day) {
	to := 1 - from
	moved := new(big.Rat).Quo(l.quantity(from, symbol), big.NewRat(2, 1))
	if moved.Sign() <= 0 || l.quantity(to, symbol).Sign() < 0 {
		return
	}
	quantity := decimal.RequireFromString(moved.FloatString(9))
	moved = rat(quantity)
	if quantity.IsZero() {
		return
	}
	l.tell(from, ledger.Transaction{Kind: broker.TransferOut, Day: day, Instrument: symbol, Symbol: symbol, Quantity: quantity.Neg(), Currency: Bought[symbol]})
	l.tell(to, ledger.Transaction{Kind: broker.TransferIn, Day: day, Instrument: symbol, Symbol: symbol, Quantity: quantity, Currency: Bought[symbol]})
	lots, arrived := l.lots[key(from, symbol)], l.lots[key(to, symbol)]
	for moved.Sign() > 0 {
		share := big.NewRat(1, 1)
		if lots[0].quantity.Cmp(moved) > 0 {
			share.Quo(moved, lots[0].quantity)
		}
		gone := lots[0].without(new(big.Rat).Sub(big.NewRat(1, 1), share))
		moved.Sub(moved, gone.quantity)
		arrived = append(arrived, gone)
		if lots[0] = lots[0].without(share); lots[0].quantity.Sign() == 0 {
			lots = lots[1:]
		}
	}
	slices.SortStableFunc(arrived, func(a, b part) int { return a.at.Compare(b.at) })
	l.lots[key(from, symbol)], l.lots[key(to, symbol)] = lots, arrived
}

// quantity is what an account holds.
func (l *Life) quantity(account int, symbol string) *big.Rat {
	q := new(big.Rat)
	for _, p := range l.lots[key(account, symbol)] {
		q.Add(q, p.quantity)
	}
	return q
}

// companies does what companies do up to a day, before anybody trades on it.
func (l *Life) companies(day calendar.Day) {
	for ; l.next < len(l.corporate) && !day.Before(l.corporate[l.next].day); l.next++ {
		c := l.corporate[l.next]
		l.clock = c.day.At(9, 30)
		for account := range Accounts {
			id := fmt.Sprint(account, c.symbol, c.dividend.ExDay)
			switch c.order {
			case 0:
				for i := range l.lots[key(account, c.symbol)] {
					p := &l.lots[key(account, c.symbol)][i]
					p.quantity = new(big.Rat).Mul(p.quantity, big.NewRat(c.ratio, 1))
				}
			case 1:
				l.entitled[id] = l.quantity(account, c.symbol)
			case 2:
				l.dividend(account, c, l.entitled[id])
			}
		}
	}
}

// dividend pays one, or has a short pay it, and withholds 15 % of what is received.
func (l *Life) dividend(account int, c corporate, entitled *big.Rat) {
	if entitled == nil || entitled.Sign() == 0 {
		return
	}
	amount := c.dividend.Amount
	if Bought[c.symbol] == "GBP" {
		amount = amount.Shift(-2)
	}
	gross := decimal.RequireFromString(times(entitled, amount).FloatString(2))
	tax := decimal.Max(decimal.Zero, gross.Mul(decimal.New(15, -2)).Round(2))
	l.tell(account, ledger.Transaction{
		Kind: broker.Dividend, Day: c.day, Instrument: c.symbol, Symbol: c.symbol, Currency: Bought[c.symbol], Amount: gross.Sub(tax), Tax: tax,
	})
	rate := l.Rate(Bought[c.symbol], l.Base, c.day)
	l.Dividends.Add(l.Dividends, times(rat(gross), rate))
	l.Taxes.Add(l.Taxes, times(rat(tax), rate))
}
