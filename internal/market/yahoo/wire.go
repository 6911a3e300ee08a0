package yahoo

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/market"
)

// quoteRow is one row of /v7/finance/quote, as far as it is used. Every field may be missing. Numbers stay text until
// they are decimals.
type quoteRow struct {
	Symbol            string       `json:"symbol"`
	ShortName         string       `json:"shortName"`
	LongName          string       `json:"longName"`
	QuoteType         string       `json:"quoteType"`
	Exchange          string       `json:"fullExchangeName"`
	Currency          string       `json:"currency"`
	ToCurrency        string       `json:"toCurrency"`
	MarketState       string       `json:"marketState"`
	PriceHint         int32        `json:"priceHint"`
	Price             *json.Number `json:"regularMarketPrice"`
	Change            *json.Number `json:"regularMarketChange"`
	ChangePercent     *json.Number `json:"regularMarketChangePercent"`
	PreviousClose     *json.Number `json:"regularMarketPreviousClose"`
	Open              *json.Number `json:"regularMarketOpen"`
	DayHigh           *json.Number `json:"regularMarketDayHigh"`
	DayLow            *json.Number `json:"regularMarketDayLow"`
	Volume            *int64       `json:"regularMarketVolume"`
	RegularMarketTime int64        `json:"regularMarketTime"` // Unix seconds
}

// minorUnits are the currencies Yahoo quotes by the hundredth.
var minorUnits = map[string]string{"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS"}

// assetClasses says Yahoo's quote types in our words.
var assetClasses = map[string]string{
	"EQUITY": "equity", "ETF": "etf", "MUTUALFUND": "fund", "INDEX": "index", "CURRENCY": "currency",
	"CRYPTOCURRENCY": market.Crypto, "FUTURE": "future", "OPTION": "option",
}

// marketStates says Yahoo's market states in our words.
var marketStates = map[string]string{
	"PREPRE": "closed", "PRE": "pre", "REGULAR": market.Regular, "POST": "post", "POSTPOST": "closed", "CLOSED": "closed",
}

// quote turns a row into a quote; false for stubs of delisted symbols and for rows without a price or currency, of which
// nothing true can be said.
func (r quoteRow) quote(symbol, source string, now time.Time) (market.Quote, bool) {
	price := r.perShare(r.Price)
	if price == nil || r.Currency == "" || r.RegularMarketTime <= 0 || r.QuoteType == "NONE" {
		return market.Quote{}, false
	}
	currency := r.Currency
	if whole, ok := minorUnits[currency]; ok {
		currency = whole
	}
	class, ok := assetClasses[r.QuoteType]
	if !ok {
		class = "other"
	}
	name := r.LongName
	if name == "" {
		name = r.ShortName
	}
	return market.Quote{
		Symbol: symbol, Name: strings.TrimSpace(name), AssetClass: class, Exchange: r.Exchange, Currency: currency,
		Price: *price, Change: r.perShare(r.Change), ChangePercent: number(r.ChangePercent, 4),
		PreviousClose: r.perShare(r.PreviousClose), Open: r.perShare(r.Open),
		DayHigh: r.perShare(r.DayHigh), DayLow: r.perShare(r.DayLow), Volume: r.Volume,
		MarketState: marketStates[r.MarketState], Timestamp: time.Unix(r.RegularMarketTime, 0).UTC(),
		Source: source, FetchedAt: now,
	}, true
}

// perShare is an amount in whole units of the currency.
func (r quoteRow) perShare(n *json.Number) *decimal.Decimal {
	places := max(r.PriceHint+2, 6)
	value := number(n, places)
	if value == nil {
		return nil
	}
	if _, minor := minorUnits[r.Currency]; minor {
		*value = value.Shift(-2)
	}
	return value
}

// number reads a number and rounds off the noise of Yahoo's 32-bit floats. What is absurd is as good as missing.
func number(n *json.Number, places int32) *decimal.Decimal {
	if n == nil || len(n.String()) > 40 {
		return nil
	}
	value, err := decimal.NewFromString(n.String())
	if err != nil || value.Exponent() > 20 || value.Exponent() < -30 {
		return nil
	}
	value = value.Round(places)
	return &value
}
