package portfoliotools

import (
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type allocationInput struct {
	By string `json:"by" jsonschema:"By what the portfolio is divided" enum:"class,sector,country,currency,broker,holding"`
}

// allocationData is how the portfolio divides. What is embedded is missing where the person shows no amounts.
type allocationData struct {
	Privacy user.Amounts `json:"amountsShown,omitempty"`
	By      string       `json:"by"`
	*allocated
	Undefined *string `json:"undefined,omitempty"`
	Partial   bool    `json:"partial,omitempty"`
	Slices    []slice `json:"slices"`
}

// allocated are the amounts of all of it.
type allocated struct {
	BaseCurrency  string           `json:"baseCurrency"`
	TotalValue    *decimal.Decimal `json:"totalValue" unit:"@baseCurrency"`
	Cash          *decimal.Decimal `json:"cash" unit:"@baseCurrency"`
	GrossExposure *decimal.Decimal `json:"grossExposure" unit:"@baseCurrency"`
	NetExposure   *decimal.Decimal `json:"netExposure" unit:"@baseCurrency"`
	LeftOut       []string         `json:"leftOut,omitempty"`
	Rates         []portfolio.Rate `json:"rates,omitempty"`
}

// slice is one part. The key is a symbol where the portfolio is divided by holding; cash is how much of the value is that.
type slice struct {
	Symbol  string           `json:"symbol,omitempty"`
	Key     string           `json:"key,omitempty"`
	Name    string           `json:"name,omitempty"` // where it is not the key
	Value   *decimal.Decimal `json:"value,omitempty" unit:"@baseCurrency"`
	Cash    *decimal.Decimal `json:"cash,omitempty" unit:"@baseCurrency"`
	Percent *decimal.Decimal `json:"percent,omitempty" unit:"%"`
}

func (s Services) allocation() tool.Tool {
	return tool.New("get_allocation",
		"How the person's portfolio divides by class, sector, country, currency, broker or holding: value and percent of each part, which "+
			"add up to 100. Cash is a part of its own, save by currency and broker.",
		func(ctx context.Context, asker tool.Asker, in allocationInput) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			return s.readAllocation(ctx, asker.UserID, in.By, amounts)
		})
}

func (s Services) readAllocation(ctx context.Context, userID, by string, amounts user.Amounts) (tool.Result, error) {
	dimension := breakdown.Dimension(by)
	if by == "class" {
		dimension = breakdown.AssetClass
	}
	all, warnings, err := s.Breakdown.Of(ctx, userID, dimension)
	if err != nil {
		return tool.Result{}, err
	}
	providers, err := s.providers(ctx, userID)
	if err != nil {
		return tool.Result{}, err
	}
	data := allocationData{By: by, allocated: &allocated{
		BaseCurrency: all.Currency, TotalValue: all.TotalValue, Cash: all.Cash, GrossExposure: all.GrossExposure, NetExposure: all.NetExposure,
		LeftOut: all.LeftOut, Rates: all.Rates,
	}, Undefined: all.Undefined, Partial: all.Partial, Slices: []slice{}}
	for _, part := range all.Breakdowns[0].Slices {
		data.Slices = append(data.Slices, sliceOf(part, dimension))
	}
	result := tool.Result{Data: data, Warnings: warnings, Source: sourceOf(providers, "Allocation by "+by, all.AsOf)}
	if amounts != user.Full {
		shown, warning := privateAllocation(data, amounts)
		result.Data, result.Warnings = shown, []string{warning}
	}
	return result, nil
}

func sliceOf(part breakdown.Slice, by breakdown.Dimension) slice {
	one := slice{Key: part.Key, Name: part.Name, Value: &part.Value, Percent: part.Percent}
	if at := strings.LastIndex(part.Key, " "); at >= 0 && db.IsID(part.Key[at+1:]) {
		one.Key = part.Key[:at]
	}
	if one.Name == one.Key || strings.EqualFold(one.Name, one.Key) {
		one.Name = ""
	}
	if !part.Cash.IsZero() && !part.Cash.Equal(part.Value) {
		one.Cash = &part.Cash
	}
	if by == breakdown.ByHolding && one.Key != "cash" {
		one.Symbol, one.Key = one.Key, ""
	}
	return one
}

// privateAllocation is what may be shown of how a portfolio divides: which parts there are, and for Relative their shares.
func privateAllocation(a allocationData, amounts user.Amounts) (allocationData, string) {
	shown, warning := allocationData{Privacy: amounts, By: a.By, Slices: []slice{}}, noneWarning
	for _, part := range a.Slices {
		one := slice{Symbol: part.Symbol, Key: part.Key, Name: part.Name}
		if amounts == user.Relative {
			one.Percent = part.Percent
		}
		shown.Slices = append(shown.Slices, one)
	}
	if amounts == user.Relative {
		shown.Partial, warning = a.Partial, relativeWarning
	} else { // their order would tell which is larger
		slices.SortFunc(shown.Slices, func(a, b slice) int { return strings.Compare(a.Symbol+a.Key, b.Symbol+b.Key) })
	}
	return shown, warning
}
