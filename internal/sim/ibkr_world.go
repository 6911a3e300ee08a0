package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// IBKRAccount is an account at the simulated Interactive Brokers.
type IBKRAccount struct {
	ID       string
	User     string // who signs in to see it: one of the world's customers
	Name     string
	Paper    bool
	Currency string // of the account; cash is kept in others, too
	Opened   time.Time

	book    account // its trades, in what the world has prices of
	cash    []cashEntry
	options []optionTrade
}

// cashEntry is money that came in.
type cashEntry struct {
	at       time.Time
	currency string
	amount   decimal.Decimal
}

// optionTrade is the only trade of an option; at its end the option is settled in cash.
type optionTrade struct {
	at         time.Time
	underlying string
	expiry     calendar.Day
	right      string // C or P
	strike     decimal.Decimal
	contracts  decimal.Decimal // negative when it was written
}

// perContract is how many shares an option here is for.
const perContract = 100

// IBKRPosition is what an account holds; money is in Currency, whole units. Shorts have negative quantity and value.
type IBKRPosition struct {
	Conid       int64
	Symbol      string // as in Instrument, or OCC's code of an option
	Instrument  Instrument
	Currency    string
	Quantity    decimal.Decimal
	Multiplier  int64
	AverageCost decimal.Decimal // of one of Quantity
	Price       decimal.Decimal // of a priced unit
	Value       decimal.Decimal // rounded to cents
	option      *optionTrade
}

// IBKRTrade is an execution; money is in Currency.
type IBKRTrade struct {
	ID         string
	Conid      int64
	Symbol     string
	Currency   string
	Time       time.Time
	Quantity   decimal.Decimal // negative for sales
	Price      decimal.Decimal
	Net        decimal.Decimal // Quantity × Price × multiplier, without a sign, rounded to cents
	Commission decimal.Decimal
	Instrument Instrument
	option     *optionTrade
}

// IBKRAccounts are the accounts of a customer who has some, in a fixed order.
func (w *World) IBKRAccounts(user string) []IBKRAccount {
	w.ibkrOnce.Do(func() { w.ibkr = w.ibkrPeople() })
	w.mu.RLock()
	defer w.mu.RUnlock()
	var own []IBKRAccount
	for _, a := range w.ibkr {
		if a.User == user {
			copied := *a
			copied.book.entries = slices.Clone(a.book.entries)
			own = append(own, copied)
		}
	}
	return own
}

func (w *World) ibkrAccount(id string) (IBKRAccount, bool) {
	for _, c := range w.customers {
		for _, a := range w.IBKRAccounts(c.ID) {
			if a.ID == id {
				return a, true
			}
		}
	}
	return IBKRAccount{}, false
}

