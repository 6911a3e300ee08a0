package yahoo

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/market"
)

// quoteRow is one row of /v7/finance/quote, as far as it is used. Every field may be missing, and one that is of another
// type than expected is as good as missing: Yahoo promises nothing.
type quoteRow struct {
	Symbol            text   `json:"symbol"`
	ShortName         text   `json:"shortName"`
	LongName          text   `json:"longName"`
	QuoteType         text   `json:"quoteType"`
	Exchange          text   `json:"fullExchangeName"`
	Currency          text   `json:"currency"`
	MarketState       text   `json:"marketState"`
	PriceHint         number `json:"priceHint"`
	Price             number `json:"regularMarketPrice"`
	Change            number `json:"regularMarketChange"`
	ChangePercent     number `json:"regularMarketChangePercent"`
	PreviousClose     number `json:"regularMarketPreviousClose"`
	Open              number `json:"regularMarketOpen"`
	DayHigh           number `json:"regularMarketDayHigh"`
	DayLow            number `json:"regularMarketDayLow"`
	Volume            number `json:"regularMarketVolume"`
	RegularMarketTime number `json:"regularMarketTime"` // Unix seconds
	PrePrice          number `json:"preMarketPrice"`
	PreChange         number `json:"preMarketChange"`
	PrePercent        number `json:"preMarketChangePercent"`
	PreTime           number `json:"preMarketTime"`
	PostPrice         number `json:"postMarketPrice"`
	PostChange        number `json:"postMarketChange"`
	PostPercent       number `json:"postMarketChangePercent"`
	PostTime          number `json:"postMarketTime"`
	High52Week        number `json:"fiftyTwoWeekHigh"`
	Low52Week         number `json:"fiftyTwoWeekLow"`
	AverageVolume     number `json:"averageDailyVolume3Month"`
	MarketCap         number `json:"marketCap"` // in whole units, of pence pounds
	EPS               number `json:"epsTrailingTwelveMonths"`
	TrailingPE        number `json:"trailingPE"`
	DividendYield     number `json:"dividendYield"`         // percent
	Delay             number `json:"exchangeDataDelayedBy"` // minutes
}

// text is a string, or empty.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no string leaves it empty
	*t = text(s)
	return nil
}

// number is a decimal, or nil. Digits in quotes are one too.
type number struct{ value *decimal.Decimal }

// UnmarshalJSON never fails. What is absurd is as good as missing.
func (n *number) UnmarshalJSON(raw []byte) error {
	const maxDigits, maxExponent, minExponent = 40, 20, -30
	n.value = nil
	if len(raw) > maxDigits {
		return nil
	}
	value, err := decimal.NewFromString(strings.Trim(string(raw), `"`))
	if err == nil && value.Exponent() <= maxExponent && value.Exponent() >= minExponent {
		n.value = &value
	}
	return nil
}

// whole is the number without its fraction; false when it is missing or not between the bounds.
func (n number) whole(least, most int64) (int64, bool) {
	if n.value == nil || n.value.LessThan(decimal.NewFromInt(least)) || n.value.GreaterThan(decimal.NewFromInt(most)) {
		return 0, false
	}
	return n.value.IntPart(), true
}

// isAt tells whether the number is this one.
func (n number) isAt(at int64) bool { return n.value != nil && n.value.Equal(decimal.NewFromInt(at)) }

// rounded cuts off the noise of Yahoo's 32-bit floats.
func (n number) rounded(places int32) *decimal.Decimal {
	if n.value == nil {
		return nil
	}
	value := n.value.Round(places)
	return &value
}

// narrow is the number of which a 32-bit float was made, where it is one: Yahoo's charts write 242.29 as
// 242.28999328613281, and its quotes as 242.29.
func (n number) narrow() number {
	if n.value == nil {
		return n
	}
	wide := n.value.InexactFloat64()
	if float64(float32(wide)) != wide { // it has digits that such a float has not
		return n
	}
	if value, err := decimal.NewFromString(strconv.FormatFloat(wide, 'f', -1, 32)); err == nil {
		return number{&value}
	}
	return n
}

// positive is the number above zero; else none.
func (n number) positive(places int32) *decimal.Decimal {
	if value := n.rounded(places); value != nil && value.IsPositive() {
		return value
	}
	return nil
}

// count is a whole number, of the least at least.
func (n number) count(least int64) *int64 {
	if count, ok := n.whole(least, math.MaxInt64); ok {
		return &count
	}
	return nil
}

// volume is how much was traded, of the least at least. Of currencies Yahoo says 0, since nobody counts what is traded of
// them, and of crypto an amount of money, which is no number of coins.
func volume(n number, quoteType text, least int64) *int64 {
	if quoteType == "CURRENCY" || classOf(quoteType) == market.Crypto {
		return nil
	}
	return n.count(least)
}

// minorUnits are the currencies Yahoo quotes by the hundredth.
var minorUnits = map[text]text{"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS"}

// wholeUnit is the currency of whole units, as ISO 4217 has it.
func wholeUnit(currency text) string { return string(cmp.Or(minorUnits[currency], currency)) }

// classOf is an asset class of ours.
func classOf(quoteType text) string { return cmp.Or(assetClasses[quoteType], "other") }

// hasOwnShares tells whether Yahoo's market value is one: that of a fund counts shares of long ago.
func hasOwnShares(class string) bool { return class == "equity" || class == market.Crypto }

// assetClasses says Yahoo's quote types in our words.
var assetClasses = map[text]string{
	"EQUITY": "equity", "ETF": "etf", "MUTUALFUND": "fund", "INDEX": "index", "CURRENCY": "currency",
	"CRYPTOCURRENCY": market.Crypto, "FUTURE": market.Future, "OPTION": market.Option,
}

