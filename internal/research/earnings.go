package research

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Earnings are those of quarters, the newest first, as the first source tells them; what that leaves open is filled in by
// the next.
type Earnings struct {
	market.Earnings
	Sources []Origin `json:"sources" doc:"Who said it; what the first did not say stands with the one that did."`
	Stale   bool     `json:"stale" doc:"A source could not be asked again in time."`
}

// earningsKind has a name of its own: what was kept as "earnings" has 0 for a fiscal year that nobody said.
var earningsKind = kind[market.Earnings]{
	name: "earnings of quarters", table: cache.Companies, what: "earnings", freshUntil: earningsUntil, patience: waited, max: 2000,
	asks: func(source market.Source) ask[market.Earnings] {
		if e, ok := source.(market.Earner); ok {
			return e.Earnings
		}
		return nil
	},
}

// Earnings are those of one symbol; errors and warnings as Company has them.
func (s *Service) Earnings(ctx context.Context, symbol string) (Earnings, []string, error) {
	normal, err := symbolOf(symbol)
	if err != nil {
		return Earnings{}, nil, err
	}
	var all Earnings
	found := false // more than that there is nothing, which some sources say of what they do not know
	h, err := s.earnings.hear(ctx, normal, normal, true, func(told market.Earnings, origin *Origin) bool {
		something := len(told.Quarters) > 0 || told.Next != nil
		if !found && (something || all.Symbol == "") {
			all.Earnings, found = told, something
			all.Symbol, all.Quarters, all.Source, all.FetchedAt = normal, newestFirst(told.Quarters), origin.Source, origin.FetchedAt
			return false
		}
		origin.Fields = all.fill(told)
		return false
	})
	if err != nil {
		return Earnings{}, nil, err
	}
	if !found && (len(h.origins) == 0 || h.unknown > 0) {
		return Earnings{}, nil, h.nothing(s.earnings.what)
	}
	all.Sources, all.Stale = h.origins, stale(h.origins)
	return all, h.warnings, nil
}

// newestFirst is a copy, since what is kept is shared.
func newestFirst(quarters []market.Quarter) []market.Quarter {
	sorted := append([]market.Quarter{}, quarters...)
	slices.SortStableFunc(sorted, func(a, b market.Quarter) int { return b.PeriodEnd.Compare(a.PeriodEnd) })
	return sorted
}

// fill takes over from another source what the first does not say. Amounts in another currency stay out, and so do those
// of which nobody can tell that they are in the same.
func (e *Earnings) fill(other market.Earnings) []string {
	fields := []string{}
	note := func(field string, filled bool) {
		if filled && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	if e.Currency != "" && other.Currency != "" && e.Currency != other.Currency {
		return fields
	}
	if !e.isCountedLike(other) {
		other = e.namesOf(other)
	}
	note("next", value(&e.Next, other.Next))
	if e.Currency == "" && other.Currency != "" {
		e.Currency = other.Currency
		note("currency", true)
	}
	for _, more := range other.Quarters {
		i := slices.IndexFunc(e.Quarters, func(q market.Quarter) bool { return sameQuarter(q, more) })
		if i < 0 {
			e.Quarters = append(e.Quarters, more)
			note("quarters", true)
			continue
		}
		fillQuarter(&e.Quarters[i], more, note)
	}
	e.Quarters = newestFirst(e.Quarters)
	return fields
}

// isCountedLike tells whether amounts of both are in one currency. Where one of the two does not say in which, they are
// where a figure that both have is the same, and where dollars are meant of what is traded at home: of shares from abroad
// some tell what the company reports in its own currency, and others what that is in dollars.
func (e *Earnings) isCountedLike(other market.Earnings) bool {
	if e.Currency == other.Currency || cmp.Or(e.Currency, other.Currency) == "USD" && !market.IsAbroad(e.Symbol) {
		return true
	}
	return slices.ContainsFunc(other.Quarters, func(theirs market.Quarter) bool {
		return slices.ContainsFunc(e.Quarters, func(q market.Quarter) bool {
			return sameQuarter(q, theirs) && (isSame(q.EPSActual, theirs.EPSActual) || isSame(q.RevenueActual, theirs.RevenueActual))
		})
	})
}

func isSame(a, b *decimal.Decimal) bool { return a != nil && b != nil && !a.IsZero() && a.Equal(*b) }

// namesOf is what another source says beside amounts: when the next report is, and which fiscal quarters ours are.
func (e *Earnings) namesOf(other market.Earnings) market.Earnings {
	names := market.Earnings{}
	if other.Next != nil {
		next := *other.Next
		next.EPSEstimate, next.Revenue = nil, nil
		names.Next = &next
	}
	for _, q := range other.Quarters {
		if slices.ContainsFunc(e.Quarters, func(ours market.Quarter) bool { return sameQuarter(ours, q) }) {
			names.Quarters = append(names.Quarters, market.Quarter{PeriodEnd: q.PeriodEnd, FiscalYear: q.FiscalYear, FiscalQuarter: q.FiscalQuarter})
		}
	}
	return names
}

// sameQuarter tells whether two sources mean one quarter: some say the day it ended on, others the end of that month.
func sameQuarter(a, b market.Quarter) bool {
	const apart = 31
	return max(a.PeriodEnd.Number(), b.PeriodEnd.Number())-min(a.PeriodEnd.Number(), b.PeriodEnd.Number()) <= apart
}

// fillQuarter takes figures over that belong together only together: an estimate of one source is none of another's.
func fillQuarter(q *market.Quarter, other market.Quarter, note func(field string, filled bool)) {
	if q.FiscalYear == nil && other.FiscalYear != nil {
		q.FiscalYear, q.FiscalQuarter = other.FiscalYear, other.FiscalQuarter
		note("fiscalYear", true)
	}
	if q.EPSActual == nil && q.EPSEstimate == nil && (other.EPSActual != nil || other.EPSEstimate != nil) {
		q.EPSActual, q.EPSEstimate, q.Surprise, q.SurprisePercent = other.EPSActual, other.EPSEstimate, other.Surprise, other.SurprisePercent
		note("eps", true)
	}
	if q.RevenueActual == nil && q.RevenueEstimate == nil {
		q.RevenueActual, q.RevenueEstimate = other.RevenueActual, other.RevenueEstimate
		note("revenue", other.RevenueActual != nil || other.RevenueEstimate != nil)
	}
}
