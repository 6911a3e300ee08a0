package research

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Metrics are figures of a company in a fixed order, each once. One that its filings tell counts more than a vendor's,
// unless that is of a period which ended later or of a share in another currency, and of the vendors the first one's.
type Metrics struct {
	Symbol  string          `json:"symbol"`
	Metrics []market.Metric `json:"metrics" doc:"Each stands with its source; what nobody tells, or means nothing, is missing."`
	Sources []Origin        `json:"sources" doc:"The vendors that were asked."`
	AsOf    *time.Time      `json:"asOf" doc:"When the vendor asked longest ago said so; null where figures are of filings alone."`
	Stale   bool            `json:"stale" doc:"A source could not be asked again in time."`
}

var metricsKind = kind[market.Metrics]{
	name: "metrics", table: cache.Companies, what: "figures", freshUntil: metricsUntil, patience: waited, max: 2000,
	asks: func(source market.Source) ask[market.Metrics] {
		if m, ok := source.(market.Measurer); ok {
			return m.Metrics
		}
		return nil
	},
}

// Metrics are those of one symbol; errors and warnings as Company has them.
func (s *Service) Metrics(ctx context.Context, symbol string) (Metrics, []string, error) {
	normal, err := symbolOf(symbol)
	if err != nil {
		return Metrics{}, nil, err
	}
	all := Metrics{Symbol: normal, Metrics: []market.Metric{}}
	warnings := s.addFiled(ctx, &all)
	told := false
	h, err := s.metrics.hear(ctx, normal, normal, true, func(m market.Metrics, origin *Origin) bool {
		told = true
		s.add(ctx, &all, m.Metrics)
		if all.AsOf == nil || origin.FetchedAt.Before(*all.AsOf) {
			all.AsOf = &origin.FetchedAt
		}
		return false
	})
	if err != nil {
		return Metrics{}, nil, err
	}
	if !told && len(all.Metrics) == 0 {
		return Metrics{}, nil, h.nothing(s.metrics.what)
	}
	market.SortMetrics(all.Metrics)
	all.Sources, all.Stale = h.origins, stale(h.origins)
	if all.Sources == nil {
		all.Sources = []Origin{}
	}
	return all, append(warnings, h.warnings...), nil
}

// addFiled adds what filings tell. Where that cannot be had, vendors' figures stand alone.
func (s *Service) addFiled(ctx context.Context, all *Metrics) (warnings []string) {
	if s.filed == nil {
		return nil
	}
	filed, err := s.filed(ctx, all.Symbol)
	switch {
	case err == nil:
		s.add(ctx, all, filed)
	case fault.Is(err, fault.UnknownSymbol), fault.Is(err, fault.FilingsNotConfigured), ctx.Err() != nil:
	default:
		s.log.WarnContext(ctx, "figures of filings failed", "symbol", all.Symbol, "error", err)
		warnings = append(warnings, "The figures of "+all.Symbol+"'s filings cannot be had right now; these are vendors' alone.")
	}
	return warnings
}

// add takes over the metrics that are not there yet, and those that are later than what is or of the share that is traded. One
// that is not what its name says is left out, and logged.
func (s *Service) add(ctx context.Context, all *Metrics, more []market.Metric) {
	for _, m := range more {
		if err := market.CheckMetric(m); err != nil {
			s.log.WarnContext(ctx, "a metric that is none", "symbol", all.Symbol, slog.Any("error", err))
			continue
		}
		i := slices.IndexFunc(all.Metrics, func(known market.Metric) bool { return known.Name == m.Name })
		switch {
		case i < 0:
			all.Metrics = append(all.Metrics, m)
		case isLater(m, all.Metrics[i]), isOfAnotherShare(m, all.Metrics[i]):
			all.Metrics[i] = m
		}
	}
}

// isLater tells whether a vendor's figure is of a period that ended after the one that was filed last: vendors know what a
// company announced before it files it, and make twelve months of figures that filings have for fiscal years alone. Some
// say the end of the month in which a period ended.
func isLater(vendors, filed market.Metric) bool {
	const apart = 31 * day
	return filed.Filing != "" && vendors.Period != "" && vendors.AsOf != nil && filed.AsOf != nil && vendors.AsOf.Sub(*filed.AsOf) > apart
}

// isOfAnotherShare tells whether a vendor's figure is per share in another currency than the filed one: companies file per
// share as they issued it, in the currency of their books, and vendors speak of what is traded under the symbol.
func isOfAnotherShare(vendors, filed market.Metric) bool {
	return filed.Filing != "" && vendors.Filing == "" && filed.Unit == market.AmountPerShare &&
		vendors.Currency != "" && vendors.Currency != filed.Currency
}