// marketStates says Yahoo's market states in our words.
var marketStates = map[text]string{
	"PREPRE": "closed", "PRE": "pre", "REGULAR": market.Regular, "POST": "post", "POSTPOST": "closed", "CLOSED": "closed",
}

// lastSecond is the end of the year 9999, beyond which times cannot be written.
const lastSecond = 253402300799

// quote turns a row into a quote; false for stubs of delisted symbols and for rows without a price, time or currency, of
// which nothing true can be said.
func (r quoteRow) quote(symbol, source string, now time.Time) (market.Quote, bool) {
	price := r.price(r.Price)
	traded, timed := r.RegularMarketTime.whole(1, lastSecond)
	if price == nil || !timed || r.Currency == "" || r.QuoteType == "NONE" {
		return market.Quote{}, false
	}
	class := classOf(r.QuoteType)
	q := market.Quote{
		Symbol: symbol, Name: strings.TrimSpace(string(cmp.Or(r.LongName, r.ShortName))), AssetClass: class, Exchange: string(r.Exchange),
		Currency: wholeUnit(r.Currency),
		Price:    *price, Change: r.change(r.Change, price, r.price(r.PreviousClose)), ChangePercent: r.ChangePercent.rounded(4),
		PreviousClose: r.price(r.PreviousClose), Open: r.price(r.Open), DayHigh: r.price(r.DayHigh), DayLow: r.price(r.DayLow),
		Volume: volume(r.Volume, r.QuoteType, 0), MarketState: marketStates[r.MarketState], Extended: r.extended(price, traded),
		High52Week: r.price(r.High52Week), Low52Week: r.price(r.Low52Week), AverageVolume: volume(r.AverageVolume, r.QuoteType, 1),
		TrailingPE: r.trailingPE(*price), DividendYield: r.DividendYield.rounded(4), Delay: r.Delay.count(0),
		Timestamp: time.Unix(traded, 0).UTC(), Source: source, FetchedAt: now,
	}
	if hasOwnShares(class) {
		q.MarketCap = r.MarketCap.positive(0)
	}
	return q, true
}

// extended is the later one of the prices before and after the session, where it is later than the session's.
func (r quoteRow) extended(regular *decimal.Decimal, traded int64) *market.Extended {
	var found *market.Extended
	for _, said := range []struct {
		session                    string
		price, change, percent, at number
	}{
		{"pre", r.PrePrice, r.PreChange, r.PrePercent, r.PreTime}, {"post", r.PostPrice, r.PostChange, r.PostPercent, r.PostTime},
	} {
		price := r.price(said.price)
		at, ok := said.at.whole(traded+1, lastSecond)
		if !ok || price == nil {
			continue
		}
		traded = at
		found = &market.Extended{
			Session: said.session, Price: *price, Change: r.change(said.change, price, regular), ChangePercent: said.percent.rounded(4), Timestamp: time.Unix(at, 0).UTC(),
		}
	}
	return found
}

// trailingPE is Yahoo's, save where the price is in hundredths: there Yahoo has divided them by whole units at times.
func (r quoteRow) trailingPE(price decimal.Decimal) *decimal.Decimal {
	if _, minor := minorUnits[r.Currency]; minor {
		return quotient(&price, r.EPS.value)
	}
	return r.TrailingPE.positive(ratioDigits)
}

// ratioDigits are those of a ratio that count for anything.
const ratioDigits = 4

// quotient is a ratio of two amounts above zero; else there is none.
func quotient(of, by *decimal.Decimal) *decimal.Decimal {
	if of == nil || by == nil || !of.IsPositive() || !by.IsPositive() {
		return nil
	}
	value := of.DivRound(*by, ratioDigits)
	return &value
}

// price is an amount above zero: a price of nothing is Yahoo's way to say that there is none.
func (r quoteRow) price(n number) *decimal.Decimal {
	if value := r.amount(n); value != nil && value.IsPositive() {
		return value
	}
	return nil
}

// amount is per share, in whole units of the currency.
func (r quoteRow) amount(n number) *decimal.Decimal { return amountIn(n, r.Currency, r.PriceHint) }

// change is what Yahoo says that a price has changed by. It works that out in 32-bit floats and says 3.070007 for 3.07:
// where both prices are known without such noise and differ by nearly as much, it is their difference. Of crypto it is that
// of 24 hours, which has nothing to do with the close.
func (r quoteRow) change(said number, price, before *decimal.Decimal) *decimal.Decimal {
	change := r.amount(said)
	if change == nil || price == nil || before == nil || classOf(r.QuoteType) == market.Crypto {
		return change
	}
	hint, _ := r.PriceHint.whole(0, 10)
	places := int32(hint) + 1 // #nosec G115 -- at most 10
	if _, minor := minorUnits[r.Currency]; minor {
		places += 2
	}
	exact := price.Sub(*before)
	if change.Sub(exact).Abs().LessThan(decimal.New(5, -places-1)) && exact.Equal(exact.Round(places)) {
		return &exact
	}
	return change
}

// amountIn is a number of Yahoo's currency in whole units of the true one, with two digits more than the hint says.
func amountIn(n number, currency text, priceHint number) *decimal.Decimal {
	hint, _ := priceHint.whole(0, 10)
	value := n.rounded(max(int32(hint)+2, 6)) // #nosec G115 -- at most 10
	if value == nil {
		return nil
	}
	if _, minor := minorUnits[currency]; minor {
		*value = value.Shift(-2)
	}
	return value
}
