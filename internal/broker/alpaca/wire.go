package alpaca

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// number is a decimal as Alpaca writes it: a string, in a few old answers a JSON number, null or "" when unknown.
type number struct{ decimal.NullDecimal }

// Bounds of believable numbers and words. Those of numbers are far beyond any money, and keep one like 1e999999 from being spelled out later.
const (
	maxNumberLength = 64
	maxExponent     = 30
	maxWordLength   = 100
)

// UnmarshalJSON reads one number.
func (n *number) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if bytes.HasPrefix(raw, []byte(`"`)) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	if text == "" || text == "null" {
		return nil
	}
	if len(text) > maxNumberLength {
		return errors.New("a number is too long")
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return errors.New("a number is not one") // the cause would quote the answer
	}
	if d.Exponent() > maxExponent || d.Exponent() < -maxExponent {
		return errors.New("a number is out of bounds")
	}
	n.NullDecimal = decimal.NewNullDecimal(d)
	return nil
}

const dollars = "USD"

// account is the part of GET /v2/account we use. Alpaca promises only id and status.
type account struct {
	ID       string `json:"id"`
	Number   string `json:"account_number"`
	Status   string `json:"status"`
	Currency string `json:"currency"`
	Cash     number `json:"cash"`
}

func (w account) account() (broker.Account, error) {
	if w.ID == "" || !plain(w.ID, w.Number, w.Status, w.Currency) {
		return broker.Account{}, nonsense("an account without a proper id")
	}
	if w.Currency == "" {
		w.Currency = dollars // the other currencies are always named
	}
	return broker.Account{
		ID:       w.ID,
		Number:   w.Number,
		Status:   strings.ToUpper(w.Status),
		Currency: strings.ToUpper(w.Currency),
		Cash:     w.Cash.NullDecimal,
	}, nil
}

// values are a position's amounts. Alpaca keeps accounts of other currencies, too: there these are in the account's
// currency, and the same amounts stand once more, in dollars, under "usd".
type values struct {
	AverageCost   number `json:"avg_entry_price"`
	CostBasis     number `json:"cost_basis"`
	MarketValue   number `json:"market_value"`
	Price         number `json:"current_price"`
	PreviousClose number `json:"lastday_price"`
}

// position is the part of one entry of GET /v2/positions we use.
type position struct {
	AssetID    string `json:"asset_id"`
	Symbol     string `json:"symbol"`
	Exchange   string `json:"exchange"`
	AssetClass string `json:"asset_class"`
	Side       string `json:"side"`
	Quantity   number `json:"qty"`
	values
	USD *values `json:"usd"`
}

// contractSize is how many shares Alpaca counts in one option contract, in its cost basis as in its market value.
const contractSize = 100

// position is our view of it; accountCurrency is what its amounts are in when they do not stand there in dollars as well.
func (w position) position(asOf time.Time, accountCurrency string) (broker.Position, error) {
	quantity := w.Quantity.Decimal
	switch {
	case w.Symbol == "" || !plain(w.AssetID, w.Symbol, w.Exchange):
		return broker.Position{}, nonsense("a position without a proper symbol")
	case !w.Quantity.Valid:
		return broker.Position{}, nonsense("a position without a quantity")
	case w.Side == "short" && quantity.IsPositive(), w.Side == "long" && quantity.IsNegative():
		return broker.Position{}, nonsense("a position whose side contradicts its quantity")
	}
	v, currency := w.values, accountCurrency
	if w.USD != nil {
		v, currency = *w.USD, dollars
	}
	p := broker.Position{
		Instrument: broker.Instrument{
			InstrumentID: w.AssetID,
			Symbol:       w.Symbol,
			AssetClass:   assetClass(w.AssetClass),
			Exchange:     w.Exchange,
			Currency:     currency,
			Multiplier:   decimal.NewFromInt(1),
		},
		Quantity:      quantity,
		AverageCost:   v.AverageCost.NullDecimal,
		CostBasis:     v.CostBasis.NullDecimal,
		Price:         v.Price.NullDecimal,
		PreviousClose: v.PreviousClose.NullDecimal,
		MarketValue:   v.MarketValue.NullDecimal,
		AsOf:          asOf,
	}
	switch p.AssetClass {
	case broker.Option:
		p.Multiplier = decimal.NewFromInt(contractSize)
	case broker.Crypto:
		p.Symbol = cryptoPair(w.Symbol)
	}
	if p.InstrumentID == "" {
		p.InstrumentID = w.Symbol
	}
	return p, nil
}

// plain tells whether the words can be stored and shown: short, and without control characters.
func plain(words ...string) bool {
	for _, w := range words {
		if len(w) > maxWordLength || strings.ContainsFunc(w, unicode.IsControl) {
			return false
		}
	}
	return true
}

func assetClass(word string) broker.AssetClass {
	switch word {
	case "us_equity":
		return broker.Equity
	case "us_option":
		return broker.Option
	case "crypto":
		return broker.Crypto
	}
	return broker.OtherAssets
}

// cryptoPair puts the slash back that Alpaca leaves out of positions: BTCUSD is BTC/USD.
func cryptoPair(symbol string) string {
	if strings.Contains(symbol, "/") {
		return symbol
	}
	for _, quote := range []string{"USD", "USDC", "USDT", "BTC"} { // none is the end of another
		if base, ok := strings.CutSuffix(symbol, quote); ok && base != "" {
			return base + "/" + quote
		}
	}
	return symbol
}
