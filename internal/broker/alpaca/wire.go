package alpaca

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

const dollars = "USD"

// account is the part of GET /v2/account we use. Alpaca promises only id and status.
type account struct {
	ID       string        `json:"id"`
	Number   string        `json:"account_number"`
	Status   string        `json:"status"`
	Currency string        `json:"currency"`
	Cash     broker.Number `json:"cash"`
}

func (w account) account() (broker.Account, error) {
	if w.ID == "" || !broker.Plain(w.ID, w.Number, w.Status, w.Currency) {
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
	AverageCost   broker.Number `json:"avg_entry_price"`
	CostBasis     broker.Number `json:"cost_basis"`
	MarketValue   broker.Number `json:"market_value"`
	Price         broker.Number `json:"current_price"`
	PreviousClose broker.Number `json:"lastday_price"`
}

// position is the part of one entry of GET /v2/positions we use.
type position struct {
	AssetID    string        `json:"asset_id"`
	Symbol     string        `json:"symbol"`
	Exchange   string        `json:"exchange"`
	AssetClass string        `json:"asset_class"`
	Side       string        `json:"side"`
	Quantity   broker.Number `json:"qty"`
	values
	USD *values `json:"usd"`
}

// contractSize is how many shares Alpaca counts in one option contract, in its cost basis as in its market value.
const contractSize = 100

// position is our view of it; accountCurrency is what its amounts are in when they do not stand there in dollars as well.
func (w position) position(asOf time.Time, accountCurrency string) (broker.Position, error) {
	quantity := w.Quantity.Decimal
	switch {
	case w.Symbol == "" || !broker.Plain(w.AssetID, w.Symbol, w.Exchange):
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
