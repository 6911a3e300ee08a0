package portfoliotools

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// reconciliationData is what agrees and what does not.
type reconciliationData struct {
	Privacy  user.Amounts `json:"amountsShown,omitempty"`
	Accounts []reconciled `json:"accounts,omitempty"`
	Breaks   []difference `json:"breaks"`
}

// reconciled is how one account came out.
type reconciled struct {
	Provider         string        `json:"provider"`
	Account          string        `json:"account"`
	AsOf             time.Time     `json:"asOf"`
	HistorySince     *time.Time    `json:"historySince,omitempty"`
	MatchedPositions int           `json:"matchedPositions" unit:"positions"`
	MatchedCash      int           `json:"matchedCash" unit:"currencies"`
	Breaks           int           `json:"breaks" unit:"breaks"`
	NotCompared      []notCompared `json:"notCompared,omitempty"`
}

type notCompared struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// difference is a figure on which ledger and brokerage part: Difference is reported less implied, in Unit.
type difference struct {
	Kind        reconciliation.Kind   `json:"kind"`
	Symbol      string                `json:"symbol,omitempty"`
	Provider    string                `json:"provider,omitempty"`
	Account     string                `json:"account,omitempty"`
	Unit        string                `json:"unit,omitempty"`
	Implied     *decimal.Decimal      `json:"implied,omitempty" unit:"@unit"`
	Reported    *decimal.Decimal      `json:"reported,omitempty" unit:"@unit"`
	Difference  *decimal.Decimal      `json:"difference,omitempty" unit:"@unit"`
	Reason      reconciliation.Reason `json:"reason"`
	Explanation string                `json:"explanation,omitempty"`
	Advice      string                `json:"advice"`
}

func (s Services) reconciliation() tool.Tool {
	return tool.New("get_reconciliation",
		"Where the person's transactions and what their brokerages report part: quantities, costs and cash by account and instrument, with the "+
			"likely reason and what to do. Ask when figures look wrong or do not fit the brokerage's.",
		func(ctx context.Context, asker tool.Asker, _ struct{}) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			if amounts == user.None {
				return tool.Result{}, refused("what the brokerages report")
			}
			return s.readReconciliation(ctx, asker.UserID, amounts)
		})
}

func (s Services) readReconciliation(ctx context.Context, userID string, amounts user.Amounts) (tool.Result, error) {
	report, warnings, err := s.Reconciliation.Of(ctx, userID)
	if err != nil {
		return tool.Result{}, err
	}
	var providers []string
	data := reconciliationData{Breaks: []difference{}}
	for _, a := range report.Accounts {
		providers = append(providers, a.Provider)
		one := reconciled{
			Provider: a.Provider, Account: portfolio.MaskAccount(a.Account), AsOf: a.AsOf, HistorySince: a.HistorySince,
			MatchedPositions: a.MatchedPositions, MatchedCash: a.MatchedCash, Breaks: a.Breaks,
		}
		for _, n := range a.NotCompared {
			one.NotCompared = append(one.NotCompared, notCompared(n))
		}
		data.Accounts = append(data.Accounts, one)
	}
	for _, b := range report.Breaks {
		data.Breaks = append(data.Breaks, differenceOf(b))
	}
	result := tool.Result{Data: data, Warnings: warnings, Source: sourceOf(providers, "Ledger and brokerages compared", report.AsOf)}
	if amounts != user.Full {
		result.Data, result.Warnings = privateReconciliation(data), []string{relativeWarning}
	}
	return result, nil
}

func differenceOf(b reconciliation.Break) difference {
	unit := b.Currency
	if b.Kind == reconciliation.Quantity {
		unit = inShares.QuantityUnit
	}
	return difference{
		Kind: b.Kind, Symbol: b.Symbol, Provider: b.Provider, Account: portfolio.MaskAccount(b.Account), Unit: unit, Implied: &b.Implied,
		Reported: &b.Reported, Difference: &b.Difference, Reason: b.Reason, Explanation: b.Explanation, Advice: b.Advice,
	}
}

// privateReconciliation is what may be shown for Relative: of what the two sides part, and why; explanations have figures.
func privateReconciliation(d reconciliationData) reconciliationData {
	shown := reconciliationData{Privacy: user.Relative, Breaks: []difference{}}
	for _, b := range d.Breaks {
		shown.Breaks = append(shown.Breaks, difference{Kind: b.Kind, Symbol: b.Symbol, Reason: b.Reason, Advice: b.Advice})
	}
	return shown
}
