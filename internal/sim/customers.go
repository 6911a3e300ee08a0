package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// The environments of a brokerage account.
const (
	Paper = "paper"
	Live  = "live"
)

// Customer is a person with one or two brokerage accounts.
type Customer struct {
	ID           string
	Name         string
	Environments []string // Live, Paper or both: one account each
}

// account is one brokerage account: what its owner did, from which everything else is worked out.
type account struct {
	customer string
	env      string
	id       string
	number   string
	opened   time.Time
	entries  []entry
}

// entry is a deposit, or a trade when it has a symbol. Quantities are negative for sales.
type entry struct {
	at       time.Time
	symbol   string
	quantity decimal.Decimal
	price    decimal.Decimal
	amount   decimal.Decimal // of a deposit
}

// Customers lists the people with accounts.
func (w *World) Customers() []Customer { return slices.Clone(w.customers) }

// APIKeys are the key pair of an account; they stay the same for ever. Both are empty when there is no such account.
func (w *World) APIKeys(customer, env string) (id, secret string) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.account(customer, env) == nil {
		return "", ""
	}
	prefix := "PK"
	if env == Live {
		prefix = "AK"
	}
	random := func(use string, digits int) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
		key := make([]byte, digits)
		for i := range key {
			key[i] = alphabet[w.randomText(customer+env+use, i)%uint64(len(alphabet))]
		}
		return string(key)
	}
	return prefix + random("id", 18), random("secret", 40)
}

// randomText is a number that depends on the seed, the text and i.
func (w *World) randomText(text string, i int) uint64 {
	h := w.seed
	for _, c := range []byte(text) {
		h = mix(h ^ uint64(c))
	}
	return mix(h + uint64(i))
}

// account finds an account; the caller holds mu.
func (w *World) account(customer, env string) *account {
	for _, a := range w.accounts {
		if a.customer == customer && a.env == env {
			return a
		}
	}
	return nil
}

