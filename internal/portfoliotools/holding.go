package portfoliotools

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type holdingInput struct {
	Symbol string `json:"symbol" jsonschema:"One that is or was held" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
}

// holdingData is one holding with what the ledger says of it.
type holdingData struct {
	counted
	BaseCurrency string `json:"baseCurrency"`
	Symbol       string `json:"symbol"`
	Currency     string `json:"currency,omitempty"`
	Held         bool   `json:"held"`
	// Holding is nil where nothing is held any more.
	Holding *holding `json:"holding,omitempty"`
	// What was gained and received of it since the ledger begins, in all accounts; null where a part is not known.
	Realized      *decimal.Decimal `json:"realized,omitempty" unit:"@currency"`
	RealizedBase  *decimal.Decimal `json:"realizedBase" unit:"@baseCurrency"`
	DividendsBase *decimal.Decimal `json:"dividendsBase" unit:"@baseCurrency"`
	TaxesBase     *decimal.Decimal `json:"taxesBase" unit:"@baseCurrency"`
	Accounts      []inLedger       `json:"accounts"`
	Lots          []lot            `json:"lots"`
}

// inLedger is what the transactions of one account come to.
type inLedger struct {
	Provider      string           `json:"provider"`
	Account       string           `json:"account"`
	Method        user.CostBasis   `json:"method"`
	Currency      string           `json:"currency"`
	Quantity      decimal.Decimal  `json:"quantity" unit:"@countedIn"`
	Reported      *decimal.Decimal `json:"reported,omitempty" unit:"@countedIn"` // where it is another
	CostBasis     decimal.Decimal  `json:"costBasis" unit:"@currency"`
	Realized      decimal.Decimal  `json:"realized" unit:"@currency"`
	RealizedBase  *decimal.Decimal `json:"realizedBase,omitempty" unit:"@baseCurrency"`
	DividendsBase *decimal.Decimal `json:"dividendsBase,omitempty" unit:"@baseCurrency"`
	Sales         int              `json:"sales" unit:"sales"`
	Incomplete    bool             `json:"incompleteHistory,omitempty"`
}

// lot is an open lot. Gain is at the price that the brokerage told of last.
type lot struct {
	Account     string           `json:"account"`
	Day         *calendar.Day    `json:"day" figure:"period"`
	Term        string           `json:"term,omitempty"`
	Quantity    decimal.Decimal  `json:"quantity" unit:"@countedIn"`
	CostBasis   *decimal.Decimal `json:"costBasis" unit:"@currency"`
	Gain        *decimal.Decimal `json:"gain" unit:"@currency"`
	GainPercent *decimal.Decimal `json:"gainPercent" unit:"%"`
}

func (s Services) holding() tool.Tool {
	return tool.New("get_holding",
		"One holding of the person: quantity, cost, value, gain, its open lots (day bought, quantity, cost, gain; term long when held "+
			"for more than a year, short else), gains realised and dividends received of it, account by account. Also of what was sold entirely.",
		func(ctx context.Context, asker tool.Asker, in holdingInput) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			return s.readHolding(ctx, asker.UserID, in.Symbol, amounts)
		})
}

func (s Services) readHolding(ctx context.Context, userID, symbol string, amounts user.Amounts) (tool.Result, error) {
	detail, warnings, err := s.Portfolio.Holding(ctx, userID, symbol)
	if fault.Is(err, fault.NotFound) {
		return s.readSold(ctx, userID, symbol, amounts)
	}
	if err != nil {
		return tool.Result{}, err
	}
	data := dataOf(detail, calendar.DayOf(s.Portfolio.Now()))
	result := tool.Result{
		Data: data, Warnings: warnings,
		Source: sourceOf(brokeragesOf([]portfolio.Holding{detail.Holding}), "Holding: "+detail.Symbol, &detail.AsOf),
	}
	if amounts != user.Full {
		result.Data, result.Warnings = privateHoldingOf(detail, data, amounts)
	}
	return result, nil
}

// readSold is what the ledger says of what is held no more.
func (s Services) readSold(ctx context.Context, userID, symbol string, amounts user.Amounts) (tool.Result, error) {
	if amounts != user.Full {
		return tool.Result{}, fault.New(fault.NotFound, "the person holds nothing of this symbol")
	}
	whole, result, err := s.read(ctx, userID, "Sold: "+symbol)
	if err != nil {
		return tool.Result{}, err
	}
	for _, p := range whole.Ledger.Positions {
		in := whole.Ledger.Instruments[p.Instrument]
		if portfolio.SameSymbol(in.Symbol, symbol) {
			sold := portfolio.Detail{Ledger: whole.Ledger.InLedger(p.Instrument)}
			sold.Symbol, sold.AssetClass, sold.Currency, sold.Base.Currency = in.Symbol, in.AssetClass, p.Currency, whole.Ledger.Base
			data := dataOf(sold, calendar.DayOf(s.Portfolio.Now()))
			data.Held, data.Holding = false, nil
			result.Data = data
			return result, nil
		}
	}
	return tool.Result{}, fault.New(fault.NotFound, "the person holds nothing of this symbol, and never did as far as is known")
}

// maxLots bounds how many lots are told: of more, the oldest.
const maxLots = 200

func dataOf(d portfolio.Detail, today calendar.Day) holdingData {
	h := holdingOf(d.Holding)
	h.Sources = nil // accounts have them
	data := holdingData{
		counted: inShares, BaseCurrency: d.Base.Currency, Symbol: d.Symbol, Currency: d.Currency, Held: true, Holding: &h,
		Accounts: []inLedger{}, Lots: []lot{},
	}
	if own := countedOf(d.AssetClass); own != (counted{}) {
		data.counted = own
	}
	if len(d.Ledger) > 0 {
		data.Realized, data.RealizedBase, data.DividendsBase, data.TaxesBase = new(decimal.Zero), new(decimal.Zero), new(decimal.Zero), new(decimal.Zero)
	}
	for _, l := range d.Ledger {
		data.Accounts = append(data.Accounts, accountOf(l))
		data.Realized = plus(data.Realized, &l.Realized)
		if l.Currency != d.Currency {
			data.Realized = nil
		}
		data.RealizedBase, data.DividendsBase, data.TaxesBase = plus(data.RealizedBase, l.RealizedBase), plus(data.DividendsBase, l.DividendsBase), plus(data.TaxesBase, l.TaxesBase)
		for _, one := range l.Lots {
			data.Lots = append(data.Lots, lotOf(one, l, d.Sources, today))
		}
	}
	data.Lots = data.Lots[:min(len(data.Lots), maxLots)]
	return data
}

// plus is nil where either is.
func plus(a, b *decimal.Decimal) *decimal.Decimal {
	if a == nil || b == nil {
		return nil
	}
	return new(a.Add(*b))
}

func accountOf(l gains.InLedger) inLedger {
	one := inLedger{
		Provider: l.Provider, Account: portfolio.MaskAccount(l.Account), Method: l.Method, Currency: l.Currency, Quantity: l.Quantity,
		CostBasis: l.CostBasis, Realized: l.Realized, RealizedBase: l.RealizedBase, DividendsBase: l.DividendsBase, Sales: l.Sales,
		Incomplete: l.IncompleteHistory,
	}
	if !l.Agrees {
		one.Reported = &l.Reported
	}
	return one
}

// gainDigits is how many digits behind the point a lot's part of a value has.
const gainDigits = 6

// lotOf values a lot by its part of what the brokerage says the account's holding is worth, where that holds as much as
// the ledger knows.
func lotOf(l gains.Lot, in gains.InLedger, sources []portfolio.Source, today calendar.Day) lot {
	one := lot{Account: portfolio.MaskAccount(in.Account), Day: l.Day, Term: termOf(l, today), Quantity: l.Quantity, CostBasis: l.CostBasis}
	for _, s := range sources {
		if s.ConnectionID != in.ConnectionID || s.Account != in.Account || !s.Quantity.Equal(in.Quantity) || s.Currency != in.Currency ||
			s.MarketValue == nil || l.CostBasis == nil || s.Quantity.IsZero() {
			continue
		}
		one.Gain = new(s.MarketValue.Mul(l.Quantity).DivRound(s.Quantity, gainDigits).Sub(*l.CostBasis))
		one.GainPercent = percentOf(one.Gain, new(l.CostBasis.Abs()))
	}
	return one
}

// termOf is long for what was held for more than a year, which begins on the day after the purchase; empty where the day
// is not known, and for shorts, which have no such term.
func termOf(l gains.Lot, today calendar.Day) string {
	if l.Day == nil || l.Quantity.IsNegative() {
		return ""
	}
	anniversary := *l.Day
	anniversary.Year++
	if l.Day.Month == time.February && l.Day.Day == 29 {
		anniversary.Day = 28
	}
	if anniversary.Before(today) {
		return "long"
	}
	return "short"
}

// privateHoldingOf is what may be shown of a holding: for Relative also which part of it each lot is, and what that gained
// in percent.
func privateHoldingOf(d portfolio.Detail, data holdingData, amounts user.Amounts) (privateDetail, []string) {
	overview, warning := private(portfolio.Overview{Holdings: []portfolio.Holding{d.Holding}}, amounts)
	shown := privateDetail{Privacy: amounts, privateHolding: overview.Holdings[0]}
	shown.PricePer = cmp.Or(shown.PricePer, inShares.PricePer)
	if amounts == user.Relative {
		for _, l := range data.Lots {
			shown.Lots = append(shown.Lots, privateLot{l.Day, l.Term, percentOf(new(l.Quantity.Abs()), new(d.Quantity.Abs())), l.GainPercent})
		}
	}
	return shown, []string{warning}
}

// titleOfDays names the days of a result, both included.
func titleOfDays(what string, first, last *calendar.Day) string {
	switch {
	case first != nil && last != nil:
		return fmt.Sprintf("%s, %s to %s", what, first, last)
	case first != nil:
		return fmt.Sprintf("%s since %s", what, first)
	case last != nil:
		return fmt.Sprintf("%s until %s", what, last)
	}
	return cmp.Or(what, "Portfolio")
}
