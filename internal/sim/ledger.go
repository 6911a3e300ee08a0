package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Account is a brokerage account at the current moment. Money is in dollars.
type Account struct {
	ID               string
	Number           string
	Cash             decimal.Decimal // negative when the owner borrows
	LongMarketValue  decimal.Decimal
	ShortMarketValue decimal.Decimal // negative
	Equity           decimal.Decimal // Cash + LongMarketValue + ShortMarketValue
	LastEquity       decimal.Decimal // at the close of the trading day before the current one
	Opened           time.Time
}

// Position is what an account holds of an instrument at the current moment. Shorts have negative quantity, cost and value.
type Position struct {
	Instrument    Instrument
	Quantity      decimal.Decimal
	AverageEntry  decimal.Decimal // per share, rounded to 6 digits, for crypto to 9
	CostBasis     decimal.Decimal // what is held at its average cost, rounded to cents, for crypto to 6 digits
	Price         decimal.Decimal
	PreviousClose decimal.Decimal
	MarketValue   decimal.Decimal // Quantity × Price, not rounded
}

// ActivityType is what happened, in Alpaca's words.
type ActivityType string

// The types of activities that happen here.
const (
	ActivityFill     ActivityType = "FILL"
	ActivityDeposit  ActivityType = "CSD"
	ActivityDividend ActivityType = "DIV"
	ActivitySplit    ActivityType = "SPLIT"
)

// Activity is one thing that happened in an account.
type Activity struct {
	ID        string // unique and stable; sorts as the time does
	Type      ActivityType
	Time      time.Time
	Symbol    string          // as in Instrument; empty for a deposit
	Quantity  decimal.Decimal // traded, entitled to a dividend, or gained by a split; negative for sales and shorts
	Price     decimal.Decimal // of a fill, or the dividend per share
	NetAmount decimal.Decimal // the change of cash, rounded to cents
	// OpensShort marks the sale of more than was held.
	OpensShort bool
	SubType    string
	// Day is the day it is of, where that is another than Time's: some are listed late.
	Day calendar.Day
	// Order of a fill in parts, how much of it was filled by then, and how much was not.
	Order     string
	Cum, Left decimal.Decimal
}

// Account is the account as it stands now; false when the customer has none in the environment.
func (w *World) Account(customer, env string) (Account, bool) {
	a, entries := w.entriesOf(customer, env)
	if a == nil {
		return Account{}, false
	}
	now := w.now()
	book := w.book(a, entries, now)
	result := Account{ID: a.id, Number: a.number, Opened: a.opened, Cash: book.cash}
	for _, p := range w.positions(book, now) {
		if p.Quantity.IsNegative() {
			result.ShortMarketValue = result.ShortMarketValue.Add(p.MarketValue)
		} else {
			result.LongMarketValue = result.LongMarketValue.Add(p.MarketValue)
		}
	}
	result.Equity = book.cash.Add(result.LongMarketValue).Add(result.ShortMarketValue)

	lastClose := calendar.LastClose(w.quote(w.bySpelling["SPY"], now).Day.At(0, 0))
	last := w.book(a, entries, lastClose)
	result.LastEquity = last.cash
	for _, p := range w.positions(last, lastClose) {
		result.LastEquity = result.LastEquity.Add(p.MarketValue)
	}
	return result, true
}

// Cash is the account's cash now; zero when there is no such account.
func (w *World) Cash(customer, env string) decimal.Decimal {
	account, _ := w.Account(customer, env)
	return account.Cash
}

// Positions are what the account holds now, by symbol; none when there is no such account.
func (w *World) Positions(customer, env string) []Position {
	a, entries := w.entriesOf(customer, env)
	if a == nil {
		return nil
	}
	now := w.now()
	return w.positions(w.book(a, entries, now), now)
}

// Activities are what happened in the account until now, oldest first.
func (w *World) Activities(customer, env string) []Activity {
	a, entries := w.entriesOf(customer, env)
	if a == nil {
		return nil
	}
	return w.book(a, entries, w.now()).activities
}

