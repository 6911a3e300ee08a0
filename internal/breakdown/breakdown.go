// Package breakdown is how what a person owns divides: by class, sector, country, currency, broker and holding.
package breakdown

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/allocation"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Service divides portfolios. Its field is required.
type Service struct {
	Portfolio *portfolio.Service
}

// Dimension is by what a portfolio is divided.
type Dimension string

// The dimensions.
const (
	AssetClass Dimension = "assetClass"
	Sector     Dimension = "sector"
	Country    Dimension = "country"
	Currency   Dimension = "currency"
	Broker     Dimension = "broker"
	ByHolding  Dimension = "holding"
)

var dimensions = []Dimension{AssetClass, Sector, Country, Currency, Broker, ByHolding}

// Keys of slices that are no word of a brokerage's.
const (
	cashKey    = "cash"
	unknownKey = "unknown"
)

// Allocation is how a portfolio divides, in Currency, the person's own.
type Allocation struct {
	Currency      string          `json:"currency"`
	TotalValue    decimal.Decimal `json:"totalValue" doc:"Market value and cash; what the percents are of"`
	Cash          decimal.Decimal `json:"cash"`
	GrossExposure decimal.Decimal `json:"grossExposure" doc:"Long market value and the size of the short one"`
	NetExposure   decimal.Decimal `json:"netExposure" doc:"Long market value less the size of the short one"`
	// Undefined says why there are no percents: there is no share of nothing, or of less.
	Undefined  *string          `json:"undefined" doc:"Why there are no percents; null when there are"`
	Partial    bool             `json:"partial" doc:"Whether something is in no slice, for want of a value or a rate"`
	Breakdowns []Breakdown      `json:"breakdowns"`
	Rates      []portfolio.Rate `json:"rates" doc:"The rates of exchange in these figures"`
	AsOf       *time.Time       `json:"asOf" doc:"When the account read longest ago was read; null when none was"`
}

// Breakdown divides everything once. The percents of its slices add up to exactly 100.00.
type Breakdown struct {
	By     Dimension `json:"by" enum:"assetClass,sector,country,currency,broker,holding"`
	Slices []Slice   `json:"slices" doc:"The largest first"`
}

// Slice is one part. Cash is a slice of its own, save by currency and by broker, where it is in the slice of its own.
type Slice struct {
	Key     string           `json:"key" doc:"cash for cash; unknown where nobody says the sector or the country"`
	Name    string           `json:"name"`
	Value   decimal.Decimal  `json:"value" doc:"In the allocation's currency; negative when short or borrowed"`
	Cash    decimal.Decimal  `json:"cash" doc:"How much of value is cash"`
	Percent *decimal.Decimal `json:"percent" doc:"With two decimals; null when undefined says why"`
}

// Of divides a person's portfolio by a dimension, or by each with none. Warnings as of portfolio.Service.Holdings.
func (s *Service) Of(ctx context.Context, userID string, by Dimension) (Allocation, []string, error) {
	wanted := dimensions
	if by != "" {
		wanted = []Dimension{by}
	}
	whole, warnings, err := s.Portfolio.Whole(ctx, userID)
	if err != nil {
		return Allocation{}, nil, err
	}
	return allocate(whole, wanted), warnings, nil
}

func allocate(w portfolio.Whole, wanted []Dimension) Allocation {
	s := w.Summary
	a := Allocation{
		Currency: s.BaseCurrency, TotalValue: s.TotalValue, Cash: s.Cash, GrossExposure: s.GrossExposure, NetExposure: s.NetExposure,
		Partial: s.BestKnown.Partial, Breakdowns: make([]Breakdown, 0, len(wanted)), Rates: s.Rates, AsOf: s.AsOf,
	}
	if !s.TotalValue.IsPositive() {
		reason := "The portfolio is worth nothing, or less than nothing: there are no shares of that. The exposures say how much is at stake."
		if s.TotalValue.IsZero() && a.Partial {
			reason = "Nothing that is held has a value in " + s.BaseCurrency + ": there are no shares of it. The warnings say why."
		}
		a.Undefined = &reason
	}
	for _, by := range wanted {
		a.Breakdowns = append(a.Breakdowns, Breakdown{by, divide(w, by)})
	}
	return a
}

// divide puts every value into its slice and gives each its percent.
func divide(w portfolio.Whole, by Dimension) []Slice {
	parts := map[string]*Slice{}
	add := func(key, name string, value *decimal.Decimal) *Slice {
		if value == nil {
			return &Slice{}
		}
		part := parts[key]
		if part == nil {
			part = &Slice{Key: key, Name: name}
			parts[key] = part
		}
		part.Value = part.Value.Add(*value)
		return part
	}
	for _, h := range w.Holdings {
		for _, source := range h.Sources {
			key, name := place(w, h, source, by)
			add(key, name, source.MarketValueBase)
		}
	}
	for _, account := range w.Accounts {
		for _, c := range account.Cash {
			key, name := cashPlace(account, c, by)
			if c.InBase != nil && !c.Amount.IsZero() {
				part := add(key, name, c.InBase)
				part.Cash = part.Cash.Add(*c.InBase)
			}
		}
	}
	return withPercents(parts)
}

// place is the slice of one source of a holding. Sectors and countries are research's where it knows them, so that all
// brokerages' instruments have them in the same words.
func place(w portfolio.Whole, h portfolio.Holding, source portfolio.Source, by Dimension) (key, name string) {
	in, company := w.Ledger.Instruments[h.InstrumentID], w.Companies[h.InstrumentID]
	switch by {
	case AssetClass:
		return string(h.AssetClass), string(h.AssetClass)
	case Sector:
		return orUnknown(cmp.Or(company.Sector, in.Sector))
	case Country:
		return orUnknown(cmp.Or(company.Country, in.Country))
	case Currency:
		return source.Currency, source.Currency
	case Broker:
		return source.Provider, providerName(w, source.Provider)
	}
	return holdingKey(w, h), cmp.Or(h.Name, h.Symbol)
}

// holdingKey is the symbol where no other holding has it.
func holdingKey(w portfolio.Whole, h portfolio.Holding) string {
	same := 0
	for _, other := range w.Holdings {
		if other.Symbol == h.Symbol {
			same++
		}
	}
	if same > 1 {
		return strings.Join([]string{h.Symbol, string(h.AssetClass), h.Currency, h.InstrumentID}, " ")
	}
	return h.Symbol
}

func cashPlace(a portfolio.Account, c portfolio.Cash, by Dimension) (key, name string) {
	switch by {
	case Currency:
		return c.Currency, c.Currency
	case Broker:
		return a.Provider, a.ProviderName
	}
	return cashKey, "Cash"
}

func orUnknown(word string) (key, name string) {
	if word == "" {
		return unknownKey, "Unknown"
	}
	return word, word
}

func providerName(w portfolio.Whole, provider string) string {
	for _, a := range w.Accounts {
		if a.Provider == provider {
			return a.ProviderName
		}
	}
	return provider
}

const percentPlaces = 2

func withPercents(parts map[string]*Slice) []Slice {
	all := make([]Slice, 0, len(parts))
	for _, part := range parts {
		all = append(all, *part)
	}
	slices.SortFunc(all, func(a, b Slice) int { return cmp.Or(b.Value.Cmp(a.Value), strings.Compare(a.Key, b.Key)) })
	values := make([]decimal.Decimal, len(all))
	for i := range all {
		values[i] = all[i].Value
	}
	percents, err := allocation.Percent(values, percentPlaces)
	for i := range percents {
		if err == nil {
			all[i].Percent = &percents[i]
		}
	}
	return all
}