// TradeIBKR makes a trade at the market's price in an account: a positive quantity buys, a negative one sells.
func (w *World) TradeIBKR(accountID, symbol string, quantity decimal.Decimal) error {
	now := w.now()
	in, ok := w.find(symbol)
	if !ok || in.goneOn(in.dayOf(now)) || in.Kind == Index || in.Kind == Currency || quantity.IsZero() {
		return fmt.Errorf("%s is not traded, or not in this quantity", symbol)
	}
	if _, ok := w.ibkrAccount(accountID); !ok {
		return fmt.Errorf("there is no account %s", accountID)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.ibkr {
		if a.ID == accountID {
			a.book.entries = append(a.book.entries, entry{at: now.UTC(), symbol: in.Symbol, quantity: quantity, price: w.price(in, now)})
		}
	}
	return nil
}

// IBKRPositions are what the account holds now, by symbol; none when there is no such account.
func (w *World) IBKRPositions(accountID string) []IBKRPosition {
	a, ok := w.ibkrAccount(accountID)
	if !ok {
		return nil
	}
	now := w.now()
	var all []IBKRPosition
	for _, p := range w.positions(w.book(&a.book, a.book.entries, now), now) {
		currency, whole := wholeUnits(p.Instrument.Currency)
		all = append(all, IBKRPosition{
			Conid: conidOf(p.Instrument.Symbol), Symbol: p.Instrument.Symbol, Instrument: p.Instrument, Currency: currency,
			Quantity: p.Quantity, Multiplier: 1, AverageCost: p.AverageEntry.Mul(whole), Price: p.Price.Mul(whole),
			Value: p.MarketValue.Mul(whole).Round(2),
		})
	}
	for _, o := range a.options {
		if o.at.After(now) || o.over(now) {
			continue
		}
		price := w.optionPrice(o, now)
		all = append(all, IBKRPosition{
			Conid: conidOf(o.code()), Symbol: o.code(), Instrument: *w.bySpelling[o.underlying], Currency: "USD", Quantity: o.contracts,
			Multiplier: perContract, AverageCost: w.optionPrice(o, o.at).Mul(decimal.NewFromInt(perContract)), Price: price,
			Value: o.contracts.Mul(price).Mul(decimal.NewFromInt(perContract)).Round(2), option: &o,
		})
	}
	slices.SortFunc(all, func(x, y IBKRPosition) int { return cmp.Compare(x.Symbol, y.Symbol) })
	return all
}

// IBKRTrades are the account's executions until now, the oldest first.
func (w *World) IBKRTrades(accountID string) []IBKRTrade {
	a, ok := w.ibkrAccount(accountID)
	if !ok {
		return nil
	}
	now := w.now()
	var all []IBKRTrade
	for _, fill := range w.book(&a.book, a.book.entries, now).activities {
		if fill.Type != ActivityFill {
			continue
		}
		in := w.bySpelling[fill.Symbol]
		currency, whole := wholeUnits(in.Currency)
		all = append(all, IBKRTrade{
			ID: "0000e0d5." + fill.ID[len(fill.ID)-12:] + ".01", Conid: conidOf(in.Symbol), Symbol: in.Symbol, Currency: currency, Time: fill.Time,
			Quantity: fill.Quantity, Price: fill.Price.Mul(whole), Net: fill.Quantity.Mul(fill.Price).Mul(whole).Abs().Round(2), Instrument: *in,
		})
	}
	for i, o := range a.options {
		if o.at.After(now) {
			continue
		}
		price := w.optionPrice(o, o.at)
		all = append(all, IBKRTrade{
			ID: "0000e0d6." + w.uuid(a.ID, o.code(), i)[24:] + ".01", Conid: conidOf(o.code()), Symbol: o.code(), Currency: "USD", Time: o.at,
			Quantity: o.contracts, Price: price, Net: o.contracts.Mul(price).Mul(decimal.NewFromInt(perContract)).Abs().Round(2),
			Instrument: *w.bySpelling[o.underlying], option: &o,
		})
	}
	for i := range all {
		all[i].Commission = all[i].commission()
	}
	slices.SortStableFunc(all, func(x, y IBKRTrade) int { return x.Time.Compare(y.Time) })
	return all
}

// commission is what the broker takes: by the share in America, by the contract for options, and by value elsewhere.
func (t IBKRTrade) commission() decimal.Decimal {
	size := t.Quantity.Abs()
	share := func(least string, part int64, digits int32) decimal.Decimal {
		return decimal.Max(decimal.RequireFromString(least), t.Net.Mul(decimal.New(part, -digits))).Round(2)
	}
	switch {
	case t.option != nil:
		return size.Mul(decimal.New(65, -2)).Round(2)
	case t.Instrument.Kind == Crypto:
		return share("1.75", 18, 4)
	case t.Currency != "USD":
		return share("3", 5, 4)
	}
	return decimal.Max(decimal.NewFromInt(1), size.Mul(decimal.New(5, -3))).Round(2)
}

// IBKRCash is the account's cash in each currency it ever had some in.
func (w *World) IBKRCash(accountID string) map[string]decimal.Decimal {
	a, ok := w.ibkrAccount(accountID)
	if !ok {
		return nil
	}
	now := w.now()
	cash := map[string]decimal.Decimal{a.Currency: decimal.Zero}
	add := func(currency string, amount decimal.Decimal) { cash[currency] = cash[currency].Add(amount) }
	for _, e := range a.cash {
		if !e.at.After(now) {
			add(e.currency, e.amount)
		}
	}
	for _, t := range w.IBKRTrades(accountID) {
		if t.Quantity.IsPositive() {
			t.Net = t.Net.Neg()
		}
		add(t.Currency, t.Net.Sub(t.Commission))
	}
	for _, paid := range w.book(&a.book, a.book.entries, now).activities {
		if paid.Type == ActivityDividend {
			currency, whole := wholeUnits(w.bySpelling[paid.Symbol].Currency)
			add(currency, paid.NetAmount.Mul(whole).Round(2))
		}
	}
	for _, o := range a.options {
		if o.over(now) {
			settled := w.optionPrice(o, o.ends())
			add("USD", o.contracts.Mul(settled).Mul(decimal.NewFromInt(perContract)).Round(2))
		}
	}
	return cash
}

// Rate is what one unit of a currency, in which something here is traded, costs in dollars at the moment; 1 for dollars.
func (w *World) Rate(currency string) decimal.Decimal {
	if in, ok := w.find(currency + "USD=X"); ok {
		return w.price(in, w.now())
	}
	return decimal.NewFromInt(1)
}

// wholeUnits is the currency that prices in it are worth, and how much of it one is.
func wholeUnits(currency string) (whole string, factor decimal.Decimal) {
	if currency == "GBp" {
		return "GBP", decimal.New(1, -2)
	}
	return currency, decimal.NewFromInt(1)
}

// conidOf is the brokerage's id of an instrument, the same in every world.
func conidOf(symbol string) int64 {
	h := uint64(0x636f6e6964)
	for _, c := range []byte(symbol) {
		h = mix(h ^ uint64(c))
	}
	return int64(1_000_000 + h%2_000_000_000)
}

// code is OCC's code of the option.
func (o optionTrade) code() string {
	return fmt.Sprintf("%s%s%s%08s", o.underlying, strings.ReplaceAll(o.expiry.String()[2:], "-", ""), o.right, o.strike.Shift(3).String())
}

// ends is the close of the option's last day.
func (o optionTrade) ends() time.Time { return o.expiry.At(16, 0) }

func (o optionTrade) over(t time.Time) bool { return !t.Before(o.ends()) }

// optionPrice is what the option is worth at once, and what the time it has left is worth on top: the more, the nearer
// the strike.
func (w *World) optionPrice(o optionTrade, t time.Time) decimal.Decimal {
	price := w.price(w.bySpelling[o.underlying], t)
	now := price.Sub(o.strike)
	if o.right == "P" {
		now = now.Neg()
	}
	years := max(o.ends().Sub(t).Hours(), 0) / (365 * 24)
	p, k := price.InexactFloat64(), o.strike.InexactFloat64()
	later := 0.08 * p * math.Sqrt(years) * math.Exp(-8*(p-k)*(p-k)/(p*p)) // roughly; nothing here is calculated with it
	return decimal.Max(now, decimal.Zero).Add(decimal.NewFromFloat(later)).Round(2)
}

// ibkrPeople are the accounts with everything their owners did and will do of their own accord.
func (w *World) ibkrPeople() []*IBKRAccount {
	made := []*IBKRAccount{
		w.ibkrNew("alex", "U", "USD", []line{
			{day: "2025-01-14", symbol: "USD", quantity: "150000"}, {day: "2025-01-14", symbol: "EUR", quantity: "30000"}, {day: "2025-01-14", symbol: "GBP", quantity: "20000"},
		}, []line{
			{day: "2025-01-21", symbol: "VOD.L", quantity: "4000"}, {day: "2025-02-11", symbol: "HSBA.L", quantity: "900"},
			{day: "2025-03-18", symbol: "SAP.DE", quantity: "40"}, {day: "2025-05-06", symbol: "ASML.AS", quantity: "12"},
			{day: "2025-04-08", symbol: "AAPL", quantity: "35"}, {day: "2025-06-17", symbol: "BRK.B", quantity: "20"},
			{day: "2025-09-09", symbol: "TSLA", quantity: "-20"}, {day: "2025-11-18", symbol: "BTC/USD", quantity: "0.25"},
			{day: "2026-02-24", symbol: "META", quantity: "8"}, {day: "2026-08-11", symbol: "VOD.L", quantity: "-500"},
		}),
		w.ibkrNew("blair", "U", "EUR", []line{{day: "2024-09-03", symbol: "EUR", quantity: "60000"}}, []line{
			{day: "2024-09-10", symbol: "SAP.DE", quantity: "120"}, {day: "2025-02-18", symbol: "ASML.AS", quantity: "15"},
		}),
		w.ibkrNew("blair", "U", "USD", []line{{day: "2024-09-03", symbol: "USD", quantity: "40000"}}, []line{
			{day: "2024-10-01", symbol: "JNJ", quantity: "60"}, {day: "2025-07-08", symbol: "KO", quantity: "100"},
		}),
		w.ibkrNew("casey", "DU", "USD", []line{{day: "2025-01-07", symbol: "USD", quantity: "2000000"}}, nil),
	}
	made[0].options = []optionTrade{w.optionOf("2026-03-10", "SPY", "2028-01-21", "C", "500", "2"), w.optionOf("2026-05-12", "AAPL", "2027-06-18", "P", "150", "-1")}
	w.buyWeekly(made[0], "VTI", "1")
	w.buyWeekly(made[2], "KO", "2")
	for i := range 90 {
		strike := fmt.Sprint(300 + 5*i)
		made[3].options = append(made[3].options, w.optionOf("2026-01-13", "SPY", "2028-06-16", "C", strike, "1"))
	}
	for _, in := range w.instruments {
		if in.Kind == Equity && in.Currency == "USD" && in.Delisted == (calendar.Day{}) {
			made[3].book.entries = append(made[3].book.entries, w.entries(line{day: "2025-01-14", symbol: in.Symbol, quantity: "7"})...)
		}
	}
	return made
}

// ibkrNew opens an account, with what came in and what was traded.
func (w *World) ibkrNew(user, prefix, currency string, money, trades []line) *IBKRAccount {
	a := &IBKRAccount{User: user, Paper: prefix == "DU", Currency: currency, Opened: at(money[0].day, 10)}
	a.ID = fmt.Sprintf("%s%07d", prefix, w.randomText("ibkr"+user+currency, 0)%10_000_000)
	a.book.id = w.uuid("ibkr", a.ID)
	for _, c := range w.customers {
		if c.ID == user {
			a.Name = c.Name
		}
	}
	for _, l := range money {
		a.cash = append(a.cash, cashEntry{at(l.day, 11), l.symbol, decimal.RequireFromString(l.quantity)})
	}
	for _, l := range trades {
		a.book.entries = append(a.book.entries, w.entries(l)...)
	}
	return a
}

func (w *World) optionOf(day, underlying, expiry, right, strike, contracts string) optionTrade {
	return optionTrade{
		at: nextSession(mustDay(day)).At(11, 0).UTC(), underlying: underlying, expiry: mustDay(expiry), right: right,
		strike: decimal.RequireFromString(strike), contracts: decimal.RequireFromString(contracts),
	}
}

// buyWeekly buys a little every Tuesday, so that there are trades of the last seven days at any time.
func (w *World) buyWeekly(a *IBKRAccount, symbol, quantity string) {
	for day, last := mustDay("2025-09-02"), mustDay("2028-12-26"); day.Before(last); day = day.AddDays(7) {
		a.book.entries = append(a.book.entries, w.entries(line{day: day.String(), symbol: symbol, quantity: quantity})...)
	}
}

// currencies are those of an account, its own first.
func currencies(cash map[string]decimal.Decimal, own string) []string {
	return append([]string{own}, slices.DeleteFunc(slices.Sorted(maps.Keys(cash)), func(c string) bool { return c == own })...)
}
