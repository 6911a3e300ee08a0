package alpaca

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// activity is the part of one entry of GET /v2/account/activities we use: a fill has a transaction time, a side and no
// amount; the others have a day and an amount.
type activity struct {
	ID           string        `json:"id"`
	Type         string        `json:"activity_type"`
	SubType      string        `json:"activity_sub_type"`
	TransactedAt string        `json:"transaction_time"`
	Date         string        `json:"date"`
	CreatedAt    string        `json:"created_at"`
	Symbol       string        `json:"symbol"`
	CUSIP        string        `json:"cusip"`
	Side         string        `json:"side"`
	Quantity     broker.Number `json:"qty"`
	Price        broker.Number `json:"price"`
	PerShare     broker.Number `json:"per_share_amount"`
	NetAmount    broker.Number `json:"net_amount"`
	Currency     string        `json:"currency"`
	Status       string        `json:"status"`
	Description  string        `json:"description"`
}

const maxDescription = 300

// activity is our view of it; accountCurrency is what its amounts are in when it does not say.
func (w activity) activity(accountCurrency string, now time.Time) (broker.Activity, error) {
	switch {
	case w.ID == "" || w.Type == "" || !broker.Plain(w.ID, w.Type, w.SubType, w.Symbol, w.CUSIP, w.Currency):
		return broker.Activity{}, nonsense("an activity without a proper id or type")
	case w.Currency != "" && !isCurrency(w.Currency):
		return broker.Activity{}, nonsense("an activity in no currency")
	}
	at, err := w.at(now)
	if err != nil {
		return broker.Activity{}, err
	}
	a := broker.Activity{
		ID: w.ID, At: at, Instrument: w.instrument(), Currency: accountCurrency,
		Amount: w.NetAmount.Decimal, Price: w.Price.NullDecimal, Description: w.words(),
	}
	if w.Currency != "" {
		a.Currency = w.Currency
	}
	if w.Type == "FILL" {
		return w.fill(a)
	}
	a.Kind, a.Quantity = w.meaning()
	if a.Instrument.Symbol == "" {
		a.Quantity = decimal.Zero
	}
	switch {
	case a.Kind == broker.Dividend:
		a.Price = w.PerShare.NullDecimal
	case (a.Kind == broker.Buy || a.Kind == broker.Sell) && !a.Price.Valid && a.Amount.IsZero():
		a.Price = decimal.NewNullDecimal(decimal.Zero) // a contract that ends is given up for nothing
	}
	if strings.EqualFold(w.Status, "canceled") || strings.EqualFold(w.Status, "cancelled") {
		a.Kind, a.Quantity, a.Amount, a.Price = broker.Other, decimal.Zero, decimal.Zero, decimal.NullDecimal{}
	}
	return a, nil
}

// fill is a trade, in part or whole. That its order was canceled later undoes none of it. Alpaca names no amount: it is
// quantity × price × size of a contract, to the cent; fees come as activities of their own.
func (w activity) fill(a broker.Activity) (broker.Activity, error) {
	if !w.Quantity.Valid || !w.Price.Valid || a.Instrument.Symbol == "" || w.Quantity.Decimal.IsZero() || w.Price.Decimal.IsNegative() {
		return broker.Activity{}, nonsense("a trade without a quantity, a price or a symbol")
	}
	a.Quantity = w.Quantity.Decimal.Abs()
	switch w.Side {
	case "buy", "buy_to_cover":
		a.Kind = broker.Buy
	case "sell", "sell_short":
		a.Kind, a.Quantity = broker.Sell, a.Quantity.Neg()
	default:
		return broker.Activity{}, nonsense("a trade on neither side")
	}
	a.Amount = a.Quantity.Mul(w.Price.Decimal).Mul(a.Instrument.Multiplier).Neg().Round(2)
	return a, nil
}

// coinDigits is to how many digits after the point Alpaca counts coins.
const coinDigits = 9