func (w *World) entriesOf(customer, env string) (*account, []entry) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	a := w.account(customer, env)
	if a == nil {
		return nil, nil
	}
	return a, slices.Clone(a.entries)
}

func (w *World) positions(book *book, t time.Time) []Position {
	var positions []Position
	for _, symbol := range slices.Sorted(maps.Keys(book.held)) {
		h := book.held[symbol]
		if o, ok := options[symbol]; ok {
			positions = append(positions, w.optionPosition(o, h, t))
			continue
		}
		in, quote := w.bySpelling[symbol], w.quote(w.bySpelling[symbol], t)
		places, cents := int32(6), int32(2)
		if in.Kind == Crypto {
			places, cents = 9, 6
		}
		positions = append(positions, Position{
			Instrument:   *in,
			Quantity:     h.quantity,
			AverageEntry: h.cost.DivRound(h.quantity, places),
			CostBasis:    h.cost.Round(cents),
			Price:        quote.Price, PreviousClose: quote.PreviousClose,
			MarketValue: h.quantity.Mul(quote.Price),
		})
	}
	return positions
}

// book is an account worked out up to a moment.
type book struct {
	cash       decimal.Decimal
	held       map[string]*holding
	activities []Activity
}

// holding is a quantity and what it cost; both negative for a short.
type holding struct{ quantity, cost decimal.Decimal }

// event is one thing that changes a book. At the same moment splits come first, then ex-days, payments, and what the owner does.
type event struct {
	at    time.Time
	order int
	apply func(*book)
}

// book replays what happened to the account until t.
func (w *World) book(a *account, entries []entry, t time.Time) *book {
	var events []event
	symbols := map[string]calendar.Day{} // with the day of the first trade
	for i, e := range entries {
		if e.at.After(t) {
			continue
		}
		if e.deed.kind != "" {
			events = append(events, event{e.at, 3, func(b *book) { w.do(b, a, i, e) }})
			if e.deed.kind != ActivityDelivery {
				continue
			}
		}
		if e.symbol == "" {
			events = append(events, event{e.at, 3, func(b *book) { w.deposit(b, a, i, e) }})
			continue
		}
		noteFirst(symbols, e.symbol, calendar.DayOf(e.at))
		if o, ok := options[e.symbol]; ok {
			noteFirst(symbols, o.underlying, o.expires) // may come of it
		}
		if e.deed.kind == "" {
			events = append(events, event{e.at, 3, func(b *book) { w.fill(b, a, i, e) }})
		}
	}
	for symbol, first := range symbols {
		if o, ok := options[symbol]; ok {
			events = append(events, w.optionEvents(a, o, t)...)
			continue
		}
		events = append(events, w.corporateEvents(a, symbol, first, t)...)
	}
	slices.SortStableFunc(events, func(x, y event) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.order, y.order))
	})
	b := &book{held: map[string]*holding{}}
	for _, e := range events {
		e.apply(b)
	}
	slices.SortStableFunc(b.activities, func(x, y Activity) int { return cmp.Compare(x.ID, y.ID) })
	return b
}

// noteFirst keeps the earliest day by symbol.
func noteFirst(days map[string]calendar.Day, symbol string, day calendar.Day) {
	if first, seen := days[symbol]; !seen || day.Before(first) {
		days[symbol] = day
	}
}

// corporateEvents are the splits and dividends of a symbol that reach an account which first traded it on the day.
func (w *World) corporateEvents(a *account, symbol string, first calendar.Day, t time.Time) []event {
	var events []event
	for _, split := range w.bySpelling[symbol].splits {
		if opens := split.Day.At(9, 30); !split.Day.Before(first) && !opens.After(t) {
			events = append(events, event{opens, 0, func(b *book) { w.split(b, a, split) }})
		}
	}
	for _, dividend := range w.Dividends(symbol, first, calendar.DayOf(t)) {
		ex, pay := dividend.ExDay.At(9, 30), dividend.PayDay.At(9, 30)
		if ex.After(t) {
			continue
		}
		entitled := decimal.Zero
		events = append(events, event{ex, 1, func(b *book) {
			if h := b.held[symbol]; h != nil {
				entitled = h.quantity
			}
		}})
		if !pay.After(t) {
			events = append(events, event{pay, 2, func(b *book) { w.pay(b, a, dividend, entitled) }})
		}
	}
	return events
}

