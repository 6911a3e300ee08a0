package portfoliotools

import (
	"context"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type gainsInput struct {
	Year int `json:"year,omitempty" jsonschema:"Of this calendar year alone; leave it out for all since the ledger begins" minimum:"1900" maximum:"2200"`
}

// gainsData is what was gained, received and paid, each amount at the rate of its day. Realized gains are after the fees
// of trades, dividends and interest before tax; total is realized + dividends + interest − fees − taxes.
type gainsData struct {
	Period       string          `json:"period,omitempty"`
	BaseCurrency string          `json:"baseCurrency"`
	Realized     decimal.Decimal `json:"realized" unit:"@baseCurrency"`
	Dividends    decimal.Decimal `json:"dividends" unit:"@baseCurrency"`
	Interest     decimal.Decimal `json:"interest" unit:"@baseCurrency"`
	Fees         decimal.Decimal `json:"fees" unit:"@baseCurrency"`
	TradeFees    decimal.Decimal `json:"tradeFees" unit:"@baseCurrency"`
	Taxes        decimal.Decimal `json:"taxes" unit:"@baseCurrency"`
	Total        decimal.Decimal `json:"total" unit:"@baseCurrency"`
	Holdings     []gained        `json:"holdings"`
}

// gained is the part of one instrument.
type gained struct {
	Symbol        string           `json:"symbol"`
	Currency      string           `json:"currency,omitempty"` // where it is not the base
	Realized      *decimal.Decimal `json:"realized,omitempty" unit:"@currency"`
	RealizedBase  *decimal.Decimal `json:"realizedBase" unit:"@baseCurrency"`
	DividendsBase *decimal.Decimal `json:"dividendsBase,omitempty" unit:"@baseCurrency"`
	TaxesBase     *decimal.Decimal `json:"taxesBase,omitempty" unit:"@baseCurrency"`
}

func (s Services) gains() tool.Tool {
	return tool.New("get_gains",
		"What the person gained by sales, received in dividends and interest, and paid in fees and taxes, in their own currency: of a calendar "+
			"year or since the ledger begins, in all and by holding, what was sold among them. What is not sold has no part in it.",
		func(ctx context.Context, asker tool.Asker, in gainsInput) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			if amounts != user.Full {
				return tool.Result{}, refused("what was gained and paid")
			}
			return s.readGains(ctx, asker.UserID, in.Year)
		})
}

func (s Services) readGains(ctx context.Context, userID string, year int) (tool.Result, error) {
	title, period := "Gains", ""
	var first, last calendar.Day
	if year != 0 {
		first, last = calendar.Day{Year: year, Month: time.January, Day: 1}, calendar.Day{Year: year, Month: time.December, Day: 31}
		period = strconv.Itoa(year)
		title += " of " + period
	}
	whole, result, err := s.read(ctx, userID, title)
	if err != nil {
		return tool.Result{}, err
	}
	settings, err := user.SettingsOf(ctx, s.Portfolio.DB.Read(), userID)
	if err != nil {
		return tool.Result{}, err
	}
	came, err := s.Portfolio.Gains.Between(ctx, userID, settings, first, last)
	if err != nil {
		return tool.Result{}, err
	}
	if since := whole.Ledger.First; year == 0 && since != (calendar.Day{}) {
		period = "since " + since.String()
	}
	result.Data, result.Warnings = gainedIn(came, period), append(result.Warnings, came.Words()...)
	return result, nil
}

func gainedIn(p gains.Period, period string) gainsData {
	t := p.Totals
	data := gainsData{
		Period: period, BaseCurrency: p.Base, Realized: t.Realized, Dividends: t.Dividends, Interest: t.Interest, Fees: t.Fees,
		TradeFees: t.TradeFees, Taxes: t.Taxes, Total: t.Realized.Add(t.Dividends).Add(t.Interest).Sub(t.Fees).Sub(t.Taxes), Holdings: []gained{},
	}
	for _, of := range p.Of {
		one := gained{Symbol: of.Symbol, RealizedBase: known(of.RealizedBase), DividendsBase: known(of.DividendsBase), TaxesBase: known(of.TaxesBase)}
		if of.Currency != p.Base {
			one.Currency, one.Realized = of.Currency, &of.Realized
		}
		data.Holdings = append(data.Holdings, one)
	}
	return data
}
