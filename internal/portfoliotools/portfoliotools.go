// Package portfoliotools lets an answer read what the person who asks owns, and what became of it.
package portfoliotools

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// Services are what the tools read. Every field is required.
type Services struct {
	Portfolio      *portfolio.Service
	Performance    *performance.Service
	Breakdown      *breakdown.Service
	Reconciliation *reconciliation.Service
	Ledger         *ledger.Service
}

// All are the tools over what a person owns. Account numbers are masked in their results, and ids left out: a model
// needs neither.
func All(s Services) []tool.Tool {
	return []tool.Tool{
		Holdings(s.Portfolio), s.holding(), s.performance(), s.allocation(), s.transactions(), s.gains(), s.reconciliation(),
	}
}

// counted is what a quantity counts and what a price is of. A result says it once for shares, and rows that are of
// something else for themselves.
type counted struct {
	QuantityUnit string `json:"countedIn,omitempty"`
	PricePer     string `json:"pricePer,omitempty"`
}

var inShares = counted{"shares", "shares"}

// countedOf is empty for what is counted in shares. Options are counted in contracts, and their prices are per share.
func countedOf(class broker.AssetClass) counted {
	switch class {
	case broker.Option:
		return counted{"contracts", "shares"}
	case broker.Crypto:
		return counted{"coins", "coins"}
	default:
		return counted{}
	}
}

// sourceOf is what a citation of figures from these brokerages says.
func sourceOf(providers []string, title string, asOf *time.Time) tool.Source {
	source := tool.Source{Name: "portfolio", Title: title}
	if providers = slices.Compact(slices.Sorted(slices.Values(providers))); len(providers) > 0 {
		source.Name = "portfolio (" + strings.Join(providers, ", ") + ")"
	}
	if asOf != nil {
		source.AsOf = *asOf
	}
	return source
}

// providersOf are the brokerages of accounts.
func providersOf(w portfolio.Whole) []string {
	var all []string
	for _, a := range w.Accounts {
		all = append(all, a.Provider)
	}
	return all
}

// providers are the brokerages of a person's accounts.
func (s Services) providers(ctx context.Context, userID string) ([]string, error) {
	accounts, err := ledger.Accounts(ctx, s.Portfolio.DB.Read(), userID)
	var all []string
	for _, a := range accounts {
		all = append(all, a.Provider)
	}
	return all, err
}

// read reads the whole portfolio for what rests on the ledger: source and warnings are those of such a result.
func (s Services) read(ctx context.Context, userID, title string) (w portfolio.Whole, of tool.Result, err error) {
	if w, _, err = s.Portfolio.Whole(ctx, userID); err != nil {
		return w, of, err
	}
	return w, tool.Result{Warnings: slices.Clone(w.Behind), Source: sourceOf(providersOf(w), title, w.Summary.AsOf)}, nil
}

// named gives the fields of an Invalid the names that they have in a tool's input; other errors stay.
func named(err error, names map[string]string) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	renamed := *f
	renamed.Fields = slices.Clone(f.Fields)
	for i, field := range renamed.Fields {
		renamed.Fields[i].Path = cmp.Or(names[field.Path], field.Path)
	}
	return &renamed
}

// known is the amount; nil where it is not known.
func known(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}
