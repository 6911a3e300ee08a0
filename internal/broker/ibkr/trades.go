package ibkr

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

const (
	// tradeDays is how far back trades are told.
	tradeDays = 7
	maxTrades = 50_000
)

// trade is the part of one entry of GET /iserver/account/trades we use.
type trade struct {
	ID         string        `json:"execution_id"`
	Account    string        `json:"account"`
	Conid      conid         `json:"conid"`
	Symbol     string        `json:"symbol"`
	AssetClass string        `json:"sec_type"`
	Contract   string        `json:"contract_description_1"`
	Side       string        `json:"side"`
	Millis     int64         `json:"trade_time_r"`
	Size       broker.Number `json:"size"`
	Price      broker.Number `json:"price"`
	Commission broker.Number `json:"commission"`
	Net        broker.Number `json:"net_amount"` // before the commission, without a sign
	Words      string        `json:"order_description"`
}

// Activities lists the trades of the last seven days, whatever since is: there is nothing older, and no dividends, fees
// or deposits. It needs the brokerage session, unlike Accounts and Positions, and fails with UpstreamDown while another
// place has that; positions can be stored all the same. Exchanges of currencies are two activities, with the commission
// as a third.
func (p *Provider) Activities(ctx context.Context, creds broker.Credentials, of broker.Account, _ time.Time) (broker.History, error) {
	if err := p.wantAccount(ctx, creds.Environment, of.ID); err != nil {
		return broker.History{}, err
	}
	asked := p.cfg.Now()
	trades, err := p.trades(ctx, of.ID)
	if err != nil {
		return broker.History{}, err
	}
	ids := make([]conid, len(trades))
	for i, w := range trades {
		ids[i] = w.Conid
	}
	defs, err := p.definitions(ctx, ids)
	if err != nil {
		return broker.History{}, err
	}
	history := broker.History{Activities: []broker.Activity{}, Since: asked.AddDate(0, 0, -tradeDays)}
	seen := map[string]bool{}
	for _, w := range trades {
		if seen[w.ID] {
			return broker.History{}, nonsense("the same trade twice")
		}
		seen[w.ID] = true
		def, ok := defs[w.Conid]
		if !ok { // a trade does not say in which currency it was
			return broker.History{}, nonsense("a trade of something it does not know")
		}
		activities, err := w.activities(def, of.Currency)
		if err != nil {
			return broker.History{}, err
		}
		history.Activities = append(history.Activities, activities...)
	}
	sortByTime(history.Activities)
	return history, nil
}

// trades reads those of an account. The gateway tells those of the account that is selected, which may have to be changed.
func (p *Provider) trades(ctx context.Context, accountID string) ([]trade, error) {
	mine, err := p.tradesPace.take(ctx, p.cfg)
	if err != nil {
		return nil, err
	}
	defer mine.end()
	if err := p.openBrokerage(ctx); err != nil {
		return nil, err
	}
	var selected struct {
		Account string `json:"selectedAccount"`
	}
	if err := p.get(ctx, "/iserver/accounts", "the accounts", into(&selected)); err != nil { // first, or nothing else is answered
		return nil, err
	}
	if selected.Account != accountID {
		choose := map[string]string{"acctId": accountID}
		if err := p.call(ctx, http.MethodPost, "/iserver/account", "/iserver/account", choose, "the account", ignored); err != nil {
			return nil, err
		}
	}
	var all []trade
	if err := mine.call(ctx, func() error {
		return p.get(ctx, "/iserver/account/trades?days=7", "the trades", intoList(&all, maxTrades))
	}); err != nil {
		return nil, err
	}
	var own []trade
	for _, w := range all {
		if w.Account == "" || w.Account == accountID {
			own = append(own, w)
		}
	}
	return own, nil
}

// activities is our view of a trade of what def says.
func (w trade) activities(def definition, accountCurrency string) ([]broker.Activity, error) {
	def.AssetClass, def.Ticker = cmp.Or(w.AssetClass, def.AssetClass), cmp.Or(def.Ticker, w.Symbol)
	in, err := def.instrument(w.Conid, w.Contract)
	if err != nil {
		return nil, err
	}
	a := broker.Activity{
		ID: w.ID, Kind: broker.Buy, At: time.UnixMilli(w.Millis).UTC(), Instrument: in, Quantity: w.Size.Decimal.Abs(),
		Price: w.Price.NullDecimal, Currency: in.Currency, Amount: w.Net.Decimal.Abs().Neg(), Description: shown(w.Words),
	}
	if w.Side == "S" || w.Side == "SELL" {
		a.Kind, a.Quantity, a.Amount = broker.Sell, a.Quantity.Neg(), a.Amount.Neg()
	} else if w.Side != "B" && w.Side != "BUY" {
		return nil, nonsense("a trade that neither buys nor sells")
	}
	if w.ID == "" || !broker.Plain(w.ID) || w.Millis <= 0 || !w.Net.Valid || w.Size.Decimal.IsZero() || w.Price.Decimal.IsNegative() {
		return nil, nonsense("a trade without a proper id, time, size or amount")
	}
	if def.AssetClass == forex {
		return w.exchange(a, accountCurrency)
	}
	if minorUnits[def.Currency] != "" {
		hundredth := decimal.New(1, -cents)
		a.Price, a.Amount = times(a.Price, hundredth), a.Amount.Mul(hundredth)
	}
	if def.AssetClass == future || def.AssetClass == difference {
		a.Amount = decimal.Zero // nothing is paid for what they stand for
	}
	a.Fee = decimal.Max(w.Commission.Decimal, decimal.Zero)
	a.Amount = a.Amount.Round(cents).Sub(w.Commission.Decimal) // a negative one is given back
	return []broker.Activity{a}, nil
}

// exchange is a trade of one currency for another: what is traded is the first of the pair. The commission is taken in the account's currency.
func (w trade) exchange(a broker.Activity, accountCurrency string) ([]broker.Activity, error) {
	bought := a.Instrument.Symbol
	if len(bought) > 3 { // EUR.USD
		bought = bought[:3]
	}
	if !isCurrency(bought) {
		return nil, nonsense("an exchange of no currency")
	}
	side := func(end, currency string, amount decimal.Decimal) broker.Activity {
		return broker.Activity{
			ID: w.ID + ":" + end, Kind: broker.Exchange, At: a.At, Currency: currency, Amount: amount.Round(cents), Description: a.Description,
		}
	}
	both := []broker.Activity{side(bought, bought, a.Quantity), side(a.Currency, a.Currency, a.Amount)}
	if w.Commission.Decimal.IsZero() {
		return both, nil
	}
	fee := side("commission", accountCurrency, w.Commission.Decimal.Neg())
	fee.Kind, fee.Fee = broker.Fee, decimal.Max(w.Commission.Decimal, decimal.Zero)
	return append(both, fee), nil
}

func sortByTime(all []broker.Activity) {
	slices.SortStableFunc(all, func(a, b broker.Activity) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
}
