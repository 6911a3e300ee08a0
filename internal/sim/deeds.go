package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// The types of activities beside trades, deposits, dividends and splits.
const (
	ActivityWithdrawal  ActivityType = "CSW"
	ActivityInterest    ActivityType = "INT"
	ActivityFee         ActivityType = "FEE"
	ActivityCryptoFee   ActivityType = "CFEE"
	ActivityWithheld    ActivityType = "DIVNRA"
	ActivityDelivery    ActivityType = "ACATS"
	ActivityTransfer    ActivityType = "JNLC"
	ActivityExpiry      ActivityType = "OPEXP"
	ActivityAssignment  ActivityType = "OPASN"
	ActivityExercise    ActivityType = "OPEXC"
	ActivityOptionTrade ActivityType = "OPTRD"
)

// withheld is the part of a dividend that is kept back from people abroad.
var withheld = decimal.New(30, -2)

// deed is what an entry is when it is neither a deposit nor a trade.
type deed struct {
	kind ActivityType
	sub  string
	day  calendar.Day // the day it is of, when it is booked later
}

// do books a deed: its cash, and what is held more or less for it. Shares that are delivered come in at the entry's price.
func (w *World) do(b *book, a *account, i int, e entry) {
	if !e.quantity.IsZero() {
		h := b.held[e.symbol]
		if h == nil {
			h = &holding{}
			b.held[e.symbol] = h
		}
		after := h.quantity.Add(e.quantity)
		switch {
		case e.quantity.IsPositive():
			h.cost = h.cost.Add(e.quantity.Mul(e.price))
		case !h.quantity.IsZero():
			h.cost = h.cost.Mul(after).DivRound(h.quantity, 12)
		}
		if h.quantity = after; after.IsZero() {
			delete(b.held, e.symbol)
		}
	}
	w.record(b, Activity{
		Type: e.deed.kind, SubType: e.deed.sub, Day: e.deed.day, Time: e.at, Symbol: e.symbol, Quantity: e.quantity, Price: e.price, NetAmount: e.amount,
	}, a, i)
}

// drews are the entries of a person to whom everything happens that is easily got wrong. All of it is made up.
func (w *World) drews() []entry {
	var all []entry
	add := func(lines ...line) {
		for _, l := range lines {
			all = append(all, w.entries(l)...)
		}
	}
	booked := func(day, of string, kind ActivityType, sub, symbol, quantity, price, amount string) {
		d := deed{kind: kind, sub: sub}
		if of != "" {
			d.day = mustDay(of)
		}
		all = append(all, entry{
			at: nextSession(mustDay(day)).At(8, 0).UTC(), deed: d, symbol: symbol, quantity: decimal.RequireFromString(quantity),
			price: decimal.RequireFromString(price), amount: decimal.RequireFromString(amount),
		})
	}
	add(line{day: "2024-02-05", quantity: "90000"},
		line{day: "2024-02-06", symbol: "KO", quantity: "200"}, line{day: "2024-02-06", symbol: "LCID", quantity: "1500"},
		line{day: "2024-03-05", symbol: "BTC/USD", quantity: "0.1"}, line{day: "2025-11-03", symbol: "KO", quantity: "-80"},
		line{day: "2026-02-02", symbol: "TSLA", quantity: "-20"})
	booked("2024-03-06", "2024-03-05", ActivityCryptoFee, "", "BTC/USD", "-0.00025", "0", "0")
	booked("2024-04-15", "", ActivityDelivery, "", "MSFT", "12.5", "310.25", "0")
	booked("2024-05-02", "", ActivityInterest, "CDT", "", "0", "0", "41.17")
	booked("2025-02-03", "", ActivityInterest, "MGN", "", "0", "0", "-3.02")
	booked("2025-03-10", "", ActivityWithdrawal, "", "", "0", "0", "-2500")
	booked("2025-06-16", "", ActivityTransfer, "", "", "0", "0", "-1000")
	booked("2025-11-04", "2025-11-03", ActivityFee, "REG", "", "0", "0", "-0.15")
	booked("2025-11-10", "2025-11-03", ActivityFee, "TAF", "", "0", "0", "-0.02") // listed a week late
	all = append(all, w.inParts("2026-03-03", "JPM", "15", "4.5", "0.5")...)
	for _, o := range []struct{ day, symbol, quantity string }{
		{"2026-04-06", "AAPL260515C00900000", "2"}, {"2026-04-06", "KO260515P00010000", "-1"},
		{"2026-06-01", "MSFT260717C00100000", "-1"}, {"2026-06-01", "XOM260717C00010000", "1"}, {"2026-10-05", "AAPL270115C00300000", "1"},
	} {
		when := nextSession(mustDay(o.day)).At(11, 0).UTC()
		all = append(all, entry{at: when, symbol: o.symbol, quantity: decimal.RequireFromString(o.quantity), price: w.premium(options[o.symbol], when)})
	}
	return all
}

// inParts is one order to buy that is filled in several parts, a second apart.
func (w *World) inParts(day, symbol string, parts ...string) []entry {
	var made []entry
	var total, done decimal.Decimal
	for _, part := range parts {
		total = total.Add(decimal.RequireFromString(part))
	}
	for i, part := range parts {
		quantity := decimal.RequireFromString(part)
		done = done.Add(quantity)
		when := nextSession(mustDay(day)).At(11, 0).UTC()
		made = append(made, entry{
			at: when.Add(time.Duration(i) * time.Second), symbol: symbol, quantity: quantity, price: w.price(w.bySpelling[symbol], when),
			order: day + symbol, cum: done, left: total.Sub(done),
		})
	}
	return made
}

// shrunk is a company whose ten shares became one.
func shrunk() *Instrument {
	return &Instrument{
		Symbol: "LCID", Name: "Lucid Group, Inc.", Exchange: "NASDAQ", Sector: cyclical, Industry: "Auto Manufacturers", City: "Newark", Employees: 6800,
		shares: 300, eps: -1200, base: 380_00, growth: -7, vol: 20000, beta: 120,
		splits:  []Split{{Symbol: "LCID", Day: calendar.Day{Year: 2025, Month: time.September, Day: 2}, Ratio: -10}},
		Summary: "Builds electric cars for people with money, and sells its engines to other makers.",
	}
}
