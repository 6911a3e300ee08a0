package portfoliotools

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type transactionsInput struct {
	Kinds   []string      `json:"kinds,omitempty" jsonschema:"Only these kinds; leave it out for all" enum:"buy,sell,dividend,interest,fee,tax,deposit,withdrawal,delivery_in,delivery_out,transfer_in,transfer_out,exchange,split,spin_off,merger,other,opening" maxItems:"18"`
	Symbol  string        `json:"symbol,omitempty" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
	First   *calendar.Day `json:"first,omitempty" jsonschema:"The first day"`
	Last    *calendar.Day `json:"last,omitempty" jsonschema:"The last day"`
	Limit   int           `json:"limit,omitempty" jsonschema:"How many are listed, 20 by default, or none where groupBy is given; totals are of all" minimum:"1" maximum:"200"`
	GroupBy string        `json:"groupBy,omitempty" jsonschema:"Part the totals by symbol or month, too; kind alone lists none" enum:"symbol,month,kind"`
}

// usualLimit is how many transactions are listed unless it is said.
const usualLimit = 20

// transactionsData is what happened, the newest first, and what all of it comes to.
type transactionsData struct {
	counted
	Privacy      user.Amounts  `json:"amountsShown,omitempty"`
	Symbol       string        `json:"symbol,omitempty"` // the one that was asked for
	Period       string        `json:"period,omitempty"` // the days that were asked for
	Matching     int           `json:"matching" unit:"transactions"`
	Totals       []total       `json:"totals"`
	Groups       []total       `json:"groups,omitempty"`
	Transactions []transaction `json:"transactions,omitempty"`
}

// total is exactly what transactions of one kind and currency come to. Amount is what cash changed by, after fee and tax.
type total struct {
	Symbol   string              `json:"symbol,omitempty"`
	Month    string              `json:"month,omitempty" figure:"period"`
	Kind     broker.ActivityKind `json:"kind"`
	Currency string              `json:"currency,omitempty"`
	Count    int                 `json:"count" unit:"transactions"`
	Amount   *decimal.Decimal    `json:"amount,omitempty" unit:"@currency"`
	Fee      decimal.Decimal     `json:"fee,omitzero" unit:"@currency"`
	Tax      decimal.Decimal     `json:"tax,omitzero" unit:"@currency"`
}

// transaction is one that happened. Quantity is as it was traded, before later splits.
type transaction struct {
	counted
	Day           calendar.Day        `json:"day" figure:"period"`
	Kind          broker.ActivityKind `json:"kind"`
	Symbol        string              `json:"symbol,omitempty"`
	Quantity      *decimal.Decimal    `json:"quantity,omitempty" unit:"@countedIn"`
	Price         *decimal.Decimal    `json:"price,omitempty" unit:"@priceCurrency/@pricePer"`
	PriceCurrency string              `json:"priceCurrency,omitempty"`
	Amount        *decimal.Decimal    `json:"amount,omitempty" unit:"@currency"`
	Currency      string              `json:"currency,omitempty"`
	Fee           decimal.Decimal     `json:"fee,omitzero" unit:"@currency"`
	Tax           decimal.Decimal     `json:"tax,omitzero" unit:"@currency"`
	Account       string              `json:"account,omitempty"`
	Description   string              `json:"description,omitempty"`
}

func (s Services) transactions() tool.Tool {
	return tool.New("get_transactions",
		"What happened in the person's accounts, the newest first: trades, dividends, interest, fees, taxes, deposits and withdrawals. Totals "+
			"by kind and currency are exact and of all that match, however few are listed: ask for the kinds and days that the question is about. "+
			"amount is what cash changed by, after fee and tax.",
		func(ctx context.Context, asker tool.Asker, in transactionsInput) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			if amounts == user.None {
				return tool.Result{}, refused("what happened in the accounts")
			}
			return s.readTransactions(ctx, asker.UserID, in, amounts)
		})
}

// period is the days that were asked for; up to now where no last one was, and empty where there is no first.
func (in transactionsInput) period(now time.Time) string {
	switch {
	case in.First == nil:
		return ""
	case in.Last == nil:
		return fmt.Sprintf("%s to %s", in.First, calendar.DayOf(now))
	}
	return fmt.Sprintf("%s to %s", in.First, in.Last)
}

func (in transactionsInput) filter() ledger.Filter {
	f := ledger.Filter{Symbol: in.Symbol, Kinds: in.Kinds, Limit: in.Limit}
	if in.First != nil {
		f.From = in.First.String()
	}
	if in.Last != nil {
		f.To = in.Last.String()
	}
	if f.Limit == 0 {
		f.Limit = usualLimit
	}
	return f
}

func (s Services) readTransactions(ctx context.Context, userID string, in transactionsInput, amounts user.Amounts) (tool.Result, error) {
	whole, result, err := s.read(ctx, userID, titleOfDays("Transactions", in.First, in.Last))
	if err != nil {
		return tool.Result{}, err
	}
	filter, data := in.filter(), transactionsData{counted: inShares, Symbol: in.Symbol, Period: in.period(result.Source.AsOf)}
	sums, err := s.Ledger.Sums(ctx, userID, filter, "")
	if err != nil {
		return tool.Result{}, named(err, inputNames)
	}
	data.Totals = totalsOf(sums)
	for _, t := range sums {
		data.Matching += t.Count
	}
	if part := ledger.Part(in.GroupBy); part == ledger.BySymbol || part == ledger.ByMonth {
		if sums, err = s.Ledger.Sums(ctx, userID, filter, part); err != nil {
			return tool.Result{}, err
		}
		data.Groups = totalsOf(sums)
	}
	if in.GroupBy == "" || in.Limit > 0 {
		lines, _, err := s.Ledger.List(ctx, userID, filter)
		if err != nil {
			return tool.Result{}, err
		}
		for i := range lines {
			data.Transactions = append(data.Transactions, transactionOf(&lines[i], len(whole.Accounts) > 1))
		}
	}
	result.Data = data
	if amounts != user.Full {
		result.Data, result.Warnings = privateTransactions(data), []string{relativeWarning}
	}
	return result, nil
}

func totalsOf(sums []ledger.Sum) []total {
	all := []total{}
	for _, s := range sums {
		all = append(all, total{s.Symbol, s.Month, s.Kind, s.Currency, s.Count, &s.Amount, s.Fee, s.Tax})
	}
	return all
}

func transactionOf(l *ledger.Line, several bool) transaction {
	t := transaction{Day: l.Day, Kind: l.Kind, Quantity: l.Quantity, Price: l.Price, Amount: &l.Amount, Currency: l.Currency, Fee: l.Fee, Tax: l.Tax}
	if l.Symbol != nil {
		t.Symbol = *l.Symbol
	}
	if l.AssetClass != nil {
		t.counted = countedOf(*l.AssetClass)
	}
	if l.Price != nil && l.PriceCurrency != nil {
		t.PriceCurrency = *l.PriceCurrency
	}
	if l.Quantity != nil && l.Quantity.IsZero() {
		t.Quantity = nil // of dividends
	}
	if several {
		t.Account = portfolio.MaskAccount(l.Source.Account)
	}
	if l.Kind == broker.Other {
		t.Description = longNumber.ReplaceAllStringFunc(l.Description, portfolio.MaskAccount)
	}
	return t
}

// longNumber is what in a brokerage's words may be an account's number.
var longNumber = regexp.MustCompile(`[A-Za-z]*[0-9]{5,}[0-9A-Za-z]*`)

// privateTransactions is what may be shown for Relative: what happened on which day, and how often.
func privateTransactions(d transactionsData) transactionsData {
	shown := transactionsData{Privacy: user.Relative, Symbol: d.Symbol, Matching: d.Matching, Totals: counts(d.Totals), Groups: counts(d.Groups)}
	for _, t := range d.Transactions {
		shown.Transactions = append(shown.Transactions, transaction{Day: t.Day, Kind: t.Kind, Symbol: t.Symbol})
	}
	return shown
}

// counts are totals without amounts and the currencies of these, in no order that tells which is larger.
func counts(totals []total) []total {
	var all []total
	for _, t := range totals {
		of := func(o total) bool { return o.Symbol == t.Symbol && o.Month == t.Month && o.Kind == t.Kind }
		if i := slices.IndexFunc(all, of); i >= 0 {
			all[i].Count += t.Count
			continue
		}
		all = append(all, total{Symbol: t.Symbol, Month: t.Month, Kind: t.Kind, Count: t.Count})
	}
	slices.SortStableFunc(all, func(a, b total) int { return b.Count - a.Count })
	return all
}