// Trade makes a trade at the current moment: a positive quantity buys, a negative one sells, short if need be.
// At price zero the trade is made at the market's price.
func (w *World) Trade(customer, env, symbol string, quantity, price decimal.Decimal) error {
	now := w.now()
	in, ok := w.find(symbol)
	switch {
	case !ok || in.goneOn(in.dayOf(now)) || in.Kind == Index || in.Kind == Currency:
		return fmt.Errorf("%s is not traded", symbol)
	case in.Currency != "USD":
		return fmt.Errorf("%s is not traded in dollars", symbol)
	case quantity.IsZero() || price.IsNegative():
		return fmt.Errorf("a trade needs a quantity and a price above zero")
	}
	if price.IsZero() {
		price = w.price(in, now)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.account(customer, env)
	if a == nil {
		return fmt.Errorf("%s has no %s account", customer, env)
	}
	a.entries = append(a.entries, entry{at: now.UTC(), symbol: in.Symbol, quantity: quantity, price: price})
	return nil
}

// people are the customers, and their accounts with everything they did and will do of their own accord.
func (w *World) people() ([]Customer, []*account) {
	customers := []Customer{
		{"alex", "Alex Morgan", []string{Live, Paper}},
		{"blair", "Blair Chen", []string{Live, Paper}},
		{"casey", "Casey Novak", []string{Paper}},
	}
	var accounts []*account
	for _, c := range customers {
		for _, env := range c.Environments {
			a := &account{customer: c.ID, env: env, id: w.uuid("account", c.ID, env), opened: at("2023-01-10", 11)}
			a.number = fmt.Sprintf("%09d", w.randomText(a.id, 0)%1_000_000_000)
			if env == Paper {
				a.number = fmt.Sprintf("PA3%09d", w.randomText(a.id, 1)%1_000_000_000)
			}
			for _, line := range scripts()[c.ID+"/"+env] {
				a.entries = append(a.entries, w.entries(line)...)
			}
			accounts = append(accounts, a)
		}
	}
	return customers, accounts
}

// line is one line of a script: a deposit of dollars when it has no symbol, else a trade at the market's price. It
// happens at 11:00 on the day or the next session, and again every month until the last day when there is one.
type line struct {
	day      string
	symbol   string
	quantity string
	until    string
}

func scripts() map[string][]line {
	return map[string][]line{
		"alex/live": {
			{day: "2023-01-17", quantity: "60000"}, {day: "2024-01-16", quantity: "40000"}, {day: "2025-01-15", quantity: "40000"},
			{day: "2023-01-18", symbol: "AAPL", quantity: "60"}, {day: "2023-02-06", symbol: "MSFT", quantity: "30"},
			{day: "2023-03-08", symbol: "META", quantity: "20"}, {day: "2023-05-15", symbol: "JPM", quantity: "45"},
			{day: "2023-09-12", symbol: "NVDA", quantity: "9"}, {day: "2024-02-20", symbol: "SPY", quantity: "24.5"},
			{day: "2024-04-03", symbol: "KO", quantity: "120"}, {day: "2024-08-06", symbol: "AAPL", quantity: "25"},
			{day: "2024-11-11", symbol: "BTC/USD", quantity: "0.135700042"}, {day: "2025-03-04", symbol: "NVDA", quantity: "-30"},
			{day: "2025-04-09", symbol: "VTI", quantity: "40.125"}, {day: "2025-10-21", symbol: "AAPL", quantity: "-20"},
			{day: "2026-06-09", symbol: "BND", quantity: "90"}, {day: "2026-10-14", symbol: "META", quantity: "4.75"},
		},
		"alex/paper": {
			{day: "2025-02-03", quantity: "25000"},
			{day: "2025-02-04", symbol: "AMD", quantity: "50"}, {day: "2025-05-20", symbol: "TSLA", quantity: "12"},
			{day: "2025-09-02", symbol: "AMD", quantity: "-50"}, {day: "2026-02-10", symbol: "NVDA", quantity: "15.5"},
		},
		"blair/live": {
			{day: "2023-01-17", quantity: "120000"}, {day: "2025-06-02", quantity: "35000"},
			{day: "2023-02-01", symbol: "BRK.B", quantity: "50"}, {day: "2023-03-15", symbol: "AAPL", quantity: "80"},
			{day: "2023-06-20", symbol: "META", quantity: "30"}, {day: "2023-10-10", symbol: "XOM", quantity: "150"},
			{day: "2024-01-23", symbol: "JNJ", quantity: "60"}, {day: "2024-03-12", symbol: "NVDA", quantity: "6"},
			{day: "2024-07-16", symbol: "TSLA", quantity: "-15"}, {day: "2024-09-24", symbol: "VTI", quantity: "55"},
			{day: "2025-01-28", symbol: "ETH/USD", quantity: "1.25"}, {day: "2025-08-19", symbol: "XOM", quantity: "-50"},
			{day: "2025-12-02", symbol: "TSLA", quantity: "5"}, {day: "2026-05-12", symbol: "LLY", quantity: "7"},
		},
		"blair/paper": {
			{day: "2026-01-12", quantity: "100000"},
		},
		"casey/paper": {
			{day: "2024-01-08", quantity: "1500", until: "2026-12-31"},
			{day: "2024-01-10", symbol: "SPY", quantity: "1.5", until: "2026-12-31"},
			{day: "2024-01-10", symbol: "BND", quantity: "2.25", until: "2026-12-31"},
			{day: "2024-06-14", symbol: "MSFT", quantity: "0.333333333"}, {day: "2024-06-14", symbol: "MSFT", quantity: "0.333333333"}, // twins
			{day: "2025-04-07", symbol: "QQQ", quantity: "0.75", until: "2025-12-31"},
			{day: "2026-03-20", symbol: "GLD", quantity: "3"}, {day: "2026-09-18", symbol: "GLD", quantity: "-3"},
		},
	}
}

// entries works out what a line comes to in this world.
func (w *World) entries(l line) []entry {
	first := mustDay(l.day)
	last := first
	if l.until != "" {
		last = mustDay(l.until)
	}
	quantity := decimal.RequireFromString(l.quantity)
	var made []entry
	for day := first; !last.Before(day); day = nextMonth(day) {
		when := nextSession(day).At(11, 0).UTC()
		if l.symbol == "" {
			made = append(made, entry{at: when, amount: quantity})
			continue
		}
		in := w.bySpelling[l.symbol]
		made = append(made, entry{at: when, symbol: l.symbol, quantity: quantity, price: w.price(in, when)})
	}
	return made
}

// nextMonth is the same date a month later.
func nextMonth(d calendar.Day) calendar.Day {
	return calendar.Day{Year: d.Year, Month: d.Month + 1, Day: d.Day}.AddDays(0) // month 13 becomes January
}

// at is an hour of a day in New York.
func at(day string, hour int) time.Time { return mustDay(day).At(hour, 0).UTC() }

// mustDay reads a day written in this package.
func mustDay(text string) calendar.Day {
	day, err := calendar.ParseDay(text)
	if err != nil {
		panic("sim: " + err.Error())
	}
	return day
}