func (w *World) deposit(b *book, a *account, i int, e entry) {
	w.record(b, Activity{Type: ActivityDeposit, Time: e.at, NetAmount: e.amount}, a, i)
}

func (w *World) fill(b *book, a *account, i int, e entry) {
	w.trade(b, a, Activity{
		Type: ActivityFill, Time: e.at, Symbol: e.symbol, Quantity: e.quantity, Price: e.price, Order: e.order, Cum: e.cum, Left: e.left,
	}, i)
}

// trade changes a holding as Alpaca does: buying more averages the cost, selling leaves the average, and what goes
// through zero starts again at the trade's price.
func (w *World) trade(b *book, a *account, t Activity, what any) {
	h := b.held[t.Symbol]
	if h == nil {
		h = &holding{}
		b.held[t.Symbol] = h
	}
	after, paid := h.quantity.Add(t.Quantity), t.Price.Mul(sizeOf(t.Symbol))
	switch {
	case h.quantity.Sign() == 0 || h.quantity.Sign() == t.Quantity.Sign():
		h.cost = h.cost.Add(t.Quantity.Mul(paid))
	case after.Sign() == h.quantity.Sign():
		h.cost = h.cost.Mul(after).DivRound(h.quantity, 12)
	default:
		h.cost = after.Mul(paid)
	}
	h.quantity = after
	if after.IsZero() {
		delete(b.held, t.Symbol)
	}
	t.NetAmount = t.Quantity.Mul(paid).Neg().Round(2)
	t.OpensShort = t.Quantity.IsNegative() && after.IsNegative()
	w.record(b, t, a, what)
}

func (w *World) split(b *book, a *account, s Split) {
	h := b.held[s.Symbol]
	if h == nil {
		return
	}
	to, from := s.becomes()
	gained := h.quantity.Mul(decimal.NewFromInt(to)).DivRound(decimal.NewFromInt(from), 9).Sub(h.quantity)
	h.quantity = h.quantity.Add(gained)
	sub := "FSPLIT"
	if s.Ratio < 0 {
		sub = "RSPLIT"
	}
	w.record(b, Activity{Type: ActivitySplit, SubType: sub, Time: s.Day.At(9, 30).UTC(), Symbol: s.Symbol, Quantity: gained}, a, s.Day)
}

func (w *World) pay(b *book, a *account, d Dividend, entitled decimal.Decimal) {
	if entitled.IsZero() {
		return
	}
	w.record(b, Activity{
		Type: ActivityDividend, Time: d.PayDay.At(9, 30).UTC(), Symbol: d.Symbol, Quantity: entitled, Price: d.Amount,
		NetAmount: entitled.Mul(d.Amount).Round(2),
	}, a, d.ExDay)
	if a.abroad && entitled.IsPositive() {
		w.record(b, Activity{
			Type: ActivityWithheld, Time: d.PayDay.At(9, 30).UTC(), Symbol: d.Symbol, Quantity: entitled,
			NetAmount: entitled.Mul(d.Amount).Mul(withheld).Neg().Round(2),
		}, a, d.ExDay)
	}
}

// record books an activity; what tells it from others of its type and symbol.
func (w *World) record(b *book, activity Activity, a *account, what any) {
	activity.ID = fmt.Sprintf("%s%03d::%s", activity.Time.UTC().Format("20060102150405"),
		activity.Time.Nanosecond()/1e6, w.uuid(a.id, activity.Type, activity.Symbol, fmt.Sprint(what)))
	b.cash = b.cash.Add(activity.NetAmount)
	b.activities = append(b.activities, activity)
}