// barter is what a trade in a pair such as ETH/BTC did: one coin came and the other went, and no money moved. What each was
// worth in dollars Alpaca does not say, so that they are deliveries, whose cost is not known. Coins are held by themselves
// and not in pairs: whatever else happens to a pair happens to its first.
func barter(a broker.Activity) []broker.Activity {
	base, quote, _ := strings.Cut(a.Instrument.Symbol, "/")
	if a.Instrument.AssetClass != broker.Crypto || quote == dollars {
		return []broker.Activity{a}
	}
	paid := a
	a.Instrument.Symbol, paid.Instrument.Symbol = base+"/"+dollars, quote+"/"+dollars
	if a.Kind != broker.Buy && a.Kind != broker.Sell {
		return []broker.Activity{a}
	}
	paid.ID += "/" + quote
	paid.Quantity = a.Quantity.Mul(a.Price.Decimal).Neg().Round(coinDigits)
	moved := slices.DeleteFunc([]broker.Activity{a, paid}, func(one broker.Activity) bool { return one.Quantity.IsZero() })
	for i := range moved {
		one := &moved[i]
		one.Kind, one.Amount, one.Price = broker.DeliveryIn, decimal.Zero, decimal.NullDecimal{}
		if one.Quantity.IsNegative() {
			one.Kind = broker.DeliveryOut
		}
		one.Description = base + " for " + quote
	}
	return moved
}

// at is when it happened: a trade's moment, else the day. What ends options happens after the day's trades in them,
// everything else before the day's trades, as splits and deposits do.
func (w activity) at(now time.Time) (time.Time, error) {
	var t time.Time
	var err error
	switch {
	case w.TransactedAt != "":
		t, err = time.Parse(time.RFC3339, w.TransactedAt)
	case w.Date != "":
		var day calendar.Day
		if day, err = calendar.ParseDay(w.Date[:min(len(w.Date), len("2006-01-02"))]); err == nil {
			t = day.At(0, 0)
			if strings.HasPrefix(w.Type, "OP") && w.Type != "OPCA" {
				t = day.At(16, 0)
			}
		}
	default:
		t, err = time.Parse(time.RFC3339, w.CreatedAt)
	}
	// Neither the year 1 nor the year 9999 is when somebody traded.
	if err != nil || t.Year() < 1980 || t.After(now.AddDate(1, 0, 0)) {
		return t, nonsense("an activity at no believable time")
	}
	return t.UTC(), nil
}

// words are the brokerage's: its description, or else its types.
func (w activity) words() string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(w.Description, ""))
	if text == "" {
		text = strings.TrimSpace(w.Type + " " + w.SubType)
	}
	if strings.EqualFold(w.Status, "canceled") || strings.EqualFold(w.Status, "cancelled") {
		text = "canceled: " + text
	}
	if runes := []rune(text); len(runes) > maxDescription {
		text = string(runes[:maxDescription])
	}
	return text
}

// occ is an option's symbol: the underlying, the day it ends, call or put, the strike in thousandths.
var occ = regexp.MustCompile(`^[A-Z]{1,5}[0-9]?[0-9]{6}[CP][0-9]{8}$`)

// instrument is what the activity is about. Alpaca gives no id of its own here, and no class: an option's symbol tells
// both, and crypto is spelled as a pair.
func (w activity) instrument() broker.Instrument {
	if w.Symbol == "" {
		return broker.Instrument{}
	}
	in := broker.Instrument{
		Symbol: w.Symbol, CUSIP: w.CUSIP, AssetClass: broker.Equity, Currency: dollars, Multiplier: decimal.NewFromInt(1),
	}
	switch {
	case occ.MatchString(w.Symbol):
		in.AssetClass, in.Multiplier = broker.Option, decimal.NewFromInt(contractSize)
	case isPair(w.Symbol):
		in.AssetClass, in.Symbol = broker.Crypto, cryptoPair(w.Symbol)
	}
	return in
}

// shortestPair is how long a pair without a slash is at least: BTCUSD. American shares have five letters at most, and a
// dot before more.
const shortestPair = 6

func isPair(symbol string) bool {
	return strings.Contains(symbol, "/") ||
		len(symbol) >= shortestPair && !strings.ContainsAny(symbol, ". ") && strings.Contains(cryptoPair(symbol), "/")
}

func isCurrency(word string) bool {
	return len(word) == 3 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
